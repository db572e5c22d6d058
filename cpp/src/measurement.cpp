#include "hesscape/measurement.hpp"

#include <algorithm>
#include <memory>
#include <span>
#include <utility>

namespace hesscape {
namespace {

constexpr int block_cells = 1 << 16;  // 512 KiB: half of a common second-level cache
constexpr int least_capacity = 64;

int capacity(const Points& points) {
  const auto n = static_cast<int>(points.cols());
  const int most = std::max(least_capacity, block_cells / n);
  const long long wanted =
      static_cast<long long>(points.rows()) * std::max(1LL * values_along_axis * n, 1LL * n * n);
  return static_cast<int>(std::min<long long>(most, wanted));
}

// The C library of Linux gives freed memory back to the kernel above twice the largest chunk that
// it has unmapped before. Unmapping a larger one once lets the temporaries of a vectorised f stay
// mapped from call to call: faulting them in anew costs as much as f itself.
void keep_freed_memory() {
  [[maybe_unused]] static const bool once = [] {
    const auto chunk = std::make_unique_for_overwrite<double[]>(std::size_t{16} * block_cells);
    volatile double* first = chunk.get();  // touched, or the compiler would leave all of it out
    *first = 0.0;
    return true;
  }();
}

}  // namespace

Measurement::Measurement(Points points, StencilOptions options, bool by_point)
    : stencil_(std::move(points), std::move(options)),
      block_(stencil_.points(), capacity(stencil_.points()), by_point) {
  keep_freed_memory();
}

int Measurement::ask() {
  const auto& probes = stencil_.probes();
  const int count = std::min(block_.capacity(), static_cast<int>(probes.size()) - told_);
  block_.fill(stencil_.points(), std::span(probes).subspan(static_cast<std::size_t>(told_),
                                                           static_cast<std::size_t>(count)));
  return count;
}

Points Measurement::ask_round() const {
  const auto probes = std::span(stencil_.probes()).subspan(static_cast<std::size_t>(told_));
  Points rows(static_cast<Eigen::Index>(probes.size()), stencil_.points().cols());
  Eigen::Index row = 0;
  for (const Probe& probe : probes) {
    rows.row(row) = stencil_.points().row(probe.point);
    if (probe.i >= 0) rows(row, probe.i) = probe.xi;
    if (probe.j >= 0) rows(row, probe.j) = probe.xj;
    ++row;
  }
  return rows;
}

void Measurement::tell(const Eigen::Ref<const Eigen::VectorXd>& values) {
  const auto round = static_cast<Eigen::Index>(stencil_.probes().size());
  if (told_ == 0) values_.resize(round);
  values_.segment(told_, values.size()) = values;
  told_ += static_cast<int>(values.size());
  if (told_ < round) return;
  told_ = 0;
  stencil_.tell(values_);
}

}  // namespace hesscape
