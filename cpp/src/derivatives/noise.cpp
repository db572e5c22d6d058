#include "hesscape/derivatives/noise.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "hesscape/numbers.hpp"

namespace hesscape {
namespace {

constexpr int window = 5;         // rungs, with two differences each
constexpr double unbiased = 1.6;  // the least of three departures is that much below their mean
constexpr double louder = 8.0;    // than expected a rung may be and show no more than noise
constexpr double steepest_growth = 2.0;  // of noise with the step: relative noise where f(x) is 0
constexpr double least_growth = 0.5;     // of noise that rounding of the argument causes
constexpr int few = 4;                   // rungs
constexpr double most_apart = 1e3;       // sizes of the finest values of two axes
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

namespace {

// Of a rung that is not silent, with the logarithms of its step and deviation.
struct Heard : NoiseSample {
  explicit Heard(const NoiseSample& sample)
      : NoiseSample(sample), log_step(std::log(step)), log_deviation(std::log(deviation)) {}
  double log_step, log_deviation;
};

// sigma = level * (step / scale)^power through the deviations of some rungs.
struct PowerLaw {
  PowerLaw(std::span<const Heard> rungs, const Heard& scale) : scale_(scale.log_step) {
    double s = 0.0, d = 0.0, ss = 0.0, sd = 0.0;
    for (const Heard& r : rungs) {
      const double x = r.log_step - scale_;
      s += x, d += r.log_deviation, ss += x * x, sd += x * r.log_deviation;
    }
    const auto m = static_cast<double>(rungs.size());
    if (rungs.size() > 2)
      power_ = std::clamp((sd - s * d / m) / (ss - s * s / m), 0.0, steepest_growth);
    const double unit = rungs.front().deviation;  // of which no square overflows
    double square = 0.0;
    for (const Heard& r : rungs) {
      const double off = r.deviation / unit / grown(r);
      square += off * off;
    }
    level_ = unit * std::sqrt(square / m);
  }

  double at(const Heard& rung) const { return level_ * grown(rung); }
  double power() const { return power_; }

 private:
  double grown(const Heard& rung) const {
    return power_ > 0.0 ? std::exp(power_ * (rung.log_step - scale_)) : 1.0;
  }

  double scale_;
  double power_ = 0.0;
  double level_;
};

// What is level on some rungs and gone on the next finer one is noise that f has at coarse steps
// only (an inner solver has nothing to do at fine ones, single precision resolves nothing). A
// smooth function, however fast it converges, has rungs in between.
struct Plateau {
  Plateau(std::span<const Heard> heard, int top, double below) {
    if (top < 2) return;
    const auto sample = [&](int r) -> const Heard& { return heard[static_cast<std::size_t>(r)]; };
    const Heard& here = sample(top - 1);
    const auto as_level = [&](const Heard& coarser) {
      const double octaves = (coarser.log_step - here.log_step) / std::numbers::ln2;
      const double rise = (coarser.log_deviation - here.log_deviation) / std::numbers::ln2;
      return octaves > least_length && rise < level_rise * octaves + 0.5;
    };
    if (std::ranges::none_of(heard.first(static_cast<std::size_t>(top - 1)), as_level)) return;
    const double octaves = (here.log_step - sample(top).log_step) / std::numbers::ln2;
    if (octaves > 1.5) {
      doubtful = here.step;
      return;
    }
    const bool long_one = top > 2 && sample(top - 3).deviation < louder * here.deviation;
    const bool sudden = std::log2(here.deviation / below) > steepest_fall * octaves;
    if (long_one || sudden) level = here.deviation;
  }

