"""What kind of critical point is this, and is that proven?"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _core, _validate
from ._critical_point import CriticalPoint, CriticalPoints, Kind, Settings
from ._expensive import asked_for, expensive, usual_total
from ._first_look import first_look, suits_a_first_look
from ._inertia import Array, Signs, prove
from ._matrix_free import classify_by_products, suits_products
from ._progress import Report
from ._symmetric import not_negative, symmetric_stack, zero_mode_basis
from ._taylor_model import TaylorModel
from .objective import Objective
from .taylor import measure

__all__ = ["CriticalPoint", "CriticalPoints", "Kind", "classify", "classify_hessian", "verdict"]

NEEDS = ("kind", "inertia", "spectrum")
METHODS = ("auto", "dense", "lanczos")
EPS = float(np.finfo(np.float64).eps)
NEAR = 1e-3
NAMES = np.array([Kind.degenerate, Kind.saddle, Kind.minimum, Kind.maximum, Kind.not_critical])


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
    size = h[..., 0, 0].size
    points = _assess(h, e, count, basis, "spectrum", _unknown_slopes(size))
    return points if h.ndim > 2 else points[()]


def classify(
    fun: Callable[..., Any] | Objective,
    x: ArrayLike,
    *,
    gtol: float = 1e-5,
    zero_modes: int | ArrayLike = 0,
    need: str = "spectrum",
    method: str = "auto",
    step: Any = None,
    levels: Any = None,
    executor: Executor | None = None,
    progress: bool | Report = False,
    store: str | os.PathLike[str] | None = None,
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
        How much to find out. ``"kind"`` stops at the first proof: a gradient, or two entries of opposite sign on the
        diagonal, settle the kind of most points after ``12 n + 1`` values. ``"inertia"`` counts signs, ``"spectrum"``
        computes eigenvalues and eigenvectors too.
    method : {"auto", "dense", "lanczos"}
        ``"dense"`` measures every entry of H. ``"lanczos"`` forms no matrix: see `curvature`, whose result is the
        attribute of that name. It proves saddles, says of a minimum how probable it is, counts up to 64 negative
        eigenvalues if asked for ``"inertia"``, and gives the two ends of the spectrum as eigenvalues. ``"auto"`` takes
        it from 1000 coordinates on, if `hess` is not given, `hessp` or `jac` is, and neither a count of zero modes nor
        any of the arguments below.
    step, levels, executor, progress, store, **objective
        As for `taylor`.

    Returns
    -------
    CriticalPoint
    """
    gtol = _check(gtol, need)
    if method not in METHODS:
        raise ValueError(f"method: expected one of {', '.join(map(repr, METHODS))}, got {method!r}")
    f = Objective.of(fun, objective)
    way: dict[str, Any] = {"executor": executor, "progress": progress, "store": store}
    measured = step is not None or levels is not None or asked_for(**way)
    if method == "lanczos" and measured:
        raise ValueError(
            "step, levels, executor, progress and store are for method='dense': method='lanczos' finds "
            "its own steps, and its products follow from each other"
        )
    point = _validate.point(x)
    wanted = method == "auto" and not measured and suits_products(f, point.size, zero_modes)
    if method == "lanczos" or wanted:
        return classify_by_products(f, point, gtol, need, zero_modes)
    enough = partial(_axes_suffice, gtol=gtol) if need == "kind" else None
    looked = 0
    with expensive(f, point, **way, total=usual_total(f, point.size, levels)) as f:
        if need == "kind" and step is None and levels is None and suits_a_first_look(f):
            model = first_look(f, point)
            looked = model.nfev
            if _axes_suffice(model, gtol):
                quick = verdict(model, gtol=gtol, zero_modes=zero_modes, need=need)
                if quick.certain:
                    return quick
        model = measure(f, point, step=step, levels=levels, enough=enough)
    model = replace(model, nfev=model.nfev + looked)
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
    h, e = taylor.hessian, taylor.hessian_error
    unknown = ~(np.isfinite(h) & np.isfinite(e))
    if unknown.any():
        h, e = np.where(unknown, 0.0, h), np.where(unknown, np.inf, e)
    count, basis = zero_mode_basis(zero_modes, h.shape[-1])
    # Where the gradient's error moves the stationary point by this part of the coordinate at most, it is no matter.
    harmless = NEAR * 4 * _core.natural_steps(taylor.x) * np.abs(h.diagonal())
    slopes = slopes_of(taylor.gradient[None], taylor.gradient_error[None], gtol, harmless)
    points = _assess(h, e, count, basis, need, slopes)
    return points.point((), taylor)


def _axes_suffice(model: TaylorModel, gtol: float) -> bool:
    """Whether the gradient proves that the point is not critical, or the diagonal that it is a saddle."""
    curvature, error = model.hessian.diagonal(), model.hessian_error.diagonal()
    moving = (np.abs(model.gradient) > gtol + model.gradient_error).any()
    return bool(moving or ((curvature > error).any() and (curvature < -error).any()))


def _check(gtol: Any, need: Any) -> float:
    if need not in NEEDS:
        raise ValueError(f"need: expected one of {', '.join(map(repr, NEEDS))}, got {need!r}")
    return not_negative("gtol", gtol)


class Slopes(NamedTuple):
    """What the gradients of a stack say: whether the point is critical, and how well that is known."""

    gradient: Array | None  # (N, n)
    moving: NDArray[np.bool_]  # some entry exceeds gtol by more than its error
    known: NDArray[np.bool_]  # all errors are within gtol, or harmless
    unresolved: Array  # the largest error, where it exceeds gtol and hides whether the point moves
    norm: Array


