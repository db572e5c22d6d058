// The values of f along one axis, on a ladder of steps that grows, shrinks and fills in as they
// come.
#pragma once

#include <span>
#include <vector>

#include "hesscape/derivatives/extrapolation.hpp"
#include "hesscape/derivatives/noise.hpp"

namespace hesscape {

// x displaced by about 2^exponent to either side; `step` is half of what separates the two points,
// exactly, and exactly their distance from x unless the step is larger than x.
struct Displacement {
  // With `uneven`, the distance is about 1.18 times as large.
  Displacement(double x, int exponent, bool uneven = false);
  bool usable() const;

  double plus;
  double minus;
  double step;
};

// Whether a coordinate counts as zero, where the largest of the point is `size`.
bool negligible(double x, double size);

struct Rung {
  int exponent;
  double step;
  double plus;   // f(x + step e_i)
  double minus;  // f(x - step e_i)

  bool finite() const;
};

// The derivatives along the axis and where they were found.
struct AxisDerivatives {
  Extrapolated first;
  Extrapolated second;
};

// Of values: they are all numbers of single precision, or some are not.
enum class Precision : unsigned char { unseen, single, full };

class Ladder {
  static constexpr int stride = 3;  // between the first rungs, in powers of two

 public:
  // The first rungs: powers of 8 down from about |x| / 8, or from `step` when it is given.
  // `size` is the largest |x_j| of the point: a coordinate far below it counts as zero.
  Ladder(double x, double size, double step);

  // Exponents that are still wanted; empty when the ladder is finished.
  const std::vector<int>& wanted() const { return wanted_; }
  void add(int exponent, double plus, double minus);
  const Rung* find(int exponent) const;

  // The points of a rung. Every other step is no power of two: rounding errors that scale with
  // dyadic steps are the same on all of them, where no difference shows them.
  Displacement at(int exponent) const { return {x_, exponent, (start_ - exponent) % 2 != 0}; }

  // What the rungs say of the noise.
  NoiseProfile listen(double centre, double rounding) const;
  // What numbers the values are that differ from the centre.
  Precision precision(double centre) const;

  // Decides on the next rungs from what was measured: up while only noise limits the second
  // derivative, down while only truncation does, then the halvings around the best rung.
  void plan(double centre, const NoiseProfile& noise);
  // Settles the derivatives, and the rung from which `levels` halvings serve a pair best; wants
  // those that are missing.
  void conclude(double centre, const NoiseProfile& noise, int levels);

  // What the last plan made of the second derivative; zero when it is within its error.
  double curvature() const { return curvature_; }
  double slope() const { return slope_; }
  const AxisDerivatives& derivatives() const { return derivatives_; }
  int pair_exponent() const { return pair_exponent_; }
  // The step of a pair at one level of halving, with the axis's own values there if it has them.
  struct PairRung {
    Displacement at;
    double plus, minus;
    bool measured;
  };
  const PairRung& pair_rung(int level) {
    if (pair_rungs_.size() <= static_cast<std::size_t>(level)) add_pair_rungs(level);
    return pair_rungs_[static_cast<std::size_t>(level)];
  }
  // By how much the last extrapolation of `levels` rungs reduced the truncation error.
  double reduction() const { return reduction_; }
  // Half of the jump of the second derivative at x that the slopes on both sides show.
  double jump() const { return jump_; }
  // The size of the third derivative.
  double third() const { return third_; }
  bool shortened() const;
  double x() const { return x_; }

 private:
  struct Quotients;

  void want(int exponent);
  void add_pair_rungs(int last_level);
  std::span<const Rung> resolved(double centre) const;
  void want_finer(double centre);
  void want_coarser();
  void want_between(double step);
  void choose_pair_rung(const Quotients& quotients, const Extrapolation& second,
                        const Extrapolated& best, int levels);
  int top() const { return rungs_.front().exponent; }
  int bottom() const { return rungs_.back().exponent; }

  double x_;
  int start_;   // the first exponent tried
  bool fixed_;  // the user gave the step: the ladder never grows
  bool refined_ = false;
  int refined_at_ = 0;
  int refinements_ = 0;
  int pair_exponent_ = 0;
  double reduction_ = 1.0;
  double curvature_ = 0.0;
  double slope_ = 0.0;
  double jump_ = 0.0;
  double third_ = 0.0;
  AxisDerivatives derivatives_;
  std::vector<Rung> rungs_;  // coarsest first
  std::vector<int> wanted_;
  std::vector<PairRung> pair_rungs_;  // by level, made when first asked for
};

}  // namespace hesscape
