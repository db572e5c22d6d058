"""A proof with a probability that no eigenvalue lies below a level, by a Chebyshev polynomial of the operator."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from hesscape._validate import Array

from .products import Products, lengths_of

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
    vectors : (n, m) ndarray
        The filtered start, columns of unit length; eigenvectors below alpha are amplified in it.
    quotient, error : float
        The lowest curvature of them, by the products that were taken last, and what that may be wrong by.
    """

    holds: bool
    vectors: Array
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
    """Filter a random start (n, m) on the complement of a basis, and see whether an eigenvalue below the level shows.

    On [alpha, beta] the Chebyshev polynomial T_d of (alpha + beta - 2 λ) / (beta - alpha) is at most 1, and below it
    grows. If the lowest eigenvalue were at most `level` < alpha, and the component of the start along its vector at least
    `least`, then the filtered start had a norm above T_d(level) `least`. Where it has not, errors included, there
    is no such eigenvalue: whatever alpha and beta are.
    """
    level, alpha, beta, norm = ends
    scale = 2 / (beta - alpha)
    centre = (alpha + beta) / (beta - alpha)
    x = centre - scale * level
    n, m = start.shape
    unit = (n + 8) * EPS * math.sqrt(basis.shape[1] + 1) if basis.size or m > 1 else 8 * EPS
    degree = math.acosh(2 / least) / math.acosh(x)
    bound = _Bound(x, least - m * unit)
    before, now = np.zeros_like(start), _orthonormal(_projected(basis, start))
    quotient = error = 0.0
    for d in range(max(0, min(most // m, math.ceil(PATIENCE * degree)))):
        lengths = lengths_of(now)
        v = now / lengths
        p, errors = source.products(v, measured=False)
        sizes = lengths_of(p)
        quotients = np.array([a @ b for a, b in zip(v.T, p.T, strict=True)])
        errors = errors + n * EPS * sizes
        lowest = int(np.argmin(quotients))
        quotient, error = float(quotients[lowest]), float(errors[lowest])
        # What the products, leaving the complement and rounding do to the next vectors.
        etas = 2 * scale * (errors + unit * (sizes + norm))
        etas = lengths * (etas + 8 * EPS * (centre + scale * sizes))
        etas += 8 * EPS * lengths_of(before)
        eta = float(np.linalg.norm(etas))
        half = 1 if d else 0.5  # T_1 is x, and then T_{d+1} = 2 x T_d - T_{d-1}
        following = 2 * half * (centre * now - (scale * lengths) * p) - before
        following = _projected(basis, following)
        if d:
            bound.step(eta)
        else:
            bound.first(eta)
        before, now = now, following
        if bound.exceeds(_norm(now)):
            return Excluded(True, v, quotient, error)
        if not bound.error[1] < bound.signal[1]:
            break
    return Excluded(False, now / lengths_of(now), quotient, error)


def _projected(basis: Array, v: Array) -> Array:
    for _ in range(2 if basis.size else 0):
        v = v - basis @ (basis.T @ v)
    return v


def _orthonormal(v: Array) -> Array:
    if v.shape[1] == 1:
        return v / np.linalg.norm(v)
    return np.asfortranarray(np.linalg.qr(v)[0])


def _norm(v: Array) -> float:
    """Give the spectral norm of a few long columns."""
    return math.sqrt(float(np.linalg.norm(v.T @ v, 2)))
