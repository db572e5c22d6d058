#include "hesscape/derivatives/noise.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <ranges>

#include "hesscape/numbers.hpp"

namespace hesscape {
namespace {

constexpr std::size_t window = 8;  // samples: two differences on each of four rungs
constexpr double unbiased = 1.5;   // the least of several such means is that much below their mean
constexpr int few = 12;            // samples

double grown(double magnitude, Law law) {
  return law == relative_law ? magnitude : law == root_law ? std::sqrt(magnitude) : 1.0;
}

// Scaled by the largest, so that no square underflows.
double root_mean_square(std::span<const double> values) {
  const double largest = std::max(std::ranges::max(values), std::numeric_limits<double>::min());
  const double scale = 1.0 / largest;
  double sum = 0.0;
  for (const double value : values) sum += value * scale * (value * scale);
  return largest * std::sqrt(sum / static_cast<double>(values.size()));
}

// The least root mean square over windows of neighbouring rungs: coarse windows see truncation too,
// which only makes them larger. The finest come first, so that their largest entry dismisses most.
double quietest(std::span<const NoiseSample> samples, Law law) {
  const double dismissing = std::sqrt(static_cast<double>(window));
  std::array<double, window> last = {};
  double least = infinity;
  std::size_t count = 0;
  for (const NoiseSample& s : std::views::reverse(samples)) {
    if (s.silent) continue;
    last[count++ % window] = s.deviation / grown(s.magnitude, law);
    if (count >= window && count % 2 == 0 && std::ranges::max(last) < dismissing * least)
      least = std::min(least, root_mean_square(last));
  }
  if (count == 0) return 0.0;
  if (count < window) least = root_mean_square(std::span(last).first(count));
  return unbiased * least;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0.0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

std::vector<double> levels(std::span<const NoiseSummary> axes, Law law) {
  std::vector<double> informative;
  for (const NoiseSummary& axis : axes)
    if (axis.informative > 0) informative.push_back(axis.level[law]);
  const double common = median(std::move(informative));
  std::vector<double> level;
  for (const NoiseSummary& axis : axes) {
    // A window over few rungs sees the function itself; the other axes know better.
    const double most = axis.informative < few ? 10.0 * common : infinity;
    level.push_back(std::max(std::min(axis.level[law], most), common));
  }
  return level;
}

}  // namespace

NoiseSummary::NoiseSummary(std::span<const NoiseSample> samples, double rounding) {
  for (const Law law : {relative_law, root_law, absolute_law}) level[law] = quietest(samples, law);
  std::array<double, laws> sum = {};
  std::array<double, laws> square = {};
  double count = 0.0;
  double magnitude = 0.0;
  for (std::size_t s = 0; s < samples.size(); ++s) {
    const NoiseSample& sample = samples[s];
    heard = heard || sample.magnitude > 0.0;
    if (sample.silent) {
      resolution = std::max(resolution, sample.deviation);
      continue;
    }
    ++informative;
    if (s < samples.size() / 3) continue;
    if (count == 0.0 || sample.magnitude != samples[s - 1].magnitude)
      magnitude = std::log(sample.magnitude);  // once for the two samples of a rung
    count += 1.0;
    // Deviations below rounding count as rounding.
    const double deviation = std::log(std::max(sample.deviation, rounding * sample.magnitude));
    const std::array<double, laws> l = {deviation - magnitude, deviation - 0.5 * magnitude,
                                        deviation};
    for (std::size_t law = 0; law < laws; ++law) {
      sum[law] += l[law];
      square[law] += l[law] * l[law];
    }
  }
  if (count > 0.0) {
    for (std::size_t law = 0; law < laws; ++law)
      spread[law] = square[law] / count - std::pow(sum[law] / count, 2);
  }
}

double rounding_level(int n, bool single_precision) {
  return (single_precision ? 0x1p-24 : 0x1p-53) * std::sqrt(n + 2.0);
}

std::vector<NoiseModel> estimate_noise(std::span<const NoiseSummary> axes, double rounding) {
  std::array<double, laws> spread = {};
  for (const NoiseSummary& axis : axes)
    for (std::size_t law = 0; law < laws; ++law) spread[law] += axis.spread[law];
  const bool is_absolute = std::ranges::min_element(spread) == spread.begin() + absolute_law;
  const std::vector<double> relative = levels(axes, relative_law);
  const std::vector<double> root = levels(axes, root_law);
  std::vector<double> absolute(axes.size(), 0.0);
  if (is_absolute) absolute = levels(axes, absolute_law);
  std::vector<NoiseModel> models;
  models.reserve(axes.size());
  for (std::size_t i = 0; i < axes.size(); ++i) {
    models.push_back({std::max(absolute[i], axes[i].resolution), root[i],
                      std::max(relative[i], rounding), axes[i].heard});
  }
  return models;
}

}  // namespace hesscape
