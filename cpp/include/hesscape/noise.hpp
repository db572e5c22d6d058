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

// The standard deviation of f where it has the size `magnitude`: the largest of level *
// magnitude^power, relative * magnitude, and the smallest change that f resolves. Power 0 is absolute noise, 1 relative noise, and 1/2 what rounding in the
// residuals leaves in a sum of their squares.
struct NoiseModel {
  double level = 0.0;
  double power = 0.0;
  double relative = 0.0;
  double resolution = 0.0;

  double at(double magnitude) const;
};

// What a sum of n terms, or of a term for each of n coordinates, loses to rounding: half an ulp a term,
// adding like a random walk.
double rounding_level(int n);

// Chooses the power under which the samples of all axes vary least, takes each axis's level from its
// quietest window of rungs, and raises it to the median over the axes where it is below that. The
// relative level stays beside it: samples from values of one size do not tell how noise grows.
std::vector<NoiseModel> estimate_noise(std::span<const std::span<const NoiseSample>> axes);

}  // namespace hesscape
