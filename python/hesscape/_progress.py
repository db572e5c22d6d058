"""How far a long run is: numbers for a callable, or a bar drawn by tqdm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from types import TracebackType
from typing import Any, Self, TypeAlias


@dataclass(frozen=True, eq=False)
class Progress:
    """What a callable that is passed as `progress` is called with, each time that something is done.

    Attributes
    ----------
    done : int
        Points (or values, where one point is measured) that are there, `known` included.
    total : int or None
        How many there will be, as far as is known; None when nothing is known of it.
    known : int
        Those that were not computed in this run, but found in the store.
    elapsed : float
        Seconds since the start.
    counts : mapping of str to int
        How many there are of each kind; empty when that is not known.

    Examples
    --------
    >>> Progress(done=30, total=100, known=10, elapsed=4.0)
    Progress(done=30, total=100, known=10, elapsed=4.0, counts={})
    >>> Progress(done=30, total=100, known=10, elapsed=4.0).rate
    5.0
    >>> Progress(done=30, total=100, known=10, elapsed=4.0).remaining
    14.0
    """

    done: int
    total: int | None
    known: int
    elapsed: float
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def rate(self) -> float | None:
        """How many are computed in a second; None before the first."""
        computed = self.done - self.known
        return computed / self.elapsed if computed and self.elapsed > 0 else None

    @property
    def remaining(self) -> float | None:
        """Seconds that are left at this rate; None where the rate or the total is not known."""
        if self.total is None:
            return None
        left = max(0, self.total - self.done)
        rate = self.rate
        return 0.0 if left == 0 else None if rate is None else left / rate


Report: TypeAlias = Callable[[Progress], Any]


class Meter:
    """Counts what is done, and reports it as the argument `progress` of a public function wants it.

    Use it as a context, in one thread. An exception of the user's callable passes.

    Parameters
    ----------
    progress : bool or callable
        True draws a bar with tqdm; a callable gets a `Progress`.
    total : int, optional
        How many there will be; see `expect`.
    unit : str
        What is counted, for the bar.

    Examples
    --------
    >>> with Meter(lambda now: print(now.done, now.total, dict(now.counts)), total=3) as meter:
    ...     meter.advance(2, counts={"saddle": 1, "minimum": 1})
    ...     meter.advance(counts={"saddle": 1})
    2 3 {'saddle': 1, 'minimum': 1}
    3 3 {'saddle': 2, 'minimum': 1}
    """

    def __init__(
        self, progress: bool | Report = False, *, total: int | None = None, unit: str = "point"
    ) -> None:
        self._report = _report(progress, unit)
        self._start = monotonic()
        self._done = self._known = 0
        self._total = total
        self._counts: Counter[str] = Counter()

    def advance(
        self, count: int = 1, *, known: bool = False, counts: Mapping[str, int] | None = None
    ) -> None:
        """Count further ones, by kind too; `known` ones were found, and say nothing of the rate."""
        self._done += count
        self._known += count if known else 0
        self._counts.update(counts or {})
        self._tell()

    def expect(self, total: int | None) -> None:
        """Change how many there will be."""
        if total != self._total:
            self._total = total
            self._tell()

    def _tell(self) -> None:
        if self._report is not None:
            elapsed = monotonic() - self._start
            counts = dict(self._counts)
            self._report(Progress(self._done, self._total, self._known, elapsed, counts))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(self._report, _Bar):
            self._report.close()


class _Bar:
    """A bar of tqdm, in a terminal or a notebook, made when there is something to draw."""

    def __init__(self, unit: str) -> None:
        try:
            from tqdm.auto import tqdm
        except ModuleNotFoundError as missing:
            raise ModuleNotFoundError(
                f"progress=True draws its bar with tqdm: pip install 'hesscape[progress]' ({missing})"
            ) from missing
        self._new: Callable[..., Any] = tqdm
        self._unit = unit
        self._bar: Any = None

    def __call__(self, now: Progress) -> None:
        if self._bar is None:
            self._bar = self._new(unit=self._unit, dynamic_ncols=True)
        bar = self._bar
        found = now.known - bar.initial  # which took no time: the bar's rate is to leave them out
        bar.initial, bar.n, bar.last_print_n = (
            count + found for count in (bar.initial, bar.n, bar.last_print_n)
        )
        bar.total = now.total
        if now.counts:
            bar.set_postfix(now.counts, refresh=False)
        if not bar.update(now.done - bar.n) and now.done == now.total:
            bar.refresh()

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


def _report(progress: Any, unit: str) -> Report | None:
    if progress is True:
        return _Bar(unit)
    if progress is False or progress is None:
        return None
    if not callable(progress):
        raise TypeError(
            f"progress must be True, False or a callable that takes a Progress, got {progress!r}"
        )
    return progress  # type: ignore[no-any-return]
