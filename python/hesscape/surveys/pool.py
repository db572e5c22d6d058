"""Where chunks are assessed: here, in threads, in processes, or wherever an executor has its workers."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from time import monotonic, perf_counter
from typing import Any, Protocol, TypeAlias
from uuid import uuid4

from hesscape import _validate
from hesscape._validate import Array
from hesscape.objective import Objective

from .assess import Columns, Settings, assess

# What was found and the seconds that it took; None from a worker that does not have the function.
Outcome: TypeAlias = tuple[Columns, float] | None

AHEAD = 2  # chunks for each worker, so that none waits for the next
FRESH = 5.0  # seconds after which a cluster is asked again how large it is
REMEMBERED = 4  # functions that a worker keeps


class Pool(Protocol):
    """What assesses chunks: `width` of them at once, while at most `room` are under way."""

    @property
    def width(self) -> int:
        """How many chunks are assessed at the same time."""

    @property
    def room(self) -> int:
        """How many may be under way."""

    def submit(self, rows: Array, *, again: bool = False) -> Future[Outcome]:
        """Begin a chunk; `again` when its worker did not have the function."""

    def close(self, *, now: bool = False) -> None:
        """End the workers that were started here; `now`: without waiting for what they do."""


def pool_of(executor: Any, workers: Any, f: Objective, settings: Settings) -> Pool:
    """Give the pool that the arguments of `survey` ask for."""
    if executor is not None and workers is not None:
        raise ValueError("executor and workers exclude each other: an executor has its own workers")
    if executor is not None:
        if not callable(getattr(executor, "submit", None)):
            raise TypeError(
                f"executor must be a concurrent.futures.Executor, got {type(executor).__name__}"
            )
        if isinstance(executor, ThreadPoolExecutor):
            return _Threads(executor, executor._max_workers, f, settings)
        return _Elsewhere(executor, f, settings)
    if workers is None:
        return _Here(f, settings)
    count = _validate.integer("workers", workers, least=1, most=1024)
    if shares_threads(f):
        return _Threads(ThreadPoolExecutor(count), count, f, settings, own=True)
    return _Processes(count, f, settings)


def shares_threads(f: Objective) -> bool:
    """Whether threads compute values at the same time: in compiled code, or for many points at once."""
    return f.vectorized or "fun" in f.compiled


def _timed(f: Objective, rows: Array, settings: Settings) -> Outcome:
    start = perf_counter()
    found = assess(f, rows, settings)
    return found, perf_counter() - start


class _Here:
    """The thread that asks does the work."""

    width = room = 1

    def __init__(self, f: Objective, settings: Settings) -> None:
        self._f, self._settings = f, settings

    def submit(self, rows: Array, *, again: bool = False) -> Future[Outcome]:  # noqa: ARG002
        """Assess a chunk now. Exceptions pass at once, so that Ctrl-C stops it."""
        future: Future[Outcome] = Future()
        future.set_result(_timed(self._f, rows, self._settings))
        return future

    def close(self, *, now: bool = False) -> None:
        """Nothing is left to do."""


class _Threads:
    """Threads of this process."""

    def __init__(
        self, executor: Executor, width: int, f: Objective, settings: Settings, *, own: bool = False
    ) -> None:
        self._executor, self._own = executor, own
        self._f, self._settings = f, settings
        self.width, self.room = width, AHEAD * width

    def submit(self, rows: Array, *, again: bool = False) -> Future[Outcome]:  # noqa: ARG002
        """Begin a chunk."""
        return self._executor.submit(_timed, self._f, rows, self._settings)

    def close(self, *, now: bool = False) -> None:  # noqa: ARG002  (threads cannot be stopped)
        """End own threads."""
        if self._own:
            self._executor.shutdown(cancel_futures=True)


class _Processes:
    """Processes of this machine, which get the function when they start."""

    def __init__(self, count: int, f: Objective, settings: Settings) -> None:
        self.width, self.room = count, AHEAD * count
        self._token, data = uuid4().hex, packed(f, settings)
        # Not forked: this process may have threads, whose locks a fork would leave locked.
        method = (
            "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
        )
        self._executor = ProcessPoolExecutor(
            count, multiprocessing.get_context(method), _receive, (self._token, data)
        )

    def submit(self, rows: Array, *, again: bool = False) -> Future[Outcome]:  # noqa: ARG002
        """Begin a chunk."""
        return self._executor.submit(_assess_there, self._token, rows)

    def close(self, *, now: bool = False) -> None:
        """End the processes."""
        if now:
            for process in list((getattr(self._executor, "_processes", None) or {}).values()):
                process.terminate()
        self._executor.shutdown(cancel_futures=True)


class _Elsewhere:
    """Workers of any executor. Each gets the function once, when it first needs it."""

    def __init__(self, executor: Any, f: Objective, settings: Settings) -> None:
        self._executor = executor
        self._token, self._data = uuid4().hex, packed(f, settings)
        self._sent = 0
        self._asked, self._width = -FRESH, 1

    @property
    def width(self) -> int:
        """How many workers there are now, as far as can be told."""
        if monotonic() - self._asked >= FRESH:
            self._asked, self._width = monotonic(), max(1, _workers_of(self._executor))
        return self._width

    @property
    def room(self) -> int:
        """How many chunks may be under way."""
        return AHEAD * self.width

    def submit(self, rows: Array, *, again: bool = False) -> Future[Outcome]:
        """Begin a chunk. The first chunks bring the function along, others only where it is missing."""
        bring = again or self._sent < self.width
        self._sent += bring
        data = self._data if bring else None
        return self._executor.submit(_assess_there, self._token, rows, data)  # type: ignore[no-any-return]

    def close(self, *, now: bool = False) -> None:
        """Leave the executor to whom it belongs."""


def _workers_of(executor: Any) -> int:
    client = getattr(executor, "_client", None)  # dask.distributed
    if client is not None:
        return sum(client.nthreads().values())
    for name in ("_max_workers", "max_workers", "num_workers"):
        count = getattr(executor, name, None)
        if isinstance(count, int):
            return count
    return os.cpu_count() or 1


def packed(f: Objective, settings: Settings) -> bytes:
    """Pickle the function; with cloudpickle where its name says nothing to other processes."""
    data, problem = None, None
    try:
        data = pickle.dumps((f, settings), protocol=5)
    except Exception as error:  # noqa: BLE001  (pickling raises whatever an object likes)
        problem = error
    if data is not None and b"__main__" not in data and not _by_value():
        return data
    try:
        import cloudpickle
    except ImportError:
        if data is not None and hasattr(sys.modules["__main__"], "__file__"):
            return data  # processes of this machine import the script
        problem = problem or ValueError("it was defined in an interactive session")
        raise _not_picklable(problem, "; cloudpickle, if it is installed, can do more") from problem
    try:
        return cloudpickle.dumps((f, settings), protocol=5)  # type: ignore[no-any-return]
    except Exception as error:
        raise _not_picklable(error) from error


def _by_value() -> bool:
    """Whether modules were registered with cloudpickle, which its user wants to be sent as they are."""
    cloudpickle = sys.modules.get("cloudpickle")
    return cloudpickle is not None and bool(cloudpickle.list_registry_pickle_by_value())


def _not_picklable(problem: Exception, more: str = "") -> TypeError:
    text = " ".join(str(problem).split())
    return TypeError(
        f"fun cannot be pickled, so that no other process can have it: {text}; define it in a module, or use a "
        f"ThreadPoolExecutor{more}"
    )


# In the workers.

_PACKED: dict[str, bytes] = {}
_KNOWN: dict[str, tuple[Objective, Settings]] = {}


def _receive(token: str, data: bytes) -> None:
    """Take the function as it arrives; it is unpickled with the first chunk, where errors are reported."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks
    _PACKED[token] = data


def _assess_there(token: str, rows: Array, data: bytes | None = None) -> Outcome:
    if token not in _KNOWN:
        data = _PACKED.pop(token, data)
        if data is None:
            return None
        while len(_KNOWN) >= REMEMBERED:
            _KNOWN.pop(next(iter(_KNOWN)), None)
        _KNOWN[token] = pickle.loads(data)
    f, settings = _KNOWN[token]
    return _timed(f, rows, settings)
