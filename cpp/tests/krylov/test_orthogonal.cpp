#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include <Eigen/Dense>

#include "check.hpp"
#include "hesscape/krylov/orthogonal.hpp"

namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using hesscape::Addition;
using hesscape::append;
using Long = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic>;
namespace check = hesscape::check;

constexpr double epsilon = std::numeric_limits<double>::epsilon();

MatrixXd random(Index rows, Index columns, unsigned seed) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal;
  return MatrixXd::NullaryExpr(rows, columns, [&] { return normal(engine); });
}

// A basis of which `count` columns are orthonormal, with room for `more`.
MatrixXd with_room(Index n, Index count, Index more, unsigned seed) {
  MatrixXd basis(n, count + more);
  if (count > 0) check::equal(append(basis, 0, random(n, count, seed)).added, count);
  return basis;
}

// The columns are orthonormal, and the coefficients give the vectors within what is said.
void holds(const MatrixXd& basis, Index count, const MatrixXd& vectors, const Addition& found) {
  check::is_true(found.finite);
  const Long v = basis.leftCols(count + found.added).cast<long double>();
  const auto n = static_cast<double>(basis.rows());
  const Long skew = v.transpose() * v - Long::Identity(v.cols(), v.cols());
  check::at_most(static_cast<double>(skew.norm()), 8.0 * std::max(n, 8.0) * epsilon);
  const Long left = vectors.cast<long double>() - v * found.coefficients.cast<long double>();
  for (Index j = 0; j < vectors.cols(); ++j) {
    const auto length = static_cast<double>(left.col(j).norm());
    const double rounding = found.rounding[j] + 1e-300;
    check::at_most(length, found.dropped[j] + rounding);
    check::at_most(found.rounding[j], 1e-10 * vectors.col(j).norm());
  }
}

Addition taken(MatrixXd& basis, Index count, const MatrixXd& vectors, Index rank) {
  const Addition found = append(basis, count, vectors);
  holds(basis, count, vectors, found);
  check::equal(found.added, rank);
  return found;
}

void random_vectors_are_all_new() {
  for (const Index n : {9, 63, 64, 65, 2047, 2049, 5000}) {
    for (const Index m : {1, 2, 3, 8}) {
      for (const Index count : {Index{0}, Index{1}, std::min<Index>(n - m, 40)}) {
        MatrixXd basis = with_room(n, count, m, 1);
        const MatrixXd vectors = random(n, m, 2);
        const Addition found = taken(basis, count, vectors, m);
        check::at_most(found.dropped.norm(), 0.0);
      }
    }
  }
}

void dependent_vectors_are_dropped() {
  const Index n = 500;
  const Index count = 7;
  MatrixXd basis = with_room(n, count, 8, 3);
  const MatrixXd three = random(n, 3, 4);
  const MatrixXd known = basis.leftCols(count) * random(count, 8, 5);
  taken(basis, count, three * random(3, 8, 6) + known, 3);
  taken(basis, count, known, 0);
  MatrixXd twice(n, 6);
  twice << three, three;
  taken(basis, count, twice, 3);
  twice.col(1).setZero();
  twice.col(4).setZero();
  taken(basis, count, twice, 2);
  taken(basis, count, MatrixXd::Zero(n, 4), 0);
}

void scales_do_not_matter() {
  const Index n = 300;
  MatrixXd basis = with_room(n, 5, 6, 7);
  MatrixXd vectors = random(n, 6, 8);
  for (Index j = 0; j < 6; ++j)
    vectors.col(j) *= std::pow(10.0, 40.0 * static_cast<double>(j) - 100.0);
  taken(basis, 5, vectors, 6);
}

// Vectors that are the same but for the part 10^-k, in more than one way.
void nearly_dependent_vectors() {
  const Index n = 400;
  for (int k = 1; k <= 13; ++k) {
    const double part = std::pow(10.0, -k);
    MatrixXd basis = with_room(n, 11, 8, 9);
    const MatrixXd others = random(n, 8, 10);
    const VectorXd one = random(n, 1, 11);
    taken(basis, 11, one.replicate(1, 8) + part * others, 8);
    MatrixXd chain = others;  // each is near to the next, and the factor of the chain is much worse
                              // than they are
    for (Index j = 0; j + 1 < 8; ++j) chain.col(j + 1) = others.col(j) + part * others.col(j + 1);
    if (k == 1) {
      taken(basis, 11, chain, 8);
    } else {  // the last is a combination of the others but for 10^-7k
      holds(basis, 11, chain, append(basis, 11, chain));
    }
    const MatrixXd hidden = basis.leftCols(11) * random(11, 8, 12) + part * others;
    taken(basis, 11, hidden, 8);
  }
}

void there_may_be_no_room() {
  for (const Index n : {1, 2, 5, 8}) {
    for (Index count = 0; count <= n; ++count) {
      MatrixXd basis = with_room(n, count, 8, 13);
      const Addition found = taken(basis, count, random(n, 8, 14), n - count);
      check::at_most(found.dropped.norm(), 0.0);
    }
  }
}

void what_is_not_finite_is_refused() {
  const double infinity = std::numeric_limits<double>::infinity();
  MatrixXd basis = with_room(50, 3, 4, 15);
  const MatrixXd before = basis;
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), infinity, -infinity, 1e300}) {
    MatrixXd vectors = random(50, 4, 16);
    vectors(20, 2) = bad;
    check::is_true(!append(basis, 3, vectors).finite);
    check::is_true(basis.leftCols(3) == before.leftCols(3));
  }
}

}  // namespace

int main() {
  random_vectors_are_all_new();
  dependent_vectors_are_dropped();
  scales_do_not_matter();
  nearly_dependent_vectors();
  there_may_be_no_room();
  what_is_not_finite_is_refused();
}
