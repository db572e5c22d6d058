// Eigenvalues and eigenvectors of one large symmetric matrix, by LAPACK.
#pragma once

#include <Eigen/Core>

#include "hesscape/linalg/lapack.hpp"
#include "hesscape/linalg/symmetric.hpp"

namespace hesscape {

// Which triangle of a matrix is read, in the sense of its rows and columns (NumPy's UPLO).
enum class Triangle { lower, upper };

// Holds the workspace for matrices of one size, so that a stack allocates it once. Not shared
// between threads; the table of functions must outlive it.
template <typename T>
class LargeEigensolver {
 public:
  LargeEigensolver(const Lapack& lapack, Eigen::Index n, bool vectors);

  // a: row-major with row_stride elements from row to row (of any sign), columns adjacent. values
  // (n) ascending; vectors (n x n, row-major) has the eigenvectors as columns. False, with every
  // result NaN, when an entry is not finite or LAPACK does not converge.
  bool solve(const T* a, Eigen::Index row_stride, Triangle triangle, T* values, T* vectors);

 private:
  using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;

  bool copy(const T* a, Eigen::Index row_stride, Triangle triangle);
  int syevd(T* values);

  const Lapack* lapack_;
  Eigen::Index n_;
  bool vectors_;
  char uplo_ = 'L';
  Matrix a_;  // Eigen leaves memory uninitialised: clearing it costs time at every size
  Eigen::Matrix<T, Eigen::Dynamic, 1> work_;
  Eigen::VectorXi iwork_;
};

inline constexpr Eigen::Index lapack_from = 40;  // it is faster than Eigen from here on

// Eigenvalues, ascending, and the eigenvectors as columns: by LAPACK for large n, by Eigen for
// small ones or where lapack is null. False if it fails.
bool eigenpairs(const Eigen::Ref<const RowMatrix>& a, const Lapack* lapack, Eigen::VectorXd& values,
                Eigen::MatrixXd& vectors);

}  // namespace hesscape
