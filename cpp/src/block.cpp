#include "hesscape/block.hpp"

#include <cstddef>

namespace hesscape {

Block::Block(const Points& points, int capacity, bool by_point)
    : capacity_(capacity),
      size_(static_cast<int>(points.cols())),
      by_point_(by_point),
      cells_(static_cast<std::size_t>(capacity) * static_cast<std::size_t>(size_)),
      holds_(static_cast<std::size_t>(capacity), Probe{-1, -1, -1, 0.0, 0.0}) {}

double& Block::cell(int slot, int axis) {
  const std::ptrdiff_t at = by_point_ ? static_cast<std::ptrdiff_t>(slot) * size_ + axis
                                      : static_cast<std::ptrdiff_t>(axis) * capacity_ + slot;
  return cells_[static_cast<std::size_t>(at)];
}

void Block::fill(const Points& points, std::span<const Probe> probes) {
  int slot = 0;
  for (const Probe& probe : probes) {
    Probe& held = holds_[static_cast<std::size_t>(slot)];
    const auto x = points.row(probe.point);
    if (held.point != probe.point) {
      for (int i = 0; i < size_; ++i) cell(slot, i) = x[i];
    } else {
      if (held.i >= 0) cell(slot, held.i) = x[held.i];
      if (held.j >= 0) cell(slot, held.j) = x[held.j];
    }
    if (probe.i >= 0) cell(slot, probe.i) = probe.xi;
    if (probe.j >= 0) cell(slot, probe.j) = probe.xj;
    held = probe;
    ++slot;
  }
}

}  // namespace hesscape
