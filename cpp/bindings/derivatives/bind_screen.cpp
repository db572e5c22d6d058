#include <vector>

#include "bindings.hpp"
#include "hesscape/derivatives/screen.hpp"

namespace hesscape::bindings {
namespace {

// The block: (n, m), or (m, n) by point.
py::array ask_screen(const py::object& self) {
  auto& screen = self.cast<Screen&>();
  py::ssize_t m = 0;
  {
    const py::gil_scoped_release release;
    m = screen.ask();
  }
  const py::ssize_t n = screen.n();
  return screen.by_point() ? borrowed(screen.data(), self, m, n, n, 1)
                           : borrowed(screen.data(), self, n, m, screen.capacity(), 1);
}

}  // namespace

void register_screen(py::module_& m) {
  const py::call_guard<py::gil_scoped_release> unlocked;
  py::class_<Screened>(m, "Screened")
      .def_readonly("value", &Screened::value)
      .def_readonly("noise", &Screened::noise)
      .def_readonly("gradient", &Screened::gradient)
      .def_readonly("gradient_error", &Screened::gradient_error)
      .def_readonly("curvature", &Screened::curvature)
      .def_readonly("curvature_error", &Screened::curvature_error)
      .def_readonly("hessian", &Screened::hessian)
      .def_readonly("hessian_error", &Screened::hessian_error)
      .def_readonly("agrees", &Screened::agrees);
  py::class_<Screen>(m, "Screen")
      .def(py::init<const Points&, double, bool>(), py::arg("points"), py::kw_only(),
           py::arg("noise"), py::arg("by_point"))
      .def_property_readonly("done", &Screen::done)
      .def_property_readonly("step", &Screen::step)
      .def_property_readonly("told", &Screen::told)
      .def("ask", &ask_screen)
      .def("tell", &Screen::tell, py::arg("values"), unlocked)
      .def("keep", &Screen::keep, py::arg("rows"), unlocked)
      .def("result", &Screen::result, py::return_value_policy::copy);
}

}  // namespace hesscape::bindings