def _unknown_slopes(size: int) -> Slopes:
    nothing = np.full(size, np.nan)
    return Slopes(None, np.zeros(size, dtype=bool), np.ones(size, dtype=bool), nothing, nothing)


def slopes_of(gradient: Array, error: Array, gtol: float, harmless: Array) -> Slopes:
    moving = np.asarray((np.abs(gradient) > gtol + error).any(axis=1))
    worst = np.where(np.isfinite(gradient) & ~np.isnan(error), error, np.inf).max(axis=1)
    unresolved = np.where(~moving & (worst > gtol), worst, np.nan)
    norm = np.hypot.reduce(gradient, axis=1)
    known = np.asarray((error <= np.maximum(gtol, harmless)).all(axis=1)) & np.isfinite(worst)
    return Slopes(gradient, moving, known, unresolved, norm)


def _assess(
    h: Array, e: Array | None, count: int, basis: Array | None, need: str, slopes: Slopes
) -> CriticalPoints:
    """Turn symmetric matrices (..., n, n), and what is known of the gradients, into verdicts."""
    shape, n = h.shape[:-2], h.shape[-1]
    stack = h.reshape(-1, n, n)
    errors = None if e is None else e.reshape(-1, n, n)
    signs = _diagonal_signs(stack, errors, slopes) if need == "kind" else None
    diagonal = signs is not None
    if signs is None:
        signs = prove(stack, errors, count, basis, slopes.gradient)
    kind, certain = kinds_of(signs, n - count, slopes.moving, slopes.known)
    proven = signs.n_negative + signs.n_positive
    resolved = (proven >= n - count) & ~signs.not_flat
    spectrum = _spectrum(stack, errors, signs) if need == "spectrum" else None
    values, vectors, value_error = (None, None, None) if spectrum is None else spectrum
    largest = np.zeros(len(stack))
    if errors is not None:
        largest += errors.max(axis=(1, 2))
    inertia = np.array([signs.n_negative, n - proven, signs.n_positive]).T
    return CriticalPoints(
        kind=kind.reshape(shape),
        certain=certain.reshape(shape),
        confidence=certain.astype(float).reshape(shape),
        inertia=inertia.reshape(*shape, 3),
        index=np.where(resolved, signs.n_negative, -1).reshape(shape),
        eigenvalues=None if values is None else values.reshape(*shape, n),
        eigenvectors=None if vectors is None else vectors.reshape(*shape, n, n),
        eigenvalue_error=None if value_error is None else value_error.reshape(*shape, n),
        gradient_norm=slopes.norm.reshape(shape),
        distance=newton_length(signs).reshape(shape),
        way_down=signs.way_down.reshape(*shape, n),
        hessian_error=largest.reshape(shape),
        settings=Settings(
            count,
            signs.not_flat.reshape(shape),
            np.full(shape, diagonal),
            slopes.unresolved.reshape(shape),
        ),
    )


def _diagonal_signs(stack: Array, errors: Array | None, slopes: Slopes) -> Signs | None:
    """Take signs from the diagonals, if the gradient or two entries of opposite sign settle the kind of every point."""
    size, n, _ = stack.shape
    d = np.diagonal(stack, axis1=1, axis2=2)
    error = 0.0 if errors is None else np.diagonal(errors, axis1=1, axis2=2)
    down = np.asarray((d < -error).any(axis=1))
    up = np.asarray((d > error).any(axis=1))
    if not (slopes.moving | (down & up)).all():
        return None
    way_down = np.eye(n)[d.argmin(axis=1)] * down[:, None]
    nothing = np.zeros(size, dtype=bool)
    counts = down.astype(np.int64), up.astype(np.int64)
    return Signs(*counts, np.full(size, np.inf), way_down, None, nothing)


def kinds_of(
    signs: Signs, curved: int, moving: NDArray[np.bool_], known: NDArray[np.bool_]
) -> tuple[NDArray[np.str_], NDArray[np.bool_]]:
    """Name each point by its proven signs, of the `curved` that have to be proven, and say what is certain."""
    negative, positive = signs.n_negative, signs.n_positive
    down, up = negative > 0, positive > 0
    saddle = down & up
    minimum, maximum = ~down & (positive >= curved), ~up & (negative >= curved)
    place = np.where(moving, 4, saddle + 2 * minimum + 3 * maximum)
    proof = saddle | ((minimum | maximum) & ~signs.not_flat)
    return NAMES[place], (proof & known) | moving


def newton_length(signs: Signs) -> Array:
    """Length of the Newton step, along the directions whose curvature is resolved."""
    if signs.newton_step is None:
        return np.full(len(signs.n_negative), np.nan)
    length: Array = np.hypot.reduce(signs.newton_step, axis=1)
    length[signs.n_negative + signs.n_positive == 0] = np.nan
    return length


def _spectrum(stack: Array, errors: Array | None, signs: Signs) -> tuple[Array, Array, Array]:
    """Eigenvalues, eigenvectors and the errors of the former."""
    n = stack.shape[-1]
    values, vectors, norm_error = _core.spectra(stack, errors)
    value_error = np.repeat(norm_error[:, None], n, axis=1)
    definite = (signs.bound < 1) & ((signs.n_negative == n) | (signs.n_positive == n))
    if definite.any():  # |v^T (H - true) v| <= ratio |v^T H v| for all v bounds relative errors
        size = np.abs(values[definite])
        solver = 10 * n * EPS * size.max(axis=1, keepdims=True)
        ratio = signs.bound[definite, None]
        relative = ratio / (1 - ratio) * (size + solver) + solver
        value_error[definite] = np.minimum(value_error[definite], relative)
    return values, vectors, value_error
