"""Hessians whose pattern is known: gradients along a colour for many columns, and proofs by a sparse LDLᵀ."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hesscape import _core
from hesscape._validate import Array
from hesscape.derivatives.confront import finite_gradients
from hesscape.derivatives.model import TaylorModel
from hesscape.objective import Objective
from hesscape.status import NonFiniteError

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
