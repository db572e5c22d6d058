#include "hesscape/linalg/eigen_stack.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <type_traits>
#include <vector>

#include "hesscape/numbers.hpp"

namespace hesscape {
namespace {

using Eigen::Index;

constexpr double largest_double = std::numeric_limits<double>::max();
// Between these, sixth powers neither overflow nor lose what matters by underflow.
constexpr double upper_scale = 0x1p100;
constexpr double lower_scale = 0x1p-100;
// What is smaller than the largest entry by this factor is nothing: far below the rounding errors,
// and far above where squares underflow.
constexpr double negligible = 0x1p-100;
constexpr int most_sweeps = 60;  // 30 is LAPACK's limit for one eigenvalue; NaN never gets there

// The numbers of one pack of matrices while it is worked on; reused from pack to pack.
template <int N>
class EigenWork {
 public:
  explicit EigenWork(Index n, bool with_vectors = false) : n_(n) {
    if (with_vectors) {
      row_numbers.resize(n * Pack::lanes);
      order.resize(n * Pack::lanes);
    }
    if constexpr (N == Eigen::Dynamic) {
      vectors.resize(with_vectors ? n * n : 0);
      lower.resize(triangle(n));
      for (auto* vector : {&diagonal, &off, &reflector, &product}) {
        vector->resize(n);
      }
    }
  }
  Index n() const { return N == Eigen::Dynamic ? n_ : N; }
  Pack* row(Index i) { return lower.data() + triangle(i); }

 private:
  Index n_;

