"""The ways to write a function down are one and the same function; what it raises reaches the caller."""

import functools
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import hesscape as hs
from hesscape import Objective

X = np.array([0.3, -0.7, 1.9])
FIELDS = (
    "value",
    "gradient",
    "hessian",
    "gradient_error",
    "hessian_error",
    "noise",
    "step",
    "nfev",
    "njev",
    "message",
)


def exact_arithmetic(u, v, w):
    """Only sums and products, so that it is the same to the last bit however it is called."""
    return (1 - u * v) * (1 - u * v) + w * u * w - 3 * v * v * v + w * w * w * w


def slope(u, v, w):
    return -2 * v * (1 - u * v) + w * w, -2 * u * (1 - u * v) - 9 * v * v, 2 * w * u + 4 * w * w * w


def same(a, b):
    for name in FIELDS:
        assert np.array_equal(getattr(a, name), getattr(b, name)), name


WAYS: dict[str, tuple[Any, dict[str, Any]]] = {
    "vectorized": (lambda x: exact_arithmetic(*x), {"vectorized": True}),
    "batch first": (lambda x: exact_arithmetic(*x.T), {"vectorized": True, "batch_axis": 0}),
    "numpy scalars": (lambda x: np.float64(exact_arithmetic(*x)), {}),
    "arrays of no dimension": (lambda x: np.array(exact_arithmetic(*x)), {}),
    "arrays of one element": (lambda x: np.array([exact_arithmetic(*x)]), {}),
    "python floats": (lambda x: float(exact_arithmetic(*x.tolist())), {}),
    "now a float, now an array": (
        lambda x: np.array([exact_arithmetic(*x)]) if x[0] > 0.3 else float(exact_arithmetic(*x)),
        {},
    ),
    "lists of values": (lambda x: exact_arithmetic(*x).tolist(), {"vectorized": True}),
    "args": (lambda x, a, b: exact_arithmetic(*x) + (a - b), {"args": (2.0, 2.0)}),
    "args, vectorized": (
        lambda x, a: exact_arithmetic(*x) + a,
        {"vectorized": True, "args": (0.0,)},
    ),
    "args that are no tuple": (lambda x, a: exact_arithmetic(*x) + a, {"args": 0.0}),
    "args that are an array": (lambda x, a: exact_arithmetic(*x) + a[1], {"args": np.zeros(2)}),
    "a partial": (functools.partial(lambda a, x: exact_arithmetic(*x) + a, 0.0), {}),
}


@pytest.mark.parametrize("way", WAYS)
def test_ways_to_call_agree_to_the_last_bit(way):
    fun, more = WAYS[way]
    expected = hs.taylor(lambda x: exact_arithmetic(*x), X)
    same(hs.taylor(fun, X, **more), expected)
    same(hs.taylor(Objective(fun, **more), X), expected)
    assert np.array_equal(hs.hessian(fun, X, **more), expected.hessian)
    assert np.array_equal(
        hs.gradient(fun, X, **more), hs.gradient(lambda x: exact_arithmetic(*x), X)
    )


def test_ways_to_give_gradients_agree_to_the_last_bit():
    def fun(x, a=0.0):
        return exact_arithmetic(*x) + a

    def jac(x, a=0.0):
        return np.array(slope(*x)) + a

    expected = hs.taylor(fun, X, jac=jac)
    same(hs.taylor(fun, X, jac=jac, vectorized=True), expected)
    first: dict[str, Any] = {"vectorized": True, "batch_axis": 0}
    same(hs.taylor(lambda x: fun(x.T), X, jac=lambda x: jac(x.T).T, **first), expected)
    same(hs.taylor(fun, X, jac=jac, args=(0.0,)), expected)
    same(hs.taylor(fun, X, jac=lambda x: slope(*x)), expected)  # a tuple
    same(hs.taylor(Objective(fun, jac=jac), X), expected)
    same(hs.taylor(Objective(fun), X, jac=jac), expected)  # keywords beside an Objective
    h = expected.hessian
    same(
        hs.taylor(fun, X, jac=jac, hess=lambda x, a: h, args=0.0),
        hs.taylor(fun, X, jac=jac, hess=lambda x: h),
    )
    by_products = hs.taylor(fun, X, jac=jac, hessp=lambda x, p, a: h @ p, args=0.0)
    assert np.array_equal(by_products.hessian, h)


def test_keywords_replace_those_of_an_objective():
    f = Objective(lambda x, a: a * x @ x, args=(1.0,), noise=1e-9)
    assert hs.taylor(f, [1.0, 2.0], args=(3.0,)).value == 15
    assert f.args == (1.0,)
    assert f.noise == 1e-9


@pytest.mark.parametrize(
    "x",
    [
        [1, 2],
        (1.0, 2.0),
        np.array([1, 2], dtype=np.int8),
        np.array([1, 2], dtype=np.uint64),
        np.array([1, 2], dtype=np.float32),
        np.array([1, 2], dtype=np.float16),
        np.array([1, 2], dtype=np.longdouble),
        np.array([1.0, 2.0], dtype=">f8"),
        np.asfortranarray([1.0, 2.0]),
        np.array([1.0, 9.0, 2.0, 9.0])[::2],
        np.array([2.0, 1.0])[::-1],
        np.array([[1.0, 9.0], [2.0, 9.0]])[:, 0],
    ],
)
def test_any_sequence_of_numbers_is_a_point(x):
    before = np.array(x)
    model = hs.taylor(lambda y: y[0] ** 2 * y[1] ** 3, x)
    same(model, hs.taylor(lambda y: y[0] ** 2 * y[1] ** 3, np.array([1.0, 2.0])))
    assert np.array_equal(before, np.array(x))
    assert model.x.dtype == np.float64
    assert model.x is not x


