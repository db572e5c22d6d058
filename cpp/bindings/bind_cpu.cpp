// A module of its own, built for any machine. It has nothing of Eigen's to convert, and so goes
// without bindings.hpp.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "hesscape/cpu.hpp"

PYBIND11_MODULE(_cpu, m, pybind11::mod_gil_not_used()) {
  m.doc() = "Which instruction levels this machine runs; built for any.";
  m.def("levels", &hesscape::levels);
}
