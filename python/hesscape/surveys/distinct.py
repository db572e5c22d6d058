"""Which points are the same critical point, within their errors and under symmetries."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hesscape import _validate
from hesscape._validate import Array
from hesscape.linalg.symmetric import not_negative

NEWTON = 2.0  # the next stationary point is within so many Newton steps, where one is a good guess
MOST_IMAGES = 4096

Symmetry: TypeAlias = ArrayLike | Callable[[Array], ArrayLike]


def label(
    x: Array,
    inertia: NDArray[np.int64],
    distance: Array,
    *,
    symmetries: Iterable[Symmetry] = (),
    invariants: Callable[[Array], ArrayLike] | None = None,
    tol: float = 1e-6,
    zero_modes: int = 0,
) -> NDArray[np.int64]:
    """Give each point the number of its group of equal ones: 0, 1, ... in the order of their first points.

    Parameters
    ----------
    x, inertia, distance : ndarray, shape (N, n), (N, 3) and (N,)
    symmetries, invariants, tol
        See `Survey.distinct`.
    zero_modes : int
        How many directions have no sign.
    """
    tol = not_negative("tol", tol)
    maps = [_as_map(s, x.shape[1]) for s in symmetries]
    y = x if invariants is None else _invariants(invariants, x)
    if invariants is not None and maps:
        raise ValueError("symmetries and invariants exclude each other")
    margin = tol * np.abs(y).max(axis=0, initial=0)
    reach = NEWTON * np.where(np.isfinite(distance), distance, 0.0)
    group = np.full(len(x), -1)
    for first in np.argsort(reach, kind="stable"):  # the best known point of a group stands for it
        if group[first] < 0:
            left = np.flatnonzero(group < 0)
            apart = _apart(y[left], _orbit(y[first], maps, margin), margin)
            same = apart <= reach[left] + reach[first]
            same &= _agree(inertia[left], inertia[first], x.shape[1] - zero_modes)
            group[left[same]] = first
    _, start, which = np.unique(group, return_index=True, return_inverse=True)
    order = np.argsort(np.argsort(start))
    return np.asarray(order[which], dtype=np.int64)


def _apart(y: Array, images: Array, margin: Array) -> Array:
    """How far points are from the nearest image, beyond the margin of each coordinate."""
    nearest = np.full(len(y), np.inf)
    for image in images:
        beyond = np.maximum(np.abs(y - image) - margin, 0)
        np.minimum(nearest, np.hypot.reduce(beyond, axis=1), out=nearest)
    return nearest


def _agree(inertia: NDArray[np.int64], one: NDArray[np.int64], n: int) -> NDArray[np.bool_]:
    """Whether the proven signs leave room for a common inertia of n directions."""
    return (inertia[:, 0] + one[2] <= n) & (inertia[:, 2] + one[0] <= n)  # type: ignore[no-any-return]


def _orbit(x: Array, maps: list[Callable[[Array], Array]], margin: Array) -> Array:
    """All images of a point under the group that the symmetries generate."""
    images, new = x[None], [x]
    while new and maps:
        found = []
        for image in (each(point) for point in new for each in maps):
            if not (np.abs(images - image) <= margin).all(axis=1).any():
                images = np.vstack([images, image])
                found.append(image)
        if len(images) > MOST_IMAGES:
            raise ValueError(
                f"symmetries: a point has more than {MOST_IMAGES} images; pass invariants instead"
            )
        new = found
    return images


def _as_map(symmetry: Any, n: int) -> Callable[[Array], Array]:
    if callable(symmetry):
        return lambda x: _validate.real_array("symmetries must give", symmetry(x.copy())).reshape(n)
    array = np.asarray(symmetry)
    if array.shape == (n,) and array.dtype.kind in "iu" and sorted(array.tolist()) == [*range(n)]:
        return lambda x: x[array]
    if array.shape == (n, n) and array.dtype.kind in "iuf":
        return lambda x: array @ x
    raise ValueError(
        f"symmetries: expected callables, matrices ({n}, {n}) or permutations of {n} coordinates, got an array of "
        f"shape {array.shape} and dtype {array.dtype}"
    )


def _invariants(invariants: Any, x: Array) -> Array:
    if not callable(invariants):
        raise TypeError(f"invariants must be callable, (n,) -> (k,), got {invariants!r}")
    rows = [_validate.real_array("invariants", invariants(point.copy())).ravel() for point in x]
    return np.array(rows).reshape(len(x), -1)
