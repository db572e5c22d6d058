"""Chunks of points go out to workers, and what was found comes back."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from itertools import count
from time import monotonic
from typing import Protocol

from hesscape._validate import Array

from .assess import Columns
from .points import Points
from .pool import Outcome, Pool

SECONDS = 0.5  # that a chunk should take
MOST_NUMBERS = 2**20  # in a chunk: its points times their coordinates
KNOWN = 0.04  # of that: a chunk that takes as long tells what a point costs
WARM = 64  # points after which nothing is done for the first time
CHUNKS_PER_WORKER = 16  # at least, so that all end at about the same time


@dataclass(frozen=True, eq=False)
class Part:
    """What was found of consecutive points, the first of which is number `start` of X."""

    start: int
    rows: Array
    found: Columns

    @property
    def stop(self) -> int:
        """One beyond the last."""
        return self.start + len(self.rows)


class Sink(Protocol):
    """Where results go."""

    size: int | None  # of the chunks, once that is settled

    def begin(self, size: int) -> None:
        """Settle the size of the chunks; some points of the first may be there already."""

    def has(self, start: int, rows: Array) -> bool:
        """Whether a chunk is there from an earlier run."""

    def put(self, part: Part) -> None:
        """Take what was found, in whatever order it comes."""

    def finish(self) -> None:
        """Know that all is there."""


class _Flight:
    """The chunks that are under way."""

    def __init__(self, pool: Pool, sink: Sink) -> None:
        self._pool, self._sink = pool, sink
        self._chunks: dict[Future[Outcome], tuple[int, Array]] = {}

    def send(self, start: int, rows: Array, *, again: bool = False) -> None:
        self._chunks[self._pool.submit(rows, again=again)] = start, rows

    def __len__(self) -> int:
        return len(self._chunks)

    @property
    def full(self) -> bool:
        return len(self._chunks) >= self._pool.room

    def land(self, timeout: float | None = None) -> float:
        """Wait for a chunk and hand on all that are done; give the seconds that the last one took."""
        seconds = 0.0
        for future in wait(self._chunks, timeout, FIRST_COMPLETED).done:
            start, rows = self._chunks.pop(future)
            outcome = future.result()
            if outcome is None:
                self.send(start, rows, again=True)
            else:
                found, seconds = outcome
                self._sink.put(Part(start, rows, found))
        return seconds

    def cancel(self) -> None:
        for future in self._chunks:
            future.cancel()


def run(points: Points, pool: Pool, sink: Sink) -> None:
    """Assess all points that the sink does not have, with a bounded number of chunks under way."""
    flight = _Flight(pool, sink)
    try:
        first = 0
        if sink.size is None:
            size, first = _try_out(points, pool, flight)
            sink.begin(size)
        assert sink.size is not None
        for start, stop in _ranges(first, sink.size, points.total):
            rows = points.read(start, stop)
            if not len(rows):
                break
            if not sink.has(start, rows):
                flight.send(start, rows)
            while flight.full:
                flight.land()
        while len(flight):
            flight.land()
        sink.finish()
    except BaseException:
        flight.cancel()
        raise


def _ranges(first: int, size: int, total: int | None) -> Iterator[tuple[int, int]]:
    """Where chunks begin and end; of the first, what is left from `first` on."""
    for k in count(first // size):
        start, stop = max(first, k * size), (k + 1) * size
        if total is not None and start >= total:
            return
        yield start, stop if total is None else min(stop, total)


def _try_out(points: Points, pool: Pool, flight: _Flight) -> tuple[int, int]:
    """Double the chunks until the cost of a point is known; give the size that suits it, and where to go on."""
    most = max(1, MOST_NUMBERS // points.n)
    if points.total is not None:
        most = max(1, min(most, points.total // (CHUNKS_PER_WORKER * pool.width)))
    size, stop, seconds = 1, 0, 0.0
    while 2 * stop <= size and not (stop >= WARM and seconds >= KNOWN * SECONDS):
        rows = points.read(stop, max(1, 2 * stop))
        if not len(rows):
            break
        flight.send(stop, rows)
        stop += len(rows)
        patience, seconds = monotonic() + 2 * SECONDS, 0.0
        while len(flight) and (left := patience - monotonic()) > 0:
            seconds = flight.land(left)
        if len(flight):  # the other workers should not wait for it
            return stop, stop
        fitting = int(len(rows) * SECONDS / max(seconds, 1e-9))
        size = max(stop, min(_power_of_two(fitting), most))
    return size, stop


def _power_of_two(number: int) -> int:
    return 1 << max(0, number.bit_length() - 1)
