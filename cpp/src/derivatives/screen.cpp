#include "hesscape/derivatives/screen.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <random>
#include <utility>

#include "hesscape/numbers.hpp"

namespace hesscape {
namespace {

using Eigen::Index;

constexpr Index cells_together = 1 << 16;
constexpr Index strip = 128;  // points whose columns are worked on together
constexpr double single_epsilon = std::numeric_limits<float>::epsilon();
constexpr double first_step = 0.03125;     // of the power of two at or below |x|
constexpr double step_rounding = 0x1p-42;  // what rounding of x + h does to extrapolations
constexpr double slack = 2.0;              // for truncation at the small steps

// Multiples of the step. No two of them are commensurate with a period that all of them would miss.
constexpr std::array rungs{1.0, 0.625, 0.375, 0.25};
constexpr std::array pair_rungs{rungs[0], rungs[2]};
constexpr std::array line_rungs{0.8203125, 0.45703125};
constexpr std::array small_steps{0.625 * 0x1p-8, 0.625 * 0x1p-17};
constexpr Index values_an_axis = 2 * static_cast<Index>(rungs.size() + small_steps.size());

template <std::size_t count>
using Weights = std::array<double, count>;

// The values at the rungs times these give the value at step zero, for polynomials in the step's
// square.
template <std::size_t count>
constexpr Weights<count> extrapolation(const std::array<double, count>& at, std::size_t from = 0) {
  Weights<count> weights{};
  for (std::size_t k = from; k < count; ++k) {
    weights[k] = 1.0;
    for (std::size_t j = from; j < count; ++j) {
      if (j != k) weights[k] *= at[j] * at[j] / (at[j] * at[j] - at[k] * at[k]);
    }
  }
  return weights;
}

// What the first rung changes.
template <std::size_t count>
constexpr Weights<count> last_change(const std::array<double, count>& at) {
  Weights<count> weights = extrapolation(at);
  const Weights<count> without = extrapolation(at, 1);
  for (std::size_t k = 0; k < count; ++k) weights[k] -= without[k];
  return weights;
}

// Standard deviations, for noise of one unit, of sums of difference quotients with these weights:
// second ones made of `outer` values besides the common centre's two, or first ones.
template <std::size_t count>
double second_deviation(const Weights<count>& weights, const std::array<double, count>& at,
                        double outer = 2.0, double divisor = 1.0) {
  double squares = 0.0;
  double sum = 0.0;
  for (std::size_t k = 0; k < count; ++k) {
    const double w = weights[k] / (divisor * at[k] * at[k]);
    squares += w * w;
    sum += w;
  }
  return std::sqrt(outer * squares + 4.0 * sum * sum);
}

template <std::size_t count>
double first_deviation(const Weights<count>& weights, const std::array<double, count>& at) {
  double squares = 0.0;
  for (std::size_t k = 0; k < count; ++k) squares += weights[k] * weights[k] / (at[k] * at[k]);
  return std::sqrt(0.5 * squares);
}

constexpr auto axis_weights = extrapolation(rungs);
constexpr auto axis_change = last_change(rungs);
constexpr auto pair_weights = extrapolation(pair_rungs);
constexpr auto pair_change = last_change(pair_rungs);
constexpr auto line_weights = extrapolation(line_rungs);
constexpr auto line_change = last_change(line_rungs);

using Strip = Eigen::Array<double, Eigen::Dynamic, 1, Eigen::ColMajor, strip, 1>;
using Flags = Eigen::Array<bool, Eigen::Dynamic, 1, Eigen::ColMajor, strip, 1>;

struct Extrapolant {
  Strip value, change, finest, coarsest;
};

template <std::size_t count>
Extrapolant extrapolate(const std::array<Strip, count>& quotients, const Weights<count>& weights,
                        const Weights<count>& change) {
  Extrapolant out{weights[0] * quotients[0], change[0] * quotients[0], quotients.back(),
                  quotients.front()};
  for (std::size_t k = 1; k < count; ++k) {
    out.value += weights[k] * quotients[k];
    out.change += change[k] * quotients[k];
  }
  return out;
}

// Bounds the error of an extrapolant whose noise is `noise`.
Strip error_of(const Extrapolant& e, const Strip& noise) {
  return e.change.abs() + noise + step_rounding * (e.coarsest - e.value).abs();
}

// Whether a difference at the step s is off an extrapolant by no more than that is by its error,
// the truncation that its finest quotient shows at that step, and noise.
Flags within(const Strip& off, const Extrapolant& e, const Strip& error, const Strip& s,
             const Strip& more, const Strip& noise) {
  const Strip truncation = slack * (s / rungs.back()).square() * (e.finest - e.value).abs();
  return off.abs() <= s * more * (error + truncation) + noise;
}

Flags is_single(const Strip& values) { return values.cast<float>().cast<double>() == values; }

double power_below(double x) { return std::ldexp(1.0, std::ilogb(x)); }

// As a ladder's, but finer: no step is adapted here.
double step_of(double x, double size) {
  const bool negligible = std::abs(x) <= 1e-13 * std::max(size, 1e-3);
  return first_step * (negligible ? 1.0 : power_below(x));
}

std::vector<Shift> axis_shifts(int n) {
  std::vector<Shift> shifts{{Shift::none, Shift::none, 0.0}};
  for (int i = 0; i < n; ++i) {
    for (const double c : rungs) {
      shifts.push_back({i, Shift::none, c});
      shifts.push_back({i, Shift::none, -c});
    }
    for (const double c : small_steps) {
      shifts.push_back({i, Shift::none, c});
      shifts.push_back({i, Shift::none, -c});
    }
  }
  return shifts;
}

std::vector<Shift> pair_shifts(int n) {
  std::vector<Shift> shifts;
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < i; ++j) {
      for (const double c : pair_rungs) {
        shifts.push_back({i, j, c});
        shifts.push_back({i, j, -c});
      }
    }
  }
  const auto line = [&](double c) {
    shifts.push_back({Shift::line, Shift::none, c});
    shifts.push_back({Shift::line, Shift::none, -c});
  };
  std::ranges::for_each(line_rungs, line);
  std::ranges::for_each(small_steps, line);
  return shifts;
}

