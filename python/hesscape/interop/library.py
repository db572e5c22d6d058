"""How the functions of `hesscape.interop` find the library that they need, and check the vectors that they get."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from hesscape._validate import Array


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
