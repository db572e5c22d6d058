"""How derivatives are measured, as the user asked."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from numpy.typing import ArrayLike

from hesscape import _validate
from hesscape._keywords import pick
from hesscape._progress import Report
from hesscape._validate import Array
from hesscape.objective import Objective

from .expensive import asked_for, expensive, usual_total


class Measuring(NamedTuple):
    """Steps, and where values come from.

    Parameters
    ----------
    step : float or array_like, shape (n,), optional
        The coarsest step tried along each coordinate, in its units. Without it, steps start from |x| / 8 (1/4 at
        zero) and grow or shrink as the values tell.
    levels : int, optional
        Halvings of the step for each pair of coordinates, from 2 to 12. Without it, as many as keep the number of
        values below about ``2.5 n**2 + 60 n``.
    executor : concurrent.futures.Executor, optional
        Where values are computed, one point a call (also with ``vectorized=True``), as many at once as it has workers.
        The result is the same to the last bit.
    progress : bool or callable
        True draws a bar with tqdm; a callable gets a `Progress`.
    store : str or os.PathLike, optional
        A file that keeps each value as it comes: what was interrupted, even killed, goes on without repeating a call,
        and another measurement of the same function takes what is there. Values of another function (by name),
        other `args` or another n are refused.
    """

    step: ArrayLike | None = None
    levels: int | None = None
    executor: Executor | None = None
    progress: bool | Report = False
    store: str | os.PathLike[str] | None = None

    @classmethod
    def of(cls, keywords: dict[str, Any]) -> Measuring:
        """Take what is said of it out of the keywords of a function."""
        return cls(**pick(cls, keywords))

    @property
    def asked_for(self) -> bool:
        """Whether anything was asked."""
        return not (self.step is None and self.levels is None) or asked_for(*self[2:])

    @property
    def steps_only(self) -> Measuring:
        """What is asked of a function whose calls go through the executor already."""
        return Measuring(self.step, self.levels)

    def steps_from(self, x: Array) -> Array:
        """Give the coarsest step along each coordinate, nothing where none was given."""
        return _validate.steps(self.step, x)

    @property
    def halvings(self) -> int:
        """Give the number of levels, zero where none was given."""
        if self.levels is None:
            return 0
        return _validate.integer("levels", self.levels, least=2, most=_validate.MOST_LEVELS)

    def through(
        self, f: Objective, x: Array, *, total: int | None = None, known: Iterable[Array] = ()
    ) -> AbstractContextManager[Objective]:
        """Enter an objective in which each call goes through the executor, is counted and is kept.

        `total` is about how many calls there will be; `known` are points where `fun` was called before.
        """
        total = usual_total(f, x.size, self.levels) if total is None else total
        return expensive(
            f,
            x,
            executor=self.executor,
            progress=self.progress,
            store=self.store,
            total=total,
            known=known,
        )