 public:
  Storage<Pack, N, triangle(N)> lower;  // rows of the lower triangle
  Storage<Pack, N, N> diagonal;         // of the tridiagonal matrix; eigenvalues in the end
  Storage<Pack, N, N> off;          // off[i] couples rows i and i + 1; its square for values alone
  Storage<Pack, N, N> reflector;    // 1 / h of I - v v^T / h; later the cosines of a sweep
  Storage<Pack, N, N> product;      // A v; later the sines of a sweep
  Storage<Pack, N, N * N> vectors;  // n x n, row-major
  std::vector<double> row_numbers;  // one row of vectors, lane by lane
  std::vector<Index> order;         // n indices a lane: which column comes first
  Pack norm;                        // largest absolute entry
  Pack back;                        // power of two that undoes the scaling
  Pack finite;                      // mask
};

// Brings lanes with very large or small entries near one, and empties those that are not finite.
template <int N>
void normalise(EigenWork<N>& w) {
  w.norm = Pack(0.0);
  w.finite = Pack(0.0) <= Pack(0.0);
  for (const Pack& entry : w.lower) {
    const Pack size = abs(entry);
    w.norm = max(w.norm, size);
    w.finite = w.finite & (size <= Pack(largest_double));
  }
  std::array<double, Pack::lanes> norm;
  // The usual lanes stay as they are, whatever stands beside them.
  select(w.finite, w.norm, Pack(0.0)).store(norm.data());
  const auto exponent = [&](Index lane) {
    return norm[lane] == 0 || (lower_scale < norm[lane] && norm[lane] < upper_scale)
               ? 0
               : std::clamp(std::ilogb(norm[lane]), -1000, 1000);
  };
  const Pack scale = Pack::each_lane([&](Index lane) { return std::ldexp(1.0, -exponent(lane)); });
  w.back = Pack::each_lane([&](Index lane) { return std::ldexp(1.0, exponent(lane)); });
  for (Pack& entry : w.lower) {
    entry = select(w.finite, entry * scale, Pack(0.0));
  }
  w.norm = select(w.finite, w.norm * scale, Pack(0.0));
}

template <int N>
EIGEN_ALWAYS_INLINE void read_pack(const MatrixStack& stack, Index k, Index lanes,
                                   EigenWork<N>& w) {
  w.norm = Pack(0.0);
  Pack sum = Pack(0.0);  // keeps what is not a number, as norm may not
  read_lower(stack, k, lanes, w.lower.data());
  for (const Pack& entry : w.lower) {
    const Pack size = abs(entry);
    w.norm = max(w.norm, size);
    sum = sum + size;
  }
  w.back = Pack(1.0);
  w.finite = Pack(0.0) <= Pack(0.0);
  if (!all((Pack(lower_scale) < w.norm) & (sum < Pack(upper_scale)))) {
    normalise(w);
  }
}

// Householder's reduction, last row first: row i of the lower triangle becomes the vector v of the
// reflection I - v v^T / h that makes it tridiagonal.
template <int N>
EIGEN_ALWAYS_INLINE void tridiagonalise(EigenWork<N>& w) {
  const Index n = w.n();
  const Pack cut = w.norm * w.norm * Pack(negligible * negligible);
  for (Index i = n - 1; i >= 2; --i) {
    Pack* v = w.row(i);
    Pack* p = w.product.data();
    w.diagonal[i] = v[i];
    Pack tail = v[0] * v[0];
    for (Index k = 1; k < i - 1; ++k) {
      tail = fma(v[k], v[k], tail);
    }
    const Pack alpha = v[i - 1];
    const Pack square = fma(alpha, alpha, tail);
    const Pack done = tail <= cut;
    const Pack norm = sqrt(square);
    const Pack beta = select(alpha < Pack(0.0), norm, -norm);
    const Pack reciprocal = select(done, Pack(0.0), Pack(1.0) / (square - alpha * beta));
    w.off[i - 1] = select(done, alpha, beta);
    v[i - 1] = alpha - beta;
    w.reflector[i] = reciprocal;
    for (Index j = 0; j < i; ++j) {
      const Pack* a = w.row(j);
      const Pack vj = v[j];
      Pack sum = a[j] * vj;
      for (Index k = 0; k < j; ++k) {
        sum = fma(a[k], v[k], sum);
        p[k] = fma(a[k], vj, p[k]);
      }
      p[j] = sum;
    }
    Pack dot = Pack(0.0);
    for (Index j = 0; j < i; ++j) {
      p[j] = p[j] * reciprocal;
      dot = fma(p[j], v[j], dot);
    }
    const Pack half = dot * reciprocal * Pack(0.5);
    for (Index j = 0; j < i; ++j) {
      p[j] = fnma(half, v[j], p[j]);
    }
    for (Index j = 0; j < i; ++j) {
      Pack* a = w.row(j);
      const Pack pj = -p[j];
      const Pack vj = -v[j];
      for (Index k = 0; k <= j; ++k) {
        a[k] = fma(pj, v[k], fma(vj, p[k], a[k]));
      }
    }
  }
  w.diagonal[0] = w.row(0)[0];
  w.diagonal[1] = w.row(1)[1];
  w.off[0] = w.row(1)[0];
}

// The eigenvalue of a 3 x 3 tridiagonal matrix that is farthest from the other two, given the
// diagonal and the squares of the off-diagonal: q + p t with t^3 - 3 t = det((A - q I) / p). Newton
// starts from a cubic within 2e-4 of the root, which lies between sqrt(3) and 2.
EIGEN_ALWAYS_INLINE Pack isolated_eigenvalue(const Pack* diagonal, const Pack& square0,
                                             const Pack& square1) {
  const Pack q = (diagonal[0] + diagonal[1] + diagonal[2]) * Pack(1.0 / 3);
  const Pack x = diagonal[0] - q;
  const Pack y = diagonal[1] - q;
  const Pack z = diagonal[2] - q;
  const Pack squares = fma(x, x, fma(y, y, fma(z, z, Pack(2.0) * (square0 + square1))));
  const Pack p2 = max(squares * Pack(1.0 / 6), Pack(0x1p-300));
  const Pack p = sqrt(p2);
  const Pack determinant = fnma(z, square0, x * fma(y, z, -square1));
  const Pack cosine = determinant * Pack(0.5) / (p2 * p);
  const Pack c = min(abs(cosine), Pack(1.0));
  Pack t = fma(c, fma(c, fma(c, Pack(0.0187), Pack(-0.0813)), Pack(0.3304)),
               Pack(1.7322));  // NOLINT(modernize-use-std-numbers)
  for (int step = 0; step < 2; ++step) {
    const Pack t2 = t * t;
    t = fma(t2, t, c) * Pack(2.0 / 3) / (t2 - Pack(1.0));
  }
  return fma(p, select(cosine < Pack(0.0), -t, t), q);
}

// x for which d0 - x and d1 + x are the eigenvalues of [[d0, e], [e, d1]], the former nearer to d0.
EIGEN_ALWAYS_INLINE Pack jacobi_offset(const Pack* d, const Pack& square, const Pack& small) {
  const Pack half = (d[1] - d[0]) * Pack(0.5);
  const Pack root = sqrt(fma(half, half, square));
  const Pack denominator = select(half < Pack(0.0), half - root, half + root);
  return square / select(abs(denominator) < small, small, denominator);
}

// The shift for the rows from l on: Wilkinson's, but in the end one that needs no second sweep.
template <int N>
EIGEN_ALWAYS_INLINE Pack shift(const EigenWork<N>& w, Index l, int sweep, const Pack& square0,
                               const Pack& square1, const Pack& small) {
  const Pack* d = w.diagonal.data() + l;
  return l == w.n() - 3 && sweep == 0 ? isolated_eigenvalue(d, square0, square1)
                                      : d[0] - jacobi_offset(d, square0, small);
}

// Eigenvalues of the tridiagonal matrix; off holds squares. Lanes that have converged stay as they
// are.
template <int N>
EIGEN_ALWAYS_INLINE void ql_values(EigenWork<N>& w) {
  const Index n = w.n();
  Pack* d = w.diagonal.data();
  Pack* square = w.off.data();
  const Pack small = max(w.norm * Pack(negligible), Pack(0x1p-300));
  const Pack tolerance = w.norm * w.norm * Pack(epsilon * epsilon);
  // A pivot may move by `small` so that nothing divides by zero.
  const auto away = [&](const Pack& x) { return select(abs(x) < small, small, x); };
  for (Index l = 0; l + 2 < n; ++l) {
    for (int sweep = 0; sweep < most_sweeps; ++sweep) {
      const Pack active = tolerance < square[l];
      if (!any(active)) {
        break;
      }
      const Pack sigma = shift(w, l, sweep, square[l], square[l + 1], small);
      Pack s = Pack(0.0);
      Pack pivot = away(d[n - 1] - sigma);
      Pack p = pivot * pivot;
      for (Index i = n - 2; i >= l; --i) {
        const Pack sum = p + square[i];
        if (i < n - 2) {
          square[i + 1] = select(active, s * sum, square[i + 1]);
        }
        const Pack reciprocal = Pack(1.0) / sum;
        const Pack secant = sum / p;  // 1 / c
        s = square[i] * reciprocal;
        const Pack next = away(fnma(s, pivot, p * reciprocal * (d[i] - sigma)));
        d[i + 1] = select(active, pivot + (d[i] - next), d[i + 1]);
        pivot = next;
        p = next * next * secant;
      }
      square[l] = select(active, s * p, square[l]);
      d[l] = select(active, sigma + pivot, d[l]);
    }
  }
  const Pack x = jacobi_offset(d + n - 2, square[n - 2], small);
  d[n - 2] = d[n - 2] - x;
  d[n - 1] = d[n - 1] + x;
}

// The product of all reflections, from the first (row 2) to the last.
template <int N>
void accumulate_reflections(EigenWork<N>& w) {
  const Index n = w.n();
  Pack* q = w.vectors.data();
  std::fill(w.vectors.begin(), w.vectors.end(), Pack(0.0));
  for (Index i = 0; i < n; ++i) {
    q[i * n + i] = Pack(1.0);
  }
  Pack* dot = w.product.data();
  for (Index i = 2; i < n; ++i) {
    const Pack* v = w.row(i);
    std::fill(dot, dot + i, Pack(0.0));
    for (Index k = 0; k < i; ++k) {
      const Pack vk = v[k];
      for (Index j = 0; j < i; ++j) {
        dot[j] = fma(vk, q[k * n + j], dot[j]);
      }
    }
    for (Index j = 0; j < i; ++j) {
      dot[j] = dot[j] * w.reflector[i];
    }
    for (Index k = 0; k < i; ++k) {
      const Pack vk = -v[k];
      for (Index j = 0; j < i; ++j) {
        q[k * n + j] = fma(vk, dot[j], q[k * n + j]);
      }
    }
  }
}

// Rotates columns i and i + 1 of the vectors by cosine[i], sine[i], for i = n - 2 down to l.
template <int N>
void rotate_vectors(EigenWork<N>& w, Index l, const Pack* cosine, const Pack* sine) {
  const Index n = w.n();
  for (Index k = 0; k < n; ++k) {
    Pack* row = w.vectors.data() + k * n;
    Pack moved = row[n - 1];
    for (Index i = n - 2; i >= l; --i) {
      const Pack c = cosine[i];
      const Pack s = sine[i];
      const Pack stays = row[i];
      row[i + 1] = fma(s, stays, c * moved);
      moved = fnma(s, moved, c * stays);
    }
    row[l] = moved;
  }
}

// One sweep from the last row up to row l: a rotation for each pair of rows.
template <int N>
void sweep_up(EigenWork<N>& w, Index l, const Pack& sigma, const Pack& active, const Pack& cut) {
  const Index n = w.n();
  Pack* d = w.diagonal.data();
  Pack* off = w.off.data();
  Pack* cosine = w.reflector.data();
  Pack* sine = w.product.data();
  Pack c = Pack(1.0);
  Pack s = Pack(0.0);
  Pack p = d[n - 1] - sigma;
  for (Index i = n - 2; i >= l; --i) {
    const Pack g = c * off[i];
    const Pack h = c * p;
    const Pack square = fma(p, p, off[i] * off[i]);
    const Pack none = square <= cut;
    const Pack r = sqrt(square);
    if (i < n - 2) {
      off[i + 1] = select(active, s * r, off[i + 1]);
    }
    const Pack reciprocal = Pack(1.0) / r;
    c = select(none, Pack(1.0), p * reciprocal);
    s = select(none, Pack(0.0), off[i] * reciprocal);
    const Pack shifted = d[i] - sigma;
    p = fnma(s, g, c * shifted);
    d[i + 1] = select(active, fma(s, fma(c, g, s * shifted), h) + sigma, d[i + 1]);
    cosine[i] = select(active, c, Pack(1.0));
    sine[i] = select(active, s, Pack(0.0));
  }
  off[l] = select(active, s * p, off[l]);
  d[l] = select(active, fma(c, p, sigma), d[l]);
}

// Eigenvalues and eigenvectors of the tridiagonal matrix, in the basis that vectors holds.
template <int N>
void ql_vectors(EigenWork<N>& w) {
  const Index n = w.n();
  Pack* d = w.diagonal.data();
  const Pack* off = w.off.data();
  const Pack small = max(w.norm * Pack(negligible), Pack(0x1p-300));
  const Pack tolerance = w.norm * Pack(epsilon);
  for (Index l = 0; l + 2 < n; ++l) {
    for (int sweep = 0; sweep < most_sweeps; ++sweep) {
      const Pack active = tolerance < abs(off[l]);
      if (!any(active)) {
        break;
      }
      const Pack sigma = shift(w, l, sweep, off[l] * off[l], off[l + 1] * off[l + 1], small);
      sweep_up(w, l, sigma, active, small * small);
      rotate_vectors(w, l, w.reflector.data(), w.product.data());
    }
  }
  const Index last = n - 2;
  const Pack x = jacobi_offset(d + last, off[last] * off[last], small);
  const Pack none = abs(off[last]) < small;
  const Pack tangent = select(none, Pack(0.0), x / off[last]);
  w.reflector[last] = Pack(1.0) / sqrt(fma(tangent, tangent, Pack(1.0)));
  w.product[last] = tangent * w.reflector[last];
  d[last] = d[last] - x;
  d[last + 1] = d[last + 1] + x;
  rotate_vectors(w, last, w.reflector.data(), w.product.data());
}

template <int N>
EIGEN_ALWAYS_INLINE void sort(EigenWork<N>& w) {
  Pack* d = w.diagonal.data();
  for (Index i = 1; i < w.n(); ++i) {
    for (Index j = i; j > 0; --j) {
      const Pack smaller = min(d[j - 1], d[j]);
      d[j] = max(d[j - 1], d[j]);
      d[j - 1] = smaller;
    }
  }
}

// The eigenvalues of 2 x 2 matrices in closed form, within a few epsilon |A|.
EIGEN_ALWAYS_INLINE void values_of_two(EigenWork<2>& w) {
  const Pack mean = (w.lower[0] + w.lower[2]) * Pack(0.5);
  const Pack half = (w.lower[2] - w.lower[0]) * Pack(0.5);
  const Pack root = sqrt(fma(half, half, w.lower[1] * w.lower[1]));
  const Pack solved = abs(w.lower[1]) <= Pack(0.0);
  w.diagonal[0] = select(solved, min(w.lower[0], w.lower[2]), mean - root);
  w.diagonal[1] = select(solved, max(w.lower[0], w.lower[2]), mean + root);
}

template <int N>
EIGEN_ALWAYS_INLINE Pack eigenvalue(const EigenWork<N>& w, Index i) {
  return select(w.finite, w.diagonal[i] * w.back, Pack(not_a_number));
}

template <int N>
void eigvalsh_pack(const MatrixStack& stack, Index k, Index lanes, EigenWork<N>& w,
                   double* values) {
  const Index n = w.n();
  read_pack(stack, k, lanes, w);
  if constexpr (N == 2) {
    values_of_two(w);
  } else {
    tridiagonalise(w);
    for (Pack& off : w.off) {
      off = off * off;
    }
    ql_values(w);
    sort(w);
  }
  for (Index i = 0; i < n; ++i) {
    write(eigenvalue(w, i), lanes, values + i, n);
  }
}

// Writes the eigenvectors of a pack; those of matrix k in the order that it needs.
template <int N>
void write_vectors(EigenWork<N>& w, Index lanes, const Index* order, double* vectors) {
  const Index n = w.n();
  std::vector<double>& row = w.row_numbers;
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < n; ++j) {
      select(w.finite, w.vectors[i * n + j], Pack(not_a_number)).store(&row[j * Pack::lanes]);
    }
    for (Index lane = 0; lane < lanes; ++lane) {
      double* out = vectors + lane * n * n + i * n;
      for (Index j = 0; j < n; ++j) {
        out[j] = row[order[lane * n + j] * Pack::lanes + lane];
      }
    }
  }
}

