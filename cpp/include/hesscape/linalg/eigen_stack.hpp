// Eigenvalues and eigenvectors of many small symmetric matrices at once, one matrix a lane.
//
// Householder tridiagonalisation, then QL with Wilkinson's shift (Parlett 1998, chapters 7 and 8):
// square-root free for eigenvalues alone (Pal, Walker and Kahan; Parlett 1998, section 8.15). The
// shift for the last three rows is an eigenvalue in closed form, the last two rows are one Jacobi
// rotation. A matrix has the same result, to the bit, in every lane and beside any neighbours.
#pragma once

#include "hesscape/linalg/matrix_stack.hpp"

namespace hesscape {

// Writes n ascending eigenvalues a matrix, within a few n eps |A|. A matrix that is not finite gets
// NaN.
void eigvalsh_stack(const MatrixStack& stack, double* values);

// Writes n x n eigenvectors a matrix too, as the columns of a row-major matrix.
void eigh_stack(const MatrixStack& stack, double* values, double* vectors);

}  // namespace hesscape
