"""Models whose gradient or Hessian the user's own derivatives give, confronted with the values."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hesscape import _core
from hesscape._validate import Array
from hesscape.objective import Objective
from hesscape.status import NonFiniteError

from .confront import EPS, ULPS, against_gradients, finite_gradients, is_single
from .measurement import evaluate
from .model import TaylorModel, diagonal_model, raise_for_status

SHORT = 12  # bits that entries have where they are simple numbers
RETRIES = 2  # with steps an eighth of those before
SINGLE_ULPS = 64.0  # of the largest entry, in float32: 180 small networks needed up to 23


def axes_of(f: Objective, x: Array, step: Array) -> _core.Derivatives:
    """Measure the gradient and the diagonal of the Hessian only."""
    core = _core.Measurement(
        x, noise=f.noise, step=step, levels=0, pairs=False, by_point=f.by_point
    )
    with np.errstate(all="ignore"):
        while not core.done:
            core.tell(f.values(core.ask_round() if f.one_by_one else core.ask()))
    raise_for_status(core.result(), x)
    return core.result()


def from_gradients(
    f: Objective, x: Array, step: Array, enough: Callable[[TaylorModel], bool] | None
) -> TaylorModel:
    """Measure the Hessian by differences of `jac`."""
    axes = axes_of(f, x, step)
    here = finite_gradients(f, x[None], x)[0]
    model = diagonal_model(x, axes)
    error = _gradient_error(x, here, model.hessian)
    model = replace(model, gradient=here, gradient_error=error, njev=1)
    if enough is not None and enough(model):
        return model
    lines = evaluate(f, line_steps(model, step, f.by_point))
    natural = np.floor(np.log2(natural_steps(x, step))).astype(np.int32)
    model = _differences_model(f, model, axes.exponent[0], axes.reduction[0], natural)
    agree = _agree(model, lines, axes)
    for finer in range(1, RETRIES + 1):
        if agree:
            break
        model = _differences_model(f, model, natural - 3 * finer, np.ones_like(x), natural)
        agree = _agree(model, lines, axes)
    nfev = model.nfev + lines.nfev
    model = _against_axes(model, axes)
    return confronted(model, lines, agree, nfev, "the values of fun contradict jac")


def _agree(model: TaylorModel, lines: _core.Lines, axes: _core.Derivatives) -> bool:
    off = np.abs(model.hessian.diagonal() - axes.curvature[0])
    within = off <= model.hessian_error.diagonal() + axes.curvature_error[0]
    return bool(within.all()) and lines.agree(model.hessian, model.hessian_error)


def _against_axes(model: TaylorModel, axes: _core.Derivatives) -> TaylorModel:
    """Widen errors until what values say along the axes is within them."""
    slope = np.abs(model.gradient - axes.gradient[0]) - axes.gradient_error[0]
    curved = np.abs(model.hessian.diagonal() - axes.curvature[0]) - axes.curvature_error[0]
    curved = np.where(curved > model.hessian_error.diagonal(), curved, 0.0)
    return replace(
        model,
        gradient_error=np.where(
            slope > model.gradient_error, 2 * np.maximum(slope, 0), model.gradient_error
        ),
        hessian_error=np.maximum(model.hessian_error, 2 * np.sqrt(np.outer(curved, curved))),
    )


def _differences_model(
    f: Objective,
    model: TaylorModel,
    exponent: NDArray[np.int32],
    reduction: Array,
    longest: NDArray[np.int32],
) -> TaylorModel:
    """Take differences of gradients, over longer steps where noise limits these."""
    x, first = model.x, True
    for _ in range(1 + RETRIES):
        stencil = _core.GradientStencil(
            x, gradient=model.gradient, exponent=exponent, reduction=reduction
        )
        while not stencil.done:
            gradients = finite_gradients(
                f, stencil.ask_round() if f.one_by_one else stencil.ask(), x
            )
            for row in range(0, len(gradients), 4):
                stencil.tell(gradients[row : row + 4])
        model, first = _with_columns(model, stencil, first), False
        growth = np.clip(longest - exponent, 0, stencil.growth())
        if not growth.any():
            break
        exponent = exponent + growth
    return model


def _with_columns(model: TaylorModel, stencil: _core.GradientStencil, first: bool) -> TaylorModel:
    """Take the entries of a stencil, after the first one only those that are known better than before."""
    h, error = stencil.hessian(), stencil.hessian_error()
    slope_error = _gradient_error(model.x, model.gradient, h) + stencil.gradient_noise()
    if not first:
        h = np.where(error < model.hessian_error, h, model.hessian)
        error = np.minimum(error, model.hessian_error)
        slope_error = np.minimum(slope_error, model.gradient_error)
    return replace(
        model,
        hessian=h,
        gradient_error=slope_error,
        hessian_error=error,
        njev=model.njev + 4 * model.x.size,
    )


def given_hessian(f: Objective, x: Array, step: Array) -> TaylorModel:
    """Take the Hessian as `hess` or `hessp` gives it."""
    h, epsilon = f.curvature(x)
    name = "hess" if f.hess is not None else "hessp"
    if not np.isfinite(h).all():
        raise NonFiniteError(f"{name} is not finite at x = {x}: move x into its domain")
    if _single_inside(h):
        epsilon = float(np.finfo(np.float32).eps)
    asymmetry = np.abs(h - h.T)
    h = 0.5 * (h + h.T)
    if f.jac is not None:
        model = _value_model(f, x, h, epsilon)
    else:
        model = diagonal_model(x, axes_of(f, x, step))
    model = replace(
        model,
        hessian=h,
        hessian_error=_hessian_error(h, asymmetry, epsilon),
        message=f"the Hessian is that of {name}; its errors are those of rounding",
    )
    lines = evaluate(f, line_steps(model, step, f.by_point))
    agree = lines.agree(model.hessian, model.hessian_error)
    nfev = model.nfev + lines.nfev
    why = f"the values of fun contradict {name}{' or jac' if f.jac else ''}"
    model = confronted(model, lines, agree, nfev, why)
    return model if f.jac is None else against_gradients(f, model, natural_steps(x, step), name)


def _value_model(f: Objective, x: Array, h: Array, epsilon: float) -> TaylorModel:
    """Take value and gradient as given, without a measurement."""
    value = f.value(x)
    if not np.isfinite(value):
        raise NonFiniteError(f"fun is {value} at x = {x}: {_core.Status.not_finite.message}")
    here = finite_gradients(f, x[None], x)[0]
    return TaylorModel(
        x=x,
        value=value,
        gradient=here,
        hessian=h,
        gradient_error=_gradient_error(x, here, h, epsilon),
        hessian_error=np.zeros_like(h),
        noise=ULPS * epsilon * abs(value) if f.noise is None else f.noise,
        step=np.zeros_like(x),
        nfev=1,
        njev=1,
        message="",
    )


def _gradient_error(
    x: Array, gradient: Array, hessian: NDArray[np.float64], epsilon: float = EPS
) -> Array:
    """Bound the rounding of the entries, and of x itself, which moves the gradient by H dx."""
    error = ULPS * epsilon * (np.abs(gradient) + np.abs(hessian) @ np.abs(x))
    return error if epsilon == EPS else np.full_like(error, error.max())


def _single_inside(h: Array) -> bool:
    """Whether entries are numbers of single precision, and not all of them short ones."""
    fraction, exponent = np.frexp(h)
    short = np.ldexp(np.rint(np.ldexp(fraction, SHORT)), exponent - SHORT)
    return is_single(h) and bool((h != short).any())


def _hessian_error(h: Array, asymmetry: Array, epsilon: float) -> Array:
    """Bound the rounding of entries that came with the precision `epsilon`."""
    if epsilon == EPS:
        return ULPS * epsilon * np.abs(h) + 0.5 * asymmetry
    # What cancels within is seen in float32: small entries are then as wrong as the largest.
    return np.full_like(h, SINGLE_ULPS * epsilon * np.abs(h).max() + 0.5 * asymmetry.max())


def line_steps(
    model: TaylorModel, step: Array, by_point: bool
) -> Generator[Array, Array, _core.Lines]:
    """Measure along lines that the model's own measurement did not use."""
    lines = _core.Lines(
        model.x,
        step=natural_steps(model.x, step),
        curvature=model.hessian.diagonal(),
        curvature_error=model.hessian_error.diagonal(),
    )
    points = lines.points() if by_point else np.ascontiguousarray(lines.points().T)
    points.flags.writeable = False
    lines.tell(
        (yield points),
        centre=model.value,
        noise=model.noise,
        gradient=model.gradient,
        hessian=model.hessian,
    )
    return lines


def natural_steps(x: Array, step: Array) -> Array:
    """Give the steps that ladders start from."""
    return step if step.size else _core.natural_steps(x)


def confronted(
    model: TaylorModel, lines: _core.Lines, agree: bool, nfev: int, why: str
) -> TaylorModel:
    """Give the model with `nfev`; widen its errors where the lines contradict it, and say so."""
    gradient_error = lines.gradient_error(model.gradient, model.gradient_error)
    hessian_error = model.hessian_error
    if not agree:
        hessian_error = lines.hessian_error(model.hessian, hessian_error)
    elif (gradient_error == model.gradient_error).all():
        return replace(model, nfev=nfev)
    return replace(
        model,
        gradient_error=gradient_error,
        hessian_error=hessian_error,
        nfev=nfev,
        message=f"{why}; the errors account for it",
    )
