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
constexpr int few = 12;          // samples
constexpr std::array<double, 3> powers = {1.0, 0.5, 0.0};  // of the magnitude: relative, root, absolute

double grown(double magnitude, double power) {
  return power == 1.0 ? magnitude : power == 0.0 ? 1.0 : std::sqrt(magnitude);
}

// The least root mean square over windows of neighbouring rungs: coarse windows see truncation too,
// which only makes them larger.
double quietest(std::span<const NoiseSample> samples, double power) {
  std::vector<double> squares;
  for (const NoiseSample& s : samples)
    if (!s.silent) squares.push_back(std::pow(s.deviation / grown(s.magnitude, power), 2));
  if (squares.empty()) return 0.0;
  const std::size_t width = std::min(window, squares.size());
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t first = 0; first + width <= squares.size(); first += 2) {
    const auto part = std::span(squares).subspan(first, width);
    least = std::min(least, std::accumulate(part.begin(), part.end(), 0.0) / static_cast<double>(width));
  }
  return unbiased * std::sqrt(least);
}

// Where f is silent, it does not resolve the change that was to be seen.
double resolution(std::span<const NoiseSample> samples) {
  double largest = 0.0;
  for (const NoiseSample& s : samples)
    if (s.silent) largest = std::max(largest, s.deviation);
  return largest;
}

// The variance over the finer rungs of log(deviation / magnitude^power), for each power, summed over
// the axes; deviations below rounding count as rounding.
std::array<double, powers.size()> spreads(std::span<const std::span<const NoiseSample>> axes, double rounding) {
  std::array<double, powers.size()> total = {};
  for (const auto samples : axes) {
    double count = 0.0;
    std::array<double, powers.size()> sum = {};
    std::array<double, powers.size()> square = {};
    for (const NoiseSample& s : samples.subspan(samples.size() / 3)) {
      if (s.silent) continue;
      count += 1.0;
      const double deviation = std::log(std::max(s.deviation, rounding * s.magnitude));
      const double magnitude = std::log(s.magnitude);
      for (std::size_t p = 0; p < powers.size(); ++p) {
        const double l = deviation - powers[p] * magnitude;
        sum[p] += l;
        square[p] += l * l;
      }
    }
    if (count > 0.0)
      for (std::size_t p = 0; p < powers.size(); ++p)
        total[p] += square[p] / count - std::pow(sum[p] / count, 2);
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
  return std::max({absolute, root * std::sqrt(magnitude), relative * magnitude});
}

double rounding_level(int n, bool single_precision) {
  return (single_precision ? 0x1p-24 : 0x1p-53) * std::sqrt(n + 2.0);
}

std::vector<NoiseModel> estimate_noise(std::span<const std::span<const NoiseSample>> axes, double rounding) {
  const auto spread = spreads(axes, rounding);
  const bool is_absolute = std::ranges::min_element(spread) == spread.begin() + 2;
  const std::vector<double> relative = levels(axes, 1.0);
  const std::vector<double> root = levels(axes, 0.5);
  const std::vector<double> absolute = is_absolute ? levels(axes, 0.0) : std::vector(axes.size(), 0.0);
  std::vector<NoiseModel> models;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const bool heard = std::ranges::any_of(axes[i], [](const NoiseSample& s) { return s.magnitude > 0.0; });
    models.push_back({std::max(absolute[i], resolution(axes[i])), root[i], std::max(relative[i], rounding), heard});
  }
  return models;
}

}  // namespace hesscape
