#include <cstdint>
#include <stdexcept>
#include <utility>
#include <variant>

#include "hesscape/linalg/inertia_large.hpp"
#include "linalg/lapack.hpp"
#include "linalg/stack_arrays.hpp"

namespace hesscape::bindings {
namespace {

using Errors = py::array_t<double, py::array::c_style>;
using Error = std::variant<double, Errors>;

void check_shape(const MatrixStack& a, const Error& error) {
  const Errors* e = std::get_if<Errors>(&error);
  if (e != nullptr &&
      (e->ndim() != 3 || e->shape(0) != a.count || e->shape(1) != a.n || e->shape(2) != a.n)) {
    throw std::invalid_argument("error: expected a number or the shape of a");
  }
}

EntryError error_of(const Error& error, py::ssize_t at) {
  if (const Errors* e = std::get_if<Errors>(&error)) {
    return {e->data() + at, 0};
  }
  return {nullptr, std::get<double>(error)};
}

// (N, 3) counts of a stack, one matrix after the other, and whether each matrix is finite.
py::tuple inertia_large(const StridedArray& a, const Error& error, double zero_tol, bool thorough) {
  const MatrixStack stack = matrix_stack(a);
  check_shape(stack, error);
  const Lapack& table = lapack();
  py::array_t<std::int64_t> counts({stack.count, py::ssize_t{3}});
  py::array_t<bool> finite(stack.count);
  std::int64_t* out = counts.mutable_data();
  bool* good = finite.mutable_data();
  {
    const py::gil_scoped_release release;
    LargeInertia solver(table, stack.n);
    for (py::ssize_t k = 0; k < stack.count; ++k, out += 3) {
      const EntryError e = error_of(error, k * stack.n * stack.n);
      const SignCounts signs = solver.inertia(stack.one(k), e, zero_tol, thorough);
      out[0] = signs.negative;
      out[1] = signs.zero;
      out[2] = signs.positive;
      good[k] = signs.finite;
    }
  }
  return py::make_tuple(std::move(counts), std::move(finite));
}

py::array definiteness_large(const StridedArray& a, const Error& error) {
  const MatrixStack stack = matrix_stack(a);
  check_shape(stack, error);
  const Lapack& table = lapack();
  py::array_t<std::int8_t> codes(stack.count);
  std::int8_t* out = codes.mutable_data();
  {
    const py::gil_scoped_release release;
    LargeInertia solver(table, stack.n);
    for (py::ssize_t k = 0; k < stack.count; ++k) {
      const EntryError e = error_of(error, k * stack.n * stack.n);
      out[k] = static_cast<std::int8_t>(solver.definiteness(stack.one(k), e));
    }
  }
  return codes;
}

}  // namespace

void register_inertia_large(py::module_& m) {
  m.def(
      "inertia_large", &inertia_large, py::arg("a").noconvert(), py::arg("error"),
      py::arg("zero_tol"), py::arg("thorough"),
      "((N, 3) numbers of negative, zero and positive eigenvalues, finite) of a stack (N, n, n).");
  m.def("definiteness_large", &definiteness_large, py::arg("a").noconvert(), py::arg("error"),
        "Codes of a stack (N, n, n): 1 positive, -1 negative, 2 indefinite, 0 undecided.");
}

}  // namespace hesscape::bindings
