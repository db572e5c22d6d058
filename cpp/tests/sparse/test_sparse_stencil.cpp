#include <cmath>
#include <functional>
#include <limits>

#include "check.hpp"
#include "hesscape/sparse/sparse_stencil.hpp"
#include "hesscape/sparse/star_colouring.hpp"
#include "sparse/patterns.hpp"

namespace {

using Eigen::ArrayXd;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using hesscape::Points;
using hesscape::SparsePattern;
using hesscape::SparseStencil;
namespace check = hesscape::check;
using Gradient = std::function<VectorXd(const VectorXd&)>;

// Answers one round by hand. How many gradients it took.
int drive(SparseStencil& stencil, const Gradient& g, int exponent = -15) {
  int gradients = 0;
  for (stencil.begin(exponent); !stencil.done();) {
    const Points points = stencil.ask();
    check::is_true(points == stencil.ask());
    Points values(points.rows(), points.cols());
    for (Eigen::Index k = 0; k < points.rows(); ++k) values.row(k) = g(points.row(k));
    stencil.tell(values);
    gradients += static_cast<int>(points.rows());
  }
  return gradients;
}

SparseStencil start(const SparsePattern& pattern, const VectorXd& x, const Gradient& g) {
  return {pattern, hesscape::star_colouring(pattern), x, g(x)};
}

void expect(const SparseStencil& stencil, const ArrayXd& truth, double tight,
            check::Where where = check::Where::current()) {
  for (Eigen::Index p = 0; p < truth.size(); ++p)
    check::close(stencil.values()[p], truth[p], stencil.errors()[p], where);
  check::at_most(stencil.errors().maxCoeff(), tight, where);
}

void smooth_gradients() {
  std::mt19937 random(7);
  for (const int n : {5, 20, 60}) {
    const MatrixXd h = check::sparse_matrix(n, 0.1, random);
    const SparsePattern pattern = check::pattern_of(h);
    const VectorXd x = VectorXd::Random(n).array() + 2;
    const Gradient g = [&](const VectorXd& y) -> VectorXd {
      const ArrayXd d = y - x;
      return h * d.matrix() + (d.cube() + d.cosh() - 1).matrix();
    };
    SparseStencil stencil = start(pattern, x, g);
    check::equal(drive(stencil, g), 3 * (stencil.colours() + 1));
    check::is_true(stencil.counts());
    check::equal(stencil.improved(), pattern.entries());
    expect(stencil, check::entries(pattern, h), 1e-6);
    drive(stencil, g, -11);  // a round that is no better leaves what there is
    check::is_true(stencil.counts());
    expect(stencil, check::entries(pattern, h), 1e-6);
  }
}

void what_contradicts_the_pattern() {
  std::mt19937 random(8);
  const MatrixXd h = check::sparse_matrix(12, 0.3, random);
  MatrixXd less = h;
  int i = 0;
  int j = 1;
  while (less(i, j) == 0) j == 11 ? (++i, j = i + 1) : ++j;
  less(i, j) = less(j, i) = 0;
  const SparsePattern pattern = check::pattern_of(less);
  const Gradient g = [&](const VectorXd& y) -> VectorXd { return h * y; };
  SparseStencil stencil = start(pattern, VectorXd::Ones(12), g);
  drive(stencil, g);
  check::is_true(stencil.finite() && !stencil.counts());
  check::is_true(stencil.contradiction() > SparseStencil::refused);
  check::is_true((stencil.errors() == std::numeric_limits<double>::infinity()).all());
}

void rounds_that_are_not_finite() {
  const MatrixXd h = check::chain(9);
  const SparsePattern pattern = check::pattern_of(h);
  const Gradient g = [&](const VectorXd& y) -> VectorXd {
    const double far = (y.array() - 1).abs().maxCoeff();
    return far < 1e-6 ? VectorXd(h * y) : VectorXd::Constant(9, std::nan(""));
  };
  SparseStencil stencil = start(pattern, VectorXd::Ones(9), g);
  drive(stencil, g);
  check::is_true(!stencil.finite() && !stencil.counts());
  drive(stencil, g, -19);
  check::is_true(stencil.counts());
  expect(stencil, check::entries(pattern, h), 1e-5);
}

// Noise on every entry of the gradient is within the errors that the changes show.
void noise() {
  std::mt19937 random(9);
  std::normal_distribution<double> normal;
  const MatrixXd h = check::chain(300);
  const SparsePattern pattern = check::pattern_of(h);
  const VectorXd x = VectorXd::Ones(300);
  for (const double level : {1e-12, 1e-7}) {
    const Gradient g = [&](const VectorXd& y) -> VectorXd {
      return h * (y - x) + level * VectorXd::NullaryExpr(300, [&] { return normal(random); });
    };
    SparseStencil stencil = start(pattern, x, g);
    drive(stencil, g);
    check::is_true(stencil.counts());
    check::at_most(stencil.contradiction(), 1);
    expect(stencil, check::entries(pattern, h), 1e7 * level);
    check::at_most(3 * level, stencil.gradient_noise().minCoeff());
  }
}

}  // namespace

int main() {
  smooth_gradients();
  what_contradicts_the_pattern();
  rounds_that_are_not_finite();
  noise();
}
