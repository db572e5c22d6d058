#include "hesscape/krylov/orthogonal.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

#include <Eigen/Cholesky>

#include "hesscape/krylov/row_blocks.hpp"
#include "hesscape/linalg/symmetric.hpp"
#include "hesscape/numbers.hpp"

namespace hesscape {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double orthogonal = 16 * epsilon;  // columns whose products are no more than this
// Columns whose factor has a longer inverse wait for another round.
constexpr double most_inverse = 100.0;

// Columns of a block that are far from dependent, by its Gram matrix, and their Cholesky factor.
struct Independent {
  std::vector<Index> chosen;
  std::vector<Index> waiting;
  MatrixXd factor;
};

// Goes through columns of unit length in order, and takes one where the inverse of the factor stays
// short, as the first is.
Independent independent(const MatrixXd& gram, const std::vector<Index>& columns, Index most) {
  Independent out;
  const VectorXd length = gram.diagonal().cwiseMax(0.0).cwiseSqrt();
  MatrixXd unit = MatrixXd::Zero(gram.rows(), gram.rows());
  Index size = 0;
  for (const Index column : columns) {
    VectorXd beside(size);
    for (Index i = 0; i < size; ++i) {
      const Index other = out.chosen[static_cast<std::size_t>(i)];
      beside[i] = gram(other, column) / (length[other] * length[column]);
    }
    const auto factor = unit.topLeftCorner(size, size).triangularView<Eigen::Upper>();
    factor.transpose().solveInPlace(beside);
    const double pivot = std::sqrt(std::max(0.0, 1.0 - beside.squaredNorm()));
    VectorXd inverse = beside;
    factor.solveInPlace(inverse);
    const bool near = !(std::sqrt(1.0 + inverse.squaredNorm()) <= most_inverse * pivot);
    if (near || size == most) {
      out.waiting.push_back(column);
      continue;
    }
    unit.col(size).head(size) = beside;
    unit(size, size) = pivot;
    out.chosen.push_back(column);
    ++size;
  }
  out.factor = unit.topLeftCorner(size, size) * VectorXd(length(out.chosen)).asDiagonal();
  return out;
}

// z R = what z was, one column after the other, which is stable whatever R is.
template <typename Part>
void divide(Part&& z, const MatrixXd& factor) {
  for (Index j = 0; j < factor.cols(); ++j) {
    if (j > 0) z.col(j).noalias() -= z.leftCols(j) * factor.col(j).head(j);
    z.col(j) *= 1.0 / factor(j, j);
  }
}

// For few columns, products of a matrix in the cache with one after the other are faster than with
// all at once.
template <typename V, typename Z>
void add_products(const V& v, const Z& z, MatrixXd& out) {  // out += vᵀ z
  for (Index j = 0; j < z.cols(); ++j) out.col(j).noalias() += v.transpose() * z.col(j);
}

template <typename V, typename Z>
void subtract(const V& v, const MatrixXd& coefficients, Z& z) {  // z -= v coefficients
  for (Index j = 0; j < z.cols(); ++j) z.col(j).noalias() -= v * coefficients.col(j);
}

class Appending {
 public:
  Appending(MatrixXd& basis, Index count, const Eigen::Ref<const MatrixXd>& vectors)
      : basis_(basis), known_(count), order_(static_cast<std::size_t>(vectors.cols())) {
    std::iota(order_.begin(), order_.end(), Index{0});
    out_.coefficients = MatrixXd::Zero(count + vectors.cols(), vectors.cols());
    out_.dropped = VectorXd::Zero(vectors.cols());
    out_.rounding = VectorXd::Zero(vectors.cols());
    round(vectors);
    while (out_.finite && !order_.empty()) round(basis.middleCols(known_, left()));
    out_.added = known_ - count;
    out_.coefficients.conservativeResize(known_, vectors.cols());
  }
  Addition result() { return std::move(out_); }

 private:
  Index n() const { return basis_.rows(); }
  Index left() const { return static_cast<Index>(order_.size()); }
  void round(const Eigen::Ref<const MatrixXd>& source);
  std::vector<Index> resolved(const MatrixXd& gram);
  void reorder(const std::vector<Index>& columns);
  void settle(MatrixXd factor, const MatrixXd& second);
  void polish(MatrixXd& factor, const MatrixXd& loss, MatrixXd gram);

