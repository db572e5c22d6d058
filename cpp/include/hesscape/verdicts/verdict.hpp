// From what is proven of gradients and signs to the kinds of points, for stacks of them.
#pragma once

#include <cstdint>

#include <Eigen/Core>

#include "hesscape/linalg/symmetric.hpp"

namespace hesscape {

using Flags = Eigen::Array<bool, Eigen::Dynamic, 1>;
using Counts = Eigen::Matrix<std::int64_t, Eigen::Dynamic, 1>;

enum class Kind : std::int8_t { degenerate, saddle, minimum, maximum, not_critical };

// What gradients say, one entry a point.
struct Slopes {
  Flags moving;  // some entry exceeds gtol by more than its error
  Flags known;   // all errors are within gtol, or harmless
  // The largest error, where it exceeds gtol and hides whether the point moves; NaN elsewhere.
  Eigen::VectorXd unresolved;
  Eigen::VectorXd norm;
};

// `gradient`, its errors, and how large of these do no harm: one row a point.
Slopes slopes(const Eigen::Ref<const RowMatrix>& gradient, const Eigen::Ref<const RowMatrix>& error,
              double gtol, const Eigen::Ref<const RowMatrix>& harmless);

struct Verdicts {
  Eigen::Matrix<std::int8_t, Eigen::Dynamic, 1> kind;  // Kind
  Flags certain;
  Counts index;  // -1 where it is not resolved
  // (N, 3): proven negative, the rest, proven positive
  Eigen::Matrix<std::int64_t, Eigen::Dynamic, 3, Eigen::RowMajor> inertia;
  Eigen::VectorXd distance;  // the length of `newton_step`; NaN where no sign is proven
};

// Of n directions all but `zero_modes` have to be proven to curve; `not_flat`, whether these
// contradict that. A proof of both signs needs no more, and a point that moves none. `newton_step`
// has one row a point, or none at all.
Verdicts verdicts(const Counts& n_negative, const Counts& n_positive, const Flags& not_flat,
                  const Eigen::Ref<const RowMatrix>& newton_step, const Flags& moving,
                  const Flags& known, Eigen::Index n, Eigen::Index zero_modes);

}  // namespace hesscape
