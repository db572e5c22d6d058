// A small dense symmetric matrix of which only some rows may be eliminated yet.
#pragma once

#include <vector>

#include <Eigen/Core>

namespace hesscape {

// The first `full` rows have all their terms: they can be pivots. A 1 x 1 pivot must be at least
// `threshold` of the largest entry beside it, a 2 x 2 pivot must be clearly indefinite and its
// inverse as small (Duff, Reid 1983), so that no entry of L exceeds 1 / threshold. Rows that find
// no pivot stay. Only the lower triangle is stored.
class Front {
 public:
  using Index = Eigen::Index;
  static constexpr double threshold = 0.05;

  // A front of zeros for these variables.
  void reset(const std::vector<int>& variables, Index full);

  Index size() const { return size_; }
  Index full() const { return full_; }
  double& entry(Index i, Index j) { return cells_[offset(i, j)]; }  // i >= j
  double entry(Index i, Index j) const { return cells_[offset(i, j)]; }
  double* column(Index j) { return cells_.data() + j * size_; }
  const std::vector<int>& variables() const { return variables_; }  // interchanged with the rows

  void eliminate();
  Index eliminated() const { return eliminated_; }
  Index negative() const { return negative_; }
  Index positive() const { return positive_; }
  // The row sums of |L| |D| |L|^T over the pivots of this front.
  const Eigen::ArrayXd& row_sum() const { return row_sum_; }

 private:
  struct Largest {
    double any = 0;   // off the diagonal, among the rows that are left
    double full = 0;  // among those that can be pivots
    Index at = -1;    // where the latter is
  };
  std::size_t offset(Index i, Index j) const { return static_cast<std::size_t>(j * size_ + i); }

  double symmetric(Index i, Index j) const { return i > j ? entry(i, j) : entry(j, i); }
  Largest largest(Index i, Index except) const;
  int bring_pivot();
  bool serves(Index i, const Largest& beside) const;
  bool serves(Index i, Index j) const;
  void interchange(Index i, Index j);
  void eliminate_one();
  void eliminate_two();
  void update_rest();

  Index size_ = 0, full_ = 0;
  Index updated_ = 0;  // columns before this are updated with each pivot, the others at the end
  Index eliminated_ = 0, negative_ = 0, positive_ = 0;
  std::vector<int> variables_;
  std::vector<double> cells_;     // by columns: what is left, and L before it
  std::vector<double> unscaled_;  // L D of the rows that are not full, by columns
  std::vector<double> before_;    // the columns of the pivot, before the division
  Eigen::ArrayXd row_sum_;
};

}  // namespace hesscape
