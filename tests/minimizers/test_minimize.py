"""Minimisation: the end is a proven minimum, or the message says what it is."""

from typing import Any

import numpy as np
import pytest
from scipy.optimize import OptimizeResult

import hesscape as hs
from hesscape import testing
from hesscape.minimizers import search
from hesscape.minimizers.search import SENTENCES


def check_minimum(result: Any, surface: Any, zero_modes: int = 0) -> None:
    assert result.success, result.message
    assert result.status == 0
    assert (result.point.kind, result.point.certain) == (hs.Kind.minimum, True)
    assert abs(surface.gradient(result.x)).max() <= 1e-5
    values = np.linalg.eigvalsh(surface.hessian(result.x))
    assert (np.sort(abs(values))[zero_modes:] > 1e-3).all()
    assert values[0] > -1e-4
    assert result.fun == pytest.approx(surface.fun(result.x), rel=1e-12, abs=1e-300)


def test_himmelblau_from_its_maximum():
    surface = testing.himmelblau()
    minima = np.array([p.x for p in surface.critical_points if p.kind == "minimum"])
    for p in surface.critical_points:
        result = hs.minimize(surface.fun, p.x, vectorized=True)
        check_minimum(result, surface)
        assert np.linalg.norm(minima - result.x, axis=1).min() < 1e-9
        assert len(result.path) == (p.kind != "minimum")
        if result.path:
            np.testing.assert_array_equal(result.path[0].point.taylor.x, p.x)


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_networks_from_the_origin(depth):
    surface = testing.deep_linear_network(depth)
    result = hs.minimize(surface.fun, np.zeros(depth), vectorized=True, zero_modes=depth - 1)
    check_minimum(result, surface, depth - 1)
    assert result.fun < 1e-12
    assert np.prod(result.x) == pytest.approx(1)
    unnamed = hs.minimize(surface.fun, np.zeros(depth), vectorized=True)  # a valley of minima
    assert not unnamed.success
    assert unnamed.fun < 1e-12
    assert "pass zero_modes" in unnamed.message


@pytest.mark.parametrize(
    "method", ["trust-exact", "trust-krylov", "BFGS", "L-BFGS-B", "Powell", "SLSQP"]
)
@pytest.mark.parametrize("given", ["values", "jac", "hess"])
def test_rosenbrock(method, given):
    surface = testing.rosenbrock(4)
    more: dict[str, Any] = {} if given == "values" else {"jac": surface.gradient}
    if given == "hess":
        more["hess"] = surface.hessian
    result = hs.minimize(
        surface.fun, [-1.2, 1, -1.2, 1], method=method, vectorized=given != "hess", **more
    )
    check_minimum(result, surface)


def test_no_saddle_is_an_end():
    for surface in (testing.muller_brown(), testing.phi4_chain(6), testing.phi4_chain(5, 0.1)):
        for p in surface.critical_points:
            if p.kind == "saddle":
                result = hs.minimize(surface.fun, p.x, vectorized=True)
                check_minimum(result, surface)
                assert result.fun < surface.fun(np.array(p.x))
                assert result.path


def test_lennard_jones_from_a_saddle():
    surface = testing.lennard_jones(7)
    angles = np.arange(6) * np.pi / 3
    ring = 1.12 * np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)
    x = np.vstack([np.zeros(3), ring]).ravel()
    for _ in range(20):  # to the flat hexagon, a saddle
        x = x - np.linalg.lstsq(surface.hessian(x), surface.gradient(x), rcond=1e-9)[0]
    assert np.linalg.norm(surface.gradient(x)) < 1e-8
    assert np.linalg.eigvalsh(surface.hessian(x))[0] < -1
    result = hs.minimize(surface.fun, x, zero_modes=6, vectorized=True)
    check_minimum(result, surface, 6)
    known = (-16.505384, -15.935043, -15.593211, -15.533060)  # the four minima of LJ7
    assert min(abs(result.fun - e) for e in known) < 1e-5


@pytest.mark.parametrize(
    ("fun", "x0"),
    [
        (lambda x: x[0] ** 2 - x[1] ** 2, [0, 0]),
        (lambda x: x[0] ** 3, [1.0]),
        (lambda x: x[0] ** 3 + x[1] ** 2, [0, 0]),
        (lambda x: -np.exp(x[0]) + x[1] ** 2, [1.0, 0]),
        (lambda x: -abs(x[0]), [1.0]),
    ],
)
@pytest.mark.parametrize("method", ["trust-exact", "BFGS"])
def test_unbounded(fun, x0, method):
    result = hs.minimize(fun, x0, vectorized=True, method=method)
    assert not result.success
    assert result.message == SENTENCES["unbounded"]
    assert result.fun < fun(np.array(x0, dtype=float)) - 1e6


@pytest.mark.parametrize("method", ["trust-exact", "BFGS"])
@pytest.mark.parametrize("fun", [lambda x: np.exp(-x[0]), lambda x: 1 / (1 + x[0] ** 2)])
def test_a_tail_is_no_minimum(fun, method):
    result = hs.minimize(fun, [1.0], method=method)
    assert not result.success
    assert result.message == SENTENCES["tail"].format(other="")


