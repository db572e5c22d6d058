"""Every mended bug leaves a test: functions about which a verdict was wrong once."""

import numpy as np
import pytest

import hesscape as hs
from hesscape import testing


@pytest.mark.parametrize(
    ("fun", "n", "coupling"),
    [
        (lambda x: 1e8 + x[0] ** 2 + x[1] ** 2 + np.sin(3 * x[0] * x[1]), 2, 3),
        (lambda x: 1e5 + x[0] ** 2 + x[1] ** 2 + np.sin(50 * x[0]) * x[1], 2, 50),
        (lambda x: 1e8 + x[0] ** 2 + x[1] ** 2 + np.sin(50 * x[0] * x[1]), 2, 50),
        (lambda x: 1e5 + sum(a * a for a in x) + np.sin(2.5 * x[0] * x[1]), 20, 2.5),
    ],
)
def test_a_coupling_that_the_axes_do_not_see(fun, n, coupling):
    """The axes are quadratic, so that their steps grew beyond the length of the coupling."""
    found = hs.classify(fun, np.zeros(n))
    assert (found.kind, found.certain) == (hs.Kind.saddle, True)
    assert found.taylor is not None
    error = np.abs(found.taylor.hessian[0, 1] - coupling)
    assert error <= found.taylor.hessian_error[0, 1]


def test_a_coupling_that_the_axes_do_not_see_with_gradients():
    def fun(x):
        return 1e5 + x @ x + np.sin(3 * x[0]) * np.sin(3 * x[1])

    def jac(x):
        s, c = np.sin(3 * x), np.cos(3 * x)
        return 2 * x + 3 * np.array([c[0] * s[1], s[0] * c[1]])

    found = hs.classify(fun, [0, 0], jac=jac)
    assert (found.kind, found.certain) == (hs.Kind.saddle, True)


def test_ripples_are_not_noise():
    """They are resolved by rungs next to those on which the function is silent."""
    found = hs.classify(lambda x: 1 + x[0] ** 2 + 1e-9 * np.cos(1e5 * x[0]), [0])
    assert found.taylor is not None
    assert abs(found.taylor.hessian[0, 0] + 8) <= found.taylor.hessian_error[0, 0]


@pytest.mark.parametrize("given", [{"jac": lambda x: -2 * x}, {"hess": lambda x: -2 * np.eye(2)}])
def test_derivatives_that_the_values_contradict(given):
    found = hs.classify(lambda x: x @ x, [0, 0], **given)
    assert not found.certain
    assert found.taylor is not None
    assert "contradict" in found.taylor.message
    assert (np.abs(found.taylor.hessian - 2 * np.eye(2)) <= found.taylor.hessian_error).all()


def test_a_cluster_far_from_the_origin():
    """Its first steps are far too long, and the first noise level is that of the cluster itself."""
    cluster = testing.lennard_jones(3)
    corners = np.array([[0, 0, 0], [1, 0, 0], [0.5, np.sqrt(3) / 2, 0]]) * 2 ** (1 / 6)
    found = hs.classify(
        cluster.fun, corners.ravel() + 100.3, vectorized=True, zero_modes=6, gtol=1e-3
    )
    assert not (found.certain and found.kind != hs.Kind.minimum)


def test_a_small_coordinate_beside_a_large_one():
    """6e-8 beside 200 is a scale of its own, not a zero."""

    def fun(x):
        return (x[0] / 200 - 1) ** 2 + (x[1] / 6e-8 - 1) ** 2 + (x[0] / 200 - 1) * (x[1] / 6e-8 - 1)

    model = hs.taylor(fun, [200, 6e-8])
    truth = np.array([[2 / 200**2, 1 / (200 * 6e-8)], [1 / (200 * 6e-8), 2 / 6e-8**2]])
    assert (np.abs(model.hessian - truth) <= model.hessian_error).all()
    assert (model.hessian_error <= 1e-6 * np.abs(truth)).all()


def test_a_function_that_returns_the_same_array_each_time():
    """What it returned before must not change with the next call."""
    buffers = np.empty(1), np.empty(3), np.empty(3)

    def fun(x):
        buffers[0][:] = x[0] * x[1] * x[2]
        return buffers[0]

    def jac(x):
        np.divide(x.prod(), x, out=buffers[1])
        return buffers[1]

    def hessp(x, p):
        h = np.array([[0, x[2], x[1]], [x[2], 0, x[0]], [x[1], x[0], 0]])
        return np.matmul(h, p, out=buffers[2])

    x = np.array([1.0, 2.0, 4.0])
    truth = np.array([[0, 4, 2], [4, 0, 1], [2, 1, 0]])
    assert hs.gradient(fun, x) == pytest.approx([8, 4, 2], rel=1e-9)
    for given in ({}, {"jac": jac}, {"hessp": hessp}, {"jac": jac, "hessp": hessp}):
        model = hs.taylor(fun, x, **given)
        assert (np.abs(model.hessian - truth) <= model.hessian_error).all()
        assert "contradict" not in model.message
    both = hs.Objective(fun, jac=jac).gradients(np.array([x, 2 * x]))
    assert both.tolist() == [[8, 4, 2], [32, 16, 8]]
