"""What random starts say of eigenvalues that are not seen: the bounds, and how often they fail."""

import math

import numpy as np
import pytest
from scipy.special import betainc

import hesscape as hs
from hesscape import _core
from hesscape.krylov.lanczos import LanczosSearch
from hesscape.krylov.products import products_of
from hesscape.krylov.random_start import (
    Statement,
    least_component,
    least_component_of_block,
    relative_gap,
)


def no_values(x):
    raise AssertionError("values were asked for")


def test_the_least_component_of_a_random_unit_vector():
    rng = np.random.default_rng(10)
    for n in (2, 3, 10, 300):
        b = rng.standard_normal((n, 40_000))
        b = np.abs(b[0]) / np.linalg.norm(b, axis=0)
        for delta in (0.05, 0.3):
            share = np.mean(b < least_component(n, delta))
            spread = 5 * math.sqrt(delta / b.size)
            assert share <= delta + spread
            assert share >= 0.9 * delta - spread  # and it is not far from sharp
    assert least_component(1, 0.1) == 1.0


def test_the_least_component_of_a_random_subspace():
    """|Vᵀz|² has a beta distribution, whose integral is what the bound is compared with."""
    for n in (4, 10, 300, 10**6):
        assert least_component_of_block(n, 1, 0.1) == least_component(n, 0.1)
        for width in (2, 3, 8):
            for delta in (1e-9, 1e-3, 0.3):
                t = least_component_of_block(n, width, delta)
                if n < width + 2:
                    assert t == 0
                    continue
                true = betainc(width / 2, (n - width) / 2, t * t)
                assert true <= delta
                assert true >= (0.9 if delta < 1e-8 and n >= 300 else 0.01) * delta
    rng = np.random.default_rng(12)
    lengths = [
        np.linalg.norm(np.linalg.qr(rng.standard_normal((50, 3)))[0][7]) for _ in range(4000)
    ]
    share = np.mean(np.array(lengths) < least_component_of_block(50, 3, 0.1))
    assert 0.06 <= share <= 0.1 + 5 * math.sqrt(0.1 / 4000)


def test_the_statement_holds_for_blocks():
    """Both bounds are wrong in no more than delta of random starts, from the first step on."""
    n, delta, times = 200, 0.3, 150
    x, none = np.zeros(n), np.empty((n, 0), order="F")
    d = np.r_[-1e-2, np.linspace(0.1, 1, n - 1)]
    for width in (2, 4):
        wrong = 0
        bounds = []
        for seed in range(times):
            source = products_of(hs.Objective(no_values, hess=lambda x: np.diag(d)), x)
            start = np.random.default_rng(seed).standard_normal((width, n)).T
            core = _core.Lanczos(start, zero_modes=none, limit=100)
            search = LanczosSearch(source, core, Statement(n, delta, width=width), x)
            search.step_until("spectrum", 12 * width)
            wrong += search.statement.floor > d[0] or search.statement.ceiling < d[-1]
            bounds.append(search.statement.floor)
        assert wrong <= delta * times
        assert min(bounds) > -0.5


def test_the_gap_is_no_worse_than_the_published_one():
    """P(gap > ε) <= 1.648 √n exp(-√ε (2k - 1)), theorem 4.2 of Kuczyński and Woźniakowski (1992)."""
    for n in (100, 10**6):
        for k in (10, 40, 100):
            for delta in (1e-2, 1e-6):
                epsilon = relative_gap(least_component(n, delta), k)
                published = 1.648 * math.sqrt(n) * math.exp(-math.sqrt(epsilon) * (2 * k - 1))
                assert delta <= published


def misleading(n):
    """Spectra with an end that is hard to see."""
    tiny = np.linspace(0.1, 1.0, n)
    tiny[0] = -1e-3  # isolated, and small beside the spread
    edge = 1 - np.cos(np.linspace(0, np.pi, n))  # clustered at both edges
    edge[0] = -1e-4
    hidden = np.ones(n)
    hidden[:2] = -0.02, 0.5  # one direction among many that are the same
    geometric = np.concatenate([[-1e-2], np.geomspace(1e-2, 1, n - 1)])
    return [tiny, edge, hidden, geometric]


@pytest.mark.parametrize("kind", range(4))
@pytest.mark.parametrize("delta", [0.02, 0.3])
def test_misleading_spectra(kind, delta):
    wrong_statements_are_rare(kind, delta, 60)


@pytest.mark.slow
@pytest.mark.parametrize("kind", range(4))
@pytest.mark.parametrize("delta", [0.02, 0.3])
def test_misleading_spectra_many_times(kind, delta):
    wrong_statements_are_rare(kind, delta, 1000)


def wrong_statements_are_rare(kind, delta, times):
    d = misleading(400)[kind]

    def hessp(x, p):
        return d * p

    wrong = finite = 0
    for seed in range(times):
        found = hs.curvature(
            no_values, np.zeros(d.size), hessp=hessp, rng=seed, delta=delta, max_products=12
        )
        assert not found.proven_positive or d.max() > 0
        assert not found.proven_negative or d.min() < 0
        finite += np.isfinite(found.epsilon)
        wrong += found.floor > d.min() or found.ceiling < d.max()
    assert finite > 0
    assert wrong <= delta * times
