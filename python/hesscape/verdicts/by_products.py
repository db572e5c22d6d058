"""The strategy that forms no matrix: what products with the Hessian tell of the ends of its spectrum."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from hesscape._validate import Array
from hesscape.derivatives.confront import EPS, ULPS, finite_gradients
from hesscape.derivatives.given import axes_of
from hesscape.krylov.curvature import DELTA, CurvatureBounds, basis_of, curvature_of
from hesscape.linalg.proofs import Signs
from hesscape.objective import Objective

from .evidence import Chance, Evidence, Question, Slopes, Spectrum

LARGE = 1000  # coordinates from which "auto" forms no matrix, if it need not

MINIMUM = (
    "no curvature is negative with probability {confidence:.10g} over the random start, which is no proof: every "
    "eigenvalue is above {floor:.3g}"
)
MAXIMUM = (
    "no curvature is positive with probability {confidence:.10g} over the random start, which is no proof: every "
    "eigenvalue is below {ceiling:.3g}"
)
COUNTED = (
    "{count} negative eigenvalues are proven; there are with probability {confidence:.10g} no more"
)


def suits(f: Objective, n: int, question: Question) -> bool:
    """Whether the matrix is better not formed: it is large, and products can be had."""
    counted = question.zero_modes > 0 and question.basis is None
    offered = f.hess is None and (f.hessp is not None or f.jac is not None)
    return n >= LARGE and offered and not counted


def gather(
    f: Objective,
    x: Array,
    question: Question,
    *,
    delta: float = DELTA,
    guess: Array | None = None,
    rng: Any = None,
    most_products: int | None = None,
) -> Evidence:
    """Run the Lanczos process until the question is answered, with a probability of `delta` to be wrong."""
    modes = basis_of(question.zero_modes, x.size) if question.basis is None else question.basis
    found = curvature_of(
        f, x, question.need, delta=delta, most=most_products, modes=modes, rng=rng, guess=guess
    )
    gradient, error, nfev, njev = _gradient(f, x, found)
    found = replace(found, gradient=gradient)
    unknown = np.zeros((1, x.size))
    slopes = Slopes.of(gradient[None], error[None], question.gtol, unknown, unknown)
    chance = _chance(found, question)
    counts = np.array([found.n_negative]), np.array([int(found.proven_positive)])
    down = found.lowest_direction * (found.lowest < 0)
    nothing = np.zeros(1, dtype=bool)
    ends = None
    if question.need == "spectrum":
        ends = Spectrum(
            np.array([[found.lowest, found.highest]]),
            np.array([found.lowest_direction, found.highest_direction]).T[None],
            np.array([[found.lowest_residual, found.highest_residual]]),
        )
    return Evidence(
        question,
        slopes,
        Signs(*counts, np.array([np.inf]), down[None], None, nothing),
        everywhere=False,
        hessian_error=np.array([np.nan]),
        spectrum=ends,
        chance=chance,
        remark=found.message,
        nfev=nfev,
        njev=found.njev + njev,
        x=x[None],
        curvature=found,
    )


def _chance(found: CurvatureBounds, question: Question) -> Chance | None:
    """Tell what the random start adds to what is proven."""
    n, count = found.x.size - question.zero_modes, found.n_negative
    words = {
        "confidence": found.confidence, "floor": found.floor, "ceiling": found.ceiling, "count": count
    }  # fmt: skip
    if found.floor > 0:
        return Chance(0, n, found.confidence, MINIMUM.format(**words))
    if found.ceiling < 0:
        return Chance(n, 0, found.confidence, MAXIMUM.format(**words))
    if count and found.n_negative_most == count:
        return Chance(count, n - count, found.confidence, COUNTED.format(**words))
    return None


def _gradient(f: Objective, x: Array, found: CurvatureBounds) -> tuple[Array, Array, int, int]:
    """Give the gradient, its error by rounding, of x too, and by the noise that differences showed, and the counts."""
    if f.jac is None:
        axes = axes_of(f, x, np.empty(0))
        return axes.gradient[0], axes.gradient_error[0], int(axes.nfev[0]), 0
    gradient, njev = found.gradient, 0
    if gradient is None:
        gradient, njev = finite_gradients(f, x[None], x)[0], 1
    norm = max(abs(found.lowest), abs(found.highest))
    error = ULPS * EPS * (np.abs(gradient) + norm * np.abs(x)) + found.gradient_noise
    return gradient, error, 0, njev
