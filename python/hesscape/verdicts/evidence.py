"""What is found out about points, in the one form in which every strategy tells it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hesscape import _core
from hesscape._validate import Array
from hesscape.linalg.proofs import Signs
from hesscape.linalg.symmetric import not_negative, zero_mode_basis

if TYPE_CHECKING:
    from hesscape.derivatives.model import TaylorModel
    from hesscape.krylov.curvature import CurvatureBounds

NEEDS = ("kind", "inertia", "spectrum")
NEAR = 1e-3  # of a coordinate: what its gradient may leave open of where the stationary point is
NATURAL = 4.0  # natural steps that make the size of a coordinate


class Question(NamedTuple):
    """What is asked about points of n coordinates.

    Attributes
    ----------
    need : str
        One of `NEEDS`, or "way": the lowest direction, and the inertia if that comes along.
    zero_modes : int
        How many directions are flat by a symmetry.
    basis : (n, zero_modes) ndarray or None
        An orthonormal basis of them, if it is given.
    """

    gtol: float
    need: str
    zero_modes: int
    basis: Array | None

    @classmethod
    def of(cls, gtol: Any, need: Any, zero_modes: Any, n: int) -> Question:
        """Check what the user asks."""
        if need not in NEEDS:
            raise ValueError(f"need: expected one of {', '.join(map(repr, NEEDS))}, got {need!r}")
        return cls(not_negative("gtol", gtol), need, *zero_mode_basis(zero_modes, n))


class Slopes(NamedTuple):
    """What the gradients of points say: whether these are critical, and how well that is known."""

    gradient: Array | None  # (N, n)
    moving: NDArray[np.bool_]  # some entry exceeds gtol by more than its error
    known: NDArray[np.bool_]  # all errors are within gtol, or harmless
    unresolved: Array  # the largest error, where it exceeds gtol and hides whether the point moves
    norm: Array

    @classmethod
    def of(
        cls, gradient: Array, error: Array, gtol: float, size: Array, curvature: Array
    ) -> Slopes:
        """Judge gradients with errors, (N, n), of coordinates of some size and curvature.

        Where an error moves the stationary point by a thousandth of the coordinate at most, it is no matter.
        """
        harmless = NEAR * size * np.abs(curvature)
        return cls(gradient, *_core.slopes(gradient, error, gtol, harmless))

    @classmethod
    def unknown(cls, count: int) -> Slopes:
        """Take points for critical, as nothing is known of their gradients."""
        nothing = np.full(count, np.nan)
        return cls(None, np.zeros(count, dtype=bool), np.ones(count, dtype=bool), nothing, nothing)

    def at(self, rows: Any) -> Slopes:
        """Give those of some points."""
        return Slopes(*_at(rows, *self))


def size_of(x: Array) -> Array:
    """Give the size of each coordinate of x, 1 where it is zero."""
    return NATURAL * _core.natural_steps(x)


class Spectrum(NamedTuple):
    """Eigenvalues (N, m), ascending, with eigenvectors as columns (N, n, m) and errors (N, m): all, or both ends."""

    values: Array
    vectors: Array | None
    error: Array | None


class Chance(NamedTuple):
    """Signs that are not proven, but hold with a probability over random starts; of one point."""

    n_negative: int
    n_positive: int
    confidence: float
    message: str


@dataclass(frozen=True, eq=False)
class Evidence:
    """What was found out about N points of n coordinates.

    Attributes
    ----------
    question : Question
        What was asked.
    slopes : Slopes
        What the gradients say.
    signs : Signs
        What is proven of the curvature, and the best way down.
    everywhere : bool
        Whether all directions were looked at; else only as many as the question needed.
    hessian_error : (N,) ndarray
        Largest error among the entries of H; nan where they were not measured.
    spectrum : Spectrum or None
        All eigenvalues, or the two ends.
    chance : Chance or None
        What holds beyond the proof.
    remark : str
        What was met on the way.
    nfev, njev : int
        Evaluations of the function and of its gradient.
    x, value : ndarray or None
        The points (N, n) and the function there (N,), where they are known.
    taylor, curvature : TaylorModel, CurvatureBounds or None
        Where it comes from, for one point.
    """

    question: Question
    slopes: Slopes
    signs: Signs
    everywhere: bool
    hessian_error: Array
    spectrum: Spectrum | None = None
    chance: Chance | None = None
    remark: str = ""
    nfev: int = 0
    njev: int = 0
    x: Array | None = None
    value: Array | None = None
    taylor: TaylorModel | None = None
    curvature: CurvatureBounds | None = None

    def at(self, rows: Any) -> Evidence:
        """Give the evidence on some points."""
        return replace(
            self,
            slopes=self.slopes.at(rows),
            signs=Signs(*_at(rows, *self.signs)),
            spectrum=self.spectrum and Spectrum(*_at(rows, *self.spectrum)),
            hessian_error=self.hessian_error[rows],
            x=None if self.x is None else self.x[rows],
            value=None if self.value is None else self.value[rows],
        )

    @property
    def n(self) -> int:
        """How many coordinates the points have."""
        return int(self.signs.way_down.shape[-1])


def _at(rows: Any, *columns: Any) -> Iterator[Any]:
    return (None if column is None else column[rows] for column in columns)
