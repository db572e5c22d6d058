#include "hesscape/linalg/inertia.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include <Eigen/QR>

#include "hesscape/linalg/eigen_large.hpp"
#include "hesscape/numbers.hpp"

namespace hesscape {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double huge = 1e100;       // unbounded: a residual >= 1 proves nothing
constexpr double flat_ratio = 1e-3;  // zero modes are smaller than all other eigenvalues by this

// Drops columns from `kept` (and zeroes their rows and columns of r) until rho(r) < limit is
// proven; returns the bound.
double drop_until(MatrixXd& r, std::vector<char>& kept, double limit) {
  const Index n = r.rows();
  VectorXd v(n);
  VectorXd product(n);
  const auto drop = [&](Index i) {
    kept[i] = 0;
    v[i] = 0;
    r.row(i).setZero();
    r.col(i).setZero();
  };
  for (Index i = 0; i < n; ++i) {
    v[i] = 1;
    if (!kept[i] || !(r(i, i) < limit)) {
      drop(i);
    }
  }
  for (;;) {
    const auto left = static_cast<Index>(std::count(kept.begin(), kept.end(), 1));
    if (left == 0) {
      return infinity;
    }
    double bound = infinity;
    for (int step = 0; step < collatz_wielandt_steps; ++step) {
      bound = std::min(bound, collatz_wielandt_step(r, v, product));
      if (bound < limit) {
        return bound;
      }
    }
    // v is nearly the Perron vector: its largest components are what the radius is made of.
    std::vector<Index> order;
    for (Index i = 0; i < n; ++i) {
      if (kept[i]) {
        order.push_back(i);
      }
    }
    const Index batch = std::max<Index>(1, left / 32);
    std::partial_sort(order.begin(), order.begin() + batch, order.end(),
                      [&](Index a, Index b) { return v[a] > v[b]; });
    const double worst = v[order[0]];
    for (Index k = 0; k < batch && v[order[k]] >= worst / 2; ++k) {
      drop(order[k]);
    }
  }
}

// The proof for one matrix, restricted to some of its coordinates. (A principal submatrix has no
// more eigenvalues of either sign than the whole, so that a proof for it is one for the whole.)
class Prover {
 public:
  Prover(const double* h, const double* error, Index n, const std::vector<int>& exponent,
         std::vector<Index> rows, const Lapack* lapack)
      : h_(h), error_(error), n_(n), exponent_(exponent), rows_(std::move(rows)), lapack_(lapack) {}

  SignProof run(Index zero_modes, const double* gradient) {
    SignProof proof{0, 0, infinity, VectorXd::Zero(n_), VectorXd::Zero(n_)};
    const auto m = static_cast<Index>(rows_.size());
    if (m == 0 || !scale() || !decompose(zero_modes)) {
      return proof;
    }
    const auto complete = [&] { return count(kept_) >= candidates_; };
    residual();
    if (!has_error_) {
      proof.bound = drop_until(rounding_, kept_ = eligible_, 1);
    } else {
      proof.bound = by_norm();
      if (!complete()) {
        const std::vector<char> kept = std::exchange(kept_, eligible_);
        const double bound = by_entries();
        if (count(kept_) >= count(kept)) {
          proof.bound = bound;
        } else {
          kept_ = kept;
        }
      }
    }
    for (Index k = 0; k < m; ++k) {
      if (kept_[k]) {
        (lambda_[k] < 0 ? proof.n_negative : proof.n_positive) += 1;
      }
    }
    way_down(proof.way_down);
    if (gradient != nullptr) {
      newton_step(gradient, proof.newton_step);
    }
    return proof;
  }

