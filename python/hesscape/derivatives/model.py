"""The quadratic model of a function around a point, and how the core's results become one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hesscape import _core, _validate
from hesscape._report import evaluations, number, vector
from hesscape._validate import Array
from hesscape.status import NonFiniteError


@dataclass(frozen=True, eq=False)
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
            raise ValueError(
                f"{name} must have shape (..., {self.x.size}), got shape {array.shape}"
            )
        return array

    def __str__(self) -> str:
        def entries(values: Array, errors: Array) -> str:
            return "  ".join(
                f"{number(v, 8)} ± {e:.1g}" for v, e in zip(values, errors, strict=True)
            )

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
            lines.append(
                f"  gradient  norm {np.linalg.norm(self.gradient):.6g}, error ≤ {self.gradient_error.max():.1g}"
            )
            lines.append(
                f"  Hessian   {self.x.size} x {self.x.size}, entries to {np.abs(self.hessian).max():.6g}, "
                f"median error {np.median(self.hessian_error):.1g}, largest {self.hessian_error.max():.1g}"
            )
        lines.append(f"  from {evaluations(self.nfev, self.njev)}: {self.message}")
        return "\n".join(lines)


def raise_for_status(result: _core.Derivatives, x: Array) -> None:
    """Raise the error that the core reports, if any, saying at which point."""
    status = result.status[0]
    if status == _core.Status.not_finite:
        raise NonFiniteError(f"fun is {result.value[0]} at x = {x}: {status.message}")
    if status == _core.Status.no_step:
        lost = np.flatnonzero(np.isnan(result.gradient[0]))
        where = f"coordinate {lost[0]}" if lost.size else "a pair of coordinates"
        raise NonFiniteError(
            f"fun has no finite values next to x = {x} along {where}: {status.message}"
        )


def full_model(x: Array, result: _core.Derivatives) -> TaylorModel:
    """Give the model of a finished measurement."""
    raise_for_status(result, x)
    n = x.size
    return _from_axes(x, result, result.hessian.reshape(n, n), result.hessian_error.reshape(n, n))


def diagonal_model(x: Array, result: _core.Derivatives) -> TaylorModel:
    """Give the model when only the axes are measured: the other entries are zero, with infinite errors."""
    raise_for_status(result, x)
    error = np.full((x.size, x.size), np.inf)
    np.fill_diagonal(error, result.curvature_error[0])
    return _from_axes(x, result, np.diag(result.curvature[0]), error)


def _from_axes(
    x: Array, axes: _core.Derivatives, hessian: Array, hessian_error: Array
) -> TaylorModel:
    return TaylorModel(
        x=x,
        value=float(axes.value[0]),
        gradient=axes.gradient[0],
        hessian=hessian,
        gradient_error=axes.gradient_error[0],
        hessian_error=hessian_error,
        noise=float(axes.noise[0]),
        step=np.ldexp(1.0, axes.exponent[0]),
        nfev=int(axes.nfev[0]),
        njev=0,
        message=axes.status[0].message,
    )
