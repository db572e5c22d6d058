#include <chrono>
#include <thread>
#include <vector>

#include "check.hpp"
#include "hesscape/compiled.hpp"

namespace {

using Eigen::Index;
using hesscape::CompiledFunction;
using hesscape::CompiledGradient;
using hesscape::PointsView;
namespace check = hesscape::check;
using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

double weighted(int n, double* x, void* data) {
  double sum = *static_cast<double*>(data);
  for (int i = 0; i < n; ++i) sum += (i + 1) * x[i];
  return sum;
}

double alone(int n, double* x) {
  double zero = 0.0;
  return weighted(n, x, &zero);
}

void squares(int n, double* x, double* gradient, void* data) {
  for (int i = 0; i < n; ++i) gradient[i] = x[i] * x[i] + *static_cast<double*>(data);
}

double slow(int /*n*/, double* x, void* /*data*/) {
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  return x[0];
}

template <typename F, typename T>
int rounds(const F& f, const PointsView& points, std::vector<T>& out) {
  int count = 0;
  for (Index done = 0; done < points.rows(); ++count) {
    const Index next = hesscape::evaluate(f, points, done, out.data());
    check::is_true(next > done);
    done = next;
  }
  return count;
}

// Rows, columns and parts of a larger array give what the formula gives.
void wherever_the_coordinates_are(Index m, Index n) {
  const Rows memory = Rows::Random(2 * m + n, 2 * n + m);
  double data = 0.5;
  const Index width = memory.cols();
  const PointsView views[] = {
      {memory.data(), m, n, {width, 1}},
      {memory.data(), m, n, {1, width}},
      {memory.data(), m, n, {2 * width, 2}},
      {memory.data() + (m - 1) * width, m, n, {-width, 1}},
  };
  for (const PointsView& points : views) {
    std::vector<double> values(static_cast<std::size_t>(m));
    std::vector<double> without(values);
    std::vector<double> gradients(static_cast<std::size_t>(m * n));
    rounds(CompiledFunction{weighted, nullptr, &data}, points, values);
    rounds(CompiledFunction{nullptr, alone, nullptr}, points, without);
    rounds(CompiledGradient{squares, &data}, points, gradients);
    for (Index p = 0; p < m; ++p) {
      double sum = 0.0;
      for (Index i = 0; i < n; ++i) {
        sum += static_cast<double>(i + 1) * points(p, i);
        check::equal(gradients[static_cast<std::size_t>(p * n + i)],
                     points(p, i) * points(p, i) + data);
      }
      check::close(without[static_cast<std::size_t>(p)], sum, 1e-12);
      check::close(values[static_cast<std::size_t>(p)], sum + data, 1e-12);
    }
  }
}

// 100 calls of 2 ms are left every 50 ms or so, those of a cheap function at the end.
void left_after_a_moment() {
  const Rows memory = Rows::Random(100, 3);
  const PointsView points(memory.data(), 100, 3, {3, 1});
  std::vector<double> values(100);
  const int count = rounds(CompiledFunction{slow, nullptr, nullptr}, points, values);
  check::is_true(count >= 3);
  check::at_most(count, 10);
  for (Index p = 0; p < 100; ++p) check::equal(values[static_cast<std::size_t>(p)], memory(p, 0));
  double data = 0.0;
  check::equal(rounds(CompiledFunction{weighted, nullptr, &data}, points, values), 1);
}

}  // namespace

int main() {
  for (const Index m : {1, 2, 7, 5000})
    for (const Index n : {1, 2, 3, 8}) wherever_the_coordinates_are(m, n);
  left_after_a_moment();
}
