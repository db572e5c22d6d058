#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "check.hpp"
#include "hesscape/derivatives/ladder.hpp"

namespace {

using hesscape::Displacement;
using hesscape::Ladder;
using hesscape::NoiseProfile;
namespace check = hesscape::check;
using Function = std::function<double(double)>;

constexpr double inf = std::numeric_limits<double>::infinity();
const NoiseProfile rounding = NoiseProfile::known(0.0, 0x1p-52);

// Tells the ladder its values until it wants no more; returns how many that were.
int climb(Ladder& ladder, const Function& f, double centre, const NoiseProfile& noise,
          int levels = 2) {
  int values = 0;
  const auto answer = [&] {
    for (const int e : std::vector<int>(ladder.wanted())) {
      const Displacement at = ladder.at(e);
      ladder.add(e, f(at.plus), f(at.minus));
      values += 2;
    }
  };
  while (!ladder.wanted().empty()) {
    answer();
    ladder.plan(centre, noise);
    check::at_most(values, 1000);
  }
  ladder.conclude(centre, noise, levels);
  answer();
  return values;
}

void displacements_are_exact() {
  for (const double x : {0.0, 1.0, -0.1, 1e-300, 1e300, 3.14159, -7e15}) {
    for (int e = -80; e < 60; ++e) {
      const Displacement at(x, e);
      check::close(0.5 * at.plus - 0.5 * at.minus, at.step, 0.0);
      if (at.step < std::abs(x) || x == 0.0) {
        check::equal(at.plus - x, at.step);
        check::equal(x - at.minus, at.step);
      }
      const double wanted = std::ldexp(1.0, e);
      const double ulp = std::nextafter(std::abs(x), inf) - std::abs(x);
      if (wanted > 2.0 * ulp) check::close(at.step, wanted, ulp + 0x1p-52 * wanted);
    }
  }
}

void every_other_step_is_no_power_of_two() {
  const Ladder ladder(1.0, 1.0, 0.0);
  const int first = ladder.wanted().front();
  for (int e = first; e > first - 20; --e) {
    const double share = ladder.at(e).step / std::ldexp(1.0, e);
    check::equal(share != 1.0, (first - e) % 2 != 0);
    check::close(share, 1.1, 0.11);
    check::equal(ladder.at(e).plus - 1.0, ladder.at(e).step);
  }
}

// Half of the jump is the error of the second derivative, whichever side it is that is measured.
void a_jump_at_x_is_error() {
  for (const double height : {1e-3, 1.0, -40.0}) {
    const Function f = [&](double t) {
      return std::cos(t - 0.7) + (t > 0.7 ? 0.5 * height * (t - 0.7) * (t - 0.7) : 0.0);
    };
    Ladder ladder(0.7, 0.7, 0.0);
    climb(ladder, f, 1.0, rounding);
    check::close(ladder.jump(), 0.5 * std::abs(height), 0.1 * std::abs(height));
    const auto& second = ladder.derivatives().second;
    check::close(second.value, -1.0, second.error);
    check::close(second.value, height - 1.0, second.error);
  }
}

struct Case {
  Function f;
  double x, first, second;
};

void derivatives_are_within_their_errors() {
  const double e = std::exp(0.3);
  const std::vector<Case> cases = {
      {[](double t) { return t * t; }, 0.7, 1.4, 2.0},
      {[](double t) { return 3.0 - 2.0 * t + t * t * t * t; }, 0.0, -2.0, 0.0},
      {[](double t) { return std::exp(t); }, 0.3, e, e},
      {[](double t) { return std::sin(t); }, 2.0, std::cos(2.0), -std::sin(2.0)},
      {[](double t) { return std::sin(1e6 * t); }, 0.0, 1e6, 0.0},
      {[](double t) { return std::cos(1e-3 * t); }, 0.0, 0.0, -1e-6},
      {[](double t) { return std::cos(1e6 * t); }, 0.0, 0.0, -1e12},
      {[](double t) { return 1.0 / t; }, 1e-8, -1e16, 2e24},
      {[](double t) { return std::log(t); }, 1e8, 1e-8, -1e-16},
      {[](double t) { return std::pow(t, 2) + std::cos(6.283185307179586 * t); }, 16.0, 32.0,
       2.0 - 39.47841760435743},
  };
  for (const Case& c : cases) {
    const double centre = c.f(c.x);
    Ladder ladder(c.x, std::abs(c.x), 0.0);
    climb(ladder, c.f, centre, rounding);
    const auto& d = ladder.derivatives();
    check::close(d.first.value, c.first, d.first.error + 1e-15 * std::abs(c.first));
    check::close(d.second.value, c.second, d.second.error + 1e-15 * std::abs(c.second));
    if (c.second != 0.0) check::at_most(d.second.error, 1e-6 * std::abs(c.second));
    if (c.first != 0.0) check::at_most(d.first.error, 1e-6 * std::abs(c.first));
    check::is_true(!ladder.shortened());
  }
}

// The error of a quotient of noise sigma is within the bound that follows from sigma, and grows
// with it.
void noise_widens_the_errors() {
  double last = 0.0;
  for (const double sigma : {1e-12, 1e-8, 1e-4}) {
    Ladder ladder(1.0, 1.0, 0.0);
    unsigned state = 1;
    const auto noise = [&] {
      state = state * 1664525U + 1013904223U;
      return sigma * (static_cast<double>(state) / 2147483648.0 - 1.0);
    };
    const Function f = [&](double t) { return std::exp(t) + noise(); };
    climb(ladder, f, f(1.0), NoiseProfile::known(sigma, 0x1p-52));
    const auto& d = ladder.derivatives();
    check::close(d.second.value, std::exp(1.0), d.second.error);
    check::close(d.first.value, std::exp(1.0), d.first.error);
    check::at_most(100.0 * last, d.second.error);
    last = d.second.error;
    // A fit of three points at the distance of 1 is no better than that.
    check::at_most(sigma, d.second.error);
  }
}

void edges_shorten_the_ladder() {
  const Function f = [](double t) { return t < 1.001 ? t * t * t : inf; };
  Ladder ladder(1.0, 1.0, 0.0);
  climb(ladder, f, 1.0, rounding);
  check::is_true(ladder.shortened());
  check::close(ladder.derivatives().second.value, 6.0, ladder.derivatives().second.error);
  check::at_most(ladder.derivatives().second.error, 1e-4);

  Ladder nowhere(1.0, 1.0, 0.0);
  climb(nowhere, [](double t) { return t == 1.0 ? 1.0 : inf; }, 1.0, rounding);
  check::equal(nowhere.derivatives().second.coarsest, -1);
}

// f(x) = 0, and 1 - cos is silent up to steps of 1e-8: coarser rungs see it.
void silence_asks_for_coarser_rungs() {
  for (const double x : {1e-12, 3e-15}) {
    const Function f = [](double t) { return 1.0 - std::cos(t); };
    Ladder ladder(x, x, 0.0);
    for (int round = 0; !ladder.wanted().empty(); ++round) {
      check::at_most(round, 30);
      for (const int e : std::vector<int>(ladder.wanted()))
        ladder.add(e, f(ladder.at(e).plus), f(ladder.at(e).minus));
      ladder.plan(0.0, ladder.listen(0.0, 0x1p-53));
    }
    ladder.conclude(0.0, ladder.listen(0.0, 0x1p-53), 2);
    const auto& second = ladder.derivatives().second;
    check::close(second.value, 1.0, second.error);
    check::at_most(second.error, 1e-2);
  }
}

// Nothing is finite but very near to x.
void the_end_of_the_domain_may_be_very_near() {
  const Function f = [](double t) { return t > 0.0 ? -std::log(t) : inf; };
  Ladder ladder(1e-20, 1.0, 0.0);
  climb(ladder, f, f(1e-20), rounding);
  const auto& second = ladder.derivatives().second;
  check::close(second.value, 1e40, second.error);
  check::at_most(second.error, 1e34);
}

void a_given_step_is_not_exceeded() {
  double farthest = 0.0;
  Ladder ladder(3.0, 3.0, 0.01);
  const Function f = [&](double t) {
    farthest = std::max(farthest, std::abs(t - 3.0));
    return std::exp(1e-3 * t);
  };
  climb(ladder, f, std::exp(3e-3), rounding);
  check::at_most(farthest, 0.01);
  check::at_most(std::ldexp(1.0, ladder.pair_exponent()), 0.01);
}

void rungs_are_found_again() {
  Ladder ladder(2.0, 2.0, 0.0);
  climb(ladder, [](double t) { return std::exp(t); }, std::exp(2.0), rounding, 4);
  for (int level = 0; level < 4; ++level) {
    const int e = ladder.pair_exponent() - level;
    const auto* rung = ladder.find(e);
    check::is_true(rung != nullptr);
    check::equal(rung->exponent, e);
    check::equal(rung->plus, std::exp(ladder.at(e).plus));
    check::equal(rung->minus, std::exp(ladder.at(e).minus));
  }
  check::is_true(ladder.find(999) == nullptr);
}

}  // namespace

int main() {
  displacements_are_exact();
  every_other_step_is_no_power_of_two();
  a_jump_at_x_is_error();
  derivatives_are_within_their_errors();
  noise_widens_the_errors();
  edges_shorten_the_ladder();
  silence_asks_for_coarser_rungs();
  the_end_of_the_domain_may_be_very_near();
  a_given_step_is_not_exceeded();
  rungs_are_found_again();
}
