#include "bindings.hpp"
#include "hesscape/sparse/sparse_pattern.hpp"

namespace hesscape::bindings {

void register_sparse_pattern(py::module_& m) {
  py::class_<SparsePattern>(m, "SparsePattern")
      .def(py::init<Eigen::VectorXi, Eigen::VectorXi>(), py::arg("indptr"), py::arg("indices"),
           py::call_guard<py::gil_scoped_release>())
      .def_property_readonly("size", &SparsePattern::size)
      .def_property_readonly("entries", &SparsePattern::entries)
      .def_property_readonly("indptr", &SparsePattern::start)
      .def_property_readonly("indices", &SparsePattern::row);
}

}  // namespace hesscape::bindings
