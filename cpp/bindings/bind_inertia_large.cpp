#include <cstdint>
#include <stdexcept>
#include <utility>
#include <variant>

#include "bindings.hpp"
#include "hesscape/inertia_large.hpp"

namespace hesscape::bindings {
namespace {

using Stack = py::array_t<double, py::array::c_style>;
using Error = std::variant<double, Stack>;

void check_shape(const Stack& a, const Error& error) {
  if (a.ndim() != 3 || a.shape(1) != a.shape(2)) {
    throw std::invalid_argument("a: expected shape (N, n, n)");
  }
  const Stack* e = std::get_if<Stack>(&error);
  if (e != nullptr && (e->ndim() != 3 || e->shape(0) != a.shape(0) || e->shape(1) != a.shape(1) ||
                       e->shape(2) != a.shape(2))) {
    throw std::invalid_argument("error: expected a number or the shape of a");
  }
}

EntryError error_of(const Error& error, py::ssize_t at) {
  if (const Stack* e = std::get_if<Stack>(&error)) {
    return {e->data() + at, 0};
  }
  return {nullptr, std::get<double>(error)};
}

// (N, 3) counts of a stack, one matrix after the other, and whether each matrix is finite.
py::tuple inertia_large(const Stack& a, const Error& error, double zero_tol, bool thorough) {
  check_shape(a, error);
  const Lapack& table = lapack();
  const py::ssize_t count = a.shape(0);
  const py::ssize_t n = a.shape(1);
  py::array_t<std::int64_t> counts({count, py::ssize_t{3}});
  py::array_t<bool> finite(count);
  std::int64_t* out = counts.mutable_data();
  bool* good = finite.mutable_data();
  const double* matrix = a.data();
  {
    const py::gil_scoped_release release;
    LargeInertia solver(table, n);
    for (py::ssize_t k = 0; k < count; ++k, out += 3) {
      const py::ssize_t at = k * n * n;
      const SignCounts signs = solver.inertia(matrix + at, error_of(error, at), zero_tol, thorough);
      out[0] = signs.negative;
      out[1] = signs.zero;
      out[2] = signs.positive;
      good[k] = signs.finite;
    }
  }
  return py::make_tuple(std::move(counts), std::move(finite));
}

py::array definiteness_large(const Stack& a, const Error& error) {
  check_shape(a, error);
  const Lapack& table = lapack();
  const py::ssize_t count = a.shape(0);
  const py::ssize_t n = a.shape(1);
  py::array_t<std::int8_t> codes(count);
  std::int8_t* out = codes.mutable_data();
  const double* matrix = a.data();
  {
    const py::gil_scoped_release release;
    LargeInertia solver(table, n);
    for (py::ssize_t k = 0; k < count; ++k) {
      const py::ssize_t at = k * n * n;
      out[k] = static_cast<std::int8_t>(solver.definiteness(matrix + at, error_of(error, at)));
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
