// The one header through which pybind11 is included, so that every binding sees the same casters.
#pragma once

#include <pybind11/eigen.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

namespace hesscape::bindings {

namespace py = pybind11;

// Memory of `owner`, which it keeps alive, as a read-only array with these strides in numbers.
inline py::array borrowed(const double* data, const py::object& owner, py::ssize_t rows,
                          py::ssize_t columns, py::ssize_t row_stride, py::ssize_t column_stride) {
  const py::ssize_t item = sizeof(double);
  py::array out =
      py::array_t<double>({rows, columns}, {row_stride * item, column_stride * item}, data, owner);
  py::detail::array_proxy(out.ptr())->flags &= ~py::detail::npy_api::NPY_ARRAY_WRITEABLE_;
  return out;
}

void register_compiled(py::module_& m);
void register_config(py::module_& m);
void register_eigen_large(py::module_& m);
void register_eigen_stack(py::module_& m);
void register_gradient_stencil(py::module_& m);
void register_inertia(py::module_& m);
void register_inertia_large(py::module_& m);
void register_lanczos(py::module_& m);
void register_lapack(py::module_& m);
void register_ldlt_stack(py::module_& m);
void register_lines(py::module_& m);
void register_measurement(py::module_& m);
void register_screen(py::module_& m);
void register_sparse_inertia(py::module_& m);
void register_sparse_pattern(py::module_& m);
void register_sparse_stencil(py::module_& m);
void register_star_colouring(py::module_& m);
void register_verdict(py::module_& m);

}  // namespace hesscape::bindings
