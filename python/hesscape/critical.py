"""What kind of critical point is this, and is that proven?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _core
from ._inertia import Array, prove
from ._symmetric import not_negative, symmetric_stack, zero_mode_basis

if TYPE_CHECKING:
    from .taylor import TaylorModel

__all__ = ["CriticalPoint", "CriticalPoints", "Kind", "classify", "classify_hessian", "verdict"]

NEEDS = ("kind", "inertia", "spectrum")


class Kind(StrEnum):
    """Kinds of points; a member equals its name as a string."""

    minimum = "minimum"
    maximum = "maximum"
    saddle = "saddle"
    degenerate = "degenerate"
    not_critical = "not_critical"


# What is said of each outcome, and what would change it. The order is that of `_reason`.
SENTENCES = {
    "not_critical": "the gradient exceeds gtol by more than its own error: move on with newton_step() or an "
    "optimiser, then classify again",
    "diagonal": "two coordinates with curvature of opposite sign prove a saddle; no other direction was looked "
    "at (need='inertia' counts them)",
    "saddle": "curvature of both signs is proven, and no direction is left open",
    "saddle_partial": "curvature of both signs is proven; {flat} more {directions} within the error, so that the "
    "index is {negative} to {most}",
    "minimum": "every direction is proven to curve upwards",
    "maximum": "every direction is proven to curve downwards",
    "flat": "no curvature is proven: {flat} {directions} within the error; measure with smaller errors, or look "
    "at values further away (escape does)",
    "degenerate_up": "{positive} {upwards} proven to curve upwards and {flat} {directions} within the error: a "
    "minimum unless one of those leads down; measure with smaller errors, or look at values along them (escape "
    "does); if they are symmetries, pass zero_modes",
    "degenerate_down": "not a minimum: a way down is proven ({negative} negative), but no way up, and {flat} "
    "{directions} within the error: a maximum or a saddle; measure with smaller errors to tell them apart",
}
NOTES = {
    "zero_modes_not_flat": "the zero modes given are not flat: H Z is far larger than its error, so that nothing "
    "is claimed about the directions that they replace; check the order of the coordinates, and that x is stationary",
    "zero_modes_excess": "{given} zero modes were given, but {proven} of {n} directions are proven to be curved",
    "gradient_unresolved": "the gradient is known with errors up to {gradient_error:.2g} only, which is more than "
    "gtol: the signs are those of H at this point",
}


class _Settings(NamedTuple):
    zero_modes: int
    not_flat: NDArray[np.bool_]
    diagonal: NDArray[np.bool_]
    gradient_error: Array


@dataclass(frozen=True)
class CriticalPoint:
    """A point, its kind, and how far that is proven.

    Attributes
    ----------
    kind : Kind
        ``degenerate`` means: flat within the error along ``inertia[1]`` directions, and no proof of a saddle.
    certain : bool
        Whether the kind is proven. It is then right whenever the errors of the gradient and of H bound what they
        say they bound, and the zero modes given are zero modes. The signs are those of the Hessian at the point
        itself, where the gradient is within `gtol` and its own error of zero.
    confidence : float
        A lower bound on the probability that the kind is right: 1 where certain, 0 where no bound is known.
    inertia : tuple of int
        ``(n_negative, n_zero, n_positive)``: eigenvalues proven negative, the rest, and proven positive.
        Zero modes that were given are among the rest.
    index : int or None
        Number of negative eigenvalues, when no direction (but zero modes) is left open.
    eigenvalues, eigenvectors, eigenvalue_error : ndarray or None
        Ascending; vectors are columns; each eigenvalue of H is within its error of the one given.
    gradient_norm : float
        Euclidean norm of the gradient; nan if only H is known.
    distance : float
        Length of the Newton step to the stationary point of the quadratic model, along the directions whose
        curvature is proven; nan if unknown.
    way_down : ndarray or None
        Unit vector of the most negative curvature relative to the scales of the coordinates, proven if
        ``inertia[0] > 0``; None if no curvature is negative.
    taylor : TaylorModel or None
        The measurement.
    nfev, njev : int
        Evaluations of the function and of its gradient.
    message : str
        What was found, and what would change it.
    hessian_error : float
        Largest error among the entries of H.
    """

    kind: Kind
    certain: bool
    confidence: float
    inertia: tuple[int, int, int]
    index: int | None
    eigenvalues: Array | None = field(repr=False)
    eigenvectors: Array | None = field(repr=False)
    eigenvalue_error: Array | None = field(repr=False)
    gradient_norm: float
    distance: float
    way_down: Array | None = field(repr=False)
    taylor: TaylorModel | None = field(repr=False)
    nfev: int
    njev: int
    message: str
    hessian_error: float

    def __str__(self) -> str:
        name = self.kind.value.replace("_", " ")
        within = (
            f"entries of H known within {self.hessian_error:.2g}"
            if self.hessian_error > 0
            else "entries of H exact but for rounding"
        )
        lines = [f"{name}, {'proven' if self.certain else 'not proven'} ({within})"]
        negative, zero, positive = self.inertia
        index = "not resolved" if self.index is None else self.index
        lines.append(f"{negative} negative, {zero} zero or open, {positive} positive; index {index}")
        rows = [("inertia", lines.pop())]
        if self.eigenvalues is not None and self.eigenvalue_error is not None:
            rows.append(("eigenvalues", _abridged(self.eigenvalues, self.eigenvalue_error)))
        if not np.isnan(self.gradient_norm):
            rows.append(("gradient", f"norm {self.gradient_norm:.3g}"))
        if not np.isnan(self.distance):
            rows.append(("distance", f"{self.distance:.3g} to the stationary point of the model"))
        if self.nfev or self.njev:
            rows.append(("evaluations", f"{self.nfev} values, {self.njev} gradients"))
        lines += [f"  {title:<12} {text}" for title, text in rows]
        return "\n".join([*lines, f"  {self.message}"])


def _abridged(values: Array, errors: Array, most: int = 8) -> str:
    texts = [f"{value:.6g} ± {error:.1e}" for value, error in zip(values, errors, strict=True)]
    if len(texts) > most:
        texts = [*texts[: most // 2], f"... ({len(texts) - most} more)", *texts[-(most // 2) :]]
    return ", ".join(texts)


@dataclass(frozen=True)
class CriticalPoints:
    """Verdicts on a stack of Hessians, as arrays; ``points[i]`` is a `CriticalPoint`.

    The attributes are those of `CriticalPoint` with the shape of the stack in front. Differences: `kind` is an
    array of strings, `inertia` has shape (..., 3), `index` is -1 where it is not resolved, and `way_down` is zero
    where there is none.
    """

    kind: NDArray[np.str_]
    certain: NDArray[np.bool_]
    confidence: Array
    inertia: NDArray[np.int64] = field(repr=False)
    index: NDArray[np.int64]
    eigenvalues: Array | None = field(repr=False)
    eigenvectors: Array | None = field(repr=False)
    eigenvalue_error: Array | None = field(repr=False)
    gradient_norm: Array = field(repr=False)
    distance: Array = field(repr=False)
    way_down: Array = field(repr=False)
    hessian_error: Array = field(repr=False)
    _settings: _Settings = field(repr=False)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the stack."""
        return self.kind.shape

    @property
    def message(self) -> NDArray[np.object_]:
        """What was found for each, and what would change it."""
        out = np.empty(self.shape, dtype=object)
        for at in np.ndindex(self.shape):
            out[at] = self._message(at)
        return out

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a stack of shape () has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[CriticalPoint]:
        return (self[at] for at in np.ndindex(self.shape))

    def __getitem__(self, at: int | tuple[int, ...]) -> CriticalPoint:
        at = at if isinstance(at, tuple) else (at,)
        if len(at) != len(self.shape):
            raise IndexError(f"expected {len(self.shape)} integers, one an axis of the stack, got {at}")
        at = tuple(range(size)[i] for i, size in zip(at, self.shape, strict=True))
        negative, zero, positive = self.inertia[at].tolist()
        index = int(self.index[at])
        way_down = self.way_down[at]
        return CriticalPoint(
            kind=Kind(str(self.kind[at])),
            certain=bool(self.certain[at]),
            confidence=float(self.confidence[at]),
            inertia=(negative, zero, positive),
            index=None if index < 0 else index,
            eigenvalues=None if self.eigenvalues is None else self.eigenvalues[at],
            eigenvectors=None if self.eigenvectors is None else self.eigenvectors[at],
            eigenvalue_error=None if self.eigenvalue_error is None else self.eigenvalue_error[at],
            gradient_norm=float(self.gradient_norm[at]),
            distance=float(self.distance[at]),
            way_down=way_down if way_down.any() else None,
            taylor=None,
            nfev=0,
            njev=0,
            message=self._message(at),
            hessian_error=float(self.hessian_error[at]),
        )

    def __str__(self) -> str:
        lines = [f"{self.kind.size} Hessians of {self.way_down.shape[-1]} coordinates"]
        for kind in Kind:
            here = self.kind == kind.value
            if here.any():
                proven = int(np.count_nonzero(self.certain[here]))
                lines.append(f"  {kind.value:<12} {np.count_nonzero(here)} ({proven} proven)")
        return "\n".join(lines)

    def _message(self, at: tuple[int, ...]) -> str:
        negative, zero, positive = self.inertia[at].tolist()
        n, given = negative + zero + positive, self._settings.zero_modes
        flat = max(0, zero - given)
        words = {
            "negative": negative,
            "positive": positive,
            "flat": flat,
            "most": negative + flat,
            "directions": "direction is flat" if flat == 1 else "directions are flat",
            "upwards": "direction is" if positive == 1 else "directions are",
            "given": given,
            "proven": negative + positive,
            "n": n,
            "gradient_error": self._settings.gradient_error[at],
        }
        kind = str(self.kind[at])
        reason = kind
        if kind == Kind.saddle and self._settings.diagonal[at]:
            reason = "diagonal"
        elif kind == Kind.saddle and flat > 0:
            reason = "saddle_partial"
        elif kind == Kind.degenerate:
            reason = "degenerate_down" if negative else "degenerate_up" if positive else "flat"
        parts = [SENTENCES[reason]]
        if self._settings.not_flat[at]:
            parts.append(NOTES["zero_modes_not_flat"])
        if negative + positive > n - given:
            parts.append(NOTES["zero_modes_excess"])
        if not np.isnan(self._settings.gradient_error[at]):
            parts.append(NOTES["gradient_unresolved"])
        return "; ".join(part.format_map(words) for part in parts)


