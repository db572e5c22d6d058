"""Whether the values show a rise between a point and a lower one, so that the point may be a minimum."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hesscape._validate import Array

from .walk import LARGEST_BLOCK, MARGIN, Probe, scatter_of

CORNERS = 2.0 ** -np.arange(0, 41, 0.5)  # fractions of the way at which a curved path may have one
MIDDLES = 0.85 * CORNERS[:-1]  # where f is looked at, each between two of them
PARTS = (12, 24, 48)  # split those; the highest point of each part is looked at closely
WINDOW = 24  # values around such a point
WIDTH = 1 / 8  # of its fraction: no window has a corner
SHORTEST = 2.0**-40  # of what suits the coordinates: below, x has too few digits for a shape
LEAP = 8.0  # from a corner to one that is so many times further is no way along a valley

Path = Callable[[Array], Array]


def straight(x: Array, displacement: Array) -> Path:
    """Give the points (rows) at fractions of a displacement of x."""
    return lambda fractions: x + fractions[:, None] * displacement


def polyline(x: Array, corners: Array, scale: Array) -> Path | None:
    """Join points (rows) that belong to the fractions in `CORNERS`; None where they are far apart."""
    length = np.max(np.abs(corners - x) / scale, axis=1)[::-1]
    before = np.maximum(np.maximum.accumulate(length), SHORTEST)
    if not np.isfinite(corners).all() or (length[1:] > LEAP * before[:-1]).any():
        return None
    ascending, rows = CORNERS[::-1], corners[::-1].T
    return lambda fractions: np.stack(
        [np.interp(fractions, ascending, row) for row in rows], axis=1
    )


def barrier(probe: Probe, path: Path) -> bool:
    """Whether f rises on a path to a lower point by more than its values scatter there.

    The noise that the measurement found is no help here, as what it took for noise may be the rise: a window of
    values around the highest point tells by its differences how far neighbours scatter.
    """
    heights = _along(path, MIDDLES, probe)
    if heights.max() == np.inf:
        return True
    for part in np.split(np.arange(MIDDLES.size), PARTS):
        top = part[heights[part].argmax()]
        if heights[top] > probe.value and _resolved(probe, path, float(MIDDLES[top]), heights):
            return True
    return False


def _along(path: Path, fractions: Array, evaluate: Callable[[Array], Array]) -> Array:
    """Evaluate what `evaluate` gives along a path, with no more points at a time than one block has."""
    n = path(fractions[:1]).size
    blocks = -(-fractions.size * n // LARGEST_BLOCK)
    parts = np.array_split(fractions, min(blocks, fractions.size))
    return np.concatenate([evaluate(path(part)) for part in parts])


def _resolved(probe: Probe, path: Path, middle: float, heights: Array) -> bool:
    fractions = middle * (1 + WIDTH * np.linspace(-0.5, 0.5, WINDOW))
    window = _along(path, fractions, probe)
    if not np.isfinite(window).all():
        return bool(window.max() == np.inf)
    scatter = scatter_of(window)
    levels = np.unique(np.concatenate([heights[np.isfinite(heights)], window, [probe.value]]))
    quantum = float(np.diff(levels).min())  # of values that are rounded coarsely
    noise = MARGIN * max(scatter, quantum, probe.least)
    rounding = float(
        _along(path, fractions, lambda y: probe.rounding(probe.reach(y - probe.x))).max()
    )
    return bool(window.mean() - probe.value > max(noise, rounding))
