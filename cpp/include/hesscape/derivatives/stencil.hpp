// Gradient and Hessian of a stack of points from values of f alone, by asking and being told.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include <Eigen/Core>

#include "hesscape/derivatives/ladder.hpp"
#include "hesscape/derivatives/noise.hpp"
#include "hesscape/status.hpp"

namespace hesscape {

using Points = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

struct StencilOptions {
  std::optional<double> noise;  // one standard deviation of f; estimated when absent
  Eigen::VectorXd step;         // the coarsest step along each axis; empty: from the data
  int levels = 0;     // of extrapolation for the pairs; 0: what 2.5 n^2 + 60 n values allow
  bool pairs = true;  // false: gradient and diagonal only
};

// One row or one n x n block a point; errors are bounds within the noise model.
struct Derivatives {
  Eigen::VectorXd value;
  Points gradient, gradient_error;
  Points curvature, curvature_error;  // the diagonal of H
  Points hessian, hessian_error;      // (N, n * n); empty without pairs
  // What the axes' ladders found for differences in several coordinates: the step 2^exponent, and
  // by how much one more extrapolation reduces the truncation error there.
  Eigen::Matrix<int, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> exponent;
  Points reduction;
  Eigen::VectorXd noise;
  std::vector<Status> status;
  std::vector<long long> nfev;
};

// A coordinate or two that differ from the point's own.
struct Probe {
  int point;
  int i, j;  // -1: none
  double xi, xj;
};

// What the round after the centre takes along each axis: two values a rung.
inline constexpr int values_along_axis = 18;

// The measurement goes in waves of points that share blocks of values: first the centres and the
// axes' ladders, round by round, then the pairs, a bounded number at a time.
class Stencil {
 public:
  // Rows of `points` are points; all finite, at least one column.
  Stencil(Points points, StencilOptions options);

  bool done() const { return probes_.empty(); }
  // Whether all that is left of this wave are the entries of H off the diagonal.
  bool axes_done() const { return phase_ == Phase::pairs; }
  // The points whose values are wanted now; each round's values are told in the same order.
  const std::vector<Probe>& probes() const { return probes_; }
  const Points& points() const { return points_; }
  void tell(const Eigen::Ref<const Eigen::VectorXd>& values);
  const Derivatives& result() const { return result_; }
  Derivatives take_result() { return std::move(result_); }  // once it is done

 private:
  struct Request {  // one rung of one ladder, two probes
    int ladder;
    int exponent;
  };
  static constexpr std::size_t most_pair_levels = 16;
  struct PairLevel {  // the polarisation formula at one level of halving
    double step, quotient, noise;
  };
  struct Pair {
    int point, i, j;
    int next_level = 0;
    int lost = 0;  // levels with values that are not finite
    int held = 0;  // levels with finite ones
    bool wants_more = true;
    double value = 0.0, error = 0.0;
    double bend_i = 0.0, bend_j = 0.0;  // the third derivatives iij and ijj
  };
  struct PairRequest {  // two probes for the pair, two for each axis without a rung at this level
    int pair;
    int level;
  };

  int n() const { return static_cast<int>(points_.cols()); }
  // Where the axis of a point of the wave is in what is kept of each ladder.
  std::size_t place(int point, int axis) const {
    return static_cast<std::size_t>((point - wave_first_) * n() + axis);
  }
  Ladder& ladder(int point, int axis) { return ladders_[place(point, axis)]; }
  double centre(int point) const { return result_.value[point]; }
  void ask_for(int point, int i, double xi, int j = -1, double xj = 0.0);
  void start_wave();
  void take_centres(const Eigen::Ref<const Eigen::VectorXd>& values);
  void ask_ladders();
  void take_ladders(const Eigen::Ref<const Eigen::VectorXd>& values);
  void estimate_noise_of(int point);
  void plan_ladders();
  void add_argument_rounding(int point);
  void conclude_ladders();
  void finish_axes();
  void add_backward_error(int point);
  void ask_pairs();
  void take_pairs(const Eigen::Ref<const Eigen::VectorXd>& values);
  void ask_level(int index, int level);
  void take_level(const PairRequest& request, const double*& value);
  double pair_noise(const Pair& pair, double step_i, double step_j, double magnitude) const;
  bool heard(const Pair& pair) const;
  void judge(std::size_t index);
  void store_pairs();
  int affordable_levels() const;
  bool more_pairs() const { return pair_point_ < wave_last_; }
  void add_bend(int point);
  void finish_wave();

  enum class Phase { centre, ladders, pairing_rungs, pairs };

  Points points_;
  StencilOptions options_;
  Derivatives result_;
  Phase phase_ = Phase::centre;
  std::vector<Probe> probes_;

  int wave_first_ = 0, wave_last_ = 0;
  int levels_ = 0;  // of each pair
  std::vector<Ladder> ladders_;
  std::vector<NoiseProfile> axis_noise_;  // of each ladder
  std::vector<double> displaced_;         // how far f moves x along each axis, by rounding it
  std::vector<double> bent_;              // by how much the curvature of each axis differs there
  std::vector<Request> requests_;

  int pair_point_ = 0, pair_i_ = 0, pair_j_ = 0;  // the next pair to start
  std::vector<Pair> pairs_;
  // The finite levels, coarsest first: of each pair its first one, of each pair its second one, ...
  std::array<std::vector<PairLevel>, most_pair_levels> pair_levels_;
  std::vector<PairRequest> pair_requests_;
  std::vector<long long> spare_;  // values left for extra levels, of each point of the wave
};

}  // namespace hesscape
