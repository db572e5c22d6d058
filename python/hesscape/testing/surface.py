"""What a test surface is, and the small linear algebra over trailing axes of points that its formulas need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
Function = Callable[[Any], Any]


class StationaryPoint(NamedTuple):
    """A point where the gradient vanishes, and what the Hessian is there.

    Attributes
    ----------
    x : tuple of float
        The point, correct to double precision.
    kind : str
        ``minimum``, ``maximum``, ``saddle`` (signs of both kinds) or ``degenerate`` (flat directions and no two signs).
    inertia : tuple of int
        The numbers of negative, zero and positive eigenvalues.
    """

    x: tuple[float, ...]
    kind: str
    inertia: tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Surface:
    """A function of n variables with its derivatives in closed form.

    Attributes
    ----------
    name : str
        Name of the surface.
    n : int
        Number of variables.
    fun, gradient, hessian : callable
        Value, gradient and Hessian: ``(n,)`` gives a scalar, ``(n,)`` and ``(n, n)``; ``(n, m)`` gives ``(m,)``,
        ``(n, m)`` and ``(n, n, m)``.
    critical_points : tuple of StationaryPoint
        Known stationary points, not always all of them.
    zero_modes : int
        Number of directions along which symmetry makes the function flat at a generic stationary point.
    """

    name: str
    n: int
    fun: Function
    gradient: Function
    hessian: Function
    critical_points: tuple[StationaryPoint, ...] = ()
    zero_modes: int = 0


def make_surface(
    name: str,
    n: int,
    fun: Function,
    gradient: Function,
    hessian: Function,
    critical_points: Sequence[tuple[Sequence[float], tuple[int, int, int]]] = (),
    zero_modes: int = 0,
) -> Surface:
    """Make a Surface from three functions of an array that is neither a list nor of integers."""

    def accepting(function: Function) -> Function:
        def call(x: ArrayLike) -> Any:
            point = np.asarray(x)
            if point.ndim == 0 or point.shape[0] != n:
                raise ValueError(
                    f"{name}: x must have {n} rows (coordinates), got shape {point.shape}"
                )
            return function(point if point.dtype.kind in "fc" else point.astype(float))

        call.__name__ = call.__qualname__ = name
        return call

    def known(x: Sequence[float], inertia: tuple[int, int, int]) -> StationaryPoint:
        negative, zero, positive = inertia
        definite = "degenerate" if zero > zero_modes else "maximum" if negative else "minimum"
        return StationaryPoint(
            tuple(map(float, x)), "saddle" if negative and positive else definite, inertia
        )

    points = tuple(known(x, inertia) for x, inertia in critical_points)
    return Surface(
        name, n, accepting(fun), accepting(gradient), accepting(hessian), points, zero_modes
    )


def diagonal(d: Array) -> Array:
    """diag(d) for d of shape (n, ...), as (n, n, ...)."""
    h = np.zeros((len(d), *d.shape), dtype=d.dtype)
    h[np.arange(len(d)), np.arange(len(d))] = d
    return h


def constant(c: Array, x: Array) -> Array:
    """`c` in the type of x, with trailing axes for its points."""
    return c.astype(x.dtype).reshape(*c.shape, *(1,) * (x.ndim - 1))


def outer(a: Array, b: Array) -> Array:
    """Give the (n, n, ...) products of the coordinates."""
    return a[:, None] * b[None, :]


def matrix(rows: list[list[Any]]) -> Array:
    """Make a matrix of entries that are numbers or arrays over the points."""
    shape = np.broadcast_shapes(*(np.shape(entry) for row in rows for entry in row))
    return np.stack([np.stack([np.broadcast_to(entry, shape) for entry in row]) for row in rows])
