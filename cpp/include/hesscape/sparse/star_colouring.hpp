// Colours for the coordinates, so that displacing all of one colour at once tells entries of H
// apart.
#pragma once

#include <Eigen/Core>

#include "hesscape/sparse/sparse_pattern.hpp"

namespace hesscape {

// A star colouring of the graph of H: neighbours differ, and every path of four vertices has at
// least three colours, so that two colours together form stars. For every entry (i, j) it follows
// that j is the only one of its colour next to i, or i the only one of its colour next to j: the
// product of H with the sum of one colour shows the entry by itself (Coleman, Moré 1984). Greedy,
// with the stars kept (Gebremedhin, Tarafdar, Manne, Pothen 2007, algorithm 4.1): colours from 0.
Eigen::VectorXi star_colouring(const SparsePattern& pattern);

}  // namespace hesscape
