"""Verdicts from products with the Hessian, where no matrix is formed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from hesscape._validate import Array
from hesscape.derivatives.given import EPS, ULPS, axes_of, finite_gradients
from hesscape.krylov.curvature import (
    DELTA,
    MOST_PRODUCTS,
    TOL,
    CurvatureBounds,
    basis_of,
    bounds,
    suited_basis,
)
from hesscape.objective import Objective

from .critical_point import CriticalPoint, Kind

LARGE = 1000  # coordinates from which "auto" forms no matrix, if it need not

SENTENCES = {
    "not_critical": "the gradient exceeds gtol by more than its own error: move on with an optimiser, then classify "
    "again",
    "saddle": "curvature of both signs is proven; its index was not counted",
    "index": "curvature of both signs is proven, and so are {count} negative eigenvalues; there are {most}",
    "minimum": "no curvature is negative with probability {confidence:.10g} over the random start, which is no proof: "
    "every eigenvalue is above {floor:.3g}",
    "maximum": "no curvature is positive with probability {confidence:.10g} over the random start, which is no proof: "
    "every eigenvalue is below {ceiling:.3g}",
    "degenerate": "{message}",
}
UNRESOLVED = "; the gradient is known with errors up to {error:.2g} only, which is more than gtol"


class _Slope(NamedTuple):
    moving: bool
    error: float  # the largest
    norm: float
    nfev: int
    njev: int
    gradient: Array


def suits_products(f: Objective, n: int, zero_modes: int | ArrayLike) -> bool:
    """Whether the matrix is better not formed: it is large, and products can be had."""
    counted = isinstance(zero_modes, (int, np.integer)) and zero_modes != 0
    offered = f.hess is None and (f.hessp is not None or f.jac is not None)
    return n >= LARGE and offered and not counted


def classify_by_products(
    f: Objective,
    x: Array,
    gtol: float,
    need: str,
    zero_modes: int | ArrayLike,
    *,
    delta: float = DELTA,
    guess: Array | None = None,
    rng: Any = None,
    most_products: int | None = None,
) -> CriticalPoint:
    """Classify a point by the ends of its spectrum; `need` "way" is for what `curvature.bounds` does with it."""
    found = bounds(
        f,
        x,
        need,
        TOL,
        delta,
        most_products or MOST_PRODUCTS[need],
        suited_basis(x.size),
        basis_of(zero_modes, x.size),
        rng,
        guess,
    )
    slope = _slope(f, x, gtol, found)
    found = replace(found, gradient=slope.gradient)
    known = slope.error <= gtol
    kind = _kind(found, slope.moving)
    certain = kind == Kind.not_critical or (kind == Kind.saddle and known)
    statistical = kind in (Kind.minimum, Kind.maximum) and known
    count, most = found.n_negative, found.n_negative_most
    sentence = "index" if kind == Kind.saddle and need == "inertia" else kind
    message = SENTENCES[sentence].format(
        count=count,
        most=f"with probability {found.confidence:.10g} no more"
        if most == count
        else "may be more",
        confidence=found.confidence,
        floor=found.floor,
        ceiling=found.ceiling,
        message=found.message,
    )
    if not (known or slope.moving):
        message += UNRESOLVED.format(error=slope.error)
    negative, positive = count, int(found.proven_positive)
    ends = need == "spectrum"
    residuals = [found.lowest_residual, found.highest_residual]
    return CriticalPoint(
        kind=kind,
        certain=certain,
        confidence=1.0 if certain else found.confidence if statistical else 0.0,
        inertia=(negative, x.size - negative - positive, positive),
        index=count if need == "inertia" and most == count else None,
        eigenvalues=np.array([found.lowest, found.highest]) if ends else None,
        eigenvectors=np.array([found.lowest_direction, found.highest_direction]).T
        if ends
        else None,
        eigenvalue_error=np.array(residuals) if ends else None,
        gradient_norm=slope.norm,
        distance=np.nan,
        way_down=found.lowest_direction if found.lowest < 0 else None,
        taylor=None,
        nfev=slope.nfev,
        njev=found.njev + slope.njev,
        message=message,
        hessian_error=np.nan,
        curvature=found,
    )


def _kind(found: CurvatureBounds, moving: bool) -> Kind:
    if moving:
        return Kind.not_critical
    if found.proven_negative and found.proven_positive:
        return Kind.saddle
    if found.proven_positive and found.floor > 0:
        return Kind.minimum
    if found.proven_negative and found.ceiling < 0:
        return Kind.maximum
    return Kind.degenerate


def _slope(f: Objective, x: Array, gtol: float, found: CurvatureBounds) -> _Slope:
    """Compare the gradient with gtol and its own error: rounding, of x too, and noise that differences showed."""
    nfev = njev = 0
    if f.jac is None:
        axes = axes_of(f, x, np.empty(0))
        g, error = axes.gradient[0], axes.gradient_error[0]
        nfev = axes.nfev[0]
    else:
        g = found.gradient
        if g is None:
            g, njev = finite_gradients(f, x[None], x)[0], 1
        norm = max(abs(found.lowest), abs(found.highest))
        error = ULPS * EPS * (np.abs(g) + norm * np.abs(x)) + found.gradient_noise
    moving = bool((np.abs(g) > gtol + error).any())
    return _Slope(moving, float(error.max()), float(np.linalg.norm(g)), nfev, njev, g)
