#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <Eigen/QR>

#include "check.hpp"
#include "hesscape/linalg/inertia.hpp"

namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using hesscape::RowMatrix;
using hesscape::SymmetricStack;
namespace check = hesscape::check;

std::mt19937 generator(unsigned seed) { return std::mt19937(seed); }

constexpr double infinity = std::numeric_limits<double>::infinity();

SymmetricStack one(const RowMatrix& h, const RowMatrix* error = nullptr) {
  return {h.data(), error == nullptr ? nullptr : error->data(), 0, 1, h.rows()};
}

void expect(const RowMatrix& h, const RowMatrix* error, Index negative, Index positive,
            Index zero_modes = 0, check::Where where = check::Where::current()) {
  const auto proofs = hesscape::prove_signs(one(h, error), zero_modes, nullptr);
  check::equal(proofs.n_negative[0], negative, where);
  check::equal(proofs.n_positive[0], positive, where);
}

RowMatrix with_spectrum(const VectorXd& lambda, std::mt19937& random) {
  std::normal_distribution<double> normal;
  const Index n = lambda.size();
  const MatrixXd q = MatrixXd::NullaryExpr(n, n, [&](Index, Index) { return normal(random); })
                         .householderQr()
                         .householderQ();
  const MatrixXd h = q * lambda.asDiagonal() * q.transpose();
  return (h + h.transpose()) / 2;
}

void signs_of_known_spectra() {
  std::mt19937 random = generator(1);
  for (const Index n : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65}) {
    for (Index negative = 0; negative <= n; negative += 1 + n / 3) {
      VectorXd lambda = VectorXd::LinSpaced(n, 1, 2);
      lambda.head(negative) *= -1;
      RowMatrix h = with_spectrum(lambda, random);
      RowMatrix error = RowMatrix::Constant(n, n, 0.9 / static_cast<double>(n));
      expect(h, nullptr, negative, n - negative);
      expect(h, &error, negative, n - negative);
      error /= 4;                      // scales are powers of two
      for (Index i = 0; i < n; ++i) {  // a scale for each coordinate, from 1e-120 to 1e120
        const double t = std::pow(10, 120.0 * std::sin(static_cast<double>(i)));
        h.row(i) *= t;
        h.col(i) *= t;
        error.row(i) *= t;
        error.col(i) *= t;
      }
      expect(h, &error, negative, n - negative);
    }
  }
}

void errors_at_their_limit() {
  RowMatrix h(2, 2);
  h << 0, -2, -2, 0;
  RowMatrix error = RowMatrix::Constant(2, 2, 0.999);
  expect(h, &error, 1, 1);
  error.setConstant(2);  // zero is possible
  expect(h, &error, 0, 0);
  h = RowMatrix::Ones(3, 3);  // singular: the difference vectors have no sign
  expect(h, nullptr, 0, 1);
  h.setZero();
  expect(h, nullptr, 0, 0);
  h.setIdentity(3, 3);
  error.setZero(3, 3);
  error(0, 2) = error(2, 0) = infinity;
  expect(h, &error, 0, 2);
  error(0, 2) = error(2, 0) = std::nan("");
  expect(h, &error, 0, 2);
  h(1, 1) = std::nan("");
  expect(h, &error, 0, 0);
}

void zero_modes_by_count() {
  RowMatrix h = VectorXd{{1e-5, 2, -1e-5, 3, 4}}.asDiagonal();
  expect(h, nullptr, 1, 4);
  std::mt19937 random = generator(2);
  h = with_spectrum(VectorXd(h.diagonal()), random);
  expect(h, nullptr, 1, 4);
  expect(h, nullptr, 0, 3, 2);  // well below the rest: the caller knows what they are
  expect(h, nullptr, 1, 4, 3);  // nothing tells the third from the others
}

