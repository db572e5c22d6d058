#include <Eigen/Core>

#include "check.hpp"
#include "hesscape/sparse/sparse_factor.hpp"
#include "reference.hpp"
#include "sparse/patterns.hpp"

namespace {

using Eigen::ArrayXd;
using Eigen::MatrixXd;
using hesscape::ScaledSparse;
using hesscape::SparseFactor;
using hesscape::SparsePattern;
namespace check = hesscape::check;
namespace reference = hesscape::reference;

// The signs of the pivots are those of the matrix that is read, its scales and shifts included.
void counts_signs(const MatrixXd& a, std::mt19937& random) {
  const SparsePattern pattern = check::pattern_of(a);
  const auto n = a.rows();
  const ArrayXd values = check::entries(pattern, a);
  std::uniform_real_distribution<double> uniform(-1, 1);
  const ArrayXd scale = ArrayXd::NullaryExpr(n, [&] { return std::exp2(random() % 5); });
  const ArrayXd shift = ArrayXd::NullaryExpr(n, [&] { return uniform(random); });
  MatrixXd c = scale.matrix().asDiagonal() * a * scale.matrix().asDiagonal();
  c.diagonal() += shift.matrix();
  SparseFactor factor(pattern);
  for (int again = 0; again < 2; ++again) {
    check::is_true(factor.factor({values.data(), scale, shift}));
    const Eigen::VectorXd spectrum = reference::eigenvalues(c);
    check::equal(factor.negative(), (spectrum.array() < 0).count());
    check::equal(factor.positive(), (spectrum.array() > 0).count());
    const ArrayXd error = factor.backward_error();
    check::is_true((error > 0).all());
    check::at_most(error.maxCoeff(), 1e-7 * (1 + c.cwiseAbs().maxCoeff()));
  }
}

void refuses_overflow() {
  const MatrixXd a{{1e-200, 1e200}, {1e200, 1e-200}};
  const SparsePattern pattern = check::pattern_of(a);
  ArrayXd values = check::entries(pattern, a);
  values[0] = std::numeric_limits<double>::quiet_NaN();
  SparseFactor factor(pattern);
  check::is_true(!factor.factor({values.data(), ArrayXd::Ones(2), ArrayXd::Zero(2)}) ||
                 factor.negative() + factor.positive() < 2);
}

}  // namespace

int main() {
  std::mt19937 random(5);
  for (int trial = 0; trial < 100; ++trial) {
    const int n = 1 + static_cast<int>(random() % 120);
    MatrixXd a = check::sparse_matrix(n, 0.002 * static_cast<double>(random() % 100), random);
    if (trial % 2 == 0) a.diagonal().setZero();
    counts_signs(a, random);
  }
  counts_signs(check::chain(400), random);
  counts_signs(check::sparse_matrix(250, 1, random), random);
  refuses_overflow();
}
