#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "check.hpp"
#include "hesscape/derivatives/noise.hpp"

namespace {

using hesscape::NoiseProfile;
using hesscape::NoiseSample;
namespace check = hesscape::check;

constexpr double rounding = 0x1p-53;

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

// Samples of an axis, coarsest first, a power of eight apart. Values grow from `size` at the bottom
// to a thousand times that at the top, and noise like their `power`; truncation falls as the square
// of the step.
struct Axis {
  double sigma = 0.0;
  double power = 0.0;
  double size = 1.0;
  double truncation = 1.0;

  std::vector<NoiseSample> samples(std::mt19937& random) const {
    std::normal_distribution<double> normal;
    std::vector<NoiseSample> result;
    for (int r = 0; r < 12; ++r) {
      const double step = std::pow(8.0, -r);
      const double magnitude = size * (1.0 + 1e3 * step);
      const double noise = sigma * std::pow(magnitude, power) * std::abs(normal(random));
      result.push_back({step, noise + truncation * size * step * step, magnitude, false});
    }
    return result;
  }
};

void levels_are_within_a_factor_of_three() {
  std::mt19937 random(1);
  for (const double power : {0.0, 0.5, 1.0}) {
    for (const double sigma : {1e-3, 1e-6, 1e-11}) {
      for (const double size : {1e-5, 1.0, 1e7}) {
        std::vector<double> ratios;
        for (int trial = 0; trial < 101; ++trial) {
          const Axis axis{
              .sigma = sigma * std::pow(size, 1.0 - power), .power = power, .size = size};
          const NoiseProfile profile(axis.samples(random), rounding);
          ratios.push_back(profile.at(1e-8, size) / (sigma * size));
        }
        check::at_most(1.0 / 3.0, median(ratios));
        check::at_most(median(ratios), 3.0);
      }
    }
  }
}

void noise_grows_no_less_than_values_do() {
  std::mt19937 random(2);
  for (const double power : {0.0, 1.0}) {
    const NoiseProfile profile(Axis{.sigma = 1e-4, .power = power}.samples(random), rounding);
    check::at_most(10.0 * profile.at(1e-8, 1.0), profile.at(1e-8, 1e2));
    check::at_most(profile.at(1e-8, 1e2), 1e2 * profile.at(1e-8, 1.0));
  }
}

// Rounding of the argument moves f by its slope: noise that falls with the step, for a while.
void noise_may_grow_with_the_step() {
  std::mt19937 random(3);
  std::normal_distribution<double> normal;
  std::vector<NoiseSample> samples;
  for (int r = 0; r < 12; ++r) {
    const double step = std::pow(8.0, -r);
    samples.push_back(
        {step, 1e-7 * step * std::abs(normal(random)) + step * step * step, 1.0, false});
  }
  const NoiseProfile profile(samples, rounding);
  const double slope = profile.at(std::pow(8.0, -6), 1.0) / std::pow(8.0, -6);
  check::at_most(1e-7 / 3.0, slope);
  check::at_most(slope, 1e-6);
  check::at_most(1e-8, profile.slope_noise());
}

// What falls from one rung to the next as truncation does is none, however large it is.
void truncation_is_no_noise() {
  std::mt19937 random(4);
  for (const double truncation : {1e-3, 1.0, 1e6}) {
    const NoiseProfile profile(Axis{.truncation = truncation}.samples(random), rounding);
    check::at_most(profile.at(1e-9, 1.0), 1e-13 * std::max(1.0, truncation));
  }
}

// Noise at coarse steps that is gone at fine ones is that of a function that does nothing there.
void a_level_above_silence_is_noise() {
  std::vector<NoiseSample> samples;
  for (int e = 0; e > -40; --e) {
    const double step = std::ldexp(1.0, e);
    const double noise = e > -20 ? 1e-6 * (1.0 + 0.1 * (e % 3)) : 1e-15;
    samples.push_back({step, noise + std::pow(step, 4), 1.0, false});
  }
  const NoiseProfile profile(samples, rounding);
  check::at_most(3e-7, profile.at(1e-10, 1.0));
  // A smooth function has rungs in between, even where it converges faster than any power.
  samples.clear();
  for (int e = 0; e > -40; --e) {
    const double x = std::ldexp(1.0, e + 6);
    samples.push_back({std::ldexp(1.0, e), std::exp(-1.0 / (x * x)) + 1e-15, 1.0, false});
  }
  const NoiseProfile smooth(samples, rounding);
  check::at_most(smooth.at(1e-10, 1.0), 1e-13);
}

void never_below_rounding() {
  const NoiseProfile nothing;
  for (const int n : {1, 100}) {
    const double level = hesscape::rounding_level(n);
    const NoiseProfile profile({}, level);
    check::at_most(level * 8.0, profile.at(1e-3, 8.0));
    check::at_most(profile.at(1e-3, 8.0), 0x1p-45 * 8.0);
    check::is_true(!profile.heard());
    check::at_most(hesscape::rounding_level(n), hesscape::rounding_level(n + 1));
  }
  check::at_most(1e8 * hesscape::rounding_level(3), hesscape::rounding_level(3, true));
}

void an_axis_that_is_too_quiet_learns_from_the_others() {
  std::mt19937 random(5);
  std::vector<NoiseProfile> axes;
  for (int i = 0; i < 7; ++i)
    axes.emplace_back(Axis{.sigma = i == 0 ? 1e-12 : 1e-5}.samples(random), rounding);
  hesscape::share_noise(axes);
  check::at_most(1e-5 / 3.0, axes[0].at(1e-8, 1.0));
}

void a_silent_axis_resolves_no_less_than_it_missed() {
  std::vector<NoiseSample> samples;
  for (int r = 0; r < 10; ++r)
    samples.push_back({std::pow(8.0, -r), 1e-3 * std::pow(8.0, -r), 1.0, true});
  check::at_most(1e-3, NoiseProfile(samples, rounding).at(1e-6, 1.0));
}

void what_is_known_stays() {
  NoiseProfile profile = NoiseProfile::known(3.0, 0x1p-52);
  check::equal(profile.at(1e-5, 1.0), 3.0);
  check::equal(profile.at(1e5, 1e20), 0x1p-52 * 1e20);
  profile.raise(4.0);
  check::equal(profile.at(1e-5, 1.0), 4.0);
  profile.add_argument_rounding(0.0, 5.0);
  check::equal(profile.at(1e-5, 100.0), 50.0);
  profile.cap(0.5);
  check::equal(profile.nearest(), 0.5);
}

}  // namespace

int main() {
  levels_are_within_a_factor_of_three();
  noise_grows_no_less_than_values_do();
  noise_may_grow_with_the_step();
  truncation_is_no_noise();
  a_level_above_silence_is_noise();
  never_below_rounding();
  an_axis_that_is_too_quiet_learns_from_the_others();
  a_silent_axis_resolves_no_less_than_it_missed();
  what_is_known_stays();
}
