// In which order the rows of a sparse symmetric matrix are eliminated, and which of them together.
#pragma once

#include <vector>

#include <Eigen/Core>

#include "hesscape/sparse/sparse_pattern.hpp"

namespace hesscape {

// Approximate minimum degree (Amestoy, Davis, Duff 1996; Eigen's), postordered along the
// elimination tree (Liu 1990), whose neighbouring columns of like structure make supernodes. Rows
// and columns are named by their place in this order.
struct SparseOrder {
  explicit SparseOrder(const SparsePattern& pattern);

  int supernodes() const { return static_cast<int>(children.size()); }

  Eigen::VectorXi row;         // of the matrix, by place
  std::vector<int> start;      // by column: offsets into the next two, n + 1 of them
  std::vector<int> below;      // places of the entries in the lower triangle, the diagonal included
  std::vector<int> entry;      // and where the pattern has them
  std::vector<int> supernode;  // the first column of each, and n
  std::vector<int> children;   // of each supernode, in the tree
  std::vector<char> root;      // is it one?

 private:
  void join(const Eigen::VectorXi& parent, const Eigen::VectorXi& count);
  void sort_entries(const SparsePattern& pattern);
};

}  // namespace hesscape
