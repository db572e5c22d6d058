"""A proof with a probability that no eigenvalue lies below a level, by a Chebyshev polynomial of the operator."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ._products import Products
from ._validate import Array

EPS = float(np.finfo(np.float64).eps)
PATIENCE = 1.5  # times the degree that would do if there were nothing below alpha


class Ends(NamedTuple):
    """The level to be shown to be a lower bound, where the polynomial begins and ends to be small, and |H|."""

    level: float
    alpha: float
    beta: float
    norm: float


class Excluded(NamedTuple):
    """The outcome.

    Attributes
    ----------
    holds : bool
        Whether an eigenvalue at or below the level is excluded, unless the start was unlucky.
    vector : (n,) ndarray
        The filtered start, of unit length; eigenvectors below alpha are amplified in it.
    quotient, error : float
        Its curvature, by the product that was taken last, and what that may be wrong by.
    """

    holds: bool
    vector: Array
    quotient: float
    error: float


class _Bound:
    """What an eigenvalue at the level would make of the start, and what errors would: T_d(x) t and sums of U(x) η."""

    def __init__(self, x: float, least: float) -> None:
        self.x = x
        self.signal = [least, x * least]
        self.error = [0.0, 0.0]

    def first(self, eta: float) -> None:
        self.error[1] = eta

    def step(self, eta: float) -> None:
        self.signal = [self.signal[1], 2 * self.x * self.signal[1] - self.signal[0]]
        self.error = [self.error[1], 2 * self.x * self.error[1] - self.error[0] + eta]

    def exceeds(self, length: float) -> bool:
        return self.signal[1] - self.error[1] > length * (1 + 1e-9)


def exclude(
    source: Products,
    basis: Array,
    start: Array,
    least: float,
    ends: Ends,
    most: int,
) -> Excluded:
    """Filter a random start on the complement of a basis, and see whether an eigenvalue below the level shows.

    On [alpha, beta] the Chebyshev polynomial T_d of (alpha + beta - 2 λ) / (beta - alpha) is at most 1, and below it
    grows. If the lowest eigenvalue were at most `level` < alpha, and the component of the start along its vector at least
    `least`, then the filtered start were longer than T_d(level) `least`. Where it is shorter, errors included, there
    is no such eigenvalue: whatever alpha and beta are.
    """
    level, alpha, beta, norm = ends
    scale = 2 / (beta - alpha)
    centre = (alpha + beta) / (beta - alpha)
    x = centre - scale * level
    unit = (start.size + 8) * EPS * math.sqrt(basis.shape[1] + 1) if basis.size else 8 * EPS
    degree = math.acosh(2 / least) / math.acosh(x)
    bound = _Bound(x, least - unit)
    before, now = np.zeros_like(start), _projected(basis, start)
    now /= np.linalg.norm(now)
    quotient = error = 0.0
    for d in range(min(most, math.ceil(PATIENCE * degree))):
        length = float(np.linalg.norm(now))
        v = now / length
        p, error = source.product(v, measured=False)
        size = float(np.linalg.norm(p))
        quotient = float(v @ p)
        error += start.size * EPS * size
        # What the product, leaving the complement and rounding do to the next vector.
        eta = 2 * scale * (error + unit * (size + norm))
        eta = length * (eta + 8 * EPS * (centre + scale * size)) + 8 * EPS * float(
            np.linalg.norm(before)
        )
        half = 1 if d else 0.5  # T_1 is x, and then T_{d+1} = 2 x T_d - T_{d-1}
        following = 2 * half * (centre * now - (scale * length) * p) - before
        following = _projected(basis, following)
        if d:
            bound.step(eta)
        else:
            bound.first(eta)
        before, now = now, following
        if bound.exceeds(float(np.linalg.norm(now))):
            return Excluded(True, v, quotient, error)
        if not bound.error[1] < bound.signal[1]:
            break
    length = float(np.linalg.norm(now))
    return Excluded(False, now / length, quotient, error)


def _projected(basis: Array, v: Array) -> Array:
    for _ in range(2 if basis.size else 0):
        v = v - basis @ (basis.T @ v)
    return v
