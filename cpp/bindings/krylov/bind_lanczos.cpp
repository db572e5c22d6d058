#include "bindings.hpp"
#include "hesscape/krylov/lanczos.hpp"

namespace hesscape::bindings {
namespace {

using Vectors = Eigen::Ref<const Eigen::MatrixXd>;

// The vectors in the basis, valid until the next `tell`.
py::array ask_lanczos(const py::object& self) {
  const auto block = self.cast<const Lanczos&>().ask();
  return borrowed(block.data(), self, block.rows(), block.cols(), 1, block.rows());
}

}  // namespace

void register_lanczos(py::module_& m) {
  py::enum_<Krylov>(m, "Krylov")
      .value("open", Krylov::open)
      .value("not_finite", Krylov::not_finite)
      .value("exhausted", Krylov::exhausted)
      .def_property_readonly("message", [](Krylov s) { return std::string(message(s)); });

  py::class_<Quotient>(m, "Quotient")
      .def_readonly("value", &Quotient::value)
      .def_readonly("rounding", &Quotient::rounding);
  m.def("rayleigh", &rayleigh, py::arg("u"), py::arg("p"),
        py::call_guard<py::gil_scoped_release>());
  m.def("displace", &displace, py::arg("x"), py::arg("v"), py::arg("step"), py::arg("out"),
        py::call_guard<py::gil_scoped_release>());
  m.def("accumulate", &accumulate, py::arg("g"), py::arg("a"), py::arg("first"), py::arg("b"),
        py::arg("second"), py::call_guard<py::gil_scoped_release>());

  py::class_<Lanczos>(m, "Lanczos")
      .def(py::init<const Vectors&, const Vectors&, int>(), py::arg("start"), py::kw_only(),
           py::arg("zero_modes"), py::arg("limit"), py::call_guard<py::gil_scoped_release>())
      .def("ask", &ask_lanczos)
      .def("tell", &Lanczos::tell, py::arg("products"), py::arg("errors"),
           py::call_guard<py::gil_scoped_release>())
      .def("vector", &Lanczos::vector, py::arg("i"), py::call_guard<py::gil_scoped_release>())
      .def("backward_error", &Lanczos::backward_error)
      .def("asymmetry", &Lanczos::asymmetry)
      .def_property_readonly("status", &Lanczos::status)
      .def_property_readonly("products", &Lanczos::products)
      .def_property_readonly("restarts", &Lanczos::restarts)
      .def_property_readonly("coupling", &Lanczos::coupling)
      .def_property_readonly("values",
                             [](const Lanczos& self) { return Eigen::VectorXd(self.values()); })
      .def_property_readonly("residuals",
                             [](const Lanczos& self) { return Eigen::VectorXd(self.residuals()); })
      .def(py::pickle([](const Lanczos& self) { return py::bytes(self.save()); },
                      [](const py::bytes& state) { return Lanczos::restore(state); }));
}

}  // namespace hesscape::bindings
