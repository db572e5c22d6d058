"""The measured model against exact derivatives: smooth, noisy, badly scaled, at the edge of a domain."""

import math
from typing import Any

import numpy as np
import pytest

import hesscape as hs
from hesscape import testing

EPS = float(np.finfo(float).eps)

SURFACES: dict[str, tuple[Any, Any]] = {
    "rosenbrock": (testing.rosenbrock(2), [-1.2, 1.0]),
    "rosenbrock, solution": (testing.rosenbrock(5), [1.0] * 5),
    "rosenbrock in four": (testing.rosenbrock(4), [-1.2, 1.0, -0.7, 1.3]),
    "himmelblau": (testing.himmelblau(), [1.0, -2.0]),
    "himmelblau, origin": (testing.himmelblau(), [0.0, 0.0]),
    "muller-brown": (testing.muller_brown(), [-0.4, 0.6]),
    "error surface": (testing.error_surface(), [0.0, 0.0]),
    "triple product": (testing.triple_product(), [0.3, -2.0, 1.5]),
    "monkey saddle": (testing.monkey_saddle(), [0.7, -0.2]),
    "deep linear network": (testing.deep_linear_network(4), [0.5, 1.1, -0.8, 1.2]),
    "phi4": (testing.phi4_chain(6), [0.3, -0.8, 1.1, 0.2, -0.5, 0.9]),
    "rastrigin": (testing.rastrigin(3), [1.0, -2.0, 0.3]),
    "ackley": (testing.ackley(2), [1.0, -2.0]),
    "lennard-jones": (testing.lennard_jones(3), [0.1, 0.0, 0.0, 1.2, 0.1, -0.1, 0.4, 1.0, 0.3]),
    "quadratic": (
        testing.quadratic([[3.0, 1, 0], [1, -2, 0.5], [0, 0.5, 1]], offset=5.0),
        [0.4, -1, 2],
    ),
}


def columns(v, x):
    """`v`, shaped to be combined with points x, (n,) or (n, m)."""
    return np.reshape(v, (-1, *[1] * (np.ndim(x) - 1)))


def covered(measured, truth, bound):
    """How many entries of the upper triangle are within their bounds, and how many there are."""
    upper = np.triu_indices(len(truth)) if truth.ndim == 2 else slice(None)
    off = np.abs(measured - truth)[upper] - EPS / 2 * np.abs(truth)[upper]
    return int((off <= bound[upper]).sum()), off.size


@pytest.mark.parametrize("name", SURFACES)
def test_surfaces(name):
    surface, x = SURFACES[name]
    x = np.array(x, dtype=float)
    model = hs.taylor(surface.fun, x, vectorized=True)
    h, g = surface.hessian(x), surface.gradient(x)
    largest = np.abs(h).max()
    rounding = 50 * EPS * (largest + np.abs(g).max())  # of the closed forms
    assert model.value == pytest.approx(surface.fun(x), rel=4 * EPS, abs=4 * EPS)
    assert (np.abs(model.hessian - h) <= model.hessian_error + rounding).all()
    assert (np.abs(model.gradient - g) <= model.gradient_error + rounding).all()
    assert np.median(model.hessian_error) <= 1e-8 * largest
    assert np.abs(model.hessian - h).max() <= 1e-8 * largest
    assert np.abs(model.gradient - g).max() <= 1e-9 * (np.abs(g).max() + largest)
    with_gradients = hs.taylor(surface.fun, x, vectorized=True, jac=surface.gradient)
    assert (np.abs(with_gradients.hessian - h) <= with_gradients.hessian_error + rounding).all()
    assert np.abs(with_gradients.hessian - h).max() <= 1e-8 * largest
    assert np.median(with_gradients.hessian_error) <= 1e-6 * largest
    assert np.array_equal(with_gradients.gradient, surface.gradient(x))


def test_polarisation_has_the_right_factor_and_sign():
    h = hs.hessian(lambda x: 3 * x[0] * x[1] - 5 * x[0] * x[2] + 7 * x[1] ** 2, [1.0, 2.0, 3.0])
    assert np.abs(h - [[0, 3, -5], [3, 14, 0], [-5, 0, 0]]).max() <= 1e-11


