#include <cmath>
#include <functional>
#include <random>

#include "check.hpp"
#include "hesscape/derivatives/gradient_stencil.hpp"

namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using Eigen::VectorXi;
using hesscape::GradientStencil;
using hesscape::Points;
namespace check = hesscape::check;
using Gradient = std::function<VectorXd(const VectorXd&)>;

const MatrixXd h3{{3, 1, -2}, {1, -4, 0.5}, {-2, 0.5, 0}};

// Answers by hand; checks that the points lie on either side of x, along one axis after the other.
int drive(GradientStencil& stencil, const VectorXd& x, const Gradient& g) {
  int gradients = 0;
  Points rest;
  for (Eigen::Index axis = 0; !stencil.done(); ++axis) {
    const Points points = stencil.ask();
    check::is_true(points == stencil.ask());
    const Points round = stencil.ask_round();
    check::equal(round.rows(), 4 * (x.size() - axis));
    check::is_true(points == round.topRows(4));
    check::is_true(axis == 0 || round == rest);
    rest = round.bottomRows(round.rows() - 4);
    check::equal(points.rows(), Eigen::Index{4});
    const Points away = points.rowwise() - x.transpose();
    for (Eigen::Index i = 0; i < x.size(); ++i)
      check::equal(away.col(i).cwiseAbs().maxCoeff() > 0.0, i == axis);
    check::equal(away(0, axis), -away(1, axis));
    check::equal(away(2, axis), -away(3, axis));
    check::close(away(0, axis) / away(2, axis), 3.5, 0.6);  // 3.4, where x does not round it
    Points values(4, x.size());
    for (Eigen::Index k = 0; k < 4; ++k) values.row(k) = g(points.row(k));
    stencil.tell(values);
    gradients += 4;
  }
  return gradients;
}

void expect(const GradientStencil& stencil, const MatrixXd& h, double tight,
            check::Where where = check::Where::current()) {
  check::is_true(stencil.hessian() == stencil.hessian().transpose(), where);
  check::is_true(stencil.hessian_error() == stencil.hessian_error().transpose(), where);
  for (Eigen::Index i = 0; i < h.size(); ++i)
    check::close(stencil.hessian()(i), h(i), stencil.hessian_error()(i), where);
  check::at_most(stencil.hessian_error().maxCoeff(), tight, where);
}

void a_quadratic() {
  const VectorXd x{{0.5, -1, 2}};
  for (const int e : {-12, -3, 4}) {
    const VectorXd at_x = h3 * x;
    GradientStencil stencil(x, at_x, VectorXi::Constant(3, e), VectorXd::Constant(3, 0.01));
    check::equal(drive(stencil, x, [](const VectorXd& y) { return VectorXd(h3 * y); }), 12);
    expect(stencil, h3, 1e-9);
  }
}

// Of a quartic the gradient is cubic, and one extrapolation exact, at any step.
void a_quartic() {
  const VectorXd x{{0.5, -1}};
  const Gradient g = [](const VectorXd& y) {
    return VectorXd{{4 * std::pow(y[0], 3) + 2 * y[0] * y[1] * y[1], 2 * y[0] * y[0] * y[1]}};
  };
  const MatrixXd h{{12 * 0.25 + 2, -2}, {-2, 0.5}};
  const VectorXd at_x = g(x);
  for (const int e : {-4, 0, 4}) {
    GradientStencil stencil(x, at_x, VectorXi::Constant(2, e), VectorXd::Constant(2, 1e-12));
    drive(stencil, x, g);
    expect(stencil, h, 1e-9);
    // Without the promise that an extrapolation gains, its change is the error.
    GradientStencil careful(x, at_x, VectorXi::Constant(2, e), VectorXd::Ones(2));
    drive(careful, x, g);
    check::at_most(1e4 * stencil.hessian_error()(0, 0), careful.hessian_error()(0, 0));
  }
}

// The truncation that is left, of exp, is within the error that the axes' reduction promises.
void what_is_left_of_the_truncation() {
  const VectorXd x{{0.0}};
  const double step = std::ldexp(1.0, -2);  // of the wider difference
  const double narrow = 0x1.2d6f3b4p-4;
  const double square = std::pow(step / narrow, 2);
  const double left =
      std::abs((square * std::sinh(narrow) / narrow - std::sinh(step) / step) / (square - 1) - 1);
  const VectorXd at_x{{1.0}};
  GradientStencil stencil(x, at_x, VectorXi::Constant(1, 0), VectorXd::Constant(1, 0.01));
  drive(stencil, x, [](const VectorXd& y) { return VectorXd{{std::exp(y[0])}}; });
  expect(stencil, MatrixXd::Ones(1, 1), 0.1);
  check::at_most(std::abs(stencil.hessian()(0, 0) - 1.0), 300 * left);
}

