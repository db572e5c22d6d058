"""The way off a saddle: along the most negative curvature, or along flat directions that lead down."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hesscape import _validate
from hesscape._keywords import takes
from hesscape._validate import Array
from hesscape.derivatives.measuring import Measuring
from hesscape.objective import Objective
from hesscape.verdicts.by_entries import of_model
from hesscape.verdicts.classify import Means, judge
from hesscape.verdicts.conclude import conclude
from hesscape.verdicts.critical_point import CriticalPoint, Kind
from hesscape.verdicts.evidence import Question

from .flat import MOST_VALLEYS, QUIET, down_a_line, down_a_valley, families, wide_curvature
from .frame import Frame, frame
from .result import Attempt, Escape, accepted, curvature_along, result
from .walk import MARGIN, Probe, Side, walk

FLOOR = (
    1e-3  # of the largest scaled curvature is taken for the least, where the gradient is followed
)


@takes(Measuring, Objective)
def escape(
    fun: Callable[..., Any] | Objective,
    x: ArrayLike | CriticalPoint,
    *,
    max_step: float | None = None,
    gtol: float = 1e-5,
    zero_modes: int | ArrayLike = 0,
    **keywords: Any,
) -> Escape:
    """Find a way down from a saddle, a maximum, or any point that is not a minimum.

    Parameters
    ----------
    fun : callable or Objective
        ``fun(x, *args) -> float``.
    x : array_like, shape (n,), or CriticalPoint
        The point. Of a `CriticalPoint` the measurement is used again, and judged with the `gtol` and the
        `zero_modes` given here.
    max_step : float, optional
        The longest step, as a Euclidean length. Without it, steps double as long as the value falls.
    gtol : float
        The point is critical when every entry of the gradient is at most this, or may be within its error.
    zero_modes : int or array_like, shape (n, k)
        Directions that are flat by a symmetry, which are left out: see `classify_hessian`.
    **keywords

    Returns
    -------
    Escape
        With ``success=False`` and x itself where no way down was found.

    Raises
    ------
    TypeError, ValueError
        When an argument is not what it should be; the message names it.
    NonFiniteError
        When `fun` is not finite at x, or at no step along some coordinate.

    Notes
    -----
    In 1000 coordinates and more, where `jac` or `hessp` and no `hess` is given, and nothing is said of how to measure, no
    matrix is formed (as by `classify`, and
    likewise for a point that it classified with ``method="lanczos"``): the way down is the lowest Ritz vector, with a
    curvature whose sign is proven. Where none is proven, only the line along it is looked along.

    A minimum that is proven is not left, nor one that is as probable as `classify` says. Elsewhere these are tried until a decrease is more than noise explains:

    1. where x is not critical, the gradient, each direction scaled by ``1 / |curvature|`` [1]_;
    2. the direction of the most negative curvature, relative to the scales of the coordinates;
    3. where curvature is flat within its error, a ladder of steps along either side of the flat directions, then of
       their pairs, of all their signs if they are few, of random combinations, and of those that are lowest at some
       distance among many;
    4. the bottoms of the valleys above flat directions: by the splitting lemma [2]_ a critical point is a minimum if
       and only if it is one on the surface of points that are lowest in the directions that curve upwards.

    Both sides are tried, from a step that the measurement and its noise suggest; it doubles while the value falls and
    halves while it rises, with at most 60 values a side. Where x is not proven to be no minimum, a lower value counts
    only if f does not rise on the way to it, or along the bottom of the valley: not by more than its values scatter
    there, whatever noise was estimated. A decrease must exceed six standard deviations of the noise of f; where that is in doubt,
    values at both ends are taken again.

    References
    ----------
    .. [1] Y. N. Dauphin et al., Identifying and attacking the saddle point problem in high-dimensional non-convex
       optimization, *NeurIPS* 27 (2014) 2933-2941.
    .. [2] D. Gromoll, W. Meyer, On differentiable functions with isolated critical points, *Topology* 8 (1969)
       361-369.

    Examples
    --------
    >>> import hesscape as hs
    >>> way = hs.escape(lambda w: (1 - w[0] * w[1]) ** 2, [0, 0])
    >>> way.success, bool(way.fun < 1e-6), bool(abs(way.direction[0] - way.direction[1]) < 1e-6)
    (True, True, True)
    >>> hs.escape(lambda x: (x[0] - 1) ** 2 + x[1] ** 2, [1, 0]).message
    'x is a proven minimum: every direction curves upwards, and nothing was moved'
    """
    measuring = Measuring.of(keywords)
    f = Objective.of(fun, keywords)
    most = np.inf if max_step is None else _validate.positive("max_step", max_step)
    known = _classified(x, measuring)
    start: Array = _validate.point(x) if known is None else known.x  # type: ignore[arg-type, assignment]
    question = Question.of(gtol, "inertia", zero_modes, start.size)._replace(need="way")
    before = [] if known is None else [start]
    with measuring.through(f, start, known=before) as f:
        if known is None:
            means = Means("dense" if measuring.asked_for else "auto", None, measuring.steps_only)
            known = judge(f, start, question, means)[0]
            return leave(f, known, question, most, (known.nfev, known.njev))
        if known.taylor is not None:
            known = conclude(of_model(known.taylor, question))[0]
        return leave(f, known, question, most)


def leave(
    f: Objective,
    point: CriticalPoint,
    question: Question,
    most: float = np.inf,
    before: tuple[int, int] = (0, 0),
) -> Escape:
    """Find a way down from a point that was classified; `before` counts what that took, if it counts here."""
    probe = Probe.at(f, point)
    outcome, found = "none", None
    if point.kind is Kind.minimum:
        proven = "modes" if question.zero_modes else "minimum"
        outcome = "probable" if point.taylor is None and not point.certain else proven
    else:
        outcome, found = _explored(probe, point, frame(point, question), most)
    return result(f, probe, point, outcome, found, before)


def _classified(x: ArrayLike | CriticalPoint, measuring: Measuring) -> CriticalPoint | None:
    """Give the point if it was classified before."""
    if not isinstance(x, CriticalPoint):
        return None
    if x.x is None:
        raise ValueError(
            "x must be a point, or a CriticalPoint that was measured by classify; this one has no taylor"
        )
    for name in ("step", "levels"):
        if getattr(measuring, name) is not None:
            raise ValueError(f"{name} must be None with a CriticalPoint, whose measurement is used")
    return x


def _explored(
    probe: Probe, point: CriticalPoint, axes: Frame, most: float
) -> tuple[str, tuple[Side, Side] | None]:
    """Walk until a decrease is more than noise explains."""
    probe.settle()
    if point.taylor is not None:
        probe.curvature, probe.scale = np.diag(point.taylor.hessian), axes.wide
    elif axes.values.size:
        probe.listen(axes.vectors[:, 0])
    for attempt in _attempts(probe, point, axes, most):
        found = accepted(probe, attempt)
        if found is not None:
            return ("unbounded" if found[0].fun == -np.inf else attempt.outcome), found
    proven = point.inertia[0] > 0 or point.kind is Kind.not_critical
    return ("noise" if proven else "none" if axes.complete else "open"), None


def _attempts(probe: Probe, point: CriticalPoint, axes: Frame, most: float) -> Iterator[Attempt]:
    """Make walks, likeliest first; each is made when the one before was not accepted."""
    if point.kind is Kind.not_critical:
        assert point.gradient is not None
        yield Attempt("gradient", _down_the_gradient(probe, point.gradient, axes, most))
    if point.inertia[0] and point.way_down is not None:
        yield Attempt("curvature", _down_the_curvature(probe, axes, point, most))
    flat = axes.flat.start < axes.flat.stop
    hint = point.way_down if flat and axes.complete and not point.inertia[0] else None
    tried = [np.empty((0, probe.x.size))]
    proven = point.inertia[0] > 0 or point.kind is Kind.not_critical
    wide = wide_curvature(probe, axes) if flat and axes.complete else ()
    for directions in itertools.chain(families(probe, axes, hint), wide):
        tried.append(directions)
        found = down_a_line(probe, directions, axes, most, proven=proven)
        if found is not None:
            yield Attempt("flat", _from_here(probe, found, most))
    if axes.complete and len(tried) > 1 and axes.vectors[:, axes.up].size:
        along = np.vstack(tried)[:MOST_VALLEYS]
        found = down_a_valley(probe, along, axes, most, proven=proven)
        if found is not None:
            yield Attempt("valley", _from_here(probe, found, most))


def _down_the_gradient(probe: Probe, gradient: Array, axes: Frame, most: float) -> tuple[Side, ...]:
    size = np.abs(axes.values)
    largest = size.max(initial=0.0)
    d = -gradient / largest if largest > 0 else -gradient
    if axes.complete and largest > 0:
        slope = axes.vectors.T @ gradient
        d = -axes.vectors @ (slope / np.maximum(size, FLOOR * largest))
    length = float(np.linalg.norm(d))
    if not (np.isfinite(length) and length > 0):
        d, length = -gradient, float(np.linalg.norm(gradient))
    u = d / length
    steepness = float(abs(u @ gradient))
    shortest = MARGIN * probe.noise / steepness if steepness > 0 else 0.0
    (ahead,) = walk(probe, u, max(length, shortest), shortest=shortest, longest=most, signs=(1.0,))
    return ahead, Side(probe.x, probe.value, 0.0)


def _down_the_curvature(
    probe: Probe, axes: Frame, point: CriticalPoint, most: float
) -> tuple[Side, ...]:
    assert point.way_down is not None
    u = point.way_down
    curvature = abs(curvature_along(probe.f, point, u)[0])
    with np.errstate(divide="ignore"):
        suited = float(np.min(axes.reach / np.abs(u)))
    quiet = np.sqrt(2 * QUIET * probe.noise / curvature) if curvature > 0 else 0.0
    shortest = np.sqrt(2 * MARGIN * probe.noise / curvature) if curvature > 0 else 0.0
    return walk(probe, u, max(suited, quiet), shortest=shortest, longest=most)


def _from_here(probe: Probe, displacement: Array, most: float) -> tuple[Side, ...]:
    length = float(np.linalg.norm(displacement))
    return walk(probe, displacement / length, length, shortest=length / 16, longest=most)