def test_gradient_and_hessian_are_those_of_the_model():
    surface, x = SURFACES["muller-brown"]
    model = hs.taylor(surface.fun, x)
    assert np.array_equal(hs.hessian(surface.fun, x), model.hessian)
    assert (np.abs(hs.gradient(surface.fun, x) - model.gradient) <= 2 * model.gradient_error).all()
    assert np.array_equal(hs.gradient(surface.fun, x, jac=surface.gradient), surface.gradient(x))
    assert np.array_equal(hs.hessian(surface.fun, x, hess=surface.hessian), surface.hessian(x))


def test_scales_that_are_1e12_apart():
    scale = np.array([1e-6, 1.0, 1e6])
    surface, z = SURFACES["triple product"]
    z = np.array(z)

    def fun(x):
        u = x / columns(scale, x)
        return surface.fun(u) + np.exp(u[0] - u[2])

    e = math.exp(z[0] - z[2])
    h = surface.hessian(z) + e * np.outer([1, 0, -1], [1, 0, -1])
    model = hs.taylor(fun, scale * z, vectorized=True)
    area = np.outer(scale, scale)
    assert (np.abs(model.hessian * area - h) <= model.hessian_error * area + 1e-14).all()
    assert (model.hessian_error * area).max() <= 1e-7 * np.abs(h).max()
    # Each coordinate has a step of its own.
    assert (np.abs(np.log2(model.step / scale)) < 12).all()


def test_a_constant_function_has_zero_derivatives_with_small_bounds():
    model = hs.taylor(lambda x: 5.0, [1.0, 0.0, -3.0])
    assert not model.hessian.any()
    assert not model.gradient.any()
    assert model.hessian_error.max() <= 1e-10
    model = hs.taylor(lambda x: 0.0, [1.0, 0.0])
    assert not model.hessian.any()
    assert model.noise == 0


def test_a_function_that_is_zero_along_axes_and_in_planes():
    for fun in (lambda x: x[0] * x[1] * x[2], lambda x: x[0] ** 2 * x[1] * x[2]):
        model = hs.taylor(fun, np.zeros(3))
        assert not model.hessian.any()
        assert model.hessian_error.max() <= 1e-10
    model = hs.taylor(lambda x: (x[0] * x[2]) ** 2, [0.0, -3.0, 2.0])
    assert (np.abs(model.hessian - np.diag([8.0, 0, 0])) <= model.hessian_error).all()
    assert model.hessian_error.max() <= 1e-10


def test_aliased_steps_are_seen_through():
    """cos 2πx takes equal values at all integer steps."""
    for x in (0.0, 1.0, 8.0, 32.0, -16.0):
        model = hs.taylor(lambda t: t[0] ** 2 - 10 * np.cos(2 * np.pi * t[0]), [x])
        assert model.hessian[0, 0] == pytest.approx(2 + 40 * np.pi**2, rel=1e-6)
        assert abs(model.hessian[0, 0] - 2 - 40 * np.pi**2) <= model.hessian_error[0, 0]


def test_newton_step():
    h = np.array([[3.0, 1, 0], [1, -2, 0.5], [0, 0.5, 1]])
    centre = np.array([1.0, -2, 0.5])
    surface = testing.quadratic(h, centre)
    x = np.array([0.4, -1.0, 2.0])
    model = hs.taylor(surface.fun, x)
    assert np.abs(x + model.newton_step() - centre).max() <= 1e-10
    scale = np.array([1e-6, 1, 1e6])
    model = hs.taylor(lambda y: surface.fun(y / scale), x * scale)
    assert np.abs((x * scale + model.newton_step()) / scale - centre).max() <= 1e-9
    # A singular model: the shortest step that solves it.
    flat = hs.taylor(
        lambda y: 0.0,
        [0.0, 0.0],
        hess=lambda y: 2 * np.ones((2, 2)),
        jac=lambda y: np.full(2, -4.0),
    )
    assert np.allclose(flat.newton_step(), [1, 1], rtol=1e-14)
    nothing = hs.taylor(
        lambda y: 0.0, [0.0, 0.0], hess=lambda y: np.zeros((2, 2)), jac=lambda y: np.zeros(2)
    )
    assert not nothing.newton_step().any()


def test_model_refuses_vectors_of_another_length():
    model = hs.taylor(lambda x: x @ x, [1.0, 2.0])
    for method, name in ((model, "theta"), (model.quadratic_form, "v")):
        with pytest.raises(
            ValueError, match=rf"{name} must have shape \(..., 2\), got shape \(3,\)"
        ):
            method([1, 2, 3])