  // The rows that remain when every pair whose scaled error exceeds the matrix itself loses a
  // coordinate.
  std::vector<Index> well_measured() const {
    const auto m = static_cast<Index>(rows_.size());
    std::vector<Index> bad(m, 0);
    for (Index j = 0; j < m; ++j) {
      bad[j] = (e_.col(j).array() > 1).count();
    }
    for (;;) {
      const auto worst = std::max_element(bad.begin(), bad.end());
      if (worst == bad.end() || *worst <= 0) {
        break;
      }
      const Index at = worst - bad.begin();
      for (Index j = 0; j < m; ++j) {
        bad[j] -= e_(at, j) > 1 ? 1 : 0;
      }
      bad[at] = -m - 1;
    }
    std::vector<Index> left;
    for (Index j = 0; j < m; ++j) {
      if (bad[j] > -m - 1) {
        left.push_back(rows_[j]);
      }
    }
    return left;
  }

 private:
  static Index count(const std::vector<char>& kept) {
    return static_cast<Index>(std::count(kept.begin(), kept.end(), 1));
  }

  // a = D H D and e = D E D; exact but for underflow, because D is made of powers of two.
  bool scale() {
    const auto m = static_cast<Index>(rows_.size());
    a_.resize(m, m);
    e_.resize(m, m);
    for (Index j = 0; j < m; ++j) {
      for (Index i = 0; i < m; ++i) {
        const Index at = rows_[i] * n_ + rows_[j];
        const int shift = exponent_[rows_[i]] + exponent_[rows_[j]];
        const double raw = error_at(error_, at);
        double error = raw > 0 ? std::ldexp(raw, shift) : 0.0;
        double value = std::ldexp(h_[at], shift);
        if (std::abs(value) >
            16) {  // larger than any significant entry: it is only error, and would rule the rest
          error += std::abs(value);
          value = 0;
        }
        a_(i, j) = value;
        e_(i, j) = error;
      }
    }
    has_error_ = e_.maxCoeff() > 0;
    return a_.allFinite();
  }

  bool decompose(Index zero_modes) {
    const auto m = static_cast<Index>(rows_.size());
    if (!eigenpairs(a_, lapack_, lambda_, v_)) {
      return false;
    }
    const double floor = 0x1p-10 * unit_roundoff * lambda_.cwiseAbs().maxCoeff();
    x_ = v_ * lambda_.cwiseAbs()
                  .cwiseMax(std::max(floor, underflow))
                  .cwiseSqrt()
                  .cwiseInverse()
                  .asDiagonal();
    eligible_.assign(static_cast<std::size_t>(m), 1);
    for (Index k = 0; k < m; ++k) {
      eligible_[k] = std::abs(lambda_[k]) > floor;
    }
    left_out_.assign(static_cast<std::size_t>(m), 0);
    const Index given = std::max<Index>(0, zero_modes - (n_ - m));
    if (given > 0 && given < m) {
      std::vector<Index> order(m);
      std::iota(order.begin(), order.end(), 0);
      std::sort(order.begin(), order.end(),
                [&](Index i, Index j) { return std::abs(lambda_[i]) < std::abs(lambda_[j]); });
      if (std::abs(lambda_[order[given - 1]]) <= flat_ratio * std::abs(lambda_[order[given]])) {
        for (Index k = 0; k < given; ++k) {
          eligible_[order[k]] = 0;
          left_out_[order[k]] = 1;
        }
      }
    }
    candidates_ = m - count(left_out_);
    kept_ = eligible_;
    return true;
  }

  // rounding = |X^T A X - J| + gamma |X|^T |A| |X|: a bound on R for an exact A. The two products
  // cost gamma_2n (Higham 2002, section 3.5); the rest of the constant is for the rounding of this
  // line, of A's mean with its transpose, and of the later sums.
  void residual() {
    const Index m = a_.rows();
    MatrixXd product = a_ * x_;
    rounding_.noalias() = x_.transpose() * product;
    rounding_.diagonal() -= lambda_.cwiseSign();
    const MatrixXd x = x_.cwiseAbs();
    const MatrixXd a = (a_.cwiseAbs() * gamma(2 * m + 16)).array() + underflow;
    product.noalias() = a * x;
    rounding_ = rounding_.cwiseAbs().eval();
    rounding_.noalias() += x.transpose() * product;
    close(rounding_);
  }

