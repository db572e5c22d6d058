#include "hesscape/derivatives/gradient_stencil.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "hesscape/derivatives/noise.hpp"

namespace hesscape {
namespace {

// The optimal step for the gradient's noise / h is below that for the values' noise / h^2.
constexpr int finer = 2;
constexpr double safety = 30.0;

}  // namespace

GradientStencil::GradientStencil(Eigen::VectorXd x, const Eigen::VectorXi& exponent,
                                 Eigen::VectorXd reduction)
    : x_(std::move(x)),
      reduction_(std::move(reduction)),
      columns_(x_.size(), x_.size()),
      error_(x_.size(), x_.size()),
      largest_(Eigen::VectorXd::Zero(x_.size())) {
  for (int i = 0; i < n(); ++i) {
    int e = exponent[i] - finer;
    while (Displacement(x_[i], e - 1).step == 0.0) ++e;
    wide_.emplace_back(x_[i], e);
    narrow_.emplace_back(x_[i], e - 1);
  }
}

Eigen::Vector4d GradientStencil::places(int axis) const {
  const auto i = static_cast<std::size_t>(axis);
  return {wide_[i].plus, wide_[i].minus, narrow_[i].plus, narrow_[i].minus};
}

Points GradientStencil::ask() const {
  Points points = x_.transpose().replicate(4, 1);
  points.col(axis_) = places(axis_);
  return points;
}

Points GradientStencil::ask_round() const {
  Points points = x_.transpose().replicate(4L * (n() - axis_), 1);
  for (int axis = axis_; axis < n(); ++axis)
    points.col(axis).segment<4>(4L * (axis - axis_)) = places(axis);
  return points;
}

void GradientStencil::tell(const Eigen::Ref<const Points>& gradients) {
  const auto i = static_cast<std::size_t>(axis_);
  const double wide = wide_[i].step;
  const double narrow = narrow_[i].step;
  const Eigen::VectorXd coarse = (gradients.row(0) - gradients.row(1)) / (2.0 * wide);
  const Eigen::VectorXd fine = (gradients.row(2) - gradients.row(3)) / (2.0 * narrow);
  const double weight = 1.0 / (std::pow(wide / narrow, 2) - 1.0);
  columns_.col(axis_) = fine + weight * (fine - coarse);
  error_.col(axis_) =
      std::min(1.0, safety * reduction_[axis_]) * (columns_.col(axis_) - fine).cwiseAbs();
  largest_ = largest_.cwiseMax(gradients.cwiseAbs().colwise().maxCoeff().transpose());
  ++axis_;
  if (done()) finish();
}

void GradientStencil::finish() {
  // An extrapolated column carries (4/3 * 2 + 1/3) / sqrt(2) of the noise over its step, about
  // twice.
  Eigen::VectorXd amplification(n());
  for (int i = 0; i < n(); ++i) amplification[i] = 2.0 / narrow_[static_cast<std::size_t>(i)].step;
  const Eigen::VectorXd rounding = rounding_level(n()) * largest_;
  double square = 0.0;
  for (int j = 1; j < n(); ++j) {
    for (int i = 0; i < j; ++i) {
      square += std::pow(columns_(i, j) - columns_(j, i), 2) /
                (std::pow(amplification[i], 2) + std::pow(amplification[j], 2));
    }
  }
  const double level = n() > 1 ? std::sqrt(square / (0.5 * n() * (n() - 1))) : 0.0;
  gradient_noise_ = gradient_sigmas * rounding.cwiseMax(level);
  for (int j = 0; j < n(); ++j) {
    for (int i = 0; i <= j; ++i) {
      const double noise =
          std::max(gradient_noise_[j] * amplification[i], gradient_noise_[i] * amplification[j]);
      const double value = 0.5 * (columns_(i, j) + columns_(j, i));
      const double error = std::max(error_(i, j), error_(j, i)) +
                           0.5 * std::abs(columns_(i, j) - columns_(j, i)) + noise;
      columns_(i, j) = columns_(j, i) = value;
      error_(i, j) = error_(j, i) = error;
    }
  }
}

}  // namespace hesscape
