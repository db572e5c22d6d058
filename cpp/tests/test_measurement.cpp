#include <cmath>

#include "check.hpp"
#include "hesscape/measurement.hpp"

namespace {

using Eigen::VectorXd;
using hesscape::Measurement;
using hesscape::Points;
namespace check = hesscape::check;

double f(const double* point, Eigen::Index stride, Eigen::Index n) {
  double value = 0.0;
  for (Eigen::Index i = 0; i < n; ++i)
    value += std::exp(0.1 * static_cast<double>(i) * point[i * stride]) *
             std::cos(point[(i + 1) % n * stride]);
  return value;
}

// Blocks of both layouts give the same result, whatever their capacity.
hesscape::Derivatives measure(const Points& points, bool by_point) {
  Measurement measurement(points, {}, by_point);
  const Eigen::Index n = points.cols();
  while (!measurement.done()) {
    const int count = measurement.ask();
    check::is_true(count > 0);
    check::equal(measurement.ask(), count);  // the same ones until told
    const hesscape::Block& shape = measurement.block();
    check::at_most(count, shape.capacity());
    const double* cells = measurement.block().data();
    VectorXd values(count);
    for (int k = 0; k < count; ++k)
      values[k] = by_point ? f(cells + k * n, 1, n) : f(cells + k, shape.capacity(), n);
    measurement.tell(values);
  }
  return measurement.result();
}

void layouts_agree() {
  for (const Eigen::Index n : {1, 2, 3, 17, 40}) {
    const Points points = Points::Random(3, n);
    const hesscape::Derivatives rows = measure(points, true);
    const hesscape::Derivatives columns = measure(points, false);
    check::is_true(rows.hessian == columns.hessian);
    check::is_true(rows.hessian_error == columns.hessian_error);
    check::is_true(rows.nfev == columns.nfev);
  }
}

// Whole rounds hold what blocks hold one after the other, for which there are many.
void rounds_are_blocks_together() {
  const Points points = Points::Random(1, 300);  // blocks of 218
  hesscape::StencilOptions axes_only;
  axes_only.pairs = false;
  Measurement by_round(points, axes_only, true);
  Measurement by_block(points, axes_only, true);
  int several = 0;
  while (!by_round.done()) {
    const Points round = by_round.ask_round();
    check::is_true(round == by_round.ask_round());  // the same ones until told
    VectorXd values(round.rows());
    for (Eigen::Index k = 0; k < round.rows(); ++k) values[k] = f(round.row(k).data(), 1, 300);
    for (Eigen::Index first = 0; first < round.rows();) {
      check::is_true(by_block.ask_round() == round.bottomRows(round.rows() - first));
      const int count = by_block.ask();
      const Eigen::Map<const Points> block(by_block.block().data(), count, 300);
      check::is_true(block == round.middleRows(first, count));
      by_block.tell(values.segment(first, count));
      first += count;
      several += first < round.rows() ? 1 : 0;
    }
    by_round.tell(values);
    check::equal(by_round.done(), by_block.done());
  }
  check::is_true(several > 0);
  check::is_true(by_round.result().gradient == by_block.result().gradient);
}

}  // namespace

int main() {
  layouts_agree();
  rounds_are_blocks_together();
}
