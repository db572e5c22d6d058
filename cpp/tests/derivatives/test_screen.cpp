#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "check.hpp"
#include "hesscape/derivatives/screen.hpp"

namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using hesscape::Points;
using hesscape::Screen;
using hesscape::Screened;
namespace check = hesscape::check;
using Function = std::function<double(const VectorXd&)>;

constexpr Index n = 3;

// sin(a . x) + x_0^2 x_1 / 10, and its derivatives.
const VectorXd a = (VectorXd(n) << 0.7, -1.1, 0.4).finished();

double wave(const VectorXd& x) { return std::sin(a.dot(x)) + 0.1 * x[0] * x[0] * x[1]; }

VectorXd gradient(const VectorXd& x) {
  VectorXd g = std::cos(a.dot(x)) * a;
  g[0] += 0.2 * x[0] * x[1];
  g[1] += 0.1 * x[0] * x[0];
  return g;
}

MatrixXd hessian(const VectorXd& x) {
  MatrixXd h = -std::sin(a.dot(x)) * a * a.transpose();
  h(0, 0) += 0.2 * x[1];
  h(0, 1) += 0.2 * x[0];
  h(1, 0) += 0.2 * x[0];
  return h;
}

// Answers all that is asked for now; gives the number of values.
Index answer(Screen& screen, const Function& f) {
  Index told = 0;
  while (!screen.done()) {
    const Index count = screen.ask();
    VectorXd values(count);
    for (Index k = 0; k < count; ++k) {
      VectorXd x(screen.n());
      for (Index i = 0; i < x.size(); ++i) {
        x[i] = screen.by_point() ? screen.data()[k * x.size() + i]
                                 : screen.data()[i * screen.capacity() + k];
      }
      values[k] = f(x);
    }
    screen.tell(values);
    told += count;
  }
  return told;
}

Screen::Rows all(Index count) { return Screen::Rows::LinSpaced(count, 0, count - 1); }

Points some_points(Index count) {
  Points points(count, n);
  for (Index p = 0; p < count; ++p) {
    for (Index i = 0; i < n; ++i)
      points(p, i) = 1.0 + 0.5 * std::sin(1.0 + static_cast<double>(7 * p + 3 * i));
  }
  return points;
}

void finds_derivatives(bool by_point) {
  const Points points = some_points(300);  // two strips and a part of one
  Screen screen(points, 0.0, by_point);
  check::equal(static_cast<double>(answer(screen, wave)), static_cast<double>(300 * (1 + 12 * n)));
  screen.keep(all(300));
  check::equal(static_cast<double>(answer(screen, wave)),
               static_cast<double>(300 * (2 * n * (n - 1) + 8)));
  const Screened& result = screen.result();
  for (Index p = 0; p < points.rows(); ++p) {
    const VectorXd x = points.row(p);
    check::is_true(result.agrees[p]);
    check::equal(result.value[p], wave(x));
    for (Index i = 0; i < n; ++i) {
      check::close(result.gradient(p, i), gradient(x)[i], result.gradient_error(p, i));
      check::at_most(result.gradient_error(p, i), 1e-7);
      check::equal(result.curvature(p, i), result.hessian(p, i * n + i));
      for (Index j = 0; j < n; ++j) {
        check::close(result.hessian(p, i * n + j), hessian(x)(i, j),
                     result.hessian_error(p, i * n + j));
        check::at_most(result.hessian_error(p, i * n + j), 1e-4);
      }
    }
  }
}

// A point has the same result alone as among others, some of which have no values.
void keeps_points_apart() {
  Points points = some_points(200);
  points.row(3) = VectorXd::Constant(n, 9.0);
  const Function f = [](const VectorXd& x) {
    return x[0] > 8.0 ? std::numeric_limits<double>::quiet_NaN() : wave(x);
  };
  Screen many(points, 0.0, false);
  answer(many, f);
  check::is_true(!many.result().agrees[3]);
  const Screen::Rows rows = (Screen::Rows(2) << 4, 199).finished();
  many.keep(rows);
  answer(many, f);
  for (Index k = 0; k < rows.size(); ++k) {
    Screen one(points.row(rows[k]), 0.0, true);
    answer(one, f);
    one.keep(all(1));
    answer(one, f);
    check::is_true(many.result().agrees[k] && one.result().agrees[0]);
    for (Index i = 0; i < n; ++i) {
      check::equal(many.result().gradient(k, i), one.result().gradient(0, i));
      check::equal(many.result().gradient_error(k, i), one.result().gradient_error(0, i));
    }
    for (Index i = 0; i < n * n; ++i) {
      check::equal(many.result().hessian(k, i), one.result().hessian(0, i));
      check::equal(many.result().hessian_error(k, i), one.result().hessian_error(0, i));
    }
  }
}

// What the rungs can't see, other displacements contradict: small ones, and those along a line.
void doubts_what_the_rungs_miss() {
  constexpr double pi = 3.141592653589793;
  Screen axes(Points::Zero(1, n), 0.0, false);
  // All rungs are multiples of its period, 1/256.
  answer(axes, [](const VectorXd& x) { return std::cos(2.0 * pi * 256.0 * x[0]); });
  check::is_true(!axes.result().agrees[0]);

  Screen pairs(Points::Zero(1, n), 0.0, false);
  // Pairs of axes are displaced with equal signs only.
  const Function valley = [](const VectorXd& x) { return std::min(x[0] * x[1], 0.0); };
  answer(pairs, valley);
  check::is_true(pairs.result().agrees[0]);
  pairs.keep(all(1));
  answer(pairs, valley);
  check::is_true(!pairs.result().agrees[0]);
}

void takes_a_kink_for_noise() {
  Screen screen(Points::Zero(1, n), 0.0, false);
  answer(screen, [](const VectorXd& x) { return std::abs(x[1]); });
  check::at_most(screen.result().curvature(0, 1), screen.result().curvature_error(0, 1));
}

void knows_given_noise() {
  const Function flat = [](const VectorXd&) { return 1.0; };
  Screen screen(Points::Zero(1, n), 1e-3, false);
  answer(screen, flat);
  check::equal(screen.result().noise[0], 1e-3);
  check::is_true(screen.result().gradient_error.minCoeff() > 1e-3);
}

}  // namespace

int main() {
  finds_derivatives(true);
  finds_derivatives(false);
  keeps_points_apart();
  doubts_what_the_rungs_miss();
  takes_a_kink_for_noise();
  knows_given_noise();
}