// The first two axes have opposite signs, which no pair of axes is displaced by; the others chance.
Eigen::VectorXd line_through(Index n) {
  std::mt19937 chance(static_cast<unsigned>(n));
  Eigen::VectorXd line(n);
  for (Index i = 0; i < n; ++i) {
    const bool up = i < 2 ? i == 0 : chance() % 2 == 0;
    line[i] = up ? 1.0 : -1.0;
  }
  return line / std::sqrt(static_cast<double>(n));
}

template <typename Matrix>
Matrix gathered(const Matrix& from, const Screen::Rows& rows) {
  return from(rows, Eigen::all);
}

}  // namespace

Screen::Screen(const Points& points, double noise, bool by_point)
    : by_point_(by_point), known_noise_(noise), x_(points), line_(line_through(points.cols())) {
  step_.resize(x_.rows(), x_.cols());
  for (Index p = 0; p < x_.rows(); ++p) {
    const double size = x_.row(p).abs().maxCoeff();
    for (Index i = 0; i < x_.cols(); ++i) step_(p, i) = step_of(x_(p, i), size);
  }
  start(axis_shifts(static_cast<int>(n())));
  axis_values_.resize(count(), static_cast<Index>(shifts_.size()));
  result_.value.resize(count());
  result_.noise.resize(count());
  result_.gradient.resize(count(), n());
  result_.gradient_error.resize(count(), n());
  result_.curvature.resize(count(), n());
  result_.curvature_error.resize(count(), n());
  result_.agrees.setConstant(count(), true);
  quiet_.resize(count());
}

// The noise is estimated as the largest of what 2 n differences show: with fewer of them it can be
// larger by more. All of n normal variables are that much below one that exceeds its deviation
// 3.5 times with a probability below 1e-6.
double Screen::margin() const { return n() == 1 ? 64.0 : n() == 2 ? 16.0 : 10.0; }

double Screen::rounding() const {
  return 0.5 * epsilon * std::sqrt(static_cast<double>(n()) + 2.0);
}

Index Screen::axis_column(Index axis) const { return 1 + values_an_axis * axis; }

void Screen::start(std::vector<Shift> shifts) {
  shifts_ = std::move(shifts);
  told_ = asked_ = 0;
  const Index together = std::clamp(cells_together / std::max<Index>(1, n() * count()), Index{1},
                                    std::max<Index>(1, static_cast<Index>(shifts_.size())));
  capacity_ = together * count();
  cells_.resize(static_cast<std::size_t>(capacity_ * n()));
  held_.assign(static_cast<std::size_t>(together), {Shift::none, Shift::none, 0.0});
  for (Index slot = 0; slot < together; ++slot) {
    for (Index i = 0; i < n(); ++i) write_axis(i, 0.0, slot);
  }
}

