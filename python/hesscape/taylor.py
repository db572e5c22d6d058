"""Gradient and Hessian at a point with their errors: the quadratic model of a function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _core, _validate
from ._report import evaluations, number, vector
from ._validate import Array
from .objective import Objective
from .status import NonFiniteError

__all__ = ["Measurement", "TaylorModel", "gradient", "hessian", "taylor"]

MOST_LEVELS = 12
RETRIES = 2  # with steps an eighth of those before
ROUNDING = 4 * float(np.finfo(float).eps)


@dataclass(frozen=True)
class TaylorModel:
    """The quadratic model of a function around a point, and how well it is known.

    ``L(theta) = value + (theta - x)^T gradient + (theta - x)^T hessian (theta - x) / 2``. The errors are bounds for
    each entry, within the error model of `taylor`.

    Attributes
    ----------
    x : (n,) ndarray
    value : float
    gradient, gradient_error : (n,) ndarray
    hessian, hessian_error : (n, n) ndarray
    noise : float
        Standard deviation of the values near x, in their units.
    step : (n,) ndarray
        The step from which differences in two coordinates start, in the units of x.
    nfev, njev : int
        How many values and gradients were used.
    message : str
        What was met on the way.
    """

    x: Array
    value: float
    gradient: Array
    hessian: Array
    gradient_error: Array
    hessian_error: Array
    noise: float
    step: Array
    nfev: int
    njev: int
    message: str

    def __call__(self, theta: ArrayLike) -> float | Array:
        """Evaluate the model at theta, of shape (..., n)."""
        d = self._vector("theta", theta) - self.x
        return self.value + d @ self.gradient + 0.5 * np.sum((d @ self.hessian) * d, axis=-1)  # type: ignore[no-any-return]

    def quadratic_form(self, v: ArrayLike) -> float | Array:
        """Evaluate ``v^T H v``, the curvature along v, of shape (..., n), times its squared length."""
        w = self._vector("v", v)
        return np.sum((w @ self.hessian) * w, axis=-1)  # type: ignore[no-any-return]

    def newton_step(self) -> Array:
        """Find the step from x to the model's stationary point; the shortest, in scaled coordinates, of many."""
        size = np.abs(self.hessian).max(axis=1)
        scale = 1 / np.sqrt(np.where(size > 0, size, 1.0))
        scaled = self.hessian * np.outer(scale, scale)
        step, *_ = np.linalg.lstsq(scaled, -scale * self.gradient)
        return scale * step

    def _vector(self, name: str, value: ArrayLike) -> Array:
        array = _validate.real_array(name, value)
        if array.shape[-1:] != self.x.shape:
            raise ValueError(f"{name} must have shape (..., {self.x.size}), got shape {array.shape}")
        return array

    def __str__(self) -> str:
        def entries(values: Array, errors: Array) -> str:
            return "  ".join(f"{number(v, 8)} ± {e:.1g}" for v, e in zip(values, errors, strict=True))

        lines = [
            f"quadratic model at x = {vector(self.x)}",
            f"  value     {number(self.value, 8)} ± {self.noise:.1g}",
        ]
        if self.x.size <= 6:
            lines.append(f"  gradient  {entries(self.gradient, self.gradient_error)}")
            rows = zip(self.hessian, self.hessian_error, strict=True)
            for label, row in zip(["Hessian", *[""] * self.x.size], rows, strict=False):
                lines.append(f"  {label:9} {entries(*row)}")
        else:
            lines.append(f"  gradient  norm {np.linalg.norm(self.gradient):.6g}, error ≤ {self.gradient_error.max():.1g}")
            lines.append(
                f"  Hessian   {self.x.size} x {self.x.size}, entries to {np.abs(self.hessian).max():.6g}, "
                f"median error {np.median(self.hessian_error):.1g}, largest {self.hessian_error.max():.1g}"
            )
        lines.append(f"  from {evaluations(self.nfev, self.njev)}: {self.message}")
        return "\n".join(lines)


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
    >>> model = hs.taylor(lambda w: (1 - w[0] * w[1])**2, [0, 0])
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
        levels = _validate.integer("levels", levels, least=2, most=MOST_LEVELS)
    coarsest = _validate.steps(step, point)
    if f.hess is not None or f.hessp is not None:
        return _given(f, point, coarsest)
    if f.jac is not None:
        return _from_gradients(f, point, coarsest, enough)
    return _from_values(f, point, coarsest, levels or 0, enough)


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
    >>> hs.gradient(lambda x: x[0]**2 + 3 * x[1], [1, 0]).round(9)
    array([2., 3.])
    """
    f = Objective.of(fun, objective)
    point = _validate.point(x)
    coarsest = _validate.steps(step, point)
    if f.jac is not None:
        return _finite_gradients(f, point[None], point)[0]
    return _axes(f, point, coarsest).gradient[0].copy()


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
    >>> hs.hessian(lambda w: (1 - w[0] * w[1])**2, [0, 1]).round(9) + 0.0
    array([[ 2., -2.],
           [-2.,  0.]])
    """
    return taylor(fun, x, step=step, levels=levels, **objective).hessian