def test_a_number_is_a_point_of_one_coordinate():
    for x in (2, 2.0, np.float32(2), np.array(2), [2]):
        model = hs.taylor(lambda y: y[0] ** 3, x)
        assert model.hessian.shape == (1, 1)
        assert model.hessian[0, 0] == pytest.approx(12, rel=1e-10)


def test_the_point_is_never_modified():
    def vandal(y):
        value = float(y @ y)
        y[:] = np.nan
        return value

    def jac(y):
        g = 2 * y
        y[:] = np.nan
        return g

    def hess(y):
        y[:] = np.nan
        return 2 * np.eye(2)

    def hessp(y, p):
        h = 2 * p
        y[:] = p[:] = np.nan
        return h

    x = np.array([1.0, 2.0])
    for more in ({}, {"jac": jac}, {"hess": hess}, {"hessp": hessp}, {"hess": hess, "jac": jac}):
        model = hs.taylor(vandal, x, **more)
        assert x.tolist() == model.x.tolist() == [1, 2]
        assert np.abs(model.hessian - 2 * np.eye(2)).max() <= 1e-11
    hs.taylor(lambda y: y[0] * y[1], x).x[:] = 7  # the model's own copy
    assert x.tolist() == [1, 2]


def test_a_function_may_keep_its_points():
    kept = []

    def fun(x):
        kept.append((x, x.copy()))
        return float(x @ x)

    hs.taylor(fun, X)
    assert all(np.array_equal(a, b) for a, b in kept)


@pytest.mark.parametrize("batch_axis", [-1, 0])
def test_blocks_are_read_only_and_mostly_differ_from_x_in_two_coordinates(batch_axis):
    seen = far = 0

    def fun(x):
        nonlocal seen, far
        assert not x.flags.writeable
        with pytest.raises(ValueError, match="read-only"):
            x[0, 0] = 1
        rows = x if batch_axis == 0 else x.T
        assert rows.shape[1] == X.size
        far += int(np.count_nonzero((rows != X).sum(axis=1) > 2))
        seen += len(rows)
        return (rows**2).sum(axis=1)

    model = hs.taylor(fun, X, vectorized=True, batch_axis=batch_axis)
    assert model.nfev == seen
    assert far == (18 if X.size < 4 else 36)  # along lines, to confront the result with


def test_points_come_in_pairs_on_either_side():
    """Differences are central: x is in the middle, to the last bit that x has."""
    points = []

    def fun(x):
        points.append(x.copy())
        return float(np.sin(x).sum())

    hs.taylor(fun, X)
    assert np.array_equal(points[0], X)
    away = np.array(points[1:]) - X
    assert np.array_equal(away[::2], -away[1::2])


class PrivateError(Exception):
    pass


@pytest.mark.parametrize(
    "error",
    [PrivateError("mine"), KeyboardInterrupt(), ValueError("x"), SystemExit(3), StopIteration()],
)
@pytest.mark.parametrize("vectorized", [False, True])
@pytest.mark.parametrize(
    ("source", "after"),
    [
        ("fun", 0),
        ("fun", 1),
        ("fun", 3),
        ("jac", 0),
        ("jac", 1),
        ("jac", 3),
        ("hess", 0),
        ("hessp", 0),
        ("hessp", 2),
    ],
)
def test_what_the_function_raises_reaches_the_caller(error, vectorized, source, after):
    left = after

    def failing(function):
        def call(*arguments):
            nonlocal left
            left -= 1
            if left < 0:
                raise error
            return function(*arguments)

        return call

    def fun(x):
        return (x * x * x).sum(axis=0)

    given = {
        "jac": lambda x: 3 * x * x,
        "hess": lambda x: np.diag(6 * x),
        "hessp": lambda x, p: 6 * x * p,
    }
    more: dict[str, Any] = {} if source == "fun" else {source: failing(given[source])}
    f = Objective(failing(fun) if source == "fun" else fun, vectorized=vectorized, **more)
    before = np.geterr()
    with pytest.raises(type(error)) as caught:
        hs.taylor(f, X)
    assert caught.value is error
    assert np.geterr() == before
    left = 10**9  # and nothing is left in a bad state
    assert np.abs(hs.hessian(f, X) - np.diag(6 * X)).max() <= 1e-9


def test_warnings_of_the_stencil_are_not_the_users():
    """A stencil that leaves the domain of fun is none of the caller's business."""
    hs.taylor(lambda x: np.log(x[0] - 0.9), [1.0])
    hs.taylor(lambda x: np.exp(x[0]), [709.0])


def test_exact_numbers_are_real_numbers():
    assert hs.hessian(lambda x: Fraction(x[0]) ** 2, [1.0])[0, 0] == pytest.approx(2, rel=1e-10)
    model = hs.taylor(
        lambda x: 10**30 * round(x[0] * 2**40) ** 2, [1.0]
    )  # beyond any integer of NumPy
    assert model.value == pytest.approx(1e30 * 2.0**80, rel=1e-15)
