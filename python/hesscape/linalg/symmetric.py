"""Checks of symmetric matrices, their errors and their zero modes, before they reach the core."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def real_numbers(name: str, value: Any, what: str) -> NDArray[Any]:
    """`value` as an array of the type it came in."""
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name}: expected {what}, got rows of unequal length") from error
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name}: expected {what} of real numbers, got dtype {array.dtype}")
    return array


def square_matrices(name: str, value: Any) -> NDArray[Any]:
    """`value` as an array (..., n, n) of the type it came in."""
    array = real_numbers(name, value, "an array (..., n, n)")
    if array.ndim < 2 or array.shape[-1] != array.shape[-2]:
        raise ValueError(f"{name}: expected square matrices (..., n, n), got shape {array.shape}")
    return array


def real(name: str, value: Any, what: str) -> tuple[Array, float]:
    """`value` as a float64 array, and the unit roundoff of the type it came in."""
    array = real_numbers(name, value, what)
    eps = np.finfo(array.dtype).eps if array.dtype.kind == "f" else np.finfo(float).eps
    with np.errstate(over="ignore"):
        out = np.ascontiguousarray(array, dtype=np.float64)
    return out.reshape(array.shape), float(max(eps, np.finfo(float).eps))


def symmetric_stack(matrix: ArrayLike, error: ArrayLike | None) -> tuple[Array, Array | None]:
    """Check ``H`` and ``error``; both come back symmetric, as (..., n, n) and (n, n) or (..., n, n).

    What ``H`` lacks in symmetry by rounding is added to the error.
    """
    h, eps = real("H", square_matrices("H", matrix), "an array (..., n, n)")
    if h.size == 0:
        raise ValueError(f"H: expected at least one row and one matrix, got shape {h.shape}")
    finite = np.isfinite(h)
    if not finite.all():
        at = tuple(int(i) for i in np.argwhere(~finite)[0])
        raise ValueError(f"H: expected finite entries, got {h[at]} at {list(at)}")
    e = None if error is None else entry_errors(error, h.shape)
    transposed = np.swapaxes(h, -1, -2)
    if (h == transposed).all():
        return h, e
    with np.errstate(over="ignore"):
        asymmetry = np.abs(h - transposed)
    allowed = np.sqrt(eps) * np.abs(h).max(axis=(-2, -1), keepdims=True)
    excess = asymmetry - (allowed if e is None else allowed + 2 * e)
    if (excess > 0).any():
        at = tuple(int(i) for i in np.unravel_index(excess.argmax(), excess.shape))
        twin = (*at[:-2], at[-1], at[-2])
        raise ValueError(
            f"H: expected symmetric matrices, but H{list(at)} = {h[at]:.17g} and H{list(twin)} = "
            f"{h[twin]:.17g} differ by {asymmetry[at]:.3g}, the largest asymmetry; rounding and error "
            f"explain {asymmetry[at] - excess[at]:.3g}. Pass (H + H.T)/2 with an error if that is meant"
        )
    half = asymmetry / 2
    return h / 2 + transposed / 2, half if e is None else e + half


def entry_errors(error: ArrayLike, shape: tuple[int, ...]) -> Array:
    """Check ``error`` for matrices of this shape: (n, n) shared by all, or (..., n, n)."""
    n = shape[-1]
    e, _ = real("error", error, "a number, or an array of them")
    if np.isnan(e).any() or (e < 0).any():
        bad = e[np.isnan(e) | (e < 0)].flat[0]
        raise ValueError(f"error: expected numbers >= 0 (inf: nothing is known), got {bad}")
    if e.ndim == 0:
        return np.full((n, n), float(e))
    if e.shape == (n, n):
        return np.asarray(np.maximum(e, e.T))
    if e.shape == shape[:-2]:
        return np.broadcast_to(e[..., None, None], shape)
    try:
        full = np.broadcast_to(e, shape)
    except ValueError:
        full = None
    if full is None or e.ndim < 2 or e.shape[-2:] not in ((n, n), (1, 1)):
        raise ValueError(
            f"error: expected a number, shape {(n, n)}, one number a matrix {shape[:-2]} or shape {shape}, "
            f"got shape {e.shape}"
        )
    return np.ascontiguousarray(np.maximum(full, np.swapaxes(full, -1, -2)))


def zero_mode_basis(zero_modes: Any, n: int) -> tuple[int, Array | None]:
    """Check ``zero_modes``: the count, and an orthonormal basis (n, count) when vectors were given."""
    if isinstance(zero_modes, (int, np.integer)) and not isinstance(zero_modes, bool):
        count = int(zero_modes)
        if not 0 <= count < n:
            raise ValueError(
                f"zero_modes: expected a count of 0 to {n - 1} (H has {n} rows), got {count}"
            )
        return count, None
    if isinstance(zero_modes, (numbers.Number, str, bytes, type(None), np.bool_)):
        raise TypeError(
            f"zero_modes: expected an integer count or a basis ({n}, k), got {zero_modes!r}"
        )
    z, _ = real("zero_modes", zero_modes, f"an integer count or a basis ({n}, k)")
    if z.ndim == 1:
        z = z[:, None]
    if z.ndim != 2 or z.shape[0] != n or not 1 <= z.shape[1] < n:
        raise ValueError(
            f"zero_modes: expected a basis of shape ({n}, k) with 1 <= k <= {n - 1}, vectors as columns, "
            f"got shape {np.shape(zero_modes)}"
        )
    if not np.isfinite(z).all():
        raise ValueError("zero_modes: expected finite vectors, got nan or inf")
    largest = np.abs(z).max(axis=0)
    if (largest == 0).any():
        raise ValueError(f"zero_modes: column {int(largest.argmin())} is zero")
    u, singular, _ = np.linalg.svd(z / largest, full_matrices=False)
    if singular[-1] <= 1e-10 * singular[0]:
        rank = int((singular > 1e-10 * singular[0]).sum())
        raise ValueError(
            f"zero_modes: expected independent vectors, got {z.shape[1]} of rank {rank}"
        )
    return z.shape[1], u


def not_negative(name: str, value: Any) -> float:
    """`value` as a float that is neither negative nor nan."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{name}: expected a number >= 0, got {value!r}")
    if not value >= 0:
        raise ValueError(f"{name}: expected a number >= 0, got {value!r}")
    return float(value)
