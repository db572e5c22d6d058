#include "hesscape/derivatives/block.hpp"

#include <algorithm>
#include <cstddef>

namespace hesscape {

Block::Block(const Points& points, int capacity, bool by_point)
    : capacity_(capacity),
      size_(static_cast<int>(points.cols())),
      by_point_(by_point),
      holds_(static_cast<std::size_t>(capacity), Probe{0, -1, -1, 0.0, 0.0}) {
  const auto slots = static_cast<std::size_t>(capacity);
  const std::span first(points.data(), static_cast<std::size_t>(size_));
  cells_.reserve(slots * first.size());
  if (by_point) {
    for (int slot = 0; slot < capacity; ++slot)
      cells_.insert(cells_.end(), first.begin(), first.end());
  } else {
    for (const double coordinate : first) cells_.insert(cells_.end(), slots, coordinate);
  }
}

void Block::fill(const Points& points, std::span<const Probe> probes) {
  const std::ptrdiff_t to_next_slot = by_point_ ? size_ : 1;
  const std::ptrdiff_t to_next_axis = by_point_ ? 1 : capacity_;
  double* slot = cells_.data();
  auto held = holds_.begin();
  for (const Probe& probe : probes) {
    const double* x = points.data() + static_cast<std::ptrdiff_t>(probe.point) * size_;
    if (held->point != probe.point) {
      for (int i = 0; i < size_; ++i) slot[i * to_next_axis] = x[i];
    } else {
      if (held->i >= 0) slot[held->i * to_next_axis] = x[held->i];
      if (held->j >= 0) slot[held->j * to_next_axis] = x[held->j];
    }
    if (probe.i >= 0) slot[probe.i * to_next_axis] = probe.xi;
    if (probe.j >= 0) slot[probe.j * to_next_axis] = probe.xj;
    *held++ = probe;
    slot += to_next_slot;
  }
}

void Block::fill(const Points& rows) {
  using Layout = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;
  const Layout layout = by_point_ ? Layout(size_, 1) : Layout(1, capacity_);
  Eigen::Map<Points, 0, Layout>(cells_.data(), rows.rows(), rows.cols(), layout) = rows;
  std::fill_n(holds_.begin(), rows.rows(), Probe{-1, -1, -1, 0.0, 0.0});
}

}  // namespace hesscape
