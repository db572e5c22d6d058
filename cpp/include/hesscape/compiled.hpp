// Functions that are machine code at an address: called at one point after the other, without
// Python.
#pragma once

#include <Eigen/Core>

namespace hesscape {

// As of scipy.integrate.nquad; `x` is to be read only, and nothing may be thrown.
struct CompiledFunction {
  using WithData = double(int n, double* x, void* data);
  using Alone = double(int n, double* x);

  WithData* with_data = nullptr;
  Alone* alone = nullptr;  // called where there is none with data
  void* data = nullptr;
};

struct CompiledGradient {
  using WithData = void(int n, double* x, double* gradient, void* data);

  WithData* with_data = nullptr;
  void* data = nullptr;
};

// Points that are rows, wherever their coordinates are in memory; read in place where those of a
// point are neighbours.
using PointsView =
    Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>,
               Eigen::Unaligned, Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>>;

// Evaluates points from `first` on until all are done or a moment has passed, so that the caller
// may look whether somebody wants it to stop; returns the first that is left.
Eigen::Index evaluate(const CompiledFunction& f, const PointsView& points, Eigen::Index first,
                      double* values);
// The same for gradients, which become rows of contiguous memory.
Eigen::Index evaluate(const CompiledGradient& g, const PointsView& points, Eigen::Index first,
                      double* gradients);

}  // namespace hesscape
