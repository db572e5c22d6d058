// A direction in which a symmetric matrix with a positive diagonal is negative, looked for in
// single precision: half the memory traffic, and nothing that is found counts before it is proven.
//
// The matrix is scaled to a unit diagonal. Conjugate gradients on a principal block come to a
// direction p with p^T A p <= 0 at the step at which the Krylov space of their start first holds
// one, for then the tridiagonal matrix of the Lanczos process has a pivot that is not positive.
// Small blocks go first. What conjugate gradients have come to there, one step of inverse iteration
// as it were, is extended by one sweep of Gauss-Seidel, and the next block starts from it.
#pragma once

#include <vector>

#include <Eigen/Core>

#include "hesscape/linalg/half_matrix.hpp"

namespace hesscape {

class NegativeCurvature {
 public:
  explicit NegativeCurvature(Eigen::Index n) : n_(n) {}

  // The diagonal of sign A has to be positive. It becomes 1 + width where a width is given, so that
  // directions are found in which sign A is below -width.
  void start(const HalfMatrix& a, double sign);
  void widen(const Eigen::ArrayXd& width) { diagonal_ = (1 + width).cast<float>(); }
  const Eigen::ArrayXd& scale() const { return scale_; }  // makes the diagonal one

  // The lines are read in the order in which those that are read are a principal block.
  Eigen::Index next_line() const { return a_.lower ? read_ : n_ - 1 - read_; }
  // Reads the next line, and returns its largest entry beside the diagonal; NaN where single
  // precision does not hold the line.
  float read_line();
  Eigen::Index read() const { return read_; }                       // how many lines have been
  Eigen::Index begin() const { return a_.lower ? 0 : n_ - read_; }  // of the block

  // Is a direction found in the block of the lines that have been read?
  bool descends(int steps);
  // It has the coordinates begin() ... begin() + read() - 1 of the scaled matrix.
  const Eigen::VectorXf& direction() const { return direction_; }

 private:
  using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  void multiply(const Eigen::VectorXf& x, Eigen::VectorXf& product) const;

  Eigen::Index n_;
  HalfMatrix a_;
  double sign_ = 1;
  Eigen::Index read_ = 0;
  bool has_start_ = false;  // whether a block has been worked on
  Matrix scaled_;           // the triangle that is read
  Eigen::ArrayXd scale_;
  Eigen::ArrayXf diagonal_;  // of scaled_
  Eigen::VectorXf start_;    // of the next block
  Eigen::VectorXf direction_;
};

// Principal blocks to try in turn: how many lines, and how many steps.
struct SearchBlock {
  Eigen::Index lines;
  int steps;
};
std::vector<SearchBlock> search_blocks(Eigen::Index n);

}  // namespace hesscape
