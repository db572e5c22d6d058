#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>

#include <Eigen/Core>

#include "check.hpp"
#include "hesscape/krylov/lanczos.hpp"
#include "reference.hpp"

namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using hesscape::Krylov;
using hesscape::Lanczos;
namespace check = hesscape::check;
namespace reference = hesscape::reference;

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
  return reference::with_spectrum(reference::orthogonal_factor(a), values);
}

// Errors of products, all of one size.
VectorXd all(const Lanczos& lanczos, double error) {
  return VectorXd::Constant(lanczos.ask().cols(), error);
}

void run(Lanczos& lanczos, const MatrixXd& h, int steps) {
  for (int i = 0; i < steps && lanczos.status() != Krylov::exhausted; ++i) {
    const MatrixXd products = h * lanczos.ask();
    check::is_true(lanczos.tell(products, all(lanczos, 4.0 * epsilon * h.norm())));
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
    check::is_true(lanczos.tell(h * lanczos.ask() + noise, all(lanczos, error)));
    if (i % 50 == 0) pairs_hold(lanczos, h, nothing(n));
  }
  check::is_true(lanczos.restarts() > 80);
  check::at_most(lanczos.backward_error(), 600.0 * 2.0 * error);
}

void zero_modes_are_left_out() {
  const Index n = 40;
  VectorXd values = VectorXd::LinSpaced(n, 1.0, 2.0);
  const MatrixXd a = random(n * n, 5).reshaped(n, n);
  const MatrixXd q = reference::orthogonal_factor(a);
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
    lanczos.tell(random(n, 8), VectorXd::Zero(1));
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
      check::is_true(!disturbed.tell(bad, VectorXd::Zero(1)));
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
      check::is_true(lanczos.tell(h * lanczos.ask() + noise, all(lanczos, error)));
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

MatrixXd block(Index n, Index width, unsigned seed) {
  return random(n * width, seed).reshaped(n, width);
}

void vectors_are_orthonormal(const Lanczos& lanczos) {
  const Index n = lanczos.ask().rows();
  MatrixXd y(n, lanczos.values().size());
  for (int i = 0; i < y.cols(); ++i) y.col(i) = lanczos.vector(i);
  const MatrixXd skew = y.transpose() * y - MatrixXd::Identity(y.cols(), y.cols());
  check::at_most(skew.norm(), 10.0 * static_cast<double>(std::max<Index>(n, 16)) * epsilon);
  check::at_most((y.transpose() * lanczos.ask()).norm(),
                 10.0 * static_cast<double>(std::max<Index>(n, 16)) * epsilon);
}

// A Krylov space holds as many vectors of an eigenvalue as the block has columns.
void blocks_find_eigenvalues_that_are_the_same() {
  VectorXd values(40);
  values << VectorXd::Constant(5, -2.0), VectorXd::Constant(2, -1.0), -0.5, VectorXd::Zero(3),
      VectorXd::Constant(20, 1.0), VectorXd::Constant(9, 3.0);
  const VectorXd distinct{{-2.0, -1.0, -0.5, 0.0, 1.0, 3.0}};
  const MatrixXd h = with_spectrum(values, 21);
  for (Index b = 1; b <= 8; ++b) {
    Lanczos lanczos(block(40, b, 22), nothing(40), 40);
    for (int i = 0; i < distinct.size(); ++i) {
      run(lanczos, h, 1);
      pairs_hold(lanczos, h, nothing(40));
      vectors_are_orthonormal(lanczos);
    }
    check::is_true(lanczos.products() <= distinct.size() * b);
    for (const double value : distinct) {
      const Index many = ((values.array() - value).abs() < 1e-6).count();
      const auto near = (lanczos.values().array() - value).abs() < 1e-9;
      const auto converged = lanczos.residuals().array() < 1e-9;
      check::is_true((near && converged).count() >= std::min(b, many));
    }
  }
}

void blocks_end_with_invariant_subspaces() {
  const Index n = 50;
  VectorXd values = VectorXd::Constant(n, 2.0);
  values.head(3).setConstant(-1.0);
  for (int b = 1; b <= 8; ++b) {
    Lanczos lanczos(block(n, b, 33), nothing(n), 32);
    run(lanczos, values.asDiagonal(), 10);
    check::is_true(lanczos.status() == Krylov::exhausted);
    check::equal(lanczos.products(), b + std::min(b, 3));
    check::equal((lanczos.values().array() < 0.0).count(), std::min(b, 3));
    check::at_most(lanczos.coupling(), 1e-13);
    check::equal(lanczos.ask().cols(), 0);
  }
}

void blocks_converge_to_clusters() {
  const Index n = 300;
  VectorXd values = VectorXd::LinSpaced(n, 0.0, 1.0);
  values.head(3).setConstant(-0.3);
  values[3] = -0.3 + 1e-9;
  values.tail(2).setConstant(1.2);
  const MatrixXd h = with_spectrum(values, 23);
  for (const int b : {2, 4, 5, 8}) {
    Lanczos lanczos(block(n, b, 24), nothing(n), 41);
    for (int i = 0; i < 400 / b; ++i) {
      run(lanczos, h, 1);
      if (i % 9 == 0) pairs_hold(lanczos, h, nothing(n));
      if (i % 9 == 0) vectors_are_orthonormal(lanczos);
    }
    check::equal(lanczos.products(), 400 / b * b);
    check::is_true(lanczos.restarts() > 5);
    const VectorXd& found = lanczos.values();
    check::is_true((found.array() < -0.2).count() >= std::min(b, 4));
    check::at_most((found.head(std::min(b, 4)).array() + 0.3).abs().maxCoeff(), 2e-9);
    check::at_most((found.tail(2).array() - 1.2).abs().maxCoeff(), 1e-10);
    check::at_most(lanczos.residuals().head(std::min(b, 4)).maxCoeff(), 1e-6);
    check::at_most(lanczos.asymmetry(), 100.0 * epsilon);
  }
}

// What a block says depends on what it spans only.
void blocks_are_subspaces() {
  const Index n = 90;
  const MatrixXd h = with_spectrum(VectorXd::LinSpaced(n, -1.0, 1.0), 25);
  const MatrixXd start = block(n, 3, 26);
  const MatrixXd mixed = start * block(3, 5, 27);  // five dependent columns
  Lanczos one(start, nothing(n), 40);
  Lanczos other(mixed, nothing(n), 40);
  check::equal(other.ask().cols(), 3);
  for (int i = 0; i < 8; ++i) {
    run(one, h, 1);
    run(other, h, 1);
    check::at_most((one.values() - other.values()).norm(), 1e-11);
  }
}

// Columns that are used up one after the other: eigenvectors, sums of them, and a random one.
void blocks_shrink() {
  const Index n = 60;
  const VectorXd values = VectorXd::LinSpaced(n, -1.0, 2.0);
  const MatrixXd h = values.asDiagonal();
  const MatrixXd e = MatrixXd::Identity(n, n);
  MatrixXd start(n, 5);
  start << e.col(3), e.col(5) + e.col(7), e.col(0), e.col(9) - e.col(8) + e.col(20), random(n, 28);
  const int widths[] = {5, 3, 2, 1, 1, 1};
  for (const int limit : {24, 60}) {
    Lanczos lanczos(start, nothing(n), limit);
    for (const int width : widths) {
      check::equal(lanczos.ask().cols(), width);
      run(lanczos, h, 1);
      pairs_hold(lanczos, h, nothing(n));
      vectors_are_orthonormal(lanczos);
    }
    run(lanczos, h, 80);
    pairs_hold(lanczos, h, nothing(n));
    if (limit < n) continue;
    check::is_true(lanczos.status() == Krylov::exhausted);
    check::equal(lanczos.products(), n);
    check::at_most((lanczos.values() - values).norm(), 1e-12);
    check::equal(lanczos.coupling(), 0.0);
  }
}

// An eigenvector of which a start has next to nothing is left out, and remembered.
void what_is_left_out_is_told() {
  const Index n = 30;
  const MatrixXd h = VectorXd::LinSpaced(n, 1.0, 30.0).asDiagonal();
  const MatrixXd e = MatrixXd::Identity(n, n);
  MatrixXd start(n, 2);
  start << e.col(0) + 1e-17 * e.col(9), e.col(3) + e.col(4);
  Lanczos lanczos(start, nothing(n), 8);
  for (const int width : {2, 1}) {
    check::equal(lanczos.ask().cols(), width);
    run(lanczos, h, 1);
    check::is_true(lanczos.coupling() >= 8e-17);
  }
  check::is_true(lanczos.status() == Krylov::exhausted);
  check::at_most(lanczos.coupling(), 1e-14);
  check::equal(lanczos.values().size(), 3);
}

void errors_enter_blocks() {
  const Index n = 120;
  const MatrixXd h = with_spectrum(VectorXd::LinSpaced(n, -1.0, 1.0), 29);
  for (const double error : {1e-10, 1e-3}) {
    Lanczos lanczos(block(n, 4, 30), nothing(n), 18);
    for (unsigned i = 0; i < 200; ++i) {
      MatrixXd noise = block(n, 4, 300 + i);
      for (auto column : noise.colwise()) column *= 0.99 * error / column.norm();
      check::is_true(lanczos.tell(h * lanczos.ask() + noise, all(lanczos, error)));
      if (i < 8 || i % 20 == 0) pairs_hold(lanczos, h, nothing(n));
    }
    check::is_true(lanczos.restarts() > 40);
    check::is_true(lanczos.asymmetry() > 0.01 * error && lanczos.asymmetry() < error);
    check::at_most(lanczos.backward_error(), 800.0 * 2.0 * error);
  }
}

void blocks_can_be_told_again_and_saved() {
  const Index n = 60;
  const MatrixXd h = with_spectrum(VectorXd::LinSpaced(n, -1.0, 1.0), 31);
  const MatrixXd mode = VectorXd::Constant(n, 1.0 / std::sqrt(static_cast<double>(n)));
  Lanczos straight(block(n, 3, 32), mode, 14);
  Lanczos moved(block(n, 3, 32), mode, 14);
  for (int i = 0; i < 30; ++i) {
    const MatrixXd asked = moved.ask();
    MatrixXd bad = h * asked;
    bad(i, i % 3) = nan;
    check::is_true(!moved.tell(bad, VectorXd::Zero(3)));
    moved = Lanczos::restore(moved.save());
    check::is_true(moved.status() == Krylov::not_finite);
    check::is_true(moved.ask() == asked && moved.ask() == straight.ask());
    run(straight, h, 1);
    run(moved, h, 1);
    check::is_true(moved.values() == straight.values());
    check::is_true(moved.residuals() == straight.residuals());
    check::is_true(moved.backward_error() == straight.backward_error());
  }
  check::equal(moved.products(), 90);
  int refused = 0;
  for (const Index rows : {n, n - 1}) {
    for (const Index columns : {2, 3}) {
      for (const double error : {0.0, -1.0, nan}) {
        if (rows == n && columns == 3 && error == 0.0) continue;
        try {
          straight.tell(MatrixXd::Ones(rows, columns), VectorXd::Constant(columns, error));
        } catch (const std::invalid_argument&) {
          ++refused;
        }
      }
    }
  }
  check::equal(refused, 11);
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
  blocks_find_eigenvalues_that_are_the_same();
  blocks_end_with_invariant_subspaces();
  blocks_converge_to_clusters();
  blocks_are_subspaces();
  blocks_shrink();
  what_is_left_out_is_told();
  errors_enter_blocks();
  blocks_can_be_told_again_and_saved();
}
