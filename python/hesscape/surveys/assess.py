"""The verdicts on one chunk of points, as arrays; how points come in chunks is no matter here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hesscape._validate import Array
from hesscape.derivatives.first_look import suits_a_first_look
from hesscape.derivatives.refine import polish
from hesscape.linalg.symmetric import zero_mode_basis
from hesscape.objective import Objective
from hesscape.verdicts.classify import classify
from hesscape.verdicts.critical_point import CriticalPoint

from .screen import Rows, Verdicts, screen, together

FAILED = "failed"  # stands where another point has its kind


@dataclass(frozen=True)
class Settings:
    """What is asked about every point."""

    need: str = "kind"
    zero_modes: int | ArrayLike = 0
    gtol: float = 1e-5
    refine: bool = False
    on_error: str = "record"


@dataclass(frozen=True)
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
SHARED = (
    "kind", "inertia", "index", "value", "gradient_norm", "distance", "lowest", "highest", "message"
)  # fmt: skip
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
    >>> found = assess(f, np.array([[0.0, 0.0], [3.0, 3.0]]), Settings())
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
    n = found.x.shape[1]
    zero_modes = zero_mode_basis(settings.zero_modes, n)
    count = -(-len(rows) // together(n))
    parts = np.array_split(rows, count) if count else []
    left = [_screen_some(f, found, part, settings, zero_modes) for part in parts]
    return np.concatenate([rows[:0], *left])


def _screen_some(
    f: Objective,
    found: Columns,
    rows: Rows,
    settings: Settings,
    zero_modes: tuple[int, Array | None],
) -> Rows:
    try:
        verdicts = screen(
            f, found.x[rows], gtol=settings.gtol, zero_modes=zero_modes, need=settings.need
        )
    except Exception:
        if settings.on_error == "raise":
            raise
        if len(rows) == 1:
            return rows
        # A point that fails must not change what is found of those beside it.
        halves = np.array_split(rows, 2)
        return np.concatenate(
            [_screen_some(f, found, half, settings, zero_modes) for half in halves]
        )
    found.nfev[rows] += verdicts.nfev
    _record_all(found, rows, verdicts)
    return rows[~verdicts.settled]


def _record_all(found: Columns, rows: Rows, verdicts: Verdicts) -> None:
    settled = verdicts.settled
    rows = rows[settled]
    found.certain[rows] = True
    found.error[rows] = verdicts.hessian_error[settled]
    for name in SHARED:
        getattr(found, name)[rows] = getattr(verdicts, name)[settled]


def _classify_point(f: Objective, found: Columns, i: int, settings: Settings) -> None:
    point = classify(
        f, found.x[i], gtol=settings.gtol, zero_modes=settings.zero_modes, need=settings.need
    )
    _record(f, found, i, point, settings.need)


def _record(f: Objective, found: Columns, i: int, point: CriticalPoint, need: str) -> None:
    found.kind[i], found.certain[i] = point.kind.value, point.certain
    found.inertia[i] = point.inertia
    found.index[i] = -1 if point.index is None else point.index
    found.gradient_norm[i] = point.gradient_norm
    if need != "kind":
        found.distance[i] = point.distance
    found.error[i], found.message[i] = point.hessian_error, point.message
    if point.eigenvalues is not None:
        found.lowest[i], found.highest[i] = point.eigenvalues[[0, -1]]
    found.nfev[i] += point.nfev
    found.njev[i] += point.njev
    if point.taylor is not None:
        found.value[i] = point.taylor.value
    else:  # products with H do without it
        found.value[i] = f.value(found.x[i])
        found.nfev[i] += 1


def _fail(found: Columns, i: int, error: Exception) -> None:
    """Forget what may have been found of a point, and tell why."""
    blank = Columns.empty(found.x[i : i + 1])
    found.put(slice(i, i + 1), blank)
    found.message[i] = f"{type(error).__name__}: {' '.join(str(error).split())}"
