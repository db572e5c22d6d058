#include "hesscape/derivatives/stencil.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

#include "hesscape/numbers.hpp"

namespace hesscape {
namespace {

constexpr int wave_cells = 1 << 17;  // coordinates in the first round of a wave
constexpr int pairs_at_once = 640;   // what is held of them fits into the cache beside a block
constexpr int line_values = 36;      // what is kept for confronting the result with other values
constexpr int most_levels = 6;
constexpr int least_levels = 2;
constexpr int most_lost = 12;
constexpr double backward_ulps = 0x1p-51;
constexpr double relative_tolerance = 6e-8;  // pairs with a larger error get further levels

// By how much the changes in the table exceed the noise: the least root mean square over a few
// neighbours of one order. Truncation shrinks with the step and the order, noise that is larger
// than it was taken for does not; a single change may be small by accident.
double least_departure(std::span<const double> step, std::span<const double> quotient,
                       std::span<const double> noise) {
  constexpr int neighbours = 3;
  const Extrapolation table(step, quotient, noise);
  double least = infinity;
  for (int k = 0; k < std::min(3, table.rungs() - 1); ++k) {
    const int changes = table.rungs() - k - 1;
    const int width = std::min(neighbours, changes);
    if (k > 0 && changes < neighbours) break;
    for (int first = 0; first + width <= changes; ++first) {
      double square = 0.0;
      for (int r = first; r < first + width; ++r) {
        const double change = std::abs(table.value(r, k) - table.value(r + 1, k));
        // f may be zero throughout, and its noise with it.
        if (change > 0.0)
          square += std::pow(change / (table.noise(r, k) + table.noise(r + 1, k)), 2);
      }
      least = std::min(least, std::sqrt(square / width));
    }
  }
  return std::clamp(6.0 * least, 1.0, infinity);
}

// The truncation error that is left in the last entry of the first row, from those before it: they
// fall by a factor that itself falls, or stays where the series of f converges no faster.
double foreseen(const Extrapolation& table) {
  const int order = table.rungs() - 1;
  const auto left = [&](int k) { return std::abs(table.value(0, k) - table.value(0, k - 1)); };
  if (order < 2) return infinity;
  double factor = left(order) / left(order - 1);
  if (order > 2) factor = std::max(factor, 0.25 * left(order - 1) / left(order - 2));
  return left(order) * factor;
}

}  // namespace

// What its two axes tell of the noise that a pair meets.
double Stencil::pair_noise(const Pair& pair, double step_i, double step_j, double magnitude) const {
  return std::max(axis_noise_[place(pair.point, pair.i)].at(step_i, magnitude),
                  axis_noise_[place(pair.point, pair.j)].at(step_j, magnitude));
}

bool Stencil::heard(const Pair& pair) const {
  return axis_noise_[place(pair.point, pair.i)].heard() ||
         axis_noise_[place(pair.point, pair.j)].heard();
}

Stencil::Stencil(Points points, StencilOptions options)
    : points_(std::move(points)), options_(std::move(options)) {
  const Eigen::Index count = points_.rows();
  const Eigen::Index size = points_.cols();
  result_.value = result_.noise = Eigen::VectorXd::Constant(count, not_a_number);
  result_.gradient = result_.gradient_error = Points::Constant(count, size, not_a_number);
  result_.curvature = result_.curvature_error = Points::Constant(count, size, not_a_number);
  result_.exponent.setZero(count, size);
  result_.reduction.setOnes(count, size);
  if (options_.pairs)
    result_.hessian = result_.hessian_error = Points::Constant(count, size * size, not_a_number);
  result_.status.assign(static_cast<std::size_t>(count), Status::ok);
  result_.nfev.assign(static_cast<std::size_t>(count), 0);
  start_wave();
}

// As many as the values that the axes left of 2.5 n^2 + 60 n pay for, the line checks counted.
int Stencil::affordable_levels() const {
  if (options_.levels > 0) return options_.levels;
  if (n() == 1 || !options_.pairs) return least_levels;
  const auto used =
      *std::max_element(result_.nfev.begin() + wave_first_, result_.nfev.begin() + wave_last_);
  const double left =
      2.5 * n() * n() + 60.0 * n() - static_cast<double>(used) - line_values - 2.0 * n();
  return std::clamp(static_cast<int>(left / (n() * (n() - 1.0))), least_levels, most_levels);
}

void Stencil::ask_for(int point, int i, double xi, int j, double xj) {
  probes_.push_back({point, i, j, xi, xj});
}

void Stencil::start_wave() {
  phase_ = Phase::centre;
  wave_first_ = wave_last_;
  const int share = std::max(1, wave_cells / (values_along_axis * n() * n()));
  wave_last_ = std::min(static_cast<int>(points_.rows()), wave_first_ + share);
  ladders_.clear();
  ladders_.reserve(static_cast<std::size_t>((wave_last_ - wave_first_) * n()));
  axis_noise_.clear();
  for (int p = wave_first_; p < wave_last_; ++p) ask_for(p, -1, 0.0);
}

void Stencil::tell(const Eigen::Ref<const Eigen::VectorXd>& values) {
  for (const Probe& probe : probes_) ++result_.nfev[static_cast<std::size_t>(probe.point)];
  probes_.clear();
  switch (phase_) {
    case Phase::centre:
      take_centres(values);
      break;
    case Phase::ladders:
    case Phase::pairing_rungs:
      take_ladders(values);
      break;
    case Phase::pairs:
      take_pairs(values);
      break;
  }
}

void Stencil::take_centres(const Eigen::Ref<const Eigen::VectorXd>& values) {
  result_.value.segment(wave_first_, wave_last_ - wave_first_) = values;
  for (int p = wave_first_; p < wave_last_; ++p) {
    const auto x = points_.row(p);
    if (!std::isfinite(centre(p))) result_.status[static_cast<std::size_t>(p)] = Status::not_finite;
    const double size = x.cwiseAbs().maxCoeff();
    for (int i = 0; i < n(); ++i)
      ladders_.emplace_back(x[i], size, options_.step.size() > 0 ? options_.step[i] : 0.0);
  }
  axis_noise_.resize(ladders_.size());
  displaced_.assign(ladders_.size(), 0.0);
  bent_.assign(ladders_.size(), 0.0);
  phase_ = Phase::ladders;
  ask_ladders();
}

void Stencil::ask_ladders() {
  requests_.clear();
  for (int p = wave_first_; p < wave_last_; ++p) {
    if (result_.status[static_cast<std::size_t>(p)] == Status::not_finite) continue;
    for (int i = 0; i < n(); ++i) {
      for (const int exponent : ladder(p, i).wanted()) {
        const Displacement at = ladder(p, i).at(exponent);
        requests_.push_back({(p - wave_first_) * n() + i, exponent});
        ask_for(p, i, at.plus);
        ask_for(p, i, at.minus);
      }
    }
  }
  if (!requests_.empty()) return;
  if (phase_ == Phase::ladders) {
    phase_ = Phase::pairing_rungs;
    conclude_ladders();
    ask_ladders();
  } else {
    finish_axes();
  }
}

void Stencil::take_ladders(const Eigen::Ref<const Eigen::VectorXd>& values) {
  for (std::size_t r = 0; r < requests_.size(); ++r) {
    const auto row = static_cast<Eigen::Index>(2 * r);
    ladders_[static_cast<std::size_t>(requests_[r].ladder)].add(requests_[r].exponent, values[row],
                                                                values[row + 1]);
  }
  if (phase_ == Phase::pairing_rungs) return finish_axes();
  for (int p = wave_first_; p < wave_last_; ++p)
    if (result_.status[static_cast<std::size_t>(p)] != Status::not_finite) estimate_noise_of(p);
  plan_ladders();
  ask_ladders();
}

// A function computed in single precision betrays itself by its values.
void Stencil::estimate_noise_of(int point) {
  const std::size_t first = place(point, 0);
  const std::span axes = std::span(axis_noise_).subspan(first, static_cast<std::size_t>(n()));
  const double f = centre(point);
  Precision seen = Precision::unseen;
  for (int i = 0; i < n() && seen != Precision::full; ++i)
    seen = std::max(seen, ladder(point, i).precision(f));
  const double rounding = rounding_level(n(), seen == Precision::single);
  for (int i = 0; i < n(); ++i) {
    axes[static_cast<std::size_t>(i)] = options_.noise
                                            ? NoiseProfile::known(*options_.noise, rounding)
                                            : ladder(point, i).listen(f, rounding);
  }
  if (!options_.noise) share_noise(axes);
  double& noise = result_.noise[point] = rounding * std::abs(f);
  for (const NoiseProfile& axis : axes) noise = std::max(noise, axis.nearest());
}

void Stencil::plan_ladders() {
  for (std::size_t l = 0; l < ladders_.size(); ++l) {
    const int point = wave_first_ + static_cast<int>(l) / n();
    if (result_.status[static_cast<std::size_t>(point)] == Status::not_finite)
      continue;  // it has no rungs
    if (!ladders_[l].wanted().empty()) ladders_[l].plan(centre(point), axis_noise_[l]);
  }
}

// Rounding inside f is at best that of a point some ulps from x, which moves f by the gradient
// times them. Displaced to where f is larger by M, the gradient has grown by about sqrt(2 M H).
void Stencil::add_argument_rounding(int point) {
  const std::size_t first = place(point, 0);
  const double unit = axis_noise_[first].rounding() / std::sqrt(n() + 2.0);
  double here = 0.0;
  double grown = 0.0;
  for (int i = 0; i < n(); ++i) {
    const Ladder& axis = ladder(point, i);
    here = std::hypot(here, unit * axis.slope() * axis.x());
    grown = std::hypot(grown, unit * std::sqrt(std::abs(axis.curvature())) * axis.x());
  }
  for (std::size_t i = first; i < first + static_cast<std::size_t>(n()); ++i) {
    axis_noise_[i].add_argument_rounding(here, std::numbers::sqrt2 * grown);
  }
}

void Stencil::conclude_ladders() {
  levels_ = affordable_levels();
  for (int p = wave_first_; p < wave_last_; ++p) {
    if (result_.status[static_cast<std::size_t>(p)] == Status::not_finite) continue;
    add_argument_rounding(p);
    for (int i = 0; i < n(); ++i) {
      ladder(p, i).conclude(centre(p), axis_noise_[place(p, i)], levels_);
    }
  }
}

void Stencil::finish_axes() {
  for (int p = wave_first_; p < wave_last_; ++p) {
    Status& status = result_.status[static_cast<std::size_t>(p)];
    if (status == Status::not_finite) continue;
    for (int i = 0; i < n(); ++i) {
      const Ladder& axis = ladder(p, i);
      const AxisDerivatives& d = axis.derivatives();
      if (d.second.coarsest < 0) {
        status = Status::no_step;
        continue;
      }
      if (axis.shortened() && status == Status::ok) status = Status::shortened;
      result_.gradient(p, i) = d.first.value;
      result_.gradient_error(p, i) = d.first.error;
      result_.curvature(p, i) = d.second.value;
      result_.curvature_error(p, i) = d.second.error;
      result_.exponent(p, i) = axis.pair_exponent();
      result_.reduction(p, i) = axis.reduction();
      if (options_.pairs) result_.hessian(p, i * n() + i) = result_.curvature(p, i);
    }
  }
  for (int p = wave_first_; p < wave_last_; ++p) add_backward_error(p);
  phase_ = Phase::pairs;
  pair_point_ = options_.pairs && n() > 1 ? wave_first_ : wave_last_;
  pair_i_ = 0;
  pair_j_ = 1;
  const long long budget = (5LL * n() * n()) / 2 + 60LL * n();
  spare_.clear();
  for (int p = wave_first_; p < wave_last_; ++p) {
    spare_.push_back(options_.levels > 0 ? 0
                                         : budget - result_.nfev[static_cast<std::size_t>(p)] -
                                               1LL * levels_ * n() * (n() - 1) - line_values);
  }
  ask_pairs();
}

// Rounding inside f is at best that of a point some ulps from x, or as far away as rounding of the
// argument is heard to move it. The gradient there differs by H dx, and H by third derivatives
// times dx, of which the pairs will show more.
void Stencil::add_backward_error(int point) {
  const std::size_t first = place(point, 0);
  const Eigen::ArrayXd root = result_.curvature.row(point).array().abs().sqrt();
  const double values_rounding = 8.0 * noise_sigmas * axis_noise_[first].rounding();
  double moved = 0.0;
  for (int i = 0; i < n(); ++i) {
    const std::size_t axis = first + static_cast<std::size_t>(i);
    const double heard = noise_sigmas * axis_noise_[axis].slope_noise();
    const double curvature = std::abs(result_.curvature(point, i));
    double& error = result_.curvature_error(point, i);
    double& displaced = displaced_[axis] = backward_ulps * std::abs(points_(point, i));
    // Rounding of values that grow along the axis is as much of the slope, and moves nothing.
    const bool beyond = heard > values_rounding * std::abs(result_.gradient(point, i));
    if (beyond && curvature > error) displaced = std::max(displaced, heard / curvature);
    moved += displaced * root[i];
    bent_[axis] = displaced * ladder(point, i).third();
    error += bent_[axis] + backward_ulps * curvature;
    result_.gradient_error(point, i) = std::max(result_.gradient_error(point, i), heard);
  }
  result_.gradient_error.row(point).array() += moved * root.transpose();
}

void Stencil::ask_pairs() {
  pairs_.clear();
  pair_requests_.clear();
  const auto most = static_cast<std::size_t>(
      std::min(1LL * pairs_at_once, (wave_last_ - pair_point_) * (n() * (n() - 1LL) / 2)));
  pairs_.reserve(most);
  probes_.reserve(2 * most * static_cast<std::size_t>(levels_));
  while (more_pairs() && static_cast<int>(pairs_.size()) < pairs_at_once) {
    if (result_.status[static_cast<std::size_t>(pair_point_)] < Status::no_step) {
      Pair pair;
      pair.point = pair_point_;
      pair.i = pair_i_;
      pair.j = pair_j_;
      pairs_.push_back(pair);
      for (int l = 0; l < levels_; ++l) ask_level(static_cast<int>(pairs_.size()) - 1, l);
      if (++pair_j_ == n()) {
        pair_j_ = ++pair_i_ + 1;
      }
      if (pair_i_ < n() - 1) continue;
    }
    ++pair_point_;
    pair_i_ = 0;
    pair_j_ = 1;
  }
  for (int l = 0; l < levels_; ++l) pair_levels_[static_cast<std::size_t>(l)].resize(pairs_.size());
  if (pairs_.empty()) finish_wave();
}

void Stencil::ask_level(int index, int level) {
  Pair& pair = pairs_[static_cast<std::size_t>(index)];
  const Ladder::PairRung& i = ladder(pair.point, pair.i).pair_rung(level);
  const Ladder::PairRung& j = ladder(pair.point, pair.j).pair_rung(level);
  pair.next_level = level + 1;
  if (i.at.step == 0.0 || j.at.step == 0.0) {
    pair.wants_more = false;
    return;
  }
  pair_requests_.push_back({index, level});
  ask_for(pair.point, pair.i, i.at.plus, pair.j, j.at.plus);
  ask_for(pair.point, pair.i, i.at.minus, pair.j, j.at.minus);
  if (!i.measured) {
    ask_for(pair.point, pair.i, i.at.plus);
    ask_for(pair.point, pair.i, i.at.minus);
  }
  if (!j.measured) {
    ask_for(pair.point, pair.j, j.at.plus);
    ask_for(pair.point, pair.j, j.at.minus);
  }
}

// 2 h_i h_j H_ij = q(h_i e_i + h_j e_j) - q(h_i e_i) - q(h_j e_j), by polarisation.
void Stencil::take_level(const PairRequest& request, const double*& value) {
  Pair& pair = pairs_[static_cast<std::size_t>(request.pair)];
  const Ladder::PairRung& i = ladder(pair.point, pair.i).pair_rung(request.level);
  const Ladder::PairRung& j = ladder(pair.point, pair.j).pair_rung(request.level);
  const auto two = [&] {
    value += 2;
    return std::pair(value[-2], value[-1]);
  };
  const auto both = two();
  const auto own_i = i.measured ? std::pair(i.plus, i.minus) : two();
  const auto own_j = j.measured ? std::pair(j.plus, j.minus) : two();
  const double f = centre(pair.point);
  const double area = 2.0 * i.at.step * j.at.step;
  const double q = ((both.first - own_i.first) - (own_j.first - f)) +
                   ((both.second - own_i.second) - (own_j.second - f));
  if (!std::isfinite(q) || !(area > 0.0)) {
    ++pair.lost;
    return;
  }
  const double magnitude = std::max({std::abs(both.first), std::abs(both.second),
                                     std::abs(own_i.first), std::abs(own_i.second),
                                     std::abs(own_j.first), std::abs(own_j.second), std::abs(f)});
  const double sigma = pair_noise(pair, i.at.step, j.at.step, magnitude);
  const double noise = noise_sigmas * std::sqrt(10.0) * sigma;
  if (pair.held == 0) {
    const double odd =
        ((both.first - own_i.first) - own_j.first) - ((both.second - own_i.second) - own_j.second);
    const double bend = std::max(0.0, std::abs(odd) - noise) / area;
    pair.bend_i = bend / i.at.step;
    pair.bend_j = bend / j.at.step;
  }
  // Both steps shrink alike, unless x rounds them: then truncation, of which the quotient may hold
  // the difference of two terms, does not.
  const double shrunk_i = i.at.step / ladder(pair.point, pair.i).pair_rung(0).at.step;
  const double shrunk_j = j.at.step / ladder(pair.point, pair.j).pair_rung(0).at.step;
  const double uneven = 4.0 * std::abs(q / area * (shrunk_i / shrunk_j - 1.0));
  pair_levels_[static_cast<std::size_t>(pair.held++)][static_cast<std::size_t>(request.pair)] = {
      std::sqrt(shrunk_i * shrunk_j), q / area, noise / area + uneven};
}

void Stencil::take_pairs(const Eigen::Ref<const Eigen::VectorXd>& values) {
  const double* value = values.data();
  for (const PairRequest& request : pair_requests_) take_level(request, value);
  pair_requests_.clear();
  for (std::size_t k = 0; k < pairs_.size(); ++k) {
    if (!pairs_[k].wants_more) continue;
    judge(k);
    if (pairs_[k].wants_more) ask_level(static_cast<int>(k), pairs_[k].next_level);
  }
  if (!probes_.empty()) return;
  store_pairs();
  ask_pairs();
}

void Stencil::store_pairs() {
  for (const Pair& pair : pairs_) {
    const std::size_t i = place(pair.point, pair.i);
    const std::size_t j = place(pair.point, pair.j);
    const double bent = pair.bend_i * displaced_[i] + pair.bend_j * displaced_[j];
    for (const int cell : {pair.i * n() + pair.j, pair.j * n() + pair.i}) {
      result_.hessian(pair.point, cell) = pair.value;
      result_.hessian_error(pair.point, cell) = pair.error + bent;
    }
    bent_[i] += pair.bend_i * displaced_[j];
    bent_[j] += pair.bend_j * displaced_[i];
    Status& status = result_.status[static_cast<std::size_t>(pair.point)];
    if (pair.held == 0) {
      status = Status::no_step;
    } else if (pair.lost > 0 && status == Status::ok) {
      status = Status::shortened;
    }
  }
}

void Stencil::judge(std::size_t index) {
  Pair& pair = pairs_[index];
  const auto count = static_cast<std::size_t>(pair.held);
  if (count < 2) {
    pair.value = count == 0 ? not_a_number : pair_levels_[0][index].quotient;
    pair.error = infinity;
    pair.wants_more = pair.lost > 0 && pair.lost < most_lost;
    return;
  }
  std::array<double, most_pair_levels> step, quotient, noise;
  for (std::size_t l = 0; l < count; ++l) {
    const PairLevel& level = pair_levels_[l][index];
    step[l] = level.step;
    quotient[l] = level.quotient;
    noise[l] = level.noise;
  }
  if (!heard(pair)) {
    const double excess =
        least_departure({step.data(), count}, {quotient.data(), count}, {noise.data(), count});
    for (double& level_noise : std::span(noise).first(count)) level_noise *= excess;
  }
  const Extrapolation table({step.data(), count}, {quotient.data(), count}, {noise.data(), count});
  Extrapolated best = table.best();
  const Ladder& li = ladder(pair.point, pair.i);
  const Ladder& lj = ladder(pair.point, pair.j);
  if (const int order = pair.held - 1; order <= max_order) {
    // Nothing finer to compare the last entry with.
    const double change = std::abs(table.value(0, order) - table.value(1, order - 1));
    const double borrowed = std::max(li.reduction(), lj.reduction()) * change;
    const double allowance = 3.0 * table.noise(0, order);
    const double error = 30.0 * std::min(borrowed, foreseen(table)) + allowance;
    if (error < best.error) best = {table.value(0, order), error, allowance, 0, order};
  }
  pair.value = best.value;
  const int row = pair.point - wave_first_;
  const double hii = result_.curvature(pair.point, pair.i);
  const double hjj = result_.curvature(pair.point, pair.j);
  const double scale = std::max(std::abs(best.value), std::sqrt(std::abs(hii * hjj)));
  long long& spare = spare_[static_cast<std::size_t>(row)];
  // A jump on a plane through x is of rank one.
  pair.error = best.error + backward_ulps * scale + std::sqrt(li.jump() * lj.jump());
  pair.wants_more = best.error > relative_tolerance * scale && best.error > 2.0 * best.noise &&
                    spare >= 6 && count < most_pair_levels;
  if (!pair.wants_more) return;
  spare -= 6;
  pair_levels_[count].resize(pairs_.size());
}

// Third derivatives in three coordinates are taken to be no larger than those in two suggest.
void Stencil::add_bend(int point) {
  const Eigen::Map<const Eigen::VectorXd> bent(&bent_[place(point, 0)], n());
  const Eigen::VectorXd root = bent.cwiseSqrt();
  Eigen::Map<Points> error(result_.hessian_error.row(point).data(), n(), n());
  error.noalias() += root * root.transpose();
  error.diagonal() = result_.curvature_error.row(point).transpose() + bent;
}

void Stencil::finish_wave() {
  if (options_.pairs)
    for (int p = wave_first_; p < wave_last_; ++p) add_bend(p);
  if (wave_last_ < points_.rows()) start_wave();
}

}  // namespace hesscape
