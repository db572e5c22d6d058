// The proofs of inertia.hpp for stacks.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "hesscape/linalg/by_size.hpp"
#include "hesscape/linalg/eigen_large.hpp"
#include "hesscape/linalg/eigen_stack.hpp"
#include "hesscape/linalg/inertia.hpp"
#include "hesscape/linalg/ldlt_stack.hpp"
#include "hesscape/numbers.hpp"

namespace hesscape {
namespace {

using Eigen::Index;

constexpr Index chunk = 4 * Pack::lanes;  // matrices that are scaled at a time

MatrixStack matrices(const double* values, Index count, Index n) {
  return {values, count, n, n * n, n, 1};
}

// Writes the way down for matrices with a negative eigenvalue: the lowest eigenvector of DHD, times
// D.
void find_ways_down(const SymmetricStack& stack, const std::vector<Index>& which, SignProofs& out) {
  const Index n = stack.n;
  RowMatrixXi exponent(chunk, n);
  RowMatrix scaled(chunk, n * n);
  RowMatrix values(chunk, n);
  RowMatrix vectors(chunk, n * n);
  for (std::size_t first = 0; first < which.size(); first += chunk) {
    const Index count = std::min<Index>(chunk, static_cast<Index>(which.size() - first));
    for (Index at = 0; at < count; ++at) {
      const Index k = which[first + at];
      int* e = exponent.row(at).data();
      equilibrate(stack.matrix(k), stack.matrix_error(k), n, e);
      std::replace(e, e + n, insignificant, 0);
      for (Index i = 0; i < n; ++i) {
        for (Index j = 0; j <= i; ++j) {
          scaled(at, i * n + j) = std::ldexp(stack.matrix(k)[i * n + j], e[i] + e[j]);
        }
      }
    }
    eigh_stack(matrices(scaled.data(), count, n), values.data(), vectors.data());
    for (Index at = 0; at < count; ++at) {
      auto down = out.way_down.row(which[first + at]);
      const int top = exponent.row(at).maxCoeff();
      for (Index i = 0; i < n; ++i) {
        down[i] = std::ldexp(vectors(at, i * n), exponent(at, i) - top);
      }
      down /= down.norm();
    }
  }
}

// Settles what the factorisations can; returns the matrices that are left.
std::vector<Index> by_factors(const SymmetricStack& stack, SignProofs& out) {
  const Index n = stack.n;
  Eigen::Matrix<std::int64_t, Eigen::Dynamic, 3, Eigen::RowMajor> inertia(stack.count, 3);
  const ErrorStack error{stack.error, stack.error_stride, n, 1};
  ldlt_stack(matrices(stack.values, stack.count, n), error, 0, inertia.data());
  std::vector<Index> left;
  std::vector<Index> down;
  for (Index k = 0; k < stack.count; ++k) {
    const bool definite = inertia(k, 0) == n || inertia(k, 2) == n;
    if (inertia(k, 1) > 0 || (definite && stack.error != nullptr)) {
      left.push_back(k);
      continue;
    }
    out.n_negative[k] = inertia(k, 0);
    out.n_positive[k] = inertia(k, 2);
    if (inertia(k, 0) > 0) {
      down.push_back(k);
    }
  }
  find_ways_down(stack, down, out);
  return left;
}

}  // namespace

SignProofs prove_signs(const SymmetricStack& stack, Index zero_modes, const double* gradient,
                       const Lapack* lapack) {
  const Index n = stack.n;
  SignProofs out;
  out.n_negative.setZero(stack.count);
  out.n_positive.setZero(stack.count);
  out.bound.setConstant(stack.count, infinity);
  out.way_down.setZero(stack.count, n);
  out.newton_step.setZero(gradient == nullptr ? 0 : stack.count, n);
  std::vector<Index> left;
  if (zero_modes == 0 && gradient == nullptr && across(Task::signs, n, stack.count)) {
    left = by_factors(stack, out);
  } else {
    left.resize(static_cast<std::size_t>(stack.count));
    std::iota(left.begin(), left.end(), Index{0});
  }
  for (const Index k : left) {
    const SignProof proof = prove_one(stack.matrix(k), stack.matrix_error(k), n, zero_modes,
                                      gradient == nullptr ? nullptr : gradient + k * n, lapack);
    out.n_negative[k] = proof.n_negative;
    out.n_positive[k] = proof.n_positive;
    out.bound[k] = proof.bound;
    out.way_down.row(k) = proof.way_down;
    if (gradient != nullptr) {
      out.newton_step.row(k) = proof.newton_step;
    }
  }
  return out;
}

Spectra spectra(const SymmetricStack& stack, const Eigen::VectorXd& relative,
                const Lapack* lapack) {
  const Index n = stack.n;
  Spectra out;
  out.values.setConstant(stack.count, n, not_a_number);
  out.vectors.setConstant(stack.count * n, n, not_a_number);
  if (across(Task::vectors, n, stack.count)) {
    eigh_stack(matrices(stack.values, stack.count, n), out.values.data(), out.vectors.data());
  } else {
    Eigen::VectorXd values;
    Eigen::MatrixXd vectors;
    for (Index k = 0; k < stack.count; ++k) {
      const Eigen::Map<const RowMatrix> h(stack.matrix(k), n, n);
      if (h.allFinite() && eigenpairs(h, lapack, values, vectors)) {
        out.values.row(k) = values;
        out.vectors.middleRows(k * n, n) = vectors;
      }
    }
  }
  const double solver = 10 * static_cast<double>(n) * epsilon;
  out.error.setConstant(stack.count, n, infinity);
  double norm = 0;
  for (Index k = 0; k < stack.count; ++k) {
    if (stack.error != nullptr && (k == 0 || stack.error_stride != 0)) {
      norm = collatz_wielandt(Eigen::Map<const Eigen::MatrixXd>(stack.matrix_error(k), n, n));
    }
    if (std::isnan(out.values(k, 0))) continue;
    const auto size = out.values.row(k).array().abs();
    const double rounding = solver * size.maxCoeff();
    out.error.row(k).setConstant(rounding + norm);
    if (relative[k] < 1) {
      const double ratio = relative[k] / (1 - relative[k]);
      out.error.row(k) = out.error.row(k).array().min(ratio * (size + rounding) + rounding);
    }
  }
  return out;
}

}  // namespace hesscape
