// The one header through which pybind11 is included, so that every binding sees the same casters.
#pragma once

#include <pybind11/eigen.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

namespace hesscape::bindings {

namespace py = pybind11;

void register_config(py::module_& m);
void register_gradient_stencil(py::module_& m);
void register_inertia(py::module_& m);
void register_lines(py::module_& m);
void register_measurement(py::module_& m);

}  // namespace hesscape::bindings
