#include "hesscape/inertia_large.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "hesscape/eigen_large.hpp"
#include "hesscape/inertia.hpp"

namespace hesscape {
namespace {

using Eigen::ArrayXd;
using Eigen::Index;
using Eigen::VectorXd;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr int largest_exponent = 500;

auto row(const double* a, Index n, Index i) {  // of the triangle that is read
  return Eigen::Map<const ArrayXd>(a + i * n + i, n - i);
}

// The upper triangle, with its rows contiguous: where it is, or copied to `upper`.
const double* upper_triangle(const MatrixStack& a, RowMatrix& upper) {
  if (a.row == 1 && a.column == a.n) {  // the lower one of the columns
    return a.data;
  }
  constexpr Index tile = 32;  // both sides of a tile stay in the first cache
  upper.resize(a.n, a.n);
  for (Index i0 = 0; i0 < a.n; i0 += tile) {
    for (Index j0 = 0; j0 <= i0; j0 += tile) {
      for (Index i = i0; i < std::min(i0 + tile, a.n); ++i) {
        for (Index j = j0; j < std::min(j0 + tile, i + 1); ++j) {
          upper(j, i) = *a.at(0, i, j);
        }
      }
    }
  }
  return upper.data();
}

double number(double error) { return error >= 0 ? error : infinity; }  // also for nan

double at(const EntryError& error, Index i) {
  return error.entries == nullptr ? number(error.uniform) : number(error.entries[i]);
}

double power_of_two(int exponent) {
  return std::ldexp(1.0, std::clamp(exponent, -largest_exponent, largest_exponent));
}

// Does a 2 x 2 minor prove an eigenvalue of either sign, (|a_ij| - e_ij)^2 > |a_ii| |a_jj| with
// the diagonal widened by its errors? All its entries have one sign, or are zero within errors.
bool negative_minor(const double* a, const EntryError& error, Index n) {
  ArrayXd root(n);
  for (Index i = 0; i < n; ++i) {
    root[i] = std::sqrt(std::abs(a[i * n + i]) + at(error, i * n + i)) * (1 + 8 * unit_roundoff);
  }
  constexpr double tiny = 0x1p-1060;  // above the error of a product that underflows
  for (Index i = 0; i + 1 < n; ++i) {
    const Index rest = n - i - 1;
    const auto off = row(a, n, i).tail(rest).abs();
    const auto limit = root.tail(rest) * (root[i] * (1 + 8 * unit_roundoff)) + tiny;
    const double excess =
        error.entries == nullptr
            ? (off - (limit + number(error.uniform)) * (1 + 8 * unit_roundoff)).maxCoeff()
            : (off - (limit + row(error.entries, n, i).tail(rest)) * (1 + 8 * unit_roundoff))
                  .maxCoeff<Eigen::PropagateNumbers>();
    if (excess > 0) {
      return true;
    }
  }
  return false;
}

}  // namespace

LargeInertia::LargeInertia(const Lapack& lapack, Index n)
    : lapack_(&lapack), n_(n), factor_(lapack, n), width_(n), largest_(n) {
  c_.scale.resize(n);
  c_.shift.resize(n);
}

LargeInertia::Diagonal LargeInertia::diagonal(const EntryError& error) const {
  Index positive = 0;
  Index negative = 0;
  for (Index i = 0; i < n_; ++i) {
    const double value = c_.a[i * (n_ + 1)];
    const double e = at(error, i * (n_ + 1));
    positive += value > e ? 1 : 0;
    negative += value < -e ? 1 : 0;
  }
  return {positive > 0, negative > 0, std::max(positive, negative) == n_};
}

// The matrix with both its triangles.
RowMatrix LargeInertia::full() const {
  return Eigen::Map<const RowMatrix>(c_.a, n_, n_).selfadjointView<Eigen::Upper>();
}

// The largest entry of each row; false if an entry is not finite.
bool LargeInertia::measure_rows() {
  double zero = 0;
  largest_.setZero();
  for (Index i = 0; i < n_; ++i) {
    const auto entries = row(c_.a, n_, i).abs();
    zero += (entries * 0.0).sum();  // 0 * inf and 0 * nan are not zero
    largest_[i] = std::max(largest_[i], entries.maxCoeff());
    largest_.tail(n_ - i) = largest_.tail(n_ - i).max(entries);
  }
  return zero == 0;
}

// Scales that bring the diagonal near one, unless an entry of the matrix is then large.
bool LargeInertia::scale_by_diagonal() {
  constexpr double large = 16;
  double least = infinity;
  for (Index i = 0; i < n_; ++i) {
    const double entry = std::abs(c_.a[i * (n_ + 1)]);
    least = std::min(least, entry);
    const int half = (std::ilogb(entry) + 1) >> 1;  // rounded down, also below zero
    c_.scale[i] = power_of_two(-half);
  }
  if (largest_.maxCoeff() <= large / 2 * least) {
    return true;
  }
  double largest = 0;
  for (Index i = 0; i < n_; ++i) {
    largest = std::max(largest, c_.column(i, i, n_).abs().maxCoeff());
  }
  return largest <= large;
}

// Scales that bring the rows near one: simply where they differ little, by `equilibrate` otherwise.
void LargeInertia::scale_by_rows(const EntryError& error) {
  std::vector<int> exponent(static_cast<std::size_t>(n_));
  constexpr double little = 16;
  const double most = largest_.maxCoeff();
  if (most <= little * largest_.minCoeff() && most > 0) {
    std::fill(exponent.begin(), exponent.end(), -((std::ilogb(most) + 1) >> 1));
  } else {
    equilibrate(full().data(), error.entries, n_, exponent.data());
  }
  for (Index i = 0; i < n_; ++i) {
    // a row within its errors decides nothing, and here disturbs nothing
    const int e = exponent[static_cast<std::size_t>(i)];
    c_.scale[i] = power_of_two(e == insignificant ? -largest_exponent : e);
  }
}

// width = the row sums of D E D, plus zero_tol D^2, rounded up: E <= its row sums in the sense of
// quadratic forms. False if it is not finite.
bool LargeInertia::widen(const EntryError& error, double zero_tol) {
  const ArrayXd& d = c_.scale;
  width_ = zero_tol * (d * d);
  if (error.entries != nullptr) {
    for (Index i = 0; i < n_; ++i) {
      const ArrayXd entries = row(error.entries, n_, i) * (d.tail(n_ - i) * d[i]);
      width_[i] += entries.sum();
      width_.tail(n_ - i - 1) += entries.tail(n_ - i - 1);
    }
  } else if (error.uniform != 0) {
    const double sum = d.sum();
    width_ += number(error.uniform) * (d * sum);
  }
  width_ *= 1 + gamma(n_ + 16);
  return width_.allFinite();
}

// gamma M <= this for a Cholesky factorisation, whose M is at most the trace.
double LargeInertia::cholesky_bound() const {
  double trace = 0;
  for (Index i = 0; i < n_; ++i) {
    trace += c_.column(i, i, i + 1)[0];
  }
  return factor_gamma(n_) * trace * (1 + gamma(4 * n_ + 64)) + 0x1p-900;
}

// How many leading rows are proven definite by one factorisation.
Index LargeInertia::definite_rows() {
  c_.shift = -(width_ + cholesky_bound()) * (1 + 4 * unit_roundoff);
  return factor_.cholesky(c_);
}

// How many eigenvalues are proven to have the sign of `side`, with `bound` for rounding errors; it
// grows where that is not enough. tight: how small it could have been.
Index LargeInertia::proven(double side, Index leading, double& bound, double& tight) {
  constexpr int attempts = 3;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    c_.shift = (width_ + bound) * (-side * (1 + 4 * unit_roundoff));
    tight = factor_.factor(c_, leading) ? factor_.backward_error() : infinity;
    if (tight <= bound) {
      return side > 0 ? factor_.positive() : factor_.negative();
    }
    if (factor_.leading() == 0 || tight < 4 * bound) {
      bound = 1.5 * tight;
    }
    if (!(bound < 1)) {
      return 0;
    }
    leading = 0;  // pivoting may keep the factors smaller
  }
  return 0;
}

