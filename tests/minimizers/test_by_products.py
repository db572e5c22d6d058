"""Minima in many coordinates, where no matrix is formed."""

from typing import Any

import numpy as np
import pytest
from scipy.optimize import OptimizeResult

import hesscape as hs
from hesscape import testing
from hesscape.krylov.curvature import DELTA
from hesscape.minimizers import search
from phi4 import chain, chain_product, chain_value, lowest_of_chain

N = 1500


OFFERED: list[dict[str, Any]] = [
    {"jac": chain},
    {"hessp": chain_product, "jac": chain},
]


def test_a_valley_of_minima_is_said_to_be_flat():
    """Products of pairs are to be one: the minima are curves, and H is singular there."""
    pairs = N // 2

    def fun(x):
        a, b = x.reshape(2, pairs)
        return ((1 - a * b) ** 2).sum()

    def jac(x):
        a, b = x.reshape(2, pairs)
        r = 2 * (a * b - 1)
        return np.r_[r * b, r * a]

    result = hs.minimize(fun, np.zeros(N), jac=jac)
    assert not result.success
    assert result.fun <= 1e-8
    assert result.message.startswith("no minimum is shown: with probability 0.999 ")
    found = result.point.curvature
    assert -2e-2 * found.highest <= found.floor <= 0
    assert len(result.path) <= 10


def check_minimum(result, lowest):
    assert result.success, result.message
    assert result.status == 0
    assert "which is no proof" in result.message
    point = result.point
    assert (point.kind, point.certain) == (hs.Kind.minimum, False)
    assert point.confidence >= 1 - DELTA
    assert point.curvature.floor <= lowest


@pytest.mark.parametrize("offered", OFFERED)
@pytest.mark.parametrize("start", ["saddle", "near", "far"])
def test_chains_end_at_minima(offered, start):
    rng = np.random.default_rng(2)
    x = {"saddle": 0.0, "near": 1e-7, "far": 1.0}[start] * rng.standard_normal(N)
    result = hs.minimize(chain_value, x, **offered)
    lowest = lowest_of_chain(result.x)
    assert lowest > 0
    check_minimum(result, lowest)
    assert np.abs(chain(result.x)).max() <= 1e-5
    assert result.fun == chain_value(result.x)
    np.testing.assert_array_equal(result.jac, chain(result.x))
    assert result.path or start == "far"


@pytest.mark.parametrize("method", ["L-BFGS-B", "CG", "Newton-CG", "trust-krylov", "trust-ncg"])
@pytest.mark.parametrize("offered", OFFERED)
def test_methods(method, offered):
    x = 1 + 0.3 * np.random.default_rng(3).standard_normal(N)
    result = hs.minimize(chain_value, x, method=method, **offered)
    check_minimum(result, 2.0)
    np.testing.assert_allclose(result.x, 1, atol=1e-4)


def test_saddles_on_the_way_are_left_one_after_the_other():
    """Pairs of weights whose product is to be one: every pair that is zero is a saddle of its own."""
    pairs = N // 2

    def fun(x):
        a, b = x.reshape(2, pairs)
        return ((1 - a * b) ** 2).sum() + 0.01 * x @ x

    def jac(x):
        a, b = x.reshape(2, pairs)
        r = 2 * (a * b - 1)
        return np.r_[r * b, r * a] + 0.02 * x

    result = hs.minimize(fun, np.zeros(N), jac=jac)
    a, b = result.x.reshape(2, pairs)
    assert result.success
    np.testing.assert_allclose(a * b, 0.99, atol=1e-4)  # where r b + 0.02 a = 0 and a = b
    assert len(result.path) >= 1


def test_the_function_may_be_unbounded_or_have_a_tail():
    d = np.r_[-1, np.ones(N - 1)]
    result = hs.minimize(lambda x: x @ (d * x), np.zeros(N), jac=lambda x: 2 * d * x)
    assert result.message == search.SENTENCES["unbounded"]
    tail = hs.minimize(
        lambda x: np.exp(-x[0]) + x[1:] @ x[1:],
        np.ones(N),
        jac=lambda x: np.r_[-np.exp(-x[0]), 2 * x[1:]],
    )
    assert not tail.success
    assert tail.x[0] > 5
    flat = hs.minimize(lambda x: (x**4).sum(), np.zeros(N), jac=lambda x: 4 * x**3)
    assert not flat.success
    assert flat.message.startswith("no minimum is shown: with probability 0.999 ")


def test_it_ends_where_it_is_told_to():
    x = np.random.default_rng(4).standard_normal(N)
    for maxiter in (0, 3):
        result = hs.minimize(chain_value, x, jac=chain, maxiter=maxiter)
        assert not result.success
        assert result.message == search.SENTENCES["maxiter"].format(nit=maxiter)
        assert result.nit == maxiter

    def stop(intermediate_result: OptimizeResult) -> None:
        raise StopIteration

    result = hs.minimize(chain_value, x, jac=chain, callback=stop)
    assert result.message == search.SENTENCES["stopped"]


def test_which_search_is_taken():
    surface = testing.phi4_chain(40)
    assert hs.minimize(
        surface.fun, np.zeros(40), jac=surface.gradient, vectorized=True
    ).point.taylor
    shapes = set()

    def jac(points):
        shapes.add(points.shape)
        return testing.phi4_chain(N).gradient(points)

    result = hs.minimize(testing.phi4_chain(N).fun, np.zeros(N), jac=jac, vectorized=True)
    assert result.point.curvature is not None
    assert {rows for rows, _ in shapes} == {N}


def test_gradients_that_are_not_finite():
    with pytest.raises(hs.NonFiniteError, match="fun is nan"):
        hs.minimize(lambda x: np.nan, np.zeros(N), jac=chain)
    with pytest.raises(hs.NonFiniteError, match="fun is nan"):
        hs.escape(lambda x: np.nan, np.zeros(N), jac=chain)
    result = hs.minimize(chain_value, np.zeros(N), jac=lambda x: np.full(N, np.nan))
    assert result.message.startswith("no derivatives can be measured")


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, ZeroDivisionError])
@pytest.mark.parametrize("function", [hs.escape, hs.minimize])
def test_exceptions_pass_through(interruption, function):
    calls = 0

    def jac(x):
        nonlocal calls
        calls += 1
        if calls == 5:
            raise interruption
        return chain(x)

    with pytest.raises(interruption):
        function(chain_value, np.zeros(N), jac=jac)
    assert calls == 5
