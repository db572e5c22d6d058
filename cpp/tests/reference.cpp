#include "reference.hpp"

#include <Eigen/Eigenvalues>
#include <Eigen/QR>

namespace hesscape::reference {

using Eigen::MatrixXd;
using Eigen::VectorXd;

VectorXd eigenvalues(const MatrixXd& a) {
  MatrixXd vectors;
  return eigenvalues(a, vectors);
}

VectorXd eigenvalues(const MatrixXd& a, MatrixXd& vectors) {
  const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(a);
  vectors = solver.eigenvectors();
  return solver.eigenvalues();
}

MatrixXd orthogonal_factor(const MatrixXd& a) {
  return Eigen::HouseholderQR<MatrixXd>(a).householderQ();
}

MatrixXd with_spectrum(const MatrixXd& q, const VectorXd& values) {
  const MatrixXd a = q * values.asDiagonal() * q.transpose();
  return (a + a.transpose()) / 2;
}

}  // namespace hesscape::reference
