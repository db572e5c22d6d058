// Long vectors in blocks of rows that stay in the cache while they are used twice, and the rounding
// of sums that are formed so.
#pragma once

#include <algorithm>

#include <Eigen/Core>

#include "hesscape/linalg/symmetric.hpp"

namespace hesscape {

inline constexpr Eigen::Index cache_doubles = 32768;
inline constexpr Eigen::Index longest_sum = 2048;  // rows that are summed before partial sums are

inline Eigen::Index rows_of(Eigen::Index columns) {
  return std::clamp<Eigen::Index>(cache_doubles / std::max<Eigen::Index>(1, columns), 64,
                                  longest_sum);
}

// Rounding of sums over the n rows of a matrix that are formed block by block.
inline double sum_rounding(Eigen::Index n, Eigen::Index columns) {
  const Eigen::Index rows = std::max<Eigen::Index>(1, std::min(n, rows_of(columns)));
  return gamma(rows + n / rows + 2);
}

// Calls body(first row, number of rows) for blocks of rows that fit into the cache.
template <typename Body>
void by_rows(Eigen::Index n, Eigen::Index columns, const Body& body) {
  const Eigen::Index most = rows_of(columns);
  for (Eigen::Index row = 0; row < n; row += most) body(row, std::min(most, n - row));
}

}  // namespace hesscape
