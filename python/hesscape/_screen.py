"""Verdicts on many points at once, where a measurement with fixed steps settles them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import _core
from .critical import EPS, NEAR, Kind, slopes_of
from .linalg import eigvalsh, inertia
from .objective import Objective
from ._validate import Array

Flags = NDArray[np.bool_]

VALUES = 1 << 17  # that are held of all points together
FEWEST, MOST = 16, 8192  # points together


@dataclass
class Verdicts:
    """What is known of each of N points; NaN, and an empty kind, where nothing is."""

    settled: Flags
    kind: NDArray[np.str_]
    certain: Flags
    inertia: NDArray[np.int64]  # (N, 3)
    value: Array
    gradient_norm: Array
    distance: Array
    lowest: Array
    highest: Array
    error: Array
    nfev: NDArray[np.int64]

    @classmethod
    def empty(cls, count: int, n: int) -> Verdicts:
        """Say nothing of any point."""
        unknown = [np.full(count, np.nan) for _ in range(6)]
        no, none = np.zeros((2, count), dtype=bool)
        counts = np.tile([0, n, 0], (count, 1))
        kinds = np.full(count, "", dtype="<U12")
        return cls(no, kinds, none, counts, *unknown, np.zeros(count, dtype=np.int64))


def together(n: int) -> int:
    """Tell how many points of n coordinates are worked on together."""
    return int(np.clip(VALUES // (1 + 12 * n + 2 * n * (n - 1) + 4), FEWEST, MOST))


def screen(f: Objective, X: Array, *, gtol: float, need: str) -> Verdicts:
    """Classify points (rows) from values at the same few displacements of all of them.

    A point is left unsettled where that measurement contradicts itself or proves less than `need` asks for.
    """
    count, n = X.shape
    out = Verdicts.empty(count, n)
    core = _core.Screen(X, noise=f.noise or 0.0, by_point=f.by_point)
    out.nfev += _answer(core, f)
    axes = core.result()
    out.value, agrees = axes.value.copy(), axes.agrees.copy()
    curvature, error = axes.curvature, axes.curvature_error
    harmless = NEAR * 32 * core.step * np.abs(curvature)
    slopes = slopes_of(axes.gradient, axes.gradient_error, gtol, harmless)
    out.gradient_norm = slopes.norm
    moving = agrees & slopes.moving
    out.kind[moving], out.certain[moving] = Kind.not_critical, True
    still = agrees & ~moving & slopes.known
    if need == "kind":
        down, up = (curvature < -error).any(axis=1), (curvature > error).any(axis=1)
        saddle = still & down & up
        out.kind[saddle], out.certain[saddle] = Kind.saddle, True
        out.inertia[saddle] = 1, n - 2, 1
        out.settled = moving | saddle
        agrees = still & ~saddle
    else:
        agrees = still | moving
    rows = np.flatnonzero(agrees)
    if rows.size:
        gradient = axes.gradient[rows]
        core.keep(rows)
        out.nfev[rows] += _answer(core, f)
        _judge(out, rows, core.result(), gradient, need)
    return out


def _answer(core: _core.Screen, f: Objective) -> int:
    """Evaluate all that is asked for, and tell how many values that were for each point."""
    while not core.done:
        core.tell(f.values(core.ask()))
    return core.told


def _judge(
    out: Verdicts, rows: NDArray[np.intp], full: _core.Screened, gradient: Array, need: str
) -> None:
    """Classify some of the points by their Hessians."""
    n = gradient.shape[1]
    h, e = full.hessian.reshape(-1, n, n), full.hessian_error.reshape(-1, n, n)
    good = full.agrees & np.isfinite(full.hessian_error).all(axis=1)
    rows, h, e, gradient = rows[good], h[good], e[good], gradient[good]
    if not rows.size:
        return
    counts = inertia(h, error=e)
    negative, positive = counts[:, 0] > 0, counts[:, 2] > 0
    resolved = counts[:, 1] == 0
    kind = np.select(
        [negative & positive, resolved & positive, resolved & negative],
        [Kind.saddle, Kind.minimum, Kind.maximum],
        "",
    )
    settled = kind != "" if need == "kind" else resolved
    here = rows[settled]
    out.settled[here] = True
    out.inertia[here] = counts[settled]
    unnamed = out.kind[here] == ""
    out.kind[here] = np.where(unnamed, kind[settled], out.kind[here])
    out.certain[here] = True
    if need == "kind":
        return
    step = np.linalg.solve(h[settled], gradient[settled][:, :, None])
    out.distance[here] = np.hypot.reduce(step[:, :, 0], axis=1)
    if need == "spectrum":
        values = eigvalsh(h[settled])
        out.lowest[here], out.highest[here] = values[:, 0], values[:, -1]
        rounding = 10 * n * EPS * np.abs(values).max(axis=1)
        out.error[here] = e[settled].sum(axis=2).max(axis=1) + rounding  # Weyl, and that of the solver
