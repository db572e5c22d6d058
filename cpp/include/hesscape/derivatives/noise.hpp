// The noise level of f, seen from differences that the smooth part of f cannot explain.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <vector>

namespace hesscape {

// How many standard deviations bounds allow to values, and to entries of gradients.
inline constexpr double noise_sigmas = 5.0;
inline constexpr double gradient_sigmas = 6.0;

// What a rung of one axis says of the noise: the standard deviation that would explain by noise
// alone the part of a difference which no extrapolation from coarser rungs predicts, and the size
// of the values. (The difference table of Moré and Wild 2011, on a geometric instead of an
// equidistant grid.)
struct NoiseSample {
  double deviation;
  double magnitude;
  bool
      silent;  // f took the same value on both sides and at x: it resolves no less than `deviation`
};

// How noise grows with the magnitude of f: relative noise as f itself, what rounding in residuals
// leaves in a sum of their squares as its root, absolute noise not at all.
enum Law : unsigned char { relative_law, root_law, absolute_law, laws };

// What the samples of one axis come to.
struct NoiseSummary {
  std::array<double, laws> level = {};  // from the quietest window of rungs, under each law
  std::array<double, laws> spread =
      {};                   // variance of the logarithms of the levels, over the finer rungs
  double resolution = 0.0;  // where f is silent, the change that was to be seen
  int informative = 0;      // samples that are not silent
  bool heard = false;       // false: f is zero all along the axis

  NoiseSummary() = default;
  // Samples of the coarsest rung come first, two for each rung.
  NoiseSummary(std::span<const NoiseSample> samples, double rounding);
};

// The standard deviation of f where it has the size `magnitude`: the largest of the three laws.
struct NoiseModel {
  double absolute = 0.0;
  double root = 0.0;
  double relative = 0.0;
  bool heard = true;

  double at(double magnitude) const {
    return std::max({absolute, root * std::sqrt(magnitude), relative * magnitude});
  }
};

// The model whose deviation is the larger of two, at every magnitude.
inline NoiseModel louder(const NoiseModel& a, const NoiseModel& b) {
  return {std::max(a.absolute, b.absolute), std::max(a.root, b.root),
          std::max(a.relative, b.relative), a.heard || b.heard};
}

// What a sum of n terms, or of a term for each of n coordinates, loses to rounding: half an ulp a
// term, adding like a random walk.
double rounding_level(int n, bool single_precision = false);

// Takes each axis's level under each law, and raises it to the median over the axes where it is
// below that. Samples from values of one size do not tell how noise grows, so all laws stay but the
// absolute one, which only counts where the samples of all axes vary least under it.
std::vector<NoiseModel> estimate_noise(std::span<const NoiseSummary> axes, double rounding);

}  // namespace hesscape
