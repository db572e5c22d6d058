"""Arguments as the user gave them, turned into arrays, or into errors that name them."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

MOST_LEVELS = 12  # halvings of the step of a pair


def as_array(what: str, value: Any) -> NDArray[Any]:
    """Give `value` as an array; `what` begins the refusal, as in "x must be" or "fun must return"."""
    try:
        return np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{what} an array of numbers, got a ragged sequence: {error}") from None


def real_array(name: str, value: ArrayLike, *, copy: bool = True) -> Array:
    """Give `value` as float64, refusing what is not numbers, not real or not finite; the user's own without `copy`."""
    array = as_array(f"{name} must be", value)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be an array of real numbers, got dtype {array.dtype}")
    if array.dtype == np.float64:
        array = array.copy() if copy else np.ascontiguousarray(array)
    else:
        with np.errstate(over="ignore"):  # of long double
            array = array.astype(np.float64)
    finite = np.isfinite(array)
    if not finite.all():
        where = tuple(map(int, np.argwhere(~finite)[0]))
        at = f"[{', '.join(map(str, where))}]" if where else ""
        raise ValueError(f"{name} must be finite, got {name}{at} = {array[where]}")
    return array


def point(x: ArrayLike, *, copy: bool = True) -> Array:
    """Give the point as a (new) array of shape (n,); a number is a point of one coordinate."""
    array = np.atleast_1d(real_array("x", x, copy=copy))
    if array.ndim != 1 or not array.size:
        raise ValueError(f"x must have shape (n,) with n >= 1, got shape {array.shape}")
    return array


def positive(name: str, value: Any, *, zero: bool = False) -> float:
    """Give a finite number above zero (or at it, with `zero`)."""
    bound = ">= 0" if zero else "> 0"
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number {bound}, got {value!r}")
    number = float(value)
    if not (np.isfinite(number) and (number > 0 or (zero and number == 0))):
        raise ValueError(f"{name} must be a finite number {bound}, got {value!r}")
    return number


def integer(name: str, value: Any, *, least: int, most: int) -> int:
    """Give an integer between two bounds."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be an integer from {least} to {most}, got {value!r}")
    number = int(value)
    if not least <= number <= most:
        raise ValueError(f"{name} must be an integer from {least} to {most}, got {value!r}")
    return number


def steps(step: ArrayLike | None, x: Array) -> Array:
    """Give a step for each coordinate of x; none at all for None."""
    if step is None:
        return np.empty(0)
    array = real_array("step", step)
    if array.shape not in ((), x.shape) or not (array > 0).all():
        raise ValueError(f"step must be positive, a number or of shape {x.shape}, got {step!r}")
    array = np.broadcast_to(array, x.shape).copy()
    lost = np.flatnonzero((x + array == x) | ~np.isfinite(np.abs(x) + array))
    if lost.size:
        i = lost[0]
        raise ValueError(
            f"step must change x and keep it finite, got {array[i]} for x[{i}] = {x[i]}"
        )
    return array
