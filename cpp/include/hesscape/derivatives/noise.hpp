// The noise of f along an axis, seen from differences that the smooth part of f cannot explain.
#pragma once

#include <span>
#include <vector>

namespace hesscape {

// How many standard deviations bounds allow to values, and to entries of gradients.
inline constexpr double noise_sigmas = 5.0;
inline constexpr double gradient_sigmas = 6.0;

// What a rung of one axis says of the noise: the standard deviation of values that would explain by
// noise alone the part of its differences which no extrapolation from coarser rungs predicts, and
// the size of the values. (The difference table of Moré and Wild 2011, on a geometric instead of an
// equidistant grid.)
struct NoiseSample {
  double step;
  double deviation;
  double magnitude;
  // f took the same value on both sides and at x: it resolves no less than `deviation`.
  bool silent;
};

// The standard deviation of values over the steps of an axis. Noise is what does not fall, or falls
// slowly, as the step shrinks; whatever falls as fast as truncation does is none. So it is heard
// on the finest rungs, up to the first one whose departure is too large to be more of the same; at
// each of these it is what that rung and some finer ones show, so that noise may grow with the step
// (rounding of arguments) or with the values (relative noise) as it likes. On coarser rungs, where
// truncation hides it, it is taken to grow as it did before, and no less than values do.
class NoiseProfile {
 public:
  NoiseProfile() = default;
  // Samples of the coarsest rung come first; `rounding` is the least deviation, relative to values.
  NoiseProfile(std::span<const NoiseSample> samples, double rounding);
  // A deviation that is known.
  static NoiseProfile known(double sigma, double rounding);

  // The deviation of values of some size in differences over this step.
  double at(double step, double magnitude) const;
  // At the smallest steps where f is heard.
  double nearest() const { return nearest_; }
  double finest_magnitude() const { return rows_.empty() ? 0.0 : rows_.back().magnitude; }
  // Rungs that it was learnt from.
  int informative() const { return informative_; }
  // False where f is constant all along the axis.
  bool heard() const { return heard_; }
  double rounding() const { return rounding_; }
  // No less than this at any step.
  void raise(double level);
  // Scaled down, so that it is at most this at the smallest steps.
  void cap(double level);
  // Steps of a rung below which noise may end, unless f is smooth in between; 0 where there is
  // none.
  double doubtful() const { return doubtful_; }
  // What rounding of the argument leaves of a slope, however short the steps.
  double slope_noise() const { return slope_noise_; }
  // What rounding of the arguments does: at x, and times the root of the size of values.
  void add_argument_rounding(double here, double root);

 private:
  struct Row {
    double step, magnitude, sigma;
  };

  static int coarsest_heard(const auto& heard, const auto& law_at);
  static double grown_with_values(const Row& row, double magnitude);

  std::vector<Row> rows_;  // coarsest first
  double rounding_ = 0.0;
  double least_ = 0.0;
  double root_ = 0.0;
  double nearest_ = 0.0;
  double doubtful_ = 0.0;
  double slope_noise_ = 0.0;
  int informative_ = 0;
  bool heard_ = false;
};

// What a sum of n terms, or of a term for each of n coordinates, loses to rounding: half an ulp a
// term, adding like a random walk.
double rounding_level(int n, bool single_precision = false);

// Raises axes that are quieter than the median of all to it, as they share f; an axis with few
// rungs sees the function itself, and is held to ten times that.
void share_noise(std::span<NoiseProfile> axes);

}  // namespace hesscape