// Proves what it can of the scaled and widened matrix.
void LargeInertia::by_factors(bool may_be_definite, SignCounts& counts) {
  const Index rows = may_be_definite ? definite_rows() : 0;
  if (rows == n_) {
    counts.positive = n_;
    return;
  }
  constexpr Index unit = 32;
  const Index leading = rows - rows % unit;
  // What M comes to is guessed: this is more than usual. The other side then has nearly the same.
  const auto n = static_cast<double>(n_);
  double bound = std::min(0.1, factor_gamma(n_) * n * (n + 32) / 2);
  double tight = infinity;
  counts.positive = proven(1, leading, bound, tight);
  double other_bound = tight < 0.1 ? 1.5 * tight : bound;
  double other_tight = infinity;
  counts.negative = proven(-1, leading, other_bound, other_tight);
  if (counts.positive + counts.negative < n_ && tight < bound / 3) {  // less may show more
    bound = 1.25 * tight;
    counts.positive = std::max(counts.positive, proven(1, leading, bound, tight));
  }
}

SignCounts LargeInertia::by_congruence(const EntryError& error, double zero_tol) const {
  RowMatrix width;
  if (error.entries != nullptr) {
    width = Eigen::Map<const RowMatrix>(error.entries, n_, n_);
  } else if (error.uniform != 0 || zero_tol != 0) {
    width.setConstant(n_, n_, error.uniform);
  }
  if (zero_tol != 0) {  // the sum is rounded up
    width.diagonal() = (width.diagonal().array() + zero_tol) * (1 + 4 * unit_roundoff);
  }
  const RowMatrix full = Eigen::Map<const RowMatrix>(c_.a, n_, n_).selfadjointView<Eigen::Upper>();
  const SymmetricStack stack{full.data(), width.size() == 0 ? nullptr : width.data(), 0, 1, n_};
  const SignProofs proofs = prove_signs(stack, 0, nullptr, lapack_);
  return {proofs.n_negative[0], 0, proofs.n_positive[0], true};
}

