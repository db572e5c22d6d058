"""Minimisation in many coordinates, where the verdicts come from products with the Hessian."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from hesscape import _core
from hesscape._validate import Array
from hesscape.derivatives.given import axes_of
from hesscape.escapes.by_products import leave_by_products
from hesscape.escapes.result import Escape
from hesscape.escapes.walk import ROUNDING, Probe, walk
from hesscape.krylov.curvature import DELTA, CurvatureBounds, basis_of
from hesscape.krylov.products import Products, gradient_at, products_of
from hesscape.objective import Objective
from hesscape.status import NonFiniteError
from hesscape.verdicts.by_products import classify_by_products
from hesscape.verdicts.critical_point import Kind

from .local_solver import WITH_HESSIAN, WITHOUT_GRADIENT
from .search import MOST_SHOULDERS, POLISH, QUICK, EndError, Search

if TYPE_CHECKING:  # imported where it is used: it takes longer than all the rest
    from scipy.optimize import OptimizeResult

MOST_ROUNDS = 100
MOST_RUNS = 10  # of the local solver, which may stop early, in each round
TIGHTER = 10.0  # than before the gradient has to be, where an escape led to little
MOST_STEPS = 200  # of conjugate gradients, for a Newton step


class LargeSearch(Search):
    """A search that uses gradients and products only."""

    def __init__(
        self, f: Objective, x: Array, gtol: float, zero_modes: Any, max_step: float | None
    ) -> None:
        super().__init__(f, x, gtol, zero_modes, max_step)
        self.modes = basis_of(zero_modes, x.size)
        self.guess: Array | None = None  # of the way down, from the verdict before
        self.shoulders = MOST_SHOULDERS
        self.slope: tuple[Array, Array] | None = None  # the last point, and the gradient there
        self.source: tuple[Array, Products] | None = None

    def start(self) -> None:
        """Evaluate the start, which sets the scales."""
        value = self.f.value(self.x)
        self.nfev += 1
        if not np.isfinite(value):
            words = _core.Status.not_finite.message
            raise NonFiniteError(f"fun is {value} at x = {self.x}: {words}")
        self.begin(value, _core.natural_steps(self.x))

    def gradient(self, x: Array) -> Array:
        """Evaluate the gradient; where f is not finite, which no solver accepts, give the last one."""
        if self.slope is not None and (np.array_equal(self.slope[0], x) or not self.inside(x)):
            return self.slope[1]
        g: Array
        if self.f.jac is None:
            axes = axes_of(self.f, x, np.empty(0))
            g = axes.gradient[0].copy()
            self.nfev += int(axes.nfev[0])
        else:
            g = gradient_at(self.f, x.copy()).copy()
            self.njev += 1
        if not np.isfinite(g).all():
            raise NonFiniteError(f"jac is not finite at x = {x}: move x into its domain")
        self.slope = x.copy(), g
        return g

    def product(self, x: Array, p: Array) -> Array:
        """Multiply the Hessian at x by a vector."""
        length = float(np.linalg.norm(p))
        if not length:
            return np.zeros_like(p)
        if self.source is None or not np.array_equal(self.source[0], x):
            gradient = self.gradient(x) if self.f.jac is not None else None
            self.source = x.copy(), products_of(self.f, x.copy(), gradient)
        source = self.source[1]
        before = source.njev
        product, _ = source.product(p / length, measured=False)
        self.njev += source.njev - before
        self.nhev += 1
        scaled: Array = product * length
        return scaled

    def derivatives_for(self, name: str) -> dict[str, Any]:
        """Give the derivatives that the solver of this name uses."""
        if name in WITHOUT_GRADIENT:
            return {}
        if name in WITH_HESSIAN:
            return {"jac": self.gradient, "hessp": self.product}
        return {"jac": self.gradient}

    def options_for(self, name: str) -> dict[str, Any]:
        """Let the gradient alone decide when L-BFGS-B stops."""
        if name != "l-bfgs-b":
            return {}
        return {"gtol": self.tight, "ftol": 0.0, "maxcor": 20, "maxfun": 10**9}

    def run(self, solver: Callable[[], None]) -> tuple[str, dict[str, Any]]:
        """Alternate local solver, verdict and escape; the outcome, and what its sentence needs."""
        try:
            for number in range(1, MOST_ROUNDS + 1):
                self.descend(solver)
                # Of all verdicts together, one is wrong with a probability of DELTA at most.
                ended = self.judge(DELTA / (number * (number + 1)))
                if ended is not None:
                    return ended
            return "rounds", {"rounds": MOST_ROUNDS}
        except EndError as end:
            return str(end), {}
        except NonFiniteError as error:
            return "lost", {"error": error}

    def descend(self, solver: Callable[[], None]) -> None:
        """Run the local solver until the gradient is within gtol, or f no longer falls."""
        for _ in range(MOST_RUNS):
            if self.left <= 0 or not (np.abs(self.gradient(self.x)) > self.tight).any():
                return
            before = self.value
            solver()
            if not self.value < before - ROUNDING * abs(before):
                return

    def judge(self, delta: float) -> tuple[str, dict[str, Any]] | None:
        """Classify x, and take the way off if there is one: None, as it is for a shoulder that was left."""
        found = self.verdict(delta)
        words = {
            "confidence": 1 - DELTA,
            "floor": found.floor,
            "lowest": found.lowest,
        }
        assert self.point is not None
        if self.point.kind is Kind.minimum and self.point.confidence:
            outcome = self.nearness(found)
            return None if outcome is None else (outcome, words)
        if self.left <= 0:
            return "maxiter", {}
        if not found.proven_negative and self.point.kind is Kind.degenerate:
            self.shoulders -= 1  # along flat valleys f may fall by ever less
            if self.shoulders < 0:
                return "open", words
        way = self.escaped()
        if way.success:
            # Where gradients within gtol explain the decrease, x may have been off a valley of minima.
            if way.decrease * abs(found.lowest) <= self.x.size * self.gtol**2:
                self.tight /= TIGHTER
            return None
        if self.point.kind is Kind.not_critical:
            return "gradient", {}
        return ("degenerate", {"escape": way.message}) if found.proven_negative else ("open", words)

    def verdict(self, delta: float) -> CurvatureBounds:
        """Classify x, starting from near the lowest direction of the point before."""
        self.point = classify_by_products(
            self.f, self.x, self.gtol, "way", self.zero_modes, delta=delta, guess=self.guess
        )
        found = self.point.curvature
        assert found is not None
        self.nfev += self.point.nfev
        self.njev += self.point.njev
        self.nhev += found.n_products
        self.guess = found.lowest_direction
        return found

    def nearness(self, found: CurvatureBounds) -> str | None:
        """Tell a minimum from a tail; None where the walk off a shoulder goes on.

        Near a regular minimum a Newton step shortens the gradient quickly. Where none does, x may have stopped on a
        shoulder, with a gradient below gtol: a walk along the step tells.
        """
        size = max(abs(found.lowest), abs(found.highest))
        rounding = ROUNDING * size * float(np.abs(self.x).max()) + found.gradient_noise
        x = self.x
        for _ in range(POLISH):
            if not (np.abs(self.gradient(x)) > rounding).any():
                return "probable"
            step = self.newton_step(x)
            if step is None or self.shortened(x, step):
                return "probable"
            if self.shoulders > 0 and self.walked(step):
                return None
            x = x + step
        return "tail"

    def newton_step(self, x: Array) -> Array | None:
        """Solve for the Newton step by conjugate gradients; None where they are too slow to tell."""
        from scipy.sparse.linalg import LinearOperator, cg

        def projected(v: Array) -> Array:
            return v - self.modes @ (self.modes.T @ v)

        operator = LinearOperator(
            (x.size, x.size), matvec=lambda v: projected(self.product(x, v)), dtype=np.float64
        )
        step, failure = cg(
            operator, -projected(self.gradient(x)), rtol=QUICK / 2, maxiter=MOST_STEPS
        )
        return step if failure == 0 and np.isfinite(step).all() else None

    def shortened(self, x: Array, step: Array) -> bool:
        """Whether a step shortens the gradient as near a regular minimum, f being finite there."""
        before = float(np.linalg.norm(self.gradient(x)))
        y = x + step
        finite = bool(np.isfinite(self.f.value(y)))  # x stays the point that was judged
        self.nfev += 1
        self.last = y, finite
        return finite and bool(np.linalg.norm(self.gradient(y)) < QUICK * before)

    def walked(self, step: Array) -> bool:
        """Walk from x along a step as long as the value falls; whether it fell by more than noise explains."""
        self.shoulders -= 1
        length, most = float(np.linalg.norm(step)), self.max_step or np.inf
        if not (np.isfinite(length) and length > 0):
            return False
        probe = Probe(self.f, self.x, self.value, self.f.noise or 0.0)
        u = step / length
        (side,) = walk(probe, u, length, shortest=length / 2, longest=most, signs=(1.0,))
        explained = side.step == 0 or probe.explained(side.x, side.fun, evident=True)[0]
        self.nfev += probe.nfev
        if not explained:
            self.reach(side.x, side.fun)
        return not explained

    def escaped(self) -> Escape:
        """Take the way off the point that was judged, if there is one."""
        assert self.point is not None
        most = np.inf if self.max_step is None else self.max_step
        way = leave_by_products(self.f, self.point, most, (0, 0))
        self.nfev += way.nfev
        self.njev += way.njev
        if way.success:
            self.path.append(way)
            self.reach(way.x, way.fun)
        return way

    def result(self, outcome: str, words: dict[str, Any]) -> OptimizeResult:
        """Name the outcome."""
        judged = None if self.point is None else self.point.curvature
        here = judged is not None and np.array_equal(judged.x, self.x)
        if not here:
            self.point = None
        found = super().result(outcome, words)
        if judged is not None and here:
            found.jac = judged.gradient
        return found