def test_model_prints_values_with_errors():
    text = str(hs.taylor(lambda x: 5 + 2 * x[0] + 3 * x[0] * x[1], [0.0, 0.0]))
    for part in (
        "quadratic model at x = [0. 0.]",
        "5 ±",
        "gradient  2 ±",
        "3 ±",
        " values: ",
    ):
        assert part in text
    text = str(hs.taylor(lambda x: x @ x, np.zeros(9)))
    assert "9 x 9, entries to 2" in text


# Counts


def counted(n, vectorized):
    weights = np.arange(1.0, n + 1)
    calls = {"fun": 0, "jac": 0, "hess": 0, "hessp": 0}

    def count(name, x):
        calls[name] += np.shape(x)[1] if vectorized and np.ndim(x) > 1 else 1

    def fun(x):
        count("fun", x)
        return (np.exp(x) * columns(weights, x)).sum(0) + np.sin(x.sum(0))

    def jac(x):
        count("jac", x)
        return np.exp(x) * columns(weights, x) + np.cos(x.sum(0))

    def hess(x):
        count("hess", x)
        return np.diag(np.exp(x) * weights) - np.sin(x.sum())

    def hessp(x, p):
        count("hessp", x)
        return np.exp(x) * weights * p - np.sin(x.sum()) * p.sum()

    return fun, jac, hess, hessp, calls


@pytest.mark.parametrize("n", range(1, 41))
def test_every_value_is_counted(n):
    fun, jac, hess, _, calls = counted(n, True)
    x = np.linspace(-1.2, 1, n) if n > 1 else np.array([0.7])
    model = hs.taylor(fun, x, vectorized=True)
    assert model.nfev == calls["fun"] <= 2.5 * n**2 + 60 * n
    assert model.njev == calls["jac"] == 0
    assert (np.abs(model.hessian - hess(x)) <= model.hessian_error).all()
    assert model.hessian_error.max() <= 1e-6 * np.abs(model.hessian).max()
    calls["fun"] = 0
    with_gradients = hs.taylor(fun, x, vectorized=True, jac=jac)
    assert with_gradients.nfev == calls["fun"] <= 60 * n + 20
    assert with_gradients.njev == calls["jac"] == 4 * n + 1
    assert (np.abs(with_gradients.hessian - hess(x)) <= with_gradients.hessian_error).all()


@pytest.mark.parametrize("n", [1, 2, 5])
def test_every_call_is_counted(n):
    fun, jac, hess, hessp, calls = counted(n, False)
    x = np.linspace(-1.2, 1, n)

    def run(**more):
        calls.update(dict.fromkeys(calls, 0))
        model = hs.taylor(fun, x, **more)
        assert model.nfev == calls["fun"]
        assert model.njev == calls["jac"]
        return model, dict(calls)

    run()
    _, made = run(jac=jac)
    assert made["jac"] == 4 * n + 1
    _, made = run(jac=jac, hess=hess)
    lines = 1 + (18 if n < 4 else 36)  # the value, and those to confront what is given with
    assert made == {"fun": lines, "jac": 1 + 4, "hess": 1, "hessp": 0}
    _, made = run(jac=jac, hessp=hessp)
    assert made == {"fun": lines, "jac": 1 + 4, "hess": 0, "hessp": n}
    model, made = run(hess=hess)
    assert made["hess"] == 1
    assert made["jac"] == 0
    assert made["fun"] <= 60 * n + lines
    assert (
        np.abs(model.gradient - jac(x)) <= model.gradient_error + 4 * EPS * np.abs(jac(x))
    ).all()
    calls["fun"] = 0
    hs.gradient(fun, x)
    assert calls["fun"] <= 60 * n


@pytest.mark.parametrize("levels", [2, 3, 4, 8, 12])
def test_more_levels_use_more_values(levels):
    n = 4
    fun, _, hess, _, _ = counted(n, True)
    x = np.linspace(-1.2, 1, n)
    model = hs.taylor(fun, x, vectorized=True, levels=levels)
    assert (np.abs(model.hessian - hess(x)) <= model.hessian_error).all()
    fewer = hs.taylor(fun, x, vectorized=True, levels=levels - 1 if levels > 2 else 2)
    assert model.nfev >= fewer.nfev + (n * (n - 1) if levels > 2 else 0)


