"""The way off a point in many coordinates, along what products with the Hessian found."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from hesscape import _core
from hesscape._validate import Array
from hesscape.krylov.curvature import CurvatureBounds
from hesscape.krylov.products import products_of
from hesscape.objective import Objective
from hesscape.status import NonFiniteError
from hesscape.verdicts.critical_point import CriticalPoint, Kind

from .barrier import ORDER, SCATTER, barrier, straight
from .flat import QUIET
from .result import Attempt, Escape, accepted, result
from .walk import MARGIN, Probe, Side, walk

TREMOR = 2.0**-14  # of a step: values that near differ by noise and what differences remove
SAMPLES = 9  # of them
DEPTH = 2.0**-20  # of the first step along a flat direction, where the walk gives up


def leave_by_products(
    f: Objective, point: CriticalPoint, most: float, before: tuple[int, int]
) -> Escape:
    """Find a way down from a point that was classified by products; `before` counts what that took."""
    found = point.curvature
    assert found is not None
    probe = _probe(f, found)
    outcome, sides = _explored(probe, point, found, most)
    source = products_of(f, found.x, found.gradient)

    def curvature(u: Array) -> float:
        if not u.any() or abs(abs(float(u @ found.lowest_direction)) - 1) < 1e-12:
            return found.lowest if u.any() else 0.0
        return float(u @ source.product(u, measured=False)[0])

    gradient = found.gradient if found.gradient is not None else np.zeros_like(found.x)
    way = result(probe, point, outcome, sides, before, gradient, curvature)
    return way if not source.njev else replace(way, njev=way.njev + source.njev)


def _explored(
    probe: Probe, point: CriticalPoint, found: CurvatureBounds, most: float
) -> tuple[str, tuple[Side, Side] | None]:
    """Walk until a decrease is more than noise explains."""
    if point.kind is Kind.minimum:
        return "probable", None
    for attempt in _attempts(probe, point, found, most):
        sides = accepted(probe, attempt)
        if sides is not None:
            return ("unbounded" if sides[0].fun == -np.inf else attempt.outcome), sides
    proven = found.proven_negative or point.kind is Kind.not_critical
    return ("noise" if proven else "open"), None


def _probe(f: Objective, found: CurvatureBounds) -> Probe:
    """Evaluate the function at the point, and find its noise by differences of values along the way down."""
    value = f.value(found.x)
    if not np.isfinite(value):
        raise NonFiniteError(f"fun is {value} at x = {found.x}: move x into its domain")
    probe = Probe(f, found.x, value, f.noise or 0.0)
    probe.nfev = 1
    probe.scale = _core.natural_steps(found.x)
    probe.settle()
    u = found.lowest_direction
    h = TREMOR * _suited(probe, u)
    values = probe(found.x + h * np.arange(1, SAMPLES + 1)[:, None] * u)
    if np.isfinite(values).all():
        scatter = math.sqrt(SCATTER * float(np.mean(np.diff(values, ORDER) ** 2)))
        probe.noise = max(probe.noise, scatter)
    return probe


def _suited(probe: Probe, u: Array) -> float:
    """Give the length along u that moves one coordinate by what suits it, and none by more."""
    with np.errstate(divide="ignore"):
        return float(np.min(probe.scale / np.abs(u)))


def _attempts(
    probe: Probe, point: CriticalPoint, found: CurvatureBounds, most: float
) -> Iterator[Attempt]:
    """Make walks, likeliest first; each is made when the one before was not accepted."""
    if point.kind is Kind.not_critical:
        assert found.gradient is not None
        yield Attempt("gradient", _down_the_gradient(probe, found, found.gradient, most))
    if found.proven_negative:
        yield Attempt("curvature", _down_the_curvature(probe, found, most))
    else:
        sides = _down_a_flat_line(probe, found.lowest_direction, most)
        proven = point.kind is Kind.not_critical
        lowest = min(sides, key=lambda side: side.fun)
        if lowest.step and (proven or not barrier(probe, straight(probe.x, lowest.x - probe.x))):
            yield Attempt("flat", sides)


def _down_the_gradient(
    probe: Probe, found: CurvatureBounds, gradient: Array, most: float
) -> tuple[Side, ...]:
    slope = float(np.linalg.norm(gradient))
    u = gradient / -slope
    size = max(abs(found.lowest), abs(found.highest))
    shortest = MARGIN * probe.noise / slope
    first = slope / size if size > 0 else _suited(probe, u)
    (ahead,) = walk(probe, u, max(first, shortest), shortest=shortest, longest=most, signs=(1.0,))
    return ahead, Side(probe.x, probe.value, 0.0)


def _down_the_curvature(probe: Probe, found: CurvatureBounds, most: float) -> tuple[Side, ...]:
    u, curvature = found.lowest_direction, abs(found.lowest)
    quiet = math.sqrt(2 * QUIET * probe.noise / curvature)
    shortest = math.sqrt(2 * MARGIN * probe.noise / curvature)
    return walk(probe, u, max(_suited(probe, u), quiet), shortest=shortest, longest=most)


def _down_a_flat_line(probe: Probe, u: Array, most: float) -> tuple[Side, ...]:
    first = _suited(probe, u)
    return walk(probe, u, first, shortest=DEPTH * first, longest=most)