// A slot holds all points under one displacement.
void Screen::write_axis(Index axis, double c, Index slot) {
  const Index to_next_point = by_point_ ? n() : 1;
  double* cell =
      cells_.data() + (by_point_ ? axis : axis * capacity_) + slot * count() * to_next_point;
  Eigen::Map<Eigen::ArrayXd, 0, Eigen::InnerStride<>> to(cell, count(),
                                                         Eigen::InnerStride<>(to_next_point));
  const auto x = x_.col(axis);
  // Both sides of x are the same rounded step away.
  if (c == 0.0) {
    to = x;
  } else if (c > 0.0) {
    to = x + c * step_.col(axis);
  } else {
    to = x - ((x - c * step_.col(axis)) - x);
  }
}

void Screen::write(const Shift& shift, Index slot) {
  if (shift.i == Shift::line) {
    for (Index i = 0; i < n(); ++i) write_axis(i, shift.c * line_[i], slot);
    return;
  }
  if (shift.i >= 0) write_axis(shift.i, shift.c, slot);
  if (shift.j >= 0) write_axis(shift.j, shift.c, slot);
}

void Screen::restore(const Shift& shift, Index slot) {
  if (shift.i == Shift::line) {
    write({Shift::line, Shift::none, 0.0}, slot);
  } else {
    write({shift.i, shift.j, 0.0}, slot);
  }
}

Index Screen::ask() {
  const auto together = static_cast<Index>(held_.size());
  const Index wanted = std::min(together, static_cast<Index>(shifts_.size()) - told_);
  for (Index slot = 0; slot < wanted; ++slot) {
    const Shift& shift = shifts_[static_cast<std::size_t>(told_ + slot)];
    Shift& held = held_[static_cast<std::size_t>(slot)];
    restore(held, slot);
    write(shift, slot);
    held = shift;
  }
  asked_ = static_cast<int>(wanted);
  return wanted * count();
}

void Screen::tell(const Eigen::Ref<const Eigen::VectorXd>& values) {
  Columns& told = axes_done_ ? pair_values_ : axis_values_;
  told.middleCols(told_, asked_) = values.reshaped(count(), asked_).array();
  told_ += std::exchange(asked_, 0);
  if (!done()) return;
  for (Index first = 0; first < count(); first += strip) {
    const Index size = std::min(strip, count() - first);
    axes_done_ ? judge_pairs(first, size) : judge_axes(first, size);
  }
  axes_done_ = true;
}