  // Makes a computed bound symmetric and finite, and rounds it up.
  static void close(MatrixXd& r) {
    const double up = 1 + gamma(2 * r.rows() + 16);
    for (Index j = 0; j < r.cols(); ++j) {
      for (Index i = 0; i <= j; ++i) {
        const double larger =
            std::isnan(r(i, j)) || std::isnan(r(j, i)) ? huge : std::max(r(i, j), r(j, i));
        r(i, j) = r(j, i) = std::min(huge, larger * up + underflow);
      }
    }
  }

  // Weyl's bound in the norm, rho(R_S) <= rho(rounding_S) + ||E|| ||X_S||^2: the sharper one when
  // errors are spread evenly.
  double by_norm() {
    const double norm = collatz_wielandt(e_);
    MatrixXd work = rounding_;
    const double rounding = drop_until(work, kept_, 0.5);
    work.noalias() = v_.transpose() *
                     v_;  // ||V||^2 <= ||V^T V||, whose rounding error is below gamma_m |V|^T |V|
    const double stretch =
        collatz_wielandt(work.cwiseAbs()) + gamma(2 * v_.rows()) * v_.squaredNorm();
    const double spread = norm * stretch * (1 + gamma(32));
    double bound = rounding;
    for (Index k = 0; k < lambda_.size(); ++k) {
      if (kept_[k]) {
        const double total = (rounding + spread / std::abs(lambda_[k])) * (1 + gamma(8));
        kept_[k] = total < 1;
        bound = kept_[k] ? std::max(bound, total) : bound;
      }
    }
    return count(kept_) > 0 ? bound : infinity;
  }

  // R <= rounding + |X|^T E |X| entrywise: the sharper one when errors differ from entry to entry.
  double by_entries() {
    const MatrixXd x = x_.cwiseAbs();
    const MatrixXd product = e_ * x;
    MatrixXd r = rounding_;
    r.noalias() += x.transpose() * product;
    close(r);
    return drop_until(r, kept_, 1);
  }

  // D times a vector of the equilibrated coordinates, as a unit vector of the original ones.
  VectorXd direction(const VectorXd& scaled) const {
    int top = insignificant;
    for (const Index row : rows_) {
      top = std::max(top, exponent_[row]);
    }
    VectorXd out = VectorXd::Zero(n_);
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      out[rows_[i]] = std::ldexp(scaled[static_cast<Index>(i)], exponent_[rows_[i]] - top);
    }
    const double largest = out.cwiseAbs().maxCoeff();
    return largest > 0 ? VectorXd((out / largest).normalized()) : out;
  }

  void way_down(VectorXd& out) const {
    Index best = -1;
    for (Index k = 0; k < lambda_.size(); ++k) {
      const bool better = best < 0 || kept_[k] > kept_[best] ||
                          (kept_[k] == kept_[best] && lambda_[k] < lambda_[best]);
      if (lambda_[k] < 0 && !left_out_[k] && better) {
        best = k;
      }
    }
    if (best >= 0) {
      out = direction(v_.col(best));
    }
  }

  // -D X_S J_S X_S^T D g, and of all such steps (they differ along the directions left out) the
  // shortest.
  void newton_step(const double* gradient, VectorXd& out) const {
    const auto m = static_cast<Index>(rows_.size());
    VectorXd scaled(m);
    for (Index i = 0; i < m; ++i) {
      scaled[i] = std::ldexp(gradient[rows_[i]], exponent_[rows_[i]]);
    }
    VectorXd weight = x_.transpose() * scaled;
    for (Index k = 0; k < m; ++k) {
      weight[k] *= kept_[k] ? (lambda_[k] < 0 ? 1.0 : -1.0) : 0.0;
    }
    const VectorXd step = x_ * weight;
    for (Index i = 0; i < m; ++i) {
      out[rows_[i]] = std::ldexp(step[i], exponent_[rows_[i]]);
    }
    const Index free = m - count(kept_);
    if (free > 0 && free < m) {
      MatrixXd flat(n_, free);
      for (Index k = 0, column = 0; k < m; ++k) {
        if (!kept_[k]) {
          flat.col(column++) = direction(v_.col(k));
        }
      }
      out -= flat * flat.householderQr().solve(out).eval();
    }
  }

