#include <cstdint>
#include <optional>

#include "hesscape/linalg/ldlt_stack.hpp"
#include "linalg/stack_arrays.hpp"

namespace hesscape::bindings {
namespace {

py::array ldlt(const StridedArray& a, const std::optional<StridedArray>& error, double zero_tol,
               OutArray<std::int64_t> inertia) {
  const MatrixStack stack = matrix_stack(a);
  ErrorStack errors;
  if (error) {
    const MatrixStack e = matrix_stack(*error);
    if (e.count != stack.count || e.n != stack.n) {
      throw std::invalid_argument("error: expected the shape of a");
    }
    errors = {e.data, e.stride, e.row, e.column};
  }
  check_out(inertia, {stack.count, 3});
  std::int64_t* out = inertia.mutable_data();
  std::vector<Eigen::Index> left;
  {
    const py::gil_scoped_release release;
    left = ldlt_stack(stack, errors, zero_tol, out);
  }
  return py::array_t<Eigen::Index>(static_cast<py::ssize_t>(left.size()), left.data());
}

}  // namespace

void register_ldlt_stack(py::module_& m) {
  m.def(
      "ldlt_stack", &ldlt, py::arg("a").noconvert(), py::arg("error").noconvert(),
      py::arg("zero_tol"), py::arg("inertia").noconvert(),
      "Write (proven negative, others, proven positive) for a stack (N, n, n); return the indices "
      "of matrices with others.");
}

}  // namespace hesscape::bindings
