#include "hesscape/noise.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hesscape {
namespace {

constexpr int window = 8;  // samples: two differences on each of four rungs

// The least root mean square over windows of neighbouring rungs: coarse windows see truncation too,
// which only makes them larger.
double quietest(std::span<const NoiseSample> samples, bool relative) {
  const int count = static_cast<int>(samples.size());
  const int width = std::min(window, count);
  if (width == 0) return 0.0;
  double least = std::numeric_limits<double>::infinity();
  for (int first = 0; first + width <= count; first += 2) {
    double sum = 0.0;
    for (const NoiseSample& s : samples.subspan(first, width)) {
      const double u = relative ? s.deviation / s.magnitude : s.deviation;
      sum += u * u;
    }
    least = std::min(least, std::sqrt(sum / width));
  }
  return least;
}

// The variance of the logarithms over the finer rungs; zero deviations count as half an ulp.
double spread(std::span<const std::vector<NoiseSample>> axes, bool relative) {
  double total = 0.0;
  for (const auto& samples : axes) {
    double sum = 0.0;
    double square = 0.0;
    const auto fine = std::span(samples).subspan(samples.size() / 3);
    for (const NoiseSample& s : fine) {
      const double floor = rounding_level * s.magnitude;
      const double l = std::log(std::max(s.deviation, floor) / (relative ? s.magnitude : 1.0));
      sum += l;
      square += l * l;
    }
    const double count = std::max<double>(1.0, static_cast<double>(fine.size()));
    total += square / count - (sum / count) * (sum / count);
  }
  return total;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

NoiseModel estimate_noise(std::span<const std::vector<NoiseSample>> axes, std::span<double> level) {
  const bool relative = spread(axes, true) <= spread(axes, false);
  std::vector<double> informative;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    level[i] = quietest(axes[i], relative);
    if (!axes[i].empty()) informative.push_back(level[i]);
  }
  const double common = informative.empty() ? 0.0 : median(informative);
  for (double& own : level) own = std::max(own, common);
  return relative ? NoiseModel{0.0, std::max(common, rounding_level)}
                  : NoiseModel{common, rounding_level};
}

}  // namespace hesscape
