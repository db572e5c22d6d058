"""Verdicts from matrices with errors, and from what is known of the gradients."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._critical_point import CriticalPoints, Kind, Settings
from ._inertia import Array, Signs, prove

EPS = float(np.finfo(np.float64).eps)
NEAR = 1e-3  # of a coordinate: what its gradient may leave open of where the stationary point is
NAMES = np.array([Kind.degenerate, Kind.saddle, Kind.minimum, Kind.maximum, Kind.not_critical])


class Slopes(NamedTuple):
    """What the gradients of a stack say: whether the point is critical, and how well that is known."""

    gradient: Array | None  # (N, n)
    moving: NDArray[np.bool_]  # some entry exceeds gtol by more than its error
    known: NDArray[np.bool_]  # all errors are within gtol, or harmless
    unresolved: Array  # the largest error, where it exceeds gtol and hides whether the point moves
    norm: Array


def unknown_slopes(size: int) -> Slopes:
    nothing = np.full(size, np.nan)
    return Slopes(None, np.zeros(size, dtype=bool), np.ones(size, dtype=bool), nothing, nothing)


def slopes_of(gradient: Array, error: Array, gtol: float, harmless: Array) -> Slopes:
    moving = np.asarray((np.abs(gradient) > gtol + error).any(axis=1))
    worst = np.where(np.isfinite(gradient) & ~np.isnan(error), error, np.inf).max(axis=1)
    unresolved = np.where(~moving & (worst > gtol), worst, np.nan)
    norm = np.hypot.reduce(gradient, axis=1)
    known = np.asarray((error <= np.maximum(gtol, harmless)).all(axis=1)) & np.isfinite(worst)
    return Slopes(gradient, moving, known, unresolved, norm)


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
    kind, certain = kinds_of(signs, n - count, slopes.moving, slopes.known)
    proven = signs.n_negative + signs.n_positive
    resolved = (proven >= n - count) & ~signs.not_flat
    spectrum = _spectrum(stack, errors, signs) if need == "spectrum" else None
    values, vectors, value_error = (None, None, None) if spectrum is None else spectrum
    largest = np.zeros(len(stack))
    if errors is not None:
        largest += errors.max(axis=(1, 2))
    inertia = np.array([signs.n_negative, n - proven, signs.n_positive]).T
    return CriticalPoints(
        kind=kind.reshape(shape),
        certain=certain.reshape(shape),
        confidence=certain.astype(float).reshape(shape),
        inertia=inertia.reshape(*shape, 3),
        index=np.where(resolved, signs.n_negative, -1).reshape(shape),
        eigenvalues=None if values is None else values.reshape(*shape, n),
        eigenvectors=None if vectors is None else vectors.reshape(*shape, n, n),
        eigenvalue_error=None if value_error is None else value_error.reshape(*shape, n),
        gradient_norm=slopes.norm.reshape(shape),
        distance=newton_length(signs).reshape(shape),
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


def kinds_of(
    signs: Signs, curved: int, moving: NDArray[np.bool_], known: NDArray[np.bool_]
) -> tuple[NDArray[np.str_], NDArray[np.bool_]]:
    """Name each point by its proven signs, of the `curved` that have to be proven, and say what is certain."""
    negative, positive = signs.n_negative, signs.n_positive
    down, up = negative > 0, positive > 0
    saddle = down & up
    minimum, maximum = ~down & (positive >= curved), ~up & (negative >= curved)
    place = np.where(moving, 4, saddle + 2 * minimum + 3 * maximum)
    proof = saddle | ((minimum | maximum) & ~signs.not_flat)
    return NAMES[place], (proof & known) | moving


def newton_length(signs: Signs) -> Array:
    """Length of the Newton step, along the directions whose curvature is resolved."""
    if signs.newton_step is None:
        return np.full(len(signs.n_negative), np.nan)
    length: Array = np.hypot.reduce(signs.newton_step, axis=1)
    length[signs.n_negative + signs.n_positive == 0] = np.nan
    return length


def _spectrum(stack: Array, errors: Array | None, signs: Signs) -> tuple[Array, Array, Array]:
    """Eigenvalues, eigenvectors and the errors of the former."""
    n = stack.shape[-1]
    values, vectors, norm_error = _core.spectra(stack, errors)
    value_error = np.repeat(norm_error[:, None], n, axis=1)
    definite = (signs.bound < 1) & ((signs.n_negative == n) | (signs.n_positive == n))
    if definite.any():  # |v^T (H - true) v| <= ratio |v^T H v| for all v bounds relative errors
        size = np.abs(values[definite])
        solver = 10 * n * EPS * size.max(axis=1, keepdims=True)
        ratio = signs.bound[definite, None]
        relative = ratio / (1 - ratio) * (size + solver) + solver
        value_error[definite] = np.minimum(value_error[definite], relative)
    return values, vectors, value_error