void asymmetry_shows_the_noise() {
  const Eigen::Index n = 6;
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  const auto draw = [&](auto...) { return normal(random); };
  const MatrixXd half = MatrixXd::NullaryExpr(n, n, draw);
  const MatrixXd h = half + half.transpose();
  const VectorXd x = VectorXd::NullaryExpr(n, draw);
  const VectorXd at_x = h * x;
  const double sigma = 1e-5;
  double covered = 0.0;
  double entries = 0.0;
  for (int trial = 0; trial < 50; ++trial) {
    GradientStencil stencil(x, at_x, VectorXi::Constant(n, -4), VectorXd::Constant(n, 0.01));
    drive(stencil, x, [&](const VectorXd& y) {
      return VectorXd(h * y + sigma * VectorXd::NullaryExpr(n, draw));
    });
    check::at_most(sigma, stencil.gradient_noise().minCoeff());
    check::at_most(stencil.gradient_noise().maxCoeff(), 20.0 * sigma);
    covered += static_cast<double>(
        ((stencil.hessian() - h).array().abs() <= stencil.hessian_error().array()).count());
    entries += static_cast<double>(n * n);
  }
  check::at_most(0.99 * entries, covered);
}

// A gradient that is not the derivative of anything, in one pair of many: its asymmetry is error.
void a_wrong_gradient_is_noticed() {
  const Eigen::Index n = 30;
  MatrixXd wrong = 2 * MatrixXd::Identity(n, n);
  wrong(0, 1) = 1;
  const VectorXd x = VectorXd::LinSpaced(n, 0.5, 1);
  const VectorXd at_x = wrong * x;
  GradientStencil stencil(x, at_x, VectorXi::Constant(n, -4), VectorXd::Constant(n, 0.01));
  drive(stencil, x, [&](const VectorXd& y) { return VectorXd(wrong * y); });
  check::close(stencil.hessian()(0, 1), 0.5, 1e-12);
  check::at_most(0.5 - 1e-12, stencil.hessian_error()(0, 1));
}

// Where the second derivative jumps at x, the even part of g(x ± h) falls as h, not as its square.
void a_jump_at_x_is_error() {
  const VectorXd x{{0.3, -1.0}};
  const Gradient g = [&](const VectorXd& y) {
    return VectorXd{{std::sin(y[0]) + (y[0] > 0.3 ? 5 * (y[0] - 0.3) : 0.0), 2 * y[1]}};
  };
  const VectorXd at_x = g(x);
  GradientStencil stencil(x, at_x, VectorXi::Constant(2, -6), VectorXd::Constant(2, 0.01));
  drive(stencil, x, g);
  const double error = stencil.hessian_error()(0, 0);
  check::close(stencil.hessian()(0, 0), std::cos(0.3), error);
  check::close(stencil.hessian()(0, 0), std::cos(0.3) + 5, error);
  check::at_most(stencil.hessian_error()(1, 1), 1e-9);
}

// Gradients of single precision are known by their values, in which ever type they come.
void single_precision_is_seen() {
  const VectorXd x{{0.3, -1.0}};
  const Gradient g = [](const VectorXd& y) {
    return VectorXd(VectorXd{{std::sin(y[0]), y[1] * y[1]}}.cast<float>().cast<double>());
  };
  const VectorXd at_x = g(x);
  GradientStencil stencil(x, at_x, VectorXi::Constant(2, -4), VectorXd::Constant(2, 0.01));
  drive(stencil, x, g);
  const MatrixXd h{{std::cos(0.3), 0.0}, {0.0, -2.0}};
  expect(stencil, h, 1e-2);
  check::at_most(0x1p-24, stencil.gradient_noise().minCoeff());
}

// Where noise limits, longer steps are asked for.
void noise_asks_for_longer_steps() {
  const VectorXd x{{0.3, -1.0}};
  std::mt19937 random(3);
  std::normal_distribution<double> normal;
  for (const double sigma : {0.0, 1e-6}) {
    const Gradient g = [&](const VectorXd& y) {
      return VectorXd(VectorXd{{std::sin(y[0]), std::sin(y[1])}} +
                      sigma * VectorXd{{normal(random), normal(random)}});
    };
    const VectorXd at_x = g(x);
    GradientStencil stencil(x, at_x, VectorXi::Constant(2, -8), VectorXd::Constant(2, 0.01));
    drive(stencil, x, g);
    check::equal(stencil.growth().minCoeff() > 0, sigma > 0.0);
  }
}

// A step below the spacing of the numbers around x is none: it is taken as short as x allows.
void steps_are_representable() {
  const VectorXd x{{1e10}};
  const VectorXd at_x = 2 * x;
  GradientStencil stencil(x, at_x, VectorXi::Constant(1, -60), VectorXd::Constant(1, 0.01));
  drive(stencil, x, [](const VectorXd& y) { return VectorXd(2 * y); });
  check::close(stencil.hessian()(0, 0), 2.0, 1e-12);
}

}  // namespace

int main() {
  a_quadratic();
  a_quartic();
  what_is_left_of_the_truncation();
  asymmetry_shows_the_noise();
  a_wrong_gradient_is_noticed();
  a_jump_at_x_is_error();
  single_precision_is_seen();
  noise_asks_for_longer_steps();
  steps_are_representable();
}
