#include "hesscape/krylov/lanczos.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <Eigen/Eigenvalues>

#include "hesscape/krylov/orthogonal.hpp"
#include "hesscape/krylov/row_blocks.hpp"
#include "hesscape/linalg/symmetric.hpp"
#include "hesscape/numbers.hpp"

namespace hesscape {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

class Writer {
 public:
  template <typename T>
  void operator()(const T& value) {
    if constexpr (std::is_trivially_copyable_v<T>) {
      append(&value, sizeof(T));
    } else {
      const Index shape[] = {value.rows(), value.cols()};
      append(shape, sizeof(shape));
      append(value.data(), static_cast<std::size_t>(value.size()) * sizeof(double));
    }
  }
  std::string bytes;

 private:
  void append(const void* data, std::size_t size) {
    bytes.append(static_cast<const char*>(data), size);
  }
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  template <typename T>
  void operator()(T& value) {
    if constexpr (std::is_trivially_copyable_v<T>) {
      take(&value, sizeof(T));
    } else {
      Index shape[2] = {0, 0};
      take(shape, sizeof(shape));
      const auto most = static_cast<Index>(bytes_.size() / sizeof(double));
      check(shape[0] >= 0 && shape[1] >= 0 && (shape[1] == 0 || shape[0] <= most / shape[1]));
      value.resize(shape[0], shape[1]);
      take(value.data(), static_cast<std::size_t>(value.size()) * sizeof(double));
    }
  }
  static void check(bool right) {
    if (!right) throw std::invalid_argument("bytes must be all of what save gave");
  }
  bool done() const { return bytes_.empty(); }

 private:
  void take(void* data, std::size_t size) {
    check(size <= bytes_.size());
    if (size > 0) std::memcpy(data, bytes_.data(), size);
    bytes_.remove_prefix(size);
  }
  std::string_view bytes_;
};

void check_lengths(bool equal) {
  if (!equal) throw std::invalid_argument("all vectors must be of one length");
}

}  // namespace

std::string_view message(Krylov status) {
  switch (status) {
    case Krylov::open:
      return "another product narrows the bounds";
    case Krylov::not_finite:
      return "the product was refused, being not finite or too large to square; tell it again";
    case Krylov::exhausted:
      return "the products told so far span an invariant subspace; no other tells more";
  }
  return "unknown status";
}

Quotient rayleigh(const Eigen::Ref<const VectorXd>& u, const Eigen::Ref<const VectorXd>& p) {
  check_lengths(u.size() == p.size());
  double up = 0.0;
  double uu = 0.0;
  double pp = 0.0;
  by_rows(u.size(), 1, [&](Index row, Index count) {
    const auto ub = u.segment(row, count);
    const auto pb = p.segment(row, count);
    up += ub.dot(pb);
    uu += ub.squaredNorm();
    pp += pb.squaredNorm();
  });
  const double unit = sum_rounding(u.size(), 1);
  return {up / uu, 4.0 * unit * std::sqrt(pp / uu)};
}

void displace(const Eigen::Ref<const VectorXd>& x, const Eigen::Ref<const VectorXd>& v, double step,
              Eigen::Ref<VectorXd> out) {
  check_lengths(x.size() == v.size() && x.size() == out.size());
  out = x + step * v;
}

void accumulate(const Eigen::Ref<const VectorXd>& g, double a, Eigen::Ref<VectorXd> first, double b,
                Eigen::Ref<VectorXd> second) {
  check_lengths(g.size() == first.size() && g.size() == second.size());
  by_rows(g.size(), 1, [&](Index row, Index rows) {
    const auto part = g.segment(row, rows);
    first.segment(row, rows) += a * part;
    second.segment(row, rows) += b * part;
  });
}

Lanczos::Lanczos(const Eigen::Ref<const MatrixXd>& start,
                 const Eigen::Ref<const MatrixXd>& zero_modes, int limit)
    : modes_(static_cast<int>(zero_modes.cols())),
      limit_(static_cast<int>(std::min<Index>(limit, start.rows() - zero_modes.cols()))),
      basis_(start.rows(), zero_modes.cols() + limit_ + start.cols()),
      projected_(MatrixXd::Zero(limit_, limit_)),
      error_(VectorXd::Zero(limit_)) {
  if (limit_ < 1 || limit < 4 * std::max<Index>(1, start.cols())) {
    throw std::invalid_argument(
        "limit must be 4 or more for each column of start, and zero_modes fewer than coordinates");
  }
  basis_.leftCols(modes_) = zero_modes;
  width_ = static_cast<int>(append(basis_, modes_, start).added);
  if (width_ < 1) {
    throw std::invalid_argument("start must be finite, and not in the span of zero_modes");
  }
  expected_ = MatrixXd::Zero(limit_, width_);
}

