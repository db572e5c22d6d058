#include "hesscape/derivatives/ladder.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

#include "hesscape/numbers.hpp"

namespace hesscape {
namespace {

constexpr int first_rungs = 9;  // eight by eight: 2^0 .. 2^-24 of the first step
constexpr int usual_rungs = 16;
constexpr int halvings_above = 2;  // of the best rung
constexpr int halvings_below = 6;
constexpr int growth_limit = 24;  // powers of two above the first step
constexpr int unseen_limit = -1;  // while no curvature is seen, grow to 1/2 at most
constexpr int most_refinements = 2;
constexpr int fewest_heard = 4;            // rungs above silence that say something
constexpr int shrink_limit = 60;           // powers of two below the first step
constexpr double fewest_digits = 0x1p-40;  // of x: finer steps are a few of its ulps
constexpr double good_enough = 0x1p-44;
// Of 27 bits: more than single precision has, and few enough to be added to x exactly.
constexpr double uneven_step = 0x1.2d6f3b4p+0;
constexpr int departure_orders = 2;
constexpr double persistent = 0.3;

double magnitude(const Rung& rung, double centre) {
  return std::max({std::abs(rung.plus), std::abs(rung.minus), std::abs(centre)});
}

// x + h was rounded away inside f, or f is flat, or changes by less than it resolves.
bool silent(const Rung& rung, double centre) { return rung.plus == centre && rung.minus == centre; }

// For each rung, by how many noise units (which the table carries as its noise) it departs from the
// extrapolations of the coarser ones.
std::array<double, max_rungs> departures(const Extrapolation& table) {
  std::array<double, max_rungs> result;
  result.fill(infinity);
  for (int k = 0; k <= departure_orders; ++k) {
    for (int r = 0; r + k + 1 < table.rungs(); ++r) {
      const double change = std::abs(table.value(r, k) - table.value(r + 1, k));
      double& least = result[static_cast<std::size_t>(r + k + 1)];
      least = std::min(least, change / (table.noise(r, k) + table.noise(r + 1, k)));
    }
  }
  return result;
}

}  // namespace

// The difference quotients of the finite rungs, and what the noise of f leaves in them.
struct Ladder::Quotients {
  Quotients(std::span<const Rung> rungs, double centre, const NoiseProfile& noise) {
    for (const Rung& r : rungs) {
      if (!r.finite()) continue;
      const double sigma = noise.at(r.step, magnitude(r, centre));
      step[count] = r.step;
      exponent[count] = r.exponent;
      first[count] = (r.plus - r.minus) / (2.0 * r.step);
      second[count] = ((r.plus - centre) + (r.minus - centre)) / r.step / r.step;
      first_noise[count] = noise_sigmas * sigma / (std::numbers::sqrt2 * r.step);
      second_noise[count] = noise_sigmas * std::sqrt(6.0) * sigma / r.step / r.step;
      ++count;
    }
  }

  Extrapolation first_table(int orders = max_order) const {
    return {{step.data(), count}, {first.data(), count}, {first_noise.data(), count}, orders};
  }
  Extrapolation second_table(int orders = max_order) const {
    return {{step.data(), count}, {second.data(), count}, {second_noise.data(), count}, orders};
  }

  Extrapolation steps_table() const {
    return {{step.data(), count}, {step.data(), count}, {step.data(), count}, 1};
  }

