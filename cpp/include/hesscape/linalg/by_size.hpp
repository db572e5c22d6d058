// Which size of matrix takes which algorithm: one matrix a lane (eigen_stack, ldlt_stack) or one
// after the other by LAPACK (eigen_large, inertia_large).
#pragma once

#include <Eigen/Core>

namespace hesscape {

enum class Task { values, vectors, signs };

// A pack costs the same however few of its lanes are used. Up to largest_n, packs are faster when
// at least this part of the lanes is (bench/stacks.py --crossover prints it).
struct SizeRange {
  Eigen::Index largest_n;
  double values;
  double vectors;
  double signs;
};
inline constexpr double never = 1e300;
inline constexpr SizeRange size_ranges[] = {
    {8, 0, 0, 0},             // always
    {16, 0.15, 0.2, 0.15},    //
    {32, 0.15, 0.25, 0.25},   //
    {64, 0.25, 0.55, 0.25},   //
    {96, 0.3, 0.9, 0.45},     //
    {128, 0.4, never, 0.55},  // a pack fills the second cache
};

// Whether a stack of `count` matrices is worked on one matrix a lane.
bool across(Task task, Eigen::Index n, Eigen::Index count);

}  // namespace hesscape
