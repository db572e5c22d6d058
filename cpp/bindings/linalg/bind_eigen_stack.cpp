#include "hesscape/linalg/by_size.hpp"
#include "hesscape/linalg/eigen_stack.hpp"
#include "linalg/stack_arrays.hpp"

namespace hesscape::bindings {
namespace {

void eigvalsh(const StridedArray& a, OutArray<double> values) {
  const MatrixStack stack = matrix_stack(a);
  check_out(values, {stack.count, stack.n});
  double* out = values.mutable_data();
  const py::gil_scoped_release release;
  eigvalsh_stack(stack, out);
}

void eigh(const StridedArray& a, OutArray<double> values, OutArray<double> vectors) {
  const MatrixStack stack = matrix_stack(a);
  check_out(values, {stack.count, stack.n});
  check_out(vectors, {stack.count, stack.n, stack.n});
  double* value = values.mutable_data();
  double* vector = vectors.mutable_data();
  const py::gil_scoped_release release;
  eigh_stack(stack, value, vector);
}

}  // namespace

void register_eigen_stack(py::module_& m) {
  m.def("eigvalsh_stack", &eigvalsh, py::arg("a").noconvert(), py::arg("values").noconvert(),
        "Write the eigenvalues (N, n) of a stack (N, n, n), one matrix a lane.");
  m.def("eigh_stack", &eigh, py::arg("a").noconvert(), py::arg("values").noconvert(),
        py::arg("vectors").noconvert(),
        "Write the eigenvalues and eigenvectors (N, n, n) of a stack, one matrix a lane.");
  const char* doc = "Whether a stack of `count` n x n matrices is worked on one matrix a lane.";
  const auto add = [&](const char* name, Task task) {
    m.def(
        name, [task](Eigen::Index n, Eigen::Index count) { return across(task, n, count); },
        py::arg("n"), py::arg("count"), doc);
  };
  add("across_values", Task::values);
  add("across_vectors", Task::vectors);
  add("across_signs", Task::signs);
}

}  // namespace hesscape::bindings
