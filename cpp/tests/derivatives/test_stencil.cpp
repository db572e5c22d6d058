#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <utility>

#include "check.hpp"
#include "hesscape/derivatives/stencil.hpp"

namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using hesscape::Derivatives;
using hesscape::Points;
using hesscape::Probe;
using hesscape::Status;
using hesscape::Stencil;
using hesscape::StencilOptions;
namespace check = hesscape::check;
using Function = std::function<double(const VectorXd&)>;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

VectorXd at(const Stencil& stencil, const Probe& probe) {
  VectorXd x = stencil.points().row(probe.point);
  if (probe.i >= 0) x[probe.i] = probe.xi;
  if (probe.j >= 0) x[probe.j] = probe.xj;
  return x;
}

// Answers by hand; counts the values of each point.
Derivatives measure(const Points& points, const StencilOptions& options, const Function& f) {
  Stencil stencil(points, options);
  VectorXd count = VectorXd::Zero(points.rows());
  while (!stencil.done()) {
    VectorXd values(static_cast<Eigen::Index>(stencil.probes().size()));
    for (std::size_t k = 0; k < stencil.probes().size(); ++k) {
      const Probe& probe = stencil.probes()[k];
      check::is_true(probe.j < 0 || (probe.i >= 0 && probe.i != probe.j));
      values[static_cast<Eigen::Index>(k)] = f(at(stencil, probe));
      count[probe.point] += 1.0;
    }
    stencil.tell(values);
  }
  for (Eigen::Index p = 0; p < points.rows(); ++p)
    check::equal(static_cast<double>(stencil.result().nfev[static_cast<std::size_t>(p)]), count[p]);
  return stencil.result();
}

// Entries of point p against the truth: within their bounds, which are below `tight`.
void expect(const Derivatives& d, Eigen::Index p, const VectorXd& g, const MatrixXd& h,
            double tight, check::Where where = check::Where::current()) {
  const Eigen::Index n = g.size();
  for (Eigen::Index i = 0; i < n; ++i) {
    check::close(d.gradient(p, i), g[i], d.gradient_error(p, i), where);
    check::at_most(d.gradient_error(p, i), tight, where);
    for (Eigen::Index j = 0; j < n; ++j) {
      check::close(d.hessian(p, i * n + j), h(i, j), d.hessian_error(p, i * n + j), where);
      check::at_most(d.hessian_error(p, i * n + j), tight, where);
      check::equal(d.hessian(p, i * n + j), d.hessian(p, j * n + i), where);
    }
  }
}

const MatrixXd h3{{3, 1, -2}, {1, -4, 0.5}, {-2, 0.5, 0}};

void a_quadratic() {
  const VectorXd g{{1, -2, 0.5}};
  const Points points{{0.3, -1, 2}, {0, 0, 0}, {1, 1, 1}, {100, -3, 0.01}};
  const auto d =
      measure(points, {}, [&](const VectorXd& x) { return 5 + g.dot(x) + 0.5 * x.dot(h3 * x); });
  for (Eigen::Index p = 0; p < points.rows(); ++p) {
    const VectorXd x = points.row(p);
    check::close(d.value[p], 5 + g.dot(x) + 0.5 * x.dot(h3 * x), 0.0);
    expect(d, p, g + h3 * x, h3, 1e-7);
    check::equal(d.status[static_cast<std::size_t>(p)], Status::ok);
  }
}

// (u.x)^4 + (x0 x1)^2: nothing but what extrapolation removes.
void a_quartic() {
  const VectorXd u{{1, -0.5, 2}};
  const Points points{{0.3, -1, 0.2}, {1, 1, 0.25}};
  const auto f = [&](const VectorXd& x) {
    return std::pow(u.dot(x), 4) + x[0] * x[0] * x[1] * x[1];
  };
  for (const int levels : {0, 2, 3, 6}) {
    StencilOptions options;
    options.levels = levels;
    const auto d = measure(points, options, f);
    for (Eigen::Index p = 0; p < points.rows(); ++p) {
      const VectorXd x = points.row(p);
      const double s = u.dot(x);
      VectorXd g = 4 * s * s * s * u;
      MatrixXd h = 12 * s * s * u * u.transpose();
      g[0] += 2 * x[0] * x[1] * x[1];
      g[1] += 2 * x[0] * x[0] * x[1];
      h(0, 0) += 2 * x[1] * x[1];
      h(1, 1) += 2 * x[0] * x[0];
      h(0, 1) += 4 * x[0] * x[1];
      h(1, 0) += 4 * x[0] * x[1];
      expect(d, p, g, h, 1e-6);
    }
  }
}

