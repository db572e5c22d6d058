#include "hesscape/ladder.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace hesscape {
namespace {

constexpr int first_rungs = 9;    // eight by eight: 2^0 .. 2^-24 of the first step
constexpr int stride = 3;         // in powers of two
constexpr int halvings_above = 2; // of the best rung
constexpr int halvings_below = 6;
constexpr int growth_limit = 24;  // powers of two above the first step
constexpr int unseen_limit = -1;  // while no curvature is seen, grow to 1/2 at most
constexpr int shrink_limit = 60;  // powers of two below the first step
constexpr double good_enough = 0x1p-44;
constexpr double quiet = 0.125;
constexpr double noise_sigmas = 4.0;

struct Quotients {
  std::vector<double> step, first, second, first_noise, second_noise;
};

double magnitude(const Rung& rung, double centre) {
  return std::max({std::abs(rung.plus), std::abs(rung.minus), std::abs(centre)});
}

// x + h was rounded away inside f, or f is flat, or changes by less than it resolves.
bool silent(const Rung& rung, double centre) { return rung.plus == centre && rung.minus == centre; }

Quotients quotients(const std::vector<Rung>& rungs, double centre, const NoiseModel& noise) {
  Quotients q;
  for (const Rung& r : rungs) {
    if (!r.finite()) continue;
    const double h = r.step;
    const double sigma = noise.at(magnitude(r, centre));
    q.step.push_back(h);
    q.first.push_back((r.plus - r.minus) / (2.0 * h));
    q.second.push_back(((r.plus - centre) + (r.minus - centre)) / h / h);
    q.first_noise.push_back(noise_sigmas * sigma / (std::numbers::sqrt2 * h));
    q.second_noise.push_back(noise_sigmas * std::sqrt(6.0) * sigma / h / h);
  }
  return q;
}

// For each rung, by how many noise units (`unit` holds one for each quotient) it departs from the
// extrapolations of the coarser ones.
std::vector<double> departures(const std::vector<double>& step, const std::vector<double>& quotient,
                               const std::vector<double>& unit) {
  const Extrapolation table(step, quotient, unit);
  std::vector<double> result(step.size(), std::numeric_limits<double>::infinity());
  for (int k = 0; k < 3; ++k) {
    for (int r = 0; r + k + 1 < table.rungs(); ++r) {
      const double change = std::abs(table.value(r, k) - table.value(r + 1, k));
      const double scale = table.noise(r, k) + table.noise(r + 1, k);
      double& least = result[static_cast<std::size_t>(r + k + 1)];
      least = std::min(least, change / scale);
    }
  }
  return result;
}

}  // namespace

Displacement::Displacement(double x, int exponent) {
  const double h = (x + std::ldexp(1.0, exponent)) - x;
  plus = x + h;
  minus = x - h;
  step = 0.5 * plus - 0.5 * minus;
}

bool Rung::finite() const { return std::isfinite(plus) && std::isfinite(minus) && step > 0.0; }

Ladder::Ladder(double x, double size, double step) : x_(x), fixed_(step > 0.0) {
  const bool negligible = std::abs(x) <= 1e-8 * std::max(size, 1e-8);
  start_ = fixed_ ? std::ilogb(step) : (negligible ? -2 : std::ilogb(x) - 2);
  for (int k = 0; k < first_rungs; ++k) want(start_ - stride * k);
}

void Ladder::want(int exponent) {
  if (find(exponent) == nullptr && Displacement(x_, exponent).step > 0.0)
    wanted_.push_back(exponent);
}

const Rung* Ladder::find(int exponent) const {
  const auto at = std::ranges::lower_bound(rungs_, -exponent, {}, [](const Rung& r) { return -r.exponent; });
  return at != rungs_.end() && at->exponent == exponent ? &*at : nullptr;
}

void Ladder::add(int exponent, double plus, double minus) {
  const auto at = std::ranges::lower_bound(rungs_, -exponent, {}, [](const Rung& r) { return -r.exponent; });
  rungs_.insert(at, Rung{exponent, Displacement(x_, exponent).step, plus, minus});
}

bool Ladder::shortened() const {
  return std::ranges::any_of(rungs_, [](const Rung& r) { return !r.finite(); });
}

std::vector<NoiseSample> Ladder::noise_samples(double centre) const {
  const Quotients q = quotients(rungs_, centre, NoiseModel{1.0 / noise_sigmas, 0.0, 0.0});
  const std::vector<double> second = departures(q.step, q.second, q.second_noise);
  const std::vector<double> first = departures(q.step, q.first, q.first_noise);
  std::vector<NoiseSample> samples;
  std::size_t row = 0;
  for (const Rung& r : rungs_) {
    if (!r.finite()) continue;
    const std::size_t here = row++;
    if (here == 0 || magnitude(r, centre) == 0.0) continue;
    samples.push_back({second[here], magnitude(r, centre), silent(r, centre)});
    samples.push_back({first[here], magnitude(r, centre), silent(r, centre)});
  }
  return samples;
}

