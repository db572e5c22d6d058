"""Verdicts on large indefinite matrices, which cheap proofs settle: none may be wrong, and few may be missing."""

import numpy as np
import pytest

from exact_signs import code, exact_inertia, graded, with_spectrum
from hesscape.linalg import DEFINITENESS, definiteness

CODES = {name: code for code, name in DEFINITENESS.items()}
SIZES = [97, 128, 201]


def verdict(a, **kwargs):
    return CODES[str(definiteness(a, **kwargs))]


def layouts(a):
    """`a` where its triangles lie in memory in all the ways that are read, with the other one spoilt."""
    lower = a.copy()
    lower[np.triu_indices(len(a), 1)] = np.nan
    wide = np.full((2 * len(a), 2 * len(a)), np.nan)
    wide[::2, ::2] = lower
    yield lower, "L"
    yield np.asfortranarray(lower), "L"
    yield lower.T, "U"
    yield np.ascontiguousarray(lower.T), "U"
    yield wide[::2, ::2], "L"
    yield np.ascontiguousarray(lower[::-1, ::-1])[::-1, ::-1], "L"


SPECTRA = {
    "one far below": lambda n: np.r_[-1, np.full(n - 1, 4)],
    "one near zero": lambda n: np.r_[-1, 100 + np.arange(n - 1)],
    "one beyond single precision": lambda n: np.r_[-1, np.full(n - 1, 10**6)],
    "definite beyond single precision": lambda n: np.r_[1, np.full(n - 1, 10**6)],
    "a few": lambda n: np.r_[-3, -2, -1, 10 + np.arange(n - 3) % 13],
    "a third": lambda n: np.where(np.arange(n) % 3 == 0, -1, 2),
    "singular": lambda n: np.r_[0, np.full(n - 1, 3)],
    "singular saddle": lambda n: np.r_[0, -1, np.full(n - 2, 3)],
    "definite": lambda n: 1 + np.arange(n) % 5,
}


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("kind", SPECTRA)
def test_verdicts_on_known_spectra(n, kind):
    spectrum = SPECTRA[kind](n)
    a, _ = with_spectrum(np.random.default_rng(n).permutation(spectrum))
    truth = code(((spectrum < 0).sum(), (spectrum == 0).sum(), (spectrum > 0).sum()))
    for matrix in a, graded(a, 249), a * 2.0**-900, a * 2.0**900:
        assert verdict(matrix) == truth
        assert verdict(-matrix) == (truth if truth in (0, 2) else -truth)


@pytest.mark.parametrize("kind", ["one far below", "a third", "definite", "singular"])
def test_every_layout(kind):
    n = 130
    spectrum = SPECTRA[kind](n)
    a, _ = with_spectrum(spectrum)
    truth = code(((spectrum < 0).sum(), (spectrum == 0).sum(), (spectrum > 0).sum()))
    for matrix, side in layouts(a):
        assert verdict(matrix, UPLO=side) == truth


def congruent(h, n):
    """X (h + D) X' with D positive and X triangular, in integers: as many negative eigenvalues as h."""
    rng = np.random.default_rng(n)
    c = rng.integers(-1, 2, (n - len(h), len(h))).astype(float)
    d = np.diag(rng.integers(2**20, 2**30, n - len(h)).astype(float))
    out = np.block([[h, h @ c.T], [c @ h, c @ h @ c.T + d]])
    assert np.abs(out).max() < 2**50  # so that all of it was exact
    order = rng.permutation(n)
    return out[np.ix_(order, order)]


@pytest.mark.parametrize("seed", range(4))
def test_none_is_wrong_next_to_singularity(seed):
    rng = np.random.default_rng(seed)
    g = rng.standard_normal((20, 20))
    h = np.rint((g @ g.T if seed % 2 else g + g.T + 5 * np.eye(20)) * 2**27)
    h = np.tril(h) + np.tril(h, -1).T
    nearest = np.rint(np.linalg.eigvalsh(h)[0])
    for shift in nearest + np.arange(-2, 3):
        shifted = h - shift * np.eye(20)
        truth = exact_inertia(shifted)
        for n in 97, 130:
            a = congruent(shifted, n)
            assert verdict(a) in (0, code((truth[0], truth[1], truth[2] + n - 20)))


