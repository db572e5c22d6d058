#include <numeric>

#include "check.hpp"
#include "hesscape/sparse/sparse_order.hpp"
#include "sparse/patterns.hpp"

namespace {

using hesscape::SparseOrder;
using hesscape::SparsePattern;
namespace check = hesscape::check;

// Each row has its place, each entry of the lower triangle is there once, and the tree holds all.
void is_an_order(const Eigen::MatrixXd& a) {
  const SparsePattern pattern = check::pattern_of(a);
  const SparseOrder order(pattern);
  const int n = pattern.size();
  Eigen::VectorXi times = Eigen::VectorXi::Zero(n);
  for (const int row : order.row) ++times[row];
  check::is_true((times.array() == 1).all());
  check::equal(std::ssize(order.below), std::ptrdiff_t{pattern.entries() + n} / 2);
  for (int k = 0; k < n; ++k) {
    for (int p = order.start[static_cast<std::size_t>(k)];
         p < order.start[static_cast<std::size_t>(k) + 1]; ++p) {
      const int below = order.below[static_cast<std::size_t>(p)];
      check::is_true(below >= k);
      check::equal(pattern.row()[order.entry[static_cast<std::size_t>(p)]], order.row[below]);
    }
  }
  check::equal(order.supernode.front(), 0);
  check::equal(order.supernode.back(), n);
  const auto roots = std::accumulate(order.root.begin(), order.root.end(), 0);
  const auto others = std::accumulate(order.children.begin(), order.children.end(), 0);
  check::equal(roots + others, order.supernodes());
}

}  // namespace

int main() {
  std::mt19937 random(4);
  for (int trial = 0; trial < 60; ++trial) {
    const int n = 1 + static_cast<int>(random() % 150);
    is_an_order(check::sparse_matrix(n, 0.002 * static_cast<double>(random() % 100), random));
  }
  is_an_order(check::chain(500));
  is_an_order(Eigen::MatrixXd::Ones(200, 200));
}
