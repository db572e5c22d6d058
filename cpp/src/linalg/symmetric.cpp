#include "hesscape/linalg/symmetric.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "hesscape/numbers.hpp"

namespace hesscape {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

}  // namespace

// Symmetric equilibration in the infinity norm, D <- D / sqrt(row maxima of DHD) (Ruiz 2001), on
// binary exponents, so that no scale over- or underflows. The deviation from one is halved each
// time.
void equilibrate(const double* h, const double* error, Index n, int* exponent) {
  constexpr int iterations = 40;
  Eigen::ArrayXXd logarithm(n, n);  // column i: of row i; -infinity where nothing is significant
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < n; ++j) {
      const double value = std::abs(h[i * n + j]);
      logarithm(j, i) = value > error_at(error, i * n + j) ? std::ilogb(value) : -infinity;
    }
  }
  std::vector<Index> rows;
  for (Index i = 0; i < n; ++i) {
    exponent[i] = insignificant;
    if (logarithm.col(i).maxCoeff() > -infinity) {
      rows.push_back(i);
    }
  }
  for (Index j = 0; j < n; ++j) {
    if (!std::binary_search(rows.begin(), rows.end(), j)) {
      logarithm.row(j) = -infinity;
    }
  }
  Eigen::ArrayXd scale = Eigen::ArrayXd::Zero(n);
  Eigen::ArrayXd largest = Eigen::ArrayXd::Zero(n);
  for (int iteration = 0; iteration < iterations && !rows.empty(); ++iteration) {
    for (const Index i : rows) {
      largest[i] = (logarithm.col(i) + scale).maxCoeff() + scale[i];
    }
    scale -= largest / 2;
    if (largest.abs().maxCoeff() <= 1) {
      break;
    }
  }
  for (const Index i : rows) {
    exponent[i] = static_cast<int>(std::lround(scale[i]));
  }
}

RowMatrixXi equilibrate(const SymmetricStack& stack) {
  RowMatrixXi exponents(stack.count, stack.n);
  for (Index k = 0; k < stack.count; ++k) {
    equilibrate(stack.matrix(k), stack.matrix_error(k), stack.n, exponents.row(k).data());
  }
  return exponents;
}

// One Collatz-Wielandt quotient on the rows where v > 0; v becomes the next iterate of the power
// method.
double collatz_wielandt_step(const MatrixXd& b, VectorXd& v, VectorXd& product) {
  product.noalias() = b * v;
  if (!product.allFinite()) {  // and v must stay positive and finite: the quotients of other rows
                               // alone prove nothing
    return infinity;
  }
  const double top = product.maxCoeff();
  double quotient = 0;
  for (Index i = 0; i < v.size(); ++i) {
    if (v[i] > 0) {
      quotient = std::max(quotient, product[i] / v[i]);
      v[i] = top > 0 ? std::max(product[i] / top, 1e-30) : 1.0;
    }
  }
  return quotient * (1 + gamma(v.size() + 4)) + underflow;
}

double collatz_wielandt(const Eigen::Ref<const MatrixXd>& b) {
  const MatrixXd matrix = b;
  VectorXd v = VectorXd::Ones(b.rows());
  VectorXd product(b.rows());
  double bound = infinity;
  for (int step = 0; step < collatz_wielandt_steps; ++step) {
    bound = std::min(bound, collatz_wielandt_step(matrix, v, product));
  }
  return bound;
}

}  // namespace hesscape
