// Signs of the eigenvalues of many small symmetric matrices at once, one matrix a lane, proven by
// two shifted factorisations.
//
// With T = diag(t) > 0 the computed factors of A + T satisfy L D L^T = A + T + F, where
//     |F| <= g G,  G = |L| |D| |L|^T,  g = gamma_(n+16)
// (Higham 2002, section 9.3, and a few roundings more for the shift and the reciprocals). G is
// positive semidefinite, so that |x|^T G |x| <= (sum_i G_ii / t_i) x^T T x: if g sum_i G_ii / t_i
// <= 1, the quadratic form of A is negative wherever that of L D L^T is, and by Sylvester's law and
// the minimax theorem A has at least as many negative eigenvalues as D. The same holds for A - T
// and positive ones. Errors |A - H| <= E and a tolerance z enter as t_i += sum_j E_ij y_j / y_i +
// z, any y > 0 (Collatz and Wielandt): the signs are those of every such H, and of H -+ z I.
#pragma once

#include <cstdint>
#include <vector>

#include "hesscape/linalg/matrix_stack.hpp"

namespace hesscape {

// |A - H| <= error: nothing known to be wrong (data null), one number a matrix, or one an entry.
// The strides are zero where matrices or entries share theirs.
struct ErrorStack {
  const double* data = nullptr;
  Eigen::Index stride = 0;
  Eigen::Index row = 0;
  Eigen::Index column = 0;
};

// Writes (proven negative, others, proven positive) a matrix, proven beyond -+zero_tol. Returns the
// matrices with others, for which a proof that pivots may find more.
std::vector<Eigen::Index> ldlt_stack(const MatrixStack& stack, const ErrorStack& error,
                                     double zero_tol, std::int64_t* inertia);

}  // namespace hesscape
