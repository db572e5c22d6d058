#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <random>
#include <vector>

#include "check.hpp"
#include "hesscape/derivatives/extrapolation.hpp"

namespace {

using hesscape::Extrapolated;
using hesscape::Extrapolation;
namespace check = hesscape::check;
using Values = std::vector<double>;

constexpr double eps = std::numeric_limits<double>::epsilon();

Values steps(double first, double shrink, int count) {
  Values h;
  for (int r = 0; r < count; ++r) h.push_back(first * std::pow(shrink, -r));
  return h;
}

template <typename F>
Values map(const Values& h, F f) {
  Values result;
  for (const double a : h) result.push_back(f(a));
  return result;
}

// Of q(h) = a0 + a1 h^2 + ... + am h^2m the entries of order m and above are a0.
void power_series_are_summed_exactly() {
  const std::array<double, 5> a = {3.0, -7.0, 2.0, 5.0, -1.0};
  for (const double shrink : {2.0, 8.0}) {
    const Values h = steps(0.5, shrink, 7);
    for (int terms = 0; terms < 5; ++terms) {
      const Values q = map(h, [&](double s) {
        double sum = 0.0;
        for (int k = terms; k >= 0; --k) sum = sum * s * s + a[static_cast<std::size_t>(k)];
        return sum;
      });
      const Extrapolation table(h, q, Values(h.size(), 0.0));
      check::equal(table.rungs(), 7);
      for (int k = 0; k <= hesscape::max_order; ++k) {
        for (int r = 0; r + k < table.rungs(); ++r) {
          if (k >= terms) {
            check::close(table.value(r, k), 3.0, 100 * eps);
          } else if (r == 0 && shrink == 2.0) {  // and those below are not
            check::at_most(1e-9, std::abs(table.value(r, k) - 3.0));
          }
        }
      }
      const Extrapolated best = table.best();
      check::close(best.value, 3.0, best.error + 100 * eps);
      check::at_most(best.error, 1e-12);
    }
  }
}

// The steps need not be in a geometric sequence.
void uneven_steps() {
  const Values h = {1.0, 0.5, 0.125, 0.1, 0.03};
  const Extrapolation table(h, map(h, [](double s) { return 2.0 + s * s - 4.0 * std::pow(s, 4); }),
                            Values(h.size(), 0.0));
  for (int k = 2; k < 5; ++k)
    for (int r = 0; r + k < 5; ++r) check::close(table.value(r, k), 2.0, 100 * eps);
}

// An entry is linear in the quotients; its noise is that of the worst signs.
void noise_is_amplified_by_the_absolute_weights() {
  const Values h = {1.0, 0.5, 0.25, 0.03125, 0.015625};
  const Values noise = {1e-3, 1.0, 0.5, 2.0, 8.0};
  const Extrapolation table(h, Values(h.size(), 0.0), noise);
  for (int k = 0; k < 5; ++k) {
    for (int r = 0; r + k < 5; ++r) {
      double worst = 0.0;
      for (std::size_t j = 0; j < h.size(); ++j) {
        Values unit(h.size(), 0.0);
        unit[j] = 1.0;
        worst += std::abs(Extrapolation(h, unit, noise).value(r, k)) * noise[j];
      }
      check::close(table.noise(r, k), worst, 1e-12 * worst);
    }
  }
}

// exp at 0: the error is a mixture of truncation at the top and of rounding at the bottom.
void best_balances_truncation_and_noise() {
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  int covered = 0;
  for (int trial = 0; trial < 200; ++trial) {
    const double sigma = std::pow(10.0, -3 - trial % 10);
    const Values h = steps(2.0, 2.0, 16);
    const Values q = map(h, [&](double s) {
      return 2.0 * std::cosh(s) / s / s - 2.0 / s / s +
             std::sqrt(6.0) * sigma * normal(random) / s / s;
    });
    const Values noise = map(h, [&](double s) { return 4.0 * std::sqrt(6.0) * sigma / s / s; });
    const Extrapolated best = Extrapolation(h, q, noise).best();
    covered += std::abs(best.value - 1.0) <= best.error ? 1 : 0;
    check::at_most(best.error, 300.0 * std::pow(sigma, 0.75));
    check::at_most(best.noise, best.error);
    check::at_most(0.0, best.noise);
  }
  check::at_most(198, covered);
}

// cos(2 pi x) + x^2 on steps 4, 2, 1 takes the values of x^2 alone.
void aliased_rungs_lose_to_finer_ones() {
  const double pi = std::numbers::pi;
  const double truth = 2.0 - 4.0 * pi * pi;
  for (const int count : {8, 12, 20}) {
    const Values h = steps(4.0, 2.0, count);
    const Values q =
        map(h, [&](double s) { return 2.0 - 4.0 * std::pow(std::sin(pi * s) / s, 2); });
    const Values noise = map(h, [](double s) { return 1e-15 / s / s; });
    const Extrapolated best = Extrapolation(h, q, noise).best();
    check::close(best.value, truth, best.error);
    check::at_most(best.error, 1e-2);
  }
}

void a_witness_exposes_values_that_agree_by_accident() {
  const Values h = steps(1.0, 2.0, 5);
  const Values noise(h.size(), 1e-14);
  const Extrapolation constant(h, Values(h.size(), 2.0), noise);
  const Extrapolation converges(h, map(h, [](double s) { return 1.0 + 1e-3 * s * s; }), noise);
  const Values all_over = {5.0, -3.0, 4.0, -6.0, 2.0};
  const Extrapolation wild(h, all_over, noise);
  const double alone = constant.best().error;
  check::at_most(alone, 1e-12);
  check::at_most(constant.best(&converges).error, 1e-10);
  check::at_most(1e8 * alone, constant.best(&wild).error);
}

void nothing_to_compare_with() {
  for (const std::size_t count : {std::size_t{0}, std::size_t{1}}) {
    const Values h(count, 0.5);
    const Extrapolated none = Extrapolation(h, Values(count, 1.0), Values(count, 1e-10)).best();
    check::equal(none.coarsest, -1);
    check::is_true(std::isinf(none.error));
  }
}

}  // namespace

int main() {
  power_series_are_summed_exactly();
  uneven_steps();
  noise_is_amplified_by_the_absolute_weights();
  best_balances_truncation_and_noise();
  aliased_rungs_lose_to_finer_ones();
  a_witness_exposes_values_that_agree_by_accident();
  nothing_to_compare_with();
}
