#include "hesscape/verdicts/verdict.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "hesscape/numbers.hpp"

namespace hesscape {
namespace {

using Eigen::Index;

// Without overflow.
double length(const Eigen::Ref<const Eigen::RowVectorXd>& row) {
  return std::accumulate(row.begin(), row.end(), 0.0,
                         [](double sum, double entry) { return std::hypot(sum, entry); });
}

Kind kind_of(bool down, bool up, bool all_down, bool all_up) {
  if (down && up) return Kind::saddle;
  if (all_up) return Kind::minimum;
  if (all_down) return Kind::maximum;
  return Kind::degenerate;
}

}  // namespace

Slopes slopes(const Eigen::Ref<const RowMatrix>& gradient, const Eigen::Ref<const RowMatrix>& error,
              double gtol, const Eigen::Ref<const RowMatrix>& harmless) {
  const Index count = gradient.rows();
  Slopes out{Flags::Constant(count, false), Flags::Constant(count, true),
             Eigen::VectorXd::Constant(count, not_a_number), Eigen::VectorXd(count)};
  for (Index p = 0; p < count; ++p) {
    double worst = 0.0;
    for (Index i = 0; i < gradient.cols(); ++i) {
      const double g = gradient(p, i);
      const double e = error(p, i);
      out.moving[p] |= std::abs(g) > gtol + e;
      out.known[p] &= e <= gtol || e <= harmless(p, i);
      worst = std::max(worst, std::isfinite(g) && !std::isnan(e) ? e : infinity);
    }
    out.known[p] &= worst < infinity;
    out.norm[p] = length(gradient.row(p));
    if (!out.moving[p] && worst > gtol) out.unresolved[p] = worst;
  }
  return out;
}

Verdicts verdicts(const Counts& n_negative, const Counts& n_positive, const Flags& not_flat,
                  const Eigen::Ref<const RowMatrix>& newton_step, const Flags& moving,
                  const Flags& known, Index n, Index zero_modes) {
  const Index count = n_negative.size();
  const Index curved = n - zero_modes;
  Verdicts out{decltype(Verdicts::kind)(count), Flags(count), Counts(count),
               decltype(Verdicts::inertia)(count, 3),
               Eigen::VectorXd::Constant(count, not_a_number)};
  for (Index p = 0; p < count; ++p) {
    const auto negative = n_negative[p];
    const auto positive = n_positive[p];
    const bool down = negative > 0;
    const bool up = positive > 0;
    const Kind kind = kind_of(down, up, !up && negative >= curved, !down && positive >= curved);
    const bool proof = kind == Kind::saddle || (kind != Kind::degenerate && !not_flat[p]);
    out.kind[p] = static_cast<std::int8_t>(moving[p] ? Kind::not_critical : kind);
    out.certain[p] = moving[p] || (proof && known[p]);
    out.index[p] = negative + positive >= curved && !not_flat[p] ? negative : -1;
    out.inertia.row(p) << negative, n - negative - positive, positive;
    if (newton_step.rows() == count && (down || up)) {
      out.distance[p] = length(newton_step.row(p));
    }
  }
  return out;
}

}  // namespace hesscape
