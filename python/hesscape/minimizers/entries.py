"""A search that measures whole Hessians."""

from __future__ import annotations

from typing import Any

import numpy as np

from hesscape._validate import Array
from hesscape.derivatives.model import TaylorModel
from hesscape.derivatives.taylor import gradient, taylor
from hesscape.escapes.walk import MARGIN, ROUNDING
from hesscape.objective import Objective
from hesscape.status import NonFiniteError
from hesscape.verdicts.by_entries import of_model
from hesscape.verdicts.conclude import conclude
from hesscape.verdicts.critical_point import CriticalPoint, Kind

from .local_solver import WITH_HESSIAN, WITHOUT_GRADIENT
from .search import POLISH, QUICK, Search


class EntrySearch(Search):
    """Measures a Taylor model at each point that is judged, and gives local solvers what it holds."""

    def first_look(self) -> tuple[float, Array]:
        """Measure the start."""
        self.model = self.measure(self.x)
        return self.model.value, self.model.step

    def derivatives(self, x: Array) -> TaylorModel:
        """Measure for a local solver; where f is not finite, which it will not accept, give what was measured last."""
        return self.measure(x) if self.inside(x) else self.model

    def measure(self, x: Array) -> TaylorModel:
        """Measure the Taylor model at x, unless it was measured last."""
        if not hasattr(self, "model") or not np.array_equal(self.model.x, x):
            self.model = taylor(self.f, x)
            self.nfev += self.model.nfev
            self.njev += self.model.njev
            self.nhev += 1
            if not (
                np.isfinite(self.model.gradient).all() and np.isfinite(self.model.hessian).all()
            ):
                raise NonFiniteError(f"derivatives overflow at x = {x}")
        return self.model

    def gradient(self, x: Array) -> Array:
        """Evaluate the gradient for a solver that needs no Hessian."""
        if np.array_equal(self.model.x, x) or not self.inside(x):
            here: Array = self.model.gradient
            return here
        if self.f.jac is not None:
            self.njev += 1
            rows: Array = self.f.gradients(x[None])
            return rows.reshape(-1)
        slope: Array = gradient(self._counted(), x)
        return slope

    def derivatives_for(self, name: str) -> dict[str, Any]:
        """Give the derivatives that the solver of this name uses."""
        if name in WITHOUT_GRADIENT:
            return {}
        if name in WITH_HESSIAN:
            return {
                "jac": lambda x: self.derivatives(x).gradient,
                "hess": lambda x: self.derivatives(x).hessian,
            }
        return {"jac": self.gradient}

    def _counted(self) -> Objective:
        f = self.f

        def fun(points: Array) -> Array:
            self.nfev += points.shape[0 if f.by_point else 1]
            return f.values(points)

        axis = 0 if f.by_point else -1
        return Objective(fun, vectorized=True, batch_axis=axis, noise=f.noise)

    def verdict(self, number: int) -> CriticalPoint:  # noqa: ARG002
        """Measure and classify."""
        return self.classified(self.x)

    def classified(self, x: Array) -> CriticalPoint:
        """Measure and classify a point."""
        return conclude(of_model(self.measure(x), self.question))[0]

    def settle(self) -> bool | None:
        """Take Newton steps on the measured gradient, which shorten it quickly if a regular minimum is near.

        Where they do not, x may have stopped on a shoulder, such as that of x**3, with a gradient below gtol: a walk
        along the step tells. Where it still does not after all of them, no minimum is near.
        """
        near = True
        for left in reversed(range(POLISH)):
            point = self.point
            assert point is not None
            assert point.taylor is not None
            model = point.taylor
            resolved = (np.abs(model.gradient) > model.gradient_error).any()
            if point.inertia[0] or not resolved or point.kind is Kind.degenerate:
                break
            step = model.newton_step()
            nearer = self.polished(point, step)
            if nearer is None or nearer.gradient_norm < QUICK * point.gradient_norm:
                if nearer is None or nearer.kind is Kind.minimum:
                    break
            elif self.shoulders > 0 and self.walked(step, self.measure(self.x).noise):
                return None
            near = left > 0
        return near

    def polished(self, point: CriticalPoint, step: Array) -> CriticalPoint | None:
        """Take a Newton step, if the value does not rise and the gradient becomes shorter."""
        assert point.taylor is not None
        y = self.x + step
        value = self.f.value(y)
        self.nfev += 1
        noise = max(point.taylor.noise, ROUNDING * abs(self.value))
        if not value - self.value <= MARGIN * noise:
            return None
        nearer = self.classified(y)
        if not nearer.gradient_norm < point.gradient_norm:
            return None
        self.point, self.x, self.value = nearer, y, value
        return nearer
