#include "hesscape/derivatives/lines.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

#include "hesscape/numbers.hpp"

namespace hesscape {
namespace {

constexpr double most_noise = 30.0;  // times what the measurement found
constexpr int many = 4;              // coordinates, from which on a second line is worth its values

double excess(double difference, double error) {
  const double over = std::abs(difference) - error;
  return std::isfinite(over) ? std::max(over, 0.0) : 0.0;
}

double quadratic_form(const Lines::Matrix& matrix, const Eigen::VectorXd& v) {
  return v.dot(matrix * v);
}

}  // namespace

Eigen::VectorXd natural_steps(const Eigen::VectorXd& x) {
  const double size = x.cwiseAbs().maxCoeff();
  return x.unaryExpr(
      [&](double value) { return negligible(value, size) ? 0.25 : 0.25 * std::abs(value); });
}

Lines::Lines(Eigen::VectorXd x, const Eigen::VectorXd& step, const Eigen::VectorXd& curvature,
             const Eigen::VectorXd& error)
    : x_(std::move(x)) {
  double reach = infinity;
  Eigen::VectorXd length(x_.size());
  for (Eigen::Index i = 0; i < x_.size(); ++i) {
    const bool seen = std::abs(curvature[i]) > error[i];
    length[i] = seen ? 1.0 / std::sqrt(std::abs(curvature[i])) : 0.0;
    if (seen) reach = std::min(reach, step[i] / length[i]);
  }
  if (!std::isfinite(reach)) reach = 1.0;
  length = (length.array() > 0.0).select(length, step / reach);
  std::mt19937 signs(static_cast<unsigned>(x_.size()));  // the same for the same problem
  for (int k = 0; k < (x_.size() >= many ? 2 : 1); ++k) {
    const Eigen::VectorXd direction =
        length.unaryExpr([&](double l) { return signs() % 2 != 0 ? l : -l; });
    lines_.push_back({direction, reach, Ladder(0.0, 1.0, reach), {}});
    nfev_ += 2 * static_cast<int>(lines_.back().ladder.wanted().size());
  }
}

Points Lines::points() const {
  Points points(nfev_, x_.size());
  Eigen::Index row = 0;
  for (const Line& line : lines_) {
    for (const int exponent : line.ladder.wanted()) {
      const double s = line.ladder.at(exponent).step;
      points.row(row++) = x_ + s * line.direction;
      points.row(row++) = x_ - s * line.direction;
    }
  }
  return points;
}

void Lines::tell(const Eigen::Ref<const Eigen::VectorXd>& values, double centre, double noise,
                 const Eigen::VectorXd& gradient, const Matrix& hessian) {
  const double rounding = rounding_level(static_cast<int>(x_.size()));
  // What rounding of the points moves f by, at most a step away; lines differ by signs only.
  const Eigen::VectorXd shift = lines_[0].reach * lines_[0].direction.cwiseAbs();
  const Eigen::VectorXd ulps = epsilon * (x_.cwiseAbs() + shift);
  const double moved = ulps.dot(gradient.cwiseAbs() + hessian.cwiseAbs() * shift);
  Eigen::Index row = 0;
  for (Line& line : lines_) {
    const std::vector<int> exponents = line.ladder.wanted();
    for (const int exponent : exponents) {
      line.ladder.add(exponent, values[row], values[row + 1]);
      row += 2;
    }
    NoiseProfile model = line.ladder.listen(centre, rounding);
    // Few rungs above silence see f itself: the axes know better.
    if (noise > 0.0) model.cap(most_noise * noise);
    model.raise(noise + (std::isfinite(moved) ? moved : 0.0));
    line.ladder.conclude(centre, model, 0);
    line.derivatives = line.ladder.derivatives();
  }
}

Eigen::VectorXd Lines::curvature_excess(const Matrix& hessian, const Matrix& error) const {
  const double allowed = quadratic_form(error, lines_[0].direction.cwiseAbs());
  Eigen::VectorXd over(static_cast<Eigen::Index>(lines_.size()));
  std::ranges::transform(lines_, over.begin(), [&](const Line& line) {
    const Extrapolated& second = line.derivatives.second;
    return excess(quadratic_form(hessian, line.direction) - second.value, allowed + second.error);
  });
  return over;
}

bool Lines::agree(const Matrix& hessian, const Matrix& error) const {
  return (curvature_excess(hessian, error).array() == 0.0).all();
}

Eigen::VectorXd Lines::gradient_error(const Eigen::VectorXd& gradient,
                                      const Eigen::VectorXd& error) const {
  Eigen::VectorXd result = error;
  for (const Line& line : lines_) {
    const Extrapolated& first = line.derivatives.first;
    const double over = excess(line.direction.dot(gradient) - first.value,
                               line.direction.cwiseAbs().dot(error) + first.error);
    result = result.cwiseMax(2.0 * over * line.direction.cwiseAbs().cwiseInverse());
  }
  return result;
}

Points Lines::hessian_error(const Matrix& hessian, const Matrix& error) const {
  const double over = curvature_excess(hessian, error).maxCoeff();
  if (over == 0.0) return error;
  const Eigen::VectorXd inverse = lines_[0].direction.cwiseAbs().cwiseInverse();
  return error.cwiseMax(2.0 * over * inverse * inverse.transpose());
}

}  // namespace hesscape
