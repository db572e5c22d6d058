// The proofs for large matrices, on a LAPACK of a few plain loops.

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <utility>

#include <Eigen/LU>

#include "check.hpp"
#include "hesscape/linalg/eigen_large.hpp"
#include "hesscape/linalg/inertia_large.hpp"
#include "reference.hpp"

namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using hesscape::Definiteness;
using hesscape::EntryError;
using hesscape::LargeInertia;
using hesscape::MatrixStack;
using hesscape::RowMatrix;
using hesscape::SignCounts;
namespace check = hesscape::check;
namespace reference = hesscape::reference;

using View = Eigen::Map<MatrixXd, 0, Eigen::OuterStride<>>;
View view(double* a, int rows, int columns, int ld) {
  return {a, rows, columns, Eigen::OuterStride<>(ld)};
}

void trsm(char* /*side*/, char* /*uplo*/, char* /*trans*/, char* /*diag*/, int* m, int* n,
          double* /*alpha*/, double* a, int* lda, double* b, int* ldb) {
  view(a, *n, *n, *lda)
      .triangularView<Eigen::Lower>()
      .transpose()
      .solveInPlace<Eigen::OnTheRight>(view(b, *m, *n, *ldb));
}

void syrk(char* /*uplo*/, char* /*trans*/, int* n, int* k, double* /*alpha*/, double* a, int* lda,
          double* /*beta*/, double* c, int* ldc) {
  const View square = view(a, *n, *k, *lda);
  view(c, *n, *n, *ldc).triangularView<Eigen::Lower>() -= square * square.transpose();
}

void potrf(char* /*uplo*/, int* n, double* a, int* lda, int* info) {
  View c = view(a, *n, *n, *lda);
  *info = 0;
  for (int j = 0; j < *n; ++j) {
    const double pivot = c(j, j) - c.row(j).head(j).squaredNorm();
    if (pivot <= 0) {
      *info = j + 1;
      return;
    }
    c(j, j) = std::sqrt(pivot);
    const int rest = *n - j - 1;
    c.col(j).tail(rest) -= c.bottomLeftCorner(rest, j) * c.row(j).head(j).transpose();
    c.col(j).tail(rest) /= c(j, j);
  }
}

// Rows and columns i <= j change places in the lower triangle.
void interchange(View& c, Index i, Index j) {
  const Index n = c.rows();
  if (i == j) {
    return;
  }
  std::swap(c(i, i), c(j, j));
  for (Index k = i + 1; k < j; ++k) {
    std::swap(c(k, i), c(j, k));
  }
  c.col(i).tail(n - j - 1).swap(c.col(j).tail(n - j - 1));
}

// Bunch and Kaufman's pivoting, one column or two at a time (Higham 2002, algorithm 11.2).
void sytrf(char* /*uplo*/, int* n, double* a, int* lda, int* pivots, double* work, int* lwork,
           int* info) {
  *info = 0;
  if (*lwork < 0) {
    work[0] = 1;
    return;
  }
  const double alpha = (1 + std::sqrt(17.0)) / 8;
  View c = view(a, *n, *n, *lda);
  int k = 0;
  while (k < *n) {
    const int rest = *n - k - 1;
    Index at = 0;
    const double most = rest > 0 ? c.col(k).tail(rest).cwiseAbs().maxCoeff(&at) : 0.0;
    const auto r = static_cast<int>(at) + k + 1;
    int step = 1;
    int with = k;
    if (std::abs(c(k, k)) < alpha * most) {
      double row = 0;
      for (int j = k; j < *n; ++j) {
        row = j == r ? row : std::max(row, std::abs(j < r ? c(r, j) : c(j, r)));
      }
      if (std::abs(c(k, k)) * row < alpha * most * most) {
        step = std::abs(c(r, r)) >= alpha * row ? 1 : 2;
        with = r;
      }
    }
    const int last = k + step - 1;
    if (with != last) {
      interchange(c, last, with);
      if (step == 2) {
        std::swap(c(last, k), c(with, k));
      }
    }
    for (int j = k; j <= last; ++j) {
      pivots[j] = step == 1 ? with + 1 : -(with + 1);
    }
    const int below = *n - last - 1;
    MatrixXd block = c.block(k, k, step, step);
    block.triangularView<Eigen::StrictlyUpper>() = block.transpose();
    if (below > 0 && !block.isZero(0)) {
      const MatrixXd w = c.block(last + 1, k, below, step);
      const MatrixXd l = w * block.inverse();
      c.bottomRightCorner(below, below).triangularView<Eigen::Lower>() -= l * w.transpose();
      c.block(last + 1, k, below, step) = l;
    }
    k = last + 1;
  }
}

