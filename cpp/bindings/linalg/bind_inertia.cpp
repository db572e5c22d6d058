#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "bindings.hpp"
#include "hesscape/linalg/eigen_large.hpp"
#include "hesscape/linalg/inertia.hpp"
#include "linalg/lapack.hpp"

namespace hesscape::bindings {
namespace {

using Array = py::array_t<double, py::array::c_style | py::array::forcecast>;

SymmetricStack view(const Array& values, const std::optional<Array>& error) {
  if (values.ndim() != 3 || values.shape(1) != values.shape(2)) {
    throw std::invalid_argument("values: expected shape (N, n, n)");
  }
  SymmetricStack stack;
  stack.values = values.data();
  stack.count = values.shape(0);
  stack.n = values.shape(1);
  if (error) {
    if (error->ndim() != 3 || error->shape(1) != stack.n || error->shape(2) != stack.n ||
        (error->shape(0) != 1 && error->shape(0) != stack.count)) {
      throw std::invalid_argument("error: expected shape (N, n, n) or (1, n, n)");
    }
    stack.error = error->data();
    stack.error_stride = error->shape(0) == stack.count ? stack.n * stack.n : 0;
  }
  return stack;
}

// SciPy is asked only where a matrix is large enough for LAPACK to be worth while.
const Lapack* lapack_for(const SymmetricStack& stack) {
  return stack.n < lapack_from ? nullptr : &lapack();
}

py::tuple prove_signs_tuple(const Array& values, const std::optional<Array>& error,
                            Eigen::Index zero_modes, const std::optional<Array>& gradient) {
  const SymmetricStack stack = view(values, error);
  if (gradient && (gradient->ndim() != 2 || gradient->shape(0) != stack.count ||
                   gradient->shape(1) != stack.n)) {
    throw std::invalid_argument("gradient: expected shape (N, n)");
  }
  const double* g = gradient ? gradient->data() : nullptr;
  const Lapack* table = lapack_for(stack);
  SignProofs proofs;
  {
    const py::gil_scoped_release release;
    proofs = prove_signs(stack, zero_modes, g, table);
  }
  py::object step = py::none();
  if (gradient) {
    step = py::cast(std::move(proofs.newton_step));
  }
  return py::make_tuple(std::move(proofs.n_negative), std::move(proofs.n_positive),
                        std::move(proofs.bound), std::move(proofs.way_down), step);
}

py::tuple spectra_tuple(const Array& values, const std::optional<Array>& error,
                        const Eigen::VectorXd& relative) {
  const SymmetricStack stack = view(values, error);
  if (relative.size() != stack.count) {
    throw std::invalid_argument("relative: expected one number a matrix");
  }
  const Lapack* table = lapack_for(stack);
  Spectra result;
  {
    const py::gil_scoped_release release;
    result = spectra(stack, relative, table);
  }
  py::array vectors = py::cast(std::move(result.vectors));
  return py::make_tuple(std::move(result.values), vectors.reshape({stack.count, stack.n, stack.n}),
                        std::move(result.error));
}

py::array equilibrate_array(const Array& values, const std::optional<Array>& error) {
  const SymmetricStack stack = view(values, error);
  RowMatrixXi exponents;
  {
    const py::gil_scoped_release release;
    exponents = equilibrate(stack);
  }
  return py::cast(std::move(exponents));
}

}  // namespace

void register_inertia(py::module_& m) {
  m.def("prove_signs", &prove_signs_tuple, py::arg("values"), py::arg("error"),
        py::arg("zero_modes"), py::arg("gradient"),
        "(n_negative, n_positive, bound, way_down, newton_step) of a stack (N, n, n).");
  m.def("spectra", &spectra_tuple, py::arg("values"), py::arg("error"), py::arg("relative"),
        "(eigenvalues, eigenvectors, error) of a stack (N, n, n).");
  m.def("equilibrate", &equilibrate_array, py::arg("values"), py::arg("error"),
        "Binary exponents that give a stack (N, n, n) rows near one; the smallest integer for rows "
        "without significant "
        "entries.");
  m.attr("INSIGNIFICANT") = insignificant;
}

}  // namespace hesscape::bindings
