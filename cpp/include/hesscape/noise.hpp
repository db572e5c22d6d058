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
};

// f(x) is known to within `absolute + relative * |f(x)|`, as one standard deviation.
struct NoiseModel {
  double absolute = 0.0;
  double relative = 0.0;

  double at(double magnitude) const { return absolute + relative * magnitude; }
};

// Half an ulp: no value in double precision is better than that.
inline constexpr double rounding_level = 1.1102230246251565e-16;

// Chooses the model, absolute or relative, under which the samples of all axes vary least, and takes
// each axis's level from its quietest window of rungs; the result is the median over the axes.
// `level` receives each axis's own level under the model, never below the median.
NoiseModel estimate_noise(std::span<const std::vector<NoiseSample>> axes, std::span<double> level);

}  // namespace hesscape
