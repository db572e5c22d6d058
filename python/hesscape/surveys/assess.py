"""The verdicts on one chunk of points, as arrays; how points come in chunks is no matter here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hesscape import _validate
from hesscape._validate import Array
from hesscape.derivatives.first_look import suits_a_first_look
from hesscape.derivatives.refine import polish
from hesscape.objective import Objective
from hesscape.verdicts.classify import Means, judge
from hesscape.verdicts.critical_point import CriticalPoints
from hesscape.verdicts.evidence import Question

from .screen import Rows, screen, together

FAILED = "failed"  # stands where another point has its kind


@dataclass(frozen=True, eq=False)
class Settings:
    """What is asked about every point."""

    question: Question
    zero_modes: int | ArrayLike = 0  # as they were given
    refine: bool = False
    on_error: str = "record"


@dataclass(frozen=True, eq=False)
class Columns:
    """What is known of a chunk of points: arrays whose first axis is that of the points; see `Survey`."""

    x: Array  # (N, n)
    kind: NDArray[np.str_]
    certain: NDArray[np.bool_]
    inertia: NDArray[np.int64]  # (N, 3)
    index: NDArray[np.int64]
    value: Array
    gradient_norm: Array
    distance: Array
    lowest: Array
    highest: Array
    error: Array
    moved: Array
    nfev: NDArray[np.int64]
    njev: NDArray[np.int64]
    message: NDArray[np.object_]

    @classmethod
    def empty(cls, x: Array) -> Columns:
        """Give the columns of points of which nothing is known yet."""
        size, n = x.shape
        columns = {
            name: np.full(size, blank, dtype=dtype) for name, (dtype, blank) in TYPES.items()
        }
        return cls(x=x, inertia=np.tile(np.array([0, n, 0]), (size, 1)), **columns)

    def put(self, rows: slice, other: Columns) -> None:
        """Write the columns of other points over some of the rows; but x where it is the user's own."""
        for name in NAMES:
            column = getattr(self, name)
            if column.flags.writeable:
                column[rows] = getattr(other, name)

    def record(self, rows: Any, points: CriticalPoints) -> None:
        """Write what was found of some points."""
        evidence = points.evidence
        for name in ("kind", "certain", "inertia", "index", "gradient_norm", "message"):
            getattr(self, name)[rows] = getattr(points, name)
        self.error[rows] = points.hessian_error
        if evidence.question.need != "kind":
            self.distance[rows] = points.distance
        if evidence.value is not None:
            self.value[rows] = evidence.value
        if points.eigenvalues is not None:
            self.lowest[rows], self.highest[rows] = points.eigenvalues[:, [0, -1]].T
        self.nfev[rows] += evidence.nfev
        self.njev[rows] += evidence.njev

    def __len__(self) -> int:
        return len(self.kind)


TYPES: dict[str, tuple[Any, Any]] = {
    "kind": ("U12", FAILED),
    "certain": (np.bool_, False),
    "index": (np.int64, -1),
    "value": (np.float64, np.nan),
    "gradient_norm": (np.float64, np.nan),
    "distance": (np.float64, np.nan),
    "lowest": (np.float64, np.nan),
    "highest": (np.float64, np.nan),
    "error": (np.float64, np.nan),
    "moved": (np.float64, np.nan),
    "nfev": (np.int64, 0),
    "njev": (np.int64, 0),
    "message": (np.object_, ""),
}
NAMES = tuple(field.name for field in fields(Columns))


def assess(f: Objective, X: Array, settings: Settings) -> Columns:
    """Classify points that are rows; what is found about a point does not depend on the others.

    Parameters
    ----------
    f : Objective
    X : ndarray, shape (N, n)
        Left as it is; it may be read-only.
    settings : Settings
        With ``on_error="raise"`` the first exception passes; otherwise its text becomes the message of its point.

    Returns
    -------
    Columns
        Of N points. Its `x` is X, but for points that were refined.

    Examples
    --------
    >>> import numpy as np
    >>> from hesscape import Objective
    >>> f = Objective(lambda w: (1 - w[0] * w[1]) ** 2)
    >>> question = Question.of(1e-5, "kind", 0, 2)
    >>> found = assess(f, np.array([[0.0, 0.0], [3.0, 3.0]]), Settings(question))
    >>> print(*found.kind)
    saddle not_critical
    """
    found = Columns.empty(X.copy() if settings.refine else X)
    rows = np.arange(len(X))
    if settings.refine:
        rows = _attempt(_polish_point, f, found, rows, settings)
    if suits_a_first_look(f):
        rows = _screen_points(f, found, rows, settings)
    _attempt(_classify_point, f, found, rows, settings)
    return found


def _attempt(
    action: Callable[[Objective, Columns, int, Settings], None],
    f: Objective,
    found: Columns,
    rows: Rows,
    settings: Settings,
) -> Rows:
    """Do something with each of some points, and give those where that did not fail."""
    done = np.ones(len(rows), dtype=bool)
    for k, i in enumerate(rows.tolist()):
        try:
            action(f, found, i, settings)
        except Exception as error:
            if settings.on_error == "raise":
                raise
            _fail(found, i, error)
            done[k] = False
    return rows[done]


def _polish_point(f: Objective, found: Columns, i: int, settings: Settings) -> None:
    polished = polish(f, found.x[i], settings.zero_modes)
    found.x[i] = polished.x
    found.moved[i] = polished.moved
    found.nfev[i], found.njev[i] = polished.nfev, polished.njev


def _screen_points(f: Objective, found: Columns, rows: Rows, settings: Settings) -> Rows:
    """Classify the points that share displacements well, and give the others."""
    count = -(-len(rows) // together(found.x.shape[1]))
    parts = np.array_split(rows, count) if count else []
    left = [_screen_some(f, found, part, settings) for part in parts]
    return np.concatenate([rows[:0], *left])


def _screen_some(f: Objective, found: Columns, rows: Rows, settings: Settings) -> Rows:
    try:
        screened = screen(f, found.x[rows], settings.question)
    except Exception:
        if settings.on_error == "raise":
            raise
        if len(rows) == 1:
            return rows
        # A point that fails must not change what is found of those beside it.
        halves = np.array_split(rows, 2)
        return np.concatenate([_screen_some(f, found, half, settings) for half in halves])
    found.nfev[rows] += screened.nfev
    left = np.ones(len(rows), dtype=bool)
    for settled, points in screened.verdicts:
        found.record(rows[settled], points)
        left[settled] = False
    return rows[left]


def _classify_point(f: Objective, found: Columns, i: int, settings: Settings) -> None:
    row = slice(i, i + 1)
    points = judge(f, _validate.point(found.x[i]), settings.question, Means())
    found.record(row, points)
    if points.evidence.value is None:  # products with H do without it
        found.value[i] = f.value(found.x[i])
        found.nfev[i] += 1


def _fail(found: Columns, i: int, error: Exception) -> None:
    """Forget what may have been found of a point, and tell why."""
    blank = Columns.empty(found.x[i : i + 1])
    found.put(slice(i, i + 1), blank)
    found.message[i] = f"{type(error).__name__}: {' '.join(str(error).split())}"