  double level = 0.0;
  double doubtful = 0.0;  // the step above a gap where it may end
};

}  // namespace

NoiseProfile::NoiseProfile(std::span<const NoiseSample> samples, double rounding)
    : rounding_(rounding) {
  std::vector<Heard> heard;
  heard.reserve(samples.size());
  for (NoiseSample sample : samples) {
    if (sample.silent) {
      least_ = std::max(least_, sample.deviation);
      continue;
    }
    sample.deviation = std::max(
        {sample.deviation, rounding * sample.magnitude, std::numeric_limits<double>::min()});
    heard.emplace_back(sample);
  }
  nearest_ = least_;
  heard_ = !heard.empty();
  if (!heard_) return;

  const auto count = static_cast<int>(heard.size());
  const auto sample = [&](int r) -> const Heard& { return heard[static_cast<std::size_t>(r)]; };
  // Rung r and some finer ones of those from `top` on.
  const auto law_at = [&](int r, int top) {
    const int first = std::max(top, std::min(r, count - window));
    const int last = std::min(first + window, count);
    return PowerLaw(std::span(heard).subspan(static_cast<std::size_t>(first),
                                             static_cast<std::size_t>(last - first)),
                    sample(r));
  };
  const int top = coarsest_heard(heard, law_at);
  informative_ = count - top;
  const PowerLaw last_law = law_at(top, top);
  const Plateau plateau(heard, top, top > 0 ? last_law.at(sample(top - 1)) : 0.0);
  doubtful_ = plateau.doubtful;

  rows_.resize(heard.size());
  for (int r = count - 1; r >= top; --r) {
    const PowerLaw law = r == top ? last_law : law_at(r, top);
    const double sigma = unbiased * law.at(sample(r)) * (informative_ < 3 ? 2.0 : 1.0);
    rows_[static_cast<std::size_t>(r)] = {sample(r).step, sample(r).magnitude, sigma};
    if (law.power() < least_growth) continue;
    const double slope = sigma / sample(r).step;
    slope_noise_ = slope_noise_ > 0.0 ? std::min(slope_noise_, slope) : slope;
  }
  const Row& last = rows_[static_cast<std::size_t>(top)];
  for (int r = top - 1; r >= 0; --r) {
    const double grown = std::max(grown_with_values(last, sample(r).magnitude),
                                  last_law.at(sample(r)) / last_law.at(sample(top)));
    rows_[static_cast<std::size_t>(r)] = {sample(r).step, sample(r).magnitude, last.sigma * grown};
  }
  nearest_ = std::max(nearest_, rows_.back().sigma);
  if (plateau.level > 0.0) raise(unbiased * plateau.level);
}

// The coarsest rung whose departure is more of what the finer ones show.
int NoiseProfile::coarsest_heard(const auto& heard, const auto& law_at) {
  const auto sample = [&](int r) -> const auto& { return heard[static_cast<std::size_t>(r)]; };
  const int finest = static_cast<int>(heard.size()) - 1;
  int top = finest;
  while (top > 0) {
    const auto& last = sample(top);
    const auto law = law_at(top, top);
    const Row row{last.step, last.magnitude, law.at(last)};
    const auto more_of_the_same = [&](int r) {
      if (r < 0) return false;
      // One rung says little: the next may be as much louder as relative noise can be.
      const double expected =
          top == finest ? last.deviation * std::pow(sample(r).step / last.step, steepest_growth)
                        : law.at(sample(r));
      const double grown = row.sigma * grown_with_values(row, sample(r).magnitude);
      return sample(r).deviation <= louder * std::max(expected, grown);
    };
    if (more_of_the_same(top - 1)) {
      --top;
    } else if (top < finest && more_of_the_same(top - 2)) {
      top -= 2;  // the one between departs by accident
    } else {
      break;
    }
  }
  return top;
}

// Values that are noise themselves say nothing of how it grows.
double NoiseProfile::grown_with_values(const Row& row, double magnitude) {
  return std::max(1.0, magnitude / std::max(row.magnitude, 20.0 * row.sigma));
}

double NoiseProfile::at(double step, double magnitude) const {
  const double sigma = std::max({least_, rounding_ * magnitude, root_ * std::sqrt(magnitude)});
  if (rows_.empty()) return sigma;
  // The finest that is no finer.
  const auto finer =
      std::ranges::partition_point(rows_, [&](const Row& r) { return r.step > 0.999 * step; });
  const Row& row = finer == rows_.begin() ? rows_.front() : *(finer - 1);
  return std::max(sigma, row.sigma * grown_with_values(row, magnitude));
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
  double nearest = std::numeric_limits<double>::infinity();
  for (const NoiseProfile& axis : axes)
    if (axis.informative() > 0) nearest = std::min(nearest, axis.finest_magnitude());
  std::vector<double> levels;
  for (const NoiseProfile& axis : axes) {  // that of values as they are near x
    if (axis.informative() > 0 && axis.finest_magnitude() <= most_apart * nearest)
      levels.push_back(axis.nearest());
  }
  if (levels.empty()) return;
  const double common = median(std::move(levels));
  for (NoiseProfile& axis : axes) {
    if (axis.informative() < few) axis.cap(10.0 * common);
    axis.raise(common);
  }
}

}  // namespace hesscape
