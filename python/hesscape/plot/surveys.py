"""Pictures of surveys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hesscape import _validate
from hesscape._keywords import takes
from hesscape.surveys.assess import FAILED

from .figure import DOWN, FLAT, UP, axes_or_new, legend_below

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hesscape.surveys.table import Survey

MARKS = {  # by kind: colour, marker, order of drawing
    "not_critical": ("#bdbdbd", ".", 1),
    FAILED: ("black", "x", 2),
    "degenerate": (FLAT, "o", 3),
    "saddle": ("#1b7837", "D", 4),
    "maximum": (DOWN, "v", 5),
    "minimum": (UP, "^", 6),
}


@takes()
def index_vs_value(survey: Survey, *, ax: Axes | None = None) -> Axes:
    """Draw the value of each critical point against its index, the part of its directions that lead down.

    As figure 1 of [1]_. Zero modes are not counted among the directions. Points whose index is not resolved are drawn
    hollow, at what is proven of it; those that are not critical are left out.

    Parameters
    ----------
    survey : Survey
        With ``need="inertia"`` or ``"spectrum"``.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure without it.

    Returns
    -------
    matplotlib.axes.Axes

    References
    ----------
    .. [1] Y. N. Dauphin et al., Identifying and attacking the saddle point problem in high-dimensional non-convex
       optimization, *NeurIPS* 27 (2014).

    Examples
    --------
    >>> import hesscape as hs
    >>> from matplotlib.figure import Figure
    >>> from hesscape import testing
    >>> f = testing.himmelblau()
    >>> x = [point.x for point in f.critical_points]
    >>> found = hs.survey(f.fun, x, need="inertia", gtol=1e-3)
    >>> ax = hs.plot.index_vs_value(found, ax=Figure().subplots())
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['4 saddle', '1 maximum', '4 minimum']
    """
    ax = axes_or_new(ax)
    critical = (survey.kind != "not_critical") & ~survey.failed
    directions = max(1, survey.x.shape[1] - _zero_modes(survey))
    index = survey.inertia[:, 0] / directions
    for name, here, style in _groups(survey, critical):
        for known in (True, False):
            some = here & ((survey.index >= 0) == known)
            if some.any():
                label = f"{np.count_nonzero(some)} {name}" + ("" if known else ", index open")
                hollow: dict[str, Any] = {} if known else {"markerfacecolor": "none"}
                ax.plot(index[some], survey.value[some], label=label, **style, **hollow)
    ax.set(xlabel="index: part of the directions that lead down", ylabel="value of the function")
    legend_below(ax)
    return ax


@takes()
def kinds(survey: Survey, *, coordinates: tuple[int, int] = (0, 1), ax: Axes | None = None) -> Axes:
    """Draw where the points of each kind are, in the plane of two coordinates.

    Parameters
    ----------
    survey : Survey
    coordinates : pair of int
        Which of the n coordinates; for n = 1, values take the place of the second.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure without it.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import hesscape as hs
    >>> from matplotlib.figure import Figure
    >>> found = hs.survey(lambda x: x[0] ** 3 - 3 * x[0] + x[1] ** 2, [[-1, 0], [1, 0], [0, 1]])
    >>> ax = hs.plot.kinds(found, ax=Figure().subplots())
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['1 not critical', '1 saddle', '1 minimum']
    """
    n = survey.x.shape[1]
    i, j = (_validate.integer("coordinates", c, least=0, most=max(1, n - 1)) for c in coordinates)
    ax = axes_or_new(ax)
    across, up = survey.x[:, i], survey.value if n == 1 else survey.x[:, j]
    for name, here, style in _groups(survey, np.ones(len(survey), dtype=bool)):
        ax.plot(across[here], up[here], label=f"{np.count_nonzero(here)} {name}", **style)
    ax.set(xlabel=f"$x_{{{i}}}$", ylabel="value" if n == 1 else f"$x_{{{j}}}$")
    legend_below(ax)
    return ax


def _groups(survey: Survey, among: Any) -> list[tuple[str, Any, dict[str, Any]]]:
    """Points of each kind, with how they are drawn."""
    groups = []
    for kind, (color, marker, order) in MARKS.items():
        here = among & (survey.kind == kind)
        if here.any():
            style = {"ls": "", "marker": marker, "color": color, "ms": 5, "zorder": order}
            groups.append((kind.replace("_", " "), here, style))
    return groups


def _zero_modes(survey: Survey) -> int:
    return int(survey.options.get("zero_mode_count", 0))
