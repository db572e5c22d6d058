#include "hesscape/sparse/sparse_pattern.hpp"

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <utility>

namespace hesscape {

SparsePattern::SparsePattern(Eigen::VectorXi start, Eigen::VectorXi row)
    : start_(std::move(start)), row_(std::move(row)) {
  if (!columns_ascend() || !reflect()) {
    throw std::invalid_argument(
        "pattern: expected ascending columns, symmetric and with the diagonal");
  }
}

bool SparsePattern::columns_ascend() const {
  if (start_.size() == 0 || start_[0] != 0 || start_[size()] != entries() ||
      !std::is_sorted(start_.begin(), start_.end())) {
    return false;
  }
  for (int j = 0; j < size(); ++j) {
    const auto rows = column(j);
    const bool ascend = std::ranges::adjacent_find(rows, std::greater_equal<>()) == rows.end();
    if (!ascend || rows.empty() || rows.front() < 0 || rows.back() >= size() ||
        !std::ranges::binary_search(rows, j)) {
      return false;
    }
  }
  return true;
}

// False where an entry has no mirror image.
bool SparsePattern::reflect() {
  mirror_.resize(entries());
  Eigen::VectorXi next = start_.head(size());  // the first entry of each column not met yet
  int position = 0;
  for (int j = 0; j < size(); ++j) {
    for (const int i : column(j)) {  // j ascends, and so do the rows that column i meets
      const int image = next[i]++;
      if (image >= start_[i + 1] || row_[image] != j) {
        return false;
      }
      mirror_[position++] = image;
    }
  }
  return true;
}

}  // namespace hesscape