class Measurement:
    """The measurement of `taylor` for values that come from elsewhere: a queue of simulations, a laboratory.

    Ask for points, tell their values in any order, until done. It can be pickled in between.

    Parameters
    ----------
    x : array_like, shape (n,)
    step, levels
        As for `taylor`.
    noise : float, optional
        Standard deviation of the values.

    Examples
    --------
    >>> import hesscape as hs
    >>> measurement = hs.Measurement([1.0, 2.0])
    >>> while not measurement.done:
    ...     points = measurement.ask()
    ...     measurement.tell([p[0] * p[1]**2 for p in points])
    >>> measurement.result().hessian.round(9) + 0.0
    array([[0., 4.],
           [4., 2.]])
    """

    def __init__(
        self,
        x: ArrayLike,
        *,
        step: ArrayLike | None = None,
        levels: int | None = None,
        noise: float | None = None,
    ) -> None:
        self._x = _validate.point(x)
        self._step = _validate.steps(step, self._x)
        self._levels = 0 if levels is None else _validate.integer("levels", levels, least=2, most=MOST_LEVELS)
        self._noise = None if noise is None else _validate.positive("noise", noise, zero=True)
        self._log: list[Array] = []
        self._start()

    def _start(self) -> None:
        self._core = _core_measurement(self._x, self._noise, self._step, self._levels, pairs=True, by_point=True)
        for values in self._log:
            self._core.ask()
            self._core.tell(values)
        self._next_block()

    def _next_block(self) -> None:
        self._block = self._core.ask().copy() if not self._core.done else np.empty((0, self._x.size))
        self._values = np.empty(len(self._block))
        self._open = np.arange(len(self._block))

    @property
    def done(self) -> bool:
        """Whether every value has been told."""
        return self._core.done

    def ask(self) -> Array:
        """Give the points whose values are wanted now, as rows; those that were not told yet, when asked again."""
        return self._block[self._open]

    def tell(self, values: ArrayLike, index: ArrayLike | None = None) -> None:
        """Tell the values of the points that `ask` gives now.

        Parameters
        ----------
        values : array_like, shape (m,)
            NaN or inf where the function has no value.
        index : array_like of int, shape (m,), optional
            Which rows of ``ask()`` they belong to; all of them in order, without it. After this call `ask` gives the
            other rows.
        """
        told = np.atleast_1d(_validate.as_array("values must be", values))
        if told.dtype.kind not in "biuf" or told.ndim != 1:
            raise TypeError(f"values must be real numbers of shape (m,), got dtype {told.dtype}, shape {told.shape}")
        rows = np.arange(self._open.size) if index is None else np.atleast_1d(_validate.as_array("index must be", index))
        if rows.shape != told.shape:
            raise ValueError(f"values must have one entry for each of {rows.size} points, got {told.size}")
        if rows.size == 0:
            return
        if rows.dtype.kind not in "iu" or rows.min() < 0 or rows.max() >= self._open.size:
            raise ValueError(f"index must hold row numbers from 0 to {self._open.size - 1}, got {index!r}")
        if np.unique(rows).size < rows.size:
            raise ValueError(f"index must name every point once, got {index!r}")
        self._values[self._open[rows]] = told
        self._open = np.delete(self._open, rows)
        if self._open.size == 0:
            self._log.append(self._values)
            self._core.tell(self._values)
            self._next_block()

    def result(self) -> TaylorModel:
        """Give the model, once it is done."""
        if not self.done:
            raise ValueError(f"the measurement is not done: {self._open.size} values of this round are missing")
        return _model(self._x, self._core.result())

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_core"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start()  # the core is what its log made it
        self._values, self._open = state["_values"], state["_open"]


