#include "bindings.hpp"
#include "hesscape/derivatives/gradient_stencil.hpp"

namespace hesscape::bindings {

void register_gradient_stencil(py::module_& m) {
  py::class_<GradientStencil>(m, "GradientStencil")
      .def(py::init<Eigen::VectorXd, Eigen::VectorXd, const Eigen::VectorXi&, Eigen::VectorXd>(),
           py::arg("x"), py::kw_only(), py::arg("gradient"), py::arg("exponent"),
           py::arg("reduction"))
      .def_property_readonly("done", &GradientStencil::done)
      .def("ask", &GradientStencil::ask)
      .def("ask_round", &GradientStencil::ask_round)
      .def("tell", &GradientStencil::tell, py::arg("gradients"),
           py::call_guard<py::gil_scoped_release>())
      .def("gradient_noise", &GradientStencil::gradient_noise)
      .def("growth", &GradientStencil::growth)
      .def("hessian", &GradientStencil::hessian)
      .def("hessian_error", &GradientStencil::hessian_error);
}

}  // namespace hesscape::bindings
