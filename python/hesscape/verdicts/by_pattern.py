"""The strategy that measures only the entries which a pattern allows to differ from zero."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from hesscape import _core
from hesscape._validate import Array
from hesscape.krylov.curvature import CurvatureBounds, curvature_of
from hesscape.linalg.proofs import FLAT_RATIO, Signs
from hesscape.objective import Objective
from hesscape.sparse.measurement import Measured, dense_model, measure_by_pattern, pattern_of

from . import by_entries, by_products
from .evidence import Evidence, Question, Slopes, size_of

DENSE_BELOW = 1000  # coordinates: their matrix is formed, for eigenvalues too
MANY_COLOURS = 8  # from here on a saddle may well be proven by products for less
FEW_PRODUCTS = 3  # of them


def gather(f: Objective, x: Array, question: Question, hess_sparsity: Any) -> Evidence:
    """Measure H along the colours of its pattern; small ones are then treated as if they had none."""
    pattern = pattern_of(hess_sparsity, x.size)
    colour = _core.star_colouring(pattern)
    nfev = njev = 0
    counted = question.zero_modes > 0 and question.basis is None
    if question.need == "kind" and colour.max() >= MANY_COLOURS and not counted:
        quick = by_products.gather(f, x, question, rng=0, most_products=FEW_PRODUCTS)
        if quick.slopes.moving[0] or (quick.slopes.known[0] and _is_saddle(quick.signs)):
            return quick
        nfev, njev = quick.nfev, quick.njev
    found = measure_by_pattern(f, x, pattern, colour, question.zero_modes)
    if x.size < DENSE_BELOW:
        evidence = by_entries.of_model(dense_model(f, x, found), question)
    else:
        evidence = _of_factors(f, x, question, found)
    return replace(
        evidence, remark=found.message, nfev=evidence.nfev + nfev, njev=evidence.njev + njev
    )


def _is_saddle(signs: Signs) -> bool:
    return bool(signs.n_negative[0] > 0 and signs.n_positive[0] > 0)


def _of_factors(f: Objective, x: Array, question: Question, found: Measured) -> Evidence:
    """Take the signs that sparse factors prove."""
    negative, positive = found.signs
    basis = question.basis
    not_flat = np.array([basis is not None and not _flat(found, basis)])
    diagonal = found.matrix(found.values).diagonal()
    gradient, error = found.gradient[None], found.gradient_error[None]
    slopes = Slopes.of(gradient, error, question.gtol, size_of(x)[None], diagonal[None])
    down = _way_down(f, x, found) if negative else None
    way = np.zeros((1, x.size)) if down is None else down.lowest_direction[None]
    counts = np.array([negative]), np.array([positive])
    return Evidence(
        question,
        slopes,
        Signs(*counts, np.array([np.inf]), way, None, not_flat),
        everywhere=True,
        hessian_error=np.array([found.errors.max()]),
        njev=found.njev,
        x=x[None],
        curvature=down,
    )


def _flat(found: Measured, basis: Array) -> bool:
    """Whether H is far smaller along these directions than its entries are, or within its errors."""
    z, sizes = np.abs(basis), found.matrix(np.abs(found.values))
    allowed = found.matrix(found.errors) @ z + FLAT_RATIO * (sizes @ z)
    return bool((np.abs(found.matrix(found.values) @ basis) <= allowed).all())


def _way_down(f: Objective, x: Array, found: Measured) -> CurvatureBounds:
    """Find a direction of negative curvature by the Lanczos process on the matrix that was measured."""
    h, e = found.matrix(found.values), found.matrix(found.errors)
    down = curvature_of(Objective(f.fun, hessp=lambda _, p: h @ p), x, "kind", rng=0)

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
