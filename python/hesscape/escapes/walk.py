"""Values along directions: how far to walk, and whether noise explains what was found."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hesscape import _core
from hesscape._validate import Array
from hesscape.objective import Objective
from hesscape.status import NonFiniteError
from hesscape.verdicts.critical_point import CriticalPoint

MOST_VALUES = 60  # along one side of a line
MARGIN = 6.0  # standard deviations that noise does not reach
EVIDENT = 1e3  # standard deviations that need no second look
FARTHEST = 2.0**30  # times the first step, unless the longest step is given
WORTHWHILE = 0.01  # of the decrease so far has to be gained by another doubling
REPEATS = 12
ROUNDING = 8 * float(np.finfo(float).eps)
BLUR = (2.0**-46, 2.0**-34, 2.0**-22)  # displacements that show erratic rounding, of x
LARGEST_BLOCK = 2**20  # numbers in one block of points
TREMOR = 2.0**-14  # of a step: values that near differ by noise and what differences remove
SAMPLES = 9  # of them
ORDER = 4  # of the differences that tell scatter from what is smooth
SCATTER = math.factorial(ORDER) ** 2 / math.factorial(2 * ORDER)  # over the square of a difference


class Side(NamedTuple):
    """The lowest point met on one side of a line.

    Attributes
    ----------
    x : (n,) ndarray
    fun : float
    step : float
        Length walked; zero when no value on this side was lower.
    falling : bool
        Whether the value still fell at the longest step that was allowed.
    """

    x: Array
    fun: float
    step: float
    falling: bool = False


class Probe:
    """An objective around a point, counting its values: what is not finite is infinitely high, -inf excepted."""

    def __init__(self, f: Objective, x: Array, value: float, noise: float) -> None:
        self.f, self.x, self.value = f, x, value
        self.noise = max(noise, ROUNDING / 8 * abs(value))
        self.least = (
            f.noise or 0.0
        )  # standard deviation that is known, not estimated from differences
        self.curvature: Array = np.zeros_like(x)  # along the coordinates
        self.scale: Array = np.ones_like(x)  # of displacements
        self.nfev = 0

    @classmethod
    def at(cls, f: Objective, point: CriticalPoint) -> Probe:
        """Evaluate around a point that was classified; with its measurement, if there is one."""
        model = point.taylor
        if model is not None:
            return cls(f, model.x, model.value, model.noise)
        assert point.x is not None
        value = f.value(point.x)
        if not np.isfinite(value):
            raise NonFiniteError(f"fun is {value} at x = {point.x}: move x into its domain")
        probe = cls(f, point.x, value, f.noise or 0.0)
        probe.nfev, probe.scale = 1, _core.natural_steps(point.x)
        return probe

    def listen(self, u: Array) -> None:
        """Find the noise by differences of values along a direction, for want of a measurement."""
        with np.errstate(divide="ignore"):
            suited = float(np.min(self.scale / np.abs(u)))
        values = self(self.x + TREMOR * suited * np.arange(1, SAMPLES + 1)[:, None] * u)
        if np.isfinite(values).all():
            self.noise = max(self.noise, scatter_of(values))

    def settle(self) -> None:
        """Ask for the value at x again; if fun is random, average it, and see how far it scatters."""
        if self(self.x[None])[0] == self.value:
            return
        again = self(np.tile(self.x, (REPEATS, 1)))
        if np.isfinite(again).all():
            self.value = float(again.mean())
            self.least = max(self.least, float(again.std(ddof=1)))
            self.noise = max(self.noise, self.least)

    def __call__(self, points: Array) -> Array:
        """Evaluate points that are rows, (m, n)."""
        most = max(1, LARGEST_BLOCK // self.x.size)
        return np.concatenate(
            [self._block(points[k : k + most]) for k in range(0, len(points), most)]
        )

    def _block(self, points: Array) -> Array:
        block = points if self.f.by_point else np.ascontiguousarray(points.T)
        block.flags.writeable = False
        with np.errstate(all="ignore"):  # a walk may leave the domain of fun, and is told so
            values = self.f.values(block)
        self.nfev += len(points)
        return np.where(np.isnan(values), np.inf, values)

    def along(self, directions: Array, lengths: Array) -> Array:
        """Evaluate x + t d for all lengths t (m, r) of each direction d (m, n); inf where t is nan."""
        values = np.full(lengths.shape, np.inf)
        i, j = np.nonzero(~np.isnan(lengths))
        most = max(1, LARGEST_BLOCK // self.x.size)  # points at once
        for k in range(0, i.size, most):
            some = i[k : k + most], j[k : k + most]
            values[some] = self(self.x + lengths[some][:, None] * directions[some[0]])
        return values

    def reach(self, displacements: Array) -> Array:
        """How long displacements (..., n) are, in the scales of the coordinates."""
        with np.errstate(over="ignore", invalid="ignore"):
            longest: Array = np.max(np.abs(displacements) / self.scale, axis=-1)
        return longest

    def tolerance(self, values: Array | float, reach: Array) -> Array:
        """How far noise and rounding may move values at points so far away."""
        size = np.where(np.isfinite(values), np.abs(values), abs(self.value))
        rounding = np.maximum(ROUNDING * size, self.rounding(reach))
        return np.maximum(MARGIN * self.noise, rounding)

    def rounding(self, reach: Array) -> Array:
        """How far curvature makes f rise by the rounding of x and of displacements, of all that are as long."""
        with np.errstate(over="ignore", invalid="ignore"):
            largest = np.maximum(np.abs(self.x), self.scale * np.asarray(reach)[..., None])
            moved: Array = np.sum(np.abs(self.curvature) * (ROUNDING * largest) ** 2, axis=-1)
        return np.where(np.isfinite(moved), moved, 0.0)

    def explained(self, y: Array, value: float, *, evident: bool) -> tuple[bool, float, float]:
        """Whether noise explains that y is lower than x, and the values at x and y, averaged where fun is random.

        With `evident`, a decrease far beyond the noise needs no further values. Otherwise both values are taken
        again: as they stand if fun is random, so that the luck of the first draw is not counted, and else at points
        displaced by their rounding, or by more if that changes nothing, so that erratic rounding shows.
        """
        drop = self.value - value
        if value == -np.inf:
            return False, self.value, value
        if not drop > max(3 * self.noise, ROUNDING * max(abs(self.value), abs(value))):
            return True, self.value, value
        if evident and drop > EVIDENT * self.noise:
            return False, self.value, value
        again = self(np.stack([self.x, y, self.x, y])).reshape(2, 2)
        random = bool((again[0] != again[1]).any())
        fresh = self._again(y, 0.0 if random else BLUR[0])
        for blur in BLUR[1:]:
            if random or np.ptp(fresh, axis=0).any():
                break
            fresh = self._again(y, blur)  # rounded as coarsely as in single precision
        if not np.isfinite(fresh).all():
            return (
                random or not drop > self.tolerance(value, self.reach(y - self.x)),
                self.value,
                value,
            )
        spread = max(float(fresh.std(axis=0, ddof=1).max()), self.noise)
        here, there = fresh.mean(axis=0)
        if random:
            fall = here - there
            return (
                not fall > MARGIN * spread * np.sqrt(2 / REPEATS),
                float(here),
                float(there),
            )
        return not min(here - there, drop) > MARGIN * spread, self.value, value

    def _again(self, y: Array, blur: float) -> Array:
        """Values near x and y, as columns, where both are displaced by parts of their size."""
        pairs = np.tile(np.stack([self.x, y]), (REPEATS, 1, 1))
        if blur:
            scale = np.maximum(np.abs(self.x), np.abs(y - self.x))
            offsets = np.random.default_rng(0).uniform(-1, 1, (REPEATS, self.x.size))
            pairs += (blur * scale * offsets)[:, None]
        return self(pairs.reshape(-1, self.x.size)).reshape(REPEATS, 2)


def scatter_of(values: Array) -> float:
    """Estimate the standard deviation of the noise of values that are evenly spaced."""
    return math.sqrt(SCATTER * float(np.mean(np.diff(values, ORDER) ** 2)))


class _Walker:
    """One side of a line: doubles the step while the value falls, else halves it until it has fallen."""

    def __init__(self, sign: float, value: float, first: float, shortest: float, longest: float):
        self.sign, self.base, self.best = sign, value, value
        self.longest = longest if np.isfinite(longest) else FARTHEST * first
        self.step, self.next, self.shortest = 0.0, min(first, longest), shortest
        self.growing: bool | None = None
        self.left = MOST_VALUES
        self.done = False

    def tell(self, value: float) -> None:
        gain = self.best - value
        enough = gain > WORTHWHILE * (self.base - self.best) if self.growing else gain > 0
        if gain > 0:
            self.best, self.step = value, self.next
        self.growing = enough if self.growing is None else self.growing
        self.left -= 1
        if self.growing:
            self.done = not enough or self.next >= self.longest
            self.next = min(2 * self.next, self.longest)
        else:
            self.done = self.step > 0 and not enough
            self.next /= 2
            self.done |= self.next < self.shortest
        self.done |= self.left == 0 or value == -np.inf


def walk(
    probe: Probe,
    u: Array,
    first: float,
    *,
    shortest: float,
    longest: float,
    signs: Sequence[float] = (1.0, -1.0),
) -> tuple[Side, ...]:
    """Walk from x along unit vector u, to either side, as far as the value falls."""
    walkers = [_Walker(sign, probe.value, first, shortest, longest) for sign in signs]
    while active := [walker for walker in walkers if not walker.done]:
        lengths = np.array([walker.sign * walker.next for walker in active])
        with np.errstate(over="ignore", invalid="ignore"):
            points = probe.x + lengths[:, None] * u
        inside = np.isfinite(points).all(axis=1)
        values = np.full(len(active), np.inf)
        if inside.any():
            values[inside] = probe(points[inside])
        for walker, value in zip(active, values.tolist(), strict=True):
            walker.tell(value)
    return tuple(
        Side(probe.x + w.sign * w.step * u, w.best, w.step, w.step >= w.longest) for w in walkers
    )


class Rungs(NamedTuple):
    """Of each ladder of values, which rungs are lower than noise explains.

    Attributes
    ----------
    lowest, first : (...,) ndarray of int
        The lowest of them and the shortest; -1 where there is none.
    fall : (...,) ndarray
        By how much the lowest is lower.
    """

    lowest: NDArray[np.int64]
    first: NDArray[np.int64]
    fall: Array


def rungs(values: Array, reach: Array, probe: Probe) -> Rungs:
    """Judge ladders of values (..., rungs), so far from x as `Probe.reach` tells, shortest rung first.

    A rung counts only if no shorter one is higher than x: what lies behind a ridge is no way down from here.
    """
    rise = values - probe.value
    tolerance = probe.tolerance(values, reach)
    blocked = np.maximum.accumulate(rise > tolerance, axis=-1)
    counts = (rise < -tolerance) & ~blocked
    rise = np.where(counts, rise, 0.0)
    some = counts.any(axis=-1)
    return Rungs(
        np.where(some, rise.argmin(axis=-1), -1),
        np.where(some, counts.argmax(axis=-1), -1),
        -rise.min(axis=-1),
    )