  const double* h_;
  const double* error_;
  Index n_;
  const std::vector<int>& exponent_;
  std::vector<Index> rows_;
  const Lapack* lapack_;
  MatrixXd a_, e_, v_, x_, rounding_;
  VectorXd lambda_;
  std::vector<char> eligible_, kept_, left_out_;
  Index candidates_ = 0;
  bool has_error_ = false;
};

// Both proofs hold, so that each sign counts as often as the better one of them says.
SignProof better(SignProof one, SignProof other) {
  const Index negative = std::max(one.n_negative, other.n_negative);
  const Index positive = std::max(one.n_positive, other.n_positive);
  if (other.n_negative + other.n_positive > one.n_negative + one.n_positive) {
    std::swap(one, other);
  }
  if (one.n_negative == 0 && negative > 0) {
    one.way_down = other.way_down;
  }
  one.n_negative = negative;
  one.n_positive = positive;
  return one;
}

// Scales in which the errors are even, so that their norm is the best bound; the largest entry of H
// is near one. Empty if some rows are exact or some entries unknown.
std::vector<int> even_errors(const double* h, const double* error, Index n,
                             const std::vector<Index>& rows) {
  std::vector<int> exponent(static_cast<std::size_t>(n));
  equilibrate(error, nullptr, n, exponent.data());
  int top = insignificant;
  for (const Index i : rows) {
    for (const Index j : rows) {
      const Index at = i * n + j;
      if (exponent[i] == insignificant || !std::isfinite(error[at])) {
        return {};
      }
      if (h[at] != 0 && exponent[j] != insignificant) {
        top = std::max(top, std::ilogb(h[at]) + exponent[i] + exponent[j]);
      }
    }
  }
  for (const Index i : rows) {
    exponent[i] -= (top + 1) / 2;
  }
  return exponent;
}

}  // namespace

SignProof prove_one(const double* h, const double* error, Index n, Index zero_modes,
                    const double* gradient, const Lapack* lapack) {
  if (!Eigen::Map<const VectorXd>(h, n * n).allFinite()) {
    return {0, 0, infinity, VectorXd::Zero(n), VectorXd::Zero(n)};
  }
  std::vector<int> exponent(static_cast<std::size_t>(n));
  equilibrate(h, error, n, exponent.data());
  std::vector<Index> rows;
  for (Index i = 0; i < n; ++i) {
    // A row that is zero within its errors decides nothing: with zeros in their place the matrix is
    // as possible.
    if (exponent[i] != insignificant) {
      rows.push_back(i);
    }
  }
  Prover prover(h, error, n, exponent, rows, lapack);
  SignProof proof = prover.run(zero_modes, gradient);
  const auto target = std::min(static_cast<Index>(rows.size()), n - zero_modes);
  const auto open = [&] { return proof.n_negative + proof.n_positive < target; };
  if (open() && error != nullptr) {
    const std::vector<int> even = even_errors(h, error, n, rows);
    if (!even.empty()) {
      proof = better(std::move(proof),
                     Prover(h, error, n, even, rows, lapack).run(zero_modes, gradient));
    }
  }
  if (open()) {
    const std::vector<Index> fewer = prover.well_measured();
    if (!fewer.empty() && fewer.size() < rows.size()) {
      proof = better(std::move(proof),
                     Prover(h, error, n, exponent, fewer, lapack).run(zero_modes, gradient));
    }
  }
  if (zero_modes == 0) {  // a diagonal entry is v^T H v too
    for (Index i = 0; i < n; ++i) {
      const double value = h[i * n + i];
      if (std::abs(value) > error_at(error, i * n + i)) {
        if (value < 0 && proof.n_negative == 0) {
          proof.n_negative = 1;
          proof.way_down = VectorXd::Unit(n, i);
        } else if (value > 0) {
          proof.n_positive = std::max<Index>(1, proof.n_positive);
        }
      }
    }
  }
  return proof;
}

}  // namespace hesscape