def classify_hessian(
    H: ArrayLike,  # noqa: N803
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
        How much to find out. ``"kind"`` stops at the first proof, ``"inertia"`` counts signs, ``"spectrum"``
        computes eigenvalues and eigenvectors too.
    step, levels, **objective
        Passed on to `taylor`.

    Returns
    -------
    CriticalPoint
    """
    _check(gtol, need)
    from .taylor import taylor

    return verdict(
        taylor(fun, x, step=step, levels=levels, **objective),
        gtol=gtol,
        zero_modes=zero_modes,
        need=need,
    )


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

    moving = np.zeros(size, dtype=bool)
    unresolved = np.full(size, np.nan)
    gradient_norm = distance = np.full(size, np.nan)
    known = np.ones(size, dtype=bool)
    if g is not None and gradient_error is not None:
        g_error = gradient_error.reshape(-1, n)
        moving = (np.abs(g) > gtol + g_error).any(axis=1)
        worst = g_error.max(axis=1)
        worst[np.isnan(worst) | ~np.isfinite(g).all(axis=1)] = np.inf
        noted = ~moving & (worst > gtol)
        unresolved[noted] = worst[noted]
        gradient_norm = np.hypot.reduce(g, axis=1)
        known = np.isfinite(worst)

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
    certain = (kind != Kind.degenerate.value) & known
    certain &= ~not_flat | (kind == Kind.saddle.value)
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
            relative = b / (1 - b) * (np.abs(values[definite]) + solver[definite]) + solver[definite]
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
        _settings=_Settings(
            count, not_flat.reshape(shape), diagonal.reshape(shape), unresolved.reshape(shape)
        ),
    )