def test_a_given_step_is_the_coarsest():
    for step in (1e-3, [1e-3, 1e-2]):
        seen: list[Any] = []

        def fun(x, seen=seen):
            seen.append(x.copy())
            return float(np.exp(x[0]) * np.cos(x[1]))

        x = np.array([0.3, 0.4])
        model = hs.taylor(fun, x, step=step)
        away = np.abs(np.array(seen) - x).max(axis=0)
        assert (away <= np.broadcast_to(step, 2) * (1 + 1e-9)).all()
        assert (model.step <= np.broadcast_to(step, 2)).all()
        e, c, s = np.exp(0.3), np.cos(0.4), np.sin(0.4)
        h = np.array([[e * c, -e * s], [-e * s, -e * c]])
        assert (np.abs(model.hessian - h) <= model.hessian_error).all()
        assert np.abs(model.hessian - h).max() <= 1e-6


# Noise

NOISY = ["rosenbrock", "rosenbrock in four", "himmelblau", "muller-brown", "phi4", "quadratic"]


def noisy(f, level, law, relative, rng):
    def fun(x):
        v = f(x)
        gaussian = law == "gaussian"
        xi = rng.standard_normal(v.shape) if gaussian else rng.uniform(-(3**0.5), 3**0.5, v.shape)
        return v + level * xi * (v if relative else 1)

    return fun


@pytest.mark.parametrize("relative", [True, False])
@pytest.mark.parametrize("law", ["gaussian", "uniform"])
@pytest.mark.parametrize("level", [1e-3, 1e-6, 1e-10])
def test_noise_is_estimated_and_bounds_cover(level, law, relative):
    inside = entries = slopes_inside = slopes = 0
    slack = []
    for name in NOISY:
        surface, x = SURFACES[name]
        x = np.array(x, dtype=float)
        h, g = surface.hessian(x), surface.gradient(x)
        truth = level * (abs(surface.fun(x)) if relative else 1)
        ratios = []
        for seed in range(20):
            f = noisy(surface.fun, level, law, relative, np.random.default_rng(seed))
            model = hs.taylor(f, x, vectorized=True)
            ratios.append(model.noise / truth)
            within, of = covered(model.hessian, h, model.hessian_error)
            inside, entries = inside + within, entries + of
            within, of = covered(model.gradient, g, model.gradient_error)
            slopes_inside, slopes = slopes_inside + within, slopes + of
            slack.extend(
                (model.hessian_error / np.maximum(np.abs(model.hessian - h), 1e-300)).ravel()
            )
        assert 1 / 3 <= np.median(ratios) <= 3, name
    assert inside >= 0.99 * entries
    assert slopes_inside >= 0.99 * slopes
    assert np.median(slack) <= 100


@pytest.mark.parametrize("level", [1e-2, 1e-5, 1e-9])
def test_given_noise_is_taken_at_its_word(level):
    inside = entries = pairs_inside = pairs = 0
    slack = []
    for name in NOISY:
        surface, x = SURFACES[name]
        x = np.array(x, dtype=float)
        h = surface.hessian(x)
        for seed in range(20):
            f = noisy(surface.fun, level, "gaussian", False, np.random.default_rng(seed))
            model = hs.taylor(f, x, vectorized=True, noise=level)
            assert model.noise == pytest.approx(level, rel=1e-6)
            within, of = covered(model.hessian, h, model.hessian_error)
            inside, entries = inside + within, entries + of
            beside = np.triu_indices(len(x), 1)
            off = np.abs(model.hessian - h)[beside]
            pairs_inside += int((off <= model.hessian_error[beside]).sum())
            pairs += off.size
            slack.extend(
                (model.hessian_error / np.maximum(np.abs(model.hessian - h), 1e-300)).ravel()
            )
    assert inside >= 0.99 * entries
    assert pairs_inside >= 0.995 * pairs
    assert np.median(slack) <= 100
    # A larger noise gives larger bounds: it is not only reported.
    surface, x = SURFACES["quadratic"]
    quiet, loud = (hs.taylor(surface.fun, x, noise=noise).hessian_error for noise in (1e-9, 1e-3))
    assert np.median(loud / quiet) > 1e4


