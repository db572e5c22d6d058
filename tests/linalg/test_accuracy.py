"""Eigenvalues and eigenvectors of `linalg`, against known spectra and 50 digits."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hesscape.linalg import eigh, eigvalsh

EPS = 2.0**-52
TINY = 5e-324
SIZES = [*range(41), 48, 64, 65, 97]
PACKED = 70  # matrices of up to 64 rows are then worked on one a lane
TOLERANCE = 10.0  # times n eps ||A||


def symmetric(a):
    lower = np.tril(a)
    return lower + np.tril(lower, -1).swapaxes(-1, -2)


def assert_eigh(matrices, values, tolerance=TOLERANCE):
    """Check both functions on a stack of matrices of about unit norm with known eigenvalues."""
    n = matrices.shape[-1]
    norm = np.abs(values).max(axis=-1, initial=0)[:, None]
    allowed = tolerance * n * EPS * norm + TINY
    w, v = eigh(matrices)
    for found in (w, eigvalsh(matrices)):
        assert (np.abs(found - values) <= allowed).all()
        assert (np.diff(found) >= 0).all()
    residual = np.linalg.norm(matrices @ v - v * w[:, None, :], axis=(1, 2))
    assert (residual <= np.sqrt(n) * allowed[:, 0]).all()
    gram = np.linalg.norm(v.swapaxes(1, 2) @ v - np.eye(n), axis=(1, 2))
    assert (gram <= np.sqrt(n) * tolerance * n * EPS).all()


def digits50(matrix):
    """Eigenvalues to 50 digits beyond the range of the entries, as doubles."""
    largest = np.abs(matrix).max()
    smallest = np.abs(matrix[matrix != 0]).min(initial=largest)
    with mpmath.workdps(50 + (int(np.log10(largest) - np.log10(smallest)) if largest else 0)):
        values = mpmath.eigsy(mpmath.matrix(matrix.tolist()), eigvals_only=True)
        return np.array(sorted(float(x) for x in values))


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("count", [3, PACKED])
def test_random_matrices(n, count):
    rng = np.random.default_rng(n)
    a = symmetric(rng.standard_normal((count, n, n)))
    values = np.linalg.eigvalsh(a) if n else np.zeros((count, 0))
    assert_eigh(a, values, TOLERANCE - 1)  # NumPy's own errors are far below n eps


@pytest.mark.parametrize("n", SIZES[1:])
def test_known_spectra(n):
    i = np.arange(n)
    chain = 2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1)
    known = [
        (chain, 4 * np.sin((i + 1) * np.pi / (2 * n + 2)) ** 2),
        (np.ones((n, n)), np.append(np.zeros(n - 1), n)),
        (np.eye(n), np.ones(n)),
        (np.zeros((n, n)), np.zeros(n)),
        (np.diag(np.where(i % 2, -0.0, 0.0)), np.zeros(n)),
        (np.diag((-1.0) ** i * i), np.sort((-1.0) ** i * i)),
        (n * np.eye(n) - np.ones((n, n)), np.append(0, np.full(n - 1, n))),
        (np.eye(n)[::-1], np.append(-np.ones(n // 2), np.ones(n - n // 2))),  # J: j -> n - 1 - j
    ]
    if n > 1:  # an arrow: eigenvalues 1 +- |b|, and 1
        arrow = np.eye(n)
        arrow[0, 1:] = arrow[1:, 0] = 1.0
        root = np.sqrt(n - 1.0)
        known.append((arrow, np.concatenate([[1 - root], np.ones(n - 2), [1 + root]])))
    for a, values in known:
        assert_eigh(np.tile(a, (PACKED, 1, 1)), np.tile(values, (PACKED, 1)))
        assert_eigh(a[None], values[None])


def tricky(n):
    """Matrices of n rows that are hard for some algorithm."""
    rng = np.random.default_rng(n)
    i = np.arange(n)
    normal = symmetric(rng.standard_normal((n, n)))
    grades = 10.0 ** np.linspace(-150, 0, n)
    graded = grades[:, None] * normal * grades
    u = rng.integers(-3, 4, (n, max(1, n // 2))).astype(float)
    couplings = np.eye(n) + symmetric(10.0 ** rng.uniform(-200, -1, (n, n)))
    minute = np.eye(n) + symmetric(EPS * rng.integers(-3, 4, (n, n)))
    wilkinson = np.diag(np.abs(i - (n - 1) / 2)) + np.eye(n, k=1) + np.eye(n, k=-1)
    arrow = np.diag(i % 2 + 0.0)
    arrow[-1] += 10.0 ** -(2.0 * i)
    return {
        "graded up": graded,
        "graded down": graded[::-1, ::-1],
        "hilbert": 1 / (1 + i[:, None] + i),
        "wilkinson": wilkinson,
        "rank n/2": u @ u.T,
        "small couplings": couplings,
        "minute couplings": minute,
        "any scale": symmetric(10.0 ** rng.uniform(-320, 0, (n, n))),
        "few bits": symmetric(
            np.ldexp(rng.choice([-1.0, 0, 1], (n, n)), rng.integers(-60, 1, (n, n)))
        ),
        "arrow": symmetric(arrow),
        "nearly parallel": np.ones((n, n)) + 1e-15 * normal,
        "two clusters": np.diag((i % 2) + 0.0) + 1e-12 * normal,
        "negative": -np.eye(n) + EPS * normal,
    }


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6, 9, 12])
def test_tricky_matrices_to_50_digits(n):
    names = tricky(n)
    matrices = np.array(list(names.values()))
    values = np.array([digits50(a) for a in matrices])
    for k, name in enumerate(names):
        w, v = eigh(np.tile(matrices[k], (PACKED, 1, 1)))
        allowed = TOLERANCE * n * EPS * np.abs(values[k]).max()
        assert np.abs(w - values[k]).max() <= allowed, name
        assert np.linalg.norm(matrices[k] @ v[0] - v[0] * w[0]) <= allowed * np.sqrt(n), name
    assert_eigh(np.tile(matrices, (3, 1, 1)), np.tile(values, (3, 1)))  # all in one pack


def test_wilkinsons_pairs():
    i = np.arange(21)
    a = np.diag(np.abs(i - 10.0)) + np.eye(21, k=1) + np.eye(21, k=-1)
    values = digits50(a)
    assert np.diff(values)[-1] < 1e-13  # equal to all digits but the last
    assert_eigh(np.tile(a, (PACKED, 1, 1)), np.tile(values, (PACKED, 1)))


@pytest.mark.parametrize("gap", [0.0, 1e-300, 1e-20, EPS, 1e-15, 1e-12, 1e-8, 1e-4])
def test_two_nearly_equal_eigenvalues_of_three(gap):
    rng = np.random.default_rng(7)
    for spectrum in ([-1, 1, 1 + gap], [1, 1 + gap, 3], [0, gap, 1], [-1 - gap, -1, 1e-3]):
        q = np.linalg.qr(rng.standard_normal((200, 3, 3)))[0]
        a = symmetric((q * spectrum) @ q.swapaxes(1, 2))
        few = a[:8]
        assert_eigh(few, np.array([digits50(x) for x in few]))
        assert_eigh(a, np.linalg.eigvalsh(a), TOLERANCE - 1)


@pytest.mark.parametrize("exponent", [-1000, -600, -333, -99, -90, 90, 101, 333, 600, 1000])
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 8, 20])
def test_powers_of_two_only_scale(n, exponent):
    rng = np.random.default_rng(8)
    a = symmetric(rng.integers(-8, 9, (PACKED, n, n)) / 8.0)
    w, v = eigh(a)
    scale = 2.0**exponent
    scaled, vectors = eigh(a * scale)
    for found in (scaled, eigvalsh(a * scale)):
        norm = np.abs(w).max(axis=1, keepdims=True)
        assert (np.abs(found / scale - w) <= TOLERANCE * n * EPS * norm).all()
    gram = vectors.swapaxes(1, 2) @ vectors
    assert np.abs(gram - np.eye(n)).max() <= TOLERANCE * n * EPS
    residual = np.abs((a * scale) @ vectors - vectors * scaled[:, None, :])
    assert residual.max() <= TOLERANCE * n * EPS * np.abs(scaled).max()
    if -90 <= exponent <= 90:  # nothing is scaled on the way
        assert np.array_equal(scaled, w * scale)
        assert np.array_equal(vectors, v)


def test_subnormal_matrices():
    rng = np.random.default_rng(9)
    for n in (1, 2, 3, 5, 9, 33):
        integers = symmetric(rng.integers(-9, 10, (PACKED, n, n)).astype(float))
        w, v = eigh(integers * TINY)
        truth = np.linalg.eigvalsh(integers)
        assert np.abs(w / TINY - truth).max() <= 0.5 + 1e-9  # the nearest that can be said
        assert np.abs(v.swapaxes(1, 2) @ v - np.eye(n)).max() <= TOLERANCE * n * EPS


def test_largest_numbers():
    for n in (1, 2, 3, 5, 9, 33):
        a = np.tile(np.eye(n) * np.finfo(float).max, (PACKED, 1, 1))
        assert np.array_equal(eigvalsh(a), np.full((PACKED, n), np.finfo(float).max))
        w, v = eigh(-a)
        assert np.array_equal(w, np.full((PACKED, n), -np.finfo(float).max))
        assert np.array_equal(np.abs(v), np.tile(np.eye(n), (PACKED, 1, 1)))


@pytest.mark.parametrize("n", [2, 3, 4, 7, 16])
def test_permutations_and_reflections_keep_the_spectrum(n):
    rng = np.random.default_rng(10)
    a = symmetric(rng.standard_normal((PACKED, n, n)))
    values = eigvalsh(a)
    order = rng.permutation(n)
    signs = rng.choice([-1.0, 1.0], n)
    mirror = np.eye(n) - 2.0 / n  # orthogonal, for the vector of ones
    for b in (
        a[:, order][:, :, order],
        signs[:, None] * a * signs,
        symmetric(mirror @ a @ mirror),
    ):
        assert np.abs(eigvalsh(b) - values).max() <= TOLERANCE * n * EPS * np.abs(values).max()
    assert np.allclose(eigvalsh(-a), -values[:, ::-1], rtol=0, atol=TOLERANCE * n * EPS * n)


DIFFICULT = [
    *(lambda n, kind=kind: tricky(n)[kind] for kind in tricky(2)),
    lambda n: np.full((n, n), np.nan),
    lambda n: np.full((n, n), np.inf),
    lambda n: np.zeros((n, n)),
    lambda n: np.eye(n) * 1e300,
    lambda n: np.ones((n, n)) * 1e-300,
    lambda n: np.ones((n, n)) * TINY,
]


def same(a, b):
    return np.array_equal(a, b, equal_nan=True)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 8])
def test_every_lane_gives_the_same_bits(n):
    rng = np.random.default_rng(11)
    alone = symmetric(rng.standard_normal((n, n)))
    w, v = (part[0] for part in eigh(alone[None]))
    value = eigvalsh(alone[None])[0]
    for count in (1, 3, 4, 7, 8, 15, 16, 17, 31, 33, 64, 70):
        stack = np.array([DIFFICULT[k](n) for k in rng.integers(0, len(DIFFICULT), count)])
        for position in range(count):
            stack_with = stack.copy()
            stack_with[position] = alone
            assert same(eigvalsh(stack_with)[position], value)
            if position in (0, count // 2, count - 1):
                found = eigh(stack_with)
                assert same(found.eigenvalues[position], w)
                assert same(found.eigenvectors[position], v)


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(2, 8),
    kinds=st.lists(st.integers(0, len(DIFFICULT) - 1), min_size=1, max_size=40),
)
def test_neighbours_do_not_matter(n, kinds):
    """A stack has the results of its matrices alone, and they are accurate."""
    matrices = [DIFFICULT[k](n) for k in kinds]
    w, v = eigh(matrices)
    values = eigvalsh(matrices)
    for k, a in enumerate(matrices):
        alone = eigh(a[None])
        assert same(w[k], alone.eigenvalues[0])
        assert same(v[k], alone.eigenvectors[0])
        assert same(values[k], eigvalsh(a[None])[0])
        if np.isfinite(a).all():
            largest = np.abs(a).max() or 1.0
            b = a / largest
            residual = np.abs(b @ v[k] - v[k] * (w[k] / largest)).max()
            assert residual <= TOLERANCE * n * EPS * n + TINY / largest
        else:
            assert np.isnan(w[k]).all()
            assert np.isnan(v[k]).all()


def test_scaled_neighbours_do_not_change_the_smallest_numbers():
    a = np.diag([2.0**99, TINY])
    beside = np.array([a, np.eye(2) * 1e300])
    assert np.array_equal(eigvalsh(beside)[0], [TINY, 2.0**99])
    nearly = 2.0**-99 * (np.eye(3) + EPS * symmetric(np.arange(9.0).reshape(3, 3)))
    alone = eigvalsh(nearly[None])[0]
    assert np.array_equal(eigvalsh(np.array([nearly, np.eye(3) * 1e300]))[0], alone)


@pytest.mark.parametrize("n", [1, 2, 3, 8, 33, 40])
@pytest.mark.parametrize("count", [2, PACKED])
def test_single_precision(n, count):
    rng = np.random.default_rng(12)
    a = symmetric(rng.standard_normal((count, n, n))).astype(np.float32)
    w, v = eigh(a)
    values = eigvalsh(a)
    assert w.dtype == v.dtype == values.dtype == np.float32
    truth = np.linalg.eigvalsh(a.astype(float))
    eps = float(np.finfo(np.float32).eps)
    allowed = TOLERANCE * n * eps * np.abs(truth).max(axis=1, keepdims=True)
    assert (np.abs(w - truth) <= allowed).all()
    assert (np.abs(values - truth) <= allowed).all()
    gram = v.swapaxes(1, 2).astype(float) @ v
    assert np.abs(gram - np.eye(n)).max() <= TOLERANCE * n * eps
