#include "hesscape/linalg/ldlt_stack.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "hesscape/linalg/symmetric.hpp"

namespace hesscape {
namespace {

using Eigen::Index;

// The shift allows the factors to be this much larger than the matrix: a random one exceeds it with
// a probability of about n / 2^20, and has an eigenvalue that the shift hides with a smaller one.
constexpr double allowed_growth = 0x1p20;
// For matrices with smaller or larger scales underflow is not covered; they are left to others.
constexpr double smallest_scale = 0x1p-300;
constexpr double largest_scale = 0x1p300;

template <int N>
class LdltWork {
 public:
  explicit LdltWork(Index n) : n_(n) {
    if constexpr (N == Eigen::Dynamic) {
      matrix.resize(triangle(n));
      factor.resize(triangle(n));
      for (auto* vector : {&scale, &shift, &known, &growth}) {
        vector->resize(n);
      }
    }
  }
  Index n() const { return N == Eigen::Dynamic ? n_ : N; }

 private:
  Index n_;

 public:
  Storage<Pack, N, triangle(N)> matrix;  // lower triangle by rows
  Storage<Pack, N, triangle(N)> factor;
  Storage<Pack, N, N> scale;   // s_i: entries are about sqrt(s_i s_j) or less
  Storage<Pack, N, N> known;   // the part of the shift that errors and zero_tol ask for
  Storage<Pack, N, N> shift;   // t_i
  Storage<Pack, N, N> growth;  // G_ii of the last factorisation
  Pack negative;               // proven so far
  Pack positive;
};

// s_i = max(|a_ii|, max_j a_ij^2 / max_k |a_jk|) follows any scaling of the coordinates.
template <int N>
EIGEN_ALWAYS_INLINE void find_scales(LdltWork<N>& w) {
  const Index n = w.n();
  Pack* largest = w.growth.data();
  for (Index i = 0; i < n; ++i) {
    const Pack* row = w.matrix.data() + triangle(i);
    w.scale[i] = abs(row[i]);
    largest[i] = w.scale[i];
    for (Index j = 0; j < i; ++j) {
      const Pack size = abs(row[j]);
      largest[i] = max(largest[i], size);
      largest[j] = max(largest[j], size);
    }
  }
  for (Index i = 0; i < n; ++i) {
    largest[i] = Pack(1.0) / max(largest[i], Pack(smallest_scale));
  }
  for (Index i = 0; i < n; ++i) {
    const Pack* row = w.matrix.data() + triangle(i);
    for (Index j = 0; j < i; ++j) {
      const Pack square = row[j] * row[j];
      w.scale[i] = max(w.scale[i], square * largest[j]);
      w.scale[j] = max(w.scale[j], square * largest[i]);
    }
  }
}

// Factorises A + side * T and returns how many pivots have the other sign; 0 in lanes where that
// proves nothing, because some G_ii exceeds limit * s_i or is not a number.
template <int N>
EIGEN_ALWAYS_INLINE Pack proven_by(LdltWork<N>& w, double side, double limit) {
  const Index n = w.n();
  std::copy(w.matrix.begin(), w.matrix.end(), w.factor.begin());
  Pack* a = w.factor.data();
  for (Index i = 0; i < n; ++i) {
    a[triangle(i) + i] = fma(w.shift[i], Pack(side), a[triangle(i) + i]);
    w.growth[i] = Pack(0.0);
  }
  Pack count(0.0);
  Pack valid = Pack(0.0) <= Pack(0.0);
  for (Index k = 0; k < n; ++k) {
    const Pack pivot = a[triangle(k) + k];
    count = count + (Pack(1.0) & (pivot * Pack(side) < Pack(0.0)));
    w.growth[k] = w.growth[k] + abs(pivot);
    valid = valid & (w.growth[k] <= Pack(limit) * w.scale[k]);
    if (k + 1 == n) {
      break;
    }
    const Pack reciprocal = Pack(1.0) / pivot;
    for (Index i = k + 1; i < n; ++i) {
      Pack* row = a + triangle(i);
      const Pack factor = -row[k] * reciprocal;
      w.growth[i] = w.growth[i] + abs(factor * row[k]);
      for (Index j = k + 1; j <= i; ++j) {
        row[j] = fma(factor, a[triangle(j) + k], row[j]);
      }
    }
  }
  return valid & count;
}

// Proves what can be proven with the shift that allows for growth up to limit * s_i. Returns the
// lanes in which some sign is left.
template <int N>
EIGEN_ALWAYS_INLINE Pack prove(LdltWork<N>& w, double limit) {
  const Index n = w.n();
  const auto size = static_cast<double>(n);
  const Pack rounding(size * limit * gamma(n + 16));
  for (Index i = 0; i < n; ++i) {
    // Rounded up: where the part for rounding is small it must not get lost beside `known`.
    w.shift[i] = fma(rounding, w.scale[i], w.known[i]) * Pack(1 + 4 * unit_roundoff);
  }
  w.positive = max(w.positive, proven_by(w, -1, limit));
  if (any(w.positive < Pack(size))) {
    w.negative = max(w.negative, proven_by(w, 1, limit));
  }
  return w.positive + w.negative < Pack(size);
}

template <int N>
EIGEN_ALWAYS_INLINE void read_known(const ErrorStack& error, double zero_tol, Index k, Index lanes,
                                    LdltWork<N>& w) {
  const Index n = w.n();
  std::fill(w.known.begin(), w.known.end(), Pack(zero_tol));
  if (error.data == nullptr) {
    return;
  }
  const MatrixStack entries{error.data, 0, n, error.stride, error.row, error.column};
  std::array<Pack*, 2> root{w.shift.data(), w.growth.data()};
  for (Index i = 0; i < n; ++i) {
    root[0][i] = sqrt(w.scale[i]);
    root[1][i] = Pack(1.0) / root[0][i];
  }
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j <= i; ++j) {
      const Pack entry = read(entries, k, lanes, i, j);
      w.known[i] = fma(entry, root[0][i] * root[1][j], w.known[i]);
      if (j < i) {
        w.known[j] = fma(entry, root[0][j] * root[1][i], w.known[j]);
      }
    }
  }
  const Pack up(1 + 0x1p-40);  // the roundings of these sums, for any n below 2^10
  for (Index i = 0; i < n; ++i) {
    w.known[i] = w.known[i] * up;
  }
}

