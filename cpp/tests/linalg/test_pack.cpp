#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "check.hpp"
#include "hesscape/linalg/by_size.hpp"
#include "hesscape/linalg/matrix_stack.hpp"
#include "hesscape/linalg/pack.hpp"

namespace {

using Eigen::Index;
using hesscape::MatrixStack;
using hesscape::Pack;
namespace check = hesscape::check;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr std::array<double, 8> special = {0, -0.0, 1, -1, infinity, -infinity, nan, 5e-324};

std::array<double, Pack::lanes> numbers(const Pack& pack) {
  std::array<double, Pack::lanes> out;
  pack.store(out.data());
  return out;
}

void same(double actual, double expected, check::Where where = check::Where::current()) {
  if (std::isnan(expected)) {
    return check::is_true(std::isnan(actual), where);
  }
  check::equal(actual, expected, where);
  check::equal(std::signbit(actual), std::signbit(expected), where);
}

void arithmetic_lane_by_lane() {
  const Pack a = Pack::each_lane([](Eigen::Index lane) { return 1.5 + static_cast<double>(lane); });
  const Pack b = Pack::each_lane([](Eigen::Index lane) { return 3.0 - static_cast<double>(lane); });
  const Pack c =
      Pack::each_lane([](Eigen::Index lane) { return 0.25 * static_cast<double>(lane); });
  for (int lane = 0; lane < Pack::lanes; ++lane) {
    const double x = 1.5 + lane;
    const double y = 3.0 - lane;
    const double z = 0.25 * lane;
    same(numbers(a + b)[lane], x + y);
    same(numbers(a - b)[lane], x - y);
    same(numbers(a * b)[lane], x * y);
    same(numbers(a / b)[lane], x / y);
    same(numbers(-a)[lane], -x);
    same(numbers(abs(b))[lane], std::abs(y));
    same(numbers(sqrt(a))[lane], std::sqrt(x));
    same(numbers(min(a, b))[lane], std::min(x, y));
    same(numbers(max(a, b))[lane], std::max(x, y));
    same(numbers(fma(a, b, c))[lane], x * y + z);  // exact, fused or not
    same(numbers(fnma(a, b, c))[lane], z - x * y);
  }
}

void masks_of_special_numbers() {
  for (const double x : special) {
    for (const double y : special) {
      for (int lane = 0; lane < Pack::lanes; ++lane) {
        // one lane is special, all others hold 1 and 2
        const Pack a = Pack::each_lane([&](Eigen::Index k) { return k == lane ? x : 1; });
        const Pack b = Pack::each_lane([&](Eigen::Index k) { return k == lane ? y : 2; });
        check::equal(all(a < b), x < y);
        check::equal(all(a <= b), x <= y);
        check::equal(any(b < a), y < x);
        check::equal(any(b <= a), y <= x);
        const auto chosen = numbers(select(a < b, a, b));
        same(chosen[lane], x < y ? x : y);
        same(chosen[(lane + 1) % Pack::lanes], 1);
        check::is_true(!any((a < b) & (b < a)));
        check::equal(all((a < b) | (b <= a)), !std::isnan(x) && !std::isnan(y));
        check::equal(any((a < b) ^ (a <= b)), x == y);
      }
    }
  }
  check::is_true(!any(Pack(nan) <= Pack(nan)));
  check::is_true(!all(Pack(nan) <= Pack(nan)));
  check::is_true(all(Pack(infinity) <= Pack(infinity)));
  // a mask keeps counts, or clears them, also beside what is not a number
  same(numbers((Pack(0.0) < Pack(1.0)) & Pack(3.0))[0], 3);
  same(numbers((Pack(0.0) < Pack(nan)) & Pack(nan))[0], 0);
}

void reads_and_writes_of_strided_stacks() {
  for (const Index stride : {-5, -1, 0, 1, 2, 7}) {
    for (Index lanes = 1; lanes <= Pack::lanes; ++lanes) {
      // The buffer ends with the last number that may be touched: sanitizers see what is beyond.
      const Index span = (lanes - 1) * std::abs(stride) + 1;
      std::vector<double> buffer(static_cast<std::size_t>(span));
      for (Index i = 0; i < span; ++i) {
        buffer[i] = static_cast<double>(i);
      }
      double* first = buffer.data() + (stride < 0 ? span - 1 : 0);
      const MatrixStack stack{first, lanes, 1, stride, 0, 0};
      const auto found = numbers(hesscape::read(stack, 0, lanes, 0, 0));
      for (Index lane = 0; lane < Pack::lanes; ++lane) {
        same(found[lane], first[std::min(lane, lanes - 1) * stride]);
      }
      if (stride != 0) {
        hesscape::write(Pack(-1.0), lanes, first, stride);
        for (Index i = 0; i < span; ++i) {
          same(buffer[i], i % stride == 0 ? -1.0 : static_cast<double>(i));
        }
      }
    }
  }
}

void packs_cover_a_stack() {
  for (Index count = 0; count <= 3 * Pack::lanes + 1; ++count) {
    Index next = 0;
    hesscape::for_each_pack(count, [&](Index k, Index lanes) {
      check::equal(k, next);
      check::is_true(lanes == Pack::lanes || k + lanes == count);
      next += lanes;
    });
    check::equal(next, count);
  }
}

// More matrices never make packs worse, and more rows never make them better.
void the_choice_by_size_is_monotone() {
  using hesscape::Task;
  for (const Task task : {Task::values, Task::vectors, Task::signs}) {
    for (Index n = 1; n <= 200; ++n) {
      for (Index count = 1; count <= 3 * Pack::lanes; ++count) {
        const bool here = hesscape::across(task, n, count);
        check::is_true(!here || hesscape::across(task, n, count + 1));
        check::is_true(!hesscape::across(task, n + 1, count) || here);
      }
    }
    check::is_true(hesscape::across(task, 8, 1));
    check::is_true(!hesscape::across(task, 2000, 1000000));
  }
}

}  // namespace

int main() {
  arithmetic_lane_by_lane();
  masks_of_special_numbers();
  reads_and_writes_of_strided_stacks();
  packs_cover_a_stack();
  the_choice_by_size_is_monotone();
}
