#include <optional>

#include "bindings.hpp"
#include "hesscape/derivatives/measurement.hpp"

namespace hesscape::bindings {
namespace {

using Vector = Eigen::Ref<const Eigen::VectorXd>;

// The block's memory as a read-only array that keeps the measurement alive: (n, m), or (m, n) by
// point.
py::array ask(const py::object& self, bool by_point) {
  auto& measurement = self.cast<Measurement&>();
  int count = 0;
  {
    const py::gil_scoped_release release;
    count = measurement.ask();
  }
  Block& block = measurement.block();
  const py::ssize_t item = sizeof(double);
  const auto m = static_cast<py::ssize_t>(count);
  const auto n = static_cast<py::ssize_t>(block.size());
  py::array points =
      by_point ? py::array_t<double>({m, n}, {n * item, item}, block.data(), self)
               : py::array_t<double>({n, m}, {block.capacity() * item, item}, block.data(), self);
  py::detail::array_proxy(points.ptr())->flags &= ~py::detail::npy_api::NPY_ARRAY_WRITEABLE_;
  return points;
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
      .def("ask",
           [](const py::object& self) {
             return ask(self, self.cast<Measurement&>().block().by_point());
           })
      .def("ask_round", &Measurement::ask_round, py::call_guard<py::gil_scoped_release>())
      .def("tell", &Measurement::tell, py::arg("values"), py::call_guard<py::gil_scoped_release>())
      .def("result", &Measurement::result, py::return_value_policy::reference_internal);
}

}  // namespace hesscape::bindings