// For n = 2 the determinant, whose error is known, tells all: the eigenvalues have opposite signs,
// or that of either diagonal entry, for the sign cannot change while the determinant stays above
// zero.
EIGEN_ALWAYS_INLINE void prove_two(const MatrixStack& stack, const ErrorStack& error,
                                   double zero_tol, Index k, Index lanes, LdltWork<2>& w) {
  const Pack a = read(stack, k, lanes, 0, 0);
  const Pack b = read(stack, k, lanes, 1, 0);
  const Pack c = read(stack, k, lanes, 1, 1);
  const Pack squares = abs(a * c) + b * b;
  Pack bound = fma(squares, Pack(4 * unit_roundoff), Pack(0x1p-1000));
  if (error.data != nullptr || zero_tol > 0) {
    const MatrixStack entries{error.data, 0, 2, error.stride, error.row, error.column};
    const auto error_at = [&](Index i, Index j) {
      return error.data == nullptr ? Pack(0.0) : read(entries, k, lanes, i, j);
    };
    const Pack error_a = error_at(0, 0) + Pack(zero_tol);
    const Pack error_b = error_at(1, 0);
    const Pack error_c = error_at(1, 1) + Pack(zero_tol);
    const Pack sum = abs(a) * error_c + abs(c) * error_a + error_a * error_c +
                     error_b * (Pack(2.0) * abs(b) + error_b);
    bound = fma(sum, Pack(1 + 16 * unit_roundoff), bound);
  }
  const Pack determinant = a * c - b * b;
  const Pack one(1.0);
  const Pack two(2.0);
  const Pack same = bound < determinant;
  const Pack mixed = determinant < -bound;
  w.positive = (mixed & one) | (same & (Pack(0.0) < a) & two);
  w.negative = (mixed & one) | (same & (a < Pack(0.0)) & two);
}

template <int N>
EIGEN_ALWAYS_INLINE void prove_pack(const MatrixStack& stack, const ErrorStack& error,
                                    double zero_tol, Index k, Index lanes, LdltWork<N>& w) {
  const Index n = w.n();
  read_lower(stack, k, lanes, w.matrix.data());
  find_scales(w);
  Pack usual = Pack(0.0) <= Pack(0.0);
  for (Index i = 0; i < n; ++i) {
    usual = usual & (Pack(smallest_scale) <= w.scale[i]) & (w.scale[i] <= Pack(largest_scale));
  }
  read_known(error, zero_tol, k, lanes, w);
  w.positive = Pack(0.0);
  w.negative = Pack(0.0);
  if (any(prove(w, allowed_growth) & usual)) {
    // The growth is known now: a second shift, as small as it allows, finds smaller eigenvalues.
    for (Index i = 0; i < n; ++i) {
      w.scale[i] = w.growth[i] + w.growth[i];
    }
    prove(w, 1);
  }
  w.positive = usual & w.positive;
  w.negative = usual & w.negative;
}

template <int N>
EIGEN_ALWAYS_INLINE void write_inertia(const LdltWork<N>& w, Index lanes, std::int64_t* inertia) {
  std::array<double, Pack::lanes> negative;
  std::array<double, Pack::lanes> positive;
  w.negative.store(negative.data());
  w.positive.store(positive.data());
  for (Index lane = 0; lane < lanes; ++lane) {
    std::int64_t* out = inertia + 3 * lane;
    out[0] = static_cast<std::int64_t>(negative[lane]);
    out[2] = static_cast<std::int64_t>(positive[lane]);
    out[1] = w.n() - out[0] - out[2];
  }
}

}  // namespace

std::vector<Index> ldlt_stack(const MatrixStack& stack, const ErrorStack& error, double zero_tol,
                              std::int64_t* inertia) {
  const Index n = stack.n;
  std::vector<Index> left;
  for_size(n, [&]<int N> {
    LdltWork<N> w(n);
    for_each_pack(stack.count, [&](Index k, Index lanes) {
      if constexpr (N == 2) {
        prove_two(stack, error, zero_tol, k, lanes, w);
      } else {
        prove_pack(stack, error, zero_tol, k, lanes, w);
      }
      write_inertia(w, lanes, inertia + 3 * k);
      if (any(w.positive + w.negative < Pack(static_cast<double>(n)))) {
        for (Index lane = 0; lane < lanes; ++lane) {
          if (inertia[3 * (k + lane) + 1] > 0) {
            left.push_back(k + lane);
          }
        }
      }
    });
  });
  return left;
}

}  // namespace hesscape
