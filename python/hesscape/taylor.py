"""Gradient and Hessian at a point with their errors: the quadratic model of a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import _validate
from ._given import axes_of, finite_gradients, from_gradients, given_hessian
from ._taylor_model import TaylorModel
from ._validate import Array
from .measurement import evaluate, value_steps
from .objective import Objective

__all__ = ["TaylorModel", "gradient", "hessian", "taylor"]


def taylor(
    fun: Callable[..., Any] | Objective,
    x: ArrayLike,
    *,
    step: ArrayLike | None = None,
    levels: int | None = None,
    **objective: Any,
) -> TaylorModel:
    """Measure value, gradient and Hessian of a function at a point, with error bounds.

    Parameters
    ----------
    fun : callable or Objective
        ``fun(x, *args) -> float``.
    x : array_like, shape (n,)
        The point; a number for n = 1.
    step : float or array_like, shape (n,), optional
        The coarsest step tried along each coordinate, in its units. Without it, steps start from |x| / 8 (1/4 at
        zero) and grow or shrink as the values tell.
    levels : int, optional
        Halvings of the step for each pair of coordinates, from 2 to 12. Without it, as many as keep the number of
        values below about ``2.5 n**2 + 60 n``.
    **objective
        Keywords of `Objective`: with `jac`, the Hessian comes from ``4 n`` gradients; with `hess` or `hessp` it is
        taken as given.

    Returns
    -------
    TaylorModel

    Raises
    ------
    TypeError, ValueError
        When an argument is not what it should be; the message names it.
    NonFiniteError
        When `fun` is not finite at x, or at no step along some coordinate.

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
    return measure(Objective.of(fun, objective), x, step=step, levels=levels)


def measure(
    f: Objective,
    x: ArrayLike,
    *,
    step: ArrayLike | None,
    levels: int | None,
    enough: Callable[[TaylorModel], bool] | None = None,
) -> TaylorModel:
    """Do what `taylor` does, but stop when the gradient and the diagonal of the Hessian are `enough`.

    The other entries are then zero, with infinite errors.
    """
    point = _validate.point(x)
    if levels is not None:
        levels = _validate.integer("levels", levels, least=2, most=_validate.MOST_LEVELS)
    coarsest = _validate.steps(step, point)
    if f.hess is not None or f.hessp is not None:
        return given_hessian(f, point, coarsest)
    if f.jac is not None:
        return from_gradients(f, point, coarsest, enough)
    steps = value_steps(point, f.noise, coarsest, levels or 0, by_point=f.by_point, enough=enough)
    return evaluate(f, steps)


def gradient(
    fun: Callable[..., Any] | Objective,
    x: ArrayLike,
    *,
    step: ArrayLike | None = None,
    **objective: Any,
) -> Array:
    """Measure the gradient of a function at a point; parameters as for `taylor`.

    Returns
    -------
    (n,) ndarray

    Examples
    --------
    >>> import hesscape as hs
    >>> hs.gradient(lambda x: x[0] ** 2 + 3 * x[1], [1, 0]).round(9)
    array([2., 3.])
    """
    f = Objective.of(fun, objective)
    point = _validate.point(x)
    coarsest = _validate.steps(step, point)
    if f.jac is not None:
        return np.asarray(finite_gradients(f, point[None], point)[0])
    return np.array(axes_of(f, point, coarsest).gradient[0])


def hessian(
    fun: Callable[..., Any] | Objective,
    x: ArrayLike,
    *,
    step: ArrayLike | None = None,
    levels: int | None = None,
    **objective: Any,
) -> Array:
    """Measure the Hessian of a function at a point; parameters as for `taylor`.

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
    return taylor(fun, x, step=step, levels=levels, **objective).hessian
