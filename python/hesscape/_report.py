"""How results are put into words."""

from __future__ import annotations

import numpy as np

from ._validate import Array


def number(value: float, digits: int = 6) -> str:
    """Write a number; zero without a sign."""
    return f"{value + 0.0:.{digits}g}"


def vector(values: Array) -> str:
    """Write a vector, abridged where it is long."""
    return np.array2string(values + 0.0, precision=6, threshold=8)


def evaluations(values: int, gradients: int) -> str:
    """Say how many values and gradients were used; of gradients only where there are some."""
    return f"{values} values" + (f" and {gradients} gradients" if gradients else "")
