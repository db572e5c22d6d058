#include "hesscape/sparse/sparse_factor.hpp"

#include <algorithm>
#include <cmath>

#include "hesscape/linalg/symmetric.hpp"
#include "hesscape/numbers.hpp"

namespace hesscape {
namespace {

using Eigen::ArrayXd;
using Eigen::Index;

constexpr int absent = -1;
constexpr Index pivot_roundings = 128;  // of one term, a 2 x 2 pivot's solution included

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

}  // namespace

SparseFactor::SparseFactor(const SparsePattern& pattern)
    : order_(pattern), place_(at(pattern.size()), absent) {}

bool SparseFactor::factor(const ScaledSparse& c) {
  const Index n = order_.row.size();
  row_sum_.setZero(n);
  terms_.setZero(n);
  negative_ = positive_ = 0;
  count_ = 0;
  for (int s = 0; s < order_.supernodes(); ++s) {
    gather(s);
    assemble(c, s);
    front_.eliminate();
    if (!finish()) return false;
    if (order_.root[at(s)] == 0) leave();
  }
  return true;
}

// The variables of a front: those that waited, its own, and the others that these meet.
void SparseFactor::gather(int s) {
  variables_.clear();
  const auto enter = [&](int variable) {
    if (place_[at(variable)] != absent) return;
    place_[at(variable)] = static_cast<int>(variables_.size());
    variables_.push_back(variable);
  };
  const auto first =
      pending_.begin() + static_cast<std::ptrdiff_t>(count_) - order_.children[at(s)];
  const auto last = pending_.begin() + static_cast<std::ptrdiff_t>(count_);
  for (auto child = first; child != last; ++child) {
    std::for_each_n(child->variables.begin(), child->waiting, enter);
  }
  for (int k = order_.supernode[at(s)]; k < order_.supernode[at(s) + 1]; ++k) enter(k);
  full_ = std::ssize(variables_);
  for (auto child = first; child != last; ++child) std::ranges::for_each(child->variables, enter);
  for (int p = order_.start[at(order_.supernode[at(s)])];
       p < order_.start[at(order_.supernode[at(s) + 1])]; ++p) {
    enter(order_.below[at(p)]);
  }
}

void SparseFactor::assemble(const ScaledSparse& c, int s) {
  front_.reset(variables_, full_);
  for (int k = order_.supernode[at(s)]; k < order_.supernode[at(s) + 1]; ++k) {
    const Index own = place_[at(k)];
    const double scale = c.scale[order_.row[k]];
    for (int p = order_.start[at(k)]; p < order_.start[at(k) + 1]; ++p) {
      const int other = order_.below[at(p)];
      const double factor = scale * c.scale[order_.row[other]];
      if (factor != 0) {
        front_.entry(place_[at(other)], own) += factor * c.values[order_.entry[at(p)]];
      }
    }
    front_.entry(own, own) += c.shift[order_.row[k]];
  }
  for (int child = 0; child < order_.children[at(s)]; ++child) add(pending_[--count_]);
  for (const int variable : variables_) place_[at(variable)] = absent;
}

void SparseFactor::add(const Contribution& from) {
  const auto size = std::ssize(from.variables);
  const double* cell = from.cells.data();
  for (Index j = 0; j < size; ++j) {
    const Index column = place_[at(from.variables[at(j)])];
    for (Index i = j; i < size; ++i) {
      const Index row = place_[at(from.variables[at(i)])];
      front_.entry(std::max(row, column), std::min(row, column)) += *cell++;
    }
  }
}

void SparseFactor::leave() {
  if (count_ == pending_.size()) pending_.emplace_back();
  Contribution& to = pending_[count_++];
  const Index first = front_.eliminated();
  const auto rest = at(front_.size() - first);
  to.waiting = static_cast<int>(front_.full() - first);
  to.variables.assign(front_.variables().begin() + first, front_.variables().end());
  to.cells.resize(rest * (rest + 1) / 2);
  auto cell = to.cells.begin();
  for (Index j = first; j < front_.size(); ++j) {
    cell = std::copy_n(front_.column(j) + j, front_.size() - j, cell);
  }
}

bool SparseFactor::finish() {
  negative_ += front_.negative();
  positive_ += front_.positive();
  for (Index i = 0; i < front_.size(); ++i) {
    const int row = order_.row[front_.variables()[at(i)]];
    row_sum_[row] += front_.row_sum()[i];
    terms_[row] += static_cast<double>(front_.eliminated());
  }
  return front_.row_sum().allFinite();
}

ArrayXd SparseFactor::backward_error() const {
  const Index n = row_sum_.size();
  // the row sums are sums of nonnegative terms, each with less than 4n + 64 roundings
  const double summing = 1 + gamma(4 * n + 64);
  const ArrayXd factor = terms_.unaryExpr(
      [](double terms) { return gamma(2 * static_cast<Index>(terms) + pivot_roundings); });
  return row_sum_ * factor * summing + underflow;
}

}  // namespace hesscape
