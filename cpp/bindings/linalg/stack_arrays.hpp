// Arrays that hold stacks of matrices, as views.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <stdexcept>

#include "bindings.hpp"
#include "hesscape/linalg/matrix_stack.hpp"

namespace hesscape::bindings {

// A stack (N, n, n) of doubles with any strides that are whole numbers of doubles.
using StridedArray = py::array_t<double, 0>;

inline MatrixStack matrix_stack(const StridedArray& a) {
  if (a.ndim() != 3 || a.shape(1) != a.shape(2)) {
    throw std::invalid_argument("expected shape (N, n, n)");
  }
  const auto stride = [&](int axis) {
    if (a.strides(axis) % static_cast<py::ssize_t>(sizeof(double)) != 0) {
      throw std::invalid_argument("expected strides that are whole numbers of doubles");
    }
    return a.strides(axis) / static_cast<py::ssize_t>(sizeof(double));
  };
  return {a.data(), a.shape(0), a.shape(1), stride(0), stride(1), stride(2)};
}

// An array that the caller made for the results.
template <typename T>
using OutArray = py::array_t<T, py::array::c_style>;

template <typename T>
void check_out(const OutArray<T>& out, std::initializer_list<py::ssize_t> shape) {
  if (out.ndim() != static_cast<py::ssize_t>(shape.size()) ||
      !std::equal(shape.begin(), shape.end(), out.shape())) {
    throw std::invalid_argument("out: wrong shape");
  }
}

}  // namespace hesscape::bindings
