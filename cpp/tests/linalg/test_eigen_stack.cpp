#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <Eigen/QR>

#include "check.hpp"
#include "hesscape/linalg/eigen_stack.hpp"

namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using hesscape::MatrixStack;
using hesscape::Pack;
using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
namespace check = hesscape::check;

constexpr double eps = std::numeric_limits<double>::epsilon();

struct Result {
  std::vector<double> only;  // of eigvalsh
  std::vector<double> values;
  std::vector<double> vectors;
};

Result solve(const MatrixStack& stack) {
  const auto size = static_cast<std::size_t>(stack.count * stack.n);
  Result out{std::vector<double>(size), std::vector<double>(size),
             std::vector<double>(size * static_cast<std::size_t>(stack.n))};
  hesscape::eigvalsh_stack(stack, out.only.data());
  hesscape::eigh_stack(stack, out.values.data(), out.vectors.data());
  return out;
}

MatrixStack contiguous(const std::vector<double>& data, Index count, Index n) {
  return {data.data(), count, n, n * n, n, 1};
}

// Symmetric matrices Q diag(spectrum) Q^T, one after the other; those with k % 3 == 1 are diagonal,
// and exact.
std::vector<double> with_spectrum(const VectorXd& spectrum, Index count, std::mt19937& random) {
  std::normal_distribution<double> normal;
  const Index n = spectrum.size();
  std::vector<double> data(static_cast<std::size_t>(count * n * n));
  for (Index k = 0; k < count; ++k) {
    MatrixXd a = spectrum.reverse().asDiagonal();
    if (k % 3 != 1) {
      const MatrixXd q = MatrixXd::NullaryExpr(n, n, [&](Index, Index) { return normal(random); })
                             .householderQr()
                             .householderQ();
      a = q * a * q.transpose();
    }
    Eigen::Map<RowMatrix>(data.data() + k * n * n, n, n) = (a + a.transpose()) / 2;
  }
  return data;
}

void expect(const MatrixStack& stack, const VectorXd& spectrum) {
  const Result found = solve(stack);
  const Index n = stack.n;
  const double allowed = 10 * static_cast<double>(n) * eps * spectrum.cwiseAbs().maxCoeff();
  for (Index k = 0; k < stack.count; ++k) {
    const VectorXd w = Eigen::Map<const VectorXd>(found.values.data() + k * n, n);
    const RowMatrix v = Eigen::Map<const RowMatrix>(found.vectors.data() + k * n * n, n, n);
    MatrixXd a(n, n);
    for (Index i = 0; i < n; ++i) {
      check::close(w[i], spectrum[i], allowed);
      check::close(found.only[k * n + i], spectrum[i], allowed);
      check::is_true(i == 0 ||
                     (w[i - 1] <= w[i] && found.only[k * n + i - 1] <= found.only[k * n + i]));
      for (Index j = 0; j <= i; ++j) {
        a(i, j) = a(j, i) = *stack.at(k, i, j);
      }
    }
    check::at_most((a * v - v * w.asDiagonal()).norm(), allowed * std::sqrt(n));
    check::at_most((v.transpose() * v - MatrixXd::Identity(n, n)).norm(),
                   10 * static_cast<double>(n) * eps * std::sqrt(n));
  }
}

void known_spectra_at_all_sizes() {
  std::mt19937 random(1);
  for (Index n = 1; n <= 40; ++n) {
    VectorXd even = VectorXd::LinSpaced(n, -1, 2);
    VectorXd equal = VectorXd::Ones(n);
    equal.head(n / 2).setZero();
    for (const VectorXd& spectrum : {even, equal}) {
      for (const Index count :
           {Index{1}, Index{Pack::lanes - 1}, Index{Pack::lanes}, Index{Pack::lanes + 1}}) {
        if (n < 9 || count < 2) {
          expect(contiguous(with_spectrum(spectrum, count, random), count, n), spectrum);
        }
      }
    }
  }
  const VectorXd spectrum = VectorXd::LinSpaced(17, -3, 1);
  const Index count = 2 * Pack::lanes + 3;
  expect(contiguous(with_spectrum(spectrum, count, random), count, 17), spectrum);
}

void strides() {
  std::mt19937 random(2);
  for (const Index n : {1, 2, 3, 4, 5, 9}) {
    const Index count = Pack::lanes + 3;
    const VectorXd spectrum = VectorXd::LinSpaced(n, -1, 1);
    const std::vector<double> data = with_spectrum(spectrum, count, random);
    const Result plain = solve(contiguous(data, count, n));
    const MatrixStack upper{data.data(), count, n, n * n, 1, n};
    check::is_true(solve(upper).values == plain.values);  // the matrices are symmetric, exactly
    std::vector<double> turned(data.rbegin(), data.rend());
    const MatrixStack backwards{turned.data() + turned.size() - 1, count, n, -n * n, -n, -1};
    const Result found = solve(backwards);
    check::is_true(found.only == plain.only);
    check::is_true(found.vectors == plain.vectors);
    const MatrixStack same{data.data(), count, n, 0, n, 1};
    const Result repeated = solve(same);
    for (Index k = 0; k < count * n; ++k) {
      check::equal(repeated.values[k], plain.values[k % n]);
    }
  }
}

// Whatever stands beside it, a matrix has the same result in all lanes.
void lanes_do_not_disturb_each_other() {
  std::mt19937 random(3);
  for (const Index n : {2, 3, 4, 6, 11}) {
    const VectorXd spectrum = VectorXd::LinSpaced(n, -1, 1);
    const std::vector<double> one = with_spectrum(spectrum, 1, random);
    const Result alone = solve(contiguous(one, 1, n));
    const double fillings[] = {0, 1, 1e300, 5e-324, std::nan(""), HUGE_VAL, -HUGE_VAL};
    for (Index at = 0; at < Pack::lanes; ++at) {
      std::vector<double> data(static_cast<std::size_t>(Pack::lanes * n * n));
      for (std::size_t k = 0; k < data.size(); ++k) {
        data[k] = fillings[(k / static_cast<std::size_t>(n * n)) % 7];
      }
      std::copy(one.begin(), one.end(), data.begin() + at * n * n);
      const Result found = solve(contiguous(data, Pack::lanes, n));
      for (Index i = 0; i < n; ++i) {
        check::equal(found.only[at * n + i], alone.only[i]);
        check::equal(found.values[at * n + i], alone.values[i]);
      }
      for (Index i = 0; i < n * n; ++i) {
        check::equal(found.vectors[at * n * n + i], alone.vectors[i]);
      }
      for (Index lane = 0; lane < Pack::lanes; ++lane) {
        const bool finite = lane == at || lane % 7 < 4;
        check::equal(std::isnan(found.values[lane * n]), !finite);
        check::equal(std::isnan(found.only[lane * n]), !finite);
        check::equal(std::isnan(found.vectors[lane * n * n]), !finite);
      }
    }
  }
}

void nothing() {
  const std::vector<double> data(4);
  hesscape::eigvalsh_stack(contiguous(data, 0, 2), nullptr);
  hesscape::eigh_stack(contiguous(data, 0, 5), nullptr, nullptr);
}

}  // namespace

int main() {
  known_spectra_at_all_sizes();
  strides();
  lanes_do_not_disturb_each_other();
  nothing();
}