template <int N>
void eigh_pack(const MatrixStack& stack, Index k, Index lanes, EigenWork<N>& w, double* values,
               double* vectors) {
  const Index n = w.n();
  read_pack(stack, k, lanes, w);
  tridiagonalise(w);
  accumulate_reflections(w);
  ql_vectors(w);
  // Stable, by insertion: most matrices come out nearly sorted.
  for (Index j = 0; j < n; ++j) {
    w.diagonal[j].store(&w.row_numbers[j * Pack::lanes]);
  }
  for (Index lane = 0; lane < lanes; ++lane) {
    const auto value = [&](Index j) { return w.row_numbers[j * Pack::lanes + lane]; };
    Index* order = w.order.data() + lane * n;
    for (Index j = 0; j < n; ++j) {
      Index to = j;
      for (; to > 0 && value(j) < value(order[to - 1]); --to) {
        order[to] = order[to - 1];
      }
      order[to] = j;
    }
  }
  write_vectors(w, lanes, w.order.data(), vectors);
  sort(w);
  for (Index i = 0; i < n; ++i) {
    write(eigenvalue(w, i), lanes, values + i, n);
  }
}

// Matrices of one row.
void read_numbers(const MatrixStack& stack, double* values) {
  for (Index k = 0; k < stack.count; ++k) {
    const double value = *stack.at(k, 0, 0);
    values[k] = std::isfinite(value) ? value : not_a_number;
  }
}

}  // namespace

void eigvalsh_stack(const MatrixStack& stack, double* values) {
  const Index n = stack.n;
  if (n == 1) {
    return read_numbers(stack, values);
  }
  for_size(n, [&]<int N> {
    EigenWork<N> w(n);
    for_each_pack(stack.count,
                  [&](Index k, Index lanes) { eigvalsh_pack(stack, k, lanes, w, values + k * n); });
  });
}

void eigh_stack(const MatrixStack& stack, double* values, double* vectors) {
  const Index n = stack.n;
  if (n == 1) {
    read_numbers(stack, values);
    std::transform(values, values + stack.count, vectors,
                   [](double value) { return std::isnan(value) ? value : 1.0; });
    return;
  }
  for_size(n, [&]<int N> {
    EigenWork<N> w(n, true);
    for_each_pack(stack.count, [&](Index k, Index lanes) {
      eigh_pack(stack, k, lanes, w, values + k * n, vectors + k * n * n);
    });
  });
}

}  // namespace hesscape
