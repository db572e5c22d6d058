#include "hesscape/noise.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

namespace hesscape {
namespace {

constexpr std::size_t window = 8;  // samples: two differences on each of four rungs
constexpr double unbiased = 1.5;   // the least of several such means is that much below their mean
constexpr int few = 12;
constexpr std::array<double, 3> powers = {1.0, 0.5, 0.0};

double scaled(const NoiseSample& sample, double power) {
  return sample.deviation / std::pow(sample.magnitude, power);
}

// The least root mean square over windows of neighbouring rungs: coarse windows see truncation too,
// which only makes them larger. Where f is silent its resolution is what was expected to be seen.
double quietest(std::span<const NoiseSample> samples, double power) {
  std::vector<double> squares;
  double resolution = 0.0;
  for (const NoiseSample& s : samples) {
    const double u = scaled(s, power);
    if (s.silent)
      resolution = std::max(resolution, u);
    else
      squares.push_back(u * u);
  }
  const std::size_t width = std::min<std::size_t>(window, squares.size());
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t first = 0; first + width <= squares.size(); first += 2) {
    const auto begin = squares.begin() + static_cast<std::ptrdiff_t>(first);
    const double sum = std::accumulate(begin, begin + static_cast<std::ptrdiff_t>(width), 0.0);
    least = std::min(least, unbiased * std::sqrt(sum / static_cast<double>(width)));
  }
  return width == 0 ? resolution : std::max(least, resolution);
}

// The variance of the logarithms over the finer rungs; deviations below rounding count as rounding.
double spread(std::span<const std::span<const NoiseSample>> axes, double power, double rounding) {
  double total = 0.0;
  for (const auto samples : axes) {
    double count = 0.0;
    double sum = 0.0;
    double square = 0.0;
    const auto fine = samples.subspan(samples.size() / 3);
    for (const NoiseSample& s : fine) {
      if (s.silent) continue;
      const double l = std::log(std::max(scaled(s, power), rounding * std::pow(s.magnitude, 1.0 - power)));
      count += 1.0;
      sum += l;
      square += l * l;
    }
    if (count > 0.0) total += square / count - std::pow(sum / count, 2);
  }
  return total;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::vector<double> levels(std::span<const std::span<const NoiseSample>> axes, double power) {
  std::vector<double> level, informative;
  for (const auto samples : axes) {
    level.push_back(quietest(samples, power));
    if (!samples.empty()) informative.push_back(level.back());
  }
  const double common = informative.empty() ? 0.0 : median(informative);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    // A window over few rungs sees the function itself; the other axes know better.
    const auto heard = std::ranges::count(axes[i], false, &NoiseSample::silent);
    if (heard < few) level[i] = std::min(level[i], 10.0 * common);
    level[i] = std::max(level[i], common);
  }
  return level;
}

}  // namespace

double NoiseModel::at(double magnitude) const {
  const double own = power == 1.0 ? level * magnitude : power == 0.0 ? level : level * std::sqrt(magnitude);
  return std::max(own, relative * magnitude);
}

double rounding_level(int n) { return 0x1p-53 * std::sqrt(n + 2.0); }

std::vector<NoiseModel> estimate_noise(std::span<const std::span<const NoiseSample>> axes) {
  const double rounding = rounding_level(static_cast<int>(axes.size()));
  double power = powers[0];
  double least = spread(axes, power, rounding);
  for (const double p : powers) {
    const double s = spread(axes, p, rounding);
    if (s < least) {
      least = s;
      power = p;
    }
  }
  const std::vector<double> level = levels(axes, power);
  const std::vector<double> relative = power == 1.0 ? level : levels(axes, 1.0);
  std::vector<NoiseModel> models;
  for (std::size_t i = 0; i < axes.size(); ++i)
    models.push_back({level[i], power, std::max(relative[i], rounding)});
  return models;
}

}  // namespace hesscape
