"""Stacks of symmetric matrices: eigenvalues, and signs of eigenvalues with proofs.

The functions take NumPy's arguments and return its shapes. Matrices of up to some tens of rows are worked on one a SIMD
lane, larger ones by SciPy's LAPACK.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hesscape import _core
from hesscape._keywords import takes

from .symmetric import entry_errors, not_negative
from .workers import Floats, Stack, Workers, output, share, stack_of

#: What the codes of `definiteness` mean.
DEFINITENESS = {1: "positive", -1: "negative", 2: "indefinite", 0: "undecided"}

HARD = 4096  # matrices that the slow proof copies at a time


class EighResult(NamedTuple):
    """What `eigh` returns.

    Attributes
    ----------
    eigenvalues : ndarray, shape (..., n)
        In ascending order.
    eigenvectors : ndarray, shape (..., n, n)
        Column ``eigenvectors[..., :, i]`` belongs to ``eigenvalues[..., i]``; the columns are orthonormal.
    """

    eigenvalues: Floats
    eigenvectors: Floats


@takes()
def eigvalsh(
    a: ArrayLike, UPLO: str = "L", *, out: Floats | None = None, workers: Workers = 1
) -> Floats:
    """Compute the eigenvalues of symmetric matrices.

    Parameters
    ----------
    a : array_like, shape (..., n, n)
        Real matrices, with any strides. Results are float32 for float32, else float64.
    UPLO : {"L", "U"}
        The triangle that is read; the other one may hold anything.
    out : ndarray, shape (..., n), optional
        A contiguous array to write the result to.
    workers : int or map-like callable
        How many threads share the stack (-1: one a processor), or ``pool.map`` of a pool of threads.

    Returns
    -------
    ndarray, shape (..., n)
        Ascending. NaN for a matrix with an entry that is not finite, or for which LAPACK did not converge.

    Raises
    ------
    TypeError
        If `a` is not real, or `out` or `workers` is of the wrong type.
    ValueError
        If a shape, `UPLO` or `workers` is wrong.

    Notes
    -----
    Values are within a small multiple of ``n eps ||a||`` of the exact ones. Small matrices are made tridiagonal by
    Householder's reflections and then diagonal by a QL iteration without square roots [1]_, large ones by LAPACK's
    ``syevd``. A small matrix has the same result, to the last bit, wherever it stands in a stack of the same kind.

    References
    ----------
    .. [1] B. N. Parlett, *The Symmetric Eigenvalue Problem*, SIAM (1998), sections 7.4 and 8.15.

    Examples
    --------
    >>> import numpy as np
    >>> from hesscape.linalg import eigvalsh
    >>> eigvalsh([[0.0, -2.0], [-2.0, 0.0]]).tolist()
    [-2.0, 2.0]
    >>> eigvalsh(np.ones((4, 3, 3))).shape
    (4, 3)
    """
    stack = stack_of(a, UPLO)
    values = output(out, (*stack.shape, stack.n), stack.a.dtype)
    rows_of_values = values.reshape(stack.count, stack.n)

    def small(rows: slice) -> None:
        wide = _wide(rows_of_values[rows])
        _core.eigvalsh_stack(stack.doubles(rows), wide)
        _narrow(wide, rows_of_values[rows])

    def large(rows: slice) -> None:
        part = np.ascontiguousarray(stack.a[rows])
        rows_of_values[rows] = _core.eigen_large(part, not stack.upper, False)[0]

    if stack.n:
        across = _core.across_values(stack.n, stack.count)
        share(stack, workers, small if across else large, across)
    return values


@takes()
def eigh(
    a: ArrayLike,
    UPLO: str = "L",
    *,
    out: tuple[Floats, Floats] | None = None,
    workers: Workers = 1,
) -> EighResult:
    """Compute the eigenvalues and eigenvectors of symmetric matrices.

    Parameters
    ----------
    a : array_like, shape (..., n, n)
        Real matrices, with any strides. Results are float32 for float32, else float64.
    UPLO : {"L", "U"}
        The triangle that is read; the other one may hold anything.
    out : tuple of ndarray, shapes (..., n) and (..., n, n), optional
        Contiguous arrays to write the results to.
    workers : int or map-like callable
        How many threads share the stack (-1: one a processor), or ``pool.map`` of a pool of threads.

    Returns
    -------
    EighResult
        ``(eigenvalues, eigenvectors)``. NaN for a matrix with an entry that is not finite, or for which LAPACK did
        not converge.

    Raises
    ------
    TypeError
        If `a` is not real, or `out` or `workers` is of the wrong type.
    ValueError
        If a shape, `UPLO` or `workers` is wrong.

    Notes
    -----
    ``||a v - v w||`` and ``||v^T v - 1||`` are small multiples of ``n eps``, the former times ``||a||``. The
    algorithms are those of `eigvalsh`, with square roots [1]_.

    References
    ----------
    .. [1] B. N. Parlett, *The Symmetric Eigenvalue Problem*, SIAM (1998), sections 7.4 and 8.10-8.12.

    Examples
    --------
    >>> from hesscape.linalg import eigh
    >>> w, v = eigh([[0.0, -2.0], [-2.0, 0.0]])
    >>> w.tolist()
    [-2.0, 2.0]
    >>> bool(abs(v[0, 0] - v[1, 0]) < 1e-15)
    True
    """
    stack = stack_of(a, UPLO)
    try:
        given_values, given_vectors = (None, None) if out is None else out
    except (TypeError, ValueError):
        raise TypeError(f"out: expected a tuple of two arrays, got {type(out).__name__}") from None
    values = output(given_values, (*stack.shape, stack.n), stack.a.dtype, "out[0]")
    vectors = output(given_vectors, (*stack.shape, stack.n, stack.n), stack.a.dtype, "out[1]")
    rows_of_values = values.reshape(stack.count, stack.n)
    rows_of_vectors = vectors.reshape(stack.count, stack.n, stack.n)

    def small(rows: slice) -> None:
        wide, wide_vectors = _wide(rows_of_values[rows]), _wide(rows_of_vectors[rows])
        _core.eigh_stack(stack.doubles(rows), wide, wide_vectors)
        _narrow(wide, rows_of_values[rows])
        _narrow(wide_vectors, rows_of_vectors[rows])

    def large(rows: slice) -> None:
        part = np.ascontiguousarray(stack.a[rows])
        value, vector, _ = _core.eigen_large(part, not stack.upper, True)
        rows_of_values[rows], rows_of_vectors[rows] = value, vector

    if stack.n:
        across = _core.across_vectors(stack.n, stack.count)
        share(stack, workers, small if across else large, across)
    return EighResult(values, vectors)


@takes()
def inertia(
    a: ArrayLike,
    *,
    error: ArrayLike | None = None,
    zero_tol: float | None = None,
    UPLO: str = "L",
    out: NDArray[np.int64] | None = None,
    workers: Workers = 1,
) -> NDArray[np.int64]:
    """Count negative and positive eigenvalues of symmetric matrices, each one proven.

    Parameters
    ----------
    a : array_like, shape (..., n, n)
        Real matrices, with any strides.
    error : array_like, optional
        ``|a - true| <= error`` entrywise: a number, one number a matrix, an array (n, n), or one for each entry.
        ``inf`` means that nothing is known about an entry. Without it `a` is exact.
    zero_tol : float, optional
        Count an eigenvalue only when it is proven to be below ``-zero_tol`` or above ``zero_tol``.
    UPLO : {"L", "U"}
        The triangle of `a` that is read.
    out : ndarray of int64, shape (..., 3), optional
        A contiguous array to write the result to.
    workers : int or map-like callable
        How many threads share the stack (-1: one a processor), or ``pool.map`` of a pool of threads.

    Returns
    -------
    ndarray of int64, shape (..., 3)
        ``(n_negative, n_zero, n_positive)``. The first and the last are proven, for every matrix within the error and
        whatever was rounded; the second is the rest. A matrix with an entry that is not finite has only zeros.

    Raises
    ------
    TypeError
        If `a` is not real, or an argument is of the wrong type.
    ValueError
        If a shape is wrong, or `error` or `zero_tol` is negative or NaN.

    Notes
    -----
    ``a + T`` and ``a - T`` are factorised as ``L D L^T``, T a diagonal that exceeds the rounding errors of the factors
    [1]_ [2]_ and what `error` and `zero_tol` ask for; by Sylvester's law of inertia the pivots of the first prove
    negative eigenvalues, those of the second positive ones. What they leave open is tried again with a T as small as
    the factors allow, and then as `hesscape.classify_hessian` does.

    References
    ----------
    .. [1] N. J. Higham, *Accuracy and Stability of Numerical Algorithms*, SIAM (2002), sections 9.3, 10.1 and 11.1.
    .. [2] S. M. Rump, Verification of positive definiteness, *BIT* 46 (2006) 433-452.

    Examples
    --------
    >>> from hesscape.linalg import inertia
    >>> inertia([[0, -2], [-2, 0]]).tolist()
    [1, 0, 1]
    >>> inertia([[1, 1], [1, 1]]).tolist()
    [0, 1, 1]
    >>> inertia([[[2.0]], [[-3.0]], [[1e-9]]], error=1e-6).tolist()
    [[0, 0, 1], [1, 0, 0], [0, 1, 0]]
    """
    stack = stack_of(a, UPLO)
    counts = output(out, (*stack.shape, 3), np.dtype(np.int64))
    signs = _Signs(stack, error, zero_tol)
    rows_of_counts = counts.reshape(stack.count, 3)
    share(stack, workers, lambda rows: signs.count(rows, rows_of_counts[rows]), signs.across)
    return counts


@takes()
def definiteness(
    a: ArrayLike, *, error: ArrayLike | None = None, UPLO: str = "L", workers: Workers = 1
) -> str | NDArray[np.int8]:
    """Tell whether symmetric matrices are positive or negative definite or indefinite, by the first proof.

    Parameters
    ----------
    a : array_like, shape (..., n, n)
        Real matrices, with any strides.
    error : array_like, optional
        ``|a - true| <= error`` entrywise, as for `inertia`.
    UPLO : {"L", "U"}
        The triangle of `a` that is read.
    workers : int or map-like callable
        How many threads share the stack (-1: one a processor), or ``pool.map`` of a pool of threads.

    Returns
    -------
    str or ndarray of int8, shape (...)
        ``"positive"``, ``"negative"``, ``"indefinite"`` or ``"undecided"`` for one matrix; for a stack the codes 1, -1,
        2 and 0 (`DEFINITENESS` translates). All but the last are proven. Singular matrices, empty ones and those with
        entries that are not finite are undecided.

    Raises
    ------
    TypeError
        If `a` is not real, or an argument is of the wrong type.
    ValueError
        If a shape is wrong, or `error` is negative or NaN.

    Notes
    -----
    For large matrices in this order: diagonal entries of opposite sign, a principal 2 x 2 minor, a direction of the
    other sign that a few steps of conjugate gradients find [1]_ (in single precision; the quotient is then bounded in
    double), a Cholesky factor of the matrix less a shift [2]_, and the direction in which that fails. So a saddle costs
    a few passes over the matrix, unless its negative eigenvalues are all within some hundredths of the largest one of
    zero. Small matrices are settled by `inertia`.

    References
    ----------
    .. [1] T. Steihaug, The conjugate gradient method and trust regions in large scale optimization, *SIAM J. Numer.
       Anal.* 20 (1983) 626-637.
    .. [2] S. M. Rump, Verification of positive definiteness, *BIT* 46 (2006) 433-452.

    Examples
    --------
    >>> from hesscape.linalg import DEFINITENESS, definiteness
    >>> definiteness([[2.0, 1.0], [1.0, 2.0]])
    'positive'
    >>> definiteness([[1.0, 2.0], [2.0, 1.0]], error=0.1)
    'indefinite'
    >>> [DEFINITENESS[code] for code in definiteness([[[1.0]], [[0.0]]]).tolist()]
    ['positive', 'undecided']
    """
    codes = _codes(stack_of(a, UPLO), error, workers)
    return codes if codes.ndim else DEFINITENESS[int(codes)]


@takes()
def is_positive_definite(
    a: ArrayLike, *, error: ArrayLike | None = None, UPLO: str = "L", workers: Workers = 1
) -> NDArray[np.bool_]:
    """Tell which symmetric matrices are proven to be positive definite.

    Parameters
    ----------
    a : array_like, shape (..., n, n)
        Real matrices, with any strides.
    error : array_like, optional
        ``|a - true| <= error`` entrywise, as for `inertia`.
    UPLO : {"L", "U"}
        The triangle of `a` that is read.
    workers : int or map-like callable
        How many threads share the stack (-1: one a processor), or ``pool.map`` of a pool of threads.

    Returns
    -------
    ndarray of bool, shape (...)
        True is a proof. False says that there is none: `definiteness` tells more.

    Raises
    ------
    TypeError
        If `a` is not real, or an argument is of the wrong type.
    ValueError
        If a shape is wrong, or `error` is negative or NaN.

    Examples
    --------
    >>> from hesscape.linalg import is_positive_definite
    >>> bool(is_positive_definite([[2.0, 1.0], [1.0, 2.0]]))
    True
    >>> is_positive_definite([[[1.0]], [[-1.0]], [[0.0]]]).tolist()
    [True, False, False]
    """
    return np.equal(_codes(stack_of(a, UPLO), error, workers), 1)


def _codes(stack: Stack, error: ArrayLike | None, workers: Workers) -> NDArray[np.int8]:
    """Find the codes of definiteness of all matrices."""
    signs = _Signs(stack, error, None)
    codes = np.zeros(stack.count, dtype=np.int8)
    share(stack, workers, lambda rows: signs.decide(rows, codes[rows]), signs.across)
    return codes.reshape(stack.shape)


def first_proofs(a: NDArray[np.float64], error: NDArray[np.float64]) -> NDArray[np.int64]:
    """Count signs as `inertia` does, for matrices (N, n, n) that are symmetric and finite, by its first attempt only."""
    count, n, _ = a.shape
    if not _core.across_signs(n, count):
        return _core.inertia_large(a, error, 0.0, False)[0]
    counts = np.empty((count, 3), dtype=np.int64)
    _core.ldlt_stack(a, error, 0.0, counts)
    return counts


class _Signs:
    """Proofs of signs for the matrices of a stack, with their errors."""

    def __init__(self, stack: Stack, error: ArrayLike | None, zero_tol: Any) -> None:
        self.stack = stack
        self.zero_tol = 0.0 if zero_tol is None else not_negative("zero_tol", zero_tol)
        self.errors: NDArray[np.float64] | None = None
        self.uniform = 0.0  # the error, where it is one number
        if error is not None:
            e = entry_errors(error, (*stack.shape, stack.n, stack.n))
            e = e if e.ndim == 2 else e.reshape(stack.a.shape)
            self.errors = np.broadcast_to(e, stack.a.shape)
            self.uniform = float(e.flat[0]) if np.ndim(error) == 0 and e.size else 0.0
        if stack.rounded:
            double = np.finfo(np.float64)
            read = stack.full(slice(None))
            rounding = np.abs(read) * double.eps + double.smallest_subnormal
            self.errors = rounding if self.errors is None else _sum(self.errors, rounding)

    def count(self, rows: slice, counts: NDArray[np.int64]) -> None:
        """Write the inertia of some matrices."""
        if not self.across:
            counts[:] = _core.inertia_large(
                self.stack.doubles(rows), self._large_error(rows), self.zero_tol, True
            )[0]
            return
        self._finish(
            rows,
            counts,
            _core.ldlt_stack(self.stack.doubles(rows), self._errors(rows), self.zero_tol, counts),
        )

    def decide(self, rows: slice, codes: NDArray[np.int8]) -> None:
        """Write the codes of definiteness of some matrices."""
        n = self.stack.n
        if not self.across:
            codes[:] = _core.definiteness_large(self.stack.doubles(rows), self._large_error(rows))
            return
        counts = np.empty((len(codes), 3), dtype=np.int64)
        left = _core.ldlt_stack(self.stack.doubles(rows), self._errors(rows), 0.0, counts)
        settled = (counts[left, 0] > 0) & (counts[left, 2] > 0)
        self._finish(rows, counts, left[~settled])
        negative, positive = counts[:, 0], counts[:, 2]
        codes[(negative > 0) & (positive > 0)] = 2
        codes[(positive == n) & (n > 0)] = 1
        codes[(negative == n) & (n > 0)] = -1

    @property
    def across(self) -> bool:
        return _core.across_signs(self.stack.n, self.stack.count)

    def _errors(self, rows: slice) -> NDArray[np.float64] | None:
        return None if self.errors is None else self.errors[rows]

    def _large_error(self, rows: slice) -> NDArray[np.float64] | float:
        if self.errors is None or (self.uniform > 0 and not self.stack.rounded):
            return self.uniform
        return np.ascontiguousarray(self.errors[rows])

    def _finish(self, rows: slice, counts: NDArray[np.int64], left: NDArray[np.intp]) -> None:
        """Try again, with pivoting, the matrices that are left."""
        for k in range(0, len(left), HARD):
            some = left[k : k + HARD]
            matrices = self.stack.full(rows.start + some)
            finite = np.isfinite(matrices).all(axis=(1, 2))
            some, matrices = some[finite], matrices[finite]
            error = None
            if self.errors is not None:
                error = self.errors[rows.start + some]
            if self.zero_tol > 0:
                beyond = np.diag(np.full(self.stack.n, self.zero_tol))
                error = beyond[None] if error is None else _sum(error, beyond)
            negative, positive, *_ = _core.prove_signs(matrices, error, 0, None)
            # Both are proofs, so that the larger count is.
            counts[some, 0] = np.maximum(counts[some, 0], negative)
            counts[some, 2] = np.maximum(counts[some, 2], positive)
            counts[some, 1] = self.stack.n - counts[some, 0] - counts[some, 2]


def _sum(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Add errors, rounded up."""
    with np.errstate(over="ignore"):
        return np.nextafter(a + b, np.inf)


def _wide(array: Floats) -> NDArray[np.float64]:
    """Give an array for float64 results that are meant for `array`: that one itself, if it can hold them."""
    return array if array.dtype == np.float64 else np.empty(array.shape)


def _narrow(wide: NDArray[np.float64], array: Floats) -> None:
    if wide.dtype != array.dtype:
        array[:] = wide
