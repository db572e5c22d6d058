"""The kernels for large matrices, against spectra and inertias that are known exactly."""

import itertools

import numpy as np
import pytest
from scipy.linalg import cython_blas, cython_lapack

from exact_signs import (
    INDEFINITE,
    NEGATIVE,
    POSITIVE,
    UNDECIDED,
    code,
    exact_inertia,
    graded,
    with_spectrum,
)
from hesscape import _core

SIZES = [33, 63, 64, 65, 127, 128, 129, 300, 600]


def eigh(stack, lower=True):
    values, vectors, ok = _core.eigen_large(stack, lower, True)
    assert vectors is not None
    assert ok.all()
    return values, vectors


def inertia(a, error=0.0, zero_tol=0.0, thorough=True):
    error = error if isinstance(error, float) else error[None]
    counts, finite = _core.inertia_large(a[None], error, zero_tol, thorough)
    assert counts[0].sum() == len(a)
    assert finite[0] == np.isfinite(a).all()
    return tuple(map(int, counts[0]))


def definiteness(a, error=0.0):
    error = error if isinstance(error, float) else error[None]
    return int(_core.definiteness_large(a[None], error)[0])


def test_exact_inertia_of_small_matrices():
    assert exact_inertia(np.array([[0.0, 1.0], [1.0, 0.0]])) == (1, 0, 1)
    assert exact_inertia(np.array([[-2.0, 1.0], [1.0, -0.5]])) == (1, 1, 0)
    assert exact_inertia(np.diag([3.0, -1.0, 0.0, 5e-324])) == (1, 1, 2)
    for seed in range(20):
        a = np.random.default_rng(seed).integers(-3, 4, (7, 7)).astype(float)
        a += a.T + np.eye(7) / 3
        w = np.linalg.eigvalsh(a)
        assert exact_inertia(a) == ((w < 0).sum(), 0, (w > 0).sum())


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("negative", ["none", "one", "third", "half", "all"])
def test_inertia_of_known_spectra(n, negative):
    count = {"none": 0, "one": 1, "third": n // 3, "half": n // 2, "all": n}[negative]
    spectrum = 1 + np.arange(n) % 7
    spectrum[:count] *= -1
    a, _ = with_spectrum(np.random.default_rng(n).permutation(spectrum))
    expected = (count, 0, n - count)
    for matrix in a, graded(a, 249), a * 2.0**-900, a * 2.0**900:
        assert inertia(matrix, thorough=False) == expected
        assert definiteness(matrix) == code(expected)


@pytest.mark.parametrize("n", [33, 64, 65, 129, 300])
@pytest.mark.parametrize("negative", [0, 10])
def test_singular_matrices_of_known_rank(n, negative):
    rank = n - 5
    spectrum = np.arange(n) % 5 + 1
    spectrum[:negative] *= -1
    spectrum[rank:] = 0
    a, _ = with_spectrum(spectrum)
    expected = (negative, 5, rank - negative)
    for matrix in a, graded(a, 200):
        for thorough in False, True:
            assert inertia(matrix, thorough=thorough) == expected
            assert inertia(-matrix, thorough=thorough) == expected[::-1]
        assert definiteness(matrix) == code(expected)


@pytest.mark.parametrize("n", [33, 65])
def test_integer_matrices(n):
    for seed in range(6):
        rng = np.random.default_rng(seed)
        a = rng.integers(-4, 5, (n, n)).astype(float)
        a = np.triu(a) + np.triu(a, 1).T
        if seed % 2:
            np.fill_diagonal(a, 0)
        if seed % 3 == 2:
            a *= rng.random((n, n)) < 0.1
            a = np.minimum(a, a.T)
        truth = exact_inertia(a)
        assert inertia(a) == truth
        assert definiteness(a) == code(truth)
        proven = inertia(graded(a, 200, seed))
        if seed % 3 == 2:  # scales that would bring back a sparse matrix are not unique
            assert proven[0] <= truth[0]
            assert proven[2] <= truth[2]
        else:
            assert proven == truth


@pytest.mark.parametrize("seed", range(8))
def test_no_sign_is_wrong_next_to_singularity(seed):
    n = 40
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((n, n))
    a = a + a.T if seed % 2 else a @ a.T
    shift = np.linalg.eigvalsh(a)[0 if seed < 4 else n // 2]
    for ulp in -30, -1, 0, 1, 30, 1000:
        moved = a.copy()
        moved[np.diag_indices(n)] -= shift * (1 + ulp * 2.0**-52)
        negative, zero, positive = exact_inertia(moved)
        for thorough in False, True:
            proven = inertia(moved, thorough=thorough)
            assert proven[0] <= negative
            assert proven[2] <= positive
            assert proven[1] <= zero + 1
        verdict = definiteness(moved)
        assert verdict in (UNDECIDED, code((negative, zero, positive)))


@pytest.mark.parametrize("thorough", [False, True])
def test_hilbert(thorough):
    n = 40
    a = 1 / (1.0 + np.arange(n)[:, None] + np.arange(n))
    negative, _, positive = exact_inertia(a)
    proven = inertia(a, thorough=thorough)
    assert proven[0] <= negative
    assert 8 <= proven[2] <= positive
    assert definiteness(a) in (UNDECIDED, code((negative, 0, positive)))


@pytest.mark.parametrize("n", [33, 65])
def test_wilkinson(n):
    a = np.diag(np.abs(np.arange(n) - n // 2).astype(float)) + np.eye(n, k=1) + np.eye(n, k=-1)
    for shift in 0, 1, 10, 15.5:
        moved = a - shift * np.eye(n)
        assert inertia(moved) == exact_inertia(moved)


def test_clustered_eigenvalues():
    n = 64
    spectrum = np.repeat([10**6, 10**6 + 1, -(10**6), 1], n // 4)
    a, scale = with_spectrum(spectrum)
    assert inertia(a) == (n // 4, 0, 3 * n // 4)
    values, vectors = eigh(a[None])
    assert np.abs(values[0] / scale - np.sort(spectrum)).max() <= 10 * n * 2.0**-52 * 10**6
    assert np.abs(vectors[0].T @ vectors[0] - np.eye(n)).max() <= 10 * n * 2.0**-52


@pytest.mark.parametrize("n", [33, 64, 130])
def test_zero_and_tiny_matrices(n):
    assert inertia(np.zeros((n, n))) == (0, n, 0)
    assert definiteness(np.zeros((n, n))) == UNDECIDED
    a = np.zeros((n, n))
    a[3, 7] = a[7, 3] = 1
    assert inertia(a) == (1, n - 2, 1)
    assert definiteness(a) == INDEFINITE
    a = np.eye(n)
    a[5, 5] = 1e-300
    a[6, 6] = 5e-324
    assert inertia(a) == (0, 0, n)
    assert definiteness(a) == POSITIVE


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("at", [(0, 0), (20, 20), (3, 60), (63, 64), (64, 64)])
def test_matrices_that_are_not_finite(bad, at):
    n = 65
    a = np.eye(n)
    a[at] = a[at[::-1]] = bad
    assert inertia(a) == (0, n, 0)
    assert definiteness(a) == UNDECIDED
    for lower, vectors in itertools.product([True, False], repeat=2):
        values, v, ok = _core.eigen_large(np.stack([np.eye(n), a, np.eye(n)]), lower, vectors)
        assert ok.tolist() == [True, False, True]
        assert np.isnan(values[1]).all()
        assert (values[[0, 2]] == 1).all()
        assert v is None or (np.isnan(v[1]).all() and np.isfinite(v[[0, 2]]).all())


@pytest.mark.parametrize("n", [40, 129])
def test_zero_tol(n):
    spectrum = np.arange(n) - 10
    a, scale = with_spectrum(spectrum)
    assert inertia(a) == (10, 1, n - 11)
    assert inertia(a, zero_tol=2.5 * scale) == (8, 5, n - 13)
    assert inertia(-a, zero_tol=2.5 * scale) == (n - 13, 5, 8)
    definite, scale = with_spectrum(np.arange(n) + 1)
    assert inertia(definite, zero_tol=0.5 * scale) == (0, 0, n)
    assert inertia(definite, zero_tol=3.5 * scale) == (0, 3, n - 3)


@pytest.mark.parametrize("n", [40, 129])
@pytest.mark.parametrize("entrywise", [False, True])
def test_errors_at_their_limit(n, entrywise):
    def error(size):
        return np.full((n, n), size) if entrywise else size

    a = np.eye(n)  # minus ones / n it is singular
    assert inertia(a, error(0.99 / n)) == (0, 0, n)
    assert definiteness(a, error(0.99 / n)) == POSITIVE
    assert inertia(a, error(1.0 / n))[2] < n
    assert definiteness(a, error(1.0 / n)) == UNDECIDED
    assert definiteness(-a, error(0.99 / n)) == NEGATIVE
    a[0, 0] = -1
    assert inertia(a, error(0.9 / n)) == (1, 0, n - 1)
    assert definiteness(a, error(0.99)) == INDEFINITE
    assert definiteness(a, error(1.0)) == UNDECIDED
    a = np.zeros((n, n))
    a[2, 5] = a[5, 2] = 1
    assert definiteness(a, error(0.49)) == INDEFINITE
    assert definiteness(a, error(0.51)) == UNDECIDED
    for unknown in np.inf, np.nan:
        assert inertia(a, error(unknown)) == (0, n, 0)
        assert definiteness(a, error(unknown)) == UNDECIDED


@pytest.mark.parametrize("seed", range(6))
def test_errors_that_differ_between_coordinates(seed):
    n = 50
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((n, n)) * 0.3
    a = a + a.T + np.diag(rng.choice([-8.0, 8.0], n) if seed % 2 else np.full(n, 8.0))
    scale = np.ldexp(1.0, rng.integers(-300, 300, n))
    error = np.abs(rng.standard_normal((n, n))) * 0.05
    error += error.T
    pair = np.outer(scale, scale)
    negative, _, positive = inertia(a * pair, error * pair)
    assert negative + positive > n / 2
    for _ in range(50):
        signs = rng.choice([-1, 1], (n, n))
        w = np.linalg.eigvalsh(a + np.triu(signs * error) + np.triu(signs * error, 1).T)
        assert (w < -1e-12).sum() >= negative
        assert (w > 1e-12).sum() >= positive
    error[4] = error[:, 4] = np.inf
    negative, zero, positive = inertia(a * pair, error * pair)
    assert zero >= 1
    assert negative + positive > n / 3


def test_definiteness_by_a_failed_pivot():
    n = 300  # the diagonal and all 2 x 2 minors are positive
    a, _ = with_spectrum(np.r_[-1, np.full(n - 1, 4)])
    assert (np.diag(a) > 0).all()
    assert definiteness(a) == INDEFINITE
    assert definiteness(-a) == INDEFINITE
    assert definiteness(graded(a, 249)) == INDEFINITE
    assert inertia(a, thorough=False) == (1, 0, n - 1)


def tolerance(dtype, n, norm):
    return 10 * n * np.finfo(dtype).eps * norm


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("lower", [True, False])
def test_eigenvalues_and_vectors_of_known_spectra(n, dtype, lower):
    spectrum = np.sort(np.arange(n) % 17 - 5)
    exact, scale = with_spectrum(spectrum)
    exact /= scale
    a = exact.astype(dtype)
    norm = np.abs(spectrum).max()
    read = a.copy()
    read[np.triu_indices(n, 1) if lower else np.tril_indices(n, -1)] = np.nan
    values, none, ok = _core.eigen_large(read[None], lower, False)
    assert none is None
    assert ok.all()
    with_vectors, vectors = eigh(read[None], lower)
    w, v = with_vectors[0], vectors[0]
    assert w.dtype == v.dtype == values.dtype == dtype
    limit = tolerance(dtype, n, norm)
    assert np.abs(values[0] - spectrum).max() <= limit
    assert np.abs(w - spectrum).max() <= limit
    wide = v.astype(float)
    assert np.linalg.norm(exact @ wide - wide * w) <= limit
    assert np.linalg.norm(wide.T @ wide - np.eye(n)) <= tolerance(dtype, n, 1)


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_small_matrices_and_empty_stacks(n):
    a, _ = with_spectrum(np.arange(1, n + 1)) if n else (np.zeros((0, 0)), 1)
    assert inertia(a) == (0, 0, n)
    assert eigh(np.stack([a] * 3))[0].shape == (3, n)
    empty = np.zeros((0, n, n))
    assert eigh(empty)[1].shape == (0, n, n)
    assert _core.inertia_large(empty, 0.0, 0.0, True)[0].shape == (0, 3)


def test_one_matrix_does_not_disturb_its_neighbours():
    n = 70
    rng = np.random.default_rng(3)
    g = rng.standard_normal((n, n))
    hard = np.full((n, n), np.nan)
    stack = np.stack([g + g.T, hard, g @ g.T, np.zeros((n, n)), -g @ g.T, g + g.T])
    counts, finite = _core.inertia_large(stack, 0.0, 0.0, True)
    alone = [_core.inertia_large(a[None], 0.0, 0.0, True)[0][0] for a in stack]
    assert np.array_equal(counts, alone)
    assert finite.tolist() == [True, False, True, True, True, True]


def test_signatures_of_scipy_are_checked():
    blas, lapack = dict(cython_blas.__pyx_capi__), dict(cython_lapack.__pyx_capi__)
    _core.check_lapack(blas, lapack)
    with pytest.raises(
        ImportError, match=r"dpotrf is 'void .*expected 'void \(char \*, int \*, double"
    ):
        _core.check_lapack(blas, {**lapack, "dpotrf": lapack["dsytrf"]})
    with pytest.raises(ImportError, match=r"ssyevd is 'void .*expected"):  # double for float
        _core.check_lapack(blas, {**lapack, "ssyevd": lapack["dsyevd"]})
    with pytest.raises(ImportError, match=r"cython_blas\.dtrsm is missing"):
        _core.check_lapack({}, lapack)
