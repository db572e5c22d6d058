"""Verdicts on many points at once, where values at the same few displacements of all of them settle it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hesscape import _core
from hesscape._validate import Array
from hesscape.derivatives.first_look import answer
from hesscape.linalg.proofs import Signs, prove
from hesscape.linalg.stacks import eigvalsh, first_proofs
from hesscape.objective import Objective
from hesscape.verdicts.conclude import NEAR, Slopes, conclude, slopes_of
from hesscape.verdicts.critical_point import Kind, explanation, gradient_note

Flags = NDArray[np.bool_]
Rows = NDArray[np.intp]

VALUES = 1 << 19  # that are held of all points together
MOST = 8192  # points together


@dataclass
class Verdicts:
    """What is known of each of N points; blank where nothing is. What is settled is certain."""

    settled: Flags
    kind: NDArray[np.str_]
    inertia: NDArray[np.int64]  # (N, 3)
    index: NDArray[np.int64]  # -1 where it is not resolved
    value: Array
    gradient_norm: Array
    distance: Array  # where more than the kind was asked for
    lowest: Array
    highest: Array
    hessian_error: Array  # infinite where no Hessian was measured
    nfev: NDArray[np.int64]
    message: NDArray[np.object_]


def together(n: int) -> int:
    """Tell how many points of n coordinates are worked on together."""
    values = 12 * n + 2 * n * (n - 1) + 9
    return int(np.clip(VALUES // values, 1, MOST))


def screen(
    f: Objective, X: Array, *, gtol: float, zero_modes: tuple[int, Array | None], need: str
) -> Verdicts:
    """Classify points (rows) of a function of which only values are given.

    A point is left unsettled where its values contradict each other, or prove less than `need` asks for.
    """
    count, n = X.shape
    blank = np.full(count, np.nan)
    core = _core.Screen(X, noise=f.noise or 0.0, by_point=f.by_point)
    asked = answer(core, f)
    axes = core.result()
    slopes = slopes_of(
        axes.gradient, axes.gradient_error, gtol, NEAR * 32 * core.step * np.abs(axes.curvature)
    )
    moving = axes.agrees & slopes.moving
    still = axes.agrees & slopes.known & ~slopes.moving
    out = Verdicts(
        settled=np.zeros(count, dtype=bool),
        kind=np.where(moving, Kind.not_critical.value, ""),
        inertia=np.tile([0, n, 0], (count, 1)),
        index=np.full(count, -1),
        value=axes.value,
        gradient_norm=slopes.norm,
        distance=blank,
        lowest=blank.copy(),
        highest=blank.copy(),
        hessian_error=np.full(count, np.inf),
        nfev=np.full(count, asked),
        message=np.full(count, "", dtype=object),
    )
    rest = moving | still
    if need == "kind":
        saddle = still & (axes.curvature < -axes.curvature_error).any(axis=1)
        saddle &= (axes.curvature > axes.curvature_error).any(axis=1)
        out.kind[saddle], out.inertia[saddle] = Kind.saddle.value, (1, n - 2, 1)
        out.settled = moving | saddle
        rest = still & ~saddle
        _explain(out, np.flatnonzero(out.settled), zero_modes[0], diagonal=True)
    rows = np.flatnonzero(rest)
    if rows.size:
        core.keep(rows)
        out.nfev[rows] += answer(core, f)
        _judge(out, rows, core.result(), axes.gradient, slopes, zero_modes, need)
    for row in np.flatnonzero(out.settled & ~np.isnan(slopes.unresolved)):
        out.message[row] += "; " + gradient_note(float(slopes.unresolved[row]))
    return out


def _judge(
    out: Verdicts,
    rows: Rows,
    measured: _core.Screened,
    gradient: Array,
    slopes: Slopes,
    zero_modes: tuple[int, Array | None],
    need: str,
) -> None:
    """Classify some of the points by their Hessians."""
    n, count = out.inertia[0].sum(), zero_modes[0]
    agrees = _rows(measured.agrees)
    h = measured.hessian[agrees].reshape(-1, n, n)
    e = measured.hessian_error[agrees].reshape(-1, n, n)
    rows = rows[agrees]
    signs = _signs(h, e, None if need == "kind" else gradient[rows], zero_modes)
    found = conclude(signs, slopes.moving[rows], slopes.known[rows], n, count)
    settled = found.certain if need == "kind" else found.certain & (found.index >= 0)
    chosen = _rows(settled)
    rows, h, e = rows[chosen], h[chosen], e[chosen]
    out.settled[rows] = True
    out.kind[rows] = found.kind[settled]
    out.inertia[rows] = found.inertia[settled]
    out.index[rows] = found.index[settled]
    out.distance[rows] = found.distance[settled]
    out.hessian_error[rows] = e.max(axis=(1, 2))
    if need == "spectrum":
        values = eigvalsh(h)
        out.lowest[rows], out.highest[rows] = values[:, 0], values[:, -1]
    _explain(out, rows, count, diagonal=False)


def _signs(
    h: Array, e: Array, gradient: Array | None, zero_modes: tuple[int, Array | None]
) -> Signs:
    """Prove signs, and find Newton's step for the matrices that are resolved, if the gradients are given."""
    count, basis = zero_modes
    if count:
        return prove(h, e, count, basis, gradient)
    counts = first_proofs(h, e)
    step = None
    if gradient is not None:
        resolved = counts[:, 1] == 0
        step = np.full(gradient.shape, np.nan)
        step[resolved] = np.linalg.solve(h[resolved], gradient[resolved][:, :, None])[:, :, 0]
    nothing = np.zeros(len(h), dtype=bool)
    return Signs(counts[:, 0], counts[:, 2], nothing, np.zeros_like(h[:, 0]), step, nothing)


def _rows(chosen: Flags) -> Flags | slice:
    """Give an index that makes no copy where all are chosen."""
    return slice(None) if chosen.all() else chosen


def _explain(out: Verdicts, rows: Rows, given: int, *, diagonal: bool) -> None:
    """Write the messages of some points, each of the few that there are once."""
    negative, flat, positive = out.inertia[rows].T
    moving = out.kind[rows] == Kind.not_critical.value
    key = 2 * ((negative + flat + positive + 1) * negative + positive) + moving
    _, first, which = np.unique(key, return_index=True, return_inverse=True)
    texts = [
        explanation(str(out.kind[row]), tuple(out.inertia[row].tolist()), given, diagonal=diagonal)
        for row in rows[first]
    ]
    out.message[rows] = np.array(texts, dtype=object)[which]
