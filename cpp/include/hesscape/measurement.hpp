// A stencil whose points are handed out block by block, in memory bounded however large the
// problem.
#pragma once

#include <Eigen/Core>

#include "hesscape/block.hpp"
#include "hesscape/stencil.hpp"

namespace hesscape {

class Measurement {
 public:
  Measurement(Points points, StencilOptions options, bool by_point);

  bool done() const { return stencil_.done(); }
  bool axes_done() const { return stencil_.axes_done(); }
  // Writes the next points into the block and returns how many there are; the same ones until told.
  int ask();
  Block& block() { return block_; }
  // All points that are wanted now, as rows, for values that are worth more than the memory of a
  // block: there is nothing to wait for between two of them. The same ones until told.
  Points ask_round() const;
  void tell(const Eigen::Ref<const Eigen::VectorXd>& values);
  const Derivatives& result() const { return stencil_.result(); }

 private:
  Stencil stencil_;
  Block block_;
  Eigen::VectorXd values_;  // of the round under way
  int told_ = 0;
};

}  // namespace hesscape
