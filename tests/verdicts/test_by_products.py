"""Ways off saddles and minima in many coordinates, where no matrix is formed."""

from typing import Any

import numpy as np
import pytest
from scipy.linalg import eigvalsh_tridiagonal
from scipy.optimize import OptimizeResult

import hesscape as hs
from hesscape import _escaped, _search, testing
from hesscape.krylov.curvature import DELTA, TOL, bounds
from hesscape.krylov.random_start import least_component_near
from phi4 import chain, chain_product, chain_value

N = 1500


class Counted:
    """A function that counts its calls."""

    def __init__(self, function):
        self.function, self.calls = function, 0

    def __call__(self, *args):
        self.calls += 1
        return self.function(*args)


def lowest_of_chain(x):
    diagonal = 3 * x * x - 1 + np.r_[1, np.full(x.size - 2, 2), 1]
    return eigvalsh_tridiagonal(diagonal, -np.ones(x.size - 1), select="i", select_range=(0, 0))[0]


def forbidden(*_):
    raise AssertionError("this was not to be called")


OFFERED: list[dict[str, Any]] = [
    {"jac": chain},
    {"hessp": chain_product, "jac": chain},
]


# ---- escape


@pytest.mark.parametrize("offered", OFFERED)
def test_the_saddle_of_a_chain_is_left(offered):
    x = np.zeros(N)
    way = hs.escape(chain_value, x, **offered)
    assert way.success
    assert way.message == _escaped.SENTENCES["curvature"]
    assert way.point.taylor is None
    assert way.decrease == chain_value(x) - chain_value(way.x) > 0
    u = way.direction
    assert abs(u @ u - 1) <= 1e-12
    np.testing.assert_allclose(way.x, x + way.step * u, rtol=0, atol=1e-12 * way.step)
    exact = u @ chain_product(x, u)
    assert way.point.curvature is not None
    assert abs(way.curvature - exact) <= way.point.curvature.lowest_error
    assert -1 - 1e-12 <= exact <= -0.8  # near the lowest eigenvalue, which is -1
    assert way.predicted == pytest.approx(-0.5 * way.curvature * way.step**2)
    lower, other = way.both
    assert lower.fun == way.fun <= other.fun == chain_value(other.x) < chain_value(x)
    assert (lower.x - x) @ (other.x - x) < 0
    # The chain is even, so that both sides are equally low.
    assert abs(lower.fun - other.fun) <= 1e-9 * N


def test_values_and_gradients_are_counted():
    for with_products in (False, True):
        fun, jac, hessp = Counted(chain_value), Counted(chain), Counted(chain_product)
        offered: dict[str, Any] = {"hessp": hessp} if with_products else {}
        way = hs.escape(fun, np.zeros(N), jac=jac, **offered)
        assert (way.nfev, way.njev) == (fun.calls, jac.calls)
        assert way.nfev <= 60
        assert way.njev == 1 or not with_products
        fun.calls = jac.calls = hessp.calls = 0
        result = hs.minimize(fun, np.zeros(N), jac=jac, **offered)
        assert (result.nfev, result.njev) == (fun.calls, jac.calls)
        assert result.nhev == hessp.calls or not with_products


def test_a_point_that_was_classified_is_not_classified_again():
    point = hs.classify(chain_value, np.zeros(N), jac=chain, need="kind")
    way = hs.escape(chain_value, point, jac=forbidden)
    assert way.success
    assert way.njev == 0
    assert way.point is point
    small = hs.classify(chain_value, np.zeros(30), jac=chain, method="lanczos")
    assert hs.escape(chain_value, small, jac=chain).success


def test_max_step_and_reports():
    way = hs.escape(chain_value, np.zeros(N), jac=chain, max_step=0.5)
    assert way.step == pytest.approx(0.5, rel=1e-12)
    assert way.message.endswith("raise max_step, or the function is unbounded below")
    text = str(way)
    assert "escape from this point (saddle)" in text
    assert "from         [0. 0. 0. ... 0. 0. 0.]" in text
    assert f"-> {way.fun:.8g}" in text
    stay = str(hs.escape(chain_value, np.ones(N), jac=chain))
    assert stay.startswith(
        "no escape from this point (minimum)\n  from         [1. 1. 1. ... 1. 1. 1.]"
    )


def test_a_minimum_is_not_left():
    way = hs.escape(chain_value, np.ones(N), jac=chain)
    assert not way.success
    assert way.message == _escaped.SENTENCES["probable"]
    assert (way.x == 1).all()
    assert way.point.confidence == 1 - DELTA


