// How many eigenvalues of a symmetric matrix are proven negative and positive, when its entries are
// known with errors.
//
// Given symmetric A and E >= 0 with |A - H| <= E entrywise, the proof is a congruence to signs.
// With A = V L V^T after equilibration and X = V |L|^(-1/2), columns S of X give
//     X_S^T H X_S = J_S + R,   J = sign(L),
// and where rho(|R|) < 1 Weyl's inequality keeps the signs of J_S. By Sylvester's law and the
// minimax theorem, H then has at least as many negative and positive eigenvalues as J_S. A and X
// may be as wrong as they like: only the bound on R has to hold, and every rounding error is part
// of it (Higham 2002, sections 3.1 and 3.5).
#pragma once

#include <cstdint>

#include <Eigen/Core>

#include "hesscape/linalg/lapack.hpp"
#include "hesscape/linalg/symmetric.hpp"
#include "hesscape/numbers.hpp"

namespace hesscape {

// What is proven of one matrix.
struct SignProof {
  Eigen::Index n_negative = 0;  // proven negative eigenvalues
  Eigen::Index n_positive = 0;
  // On rho(R) over the columns that make the proof; infinite where there are none.
  double bound = infinity;
  // Unit vector, most negative relative to the scales of the coordinates; 0 if none.
  Eigen::VectorXd way_down;
  // To the stationary point of the model along the proven directions (if a gradient was given).
  Eigen::VectorXd newton_step;
};

// Proves signs by congruence. zero_modes directions may be flat by the caller's knowledge: when as
// many eigenvalues of the equilibrated matrix are 1000 times smaller than all others, they are left
// out of the count even where their sign could be proven. error and gradient may be null; lapack
// too, and gives the eigenvectors of large matrices sooner.
SignProof prove_one(const double* h, const double* error, Eigen::Index n, Eigen::Index zero_modes,
                    const double* gradient, const Lapack* lapack = nullptr);

// The same for a stack, one entry or row a matrix.
struct SignProofs {
  Eigen::Matrix<std::int64_t, Eigen::Dynamic, 1> n_negative;
  Eigen::Matrix<std::int64_t, Eigen::Dynamic, 1> n_positive;
  Eigen::VectorXd bound;
  RowMatrix way_down;
  RowMatrix newton_step;
};

struct Spectra {
  RowMatrix values;   // ascending
  RowMatrix vectors;  // (N*n, n): the eigenvectors of matrix k are the columns of rows k*n ...
                      // (k+1)*n - 1
  RowMatrix error;    // |computed - true| <= error for each
};

// Small matrices without zero modes and gradient are factorised first, one a lane (ldlt_stack).
// That settles them without a bound, unless it is needed for the errors of the eigenvalues, which
// it bounds when the matrix is definite; the rest go to prove_one.
SignProofs prove_signs(const SymmetricStack& stack, Eigen::Index zero_modes, const double* gradient,
                       const Lapack* lapack = nullptr);

// Eigenvalues, with vectors and the bound ||E||_2 + 10 n eps max|lambda| (Weyl, and the backward
// error of the solvers that the tests allow). Where `relative` is below one, no quadratic form is
// off by more than that part of itself, which bounds relative errors. lapack as above.
Spectra spectra(const SymmetricStack& stack, const Eigen::VectorXd& relative,
                const Lapack* lapack = nullptr);

}  // namespace hesscape
