#include "bindings.hpp"
#include "hesscape/cpu.hpp"

PYBIND11_MODULE(_cpu, m) {
  m.doc() = "Which instruction levels this machine runs; built for any.";
  m.def("levels", &hesscape::levels);
}
