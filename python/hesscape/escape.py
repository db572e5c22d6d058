"""The way off a saddle: along the most negative curvature, or along flat directions that lead down."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from . import _validate
from ._flat import (
    MOST_VALLEYS,
    QUIET,
    Frame,
    down_a_line,
    down_a_valley,
    families,
    frame,
    wide_curvature,
)
from ._inertia import Array
from ._report import evaluations, number, vector
from ._symmetric import not_negative, zero_mode_basis
from ._walk import MARGIN, Probe, Side, walk
from .critical import CriticalPoint, Kind, verdict
from .objective import Objective
from .taylor import TaylorModel, taylor

__all__ = ["Escape", "Side", "escape"]

# What is said of each outcome, and what would change it.
SENTENCES = {
    "curvature": "left along the most negative curvature",
    "flat": "left along a direction that is flat to second order and leads down beyond it",
    "valley": "left along a curved valley: no straight line that was tried leads down",
    "gradient": "x is not critical: went down the gradient, each direction scaled by its curvature",
    "unbounded": "a value of -inf was met: the function is unbounded below",
    "minimum": "x is a proven minimum: every direction curves upwards, and nothing was moved",
    "modes": "every direction but the zero modes given curves upwards, and nothing was moved: a minimum if they "
    "are zero modes",
    "noise": "a way down is proven, but no value along it is lower than noise explains: average more values, or "
    "raise max_step",
    "none": "no way down was found: values along the flat directions, their combinations and the valleys above "
    "them are nowhere lower than noise explains; if the directions are symmetries, pass zero_modes",
}
STILL_FALLING = "; the value was still falling at the longest step: raise max_step, or the function is unbounded below"
MOVED = ("curvature", "flat", "valley", "gradient", "unbounded")
FLOOR = (
    1e-3  # of the largest scaled curvature is taken for the least, where the gradient is followed
)


@dataclass(frozen=True)
class Escape:
    """A step off a point, to where the function is lower.

    Attributes
    ----------
    x : (n,) ndarray
        Where it leads; the point itself if no way down was found.
    fun : float
        The value there; a mean of several where `fun` is random and one value would prove nothing.
    decrease : float
        By how much the value fell.
    direction : (n,) ndarray
        Unit vector from the point to `x`; zero if it did not move.
    curvature : float
        ``u^T H u`` along the direction.
    step : float
        Length walked.
    predicted : float
        Decrease of the quadratic model between the two.
    both : tuple of Side
        The lowest point ``(x, fun, step)`` met on the side that was taken, and on the opposite one.
    success : bool
        Whether the decrease is more than noise explains.
    message : str
        What was done, or what would change the outcome.
    nfev : int
        Evaluations of the function, those of the classification included if it was made here.
    njev : int
        Evaluations of the gradient.
    point : CriticalPoint
        What was left.
    """

    x: Array
    fun: float
    decrease: float
    direction: Array
    curvature: float
    step: float
    predicted: float
    both: tuple[Side, ...] = field(repr=False)
    success: bool
    message: str
    nfev: int
    njev: int
    point: CriticalPoint = field(repr=False)

    def __str__(self) -> str:
        kind = self.point.kind.value.replace("_", " ")
        model = self.point.taylor
        assert model is not None
        if not self.success:
            lines = [f"no escape from this point ({kind})", f"  from         {vector(self.x)}"]
        else:
            before, after = number(model.value, 8), number(self.fun, 8)
            fall, predicted = number(self.decrease), number(self.predicted)
            other = self.both[1]
            lines = [
                f"escape from this point ({kind})",
                f"  from         {vector(model.x)}",
                f"  to           {vector(self.x)}",
                f"  value        {before} -> {after} (lower by {fall}; the model says {predicted})",
                f"  direction    {vector(self.direction)}, curvature {number(self.curvature)}",
                f"  length       {number(self.step)}",
                f"  other side   {number(other.fun, 8)} after {number(other.step)}",
            ]
        lines.append(f"  evaluations  {evaluations(self.nfev, self.njev)}")
        return "\n".join([*lines, f"  {self.message}"])


def escape(
    fun: Callable[..., Any] | Objective,
    x: ArrayLike | CriticalPoint,
    *,
    max_step: float | None = None,
    gtol: float = 1e-5,
    zero_modes: int | ArrayLike = 0,
    step: ArrayLike | None = None,
    levels: int | None = None,
    **objective: Any,
) -> Escape:
    """Find a way down from a saddle, a maximum, or any point that is not a minimum.

    Parameters
    ----------
    fun : callable or Objective
        ``fun(x, *args) -> float``.
    x : array_like, shape (n,), or CriticalPoint
        The point. Of a `CriticalPoint` the measurement is used again, and judged with the `gtol` and the
        `zero_modes` given here.
    max_step : float, optional
        The longest step, as a Euclidean length. Without it, steps double as long as the value falls.
    gtol : float
        The point is critical when every entry of the gradient is at most this, or may be within its error.
    zero_modes : int or array_like, shape (n, k)
        Directions that are flat by a symmetry, which are left out: see `classify_hessian`.
    step, levels, **objective
        Passed on to `taylor`.

    Returns
    -------
    Escape
        With ``success=False`` and x itself where no way down was found.

    Raises
    ------
    TypeError, ValueError
        When an argument is not what it should be; the message names it.
    NonFiniteError
        When `fun` is not finite at x, or at no step along some coordinate.

    Notes
    -----
    A minimum that is proven is not left. Elsewhere these are tried until a decrease is more than noise explains:

    1. where x is not critical, the gradient, each direction scaled by ``1 / |curvature|`` [1]_;
    2. the direction of the most negative curvature, relative to the scales of the coordinates;
    3. where curvature is flat within its error, a ladder of steps along either side of the flat directions, then of
       their pairs, of all their signs if they are few, of random combinations, and of those that are lowest at some
       distance among many;
    4. the bottoms of the valleys above flat directions: by the splitting lemma [2]_ a critical point is a minimum if
       and only if it is one on the surface of points that are lowest in the directions that curve upwards.

    Both sides are tried, from a step that the measurement and its noise suggest; it doubles while the value falls and
    halves while it rises, with at most 60 values a side. Where x is not proven to be no minimum, a lower value counts
    only if f does not rise on the way to it, or along the bottom of the valley: not by more than its values scatter
    there, whatever noise was estimated. A decrease must exceed six standard deviations of the noise of f; where that is in doubt,
    values at both ends are taken again.

    References
    ----------
    .. [1] Y. N. Dauphin et al., Identifying and attacking the saddle point problem in high-dimensional non-convex
       optimization, *NeurIPS* 27 (2014) 2933-2941.
    .. [2] D. Gromoll, W. Meyer, On differentiable functions with isolated critical points, *Topology* 8 (1969)
       361-369.

    Examples
    --------
    >>> import hesscape as hs
    >>> way = hs.escape(lambda w: (1 - w[0] * w[1]) ** 2, [0, 0])
    >>> way.success, bool(way.fun < 1e-6), bool(abs(way.direction[0] - way.direction[1]) < 1e-6)
    (True, True, True)
    >>> hs.escape(lambda x: (x[0] - 1) ** 2 + x[1] ** 2, [1, 0]).message
    'x is a proven minimum: every direction curves upwards, and nothing was moved'
    """
    f = Objective.of(fun, objective)
    most = np.inf if max_step is None else _validate.positive("max_step", max_step)
    not_negative("gtol", gtol)
    model = _measured(f, x, step, levels)
    count, basis = zero_mode_basis(zero_modes, model.x.size)
    point = verdict(model, gtol=gtol, zero_modes=zero_modes, need="inertia")
    before = (0, 0) if isinstance(x, CriticalPoint) else (model.nfev, model.njev)
    probe = Probe(f, model.x, model.value, model.noise)
    outcome, found = "none", None
    if point.kind is Kind.minimum:
        outcome = "modes" if count else "minimum"
    else:
        axes = frame(point, model, count, basis)
        probe.settle()
        probe.curvature, probe.scale = np.diag(model.hessian), axes.wide
        attempts = _attempts(probe, point, model, axes, most)
        for attempt in attempts:
            found = _accepted(probe, attempt)
            if found is not None:
                outcome = "unbounded" if found[0].fun == -np.inf else attempt.outcome
                break
        else:
            outcome = "noise" if point.inertia[0] or point.kind is Kind.not_critical else "none"
    return _result(probe, point, model, outcome, found, before)


class Attempt(NamedTuple):
    """Where a walk led, under the name of what is said if it is accepted."""

    outcome: str
    sides: tuple[Side, ...]


def _measured(
    f: Objective, x: ArrayLike | CriticalPoint, step: ArrayLike | None, levels: int | None
) -> TaylorModel:
    if not isinstance(x, CriticalPoint):
        return taylor(f, x, step=step, levels=levels)
    if x.taylor is None:
        raise ValueError(
            "x must be a point, or a CriticalPoint that was measured by classify; this one has no taylor"
        )
    for name, value in (("step", step), ("levels", levels)):
        if value is not None:
            raise ValueError(f"{name} must be None with a CriticalPoint, whose measurement is used")
    return x.taylor


def _attempts(
    probe: Probe, point: CriticalPoint, model: TaylorModel, axes: Frame, most: float
) -> Iterator[Attempt]:
    """Make walks, likeliest first; each is made when the one before was not accepted."""
    if point.kind is Kind.not_critical:
        yield Attempt("gradient", _down_the_gradient(probe, model, axes, most))
    if point.inertia[0]:
        assert point.way_down is not None
        yield Attempt("curvature", _down_the_curvature(probe, model, axes, point.way_down, most))
    hint = None if point.inertia[0] or axes.flat.start == axes.flat.stop else point.way_down
    tried = [np.empty((0, model.x.size))]
    proven = point.inertia[0] > 0 or point.kind is Kind.not_critical
    wide = wide_curvature(probe, axes) if axes.flat.start < axes.flat.stop else ()
    for directions in itertools.chain(families(probe, axes, hint), wide):
        tried.append(directions)
        found = down_a_line(probe, directions, axes, most, proven=proven)
        if found is not None:
            yield Attempt("flat", _from_here(probe, found, most))
    if len(tried) > 1 and axes.vectors[:, axes.up].size:
        along = np.vstack(tried)[:MOST_VALLEYS]
        found = down_a_valley(probe, along, axes, most, proven=proven)
        if found is not None:
            yield Attempt("valley", _from_here(probe, found, most))


def _down_the_gradient(
    probe: Probe, model: TaylorModel, axes: Frame, most: float
) -> tuple[Side, ...]:
    size = np.abs(axes.values)
    least = FLOOR * size.max() if size.any() else 1.0
    slope = axes.vectors.T @ model.gradient
    d = -axes.vectors @ (slope / np.maximum(size, least))
    length = float(np.linalg.norm(d))
    if not (np.isfinite(length) and length > 0):
        d, length = -model.gradient, float(np.linalg.norm(model.gradient))
    u = d / length
    steepness = float(abs(u @ model.gradient))
    shortest = MARGIN * probe.noise / steepness if steepness > 0 else 0.0
    (ahead,) = walk(probe, u, max(length, shortest), shortest=shortest, longest=most, signs=(1.0,))
    return ahead, Side(probe.x, probe.value, 0.0)


def _down_the_curvature(
    probe: Probe, model: TaylorModel, axes: Frame, u: Array, most: float
) -> tuple[Side, ...]:
    curvature = abs(float(model.quadratic_form(u)))
    with np.errstate(divide="ignore"):
        suited = float(np.min(axes.reach / np.abs(u)))
    quiet = np.sqrt(2 * QUIET * probe.noise / curvature) if curvature > 0 else 0.0
    shortest = np.sqrt(2 * MARGIN * probe.noise / curvature) if curvature > 0 else 0.0
    return walk(probe, u, max(suited, quiet), shortest=shortest, longest=most)


def _from_here(probe: Probe, displacement: Array, most: float) -> tuple[Side, ...]:
    length = float(np.linalg.norm(displacement))
    return walk(probe, displacement / length, length, shortest=length / 16, longest=most)


def _accepted(probe: Probe, attempt: Attempt) -> tuple[Side, Side] | None:
    """Give the side that is lower and the other one, unless noise explains that it is lower."""
    lower, other = sorted(attempt.sides, key=lambda side: side.fun)
    if lower.step == 0:
        return None
    explained, here, there = probe.explained(
        lower.x, lower.fun, evident=attempt.outcome == "curvature"
    )
    if explained:
        return None
    probe.value = here
    return lower._replace(fun=there), other


def _result(
    probe: Probe,
    point: CriticalPoint,
    model: TaylorModel,
    outcome: str,
    found: tuple[Side, Side] | None,
    before: tuple[int, int],
) -> Escape:
    stay = Side(model.x, probe.value, 0.0)
    lower, other = found or (stay, stay)
    moved = lower.x - model.x
    length = float(np.linalg.norm(moved))
    direction = moved / length if length > 0 else np.zeros_like(moved)
    curvature = float(model.quadratic_form(direction))
    slope = float(direction @ model.gradient)
    falling = lower.falling and outcome != "unbounded"
    return Escape(
        x=lower.x.copy(),
        fun=lower.fun,
        decrease=probe.value - lower.fun,
        direction=direction,
        curvature=curvature,
        step=length,
        predicted=-(slope * length + curvature * length**2 / 2),
        both=(lower, other),
        success=outcome in MOVED,
        message=SENTENCES[outcome] + (STILL_FALLING if falling else ""),
        nfev=before[0] + probe.nfev,
        njev=before[1],
        point=point,
    )
