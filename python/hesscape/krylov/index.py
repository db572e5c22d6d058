"""How many eigenvalues are negative: proven ones, and with a probability no more than these."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hesscape import _core
from hesscape._validate import Array
from hesscape.linalg.stacks import inertia

from .exclude import Ends, Excluded, exclude
from .lanczos import LOCK, LanczosSearch
from .products import Products
from .random_start import Statement, least_component_of_block

EPS = float(np.finfo(np.float64).eps)
MOST_LOCKED = 64  # vectors
LEVEL = 0.1  # of the lowest positive Ritz value is shown to be a bound
STEPS = 24  # of a block, at least, before a restart
INSIDE = 0.9  # of it is where the filter begins
FLAT = 1e-2  # of the largest eigenvalue may be negative where some are flat
FLAT_PRODUCTS = 1000  # at most for that, whatever is left
ABOVE = 0.05  # of the spread is left above the highest Ritz value, where no bound of it is known


class Count(NamedTuple):
    """How many eigenvalues are negative.

    Attributes
    ----------
    proven : int
        At least so many.
    most : int or None
        At most so many, with the probability that was asked for; None where that is not known.
    floor : float
        With that probability no eigenvalue is lower; minus infinity where some are negative.
    """

    proven: int
    most: int | None
    floor: float


class Counter:
    """Locks what a search found to be negative, and excludes or finds more on the complement.

    Round r may be wrong with probability ``delta / (r (r + 1))``, so that one of them is with `delta` at most.
    """

    def __init__(
        self,
        search: LanczosSearch,
        modes: Array,
        limit: int,
        delta: float,
        most: int,
        rng: np.random.Generator,
    ) -> None:
        self.search, self.source = search, search.source
        self.modes, self.limit, self.delta, self.most, self.rng = modes, limit, delta, most, rng
        self.locked = np.empty((modes.shape[0], 0), order="F")
        self.ceiling = float(np.inf)
        self.norm = float(np.abs(search.lanczos.values).max())
        self.width = suited_width(self.source, limit)

    def run(self) -> Count:
        """Go on from a search that has run until it is known, or the products are used up."""
        most, floor, number = None, -np.inf, 0
        while most is None:
            number += 1
            known = self._lock()
            if self.search.statement.floor > 0 or self._full():
                most, floor = self.locked.shape[1], self.search.statement.floor
                break
            delta = self.delta / (number * (number + 1))
            spent = self.source.count >= self.most
            if self.search.flat() or (spent and known is None):
                floor = self._flat_floor(delta)
                break
            if spent or self.locked.shape[1] >= MOST_LOCKED:
                break
            start = self._random()
            if known is not None:
                alpha, beta = known
                level = LEVEL * alpha
                found = self._excluded(start, delta, (level, alpha, beta), self._left())
                if found.holds:
                    most, floor = self.locked.shape[1], level
                    break
                start = found.vectors
                if found.quotient > found.error:  # nothing is seen that would be negative
                    break
            self._search_again(start, delta, random=known is None)
        everywhere = floor if not self.locked.size else -np.inf
        return Count(proven_negative(self.source, self.locked), most, everywhere)

    def _excluded(
        self, start: Array, delta: float, ends: tuple[float, float, float], most: int
    ) -> Excluded:
        basis = self._basis()
        least = least_component_of_block(len(start) - basis.shape[1], start.shape[1], delta)
        norm = max(ends[-1], self.norm)
        return exclude(self.source, basis, start, least, Ends(*ends, norm), most)

    def _flat_floor(self, delta: float) -> float:
        """Give what no eigenvalue is below where some are flat: a small part of the spectrum below zero."""
        beta = self._top()
        level = -FLAT * beta
        if not beta > 0 or self.locked.size:
            return -np.inf
        ends = level, 0.0, beta
        found = self._excluded(self._random(), delta, ends, FLAT_PRODUCTS)
        return level if found.holds else -np.inf

    def _top(self) -> float:
        values, residuals = self.search.lanczos.values, self.search.lanczos.residuals
        top = values[-1] + residuals[-1] + ABOVE * (values[-1] - values[0])
        return float(min(top, self.ceiling))

    def _left(self) -> int:
        return max(0, self.most - self.source.count)

    def _basis(self) -> Array:
        return np.asfortranarray(np.hstack([self.modes, self.locked]))

    def _full(self) -> bool:
        """Whether no direction is left."""
        return bool(self.modes.shape[1] + self.locked.shape[1] >= self.modes.shape[0])

    def _random(self) -> Array:
        n = int(self.modes.shape[0])
        left = n - self.modes.shape[1] - self.locked.shape[1]
        return random_start(self.rng, n, self.width if left >= 2 * self.width else 1)

    def _lock(self) -> tuple[float, float] | None:
        """Lock the negative Ritz vectors that have converged; the ends of the rest, if all of them have."""
        core, k = self.search.lanczos, self.search.negatives()
        values, residuals = core.values, core.residuals
        good = residuals[:k] <= np.maximum(LOCK * -values[:k], 2 * core.backward_error())
        spent = self.source.count >= self.most  # then they serve as a proof at least
        chosen = [i for i in range(k) if good[i] or spent][: MOST_LOCKED - self.locked.shape[1]]
        if chosen:
            vectors = np.column_stack([self.locked, *(core.vector(i) for i in chosen)])
            self.locked = np.asfortranarray(np.linalg.qr(vectors)[0])
        self.ceiling = min(self.ceiling, float(self.search.statement.ceiling))
        if len(chosen) < k or values.size == k or not values[k] > residuals[k]:
            return None
        return INSIDE * float(values[k] - residuals[k]), self._top()

    def _search_again(self, start: Array, delta: float, *, random: bool) -> None:
        basis = self._basis()
        n, width = start.shape
        statement = Statement(n - basis.shape[1], delta, width=width)
        if not random:
            statement.least = 0.0
        core = _core.Lanczos(start, zero_modes=basis, limit=self.limit)
        search = LanczosSearch(self.source, core, statement, self.search.x)
        self.search = search
        search.step_until("inertia", max(1, self._left()))


def suited_width(source: Products, limit: int) -> int:
    """Give the columns of a block: as many products as one call gives, if a basis of `limit` vectors suits them."""
    return max(1, min(source.width, limit // STEPS))


def random_start(rng: np.random.Generator, n: int, width: int) -> Array:
    """Draw a block, its columns one after the other."""
    return rng.standard_normal((width, n)).T


def proven_negative(source: Products, vectors: Array) -> int:
    """Count the negative eigenvalues that vectors (n, k) prove to exist.

    Where VᵀHV is negative on a subspace, H is on its image, which has the same dimension: the vectors need be neither
    orthogonal nor of unit length.
    """
    n, k = vectors.shape
    if not k:
        return 0
    projected, error = np.empty((k, k)), np.empty((k, k))
    lengths = np.linalg.norm(vectors, axis=0)
    for j in range(k):
        p, e = source.product(vectors[:, j] / lengths[j], measured=True)
        projected[:, j] = vectors.T @ p * lengths[j]
        rounding = (n + 8) * EPS * float(np.linalg.norm(p))
        error[:, j] = lengths * lengths[j] * (e + rounding) * (1 + 1e-9)
    return int(inertia((projected + projected.T) / 2, error=(error + error.T) / 2)[0])
