#include "hesscape/linalg/eigen_large.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include <Eigen/Eigenvalues>

namespace hesscape {
namespace {

using Eigen::Index;

constexpr Index tile = 32;

auto* driver(const Lapack& lapack, double /*type*/) { return lapack.dsyevd; }
auto* driver(const Lapack& lapack, float /*type*/) { return lapack.ssyevd; }

}  // namespace

template <typename T>
LargeEigensolver<T>::LargeEigensolver(const Lapack& lapack, Index n, bool vectors)
    : lapack_(&lapack), n_(n), vectors_(vectors), work_(1), iwork_(1) {
  if (n > lapack_max_n) {
    throw std::length_error("n: more than LAPACK's 32-bit workspaces allow");
  }
  a_.resize(n, n);
  T unused = 0;
  char jobz = vectors_ ? 'V' : 'N';
  int order = static_cast<int>(std::max<Index>(n, 1));
  int query = -1;
  int info = 0;
  driver(lapack, T())(&jobz, &uplo_, &order, &unused, &order, &unused, work_.data(), &query,
                      iwork_.data(), &query, &info);
  // float cannot tell every integer, so that the size that it tells is rounded up
  const T size = work_[0] * (1 + 2 * std::numeric_limits<T>::epsilon());
  work_.resize(static_cast<Index>(size) + 1);
  iwork_.resize(std::max(1, iwork_[0]));
}

// Puts the triangle into LAPACK's lower one, with which it is fastest; false if it is not finite.
// Our upper triangle is that already, because a row here is a column there. Our lower one is
// transposed in tiles, both sides of which stay in the first cache.
template <typename T>
bool LargeEigensolver<T>::copy(const T* a, Index row_stride, Triangle triangle) {
  using Row = Eigen::Map<const Eigen::Matrix<T, 1, Eigen::Dynamic>>;
  T zero = 0;
  for (Index i = 0; i < n_; ++i) {
    const bool lower = triangle == Triangle::lower;
    const Row row(a + i * row_stride + (lower ? 0 : i), lower ? i + 1 : n_ - i);
    zero += (row * T(0)).sum();  // 0 * inf and 0 * nan are not zero
    if (!lower) {
      a_.col(i).tail(n_ - i) = row.transpose();
    }
  }
  for (Index first = 0; triangle == Triangle::lower && first < n_; first += tile) {
    const Index last = std::min(n_, first + tile);
    for (Index j = 0; j < last; j += tile) {
      const Index width = std::min(tile, last - j);
      for (Index i = first; i < last; ++i) {
        a_.row(i).segment(j, width) = Row(a + i * row_stride + j, width);
      }
    }
  }
  return zero == 0;
}

template <typename T>
int LargeEigensolver<T>::syevd(T* values) {
  char jobz = vectors_ ? 'V' : 'N';
  int order = static_cast<int>(n_);
  int lwork = static_cast<int>(work_.size());
  int liwork = static_cast<int>(iwork_.size());
  int info = 0;
  driver(*lapack_, T())(&jobz, &uplo_, &order, a_.data(), &order, values, work_.data(), &lwork,
                        iwork_.data(), &liwork, &info);
  return info;
}

template <typename T>
bool LargeEigensolver<T>::solve(const T* a, Index row_stride, Triangle triangle, T* values,
                                T* vectors) {
  if (n_ == 0) {
    return true;
  }
  if (!copy(a, row_stride, triangle) || syevd(values) != 0) {
    const T nan = std::numeric_limits<T>::quiet_NaN();
    std::fill_n(values, n_, nan);
    if (vectors_) {
      std::fill_n(vectors, n_ * n_, nan);
    }
    return false;
  }
  if (vectors_) {
    Eigen::Map<Matrix> rows(vectors, n_, n_);
    for (Index j = 0; j < n_; j += tile) {
      const Index width = std::min(tile, n_ - j);
      for (Index i = 0; i < n_; i += tile) {
        const Index height = std::min(tile, n_ - i);
        rows.block(j, i, width, height) = a_.block(i, j, height, width).transpose();
      }
    }
  }
  return true;
}

template class LargeEigensolver<double>;
template class LargeEigensolver<float>;

bool eigenpairs(const Eigen::Ref<const RowMatrix>& a, const Lapack* lapack, Eigen::VectorXd& values,
                Eigen::MatrixXd& vectors) {
  const Index n = a.rows();
  if (lapack != nullptr && n >= lapack_from) {
    RowMatrix rows(n, n);
    values.resize(n);
    LargeEigensolver<double> solver(*lapack, n, true);
    const bool ok =
        solver.solve(a.data(), a.outerStride(), Triangle::lower, values.data(), rows.data());
    vectors = rows;
    return ok;
  }
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(a);
  values = solver.eigenvalues();
  vectors = solver.eigenvectors();
  return solver.info() == Eigen::Success && vectors.allFinite();
}

}  // namespace hesscape
