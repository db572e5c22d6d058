#include "hesscape/derivatives/measurement.hpp"

#include <algorithm>
#include <limits>
#include <memory>
#include <span>
#include <utility>

namespace hesscape {
namespace {

constexpr int block_cells = 1 << 16;  // 512 KiB: half of a common second-level cache
constexpr int least_capacity = 64;
constexpr int most_retries = 2;  // with steps an eighth of those before

int capacity(Eigen::Index n) {
  const Eigen::Index most = std::max<Eigen::Index>(least_capacity, block_cells / n);
  return static_cast<int>(std::min(most, std::max(values_along_axis * n, n * n)));
}

// The C library of Linux gives freed memory back to the kernel above twice the largest chunk that
// it has unmapped before. Unmapping a larger one once lets the temporaries of a vectorised f stay
// mapped from call to call: faulting them in anew costs as much as f itself.
void keep_freed_memory() {
  [[maybe_unused]] static const bool once = [] {
    const auto chunk = std::make_unique_for_overwrite<double[]>(std::size_t{16} * block_cells);
    volatile double* first = chunk.get();  // touched, or the compiler would leave all of it out
    *first = 0.0;
    return true;
  }();
}

Eigen::Map<const Points> square(const Points& row, Eigen::Index n) { return {row.data(), n, n}; }

}  // namespace

Measurement::Measurement(Eigen::VectorXd x, StencilOptions options, bool by_point)
    : x_(std::move(x)),
      options_(std::move(options)),
      stencil_(Points(x_.transpose()), options_),
      block_(stencil_.points(), capacity(x_.size()), by_point) {
  keep_freed_memory();
}

Eigen::Index Measurement::wanted() const {
  const Lines* lines = awaited();
  return lines != nullptr ? lines->nfev() : static_cast<Eigen::Index>(stencil_.probes().size());
}

int Measurement::ask() {
  const auto count = std::min<Eigen::Index>(block_.capacity(), wanted() - told_);
  if (const Lines* lines = awaited()) {
    block_.fill(lines->points().middleRows(told_, count));
  } else {
    block_.fill(stencil_.points(),
                std::span(stencil_.probes())
                    .subspan(static_cast<std::size_t>(told_), static_cast<std::size_t>(count)));
  }
  return static_cast<int>(count);
}

Points Measurement::ask_round() const {
  if (const Lines* lines = awaited()) return lines->points().bottomRows(wanted() - told_);
  const auto probes = std::span(stencil_.probes()).subspan(static_cast<std::size_t>(told_));
  Points rows = x_.transpose().replicate(static_cast<Eigen::Index>(probes.size()), 1);
  Eigen::Index row = 0;
  for (const Probe& probe : probes) {
    if (probe.i >= 0) rows(row, probe.i) = probe.xi;
    if (probe.j >= 0) rows(row, probe.j) = probe.xj;
    ++row;
  }
  return rows;
}

void Measurement::tell(const Eigen::Ref<const Eigen::VectorXd>& values) {
  const Eigen::Index round = wanted();
  if (told_ == 0) values_.resize(round);
  values_.segment(told_, values.size()) = values;
  told_ += values.size();
  if (told_ < round) return;
  told_ = 0;
  if (confronting_ && lines_) return take_lines(*lines_);
  stencil_.tell(values_);
  if (stencil_.done()) take_result();
}

void Measurement::take_result() {
  result_ = stencil_.take_result();
  result_.nfev[0] += nfev_;
  if (result_.status[0] >= Status::no_step) return;
  if (lines_) return confront(*lines_);
  const Eigen::Index n = x_.size();
  const bool complete = options_.pairs && result_.hessian_error.allFinite();
  if (n == 1 || !complete) return;
  const Eigen::VectorXd step = options_.step.size() > 0 ? options_.step : natural_steps(x_);
  lines_.emplace(x_, step, result_.curvature.row(0), result_.curvature_error.row(0));
  confronting_ = true;
}

void Measurement::take_lines(Lines& lines) {
  confronting_ = false;
  lines.tell(values_, result_.value[0], result_.noise[0], result_.gradient.row(0),
             square(result_.hessian, x_.size()));
  result_.nfev[0] += lines.nfev();
  confront(lines);
}

void Measurement::confront(const Lines& lines) {
  const Eigen::Index n = x_.size();
  const auto hessian = square(result_.hessian, n);
  const auto error = square(result_.hessian_error, n);
  const bool agree = lines.agree(hessian, error);
  if (!agree && retries_ < most_retries) return measure_again();
  const Eigen::RowVectorXd gradient_error =
      lines.gradient_error(result_.gradient.row(0), result_.gradient_error.row(0));
  if (agree && gradient_error == result_.gradient_error.row(0)) return;
  result_.gradient_error.row(0) = gradient_error;
  if (!agree) {
    result_.hessian_error = lines.hessian_error(hessian, error).reshaped<Eigen::RowMajor>(1, n * n);
  }
  result_.status[0] = Status::contradicted;
}

// Something couples the coordinates on a length that their own steps do not see.
void Measurement::measure_again() {
  if (retries_++ == 0 && options_.step.size() == 0) options_.step = natural_steps(x_);
  options_.step /= 8.0;
  nfev_ = result_.nfev[0];
  stencil_ = Stencil(Points(x_.transpose()), options_);
}

}  // namespace hesscape
