// The noise level of f, seen from differences that the smooth part of f cannot explain.
#pragma once

#include <span>
#include <vector>

namespace hesscape {

// What the rungs of one axis say of the noise: for each rung (coarsest first) the standard deviation
// that would explain by noise alone the part of the second and of the first difference which no
// extrapolation from coarser rungs predicts, and the size of the values there.
// (The difference table of Moré and Wild 2011, on a geometric instead of an equidistant grid.)
struct NoiseSample {
  double deviation;
  double magnitude;
  bool silent;  // f took the same value on both sides and at x: it resolves no less than `deviation`
};

// The standard deviation of f where it has the size `magnitude`: the largest of three laws. Absolute
// noise, or the smallest change that f resolves; what rounding in residuals leaves in a sum of their
// squares, which grows with the root of f; relative noise.
struct NoiseModel {
  double absolute = 0.0;
  double root = 0.0;
  double relative = 0.0;
  bool heard = true;  // false: f is zero all along the axis, which says nothing of its noise elsewhere

  double at(double magnitude) const;
};

// What a sum of n terms, or of a term for each of n coordinates, loses to rounding: half an ulp a term,
// adding like a random walk.
double rounding_level(int n, bool single_precision = false);

// Takes each axis's level under each law from its quietest window of rungs, and raises it to the median
// over the axes where it is below that. Samples from values of one size do not tell how noise grows,
// so all laws stay but the absolute one, which only counts where the samples of all axes vary least
// under it.
std::vector<NoiseModel> estimate_noise(std::span<const std::span<const NoiseSample>> axes, double rounding);

}  // namespace hesscape
