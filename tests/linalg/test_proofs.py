"""Signs that `linalg.inertia` proves, against inertia in exact arithmetic."""

import math
from fractions import Fraction

import numpy as np
import pytest

from hesscape import _core
from hesscape.linalg import definiteness, inertia, is_positive_definite

ULP = 2.0**-52
TINY = 5e-324  # the smallest subnormal number


def exact_inertia(matrix):
    """Count (negative, zero, positive) eigenvalues by an elimination without fractions (Bareiss).

    Every step is a congruence, so that the signs of the pivots are those of the eigenvalues.
    """
    entries = [[Fraction(x) for x in row] for row in matrix]
    common = math.lcm(*(x.denominator for row in entries for x in row))
    a = [[int(x * common) for x in row] for row in entries]
    left = list(range(len(a)))
    negative = positive = 0
    previous = 1
    while left:
        pivot = next((i for i in left if a[i][i]), None)
        if pivot is None:
            pair = next(((i, j) for i in left for j in left if a[i][j]), None)
            if pair is None:
                break
            pivot, other = pair
            for k in left:
                a[pivot][k] += a[other][k]
            for k in left:
                a[k][pivot] += a[k][other]
        d = a[pivot][pivot]
        positive += (d > 0) == (previous > 0)
        negative += (d > 0) != (previous > 0)
        left.remove(pivot)
        for i in left:
            for j in left:
                if j <= i:
                    a[i][j] = a[j][i] = (a[i][j] * d - a[i][pivot] * a[pivot][j]) // previous
        previous = d
    return negative, len(a) - negative - positive, positive


def moved(matrix, change, shift):
    """``matrix + change + shift I``, exactly."""
    n = len(matrix)
    return [
        [
            Fraction(matrix[i, j]) + Fraction(change[i, j]) + (Fraction(shift) if i == j else 0)
            for j in range(n)
        ]
        for i in range(n)
    ]


def symmetric(a):
    lower = np.tril(a)
    return lower + np.tril(lower, -1).swapaxes(-1, -2)


def neighbours(rng, a):
    """Move some entries by one unit in the last place."""
    towards = np.where(rng.random(a.shape) < 0.5, np.inf, -np.inf)
    return symmetric(np.where(rng.random(a.shape) < 0.3, np.nextafter(a, towards), a))


def products(rng, n, count):
    """Integer matrices of rank n - 1, exactly."""
    u = rng.integers(-9, 10, (count, n, n - 1)).astype(float)
    return (u * rng.choice([-1.0, 1.0], (count, 1, n - 1))) @ u.swapaxes(1, 2)


def few_bits(rng, n, count):
    """Powers of two and zeros."""
    exponents = rng.integers(-60, 3, (count, n, n))
    signs = rng.choice([-1.0, 0.0, 1.0], (count, n, n))
    return symmetric(np.ldexp(signs, exponents))


def units(rng, n, count):
    return symmetric(rng.integers(-1, 2, (count, n, n)).astype(float))


def no_diagonal(rng, n, count):
    """Leading blocks that are zero or nearly so."""
    a = symmetric(rng.standard_normal((count, n, n)))
    a[:, range(n), range(n)] *= rng.choice([0.0, -0.0, 1e-17, 1e-300], (count, n))
    return a


def nearly_parallel(rng, n, count):
    u = rng.standard_normal((count, n, 1))
    noise = 10.0 ** rng.uniform(-20, -14, (count, 1, 1))
    return symmetric(u @ u.swapaxes(1, 2) + noise * rng.standard_normal((count, n, n)))


def any_scale(rng, n, count):
    sizes = 10.0 ** rng.uniform(-320, 300, (count, n, n))
    return symmetric(sizes * rng.choice([-1.0, 0.0, 1.0], (count, n, n)))


def hilbert(rng, n, count):
    i = np.arange(n)
    return neighbours(rng, np.broadcast_to(1 / (1 + i[:, None] + i), (count, n, n)))


def wilkinson(rng, n, count):
    """Wilkinson's matrix, shifted to nearly each of its eigenvalues."""
    a = np.diag(np.abs(np.arange(n) - (n - 1) / 2)) + np.eye(n, k=1) + np.eye(n, k=-1)
    shift = np.linalg.eigvalsh(a)[rng.integers(0, n, count)]
    return neighbours(rng, a - shift[:, None, None] * np.eye(n))


