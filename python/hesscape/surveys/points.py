"""Points as they come: an array, an array on disk or on a cluster, or chunks one after another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from hesscape import _validate
from hesscape._validate import Array


class Points:
    """Rows of X in order, read piece by piece.

    Attributes
    ----------
    n : int
        Coordinates of a point.
    total : int or None
        How many points there are, if that is known before the last has come.
    whole : ndarray or None
        All of them, where they are in memory.
    """

    n: int
    total: int | None
    whole: Array | None = None

    def read(self, start: int, stop: int) -> Array:
        """Give rows start to stop, or fewer where the points end; the starts must not decrease."""
        raise NotImplementedError

    @staticmethod
    def of(X: Any) -> Points:
        """Tell which of them X is, and refuse what is none."""
        if isinstance(X, np.ndarray) or _is_nested(X):
            return _InMemory(X)
        if hasattr(X, "shape") and hasattr(X, "dtype") and hasattr(X, "__getitem__"):
            return _Elsewhere(X)
        if isinstance(X, (str, bytes, dict, set)) or not isinstance(X, Iterable):
            raise TypeError(
                f"X must be an array of shape (N, n) or an iterable of such chunks, got {type(X).__name__}"
            )
        return _Chunks(iter(X))


def _is_nested(X: Any) -> bool:
    """Whether X is a list of points rather than one of chunks."""
    return isinstance(X, (list, tuple)) and not (len(X) and np.ndim(X[0]) == 2)


class _InMemory(Points):
    def __init__(self, X: Any) -> None:
        self.whole = _rows("X", _validate.real_array("X", X, copy=False)).view()
        self.whole.setflags(write=False)
        self.total, self.n = self.whole.shape

    def read(self, start: int, stop: int) -> Array:
        assert self.whole is not None
        return self.whole[start:stop]


class _Elsewhere(Points):
    """An array of dask, zarr, h5py, or another that is asked for slices."""

    def __init__(self, X: Any) -> None:
        shape = tuple(X.shape)
        if len(shape) != 2 or shape[1] == 0:
            raise ValueError(f"X must have shape (N, n) with n >= 1, got shape {shape}")
        if np.dtype(X.dtype).kind not in "biuf":
            raise TypeError(f"X must be an array of real numbers, got dtype {X.dtype}")
        self._array = X
        # dask does not know how long some of its arrays are
        self.total = int(shape[0]) if shape[0] == shape[0] else None
        self.n = int(shape[1])
        if self.total is None:
            raise ValueError("X must know its shape: call X.compute_chunk_sizes() before")

    def read(self, start: int, stop: int) -> Array:
        return np.ascontiguousarray(self._array[start:stop], dtype=np.float64)


class _Chunks(Points):
    """What an iterator gives, cut anew."""

    def __init__(self, chunks: Iterator[Any]) -> None:
        self._chunks, self._at, self._given = chunks, 0, 0
        self._rest: list[Array] = []
        self.total, self.n = None, 0
        if not self._more():
            raise ValueError("X must hold at least one chunk of shape (m, n), got none")

    def _more(self) -> bool:
        chunk = next(self._chunks, None)
        if chunk is None:
            return False
        name = f"X (chunk {self._given})"
        array = _validate.as_array(f"{name} must be", chunk)
        if array.dtype.kind not in "biuf":
            raise TypeError(f"{name} must be an array of real numbers, got dtype {array.dtype}")
        rows = _rows(name, array.astype(np.float64, copy=False))
        if self._given and rows.shape[1] != self.n:
            raise ValueError(
                f"{name} must have shape (m, {self.n}), as those before, got {rows.shape}"
            )
        self.n = rows.shape[1]
        self._given += 1
        self._rest.append(rows)
        return True

    def read(self, start: int, stop: int) -> Array:
        if start > self._at:
            self.read(self._at, start)
        while sum(map(len, self._rest)) < stop - start and self._more():
            pass
        joined = np.concatenate(self._rest) if self._rest else np.empty((0, self.n))
        taken, rest = joined[: stop - start], joined[stop - start :]
        self._rest = [rest.copy()] if len(rest) else []
        self._at = start + len(taken)
        return taken


def _rows(name: str, array: Array) -> Array:
    if array.ndim != 2 or array.shape[1] == 0:
        raise ValueError(
            f"{name} must have shape (N, n) with n >= 1, points as rows, got shape {array.shape}"
        )
    return array
