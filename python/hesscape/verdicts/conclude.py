"""The one door from evidence to verdicts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hesscape import _core
from hesscape._validate import Array

from .critical_point import CriticalPoints, Kind
from .evidence import Evidence

KINDS = np.array([Kind[name] for name in _core.Kind.__members__])


@dataclass(frozen=True, eq=False)
class _Named:
    """What follows from the signs of each point."""

    kind: NDArray[np.str_]
    certain: NDArray[np.bool_]
    index: NDArray[np.int64]  # -1 where it is not resolved
    inertia: NDArray[np.int64]  # (N, 3)
    distance: Array  # along the directions whose curvature is proven; nan where none is


def conclude(evidence: Evidence, shape: tuple[int, ...] | None = None) -> CriticalPoints:
    """Name each point by what is proven of it, and where that leaves its kind open by what is probable.

    The points come back as a stack of the shape given, else (N,).
    """
    signs, chance = evidence.signs, evidence.chance
    found = _named(evidence, signs.n_negative, signs.n_positive)
    confidence = found.certain.astype(float)
    if chance is not None:
        likely = _named(evidence, np.array([chance.n_negative]), np.array([chance.n_positive]))
        open_ = found.kind == Kind.degenerate
        probable = open_ & (likely.kind != Kind.degenerate) & evidence.slopes.known
        confidence[probable] = chance.confidence
        found = replace(
            found,
            kind=np.where(open_, likely.kind, found.kind),
            index=np.where(found.index < 0, likely.index, found.index),
        )
    n, spectrum = evidence.n, evidence.spectrum

    def stacked(array: Any, *rest: int) -> Any:
        return array if array is None or shape is None else array.reshape((*shape, *rest))

    m = 0 if spectrum is None else spectrum.values.shape[1]
    return CriticalPoints(
        kind=stacked(found.kind),
        certain=stacked(found.certain),
        confidence=stacked(confidence),
        inertia=stacked(found.inertia, 3),
        index=stacked(found.index),
        eigenvalues=stacked(spectrum and spectrum.values, m),
        eigenvectors=stacked(spectrum and spectrum.vectors, n, m),
        eigenvalue_error=stacked(spectrum and spectrum.error, m),
        gradient_norm=stacked(evidence.slopes.norm),
        distance=stacked(found.distance),
        way_down=stacked(signs.way_down, n),
        hessian_error=stacked(evidence.hessian_error),
        evidence=evidence,
    )


def _named(
    evidence: Evidence, n_negative: NDArray[np.int64], n_positive: NDArray[np.int64]
) -> _Named:
    kind, certain, index, inertia, distance = _core.verdicts(
        n_negative,
        n_positive,
        evidence.signs.not_flat,
        evidence.signs.newton_step,
        evidence.slopes.moving,
        evidence.slopes.known,
        evidence.n,
        evidence.question.zero_modes,
    )
    return _Named(KINDS[kind], certain, index, inertia, distance)