@pytest.mark.parametrize(
    "method", ["trust-exact", "trust-ncg", "BFGS", "L-BFGS-B", "Newton-CG", "CG"]
)
def test_trial_points_outside_the_domain(method):
    result = hs.minimize(
        lambda x: np.sum(x - np.log(x), axis=0),
        [0.01, 1, 5, 50, 100],
        method=method,
        vectorized=True,
    )
    assert result.success, result.message
    np.testing.assert_allclose(result.x, 1, rtol=1e-6)
    result = hs.minimize(
        lambda x: np.sqrt(x[0]) + 1 / x[0] + x[1] ** 2, [20, 1], method=method, vectorized=True
    )
    assert result.success, result.message
    np.testing.assert_allclose(result.x, [4 ** (1 / 3), 0], atol=1e-6)


def test_degenerate_minimum_is_not_called_proven():
    result = hs.minimize(lambda x: x[0] ** 4 + x[1] ** 2, [0, 0], vectorized=True)
    assert not result.success
    assert result.message.startswith(SENTENCES["degenerate"].split("{")[0])
    np.testing.assert_array_equal(result.x, 0)


def test_noise():
    rng = np.random.default_rng(2)

    def fun(x: Any) -> Any:
        exact = (x[0] ** 2 - 1) ** 2 + x[1] ** 2
        return exact + 1e-6 * rng.standard_normal(x.shape[1:])

    result = hs.minimize(fun, [0, 0], vectorized=True)
    np.testing.assert_allclose(abs(result.x), [1, 0], atol=0.02)
    assert result.success or result.message != SENTENCES["minimum"]


def test_counts():
    calls = {"fun": 0, "jac": 0}
    surface = testing.rosenbrock(3)

    def fun(x: Any) -> Any:
        calls["fun"] += x.shape[1] if x.ndim > 1 else 1
        return surface.fun(x)

    def jac(x: Any) -> Any:
        calls["jac"] += x.shape[1] if x.ndim > 1 else 1
        return surface.gradient(x)

    choices: list[dict[str, Any]] = [{}, {"jac": jac}]
    for method in ("trust-exact", "BFGS", "Nelder-Mead"):
        for more in choices:
            for vectorized in (True, False):
                calls |= {"fun": 0, "jac": 0}
                result = hs.minimize(fun, [-1, 1, 1], method=method, vectorized=vectorized, **more)
                assert result.success
                assert (result.nfev, result.njev) == (calls["fun"], calls["jac"])


def test_callback():
    seen: list[Any] = []
    surface = testing.rosenbrock()
    hs.minimize(surface.fun, [-1.2, 1], callback=seen.append)
    assert len(seen) > 3
    assert seen[0].shape == (2,)

    def stop(intermediate_result: Any) -> None:
        raise StopIteration

    for method in ("trust-exact", "BFGS"):
        result = hs.minimize(surface.fun, [-1.2, 1], callback=stop, method=method)
        assert not result.success
        assert result.message == SENTENCES["stopped"]


def test_it_ends():
    surface = testing.rosenbrock(6)
    for maxiter in (0, 1, 5):
        result = hs.minimize(surface.fun, [-1.2, 1] * 3, maxiter=maxiter, vectorized=True)
        assert not result.success
        assert result.message == SENTENCES["maxiter"].format(nit=maxiter)
        assert result.nit == maxiter


def test_derivatives_that_cannot_be_measured():
    def fun(x: Any) -> Any:
        return x[0] ** 2 if x[0] >= 1 or x[0] == 0.5 else np.nan

    def to_the_spike(fun: Any, x0: Any, **_: Any) -> Any:
        fun(np.array([0.5]))
        return OptimizeResult(x=x0, nit=1)

    result = hs.minimize(fun, [3.0], method=to_the_spike)
    assert not result.success
    assert result.message.startswith(SENTENCES["lost"].split("{")[0])
    assert result.x == 0.5
    assert result.point is None
    with pytest.raises(hs.NonFiniteError):
        hs.minimize(fun, [0.0])


def test_too_many_rounds(monkeypatch):
    monkeypatch.setattr(search, "MOST_ROUNDS", 1)
    surface = testing.himmelblau()
    result = hs.minimize(surface.fun, surface.critical_points[-1].x)
    assert result.message == SENTENCES["rounds"].format(rounds=1)
    assert len(result.path) == 1


def test_kink():
    result = hs.minimize(lambda x: abs(x[0] - 0.1) + x[0] / 2, [0.3])
    assert not result.success
    assert not result.point.certain
    assert result.x[0] == pytest.approx(0.1, abs=1e-6)


def test_exceptions_pass_through():
    class MyError(Exception):
        pass

    def fun(x: Any) -> float:
        if x[0] < 0.5:
            raise MyError
        return float(x[0] ** 2)

    with pytest.raises(MyError):
        hs.minimize(fun, [3.0])


@pytest.mark.parametrize(
    ("arguments", "error", "name"),
    [
        ({"x0": [np.nan, 0]}, ValueError, "x"),
        ({"x0": [[0, 0]]}, ValueError, "x"),
        ({"method": 3}, TypeError, "method"),
        ({"method": "no such method"}, ValueError, "no such method"),
        ({"maxiter": -1}, ValueError, "maxiter"),
        ({"maxiter": 1.5}, TypeError, "maxiter"),
        ({"gtol": -1}, ValueError, "gtol"),
        ({"callback": 3}, TypeError, "callback"),
        ({"options": []}, TypeError, "options"),
        ({"max_step": 0}, ValueError, "max_step"),
        ({"zero_modes": 5}, ValueError, "zero_modes"),
        ({"fun": None}, TypeError, "fun"),
    ],
)
def test_bad_input(arguments, error, name):
    given = {"fun": lambda x: x[0] ** 2 + x[1] ** 2, "x0": [1, 1]} | arguments
    with pytest.raises(error, match=name):
        hs.minimize(**given)
