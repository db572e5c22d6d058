#include "check.hpp"
#include "hesscape/sparse/star_colouring.hpp"
#include "sparse/patterns.hpp"

namespace {

using Eigen::MatrixXd;
using Eigen::VectorXi;
using hesscape::SparsePattern;
namespace check = hesscape::check;

// Every entry shows by itself in the product with a colour, on one side of the diagonal at least.
void tells_entries_apart(const MatrixXd& h) {
  const SparsePattern pattern = check::pattern_of(h);
  const VectorXi colour = hesscape::star_colouring(pattern);
  const auto alone = [&](int i, int j) {
    int met = 0;
    for (const int k : pattern.column(i)) met += colour[k] == colour[j] ? 1 : 0;
    return met == 1;
  };
  for (int j = 0; j < pattern.size(); ++j) {
    for (const int i : pattern.column(j)) check::is_true(alone(i, j) || alone(j, i));
  }
}

void random_patterns() {
  std::mt19937 random(2);
  for (int trial = 0; trial < 200; ++trial) {
    const int n = 1 + static_cast<int>(random() % 40);
    tells_entries_apart(check::sparse_matrix(n, 0.01 * static_cast<double>(random() % 50), random));
  }
}

void known_numbers() {
  const auto colours = [](const MatrixXd& h) {
    tells_entries_apart(h);
    return hesscape::star_colouring(check::pattern_of(h)).maxCoeff() + 1;
  };
  check::equal(colours(MatrixXd::Identity(5, 5)), 1);
  check::equal(colours(MatrixXd::Ones(5, 5)), 5);
  check::equal(colours(check::chain(3)), 2);
  check::equal(colours(check::chain(100)), 3);
  MatrixXd star = MatrixXd::Identity(50, 50);
  star.row(20).setOnes();
  check::equal(colours(star), 2);
}

}  // namespace

int main() {
  random_patterns();
  known_numbers();
}
