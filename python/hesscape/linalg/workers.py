"""What the functions of `linalg` share: stacks of symmetric matrices as views, and threads that share a stack."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hesscape import _core

from .symmetric import square_matrices

Floats: TypeAlias = NDArray[Any]
Workers: TypeAlias = int | Callable[[Callable[[slice], None], Iterable[slice]], Iterable[None]]

CHUNK = 1 << 22  # entries of the matrices that one call of the core works on
LANES = 4 * _core.PACKET  # of a pack, which all parts of a stack but the last are to fill


@dataclass(frozen=True, eq=False)
class Stack:
    """Symmetric matrices of which one triangle is read."""

    a: Floats  # (N, n, n), float64 or float32
    shape: tuple[int, ...]  # the leading dimensions that were given
    upper: bool
    rounded: bool  # whether the conversion from another type was not exact

    @property
    def count(self) -> int:
        """How many matrices there are."""
        return len(self.a)

    @property
    def n(self) -> int:
        """How many rows each has."""
        return int(self.a.shape[1])

    def doubles(self, rows: slice | NDArray[np.intp]) -> NDArray[np.float64]:
        """Matrices as float64, such that the lower triangle counts."""
        part = self.a[rows].astype(np.float64, copy=False)
        if any(stride % part.itemsize for stride in part.strides):
            part = part.copy()
        return part.swapaxes(1, 2) if self.upper else part

    def full(self, rows: slice | NDArray[np.intp]) -> NDArray[np.float64]:
        """Matrices as contiguous float64, with what was read in both triangles."""
        part = self.doubles(rows)
        return np.ascontiguousarray(np.tril(part) + np.tril(part, -1).swapaxes(1, 2))


def stack_of(a: ArrayLike, UPLO: Any = "L") -> Stack:
    """Check `a` and `UPLO`."""
    if not isinstance(UPLO, str) or UPLO.upper() not in {"L", "U"}:
        raise ValueError(f"UPLO: expected 'L' or 'U', got {UPLO!r}")
    array = square_matrices("a", a)
    shape, n = array.shape[:-2], array.shape[-1]
    dtype = np.float32 if array.dtype == np.float32 else np.float64
    with np.errstate(over="ignore"):  # of long double
        numbers = array.astype(dtype, copy=False)
    wide = array.dtype.itemsize > 8 or (array.dtype.kind in "iu" and array.dtype.itemsize == 8)
    rounded = bool(wide and (numbers != array).any())
    stack = numbers.reshape(int(np.prod(shape)), n, n)
    return Stack(stack, shape, UPLO.upper() == "U", rounded)


def share(stack: Stack, workers: Workers, kernel: Callable[[slice], None], across: bool) -> None:
    """Call `kernel` on slices that make up the stack, in this thread or in those of `workers`.

    `across` says whether it works on one matrix a lane.
    """
    unit = LANES if across else 1
    if isinstance(workers, bool) or not (
        isinstance(workers, (int, np.integer)) or callable(workers)
    ):
        raise TypeError(f"workers: expected an integer or a map-like callable, got {workers!r}")
    if not callable(workers):
        threads = (os.cpu_count() or 1) if workers == -1 else int(workers)
        if threads < 1:
            raise ValueError(
                f"workers: expected at least 1, or -1 for all processors, got {workers}"
            )
        parts = slices(stack, threads, unit)
        if threads == 1 or len(parts) == 1:
            for part in parts:
                kernel(part)
            return
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(kernel, parts))
        return
    list(workers(kernel, slices(stack, os.cpu_count() or 1, unit)))


def slices(stack: Stack, threads: int, unit: int) -> list[slice]:
    """Cut a stack into slices of whole units that are neither too large for memory nor too few for the threads.

    They differ by one unit at most, so that no thread waits long for another.
    """
    if stack.count == 0:
        return []
    units = -(-stack.count // unit)
    most = max(1, CHUNK // max(1, stack.n**2 * unit))
    parts = -(-units // most)
    if threads > 1:
        parts = max(parts, min(units, 4 * threads))
    edges = [min(stack.count, unit * (units * k // parts)) for k in range(parts + 1)]
    return [slice(first, last) for first, last in itertools.pairwise(edges)]


def output(out: Any, shape: tuple[int, ...], dtype: np.dtype[Any], name: str = "out") -> Floats:
    """Give a new array, or `out` after a check."""
    if out is None:
        return np.empty(shape, dtype)
    if not isinstance(out, np.ndarray) or out.dtype != dtype:
        kind = out.dtype if isinstance(out, np.ndarray) else type(out).__name__
        raise TypeError(f"{name}: expected an array of {dtype}, got {kind}")
    if out.shape != shape or not out.flags.c_contiguous or not out.flags.writeable:
        raise ValueError(
            f"{name}: expected a writeable, contiguous array of shape {shape}, got shape {out.shape}"
            f" and {'contiguous' if out.flags.c_contiguous else 'strided'}"
        )
    return out
