"""Evidence on many points at once, where values at the same few displacements of all of them settle it."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hesscape import _core
from hesscape._validate import Array
from hesscape.derivatives.first_look import answer
from hesscape.linalg.proofs import Signs, prove
from hesscape.linalg.stacks import eigvalsh, first_proofs
from hesscape.objective import Objective
from hesscape.verdicts.by_entries import signs_of_axes
from hesscape.verdicts.conclude import conclude
from hesscape.verdicts.critical_point import CriticalPoints
from hesscape.verdicts.evidence import Evidence, Question, Slopes, Spectrum

Flags = NDArray[np.bool_]
Rows = NDArray[np.intp]

VALUES = 1 << 19  # that are held of all points together
MOST = 8192  # points together
SIZE = 32.0  # steps of the screen that make the size of a coordinate


class Screened(NamedTuple):
    """What became of N points: verdicts on some of their rows, all of them certain, and the values that each took."""

    verdicts: list[tuple[Rows, CriticalPoints]]
    nfev: NDArray[np.int64]


def together(n: int) -> int:
    """Tell how many points of n coordinates are worked on together."""
    values = 12 * n + 2 * n * (n - 1) + 9
    return int(np.clip(VALUES // values, 1, MOST))


def screen(f: Objective, X: Array, question: Question) -> Screened:
    """Classify points (rows) of a function of which only values are given.

    A point is left out where its values contradict each other, or prove less than the question needs.
    """
    core = _core.Screen(X, noise=f.noise or 0.0, by_point=f.by_point)
    nfev = np.full(len(X), answer(core, f))
    axes = core.result()
    slopes = Slopes.of(
        axes.gradient, axes.gradient_error, question.gtol, SIZE * core.step, axes.curvature
    )
    moving = axes.agrees & slopes.moving
    rest = axes.agrees & (slopes.known | slopes.moving)
    verdicts = []
    if question.need == "kind":
        signs = signs_of_axes(axes.curvature, axes.curvature_error)
        enough = moving | (rest & ((signs.n_negative & signs.n_positive) > 0))
        rows = np.flatnonzero(enough)
        infinite = np.full(len(X), np.inf)
        evidence = Evidence(question, slopes, signs, False, infinite, x=X, value=axes.value)
        verdicts.append((rows, conclude(evidence.at(rows))))
        rest = rest & ~enough
    rows = np.flatnonzero(rest)
    if rows.size:
        core.keep(rows)
        nfev[rows] += answer(core, f)
        measured = core.result()
        agrees = _some(measured.agrees)
        rows, n = rows[agrees], X.shape[1]
        h = measured.hessian[agrees].reshape(-1, n, n)
        e = measured.hessian_error[agrees].reshape(-1, n, n)
        evidence = _of_matrices(h, e, question, slopes.at(rows))
        points = conclude(replace(evidence, x=X[rows], value=axes.value[rows]))
        settled: Flags = points.certain & ((question.need == "kind") | (points.index >= 0))
        if not settled.all():
            rows, points = rows[settled], conclude(points.evidence.at(settled))
        verdicts.append((rows, points))
    return Screened(verdicts, nfev)


def _of_matrices(h: Array, e: Array, question: Question, slopes: Slopes) -> Evidence:
    gradient = None if question.need == "kind" else slopes.gradient
    if question.zero_modes:
        signs = prove(h, e, question.zero_modes, question.basis, gradient)
    else:
        signs = _first_signs(h, e, gradient)
    ends = None
    if question.need == "spectrum":
        ends = Spectrum(eigvalsh(h)[:, [0, -1]], None, None)
    return Evidence(question, slopes, signs, True, e.max(axis=(1, 2)), ends)


def _first_signs(h: Array, e: Array, gradient: Array | None) -> Signs:
    """Count signs, and find Newton's step for the matrices that are resolved, if the gradients are given."""
    counts = first_proofs(h, e)
    step = None
    if gradient is not None:
        resolved = counts[:, 1] == 0
        step = np.full(gradient.shape, np.nan)
        step[resolved] = np.linalg.solve(h[resolved], gradient[resolved][:, :, None])[:, :, 0]
    nothing = np.zeros(len(h), dtype=bool)
    return Signs(counts[:, 0], counts[:, 2], nothing, np.zeros_like(h[:, 0]), step, nothing)


def _some(chosen: Flags) -> Flags | slice:
    """Give an index that makes no copy where all are chosen."""
    return slice(None) if chosen.all() else chosen
