#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>

#include <Eigen/Dense>

#include "check.hpp"
#include "hesscape/lanczos.hpp"

namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using hesscape::Krylov;
using hesscape::Lanczos;
namespace check = hesscape::check;

constexpr double epsilon = std::numeric_limits<double>::epsilon();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

VectorXd random(Index n, unsigned seed) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal;
  return VectorXd::NullaryExpr(n, [&] { return normal(engine); });
}

MatrixXd nothing(Index n) { return MatrixXd(n, 0); }

MatrixXd with_spectrum(const VectorXd& values, unsigned seed) {
  const Index n = values.size();
  const MatrixXd a = random(n * n, seed).reshaped(n, n);
  const MatrixXd q = Eigen::HouseholderQR<MatrixXd>(a).householderQ();
  const MatrixXd h = q * values.asDiagonal() * q.transpose();
  return 0.5 * (h + h.transpose());
}

void run(Lanczos& lanczos, const MatrixXd& h, int products) {
  for (int i = 0; i < products && lanczos.status() != Krylov::exhausted; ++i) {
    const VectorXd product = h * lanczos.ask();
    check::is_true(lanczos.tell(product, 4.0 * epsilon * h.norm()));
  }
}

// Each Ritz pair: its vector has its value as quotient, and the residual that is promised.
void pairs_hold(const Lanczos& lanczos, const MatrixXd& h, const MatrixXd& zero_modes) {
  const MatrixXd p = MatrixXd::Identity(h.rows(), h.rows()) - zero_modes * zero_modes.transpose();
  for (int i = 0; i < lanczos.values().size(); ++i) {
    const VectorXd y = lanczos.vector(i);
    check::close(y.norm(), 1.0, 1000.0 * epsilon);
    const VectorXd residual = p * (h * y) - lanczos.values()[i] * y;
    check::at_most(residual.norm(), lanczos.residuals()[i]);
    check::close(y.dot(h * y), lanczos.values()[i], lanczos.backward_error());
    check::at_most((zero_modes.transpose() * y).norm(), 1000.0 * epsilon);
  }
}

void known_spectra() {
  for (const Index n : {1, 2, 3, 7, 64, 65, 200}) {
    const VectorXd values = VectorXd::LinSpaced(n, -1.0, 3.0);
    const MatrixXd h = with_spectrum(values, 1);
    Lanczos lanczos(random(n, 2), nothing(n), 30);
    run(lanczos, h, 25);
    pairs_hold(lanczos, h, nothing(n));
    if (n <= 7) {
      check::is_true(lanczos.status() == Krylov::exhausted);
      check::equal(lanczos.products(), n);
      check::at_most((lanczos.values() - values).norm(), 100.0 * epsilon);
    }
  }
}

void restarts_converge_to_both_ends() {
  const Index n = 300;
  VectorXd values = VectorXd::LinSpaced(n, 0.0, 1.0);
  values[0] = -0.05;
  values[n - 1] = 1.1;
  const MatrixXd h = with_spectrum(values, 3);
  Lanczos lanczos(random(n, 4), nothing(n), 16);
  for (int i = 0; i < 150; ++i) {
    run(lanczos, h, 1);
    if (i % 7 == 0) pairs_hold(lanczos, h, nothing(n));
  }
  check::is_true(lanczos.restarts() > 5);
  const Index last = lanczos.values().size() - 1;
  check::close(lanczos.values()[0], -0.05, 1e-10);
  check::close(lanczos.values()[last], 1.1, 1e-10);
  check::at_most(lanczos.residuals()[0], 1e-8);
  check::at_most(lanczos.asymmetry(), 100.0 * epsilon);
}

// No restart multiplies the error: each adds what its own products and its rounding may be wrong
// by.
void errors_stay_small_over_many_restarts() {
  const Index n = 200;
  const MatrixXd h = with_spectrum(VectorXd::LinSpaced(n, -1.0, 1.0), 17);
  const double error = 1e-10;
  Lanczos lanczos(random(n, 18), nothing(n), 12);
  for (unsigned i = 0; i < 600; ++i) {
    const VectorXd noise = random(n, 200 + i).normalized() * (0.99 * error);
    check::is_true(lanczos.tell(h * lanczos.ask() + noise, error));
    if (i % 50 == 0) pairs_hold(lanczos, h, nothing(n));
  }
  check::is_true(lanczos.restarts() > 80);
  check::at_most(lanczos.backward_error(), 600.0 * 2.0 * error);
}

void zero_modes_are_left_out() {
  const Index n = 40;
  VectorXd values = VectorXd::LinSpaced(n, 1.0, 2.0);
  const MatrixXd a = random(n * n, 5).reshaped(n, n);
  const MatrixXd q = Eigen::HouseholderQR<MatrixXd>(a).householderQ();
  values.head(2).setConstant(-7.0);  // would be found first
  const MatrixXd h = q * values.asDiagonal() * q.transpose();
  Lanczos lanczos(random(n, 6), q.leftCols(2), 50);
  run(lanczos, h, 100);
  check::is_true(lanczos.status() == Krylov::exhausted);
  check::at_most(lanczos.products(), n - 2);
  check::close(lanczos.values()[0], values[2], 1e-10);
  pairs_hold(lanczos, h, q.leftCols(2));
}

