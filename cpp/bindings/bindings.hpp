// The one header through which pybind11 is included, so that every binding sees the same casters.
#pragma once

#include <pybind11/eigen.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "hesscape/linalg/lapack.hpp"

namespace hesscape::bindings {

namespace py = pybind11;

void register_compiled(py::module_& m);
void register_config(py::module_& m);
// SciPy's LAPACK, looked up at the first call, which needs the GIL; ImportError if it is not as
// expected.
const Lapack& lapack();

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
