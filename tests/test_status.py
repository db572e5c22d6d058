"""Values that are not finite: steps get shorter, or an error says at which point."""

from typing import Any

import numpy as np
import pytest

import hesscape as hs
from hesscape import NonFiniteError

EPS = float(np.finfo(float).eps)


def logarithm(x):
    with np.errstate(all="ignore"):
        return np.log(x).sum(0)


@pytest.mark.parametrize(
    ("fun", "second", "x"),
    [
        (logarithm, lambda x: -1 / x**2, 1e-3),
        (lambda x: np.sqrt(x).sum(0), lambda x: -0.25 * x**-1.5, 1e-2),
        (lambda x: np.sqrt(1 - x).sum(0), lambda x: -0.25 * (1 - x) ** -1.5, 1 - 2.0**-20),
        (lambda x: np.where(x > 0, 1 / x, np.inf).sum(0), lambda x: 2 / x**3, 0.25),
        (lambda x: np.where(x < 1.001, x**3, -np.inf).sum(0), lambda x: 6 * x, 1.0),
        (
            lambda x: np.exp(np.exp(x)).sum(0),
            lambda x: np.exp(np.exp(x) + x) * (1 + np.exp(x)),
            6.5,
        ),
        (lambda x: np.exp(x).sum(0), np.exp, 709.0),
    ],
)
@pytest.mark.parametrize("n", [1, 2])
def test_non_finite_values_shorten_the_step(fun, second, x, n):
    point = np.full(n, x)
    model = hs.taylor(fun, point, vectorized=True)
    h = np.diag(second(point))
    assert (np.abs(model.hessian - h) <= model.hessian_error + 4 * EPS * np.abs(h)).all()
    assert np.median(np.diag(model.hessian_error)) <= 1e-4 * np.abs(h).max()


def test_the_message_says_when_steps_were_shortened():
    inside = hs.taylor(lambda x: x[0] ** 2, [1.0])
    assert "shorter" not in inside.message
    edge = hs.taylor(lambda x: x[0] ** 2 if x[0] < 1 + 2.0**-12 else np.nan, [1.0])
    assert "shorter" in edge.message
    # along a pair alone: on the axes all is well
    corner = hs.taylor(
        lambda x: np.exp(x[0] * x[1]) if min(x) < 1.01 or max(x) == 1 else np.nan, [1.0, 1.0]
    )
    assert "shorter" in corner.message
    h = np.exp(1.0) * np.array([[1, 2], [2, 1]])
    assert (np.abs(corner.hessian - h) <= corner.hessian_error).all()
    assert corner.hessian_error.max() <= 1e-2


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_not_finite_at_the_point(bad):
    for measure in (hs.taylor, hs.gradient, hs.hessian):
        with pytest.raises(NonFiniteError, match=rf"fun is {bad} at x = \[1\.5 2\. \]"):
            measure(lambda x: bad, [1.5, 2.0])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_no_step_works(bad):
    def only_first(x):
        return x[0] ** 2 if x[1] == 2.0 else bad

    with pytest.raises(NonFiniteError, match=r"next to x = \[1\.5 2\. \] along coordinate 1"):
        hs.taylor(only_first, [1.5, 2.0])

    def on_the_axes(x):
        return 1.0 if x[0] == 1.5 or x[1] == 2.0 else bad

    with pytest.raises(NonFiniteError, match=r"x = \[1\.5 2\. \] along a pair"):
        hs.taylor(on_the_axes, [1.5, 2.0])
    with pytest.raises(NonFiniteError, match="next to x"):  # one side is not enough
        hs.taylor(lambda x: x[0] if x[0] >= 0 else bad, [0.0])


def test_derivatives_that_are_not_finite():
    x = [1.5, 2.0]

    def gradient(y):
        return 2 * y if y[0] <= 1.5 else np.full(2, np.nan)

    with pytest.raises(NonFiniteError, match=r"jac is not finite at or next to x = \[1\.5 2\. \]"):
        hs.taylor(lambda y: y @ y, x, jac=gradient)
    nowhere: dict[str, Any] = {"jac": lambda y: np.array([1, np.inf])}
    for more in (nowhere, nowhere | {"hess": lambda y: np.eye(2)}):
        with pytest.raises(
            NonFiniteError, match=r"jac is not finite at or next to x = \[1\.5 2\. \]"
        ):
            hs.taylor(lambda y: y @ y, x, **more)
    with pytest.raises(NonFiniteError, match=r"jac is not finite at or next to x = \[1\.5 2\. \]"):
        hs.gradient(lambda y: y @ y, x, **nowhere)
    with pytest.raises(NonFiniteError, match="hess is not finite at x"):
        hs.taylor(lambda y: y @ y, x, hess=lambda y: np.full((2, 2), np.nan))
    with pytest.raises(NonFiniteError, match="hessp is not finite at x"):
        hs.taylor(lambda y: y @ y, x, hessp=lambda y, p: np.full(2, np.nan))
    with pytest.raises(NonFiniteError, match=r"fun is nan at x = \[1\.5 2\. \]"):
        hs.taylor(lambda y: np.nan, x, jac=lambda y: 2 * y, hess=lambda y: np.eye(2))
