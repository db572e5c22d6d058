"""Gradient and Hessian at a point with their errors: the quadratic model of a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hesscape import _validate
from hesscape._keywords import takes
from hesscape._validate import Array
from hesscape.objective import Objective

from .confront import finite_gradients
from .expensive import AXIS
from .given import axes_of, from_gradients, given_hessian
from .measurement import evaluate, value_steps
from .measuring import Measuring
from .model import TaylorModel

NOTHING_ASKED = Measuring()


@takes(Measuring, Objective)
def taylor(
    fun: Callable[..., Any] | Objective,
    x: ArrayLike,
    **keywords: Any,
) -> TaylorModel:
    """Measure value, gradient and Hessian of a function at a point, with error bounds.

    Parameters
    ----------
    fun : callable or Objective
        ``fun(x, *args) -> float``.
    x : array_like, shape (n,)
        The point; a number for n = 1.
    **keywords
        How to measure, and what is known of `fun`: with `jac`, the Hessian comes from ``4 n`` gradients; with `hess` or
        `hessp` it is taken as given.

    Returns
    -------
    TaylorModel

    Raises
    ------
    TypeError, ValueError
        When an argument is not what it should be; the message names it.
    NonFiniteError
        When `fun` is not finite at x, or at no step along some coordinate.
    OSError
        When the store cannot be read or written.

    Notes
    -----
    Second differences ``q(v) = f(x + v) + f(x - v) - 2 f(x)`` on a ladder of steps give the diagonal, and by
    polarisation the other entries; both are extrapolated to step zero [1]_. The error model: f has derivatives along
    the steps that were used, its noise is independent from value to value with a standard deviation that is estimated
    from differences that smoothness does not explain [2]_, and truncation is what the finer entries of the
    extrapolation table show. Bounds hold for about 99 of 100 entries of a noisy function, and practically all of a
    smooth one; see the theory page.

    References
    ----------
    .. [1] C. J. F. Ridders, Accurate computation of F'(x) and F'(x)F''(x), *Adv. Eng. Software* 4 (1982) 75-76.
    .. [2] J. J. Moré, S. M. Wild, Estimating computational noise, *SIAM J. Sci. Comput.* 33 (2011) 1292-1314.

    Examples
    --------
    >>> import hesscape as hs
    >>> model = hs.taylor(lambda w: (1 - w[0] * w[1]) ** 2, [0, 0])
    >>> bool(abs(model.hessian - [[0, -2], [-2, 0]]).max() <= model.hessian_error.max() < 1e-9)
    True
    >>> float(round(model.quadratic_form([1, 1]), 9))
    -4.0
    """
    measuring = Measuring.of(keywords)
    f, point = Objective.of(fun, keywords), _validate.point(x)
    with measuring.through(f, point) as calls:
        return measure(calls, point, measuring)


def measure(
    f: Objective,
    point: Array,
    measuring: Measuring = NOTHING_ASKED,
    enough: Callable[[TaylorModel], bool] | None = None,
) -> TaylorModel:
    """Do what `taylor` does, but stop when the gradient and the diagonal of the Hessian are `enough`.

    The other entries are then zero, with infinite errors.
    """
    coarsest, levels = measuring.steps_from(point), measuring.halvings
    if f.hess is not None or f.hessp is not None:
        return given_hessian(f, point, coarsest)
    if f.jac is not None:
        return from_gradients(f, point, coarsest, enough)
    steps = value_steps(
        point,
        f.noise,
        coarsest,
        levels,
        by_point=f.by_point,
        whole=f.one_by_one,
        enough=enough,
    )
    return evaluate(f, steps)


@takes(Measuring, Objective, but=("levels",))
def gradient(
    fun: Callable[..., Any] | Objective,
    x: ArrayLike,
    **keywords: Any,
) -> Array:
    """Measure the gradient of a function at a point, as `taylor` does.

    Parameters
    ----------
    fun : callable or Objective
        ``fun(x, *args) -> float``.
    x : array_like, shape (n,)
        The point; a number for n = 1.
    **keywords

    Returns
    -------
    (n,) ndarray

    Examples
    --------
    >>> import hesscape as hs
    >>> hs.gradient(lambda x: x[0] ** 2 + 3 * x[1], [1, 0]).round(9)
    array([2., 3.])
    """
    measuring = Measuring.of(keywords)
    f, point = Objective.of(fun, keywords), _validate.point(x)
    coarsest = measuring.steps_from(point)
    total = 1 if f.jac is not None else AXIS * point.size
    with measuring.through(f, point, total=total) as calls:
        if calls.jac is not None:
            return np.asarray(finite_gradients(calls, point[None], point)[0])
        return np.array(axes_of(calls, point, coarsest).gradient[0])


@takes(Measuring, Objective)
def hessian(
    fun: Callable[..., Any] | Objective,
    x: ArrayLike,
    **keywords: Any,
) -> Array:
    """Measure the Hessian of a function at a point, as `taylor` does.

    Parameters
    ----------
    fun : callable or Objective
        ``fun(x, *args) -> float``.
    x : array_like, shape (n,)
        The point; a number for n = 1.
    **keywords

    Returns
    -------
    (n, n) ndarray

    Examples
    --------
    >>> import hesscape as hs
    >>> hs.hessian(lambda w: (1 - w[0] * w[1]) ** 2, [0, 1]).round(9) + 0.0
    array([[ 2., -2.],
           [-2.,  0.]])
    """
    return taylor(fun, x, **keywords).hessian
