#include "hesscape/linalg/negative_curvature.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hesscape {
namespace {

using Eigen::ArrayXf;
using Eigen::Index;
using Eigen::VectorXf;

constexpr float flat = 1e-6F;       // beside one, single precision does not tell it from zero
constexpr float converged = 1e-3F;  // a residual, from which on more steps change nothing

}  // namespace

void NegativeCurvature::start(const HalfMatrix& a, double sign) {
  a_ = a;
  sign_ = sign;
  read_ = 0;
  has_start_ = false;
  scaled_.resize(n_, n_);
  scale_.resize(n_);
  for (Index i = 0; i < n_; ++i) {
    scale_[i] = 1 / std::sqrt(std::abs(a.diagonal(i)));
  }
  diagonal_.setOnes(n_);
  start_.resize(n_);
}

float NegativeCurvature::read_line() {
  const Index i = next_line();
  const Index from = begin();
  Eigen::Map<ArrayXf> line(scaled_.data() + i * n_ + from, read_);
  line = (a_.part(i, from, from + read_) * scale_.segment(from, read_) * (sign_ * scale_[i]))
             .cast<float>();
  scaled_(i, i) = diagonal_[i];
  const float sum = (line * start_.segment(from, read_).array()).sum();
  if (has_start_) {
    start_[i] = -sum / diagonal_[i];
  } else {
    start_[i] = sum > 0 ? -1.0F : 1.0F;
  }
  const float largest = read_ > 0 ? line.abs().maxCoeff() : 0.0F;
  ++read_;
  // infinities and what is not a number have come into the sum, for 0 * inf is not a number either
  return std::isfinite(sum) ? largest : std::numeric_limits<float>::quiet_NaN();
}

void NegativeCurvature::multiply(const VectorXf& x, VectorXf& product) const {
  const auto block = scaled_.block(begin(), begin(), read_, read_);
  if (a_.lower) {
    product.noalias() = block.selfadjointView<Eigen::Lower>() * x;
  } else {
    product.noalias() = block.selfadjointView<Eigen::Upper>() * x;
  }
}

bool NegativeCurvature::descends(int steps) {
  auto start = start_.segment(begin(), read_);
  VectorXf residual = start.normalized();
  VectorXf solution = VectorXf::Zero(read_);
  VectorXf product(read_);
  direction_ = residual;
  has_start_ = true;
  float square = residual.squaredNorm();
  for (int step = 0; step < steps; ++step) {
    multiply(direction_, product);
    const float curvature = direction_.dot(product);
    const float limit = flat * direction_.squaredNorm();
    if (!(curvature > limit)) {
      start = direction_ / direction_.lpNorm<Eigen::Infinity>();
      return curvature < -limit;
    }
    const float length = square / curvature;
    solution += length * direction_;
    residual -= length * product;
    const float next = residual.squaredNorm();
    if (next < converged * converged) {
      break;
    }
    direction_ = residual + (next / square) * direction_;
    square = next;
  }
  start = solution / solution.lpNorm<Eigen::Infinity>();
  return false;
}

// A step costs one product with the block. With these numbers a search that finds nothing takes
// about a tenth of the time of the Cholesky factorisation that then follows.
std::vector<SearchBlock> search_blocks(Index n) {
  constexpr Index least_n = 96;
  constexpr Index smallest = 32;
  if (n < least_n) {
    return {{n, 0}};
  }
  std::vector<SearchBlock> blocks;
  for (const Index part : {8, 4, 2}) {
    if (n / part >= smallest) {
      blocks.push_back({n / part, static_cast<int>(std::clamp<Index>(n / 60, 4, 8))});
    }
  }
  blocks.push_back({n, static_cast<int>(std::clamp<Index>(n / 125, 2, 8))});
  return blocks;
}

}  // namespace hesscape
