#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <Eigen/QR>

#include "check.hpp"
#include "hesscape/linalg/ldlt_stack.hpp"

namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using hesscape::ErrorStack;
using hesscape::MatrixStack;
using hesscape::Pack;
using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
namespace check = hesscape::check;

constexpr double eps = std::numeric_limits<double>::epsilon();
constexpr double infinity = std::numeric_limits<double>::infinity();

struct Counts {
  std::vector<std::int64_t> inertia;
  std::vector<Index> left;
};

Counts prove(const MatrixStack& stack, const ErrorStack& error = {}, double zero_tol = 0) {
  Counts out{std::vector<std::int64_t>(static_cast<std::size_t>(3 * stack.count), -1), {}};
  out.left = hesscape::ldlt_stack(stack, error, zero_tol, out.inertia.data());
  return out;
}

MatrixStack contiguous(const std::vector<double>& data, Index count, Index n) {
  return {data.data(), count, n, n * n, n, 1};
}

std::vector<double> repeated(const RowMatrix& a, Index count) {
  std::vector<double> data;
  for (Index k = 0; k < count; ++k) {
    data.insert(data.end(), a.data(), a.data() + a.size());
  }
  return data;
}

RowMatrix with_signs(Index n, Index negative, std::mt19937& random) {
  std::normal_distribution<double> normal;
  VectorXd spectrum = VectorXd::LinSpaced(n, 1, 2);
  spectrum.head(negative) *= -1;
  const MatrixXd q = MatrixXd::NullaryExpr(n, n, [&](Index, Index) { return normal(random); })
                         .householderQr()
                         .householderQ();
  const MatrixXd a = q * spectrum.asDiagonal() * q.transpose();
  return (a + a.transpose()) / 2;
}

void expect(const Counts& found, Index k, Index negative, Index others, Index positive,
            check::Where where = check::Where::current()) {
  check::equal(found.inertia[3 * k], negative, where);
  check::equal(found.inertia[3 * k + 1], others, where);
  check::equal(found.inertia[3 * k + 2], positive, where);
}

void signs_at_all_sizes_and_counts() {
  std::mt19937 random(1);
  for (Index n = 1; n <= 40; ++n) {
    for (const Index count :
         {Index{1}, Pack::lanes - 1, Pack::lanes, Pack::lanes + 1, 2 * Pack::lanes + 3}) {
      if (n > 8 && count > Pack::lanes) {
        continue;
      }
      std::vector<double> data;
      for (Index k = 0; k < count; ++k) {
        RowMatrix a = with_signs(n, k % (n + 1), random);
        for (Index i = 0; i < n; ++i) {  // a scale for each coordinate
          const double scale = std::exp2(std::round(90 * std::sin(static_cast<double>(i + k))));
          a.row(i) *= scale;
          a.col(i) *= scale;
        }
        data.insert(data.end(), a.data(), a.data() + a.size());
      }
      const Counts found = prove(contiguous(data, count, n));
      for (Index k = 0; k < count; ++k) {
        const Index proven = found.inertia[3 * k] + found.inertia[3 * k + 2];
        check::equal(found.inertia[3 * k + 1], n - proven);
        check::is_true(found.inertia[3 * k] <= k % (n + 1));
        check::is_true(found.inertia[3 * k + 2] <= n - k % (n + 1));
        if (k % (n + 1) == 0) {
          expect(found, k, 0, 0, n);
        }
      }
      const MatrixStack whole = contiguous(data, count, n);
      const MatrixStack upper{whole.data, count, n, n * n, 1, n};
      check::is_true(prove(upper).inertia == found.inertia);
      std::vector<double> turned(data.rbegin(), data.rend());
      const MatrixStack backwards{turned.data() + turned.size() - 1, count, n, -n * n, -n, -1};
      check::is_true(prove(backwards).inertia == found.inertia);
    }
  }
}

