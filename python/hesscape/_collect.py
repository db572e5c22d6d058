"""What was found, collected in memory."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from ._assess import NAMES, Columns
from ._points import Points
from ._progress import Meter
from ._schedule import Part
from ._validate import Array


class Collected:
    """Columns that are filled in place where the number of points is known, else joined in the end."""

    def __init__(self, points: Points, meter: Meter, *, refined: bool) -> None:
        self.size: int | None = None
        self._meter = meter
        self._parts: list[Part] = []
        self._columns: Columns | None = None
        if points.total is not None:
            x = points.whole
            if x is None or refined:
                x = np.full((points.total, points.n), np.nan)
            self._columns = Columns.empty(x)
            self._there = np.zeros(points.total, dtype=np.bool_)
        self._n = points.n

    def begin(self, size: int) -> None:
        """Settle the size of the chunks."""
        self.size = size

    def has(self, start: int, rows: Array) -> bool:  # noqa: ARG002  (a store looks at them)
        """Nothing is there from before."""
        return False

    def put(self, part: Part) -> None:
        """Take a part."""
        if self._columns is None:
            self._parts.append(part)
        else:
            rows = slice(part.start, part.stop)
            self._columns.put(rows, part.found)
            self._there[rows] = True
        count(self._meter, part.found.kind)

    def result(self) -> tuple[dict[str, NDArray[np.generic]], NDArray[np.int64]]:
        """Give the columns of the points that are there, and which rows of X they are."""
        if self._columns is not None:
            all_there = bool(self._there.all())
            rows = np.flatnonzero(self._there)
            found = {name: getattr(self._columns, name) for name in NAMES}
            return (found if all_there else {k: v[rows] for k, v in found.items()}), rows
        parts = sorted(self._parts, key=lambda part: part.start)
        nothing = Columns.empty(np.empty((0, self._n)))
        found = {
            name: np.concatenate([getattr(c, name) for c in (nothing, *(p.found for p in parts))])
            for name in NAMES
        }
        runs = [np.arange(p.start, p.stop) for p in parts]
        return found, np.concatenate([np.empty(0, dtype=np.int64), *runs])


def count(meter: Meter, kind: NDArray[np.str_], *, known: bool = False) -> None:
    """Tell that points are done."""
    meter.advance(len(kind), known=known, counts=Counter(kind.tolist()))
