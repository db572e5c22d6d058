"""Proofs of signs for stacks of matrices, with zero modes taken out."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hesscape import _core

Array = NDArray[np.float64]

FAINT = (1e-9, 1e-7, 1e-5, 1e-3)  # of the largest entry: how zero modes may curve
FLAT_RATIO = 1e-3  # zero modes may curve by this part of the largest curvature of their coordinates
UNDERFLOW = 2.0**-900


class Signs(NamedTuple):
    """One entry or row a matrix; see ``SignProofs`` in the core."""

    n_negative: NDArray[np.int64]
    n_positive: NDArray[np.int64]
    bound: Array
    way_down: Array
    newton_step: Array | None
    not_flat: NDArray[np.bool_]


def prove(
    h: Array, error: Array | None, count: int, basis: Array | None, gradient: Array | None
) -> Signs:
    """Prove signs of matrices (N, n, n) with errors (N or 1, n, n) on the complement of the zero modes."""
    if basis is None:
        signs = Signs(*_core.prove_signs(h, error, count, gradient), np.zeros(len(h), dtype=bool))
        return _without_faint(signs, h, error, count, gradient) if count else signs

    n = h.shape[-1]
    exponent = equilibration(h, error)
    pair = exponent[:, :, None] + exponent[:, None, :]
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        a = np.ldexp(h, pair)
        e = np.zeros_like(a) if error is None else np.ldexp(error, pair)
        shift = exponent - exponent.max(axis=1, keepdims=True)
        # H Z = 0 means A D^-1 Z = 0, so that the complement of D^-1 Z is the one that counts.
        small = exponent.min(axis=1, keepdims=True) - exponent
        q_full, _ = np.linalg.qr(np.ldexp(basis, small[:, :, None]), mode="complete")
        z, q = q_full[:, :, :count], q_full[:, :, count:]
        magnitude, z_magnitude = np.abs(q), np.abs(z)
        q_t = np.swapaxes(q, -1, -2)
        projected = q_t @ a @ q
        projected = (projected + np.swapaxes(projected, -1, -2)) / 2
        # As in the core: gamma_2n for the two products, the rest for the sums here.
        u = np.finfo(float).eps / 2
        gamma = (2 * n + 16) * u / (1 - (2 * n + 16) * u)
        per_entry = e + gamma * np.abs(a) + UNDERFLOW
        bound = np.swapaxes(magnitude, -1, -2) @ per_entry @ magnitude * (1 + gamma) + UNDERFLOW
        bound = np.where(np.isnan(bound), np.inf, bound)
        bound = np.maximum(bound, np.swapaxes(bound, -1, -2))
        excess = np.abs(a @ z) - per_entry @ z_magnitude
        not_flat = (excess > FLAT_RATIO).any(axis=(1, 2))
        scaled = None
        if gradient is not None:
            scaled = (q_t @ np.ldexp(gradient, exponent)[:, :, None])[:, :, 0]

    bad = ~np.isfinite(projected)
    projected[bad], bound[bad] = 0.0, np.inf
    signs = Signs(*_core.prove_signs(projected, bound, 0, scaled), not_flat)

    down = np.ldexp((q @ signs.way_down[:, :, None])[:, :, 0], shift)
    length = np.linalg.norm(down, axis=1, keepdims=True)
    down = np.divide(down, length, out=np.zeros_like(down), where=length > 0)
    step = None
    if signs.newton_step is not None:
        step = np.ldexp((q @ signs.newton_step[:, :, None])[:, :, 0], exponent)
        step = step - (step @ basis) @ basis.T
    return signs._replace(way_down=down, newton_step=step)


def _without_faint(
    signs: Signs, h: Array, error: Array | None, count: int, gradient: Array | None
) -> Signs:
    """Take the signs of zero modes away, where both signs are proven, of more directions than there are others.

    Zero modes curve a little where the gradient is not quite zero. Larger errors leave less proven, and nothing wrong.
    """
    for faint in FAINT:
        negative, positive = signs.n_negative, signs.n_positive
        excess = negative + positive > h.shape[-1] - count
        rows = np.flatnonzero(excess & (negative > 0) & (positive > 0))
        if not rows.size:
            break
        part = h[rows]
        wide = np.zeros_like(part) if error is None else np.broadcast_to(error, h.shape)[rows]
        wide = wide + faint / len(part[0]) * np.abs(part).max(axis=(1, 2), keepdims=True)
        slopes = None if gradient is None else gradient[rows]
        mine: Any
        for mine, its in zip(signs, _core.prove_signs(part, wide, count, slopes), strict=False):
            if mine is not None:
                mine[rows] = its
    return signs


def equilibration(h: Array, error: Array | None) -> NDArray[np.int32]:
    """Binary exponents of the equilibration; rows without a significant entry get a small scale."""
    exponent: NDArray[np.int32] = np.array(_core.equilibrate(h, error))
    for k in np.flatnonzero((exponent == _core.INSIGNIFICANT).any(axis=1)):
        lost = exponent[k] == _core.INSIGNIFICANT
        exponent[k, lost] = exponent[k, ~lost].min() if not lost.all() else 0
        if error is not None:
            e = error[k if len(error) > 1 else 0]
            with np.errstate(divide="ignore", over="ignore"):
                size = np.log2(e) + exponent[k]
            largest = np.nan_to_num(size.max(axis=1), nan=0.0, posinf=1000.0, neginf=-1000.0)
            limit = np.floor(np.minimum(-largest, -largest / 2)).astype(np.int32)
            exponent[k, lost] = np.minimum(exponent[k, lost], limit[lost])
    return exponent
