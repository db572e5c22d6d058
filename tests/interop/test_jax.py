"""Functions of JAX: exact derivatives, compiled once, in the precision that JAX has."""

from typing import Any

import numpy as np
import pytest

import hesscape as hs

jax: Any = pytest.importorskip("jax")
jnp: Any = pytest.importorskip("jax.numpy")
from_jax: Any = hs.interop.from_jax  # whose objectives have what is None in others

POINT: Any = {"w": np.array([[0.3, -0.7], [1.9, 0.2]]), "b": (np.array([0.5, -1.0]), 0.25)}


def wave(tree):
    """Of a pytree with a matrix, a vector and a number."""
    b, c = tree["b"]
    return jnp.sum(jnp.sin(tree["w"] @ b) * c) + jnp.exp(c) * jnp.sum(tree["w"] ** 3)


@pytest.fixture
def x64():
    with jax.enable_x64(True):
        yield


@pytest.mark.usefixtures("x64")
def test_derivatives_are_those_of_jax():
    loss = from_jax(wave, POINT)
    f, x = loss.objective, loss.x0
    assert x.tolist() == [0.5, -1, 0.25, 0.3, -0.7, 1.9, 0.2]  # keys in order

    def plain(v):
        return wave({"w": v[3:].reshape(2, 2), "b": (v[:2], v[2])})

    h = np.asarray(jax.hessian(plain)(x))
    p = np.random.default_rng(0).standard_normal(7)
    assert f.fun(x) == pytest.approx(float(plain(x)), rel=1e-14)
    np.testing.assert_allclose(f.jac(x), jax.grad(plain)(x), rtol=1e-13)
    np.testing.assert_allclose(f.hessp(x, p), h @ p, rtol=0, atol=1e-13 * np.abs(h).max())
    np.testing.assert_allclose(f.curvature(x)[0], h, rtol=0, atol=1e-14 * np.abs(h).max())
    assert f.jac(x).dtype == f.hessp(x, p).dtype == np.float64


@pytest.mark.usefixtures("x64")
def test_unflatten_gives_what_the_function_takes():
    loss = from_jax(wave, POINT)
    back = loss.unflatten(loss.x0)
    assert jax.tree_util.tree_structure(back) == jax.tree_util.tree_structure(POINT)
    assert np.array_equal(back["w"], POINT["w"])
    assert float(wave(loss.unflatten(loss.x0 + 1))) == pytest.approx(
        loss.objective.fun(loss.x0 + 1), rel=1e-14
    )


@pytest.mark.usefixtures("x64")
def test_everything_is_compiled_once():
    traces = 0

    def counted(tree):
        nonlocal traces
        traces += 1
        return wave(tree)

    loss = from_jax(counted, POINT)
    f, x = loss.objective, loss.x0
    seen = []
    for k in range(3):
        f.fun(x + k)
        f.jac(x - k)
        f.hessp(x, x + k)
        seen.append(traces)
    hs.classify(f, x)
    assert [*seen, traces] == [seen[0]] * 4


@pytest.mark.usefixtures("x64")
def test_classify_and_escape_a_saddle():
    loss = from_jax(lambda t: (1 - t[0] @ t[1]) ** 2, [np.zeros(2), np.zeros(2)])
    point: Any = hs.classify(loss.objective, loss.x0)
    assert point.kind == "saddle"
    assert point.certain
    np.testing.assert_allclose(point.eigenvalues, [-2, -2, 2, 2], rtol=1e-14)
    way = hs.escape(loss.objective, point)
    assert way.success
    assert abs(way.fun) <= 1e-12
    assert loss.zero_modes == 0


def test_float32_is_known_to_be_rounded():
    """As JAX does by itself: x64 is off."""
    with jax.enable_x64(False):
        single = from_jax(wave, POINT)
        f, x = single.objective, single.x0
        assert f.jac(x).dtype == f.hessp(x, x).dtype == np.float32
        assert x.dtype == np.float64
        measured = hs.taylor(f, x)
        assert f.fun(np.full(7, 1e300)) != 0  # infinite or NaN, and no warning
    with jax.enable_x64(True):
        h = from_jax(wave, POINT).objective.curvature(x)[0]
    assert (np.abs(measured.hessian - h) <= measured.hessian_error).all()
    assert (measured.hessian != h).any()
    assert measured.hessian_error.max() <= 1e-5 * np.abs(h).max()
    assert "contradict" not in measured.message


def test_precision_that_changed_is_refused():
    with jax.enable_x64(True):
        f = from_jax(wave, POINT).objective
    with jax.enable_x64(False), pytest.raises(ValueError, match="jax_enable_x64 must be on"):
        f.fun(np.ones(7))


@pytest.mark.parametrize(
    ("f", "tree", "error", "words"),
    [
        (1.0, POINT, TypeError, "f must be callable"),
        (wave, {"a": np.arange(3)}, TypeError, "x_pytree must hold float32 or float64"),
        (wave, [1.0, 2], TypeError, "x_pytree must hold float32 or float64, got 2"),
        (wave, ["a"], TypeError, "x_pytree must hold float32 or float64, got 'a'"),
        (wave, [], ValueError, "at least one number"),
        (lambda t: t, np.ones(2), TypeError, "f must return a real scalar"),
        (lambda t: (t.sum(), 1), np.ones(2), TypeError, "f must return a real scalar"),
        (lambda t: t.sum() > 0, np.ones(2), TypeError, "f must return a real scalar"),
    ],
)
def test_bad_arguments_are_named(f, tree, error, words):
    with pytest.raises(error, match=words):
        from_jax(f, tree)


def test_bad_points_are_named():
    loss = from_jax(lambda t: (t * t).sum(), np.ones(2))
    with pytest.raises(ValueError, match=r"x must hold real numbers in shape \(2,\)"):
        loss.objective.fun([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="p must hold"):
        loss.objective.hessp([1.0, 2.0], [[1.0, 2.0]])


def test_what_the_function_raises_reaches_the_caller():
    def failing(_tree):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        from_jax(failing, np.ones(2))
