"""Ways down where curvature is flat within its error: lines, their combinations, and curved valleys."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._inertia import _exponents
from ._validate import Array
from ._walk import Probe, lowest_rung
from .critical import CriticalPoint
from .taylor import TaylorModel

RUNGS = 2.0 ** np.arange(-10, 13)  # steps along flat directions, in the steps of the measurement
RADII = 4.0 ** np.arange(-3, 3)  # of displacements from which valleys are followed
SIGNED = 4  # flat directions of which all combinations of signs are tried
PAIRED = 12  # flat directions of which all pairs are tried
RANDOM = 32  # further directions of the flat space
WIDTHS = 4.0 ** np.arange(-2, 3)  # over which curvature is measured again
WIDEST = 64  # directions at most, for that
MOST_VALLEYS = 12  # directions along which valleys are followed
QUIET = 100.0  # times the noise is what a difference is to show
BETWEEN = 8  # points between x and a lower one that must not be higher


class Frame(NamedTuple):
    """Scaled coordinates in which the Hessian is diagonal.

    Attributes
    ----------
    values : (m,) ndarray
        Eigenvalues of the equilibrated Hessian, ascending; zero modes that were given as vectors are left out.
    vectors : (n, m) ndarray
        Displacements ``D v`` of x, one a column.
    down, flat, up : slice
        Which are proven negative, open, and proven positive.
    reach : (n,) ndarray
        A step that suits each coordinate.
    """

    values: Array
    vectors: Array
    down: slice
    flat: slice
    up: slice
    reach: Array


def frame(point: CriticalPoint, model: TaylorModel, count: int, basis: Array | None) -> Frame:
    """Find the frame of a point; `count` and `basis` are those of `zero_mode_basis`."""
    h, e = model.hessian, model.hessian_error
    significant = np.isfinite(h) & np.isfinite(e) & (np.abs(h) > e)
    h = np.where(significant, h, 0.0)
    e = np.where(np.isnan(e), np.inf, e)
    exponent = _exponents(h[None], e[None])[0]
    with np.errstate(over="ignore", under="ignore"):
        a = np.ldexp(h, exponent[:, None] + exponent)
        scale = np.ldexp(1.0, exponent)
        if basis is not None:
            z, _ = np.linalg.qr(
                np.ldexp(basis, exponent.min() - exponent[:, None]), mode="complete"
            )
            q = z[:, count:]
            a = q.T @ a @ q
    a = np.where(np.isfinite(a), a, 0.0)
    values, v = np.linalg.eigh((a + a.T) / 2)
    vectors = scale[:, None] * (v if basis is None else q @ v)
    negative, _, positive = point.inertia
    end = values.size - positive
    open_modes = end - negative
    flat = slice(negative, end)
    if basis is None and open_modes <= count:
        flat = slice(negative, negative)
    start = np.where(model.x == 0, 0.25, np.abs(model.x) / 8)
    reach = np.where(model.step > 0, model.step, start)
    return Frame(values, vectors, slice(negative), flat, slice(end, None), reach)


def sized(directions: Array, reach: Array) -> Array:
    """Displacements (n, k) stretched so that one coordinate of each moves by its reach and none by more."""
    with np.errstate(over="ignore"):
        longest = np.max(np.abs(directions) / reach[:, None], axis=0)
    return directions / np.where(longest > 0, longest, 1.0)


def families(frame: Frame, hint: Array | None) -> Iterator[Array]:
    """Flat directions as rows of displacements, likeliest first: alone, in pairs, with all signs, at random."""
    flat = sized(frame.vectors[:, frame.flat], frame.reach).T
    k = len(flat)
    if hint is not None:
        yield np.vstack([sized(hint[:, None], frame.reach).T, flat])
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
    yield np.random.default_rng(0).standard_normal((RANDOM, k)) @ flat


def wide_curvature(probe: Probe, frame: Frame) -> Iterator[Array]:
    """Measure curvature with wider steps, where noise hides less of it; the lowest directions (rows) of each width.

    Second differences over the width, by polarisation: what is no curvature in the limit may well be a way down.
    """
    u = sized(frame.vectors, frame.reach).T
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
            yield sized((u.T / size) @ vectors[:, values < 0][:, :2], frame.reach).T


def down_a_line(probe: Probe, directions: Array, longest: float) -> Array | None:
    """Look along ± each direction (rows) on a ladder of steps; the best displacement that leads down, or None."""
    both = np.stack([directions, -directions], axis=1)
    steps = both[:, :, None, :] * RUNGS[:, None]
    with np.errstate(over="ignore"):
        lengths = np.linalg.norm(steps, axis=-1)
    values = np.full(lengths.shape, np.inf)
    allowed = (lengths <= longest) & np.isfinite(lengths)
    if not allowed.any():
        return None
    values[allowed] = probe(probe.x + steps[allowed])
    rung, fall = lowest_rung(values, probe)
    for at in _best_first(fall):
        found: Array = steps[*at, rung[at]]
        between = np.linspace(0, 1, BETWEEN + 1, endpoint=False)[1:, None]
        heights = probe(probe.x + between * found)
        if (heights - probe.value <= probe.tolerance(heights)).all():
            return found
    return None


def down_a_valley(probe: Probe, directions: Array, frame: Frame, longest: float) -> Array | None:
    """Follow the bottom of the valley above flat directions (rows); a displacement that leads down, or None.

    Near x, f is lower somewhere if and only if it is on the surface of points that are lowest in the directions
    curved upwards (the splitting lemma of Gromoll and Meyer).
    """
    both = np.vstack([directions, -directions])
    steps = both[:, None, :] * RADII[:, None]
    up = frame.vectors[:, frame.up]
    curvature = frame.values[frame.up]
    shape = steps.shape
    y = (probe.x + steps).reshape(-1, shape[-1])
    radius = np.broadcast_to(RADII, shape[:2]).reshape(-1)
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(2):
            y = y + _to_the_bottom(probe, y, up, curvature, frame.reach, radius)
    moved = y - probe.x
    with np.errstate(over="ignore"):
        length = np.linalg.norm(moved, axis=1)
    inside = np.isfinite(length) & (length <= longest)
    values = np.full(len(y), np.inf)
    if inside.any():
        values[inside] = probe(y[inside])
    rung, fall = lowest_rung(values.reshape(shape[:2]), probe)
    for at in _best_first(fall):
        found: Array = moved.reshape(shape)[*at, rung[at]]
        return found
    return None


def _to_the_bottom(
    probe: Probe, y: Array, up: Array, curvature: Array, reach: Array, radius: Array
) -> Array:
    """Take a step of Newton's method from points y along the directions (columns) that curve upwards."""
    size = np.min(reach[:, None] / np.maximum(np.abs(up), 1e-300), axis=0)
    size = np.maximum(size, np.sqrt(QUIET * probe.noise / curvature))
    h = size * np.minimum(1.0, radius[:, None])  # (points, directions)
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
    order = np.argsort(-fall, axis=None)[: int(np.count_nonzero(fall > 0))]
    return [tuple(at) for at in zip(*np.unravel_index(order, fall.shape), strict=True)]
