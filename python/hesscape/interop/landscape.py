"""What every function of `hesscape.interop` returns, and how it finds the library that it needs."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from hesscape._validate import Array
from hesscape.objective import Objective

__all__ = ["Landscape", "library", "vector"]


class Landscape(NamedTuple):
    """A function of another library as hesscape takes it.

    Attributes
    ----------
    objective : Objective
        The function with its derivatives, of vectors.
    x0 : (n,) ndarray
        Where the function was when it was given, as float64.
    zero_modes : int or (n, k) ndarray
        Directions that are flat by a symmetry at `x0`, as `classify` takes them: an orthonormal basis, or 0.
    unflatten : callable
        ``unflatten(x)`` gives a vector in the form that the library has for it.

    Examples
    --------
    >>> import hesscape as hs
    >>> from hesscape.interop import Landscape
    >>> f, x0, zero_modes, unflatten = Landscape(hs.Objective(lambda x: x @ x), [0, 0], 0, list)
    >>> hs.classify(f, x0, zero_modes=zero_modes).kind.value
    'minimum'
    """

    objective: Objective
    x0: Array
    zero_modes: int | Array
    unflatten: Callable[[Any], Any]


def library(module: str) -> Any:
    """Import a library that is an extra."""
    try:
        return import_module(module)
    except ModuleNotFoundError as missing:
        extra = module.partition(".")[0]
        if missing.name != extra:
            raise
        raise ModuleNotFoundError(
            f"hesscape.interop.from_{extra} needs {extra}: pip install 'hesscape[{extra}]'",
            name=extra,
        ) from missing


def vector(name: str, x: Any, n: int) -> Array:
    """Give `x` as float64 of shape (n,)."""
    array = np.asarray(x)
    if array.dtype.kind not in "biuf" or array.shape != (n,):
        raise ValueError(
            f"{name} must hold real numbers in shape ({n},), got dtype {array.dtype}, shape {array.shape}"
        )
    return array.astype(np.float64, copy=False)