def _core_measurement(
    x: Array, noise: float | None, step: Array, levels: int, *, pairs: bool, by_point: bool
) -> _core.Measurement:
    return _core.Measurement(x[None], noise=noise, step=step, levels=levels, pairs=pairs, by_point=by_point)


def _from_values(
    f: Objective, x: Array, step: Array, levels: int, enough: Callable[[TaylorModel], bool] | None
) -> TaylorModel:
    model = _stencil_model(f, x, step, levels, enough)
    if x.size == 1 or np.isinf(model.hessian_error).any():
        return model
    lines, nfev = _lines(f, model)
    nfev += model.nfev
    coarsest = _core.natural_steps(x) if step.size == 0 else step
    for _ in range(RETRIES):
        if lines.agree(model.hessian, model.hessian_error):
            break
        # Something couples the coordinates on a length that their own steps do not see.
        coarsest = coarsest / 8
        model = _stencil_model(f, x, coarsest, levels, None)
        nfev += model.nfev
    return replace(_doubted(model, lines, "the values along other lines contradict it"), nfev=nfev)


def _stencil_model(
    f: Objective, x: Array, step: Array, levels: int, enough: Callable[[TaylorModel], bool] | None
) -> TaylorModel:
    measurement = _core_measurement(x, f.noise, step, levels, pairs=True, by_point=f.by_point)
    _evaluate(f, measurement, until=lambda: measurement.done or measurement.axes_done)
    if enough is not None and not measurement.done:
        diagonal = _diagonal_model(x, measurement.result())
        if enough(diagonal):
            return diagonal
    _evaluate(f, measurement, until=lambda: measurement.done)
    return _model(x, measurement.result())


def _lines(f: Objective, model: TaylorModel) -> tuple[_core.Lines, int]:
    """Measure along lines that the model's own measurement did not use; say how many values it took."""
    lines = _core.Lines(
        model.x, curvature=np.diag(model.hessian), curvature_error=np.diag(model.hessian_error)
    )
    points = lines.points()
    with np.errstate(all="ignore"):
        values = f.values(points if f.by_point else np.ascontiguousarray(points.T))
    lines.tell(
        values,
        centre=model.value,
        noise=model.noise,
        gradient=model.gradient,
        hessian=model.hessian,
    )
    return lines, values.size


def _doubted(model: TaylorModel, lines: _core.Lines, why: str) -> TaylorModel:
    """Widen the errors of a model that the lines contradict, and say so."""
    gradient_error = lines.gradient_error(model.gradient, model.gradient_error)
    hessian_error = model.hessian_error
    if not lines.agree(model.hessian, hessian_error):
        hessian_error = lines.hessian_error(model.hessian, hessian_error)
    elif (gradient_error == model.gradient_error).all():
        return model
    message = f"{why}; the errors account for it"
    return replace(
        model, gradient_error=gradient_error, hessian_error=hessian_error, message=message
    )


def _axes(f: Objective, x: Array, step: Array) -> _core.Derivatives:
    measurement = _core_measurement(x, f.noise, step, 0, pairs=False, by_point=f.by_point)
    _evaluate(f, measurement, until=lambda: measurement.done)
    _raise_for(measurement.result(), x)
    return measurement.result()


def _evaluate(f: Objective, measurement: _core.Measurement, until: Callable[[], bool]) -> None:
    with np.errstate(all="ignore"):  # a stencil may leave the domain of fun, and is told so
        while not until():
            measurement.tell(f.values(measurement.ask()))


def _raise_for(result: _core.Derivatives, x: Array) -> None:
    status = result.status[0]
    if status == _core.Status.not_finite:
        raise NonFiniteError(f"fun is {result.value[0]} at x = {x}: {status.message}")
    if status == _core.Status.no_step:
        lost = np.flatnonzero(np.isnan(result.gradient[0]))
        where = f"coordinate {lost[0]}" if lost.size else "a pair of coordinates"
        raise NonFiniteError(f"fun has no finite values next to x = {x} along {where}: {status.message}")