void without_pairs() {
  StencilOptions options;
  options.pairs = false;
  const Points points{{0.3, -1, 2}};
  const auto d = measure(points, options, [&](const VectorXd& x) { return 0.5 * x.dot(h3 * x); });
  check::equal(d.hessian.size(), Eigen::Index{0});
  const VectorXd g = h3 * points.row(0).transpose();
  for (Eigen::Index i = 0; i < 3; ++i) check::close(d.gradient(0, i), g[i], d.gradient_error(0, i));
}

void given_noise_is_used() {
  const Points points{{0.3, -1, 2}};
  const auto f = [&](const VectorXd& x) { return std::exp(x[0] - x[1] + 0.5 * x[2]); };
  StencilOptions options;
  options.noise = 1e-9;
  const auto quiet = measure(points, options, f);
  options.noise = 1e-3;
  const auto loud = measure(points, options, f);
  check::close(loud.noise[0], 1e-3, 1e-12);
  const VectorXd u{{1, -1, 0.5}};
  const double e = std::exp(2.3);
  expect(quiet, 0, e * u, e * u * u.transpose(), 0.1);
  expect(loud, 0, e * u, e * u * u.transpose(), 10.0);
  check::at_most(100.0, (loud.hessian_error.array() / quiet.hessian_error.array()).minCoeff());
}

void every_point_has_an_outcome_of_its_own() {
  const Points points{{1, 2}, {-3, 2}, {1, 0}, {1, 1.9999}};
  const auto d = measure(points, {}, [](const VectorXd& x) {
    if (x[0] < -2.5) return nan;  // not at the second
    if (x[1] < 0) return nan;     // the third is on an edge
    if (x[1] > 2.1) return nan;   // others are near one
    return x[0] * x[0] * x[1];
  });
  check::equal(d.status[1], Status::not_finite);
  check::at_most(static_cast<double>(d.nfev[1]), 3.0);
  check::is_true(std::isnan(d.hessian(1, 0)));
  check::equal(d.status[2], Status::no_step);
  for (const Eigen::Index p : {0, 3}) {
    check::equal(d.status[static_cast<std::size_t>(p)], Status::shortened);
    const double x = points(p, 0);
    const double y = points(p, 1);
    expect(d, p, VectorXd{{2 * x * y, x * x}}, MatrixXd{{2 * y, 2 * x}, {2 * x, 0}}, 1e-5);
  }
}

// Where f is zero on a whole plane, so is its rounding.
void zero_in_a_plane() {
  const auto d = measure(Points{{0, 0, 0}, {0, -3, 2}}, {},
                         [](const VectorXd& x) { return x[0] * x[0] * x[1] * x[2]; });
  expect(d, 0, VectorXd::Zero(3), MatrixXd::Zero(3, 3), 1e-10);
  MatrixXd h = MatrixXd::Zero(3, 3);
  h(0, 0) = -12;
  expect(d, 1, VectorXd::Zero(3), h, 1e-10);
}

double bumpy(const VectorXd& x) {
  double value = 0.0;
  for (Eigen::Index i = 0; i < x.size(); ++i) {
    const double before = x[i > 0 ? i - 1 : x.size() - 1];
    value += (static_cast<double>(i) + 1.5) * x[i] * x[i] * x[i] + x[i] * before * before;
  }
  return value;
}

// In waves or in one, each point has the outcome that it has alone.
void many_points_are_as_one_at_a_time() {
  for (const auto& [n, count] : {std::pair<Eigen::Index, Eigen::Index>{1, 1000},
                                 {2, 6000},
                                 {3, 65},
                                 {5, 40},
                                 {8, 9},
                                 {16, 3},
                                 {33, 2}}) {
    const Points points = Points::NullaryExpr(count, n, [](Eigen::Index p, Eigen::Index i) {
      return 2.0 * std::sin(static_cast<double>(7 * p + 3 * i + 1));
    });
    const auto all = measure(points, {}, bumpy);
    for (const Eigen::Index p : {Eigen::Index{0}, Eigen::Index{1}, count / 2, count - 1}) {
      const auto one = measure(points.row(p), {}, bumpy);
      check::is_true(all.hessian.row(p) == one.hessian.row(0));
      check::is_true(all.hessian_error.row(p) == one.hessian_error.row(0));
      check::is_true(all.gradient.row(p) == one.gradient.row(0));
      check::is_true(all.gradient_error.row(p) == one.gradient_error.row(0));
      check::equal(all.noise[p], one.noise[0]);
      check::equal(all.nfev[static_cast<std::size_t>(p)], one.nfev[0]);
    }
  }
}

}  // namespace

int main() {
  a_quadratic();
  a_quartic();
  without_pairs();
  given_noise_is_used();
  every_point_has_an_outcome_of_its_own();
  zero_in_a_plane();
  many_points_are_as_one_at_a_time();
}
