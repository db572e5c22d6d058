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
constexpr double uneven_share = 0.3;    // share of the even part that does not fall as h²
constexpr int longer = 3;               // powers of two, where noise limits
constexpr double noise_matters = 1e-7;  // of the curvature

bool single_precision(const Eigen::Ref<const Points>& values) {
  return (values.array() == values.array().cast<float>().cast<double>()).all();
}

}  // namespace

GradientStencil::GradientStencil(Eigen::VectorXd x, Eigen::VectorXd gradient,
                                 const Eigen::VectorXi& exponent, Eigen::VectorXd reduction)
    : x_(std::move(x)),
      gradient_(std::move(gradient)),
      reduction_(std::move(reduction)),
      columns_(x_.size(), x_.size()),
      error_(x_.size(), x_.size()),
      uneven_(Eigen::ArrayXd::Zero(x_.size())),
      growth_(Eigen::VectorXi::Zero(x_.size())),
      largest_(gradient_.cwiseAbs()),
      single_(single_precision(gradient_.transpose())) {
  for (int i = 0; i < n(); ++i) {
    int e = exponent[i] - finer;
    while (Displacement(x_[i], e - 2).step == 0.0) ++e;
    wide_.emplace_back(x_[i], e);
    narrow_.emplace_back(x_[i], e - 2, true);
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
  const double square = std::pow(wide / narrow, 2);
  const double weight = 1.0 / (square - 1.0);
  columns_.col(axis_) = fine + weight * (fine - coarse);
  // What is even in the step falls as its square, unless the second derivative jumps at x.
  const Eigen::ArrayXd even = 0.5 * (gradients.row(2) + gradients.row(3)).transpose() - gradient_;
  const Eigen::ArrayXd left =
      (square * even - 0.5 * (gradients.row(0) + gradients.row(1)).transpose().array() +
       gradient_.array())
          .abs();
  const Eigen::ArrayXd jump =
      (left > uneven_share * square * even.abs()).select(left / (wide - narrow), 0.0);
  error_.col(axis_) =
      safety * reduction_[axis_] * (columns_.col(axis_) - fine).cwiseAbs() + jump.matrix();
  uneven_ += (left / square).square() / (1.5 * (1.0 + 1.0 / (square * square)));
  largest_ = largest_.cwiseMax(gradients.cwiseAbs().colwise().maxCoeff().transpose());
  single_ = single_ && single_precision(gradients);
  ++axis_;
  if (done()) finish();
}

// Noise of an entry is in the asymmetry of its row, and in what is even in the steps and does not
// fall as their square. Either holds truncation, and noise of other entries, besides.
Eigen::VectorXd GradientStencil::heard_noise(const Eigen::VectorXd& amplification) const {
  const double few = 1.0 + 2.0 / n();
  const Eigen::ArrayXd uneven = (uneven_ / n()).sqrt();
  if (n() == 1) return few * uneven;
  const Eigen::MatrixXd asymmetry =
      amplification.cwiseInverse().asDiagonal() * (columns_ - columns_.transpose());
  return few *
         uneven.min((asymmetry.colwise().squaredNorm().transpose().array() / (n() - 1)).sqrt());
}

void GradientStencil::finish() {
  // An extrapolated column carries less than the noise over the narrower step; twice that bounds
  // it.
  Eigen::VectorXd amplification(n());
  for (int i = 0; i < n(); ++i) amplification[i] = 2.0 / narrow_[static_cast<std::size_t>(i)].step;
  gradient_noise_ = gradient_sigmas *
                    (rounding_level(n(), single_) * largest_).cwiseMax(heard_noise(amplification));
  Eigen::VectorXi limited = Eigen::VectorXi::Zero(n());
  const Eigen::VectorXd root = columns_.diagonal().cwiseAbs().cwiseSqrt();
  for (int j = 0; j < n(); ++j) {
    for (int i = 0; i <= j; ++i) {
      const double noise =
          std::max(gradient_noise_[j] * amplification[i], gradient_noise_[i] * amplification[j]);
      const double value = 0.5 * (columns_(i, j) + columns_(j, i));
      const double truncation = std::max(error_(i, j), error_(j, i));
      const double error = truncation + 0.5 * std::abs(columns_(i, j) - columns_(j, i)) + noise;
      columns_(i, j) = columns_(j, i) = value;
      error_(i, j) = error_(j, i) = error;
      const double size = std::max(std::abs(value), root[i] * root[j]);
      if (noise > truncation && noise > noise_matters * size) ++limited[i], ++limited[j];
    }
  }
  growth_ = (2 * limited.array() > n()).select(Eigen::VectorXi::Constant(n(), longer), 0);
}

}  // namespace hesscape
