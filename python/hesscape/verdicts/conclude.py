"""Verdicts from matrices with errors, and from what is known of the gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hesscape import _core
from hesscape.linalg.proofs import Array, Signs, prove

from .critical_point import CriticalPoints, Kind, Settings

NEAR = 1e-3  # of a coordinate: what its gradient may leave open of where the stationary point is
NAMES = np.array([Kind[name] for name in _core.Kind.__members__])


class Slopes(NamedTuple):
    """What the gradients of a stack say: whether the point is critical, and how well that is known."""

    gradient: Array | None  # (N, n)
    moving: NDArray[np.bool_]  # some entry exceeds gtol by more than its error
    known: NDArray[np.bool_]  # all errors are within gtol, or harmless
    unresolved: Array  # the largest error, where it exceeds gtol and hides whether the point moves
    norm: Array


@dataclass(frozen=True)
class Conclusions:
    """What follows for each point of a stack."""

    kind: NDArray[np.str_]
    certain: NDArray[np.bool_]
    index: NDArray[np.int64]  # -1 where it is not resolved
    inertia: NDArray[np.int64]  # (N, 3)
    distance: Array  # along the directions whose curvature is proven; nan where none is


def unknown_slopes(size: int) -> Slopes:
    """Give what is known of gradients that nobody knows."""
    nothing = np.full(size, np.nan)
    return Slopes(None, np.zeros(size, dtype=bool), np.ones(size, dtype=bool), nothing, nothing)


def slopes_of(gradient: Array, error: Array, gtol: float, harmless: Array) -> Slopes:
    """Judge gradients with errors, one point a row, of which some may be `harmless`."""
    return Slopes(gradient, *_core.slopes(gradient, error, gtol, harmless))


def assess(
    h: Array, e: Array | None, count: int, basis: Array | None, need: str, slopes: Slopes
) -> CriticalPoints:
    """Turn symmetric matrices (..., n, n), and what is known of the gradients, into verdicts."""
    shape, n = h.shape[:-2], h.shape[-1]
    stack = h.reshape(-1, n, n)
    errors = None if e is None else e.reshape(-1, n, n)
    signs = _diagonal_signs(stack, errors, slopes) if need == "kind" else None
    diagonal = signs is not None
    if signs is None:
        signs = prove(stack, errors, count, basis, slopes.gradient)
    found = conclude(signs, slopes.moving, slopes.known, n, count)
    spectrum = _spectrum(stack, errors, signs) if need == "spectrum" else None
    values, vectors, value_error = (None, None, None) if spectrum is None else spectrum
    largest = np.zeros(len(stack))
    if errors is not None:
        largest += errors.max(axis=(1, 2))
    return CriticalPoints(
        kind=found.kind.reshape(shape),
        certain=found.certain.reshape(shape),
        confidence=found.certain.astype(float).reshape(shape),
        inertia=found.inertia.reshape(*shape, 3),
        index=found.index.reshape(shape),
        eigenvalues=None if values is None else values.reshape(*shape, n),
        eigenvectors=None if vectors is None else vectors.reshape(*shape, n, n),
        eigenvalue_error=None if value_error is None else value_error.reshape(*shape, n),
        gradient_norm=slopes.norm.reshape(shape),
        distance=found.distance.reshape(shape),
        way_down=signs.way_down.reshape(*shape, n),
        hessian_error=largest.reshape(shape),
        settings=Settings(
            count,
            signs.not_flat.reshape(shape),
            np.full(shape, diagonal),
            slopes.unresolved.reshape(shape),
        ),
    )


def _diagonal_signs(stack: Array, errors: Array | None, slopes: Slopes) -> Signs | None:
    """Take signs from the diagonals, if the gradient or two entries of opposite sign settle the kind of every point."""
    size, n, _ = stack.shape
    d = np.diagonal(stack, axis1=1, axis2=2)
    error = 0.0 if errors is None else np.diagonal(errors, axis1=1, axis2=2)
    down = np.asarray((d < -error).any(axis=1))
    up = np.asarray((d > error).any(axis=1))
    if not (slopes.moving | (down & up)).all():
        return None
    way_down = np.eye(n)[d.argmin(axis=1)] * down[:, None]
    nothing = np.zeros(size, dtype=bool)
    counts = down.astype(np.int64), up.astype(np.int64)
    return Signs(*counts, np.full(size, np.inf), way_down, None, nothing)


def conclude(
    signs: Signs, moving: NDArray[np.bool_], known: NDArray[np.bool_], n: int, zero_modes: int
) -> Conclusions:
    """Name each point by what is proven of its n directions, of which `zero_modes` need not be."""
    kind, certain, index, inertia, distance = _core.verdicts(
        signs.n_negative,
        signs.n_positive,
        signs.not_flat,
        signs.newton_step,
        moving,
        known,
        n,
        zero_modes,
    )
    return Conclusions(NAMES[kind], certain, index, inertia, distance)


def _spectrum(stack: Array, errors: Array | None, signs: Signs) -> tuple[Array, Array, Array]:
    """Eigenvalues, eigenvectors and the errors of the former."""
    definite = np.maximum(signs.n_negative, signs.n_positive) == stack.shape[-1]
    # |v^T (H - true) v| <= bound |v^T H v| for all v, where all signs are the same
    return _core.spectra(stack, errors, np.where(definite, signs.bound, np.inf))