AxisDerivatives Ladder::derivatives(double centre, const NoiseModel& noise) const {
  const Quotients q = quotients(rungs_, centre, noise);
  const Extrapolation first(q.step, q.first, q.first_noise);
  return {first.best(), Extrapolation(q.step, q.second, q.second_noise).best(&first)};
}

// The lowest rungs depart from smoothness far less than the noise level says, so what it was taken
// from is the function itself on rungs too coarse for it.
bool Ladder::quiet_below(double centre, const NoiseModel& noise) const {
  const std::vector<NoiseSample> samples = noise_samples(centre);
  if (samples.size() < 4 || silent(rungs_.back(), centre)) return false;
  double departed = 0.0;
  double expected = 0.0;
  double rounding = 0.0;
  for (const NoiseSample& s : std::span(samples).last(4)) {
    departed += std::pow(s.deviation, 2);
    expected += std::pow(noise.at(s.magnitude), 2);
    rounding += std::pow(16.0 * std::numeric_limits<double>::epsilon() * s.magnitude, 2);
  }
  return expected > rounding && departed < quiet * quiet * expected;
}

void Ladder::plan(double centre, const NoiseModel& noise) {
  wanted_.clear();
  const Quotients q = quotients(rungs_, centre, noise);
  const Extrapolation first(q.step, q.first, q.first_noise);
  const Extrapolated best = Extrapolation(q.step, q.second, q.second_noise).best(&first);
  const bool none = best.coarsest < 0;
  const bool at_bottom = none || best.coarsest + best.order + 2 >= static_cast<int>(q.step.size());
  const bool truncated = none || best.error - best.noise > best.noise;
  if (((at_bottom && truncated && !silent(rungs_.back(), centre)) || quiet_below(centre, noise)) && bottom() > start_ - shrink_limit) {
    want(bottom() - stride);
    if (!wanted_.empty()) return;
  }
  if (none || refined_) return;

  // An order that reaches far below the top would gain nothing from a coarser rung.
  const bool at_top = best.coarsest + best.order <= 1 && rungs_.front().finite();
  const bool significant = std::abs(best.value) > best.error;
  const int limit = significant ? start_ + growth_limit : std::max(start_, unseen_limit);
  if (at_top && !fixed_ && !truncated && best.noise > good_enough * std::abs(best.value) &&
      top() + stride <= limit) {
    want(top() + stride);
    return;
  }
  refined_ = true;
  const auto same_step = [&](const Rung& r) { return r.step == q.step[static_cast<std::size_t>(best.coarsest)]; };
  const int centre_exponent = std::ranges::find_if(rungs_, same_step)->exponent;
  for (int e = centre_exponent + halvings_above; e >= centre_exponent - halvings_below; --e)
    if (e <= top()) want(e);
}

void Ladder::plan_pairs(double centre, const NoiseModel& noise, int levels) {
  wanted_.clear();
  const Quotients q = quotients(rungs_, centre, noise);
  const Extrapolation first(q.step, q.first, q.first_noise);
  const Extrapolation table(q.step, q.second, q.second_noise);
  const Extrapolated best = table.best(&first);
  pair_exponent_ = std::min(start_, top());
  reduction_ = 1.0;
  if (best.coarsest >= 0 && std::abs(best.value) > best.error) {
    const int order = std::clamp(levels - 1, 1, max_order);
    double least = std::numeric_limits<double>::infinity();
    int row = -1;
    std::vector<int> exponent;
    for (const Rung& r : rungs_)
      if (r.finite()) exponent.push_back(r.exponent);
    for (int r = 0; r + order + 1 < table.rungs(); ++r) {
      const auto at = static_cast<std::size_t>(r);
      if (exponent[at] - exponent[at + static_cast<std::size_t>(order)] != order) continue;
      const double off = std::max(std::abs(table.value(r, order) - best.value),
                                  std::abs(table.value(r + 1, order) - best.value));
      const double cost = off + table.noise(r, order);
      if (cost < least) {
        least = cost;
        row = r;
      }
    }
    if (row >= 0) {
      pair_exponent_ = exponent[static_cast<std::size_t>(row)];
      const double change = std::abs(table.value(row, order) - table.value(row + 1, order - 1));
      const double off = std::abs(table.value(row, order) - best.value) + best.error;
      reduction_ = off < change ? off / change : 1.0;
    }
  }
  for (int l = 0; l < levels; ++l) want(pair_exponent_ - l);
}

}  // namespace hesscape
