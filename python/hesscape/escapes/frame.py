"""Coordinates of a point in which its Hessian is diagonal, as far as it is known."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hesscape import _core
from hesscape._validate import Array
from hesscape.derivatives.model import TaylorModel
from hesscape.krylov.curvature import CurvatureBounds
from hesscape.linalg.proofs import equilibration
from hesscape.verdicts.critical_point import CriticalPoint
from hesscape.verdicts.evidence import Question

RUNGS = 2.0 ** np.arange(-10, 13)  # steps along flat directions, in wide steps
RADII = 4.0 ** np.arange(-3, 3)  # of displacements from which valleys are followed, likewise
DEEPEST = 20  # further halvings, where the steps of the measurement are shorter than those


class Frame(NamedTuple):
    """Scaled coordinates in which the Hessian is diagonal.

    Attributes
    ----------
    values : (m,) ndarray
        Eigenvalues of the equilibrated Hessian, ascending; zero modes that were given as vectors are left out.
    vectors : (n, m) ndarray
        Displacements ``D v`` of x, one a column.
    complete : bool
        Whether these are all directions, rather than the two ends of the spectrum.
    down, flat, up : slice
        Which are proven negative, open, and proven positive.
    reach : (n,) ndarray
        A step that suits each coordinate.
    wide : (n,) ndarray
        The same, but no shorter than x itself suggests: where f vanishes at x, its values resolve steps that are far
        shorter than it is worth to look.
    """

    values: Array
    vectors: Array
    complete: bool
    down: slice
    flat: slice
    up: slice
    reach: Array
    wide: Array

    @property
    def depth(self) -> int:
        """Halvings that lead from the wide steps to those of the measurement."""
        ratio = float(np.max(self.wide / self.reach))
        return min(DEEPEST, int(np.ceil(np.log2(ratio))))

    def rungs(self) -> Array:
        """Lengths to try along a direction, in wide steps."""
        return np.concatenate([RUNGS[0] * 2.0 ** -np.arange(self.depth, 0, -1), RUNGS])

    def radii(self) -> Array:
        """Lengths from which valleys are followed, in wide steps."""
        return np.concatenate([RADII[0] * 4.0 ** -np.arange((self.depth + 1) // 2, 0, -1), RADII])


def frame(point: CriticalPoint, question: Question) -> Frame:
    """Find the frame of a point that was classified."""
    if point.taylor is not None:
        return _of_entries(point, point.taylor, question)
    assert point.x is not None
    return _of_ends(point.x, point.curvature)


def _of_ends(x: Array, found: CurvatureBounds | None) -> Frame:
    natural = _core.natural_steps(x)
    if found is None:
        nothing = slice(0)
        values, vectors = np.empty(0), np.empty((x.size, 0))
        return Frame(values, vectors, False, nothing, nothing, nothing, natural, natural)
    values = np.array([found.lowest, found.highest])
    vectors = np.array([found.lowest_direction, found.highest_direction]).T
    down = int(found.proven_negative)
    flat, up = slice(down, 1), slice(1, None)
    return Frame(values, vectors, False, slice(down), flat, up, natural, natural)


def _of_entries(point: CriticalPoint, model: TaylorModel, question: Question) -> Frame:
    count, basis = question.zero_modes, question.basis
    h, e = model.hessian, model.hessian_error
    significant = np.isfinite(h) & np.isfinite(e) & (np.abs(h) > e)
    h = np.where(significant, h, 0.0)
    e = np.where(np.isnan(e), np.inf, e)
    exponent = equilibration(h[None], e[None])[0]
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
    natural = _core.natural_steps(model.x)
    reach = np.where(model.step > 0, model.step, natural)
    wide = np.maximum(reach, natural)
    return Frame(values, vectors, True, slice(negative), flat, slice(end, None), reach, wide)


def sized(directions: Array, reach: Array) -> Array:
    """Displacements (n, k) stretched so that one coordinate of each moves by its reach and none by more."""
    with np.errstate(over="ignore"):
        longest = np.max(np.abs(directions) / reach[:, None], axis=0)
    return directions / np.where(longest > 0, longest, 1.0)
