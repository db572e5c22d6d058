"""Verdicts on matrices, and what is exactly true of them, which the tests of verdicts share."""

from fractions import Fraction
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from hesscape.derivatives.model import TaylorModel
from hesscape.verdicts.classify import classify_hessian
from hesscape.verdicts.critical_point import CriticalPoint, CriticalPoints


def exact_inertia(matrix: Any) -> tuple[int, int, int]:
    """Inertia by symmetric elimination in rational numbers."""
    a = [[Fraction(value) for value in row] for row in matrix]
    negative = positive = 0
    n = len(a)
    while a:
        size = len(a)
        k = next((i for i in range(size) if a[i][i] != 0), None)
        if k is None:
            pair = next(((i, j) for i in range(size) for j in range(i) if a[i][j] != 0), None)
            if pair is None:
                break
            i, j = pair  # adding row and column j to i makes the diagonal entry 2 a_ij
            a[i] = [x + y for x, y in zip(a[i], a[j], strict=True)]
            for row in a:
                row[i] += row[j]
            k = i
        pivot = a[k]
        negative, positive = negative + (pivot[k] < 0), positive + (pivot[k] > 0)
        rest = [i for i in range(size) if i != k]
        a = [[a[i][j] - pivot[i] * pivot[j] / pivot[k] for j in rest] for i in rest]
    return negative, n - negative - positive, positive


def point(H: Any, **options: Any) -> CriticalPoint:
    result = classify_hessian(H, **options)
    assert isinstance(result, CriticalPoint)
    return result


def stack(H: Any, **options: Any) -> CriticalPoints:
    result = classify_hessian(H, **options)
    assert isinstance(result, CriticalPoints)
    return result


def spectrum(rng: np.random.Generator, lam: Any) -> np.ndarray:
    """A symmetric matrix with these eigenvalues (to rounding)."""
    q = np.linalg.qr(rng.normal(size=(len(lam), len(lam))))[0]
    h = (q * lam) @ q.T
    return np.asarray((h + h.T) / 2)


def signs(rng: np.random.Generator, shape: Any) -> np.ndarray:
    s = np.triu(rng.choice([-1.0, 1.0], size=shape))
    return np.asarray(s + np.triu(s, 1).T)


def model(hessian: Any, hessian_error: Any = 0.0, gradient: Any = None, gradient_error: Any = 0.0):
    """What a measurement would have found."""
    h = np.asarray(hessian, dtype=float)
    n = len(h)
    g = np.zeros(n) if gradient is None else np.asarray(gradient, dtype=float)
    e = np.broadcast_to(np.asarray(hessian_error, dtype=float), h.shape)
    ge = np.broadcast_to(np.asarray(gradient_error, dtype=float), g.shape)
    out = SimpleNamespace(
        x=np.zeros(n), value=0.0, gradient=g, hessian=h, gradient_error=ge, hessian_error=e, noise=0.0,
        step=np.ones(n), nfev=17, njev=3,
    )  # fmt: skip
    return cast(TaylorModel, out)
