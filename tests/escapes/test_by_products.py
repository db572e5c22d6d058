"""Ways off saddles in many coordinates, where no matrix is formed."""

from typing import Any

import numpy as np
import pytest

import hesscape as hs
from hesscape.escapes import result
from hesscape.krylov.curvature import DELTA
from phi4 import chain, chain_product, chain_value

N = 1500


class Counted:
    """A function that counts its calls."""

    def __init__(self, function):
        self.function, self.calls = function, 0

    def __call__(self, *args):
        self.calls += 1
        return self.function(*args)


def forbidden(*_):
    raise AssertionError("this was not to be called")


OFFERED: list[dict[str, Any]] = [
    {"jac": chain},
    {"hessp": chain_product, "jac": chain},
]


@pytest.mark.parametrize("offered", OFFERED)
def test_the_saddle_of_a_chain_is_left(offered):
    x = np.zeros(N)
    way = hs.escape(chain_value, x, **offered)
    assert way.success
    assert way.message == result.SENTENCES["curvature"]
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
    assert way.message == result.SENTENCES["probable"]
    assert (way.x == 1).all()
    assert way.point.confidence == 1 - DELTA


def test_a_slope_is_gone_down():
    x = np.full(N, 0.8)
    way = hs.escape(chain_value, x, jac=chain)
    assert way.success
    assert way.message == result.SENTENCES["gradient"]
    assert way.direction @ chain(x) == pytest.approx(-np.linalg.norm(chain(x)))
    assert way.curvature == pytest.approx(way.direction @ chain_product(x, way.direction), rel=1e-6)


def cubic(x):
    return x[0] ** 3 + (np.arange(1, x.size) / x.size + 1) @ x[1:] ** 2


def cubic_gradient(x):
    return np.r_[3 * x[0] ** 2, 2 * (np.arange(1, x.size) / x.size + 1) * x[1:]]


def test_flat_directions_are_looked_along():
    way = hs.escape(cubic, np.zeros(N), jac=cubic_gradient)
    assert way.success
    assert way.message.startswith(result.SENTENCES["flat"])
    assert way.direction[0] == pytest.approx(-1)
    quartic = hs.escape(
        lambda x: cubic(x) - x[0] ** 3 + x[0] ** 4,
        np.zeros(N),
        jac=lambda x: cubic_gradient(x) - np.eye(1, N)[0] * (3 * x[0] ** 2 - 4 * x[0] ** 3),
    )
    assert not quartic.success
    assert quartic.message == result.SENTENCES["open"]


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
    assert way.message == result.SENTENCES["unbounded"]
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
    assert steep.message == result.SENTENCES["noise"]