def test_a_slope_is_gone_down():
    x = np.full(N, 0.8)
    way = hs.escape(chain_value, x, jac=chain)
    assert way.success
    assert way.message == _escaped.SENTENCES["gradient"]
    assert way.direction @ chain(x) == pytest.approx(-np.linalg.norm(chain(x)))
    assert way.curvature == pytest.approx(way.direction @ chain_product(x, way.direction), rel=1e-6)


def cubic(x):
    return x[0] ** 3 + (np.arange(1, x.size) / x.size + 1) @ x[1:] ** 2


def cubic_gradient(x):
    return np.r_[3 * x[0] ** 2, 2 * (np.arange(1, x.size) / x.size + 1) * x[1:]]


def test_flat_directions_are_looked_along():
    way = hs.escape(cubic, np.zeros(N), jac=cubic_gradient)
    assert way.success
    assert way.message.startswith(_escaped.SENTENCES["flat"])
    assert way.direction[0] == pytest.approx(-1)
    quartic = hs.escape(
        lambda x: cubic(x) - x[0] ** 3 + x[0] ** 4,
        np.zeros(N),
        jac=lambda x: cubic_gradient(x) - np.eye(1, N)[0] * (3 * x[0] ** 2 - 4 * x[0] ** 3),
    )
    assert not quartic.success
    assert quartic.message == _escaped.SENTENCES["open"]


def test_what_lies_behind_a_ridge_is_no_way_down():
    def value(x):  # rises as the fourth power before it falls
        return cubic(x) - x[0] ** 3 + x[0] ** 4 - 100 * x[0] ** 6

    def slope(x):
        return cubic_gradient(x) - np.eye(1, N)[0] * (
            3 * x[0] ** 2 - 4 * x[0] ** 3 + 600 * x[0] ** 5
        )

    way = hs.escape(value, np.zeros(N), jac=slope)
    assert not way.success


def test_a_function_that_is_unbounded():
    def value(x):
        return -np.inf if x[0] > 3 else -(x[0] ** 2) + x[1:] @ x[1:]

    way = hs.escape(
        value,
        np.zeros(N),
        hessp=lambda x, p: np.r_[-2 * p[0], 2 * p[1:]],
        jac=lambda x: np.r_[-2 * x[0], 2 * x[1:]],
    )
    assert way.message == _escaped.SENTENCES["unbounded"]
    assert way.fun == -np.inf


def test_zero_modes_are_not_moved_along():
    mode = np.ones((N, 1))

    def fun(x):  # a ring that only differences enter
        d = x - np.roll(x, 1)
        return 0.25 * ((d * d - 1) ** 2).sum() + 0.5 * (d * d).sum() * 0.5

    def jac(x):
        d = x - np.roll(x, 1)
        e = (d * d - 1) * d + 0.5 * d
        return e - np.roll(e, -1)

    way = hs.escape(fun, np.zeros(N), jac=jac, zero_modes=mode)
    assert way.success
    assert abs(way.direction.sum()) <= 1e-9


def test_noise_of_the_values_hides_small_ways_only():
    rng = np.random.default_rng(1)
    for sigma in (1e-6, 1e-2):
        way = hs.escape(
            lambda x, s=sigma: chain_value(x) + s * rng.standard_normal(), np.zeros(N), jac=chain
        )
        assert way.success
        assert chain_value(way.x) < chain_value(np.zeros(N)) - 1
    steep = hs.escape(
        lambda x: chain_value(x) + 1e-3 * rng.standard_normal(),
        np.zeros(N),
        jac=chain,
        max_step=1e-3,
    )
    assert not steep.success
    assert steep.message == _escaped.SENTENCES["noise"]


# ---- the start of a verdict from near the way down of the one before


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
        none = np.empty((N, 0), order="F")
        return bounds(f, np.zeros(N), need, TOL, 0.3, 60, 50, none, rng, guess)

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


# ---- minimize


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
    assert result.message == _search.SENTENCES["unbounded"]
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
        assert result.message == _search.SENTENCES["maxiter"].format(nit=maxiter)
        assert result.nit == maxiter

    def stop(intermediate_result: OptimizeResult) -> None:
        raise StopIteration

    result = hs.minimize(chain_value, x, jac=chain, callback=stop)
    assert result.message == _search.SENTENCES["stopped"]


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
