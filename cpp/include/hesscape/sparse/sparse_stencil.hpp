// A Hessian of known pattern from gradients: all coordinates of one colour are displaced at once.
#pragma once

#include <vector>

#include <Eigen/Core>

#include "hesscape/derivatives/stencil.hpp"
#include "hesscape/sparse/sparse_pattern.hpp"

namespace hesscape {

// Three gradients for each colour of a star colouring, at x + v, x - v and x + rv, and three more
// along a line to which all coordinates contribute: it tells whether the pattern lacks an entry.
// Each coordinate has a step of its own, a power of two times its size. With g(x), the three give
// the product Hv twice, over the step and over less of it with the even terms cancelled, so that
// their difference shows the truncation and the noise of every entry.
//
// `begin` starts another round with other steps. Each entry keeps the value of the round in which
// its error was least.
class SparseStencil {
 public:
  // The pattern has to stay; `colour` is a star colouring of it.
  SparseStencil(const SparsePattern& pattern, Eigen::VectorXi colour, Eigen::VectorXd x,
                const Eigen::VectorXd& gradient);

  void begin(int exponent);  // of the steps, in powers of two of each coordinate's size
  bool done() const { return block_ > colours_; }
  Points ask() const;  // three points as rows
  void tell(const Eigen::Ref<const Points>& gradients);

  int colours() const { return colours_; }
  // By the entries of the pattern, symmetric; an error is infinite while nothing is known of one.
  const Eigen::ArrayXd& values() const { return values_; }
  const Eigen::ArrayXd& errors() const { return errors_; }
  // A bound of the noise in each entry of a gradient, rounding included.
  const Eigen::ArrayXd& gradient_noise() const { return gradient_noise_; }

  // What became of the last round. It counts for nothing if a gradient was not finite, or if the
  // line, a colour that a row should not meet, or the two places of an entry contradict what was
  // found by more than `refused` times the errors. What exceeds them by less widens those of the
  // entry or of the diagonal, which covers a missing entry that is alone in its row and column.
  static constexpr double refused = 8;
  bool finite() const { return finite_; }
  double contradiction() const { return contradiction_; }
  int contradicted() const { return contradicted_; }  // the row where it is largest
  bool counts() const { return finite_ && contradiction_ <= refused; }
  int improved() const { return improved_; }  // entries whose error is less than half of before

 private:
  int n() const { return pattern_->size(); }
  double displacement(int i) const;  // of coordinate i in the block at hand
  int diagonal(int i) const;         // where the pattern has the entry
  void measure(const Eigen::Ref<const Points>& gradients);
  void listen();
  void take_colour();
  void finish();
  void bound_noise();
  void combine(Eigen::ArrayXd& value, Eigen::ArrayXd& error);
  void confront(const Eigen::ArrayXd& value, Eigen::ArrayXd& error);
  void contradict(int row, double ratio);
  void keep(const Eigen::ArrayXd& value, const Eigen::ArrayXd& error);

  const SparsePattern* pattern_;
  Eigen::VectorXi colour_;
  Eigen::VectorXd x_;
  Eigen::ArrayXd gradient_;
  int colours_;
  Eigen::ArrayXd step_;
  int block_ = 0;  // the colour at hand; then the line

  // of the block at hand, by row: half the difference of the gradients, and what r changes of it
  Eigen::ArrayXd half_, change_;
  // of the round
  Eigen::ArrayXd raw_,
      raw_change_;        // by entry, in the column's own product; nan where it is hidden
  Eigen::ArrayXd stray_;  // by row: the largest product with colours that it does not meet
  Eigen::ArrayXd square_, samples_;  // by row: of the changes
  Eigen::ArrayXd largest_;           // by row: entry of a gradient
  Eigen::ArrayXd noise_;             // by row: six standard deviations of half a difference
  // of all rounds
  Eigen::ArrayXd values_, errors_, gradient_noise_;
  bool finite_ = false;
  double contradiction_ = 0;
  int contradicted_ = 0;
  int improved_ = 0;
};

}  // namespace hesscape
