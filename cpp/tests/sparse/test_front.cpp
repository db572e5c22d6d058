#include <numeric>
#include <vector>

#include <Eigen/Core>
#include <Eigen/LU>

#include "check.hpp"
#include "hesscape/sparse/front.hpp"
#include "reference.hpp"
#include "sparse/patterns.hpp"

namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using hesscape::Front;
namespace check = hesscape::check;
namespace reference = hesscape::reference;

void fill(Front& front, const MatrixXd& a, Index full) {
  std::vector<int> variables(static_cast<std::size_t>(a.rows()));
  std::iota(variables.begin(), variables.end(), 0);
  front.reset(variables, full);
  for (Index j = 0; j < a.rows(); ++j) {
    for (Index i = j; i < a.rows(); ++i) front.entry(i, j) = a(i, j);
  }
}

std::pair<Index, Index> signs(const MatrixXd& a) {
  const Eigen::VectorXd values = reference::eigenvalues(a);
  return {(values.array() < 0).count(), (values.array() > 0).count()};
}

// What is left is the Schur complement of what was eliminated, and the signs are those of the
// latter; |L| |D| |L|^T is no less than what it is made of.
void eliminates(const MatrixXd& a, Index full) {
  Front front;
  fill(front, a, full);
  front.eliminate();
  const Index done = front.eliminated();
  check::is_true(done <= full);
  if (done == 0) return;
  MatrixXd b(a.rows(), a.rows());
  for (Index i = 0; i < a.rows(); ++i) {
    for (Index j = 0; j < a.rows(); ++j) {
      b(i, j) = a(front.variables()[static_cast<std::size_t>(i)],
                  front.variables()[static_cast<std::size_t>(j)]);
    }
  }
  const auto [negative, positive] = signs(b.topLeftCorner(done, done));
  check::equal(front.negative(), negative);
  check::equal(front.positive(), positive);
  for (Index i = 0; i < done; ++i) {
    check::at_most(b.row(i).head(done).cwiseAbs().sum(), front.row_sum()[i] * (1 + 1e-10) + 1e-12);
  }
  if (done == a.rows()) return;
  const Index rest = a.rows() - done;
  const MatrixXd left = b.bottomLeftCorner(rest, done);
  const MatrixXd schur = b.bottomRightCorner(rest, rest) -
                         left * b.topLeftCorner(done, done).fullPivLu().solve(left.transpose());
  for (Index j = 0; j < rest; ++j) {
    for (Index i = j; i < rest; ++i) {
      const double scale = 1 + front.row_sum().maxCoeff();
      check::close(front.entry(done + i, done + j), schur(i, j), 1e-10 * scale);
    }
  }
}

void random_fronts() {
  std::mt19937 random(3);
  for (const int n : {1, 2, 3, 8, 20, 47, 48, 49, 70}) {
    for (int trial = 0; trial < 20; ++trial) {
      MatrixXd a = check::sparse_matrix(n, 0.1 * static_cast<double>(1 + random() % 10), random);
      if (trial % 2 == 0) a.diagonal().setZero();
      if (trial % 5 == 0) a = (2 * a).array().round();
      eliminates(a, n);
      eliminates(a, (n + 1) / 2);
      eliminates(a, 0);
    }
  }
}

void pivots_that_have_to_wait() {
  const MatrixXd a{{0, 0, 1}, {0, 1e-3, 1}, {1, 1, 2}};
  Front front;
  fill(front, a, 2);
  front.eliminate();
  check::equal(front.eliminated(), Index{0});
  fill(front, a, 3);
  front.eliminate();
  check::equal(front.eliminated(), Index{3});
  fill(front, MatrixXd::Zero(4, 4), 4);
  front.eliminate();
  check::equal(front.eliminated(), Index{0});
}

}  // namespace

int main() {
  random_fronts();
  pivots_that_have_to_wait();
}
