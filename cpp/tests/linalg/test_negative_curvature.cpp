// Directions of negative curvature, found in single precision.

#include <cmath>
#include <limits>
#include <random>

#include <Eigen/Core>

#include "check.hpp"
#include "hesscape/linalg/negative_curvature.hpp"
#include "hesscape/linalg/symmetric.hpp"
#include "reference.hpp"

namespace {

using Eigen::ArrayXd;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using hesscape::HalfMatrix;
using hesscape::NegativeCurvature;
using hesscape::RowMatrix;
using hesscape::SearchBlock;
namespace check = hesscape::check;
namespace reference = hesscape::reference;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// One triangle of `a`, with the other one spoilt.
RowMatrix half(const RowMatrix& a, bool lower) {
  RowMatrix out = RowMatrix::Constant(a.rows(), a.rows(), nan);
  if (lower) {
    out.triangularView<Eigen::Lower>() = a;
  } else {
    out.triangularView<Eigen::Upper>() = a;
  }
  return out;
}

HalfMatrix view(const RowMatrix& a, bool lower) { return {a.data(), a.rows(), a.rows(), lower}; }

// Reads all blocks in turn; true where one has a direction, which then is negative indeed.
bool found(NegativeCurvature& search, const RowMatrix& a, bool lower, double sign,
           const ArrayXd& width) {
  const RowMatrix read = half(a, lower);
  search.start(view(read, lower), sign);
  search.widen(width);
  for (const SearchBlock& block : hesscape::search_blocks(a.rows())) {
    while (search.read() < block.lines) {
      check::is_true(std::isfinite(search.read_line()));
    }
    if (search.descends(block.steps + 12)) {
      const VectorXd p = search.direction().cast<double>();
      const ArrayXd d = search.scale().segment(search.begin(), p.size());
      const VectorXd x = p.array() * d;
      const auto inside = a.block(search.begin(), search.begin(), p.size(), p.size());
      const ArrayXd beyond = width.segment(search.begin(), p.size()) * p.array().square();
      check::is_true(sign * x.dot(inside * x) + beyond.sum() < 0);
      return true;
    }
  }
  return false;
}

RowMatrix with_spectrum(const VectorXd& values, unsigned seed) {
  const Index n = values.size();
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  const MatrixXd g = MatrixXd::NullaryExpr(n, n, [&](Index, Index) { return normal(random); });
  return reference::with_spectrum(reference::orthogonal_factor(g), values);
}

void directions_are_negative_and_found_in_either_triangle() {
  for (const Index n : {96, 100, 131, 260}) {
    VectorXd values = VectorXd::LinSpaced(n, 0.05, 1);
    values[n / 3] = -0.5;
    RowMatrix a = with_spectrum(values, static_cast<unsigned>(n));
    check::is_true(a.diagonal().minCoeff() > 0);
    NegativeCurvature search(n);
    for (const bool lower : {true, false}) {
      check::is_true(found(search, a, lower, 1, ArrayXd::Zero(n)));
      check::is_true(found(search, -a, lower, -1, ArrayXd::Zero(n)));
      RowMatrix graded = a;
      for (Index i = 0; i < n; ++i) {
        const double t = std::ldexp(1.0, static_cast<int>((37 * i) % 400) - 200);
        graded.row(i) *= t;
        graded.col(i) *= t;
      }
      check::is_true(found(search, graded, lower, 1, ArrayXd::Zero(n)));
    }
  }
}

void definite_matrices_have_none() {
  for (const Index n : {96, 150}) {
    const RowMatrix a = with_spectrum(VectorXd::LinSpaced(n, 0.01, 1), 5);
    NegativeCurvature search(n);
    for (const bool lower : {true, false}) {
      check::is_true(!found(search, a, lower, 1, ArrayXd::Zero(n)));
      check::is_true(!found(search, RowMatrix::Identity(n, n), lower, 1, ArrayXd::Zero(n)));
    }
  }
}

void widths_are_added_to_the_diagonal() {
  const Index n = 128;  // one direction with -1, all others with 1, on a unit diagonal but for 1/64
  const RowMatrix a = MatrixXd::Identity(n, n) - MatrixXd::Constant(n, n, 2.0 / 128);
  const double diagonal = 1 - 2.0 / 128;
  NegativeCurvature search(n);
  for (const bool lower : {true, false}) {
    check::is_true(found(search, a, lower, 1, ArrayXd::Constant(n, 0.99 / diagonal)));
    check::is_true(!found(search, a, lower, 1, ArrayXd::Constant(n, 1.01 / diagonal)));
  }
}

void lines_that_single_precision_cannot_hold_are_told() {
  const Index n = 100;
  for (const double bad : {nan, std::numeric_limits<double>::infinity(), -1e300}) {
    for (const bool lower : {true, false}) {
      RowMatrix a = RowMatrix::Identity(n, n);
      a(60, 20) = a(20, 60) = bad;
      NegativeCurvature search(n);
      search.start(view(a, lower), 1);
      for (Index k = 0; k < n; ++k) {
        const bool meets = search.next_line() == (lower ? 60 : 20);
        check::equal(std::isnan(search.read_line()), meets);
        if (meets) {
          break;
        }
      }
    }
  }
}

void blocks_grow_to_the_whole_matrix() {
  for (const Index n : {1, 40, 95, 96, 127, 128, 255, 256, 1000, 5000}) {
    Index before = 0;
    for (const SearchBlock& block : hesscape::search_blocks(n)) {
      check::is_true(block.lines > before && block.steps >= 0);
      before = block.lines;
    }
    check::equal(before, n);
  }
}

}  // namespace

int main() {
  directions_are_negative_and_found_in_either_triangle();
  definite_matrices_have_none();
  widths_are_added_to_the_diagonal();
  lines_that_single_precision_cannot_hold_are_told();
  blocks_grow_to_the_whole_matrix();
}