def test_functions_computed_in_single_precision():
    inside = entries = 0
    rng = np.random.default_rng(0)
    for name in NOISY:
        surface, x = SURFACES[name]
        for _ in range(20):
            at = np.float32(np.array(x) * (1 + 0.1 * rng.standard_normal(len(x)))).astype(float)
            model = hs.taylor(lambda y, f=surface.fun: f(y.astype(np.float32)), at, vectorized=True)
            h = surface.hessian(at)
            within, of = covered(model.hessian, h, model.hessian_error)
            inside, entries = inside + within, entries + of
            assert np.median(model.hessian_error) <= 0.05 * np.abs(h).max()
    assert inside >= 0.99 * entries


def test_noise_that_is_met_off_the_axes_only():
    """Along both axes f is zero exactly; its relative noise shows where both coordinates move."""
    inside = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        model = hs.taylor(
            lambda x, r=rng: x[0] * x[1] * (1 + 1e-3 * r.standard_normal()), [0.0, 0.0]
        )
        inside += abs(model.hessian[0, 1] - 1) <= model.hessian_error[0, 1]
        assert model.hessian_error[0, 1] <= 0.5
    assert inside >= 0.98 * 300


@pytest.mark.parametrize("level", [1e-3, 1e-7])
def test_noisy_gradients(level):
    surface, x = SURFACES["phi4"]
    x = np.array(x)
    h, g = surface.hessian(x), surface.gradient(x)
    inside = entries = slopes_inside = slopes = 0
    slack = []
    for seed in range(60):
        rng = np.random.default_rng(seed)

        def jac(y, r=rng):
            return surface.gradient(y) + level * r.standard_normal(y.shape)

        model = hs.taylor(surface.fun, x, vectorized=True, jac=jac)
        within, of = covered(model.hessian, h, model.hessian_error)
        inside, entries = inside + within, entries + of
        within, of = covered(model.gradient, g, model.gradient_error)
        slopes_inside, slopes = slopes_inside + within, slopes + of
        slack.extend((model.hessian_error / np.maximum(np.abs(model.hessian - h), 1e-300)).ravel())
    assert inside >= 0.99 * entries
    assert slopes_inside >= 0.99 * slopes
    assert np.median(slack) <= 100


def test_rounding_of_the_argument():
    """Residuals that vanish at x: f has no rounding of its own there, but that of its argument."""
    inside = entries = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        n = 1 + seed % 4
        a = rng.standard_normal((n + 1, n)) / 3
        x = rng.standard_normal(n) * 10
        b = np.einsum("ij,j->i", a, x)

        def fun(y, a=a, b=b):
            return ((np.einsum("ij,j...->i...", a, y) - columns(b, y)) ** 2).sum(0)

        model = hs.taylor(fun, x, vectorized=True)
        within, of = covered(model.hessian, 2 * a.T @ a, model.hessian_error + 4 * EPS)
        inside, entries = inside + within, entries + of
        assert np.median(model.hessian_error) <= 1e-7
    assert inside >= 0.995 * entries


def test_asymmetry_of_a_given_hessian_is_error():
    fun = lambda x: x @ x + 0.3 * x[0] * x[1]
    model = hs.taylor(fun, [1.0, 2.0], hess=lambda x: np.array([[2, 0.5], [0.1, 2]]))
    assert model.hessian[0, 1] == model.hessian[1, 0] == pytest.approx(0.3)
    assert model.hessian_error[0, 1] >= 0.2
    assert model.hessian_error[0, 0] <= 1e-14


@pytest.mark.parametrize("given", ["hess", "hessp"])
def test_derivatives_in_float32_are_rounded_to_it(given):
    """A small entry is lost beside large ones: its sign would be a claim."""
    x = np.array([0.1, 1.0])
    exact = np.array([[1e6 * (1 - 1e-14), 1e6], [1e6, 1e6]])
    rows = exact.astype(np.float32)  # singular, which `exact` is not
    ways = {"hess": lambda x: rows, "hessp": lambda x, p: rows @ p.astype(np.float32)}
    more: Any = {given: ways[given]}

    def fun(x):
        return float(np.float32(0.5 * x @ exact @ x))

    model = hs.taylor(fun, x, jac=lambda x: np.float32(exact @ x), **more)
    assert (np.abs(model.hessian - exact) <= model.hessian_error).all()
    assert model.hessian_error.min() >= 4 * 2.0**-23 * 1e6
    assert (np.abs(model.gradient - exact @ x) <= model.gradient_error).all()
    assert "contradict" not in model.message
    assert model.noise >= 2.0**-24 * model.value
