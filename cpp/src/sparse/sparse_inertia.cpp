#include "hesscape/sparse/sparse_inertia.hpp"

#include <algorithm>
#include <cmath>

#include "hesscape/linalg/symmetric.hpp"
#include "hesscape/numbers.hpp"

namespace hesscape {
namespace {

using Eigen::ArrayXd;
using Eigen::Index;
using Entries = Eigen::Ref<const ArrayXd>;

constexpr int iterations = 20;
constexpr int attempts = 4;
constexpr double first_allowance = 0x1p-40;  // of rounding: a growth of some hundreds

}  // namespace

// Ruiz (2001), on exponents, so that no scale over- or underflows.
ArrayXd equilibrate(const SparsePattern& pattern, const Entries& values, const Entries& errors) {
  const int n = pattern.size();
  ArrayXd level(pattern.entries());  // exponents of the entries that are not within their errors
  for (Index p = 0; p < level.size(); ++p) {
    const double value = std::abs(values[p]);
    level[p] = value > errors[p] && std::isfinite(value) ? std::ilogb(value) : -infinity;
  }
  ArrayXd exponent = ArrayXd::Zero(n);
  ArrayXd largest(n);
  for (int iteration = 0; iteration < iterations; ++iteration) {
    double distance = 0;
    for (int j = 0; j < n; ++j) {
      double top = -infinity;
      Index p = pattern.first(j);
      for (const int i : pattern.column(j)) top = std::max(top, level[p++] + exponent[i]);
      largest[j] = top + exponent[j];
      if (std::isfinite(largest[j])) distance = std::max(distance, std::abs(largest[j]));
    }
    exponent = largest.isFinite().select(exponent - largest / 2, -infinity);
    if (distance <= 1) break;
  }
  return exponent.unaryExpr([](double e) {
    return std::isfinite(e)
               ? std::ldexp(1.0, std::clamp(static_cast<int>(std::lround(e)), -500, 500))
               : 0.0;
  });
}

SparseInertia::SparseInertia(const SparsePattern& pattern) : pattern_(&pattern), factor_(pattern) {}

SparseSigns SparseInertia::prove(const Entries& values, const Entries& errors) {
  const int n = pattern_->size();
  c_.values = values.data();
  c_.scale = equilibrate(*pattern_, values, errors);
  width_.setZero(n);
  for (bool settled = false; !settled;) {  // rows of unknown entries are left out, one by one
    settled = true;
    for (int j = 0; j < n; ++j) {
      double sum = 0;
      Index p = pattern_->first(j);
      for (const int i : pattern_->column(j)) {
        const double known =
            std::isfinite(values[p]) && std::isfinite(errors[p]) ? errors[p] : infinity;
        if (c_.scale[i] > 0) sum += known * c_.scale[i];
        ++p;
      }
      width_[j] = sum * c_.scale[j];
      if (c_.scale[j] > 0 && !std::isfinite(width_[j])) {
        c_.scale[j] = 0;
        settled = false;
      }
    }
  }
  width_ = (c_.scale > 0).select(width_ * (1 + gamma(n + 16)), 0.0);
  allowed_.setConstant(n, first_allowance);
  SparseSigns signs;
  signs.positive = proven(1);
  signs.negative = proven(-1);
  return signs;
}

// How many eigenvalues are proven to have the sign of `side`. The factors of one attempt say what
// the next one has to allow for their rounding.
Index SparseInertia::proven(double side) {
  for (int attempt = 0; attempt < attempts; ++attempt) {
    c_.shift = (width_ + allowed_) * (-side * (1 + 4 * unit_roundoff));
    c_.shift = (c_.scale > 0).select(c_.shift, -side);  // rows that are left out count for nothing
    if (!factor_.factor(c_)) return 0;
    const ArrayXd rounding = factor_.backward_error();
    if ((rounding <= allowed_).all()) {
      return side > 0 ? factor_.positive() : factor_.negative();
    }
    allowed_ = allowed_.max(4 * rounding);
  }
  return 0;
}

}  // namespace hesscape
