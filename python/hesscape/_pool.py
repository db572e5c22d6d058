"""Where chunks are assessed: here, in threads, in processes, or wherever an executor has its workers."""

from __future__ import annotations

from concurrent.futures import Future
from time import perf_counter

from ._assess import Settings, assess
from ._schedule import Outcome
from ._validate import Array
from .objective import Objective


def timed(f: Objective, rows: Array, settings: Settings) -> Outcome:
    """Assess a chunk and tell how long it took."""
    start = perf_counter()
    found = assess(f, rows, settings)
    return found, perf_counter() - start


class Here:
    """The thread that asks does the work."""

    width = room = 1

    def __init__(self, f: Objective, settings: Settings) -> None:
        self._f, self._settings = f, settings

    def submit(self, rows: Array) -> Future[Outcome]:
        """Assess a chunk now. Exceptions pass at once, so that Ctrl-C stops it."""
        future: Future[Outcome] = Future()
        future.set_result(timed(self._f, rows, self._settings))
        return future

    def close(self) -> None:
        """Nothing is left to do."""
