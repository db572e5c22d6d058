#include "hesscape/sparse/sparse_stencil.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "hesscape/derivatives/noise.hpp"
#include "hesscape/numbers.hpp"

namespace hesscape {
namespace {

using Eigen::ArrayXd;
using Eigen::Index;

constexpr double shorter = 0.625;         // of the steps; a half would hide rounding of all kinds
constexpr double truncation_safety = 2;   // the change shows 1 - shorter^2 of the truncation
constexpr double noise_of_half = 0.7072;  // standard deviations of the noise of a gradient:
constexpr double noise_of_change = 2.05;  // in half a difference, and in the change
constexpr double few = 16;                // samples from which a level is known badly
constexpr double rounding_ulps = 4;
constexpr double one_law =
    2;  // a law of noise that serves the rows so much better than the other one
constexpr int at_zero = -2;        // log2 of the size of a coordinate at zero
constexpr int fewest_digits = 40;  // of x: a step is 2^12 of its ulps at least
constexpr int line_parts = 256;

double median(ArrayXd& values) {
  auto* const middle = values.data() + values.size() / 2;
  std::nth_element(values.data(), middle, values.data() + values.size());
  return values.size() == 0 ? 0.0 : *middle;
}

// The quartiles' ratio, which tells how well one level serves all.
double spread(ArrayXd values) {
  const Index n = values.size();
  if (n < 4) return 1;
  auto* const first = values.data();
  std::nth_element(first, first + n / 4, first + n);
  const double low = first[n / 4];
  std::nth_element(first, first + 3 * n / 4, first + n);
  return low > 0 ? first[3 * n / 4] / low : infinity;
}

// A number from -1 to 1, but not 0, that differs from one coordinate to another (Steele, Lea, Flood
// 2014): along a line, entries then do not cancel by their signs.
double part(int i) {
  std::uint64_t z = (static_cast<std::uint64_t>(i) + 1) * 0x9E3779B97F4A7C15U;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  z ^= z >> 31U;
  const auto size = static_cast<double>(z % line_parts + 1) / line_parts;
  return (z >> 32U) % 2 == 0 ? size : -size;
}

}  // namespace

SparseStencil::SparseStencil(const SparsePattern& pattern, Eigen::VectorXi colour,
                             Eigen::VectorXd x, const Eigen::VectorXd& gradient)
    : pattern_(&pattern),
      colour_(std::move(colour)),
      x_(std::move(x)),
      gradient_(gradient),
      colours_(colour_.size() == 0 ? 0 : colour_.maxCoeff() + 1),
      step_(x_.size()),
      values_(ArrayXd::Zero(pattern.entries())),
      errors_(ArrayXd::Constant(pattern.entries(), infinity)),
      gradient_noise_(ArrayXd::Constant(x_.size(), infinity)) {}

void SparseStencil::begin(int exponent) {
  const double size = x_.cwiseAbs().maxCoeff();
  for (int i = 0; i < n(); ++i) {
    const bool negligible = std::abs(x_[i]) <= 1e-13 * std::max(size, 1e-3);
    const int own = negligible ? at_zero : std::ilogb(x_[i]) - 2;
    int least = -1000;
    if (x_[i] != 0) least = std::max(least, std::ilogb(x_[i]) - fewest_digits);
    step_[i] = std::ldexp(1.0, std::clamp(own + exponent, least, 1000));
  }
  block_ = 0;
  raw_.setConstant(pattern_->entries(), not_a_number);
  raw_change_ = raw_;
  stray_.setZero(n());
  square_.setZero(n());
  samples_.setZero(n());
  largest_ = gradient_.abs();
}

double SparseStencil::displacement(int i) const {
  if (block_ == colours_) return part(i) * step_[i];
  return colour_[i] == block_ ? step_[i] : 0.0;
}

Points SparseStencil::ask() const {
  Points points(3, n());
  for (int i = 0; i < n(); ++i) {  // all of them exact
    const double v = displacement(i);
    points(0, i) = x_[i] + v;
    points(1, i) = x_[i] - v;
    points(2, i) = x_[i] + shorter * v;
  }
  return points;
}

void SparseStencil::tell(const Eigen::Ref<const Points>& gradients) {
  measure(gradients);
  listen();
  if (block_ < colours_) {
    take_colour();
  } else {
    finish();
  }
  ++block_;
}

// Half of g(x + v) - g(x - v), and its change to the step rv without the even terms:
// (g(x + rv) - g(x) - r^2 (g(x + v) + g(x - v) - 2 g(x)) / 2) / r.
void SparseStencil::measure(const Eigen::Ref<const Points>& gradients) {
  const auto plus = gradients.row(0).transpose().array() - gradient_;
  const auto minus = gradients.row(1).transpose().array() - gradient_;
  const auto inner = gradients.row(2).transpose().array() - gradient_;
  half_ = 0.5 * (plus - minus);
  change_ = (half_ - (inner / shorter - 0.5 * shorter * (plus + minus))).abs();
  largest_ = largest_.max(gradients.row(0).cwiseAbs().transpose().array());
  largest_ = largest_.max(gradients.row(1).cwiseAbs().transpose().array());
}

// Each change is a sample of the noise of its row.
void SparseStencil::listen() {
  const auto heard = change_.isFinite();
  square_ += heard.select(change_.square(), 0.0);
  samples_ += heard.cast<double>();
}

// The product with the sum of a colour shows an entry by itself where that is the only one of the
// colour in its row.
void SparseStencil::take_colour() {
  Eigen::VectorXi met = Eigen::VectorXi::Zero(n());
  Eigen::VectorXi entry(n());
  for (int j = 0; j < n(); ++j) {
    if (colour_[j] != block_) continue;
    int p = pattern_->first(j);
    for (const int i : pattern_->column(j)) {
      ++met[i];
      entry[i] = p++;
    }
  }
  for (int i = 0; i < n(); ++i) {
    if (met[i] == 1) {
      raw_[entry[i]] = half_[i];
      raw_change_[entry[i]] = change_[i];
    } else if (met[i] == 0) {
      stray_[i] = std::max(stray_[i], std::abs(half_[i]) - truncation_safety * change_[i]);
    }
  }
}

void SparseStencil::finish() {
  finite_ = half_.allFinite() && change_.allFinite() && largest_.allFinite();
  contradiction_ = 0;
  improved_ = 0;
  if (!finite_) return;
  bound_noise();
  ArrayXd value(pattern_->entries());
  ArrayXd error(pattern_->entries());
  combine(value, error);
  confront(value, error);
  if (!counts()) return;
  keep(value, error);
  gradient_noise_ = gradient_noise_.min(noise_ / noise_of_half);
}

// Noise is what the changes of a row come to, and no less than what they come to in most rows,
// under the law (one level for all, or one in proportion to the gradient) that serves them better.
void SparseStencil::bound_noise() {
  const ArrayXd change = (square_ / samples_.max(1.0)).sqrt();
  const ArrayXd relative = (largest_ > 0).select(change / largest_.max(1e-300), 0.0);
  const double of_all = spread(change);
  const double of_each = spread(relative);
  ArrayXd level = ArrayXd::Zero(n());
  ArrayXd sorted = change;
  if (!(of_each * one_law < of_all)) level = level.max(median(sorted));
  sorted = relative;
  if (!(of_all * one_law < of_each)) level = level.max(median(sorted) * largest_);
  const double scarce = 1 + std::pow(few / std::max(1.0, samples_.sum()), 3);
  noise_ = level.max(change) * (scarce * gradient_sigmas * noise_of_half / noise_of_change);
  // Rounding, of x too, which moves the gradient by H dx.
  ArrayXd moved = largest_;
  for (int j = 0; j < n(); ++j) {
    int p = pattern_->first(j);
    for (const int i : pattern_->column(j)) {
      const int q = pattern_->mirror()[p];
      const double entry = std::isnan(raw_[p]) ? raw_[q] / step_[i] : raw_[p] / step_[j];
      moved[i] += std::abs(entry * x_[j]);
      ++p;
    }
  }
  noise_ += rounding_ulps * epsilon * moved;
}

// Of the two places where an entry may show, the better one; the other has to agree.
void SparseStencil::combine(ArrayXd& value, ArrayXd& error) {
  for (int j = 0; j < n(); ++j) {
    int p = pattern_->first(j);
    for (const int i : pattern_->column(j)) {
      const int q = pattern_->mirror()[p];
      const auto bound = [&](int at, int row, int column) {
        const double e = (truncation_safety * raw_change_[at] + noise_[row]) / step_[column];
        return std::isnan(raw_[at]) ? infinity : e;
      };
      double here = raw_[p] / step_[j];
      double there = raw_[q] / step_[i];
      double error_here = bound(p, i, j);
      double error_there = bound(q, j, i);
      if (error_there < error_here || (error_there == error_here && j < i)) {
        std::swap(here, there);
        std::swap(error_here, error_there);
      }
      const double apart = std::abs(here - there);
      const bool agree = !(apart > error_here + error_there);  // also where there is only one
      value[p] = here;
      error[p] = agree ? error_here : apart + error_there;
      if (!agree) contradict(i, apart / (error_here + error_there));
      ++p;
    }
  }
}

// Compares the product along the line, and products that should vanish, with the matrix.
void SparseStencil::confront(const ArrayXd& value, ArrayXd& error) {
  ArrayXd product = ArrayXd::Zero(n());
  ArrayXd doubt = truncation_safety * change_ + noise_;
  for (int j = 0; j < n(); ++j) {
    const double v = displacement(j);
    int p = pattern_->first(j);
    for (const int i : pattern_->column(j)) {
      product[i] += value[p] * v;
      doubt[i] += error[p] * std::abs(v);
      ++p;
    }
  }
  for (int i = 0; i < n(); ++i) {
    const double difference = std::abs(half_[i] - product[i]);
    const double beyond_line = std::max(0.0, difference - doubt[i]);
    const double beyond_stray = std::max(0.0, stray_[i] - noise_[i]);
    if (beyond_line == 0 && beyond_stray == 0) continue;
    contradict(i, std::max(difference / doubt[i], stray_[i] / noise_[i]));
    const double v = displacement(i);
    error[diagonal(i)] += std::max(beyond_line / std::abs(v), beyond_stray / step_[i]);
  }
}

void SparseStencil::contradict(int row, double ratio) {
  if (ratio > contradiction_) {
    contradiction_ = ratio;
    contradicted_ = row;
  }
}

void SparseStencil::keep(const ArrayXd& value, const ArrayXd& error) {
  for (Index p = 0; p < value.size(); ++p) {
    const double apart = std::abs(value[p] - values_[p]);
    const bool better = error[p] < errors_[p];
    if (error[p] < errors_[p] / 2) ++improved_;
    const double least = std::min(error[p], errors_[p]);
    const double other = std::max(error[p], errors_[p]);
    if (better) values_[p] = value[p];
    errors_[p] = apart > least + other ? apart + other : least;
  }
}

int SparseStencil::diagonal(int i) const {
  const auto rows = pattern_->column(i);
  return pattern_->first(i) + static_cast<int>(std::ranges::lower_bound(rows, i) - rows.begin());
}

}  // namespace hesscape
