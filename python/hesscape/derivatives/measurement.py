"""The measurement from values: blocks of points to evaluate, then their values, until the model is known."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from hesscape import _core, _validate
from hesscape._keywords import strict
from hesscape._validate import Array
from hesscape.objective import Objective
from hesscape.status import NonFiniteError

from .model import TaylorModel, diagonal_model, full_model

T = TypeVar("T")
Steps = Generator[Array, Array, TaylorModel]


@strict
class Measurement:
    """The measurement of `taylor` for values that come from elsewhere: a queue of simulations, a laboratory.

    Ask for points, tell their values in any order, until done. It can be pickled in between.

    Parameters
    ----------
    x : array_like, shape (n,)
    step, levels
        As for `taylor`.
    noise : float, optional
        Standard deviation of the values.

    Examples
    --------
    >>> import hesscape as hs
    >>> measurement = hs.Measurement([1.0, 2.0])
    >>> while not measurement.done:
    ...     points = measurement.ask()
    ...     measurement.tell([p[0] * p[1] ** 2 for p in points])
    >>> measurement.result().hessian.round(9) + 0.0
    array([[0., 4.],
           [4., 2.]])
    """

    def __init__(
        self,
        x: ArrayLike,
        *,
        step: ArrayLike | None = None,
        levels: int | None = None,
        noise: float | None = None,
    ) -> None:
        self._x = _validate.point(x)
        self._step = _validate.steps(step, self._x)
        self._levels = (
            0
            if levels is None
            else _validate.integer("levels", levels, least=2, most=_validate.MOST_LEVELS)
        )
        self._noise = None if noise is None else _validate.positive("noise", noise, zero=True)
        self._log: list[Array] = []
        self._start()

    def _start(self) -> None:
        self._steps = value_steps(self._x, self._noise, self._step, self._levels)
        self._outcome: TaylorModel | NonFiniteError | None = None
        self._hand_out(next(self._steps))
        for values in self._log:
            self._advance(values)

    def _hand_out(self, points: Array) -> None:
        self._block = points.copy()
        self._values = np.empty(len(points))
        self._open = np.arange(len(points))

    def _advance(self, values: Array) -> None:
        try:
            self._hand_out(self._steps.send(values))
        except StopIteration as end:
            self._outcome = end.value
        except NonFiniteError as error:
            self._outcome = error
        if self._outcome is not None:
            self._hand_out(np.empty((0, self._x.size)))

    @property
    def done(self) -> bool:
        """Whether every value has been told."""
        return self._outcome is not None

    def ask(self) -> Array:
        """Give the points whose values are wanted now, as rows; those that were not told yet, when asked again."""
        return self._block[self._open]

    def tell(self, values: ArrayLike, index: ArrayLike | None = None) -> None:
        """Tell the values of the points that `ask` gives now.

        Parameters
        ----------
        values : array_like, shape (m,)
            NaN or inf where the function has no value.
        index : array_like of int, shape (m,), optional
            Which rows of ``ask()`` they belong to; all of them in order, without it. After this call `ask` gives the
            other rows.
        """
        told = np.atleast_1d(_validate.as_array("values must be", values))
        if told.dtype.kind not in "biuf" or told.ndim != 1:
            raise TypeError(
                f"values must be real numbers of shape (m,), got dtype {told.dtype}, shape {told.shape}"
            )
        rows = (
            np.arange(self._open.size)
            if index is None
            else np.atleast_1d(_validate.as_array("index must be", index))
        )
        if rows.shape != told.shape:
            raise ValueError(
                f"values must have one entry for each of {rows.size} points, got {told.size}"
            )
        if rows.size == 0:
            return
        if rows.dtype.kind not in "iu" or rows.min() < 0 or rows.max() >= self._open.size:
            raise ValueError(
                f"index must hold row numbers from 0 to {self._open.size - 1}, got {index!r}"
            )
        if np.unique(rows).size < rows.size:
            raise ValueError(f"index must name every point once, got {index!r}")
        self._values[self._open[rows]] = told
        self._open = np.delete(self._open, rows)
        if self._open.size == 0:
            self._log.append(self._values)
            self._advance(self._values)

    def result(self) -> TaylorModel:
        """Give the model, once it is done."""
        if self._outcome is None:
            raise ValueError(
                f"the measurement is not done: {self._open.size} values of this round are missing"
            )
        if isinstance(self._outcome, NonFiniteError):
            raise self._outcome
        return self._outcome

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_steps"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start()  # the measurement is what its log made it
        self._values, self._open = state["_values"], state["_open"]


def value_steps(
    x: Array,
    noise: float | None,
    step: Array,
    levels: int,
    *,
    by_point: bool = True,
    whole: bool = True,
    enough: Callable[[TaylorModel], bool] | None = None,
) -> Steps:
    """Yield points, take their values, and return the model: what `Measurement` and `taylor` share.

    All points that are wanted at a time are one array if `whole`, else blocks that fit into the cache.
    """
    core = _core.Measurement(
        x, noise=noise, step=step, levels=levels, pairs=True, by_point=by_point
    )
    while not core.done:
        core.tell((yield core.ask_round() if whole else core.ask()))
        if enough is not None and core.axes_done and not core.done:
            diagonal = diagonal_model(x, core.result())
            if enough(diagonal):
                return diagonal
            enough = None
    return full_model(x, core.result())


def evaluate(f: Objective, steps: Generator[Array, Array, T]) -> T:
    """Feed the steps of a measurement with values of f."""
    with np.errstate(all="ignore"):  # a stencil may leave the domain of fun, and is told so
        points = next(steps)
        while True:
            values = f.values(points)
            try:
                points = steps.send(values)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
