"""Which values of a function get a contour."""

from __future__ import annotations

import numpy as np

from hesscape._validate import Array

WALL = 5.0  # the colours reach at most this many times further to one side than to the other
LEVELS = 8  # bands to either side of the value at the point


def levels_around(values: Array, middle: float, noise: float) -> tuple[Array, int]:
    """Levels that are even for a paraboloid, as many above the middle as below; and the middle's place."""
    change = values[np.isfinite(values)] - middle
    highest, lowest = _most(change, noise), _most(-change, noise)
    if highest and lowest:  # a steep wall must not take the colours of a shallow valley
        highest, lowest = min(highest, WALL * lowest), min(lowest, WALL * highest)
    ramp = (np.arange(1, LEVELS + 1) / LEVELS) ** 2
    up, down = ramp * highest, ramp[::-1] * lowest
    up, down = up[up > 0], down[down > 0]
    return np.concatenate([middle - down, [middle], middle + up]), down.size


def _most(change: Array, noise: float) -> float:
    """Give the largest change, unless few stand out; 0 where hardly any is above noise."""
    sizes = change[change > 8 * noise]
    if sizes.size < 0.002 * change.size:
        return 0.0
    usual = float(np.quantile(sizes, 0.98))
    return float(sizes.max()) if sizes.max() <= 1.5 * usual else usual