void invariant_subspaces_end_it() {
  const Index n = 50;
  VectorXd values = VectorXd::Constant(n, 2.0);
  values.head(10).setConstant(-1.0);
  const MatrixXd h = values.asDiagonal();
  Lanczos lanczos(random(n, 7), nothing(n), 20);
  run(lanczos, h, 10);
  check::is_true(lanczos.status() == Krylov::exhausted);
  check::equal(lanczos.products(), 2);
  check::at_most(lanczos.coupling(), 100.0 * epsilon);
  bool refused = false;
  try {
    lanczos.tell(random(n, 8), 0.0);
  } catch (const std::invalid_argument&) {
    refused = true;
  }
  check::is_true(refused);
}

void refused_products_can_be_told_again() {
  const Index n = 30;
  const MatrixXd h = with_spectrum(VectorXd::LinSpaced(n, -1.0, 1.0), 9);
  Lanczos straight(random(n, 10), nothing(n), 12);
  Lanczos disturbed(random(n, 10), nothing(n), 12);
  for (int i = 0; i < 25; ++i) {
    run(straight, h, 1);
    const VectorXd asked = disturbed.ask();
    VectorXd bad = h * asked;
    for (const double value : {nan, infinity, -infinity, 1e300}) {
      bad[i % n] = value;
      check::is_true(!disturbed.tell(bad, 0.0));
      check::is_true(disturbed.status() == Krylov::not_finite);
      check::is_true(disturbed.ask() == asked);
    }
    run(disturbed, h, 1);
    check::is_true(disturbed.values() == straight.values());
    check::is_true(disturbed.residuals() == straight.residuals());
  }
}

void saved_states_go_on() {
  const Index n = 60;
  const MatrixXd h = with_spectrum(VectorXd::LinSpaced(n, -1.0, 1.0), 19);
  const MatrixXd mode = VectorXd::Constant(n, 1.0 / std::sqrt(static_cast<double>(n)));
  Lanczos straight(random(n, 20), mode, 9);
  Lanczos moved(random(n, 20), mode, 9);
  for (int i = 0; i < 40; ++i) {
    moved = Lanczos::restore(moved.save());
    check::is_true(moved.ask() == straight.ask());
    run(straight, h, 1);
    run(moved, h, 1);
    check::is_true(moved.values() == straight.values());
    check::is_true(moved.residuals() == straight.residuals());
    check::is_true(moved.backward_error() == straight.backward_error());
    check::is_true(moved.vector(0) == straight.vector(0));
  }
  check::equal(moved.products(), 40);
  check::is_true(moved.restarts() > 3);
  const std::string bytes = moved.save();
  int refused = 0;
  for (std::size_t size = 0; size < bytes.size(); size += 101) {
    try {
      Lanczos::restore(std::string_view(bytes).substr(0, size));
    } catch (const std::invalid_argument&) {
      ++refused;
    }
  }
  check::equal(refused, static_cast<int>((bytes.size() + 100) / 101));
}

// Products with errors up to what is stated: the residuals still bound the truth.
void errors_enter() {
  const Index n = 120;
  const MatrixXd h = with_spectrum(VectorXd::LinSpaced(n, -1.0, 1.0), 11);
  for (const double error : {1e-8, 1e-3}) {
    Lanczos lanczos(random(n, 12), nothing(n), 12);
    for (unsigned i = 0; i < 40; ++i) {
      const VectorXd noise = random(n, 100 + i).normalized() * (0.99 * error);
      check::is_true(lanczos.tell(h * lanczos.ask() + noise, error));
      pairs_hold(lanczos, h, nothing(n));
    }
    check::is_true(lanczos.backward_error() > error);
    check::is_true(lanczos.asymmetry() > 0.01 * error && lanczos.asymmetry() < error);
  }
}

void quotients() {
  for (const Index n : {1, 63, 2049, 100000}) {
    const VectorXd u = random(n, 13);
    const VectorXd p = random(n, 14);
    const auto exact = static_cast<double>(u.cast<long double>().dot(p.cast<long double>()) /
                                           u.cast<long double>().squaredNorm());
    const hesscape::Quotient quotient = hesscape::rayleigh(u, p);
    check::close(quotient.value, exact, quotient.rounding);
    check::at_most(quotient.rounding, 1e-11);
  }
}

void fused_sums() {
  const Index n = 5000;
  const VectorXd x = random(n, 15);
  const VectorXd v = random(n, 16);
  VectorXd out(n);
  hesscape::displace(x, v, 0.5, out);
  check::is_true(out == x + 0.5 * v);
  VectorXd first = x;
  VectorXd second = v;
  hesscape::accumulate(out, 2.0, first, -3.0, second);
  check::is_true(first == x + 2.0 * out && second == v - 3.0 * out);
}

void bad_starts_are_refused() {
  const MatrixXd e = MatrixXd::Identity(5, 5);
  int refused = 0;
  for (const VectorXd& start :
       {VectorXd(VectorXd::Zero(5)), VectorXd(e.col(1)), VectorXd(VectorXd::Constant(5, nan))}) {
    try {
      const Lanczos lanczos(start, e.leftCols(2), 10);
    } catch (const std::invalid_argument&) {
      ++refused;
    }
  }
  check::equal(refused, 3);
}

}  // namespace

int main() {
  known_spectra();
  restarts_converge_to_both_ends();
  errors_stay_small_over_many_restarts();
  zero_modes_are_left_out();
  invariant_subspaces_end_it();
  refused_products_can_be_told_again();
  saved_states_go_on();
  errors_enter();
  quotients();
  fused_sums();
  bad_starts_are_refused();
}
