// LDL^T of a large sparse symmetric matrix, for the signs of its pivots and a bound on its
// rounding.
//
// The factorisation is multifrontal (Duff, Reid 1983): the columns of a supernode are eliminated in
// a dense front, and rows that find no pivot there wait for the front of the parent. L is not kept:
// what is wanted of it are the signs of D and the row sums of M = |L| |D| |L|^T, which are summed
// as the columns come. In any order of summation and with or without fused operations, the factors
// are exact for C + Delta,
//     |Delta_ij| <= gamma_(2k + 128) M_ij,   k pivots that reach row i
// (as for `ShiftedFactor`: Higham 2002, theorems 10.3 and 11.4, with the number of terms of an
// inner product in place of n).
#pragma once

#include <vector>

#include <Eigen/Core>

#include "hesscape/sparse/front.hpp"
#include "hesscape/sparse/sparse_order.hpp"

namespace hesscape {

// The matrix that is factored, as it is read: C = S A S + diag(shift), with S = diag(scale) of
// powers of two or zeros, and A given by the entries of its pattern.
struct ScaledSparse {
  const double* values = nullptr;
  Eigen::ArrayXd scale;
  Eigen::ArrayXd shift;
};

class SparseFactor {
 public:
  explicit SparseFactor(const SparsePattern& pattern);

  // False if some number is not finite.
  bool factor(const ScaledSparse& c);
  Eigen::Index negative() const { return negative_; }  // pivots by their signs
  Eigen::Index positive() const { return positive_; }
  // t with -diag(t) <= Delta <= diag(t) in the sense of quadratic forms.
  Eigen::ArrayXd backward_error() const;

 private:
  // What a front leaves to its parent: rows that wait for a pivot, then the others.
  struct Contribution {
    int waiting;
    std::vector<int> variables;
    std::vector<double> cells;  // lower triangle, by columns
  };
  void gather(int s);
  void assemble(const ScaledSparse& c, int s);
  void add(const Contribution& from);
  void leave();
  bool finish();

  SparseOrder order_;
  Front front_;
  std::vector<int> variables_;         // of the front at hand, by place in the order
  Eigen::Index full_ = 0;              // so many of them can be pivots
  std::vector<int> place_;             // in the front, of each row in the order; or -1
  std::vector<Contribution> pending_;  // in the order in which they came; reused
  std::size_t count_ = 0;              // of those that wait
  Eigen::ArrayXd row_sum_;             // of M, by row of the matrix
  Eigen::ArrayXd terms_;               // pivots that reach it
  Eigen::Index negative_ = 0, positive_ = 0;
};

}  // namespace hesscape
