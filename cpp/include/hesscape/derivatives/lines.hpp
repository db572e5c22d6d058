// Values along lines that a measurement did not use, to confront its result with.
#pragma once

#include <vector>

#include <Eigen/Core>

#include "hesscape/derivatives/ladder.hpp"
#include "hesscape/derivatives/stencil.hpp"

namespace hesscape {

// Steps that suit every axis can all be too coarse for what couples two of them, and a gradient or
// Hessian that the user gives can be wrong. Along a line, f(x + s v) has the derivatives v'g and
// v'Hv, which a ladder of steps measures without either; one or two lines in which all axes take
// part, balanced by their curvatures so that none hides the others, expose a wrong entry anywhere.
class Lines {
 public:
  using Matrix = Eigen::Ref<const Points>;

  // No coordinate moves by more than its `step`; `curvature` is the diagonal of H, known within
  // `error`.
  Lines(Eigen::VectorXd x, const Eigen::VectorXd& step, const Eigen::VectorXd& curvature,
        const Eigen::VectorXd& error);

  // The points whose values are wanted, as rows.
  Points points() const;
  // Their values, and what is known of f at x; the derivatives only tell how rounding of the points
  // counts.
  void tell(const Eigen::Ref<const Eigen::VectorXd>& values, double centre, double noise,
            const Eigen::VectorXd& gradient, const Matrix& hessian);

  int nfev() const { return nfev_; }  // how many values that takes

  // Whether the curvatures along the lines are within the errors of H and their own.
  bool agree(const Matrix& hessian, const Matrix& error) const;
  // Errors widened until the lines are within them, whichever entry is to blame.
  Eigen::VectorXd gradient_error(const Eigen::VectorXd& gradient,
                                 const Eigen::VectorXd& error) const;
  Points hessian_error(const Matrix& hessian, const Matrix& error) const;

 private:
  struct Line {
    Eigen::VectorXd direction;
    double reach;   // how far along it a step may go
    Ladder ladder;  // in s
    AxisDerivatives derivatives;
  };

  // By how much the curvature along each line is off, beyond the errors of H and its own.
  Eigen::VectorXd curvature_excess(const Matrix& hessian, const Matrix& error) const;

  Eigen::VectorXd x_;
  std::vector<Line> lines_;
  int nfev_ = 0;
};

// The steps that ladders start from: a quarter of each coordinate, or of one where it is zero.
Eigen::VectorXd natural_steps(const Eigen::VectorXd& x);

}  // namespace hesscape