SignCounts LargeInertia::inertia(const MatrixStack& a, const EntryError& error, double zero_tol,
                                 bool thorough) {
  c_.a = upper_triangle(a, upper_);
  if (n_ == 0 || !measure_rows()) {
    return {0, n_, 0, n_ == 0};
  }
  const Diagonal entries = diagonal(error);
  c_.sign = entries.negative && !entries.positive ? -1 : 1;
  const bool by_diagonal = entries.definite && scale_by_diagonal();
  if (!by_diagonal) {
    scale_by_rows(error);
  }
  SignCounts counts;
  const bool has_error = error.entries != nullptr || error.uniform != 0;
  if (widen(error, zero_tol)) {
    by_factors(by_diagonal, counts);
    if (c_.sign < 0) {
      std::swap(counts.positive, counts.negative);
    }
  }
  const bool open = counts.positive + counts.negative < n_;
  if (thorough && open && (has_error || may_show_more(counts))) {
    const SignCounts other = by_congruence(error, zero_tol);
    counts.negative = std::max(counts.negative, other.negative);
    counts.positive = std::max(counts.positive, other.positive);
  }
  counts.zero = n_ - counts.negative - counts.positive;
  return counts;
}

// Are there more eigenvalues than the proven ones that the rounding of `prove_signs` could tell
// from zero? Only to save its time where zero eigenvalues are just that: nothing is proven here.
bool LargeInertia::may_show_more(const SignCounts& counts) const {
  if (c_.scale.maxCoeff() >= power_of_two(largest_exponent)) {
    return true;  // its scales reach further
  }
  RowMatrix b(n_, n_);  // upper triangle
  double sum = 0;
  for (Index i = 0; i < n_; ++i) {
    b.row(i).tail(n_ - i) = c_.column(i, i, n_).matrix() * c_.sign;
    sum += b.row(i).tail(n_ - i).cwiseAbs().sum();
  }
  const double rounding = gamma(2 * n_ + 16) * sum / (2 * static_cast<double>(n_));
  LargeEigensolver<double> solver(*lapack_, n_, false);
  ArrayXd values(n_);
  const bool shifted = width_.maxCoeff() > 0;
  const auto solve = [&](double shift) {
    b.diagonal() += shift * width_.matrix();
    return solver.solve(b.data(), n_, Triangle::upper, values.data(), nullptr);
  };
  if (!solve(-1) || (values > rounding).count() > counts.positive) {
    return true;
  }
  return (shifted && !solve(2)) || (values < -rounding).count() > counts.negative;
}

