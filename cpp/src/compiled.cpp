#include "hesscape/compiled.hpp"

#include <algorithm>
#include <chrono>

namespace hesscape {
namespace {

using Eigen::Index;
using Clock = std::chrono::steady_clock;

constexpr auto moment = std::chrono::milliseconds(50);
constexpr Index longest_run = 4096;  // of points between two looks at the clock

// Calls at(row) on runs of rows that double in length, so that the clock costs nothing where
// calls are short and is looked at after each where they are long.
template <typename At>
Index for_a_moment(Index first, Index count, const At& at) {
  const auto begin = Clock::now();
  Index run = 1;
  while (first < count) {
    const Index end = std::min(count, first + run);
    for (; first < end; ++first) at(first);
    const auto elapsed = Clock::now() - begin;
    if (elapsed >= moment) break;
    if (elapsed < moment / 4) run = std::min(longest_run, 2 * run);
  }
  return first;
}

// Gives each point as n neighbours: its own memory, or a copy of what lies scattered, made for
// several points at once, whose coordinates share lines of the cache.
class Neighbours {
 public:
  Neighbours(const PointsView& points, Index first) : points_(points), end_(first) {
    if (points.innerStride() != 1) copy_.resize(strip, points.cols());
  }

  // Of a row that is the first or follows the last one. The function's type lacks a const that C's
  // habits leave out: it is not to write there.
  double* operator()(Index row) {
    if (copy_.size() == 0)
      return const_cast<double*>(points_.data() + row * points_.outerStride());  // NOLINT
    if (row == end_) {
      begin_ = end_;
      end_ = std::min(points_.rows(), begin_ + strip);
      const Index count = end_ - begin_;
      // One coordinate after the other: lines of all of them may not fit into the cache together.
      for (Index i = 0; i < points_.cols(); ++i)
        copy_.col(i).head(count) = points_.col(i).segment(begin_, count);
    }
    return copy_.data() + (row - begin_) * points_.cols();
  }

 private:
  static constexpr Index strip = 16;

  const PointsView& points_;
  Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> copy_;
  Index begin_ = 0, end_;
};

}  // namespace

Index evaluate(const CompiledFunction& f, const PointsView& points, Index first, double* values) {
  const int n = static_cast<int>(points.cols());
  Neighbours point(points, first);
  if (f.with_data != nullptr) {
    return for_a_moment(first, points.rows(),
                        [&](Index row) { values[row] = f.with_data(n, point(row), f.data); });
  }
  return for_a_moment(first, points.rows(),
                      [&](Index row) { values[row] = f.alone(n, point(row)); });
}

Index evaluate(const CompiledGradient& g, const PointsView& points, Index first,
               double* gradients) {
  const int n = static_cast<int>(points.cols());
  Neighbours point(points, first);
  return for_a_moment(first, points.rows(), [&](Index row) {
    g.with_data(n, point(row), gradients + row * points.cols(), g.data);
  });
}

}  // namespace hesscape
