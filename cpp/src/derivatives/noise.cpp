#include "hesscape/derivatives/noise.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "hesscape/numbers.hpp"

namespace hesscape {
namespace {

constexpr int window = 5;         // rungs, with two differences each
constexpr double unbiased = 1.6;  // the least of three departures is that much below their mean
constexpr double louder = 8.0;    // than expected a rung may be and show no more than noise
constexpr double steepest_growth = 2.0;  // of noise with the step: relative noise where f(x) is 0
constexpr double least_growth = 0.5;     // of noise that rounding of the argument causes
constexpr int few = 4;                   // rungs
// Departures of a smooth function fall by up to the eighth power of the step, those of jumps at
// once.
constexpr double steepest_fall = 10.5;  // powers of two an octave
constexpr double level_rise = 0.5;      // of a plateau, likewise; the kink of f rises by one
constexpr double least_length = 1.9;    // octaves of a plateau

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

}  // namespace

NoiseProfile NoiseProfile::known(double sigma, double rounding) {
  NoiseProfile profile;
  profile.rounding_ = rounding;
  profile.least_ = profile.nearest_ = sigma;
  profile.heard_ = true;
  return profile;
}

NoiseProfile::NoiseProfile(std::span<const NoiseSample> samples, double rounding)
    : rounding_(rounding) {
  std::vector<NoiseSample> heard;
  heard.reserve(samples.size());
  for (NoiseSample sample : samples) {
    if (sample.silent) {
      least_ = std::max(least_, sample.deviation);
      continue;
    }
    sample.deviation = std::max(
        {sample.deviation, rounding * sample.magnitude, std::numeric_limits<double>::min()});
    heard.push_back(sample);
  }
  nearest_ = least_;
  heard_ = !heard.empty();
  if (heard_) learn(heard);
}

namespace {

// sigma = level * (step / scale)^power through the deviations of some rungs.
struct PowerLaw {
  PowerLaw(std::span<const NoiseSample> rungs, double scale) : scale_(scale) {
    double s = 0.0, d = 0.0, ss = 0.0, sd = 0.0;
    for (const NoiseSample& r : rungs) {
      const double x = std::log(r.step / scale);
      const double y = std::log(r.deviation);
      s += x, d += y, ss += x * x, sd += x * y;
    }
    const auto m = static_cast<double>(rungs.size());
    if (rungs.size() > 2)
      power_ = std::clamp((sd - s * d / m) / (ss - s * s / m), 0.0, steepest_growth);
    level_ = 0.0;
    for (const NoiseSample& r : rungs)
      level_ = std::hypot(level_, r.deviation * std::pow(scale / r.step, power_) / std::sqrt(m));
  }

  double at(double step) const { return level_ * std::pow(step / scale_, power_); }
  double power() const { return power_; }

 private:
  double scale_;
  double power_ = 0.0;
  double level_;
};

}  // namespace

void NoiseProfile::learn(std::span<const NoiseSample> heard) {
  const auto count = static_cast<int>(heard.size());
  const auto sample = [&](int r) -> const NoiseSample& {
    return heard[static_cast<std::size_t>(r)];
  };
  // Rung r and some finer ones of those from `top` on.
  const auto around = [&](int r, int top) {
    const int first = std::max(top, std::min(r, count - window));
    const int last = std::min(first + window, count);
    return heard.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(last - first));
  };
  int top = count - 1;
  const auto more_of_the_same = [&](int r) {
    if (r < 0) return false;
    const NoiseSample& s = sample(r);
    const NoiseSample& last = sample(top);
    const PowerLaw law(around(top, top), last.step);
    // One rung says little: the next may be as much louder as relative noise can be.
    const double expected = top == count - 1
                                ? last.deviation * std::pow(s.step / last.step, steepest_growth)
                                : law.at(s.step);
    const Row row{last.step, last.magnitude, law.at(last.step)};
    return s.deviation <=
           louder * std::max(expected, row.sigma * grown_with_values(row, s.magnitude));
  };
  while (top > 0) {
    if (more_of_the_same(top - 1)) {
      --top;
    } else if (top < count - 1 && more_of_the_same(top - 2)) {
      top -= 2;  // the one between departs by accident
    } else {
      break;
    }
  }
  informative_ = count - top;
  const double plateau = plateau_above(heard, top, PowerLaw(around(top, top), sample(top).step));

