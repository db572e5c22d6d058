#include "bindings.hpp"
#include "hesscape/sparse/sparse_stencil.hpp"

namespace hesscape::bindings {

void register_sparse_stencil(py::module_& m) {
  py::class_<SparseStencil>(m, "SparseStencil")
      .def(py::init<const SparsePattern&, Eigen::VectorXi, Eigen::VectorXd,
                    const Eigen::VectorXd&>(),
           py::arg("pattern"), py::kw_only(), py::arg("colour"), py::arg("x"), py::arg("gradient"),
           py::keep_alive<1, 2>())
      .def("begin", &SparseStencil::begin, py::arg("exponent"))
      .def_property_readonly("done", &SparseStencil::done)
      .def("ask", &SparseStencil::ask, py::call_guard<py::gil_scoped_release>())
      .def("tell", &SparseStencil::tell, py::arg("gradients"),
           py::call_guard<py::gil_scoped_release>())
      .def_property_readonly("colours", &SparseStencil::colours)
      .def("values", &SparseStencil::values)
      .def("errors", &SparseStencil::errors)
      .def("gradient_noise", &SparseStencil::gradient_noise)
      .def_property_readonly("finite", &SparseStencil::finite)
      .def_property_readonly("contradiction", &SparseStencil::contradiction)
      .def_property_readonly("contradicted", &SparseStencil::contradicted)
      .def_property_readonly("counts", &SparseStencil::counts)
      .def_property_readonly("improved", &SparseStencil::improved);
}

}  // namespace hesscape::bindings