def _model(x: Array, result: _core.Derivatives) -> TaylorModel:
    _raise_for(result, x)
    n = x.size
    return _from_axes(x, result, result.hessian.reshape(n, n), result.hessian_error.reshape(n, n))


def _diagonal_model(x: Array, result: _core.Derivatives) -> TaylorModel:
    _raise_for(result, x)
    error = np.full((x.size, x.size), np.inf)
    np.fill_diagonal(error, result.curvature_error[0])
    return _from_axes(x, result, np.diag(result.curvature[0]), error)


def _from_axes(x: Array, axes: _core.Derivatives, hessian: Array, hessian_error: Array) -> TaylorModel:
    return TaylorModel(
        x=x,
        value=float(axes.value[0]),
        gradient=axes.gradient[0].copy(),
        hessian=hessian,
        gradient_error=axes.gradient_error[0].copy(),
        hessian_error=hessian_error,
        noise=float(axes.noise[0]),
        step=np.ldexp(1.0, axes.exponent[0]),
        nfev=int(axes.nfev[0]),
        njev=0,
        message=axes.status[0].message,
    )


def _from_gradients(
    f: Objective, x: Array, step: Array, enough: Callable[[TaylorModel], bool] | None
) -> TaylorModel:
    axes = _axes(f, x, step)
    here = _finite_gradients(f, x[None], x)[0]
    model = _diagonal_model(x, axes)
    error = _gradient_error(x, here, model.hessian)
    model = replace(model, gradient=here, gradient_error=error, njev=1)
    if enough is not None and enough(model):
        return model
    lines, nfev = _lines(f, model)
    model = _differences_model(f, model, axes.exponent[0], axes.reduction[0])
    natural = np.log2(_core.natural_steps(x)).astype(np.int32)
    for finer in range(1, RETRIES + 1):
        if lines.agree(model.hessian, model.hessian_error):
            break
        model = _differences_model(f, model, natural - 3 * finer, np.ones_like(x))
    model = replace(model, nfev=model.nfev + nfev)
    return _doubted(model, lines, "the values of fun contradict jac")


def _differences_model(
    f: Objective, model: TaylorModel, exponent: NDArray[np.int32], reduction: Array
) -> TaylorModel:
    x = model.x
    stencil = _core.GradientStencil(x, exponent=exponent, reduction=reduction)
    while not stencil.done:
        stencil.tell(_finite_gradients(f, stencil.ask(), x))
    h = stencil.hessian()
    return replace(
        model,
        hessian=h,
        gradient_error=_gradient_error(x, model.gradient, h) + stencil.gradient_noise(),
        hessian_error=stencil.hessian_error(),
        njev=model.njev + 4 * x.size,
    )


def _finite_gradients(f: Objective, points: Array, x: Array) -> Array:
    with np.errstate(all="ignore"):
        gradients = f.gradients(points)
    if not np.isfinite(gradients).all():
        raise NonFiniteError(f"jac is not finite at or next to x = {x}: {_core.Status.no_step.message}")
    return gradients


def _given(f: Objective, x: Array, step: Array) -> TaylorModel:
    h = f.curvature(x)
    name = "hess" if f.hess is not None else "hessp"
    if not np.isfinite(h).all():
        raise NonFiniteError(f"{name} is not finite at x = {x}: move x into its domain")
    asymmetry = np.abs(h - h.T)
    h = 0.5 * (h + h.T)
    model = _diagonal_model(x, _axes(f, x, step))
    if f.jac is not None:
        here = _finite_gradients(f, x[None], x)[0]
        model = replace(model, gradient=here, gradient_error=_gradient_error(x, here, h), njev=1)
    model = replace(
        model,
        hessian=h,
        hessian_error=ROUNDING * np.abs(h) + 0.5 * asymmetry,
        message=f"the Hessian is that of {name}; its errors are those of rounding",
    )
    lines, nfev = _lines(f, model)
    model = replace(model, nfev=model.nfev + nfev)
    return _doubted(model, lines, f"the values of fun contradict {name}{' or jac' if f.jac else ''}")


def _gradient_error(x: Array, gradient: Array, hessian: NDArray[np.float64]) -> Array:
    """Rounding of the entries, and of x itself, which moves the gradient by H dx."""
    return ROUNDING * np.abs(gradient) + ROUNDING * np.abs(hessian) @ np.abs(x)
