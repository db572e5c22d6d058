"""What the searches for a minimum have in common: the best point, the counts, and the endings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hesscape import _validate
from hesscape._validate import Array
from hesscape.escapes.result import Escape
from hesscape.linalg.symmetric import not_negative, zero_mode_basis
from hesscape.objective import Objective
from hesscape.verdicts.critical_point import CriticalPoint

if TYPE_CHECKING:  # imported where it is used: it takes longer than all the rest
    from scipy.optimize import OptimizeResult

# What is said of each outcome, and what would change it; the position is `status`.
SENTENCES = {
    "minimum": "a minimum, proven: the gradient vanishes within gtol and every {other}direction curves upwards",
    "probable": "a minimum with probability {confidence:.10g} over the random starts, which is no proof: the gradient "
    "vanishes within gtol and every {other}direction curves upwards, by {floor:.3g} or more",
    "unbounded": "the function seems to be unbounded below: its values fell all the way to the x given",
    "degenerate": "no minimum is proven, and no way down was found: {escape}",
    "open": "no minimum is shown: with probability {confidence:.10g} every {other}direction curves by {floor:.3g} or "
    "more, the lowest that was found by {lowest:.3g}, and values along that one are nowhere lower than noise explains",
    "gradient": "the gradient stays above gtol, and no step lowers the value by more than noise explains: the "
    "function may be noisy or not smooth there; raise gtol, or pass jac",
    "maxiter": "{nit} iterations were made: raise maxiter, or start from the x given",
    "rounds": "{rounds} escapes were made, and none led to a minimum: start elsewhere",
    "stopped": "the callback asked to stop",
    "lost": "no derivatives can be measured: {error}",
    "tail": "the gradient is below gtol and every {other}direction curves upwards, but no minimum is near: Newton steps "
    "shorten the gradient by little each, as on a tail that falls for ever; lower gtol, or start elsewhere",
}
POLISH = 8  # Newton steps at most, at the end of each round
QUICK = 0.1  # by which a Newton step shortens the gradient near a regular minimum
MOST_SHOULDERS = 3  # walks along steps that do not
BOTTOM = -1e100  # times the value at the start is taken for minus infinity
FAR = 1e12  # times the scale of the start is taken for infinity


class EndError(Exception):
    """Ends the local solver from within: the outcome is its argument."""


class Search:
    """The state of a minimisation that local solvers share."""

    def __init__(
        self, f: Objective, x: Array, gtol: float, zero_modes: Any, max_step: float | None
    ) -> None:
        self.f, self.x = f, x
        self.gtol = not_negative("gtol", gtol)
        self.tight = self.gtol  # for the local solver
        self.zero_modes = zero_modes
        self.other = "other " if zero_mode_basis(zero_modes, x.size)[0] else ""
        self.max_step = None if max_step is None else _validate.positive("max_step", max_step)
        self.point: CriticalPoint | None = None
        self.path: list[Escape] = []
        self.nit = self.nfev = self.njev = self.nhev = self.left = 0
        # The last trial point, and whether f is finite there.
        self.last: tuple[Array, bool] = (x, True)

    def begin(self, value: float, step: Array | float) -> None:
        """Set the scales by the value at the start, and a step that suits the coordinates."""
        self.value = value
        self.size = max(1.0, abs(value))
        self.far = FAR * np.maximum(np.maximum(np.abs(self.x), step), 1.0)

    def fun(self, x: Array) -> float:
        """Evaluate f for a local solver, and keep what is lower."""
        value = self.f.value(x)
        self.nfev += 1
        if value < self.value:
            self.reach(x, value)
        self.last = (x.copy(), bool(np.isfinite(value)))
        return np.inf if np.isnan(value) else value

    def inside(self, x: Array) -> bool:
        """Whether f is finite at a trial point."""
        if not np.array_equal(x, self.last[0]):
            self.fun(x)
        return self.last[1]

    def reach(self, x: Array, value: float) -> None:
        """Go to a point; an end of the search if it is at infinity."""
        self.x, self.value = x.copy(), value
        if value < BOTTOM * self.size or (np.abs(x) > self.far).any():
            raise EndError("unbounded")

    def derivatives_for(self, name: str) -> dict[str, Any]:
        """Give the derivatives that the solver of this name uses, as keywords of `scipy.optimize.minimize`."""
        raise NotImplementedError

    def options_for(self, name: str) -> dict[str, Any]:  # noqa: ARG002
        """Give the options of the solver of this name that differ from its own defaults."""
        return {}

    def result(self, outcome: str, words: dict[str, Any]) -> OptimizeResult:
        """Name the outcome."""
        from scipy.optimize import OptimizeResult

        success = outcome in ("minimum", "probable")
        return OptimizeResult(
            x=self.x,
            fun=self.value,
            success=success,
            status=0 if success else list(SENTENCES).index(outcome),
            message=SENTENCES[outcome].format(nit=self.nit, other=self.other, **words),
            nit=self.nit,
            nfev=self.nfev,
            njev=self.njev,
            nhev=self.nhev,
            point=self.point,
            path=self.path,
        )
