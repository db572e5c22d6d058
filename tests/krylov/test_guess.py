"""A start of the Lanczos process from near a way down that is known."""

import numpy as np

import hesscape as hs
from hesscape.krylov.curvature import curvature_of
from hesscape.krylov.random_start import least_component_near

N = 1500


def forbidden(*_):
    raise AssertionError("this was not to be called")


def test_the_least_component_of_a_start_near_a_guess():
    rng = np.random.default_rng(5)
    for n in (3, 10, 300):
        b = rng.standard_normal((n, 40_000))
        b /= np.linalg.norm(b, axis=0)
        for overlap in (0.0, 0.3, 1.0):  # of the guess with the eigenvector
            shifted = b.copy()
            shifted[0] += overlap
            shifted[1] += np.sqrt(1 - overlap**2)
            component = np.abs(shifted[0]) / np.linalg.norm(shifted, axis=0)
            for delta in (0.05, 0.3):
                share = np.mean(component < least_component_near(n, delta))
                assert share <= delta + 5 * np.sqrt(delta / b.shape[1])


def test_a_guess_saves_products_and_keeps_the_statement():
    d = np.r_[-0.01, np.linspace(0, 1, N - 1)]
    guess = np.eye(1, N)[0] + 0.1 * np.random.default_rng(6).standard_normal(N) / np.sqrt(N)

    def run(d, rng, guess, need="way"):
        f = hs.Objective(forbidden, hessp=lambda x, p: d * p)
        return curvature_of(
            f, np.zeros(N), need, delta=0.3, most=60, limit=50, rng=rng, guess=guess
        )

    cold = [run(d, seed, None) for seed in range(5)]
    warm = [run(d, seed, guess) for seed in range(5)]
    assert all(found.proven_negative for found in warm)
    assert max(found.n_products for found in warm) < min(found.n_products for found in cold)
    for found in warm:
        assert abs(found.lowest - found.lowest_direction @ (d * found.lowest_direction)) <= 1e-12
    # A guess at another eigenvector, so that the lowest one is hidden as well as can be.
    hidden = np.r_[-1e-3, np.linspace(0.1, 1, N - 1)]
    wrong = 0
    for seed in range(200):
        found = run(hidden, seed, np.eye(1, N, N - 1)[0])
        wrong += found.floor > hidden.min()
    assert wrong <= 0.3 * 200
