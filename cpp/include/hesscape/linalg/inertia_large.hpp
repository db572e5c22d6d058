// Proven signs of the eigenvalues of one large symmetric matrix, by factorisations instead of
// eigenvalues.
//
// With D a diagonal of powers of two and T = diag(t) at least as large as the rounding error of a
// factorisation, plus D E D for |A - H| <= E, plus zero_tol D^2: each positive pivot of DAD - T
// proves an eigenvalue of H above zero_tol, each negative pivot of DAD + T one below -zero_tol
// (Sylvester; Rump 2006 for Cholesky). Signs that stay open are left to `prove_signs`.
#pragma once

#include <cstdint>

#include <Eigen/Core>

#include "hesscape/linalg/half_matrix.hpp"
#include "hesscape/linalg/lapack.hpp"
#include "hesscape/linalg/matrix_stack.hpp"
#include "hesscape/linalg/negative_curvature.hpp"
#include "hesscape/linalg/shifted_factor.hpp"

namespace hesscape {

// |A - H| <= E, entry by entry (row-major and contiguous, symmetric) or one number for all entries.
// What is not a number bounds nothing.
struct EntryError {
  const double* entries = nullptr;
  double uniform = 0;
};

struct SignCounts {
  Eigen::Index negative = 0;  // proven
  Eigen::Index zero = 0;      // the rest
  Eigen::Index positive = 0;  // proven
  bool finite = true;         // false: an entry is not finite, and nothing is proven
};

enum class Definiteness : std::int8_t {
  undecided = 0,
  positive = 1,
  negative = -1,
  indefinite = 2
};

// Holds the workspace for matrices of one size. Not shared between threads; the table of functions
// must outlive it. A matrix is the first of a stack.
class LargeInertia {
 public:
  LargeInertia(const Lapack& lapack, Eigen::Index n);

  // thorough: what factorisations leave open is tried by `prove_signs`, at the price of an
  // eigensolver.
  SignCounts inertia(const MatrixStack& a, const EntryError& error, double zero_tol,
                     bool thorough = true);
  // Stops at the first proof.
  Definiteness definiteness(const MatrixStack& a, const EntryError& error);

 private:
  // How A lies before any factorisation, with its entries within the error ignored.
  struct Diagonal {
    bool positive = false, negative = false;  // some entry is
    bool definite = false;                    // all are, with one sign, and finite
  };
  Diagonal diagonal(const EntryError& error) const;
  RowMatrix full() const;
  // What the cheap proofs of definiteness come to.
  enum class Shown : std::uint8_t { nothing, not_finite, indefinite, definite };
  bool rest_is_finite(Eigen::Index read) const;
  bool measure_rows();
  void scale_by_diagonal();
  bool moderate() const;
  void scale_by_rows(const EntryError& error);
  bool widen(const EntryError& error, double zero_tol);
  double cholesky_bound() const;
  bool may_be_definite();
  Eigen::Index definite_rows(bool look);
  Eigen::Index proven(double side, Eigen::Index leading, double& bound, double& tight);
  void by_factors(Eigen::Index rows, SignCounts& counts);
  bool may_show_more(const SignCounts& counts) const;
  void find_roots(const EntryError& error);
  bool negative_minor(const EntryError& error, Eigen::Index i) const;
  bool negative_along(const Eigen::ArrayXd& x, Eigen::Index begin, const EntryError& error) const;
  Shown by_directions(const EntryError& error, bool bounded);
  Shown by_definite_diagonal(const EntryError& error);
  Shown by_minors(const EntryError& error);
  SignCounts by_congruence(const EntryError& error, double zero_tol) const;

  const Lapack* lapack_;
  Eigen::Index n_;
  RowMatrix upper_;  // the upper triangle, where no triangle has contiguous lines
  ScaledMatrix c_;
  ShiftedFactor factor_;
  NegativeCurvature search_;
  Eigen::ArrayXd width_;    // what E and zero_tol add to T
  Eigen::ArrayXd largest_;  // the largest entry of each row of A
  Eigen::ArrayXd root_;     // of the diagonal of A, widened
};

}  // namespace hesscape