Eigen::Map<const MatrixXd> Lanczos::ask() const {
  return {basis_.col(modes_ + size_).data(), n(), width_};
}

bool Lanczos::tell(const Eigen::Ref<const MatrixXd>& products,
                   const Eigen::Ref<const VectorXd>& errors) {
  if (status_ == Krylov::exhausted) {
    throw std::invalid_argument("no product is asked for: the basis is exhausted");
  }
  if (products.rows() != n() || products.cols() != width_) {
    throw std::invalid_argument("products must have the shape of what was asked");
  }
  if (errors.size() != width_ || !(errors.array() >= 0.0).all()) {
    throw std::invalid_argument("errors must be one for each product, and >= 0");
  }
  const Addition next = append(basis_, modes_ + size_ + width_, products);
  if (!next.finite) {
    status_ = Krylov::not_finite;
    return false;
  }
  products_ += width_;
  extend(next, errors);
  width_ = static_cast<int>(next.added);
  status_ = width_ > 0 ? Krylov::open : Krylov::exhausted;
  beside_ = next.coefficients.bottomRows(width_);
  const bool full = size_ == n() - modes_;  // there is no direction that is not seen
  dropped_ = full ? 0.0 : std::hypot(dropped_, next.dropped.norm());
  expected_ = MatrixXd::Zero(limit_, width_);
  expected_.middleRows(size_ - beside_.cols(), beside_.cols()) = beside_.transpose();
  solve();
  if (status_ == Krylov::open && size_ + width_ > limit_) restart();
  return true;
}

// With HV = VT + rest + F, what symmetry would have made zero is halved between T and F.
void Lanczos::extend(const Addition& next, const Eigen::Ref<const VectorXd>& errors) {
  const auto seen = next.coefficients.middleRows(modes_, size_);
  const auto inner = next.coefficients.middleRows(modes_ + size_, width_);
  const MatrixXd outer = 0.5 * (seen - expected_.topRows(size_));
  const MatrixXd skew = 0.5 * (inner - inner.transpose());
  projected_.block(0, size_, size_, width_) = seen - outer;
  projected_.block(size_, 0, width_, size_) = (seen - outer).transpose();
  projected_.block(size_, size_, width_, width_) = inner - skew;
  error_.segment(size_, width_) = errors + next.rounding + next.dropped;
  for (int j = 0; j < width_; ++j) {
    error_[size_ + j] += std::hypot(outer.col(j).norm(), skew.col(j).norm());
  }
  error_.head(size_) += outer.rowwise().norm();
  kept_error_ += outer.topRows(kept_).norm();
  asymmetry_ += 4.0 * outer.squaredNorm() + 2.0 * skew.squaredNorm();
  samples_ += outer.size() + static_cast<std::int64_t>(width_) * (width_ - 1) / 2;
  size_ += width_;
}

void Lanczos::solve() {
  const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(projected_.topLeftCorner(size_, size_));
  values_ = solver.eigenvalues();
  rotation_ = solver.eigenvectors();
  const double norm = values_.cwiseAbs().maxCoeff();
  const double solving = 10.0 * static_cast<double>(size_) * epsilon * norm;
  const double loss = orthogonality_loss();
  const VectorXd error = rotation_.cwiseAbs().transpose() * error_.head(size_);
  const MatrixXd rest = beside_ * rotation_.bottomRows(beside_.cols());
  residuals_ = error.cwiseMin(total_error()) + rest.colwise().norm().transpose();
  residuals_ = (residuals_.array() + solving + loss * norm) * (1.0 + 4.0 * loss);
}

double Lanczos::backward_error() const {
  const double norm = values_.size() > 0 ? values_.cwiseAbs().maxCoeff() : 0.0;
  const double solving = 10.0 * static_cast<double>(size_) * epsilon;
  return total_error() + (solving + orthogonality_loss()) * norm;
}

double Lanczos::total_error() const {
  const double kept = std::min(kept_error_, error_.head(kept_).norm());
  return std::hypot(kept, error_.segment(kept_, size_ - kept_).norm());
}

double Lanczos::orthogonality_loss() const {
  const int columns = modes_ + size_ + width_;
  return 2.0 * static_cast<double>(columns) * sum_rounding(n(), columns);
}

double Lanczos::coupling() const { return std::hypot(beside_.norm(), dropped_); }

