"""What is reported of critical points."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hesscape._report import evaluations, number

if TYPE_CHECKING:
    from hesscape.derivatives.taylor import TaylorModel
    from hesscape.krylov.curvature import CurvatureBounds

Array = NDArray[np.float64]


class Kind(StrEnum):
    """Kinds of points; a member equals its name as a string."""

    minimum = "minimum"
    maximum = "maximum"
    saddle = "saddle"
    degenerate = "degenerate"
    not_critical = "not_critical"


# What is said of each outcome, and what would change it.
SENTENCES = {
    "not_critical": "the gradient exceeds gtol by more than its own error: move on with newton_step() or an "
    "optimiser, then classify again",
    "diagonal": "two coordinates with curvature of opposite sign prove a saddle; no other direction was looked "
    "at (need='inertia' counts them)",
    "saddle": "curvature of both signs is proven, and no {other}direction is left open",
    "saddle_partial": "curvature of both signs is proven; {flat} more {directions} within the error, so that the "
    "index is {negative} to {most}",
    "minimum": "every {other}direction is proven to curve upwards",
    "maximum": "every {other}direction is proven to curve downwards",
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
    "scaled": "signs are proven with each coordinate in a scale of its own, which tells more than the errors of the "
    "eigenvalues",
    "gradient_unresolved": "the gradient is known with errors up to {gradient_error:.2g} only, which is more than "
    "gtol: the signs are those of H at this point",
}


def explanation(kind: str, inertia: tuple[int, int, int], given: int, *, diagonal: bool) -> str:
    """Say what was found of a point with so many zero modes given; `diagonal`, whether that alone was looked at."""
    negative, zero, positive = inertia
    flat = max(0, zero - given)
    reason = kind
    if kind == Kind.saddle and diagonal:
        reason = "diagonal"
    elif kind == Kind.saddle and flat > 0:
        reason = "saddle_partial"
    elif kind == Kind.degenerate:
        reason = "degenerate_down" if negative else "degenerate_up" if positive else "flat"
    return SENTENCES[reason].format(
        negative=negative,
        positive=positive,
        flat=flat,
        most=negative + flat,
        directions="direction is flat" if flat == 1 else "directions are flat",
        upwards="direction is" if positive == 1 else "directions are",
        other="other " if given else "",
    )


def gradient_note(error: float) -> str:
    """Say that the gradient is not known to `gtol`."""
    return NOTES["gradient_unresolved"].format(gradient_error=error)


class Settings(NamedTuple):
    """What the sentences need to know beyond the results."""

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
        Number of negative eigenvalues, when no direction (but zero modes) is left open. Where no matrix was formed: so
        many are proven, and no more with the probability that the message states.
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
        Largest error among the entries of H; nan where they were not measured.
    curvature : CurvatureBounds or None
        What products with H told, with ``method="lanczos"``.
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
    curvature: CurvatureBounds | None = field(default=None, repr=False)

    def __str__(self) -> str:
        name = self.kind.value.replace("_", " ")
        if self.hessian_error == np.inf and self.curvature is None:
            within = "not every entry of H was measured"
        elif self.hessian_error > 0:
            within = f"entries of H known within {self.hessian_error:.2g}"
        elif self.curvature is not None:
            within = f"from {self.curvature.n_products} products with H"
        else:
            within = "entries of H exact but for rounding"
        probable = f", but with probability {self.confidence:.10g}" if self.confidence else ""
        proven = "proven" if self.certain else f"not proven{probable}"
        lines = [f"{name}, {proven} ({within})"]
        negative, zero, positive = self.inertia
        index = "not resolved" if self.index is None else self.index
        lines.append(
            f"{negative} negative, {zero} zero or open, {positive} positive; index {index}"
        )
        rows = [("inertia", lines.pop())]
        if self.eigenvalues is not None and self.eigenvalue_error is not None:
            rows.append(("eigenvalues", _abridged(self.eigenvalues, self.eigenvalue_error)))
        if not np.isnan(self.gradient_norm):
            rows.append(("gradient", f"norm {number(self.gradient_norm, 3)}"))
        if not np.isnan(self.distance):
            rows.append(
                ("distance", f"{number(self.distance, 3)} to the stationary point of the model")
            )
        if self.nfev or self.njev:
            rows.append(("evaluations", evaluations(self.nfev, self.njev)))
        lines += [f"  {title:<12} {text}" for title, text in rows]
        return "\n".join([*lines, f"  {self.message}"])


def _abridged(values: Array, errors: Array, most: int = 8) -> str:
    texts = [f"{number(v)} ± {error:.1e}" for v, error in zip(values, errors, strict=True)]
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
    settings: Settings = field(repr=False)

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
            raise IndexError(
                f"expected {len(self.shape)} integers, one an axis of the stack, got {at}"
            )
        return self.point(tuple(range(size)[i] for i, size in zip(at, self.shape, strict=True)))

    def point(self, at: tuple[int, ...], taylor: TaylorModel | None = None) -> CriticalPoint:
        """Give one of them, with the measurement that it comes from, if any."""
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
            taylor=taylor,
            nfev=0 if taylor is None else taylor.nfev,
            njev=0 if taylor is None else taylor.njev,
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
        parts = [
            explanation(
                str(self.kind[at]),
                (negative, zero, positive),
                self.settings.zero_modes,
                diagonal=bool(self.settings.diagonal[at]),
            )
        ]
        if self.settings.not_flat[at]:
            parts.append(NOTES["zero_modes_not_flat"])
        if negative + positive > negative + zero + positive - self.settings.zero_modes:
            words = {"given": self.settings.zero_modes, "proven": negative + positive}
            parts.append(NOTES["zero_modes_excess"].format(n=negative + zero + positive, **words))
        if self._hidden(at, negative, positive):
            parts.append(NOTES["scaled"])
        if not np.isnan(self.settings.gradient_error[at]):
            parts.append(gradient_note(float(self.settings.gradient_error[at])))
        return "; ".join(parts)

    def _hidden(self, at: tuple[int, ...], negative: int, positive: int) -> bool:
        """Whether an eigenvalue that is proven to have a sign is within its error of zero."""
        if self.eigenvalues is None or self.eigenvalue_error is None:
            return False
        small = np.abs(self.eigenvalues[at]) <= self.eigenvalue_error[at]
        if not small.any():
            return False
        return bool(small[:negative].any() or small[small.size - positive :].any())