def subnormal(rng, n, count):
    return symmetric(rng.integers(-9, 10, (count, n, n)) * TINY)


def nearly_overflowing(rng, n, count):
    return symmetric(rng.uniform(-1, 1, (count, n, n)) * np.finfo(float).max)


def small_pivots(rng, n, count):
    """[[e, 1], [1, 1/e]] and longer chains: the factors grow, or the determinant vanishes."""
    e = 2.0 ** -rng.integers(1, 60, (count, n))
    a = np.zeros((count, n, n))
    a[:, range(n), range(n)] = np.where(rng.random((count, n)) < 0.5, e, 1 / e)
    a[:, 1, 1] = 1 / a[:, 0, 0]
    return a + np.eye(n, k=1) + np.eye(n, k=-1)


def graded(rng, n, count):
    d = 10.0 ** rng.uniform(-150, 150, (count, n))
    a = symmetric(rng.integers(1, 4, (count, n, n)) * rng.choice([-1.0, 1.0], (count, n, n)))
    return d[:, :, None] * a * d[:, None, :]


KINDS = [
    *(products, few_bits, units, no_diagonal, nearly_parallel, any_scale, hilbert, wilkinson),
    *(subnormal, nearly_overflowing, small_pivots, graded),
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_no_sign_is_wrong(kind):
    rng = np.random.default_rng(1)
    for n, count in [(2, 300), (3, 200), (4, 100), (5, 60), (8, 33), (12, 8), (20, 2)]:
        a = symmetric(kind(rng, n, count))
        for matrices in (a, neighbours(rng, a)):
            found = inertia(matrices)
            assert (found >= 0).all()
            assert (found.sum(axis=1) == n).all()
            codes = np.asarray(definiteness(matrices))
            positive = is_positive_definite(matrices)
            assert np.array_equal(positive, codes == 1)
            for matrix, counts, code in zip(matrices, found, codes, strict=True):
                negative, zero, positive = exact_inertia(matrix.tolist())
                assert counts[0] <= negative, matrix.tolist()
                assert counts[2] <= positive, matrix.tolist()
                truth = {1: positive == n, -1: negative == n, 2: negative * positive > 0, 0: True}
                assert truth[int(code)], matrix.tolist()
                assert counts[1] >= zero


def test_exact_inertia_knows_what_is_known():
    assert exact_inertia([[0, 1], [1, 0]]) == (1, 0, 1)
    assert exact_inertia(np.ones((4, 4)).tolist()) == (0, 3, 1)
    assert exact_inertia((-np.eye(3) * TINY).tolist()) == (3, 0, 0)
    rng = np.random.default_rng(2)
    for n in range(1, 9):
        a = symmetric(rng.standard_normal((n, n)))
        values = np.linalg.eigvalsh(a)
        assert exact_inertia(a.tolist()) == ((values < 0).sum(), 0, (values > 0).sum())


def corners(rng, matrix):
    """Signs of errors: those that move the smallest eigenvalues most, and any."""
    n = len(matrix)
    values, vectors = np.linalg.eigh(matrix / np.abs(matrix).max())
    signs = np.where(vectors >= 0, 1.0, -1.0)
    for i in np.argsort(np.abs(values))[:2]:
        yield np.outer(signs[:, i], signs[:, i])
        yield -np.outer(signs[:, i], signs[:, i])
    yield symmetric(rng.choice([-1.0, 1.0], (n, n)))


def assert_true_at_corners(rng, matrices, errors, zero_tol, found):
    """Check counts for matrices at the corners of what the errors allow, exactly."""
    for matrix, error, counts in zip(matrices, errors, found, strict=True):
        for sign in corners(rng, matrix):
            for column, side in ((0, 1), (2, -1)):
                if counts[column]:
                    h = moved(matrix, sign * error, side * zero_tol)
                    assert counts[column] <= exact_inertia(h)[column], (matrix.tolist(), zero_tol)


@pytest.mark.parametrize("form", ["scalar", "matrix", "entry"])
@pytest.mark.parametrize("kind", [products, few_bits, no_diagonal, nearly_parallel, wilkinson])
def test_signs_hold_for_all_matrices_within_the_error(kind, form):
    rng = np.random.default_rng(3)
    proven = 0
    for n, count in [(2, 60), (3, 40), (4, 20), (6, 15)]:
        a = kind(rng, n, count)
        a[np.abs(a).max(axis=(1, 2)) == 0] = np.eye(n)
        largest = np.abs(a).max(axis=(1, 2)) * 2.0 ** -rng.integers(1, 50, count)
        error = {
            "scalar": np.median(largest),
            "matrix": largest,
            "entry": symmetric(largest[:, None, None] * rng.random((count, n, n))),
        }[form]
        errors = np.broadcast_to(error[:, None, None] if form == "matrix" else error, a.shape)
        for zero_tol in (0.0, float(np.median(largest))):
            found = inertia(a, error=error, zero_tol=zero_tol)
            assert_true_at_corners(rng, a, errors, zero_tol, found)
            proven += found[:, [0, 2]].sum()
    assert proven > 50


@pytest.mark.parametrize("sign", [-1.0, 1.0])
@pytest.mark.parametrize("n", [2, 3, 4, 8, 16])
def test_errors_of_less_than_a_unit_in_the_last_place_of_zero_tol_add_up(n, sign):
    a = np.tile(sign * (1 + ULP) * np.eye(n), (40, 1, 1))
    error = np.full((n, n), 0.49 * ULP)
    found = inertia(a, error=error, zero_tol=1.0)
    # H = a -+ error has the eigenvalue +-(1 + ULP - 0.49 n ULP), and all others beyond +-1
    truth = exact_inertia(moved(a[0], -sign * error, -sign))
    column = 2 if sign > 0 else 0
    assert truth[column] == (n if 0.49 * n < 1 else n - 1)
    assert (found[:, column] <= truth[column]).all()


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_rounding_errors_count_beside_a_larger_zero_tol(sign):
    rng = np.random.default_rng(4)
    for n in (2, 3, 6):
        b = rng.integers(1, 20, (300, n)).astype(float)
        root = np.sqrt(b[:, 0] * b[:, 1])
        a = np.zeros((300, n, n))
        a[:, range(n), range(n)] = 1 + ULP * b
        a[:, 0, 1] = a[:, 1, 0] = ULP * np.nextafter(root, root + rng.integers(-1, 2, 300))
        found = inertia(sign * a, zero_tol=1.0)
        nothing = np.zeros((300, n, n))
        assert_true_at_corners(rng, sign * a, nothing, 1.0, found)


def test_counts_are_as_large_as_eigenvalues_allow():
    rng = np.random.default_rng(5)
    for n in (2, 3, 4, 8, 15, 32):
        count = 80
        q = np.linalg.qr(rng.standard_normal((count, n, n)))[0]
        values = rng.choice([-1, 1], (count, n)) * 10.0 ** rng.uniform(-20, 0, (count, n))
        matrices = symmetric((q * values[:, None, :]) @ q.swapaxes(1, 2))
        largest = np.abs(matrices).max(axis=(1, 2))
        for error in (0.0, 1e-12, 1e-6):
            found = inertia(matrices, error=error * largest if error else None)
            w = np.linalg.eigvalsh(matrices)
            norm = np.abs(w).max(axis=1)
            bound = (10 * n * 2 * ULP * norm + n * error * largest)[:, None]
            assert (found[:, 0] >= (w < -bound).sum(axis=1) - 1).all()
            assert (found[:, 2] >= (w > bound).sum(axis=1) - 1).all()


@pytest.mark.parametrize("kind", [units, no_diagonal, few_bits, graded, small_pivots])
def test_counts_of_tricky_matrices_are_nearly_complete(kind):
    rng = np.random.default_rng(6)
    for n, count in [(2, 100), (3, 100), (5, 60), (8, 20)]:
        matrices = kind(rng, n, count)
        truth = np.array([exact_inertia(matrix.tolist()) for matrix in matrices])
        found = inertia(matrices)
        missing = truth[:, [0, 2]].sum(axis=1) - found[:, [0, 2]].sum(axis=1)
        assert (missing > 1).mean() <= 0.02


def test_unknown_entries():
    a = np.tile(np.diag([1.0, -1.0, 2.0]), (5, 1, 1))
    error = np.zeros((5, 3, 3))
    error[1, 0, 1] = error[2, 1, 1] = error[3] = np.inf
    found = inertia(a, error=error).tolist()
    assert found[0] == found[4] == [1, 0, 2]
    assert found[1][0] <= 1  # nothing is known of the plane of the first two coordinates
    assert found[1][2] >= 1
    assert found[2] == [0, 1, 2]
    assert found[3] == [0, 3, 0]


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_zero_tol(n):
    a = np.arange(1.0, n + 1) * np.eye(n)
    for sign, column in ((1, 2), (-1, 0)):
        for tolerance in (0.0, 0.5, 1.5, n + 0.5, 1e308, np.inf):
            found = inertia(sign * a, zero_tol=tolerance)
            assert found[column] == max(0, n - math.floor(min(tolerance, n)))
            assert found[2 - column] == 0
    assert inertia(a, error=1e308, zero_tol=1e308).tolist() == [0, n, 0]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_matrices_that_are_not_finite_prove_nothing_and_disturb_nobody(value):
    for n in (1, 2, 3, 4, 7, 12, 33):
        a = np.tile(-np.eye(n), (70, 1, 1))
        a[[3, 66], n - 1, 0] = value
        found = inertia(a)
        assert (found[[3, 66]] == [0, n, 0]).all()
        assert (np.delete(found, [3, 66], axis=0) == [n, 0, 0]).all()
        codes = np.asarray(definiteness(a))
        assert (codes[[3, 66]] == 0).all()
        assert (np.delete(codes, [3, 66]) == -1).all()


def test_conversion_to_doubles_is_an_error():
    big = 2**60
    singular = np.array([[big + 1, big], [big, big - 1]])  # determinant -1, in int64 only
    assert inertia(singular).tolist() == [0, 1, 1]
    assert inertia(np.array([[2**53 + 1]])).tolist() == [0, 0, 1]
    assert inertia(np.array([[2**63]], dtype=np.uint64)).tolist() == [0, 0, 1]
    for triangle in "LU":
        one = np.tril(singular) if triangle == "L" else np.triu(singular)
        assert inertia(one, UPLO=triangle).tolist() == [0, 1, 1]
    many = np.array([[[2**53 + 1, 2**53], [2**53, 2**53]]] * 3)  # positive definite
    assert (inertia(many)[:, 0] == 0).all()


@pytest.mark.skipif(np.finfo(np.longdouble).nmant <= 52, reason="long double is double here")
def test_long_doubles_that_become_subnormal():
    tiny = np.longdouble(2) ** -1074
    a = np.array([[2.4, 2.6], [2.6, 4.4]], dtype=np.longdouble) * tiny  # positive definite
    assert inertia(a)[0] == 0
    assert inertia(np.triu(a), UPLO="U")[0] == 0
    assert inertia(np.array([[np.longdouble("1e4000")]])).tolist() == [0, 1, 0]


def test_definiteness_of_one_and_of_many():
    one = [[2.0, 0.0], [0.0, -1.0]]
    assert definiteness(one) == "indefinite"
    assert definiteness(np.eye(3)) == "positive"
    assert definiteness(-np.eye(3)) == "negative"
    assert definiteness(np.ones((3, 3))) == "undecided"
    assert definiteness(np.zeros((0, 0))) == "undecided"
    many = np.array([[one, np.eye(2)], [-np.eye(2), np.ones((2, 2))]])
    codes = np.asarray(definiteness(many))
    assert codes.dtype == np.int8
    assert codes.tolist() == [[2, 1], [-1, 0]]
    assert np.shape(definiteness(np.zeros((0, 2, 2)))) == (0,)
    assert bool(is_positive_definite(np.eye(2)))
    assert is_positive_definite(np.zeros((2, 0, 3, 3))).shape == (2, 0)
    assert definiteness(np.eye(3), error=1.0) == "undecided"
    assert definiteness([[1.0, np.nan], [2.0, 1.0]]) == "indefinite"  # the lower triangle
    assert definiteness([[1.0, 2.0], [np.nan, 1.0]], UPLO="U") == "indefinite"


def test_the_shift_is_as_large_as_the_roundings_may_be():
    """An eigenvalue of 64 u is within 2 n gamma_(n+16) = 114 u of the factors' diagonal, one of 512 u is not."""
    for exponent, left in (-47, [0]), (-44, []):
        a = np.eye(3)
        a[0, 1] = a[1, 0] = 1 - 2.0**exponent
        counts = np.empty((1, 3), dtype=np.int64)
        assert _core.ldlt_stack(a[None], None, 0.0, counts).tolist() == left
        assert counts.tolist() == [[0, len(left), 3 - len(left)]]
