#include <utility>

#include "bindings.hpp"
#include "hesscape/sparse/sparse_inertia.hpp"

namespace hesscape::bindings {
namespace {

using Entries = Eigen::Ref<const Eigen::ArrayXd>;

std::pair<Eigen::Index, Eigen::Index> prove(SparseInertia& self, const Entries& values,
                                            const Entries& errors) {
  const SparseSigns signs = self.prove(values, errors);
  return {signs.negative, signs.positive};
}

}  // namespace

void register_sparse_inertia(py::module_& m) {
  py::class_<SparseInertia>(m, "SparseInertia")
      .def(py::init<const SparsePattern&>(), py::arg("pattern"), py::keep_alive<1, 2>(),
           py::call_guard<py::gil_scoped_release>())
      .def("prove", &prove, py::arg("values"), py::arg("errors"),
           py::call_guard<py::gil_scoped_release>(),
           "Numbers of eigenvalues that are proven negative and positive.");
}

}  // namespace hesscape::bindings
