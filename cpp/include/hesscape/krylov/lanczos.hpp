// Extreme Ritz pairs of a symmetric matrix from its products with vectors, by asking and being
// told.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <Eigen/Core>

#include "hesscape/krylov/orthogonal.hpp"

namespace hesscape {

enum class Krylov : std::uint8_t {
  open,        // the products that are asked for tell something new
  not_finite,  // the last products were refused, and the same ones are still asked for
  exhausted,   // the basis spans an invariant subspace: no product tells anything new
};

std::string_view message(Krylov status);

// uᵀp / uᵀu, and a bound of the rounding error of this quotient.
struct Quotient {
  double value = 0.0;
  double rounding = 0.0;
};
Quotient rayleigh(const Eigen::Ref<const Eigen::VectorXd>& u,
                  const Eigen::Ref<const Eigen::VectorXd>& p);

// out = x + step v, for the differences of gradients that products are made of.
void displace(const Eigen::Ref<const Eigen::VectorXd>& x,
              const Eigen::Ref<const Eigen::VectorXd>& v, double step,
              Eigen::Ref<Eigen::VectorXd> out);
// first += a g and second += b g, reading g once.
void accumulate(const Eigen::Ref<const Eigen::VectorXd>& g, double a,
                Eigen::Ref<Eigen::VectorXd> first, double b, Eigen::Ref<Eigen::VectorXd> second);

// The block Lanczos process with a basis that is kept and orthogonalised twice in each step, and a
// thick restart where it is full (Wu and Simon 2000). Zero modes are the first columns of the
// basis, so that H is restricted to their complement. A block whose columns become dependent goes
// on with fewer.
class Lanczos {
 public:
  // One column or more, dependent ones being left out. `zero_modes` has orthonormal columns;
  // `limit` vectors are kept beside them and the block in work.
  Lanczos(const Eigen::Ref<const Eigen::MatrixXd>& start,
          const Eigen::Ref<const Eigen::MatrixXd>& zero_modes, int limit);

  // The orthonormal vectors v whose products H v are wanted.
  Eigen::Map<const Eigen::MatrixXd> ask() const;
  // |product - H v| <= error in the Euclidean norm, for each. Says whether the products were taken.
  bool tell(const Eigen::Ref<const Eigen::MatrixXd>& products,
            const Eigen::Ref<const Eigen::VectorXd>& errors);

  Krylov status() const { return status_; }
  int products() const { return products_; }
  int restarts() const { return restarts_; }
  // Ascending, as many as the basis holds.
  const Eigen::VectorXd& values() const { return values_; }
  // Upper bounds of |H y - value y| / |y| for each Ritz vector y, on the complement of the zero
  // modes: the residual, the errors of the products, their asymmetry and rounding. An eigenvalue is
  // that near.
  const Eigen::VectorXd& residuals() const { return residuals_; }
  // Upper bound of the distance |E| of the matrix whose exact Ritz values these are.
  double backward_error() const;
  // Root mean square of v_iᵀ(H v_j) - v_jᵀ(H v_i), which symmetry would make zero.
  double asymmetry() const;
  // The residual of the whole basis beyond errors, zero where it is invariant; what was left out
  // when blocks shrank is part of it.
  double coupling() const;
  Eigen::VectorXd vector(int i) const;  // of unit length, but for the loss of orthogonality

  // All of the state as bytes of this machine, from which another process can go on.
  std::string save() const;
  static Lanczos restore(std::string_view bytes);

 private:
  Lanczos() = default;
  // Hands every member but the basis to an archive, in one order.
  template <typename Self, typename Archive>
  static void each(Self& self, Archive& archive);
  bool consistent() const;
  Eigen::Index n() const { return basis_.rows(); }
  void extend(const Addition& next, const Eigen::Ref<const Eigen::VectorXd>& errors);
  void solve();
  void restart();
  // Upper bound of the Frobenius norm of F, where H V = V T + rest + F, and the rest is what `ask`
  // gives times `beside_`, in the columns of the last block.
  double total_error() const;
  // Upper bound of |VᵀV - I|: what the second orthogonalisation leaves is its rounding.
  double orthogonality_loss() const;

  int modes_ = 0;
  int limit_ = 0;
  int size_ = 0;   // columns whose products are known
  int width_ = 0;  // columns after them, whose products are asked for
  Eigen::MatrixXd basis_;
  Eigen::MatrixXd projected_;  // VᵀHV
  Eigen::MatrixXd expected_;   // its next columns above the diagonal block, by symmetry
  Eigen::VectorXd error_;      // of each column of H V
  int kept_ = 0;               // columns that the last restart made
  // Frobenius norm of the error of these, which no rotation changes; the bounds of columns add up.
  double kept_error_ = 0.0;
  Eigen::VectorXd values_, residuals_;
  Eigen::MatrixXd rotation_;  // Ritz vectors in the basis
  Eigen::MatrixXd beside_;    // triangular, but for columns that were dropped
  double dropped_ = 0.0;      // length of what was left out
  double asymmetry_ = 0.0;    // sum of squares
  std::int64_t samples_ = 0;
  int products_ = 0;
  int restarts_ = 0;
  Krylov status_ = Krylov::open;
};

}  // namespace hesscape
