"""What was found, collected in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hesscape._progress import Meter
from hesscape._validate import Array

from .assess import NAMES, Columns
from .points import Points
from .schedule import Part


class Found(NamedTuple):
    """What a table of points is made of."""

    columns: Mapping[str, NDArray[Any]]
    options: dict[str, Any]
    total: int | None  # points that X had, where that is known


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
        self._points, self._finished = points, False

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

    def finish(self) -> None:
        """Know that all is there."""
        self._finished = True

    def found(self, options: dict[str, Any]) -> Found:
        """Give the points that are there."""
        columns = self._joined() if self._columns is None else self._filled(self._columns)
        total = self._points.total
        if total is None and self._finished:
            total = len(columns["row"])
        return Found(columns, options, total)

    def _filled(self, columns: Columns) -> dict[str, NDArray[np.generic]]:
        rows = np.flatnonzero(self._there)
        found = {name: getattr(columns, name) for name in NAMES}
        if len(rows) < len(self._there):
            found = {name: column[rows] for name, column in found.items()}
        return {"row": rows, **found}

    def _joined(self) -> dict[str, NDArray[np.generic]]:
        parts = sorted(self._parts, key=lambda part: part.start)
        nothing = Columns.empty(np.empty((0, self._points.n)))
        found = [nothing, *(part.found for part in parts)]
        rows = [np.arange(0), *(np.arange(part.start, part.stop) for part in parts)]
        joined = {name: np.concatenate([getattr(c, name) for c in found]) for name in NAMES}
        return {"row": np.concatenate(rows), **joined}


def count(meter: Meter, kind: NDArray[np.str_], *, known: bool = False) -> None:
    """Tell that points are done."""
    meter.advance(len(kind), known=known, counts=Counter(kind.tolist()))
