"""A run of the Lanczos process: what it asks for, what it proves, and where it stops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hesscape import _core
from hesscape._validate import Array
from hesscape.status import NonFiniteError

from .products import Products
from .random_start import Statement

NEAR_ENOUGH = 0.1  # residual of a way down, of its curvature
LOCK = 0.01  # residual of a vector that is locked, of its curvature
SPARE = 4  # vectors at the lower end that a restart keeps beside the negative ones


@dataclass(eq=False)
class End:
    """A measured quotient at one end of the spectrum."""

    value: float
    error: float
    direction: Array


class LanczosSearch:
    """Asks the source for the products that the core wants, and measures quotients at the ends."""

    def __init__(
        self, source: Products, lanczos: _core.Lanczos, statement: Statement, x: Array
    ) -> None:
        self.source, self.lanczos, self.statement, self.x = source, lanczos, statement, x
        self.negative = self.positive = False
        self.low: End | None = None
        self.high: End | None = None
        self.disagreement = 0.0  # of quotients with Ritz values, beyond their errors
        self.patience = {-1: 0, 1: 0}  # products before an end is measured again

    def run(self, need: str, tol: float, most: int) -> None:
        """Step until what is needed is known, and measure both ends."""
        self.step_until(need, most, tol)
        if need == "kind" and self.negative and self.positive:
            return
        self.low, self.high = self.measure(0), self.measure(-1)

    def step_until(self, need: str, most: int, tol: float = 0.0) -> None:
        """Step until what is needed is known, or as many products as may be were taken."""
        core = self.lanczos
        while True:
            self._step()
            self.statement.update(core)
            if self._enough(need, tol):
                break
            if core.status == _core.Krylov.exhausted:
                break
            if core.products + core.ask().shape[1] > most:
                break

    def _enough(self, need: str, tol: float) -> bool:
        if need == "spectrum":
            return self.converged(tol)
        if need == "inertia":
            return self._counted()
        if need == "way":
            lowest, residual = self.lanczos.values[0], self.lanczos.residuals[0]
            down = lowest < -self.lanczos.backward_error() and residual <= -NEAR_ENOUGH * lowest
            return bool(down) or self._counted()
        self._look_for_proofs()
        one_sign = self.statement.floor > 0 or self.statement.ceiling < 0
        return (self.negative and self.positive) or one_sign

    def negatives(self) -> int:
        """Count the Ritz values that are negative beyond the errors."""
        return int(np.count_nonzero(self.lanczos.values < -self.lanczos.backward_error()))

    def flat(self) -> bool:
        """Whether the lowest Ritz value that is not negative has converged to what the errors leave open."""
        core, k = self.lanczos, self.negatives()
        if core.values.size == k:
            return False
        error, residual = 2 * core.backward_error(), core.residuals[k]
        if core.status == _core.Krylov.exhausted:
            return bool(core.values[k] <= max(error, residual))
        return bool(core.values[k] <= error and residual <= error)

    def _counted(self) -> bool:
        """Whether all negative Ritz values have converged and the next one is seen, or many of too many have."""
        core, k = self.lanczos, self.negatives()
        values, residuals, error = core.values, core.residuals, core.backward_error()
        if self.statement.floor > 0 or self.flat():
            return True
        down = residuals[:k] <= np.maximum(LOCK * -values[:k], 2 * error)
        kept = core.values.size // 2
        if core.restarts and k > kept - SPARE:  # the restarts can not keep them all
            return bool(2 * down.sum() >= kept)
        return bool(
            values.size > k
            and down.all()
            and values[k] > error
            and residuals[k] <= NEAR_ENOUGH * values[k]
        )

    def _step(self) -> None:
        core = self.lanczos
        v, first = core.ask(), core.products == 0
        p, errors = self.source.products(v, measured=first)
        if not core.tell(p, errors):
            raise NonFiniteError(_core.Krylov.not_finite.message)
        if first:
            quotient = _core.rayleigh(v[:, 0], p[:, 0])
            self._note(quotient.value, float(errors[0]) + quotient.rounding)

    def _note(self, value: float, error: float) -> None:
        self.negative |= value < -error
        self.positive |= value > error

    def _look_for_proofs(self) -> None:
        core = self.lanczos
        values, error = core.values, core.backward_error()
        if not self.negative and values[0] < -error and core.products >= self.patience[-1]:
            self.low = self.measure(0)
            self.patience[-1] = 2 * core.products
        if not self.positive and values[-1] > error and core.products >= self.patience[1]:
            self.high = self.measure(-1)
            self.patience[1] = 2 * core.products

    def measure(self, i: int) -> End:
        """Measure the quotient of a Ritz vector by a product of its own."""
        core = self.lanczos
        end = self.measure_along(core.vector(i % core.values.size))
        beyond = abs(end.value - float(core.values[i])) - end.error - core.backward_error()
        self.disagreement = max(self.disagreement, beyond)
        return end

    def measure_along(self, u: Array) -> End:
        """Measure the quotient of a unit vector."""
        p, error = self.source.product(u, measured=True)
        quotient = _core.rayleigh(u, p)
        end = End(quotient.value, error + quotient.rounding, u)
        self._note(end.value, end.error)
        return end

    def converged(self, tol: float) -> bool:
        """Whether the residuals of both ends are within `tol` of the largest Ritz value."""
        values, residuals = self.lanczos.values, self.lanczos.residuals
        return bool(max(residuals[0], residuals[-1]) <= tol * np.abs(values).max())