double Lanczos::asymmetry() const {
  return samples_ > 0 ? std::sqrt(asymmetry_ / static_cast<double>(samples_)) : 0.0;
}

VectorXd Lanczos::vector(int i) const {
  if (i < 0 || i >= values_.size()) throw std::invalid_argument("i must number a Ritz value");
  // After a restart the basis consists of the Ritz vectors that it kept.
  const auto kept = basis_.middleCols(modes_, rotation_.rows());
  VectorXd out(n());
  by_rows(n(), kept.cols(), [&](Index row, Index rows) {
    out.segment(row, rows).noalias() = kept.middleRows(row, rows) * rotation_.col(i);
  });
  return out;
}

// Keeps Ritz vectors from both ends, as many as half of the basis.
void Lanczos::restart() {
  const int low = std::max(1, limit_ / 4);
  const int keep = 2 * low;
  MatrixXd chosen(size_, keep);
  chosen << rotation_.leftCols(low), rotation_.rightCols(low);
  const auto old = basis_.middleCols(modes_, size_);
  MatrixXd block;
  by_rows(n(), size_ + keep, [&](Index row, Index rows) {
    block.noalias() = old.middleRows(row, rows) * chosen;
    basis_.block(row, modes_, rows, keep) = block;
  });
  for (int j = 0; j < width_; ++j) basis_.col(modes_ + keep + j) = basis_.col(modes_ + size_ + j);

  VectorXd values(keep);
  values << values_.head(low), values_.tail(low);
  const double norm = values_.cwiseAbs().maxCoeff();
  const auto k = static_cast<double>(size_);
  const double rounding = (gamma(size_) * std::sqrt(k) + 10.0 * k * epsilon) * norm;
  const double whole = total_error();
  const VectorXd error = chosen.cwiseAbs().transpose() * error_.head(size_);
  error_.head(keep) = error.cwiseMin(whole).array() + rounding;
  kept_error_ = whole + rounding * std::sqrt(static_cast<double>(keep));
  kept_ = keep;
  projected_.setZero();
  projected_.diagonal().head(keep) = values;
  expected_.setZero();
  expected_.topRows(keep) = (beside_ * chosen.bottomRows(beside_.cols())).transpose();
  // What is left to ask about: the Ritz pairs that were kept, in a basis of themselves.
  VectorXd residuals(keep);
  residuals << residuals_.head(low), residuals_.tail(low);
  residuals_ = residuals;
  values_ = values;
  rotation_ = MatrixXd::Identity(keep, keep);
  size_ = keep;
  ++restarts_;
}

template <typename Self, typename Archive>
void Lanczos::each(Self& self, Archive& archive) {
  archive(self.modes_);
  archive(self.limit_);
  archive(self.size_);
  archive(self.width_);
  archive(self.projected_);
  archive(self.expected_);
  archive(self.error_);
  archive(self.kept_);
  archive(self.kept_error_);
  archive(self.values_);
  archive(self.residuals_);
  archive(self.rotation_);
  archive(self.beside_);
  archive(self.dropped_);
  archive(self.asymmetry_);
  archive(self.samples_);
  archive(self.products_);
  archive(self.restarts_);
  archive(self.status_);
}

std::string Lanczos::save() const {
  Writer writer;
  each(*this, writer);
  writer(basis_.leftCols(modes_ + size_ + width_).eval());  // the rest has no meaning yet
  return std::move(writer.bytes);
}

Lanczos Lanczos::restore(std::string_view bytes) {
  Lanczos out;
  Reader reader(bytes);
  each(out, reader);
  MatrixXd used;
  reader(used);
  Reader::check(reader.done() && out.consistent() && used.rows() > 0 &&
                used.cols() == out.modes_ + out.size_ + out.width_);
  out.basis_.resize(used.rows(), out.modes_ + out.limit_ + std::max(out.width_, 1));
  out.basis_.leftCols(used.cols()) = used;
  return out;
}

bool Lanczos::consistent() const {
  const Index k = values_.size();
  const bool counts = modes_ >= 0 && limit_ >= 1 && size_ >= 0 && width_ >= 0 && kept_ >= 0 &&
                      kept_ <= size_ && size_ + width_ <= limit_;
  return counts && projected_.rows() == limit_ && projected_.cols() == limit_ &&
         expected_.rows() == limit_ && expected_.cols() == width_ && error_.size() == limit_ &&
         residuals_.size() == k && rotation_.rows() == k && rotation_.cols() == k && k <= limit_ &&
         beside_.cols() <= limit_ && status_ <= Krylov::exhausted;
}

}  // namespace hesscape
