// Richardson extrapolation of a difference quotient whose error is a series in the square of the
// step.
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace hesscape {

inline constexpr int max_rungs = 64;
inline constexpr int max_order = 6;

// A value that carries its own error, and the rungs that gave it: `coarsest` to `coarsest + order`.
struct Extrapolated {
  double value = 0.0;
  double error = 0.0;
  double noise = 0.0;  // the part of `error` that the noise of f causes or hides
  int coarsest = -1;   // -1: no entry of the table had a finer one to be compared with
  int order = 0;
};

// Neville's table over rungs of decreasing step. Entry (r, k) removes the first k terms of the
// error series from the quotients of rungs r .. r + k (Ridders 1982; Romberg).
class Extrapolation {
 public:
  // `quotient_noise` bounds the error that the noise of f leaves in each quotient.
  Extrapolation(std::span<const double> step, std::span<const double> quotient,
                std::span<const double> quotient_noise, int orders = max_order);

  int rungs() const { return rungs_; }
  double value(int rung, int order) const { return value_[at(rung, order)]; }
  double noise(int rung, int order) const { return noise_[at(rung, order)]; }

  // The entry of least error. Every entry must agree with all finer ones of its order, so rungs
  // that agree among themselves on an aliased value lose to the finer ones that see through it. A
  // witness, the table of the first derivative from the same values, exposes those that even agree
  // with them.
  Extrapolated best(const Extrapolation* witness = nullptr) const;

 private:
  // What the finer entries of one order say of the truncation error, gathered from the finest on.
  class Truncation;

  // Noise, and the truncation error that can hide behind the noise of the next finer rung.
  double hidden(int rung, int order) const;
  static std::size_t at(int rung, int order) {
    return static_cast<std::size_t>(order) * max_rungs + static_cast<std::size_t>(rung);
  }

  int rungs_;
  int orders_;
  std::array<double, max_rungs> step_;
  std::array<double, std::size_t{max_rungs} * (max_order + 1)> value_;
  std::array<double, std::size_t{max_rungs} * (max_order + 1)> noise_;
};

}  // namespace hesscape
