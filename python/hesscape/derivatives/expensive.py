"""Values that are worth a process, a line of progress or a place on disk each: one point that is itself a batch."""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import numpy as np

from hesscape._progress import Meter, Report
from hesscape._validate import Array
from hesscape.objective import Objective

if TYPE_CHECKING:
    from .value_store import Key, ValueStore

IN_FLIGHT = 1024  # calls that an executor is given before the first of them is back
AXIS = 45  # values along an axis, about
LINES = 36  # values that confront the result


def expensive(
    f: Objective,
    x: Array,
    *,
    executor: Executor | None,
    progress: bool | Report,
    store: Any,
    total: int | None = None,
    known: Iterable[Array] = (),
) -> AbstractContextManager[Objective]:
    """Enter an objective in which each call goes through an executor, is counted and is kept, as far as asked for.

    `total` is about how many calls there will be; `known` are points where `fun` was called before.
    """
    if not asked_for(executor, progress, store):
        return nullcontext(f)
    _check(f, executor)
    return _watched(f, x, executor, progress, store, total, known)


@contextmanager
def _watched(
    f: Objective,
    x: Array,
    executor: Executor | None,
    progress: bool | Report,
    store: Any,
    total: int | None,
    known: Iterable[Array],
) -> Iterator[Objective]:
    with Meter(progress, total=total, unit="value") as meter, _opened(store, f, x.size) as values:
        for point in known:
            if values is not None:
                values.key("fun", point)
        calls = Calls(f, executor, meter, values, total)
        yield f.through(calls)
        meter.expect(calls.done)


def asked_for(executor: Any, progress: Any, store: Any) -> bool:
    """Whether any of the three is given."""
    return not (executor is None and store is None and (progress is False or progress is None))


def usual_total(f: Objective, n: int, levels: Any) -> int:
    """Tell about how many calls `taylor` makes; `levels` need not be checked yet."""
    if f.hess is not None or f.hessp is not None:
        calls = (1 if f.hess is not None else n) + (2 if f.jac is not None else AXIS * n)
    elif f.jac is not None:
        calls = AXIS * n + 4 * n + 1
    else:
        calls = AXIS * n + (levels if isinstance(levels, int) else 2) * n * (n - 1)
    return calls + LINES * (n > 1)


class Calls:
    """Makes the calls of an objective, one point each, and puts their results in order."""

    def __init__(
        self,
        f: Objective,
        executor: Executor | None,
        meter: Meter,
        store: ValueStore | None,
        total: int | None,
    ) -> None:
        self.f, self.executor, self.meter, self.store = f, executor, meter, store
        self.total, self.done = total, 0

    def __call__(self, name: str, points: tuple[Array, ...]) -> list[Any]:
        """Call a function at each point, a row of an array (of two, for `hessp`)."""
        arguments = list(zip(*points, strict=True))
        results: list[Any] = [None] * len(arguments)
        keys: list[Key | None] = [None] * len(arguments)
        wanted: deque[int] = deque()
        for k, given in enumerate(arguments):
            if self.store is not None:
                keys[k] = key = self.store.key(name, *given)
                results[k] = self.store.get(key)
            if results[k] is None:
                wanted.append(k)
        self._count(len(arguments) - len(wanted), known=True)
        if self.total is not None and self.total < self.done + len(wanted):
            self.total = self.done + len(wanted)
            self.meter.expect(self.total)

        def arrived(k: int, result: Any) -> None:
            results[k] = result
            key = keys[k]
            if self.store is not None and key is not None:
                self.store.put(key, result)
            self._count(1)

        if self.executor is None:
            for k in wanted:
                arrived(k, call(self.f, name, arguments[k]))
        else:
            flight = Flight(self.executor, arrived, patient=self.store is not None)
            flight.run((k, (self.f, name, arguments[k])) for k in wanted)
        return results

    def _count(self, count: int, *, known: bool = False) -> None:
        if count:
            self.done += count
            self.meter.advance(count, known=known)


class Flight:
    """Calls that an executor works on: as many as are allowed, each replaced when it is back, in whatever order."""

    def __init__(self, executor: Executor, arrived: Any, *, patient: bool) -> None:
        self.executor, self.arrived, self.patient = executor, arrived, patient
        self.back: SimpleQueue[Future[Any]] = SimpleQueue()
        self.running: dict[Future[Any], int] = {}

    def run(self, calls: Iterator[tuple[int, tuple[Any, ...]]]) -> None:
        """Make all calls; leave at the first that raises, with its exception as it is."""
        try:
            for k, arguments in calls:
                if len(self.running) == IN_FLIGHT:
                    self._take()
                future = self.executor.submit(call, *arguments)
                self.running[future] = k
                future.add_done_callback(self.back.put)
            while self.running:
                self._take()
        except BaseException as error:
            for future in self.running:
                future.cancel()
            if self.patient and isinstance(error, Exception):
                self._keep_the_rest()
            raise

    def _take(self) -> None:
        future = self.back.get()
        self.arrived(self.running.pop(future), future.result())

    def _keep_the_rest(self) -> None:
        """Wait for calls that had begun when another one failed: their results are worth keeping."""
        while self.running:
            future = self.back.get()
            k = self.running.pop(future)
            if not future.cancelled() and future.exception() is None:
                self.arrived(k, future.result())


def call(f: Objective, name: str, arguments: tuple[Array, ...]) -> Any:
    """Call a function of an objective at one point, wherever this runs: a number, or an array in its own precision."""
    with np.errstate(all="ignore"):  # a stencil may leave the domain of fun, and is told so
        if name == "fun":
            return f.value(arguments[0])
        if name == "jac":
            return f.gradients(arguments[0][None])[0]
        (result,) = f.each(name, *(array[None] for array in arguments))
        n = arguments[0].size
        return f.checked(name, result, (n, n) if name == "hess" else (n,))


def _opened(store: Any, f: Objective, n: int) -> Any:
    if store is None:
        return nullcontext()
    from .value_store import ValueStore

    return closing(ValueStore(store, f, n))


def _check(f: Objective, executor: Any) -> None:
    """Refuse what is no executor, and functions that cannot reach its processes."""
    if executor is None:
        return
    if not callable(getattr(executor, "submit", None)):
        raise TypeError(f"executor must be a concurrent.futures.Executor or None, got {executor!r}")
    if not isinstance(executor, ProcessPoolExecutor):
        return
    try:
        pickle.dumps(f)
    except (TypeError, AttributeError, pickle.PicklingError) as error:
        raise TypeError(
            f"the functions cannot be sent to the processes of executor: {error}. Define them at the top level of a "
            "module, or use a ThreadPoolExecutor"
        ) from error
