#include "bindings.hpp"

namespace hesscape::bindings {
void register_inertia(py::module_& m);
}

PYBIND11_MODULE(_core, m) {
  m.doc() = "The C++ core of hesscape.";
  m.attr("__version__") = HESSCAPE_VERSION;
  hesscape::bindings::register_measurement(m);
  hesscape::bindings::register_inertia(m);
}