void syevd(char* jobz, char* uplo, int* n, double* a, int* lda, double* w, double* work, int* lwork,
           int* iwork, int* /*liwork*/, int* info) {
  *info = 0;
  if (*lwork < 0) {
    work[0] = 1;
    iwork[0] = 1;
    return;
  }
  View c = view(a, *n, *n, *lda);
  MatrixXd full = c;
  if (*uplo == 'L') {
    full.triangularView<Eigen::StrictlyUpper>() = full.transpose();
  } else {
    full.triangularView<Eigen::StrictlyLower>() = full.transpose();
  }
  MatrixXd vectors;
  Eigen::Map<VectorXd>(w, *n) = reference::eigenvalues(full, vectors);
  if (*jobz == 'V') {
    c = vectors;
  }
}

const hesscape::Lapack plain{trsm, syrk, potrf, sytrf, syevd, nullptr};
constexpr double infinity = std::numeric_limits<double>::infinity();

MatrixStack one(const RowMatrix& h) { return {h.data(), 1, h.rows(), h.size(), h.rows(), 1}; }

RowMatrix symmetric(Index n, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  const MatrixXd g = MatrixXd::NullaryExpr(n, n, [&](Index, Index) { return normal(random); });
  return g + g.transpose();
}

void expect(const RowMatrix& h, Index negative, Index positive,
            check::Where where = check::Where::current()) {
  LargeInertia solver(plain, h.rows());
  for (int repeat = 0; repeat < 2; ++repeat) {  // the workspace is used again
    const SignCounts counts = solver.inertia(one(h), {}, 0);
    check::equal(counts.negative, negative, where);
    check::equal(counts.positive, positive, where);
    check::equal(counts.zero, h.rows() - negative - positive, where);
  }
}

void plain_ldlt_has_the_factors_that_the_bound_reads() {
  // |L| |D| |L|^T >= |C|, so that its bound on C = diag(1, -2, 4, ...) is at least gamma max |C|
  for (const Index n : {1, 2, 5, 40, 130}) {
    const RowMatrix h = symmetric(n, 7);
    hesscape::ScaledMatrix c;
    c.a = {h.data(), n, n, n % 2 == 0};
    c.scale.setOnes(n);
    c.shift.setZero(n);
    hesscape::ShiftedFactor factor(plain, n);
    check::is_true(factor.factor(c, 0));
    const VectorXd values = reference::eigenvalues(h);
    check::equal(factor.negative(), (values.array() < 0).count());
    check::equal(factor.positive(), (values.array() > 0).count());
    const double norm = values.cwiseAbs().maxCoeff();
    check::at_most(hesscape::factor_gamma(n) * norm, factor.backward_error() * (1 + 1e-12));
    check::at_most(factor.backward_error(),
                   hesscape::factor_gamma(n) * norm * 10 * static_cast<double>(n));
  }
}

