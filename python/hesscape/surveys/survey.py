"""Which kinds of points are these? The verdicts on many points, as a table."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hesscape._keywords import takes
from hesscape._progress import Meter
from hesscape.objective import Objective
from hesscape.verdicts.evidence import Question

from .assess import Settings
from .collect import Collected
from .points import Points
from .pool import pool_of
from .schedule import run
from .store import Stored, identity
from .table import Survey

ON_ERROR = ("record", "raise")


@takes(Objective)
def survey(
    fun: Callable[..., Any] | Objective,
    X: Any,
    *,
    executor: Any = None,
    workers: int | None = None,
    progress: Any = False,
    store: str | Path | None = None,
    need: str = "kind",
    zero_modes: Any = 0,
    refine: bool = False,
    on_error: str = "record",
    gtol: float = 1e-5,
    **keywords: Any,
) -> Survey:
    """Classify many points.

    Parameters
    ----------
    fun : callable or Objective
        ``fun(x, *args) -> float``.
    X : array_like, shape (N, n), or iterable of such
        The points, as rows. An array of dask, zarr or h5py is read piece by piece, and so is an iterable of arrays
        (m, n): what does not fit into memory need not.
    executor : concurrent.futures.Executor, optional
        Where to assess chunks of points: ``client.get_executor()`` of dask.distributed, mpi4py's, or another. Its
        workers get the function once, and need hesscape.
    workers : int, optional
        Starts that many threads, when `fun` is compiled or vectorized, or else processes, to which `fun` must be
        known: define it in a module or a script (whose own work is under ``if __name__ == "__main__":``).
    progress : bool or callable
        True draws a bar with tqdm; a callable gets a `Progress`.
    store : str or Path, optional
        A directory, ``"run.zarr"``, where chunks are written as they are done. The same call goes on where it stopped,
        for whatever reason; a store of another function, of other options or points is refused. ``xarray.open_zarr``
        opens it, and `Survey.load`.
    need : {"kind", "inertia", "spectrum"}
        How much to find out of each point, as for `classify`. ``"kind"`` stops at a proven gradient, too.
    zero_modes : int or array_like, shape (n, k)
        Directions that are flat by a symmetry, at every point: see `classify_hessian`.
    refine : bool
        Whether to go first from each point to the stationary point next to it, by Newton steps on the gradient:
        unlike a minimiser, they lead to saddles too.
    on_error : {"record", "raise"}
        What an exception at a point does: it becomes the point's message, or passes unchanged.
    gtol : float
        A point is critical when every entry of the gradient is at most this, or may be within its error.
    **keywords
        With ``vectorized=True`` points share the calls of `fun`.

    Returns
    -------
    Survey
        Of all points; when it is interrupted by Ctrl-C, of those that were done.

    Raises
    ------
    TypeError, ValueError
        When an argument is not what it should be; the message names it. No value has been computed then.
    OSError
        When the store cannot be written. What it holds is kept.

    Examples
    --------
    >>> import numpy as np
    >>> import hesscape as hs
    >>> rng = np.random.default_rng(1)
    >>> found = hs.survey(
    ...     lambda x: np.cos(x[0]) * np.cos(x[1]),
    ...     rng.uniform(-3, 3, (40, 2)),
    ...     refine=True,
    ...     need="inertia",
    ...     vectorized=True,
    ... )
    >>> bool(found.certain.all()), sorted(found.summary().indices)
    (True, [0, 1, 2])
    """
    f = Objective.of(fun, keywords)
    if on_error not in ON_ERROR:
        raise ValueError(f"on_error: expected 'record' or 'raise', got {on_error!r}")
    if not isinstance(refine, bool):
        raise TypeError(f"refine must be True or False, got {refine!r}")
    points = Points.of(X)
    question = Question.of(gtol, need, zero_modes, points.n)
    settings = Settings(question, zero_modes, refine, on_error)
    options = identity(f, settings, points)
    with Meter(progress, total=points.total) as meter:
        sink: Collected | Stored
        if store is None:
            sink = Collected(points, meter, refined=refine)
        else:
            sink = Stored(store, points, meter, options)
        pool = pool_of(executor, workers, f, settings)
        try:
            run(points, pool, sink)
        except KeyboardInterrupt:
            pool.close(now=True)
            table = Survey(*sink.found(options))
            _say_interrupted(table, store)
            return table
        except BaseException:
            pool.close(now=True)
            raise
        pool.close()
    return Survey(*sink.found(options))


def _say_interrupted(table: Survey, store: Any) -> None:
    of = "" if table.total is None else f" of {table.total}"
    further = "" if store is None else "; the same call goes on from there"
    warnings.warn(
        f"survey was interrupted: {len(table)}{of} points are done{further}",
        RuntimeWarning,
        stacklevel=3,
    )
