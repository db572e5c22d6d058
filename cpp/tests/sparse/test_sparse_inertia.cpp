#include <limits>

#include <Eigen/Core>

#include "check.hpp"
#include "hesscape/sparse/sparse_inertia.hpp"
#include "reference.hpp"
#include "sparse/patterns.hpp"

namespace {

using Eigen::ArrayXd;
using Eigen::Index;
using Eigen::MatrixXd;
using hesscape::SparseInertia;
using hesscape::SparsePattern;
using hesscape::SparseSigns;
namespace check = hesscape::check;
namespace reference = hesscape::reference;

constexpr double infinity = std::numeric_limits<double>::infinity();

SparseSigns signs(const MatrixXd& a, const MatrixXd& error) {
  const SparsePattern pattern = check::pattern_of(a);
  SparseInertia inertia(pattern);
  return inertia.prove(check::entries(pattern, a), check::entries(pattern, error));
}

void chains() {  // 2 - 2 cos(pi k / n) < 1
  for (const int n : {4, 10, 100, 1000}) {
    const MatrixXd a = check::chain(n);
    const SparseSigns exact = signs(a, MatrixXd::Zero(n, n));
    check::equal(exact.negative, Index{(n + 2) / 3});
    check::equal(exact.positive, Index{n - (n + 2) / 3});
    const SparseSigns half = signs(a, 0.05 * MatrixXd::Ones(n, n));
    check::is_true(half.negative <= exact.negative && half.positive <= exact.positive);
  }
}

// A shift by the row sums of the errors may not pass an eigenvalue.
void no_more_than_the_errors_allow() {
  std::mt19937 random(6);
  for (int trial = 0; trial < 100; ++trial) {
    const int n = 1 + static_cast<int>(random() % 60);
    const MatrixXd a = check::sparse_matrix(n, 0.1, random);
    const MatrixXd e = 0.1 * check::sparse_matrix(n, 1, random).cwiseAbs();
    const SparseSigns found = signs(a, e);
    for (const double side : {-1.0, 1.0}) {
      const MatrixXd worst = a + side * MatrixXd(e.cwiseProduct(a.cwiseSign().cwiseAbs()));
      const Eigen::VectorXd signed_values = reference::eigenvalues(worst);
      check::is_true(found.negative <= (signed_values.array() < 0).count());
      check::is_true(found.positive <= (signed_values.array() > 0).count());
    }
  }
}

void rows_of_which_nothing_is_known() {
  MatrixXd a = MatrixXd::Identity(4, 4);
  a(1, 1) = -1;
  MatrixXd e = MatrixXd::Zero(4, 4);
  e(2, 2) = infinity;
  const SparseSigns found = signs(a, e);
  check::equal(found.negative, Index{1});
  check::equal(found.positive, Index{2});
  e.setConstant(infinity);
  check::equal(signs(a, e).negative + signs(a, e).positive, Index{0});
  a(3, 3) = std::numeric_limits<double>::quiet_NaN();
  check::equal(signs(a, MatrixXd::Zero(4, 4)).positive, Index{2});
}

void scales() {
  const SparseSigns found =
      signs(MatrixXd{{1e-300, 0}, {0, -1e300}}, MatrixXd{{1e-301, 0}, {0, 1e299}});
  check::equal(found.negative, Index{1});
  check::equal(found.positive, Index{1});
}

}  // namespace

int main() {
  chains();
  no_more_than_the_errors_allow();
  rows_of_which_nothing_is_known();
  scales();
}
