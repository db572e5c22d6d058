// The Hessian of a point from central differences of gradients, by asking and being told.
#pragma once

#include <Eigen/Core>

#include "hesscape/derivatives/ladder.hpp"
#include "hesscape/derivatives/stencil.hpp"

namespace hesscape {

// Two levels of steps along each axis, 4n gradients, one column of H for every four of them.
// The error of an entry comes from three sources: what the extrapolation changed (times the share
// of it that `reduction` says is left), the noise of the gradient, which the asymmetry of the raw
// columns shows, and that asymmetry itself.
class GradientStencil {
 public:
  // `exponent` and `reduction` are those that the axes' ladders found for the values
  // (`Derivatives`).
  GradientStencil(Eigen::VectorXd x, const Eigen::VectorXi& exponent, Eigen::VectorXd reduction);

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

 private:
  int n() const { return static_cast<int>(x_.size()); }
  // Four values of one coordinate.
  Eigen::Vector4d places(int axis) const;
  void finish();

  Eigen::VectorXd x_;
  Eigen::VectorXd reduction_;
  std::vector<Displacement> wide_, narrow_;
  Eigen::MatrixXd columns_;  // column j: the derivative of the gradient along axis j
  Eigen::MatrixXd error_;    // until the end: what the extrapolation changed
  Eigen::VectorXd largest_;  // of each entry of the gradient
  Eigen::VectorXd gradient_noise_;
  int axis_ = 0;
};

}  // namespace hesscape
