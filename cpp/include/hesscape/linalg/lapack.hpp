// LAPACK as a table of functions that the caller supplies, so that the core links to none: the
// Python bindings take them from SciPy, the C++ tests bring simple ones of their own.
#pragma once

#include <Eigen/Core>

namespace hesscape {

// Fortran's interfaces with 32-bit integers. All are re-entrant.
struct Lapack {
  using Trsm = void(char* side, char* uplo, char* trans, char* diag, int* m, int* n, double* alpha,
                    double* a, int* lda, double* b, int* ldb);
  using Syrk = void(char* uplo, char* trans, int* n, int* k, double* alpha, double* a, int* lda,
                    double* beta, double* c, int* ldc);
  using Potrf = void(char* uplo, int* n, double* a, int* lda, int* info);
  using Sytrf = void(char* uplo, int* n, double* a, int* lda, int* pivots, double* work, int* lwork,
                     int* info);
  template <typename T>
  using Syevd = void(char* jobz, char* uplo, int* n, T* a, int* lda, T* w, T* work, int* lwork,
                     int* iwork, int* liwork, int* info);

  Trsm* dtrsm = nullptr;
  Syrk* dsyrk = nullptr;
  Potrf* dpotrf = nullptr;
  Sytrf* dsytrf = nullptr;
  Syevd<double>* dsyevd = nullptr;
  Syevd<float>* ssyevd = nullptr;
};

// The largest n for which every workspace that LAPACK asks for is counted by 32 bits.
inline constexpr Eigen::Index lapack_max_n = 32000;

// The calls below work on the lower triangle of a column-major matrix of leading dimension ld, the
// upper one of a row-major matrix. They return LAPACK's info.

// A = L L^T; info > 0 is the first pivot (from 1) that is not positive: columns before it are done.
int cholesky(const Lapack& lapack, Eigen::Index n, double* a, Eigen::Index ld);

// B <- B L^-T, B with m rows and L with n.
void solve_right(const Lapack& lapack, Eigen::Index m, Eigen::Index n, const double* l, double* b,
                 Eigen::Index ld);

// C <- C - B B^T, C with n rows and B with k columns.
void subtract_square(const Lapack& lapack, Eigen::Index n, Eigen::Index k, const double* b,
                     double* c, Eigen::Index ld);

// How many doubles `ldlt` wants as workspace, and A = L D L^T with the pivoting of Bunch and
// Kaufman; info > 0 says that a pivot is exactly zero.
Eigen::Index ldlt_workspace(const Lapack& lapack, Eigen::Index n);
int ldlt(const Lapack& lapack, Eigen::Index n, double* a, Eigen::Index ld, int* pivots,
         double* work, Eigen::Index lwork);

}  // namespace hesscape
