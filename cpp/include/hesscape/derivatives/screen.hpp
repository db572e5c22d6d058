// Gradients and Hessians of many points at once, from the same few displacements of each.
#pragma once

#include <utility>
#include <vector>

#include <Eigen/Core>

#include "hesscape/derivatives/stencil.hpp"

namespace hesscape {

// A displacement of all points: c_i h_i along axis i, and along j where that is not -1, or along
// the line through all axes. The step h_i of a point is a power of two.
struct Shift {
  static constexpr int none = -1, line = -2;
  int i, j;
  double c;
};

// What a fixed stencil tells. Errors bound truncation, by what the last extrapolation changed, and
// noise, by what remains of it in differences of high order. Where `agrees` is false, differences
// over much smaller steps, or along a line through all axes, contradict the rest.
struct Screened {
  using Flags = Eigen::Array<bool, Eigen::Dynamic, 1>;
  using Columns = Eigen::ArrayXXd;  // (N, n), a column an axis
  Eigen::VectorXd value, noise;
  Columns gradient, gradient_error;
  Columns curvature, curvature_error;  // the diagonal of H
  Points hessian, hessian_error;       // (N, n * n)
  Flags agrees;
};

// The measurement that suits most points of most functions: no step is adapted, so that whole
// columns of values are worked on at once. What it can't settle is for `Stencil`. First come the
// axes, then, for the points that are kept, the pairs of them and the line.
class Screen {
 public:
  using Rows = Eigen::Array<Eigen::Index, Eigen::Dynamic, 1>;

  // Rows of `points` are points. `noise` is a known standard deviation of f, or zero.
  Screen(const Points& points, double noise, bool by_point);

  bool by_point() const { return by_point_; }
  // Of each point (a row) along each axis: a 32nd of the power of two at or below |x|.
  const Screened::Columns& step() const { return step_; }
  // Whether nothing is asked for now.
  bool done() const { return std::cmp_equal(told_, shifts_.size()); }
  // How many values of each point were told, of the axes or of the pairs.
  int told() const { return told_; }
  // Writes the next points into the block, and returns how many there are.
  Eigen::Index ask();
  double* data() { return cells_.data(); }
  Eigen::Index capacity() const { return capacity_; }
  Eigen::Index n() const { return x_.cols(); }
  Eigen::Index count() const { return x_.rows(); }
  void tell(const Eigen::Ref<const Eigen::VectorXd>& values);
  // Goes on with the pairs, for these points only; results have a row for each of them.
  void keep(const Rows& rows);
  const Screened& result() const { return result_; }

 private:
  using Columns = Screened::Columns;

  void start(std::vector<Shift> shifts);
  void write(const Shift& shift, Eigen::Index slot);
  void restore(const Shift& shift, Eigen::Index slot);
  void write_axis(Eigen::Index axis, double c, Eigen::Index slot);
  void judge_axes(Eigen::Index first, Eigen::Index size);
  void judge_pairs(Eigen::Index first, Eigen::Index size);
  Eigen::ArrayXd heard_at_the_smallest_step(Eigen::Index first, Eigen::Index size) const;
  double margin() const;
  double rounding() const;
  Eigen::Index axis_column(Eigen::Index axis) const;

  bool by_point_;
  bool axes_done_ = false;
  double known_noise_;
  Columns x_, step_;
  Eigen::VectorXd line_;  // in steps
  Eigen::ArrayXd quiet_;  // noise that small steps show
  std::vector<Shift> shifts_;
  Columns axis_values_, pair_values_;
  int told_ = 0, asked_ = 0;
  Eigen::Index capacity_ = 0;
  std::vector<double> cells_;
  std::vector<Shift> held_;  // by each slot of the block
  Screened result_;
};

}  // namespace hesscape