void signs_of_random_matrices() {
  for (const Index n : {1, 2, 3, 33, 64, 65, 129, 270}) {
    RowMatrix h = symmetric(n, static_cast<unsigned>(n));
    for (const double shift : {0.0, 1.5 * std::sqrt(static_cast<double>(n)), 1e3, -1e3}) {
      h.diagonal().array() += shift;
      const VectorXd values = reference::eigenvalues(h);
      const auto negative = (values.array() < 0).count();
      expect(h, negative, n - negative);
      RowMatrix graded = h;
      for (Index i = 0; i < n; ++i) {
        const double t = std::ldexp(1.0, static_cast<int>((37 * i) % 400) - 200);
        graded.row(i) *= t;
        graded.col(i) *= t;
      }
      expect(graded, negative, n - negative);
      LargeInertia solver(plain, n);
      const Definiteness verdict = solver.definiteness(one(h), {});
      check::equal(verdict, negative == 0   ? Definiteness::positive
                            : negative == n ? Definiteness::negative
                                            : Definiteness::indefinite);
    }
  }
}

void singular_matrices_and_tolerances() {
  const Index n = 70;
  const MatrixXd half = symmetric(n, 3).leftCols(n / 2);
  expect(half * half.transpose(), 0, n / 2);
  expect(RowMatrix::Zero(n, n), 0, 0);
  RowMatrix h = VectorXd::LinSpaced(n, -10, static_cast<double>(n) - 11).asDiagonal();
  LargeInertia solver(plain, n);
  const SignCounts counts = solver.inertia(one(h), {}, 2.5);
  check::equal(counts.negative, 8);
  check::equal(counts.positive, n - 13);
  RowMatrix error = RowMatrix::Zero(n, n);
  error.diagonal().setConstant(2.5);
  check::equal(solver.inertia(one(h), {error.data(), 0}, 0).zero, 5);
  error(0, 1) = error(1, 0) = infinity;
  check::equal(solver.inertia(one(h), {error.data(), 0}, 0).zero, 6);
  h(2, 9) = h(9, 2) = std::nan("");
  check::is_true(!solver.inertia(one(h), {}, 0).finite);
  check::equal(solver.definiteness(one(h), {}), Definiteness::undecided);
}

void a_failed_pivot_shows_the_way_down() {
  const Index n = 200;  // all 2 x 2 minors are positive
  const RowMatrix h =
      4 * MatrixXd::Identity(n, n) - MatrixXd::Constant(n, n, 8.0 / static_cast<double>(n));
  LargeInertia solver(plain, n);
  check::equal(solver.definiteness(one(h), {}), Definiteness::indefinite);
  check::equal(solver.definiteness(one(h), {nullptr, 1e-3}), Definiteness::indefinite);
  check::equal(solver.definiteness(one(h), {nullptr, 0.05}), Definiteness::undecided);
}

void saddles_need_no_factorisation() {
  static int factorisations = 0;
  factorisations = 0;
  hesscape::Lapack counting = plain;
  counting.dpotrf = [](char* uplo, int* n, double* a, int* lda, int* info) {
    ++factorisations;
    potrf(uplo, n, a, lda, info);
  };
  for (const Index n : {100, 200}) {
    const RowMatrix g = symmetric(n, static_cast<unsigned>(n));
    const double edge = std::sqrt(8 * static_cast<double>(n));  // of the spectrum of g
    RowMatrix h = g + 0.5 * edge * MatrixXd::Identity(n, n);
    const double least = h.diagonal().minCoeff();
    check::is_true(least > g.cwiseAbs().maxCoeff());  // no minor is negative
    LargeInertia solver(counting, n);
    check::equal(solver.definiteness(one(h), {}), Definiteness::indefinite);
    check::equal(solver.definiteness({h.data(), 1, n, n * n, 1, n}, {}), Definiteness::indefinite);
    check::equal(solver.definiteness(one(-h), {}), Definiteness::indefinite);
    check::equal(factorisations, 0);
    h(n - 1, 0) = h(0, n - 1) = std::nan("");  // read, wherever the proof was
    check::equal(solver.definiteness(one(h), {}), Definiteness::undecided);
    check::equal(solver.definiteness({h.data(), 1, n, n * n, 1, n}, {}), Definiteness::undecided);
  }
}

