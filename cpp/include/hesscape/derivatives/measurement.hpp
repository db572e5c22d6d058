// The measurement of one point: a stencil whose points are handed out block by block, in memory
// bounded however large n, and whose result is confronted with values along other lines.
#pragma once

#include <optional>

#include <Eigen/Core>

#include "hesscape/derivatives/block.hpp"
#include "hesscape/derivatives/lines.hpp"
#include "hesscape/derivatives/stencil.hpp"

namespace hesscape {

class Measurement {
 public:
  // `x` is finite and has at least one coordinate; without pairs, nothing is confronted.
  Measurement(Eigen::VectorXd x, StencilOptions options, bool by_point);

  bool done() const { return stencil_.done() && !confronting_; }
  // Whether gradient and diagonal are measured, and the other entries of H are left.
  bool axes_done() const { return stencil_.axes_done(); }
  // Writes the next points into the block and returns how many there are; the same ones until told.
  int ask();
  Block& block() { return block_; }
  // All points that are wanted now, as rows, for values that are worth more than the memory of a
  // block: there is nothing to wait for between two of them. The same ones until told.
  Points ask_round() const;
  void tell(const Eigen::Ref<const Eigen::VectorXd>& values);
  // One row; of the axes alone before `done`.
  const Derivatives& result() const { return done() ? result_ : stencil_.result(); }

 private:
  Eigen::Index wanted() const;
  // Where values along lines are awaited, and nullptr elsewhere.
  const Lines* awaited() const { return confronting_ && lines_ ? &*lines_ : nullptr; }
  void take_result();
  void take_lines(Lines& lines);
  void confront(const Lines& lines);
  void measure_again();

  Eigen::VectorXd x_;
  StencilOptions options_;
  Stencil stencil_;
  Block block_;
  Eigen::VectorXd values_;  // of the round under way
  Eigen::Index told_ = 0;
  Derivatives result_;
  std::optional<Lines> lines_;
  bool confronting_ = false;
  int retries_ = 0;
  long long nfev_ = 0;  // before the stencil under way
};

}  // namespace hesscape