@pytest.mark.parametrize("n", [100, 160])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_every_entry_is_read(n, bad):
    spectrum = SPECTRA["a third"](n)
    a, _ = with_spectrum(spectrum)
    assert verdict(a) == 2
    for i, j in [(1, 0), (n - 1, 0), (n - 1, n - 2), (n - 1, n - 1), (n // 2, n // 3)]:
        spoilt = a.copy()
        spoilt[i, j] = spoilt[j, i] = bad
        assert verdict(spoilt) == 0
        assert verdict(spoilt, UPLO="U") == 0


@pytest.mark.parametrize("n", [64, 128])
@pytest.mark.parametrize("entrywise", [False, True])
@pytest.mark.parametrize("scales", [0, 100])
def test_errors_that_could_make_it_definite(n, entrywise, scales):
    # 4 - (8/n) 11' has one eigenvalue -4, along 1: with errors of 4/n it may be zero
    a = 4 * np.eye(n) - 8 / n
    scale = np.ldexp(1.0, np.random.default_rng(n).integers(-scales, scales + 1, n))
    pair = np.outer(scale, scale)

    def error(size):
        return size * pair if entrywise or scales else size

    assert verdict(a * pair, error=error(4 / n * 0.99)) == 2
    assert verdict(a * pair, error=error(4 / n * (1 + 1e-12))) == 0
    assert verdict(-a * pair, error=error(4 / n * 0.99)) == 2
    # an error that pairs the first two coordinates only does not hide it
    some = np.zeros((n, n))
    some[0, 1] = some[1, 0] = 3
    assert verdict(a * pair, error=some * pair) == 2
    some[0, 1] = some[1, 0] = np.inf
    assert verdict(a * pair, error=some * pair) in (0, 2)


def test_errors_of_random_saddles_are_no_loophole():
    n = 100
    rng = np.random.default_rng(4)
    q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    a = (q * np.r_[-0.5, np.linspace(0.5, 1, n - 1)]) @ q.T
    a = (a + a.T) / 2
    v = np.linalg.eigh(a)[1]
    lifts = np.outer(np.sign(v[:, 0]), np.sign(v[:, 0]))
    # the smallest error that makes a + error * lifts positive: none below may be called indefinite beyond it
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if np.linalg.eigvalsh(a + middle * lifts)[0] < 0 else (low, middle)
        )
    assert high < 1
    assert verdict(a, error=high * (1 + 1e-9)) == 0
    assert verdict(a, error=np.full((n, n), high * (1 + 1e-9))) == 0
    assert verdict(a, error=high / 4) == 2


@pytest.mark.parametrize("n", [97, 300])
def test_two_by_two_minors_beyond_single_precision(n):
    a = np.eye(n)
    i, j = n - 1, n // 2
    a[i, j] = a[j, i] = 1 + 2.0**-40
    assert verdict(a) == 2
    a[i, j] = a[j, i] = 1 - 2.0**-40
    assert verdict(a) == 1
    a[i, j] = a[j, i] = 1
    assert verdict(a) == 0
    a[i, j] = a[j, i] = 1e300
    assert verdict(a) == 2


@pytest.mark.parametrize("n", [128, 300])
def test_a_way_down_within_the_error_proves_nothing(n):
    """H + error is definite, so that no direction may count, whichever is found."""
    depth = 1e-2
    for part, saddle in ((3.0, False), (0.3, True)):  # of the depth, that the error takes back
        h = np.eye(n) - (1 + depth) / n
        error = part * depth / n
        for given in (error, np.full((n, n), error)):
            shown = definiteness(h, error=given) == "indefinite"
            assert shown == saddle
