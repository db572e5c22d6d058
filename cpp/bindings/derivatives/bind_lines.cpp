#include "bindings.hpp"
#include "hesscape/derivatives/lines.hpp"

namespace hesscape::bindings {

void register_lines(py::module_& m) {
  const py::call_guard<py::gil_scoped_release> unlocked;
  py::class_<Lines>(m, "Lines")
      .def(py::init<Eigen::VectorXd, const Eigen::VectorXd&, const Eigen::VectorXd&,
                    const Eigen::VectorXd&>(),
           py::arg("x"), py::kw_only(), py::arg("step"), py::arg("curvature"),
           py::arg("curvature_error"))
      .def_property_readonly("nfev", &Lines::nfev)
      .def("points", &Lines::points, unlocked)
      .def("tell", &Lines::tell, py::arg("values"), py::kw_only(), py::arg("centre"),
           py::arg("noise"), py::arg("gradient"), py::arg("hessian"), unlocked)
      .def("agree", &Lines::agree, py::arg("hessian"), py::arg("hessian_error"), unlocked)
      .def("gradient_error", &Lines::gradient_error, py::arg("gradient"), py::arg("gradient_error"),
           unlocked)
      .def("hessian_error", &Lines::hessian_error, py::arg("hessian"), py::arg("hessian_error"),
           unlocked);
  m.def("natural_steps", &natural_steps, py::arg("x"));
}

}  // namespace hesscape::bindings
