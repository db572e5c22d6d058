#include <cstddef>
#include <random>
#include <span>
#include <vector>

#include "check.hpp"
#include "hesscape/derivatives/block.hpp"

namespace {

using hesscape::Block;
using hesscape::Points;
using hesscape::Probe;
namespace check = hesscape::check;

// Rounds of random probes, each compared with points that are filled afresh.
void the_same_as_filling_afresh(int n, int count, int capacity, bool by_point) {
  std::mt19937 random(static_cast<unsigned>(n + 100 * count + 10000 * capacity));
  std::normal_distribution<double> normal;
  const auto below = [&](int most) {
    return std::uniform_int_distribution<int>(0, most - 1)(random);
  };
  const Points points = Points::NullaryExpr(count, n, [&](auto, auto) { return normal(random); });
  Block block(points, capacity, by_point);
  check::equal(block.capacity(), capacity);
  check::equal(block.size(), n);
  check::equal(block.by_point(), by_point);
  for (int round = 0; round < 40; ++round) {
    std::vector<Probe> probes(static_cast<std::size_t>(1 + below(capacity)));
    for (Probe& p : probes) {
      p = {below(count), -1, -1, 0.0, 0.0};
      if (below(4) > 0) p.i = below(n), p.xi = normal(random);
      if (p.i >= 0 && n > 1 && below(2) > 0)
        p.j = (p.i + 1 + below(n - 1)) % n, p.xj = normal(random);
    }
    if (below(4) == 0) {  // what other points were there must not be taken for these
      const Points rows =
          Points::NullaryExpr(1 + below(capacity), n, [&](auto, auto) { return normal(random); });
      block.fill(rows);
      for (Eigen::Index slot = 0; slot < rows.rows(); ++slot)
        for (int i = 0; i < n; ++i)
          check::equal(block.data()[by_point ? slot * n + i : i * capacity + slot], rows(slot, i));
    }
    block.fill(points, probes);
    for (std::size_t slot = 0; slot < probes.size(); ++slot) {
      Eigen::VectorXd x = points.row(probes[slot].point);
      if (probes[slot].i >= 0) x[probes[slot].i] = probes[slot].xi;
      if (probes[slot].j >= 0) x[probes[slot].j] = probes[slot].xj;
      for (int i = 0; i < n; ++i) {
        const std::size_t row = static_cast<std::size_t>(i);
        const std::size_t at = by_point ? slot * static_cast<std::size_t>(n) + row
                                        : row * static_cast<std::size_t>(capacity) + slot;
        check::equal(block.data()[at], x[i]);
      }
    }
  }
}

}  // namespace

int main() {
  for (const bool by_point : {false, true})
    for (const int n : {1, 2, 3, 7, 17})
      for (const int count : {1, 2, 9})
        for (const int capacity : {1, 2, 5, 64})
          the_same_as_filling_afresh(n, count, capacity, by_point);
}
