// What Eigen's own decompositions say, compiled once for all tests.
#pragma once

#include <Eigen/Core>

namespace hesscape::reference {

// Ascending, of a symmetric matrix.
Eigen::VectorXd eigenvalues(const Eigen::MatrixXd& a);
// The same, with the eigenvectors in the columns of `vectors`.
Eigen::VectorXd eigenvalues(const Eigen::MatrixXd& a, Eigen::MatrixXd& vectors);
// Q of a = QR.
Eigen::MatrixXd orthogonal_factor(const Eigen::MatrixXd& a);
// The symmetric matrix Q diag(values) Qᵀ.
Eigen::MatrixXd with_spectrum(const Eigen::MatrixXd& q, const Eigen::VectorXd& values);

}  // namespace hesscape::reference
