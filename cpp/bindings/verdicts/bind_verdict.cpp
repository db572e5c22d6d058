#include <optional>
#include <utility>

#include "bindings.hpp"
#include "hesscape/verdicts/verdict.hpp"

namespace hesscape::bindings {
namespace {

using Rows = Eigen::Ref<const RowMatrix>;

py::tuple slopes_tuple(const Rows& gradient, const Rows& error, double gtol, const Rows& harmless) {
  Slopes found;
  {
    const py::gil_scoped_release release;
    found = slopes(gradient, error, gtol, harmless);
  }
  return py::make_tuple(std::move(found.moving), std::move(found.known),
                        std::move(found.unresolved), std::move(found.norm));
}

py::tuple verdicts_tuple(const Counts& n_negative, const Counts& n_positive, const Flags& not_flat,
                         const std::optional<Rows>& newton_step, const Flags& moving,
                         const Flags& known, Eigen::Index n, Eigen::Index zero_modes) {
  Verdicts found;
  const RowMatrix none(0, n);
  {
    const py::gil_scoped_release release;
    found = verdicts(n_negative, n_positive, not_flat, newton_step ? *newton_step : Rows(none),
                     moving, known, n, zero_modes);
  }
  return py::make_tuple(std::move(found.kind), std::move(found.certain), std::move(found.index),
                        std::move(found.inertia), std::move(found.distance));
}

}  // namespace

void register_verdict(py::module_& m) {
  py::enum_<Kind>(m, "Kind")
      .value("degenerate", Kind::degenerate)
      .value("saddle", Kind::saddle)
      .value("minimum", Kind::minimum)
      .value("maximum", Kind::maximum)
      .value("not_critical", Kind::not_critical);
  m.def("slopes", &slopes_tuple, py::arg("gradient"), py::arg("error"), py::arg("gtol"),
        py::arg("harmless"), "(moving, known, unresolved, norm) of points, one a row.");
  m.def("verdicts", &verdicts_tuple, py::arg("n_negative"), py::arg("n_positive"),
        py::arg("not_flat"), py::arg("newton_step"), py::arg("moving"), py::arg("known"),
        py::arg("n"), py::arg("zero_modes"),
        "(kind, certain, index, inertia, distance) of points.");
}

}  // namespace hesscape::bindings
