"""What a random start says about eigenvalues that no Ritz value has come near yet."""

from __future__ import annotations

import math

import numpy as np

from hesscape import _core

EPS = float(np.finfo(np.float64).eps)


def least_component(n: int, delta: float) -> float:
    """Give t so that a unit vector drawn uniformly has |b_1| < t with probability at most `delta`.

    The density of b_1 is Γ(n/2) / (√π Γ((n-1)/2)) (1 - b²)^((n-3)/2), for n > 2 at most its value at zero, and that
    is at most √((n-1)/2π) by Γ(s + 1/2) <= √s Γ(s).
    """
    if n == 1:
        return 1.0
    if n == 2:
        return math.sin(math.pi * delta / 2)
    return min(1.0, delta * math.sqrt(math.pi / (2 * (n - 1))))


def least_component_of_block(n: int, width: int, delta: float) -> float:
    """Give t so that a random subspace of `width` dimensions has |Vᵀz| < t with probability at most `delta`.

    The columns of V are an orthonormal basis of it, z is a fixed unit vector. |Vᵀz|² has the distribution
    B(width/2, (n - width)/2), and where n >= width + 2 its density at u is at most u^(width/2 - 1) / B.
    """
    if width == 1:
        return least_component(n, delta)
    if n < width + 2:
        return 0.0
    a, b = width / 2, (n - width) / 2
    logarithm = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b) + math.log(delta * a)
    return min(1.0, math.exp(logarithm / width) * (1 - 100 * n * EPS))  # lgamma's rounding


def least_component_near(n: int, delta: float) -> float:
    """Give t as `least_component`, for the sum of such a vector and a fixed unit vector, made a unit vector again.

    The sum is no longer than 2, and the bound of the density holds for the probability of every interval.
    """
    return least_component(n, delta) / 2 if n > 2 else 0.0


def relative_gap(least: float, products: int) -> float:
    """Give ε so that the extreme Ritz value is within ε (λ_max - λ_min) wherever |b_1| >= `least`.

    Kuczyński and Woźniakowski (1992) in the form before the last two estimates: a gap beyond ε implies
    |b_1| < 1 / cosh((2k - 1) artanh √ε).
    """
    return math.tanh(math.acosh(1 / least) / (2 * products - 1)) ** 2


class Statement:
    """Bounds of both ends of the spectrum that hold with probability 1 - delta, as Ritz values come in.

    All bounds hold unless the start has a component below t in an extreme eigenvector, so that the best of any number
    of them may be kept, however the process was stopped, for one and the same delta.
    """

    def __init__(self, n: int, delta: float, *, shifted: bool = False, width: int = 1) -> None:
        self.width = width  # of the start
        if shifted:
            self.least = least_component_near(n, delta / 2)  # there are two ends
        else:
            self.least = least_component_of_block(n, width, delta / 2)
        self.floor, self.ceiling = -math.inf, math.inf

    def update(self, lanczos: _core.Lanczos) -> None:
        """Take the Ritz values after a product; after a restart they are no longer those of a Krylov space."""
        if lanczos.restarts or not self.least:
            return
        if 0 < lanczos.ask().shape[1] < self.width:
            return  # what was left out may be all that the start had of an eigenvector
        values = lanczos.values
        gap = self._gap(lanczos, float(values[-1] - values[0]))
        if np.isfinite(gap):
            self.floor = max(self.floor, float(values[0]) - gap)
            self.ceiling = min(self.ceiling, float(values[-1]) + gap)

    def _gap(self, lanczos: _core.Lanczos, spread: float) -> float:
        error = lanczos.backward_error()
        if lanczos.status == _core.Krylov.exhausted:
            return error + lanczos.coupling / self.least
        # At least so many steps; the Krylov space of some vector in the start, with a component `least`, is in theirs.
        epsilon = relative_gap(self.least, max(1, lanczos.products // self.width))
        if epsilon >= 0.5:
            return math.inf
        return epsilon * (spread + 2 * error) / (1 - 2 * epsilon) + error