void no_factorisation_is_tried_that_fails_most_probably() {
  static int whole = 0;
  whole = 0;
  hesscape::Lapack counting = plain;
  constexpr int n = 512;
  counting.dpotrf = [](char* uplo, int* size, double* a, int* lda, int* info) {
    whole += *size == n ? 1 : 0;
    potrf(uplo, size, a, lda, info);
  };
  // the leading half has a negative eigenvalue, and the leading quarter none
  RowMatrix h = RowMatrix::Identity(n, n) / 2;
  h.topLeftCorner(n / 2, n / 2).array() -= 0.75 / (n / 2);
  for (const double sign : {1.0, -1.0}) {
    LargeInertia solver(counting, n);
    const SignCounts counts = solver.inertia(one(sign * h), {}, 0);
    check::equal(sign > 0 ? counts.negative : counts.positive, 1);
    check::equal(counts.zero, 0);
  }
  check::equal(whole, 0);
  h.topLeftCorner(n / 2, n / 2).array() += 0.5 / (n / 2);  // 1/4 is left of it
  LargeInertia solver(counting, n);
  check::equal(solver.inertia(one(h), {}, 0).positive, n);
  check::equal(whole, 1);
}

void triangles_and_strides_give_the_same_proofs() {
  for (const Index n : {5, 37, 70, 130}) {
    const RowMatrix h =
        symmetric(n, 13) + 2 * std::sqrt(static_cast<double>(n)) * MatrixXd::Identity(n, n);
    const VectorXd values = reference::eigenvalues(h);
    RowMatrix lower = RowMatrix::Constant(n, n, std::nan(""));
    lower.triangularView<Eigen::Lower>() = h;
    const RowMatrix upper = lower.transpose();
    RowMatrix wide = RowMatrix::Constant(n, 2 * n, std::nan(""));
    for (Index j = 0; j < n; ++j) {
      wide.col(2 * j) = lower.col(j);
    }
    LargeInertia solver(plain, n);
    for (const MatrixStack& a : {one(lower), MatrixStack{upper.data(), 1, n, 0, 1, n},
                                 MatrixStack{wide.data(), 1, n, 0, 2 * n, 2}}) {
      const SignCounts counts = solver.inertia(a, {}, 0);
      check::equal(counts.negative, (values.array() < 0).count());
      check::equal(counts.positive, (values.array() > 0).count());
      check::equal(solver.definiteness(a, {}) == Definiteness::indefinite,
                   counts.negative > 0 && counts.positive > 0);
    }
  }
}

void eigenvectors_are_columns_of_rows() {
  const Index n = 45;
  RowMatrix h = symmetric(n, 11);
  RowMatrix vectors(n, n);
  VectorXd values(n);
  hesscape::LargeEigensolver<double> solver(plain, n, true);
  for (const hesscape::Triangle side : {hesscape::Triangle::lower, hesscape::Triangle::upper}) {
    RowMatrix read = h;
    read(side == hesscape::Triangle::lower ? 3 : 30, side == hesscape::Triangle::lower ? 30 : 3) =
        std::nan("");
    check::is_true(solver.solve(read.data(), n, side, values.data(), vectors.data()));
    check::at_most((h * vectors - vectors * values.asDiagonal()).norm(), 1e-12);
  }
  h(5, 5) = infinity;
  check::is_true(
      !solver.solve(h.data(), n, hesscape::Triangle::upper, values.data(), vectors.data()));
  check::is_true(std::isnan(values[0]) && std::isnan(vectors(n - 1, n - 1)));
}

}  // namespace

int main() {
  plain_ldlt_has_the_factors_that_the_bound_reads();
  signs_of_random_matrices();
  singular_matrices_and_tolerances();
  a_failed_pivot_shows_the_way_down();
  saddles_need_no_factorisation();
  no_factorisation_is_tried_that_fails_most_probably();
  triangles_and_strides_give_the_same_proofs();
  eigenvectors_are_columns_of_rows();
}
