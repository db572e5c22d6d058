#include "hesscape/sparse/sparse_order.hpp"

#include <algorithm>
#include <utility>

#include <Eigen/OrderingMethods>
#include <Eigen/SparseCore>

namespace hesscape {
namespace {

using Eigen::Index;
using Eigen::VectorXi;

constexpr int none = -1;
constexpr Index small_front = 16;  // columns are joined while their front is no larger,
constexpr double fill = 1.15;      // or while they then have at most this times the entries,
constexpr int widest = 96;         // up to this many

VectorXi minimum_degree(const SparsePattern& pattern) {
  using Matrix = Eigen::SparseMatrix<float, Eigen::ColMajor, int>;
  const int n = pattern.size();
  if (n <= 0) return {};
  Matrix matrix(n, n);
  matrix.resizeNonZeros(pattern.entries());
  std::ranges::copy(pattern.start(), matrix.outerIndexPtr());
  std::ranges::copy(pattern.row(), matrix.innerIndexPtr());
  std::fill_n(matrix.valuePtr(), pattern.entries(), 1.0F);
  Eigen::PermutationMatrix<Eigen::Dynamic, Eigen::Dynamic, int> permutation;
  Eigen::AMDOrdering<int>()(matrix, permutation);
  return permutation.indices();
}

VectorXi inverse(const VectorXi& order) {
  VectorXi place(order.size());
  for (int k = 0; k < order.size(); ++k) place[order[k]] = k;
  return place;
}

// Calls visit(i) for the entries (k, i) of row k of the matrix in this order that have i < k.
template <typename Visit>
void visit_left(const SparsePattern& pattern, const VectorXi& order, const VectorXi& place, int k,
                const Visit& visit) {
  for (const int row : pattern.column(order[k])) {
    if (place[row] < k) visit(place[row]);
  }
}

VectorXi elimination_tree(const SparsePattern& pattern, const VectorXi& order,
                          const VectorXi& place) {
  VectorXi parent = VectorXi::Constant(order.size(), none);
  VectorXi ancestor = parent;
  for (int k = 0; k < order.size(); ++k) {
    visit_left(pattern, order, place, k, [&](int i) {
      while (i != none && i < k) {
        const int next = std::exchange(ancestor[i], k);
        if (next == none) parent[i] = k;
        i = next;
      }
    });
  }
  return parent;
}

// Entries of each column of L, the diagonal included: row k of L is a subtree of the tree.
VectorXi column_counts(const SparsePattern& pattern, const VectorXi& order, const VectorXi& place,
                       const VectorXi& parent) {
  VectorXi count = VectorXi::Ones(order.size());
  VectorXi seen = VectorXi::Constant(order.size(), none);
  for (int k = 0; k < order.size(); ++k) {
    seen[k] = k;
    visit_left(pattern, order, place, k, [&](int i) {
      for (; seen[i] != k; i = parent[i]) {
        seen[i] = k;
        ++count[i];
      }
    });
  }
  return count;
}

// Children before their parents, the one with the longest column last, next to its parent.
VectorXi postorder(const VectorXi& parent, const VectorXi& count) {
  const auto n = static_cast<int>(parent.size());
  VectorXi child = VectorXi::Constant(n + 1, none);  // n: the parent of all roots
  VectorXi sibling = VectorXi::Constant(n, none);
  const auto above = [&](int i) { return parent[i] == none ? n : parent[i]; };
  for (int i = 0; i < n; ++i) {  // lists that begin with the longest
    int* link = &child[above(i)];
    if (*link != none && count[*link] > count[i]) link = &sibling[*link];
    sibling[i] = std::exchange(*link, i);
  }
  VectorXi order(n);
  std::vector<int> open{n};
  int last = n;
  while (true) {  // parents before their children, longest first; and all that from behind
    const int top = open.back();
    open.pop_back();
    if (top != n) order[--last] = top;
    std::vector<int>::size_type const first = open.size();
    for (int i = child[top]; i != none; i = sibling[i]) open.push_back(i);
    std::reverse(open.begin() + static_cast<std::ptrdiff_t>(first), open.end());
    if (open.empty()) return order;
  }
}

}  // namespace

SparseOrder::SparseOrder(const SparsePattern& pattern) : row(minimum_degree(pattern)) {
  const VectorXi place = inverse(row);
  const VectorXi parent = elimination_tree(pattern, row, place);
  const VectorXi count = column_counts(pattern, row, place, parent);
  const VectorXi after = postorder(parent, count);
  const VectorXi moved = inverse(after);
  const auto above = [&](int k) { return parent[k] == none ? none : moved[parent[k]]; };
  row = after.unaryExpr([&](int k) { return row[k]; }).eval();
  join(after.unaryExpr(above), after.unaryExpr([&](int k) { return count[k]; }));
  sort_entries(pattern);
}

// Makes supernodes of columns that follow each other up the tree.
void SparseOrder::join(const VectorXi& parent, const VectorXi& count) {
  const auto n = static_cast<int>(parent.size());
  std::vector<int> of(static_cast<std::size_t>(n));  // the supernode of a column
  Index entries = 0;                                 // of the columns that are joined so far
  for (int k = 0; k < n; ++k) {
    const int width = supernode.empty() ? 0 : k - supernode.back() + 1;
    const Index front = width + count[k] - 1;
    const Index joined = width * front - Index{width} * (width - 1) / 2;
    const bool full = static_cast<double>(joined) > fill * static_cast<double>(entries + count[k]);
    const bool follows = k > 0 && parent[k - 1] == k && width <= widest;
    if (!follows || (front > small_front && full)) {
      supernode.push_back(k);
      entries = 0;
    }
    entries += count[k];
    of[static_cast<std::size_t>(k)] = static_cast<int>(supernode.size()) - 1;
  }
  children.assign(supernode.size(), 0);
  root.assign(supernode.size(), 0);
  supernode.push_back(n);
  for (int s = 0; s < supernodes(); ++s) {
    const int up = parent[supernode[static_cast<std::size_t>(s) + 1] - 1];
    if (up == none) {
      root[static_cast<std::size_t>(s)] = 1;
    } else {
      ++children[static_cast<std::size_t>(of[static_cast<std::size_t>(up)])];
    }
  }
}

void SparseOrder::sort_entries(const SparsePattern& pattern) {
  const VectorXi place = inverse(row);
  const auto lower = static_cast<std::size_t>(pattern.entries() + pattern.size()) / 2;
  start.reserve(static_cast<std::size_t>(pattern.size()) + 1);
  below.reserve(lower);
  entry.reserve(lower);
  start.push_back(0);
  for (int k = 0; k < pattern.size(); ++k) {
    int position = pattern.first(row[k]);
    for (const int i : pattern.column(row[k])) {
      if (place[i] >= k) {
        below.push_back(place[i]);
        entry.push_back(position);
      }
      ++position;
    }
    start.push_back(static_cast<int>(below.size()));
  }
}

}  // namespace hesscape
