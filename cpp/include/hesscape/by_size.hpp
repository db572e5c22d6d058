// Which size of matrix takes which algorithm: one matrix a lane (eigen_stack, ldlt_stack) or one
// after the other by LAPACK (eigen_large, inertia_large).
#pragma once

#include <Eigen/Core>

namespace hesscape {

enum class Task { values, vectors, signs };

// A pack costs the same however few of its lanes are used. Up to largest_n, packs are faster when
// at least this part of the lanes is. (bench/stacks.py prints the times that this is read from.)
struct SizeRange {
  Eigen::Index largest_n;
  double values;
  double vectors;
  double signs;
};
inline constexpr double never = 1e300;
inline constexpr SizeRange size_ranges[] = {
    {8, 0, 0, 0},        {16, 0.2, 0.3, 0.2},   {32, 0.3, 0.5, 0.3},
    {64, 0.5, 0.9, 0.5}, {96, 0.5, never, 0.5},
};

// Whether a stack of `count` matrices is worked on one matrix a lane.
bool across(Task task, Eigen::Index n, Eigen::Index count);

}  // namespace hesscape
