#include <cmath>
#include <functional>

#include "check.hpp"
#include "hesscape/derivatives/measurement.hpp"

namespace {

using Eigen::Map;
using Eigen::VectorXd;
using hesscape::Derivatives;
using hesscape::Measurement;
using hesscape::Points;
using hesscape::Status;
namespace check = hesscape::check;

using Function = std::function<double(const VectorXd&)>;

double waves(const VectorXd& x) {
  double value = 0.0;
  for (Eigen::Index i = 0; i < x.size(); ++i)
    value += std::exp(0.1 * static_cast<double>(i) * x[i]) * std::cos(x[(i + 1) % x.size()]);
  return value;
}

Derivatives measure(const VectorXd& x, const Function& f, bool by_point = true,
                    const hesscape::StencilOptions& options = {}) {
  Measurement measurement(x, options, by_point);
  const Eigen::Index n = x.size();
  long long told = 0;
  while (!measurement.done()) {
    const int count = measurement.ask();
    check::is_true(count > 0);
    check::equal(measurement.ask(), count);  // the same ones until told
    const hesscape::Block& shape = measurement.block();
    check::at_most(count, shape.capacity());
    const double* cells = measurement.block().data();
    VectorXd values(count);
    for (int k = 0; k < count; ++k) {
      const Map<const VectorXd, 0, Eigen::InnerStride<>> point(
          by_point ? cells + k * n : cells + k, n,
          Eigen::InnerStride<>(by_point ? 1 : shape.capacity()));
      values[k] = f(point);
    }
    measurement.tell(values);
    told += count;
  }
  check::equal(measurement.result().nfev[0], told);
  return measurement.result();
}

// Blocks of both layouts give the same result, whatever their capacity.
void layouts_agree() {
  for (const Eigen::Index n : {1, 2, 3, 17, 40}) {
    const VectorXd x = VectorXd::Random(n);
    const Derivatives rows = measure(x, waves);
    const Derivatives columns = measure(x, waves, false);
    check::is_true(rows.hessian == columns.hessian);
    check::is_true(rows.hessian_error == columns.hessian_error);
    check::is_true(rows.nfev == columns.nfev);
  }
}

// Whole rounds hold what blocks hold one after the other, for which there are many.
void rounds_are_blocks_together(Eigen::Index n, bool pairs) {
  const VectorXd x = VectorXd::Random(n);
  hesscape::StencilOptions options;
  options.pairs = pairs;
  Measurement by_round(x, options, true);
  Measurement by_block(x, options, true);
  int several = 0;
  while (!by_round.done()) {
    const Points round = by_round.ask_round();
    check::is_true(round == by_round.ask_round());  // the same ones until told
    VectorXd values(round.rows());
    for (Eigen::Index k = 0; k < round.rows(); ++k) values[k] = waves(round.row(k));
    for (Eigen::Index first = 0; first < round.rows();) {
      check::is_true(by_block.ask_round() == round.bottomRows(round.rows() - first));
      const int count = by_block.ask();
      const Map<const Points> block(by_block.block().data(), count, n);
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
  check::is_true(by_round.result().hessian == by_block.result().hessian);
}

// The axes are quadratic, so that their steps grow beyond the length of the coupling.
void a_hidden_coupling_is_measured_again() {
  const VectorXd x = VectorXd::Zero(2);
  const auto tame = [](const VectorXd& y) { return 1e5 + y.squaredNorm(); };
  for (const double coupling : {50.0, 1e4}) {
    const auto f = [&](const VectorXd& y) { return tame(y) + std::sin(coupling * y[0] * y[1]); };
    const Derivatives found = measure(x, f);
    check::equal(found.status[0], Status::ok);
    check::close(found.hessian(0, 1), coupling, found.hessian_error(0, 1));
    check::at_most(found.hessian_error(0, 1), 1e-3 * coupling);
    check::is_true(found.nfev[0] > measure(x, tame).nfev[0]);
  }
}

// Polarisation moves two coordinates to the same side, the lines move some to the other.
void what_still_contradicts_widens_the_errors() {
  const Eigen::Index n = 5;
  const auto f = [](const VectorXd& x) {
    double value = x.squaredNorm();
    for (Eigen::Index i = 1; i < n; ++i) value += 10.0 * std::max(0.0, x[i] * x[i - 1]);
    return value;
  };
  const Derivatives found = measure(VectorXd::Zero(n), f);
  check::equal(found.status[0], Status::contradicted);
  for (Eigen::Index i = 1; i < n; ++i) {
    check::close(found.hessian(0, i * n + i - 1), 10.0, 1e-6);
    check::is_true(found.hessian_error(0, i * n + i - 1) > 1.0);
  }
}

void nothing_confronts_the_axes_alone() {
  hesscape::StencilOptions axes;
  axes.pairs = false;
  const auto f = [](const VectorXd& x) { return x.squaredNorm() - 5.0 * std::abs(x[0] * x[1]); };
  const Derivatives found = measure(VectorXd::Zero(2), f, true, axes);
  check::equal(found.status[0], Status::ok);
  check::close(found.curvature(0, 0), 2.0, found.curvature_error(0, 0));
}

}  // namespace

int main() {
  layouts_agree();
  rounds_are_blocks_together(300, false);  // blocks of 218
  rounds_are_blocks_together(40, true);
  a_hidden_coupling_is_measured_again();
  what_still_contradicts_widens_the_errors();
  nothing_confronts_the_axes_alone();
}
