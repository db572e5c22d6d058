// What of a block of long vectors is new to an orthonormal basis, as further columns of it.
#pragma once

#include <Eigen/Core>

namespace hesscape {

// vectors = basis * coefficients + d + rounding, with columns d_j as long as `dropped` says.
struct Addition {
  bool finite = true;      // else the vectors are not, or are too large to square
  Eigen::Index added = 0;  // columns, fewer than vectors where these depend on others
  Eigen::MatrixXd
      coefficients;  // in the columns that there were, and then in those that were added
  Eigen::VectorXd dropped;
  Eigen::VectorXd rounding;  // bound of its Euclidean norm, for each vector
};

// The first `count` columns of the basis are orthonormal; columns are added after them, where there
// must be room for all vectors. No column is added for what rounding may have made.
Addition append(Eigen::MatrixXd& basis, Eigen::Index count,
                const Eigen::Ref<const Eigen::MatrixXd>& vectors);

}  // namespace hesscape
