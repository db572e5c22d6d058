#include "hesscape/sparse/front.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace hesscape {
namespace {

using Vector = Eigen::Map<Eigen::ArrayXd>;
using Panel = Eigen::Map<Eigen::MatrixXd>;

constexpr Eigen::Index small = 48;  // fronts up to this are updated column by column
constexpr double clearly = 0.49;    // |ac| of a 2 x 2 pivot is at most this part of b^2
constexpr double growth = 1 / Front::threshold;

}  // namespace

void Front::reset(const std::vector<int>& variables, Index full) {
  variables_ = variables;
  size_ = std::ssize(variables);
  full_ = full;
  updated_ = size_ <= small ? size_ : full_;
  eliminated_ = negative_ = positive_ = 0;
  cells_.assign(static_cast<std::size_t>(size_ * size_), 0.0);
  unscaled_.resize(static_cast<std::size_t>((size_ - updated_) * full_));
  before_.resize(static_cast<std::size_t>(2 * size_));
  row_sum_.setZero(size_);
}

void Front::eliminate() {
  while (eliminated_ < full_) {
    const int order = bring_pivot();
    if (order == 0) break;
    if (order == 1) {
      eliminate_one();
    } else {
      eliminate_two();
    }
  }
  update_rest();
}

// The largest entries beside the diagonal of row i, those in column `except` left out.
Front::Largest Front::largest(Index i, Index except) const {
  Largest result;
  const auto see = [&](Index j, double value) {
    if (j == except) return;
    result.any = std::max(result.any, value);
    if (j < full_ && value > result.full) {
      result.full = value;
      result.at = j;
    }
  };
  for (Index j = eliminated_; j < i; ++j) see(j, std::abs(entry(i, j)));
  for (Index j = i + 1; j < size_; ++j) see(j, std::abs(entry(j, i)));
  return result;
}

bool Front::serves(Index i, const Largest& beside) const {
  const double pivot = std::abs(entry(i, i));
  return pivot > 0 && pivot >= threshold * beside.any;
}

bool Front::serves(Index i, Index j) const {
  const double a = std::abs(entry(i, i));
  const double b = std::abs(symmetric(i, j));
  const double c = std::abs(entry(j, j));
  const double ratio = (a / b) * (c / b);
  if (!(ratio <= clearly)) return false;
  const double beside_i = largest(i, j).any;
  const double beside_j = largest(j, i).any;
  const double most = growth * b * (1 - ratio);  // |D^-1| = |adj D| / (b^2 - ac)
  return c / b * beside_i + beside_j <= most && beside_i + a / b * beside_j <= most;
}

// Finds a pivot and interchanges it to where it is due. Its order, 0 if there is none.
int Front::bring_pivot() {
  for (Index i = eliminated_; i < full_; ++i) {
    const Largest beside = largest(i, -1);
    if (serves(i, beside)) {
      interchange(eliminated_, i);
      return 1;
    }
    if (beside.at >= 0 && serves(i, beside.at)) {
      const Index other = beside.at == eliminated_ ? i : beside.at;
      interchange(eliminated_, i);
      interchange(eliminated_ + 1, other);
      return 2;
    }
  }
  return 0;
}

void Front::interchange(Index i, Index j) {
  if (i == j) return;
  if (i > j) std::swap(i, j);
  for (Index k = eliminated_; k < i; ++k) std::swap(entry(i, k), entry(j, k));
  std::swap(entry(i, i), entry(j, j));
  for (Index k = i + 1; k < j; ++k) std::swap(entry(k, i), entry(j, k));
  for (Index k = j + 1; k < size_; ++k) std::swap(entry(k, i), entry(k, j));
  std::swap(variables_[static_cast<std::size_t>(i)], variables_[static_cast<std::size_t>(j)]);
  std::swap(row_sum_[i], row_sum_[j]);
}

void Front::eliminate_one() {
  const Index k = eliminated_;
  const Index rest = size_ - k - 1;
  const double d = entry(k, k);
  Vector l(column(k) + k + 1, rest);
  Vector unscaled(before_.data(), rest);
  unscaled = l;
  l /= d;
  for (Index j = k + 1; j < updated_; ++j) {
    const double factor = unscaled[j - k - 1];
    if (factor != 0) Vector(column(j) + j, size_ - j) -= factor * l.tail(size_ - j);
  }
  const double sum = std::abs(d) * (1 + l.abs().sum());
  row_sum_[k] += sum;
  row_sum_.tail(rest) += sum * l.abs();
  const Index late = size_ - updated_;
  std::copy_n(&before_[static_cast<std::size_t>(rest - late)], late, unscaled_.begin() + k * late);
  (d > 0 ? positive_ : negative_) += 1;
  ++eliminated_;
}

void Front::eliminate_two() {
  const Index k = eliminated_;
  const Index rest = size_ - k - 2;
  const double a = entry(k, k);
  const double b = entry(k + 1, k);
  const double c = entry(k + 1, k + 1);
  const double scale = b * ((a / b) * (c / b) - 1);  // (ac - b^2) / b
  Vector l(column(k) + k + 2, rest);
  Vector m(column(k + 1) + k + 2, rest);
  Vector first(before_.data(), rest);
  Vector second(before_.data() + rest, rest);
  first = l;
  second = m;
  l = (first * (c / b) - second) / scale;
  m = (second * (a / b) - first) / scale;
  for (Index j = k + 2; j < updated_; ++j) {
    Vector(column(j) + j, size_ - j) -=
        first[j - k - 2] * l.tail(size_ - j) + second[j - k - 2] * m.tail(size_ - j);
  }
  const double sum_l = 1 + l.abs().sum();
  const double sum_m = 1 + m.abs().sum();
  const double sum_first = std::abs(a) * sum_l + std::abs(b) * sum_m;
  const double sum_second = std::abs(b) * sum_l + std::abs(c) * sum_m;
  row_sum_[k] += sum_first;
  row_sum_[k + 1] += sum_second;
  row_sum_.tail(rest) += sum_first * l.abs() + sum_second * m.abs();
  const Index late = size_ - updated_;
  std::copy_n(before_.begin() + (rest - late), late, unscaled_.begin() + k * late);
  std::copy_n(before_.begin() + (2 * rest - late), late, unscaled_.begin() + (k + 1) * late);
  ++positive_;
  ++negative_;
  eliminated_ += 2;
}

void Front::update_rest() {
  const Index late = size_ - updated_;
  if (late == 0 || eliminated_ == 0) return;
  Panel all(cells_.data(), size_, size_);
  const Panel unscaled(unscaled_.data(), late, full_);
  all.bottomRightCorner(late, late).triangularView<Eigen::Lower>() -=
      all.bottomLeftCorner(late, eliminated_) * unscaled.leftCols(eliminated_).transpose();
}

}  // namespace hesscape
