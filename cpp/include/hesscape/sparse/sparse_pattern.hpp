// Which entries of a symmetric matrix may differ from zero.
#pragma once

#include <cstddef>
#include <span>

#include <Eigen/Core>

namespace hesscape {

// Compressed columns with both triangles and the whole diagonal, rows ascending in each column.
class SparsePattern {
 public:
  // Throws std::invalid_argument if they are not so. `start` has n + 1 offsets into `row`.
  SparsePattern(Eigen::VectorXi start, Eigen::VectorXi row);

  int size() const { return static_cast<int>(start_.size()) - 1; }
  int entries() const { return static_cast<int>(row_.size()); }
  int first(int j) const { return start_[j]; }
  std::span<const int> column(int j) const {
    return {row_.data() + start_[j], static_cast<std::size_t>(start_[j + 1] - start_[j])};
  }
  const Eigen::VectorXi& start() const { return start_; }
  const Eigen::VectorXi& row() const { return row_; }
  // Where each entry's mirror image is stored.
  const Eigen::VectorXi& mirror() const { return mirror_; }

 private:
  bool columns_ascend() const;
  bool reflect();

  Eigen::VectorXi start_, row_, mirror_;
};

}  // namespace hesscape
