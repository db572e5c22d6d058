"""What is reported of critical points."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hesscape._report import evaluations, number
from hesscape._validate import Array

from .messages import message_of, messages_of

if TYPE_CHECKING:
    from hesscape.derivatives.model import TaylorModel
    from hesscape.krylov.curvature import CurvatureBounds

    from .evidence import Evidence


class Kind(StrEnum):
    """Kinds of points; a member equals its name as a string."""

    minimum = "minimum"
    maximum = "maximum"
    saddle = "saddle"
    degenerate = "degenerate"
    not_critical = "not_critical"


@dataclass(frozen=True, eq=False)
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
    x, gradient : (n,) ndarray or None
        The point, and the gradient there; None if only H is known.
    value : float
        The function there; nan if unknown.
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
    x: Array | None = field(default=None, repr=False)
    gradient: Array | None = field(default=None, repr=False)
    value: float = np.nan

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


@dataclass(frozen=True, eq=False)
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
    evidence: Evidence = field(repr=False)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the stack."""
        return self.kind.shape

    @property
    def message(self) -> NDArray[np.object_]:
        """What was found for each, and what would change it."""
        return messages_of(self)

    def number(self, at: tuple[int, ...]) -> int:
        """Give the row of the evidence where one of them is."""
        return at[0] if len(at) == 1 else int(np.ravel_multi_index(at, self.shape)) if at else 0

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

    def point(self, at: tuple[int, ...]) -> CriticalPoint:
        """Give one of them."""
        negative, zero, positive = self.inertia[at].tolist()
        index = int(self.index[at])
        way_down = self.way_down[at]
        i = self.number(at)
        gradient = self.evidence.slopes.gradient
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
            taylor=self.evidence.taylor,
            nfev=self.evidence.nfev,
            njev=self.evidence.njev,
            message=message_of(self, at),
            hessian_error=float(self.hessian_error[at]),
            curvature=self.evidence.curvature,
            x=None if self.evidence.x is None else self.evidence.x[i],
            gradient=None if gradient is None else gradient[i],
            value=np.nan if self.evidence.value is None else float(self.evidence.value[i]),
        )

    def __str__(self) -> str:
        lines = [f"{self.kind.size} Hessians of {self.way_down.shape[-1]} coordinates"]
        for kind in Kind:
            here = self.kind == kind.value
            if here.any():
                proven = int(np.count_nonzero(self.certain[here]))
                lines.append(f"  {kind.value:<12} {np.count_nonzero(here)} ({proven} proven)")
        return "\n".join(lines)
