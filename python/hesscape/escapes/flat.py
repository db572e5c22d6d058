"""Ways down where curvature is flat within its error: lines, their combinations, and curved valleys."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hesscape._validate import Array

from .barrier import CORNERS, barrier, polyline, straight
from .frame import Frame, sized
from .walk import Probe, rungs

SIGNED = 5  # flat directions of which all combinations of signs are tried
PAIRED = 12  # flat directions of which all pairs are tried
RANDOM = 64  # further directions of the flat space
SPHERES = 4.0 ** np.arange(-3, 2, 2)  # radii at which the lowest of many directions are sought
SPREADS = (0.5, 0.25, 0.1)  # of directions around those that were lowest before
UNEVEN = 3.0  # powers of two between steps for which they are sought with equal steps as well
KEPT = 8  # of the lowest directions, each with as many around it
WIDTHS = 4.0 ** np.arange(-2, 3)  # over which curvature is measured again
WIDEST = 64  # directions at most, for that
MOST_VALLEYS = 12  # directions along which valleys are followed
NEWTON = 2  # steps to the bottom of a valley
NARROW = 1 / 16  # of the distance from x: differences there, which are to see the valley only
QUIET = 100.0  # times the noise is what a difference is to show
MOST_BARRIERS = 8  # lower points of a search that are looked at for a rise before them


def families(probe: Probe, frame: Frame, hint: Array | None) -> Iterator[Array]:
    """Flat directions as rows of displacements, likeliest first: alone, in pairs, with all signs, at random, lowest."""
    flat = sized(frame.vectors[:, frame.flat], frame.wide).T
    k = len(flat)
    if hint is not None:
        yield np.vstack([sized(hint[:, None], frame.wide).T, flat])
    elif k:
        yield flat
    if k < 2:
        return
    if k <= PAIRED:
        i, j = np.triu_indices(k, 1)
        yield np.vstack([flat[i] + flat[j], flat[i] - flat[j]])
    if 2 < k <= SIGNED:
        signs = np.array([(1, *rest) for rest in itertools.product([1.0, -1.0], repeat=k - 1)])
        yield signs @ flat
    rng = np.random.default_rng(0)
    yield rng.standard_normal((RANDOM, k)) @ flat
    spaces = [flat]
    if (
        np.ptp(np.log2(frame.wide)) > UNEVEN
    ):  # the coordinates of x may say nothing of the scales of f
        spaces.append(np.linalg.qr(flat.T)[0].T * frame.wide.max())
    for space, radius in itertools.product(spaces, SPHERES):
        yield _lowest(probe, space, radius, rng)


def _lowest(probe: Probe, flat: Array, radius: float, rng: np.random.Generator) -> Array:
    """Find combinations of displacements (rows) with the lowest values at a radius."""
    k = len(flat)
    mixed = rng.standard_normal((RANDOM * min(k, SIGNED), k))
    for spread in (*SPREADS, 0.0):
        mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
        values = probe(probe.x + radius * (mixed @ flat))
        mixed = mixed[np.argsort(values)[:KEPT]]
        if spread:
            around = mixed[:, None] + spread * rng.standard_normal((KEPT, KEPT, k))
            mixed = np.vstack([mixed, around.reshape(-1, k)])
    best: Array = mixed @ flat
    return best


def wide_curvature(probe: Probe, frame: Frame) -> Iterator[Array]:
    """Measure curvature with wider steps, where noise hides less of it; the lowest directions (rows) of each width.

    Second differences over the width, by polarisation: what is no curvature in the limit may well be a way down.
    """
    u = sized(frame.vectors, frame.wide).T
    k = len(u)
    if k < 2 or k > WIDEST:
        return
    i, j = np.triu_indices(k, 1)
    for width in WIDTHS:
        ends = width * np.vstack([u, u[i] + u[j]])
        values = probe(np.vstack([probe.x + ends, probe.x - ends])).reshape(2, -1)
        q = values.sum(axis=0) - 2 * probe.value
        q = np.clip(np.nan_to_num(q, nan=np.inf), -1e300, 1e300)
        h = np.diag(q[:k])
        h[i, j] = h[j, i] = (q[k:] - q[i] - q[j]) / 2
        size = np.sqrt(np.maximum(np.abs(h).max(axis=0), 1e-300))
        values, vectors = np.linalg.eigh(h / size / size[:, None])
        if values[0] < 0:
            yield sized((u.T / size) @ vectors[:, values < 0][:, :2], frame.wide).T


def down_a_line(
    probe: Probe, directions: Array, frame: Frame, longest: float, *, proven: bool
) -> Array | None:
    """Look along ± each direction (rows) on a ladder of steps; the best displacement that leads down, or None.

    Unless x is `proven` to be no minimum, nothing may rise in between.
    """
    ladder = frame.rungs()
    with np.errstate(over="ignore"):
        lengths = np.linalg.norm(directions, axis=1)[:, None] * ladder
    allowed = (lengths <= longest) & np.isfinite(lengths)
    if not allowed.any():
        return None
    steps = np.where(allowed, ladder, np.nan)
    values = probe.along(directions, np.hstack([steps, -steps])).reshape(len(directions), 2, -1)
    reach = (probe.reach(directions)[:, None] * ladder)[:, None]
    found = rungs(values, reach, probe)
    for i, side in _best_first(found.fall):
        direction = directions[i] * (1 - 2 * side)
        radius = float(ladder[found.first[i, side]])
        if proven or not _between(probe, radius * direction, frame, radius):
            best: Array = ladder[found.lowest[i, side]] * direction
            return best
    return None


def _between(probe: Probe, displacement: Array, frame: Frame, radius: float) -> bool:
    """Whether f rises before a lower point, and does so at the bottom of the valley above the line as well.

    The line is flat within errors only: off the bottom by little, f rises at first even if the bottom falls.
    """
    if not barrier(probe, straight(probe.x, displacement)):
        return False
    return not frame.vectors[:, frame.up].size or _on_the_bottom(probe, displacement, frame, radius)


def _on_the_bottom(probe: Probe, displacement: Array, frame: Frame, radius: float) -> bool:
    """Whether f rises along the bottom of the valley above a displacement, or the bottom is torn."""
    corners = _bottoms(probe, CORNERS[:, None] * displacement, frame, radius * CORNERS)
    path = polyline(probe.x, corners, frame.wide)
    return path is None or barrier(probe, path)


def down_a_valley(
    probe: Probe, directions: Array, frame: Frame, longest: float, *, proven: bool
) -> Array | None:
    """Follow the bottom of the valley above flat directions (rows); a displacement that leads down, or None.

    Near x, f is lower somewhere if and only if it is on the surface of points that are lowest in the directions
    curved upwards (the splitting lemma of Gromoll and Meyer). Unless x is `proven` to be no minimum, nothing may rise
    on the way along the bottom.
    """
    radii = frame.radii()
    steps = np.vstack([directions, -directions])[:, None, :] * radii[:, None]
    shape = steps.shape
    radius = np.broadcast_to(radii, shape[:2])
    y = _bottoms(probe, steps.reshape(-1, shape[-1]), frame, radius.reshape(-1))
    moved = y - probe.x
    with np.errstate(over="ignore"):
        length = np.linalg.norm(moved, axis=1)
    inside = np.isfinite(length) & (length <= longest)
    values = np.full(len(y), np.inf)
    if inside.any():
        values[inside] = probe(y[inside])
    found = rungs(values.reshape(shape[:2]), probe.reach(moved).reshape(shape[:2]), probe)
    for at in _best_first(found.fall):
        first, most = steps[*at, found.first[at]], float(radii[found.first[at]])
        if proven or not _on_the_bottom(probe, first, frame, most):
            best: Array = moved.reshape(shape)[*at, found.lowest[at]]
            return best
    return None


def _bottoms(probe: Probe, displacements: Array, frame: Frame, radius: Array) -> Array:
    """Go from displacements of x (rows) to the lowest points near them, in the directions that curve upwards."""
    y = probe.x + displacements
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(NEWTON):
            y = y + _to_the_bottom(probe, y, frame, radius)
    return y


def _to_the_bottom(probe: Probe, y: Array, frame: Frame, radius: Array) -> Array:
    """Take a step of Newton's method from points y along the directions that curve upwards."""
    up = frame.vectors[:, frame.up]
    curvature = frame.values[frame.up]
    size = np.min(frame.wide[:, None] / np.maximum(np.abs(up), 1e-300), axis=0)
    quiet = np.sqrt(QUIET * probe.noise / curvature)
    h = np.maximum(NARROW * size * np.minimum(1.0, radius[:, None]), quiet)  # (points, directions)
    offsets = h[:, :, None] * up.T
    ahead = probe((y[:, None] + offsets).reshape(-1, y.shape[1])).reshape(h.shape)
    behind = probe((y[:, None] - offsets).reshape(-1, y.shape[1])).reshape(h.shape)
    slope = (ahead - behind) / (2 * h)
    here = probe(y)[:, None]
    bend = (ahead + behind - 2 * here) / h**2
    bend = np.where(bend > curvature / 4, bend, curvature)
    step: Array = -np.nan_to_num(slope / bend, nan=0.0, posinf=0.0, neginf=0.0) @ up.T
    return step


def _best_first(fall: Array) -> list[tuple[NDArray[np.int64], ...]]:
    order = np.argsort(-fall, axis=None)[: min(int(np.count_nonzero(fall > 0)), MOST_BARRIERS)]
    return [tuple(at) for at in zip(*np.unravel_index(order, fall.shape), strict=True)]
