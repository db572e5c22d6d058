"""Which kinds of points are these? The verdicts on many points, as a table."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from ._assess import Settings
from ._collect import Collected
from ._points import Points
from ._pool import Here
from ._progress import Meter
from ._schedule import run
from ._survey_table import Summary, Survey
from ._symmetric import not_negative, zero_mode_basis
from .critical import NEEDS
from .objective import Objective

__all__ = ["Summary", "Survey", "survey"]

ON_ERROR = ("record", "raise")


def survey(
    fun: Callable[..., Any] | Objective,
    X: Any,
    *,
    progress: Any = False,
    need: str = "kind",
    zero_modes: Any = 0,
    refine: bool = False,
    on_error: str = "record",
    gtol: float = 1e-5,
    **objective: Any,
) -> Survey:
    """Classify many points.

    Parameters
    ----------
    fun : callable or Objective
        ``fun(x, *args) -> float``.
    X : array_like, shape (N, n), or iterable of such
        The points, as rows. An array of dask, zarr or h5py is read piece by piece, and so is an iterable of arrays
        (m, n): what does not fit into memory need not.
    progress : bool or callable
        True draws a bar with tqdm; a callable gets a `Progress`.
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
    **objective
        Keywords of `Objective`. With ``vectorized=True`` points share the calls of `fun`.

    Returns
    -------
    Survey
        Of all points; when it is interrupted by Ctrl-C, of those that were done.

    Raises
    ------
    TypeError, ValueError
        When an argument is not what it should be; the message names it. No value has been computed then.

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
    f = Objective.of(fun, objective)
    settings = _settings(need, zero_modes, refine, on_error, gtol)
    points = Points.of(X)
    zero_mode_basis(zero_modes, points.n)
    with Meter(progress, total=points.total) as meter:
        sink = Collected(points, meter, refined=refine)
        try:
            run(points, Here(f, settings), sink)
        except KeyboardInterrupt:
            return _interrupted(sink, points, settings)
    return _table(sink, points, settings)


def _settings(need: Any, zero_modes: Any, refine: Any, on_error: Any, gtol: Any) -> Settings:
    if need not in NEEDS:
        raise ValueError(f"need: expected one of {', '.join(map(repr, NEEDS))}, got {need!r}")
    if on_error not in ON_ERROR:
        raise ValueError(f"on_error: expected 'record' or 'raise', got {on_error!r}")
    if not isinstance(refine, bool):
        raise TypeError(f"refine must be True or False, got {refine!r}")
    return Settings(need, zero_modes, not_negative("gtol", gtol), refine, on_error)


def _table(sink: Collected, points: Points, settings: Settings) -> Survey:
    columns, rows = sink.result()
    options = {"need": settings.need, "gtol": settings.gtol, "refine": settings.refine}
    return Survey({"row": rows, **columns}, options, points.total or len(rows))


def _interrupted(sink: Collected, points: Points, settings: Settings) -> Survey:
    table = _table(sink, points, settings)
    of = "" if points.total is None else f" of {points.total}"
    warnings.warn(
        f"survey was interrupted: {len(table)}{of} points are done", RuntimeWarning, stacklevel=3
    )
    return table
