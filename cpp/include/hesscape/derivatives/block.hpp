// A block of points for one call of f, in which only the coordinates that differ from x are
// written.
#pragma once

#include <span>
#include <vector>

#include <Eigen/Core>

#include "hesscape/derivatives/stencil.hpp"

namespace hesscape {

// Filling every point afresh costs as much as a cheap f; here a point costs two writes and two
// restores, because its slot still holds x from the last block.
class Block {
 public:
  // `by_point`: one point after the other in memory; else one coordinate after the other.
  Block(const Points& points, int capacity, bool by_point);

  int capacity() const { return capacity_; }
  int size() const { return size_; }
  bool by_point() const { return by_point_; }
  double* data() { return cells_.data(); }
  // Writes the points of `probes`, at most `capacity`, into the first slots.
  void fill(const Points& points, std::span<const Probe> probes);
  // The same for points, in rows, all of whose coordinates differ.
  void fill(const Points& rows);

 private:
  int capacity_;
  int size_;
  bool by_point_;
  std::vector<double> cells_;
  std::vector<Probe> holds_;  // what each slot holds now; the first point, before any
};

}  // namespace hesscape