  std::size_t count = 0;
  std::array<double, max_rungs> step, first, second, first_noise, second_noise;
  std::array<int, max_rungs> exponent;
};

Displacement::Displacement(double x, int exponent, bool uneven) {
  const double h = (x + std::ldexp(uneven ? uneven_step : 1.0, exponent)) - x;
  plus = x + h;
  minus = x - h;
  step = 0.5 * plus - 0.5 * minus;
}

bool Displacement::usable() const {
  return step > 0.0 && std::isfinite(plus) && std::isfinite(minus);
}

// Where all are tiny, zero is more likely than a unit that small; `want_finer` finds the latter.
bool negligible(double x, double size) { return std::abs(x) <= 1e-13 * std::max(size, 1e-3); }

bool Rung::finite() const { return std::isfinite(plus) && std::isfinite(minus) && step > 0.0; }

Ladder::Ladder(double x, double size, double step) : x_(x), fixed_(step > 0.0) {
  start_ = fixed_ ? std::ilogb(step) : (negligible(x, size) ? -2 : std::ilogb(x) - 2);
  while (Displacement(x_, start_).step == 0.0) ++start_;
  while (!Displacement(x_, start_).usable()) --start_;
  rungs_.reserve(usual_rungs);
  wanted_.reserve(first_rungs);
  for (int k = 0; k < first_rungs; ++k) want(start_ - stride * k);
}

void Ladder::want(int exponent) {
  if (std::cmp_less(rungs_.size() + wanted_.size(), max_rungs) && find(exponent) == nullptr &&
      at(exponent).usable())
    wanted_.push_back(exponent);
}

const Rung* Ladder::find(int exponent) const {
  const auto at =
      std::ranges::lower_bound(rungs_, -exponent, {}, [](const Rung& r) { return -r.exponent; });
  return at != rungs_.end() && at->exponent == exponent ? &*at : nullptr;
}

void Ladder::add(int exponent, double plus, double minus) {
  const auto place =
      std::ranges::lower_bound(rungs_, -exponent, {}, [](const Rung& r) { return -r.exponent; });
  rungs_.insert(place, Rung{exponent, at(exponent).step, plus, minus});
}

void Ladder::add_pair_rungs(int last_level) {
  while (std::cmp_less_equal(pair_rungs_.size(), last_level)) {
    const int exponent = pair_exponent_ - static_cast<int>(pair_rungs_.size());
    const Rung* own = find(exponent);
    const bool measured = own != nullptr;
    pair_rungs_.push_back(
        {at(exponent), measured ? own->plus : 0.0, measured ? own->minus : 0.0, measured});
  }
}

bool Ladder::shortened() const {
  return std::ranges::any_of(rungs_, [](const Rung& r) { return !r.finite(); });
}

// Without the rungs on which f is silent, and the last one above them, where it takes too few
// values; all of them where f is silent everywhere.
std::span<const Rung> Ladder::resolved(double centre) const {
  const auto heard = [&](const Rung& r) { return !silent(r, centre); };
  const auto last = std::ranges::find_if(rungs_.rbegin(), rungs_.rend(), heard);
  if (last == rungs_.rbegin() || rungs_.rend() - last < fewest_heard) return rungs_;
  auto count = static_cast<std::size_t>(rungs_.rend() - last);
  const int coarsest_silent = rungs_[count].exponent;
  while (count > fewest_heard && rungs_[count - 1].exponent <= coarsest_silent + stride) --count;
  return std::span(rungs_).first(count);
}

NoiseProfile Ladder::listen(double centre, double rounding) const {
  // In units of the noise: one at every rung.
  const Quotients q(rungs_, centre, NoiseProfile::known(1.0 / noise_sigmas, 0.0));
  const auto second = departures(q.second_table(departure_orders));
  const auto first = departures(q.first_table(departure_orders));
  std::array<NoiseSample, max_rungs> samples;
  std::size_t count = 0;
  std::size_t row = 0;
  for (const Rung& r : rungs_) {
    if (!r.finite()) continue;
    const std::size_t here = row++;
    if (here == 0) continue;
    const double deviation = std::hypot(second[here], first[here]) / std::numbers::sqrt2;
    samples[count++] = {r.step, deviation, magnitude(r, centre), silent(r, centre)};
  }
  return {std::span(samples).first(count), rounding};
}

Precision Ladder::precision(double centre) const {
  Precision seen = Precision::unseen;
  for (const Rung& r : rungs_) {
    for (const double value : {r.plus, r.minus}) {
      if (value == centre || !std::isfinite(value)) continue;
      if (value != static_cast<double>(static_cast<float>(value))) return Precision::full;
      seen = Precision::single;
    }
  }
  return seen;
}

// Rungs where the noise will be heard: further down, or between the last ones above silence.
void Ladder::want_finer(double centre) {
  if (!silent(rungs_.back(), centre)) {
    const bool digits = rungs_.back().step > fewest_digits * std::abs(x_);
    const int size = x_ != 0.0 ? std::ilogb(x_) - 2 : start_;
    if (bottom() > size && std::ranges::none_of(rungs_, &Rung::finite)) {
      // x may be as near to the end of the domain as to zero.
      for (int k = 0; k < first_rungs; ++k) want(size - (start_ - size) % 2 - stride * k);
    } else if (digits && bottom() > std::min(start_, size) - shrink_limit) {
      want(bottom() - stride);
    }
    return;
  }
  const auto heard = std::ranges::find_if(rungs_.rbegin(), rungs_.rend(),
                                          [&](const Rung& r) { return !silent(r, centre); });
  if (heard == rungs_.rend()) return;
  const int lowest = heard->exponent;
  for (int e = lowest + 2 * stride; e >= lowest; --e) want(e);
}

// From where f is silent on all rungs, as it is next to a minimum of 0 of what cancels.
void Ladder::want_coarser() {
  for (int e = top() + stride; e <= unseen_limit && e <= top() + 3 * stride; e += stride) want(e);
}

// Rungs by octaves where noise may end or f be smooth.
void Ladder::want_between(double step) {
  const auto above = std::ranges::find(rungs_, step, &Rung::step);
  if (above == rungs_.end() || above + 1 == rungs_.end()) return;
  for (int e = above->exponent - 1; e > (above + 1)->exponent; --e) want(e);
}

void Ladder::plan(double centre, const NoiseProfile& noise) {
  wanted_.clear();
  const auto heard = std::ranges::count_if(
      rungs_, [&](const Rung& r) { return r.finite() && !silent(r, centre); });
  if (heard < fewest_heard && !fixed_) want_coarser();
  if (noise.doubtful() > 0.0) want_between(noise.doubtful());
  if (!wanted_.empty()) return;
  const Quotients q(resolved(centre), centre, noise);
  const Extrapolation first = q.first_table();
  const Extrapolated best = q.second_table().best(&first);
  const bool none = best.coarsest < 0;
  const bool significant = !none && std::abs(best.value) > best.error;
  curvature_ = significant ? best.value : 0.0;
  slope_ = none ? 0.0 : first.value(best.coarsest, best.order);
  const bool at_bottom = none || best.coarsest + best.order + 2 >= static_cast<int>(q.count);
  const bool truncated = none || best.error > 4.0 * best.noise;
  const bool too_coarse = at_bottom && truncated && !silent(rungs_.back(), centre);
  if (too_coarse) want_finer(centre);
  if (!wanted_.empty() || none) return;
  const int middle = q.exponent[static_cast<std::size_t>(best.coarsest)];
  const bool within =
      middle <= refined_at_ + halvings_above && middle - best.order >= refined_at_ - halvings_below;
  if (refinements_ >= most_refinements || (refined_ && within)) return;

  // An order that reaches below the top would gain little from a coarser rung.
  const bool at_top = best.coarsest + best.order == 0 && rungs_.front().finite();
  const bool inexact = best.noise > good_enough * std::abs(best.value);
  // Noise that grows as fast as the difference does leaves nothing to gain.
  const bool gains =
      q.count < 2 || q.second_noise[0] * std::sqrt(q.step[0] / q.step[1]) < q.second_noise[1];
  const int limit = std::max(significant ? start_ + growth_limit : start_, unseen_limit);
  if (at_top && inexact && gains && !truncated && !fixed_ && top() + stride <= limit)
    want(top() + stride);
  if (!wanted_.empty()) return;

  refined_ = true;
  refined_at_ = middle;
  ++refinements_;
  for (int e = middle + halvings_above; e >= middle - halvings_below; --e)
    if (e <= top()) want(e);
}

// Where the second derivative jumps at x, the central difference is g + k h + ... with k a quarter
// of the jump: its part in h, which vanishes where f is smooth, stays the same on all rungs. The
// table is that of the slopes, the one of the steps tells what is left of h in it.
double jump_of(const Extrapolation& slopes, const Extrapolation& steps) {
  constexpr int order = 1;
  double least = infinity;
  double jump = 0.0;
  double coarser = 0.0;
  for (int r = 0; r + order + 1 < slopes.rungs(); ++r) {
    const double left = std::abs(steps.value(r, order) - steps.value(r + 1, order));
    const double k = std::abs(slopes.value(r, order) - slopes.value(r + 1, order)) / left;
    const double noise = (slopes.noise(r, order) + slopes.noise(r + 1, order)) / left;
    if (k + noise < least) {
      least = k + noise;
      jump = k > noise && k > persistent * coarser ? 2.0 * least : 0.0;
    }
    coarser = k;
  }
  return jump;
}

void Ladder::choose_pair_rung(const Quotients& quotients, const Extrapolation& second,
                              const Extrapolated& best, int levels) {
  const int order = std::clamp(levels - 1, 1, max_order);
  const auto off = [&](int r) { return std::abs(second.value(r, order) - best.value); };
  const auto cost = [&](int r) {
    const auto at = static_cast<std::size_t>(r);
    const bool halvings =
        quotients.exponent[at] - quotients.exponent[at + static_cast<std::size_t>(order)] == order;
    // Where f flattens out, extrapolation meets the value by accident only.
    const bool flat = std::abs(second.value(r, 0)) < 0.5 * std::abs(best.value);
    // Pairs need two axes whose steps shrink by the same factors.
    if (!halvings || flat || (start_ - quotients.exponent[at]) % 2 != 0) return infinity;
    // An error that is zero by accident would pick an absurd step: the next rung must agree.
    return std::max(off(r), off(r + 1)) + second.noise(r, order);
  };
  double least = infinity;
  for (int r = 0; r + order + 1 < second.rungs(); ++r) least = std::min(least, cost(r));
  // Of equals the finest: a step that gains nothing for the axis loses for its pairs.
  for (int r = second.rungs() - order - 2; r >= 0; --r) {
    if (cost(r) > 2.0 * least || !std::isfinite(least)) continue;
    pair_exponent_ = quotients.exponent[static_cast<std::size_t>(r)];
    const double change = std::abs(second.value(r, order) - second.value(r + 1, order - 1));
    reduction_ = change > 0.0 ? (off(r) + best.error) / change : 1.0;
    break;
  }
}

void Ladder::conclude(double centre, const NoiseProfile& noise, int levels) {
  wanted_.clear();
  const Quotients q(resolved(centre), centre, noise);
  const Extrapolation first = q.first_table();
  const Extrapolation second = q.second_table();
  const Extrapolated best = second.best(&first);
  derivatives_ = {first.best(), best};
  jump_ = jump_of(first, q.steps_table());
  if (best.coarsest >= 0) {
    const double step = q.step[static_cast<std::size_t>(best.coarsest)];
    third_ = 6.0 * std::abs(first.value(best.coarsest, 0) - derivatives_.first.value) / step / step;
  }
  derivatives_.second.error += jump_;
  pair_exponent_ = start_;
  if (best.coarsest >= 0) {
    const auto finest = static_cast<std::size_t>(best.coarsest + best.order);
    pair_exponent_ = std::min(pair_exponent_, q.exponent[finest]);
  }
  if (best.coarsest >= 0 && std::abs(best.value) > best.error)
    choose_pair_rung(q, second, best, levels);
  while (pair_exponent_ > top() || (start_ - pair_exponent_) % 2 != 0) --pair_exponent_;
  pair_rungs_.reserve(static_cast<std::size_t>(levels));
  for (int l = 0; l < levels; ++l) want(pair_exponent_ - l);
}

}  // namespace hesscape
