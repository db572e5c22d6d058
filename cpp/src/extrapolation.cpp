#include "hesscape/extrapolation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hesscape {
namespace {

// Of the truncation error that the first derivative shows, over the step: less than the second
// derivative's own where the series of both converge, and far more where the values are aliased.
constexpr double witness_weight = 0.01;

}  // namespace

Extrapolation::Extrapolation(std::span<const double> step, std::span<const double> quotient,
                             std::span<const double> quotient_noise)
    : rungs_(static_cast<int>(step.size())) {
  std::copy(step.begin(), step.end(), step_.begin());
  std::copy(quotient.begin(), quotient.end(), value_.begin());
  std::copy(quotient_noise.begin(), quotient_noise.end(), noise_.begin());
  for (int k = 1; k <= std::min(max_order, rungs_ - 1); ++k) {
    for (int r = 0; r + k < rungs_; ++r) {
      const double shrink = step[r] / step[r + k];
      const double weight = 1.0 / (shrink * shrink - 1.0);
      const double fine = value(r + 1, k - 1);
      value_[at(r, k)] = fine + weight * (fine - value(r, k - 1));
      // The weights alternate in sign, so the absolute ones add.
      noise_[at(r, k)] = (1.0 + weight) * noise(r + 1, k - 1) + weight * noise(r, k - 1);
    }
  }
}

double Extrapolation::hidden(int rung, int order) const {
  return noise(rung, order) + 0.5 * noise(rung + 1, order);
}

double Extrapolation::truncation(int rung, int order) const {
  const double here = value(rung, order);
  // What the next finer rung changes is most of the truncation error, all of it within a factor of two
  // even where the series converges slowly. That it is small by accident is unlikely to happen to the
  // change of order as well.
  double truncation = 2.0 * std::abs(here - value(rung + 1, order));
  if (order > 0) truncation = std::max(truncation, 0.05 * std::abs(here - value(rung + 1, order - 1)));
  for (int r = rung + 2; r + order < rungs_; ++r)
    truncation = std::max(truncation, std::abs(here - value(r, order)) - noise(r, order));
  return truncation;
}

Extrapolated Extrapolation::best(const Extrapolation* witness) const {
  Extrapolated best;
  best.error = std::numeric_limits<double>::infinity();
  for (int k = 0; k <= std::min(max_order, rungs_ - 2); ++k) {
    for (int r = 0; r + k + 1 < rungs_; ++r) {
      const double noise = hidden(r, k);
      if (noise >= best.error) continue;
      double e = truncation(r, k) + noise;
      if (witness != nullptr)
        e += witness_weight * witness->truncation(r, k) / step_[static_cast<std::size_t>(r)];
      if (e < best.error) best = {value(r, k), e, noise, r, k};
    }
  }
  return best;
}

}  // namespace hesscape
