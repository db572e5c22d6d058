#include "bindings.hpp"
#include "hesscape/sparse/star_colouring.hpp"

namespace hesscape::bindings {

void register_star_colouring(py::module_& m) {
  m.def("star_colouring", &star_colouring, py::arg("pattern"),
        py::call_guard<py::gil_scoped_release>(), "A colour from 0 for each coordinate.");
}

}  // namespace hesscape::bindings
