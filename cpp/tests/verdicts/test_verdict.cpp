#include <cmath>
#include <cstdint>
#include <limits>

#include "check.hpp"
#include "hesscape/verdicts/verdict.hpp"

namespace {

using hesscape::Counts;
using hesscape::Flags;
using hesscape::Kind;
using hesscape::RowMatrix;
namespace check = hesscape::check;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

void gradients() {
  const double gtol = 1e-3;
  const RowMatrix gradient{{3, 4}, {2e-3, 0}, {0, 0}, {0, 0}, {0, nan}, {0, 0}, {1e-3, -1e-3}};
  const RowMatrix error{{0, 0}, {0, 1}, {1e-2, 0}, {1e-2, 0}, {0, 1e-9}, {0, infinity}, {1e-3, 0}};
  RowMatrix harmless = RowMatrix::Zero(7, 2);
  harmless(3, 0) = 0.02;
  harmless(5, 1) = infinity;
  const auto found = hesscape::slopes(gradient, error, gtol, harmless);
  const Flags moving{{true, true, false, false, false, false, false}};
  const Flags known{{true, false, false, true, false, false, true}};
  check::is_true((found.moving == moving).all());
  check::is_true((found.known == known).all());
  check::equal(found.norm[0], 5.0);
  check::is_true(std::isnan(found.norm[4]));
  for (const int p : {0, 1, 6}) check::is_true(std::isnan(found.unresolved[p]));
  check::equal(found.unresolved[2], 1e-2);
  check::equal(found.unresolved[3], 1e-2);
  check::equal(found.unresolved[4], infinity);
  check::equal(found.unresolved[5], infinity);
}

void norms_do_not_overflow() {
  const RowMatrix gradient{{3e200, 4e200}};
  const RowMatrix none = RowMatrix::Zero(1, 2);
  check::close(hesscape::slopes(gradient, none, 0, none).norm[0], 5e200, 1e185);
}

struct Case {
  int negative, positive;
  bool not_flat, moving, known;
  Kind kind;
  bool certain;
  int index;
};

// Four coordinates, one of which is a zero mode.
void kinds() {
  for (const Case& c : {
           Case{0, 3, false, false, true, Kind::minimum, true, 0},
           Case{3, 0, false, false, true, Kind::maximum, true, 3},
           Case{1, 2, false, false, true, Kind::saddle, true, 1},
           Case{1, 1, false, false, true, Kind::saddle, true, -1},  // one is open
           Case{0, 2, false, false, true, Kind::degenerate, false, -1},
           Case{2, 0, false, false, true, Kind::degenerate, false, -1},
           Case{0, 0, false, false, true, Kind::degenerate, false, -1},
           Case{0, 4, false, false, true, Kind::minimum, true, 0},
           Case{0, 3, true, false, true, Kind::minimum, false, -1},  // is the zero mode one?
           Case{1, 2, true, false, true, Kind::saddle, true, -1},    // which needs no zero mode
           Case{0, 3, false, false, false, Kind::minimum, false, 0},
           Case{1, 2, false, false, false, Kind::saddle, false, 1},
           Case{0, 3, false, true, false, Kind::not_critical, true, 0},
           Case{0, 0, true, true, false, Kind::not_critical, true, -1},
       }) {
    const auto found =
        hesscape::verdicts(Counts::Constant(1, c.negative), Counts::Constant(1, c.positive),
                           Flags::Constant(1, c.not_flat), RowMatrix{{3e200, 0, -4e200, 0}},
                           Flags::Constant(1, c.moving), Flags::Constant(1, c.known), 4, 1);
    check::equal(static_cast<Kind>(found.kind[0]), c.kind);
    check::equal(found.certain[0], c.certain);
    check::equal(static_cast<int>(found.index[0]), c.index);
    const Eigen::RowVector3i inertia(c.negative, 4 - c.negative - c.positive, c.positive);
    check::is_true(found.inertia.row(0) == inertia.cast<std::int64_t>());
    if (c.negative + c.positive > 0) {
      check::close(found.distance[0], 5e200, 1e185);
    } else {
      check::is_true(std::isnan(found.distance[0]));
    }
  }
}

}  // namespace

int main() {
  gradients();
  norms_do_not_overflow();
  kinds();
}
