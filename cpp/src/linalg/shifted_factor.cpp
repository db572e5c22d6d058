#include "hesscape/linalg/shifted_factor.hpp"

#include <algorithm>
#include <cmath>

#include "hesscape/numbers.hpp"

namespace hesscape {
namespace {

using Eigen::ArrayXd;
using Eigen::Index;
using Eigen::VectorXd;

constexpr Index first_block = 64;  // Cholesky starts with this many rows, and then doubles

using Packet = Eigen::internal::packet_traits<double>::type;
constexpr Index square = Eigen::internal::packet_traits<double>::size;

// out(j, i) = rows(i, j) row_scale_i column_scale_j, for a square.
EIGEN_ALWAYS_INLINE void transpose_square(const double* rows, Index stride, const double* row_scale,
                                          const double* column_scale, double* out, Index ld) {
  using namespace Eigen::internal;
  PacketBlock<Packet, square> block;
  const auto columns = ploadu<Packet>(column_scale);
  for (Index k = 0; k < square; ++k) {
    const Packet scale = pmul(columns, pset1<Packet>(row_scale[k]));
    block.packet[k] = pmul(ploadu<Packet>(rows + k * stride), scale);
  }
  ptranspose(block);
  for (Index k = 0; k < square; ++k) {
    pstoreu(out + k * ld, block.packet[k]);
  }
}

}  // namespace

ShiftedFactor::ShiftedFactor(const Lapack& lapack, Index n)
    : lapack_(&lapack), c_(n, n), pivots_(n), work_(ldlt_workspace(lapack, n)) {}

// Rows first ... last - 1 of the lower triangle.
void ShiftedFactor::fill(const ScaledMatrix& c, Index first, Index last) {
  if (c.a.lower) {
    transpose(c, first, last);
  } else {
    for (Index j = 0; j < last; ++j) {  // a line of the upper triangle is a column of the lower one
      const Index top = std::max(j, first);
      c_.col(j).segment(top, last - top).array() = c.part(j, top, last);
    }
  }
  c_.diagonal().segment(first, last - first).array() += c.shift.segment(first, last - first);
}

// Lines of the lower triangle become columns, in tiles of which both sides stay in the first cache,
// and those in squares that are transposed in registers.
void ShiftedFactor::transpose(const ScaledMatrix& c, Index first, Index last) {
  constexpr Index tile = 32;
  const ArrayXd signed_scale = c.sign * c.scale;
  const double* const row_scale = signed_scale.data();
  const double* const column_scale = c.scale.data();
  const double* const a = c.a.data;
  double* const out = c_.data();
  const Index stride = c.a.stride;
  const Index ld = c_.rows();
  for (Index i0 = first; i0 < last; i0 += tile) {
    const Index end = std::min(i0 + tile, last);
    for (Index j0 = 0; j0 < end; j0 += tile) {
      for (Index i = i0; i < end; i += square) {
        Index j = j0;
        for (; i + square <= end && j + square <= std::min(j0 + tile, i + 1); j += square) {
          transpose_square(a + i * stride + j, stride, row_scale + i, column_scale + j,
                           out + j * ld + i, ld);
        }
        for (Index row = i; row < std::min(i + square, end); ++row) {
          for (Index k = j; k < std::min(j0 + tile, row + 1); ++k) {
            out[k * ld + row] = a[row * stride + k] * (row_scale[row] * column_scale[k]);
          }
        }
      }
    }
  }
}

// Leading blocks are tried first: most matrices that are not definite fail there, for little.
Index ShiftedFactor::cholesky(const ScaledMatrix& c, const std::function<bool()>& promising) {
  const Index n = c_.rows();
  Index done = 0;
  for (const Index m : {first_block, n / 4}) {
    if (m >= first_block && m <= n / 4) {
      const Index columns = leading_block(c, m);
      if (columns < m) {
        return columns;
      }
      done = m;
    }
  }
  return !promising || promising() ? leading_block(c, n) : done;
}

// Cholesky of the leading m rows and columns.
Index ShiftedFactor::leading_block(const ScaledMatrix& c, Index m) {
  fill(c, 0, m);
  const int failed = hesscape::cholesky(*lapack_, m, c_.data(), c_.rows());
  if (failed != 0) {
    return failed - 1;
  }
  return c_.diagonal().head(m).allFinite() ? m : 0;
}

bool ShiftedFactor::factor(const ScaledMatrix& c, Index leading) {
  const Index n = c_.rows();
  leading_ = leading > 0 && leading_block(c, leading) == leading ? leading : 0;
  const Index rest = n - leading_;
  double* const data = c_.data();
  double* const schur = data + leading_ * (n + 1);
  fill(c, leading_, n);
  if (leading_ > 0) {
    solve_right(*lapack_, rest, leading_, data, data + leading_, n);
    subtract_square(*lapack_, rest, leading_, data + leading_, schur, n);
  }
  ldlt(*lapack_, rest, schur, n, pivots_.data(), work_.data(), work_.size());
  return count_pivots();
}

// Signs of the blocks of D by its entries as computed: a 2 x 2 block has one eigenvalue of either
// sign where its determinant is clearly negative, which also bounds |D| |D^-1| |D| by 7 |D|.
bool ShiftedFactor::count_pivots() {
  const Index n = c_.rows();
  negative_ = 0;
  positive_ = leading_;
  for (Index k = leading_; k < n; ++k) {
    const double d = c_(k, k);
    if (pivots_[k - leading_] > 0) {
      negative_ += d < 0 ? 1 : 0;
      positive_ += d > 0 ? 1 : 0;
      if (!std::isfinite(d)) {
        return false;
      }
      continue;
    }
    const double off = std::abs(c_(k + 1, k));
    const double ratio = std::abs(d / off) * std::abs(c_(k + 1, k + 1) / off);
    if (!(ratio <= 0.49)) {
      return false;
    }
    ++negative_;
    ++positive_;
    ++k;
  }
  return true;
}

// product = |L| |D| |L|^T w. LDL^T is stored as interchanges and columns in turn, P1 L1 P2 L2 ...,
// and is applied so.
void ShiftedFactor::apply_factor(const ArrayXd& w, ArrayXd& product) const {
  const Index n = c_.rows();
  const auto below = [&](Index j, Index first) { return c_.col(j).tail(n - first).array().abs(); };
  product = w;
  ArrayXd leading(leading_);
  for (Index j = 0; j < leading_; ++j) {
    leading[j] = (below(j, j) * w.tail(n - j)).sum();
  }
  const auto pivot = [&](Index k) { return pivots_[k - leading_]; };
  const auto swap = [&](Index k, Index with) { std::swap(product[k], product[with]); };
  Index k = leading_;
  while (k < n) {  // |L|^T P, then |D|
    const bool pair = pivot(k) < 0;
    const Index last = pair ? k + 1 : k;
    swap(last, leading_ + std::abs(pivot(k)) - 1);
    const auto rest = product.tail(n - last - 1);
    for (Index j = k; j <= last; ++j) {
      product[j] += (below(j, last + 1) * rest).sum();
    }
    if (pair) {
      const double off = std::abs(c_(k + 1, k));
      const double first = std::abs(c_(k, k)) * product[k] + off * product[k + 1];
      product[k + 1] = off * product[k] + std::abs(c_(k + 1, k + 1)) * product[k + 1];
      product[k] = first;
    } else {
      product[k] *= std::abs(c_(k, k));
    }
    k = last + 1;
  }
  while (k > leading_) {  // P^T |L|
    const Index last = k - 1;
    const Index first = pivot(last) < 0 ? last - 1 : last;
    for (Index j = first; j <= last; ++j) {
      product.tail(n - last - 1) += below(j, last + 1) * product[j];
    }
    swap(last, leading_ + std::abs(pivot(last)) - 1);
    k = first;
  }
  product.head(leading_).setZero();
  for (Index j = 0; j < leading_; ++j) {
    product.tail(n - j) += below(j, j) * leading[j];
  }
}

double ShiftedFactor::backward_error() {
  const Index n = c_.rows();
  ArrayXd w = ArrayXd::Ones(n);
  ArrayXd product(n);
  double bound = infinity;
  constexpr int steps = 2;  // a third gains less than a tenth
  for (int step = 0; step < steps; ++step) {
    apply_factor(w, product);
    if (!product.allFinite()) {
      return infinity;
    }
    bound = std::min(bound, (product / w).maxCoeff());
    w = (product / product.maxCoeff()).max(1e-30);
  }
  // the products are sums of nonnegative terms, each with less than 4n + 32 roundings
  return factor_gamma(n) * bound * (1 + gamma(4 * n + 64)) + underflow;
}

VectorXd ShiftedFactor::failed_direction(Index k) const {
  VectorXd x(k + 1);
  x.head(k) = -c_.row(k).head(k).transpose();
  c_.topLeftCorner(k, k).triangularView<Eigen::Lower>().transpose().solveInPlace(x.head(k));
  x[k] = 1;
  return x;
}

}  // namespace hesscape