  rows_.resize(heard.size());
  for (int r = count - 1; r >= top; --r) {
    const auto rungs = around(r, top);
    const PowerLaw law(rungs, sample(r).step);
    const double sigma = unbiased * law.at(sample(r).step) * (rungs.size() < 3 ? 2.0 : 1.0);
    rows_[static_cast<std::size_t>(r)] = {sample(r).step, sample(r).magnitude, sigma};
    if (law.power() < least_growth) continue;
    const double slope = sigma / sample(r).step;
    slope_noise_ = slope_noise_ > 0.0 ? std::min(slope_noise_, slope) : slope;
  }
  const Row& last = rows_[static_cast<std::size_t>(top)];
  const double power = PowerLaw(around(top, top), last.step).power();
  for (int r = top - 1; r >= 0; --r) {
    const double grown = std::max(grown_with_values(last, sample(r).magnitude),
                                  std::pow(sample(r).step / last.step, power));
    rows_[static_cast<std::size_t>(r)] = {sample(r).step, sample(r).magnitude, last.sigma * grown};
  }
  nearest_ = std::max(nearest_, rows_.back().sigma);
  if (plateau > 0.0) raise(unbiased * plateau);
}

// What is level on some rungs and gone on the next finer one is noise that f has at coarse steps
// only (an inner solver has nothing to do at fine ones, single precision resolves nothing). A
// smooth function, however fast it converges, has rungs in between.
double NoiseProfile::plateau_above(std::span<const NoiseSample> heard, int top, const auto& law) {
  if (top < 2) return 0.0;
  const auto sample = [&](int r) -> const NoiseSample& {
    return heard[static_cast<std::size_t>(r)];
  };
  const NoiseSample& here = sample(top - 1);
  const auto as_level = [&](const NoiseSample& coarser) {
    const double octaves = std::log2(coarser.step / here.step);
    const double rise = std::log2(coarser.deviation / here.deviation);
    return octaves > least_length && rise < level_rise * octaves + 0.5;
  };
  if (std::ranges::none_of(heard.first(static_cast<std::size_t>(top - 1)), as_level)) return 0.0;
  const double octaves = std::log2(here.step / sample(top).step);
  if (octaves > 1.5) {
    doubtful_ = here.step;
    return 0.0;
  }
  const bool level = top > 2 && sample(top - 3).deviation < louder * here.deviation;
  const bool sudden = std::log2(here.deviation / law.at(here.step)) > steepest_fall * octaves;
  return level || sudden ? here.deviation : 0.0;
}

// Values that are noise themselves say nothing of how it grows.
double NoiseProfile::grown_with_values(const Row& row, double magnitude) {
  return std::max(1.0, magnitude / std::max(row.magnitude, 20.0 * row.sigma));
}

double NoiseProfile::at(double step, double magnitude) const {
  const double sigma = std::max({least_, rounding_ * magnitude, root_ * std::sqrt(magnitude)});
  if (rows_.empty()) return sigma;
  const Row* row = &rows_.back();
  for (const Row& r : rows_) {
    if (r.step > 0.999 * step) row = &r;  // the finest that is no finer
  }
  if (rows_.front().step < 0.999 * step) row = &rows_.front();
  return std::max(sigma, row->sigma * grown_with_values(*row, magnitude));
}

void NoiseProfile::raise(double level) {
  least_ = std::max(least_, level);
  nearest_ = std::max(nearest_, level);
}

void NoiseProfile::cap(double level) {
  if (!(nearest_ > level)) return;
  const double share = level / nearest_;
  for (Row& row : rows_) row.sigma *= share;
  least_ = std::min(least_, level);
  nearest_ = level;
}

void NoiseProfile::add_argument_rounding(double here, double root) {
  raise(here);
  root_ = root;
}

double rounding_level(int n, bool single_precision) {
  return (single_precision ? 0x1p-24 : 0x1p-53) * std::sqrt(n + 2.0);
}

void share_noise(std::span<NoiseProfile> axes) {
  std::vector<double> levels;
  for (const NoiseProfile& axis : axes)
    if (axis.informative() > 0) levels.push_back(axis.nearest());
  if (levels.empty()) return;
  const double common = median(std::move(levels));
  for (NoiseProfile& axis : axes) {
    if (axis.informative() < few) axis.cap(10.0 * common);
    axis.raise(common);
  }
}

}  // namespace hesscape
