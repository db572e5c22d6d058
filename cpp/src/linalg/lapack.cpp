#include "hesscape/linalg/lapack.hpp"

#include <algorithm>

namespace hesscape {
namespace {

using Eigen::Index;

// Fortran takes everything by a pointer that is not const, also what it only reads.
double* in(const double* p) { return const_cast<double*>(p); }

}  // namespace

int cholesky(const Lapack& lapack, Index n, double* a, Index ld) {
  char lower = 'L';
  int order = static_cast<int>(n);
  int lda = static_cast<int>(ld);
  int info = 0;
  lapack.dpotrf(&lower, &order, a, &lda, &info);
  return info;
}

void solve_right(const Lapack& lapack, Index m, Index n, const double* l, double* b, Index ld) {
  char right = 'R';
  char lower = 'L';
  char transposed = 'T';
  char not_unit = 'N';
  int rows = static_cast<int>(m);
  int order = static_cast<int>(n);
  int lda = static_cast<int>(ld);
  double one = 1;
  lapack.dtrsm(&right, &lower, &transposed, &not_unit, &rows, &order, &one, in(l), &lda, b, &lda);
}

void subtract_square(const Lapack& lapack, Index n, Index k, const double* b, double* c, Index ld) {
  char lower = 'L';
  char as_is = 'N';
  int order = static_cast<int>(n);
  int columns = static_cast<int>(k);
  int lda = static_cast<int>(ld);
  double minus = -1;
  double one = 1;
  lapack.dsyrk(&lower, &as_is, &order, &columns, &minus, in(b), &lda, &one, c, &lda);
}

Index ldlt_workspace(const Lapack& lapack, Index n) {
  char lower = 'L';
  int order = static_cast<int>(std::max<Index>(n, 1));
  int query = -1;
  int info = 0;
  int pivot = 0;
  double a = 0;
  double size = 1;
  lapack.dsytrf(&lower, &order, &a, &order, &pivot, &size, &query, &info);
  return static_cast<Index>(size);
}

int ldlt(const Lapack& lapack, Index n, double* a, Index ld, int* pivots, double* work,
         Index lwork) {
  char lower = 'L';
  int order = static_cast<int>(n);
  int lda = static_cast<int>(ld);
  int size = static_cast<int>(lwork);
  int info = 0;
  lapack.dsytrf(&lower, &order, a, &lda, pivots, work, &size, &info);
  return info;
}

}  // namespace hesscape