  MatrixXd& basis_;
  Index known_;               // columns that are orthonormal
  std::vector<Index> order_;  // which vector each of the columns after these is the rest of
  Addition out_;
};

// Orthogonalises what is left of the vectors twice, and adds those of its columns that are far from
// dependent; the others go through another round, in which there are more columns to subtract.
void Appending::round(const Eigen::Ref<const MatrixXd>& source) {
  const Index m = source.cols();
  const auto v = basis_.leftCols(known_);
  MatrixXd first = MatrixXd::Zero(known_, m);
  MatrixXd second = first;
  MatrixXd gram = MatrixXd::Zero(m, m);
  by_rows(n(), known_ + m, [&](Index row, Index rows) {
    add_products(v.middleRows(row, rows), source.middleRows(row, rows), first);
  });
  by_rows(n(), known_ + m, [&](Index row, Index rows) {  // the second half finds the block in cache
    auto z = basis_.block(row, known_, rows, m);
    z = source.middleRows(row, rows);
    subtract(v.middleRows(row, rows), first, z);
    add_products(v.middleRows(row, rows), z, second);
    add_products(z, z, gram);
  });
  out_.finite = gram.allFinite() && first.allFinite();
  if (!out_.finite) return;
  gram.noalias() -= second.transpose() * second;
  for (Index j = 0; j < m; ++j) {
    out_.coefficients.col(order_[static_cast<std::size_t>(j)]).head(known_) +=
        first.col(j) + second.col(j);
  }
  const double loss = second.norm();
  if (m == 1 && loss <= sum_rounding(n(), known_) * std::sqrt(gram(0, 0))) {
    out_.rounding[order_.front()] += loss;  // it is not subtracted, being what that would leave
    second.resize(0, 0);
  }
  const Independent found = independent(gram, resolved(gram), n() - known_);
  std::vector<Index> columns = found.chosen;
  columns.insert(columns.end(), found.waiting.begin(), found.waiting.end());
  reorder(columns);
  settle(found.factor, second.size() > 0 ? MatrixXd(second(Eigen::all, columns)) : second);
}

// The columns in which more is left than rounding; the others are dropped.
std::vector<Index> Appending::resolved(const MatrixXd& gram) {
  std::vector<Index> out;
  const auto columns = static_cast<double>(known_ + 1);
  const double subtractions = gram.cols() > 1 ? 4.0 : 2.0;
  for (Index j = 0; j < gram.cols(); ++j) {
    const Index vector = order_[static_cast<std::size_t>(j)];
    const double length = std::sqrt(std::max(0.0, gram(j, j)));
    const double whole = std::hypot(out_.coefficients.col(vector).norm(), length);
    out_.rounding[vector] +=
        subtractions * gamma(known_ + gram.cols() + 4) * (1.0 + std::sqrt(columns)) * whole;
    if (known_ == n()) continue;  // there is no other direction, and the rest is rounding
    if (length > 10.0 * columns * epsilon * whole) {
      out.push_back(j);
    } else {
      out_.dropped[vector] = length;
    }
  }
  return out;
}

// Brings these of the columns to the front.
void Appending::reorder(const std::vector<Index>& columns) {
  std::vector<Index> order;
  order.reserve(columns.size());
  bool moved = false;
  for (const Index column : columns) {
    moved = moved || std::cmp_not_equal(column, order.size());
    order.push_back(order_[static_cast<std::size_t>(column)]);
  }
  if (moved) {
    const Index all = left();
    by_rows(n(), all, [&](Index row, Index rows) {
      const MatrixXd before = basis_.block(row, known_, rows, all);
      basis_.block(row, known_, rows, static_cast<Index>(columns.size())) =
          before(Eigen::all, columns);
    });
  }
  order_ = std::move(order);
}

// Subtracts what the second orthogonalisation found, and makes the first columns orthonormal.
void Appending::settle(MatrixXd factor, const MatrixXd& second) {
  const Index added = factor.cols();
  const auto v = basis_.leftCols(known_);
  MatrixXd loss = MatrixXd::Zero(known_, added);
  MatrixXd gram = MatrixXd::Zero(added, added);
  by_rows(n(), known_, [&](Index row, Index rows) {
    auto z = basis_.block(row, known_, rows, left());
    if (second.size() > 0) subtract(v.middleRows(row, rows), second, z);
    auto taken = z.leftCols(added);
    divide(taken, factor);
    if (added < 2) return;
    add_products(v.middleRows(row, rows), taken, loss);
    add_products(taken, taken, gram);
  });
  if (added > 1) polish(factor, loss, std::move(gram));
  for (Index i = 0; i < added; ++i) {
    const auto vector = order_[static_cast<std::size_t>(i)];
    out_.coefficients.col(vector).segment(known_, added) = factor.col(i);
  }
  known_ += added;
  order_.erase(order_.begin(), order_.begin() + added);
}

// Orthogonalises once more where the division by a factor enlarged rounding: its inverse is short,
// so that this leaves rounding only.
void Appending::polish(MatrixXd& factor, const MatrixXd& loss, MatrixXd gram) {
  const Index added = factor.cols();
  const double skew = (gram - MatrixXd::Identity(added, added)).cwiseAbs().maxCoeff();
  const double most = loss.size() > 0 ? loss.colwise().norm().maxCoeff() : 0.0;
  if (std::max(skew, most) <= orthogonal) return;
  gram.noalias() -= loss.transpose() * loss;
  const MatrixXd again = Eigen::LLT<MatrixXd>(gram).matrixU();
  const auto v = basis_.leftCols(known_);
  by_rows(n(), known_, [&](Index row, Index rows) {
    auto taken = basis_.block(row, known_, rows, added);
    subtract(v.middleRows(row, rows), loss, taken);
    divide(taken, again);
  });
  const MatrixXd corrections = loss * factor;
  for (Index i = 0; i < added; ++i) {
    out_.coefficients.col(order_[static_cast<std::size_t>(i)]).head(known_) += corrections.col(i);
  }
  factor = (again * factor).eval();
}

}  // namespace

Addition append(MatrixXd& basis, Index count, const Eigen::Ref<const MatrixXd>& vectors) {
  return Appending(basis, count, vectors).result();
}

}  // namespace hesscape
