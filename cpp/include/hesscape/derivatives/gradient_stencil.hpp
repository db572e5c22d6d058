// The Hessian of a point from central differences of gradients, by asking and being told.
#pragma once

#include <Eigen/Core>

#include "hesscape/derivatives/ladder.hpp"
#include "hesscape/derivatives/stencil.hpp"

namespace hesscape {

// Two levels of steps along each axis, 4n gradients, one column of H for every four of them.
// The error of an entry comes from four sources: what the extrapolation changed (times the share
// of it that `reduction` says is left), a jump of the second derivative at x, the noise of the
// gradient, and the asymmetry of the raw columns.
class GradientStencil {
 public:
  // `gradient` is that at x; `exponent` and `reduction` are those that the axes' ladders found for
  // the values (`Derivatives`).
  GradientStencil(Eigen::VectorXd x, Eigen::VectorXd gradient, const Eigen::VectorXi& exponent,
                  Eigen::VectorXd reduction);

  bool done() const { return axis_ == n(); }
  // The next axis's four points, as rows: plus and minus the step, plus and minus half of it.
  Points ask() const;
  // Those of all axes that are left, four after four: none depends on the gradients at another.
  Points ask_round() const;
  // The gradients of the next axis's points, as rows.
  void tell(const Eigen::Ref<const Points>& gradients);

  const Eigen::MatrixXd& hessian() const { return columns_; }
  const Eigen::MatrixXd& hessian_error() const { return error_; }
  // A bound of the noise in each entry of a gradient.
  const Eigen::VectorXd& gradient_noise() const { return gradient_noise_; }
  // By how many powers of two longer steps would serve better, where noise limits.
  const Eigen::VectorXi& growth() const { return growth_; }

 private:
  int n() const { return static_cast<int>(x_.size()); }
  // Four values of one coordinate.
  Eigen::Vector4d places(int axis) const;
  void finish();
  Eigen::VectorXd heard_noise(const Eigen::VectorXd& amplification) const;

  Eigen::VectorXd x_;
  Eigen::VectorXd gradient_;
  Eigen::VectorXd reduction_;
  std::vector<Displacement> wide_, narrow_;
  Eigen::MatrixXd columns_;  // column j: the derivative of the gradient along axis j
  Eigen::MatrixXd error_;    // until the end: what the extrapolation changed
  Eigen::ArrayXd uneven_;    // squares of noise that each entry shows, over the axes
  Eigen::VectorXi growth_;
  Eigen::VectorXd largest_;  // of each entry of the gradient
  Eigen::VectorXd gradient_noise_;
  bool single_;  // all entries are numbers of single precision
  int axis_ = 0;
};

}  // namespace hesscape
