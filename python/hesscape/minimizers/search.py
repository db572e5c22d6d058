"""The search for a minimum: local solver, verdict and escape in turn, the best point, the counts, and the endings."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from hesscape import _validate
from hesscape._validate import Array
from hesscape.escapes.escape import leave
from hesscape.escapes.result import Escape
from hesscape.escapes.walk import Probe, walk
from hesscape.krylov.curvature import DELTA
from hesscape.objective import Objective
from hesscape.status import NonFiniteError
from hesscape.verdicts.critical_point import CriticalPoint, Kind
from hesscape.verdicts.evidence import Question

if TYPE_CHECKING:  # imported where it is used: it takes longer than all the rest
    from scipy.optimize import OptimizeResult

Ending: TypeAlias = tuple[str, dict[str, Any]]  # the outcome, and what its sentence needs

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
MOST_ROUNDS = 100  # of local solver, verdict and escape
POLISH = 8  # Newton steps at most, at the end of each round
QUICK = 0.1  # by which a Newton step shortens the gradient near a regular minimum
MOST_SHOULDERS = 3  # walks along steps that do not
BOTTOM = -1e100  # times the value at the start is taken for minus infinity
FAR = 1e12  # times the scale of the start is taken for infinity


class EndError(Exception):
    """Ends the local solver from within: the outcome is its argument."""


class Search:
    """A minimisation; where its derivatives and verdicts come from is its subclasses' own."""

    def __init__(self, f: Objective, x: Array, question: Question, max_step: float | None) -> None:
        self.f, self.x, self.question = f, x, question
        self.tight = question.gtol  # for the local solver
        self.most = np.inf if max_step is None else _validate.positive("max_step", max_step)
        self.shoulders = MOST_SHOULDERS
        self.point: CriticalPoint | None = None
        self.path: list[Escape] = []
        self.nit = self.nfev = self.njev = self.nhev = self.left = 0
        # The last trial point, and whether f is finite there.
        self.last: tuple[Array, bool] = (x, True)
        self.value = np.inf

    def start(self) -> None:
        """Look at the start, which sets the scales."""
        self.value, step = self.first_look()
        self.size = max(1.0, abs(self.value))
        self.far = FAR * np.maximum(np.maximum(np.abs(self.x), step), 1.0)

    def first_look(self) -> tuple[float, Array]:
        """Give the value at the start, and a step that suits each coordinate."""
        raise NotImplementedError

    def derivatives_for(self, name: str) -> dict[str, Any]:
        """Give the derivatives that the solver of this name uses, as keywords of `scipy.optimize.minimize`."""
        raise NotImplementedError

    def options_for(self, name: str) -> dict[str, Any]:  # noqa: ARG002
        """Give the options of the solver of this name that differ from its own defaults."""
        return {}

    def descend(self, solver: Callable[[], None]) -> None:
        """Run the local solver."""
        if self.left > 0:
            solver()

    def verdict(self, number: int) -> CriticalPoint:
        """Classify x, for the `number`-th time."""
        raise NotImplementedError

    def settle(self) -> bool | None:
        """Tell whether a minimum is near, as Newton steps show, or None where they led on to something lower."""
        raise NotImplementedError

    def left_along(self, way: Escape) -> None:
        """Know that an escape succeeded."""

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

    def run(self, solver: Callable[[], None]) -> Ending:
        """Alternate local solver, verdict and escape, until one of them ends the search."""
        try:
            for number in range(1, MOST_ROUNDS + 1):
                self.descend(solver)
                ended = self.judge(number)
                if ended is not None:
                    return ended
            return "rounds", {"rounds": MOST_ROUNDS}
        except EndError as end:
            return str(end), {}
        except NonFiniteError as error:
            return "lost", {"error": error}

    def judge(self, number: int) -> Ending | None:
        """Classify x, and take the way off if it is no minimum; None where the search goes on from there."""
        point = self.point = self.verdict(number)
        near = self.settle()
        if near is None:
            return None
        point = self.point
        words = {}
        if point.curvature is not None:
            found = point.curvature
            words = {"confidence": 1 - DELTA, "floor": found.floor, "lowest": found.lowest}
        if point.kind is Kind.minimum and point.confidence:
            return (("minimum" if point.certain else "probable") if near else "tail"), words
        if self.left <= 0:
            return "maxiter", {}
        proven = point.inertia[0] > 0 or point.kind is Kind.not_critical
        if point.taylor is None and not proven:
            self.shoulders -= 1  # along flat valleys f may fall by ever less
            if self.shoulders < 0:
                return "open", words
        way = self.escaped(point)
        if way.success:
            self.left_along(way)
            return None
        if point.kind is Kind.not_critical:
            return "gradient", {}
        if point.taylor is None and not proven:
            return "open", words
        return "degenerate", {"escape": way.message}

    def escaped(self, point: CriticalPoint) -> Escape:
        """Take the way off a point, if there is one."""
        way = leave(self.f, point, self.question, self.most)
        self.nfev += way.nfev
        self.njev += way.njev
        if way.success:
            self.path.append(way)
            self.reach(way.x, way.fun)
        return way

    def walked(self, step: Array, noise: float) -> bool:
        """Walk from x along a step as long as the value falls; whether it fell by more than noise explains."""
        self.shoulders -= 1
        length = float(np.linalg.norm(step))
        if not (np.isfinite(length) and length > 0):
            return False
        probe = Probe(self.f, self.x, self.value, noise)
        u = step / length
        (side,) = walk(probe, u, length, shortest=length / 2, longest=self.most, signs=(1.0,))
        explained = side.step == 0 or probe.explained(side.x, side.fun, evident=True)[0]
        self.nfev += probe.nfev
        if not explained:
            self.reach(side.x, side.fun)
        return not explained

    def result(self, ending: Ending) -> OptimizeResult:
        """Name the outcome."""
        from scipy.optimize import OptimizeResult

        outcome, words = ending
        success = outcome in ("minimum", "probable")
        point = self.point
        if point is not None and (point.x is None or not np.array_equal(point.x, self.x)):
            point = None
        known = {}
        if point is not None and point.gradient is not None:
            known["jac"] = point.gradient
        if point is not None and point.taylor is not None:
            known["hess"] = point.taylor.hessian
        other = "other " if self.question.zero_modes else ""
        return OptimizeResult(
            x=self.x,
            fun=self.value,
            success=success,
            status=0 if success else list(SENTENCES).index(outcome),
            message=SENTENCES[outcome].format(nit=self.nit, other=other, **words),
            nit=self.nit,
            nfev=self.nfev,
            njev=self.njev,
            nhev=self.nhev,
            point=point,
            path=self.path,
            **known,
        )
