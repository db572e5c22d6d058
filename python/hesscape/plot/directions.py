"""Which directions of a point are drawn, and how far."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from hesscape import _validate
from hesscape._validate import Array
from hesscape.derivatives.model import TaylorModel
from hesscape.verdicts.critical_point import CriticalPoint


def columns(directions: ArrayLike, n: int, k: int | None = None) -> Array:
    """Check directions (n, k): independent where k is given."""
    vectors = _validate.real_array("directions", directions)
    if (
        vectors.ndim != 2
        or vectors.shape[0] != n
        or vectors.shape[1] != (k or max(1, vectors.shape[1]))
    ):
        raise ValueError(
            f"directions must have shape ({n}, {k or 'k'}), vectors as columns, got {vectors.shape}"
        )
    lengths = np.linalg.norm(vectors, axis=0)
    if (lengths == 0).any() or (k and np.linalg.matrix_rank(vectors / lengths) < k):
        raise ValueError("directions must be independent and not zero")
    return vectors


def positive_span(span: ArrayLike, k: int) -> Array:
    """Give a span for each of k directions."""
    array = _validate.real_array("span", span)
    if array.shape not in ((), (k,)) or not (array > 0).all():
        raise ValueError(f"span must be positive, a number or {k} of them, got {span!r}")
    return np.broadcast_to(array, (k,)).copy()


def eigenvectors(point: CriticalPoint | TaylorModel, model: TaylorModel) -> Array:
    """Give the eigenvectors of a point, or of its model."""
    if isinstance(point, CriticalPoint) and point.eigenvectors is not None:
        return point.eigenvectors
    return np.linalg.eigh(model.hessian)[1]


def some_eigenvectors(point: CriticalPoint | TaylorModel, model: TaylorModel) -> Array:
    """Give the eigenvectors, of many the three lowest and the three highest."""
    vectors = eigenvectors(point, model)
    return vectors if vectors.shape[1] <= 6 else vectors[:, [0, 1, 2, -3, -2, -1]]


def plane(
    point: CriticalPoint | TaylorModel, model: TaylorModel, directions: ArrayLike | None
) -> tuple[Array, list[str]]:
    """Two directions as columns, and the labels of their axes."""
    n = model.x.size
    if n < 2:
        raise ValueError("point must have two coordinates or more; slices draws functions of one")
    if directions is not None:
        return columns(directions, n, 2), ["first direction", "second direction"]
    if n == 2:
        return np.eye(2), ["x[0]", "x[1]"]
    basis = eigenvectors(point, model)[:, [0, -1]]
    return basis, [
        "distance along the lowest eigenvector",
        "distance along the highest eigenvector",
    ]


def suited_reach(model: TaylorModel, vectors: Array) -> Array:
    """How far the measurement suggests to look along each direction."""
    scale = np.maximum(4 * model.step, np.abs(model.x) / 2)
    scale[scale == 0] = 1.0
    with np.errstate(divide="ignore"):
        return np.min(scale[:, None] / np.abs(vectors), axis=0)  # type: ignore[no-any-return]


def even_reach(model: TaylorModel, vectors: Array, curvature: Array, error: Array) -> Array:
    """Reach along each direction so that the parabolas become about equally high."""
    reach = suited_reach(model, vectors)
    curved = np.abs(curvature) > error
    if not curved.any():
        return reach
    height = np.median(np.abs(curvature[curved]) * reach[curved] ** 2)
    even = np.sqrt(height / np.abs(curvature[curved]))
    reach[curved] = np.minimum(even, 4 * reach[curved])
    return reach


def half_widths(
    span: ArrayLike | None, model: TaylorModel, basis: Array, end: Array | None
) -> Array:
    """Give half the width and half the height of the picture of a plane."""
    if span is not None:
        return positive_span(span, 2)
    if end is None or not np.abs(end).any():
        return suited_reach(model, basis)
    reach = suited_reach(model, basis)
    return np.maximum(1.5 * np.abs(end), reach * np.max(1.5 * np.abs(end) / reach))


def curvatures(model: TaylorModel, vectors: Array) -> tuple[Array, Array]:
    """Curvature along each direction, ``v^T H v / v^T v``, and its error."""
    square = (vectors**2).sum(axis=0)
    error = np.einsum("ik,ij,jk->k", np.abs(vectors), model.hessian_error, np.abs(vectors))
    return np.asarray(model.quadratic_form(vectors.T)) / square, error / square


def in_plane(basis: Array, displacement: Array) -> Array:
    """Find the nearest point of the plane, in multiples of its directions."""
    scale = np.linalg.norm(basis, axis=0)
    return np.linalg.lstsq(basis / scale, displacement)[0] / scale  # type: ignore[no-any-return]
