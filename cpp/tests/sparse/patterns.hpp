// Patterns for the tests of sparse matrices.
#pragma once

#include <random>
#include <vector>

#include "hesscape/sparse/sparse_pattern.hpp"

namespace hesscape::check {

inline SparsePattern pattern_of(const Eigen::MatrixXd& matrix) {
  std::vector<int> start{0};
  std::vector<int> row;
  for (int j = 0; j < matrix.cols(); ++j) {
    for (int i = 0; i < matrix.rows(); ++i) {
      if (i == j || matrix(i, j) != 0 || matrix(j, i) != 0) row.push_back(i);
    }
    start.push_back(static_cast<int>(row.size()));
  }
  return {Eigen::Map<Eigen::VectorXi>(start.data(), std::ssize(start)),
          Eigen::Map<Eigen::VectorXi>(row.data(), std::ssize(row))};
}

inline Eigen::ArrayXd entries(const SparsePattern& pattern, const Eigen::MatrixXd& matrix) {
  Eigen::ArrayXd values(pattern.entries());
  for (int j = 0; j < pattern.size(); ++j) {
    int p = pattern.first(j);
    for (const int i : pattern.column(j)) values[p++] = matrix(i, j);
  }
  return values;
}

// Symmetric, with about this part of its entries.
inline Eigen::MatrixXd sparse_matrix(int n, double part, std::mt19937& random) {
  std::normal_distribution<double> normal;
  std::bernoulli_distribution some(part);
  Eigen::MatrixXd matrix = Eigen::MatrixXd::Zero(n, n);
  for (int j = 0; j < n; ++j) {
    for (int i = 0; i < j; ++i) {
      if (some(random)) matrix(i, j) = matrix(j, i) = normal(random);
    }
    matrix(j, j) = normal(random);
  }
  return matrix;
}

inline Eigen::MatrixXd chain(int n) {  // the Laplacian, minus one
  Eigen::MatrixXd matrix = Eigen::MatrixXd::Zero(n, n);
  for (int i = 0; i < n; ++i) {
    matrix(i, i) = i == 0 || i == n - 1 ? 0 : 1;
    if (i > 0) matrix(i, i - 1) = matrix(i - 1, i) = -1;
  }
  return matrix;
}

}  // namespace hesscape::check
