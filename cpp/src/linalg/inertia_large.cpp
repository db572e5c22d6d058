#include "hesscape/linalg/inertia_large.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "hesscape/linalg/eigen_large.hpp"
#include "hesscape/linalg/inertia.hpp"
#include "hesscape/numbers.hpp"

namespace hesscape {
namespace {

using Eigen::ArrayXd;
using Eigen::Index;
using Eigen::VectorXd;

constexpr int largest_exponent = 500;

// The triangle of `a` by its lines: where it is, or copied to `upper`.
HalfMatrix half_matrix(const MatrixStack& a, RowMatrix& upper) {
  if (a.column == 1) {
    return {a.data, a.n, a.row, true};
  }
  if (a.row == 1) {
    return {a.data, a.n, a.column, false};
  }
  upper.resize(a.n, a.n);
  for (Index j = 0; j < a.n; ++j) {
    for (Index i = j; i < a.n; ++i) {
      upper(j, i) = *a.at(0, i, j);
    }
  }
  return {upper.data(), a.n, a.n, false};
}

double number(double error) { return error >= 0 ? error : infinity; }  // also for nan

double at(const EntryError& error, Index i) {
  return error.entries == nullptr ? number(error.uniform) : number(error.entries[i]);
}

double power_of_two(int exponent) {
  return std::ldexp(1.0, std::clamp(exponent, -largest_exponent, largest_exponent));
}

// Columns from ... to - 1 of row i of the error.
auto part(const EntryError& error, Index n, Index i, Index from, Index to) {
  return HalfMatrix::Line(error.entries + i * n + from, to - from);
}

bool finite(const HalfMatrix& a, Index i) {
  return (a.line(i) * 0.0).sum() == 0;  // 0 * inf and 0 * nan are not zero
}

}  // namespace

LargeInertia::LargeInertia(const Lapack& lapack, Index n)
    : lapack_(&lapack), n_(n), factor_(lapack, n), search_(n), width_(n), largest_(n), root_(n) {
  c_.scale.resize(n);
  c_.shift.resize(n);
}

LargeInertia::Diagonal LargeInertia::diagonal(const EntryError& error) const {
  Index positive = 0;
  Index negative = 0;
  bool finite = true;
  for (Index i = 0; i < n_; ++i) {
    const double value = c_.a.diagonal(i);
    finite = finite && std::isfinite(value);
    const double e = at(error, i * (n_ + 1));
    positive += value > e ? 1 : 0;
    negative += value < -e ? 1 : 0;
  }
  return {positive > 0, negative > 0, n_ > 0 && finite && std::max(positive, negative) == n_};
}

// The matrix with both its triangles.
RowMatrix LargeInertia::full() const {
  const Eigen::Map<const RowMatrix, 0, Eigen::OuterStride<>> a(c_.a.data, n_, n_,
                                                               Eigen::OuterStride<>(c_.a.stride));
  return c_.a.lower ? RowMatrix(a.selfadjointView<Eigen::Lower>())
                    : RowMatrix(a.selfadjointView<Eigen::Upper>());
}

// Whether the lines from the `read`-th on, in the order of `search_`, are finite.
bool LargeInertia::rest_is_finite(Index read) const {
  bool all = true;
  for (Index k = read; k < n_ && all; ++k) {
    all = finite(c_.a, c_.a.lower ? k : n_ - 1 - k);
  }
  return all;
}

// The largest entry of each row; false if an entry is not finite.
bool LargeInertia::measure_rows() {
  largest_.setZero();
  bool all = true;
  for (Index i = 0; i < n_ && all; ++i) {
    const auto entries = c_.a.line(i).abs();
    all = finite(c_.a, i);
    largest_[i] = std::max(largest_[i], entries.maxCoeff());
    auto others = largest_.segment(c_.a.first(i), entries.size());
    others = others.max(entries);
  }
  return all;
}

// Scales that bring the diagonal near one.
void LargeInertia::scale_by_diagonal() {
  for (Index i = 0; i < n_; ++i) {
    const int half = (std::ilogb(c_.a.diagonal(i)) + 1) >> 1;  // rounded down, also below zero
    c_.scale[i] = power_of_two(-half);
  }
}

// Is no entry of the scaled matrix large?
bool LargeInertia::moderate() const {
  constexpr double large = 16;
  double least = infinity;
  for (Index i = 0; i < n_; ++i) {
    least = std::min(least, std::abs(c_.a.diagonal(i)));
  }
  if (largest_.maxCoeff() <= large / 2 * least) {
    return true;
  }
  double largest = 0;
  for (Index i = 0; i < n_; ++i) {
    largest = std::max(largest, c_.part(i, c_.a.first(i), c_.a.last(i)).abs().maxCoeff());
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
      const ArrayXd entries = part(error, n_, i, i, n_) * (d.tail(n_ - i) * d[i]);
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
    trace += c_.diagonal(i);
  }
  return factor_gamma(n_) * trace * (1 + gamma(4 * n_ + 64)) + 0x1p-900;
}

// False where conjugate gradients find a direction down in the leading half: nothing is proven by
// that, but a factorisation is saved that most probably fails.
bool LargeInertia::may_be_definite() {
  constexpr Index least_n = 512;  // below, the time of it is seen in that of a definite matrix
  if (n_ < least_n) {
    return true;
  }
  search_.start(c_.a, c_.sign);
  search_.widen(width_ * (search_.scale() / c_.scale).square());
  for (const SearchBlock& block : search_blocks(n_)) {
    while (block.lines < n_ && search_.read() < block.lines) {
      if (std::isnan(search_.read_line())) {
        return true;
      }
    }
    if (block.lines < n_ && search_.descends(block.steps)) {
      return false;
    }
  }
  return true;
}

// How many leading rows are proven definite by one factorisation. look: it is not tried beyond a
// quarter of the rows where that looks vain.
Index LargeInertia::definite_rows(bool look) {
  c_.shift = -(width_ + cholesky_bound()) * (1 + 4 * unit_roundoff);
  return look ? factor_.cholesky(c_, [this] { return may_be_definite(); }) : factor_.cholesky(c_);
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

// Proves what it can of the scaled and widened matrix, of which the leading `rows` are definite.
void LargeInertia::by_factors(Index rows, SignCounts& counts) {
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
  const RowMatrix both = full();
  const SymmetricStack stack{both.data(), width.size() == 0 ? nullptr : width.data(), 0, 1, n_};
  const SignProofs proofs = prove_signs(stack, 0, nullptr, lapack_);
  return {proofs.n_negative[0], 0, proofs.n_positive[0], true};
}

SignCounts LargeInertia::inertia(const MatrixStack& a, const EntryError& error, double zero_tol,
                                 bool thorough) {
  c_.a = half_matrix(a, upper_);
  const Diagonal entries = diagonal(error);
  c_.sign = entries.negative && !entries.positive ? -1 : 1;
  const bool swapped = c_.sign < 0;
  Index rows = 0;
  if (entries.definite) {
    scale_by_diagonal();
    rows = widen(error, zero_tol) ? definite_rows(true) : 0;
    if (rows == n_) {  // and all entries are finite, for the factor is
      return {swapped ? n_ : 0, 0, swapped ? 0 : n_, true};
    }
  }
  if (n_ == 0 || !measure_rows()) {
    return {0, n_, 0, n_ == 0};
  }
  if (!entries.definite || !moderate()) {
    scale_by_rows(error);
    rows = 0;
  }
  SignCounts counts;
  const bool has_error = error.entries != nullptr || error.uniform != 0;
  if (widen(error, zero_tol)) {
    by_factors(rows, counts);
    if (swapped) {
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
  RowMatrix b(n_, n_);
  double sum = 0;
  for (Index i = 0; i < n_; ++i) {
    const Index from = c_.a.first(i);
    const Index size = c_.a.last(i) - from;
    b.row(i).segment(from, size) = c_.part(i, from, from + size).matrix() * c_.sign;
    sum += b.row(i).segment(from, size).cwiseAbs().sum();
  }
  const Triangle side = c_.a.lower ? Triangle::lower : Triangle::upper;
  const double rounding = gamma(2 * n_ + 16) * sum / (2 * static_cast<double>(n_));
  LargeEigensolver<double> solver(*lapack_, n_, false);
  ArrayXd values(n_);
  const bool shifted = width_.maxCoeff() > 0;
  const auto solve = [&](double shift) {
    b.diagonal() += shift * width_.matrix();
    return solver.solve(b.data(), n_, side, values.data(), nullptr);
  };
  if (!solve(-1) || (values > rounding).count() > counts.positive) {
    return true;
  }
  return (shifted && !solve(2)) || (values < -rounding).count() > counts.negative;
}

// Does a 2 x 2 minor with row i prove an eigenvalue of either sign, with (|a_ij| - e_ij)^2 >
// |a_ii| |a_jj|, the diagonal widened by its errors?
bool LargeInertia::negative_minor(const EntryError& error, Index i) const {
  const Index from = c_.a.lower ? 0 : i + 1;
  const Index to = c_.a.lower ? i : n_;
  if (from == to) {
    return false;
  }
  constexpr double up = 1 + 8 * unit_roundoff;
  constexpr double tiny = 0x1p-1060;  // above the error of a product that underflows
  const auto off = c_.a.part(i, from, to).abs();
  const auto limit = root_.segment(from, to - from) * (root_[i] * up) + tiny;
  if (error.entries == nullptr) {
    return (off - (limit + number(error.uniform)) * up).maxCoeff() > 0;
  }
  return (off - (limit + part(error, n_, i, from, to)) * up).maxCoeff<Eigen::PropagateNumbers>() >
         0;
}

// Square roots of the diagonal, widened by its errors.
void LargeInertia::find_roots(const EntryError& error) {
  for (Index i = 0; i < n_; ++i) {
    const double widened = std::abs(c_.a.diagonal(i)) + at(error, i * (n_ + 1));
    root_[i] = std::sqrt(widened) * (1 + 8 * unit_roundoff);
  }
}

// Is x^T H x < 0 for every H within the error? x has the coordinates from `begin` on of DAD.
bool LargeInertia::negative_along(const ArrayXd& x, Index begin, const EntryError& error) const {
  const Index size = x.size();
  if (!x.allFinite()) {
    return false;
  }
  const ArrayXd magnitude = x.abs();
  ArrayXd terms(size);
  double form = 0;
  double sizes = 0;  // |x|^T |DAD| |x|
  double doubt = 0;  // |x|^T DED |x|
  for (Index k = 0; k < size; ++k) {
    const Index i = begin + k;
    const Index from = c_.a.lower ? begin : i + 1;
    const Index count = c_.a.lower ? k : size - k - 1;
    const Index at = from - begin;
    auto beside = terms.head(count);
    beside = c_.part(i, from, from + count) * x.segment(at, count);
    const double entry = c_.diagonal(i) * x[k];
    form += x[k] * (entry + 2 * beside.sum());
    sizes += magnitude[k] * (std::abs(entry) + 2 * beside.abs().sum());
    if (error.entries != nullptr) {
      const auto e = [&](Index first, Index last) {
        return part(error, n_, i, first, last) *
               (c_.scale.segment(first, last - first) * c_.scale[i]);
      };
      doubt += magnitude[k] * ((e(i, i + 1) * magnitude[k]).sum() +
                               2 * (e(from, from + count) * magnitude.segment(at, count)).sum());
    }
  }
  const double sum = (c_.scale.segment(begin, size) * magnitude).sum();
  doubt += error.entries == nullptr ? number(error.uniform) * sum * sum : 0;
  const double rounding =
      gamma(2 * size + 32) * sizes + 0x1p-900 * (1 + magnitude.sum() * magnitude.sum());
  return form + (rounding + doubt) * (1 + gamma(4 * size + 64)) < 0;
}

// Looks for a proof without a factorisation, where the diagonal has one sign: a 2 x 2 minor, or a
// direction that conjugate gradients find. bounded: width_ is finite.
LargeInertia::Shown LargeInertia::by_directions(const EntryError& error, bool bounded) {
  constexpr float candidate = 1 - 1e-6F;  // single precision does not tell it from a minor of zero
  search_.start(c_.a, c_.sign);
  const ArrayXd relative = search_.scale() / c_.scale;
  if (bounded) {
    search_.widen(width_ * relative.square());
  }
  const auto shown = [&](bool indefinite, Index read) {
    const Shown if_finite = indefinite ? Shown::indefinite : Shown::nothing;
    return rest_is_finite(read) ? if_finite : Shown::not_finite;
  };
  for (const SearchBlock& block : search_blocks(n_)) {
    while (search_.read() < block.lines) {
      const Index line = search_.next_line();
      const Index read = search_.read();
      const float largest = search_.read_line();
      const bool minor = !(largest < candidate) && negative_minor(error, line);
      if (minor || std::isnan(largest)) {
        return shown(minor, read);
      }
    }
    if (bounded && block.steps > 0 && search_.descends(block.steps)) {
      const Index begin = search_.begin();
      const ArrayXd x = search_.direction().cast<double>().array();
      if (negative_along(x * relative.segment(begin, x.size()), begin, error)) {
        return shown(true, block.lines);
      }
    }
  }
  return Shown::nothing;
}

// The proofs of `definiteness` for a diagonal of one sign that need no pivoting.
LargeInertia::Shown LargeInertia::by_definite_diagonal(const EntryError& error) {
  scale_by_diagonal();
  find_roots(error);
  const bool bounded = widen(error, 0);
  const Shown shown = by_directions(error, bounded);
  if (shown != Shown::nothing || !bounded) {
    return shown;
  }
  const Index rows = definite_rows(false);
  if (rows == n_) {
    return Shown::definite;
  }
  const ArrayXd x = factor_.failed_direction(rows).array();
  return negative_along(x, 0, error) ? Shown::indefinite : Shown::nothing;
}

// ... for any other one.
LargeInertia::Shown LargeInertia::by_minors(const EntryError& error) {
  if (!rest_is_finite(0)) {
    return Shown::not_finite;
  }
  find_roots(error);
  bool minor = false;
  for (Index i = 0; i < n_ && !minor; ++i) {
    minor = negative_minor(error, i);
  }
  return minor ? Shown::indefinite : Shown::nothing;
}

Definiteness LargeInertia::definiteness(const MatrixStack& a, const EntryError& error) {
  c_.a = half_matrix(a, upper_);
  const Diagonal entries = diagonal(error);
  if (n_ == 0 || (entries.positive && entries.negative)) {
    return n_ > 0 && rest_is_finite(0) ? Definiteness::indefinite : Definiteness::undecided;
  }
  c_.sign = entries.negative ? -1 : 1;
  const Shown shown = entries.definite ? by_definite_diagonal(error) : by_minors(error);
  switch (shown) {
    case Shown::not_finite:
      return Definiteness::undecided;
    case Shown::indefinite:
      return Definiteness::indefinite;
    case Shown::definite:
      return entries.negative ? Definiteness::negative : Definiteness::positive;
    case Shown::nothing:
      break;
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
