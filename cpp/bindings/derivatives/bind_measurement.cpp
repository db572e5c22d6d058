#include <optional>

#include "bindings.hpp"
#include "hesscape/derivatives/measurement.hpp"

namespace hesscape::bindings {
namespace {

// The block: (n, m), or (m, n) by point.
py::array ask_measurement(const py::object& self) {
  auto& measurement = self.cast<Measurement&>();
  py::ssize_t m = 0;
  {
    const py::gil_scoped_release release;
    m = measurement.ask();
  }
  Block& block = measurement.block();
  const py::ssize_t n = block.size();
  return block.by_point() ? borrowed(block.data(), self, m, n, n, 1)
                          : borrowed(block.data(), self, n, m, block.capacity(), 1);
}

}  // namespace

void register_measurement(py::module_& m) {
  py::enum_<Status>(m, "Status")
      .value("ok", Status::ok)
      .value("shortened", Status::shortened)
      .value("contradicted", Status::contradicted)
      .value("no_step", Status::no_step)
      .value("not_finite", Status::not_finite)
      .def_property_readonly("message", [](Status s) { return std::string(message(s)); });

  py::class_<Derivatives>(m, "Derivatives")
      .def_readonly("value", &Derivatives::value)
      .def_readonly("gradient", &Derivatives::gradient)
      .def_readonly("gradient_error", &Derivatives::gradient_error)
      .def_readonly("curvature", &Derivatives::curvature)
      .def_readonly("curvature_error", &Derivatives::curvature_error)
      .def_readonly("hessian", &Derivatives::hessian)
      .def_readonly("hessian_error", &Derivatives::hessian_error)
      .def_readonly("exponent", &Derivatives::exponent)
      .def_readonly("reduction", &Derivatives::reduction)
      .def_readonly("noise", &Derivatives::noise)
      .def_readonly("status", &Derivatives::status)
      .def_readonly("nfev", &Derivatives::nfev);

  py::class_<Measurement>(m, "Measurement")
      .def(py::init([](const Eigen::VectorXd& x, std::optional<double> noise,
                       const Eigen::VectorXd& step, int levels, bool pairs, bool by_point) {
             return Measurement(x, {noise, step, levels, pairs}, by_point);
           }),
           py::arg("x"), py::kw_only(), py::arg("noise"), py::arg("step"), py::arg("levels"),
           py::arg("pairs"), py::arg("by_point"))
      .def_property_readonly("done", &Measurement::done)
      .def_property_readonly("axes_done", &Measurement::axes_done)
      .def("ask", &ask_measurement)
      .def("ask_round", &Measurement::ask_round, py::call_guard<py::gil_scoped_release>())
      .def("tell", &Measurement::tell, py::arg("values"), py::call_guard<py::gil_scoped_release>())
      .def("result", &Measurement::result, py::return_value_policy::reference_internal);
}

}  // namespace hesscape::bindings
