#include "hesscape/extrapolation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hesscape {

Extrapolation::Extrapolation(std::span<const double> step, std::span<const double> quotient,
                             std::span<const double> quotient_noise)
    : rungs_(static_cast<int>(step.size())) {
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

double Extrapolation::error(int rung, int order) const {
  const double here = value(rung, order);
  // What the next finer rung changes is most of the truncation error, all of it within a factor of two
  // even where the series converges slowly. That it is small by accident is unlikely to happen to the
  // change of order as well.
  double truncation = 2.0 * std::abs(here - value(rung + 1, order));
  if (order > 0) truncation = std::max(truncation, 0.05 * std::abs(here - value(rung + 1, order - 1)));
  for (int r = rung + 2; r + order < rungs_; ++r)
    truncation = std::max(truncation, std::abs(here - value(r, order)) - noise(r, order));
  return truncation + hidden(rung, order);
}

Extrapolated Extrapolation::best() const {
  Extrapolated best;
  best.error = std::numeric_limits<double>::infinity();
  for (int k = 0; k <= std::min(max_order, rungs_ - 2); ++k) {
    for (int r = 0; r + k + 1 < rungs_; ++r) {
      const double e = error(r, k);
      if (e < best.error) best = {value(r, k), e, hidden(r, k), r, k};
    }
  }
  return best;
}

}  // namespace hesscape
