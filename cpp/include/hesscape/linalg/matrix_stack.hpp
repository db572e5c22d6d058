// A stack of symmetric matrices wherever its owner keeps it, and how packs are read from it.
#pragma once

#include <algorithm>
#include <array>
#include <type_traits>
#include <vector>

#include <Eigen/Core>

#include "hesscape/linalg/pack.hpp"

namespace hesscape {

// Entry (i, j), i >= j, of matrix k is data[k * stride + i * row + j * column]; strides may be zero
// or negative. (The upper triangle is read by exchanging row and column.)
struct MatrixStack {
  const double* data = nullptr;
  Eigen::Index count = 0;
  Eigen::Index n = 0;
  Eigen::Index stride = 0;
  Eigen::Index row = 0;
  Eigen::Index column = 0;

  const double* at(Eigen::Index k, Eigen::Index i, Eigen::Index j) const {
    return data + k * stride + i * row + j * column;
  }
  MatrixStack one(Eigen::Index k) const { return {at(k, 0, 0), 1, n, 0, row, column}; }
};

// Where the lower triangle of a pack of matrices keeps row i.
constexpr Eigen::Index triangle(Eigen::Index i) { return i * (i + 1) / 2; }

// Sizes with a kernel of their own, unrolled by the compiler; all others have a run-time n.
template <class F>
void for_size(Eigen::Index n, F f) {
  switch (n) {
    case 2:
      return f.template operator()<2>();
    case 3:
      return f.template operator()<3>();
    case 4:
      return f.template operator()<4>();
    default:
      return f.template operator()<Eigen::Dynamic>();
  }
}

// Room for the numbers of one size: fixed, or as large as it turns out to be.
template <class T, int N, int Size>
using Storage =
    std::conditional_t<N == Eigen::Dynamic, std::vector<T>, std::array<T, std::max(Size, 0)>>;

// Calls f(k, lanes) for k = 0, Pack::lanes, 2 * Pack::lanes ...; the last pack may be shorter.
template <class F>
void for_each_pack(Eigen::Index count, F f) {
  for (Eigen::Index k = 0; k < count; k += Pack::lanes) {
    f(k, std::min<Eigen::Index>(Pack::lanes, count - k));
  }
}

// Entry (i, j) of matrices k ... k + lanes - 1; lanes beyond are copies of the last.
inline Pack read(const MatrixStack& stack, Eigen::Index k, Eigen::Index lanes, Eigen::Index i,
                 Eigen::Index j) {
  const double* first = stack.at(k, i, j);
  if (lanes == Pack::lanes) {
    return Pack::gather(first, stack.stride);
  }
  return Pack::each_lane(
      [&](Eigen::Index lane) { return first[std::min(lane, lanes - 1) * stack.stride]; });
}

// The lower triangle of matrices k ... k + lanes - 1, by rows.
inline void read_lower(const MatrixStack& stack, Eigen::Index k, Eigen::Index lanes, Pack* lower) {
  constexpr Eigen::Index block = Pack::packet_size;
  const bool by_rows = stack.column == 1;
  const bool lines = by_rows || stack.row == 1;
  if (!lines || lanes < Pack::lanes || stack.n < block) {
    for (Eigen::Index i = 0; i < stack.n; ++i) {
      for (Eigen::Index j = 0; j <= i; ++j) {
        lower[triangle(i) + j] = read(stack, k, lanes, i, j);
      }
    }
    return;
  }
  std::array<Pack, block> packs;
  for (Eigen::Index line = 0; line < stack.n; ++line) {  // a row, or a column
    const Eigen::Index first = by_rows ? 0 : line;
    const Eigen::Index last = by_rows ? line : stack.n - 1;
    for (Eigen::Index at = first; at <= last; at += block) {
      const Eigen::Index from = std::min(at, stack.n - block);
      Pack::load_transposed(by_rows ? stack.at(k, line, from) : stack.at(k, from, line),
                            stack.stride, packs.data());
      for (Eigen::Index c = at; c < std::min(at + block, last + 1); ++c) {
        lower[by_rows ? triangle(line) + c : triangle(c) + line] = packs[c - from];
      }
    }
  }
}

// The counterpart of read: lane l to first[l * stride].
inline void write(const Pack& pack, Eigen::Index lanes, double* first, Eigen::Index stride) {
  if (lanes == Pack::lanes) {
    return pack.scatter(first, stride);
  }
  std::array<double, Pack::lanes> values;
  pack.store(values.data());
  for (Eigen::Index lane = 0; lane < lanes; ++lane) {
    first[lane * stride] = values[lane];
  }
}

}  // namespace hesscape
