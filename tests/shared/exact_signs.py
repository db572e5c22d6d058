"""Matrices whose signs are known exactly, for the tests of `linalg`."""

import itertools

import numpy as np

POSITIVE, NEGATIVE, INDEFINITE, UNDECIDED = 1, -1, 2, 0


def with_spectrum(eigenvalues):
    """(A, scale): an integer matrix with exactly these integer eigenvalues times the integer scale.

    Six times, the coordinates are shuffled and reflected in fours by 2I - 11', twice an orthogonal matrix.
    """
    n = len(eigenvalues)
    rng = np.random.default_rng(n)
    a = np.diag(np.asarray(eigenvalues, dtype=float))
    for _ in range(6):
        order = rng.permutation(n)
        a = a[np.ix_(order, order)]
        for _ in "rows", "columns":
            fours = a[: n // 4 * 4].reshape(-1, 4, n)
            a = 2 * a
            a[: n // 4 * 4] -= np.repeat(fours.sum(axis=1), 4, axis=0)
            a = a.T
    assert np.abs(a).max() < 2**52 / n  # so that every sum was exact
    assert np.array_equal(a, a.T)
    return a, 4**6


def exact_inertia(a):
    """Inertia by elimination in integers; the entries of `a` are doubles, taken as they are."""
    ratios = [[float(x).as_integer_ratio() for x in row] for row in a]
    common = max((bottom for row in ratios for _, bottom in row), default=1)
    m = [[top * (common // bottom) for top, bottom in row] for row in ratios]
    counts = [0, 0, 0]
    previous, sign = 1, 1
    while m:
        k = next((i for i in range(len(m)) if m[i][i] != 0), None)
        if k is None:  # a zero diagonal: adding row and column j to i makes it 2 a_ij
            pair = next(
                ((i, j) for i, j in itertools.combinations(range(len(m)), 2) if m[i][j]), None
            )
            if pair is None:
                counts[1] += len(m)
                break
            k, j = pair
            m[k] = [x + y for x, y in zip(m[k], m[j], strict=True)]
            for row in m:
                row[k] += row[j]
        m[0], m[k] = m[k], m[0]
        for row in m:
            row[0], row[k] = row[k], row[0]
        pivot = m[0][0]
        pivot_sign = 1 if pivot > 0 else -1
        counts[1 + pivot_sign * sign] += 1
        m = [
            [(pivot * m[i][j] - m[i][0] * m[0][j]) // previous for j in range(1, len(m))]
            for i in range(1, len(m))
        ]
        previous, sign = pivot, pivot_sign
    return tuple(counts)


def code(counts):
    negative, zero, positive = counts
    if negative and positive:
        return INDEFINITE
    if zero:
        return UNDECIDED
    return POSITIVE if positive else NEGATIVE


def graded(a, largest, seed=0):
    """D A D with D of powers of two between 2^-largest and 2^largest."""
    e = np.random.default_rng(seed).integers(-largest, largest + 1, len(a))
    return np.ldexp(a, e[:, None] + e)
