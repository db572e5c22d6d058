"""Ways off saddles, judged by exact values; minima that are never left."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hesscape as hs
from hesscape import testing
from hesscape.escapes.result import SENTENCES, STILL_FALLING
from hesscape.escapes.walk import MOST_VALUES
from hesscape.testing.surface import StationaryPoint, Surface

seeds = st.integers(0, 2**32 - 1)
SURFACES = [
    testing.error_surface(),
    testing.triple_product(),
    testing.deep_linear_network(5),
    testing.himmelblau(),
    testing.muller_brown(),
    testing.monkey_saddle(),
    testing.peano(),
    testing.phi4_chain(6),
    testing.phi4_chain(5, 0.1),
    testing.two_layer_network([[2, 0], [0, 1]]),
    testing.two_layer_network(np.diag([3, 2, 1])),
    testing.powers([3]),
    testing.powers([2, 3]),
    testing.powers([2, 4], [1, -1]),
    testing.powers([4, 4], [-1, -1]),
    testing.powers([2, 2, 4], [1, -1, -1]),
    testing.quadratic([[1, 3], [3, 1]], [0.3, -0.7], 2.0),
    testing.quadratic([[-1, 0.5], [0.5, -2]], [10.0, 1e-3]),
]
# Degenerate points from which something leads down all the same, but for the origins of networks.
DOWN = ("monkey", "peano", "powers")
POINTS = [(s, p) for s in SURFACES for p in s.critical_points]


def leads_down(surface: Surface, p: StationaryPoint) -> bool:
    at_origin = not np.any(p.x)
    return p.inertia[0] > 0 or (
        p.kind == "degenerate" and at_origin and (surface.name.startswith((*DOWN, "deep")))
    )


def random_polynomial(rng: np.random.Generator, n: int, *, least: float = 0.1) -> Any:
    """½ xᵀHx + cubic + ¼|x|⁴ with a negative and a positive eigenvalue; f(x) for columns, and H."""
    lam = rng.choice([-1, 1], n) * rng.uniform(least, 1, n)
    lam[:2] = -abs(lam[0]), abs(lam[1])
    q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    h = (q * lam) @ q.T
    h = (h + h.T) / 2
    c = rng.standard_normal((n, n, n)) / n

    def fun(x: Any) -> Any:
        x = np.asarray(x)
        square = np.einsum("i...,ij,j...->...", x, h, x) / 2
        return square + np.einsum("ijk,i...,j...,k...->...", c, x, x, x) / 6 + (x * x).sum(0) ** 2

    return fun, h


def measured(way: hs.Escape) -> hs.TaylorModel:
    assert way.point.taylor is not None
    return way.point.taylor


class Counting:
    """A function that counts the points it is asked for."""

    def __init__(self, fun: Any) -> None:
        self.fun, self.count = fun, 0

    def __call__(self, x: Any) -> Any:
        self.count += x.shape[1] if x.ndim > 1 else 1
        return self.fun(x)


# ---- known points


@pytest.mark.parametrize(("surface", "p"), POINTS, ids=lambda value: getattr(value, "name", None))
@pytest.mark.parametrize("given", ["values", "jac", "hess"])
def test_known_points(surface, p, given):
    more = {} if given == "values" else {"jac": surface.gradient, "vectorized": True}
    if given == "hess":
        more |= {"hess": surface.hessian}
    way = hs.escape(surface.fun, p.x, **({"vectorized": True} | more))
    assert way.success == leads_down(surface, p), way.message
    exact = float(surface.fun(p.x) - surface.fun(way.x))
    if not way.success:
        np.testing.assert_array_equal(way.x, p.x)
        assert (way.decrease, way.step) == (0, 0)
        return
    assert exact > 0
    assert way.decrease == pytest.approx(exact, rel=1e-9)
    assert way.fun == pytest.approx(surface.fun(way.x), rel=1e-12)
    assert np.linalg.norm(way.direction) == pytest.approx(1)
    np.testing.assert_allclose(p.x + way.step * way.direction, way.x, rtol=1e-12, atol=1e-300)
    h = surface.hessian(p.x)
    curvature = way.direction @ h @ way.direction
    assert way.curvature == pytest.approx(curvature, abs=1e-6 * max(1, abs(h).max()))
    if p.inertia[0]:
        assert curvature < 0
    assert "escape from" in str(way)


def test_error_surface_by_hand():
    way = hs.escape(lambda w: (1 - w[0] * w[1]) ** 2, [0, 0])
    np.testing.assert_allclose(abs(way.direction), np.sqrt([0.5, 0.5]), rtol=1e-8)
    assert way.curvature == pytest.approx(-2, rel=1e-9)
    assert way.predicted == pytest.approx(way.step**2, rel=1e-9)
    lower, other = way.both
    np.testing.assert_allclose(lower.x, -other.x)
    assert lower.fun == other.fun == way.fun
    assert way.point.kind is hs.Kind.saddle


def test_both_sides_are_tried():
    for sign in (1, -1):
        way = hs.escape(lambda x, s=sign: -(x[0] ** 2) + s * x[0] ** 3 + x[0] ** 4, [0.0])
        assert way.both[0].fun < way.both[1].fun < 0
        assert np.sign(way.x[0]) == -sign
        assert way.both[1].x[0] * way.x[0] < 0


# ---- random saddles


@settings(max_examples=50, deadline=None)
@given(seed=seeds, n=st.integers(2, 7), decades=st.sampled_from([0, 3, 6]))
def test_random_saddles_in_any_units(seed, n, decades):
    rng = np.random.default_rng(seed)
    fun, h = random_polynomial(rng, n)
    units = 10.0 ** rng.uniform(-decades, decades, n)
    at = rng.standard_normal(n) * units * rng.integers(2)
    way = hs.escape(lambda x: fun(((x.T - at) / units).T) + 1, at, vectorized=True)
    assert way.success, way.message
    assert fun((way.x - at) / units) < 0
    u = way.direction / units
    assert u @ h @ u < 0
    assert way.decrease > 1e-8


@settings(max_examples=25, deadline=None)
@given(seed=seeds, n=st.integers(2, 6))
def test_rotation_and_scaling(seed, n):
    rng = np.random.default_rng(seed)
    fun, _ = random_polynomial(rng, n)
    q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    factor = 2.0 ** rng.integers(-8, 9)
    plain = hs.escape(fun, np.zeros(n), vectorized=True)
    h = measured(plain).hessian
    for matrix in (q, np.eye(n)[rng.permutation(n)], np.eye(n) * factor):
        turned = hs.escape(lambda x, m=matrix: fun(m @ x), np.zeros(n), vectorized=True)
        u = matrix @ turned.direction
        u /= np.linalg.norm(u)
        assert turned.success
        assert fun(matrix @ turned.x) < 0
        assert u @ h @ u < 0


@settings(max_examples=25, deadline=None)
@given(seed=seeds, n=st.integers(2, 5), noise=st.sampled_from([1e-3, 1e-6, 1e-9]))
def test_noisy_saddles(seed, n, noise):
    rng = np.random.default_rng(seed)
    q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    lam = np.append(np.linspace(1, 2, n - 1), -1.5)

    def exact(x: Any) -> Any:
        y = q.T @ x
        return (lam * (y * y).T).T.sum(0) / 2 + (y**4).sum(0)

    def fun(x: Any) -> Any:
        return exact(x) + noise * rng.standard_normal(x.shape[1:])

    way = hs.escape(fun, np.zeros(n), vectorized=True)
    assert way.success, way.message
    assert exact(way.x) < 0
    assert way.decrease == pytest.approx(-exact(way.x), abs=6 * noise)


# ---- minima are never left


@settings(max_examples=40, deadline=None)
@given(seed=seeds, n=st.integers(1, 6))
def test_minima_are_kept(seed, n):
    rng = np.random.default_rng(seed)
    q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    lam = 10 ** rng.uniform(-4, 0, n)
    way = hs.escape(lambda x: (lam * ((q.T @ x) ** 2).T).sum(-1) + 1, np.zeros(n), vectorized=True)
    assert not way.success
    np.testing.assert_array_equal(way.x, np.zeros(n))


@pytest.mark.parametrize("shape", ["round", "degenerate", "flat", "weak"])
def test_noise_is_no_way_down(shape):
    shapes = {
        "round": lambda x: x[0] ** 2 + x[1] ** 2,
        "degenerate": lambda x: x[0] ** 2 + x[1] ** 4,
        "flat": lambda x: 0 * x[0],
        "weak": lambda x: 1e-4 * (x[0] ** 2 + x[1] ** 2),
    }
    for seed in range(250):  # for each of four shapes
        rng = np.random.default_rng(seed)
        way = hs.escape(
            lambda x, r=rng: shapes[shape](x) + 1 + 1e-3 * r.standard_normal(x.shape[1]),
            [0, 0],
            vectorized=True,
        )
        assert not way.success, seed


def test_erratic_rounding_is_no_way_down():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        q = np.linalg.qr(rng.standard_normal((4, 4)))[0]
        h = (q * [0, 0, 1, 2]) @ q.T
        h = (h + h.T) / 2
        way = hs.escape(lambda x, h=h: (x * (h @ x)).sum(0) / 2 + 1, np.zeros(4), vectorized=True)
        # H has been rounded, so that it may curve downwards by an ulp after all.
        assert not way.success or exact_form(h, way.x) < 0, seed


def exact_form(h, x):
    h, x = np.vectorize(Fraction)(h), np.vectorize(Fraction)(x)
    return x @ h @ x


def test_a_lower_well_behind_a_ridge_is_no_way_down():
    way = hs.escape(lambda x: x[0] ** 4 * (x[0] - 3) ** 2 - 1e-3 * x[0] ** 8, [0.0])
    assert not way.success


def turned(F: Any, n: int, seed: int, *, offset: float = 0.0) -> tuple[Any, Any]:
    """F of rotated coordinates around a point, plus an offset; the function and the point."""
    rng = np.random.default_rng(seed)
    q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    at = rng.standard_normal(n)
    return lambda x: F(q @ (x.T - at).T) + offset, at


@pytest.mark.parametrize("offset", [0.0, 1.0, 1e3, -1e4])
def test_a_minimum_is_not_left_over_a_barrier_that_its_values_show(offset):
    way = hs.escape(lambda x: x[0] ** 4 - 100 * abs(x[0]) ** 5 + offset, [0.0])
    assert not way.success  # 8e-10 high, 0.008 away


@pytest.mark.parametrize("seed", range(6))
def test_a_noisy_minimum_is_not_left_over_a_barrier(seed):
    rng = np.random.default_rng(seed)
    for n in (2, 4):
        f, at = turned(lambda y: np.sum(y**2 - y**4 / 2, axis=0), n, seed, offset=1)
        for fun in (
            lambda x, f=f: f(x).astype(np.float32).astype(float),
            lambda x, f=f: f(x) + 1e-3 * rng.standard_normal(x.shape[1:]),
        ):
            assert not hs.escape(fun, at, vectorized=True).success


def test_a_valley_is_not_left_for_a_lower_point_behind_its_walls():
    def fun(x: Any) -> Any:  # a minimum whose curvature along x[0] noise hides
        well = 1e-3 * x[0] ** 2 + (x[1] - x[0] ** 2) ** 2
        return well - 1e3 * np.maximum(np.abs(x).max(axis=0) - 3, 0) ** 3

    for seed in range(8):
        rng = np.random.default_rng(seed)
        way = hs.escape(
            lambda x, r=rng: fun(x) + 1e-5 * r.standard_normal(x.shape[1:]), [0, 0], vectorized=True
        )
        assert not way.success, seed


# ---- ways down beyond second order


BENDS = {
    "-x4": lambda y: -(y[0] ** 4),
    "x3": lambda y: y[0] ** 3,
    "x5": lambda y: y[0] ** 5,
    "-x6": lambda y: -(y[0] ** 6),
    "parabolas": lambda y: (y[1] - y[0] ** 2) * (y[1] - 2 * y[0] ** 2) - y[1] ** 2,
}


@pytest.mark.parametrize("bend", BENDS)
@pytest.mark.parametrize("offset", [0.0, 1.0])
def test_saddles_at_generic_points(bend, offset):
    for seed in range(6):  # without an offset, f(x) is the square of the rounding of x
        for n in (2, 3, 5):
            f, at = turned(
                lambda y: BENDS[bend](y) + np.sum(y[1:] ** 2, axis=0), n, seed, offset=offset
            )
            way = hs.escape(f, at, vectorized=True)
            assert way.success, (seed, n, way.message)
            assert f(way.x) < f(at)


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_a_cone_in_a_flat_space(n):
    def cone(y: Any) -> Any:  # down within 13 degrees of the diagonals of the first two coordinates
        return np.sum(y**4, axis=0) - 3 * (y[0] * y[1]) ** 2

    for seed in range(8):
        for offset in (0.0, 1.0):
            f, at = turned(cone, n, seed, offset=offset)
            way = hs.escape(f, at, vectorized=True)
            assert way.success, (seed, offset)
            assert way.nfev < 25_000
        assert hs.escape(cone, np.zeros(n), vectorized=True).success


def test_noise_does_not_look_like_a_barrier():
    for seed in range(10):
        rng, noise = np.random.default_rng(seed), 10.0 ** -(3 + seed % 7)
        for bend in ("-x4", "x3"):
            f, at = turned(
                lambda y, b=bend: BENDS[b](y) + np.sum(y[1:] ** 2, axis=0), 3, seed, offset=1
            )
            for fun in (
                lambda x, f=f, r=rng, e=noise: f(x) + e * r.standard_normal(x.shape[1:]),
                lambda x, f=f: f(x).astype(np.float32).astype(float),
            ):
                way = hs.escape(fun, at, vectorized=True)
                assert way.success, (seed, bend)
                assert f(way.x) < 1


def test_the_search_of_a_flat_space_ends():
    for n in (2, 5, 8, 13):
        way = hs.escape(lambda x: np.sum(x**4, axis=0) + 1, np.ones(n) / 3, vectorized=True)
        flat = hs.escape(lambda x: np.sum(x**4, axis=0) + 1, np.zeros(n), vectorized=True)
        assert way.success
        assert not flat.success
        assert flat.nfev - flat.point.nfev < 40_000


# ---- arguments


def test_a_point_measured_before():
    f = Counting(testing.himmelblau().fun)
    point = hs.classify(f, testing.himmelblau().critical_points[4].x, vectorized=True)
    before = f.count
    way = hs.escape(f, point, vectorized=True)
    assert way.success
    assert way.nfev == f.count - before
    assert way.nfev <= 2 * MOST_VALUES
    assert measured(way) is point.taylor


@pytest.mark.parametrize(
    "x", [[0, 0], [3, 2], [0.2, 0.1], [3.385154183607021, 0.07385187983774928]]
)
@pytest.mark.parametrize("vectorized", [True, False])
def test_every_value_is_counted(x, vectorized):
    f = Counting(lambda x: testing.himmelblau().fun(x))
    way = hs.escape(f, x, vectorized=vectorized)
    assert way.nfev == f.count
    assert way.nfev - way.point.nfev <= 2 * MOST_VALUES + 30


def test_max_step():
    for most in (1e-3, 0.1, 1e6):
        way = hs.escape(lambda x: x[0] ** 2 - x[1] ** 2, [1e-9, 0], max_step=most)
        assert way.step == pytest.approx(most)
        assert way.message.endswith(STILL_FALLING)


def test_zero_modes_are_left_out():
    def fun(x: Any) -> Any:
        return x[0] ** 2 + x[1] ** 3

    assert hs.escape(fun, [0, 0]).success
    for zero_modes in (1, [[0.0], [1.0]]):
        assert not hs.escape(fun, [0, 0], zero_modes=zero_modes).success
    ring = hs.escape(
        lambda x: (x[0] ** 2 + x[1] ** 2 - 1) ** 2 - x[2] ** 2, [1, 0, 0], zero_modes=[0, 1, 0]
    )
    np.testing.assert_allclose(abs(ring.direction), [0, 0, 1], atol=1e-9)


def test_infinite_values():
    with np.errstate(all="ignore"):
        edge = hs.escape(lambda x: np.log(1 - x[0] ** 2) + x[1] ** 2, [0, 0])
        assert edge.success
        assert abs(edge.x[0]) <= 1
        hole = hs.escape(lambda x: -(x[0] ** 2) if abs(x[0]) < 2 else np.nan, [0.0])
        assert hole.success
        assert hole.fun < 0


def test_exceptions_pass_through():
    class MyError(Exception):
        pass

    def fun(x: Any) -> float:
        if abs(x[0]) > 1:
            raise MyError
        return float(-(x[0] ** 2))

    with pytest.raises(MyError):
        hs.escape(fun, [0.0])


def test_x_is_not_modified():
    x = np.zeros(2)
    way = hs.escape(lambda w: (1 - w[0] * w[1]) ** 2, x)
    way.x[:] = 7
    assert not x.any()
    assert not measured(way).x.any()


@pytest.mark.parametrize(
    ("arguments", "error", "name"),
    [
        ({"max_step": 0}, ValueError, "max_step"),
        ({"max_step": -1.0}, ValueError, "max_step"),
        ({"max_step": np.nan}, ValueError, "max_step"),
        ({"max_step": "far"}, TypeError, "max_step"),
        ({"x": [np.nan, 0]}, ValueError, "x"),
        ({"x": []}, ValueError, "x"),
        ({"x": [[0, 0]]}, ValueError, "x"),
        ({"x": "origin"}, TypeError, "x"),
        ({"x": hs.classify_hessian([[1, 0], [0, -1]])}, ValueError, "x"),
        ({"gtol": -1}, ValueError, "gtol"),
        ({"zero_modes": 2}, ValueError, "zero_modes"),
        ({"step": -1}, ValueError, "step"),
        ({"levels": 1}, ValueError, "levels"),
        ({"fun": 3}, TypeError, "fun"),
        ({"vectorized": 2}, TypeError, "vectorized"),
    ],
)
def test_bad_input(arguments, error, name):
    given = {"fun": lambda x: x[0] * x[1], "x": [0, 0]} | arguments
    with pytest.raises(error, match=name):
        hs.escape(**given)


def test_a_measured_point_takes_no_step():
    point = hs.classify(lambda x: x[0] * x[1], [0, 0])
    with pytest.raises(ValueError, match="step must be None"):
        hs.escape(lambda x: x[0] * x[1], point, step=0.1)


# ---- messages


def test_every_sentence_is_reached():
    seen = {
        "curvature": hs.escape(lambda x: x[0] * x[1], [0, 0], max_step=1),
        "flat": hs.escape(lambda x: x[0] ** 3, [0]),
        "valley": hs.escape(testing.peano().fun, [0, 0]),
        "gradient": hs.escape(testing.rosenbrock().fun, [-1.2, 1]),
        "unbounded": hs.escape(lambda x: -(x[0] ** 2) if abs(x[0]) < 3 else -np.inf, [0]),
        "minimum": hs.escape(lambda x: x[0] ** 2, [0]),
        "modes": hs.escape(lambda x: x[0] ** 2 + x[1] ** 2, [0, 0], zero_modes=[1, 0]),
        "noise": hs.escape(lambda x: -(x[0] ** 2), [0], max_step=1e-12, noise=1e-9),
        "none": hs.escape(lambda x: x[0] ** 4, [0]),
    }
    many = np.zeros(1000)
    seen["probable"] = hs.escape(lambda x: x @ x, many, jac=lambda x: 2 * x)
    seen["open"] = hs.escape(lambda x: (x**4).sum(), many, jac=lambda x: 4 * x**3)
    assert seen.keys() == SENTENCES.keys()
    for outcome, way in seen.items():
        assert way.message.startswith(SENTENCES[outcome]), outcome
        assert way.message in str(way)
    assert seen["unbounded"].success
    assert seen["unbounded"].decrease == np.inf
    assert seen["flat"].message.endswith(STILL_FALLING)