// Is x^T H x < 0 for every H within the error, with x the direction where Cholesky stopped?
bool LargeInertia::negative_direction(const EntryError& error, Index k) const {
  const ArrayXd x = factor_.failed_direction(k).array();
  if (!x.allFinite()) {
    return false;
  }
  const ArrayXd magnitude = x.abs();
  double form = 0;
  double size = 0;   // |x|^T |DAD| |x|
  double doubt = 0;  // |x|^T DED |x|
  for (Index j = 0; j <= k; ++j) {
    const Index rest = k - j;
    const ArrayXd entries = c_.column(j, j, k + 1);
    const auto below = entries.tail(rest);
    form += x[j] * (entries[0] * x[j] + 2 * (below * x.tail(rest)).sum());
    size += magnitude[j] *
            (std::abs(entries[0]) * magnitude[j] + 2 * (below.abs() * magnitude.tail(rest)).sum());
    if (error.entries != nullptr) {
      const ArrayXd e =
          row(error.entries, n_, j).head(rest + 1) * (c_.scale.segment(j, rest + 1) * c_.scale[j]);
      doubt +=
          magnitude[j] * (e[0] * magnitude[j] + 2 * (e.tail(rest) * magnitude.tail(rest)).sum());
    }
  }
  const double sum = (c_.scale.head(k + 1) * magnitude).sum();
  doubt += error.entries == nullptr ? number(error.uniform) * sum * sum : 0;
  const double rounding =
      gamma(2 * k + 32) * size + 0x1p-900 * (1 + magnitude.sum() * magnitude.sum());
  return form + (rounding + doubt) * (1 + gamma(4 * k + 64)) < 0;
}

Definiteness LargeInertia::definiteness(const MatrixStack& a, const EntryError& error) {
  c_.a = upper_triangle(a, upper_);
  if (n_ == 0 || !measure_rows()) {
    return Definiteness::undecided;
  }
  const Diagonal entries = diagonal(error);
  if ((entries.positive && entries.negative) || negative_minor(c_.a, error, n_)) {
    return Definiteness::indefinite;
  }
  c_.sign = entries.negative ? -1 : 1;
  if (entries.definite && scale_by_diagonal() && widen(error, 0)) {
    const Index rows = definite_rows();
    if (rows == n_) {
      return entries.negative ? Definiteness::negative : Definiteness::positive;
    }
    if (negative_direction(error, rows)) {
      return Definiteness::indefinite;
    }
  }
  const SignCounts counts = inertia(a, error, 0);
  if (counts.negative > 0 && counts.positive > 0) {
    return Definiteness::indefinite;
  }
  if (counts.zero == 0) {
    return counts.positive > 0 ? Definiteness::positive : Definiteness::negative;
  }
  return Definiteness::undecided;
}

}  // namespace hesscape
