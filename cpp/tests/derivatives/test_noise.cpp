#include <algorithm>
#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

#include "check.hpp"
#include "hesscape/derivatives/noise.hpp"

namespace {

using hesscape::NoiseModel;
using hesscape::NoiseSample;
using hesscape::NoiseSummary;
namespace check = hesscape::check;

using Axes = std::vector<std::vector<NoiseSample>>;

std::vector<NoiseModel> estimate(const Axes& axes) {
  const double rounding = hesscape::rounding_level(static_cast<int>(axes.size()));
  std::vector<NoiseSummary> summaries;
  for (const auto& samples : axes) summaries.emplace_back(samples, rounding);
  return hesscape::estimate_noise(summaries, rounding);
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

// Two samples a rung, coarsest first; values grow from `size` at the bottom of the ladder to a
// thousand times that at its top, and noise like their `power`. The top three rungs see the
// function itself.
std::vector<NoiseSample> axis(double sigma, double power, double size, std::mt19937& random) {
  std::normal_distribution<double> normal;
  std::vector<NoiseSample> samples;
  const int rungs = 12;
  for (int r = 0; r < rungs; ++r) {
    const double magnitude = size * (1.0 + 1e3 * std::pow(4.0, -r));
    for (int k = 0; k < 2; ++k) {
      const double noise = sigma * std::pow(magnitude, power) * std::abs(normal(random));
      samples.push_back({noise + (r < 3 ? magnitude : 0.0), magnitude, false});
    }
  }
  return samples;
}

void levels_are_within_a_factor_of_three() {
  std::mt19937 random(1);
  for (const double power : {0.0, 0.5, 1.0}) {
    for (const double sigma : {1e-2, 1e-6, 1e-11}) {
      for (const double size : {1e-5, 1.0, 1e7}) {
        for (const int n : {1, 2, 5, 20}) {
          std::vector<double> ratios;
          for (int trial = 0; trial < 41; ++trial) {
            Axes axes;
            for (int i = 0; i < n; ++i)
              axes.push_back(axis(sigma * std::pow(size, 1.0 - power), power, size, random));
            const auto models = estimate(axes);
            check::equal(models.size(), static_cast<std::size_t>(n));
            for (const NoiseModel& m : models) ratios.push_back(m.at(size) / (sigma * size));
          }
          check::at_most(1.0 / 3.0, median(ratios));
          check::at_most(median(ratios), 3.0);
        }
      }
    }
  }
}

void noise_grows_as_the_samples_say() {
  std::mt19937 random(2);
  for (const double power : {0.0, 0.5, 1.0}) {
    std::vector<double> growth;
    for (int trial = 0; trial < 41; ++trial) {
      const auto models =
          estimate({axis(1e-4, power, 1.0, random), axis(1e-4, power, 1.0, random)});
      growth.push_back(models[0].at(1e2) / models[0].at(1.0));
    }
    check::at_most(std::pow(1e2, power) / 5.0, median(growth));
    check::at_most(median(growth), 1e2 * 5.0);
  }
}

void never_below_rounding() {
  for (const int n : {1, 100}) {
    const Axes silent(static_cast<std::size_t>(n));
    for (const NoiseModel& m : estimate(silent)) {
      check::at_most(0x1p-53 * 8.0, m.at(8.0));
      check::at_most(m.at(8.0), 0x1p-45 * 8.0);
    }
    check::at_most(hesscape::rounding_level(n), hesscape::rounding_level(n + 1));
  }
}

void an_axis_that_is_too_quiet_learns_from_the_others() {
  std::mt19937 random(3);
  Axes axes;
  for (int i = 0; i < 7; ++i) axes.push_back(axis(i == 0 ? 1e-12 : 1e-5, 0.0, 1.0, random));
  check::at_most(1e-5 / 3.0, estimate(axes)[0].at(1.0));
}

void a_silent_axis_resolves_no_less_than_it_missed() {
  Axes axes(1);
  for (int r = 0; r < 10; ++r) axes[0].push_back({1e-3 * std::pow(8.0, -r), 1.0, true});
  check::at_most(1e-3, estimate(axes)[0].at(1.0));
}

void a_model_is_the_larger_of_its_parts() {
  check::close((NoiseModel{.absolute = 3.0}).at(100.0), 3.0, 0.0);
  check::close((NoiseModel{.root = 3.0}).at(100.0), 30.0, 1e-14);
  check::close((NoiseModel{.relative = 3.0}).at(100.0), 300.0, 0.0);
  check::close((NoiseModel{.absolute = 3.0, .root = 2.0, .relative = 0.5}).at(100.0), 50.0, 0.0);
}

}  // namespace

int main() {
  levels_are_within_a_factor_of_three();
  noise_grows_as_the_samples_say();
  never_below_rounding();
  an_axis_that_is_too_quiet_learns_from_the_others();
  a_silent_axis_resolves_no_less_than_it_missed();
  a_model_is_the_larger_of_its_parts();
}
