// One triangle of a symmetric matrix where its owner keeps it.
#pragma once

#include <algorithm>

#include <Eigen/Core>

namespace hesscape {

// The parts of the rows that lie in the triangle are its lines, each contiguous in memory: line i
// has the columns 0 ... i of the lower triangle, or i ... n - 1 of the upper one.
struct HalfMatrix {
  using Line = Eigen::Map<const Eigen::ArrayXd>;

  const double* data = nullptr;
  Eigen::Index n = 0;
  Eigen::Index stride = 0;  // from line to line
  bool lower = false;

  Eigen::Index first(Eigen::Index i) const { return lower ? 0 : i; }
  Eigen::Index last(Eigen::Index i) const { return lower ? i + 1 : n; }  // one beyond
  double diagonal(Eigen::Index i) const { return data[i * (stride + 1)]; }
  Line line(Eigen::Index i) const { return part(i, first(i), last(i)); }
  // Columns from ... to - 1 of line i.
  Line part(Eigen::Index i, Eigen::Index from, Eigen::Index to) const {
    return {data + i * stride + from, to - from};
  }
};

}  // namespace hesscape