void newton_step_and_way_down() {
  std::mt19937 random = generator(3);
  const RowMatrix h = with_spectrum(VectorXd{{-1, 0.5, 2, 3}}, random);
  const VectorXd gradient{{1, -2, 3, 0.5}};
  const auto proofs = hesscape::prove_signs(one(h), 0, gradient.data());
  check::at_most((h * proofs.newton_step.row(0).transpose() + gradient).norm(), 1e-13);
  const VectorXd down = proofs.way_down.row(0);
  check::at_most(std::abs(down.norm() - 1), 1e-14);
  check::at_most(down.dot(h * down), -0.1);
}

void stacks_and_spectra() {
  std::mt19937 random = generator(4);
  const Index n = 6;
  const std::vector<VectorXd> lambdas = {VectorXd{{-2, -1, 0, 1, 2, 3}}, VectorXd::Zero(n),
                                         VectorXd::LinSpaced(n, -3, -1)};
  RowMatrix all(3 * n, n);
  for (Index k = 0; k < 3; ++k) {
    all.middleRows(k * n, n) = with_spectrum(lambdas[static_cast<std::size_t>(k)], random);
  }
  const RowMatrix error = RowMatrix::Constant(n, n, 1e-6);
  const SymmetricStack stack{all.data(), error.data(), 0, 3, n};
  const auto proofs = hesscape::prove_signs(stack, 0, nullptr);
  check::is_true(proofs.n_negative == Eigen::Matrix<std::int64_t, 3, 1>(2, 0, 6));
  check::is_true(proofs.n_positive == Eigen::Matrix<std::int64_t, 3, 1>(3, 0, 0));
  const VectorXd nothing = VectorXd::Constant(3, infinity);
  const auto spectra = hesscape::spectra(stack, nothing);
  for (Index k = 0; k < 3; ++k) {
    const VectorXd off = spectra.values.row(k).transpose() - lambdas[static_cast<std::size_t>(k)];
    check::at_most(off.cwiseAbs().maxCoeff(), spectra.error.row(k).minCoeff());
    check::at_most(spectra.error.row(k).maxCoeff(), 6.001e-6);
    const MatrixXd v = spectra.vectors.middleRows(k * n, n);
    const MatrixXd h = all.middleRows(k * n, n);
    check::at_most((h * v - v * spectra.values.row(k).asDiagonal()).norm(), 1e-13);
  }
  // 6e-6 is 3e-6 of the eigenvalue -2 and 6e-6 of -1.
  const auto relative = hesscape::spectra(stack, VectorXd{{infinity, infinity, 1e-6}});
  check::is_true(relative.error.topRows(2) == spectra.error.topRows(2));
  check::close(relative.error(2, 0), 3e-6, 1e-11);
  check::close(relative.error(2, n - 1), 1e-6, 1e-11);
}

void collatz_wielandt_is_an_upper_bound() {
  check::at_most(2, hesscape::collatz_wielandt(MatrixXd::Constant(2, 2, 1)));
  check::at_most(hesscape::collatz_wielandt(MatrixXd::Constant(2, 2, 1)), 2 + 1e-14);
  const MatrixXd triangle{{0.5, 1e6}, {0, 0.25}};
  check::at_most(0.5, hesscape::collatz_wielandt(triangle));
  MatrixXd unknown = MatrixXd::Zero(3, 3);
  unknown(1, 1) = infinity;
  check::is_true(std::isinf(hesscape::collatz_wielandt(unknown)));
  unknown(1, 1) = std::nan("");
  check::is_true(std::isinf(hesscape::collatz_wielandt(unknown)));
  check::is_true(std::isinf(hesscape::collatz_wielandt(MatrixXd::Constant(4, 4, 1e308))));
}

}  // namespace

int main() {
  signs_of_known_spectra();
  errors_at_their_limit();
  zero_modes_by_count();
  newton_step_and_way_down();
  stacks_and_spectra();
  collatz_wielandt_is_an_upper_bound();
}
