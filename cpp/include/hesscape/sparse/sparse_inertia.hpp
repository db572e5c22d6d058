// The inertia of a large sparse symmetric matrix within the errors of its entries, proven.
#pragma once

#include <Eigen/Core>

#include "hesscape/sparse/sparse_factor.hpp"
#include "hesscape/sparse/sparse_pattern.hpp"

namespace hesscape {

struct SparseSigns {
  Eigen::Index negative = 0;  // eigenvalues proven to be
  Eigen::Index positive = 0;
};

// With A scaled to rows near one and T = diag(t), t at least the row sums of its errors E and the
// rounding of the factors, A is positive wherever LDL^T of A - T is, and negative wherever that of
// A + T is (Sylvester): two factorisations count both signs, and what they leave is within t of
// zero.
class SparseInertia {
 public:
  explicit SparseInertia(const SparsePattern& pattern);  // which has to stay

  // Values and errors of the entries of the pattern; an error that is not finite says that nothing
  // is known of one.
  SparseSigns prove(const Eigen::Ref<const Eigen::ArrayXd>& values,
                    const Eigen::Ref<const Eigen::ArrayXd>& errors);

 private:
  Eigen::Index proven(double side);

  const SparsePattern* pattern_;
  SparseFactor factor_;
  ScaledSparse c_;
  Eigen::ArrayXd width_;    // what the errors add to T
  Eigen::ArrayXd allowed_;  // what the rounding of the factors does
};

// Powers of two that bring the largest entry of each row near one; zero for rows that are within
// their errors or of which nothing is known. These decide nothing: the others are a principal
// submatrix, which has no more eigenvalues of either sign than the whole.
Eigen::ArrayXd equilibrate(const SparsePattern& pattern,
                           const Eigen::Ref<const Eigen::ArrayXd>& values,
                           const Eigen::Ref<const Eigen::ArrayXd>& errors);

}  // namespace hesscape
