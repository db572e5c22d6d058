"""What is reported of the ways off a point, and whether they count."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from hesscape._report import evaluations, number, vector
from hesscape._validate import Array
from hesscape.krylov.products import products_of
from hesscape.objective import Objective
from hesscape.verdicts.critical_point import CriticalPoint

from .walk import Probe, Side

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
    "probable": "every direction curves upwards with the probability of the verdict, which is no proof, and nothing was "
    "moved",
    "open": "no way down was found: negative curvature is not proven, and the values along the lowest curvature that "
    "products found are nowhere lower than noise explains",
    "noise": "a way down is proven, but no value along it is lower than noise explains: average more values, or "
    "raise max_step",
    "none": "no way down was found: values along the flat directions, their combinations and the valleys above "
    "them are nowhere lower than noise explains; if the directions are symmetries, pass zero_modes",
}
STILL_FALLING = "; the value was still falling at the longest step: raise max_step, or the function is unbounded below"
SAME = 1e-12  # one minus the cosine of directions that are the same
MOVED = ("curvature", "flat", "valley", "gradient", "unbounded")


@dataclass(frozen=True, eq=False)
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
        start, before = self.point.x, self.fun + self.decrease
        assert start is not None
        if not self.success:
            lines = [f"no escape from this point ({kind})", f"  from         {vector(self.x)}"]
        else:
            value = f"{number(before, 8)} -> {number(self.fun, 8)}"
            fall, predicted = number(self.decrease), number(self.predicted)
            other = self.both[1]
            lines = [
                f"escape from this point ({kind})",
                f"  from         {vector(start)}",
                f"  to           {vector(self.x)}",
                f"  value        {value} (lower by {fall}; the model says {predicted})",
                f"  direction    {vector(self.direction)}, curvature {number(self.curvature)}",
                f"  length       {number(self.step)}",
                f"  other side   {number(other.fun, 8)} after {number(other.step)}",
            ]
        lines.append(f"  evaluations  {evaluations(self.nfev, self.njev)}")
        return "\n".join([*lines, f"  {self.message}"])


class Attempt(NamedTuple):
    """Where a walk led, under the name of what is said if it is accepted."""

    outcome: str
    sides: tuple[Side, ...]


def accepted(probe: Probe, attempt: Attempt) -> tuple[Side, Side] | None:
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


def result(
    f: Objective,
    probe: Probe,
    point: CriticalPoint,
    outcome: str,
    found: tuple[Side, Side] | None,
    before: tuple[int, int],
) -> Escape:
    """Put the outcome together; `before` counts the values and gradients of the classification, if it was made."""
    stay = Side(probe.x, probe.value, 0.0)
    lower, other = found or (stay, stay)
    moved = lower.x - probe.x
    length = float(np.linalg.norm(moved))
    direction = moved / length if length > 0 else np.zeros_like(moved)
    curvature, njev = curvature_along(f, point, direction)
    slope = 0.0 if point.gradient is None else float(direction @ point.gradient)
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
        njev=before[1] + njev,
        point=point,
    )


def curvature_along(f: Objective, point: CriticalPoint, u: Array) -> tuple[float, int]:
    """Tell how f curves along a unit vector, and how many gradients that took."""
    model, found = point.taylor, point.curvature
    if model is not None or not u.any():
        return (0.0 if model is None else float(model.quadratic_form(u))), 0
    if found is not None and abs(abs(float(u @ found.lowest_direction)) - 1) < SAME:
        return found.lowest, 0
    assert point.x is not None
    source = products_of(f, point.x, point.gradient)
    return float(u @ source.product(u, measured=False)[0]), source.njev