void Screen::judge_axes(Index first, Index size) {
  static const double second_noise = second_deviation(axis_weights, rungs);
  static const double second_seen = second_deviation(axis_change, rungs);
  static const double first_noise = first_deviation(axis_weights, rungs);
  static const double first_seen = first_deviation(axis_change, rungs);
  const auto column = [&](Index k) { return axis_values_.col(k).segment(first, size); };
  const Strip centre = column(0);
  Strip largest = centre.abs();
  Strip change = Strip::Zero(size);
  Strip noise = Strip::Constant(size, known_noise_);
  Strip argument = Strip::Zero(size);
  Flags single = is_single(centre);
  std::vector<Extrapolant> evens, odds;
  evens.reserve(static_cast<std::size_t>(n()));
  odds.reserve(static_cast<std::size_t>(n()));
  for (Index i = 0; i < n(); ++i) {
    const Strip x = x_.col(i).segment(first, size);
    const Strip h = step_.col(i).segment(first, size);
    std::array<Strip, rungs.size()> even, odd;
    for (std::size_t k = 0; k < rungs.size(); ++k) {
      const Index at = axis_column(i) + 2 * static_cast<Index>(k);
      const Strip plus = column(at);
      const Strip minus = column(at + 1);
      const Strip steps = ((x + rungs[k] * h) - x) / h;
      even[k] = ((plus - centre) + (minus - centre)) / steps.square();
      odd[k] = 0.5 * (plus - minus) / steps;
      largest = largest.max(plus.abs()).max(minus.abs());
      change = change.max((plus - centre).abs()).max((minus - centre).abs());
      single = single && is_single(plus) && is_single(minus);
    }
    evens.push_back(extrapolate(even, axis_weights, axis_change));
    odds.push_back(extrapolate(odd, axis_weights, axis_change));
    noise = noise.max(evens.back().change.abs() / second_seen)
                .max(odds.back().change.abs() / first_seen);
    argument += (x / h * (evens.back().value.abs() + odds.back().value.abs())).square();
  }
  argument = epsilon * argument.sqrt();
  noise = noise.max(rounding() * largest + argument);
  const Strip unit = single.select(Strip::Constant(size, single_epsilon / epsilon), 1.0);
  const Strip least = (rounding() * unit * largest + argument).max(known_noise_);
  const Strip quiet = heard_at_the_smallest_step(first, size).max(least);
  const Strip most = margin() * noise;
  // Noise that exceeds all changes of f hides every sign.
  Flags agrees = most <= change && most < infinity;
  for (Index i = 0; i < n(); ++i) {
    const Strip h = step_.col(i).segment(first, size);
    const Extrapolant& even = evens[static_cast<std::size_t>(i)];
    const Extrapolant& odd = odds[static_cast<std::size_t>(i)];
    const Strip second_error = error_of(even, second_noise * most);
    const Strip first_error = error_of(odd, first_noise * most);
    for (std::size_t k = 0; k < small_steps.size(); ++k) {
      const Index at = axis_column(i) + 2 * static_cast<Index>(rungs.size() + k);
      const Strip x = x_.col(i).segment(first, size);
      const Strip s = ((x + small_steps[k] * h) - x) / h;
      const Strip second = (column(at) - centre) + (column(at + 1) - centre);
      const Strip slope = 0.5 * (column(at) - column(at + 1));
      agrees = agrees && within(second - even.value * s.square(), even, second_error, s, s,
                                std::sqrt(6.0) * margin() * quiet);
      agrees = agrees && within(slope - odd.value * s, odd, first_error, s, Strip::Ones(size),
                                std::sqrt(0.5) * margin() * quiet);
    }
    result_.gradient.col(i).segment(first, size) = odd.value / h;
    result_.gradient_error.col(i).segment(first, size) = first_error / h;
    result_.curvature.col(i).segment(first, size) = even.value / h / h;
    result_.curvature_error.col(i).segment(first, size) = second_error / h / h;
  }
  result_.value.segment(first, size) = centre;
  result_.noise.segment(first, size) = noise;
  result_.agrees.segment(first, size) = agrees;
  quiet_.segment(first, size) = quiet;
}

// A second difference over the smallest step is noise and nothing else, be f smooth or rippled.
Eigen::ArrayXd Screen::heard_at_the_smallest_step(Index first, Index size) const {
  Strip heard = Strip::Zero(size);
  const Strip centre = axis_values_.col(0).segment(first, size);
  for (Index i = 0; i < n(); ++i) {
    const Index at = axis_column(i + 1) - 2;
    const auto sides = axis_values_.middleCols(at, 2).middleRows(first, size);
    heard = heard.max(((sides.col(0) - centre) + (sides.col(1) - centre)).abs());
  }
  return heard / std::sqrt(6.0);
}

void Screen::keep(const Rows& rows) {
  x_ = gathered(x_, rows);
  step_ = gathered(step_, rows);
  axis_values_ = gathered(axis_values_, rows);
  quiet_ = gathered(quiet_, rows);
  result_.value = result_.value(rows).eval();
  result_.noise = result_.noise(rows).eval();
  result_.agrees = result_.agrees(rows).eval();
  for (Columns* part :
       {&result_.gradient, &result_.gradient_error, &result_.curvature, &result_.curvature_error}) {
    *part = gathered(*part, rows);
  }
  start(pair_shifts(static_cast<int>(n())));
  pair_values_.resize(count(), static_cast<Index>(shifts_.size()));
  result_.hessian.resize(count(), n() * n());
  result_.hessian_error.resize(count(), n() * n());
}

