#include <stdexcept>

#include "check.hpp"
#include "sparse/patterns.hpp"

namespace {

using Eigen::VectorXi;
using hesscape::SparsePattern;
namespace check = hesscape::check;

void mirrors_are_mirrors() {
  std::mt19937 random(1);
  for (const int n : {1, 2, 7, 30}) {
    const SparsePattern pattern = check::pattern_of(check::sparse_matrix(n, 0.3, random));
    check::equal(pattern.size(), n);
    for (int j = 0; j < n; ++j) {
      int p = pattern.first(j);
      for (const int i : pattern.column(j)) {
        const int q = pattern.mirror()[p];
        check::equal(pattern.row()[q], j);
        check::is_true(pattern.first(i) <= q);
        check::is_true(i + 1 == n || q < pattern.first(i + 1));
        check::equal(pattern.mirror()[q], p++);
      }
    }
  }
}

void refuses(const VectorXi& start, const VectorXi& row) {
  bool refused = false;
  try {
    const SparsePattern pattern(start, row);
  } catch (const std::invalid_argument&) {
    refused = true;
  }
  check::is_true(refused);
}

void what_is_no_pattern() {
  refuses(VectorXi{}, VectorXi{});
  refuses(VectorXi{{1, 1}}, VectorXi{{0}});
  refuses(VectorXi{{0, 2}}, VectorXi{{0}});
  refuses(VectorXi{{0, 1}}, VectorXi{{1}});
  refuses(VectorXi{{0, 0, 1}}, VectorXi{{1}});
  refuses(VectorXi{{0, 1, 2}}, VectorXi{{1, 0}});        // no diagonal
  refuses(VectorXi{{0, 2, 3}}, VectorXi{{0, 1, 1}});     // one triangle
  refuses(VectorXi{{0, 2, 4}}, VectorXi{{1, 0, 0, 1}});  // descending
  refuses(VectorXi{{0, 2, 3}}, VectorXi{{0, 0, 1}});     // twice
  refuses(VectorXi{{0, 2, 1}}, VectorXi{{0}});
}

}  // namespace

int main() {
  mirrors_are_mirrors();
  what_is_no_pattern();
}
