// Stacks of symmetric matrices whose entries carry errors: their scales, and bounds on their norms.
#pragma once

#include <cmath>
#include <cstdint>

#include <Eigen/Core>

#include "hesscape/numbers.hpp"

namespace hesscape {

// gamma_k = k u / (1 - k u), Higham (2002), lemma 3.1: holds for k operations in any order, fused
// or not.
inline double gamma(Eigen::Index k) {
  const double ku = static_cast<double>(k) * unit_roundoff;
  return ku / (1 - ku);
}

using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using RowMatrixXi = Eigen::Matrix<int, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// A stack of N symmetric n x n matrices with errors, row-major and contiguous. error_stride is n*n,
// or 0 when all the matrices share one error; error may be null, which means that the entries are
// exact. An infinite error says that nothing is known about an entry.
struct SymmetricStack {
  const double* values = nullptr;
  const double* error = nullptr;
  Eigen::Index error_stride = 0;
  Eigen::Index count = 0;
  Eigen::Index n = 0;

  const double* matrix(Eigen::Index k) const { return values + k * n * n; }
  const double* matrix_error(Eigen::Index k) const {
    return error == nullptr ? nullptr : error + k * error_stride;
  }
};

// The error of one entry; error may be null, and an error that is not a number bounds nothing.
inline double error_at(const double* error, Eigen::Index at) {
  if (error == nullptr) {
    return 0;
  }
  return std::isnan(error[at]) ? infinity : error[at];
}

// Exponents e such that 2^(e_i + e_j) H_ij has rows with largest significant entry near one.
// Entries that are zero within their error do not count; rows without any other entry get
// `insignificant`.
inline constexpr int insignificant = INT32_MIN;
RowMatrixXi equilibrate(const SymmetricStack& stack);

// An upper bound on the spectral radius of a nonnegative matrix: max_i (B v)_i / v_i for any v > 0
// (Collatz 1942, Wielandt 1950), here the smallest over a few power steps. The rounding of the
// products is included.
double collatz_wielandt(const Eigen::Ref<const Eigen::MatrixXd>& b);

// One matrix of a stack; exponent has n entries.
void equilibrate(const double* h, const double* error, Eigen::Index n, int* exponent);

// One quotient of this bound on the rows where v > 0; v becomes the next iterate of the power
// method.
double collatz_wielandt_step(const Eigen::MatrixXd& b, Eigen::VectorXd& v,
                             Eigen::VectorXd& product);
inline constexpr int collatz_wielandt_steps = 8;

}  // namespace hesscape