void Screen::judge_pairs(Index first, Index size) {
  static const double pair_noise = second_deviation(pair_weights, pair_rungs, 6.0, 2.0);
  static const double line_noise = second_deviation(line_weights, line_rungs);
  const auto column = [&](Index k) { return pair_values_.col(k).segment(first, size); };
  const auto axis = [&](Index k) { return axis_values_.col(k).segment(first, size); };
  const Strip centre = axis(0);
  const Strip noise = result_.noise.segment(first, size);
  const Strip sum_allowed = Strip::Zero(size);
  Strip along = sum_allowed, allowed = sum_allowed, extent = sum_allowed;
  // Second differences along the axes at the rungs of pairs, and the inverse steps.
  std::vector<std::array<Strip, pair_rungs.size()>> own(static_cast<std::size_t>(n()));
  std::vector<std::array<Strip, pair_rungs.size()>> inverse(static_cast<std::size_t>(n()));
  Index next = 0;
  for (Index i = 0; i < n(); ++i) {
    const auto at_i = static_cast<std::size_t>(i);
    const Strip x = x_.col(i).segment(first, size);
    const Strip h = step_.col(i).segment(first, size);
    for (std::size_t k = 0; k < pair_rungs.size(); ++k) {
      const Index at = axis_column(i) + 4 * static_cast<Index>(k);
      own[at_i][k] = (axis(at) - centre) + (axis(at + 1) - centre);
      inverse[at_i][k] = h / ((x + pair_rungs[k] * h) - x);
    }
    const Strip curvature = result_.curvature.col(i).segment(first, size) * h.square();
    const Strip error = result_.curvature_error.col(i).segment(first, size) * h.square();
    along += line_[i] * line_[i] * curvature;
    allowed += line_[i] * line_[i] * error;
    extent += line_[i] * line_[i] * curvature.abs();
    result_.hessian.col(i * n() + i).segment(first, size) =
        result_.curvature.col(i).segment(first, size);
    result_.hessian_error.col(i * n() + i).segment(first, size) =
        result_.curvature_error.col(i).segment(first, size);
    for (Index j = 0; j < i; ++j) {
      const auto at_j = static_cast<std::size_t>(j);
      std::array<Strip, pair_rungs.size()> mixed;
      Strip largest = Strip::Zero(size);
      for (std::size_t k = 0; k < pair_rungs.size(); ++k, next += 2) {
        const auto plus = column(next);
        const auto minus = column(next + 1);
        mixed[k] = 0.5 * inverse[at_i][k] * inverse[at_j][k] *
                   ((plus - centre) + (minus - centre) - own[at_i][k] - own[at_j][k]);
        largest = largest.max(plus.abs()).max(minus.abs());
      }
      const Extrapolant pair = extrapolate(mixed, pair_weights, pair_change);
      const Strip most = margin() * noise.max(rounding() * largest);
      const Strip pair_error = error_of(pair, pair_noise * most);
      const double both = 2.0 * line_[i] * line_[j];
      along += both * pair.value;
      allowed += std::abs(both) * pair_error;
      extent += std::abs(both) * pair.value.abs();
      const Strip area = h * step_.col(j).segment(first, size);
      for (const Index entry : {i * n() + j, j * n() + i}) {
        result_.hessian.col(entry).segment(first, size) = pair.value / area;
        result_.hessian_error.col(entry).segment(first, size) = pair_error / area;
      }
    }
  }
  std::array<Strip, line_rungs.size()> second;
  Strip largest = centre.abs();
  for (std::size_t k = 0; k < line_rungs.size(); ++k, next += 2) {
    second[k] =
        ((column(next) - centre) + (column(next + 1) - centre)) / (line_rungs[k] * line_rungs[k]);
    largest = largest.max(column(next).abs()).max(column(next + 1).abs());
  }
  const Extrapolant line = extrapolate(second, line_weights, line_change);
  const Strip most = margin() * noise.max(rounding() * largest);
  const Strip line_error = error_of(line, line_noise * most) + step_rounding * extent;
  Flags agrees = (along - line.value).abs() <= allowed + line_error;
  const Strip quiet = quiet_.segment(first, size).max(rounding() * largest);
  for (std::size_t k = 0; k < small_steps.size(); ++k, next += 2) {
    const Strip s = Strip::Constant(size, small_steps[k]);
    const Strip small = (column(next) - centre) + (column(next + 1) - centre);
    const Strip noise_of_it = std::sqrt(6.0) * margin() * quiet + step_rounding * extent * s;
    agrees =
        agrees && within(small - along * s.square(), line, allowed + line_error, s, s, noise_of_it);
  }
  result_.agrees.segment(first, size) =
      result_.agrees.segment(first, size) && agrees && (allowed + line_error < infinity);
}

}  // namespace hesscape
