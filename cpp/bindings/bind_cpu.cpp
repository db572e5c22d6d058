#include "bindings.hpp"
#include "hesscape/cpu.hpp"

PYBIND11_MODULE(_cpu, m, pybind11::mod_gil_not_used()) {
  m.doc() = "Which instruction levels this machine runs; built for any.";
  m.def("levels", &hesscape::levels);
}
