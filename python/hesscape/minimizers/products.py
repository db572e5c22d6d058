"""A search that uses gradients and products with the Hessian only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from hesscape import _core
from hesscape._validate import Array
from hesscape.derivatives.given import axes_of
from hesscape.escapes.result import Escape
from hesscape.escapes.walk import ROUNDING
from hesscape.krylov.curvature import DELTA
from hesscape.krylov.products import Products, gradient_at, products_of
from hesscape.objective import Objective
from hesscape.status import NonFiniteError
from hesscape.verdicts import by_products
from hesscape.verdicts.conclude import conclude
from hesscape.verdicts.critical_point import CriticalPoint, Kind
from hesscape.verdicts.evidence import Question

from .local_solver import WITH_HESSIAN, WITHOUT_GRADIENT
from .search import POLISH, QUICK, Search

MOST_RUNS = 10  # of the local solver, which may stop early, in each round
TIGHTER = 10.0  # than before the gradient has to be, where an escape led to little
MOST_STEPS = 200  # of conjugate gradients, for a Newton step


class ProductSearch(Search):
    """Forms no matrix: verdicts are those of products, and start from near the lowest direction of the one before."""

    def __init__(self, f: Objective, x: Array, question: Question, max_step: float | None) -> None:
        super().__init__(f, x, question._replace(need="way"), max_step)
        self.guess: Array | None = None  # of the way down, from the verdict before
        self.slope: tuple[Array, Array] | None = None  # the last point, and the gradient there
        self.source: tuple[Array, Products] | None = None

    def first_look(self) -> tuple[float, Array]:
        """Evaluate the start."""
        value = self.f.value(self.x)
        self.nfev += 1
        if not np.isfinite(value):
            words = _core.Status.not_finite.message
            raise NonFiniteError(f"fun is {value} at x = {self.x}: {words}")
        return value, _core.natural_steps(self.x)

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

    def descend(self, solver: Callable[[], None]) -> None:
        """Run the local solver until the gradient is within gtol, or f no longer falls."""
        for _ in range(MOST_RUNS):
            if self.left <= 0 or not (np.abs(self.gradient(self.x)) > self.tight).any():
                return
            before = self.value
            solver()
            if not self.value < before - ROUNDING * abs(before):
                return

    def verdict(self, number: int) -> CriticalPoint:
        """Classify x; of all verdicts together, one is wrong with a probability of `DELTA` at most."""
        delta = DELTA / (number * (number + 1))
        found = by_products.gather(self.f, self.x, self.question, delta=delta, guess=self.guess)
        point = conclude(found)[0]
        assert point.curvature is not None
        self.nfev += point.nfev
        self.njev += point.njev
        self.nhev += point.curvature.n_products
        self.guess = point.curvature.lowest_direction
        return point

    def settle(self) -> bool | None:
        """Tell a minimum from a tail by Newton steps.

        Near a regular minimum a step shortens the gradient quickly. Where none does, x may have stopped on a shoulder,
        with a gradient below gtol: a walk along the step tells.
        """
        assert self.point is not None
        found = self.point.curvature
        assert found is not None
        if not (self.point.kind is Kind.minimum and self.point.confidence):
            return False
        size = max(abs(found.lowest), abs(found.highest))
        rounding = ROUNDING * size * float(np.abs(self.x).max()) + found.gradient_noise
        x = self.x
        for _ in range(POLISH):
            if not (np.abs(self.gradient(x)) > rounding).any():
                return True
            step = self.newton_step(x)
            if step is None or self.shortened(x, step):
                return True
            if self.shoulders > 0 and self.walked(step, self.f.noise or 0.0):
                return None
            x = x + step
        return False

    def newton_step(self, x: Array) -> Array | None:
        """Solve for the Newton step by conjugate gradients; None where they are too slow to tell."""
        from scipy.sparse.linalg import LinearOperator, cg

        modes = self.question.basis

        def projected(v: Array) -> Array:
            return v if modes is None else v - modes @ (modes.T @ v)

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

    def left_along(self, way: Escape) -> None:
        """Ask the local solver for more where gradients within gtol explain the decrease: x may be off a valley."""
        found = way.point.curvature
        assert found is not None
        if way.decrease * abs(found.lowest) <= self.x.size * self.question.gtol**2:
            self.tight /= TIGHTER
