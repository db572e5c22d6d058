// The inertia of one large symmetric matrix from a triangular factorisation, and a bound on what
// its rounding may have changed.
//
// A matrix C is factored by Cholesky as far as its pivots are positive, and its remaining Schur
// complement by LDL^T with the pivoting of Bunch and Kaufman. For LAPACK's algorithms, in any order
// of summation and with or without fused operations, the computed factors are exact for C + Delta,
//     |Delta| <= gamma_(2n + 256) M,   M = |L| |D| |L|^T
// (Higham 2002, theorems 10.3 and 11.4; the constant has room for reciprocals of pivots in place of
// divisions, for products L D that are kept instead of formed, and for 2 x 2 pivots, whose
// |D| |D^-1| |D| <= 7 |D| is tested here and not taken from the pivoting). For any w > 0, Delta is
// then at most diag(gamma (M w)_i / w_i) in the sense of quadratic forms.
#pragma once

#include <functional>

#include <Eigen/Core>

#include "hesscape/linalg/half_matrix.hpp"
#include "hesscape/linalg/lapack.hpp"
#include "hesscape/linalg/symmetric.hpp"

namespace hesscape {

// The matrix that is factored, as it is read: C = sign D A D + diag(shift), with D a diagonal of
// powers of two.
struct ScaledMatrix {
  HalfMatrix a;
  double sign = 1;
  Eigen::ArrayXd scale;  // D, each between 2^-500 and 2^500, so that products of two are exact
  Eigen::ArrayXd shift;

  Eigen::Index size() const { return scale.size(); }
  // Columns from ... to - 1 of line i of sign D A D.
  auto part(Eigen::Index i, Eigen::Index from, Eigen::Index to) const {
    return a.part(i, from, to) * (scale.segment(from, to - from) * (sign * scale[i]));
  }
  double diagonal(Eigen::Index i) const { return a.diagonal(i) * (scale[i] * (sign * scale[i])); }
};

class ShiftedFactor {
 public:
  ShiftedFactor(const Lapack& lapack, Eigen::Index n);

  // Cholesky until a pivot is not positive: how many columns are done, n where C is definite.
  // After a failure at column k < n, the leading k + 1 rows are right but for that diagonal entry.
  // `promising` is asked after a quarter of them: where it denies, the rest is not tried.
  Eigen::Index cholesky(const ScaledMatrix& c, const std::function<bool()>& promising = {});

  // Cholesky of `leading` < n rows, if they are definite, and LDL^T of what is left. False if some
  // number is not finite.
  bool factor(const ScaledMatrix& c, Eigen::Index leading);
  Eigen::Index leading() const { return leading_; }    // rows that `factor` has done by Cholesky
  Eigen::Index negative() const { return negative_; }  // pivots by their signs
  Eigen::Index positive() const { return positive_; }
  double backward_error();  // t with Delta <= t I; infinite if there is none

  // The vector x of length k + 1 with x_k = 1 and x^T C x = the pivot of column k where `cholesky`
  // stopped.
  Eigen::VectorXd failed_direction(Eigen::Index k) const;

 private:
  void fill(const ScaledMatrix& c, Eigen::Index first, Eigen::Index last);
  void transpose(const ScaledMatrix& c, Eigen::Index first, Eigen::Index last);
  Eigen::Index leading_block(const ScaledMatrix& c, Eigen::Index m);
  bool count_pivots();
  void apply_factor(const Eigen::ArrayXd& w, Eigen::ArrayXd& product) const;

  const Lapack* lapack_;
  Eigen::MatrixXd c_;  // the lower triangle holds C, then L and D
  Eigen::VectorXi pivots_;
  Eigen::VectorXd work_;
  Eigen::Index leading_ = 0;
  Eigen::Index negative_ = 0, positive_ = 0;
};

// The factor of M in the bound on Delta.
inline double factor_gamma(Eigen::Index n) { return gamma(2 * n + 256); }

}  // namespace hesscape
