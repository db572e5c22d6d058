#include <cmath>
#include <functional>

#include "check.hpp"
#include "hesscape/derivatives/lines.hpp"

namespace {

using Eigen::VectorXd;
using hesscape::Lines;
using hesscape::Points;
namespace check = hesscape::check;

const VectorXd x{{1.5, -0.3, 0.0, 40.0, 2.0}};
const VectorXd g{{1, -2, 0.5, 3, 0}};
const Points h{{3, 1, -2, 0, 0.5},
               {1, -4, 0.5, 1, 0},
               {-2, 0.5, 2, 0, 0},
               {0, 1, 0, 1e-3, 0},
               {0.5, 0, 0, 0, 7}};
const Points no_error = Points::Constant(5, 5, 1e-12);

double quadratic(const VectorXd& y) { return 7.0 + g.dot(y - x) + 0.5 * (y - x).dot(h * (y - x)); }

Lines told(const std::function<double(const VectorXd&)>& f) {
  Lines lines(x, hesscape::natural_steps(x), h.diagonal(), no_error.diagonal());
  const Points points = lines.points();
  VectorXd values(points.rows());
  for (Eigen::Index k = 0; k < points.rows(); ++k) values[k] = f(points.row(k));
  lines.tell(values, f(x), 0.0, g, h);
  check::equal(lines.nfev(), static_cast<int>(points.rows()));
  return lines;
}

void points_stay_within_the_steps() {
  const VectorXd steps = hesscape::natural_steps(x);
  check::equal(steps[2], 0.25);
  check::equal(steps[3], 10.0);
  const Lines lines(x, steps, h.diagonal(), no_error.diagonal());
  const Points away = lines.points().rowwise() - x.transpose();
  for (Eigen::Index i = 0; i < x.size(); ++i) {
    check::at_most(away.col(i).cwiseAbs().maxCoeff(), steps[i] * (1.0 + 1e-12));
    check::is_true(away.col(i).cwiseAbs().minCoeff() > 0.0);  // all coordinates take part
  }
}

void the_truth_agrees() {
  const Lines lines = told(quadratic);
  check::is_true(lines.agree(h, no_error));
  check::is_true(lines.hessian_error(h, no_error) == no_error);
  const VectorXd slight = VectorXd::Constant(5, 1e-9);
  check::is_true(lines.gradient_error(g, slight) == slight);
}

void one_wrong_entry_is_exposed_and_covered() {
  const Lines lines = told(quadratic);
  for (Eigen::Index i = 0; i < 5; ++i) {
    for (Eigen::Index j = 0; j <= i; ++j) {
      Points wrong = h;
      const double off = 0.1 * std::sqrt(std::abs(h(i, i) * h(j, j)));
      wrong(i, j) += off;
      if (i != j) wrong(j, i) += off;
      check::is_true(!lines.agree(wrong, no_error));
      check::at_most(off, lines.hessian_error(wrong, no_error)(i, j));
    }
    VectorXd tilted = g;
    tilted[i] += 1.0;
    check::at_most(1.0, lines.gradient_error(tilted, VectorXd::Constant(5, 1e-9))[i]);
  }
}

void an_error_that_is_known_is_no_contradiction() {
  Points wrong = h;
  wrong(0, 1) = wrong(1, 0) = 0.0;
  Points error = no_error;
  error(0, 1) = error(1, 0) = 1.0;
  check::is_true(told(quadratic).agree(wrong, error));
}

void a_fast_coupling_is_seen() {
  const auto f = [](const VectorXd& y) {
    return quadratic(y) + std::sin(300.0 * (y[0] - x[0]) * (y[1] - x[1]));
  };
  check::is_true(!told(f).agree(h, no_error));
  Points coupled = h;
  coupled(0, 1) += 300.0;
  coupled(1, 0) += 300.0;
  check::is_true(told(f).agree(coupled, Points::Constant(5, 5, 1e-6)));
}

}  // namespace

int main() {
  points_stay_within_the_steps();
  the_truth_agrees();
  one_wrong_entry_is_exposed_and_covered();
  an_error_that_is_known_is_no_contradiction();
  a_fast_coupling_is_seen();
}