void what_is_left_is_told() {
  for (const Index n : {1, 2, 3, 4, 5, 13}) {
    const Index count = Pack::lanes + 3;
    const auto size = static_cast<std::size_t>(n * n);
    std::vector<double> data = repeated(RowMatrix::Identity(n, n), count);
    for (const Index k : {Index{1}, Pack::lanes - 1, Pack::lanes + 2}) {
      std::fill_n(data.begin() + k * n * n, size, k == 1 ? std::nan("") : 0.0);
    }
    const Counts found = prove(contiguous(data, count, n));
    check::is_true(found.left == std::vector<Index>{1, Pack::lanes - 1, Pack::lanes + 2});
    expect(found, 0, 0, 0, n);
    expect(found, 1, 0, n, 0);
    expect(found, Pack::lanes - 1, 0, n, 0);
    expect(found, Pack::lanes, 0, 0, n);
  }
}

void errors_and_zero_tol() {
  for (const Index n : {1, 2, 3, 4, 7}) {
    const Index count = Pack::lanes + 1;
    const std::vector<double> data = repeated(-RowMatrix::Identity(n, n), count);
    const MatrixStack stack = contiguous(data, count, n);
    const double step = 0.4 / static_cast<double>(n);
    const double one = 1.1;
    expect(prove(stack, {&step, 0, 0, 0}), 0, n, 0, 0);
    expect(prove(stack, {&one, 0, 0, 0}), 0, 0, n, 0);
    expect(prove(stack, {&infinity, 0, 0, 0}), count - 1, 0, n, 0);
    expect(prove(stack, {}, 0.4), 0, n, 0, 0);
    expect(prove(stack, {}, 1.0), 0, 0, n, 0);
    expect(prove(stack, {}, infinity), 0, 0, n, 0);
    std::vector<double> one_a_matrix(static_cast<std::size_t>(count), step);
    one_a_matrix[count - 1] = one;
    const Counts found = prove(stack, {one_a_matrix.data(), 1, 0, 0});
    expect(found, 0, n, 0, 0);
    expect(found, count - 1, 0, n, 0);
    std::vector<double> entries(static_cast<std::size_t>(count * n * n), 0.0);
    entries[static_cast<std::size_t>(n * n)] = 2;  // (0, 0) of the second matrix
    const Counts at_one = prove(stack, {entries.data(), n * n, n, 1});
    expect(at_one, 0, n, 0, 0);
    check::is_true(at_one.inertia[3] < n);
    check::equal(at_one.inertia[5], 0);
  }
}

// Errors below half a unit in the last place of zero_tol are not lost in its rounding.
void shifts_are_rounded_up() {
  for (const Index n : {3, 4, 8, 16}) {
    const std::vector<double> data = repeated(-(1 + eps) * RowMatrix::Identity(n, n), Pack::lanes);
    const double error = 0.49 * eps;  // an eigenvalue may be -1 - eps + 0.49 n eps
    const Counts found = prove(contiguous(data, Pack::lanes, n), {&error, 0, 0, 0}, 1);
    check::at_most(static_cast<double>(found.inertia[0]), static_cast<double>(n - 1));
  }
}

void determinants_of_two_rows() {
  const double tiny = 5e-324;
  const double large = std::numeric_limits<double>::max();
  const auto of = [](double a, double b, double c) {
    const std::vector<double> data = {a, b, b, c};
    return prove(contiguous(data, 1, 2));
  };
  expect(of(1, 1, 1 + 8 * eps), 0, 0, 0, 2);
  expect(of(1, 1, 1 - 8 * eps), 0, 1, 0, 1);
  expect(of(-1, 1, -1 - 8 * eps), 0, 2, 0, 0);
  expect(of(1, 1, 1), 0, 0, 2, 0);
  expect(of(0, 1e-100, 0), 0, 1, 0, 1);
  for (const auto& unknown : {of(tiny, tiny, tiny), of(large, large, large), of(0, infinity, 0),
                              of(1, std::nan(""), 1), of(infinity, 0, 1), of(tiny, 0, large)}) {
    check::is_true(unknown.inertia[0] == 0 || unknown.inertia[2] == 0);
    check::is_true(unknown.inertia[0] == 0);
  }
}

}  // namespace

int main() {
  signs_at_all_sizes_and_counts();
  what_is_left_is_told();
  errors_and_zero_tol();
  shifts_are_rounded_up();
  determinants_of_two_rows();
}
