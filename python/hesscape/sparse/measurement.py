"""Verdicts from gradients and the sparsity of the Hessian: a colour for many columns, and proofs by a sparse LDLᵀ."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hesscape import _core
from hesscape._validate import Array
from hesscape.derivatives.given import finite_gradients
from hesscape.derivatives.model import TaylorModel
from hesscape.krylov.curvature import (
    DELTA,
    MOST_PRODUCTS,
    TOL,
    CurvatureBounds,
    bounds,
    suited_basis,
)
from hesscape.linalg.proofs import FLAT_RATIO, Signs
from hesscape.linalg.symmetric import zero_mode_basis
from hesscape.objective import Objective
from hesscape.status import NonFiniteError
from hesscape.verdicts.conclude import NEAR, conclude, slopes_of
from hesscape.verdicts.critical_point import CriticalPoint, CriticalPoints, Settings

DENSE_BELOW = 1000  # coordinates: their matrix is formed, for eigenvalues too
FIRST_STEP = -15  # log2 of the steps of the first round, in the sizes of the coordinates
LEAP = 4  # log2 of the factor between rounds
MOST_ROUNDS = 6
MOST_REFUSED = 2  # rounds that contradict the pattern, before it is refused
SPARSE = "H was measured along {colours} colours of its pattern"
WIDENED = "gradients along a line exceed the errors in row {row} by a factor {ratio:.2g}, so that they were widened"
REFUSED = (
    "an entry is missing in row {row}, or jac is not smooth there: gradients along a line differ from what the pattern "
    "tells by {ratio:.3g} times the errors"
)


class Measured(NamedTuple):
    """What gradients tell of a Hessian whose pattern is known."""

    pattern: _core.SparsePattern
    values: Array  # by the entries of the pattern, as their errors
    errors: Array
    gradient: Array
    gradient_error: Array
    signs: tuple[int, int]  # eigenvalues proven negative, positive
    njev: int
    message: str

    def matrix(self, entries: Array) -> Any:
        """Give a sparse array with these entries."""
        from scipy.sparse import csc_array

        n = self.pattern.size
        return csc_array((entries, self.pattern.indices, self.pattern.indptr), shape=(n, n))


def pattern_of(hess_sparsity: Any, n: int) -> _core.SparsePattern:
    """Check `hess_sparsity`; its stored entries, those of the transpose and the diagonal."""
    from scipy.sparse import coo_array, csc_array, eye_array, issparse

    if issparse(hess_sparsity):
        entries = coo_array(hess_sparsity) if hess_sparsity.ndim == 2 else None
        shape = hess_sparsity.shape
    else:
        try:
            dense = np.asarray(hess_sparsity)
        except ValueError as error:
            raise ValueError(f"hess_sparsity: expected a matrix ({n}, {n}), got {error}") from None
        if dense.dtype.kind not in "biuf":
            raise TypeError(
                "hess_sparsity: expected a sparse matrix or an array of booleans, got dtype "
                f"{dense.dtype}"
            )
        shape = dense.shape
        entries = coo_array(dense != 0) if dense.ndim == 2 else None
    if entries is None or shape != (n, n):
        raise ValueError(f"hess_sparsity: expected shape ({n}, {n}), as x has {n}, got {shape}")
    ones = csc_array((np.ones(entries.nnz), (entries.row, entries.col)), shape=(n, n))
    both = csc_array(ones + ones.T + eye_array(n, format="csc"))
    if both.nnz > np.iinfo(np.int32).max:
        raise ValueError(f"hess_sparsity: expected fewer than 2**31 entries, got {both.nnz}")
    both.sort_indices()
    return _core.SparsePattern(both.indptr.astype(np.int32), both.indices.astype(np.int32))


def measure_by_pattern(
    f: Objective,
    x: Array,
    pattern: _core.SparsePattern,
    colour: NDArray[np.int32],
    zero_modes: int,
) -> Measured:
    """Measure the entries of H, with other steps while signs are open and that makes errors smaller."""
    here = finite_gradients(f, x[None], x)[0].copy()
    stencil = _core.SparseStencil(pattern, colour=colour, x=x, gradient=here)
    inertia = _core.SparseInertia(pattern)
    signs, notes, counted, refused, longer = (0, 0), [], 0, 0, True
    tried = [FIRST_STEP]
    for _ in range(MOST_ROUNDS):
        _run(f, stencil, tried[-1])
        better = False
        if stencil.counts:
            counted += 1
            better, before = stencil.improved > 0, signs
            signs = inertia.prove(stencil.values(), stencil.errors())
            better = better and (signs != before or signs == (0, 0))  # smaller errors tell no more
            if stencil.contradiction > 1:
                notes.append(WIDENED.format(row=stencil.contradicted, ratio=stencil.contradiction))
            if sum(signs) >= x.size - zero_modes or not (better or longer):
                break
        elif stencil.finite:
            refused += 1
            notes.append(_refusal(stencil))
            if refused == MOST_REFUSED and not counted:
                break
        longer = longer and better
        tried.append(max(tried) + LEAP if longer else min(tried) - LEAP)
    if not counted:
        if refused:
            raise ValueError(f"hess_sparsity: {notes[0]}")
        raise NonFiniteError(f"jac is not finite next to x = {x}: {_core.Status.no_step.message}")
    notes.insert(0, SPARSE.format(colours=stencil.colours))
    return Measured(
        pattern,
        stencil.values(),
        stencil.errors(),
        here,
        stencil.gradient_noise(),
        signs,
        njev=1 + 3 * (stencil.colours + 1) * len(tried),
        message="; ".join(notes),
    )


def _run(f: Objective, stencil: _core.SparseStencil, exponent: int) -> None:
    """Measure one round."""
    stencil.begin(exponent)
    while not stencil.done:
        with np.errstate(all="ignore"):  # a step may leave the domain of jac
            gradients = f.gradients(stencil.ask())
        stencil.tell(gradients)


def _refusal(stencil: _core.SparseStencil) -> str:
    return REFUSED.format(row=stencil.contradicted, ratio=stencil.contradiction)


def dense_model(f: Objective, x: Array, found: Measured) -> TaylorModel:
    """Give the measurement as a model, with the matrix filled by zeros."""
    value = f.value(x)
    if not np.isfinite(value):
        raise NonFiniteError(f"fun is {value} at x = {x}: {_core.Status.not_finite.message}")
    return TaylorModel(
        x=x,
        value=value,
        gradient=found.gradient,
        hessian=found.matrix(found.values).toarray(),
        gradient_error=found.gradient_error,
        hessian_error=found.matrix(found.errors).toarray(),
        noise=np.finfo(float).eps * abs(value) if f.noise is None else f.noise,
        step=_core.natural_steps(x),
        nfev=1,
        njev=found.njev,
        message=found.message,
    )


def classify_by_pattern(
    f: Objective, x: Array, gtol: float, zero_modes: int | ArrayLike, found: Measured
) -> CriticalPoint:
    """Classify a point by the signs that the sparse factors prove."""
    n = x.size
    count, basis = zero_mode_basis(zero_modes, n)
    negative, positive = found.signs
    not_flat = np.array([basis is not None and not _flat(found, basis)])
    diagonal = np.abs(found.matrix(found.values).diagonal())
    harmless = NEAR * 4 * _core.natural_steps(x) * diagonal
    slopes = slopes_of(found.gradient[None], found.gradient_error[None], gtol, harmless[None])
    down = _way_down(f, x, found) if negative else None
    way = np.zeros((1, n)) if down is None else down.lowest_direction[None]
    counts = np.array([negative]), np.array([positive])
    signs = Signs(*counts, np.array([np.inf]), way, None, not_flat)
    conclusion = conclude(signs, slopes.moving, slopes.known, n, count)
    points = CriticalPoints(
        kind=conclusion.kind,
        certain=conclusion.certain,
        confidence=conclusion.certain.astype(float),
        inertia=conclusion.inertia,
        index=conclusion.index,
        eigenvalues=None,
        eigenvectors=None,
        eigenvalue_error=None,
        gradient_norm=slopes.norm,
        distance=conclusion.distance,
        way_down=way,
        hessian_error=np.array([found.errors.max()]),
        settings=Settings(count, not_flat, np.array([False]), slopes.unresolved),
    )
    point = points.point((0,))
    message = f"{point.message}; {found.message}"
    return replace(point, njev=found.njev, message=message, curvature=down)


def _flat(found: Measured, basis: Array) -> bool:
    """Whether H is far smaller along these directions than its entries are, or within its errors."""
    z, sizes = np.abs(basis), found.matrix(np.abs(found.values))
    allowed = found.matrix(found.errors) @ z + FLAT_RATIO * (sizes @ z)
    return bool((np.abs(found.matrix(found.values) @ basis) <= allowed).all())


def _way_down(f: Objective, x: Array, found: Measured) -> CurvatureBounds | None:
    """Find a direction of negative curvature by the Lanczos process on the matrix that was measured."""
    h, e = found.matrix(found.values), found.matrix(found.errors)
    known = Objective(f.fun, hessp=lambda _, p: h @ p)
    basis = np.empty((x.size, 0), order="F")
    down = bounds(
        known, x, "kind", TOL, DELTA, MOST_PRODUCTS["kind"], suited_basis(x.size), basis, 0
    )

    def error(u: Array) -> float:
        return float(np.abs(u) @ (e @ np.abs(u)))

    low, high = down.lowest_direction, down.highest_direction
    low_error, high_error = down.lowest_error + error(low), down.highest_error + error(high)
    return replace(
        down,
        lowest_error=low_error,
        highest_error=high_error,
        proven_negative=down.lowest < -low_error,
        proven_positive=down.highest > high_error,
        gradient=found.gradient,
    )
