#include "hesscape/derivatives/extrapolation.hpp"

#include <algorithm>
#include <cmath>

#include "hesscape/numbers.hpp"

namespace hesscape {
namespace {

// Of the truncation error that the first derivative shows, over the step: less than the second
// derivative's own where the series of both converge, and far more where the values are aliased.
constexpr double witness_weight = 0.01;

}  // namespace

Extrapolation::Extrapolation(std::span<const double> step, std::span<const double> quotient,
                             std::span<const double> quotient_noise, int orders)
    : rungs_(static_cast<int>(step.size())), orders_(std::min(orders, rungs_ - 1)) {
  std::ranges::copy(step, step_.begin());
  std::ranges::copy(quotient, value_.begin());
  std::ranges::copy(quotient_noise, noise_.begin());
  for (int k = 1; k <= orders_; ++k) {
    for (int r = 0; r + k < rungs_; ++r) {
      const double shrink =
          step[static_cast<std::size_t>(r)] / step[static_cast<std::size_t>(r + k)];
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

class Extrapolation::Truncation {
 public:
  Truncation(const Extrapolation& table, int order) : table_(table), order_(order) {}

  // Of entry (rung, order); called for rungs from the last but one to the first.
  double next(int rung) {
    const double here = table_.value(rung, order_);
    const double finer = table_.value(rung + 1, order_);
    // What the next finer rung changes is most of the truncation error, all of it within a factor
    // of two even where the series converges slowly. That it is small by accident is unlikely to
    // happen to the change of order as well.
    double error = 2.5 * std::abs(here - finer);
    if (order_ > 0)
      error = std::max(error, 0.05 * std::abs(here - table_.value(rung + 1, order_ - 1)));
    error = std::max({error, here - high_, low_ - here});
    const double noise = table_.noise(rung + 1, order_);
    high_ = std::min(high_, finer + noise);
    low_ = std::max(low_, finer - noise);
    return error;
  }

 private:
  const Extrapolation& table_;
  int order_;
  double low_ = -infinity;  // the interval that all finer entries but the next leave to the value
  double high_ = infinity;
};

Extrapolated Extrapolation::best(const Extrapolation* witness) const {
  Extrapolated best;
  best.error = infinity;
  double least = infinity;
  for (int k = 0; k <= std::min(orders_, rungs_ - 2); ++k) {
    Truncation own(*this, k);
    Truncation other(witness != nullptr ? *witness : *this, k);
    for (int r = rungs_ - k - 2; r >= 0; --r) {
      const double noise = hidden(r, k);
      double error = own.next(r) + noise;
      const double seen = witness != nullptr ? other.next(r) : 0.0;
      if (error > 1.5 * least) continue;
      error += witness_weight * seen / step_[static_cast<std::size_t>(r)];
      // Of equals the coarsest, as where f is quadratic and its noise that of values near 0.
      const bool alike = k == 0 && error <= 1.5 * least && error <= 1.25 * noise;
      if (error < least || alike || (error == least && k == best.order))
        best = {value(r, k), error, noise, r, k};
      least = std::min(least, error);
    }
  }
  return best;
}

}  // namespace hesscape
