#include <stdexcept>
#include <utility>

#include "bindings.hpp"
#include "hesscape/linalg/eigen_large.hpp"
#include "linalg/lapack.hpp"

namespace hesscape::bindings {
namespace {

template <typename T>
using Stack = py::array_t<T, py::array::c_style>;

// (values, vectors or None, ok) of a stack (N, n, n), one matrix after the other.
template <typename T>
py::tuple eigen_large(const Stack<T>& a, bool lower, bool with_vectors) {
  if (a.ndim() != 3 || a.shape(1) != a.shape(2)) {
    throw std::invalid_argument("a: expected shape (N, n, n)");
  }
  const Lapack& table = lapack();
  const py::ssize_t count = a.shape(0);
  const py::ssize_t n = a.shape(1);
  py::array_t<T> values({count, n});
  py::array_t<T> vectors({with_vectors ? count : 0, n, n});
  py::array_t<bool> ok(count);
  const T* matrix = a.data();
  T* value = values.mutable_data();
  T* vector = vectors.mutable_data();
  bool* good = ok.mutable_data();
  {
    const py::gil_scoped_release release;
    LargeEigensolver<T> solver(table, n, with_vectors);
    const Triangle triangle = lower ? Triangle::lower : Triangle::upper;
    for (py::ssize_t k = 0; k < count; ++k) {
      good[k] = solver.solve(matrix + k * n * n, n, triangle, value + k * n,
                             with_vectors ? vector + k * n * n : nullptr);
    }
  }
  py::object out = py::none();
  if (with_vectors) {
    out = std::move(vectors);
  }
  return py::make_tuple(std::move(values), out, std::move(ok));
}

}  // namespace

void register_eigen_large(py::module_& m) {
  const char* doc = "(eigenvalues, eigenvectors or None, ok) of a stack (N, n, n), by LAPACK.";
  m.def("eigen_large", &eigen_large<double>, py::arg("a").noconvert(), py::arg("lower"),
        py::arg("vectors"), doc);
  m.def("eigen_large", &eigen_large<float>, py::arg("a").noconvert(), py::arg("lower"),
        py::arg("vectors"), doc);
}

}  // namespace hesscape::bindings
