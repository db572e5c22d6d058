"""What kind of critical point is this, and is that proven?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _core
from ._critical_point import CriticalPoint, CriticalPoints, Kind, Settings
from ._inertia import Array, prove
from ._symmetric import not_negative, symmetric_stack, zero_mode_basis
from .objective import Objective
from .taylor import TaylorModel, measure


__all__ = ["CriticalPoint", "CriticalPoints", "Kind", "classify", "classify_hessian", "verdict"]

NEEDS = ("kind", "inertia", "spectrum")


def classify_hessian(
    H: ArrayLike,
    *,
    error: ArrayLike | None = None,
    zero_modes: int | ArrayLike = 0,
) -> CriticalPoint | CriticalPoints:
    """Tell minima, maxima and saddles apart by their Hessians, with proofs.

    Parameters
    ----------
    H : array_like, shape (..., n, n)
        Symmetric matrices. What they lack in symmetry by rounding is added to the error.
    error : array_like, optional
        ``|H - true| <= error`` entrywise: a number, one number a matrix, an array (n, n), or one for each entry.
        ``inf`` means that nothing is known about an entry. Without it, H is taken as exact and only the rounding
        of the proof counts.
    zero_modes : int or array_like, shape (n, k)
        Directions that are flat by a symmetry, which is the caller's knowledge: how many, or vectors that span them.
        With vectors, H is restricted to their complement (``[Q, Z]`` only has to be nonsingular for this, by
        Sylvester's law, so that the rounding of Q does no harm). With a count k, signs of the n - k others have to
        be proven.

    Returns
    -------
    CriticalPoint or CriticalPoints
        The latter, of arrays, for a stack.

    Notes
    -----
    After equilibration by a diagonal D (powers of two), ``DHD = V L V^T`` and ``X = D V |L|^(-1/2)`` give
    ``X^T H X = sign(L) + R``. By Sylvester's law of inertia and Weyl's inequality, H has the signs of those columns
    for which the spectral radius of ``|R|`` is below one [1]_ [2]_. R is bounded by the residual that was computed,
    ``|X|^T E |X|`` (or ``||E|| ||X||^2``, when that is smaller) and the rounding errors of the products [3]_; its
    radius by the quotients of Collatz and Wielandt. An eigenvalue is thus judged by the scale of its own
    coordinates, and no error of the eigensolver can make the claim wrong.

    References
    ----------
    .. [1] B. N. Parlett, *The Symmetric Eigenvalue Problem*, SIAM (1998), sections 1.5 and 10.
    .. [2] S. M. Rump, Verification of positive definiteness, *BIT* 46 (2006) 433-452.
    .. [3] N. J. Higham, *Accuracy and Stability of Numerical Algorithms*, SIAM (2002), sections 3.1 and 3.5.

    Examples
    --------
    >>> from hesscape.critical import classify_hessian
    >>> point = classify_hessian([[0, -2], [-2, 0]], error=1e-9)
    >>> print(point.kind, point.certain, point.inertia)
    saddle True (1, 0, 1)
    >>> classify_hessian([[1e-12, 0], [0, 1e12]], error=[[1e-13, 0.1], [0.1, 1]]).index
    0
    >>> stack = classify_hessian([[[1.0]], [[-1.0]], [[1e-9]]], error=1e-6)
    >>> print(*stack.kind)
    minimum maximum degenerate
    """
    h, e = symmetric_stack(H, error)
    count, basis = zero_mode_basis(zero_modes, h.shape[-1])
    points = _assess(h, e, count, basis, "spectrum")
    return points if h.ndim > 2 else points[()]


def classify(
    fun: Callable[..., Any],
    x: ArrayLike,
    *,
    gtol: float = 1e-5,
    zero_modes: int | ArrayLike = 0,
    need: str = "spectrum",
    step: Any = None,
    levels: Any = None,
    **objective: Any,
) -> CriticalPoint:
    """Measure a function around a point and tell which kind of critical point it is.

    Parameters
    ----------
    fun : callable or Objective
        ``fun(x, *args) -> float``.
    x : array_like, shape (n,)
        The point.
    gtol : float
        The point is critical when every entry of the gradient is at most this, or may be within its error.
    zero_modes : int or array_like, shape (n, k)
        Directions that are flat by a symmetry: see `classify_hessian`.
    need : {"kind", "inertia", "spectrum"}
        How much to find out. ``"kind"`` stops at the first proof: two entries of opposite sign on the diagonal settle
        a saddle after about ``40 n`` values. ``"inertia"`` counts signs, ``"spectrum"`` computes eigenvalues and
        eigenvectors too.
    step, levels, **objective
        Passed on to `taylor`.

    Returns
    -------
    CriticalPoint
    """
    gtol = _check(gtol, need)
    enough = partial(_diagonal_suffices, gtol=gtol) if need == "kind" else None
    model = measure(Objective.of(fun, objective), x, step=step, levels=levels, enough=enough)
    return verdict(model, gtol=gtol, zero_modes=zero_modes, need=need)


def verdict(
    taylor: TaylorModel,
    *,
    gtol: float = 1e-5,
    zero_modes: int | ArrayLike = 0,
    need: str = "spectrum",
) -> CriticalPoint:
    """Classify a point that was measured before; parameters as for `classify`."""
    gtol = _check(gtol, need)
    h = np.asarray(taylor.hessian, dtype=np.float64)
    e = np.broadcast_to(np.asarray(taylor.hessian_error, dtype=np.float64), h.shape)
    unknown = ~(np.isfinite(h) & np.isfinite(e))
    if unknown.any():
        h, e = np.where(unknown, 0.0, h), np.where(unknown, np.inf, e)
    h, checked = symmetric_stack(h, e)
    count, basis = zero_mode_basis(zero_modes, h.shape[-1])
    gradient = np.asarray(taylor.gradient, dtype=np.float64)
    gradient_error = np.broadcast_to(np.asarray(taylor.gradient_error, dtype=float), gradient.shape)
    points = _assess(h, checked, count, basis, need, gradient, gradient_error, gtol)
    return replace(points[()], taylor=taylor, nfev=taylor.nfev, njev=taylor.njev)


def _diagonal_suffices(model: TaylorModel, gtol: float) -> bool:
    """Whether the point is critical and the diagonal alone proves a saddle."""
    curvature, error = np.diag(model.hessian), np.diag(model.hessian_error)
    critical = (np.abs(model.gradient) <= gtol + model.gradient_error).all()
    return bool(critical and (curvature > error).any() and (curvature < -error).any())


def _check(gtol: Any, need: Any) -> float:
    if need not in NEEDS:
        raise ValueError(f"need: expected one of {', '.join(map(repr, NEEDS))}, got {need!r}")
    return not_negative("gtol", gtol)


def _assess(
    h: Array,
    e: Array | None,
    count: int,
    basis: Array | None,
    need: str,
    gradient: Array | None = None,
    gradient_error: Array | None = None,
    gtol: float = 0.0,
) -> CriticalPoints:
    """Turn symmetric matrices (..., n, n), and gradients (..., n) if known, into verdicts."""
    shape, n = h.shape[:-2], h.shape[-1]
    stack = h.reshape(-1, n, n)
    size = len(stack)
    errors = None if e is None else e.reshape(-1, n, n)
    g = None if gradient is None else np.ascontiguousarray(gradient.reshape(-1, n))

    moving: NDArray[np.bool_] = np.zeros(size, dtype=bool)
    unresolved = np.full(size, np.nan)
    gradient_norm = distance = np.full(size, np.nan)
    known: NDArray[np.bool_] = np.ones(size, dtype=bool)
    if g is not None and gradient_error is not None:
        g_error = gradient_error.reshape(-1, n)
        moving = np.asarray((np.abs(g) > gtol + g_error).any(axis=1))
        worst = g_error.max(axis=1)
        worst[np.isnan(worst) | ~np.isfinite(g).all(axis=1)] = np.inf
        noted = ~moving & (worst > gtol)
        unresolved[noted] = worst[noted]
        gradient_norm = np.hypot.reduce(g, axis=1)
        known = np.asarray(np.isfinite(worst))

    diagonal = np.zeros(size, dtype=bool)
    if need == "kind":
        d = np.diagonal(stack, axis1=1, axis2=2)
        d_error = 0.0 if errors is None else np.diagonal(errors, axis1=1, axis2=2)
        diagonal = (d > d_error).any(axis=1) & (d < -d_error).any(axis=1) & ~moving
    if diagonal.all():  # nothing else is needed
        negative = positive = np.ones(size, dtype=np.int64)
        not_flat = np.zeros(size, dtype=bool)
        bound, way_down = np.full(size, np.inf), np.zeros((size, n))
        lowest = d.argmin(axis=1)
        way_down[np.arange(size), lowest] = 1.0
    else:
        diagonal[:] = False
        signs = prove(stack, errors, count, basis, g)
        negative, positive, bound, way_down = signs[:4]
        not_flat = signs.not_flat
        if signs.newton_step is not None:
            distance = np.hypot.reduce(signs.newton_step, axis=1)
            distance[negative + positive == 0] = np.nan

    curved = n - count
    proven = negative + positive
    kind = np.full(size, Kind.degenerate.value, dtype="<U12")
    kind[(negative > 0) & (positive > 0)] = Kind.saddle.value
    kind[(negative == 0) & (positive >= curved)] = Kind.minimum.value
    kind[(positive == 0) & (negative >= curved)] = Kind.maximum.value
    certain: NDArray[np.bool_] = np.where(
        not_flat, kind == Kind.saddle.value, (kind != Kind.degenerate.value)
    )
    certain &= known
    kind[moving] = Kind.not_critical.value
    certain |= moving

    eigenvalues = eigenvectors = eigenvalue_error = None
    if need == "spectrum":
        values, vectors, norm_error = _core.spectra(stack, errors)
        solver = n * np.finfo(float).eps * np.abs(values).max(axis=1, keepdims=True)
        eigenvalue_error = np.repeat(norm_error[:, None], n, axis=1)
        definite = (bound < 1) & ((negative == n) | (positive == n))
        if definite.any():  # |v^T (H - true) v| <= ratio |v^T H v| for all v bounds relative errors
            b = bound[definite, None]
            relative = (
                b / (1 - b) * (np.abs(values[definite]) + solver[definite]) + solver[definite]
            )
            eigenvalue_error[definite] = np.minimum(eigenvalue_error[definite], relative)
        eigenvalues = values.reshape(*shape, n)
        eigenvectors = vectors.reshape(*shape, n, n)
        eigenvalue_error = eigenvalue_error.reshape(*shape, n)

    worst_error = np.zeros(1) if errors is None else errors.max(axis=(1, 2))
    return CriticalPoints(
        kind=kind.reshape(shape),
        certain=certain.reshape(shape),
        confidence=certain.astype(float).reshape(shape),
        inertia=np.stack([negative, n - proven, positive], axis=1).reshape(*shape, 3),
        index=np.where((proven >= curved) & ~not_flat, negative, -1).reshape(shape),
        eigenvalues=eigenvalues,
        eigenvectors=eigenvectors,
        eigenvalue_error=eigenvalue_error,
        gradient_norm=gradient_norm.reshape(shape),
        distance=distance.reshape(shape),
        way_down=way_down.reshape(*shape, n),
        hessian_error=np.broadcast_to(worst_error, (size,)).reshape(shape),
        settings=Settings(
            count, not_flat.reshape(shape), diagonal.reshape(shape), unresolved.reshape(shape)
        ),
    )
