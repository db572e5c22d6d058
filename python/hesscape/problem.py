"""A function of another library, with what belongs to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ._validate import Array
from .objective import Objective


@dataclass(frozen=True, eq=False)
class Problem:
    """A function of another library as hesscape takes it.

    Parameters
    ----------
    objective : Objective
        The function with its derivatives, of vectors.
    x0 : (n,) ndarray
        Where the function was when it was given, as float64.
    zero_modes : int or (n, k) ndarray
        Directions that are flat by a symmetry at `x0`, as `classify` takes them: an orthonormal basis, or 0.
    bounds : sequence of pairs, optional
        The least and the largest value of each coordinate, as for `scipy.optimize.minimize`.
    names : tuple of str, optional
        What the coordinates are called.
    unflatten : callable, optional
        ``unflatten(x)`` gives a vector in the form that the library has for it.

    Examples
    --------
    >>> import numpy as np
    >>> import hesscape as hs
    >>> problem = hs.Problem(hs.Objective(lambda x: x @ x), np.zeros(2), names=("a", "b"))
    >>> hs.classify(problem.objective, problem.x0).kind.value
    'minimum'
    """

    objective: Objective
    x0: Array
    zero_modes: int | Array = 0
    bounds: Any = None
    names: tuple[str, ...] | None = None
    unflatten: Callable[[Any], Any] | None = field(default=None, repr=False)
