"""Pictures of one point: its surface, the slices along its directions, its spectrum."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from hesscape import _validate
from hesscape._keywords import takes
from hesscape._validate import Array
from hesscape.derivatives.model import TaylorModel
from hesscape.objective import Objective
from hesscape.verdicts.critical_point import CriticalPoint

from .directions import (
    columns,
    curvatures,
    even_reach,
    half_widths,
    in_plane,
    plane,
    positive_span,
    some_eigenvectors,
)
from .figure import DOWN, FLAT, UP, axes_or_new, legend_below
from .levels import LEVELS, levels_around

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hesscape.escapes.result import Escape

COLORS = "PuOr_r"


@takes(Objective)
def surface(
    fun: Callable[..., Any] | Objective,
    point: CriticalPoint | TaylorModel,
    *,
    directions: ArrayLike | None = None,
    span: ArrayLike | None = None,
    escape: Escape | None = None,
    samples: int = 81,
    colorbar: bool = True,
    ax: Axes | None = None,
    **keywords: Any,
) -> Axes:
    """Draw the contours of a function on a plane through a point, with the ways up and down.

    Colours tell what lies above the value at the point and what below; the level of the point itself is the line
    between the two. The straight lines are the directions of extreme curvature within the plane: for n = 2 the
    eigenvectors.

    Parameters
    ----------
    fun : callable or Objective
        The function that was measured.
    point : CriticalPoint or TaylorModel
        What `classify` or `taylor` gave.
    directions : array_like, shape (n, 2), optional
        The two directions that span the plane, as columns; the axes count multiples of them. Without it, the plane
        of the coordinates for n = 2, and that of the lowest and the highest eigenvector for n > 2.
    span : float or pair of float, optional
        Half the width and half the height of the picture. Without it, some steps of the measurement, or what shows
        the end of the escape.
    escape : Escape, optional
        What `escape` gave from this point: its path is drawn.
    samples : int
        Points along either axis: `fun` is evaluated ``samples**2`` times.
    colorbar : bool
        Whether to draw one beside the Axes.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure without it.
    **keywords

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import hesscape as hs
    >>> from matplotlib.figure import Figure
    >>> def loss(w):
    ...     return (1 - w[0] * w[1]) ** 2
    >>> point = hs.classify(loss, [0, 0])
    >>> ax = hs.plot.surface(loss, point, vectorized=True, ax=Figure().subplots())
    >>> [text.get_text() for text in ax.texts]
    ['λ = 2', 'λ = −2']
    """
    f, model = Objective.of(fun, keywords), _model(point)
    samples = _validate.integer("samples", samples, least=2, most=10_000)
    basis, labels = plane(point, model, directions)
    origin = model.x if directions is None and model.x.size == 2 else np.zeros(2)
    end = None if escape is None else in_plane(basis, escape.x - model.x)
    width = half_widths(span, model, basis, end)
    ax = axes_or_new(ax)

    across, along = (o + np.linspace(-w, w, samples) for o, w in zip(origin, width, strict=True))
    grid = np.stack(np.meshgrid(across, along), axis=-1).reshape(-1, 2)
    values = _values(f, model.x + (grid - origin) @ basis.T).reshape(samples, samples)
    filled = _contours(ax, across, along, values, model)
    if colorbar and filled is not None:
        _colorbar(ax, filled)
    _principal_lines(ax, model, basis, origin, width)
    if escape is not None and escape.success:
        _path(ax, model, basis, origin, escape)
    ax.plot(
        *origin, "o", color="black", markeredgecolor="white", ms=8, zorder=4, label=_kind(point)
    )
    ax.set(xlabel=labels[0], ylabel=labels[1])
    ax.set_xlim(origin[0] - width[0], origin[0] + width[0])
    ax.set_ylim(origin[1] - width[1], origin[1] + width[1])
    if directions is None and max(width) <= 3 * min(width):
        ax.set_aspect("equal")
    legend_below(ax)
    return ax


@takes(Objective)
def slices(
    fun: Callable[..., Any] | Objective,
    point: CriticalPoint | TaylorModel,
    *,
    directions: ArrayLike | None = None,
    span: ArrayLike | None = None,
    samples: int = 81,
    ax: Axes | None = None,
    **keywords: Any,
) -> Axes:
    """Draw a function along some directions through a point, each with the parabola of its quadratic model.

    Parameters
    ----------
    fun : callable or Objective
        The function that was measured.
    point : CriticalPoint or TaylorModel
        What `classify` or `taylor` gave.
    directions : array_like, shape (n, k), optional
        Directions as columns. Without it, the eigenvectors; of more than six, the three lowest and the three highest.
    span : float or array_like, shape (k,), optional
        How far to go to either side, in lengths of the directions. Without it, about as far along each as makes their
        parabolas equally high.
    samples : int
        Points along each direction.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure without it.
    **keywords

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import hesscape as hs
    >>> from matplotlib.figure import Figure
    >>> def loss(w):
    ...     return (1 - w[0] * w[1]) ** 2
    >>> ax = hs.plot.slices(
    ...     loss, hs.classify(loss, [0, 0]), vectorized=True, ax=Figure().subplots()
    ... )
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['λ = −2', 'λ = 2', 'quadratic model']
    """
    f, model = Objective.of(fun, keywords), _model(point)
    samples = _validate.integer("samples", samples, least=2, most=1_000_000)
    vectors = (
        some_eigenvectors(point, model) if directions is None else columns(directions, model.x.size)
    )
    curvature, error = curvatures(model, vectors)
    reach = (
        even_reach(model, vectors, curvature, error)
        if span is None
        else positive_span(span, vectors.shape[1])
    )
    together = bool(np.allclose(reach, reach[0]))
    ax = axes_or_new(ax)
    unit = np.linspace(-1, 1, samples)
    colors = _shades(curvature, error)
    for k, (v, color) in enumerate(zip(vectors.T, colors, strict=True)):
        t = reach[k] * unit
        label = _curvature_label(curvature[k], error[k]) + (
            "" if together else f", t to {reach[k]:.2g}"
        )
        at = t if together else unit
        points = model.x + t[:, None] * v
        ax.plot(at, _values(f, points) - model.value, color=color, lw=2, label=label)
        ax.plot(at, np.asarray(model(points)) - model.value, "--", color=color, lw=1.2, label="_")
    ax.plot([], [], "--", color="black", lw=1.2, label="quadratic model")
    ax.axhline(0, color="black", lw=0.6, zorder=0)
    ax.set(xlabel="distance t along the direction" if together else "t, relative to the largest")
    ax.set(
        ylabel="change of the function",
        title="Along the eigenvectors" if directions is None else "",
    )
    ax.margins(x=0)
    legend_below(ax)
    return ax


@takes()
def spectrum(point: CriticalPoint, *, ax: Axes | None = None) -> Axes:
    """Draw the eigenvalues of the Hessian with their errors, coloured by their proven signs.

    Parameters
    ----------
    point : CriticalPoint
        What `classify` or `classify_hessian` gave, with its spectrum.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure without it.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import hesscape as hs
    >>> from matplotlib.figure import Figure
    >>> point = hs.classify_hessian([[0, -2], [-2, 0]], error=1e-9)
    >>> ax = hs.plot.spectrum(point, ax=Figure().subplots())
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['1 positive', '1 negative']
    """
    if not isinstance(point, CriticalPoint):
        raise TypeError(f"point must be a CriticalPoint, got {type(point).__name__}")
    if point.eigenvalues is None or point.eigenvalue_error is None:
        raise ValueError("point must have eigenvalues: classify it with need='spectrum'")
    ax = axes_or_new(ax)
    values, errors = point.eigenvalues, point.eigenvalue_error
    negative, zero, positive = point.inertia
    order = np.arange(values.size)
    groups = [  # ascending: the proven negative ones come first, the proven positive ones last
        ("positive", positive, order >= negative + zero, UP, "^"),
        ("zero or open", zero, (order >= negative) & (order < negative + zero), FLAT, "o"),
        ("negative", negative, order < negative, DOWN, "v"),
    ]
    for name, count, here, color, marker in groups:
        if count:
            style: dict[str, Any] = {
                "fmt": marker,
                "color": color,
                "ms": 6,
                "capsize": 3,
                "lw": 1.5,
            }
            ax.errorbar(order[here], values[here], errors[here], label=f"{count} {name}", **style)
    ax.axhline(0, color="black", lw=0.6, zorder=0)
    threshold = _threshold(values, errors, (order < negative) | (order >= negative + zero))
    low, high = np.min(values - errors), np.max(values + errors)
    ax.set_yscale("symlog", linthresh=threshold)
    ax.set_ylim(4 * min(low, -threshold / 8), 4 * max(high, threshold / 8))
    ax.locator_params(axis="x", integer=True)
    ax.set(
        xlabel="number, in ascending order",
        ylabel="eigenvalue of the Hessian",
        title=_verdict(point),
    )
    legend_below(ax)
    return ax


def _model(point: Any) -> TaylorModel:
    model = point.taylor if isinstance(point, CriticalPoint) else point
    if not isinstance(model, TaylorModel):
        got = (
            "one of classify_hessian" if isinstance(point, CriticalPoint) else type(point).__name__
        )
        raise TypeError(f"point must be what classify or taylor returned, got {got}")
    return model


def _kind(point: CriticalPoint | TaylorModel) -> str:
    return point.kind.replace("_", " ") if isinstance(point, CriticalPoint) else "x"


def _verdict(point: CriticalPoint) -> str:
    return f"{_kind(point)}, {'proven' if point.certain else 'not proven'}"


def _values(f: Objective, points: Array) -> Array:
    """Evaluate points that are rows; not a number where the function is not finite."""
    block = np.ascontiguousarray(points if f.by_point else points.T)
    block.setflags(write=False)
    with np.errstate(all="ignore"):
        values = f.values(block)
    return np.where(np.isfinite(values), values, np.nan)


def _contours(ax: Axes, across: Array, along: Array, values: Array, model: TaylorModel) -> Any:
    from matplotlib import colormaps

    levels, place = levels_around(values, model.value, model.noise)
    masked = np.ma.masked_invalid(values)
    if levels.size < 2 or (np.diff(levels) <= 0).any():  # constant, or as good as that
        return None
    shade = (np.arange(levels.size + 1) - place - 0.5) / (2 * LEVELS) * 0.85 + 0.5
    filled = ax.contourf(
        across, along, masked, levels, colors=colormaps[COLORS](shade), extend="both"
    )
    if 0 < place < levels.size - 1:
        ax.contour(
            across, along, masked, [model.value], colors="black", linewidths=0.8, linestyles="solid"
        )
    return filled


def _colorbar(ax: Axes, filled: Any) -> None:
    """Draw a narrow colour bar, with the level of the point among its numbers."""
    least = 1e-4 * np.ptp(filled.levels)
    ticks = filled.levels[::2]
    bar = ax.figure.colorbar(filled, ax=ax, ticks=ticks, fraction=0.05, pad=0.03)
    bar.set_label("value of the function")
    bar.ax.set_yticklabels([f"{0 if abs(t) < least else t:.3g}".replace("-", "−") for t in ticks])


def _curvature_label(value: float, error: float) -> str:
    text = f"λ = {value:.3g}" if abs(value) > error else f"λ = 0 within {error:.1g}"
    return text.replace("-", "−")


def _color(value: float, error: float) -> str:
    return FLAT if abs(value) <= error else UP if value > 0 else DOWN


def _shades(curvature: Array, error: Array) -> list[Any]:
    """Colours by sign; several of one sign differ in lightness."""
    from matplotlib.colors import to_rgb

    names = [_color(c, e) for c, e in zip(curvature, error, strict=True)]
    shades = []
    for k, name in enumerate(names):
        lighter = 0.6 * names[:k].count(name) / max(1, names.count(name) - 1)
        shades.append(tuple((1 - lighter) * channel + lighter for channel in to_rgb(name)))
    return shades


def _principal_lines(
    ax: Axes, model: TaylorModel, basis: Array, origin: Array, width: Array
) -> None:
    """Lines of extreme curvature within the plane, highest first."""
    import scipy.linalg

    scale = width  # the eigenproblem in units of the picture, which are well scaled
    unit = basis * scale
    metric = unit.T @ unit
    within = unit.T @ model.hessian @ unit
    vectors = scipy.linalg.eigh(within, metric)[1]
    curvature, error = curvatures(model, unit @ vectors)
    for k in (1, 0):
        arm = scale * vectors[:, k] / np.abs(vectors[:, k]).max()
        label, color = _curvature_label(curvature[k], error[k]), _color(curvature[k], error[k])
        ends = np.stack([origin - arm, origin + arm], axis=1)
        ax.plot(*ends, color="white", lw=4.5, alpha=0.8, zorder=2, label="_")
        ax.plot(*ends, color=color, lw=2, ls=(0, (5, 2)), zorder=2.5, label="_" + label)
        _line_label(ax, origin + 0.82 * arm, arm[0] / width[0], label, color)


def _line_label(ax: Axes, at: Array, side: float, label: str, color: str) -> None:
    """Write on a line, towards the middle of the picture."""
    aligned = "center" if abs(side) < 0.5 else "right" if side > 0 else "left"
    box = {"boxstyle": "round,pad=0.25", "facecolor": "white", "edgecolor": color, "alpha": 0.9}
    where: dict[str, Any] = {"ha": aligned, "va": "center", "zorder": 4, "clip_on": True}
    ax.text(at[0], at[1], label, color=color, bbox=box, **where)


def _path(ax: Axes, model: TaylorModel, basis: Array, origin: Array, escape: Escape) -> None:
    """Draw the way that was taken, and the opposite one where it leads down too."""
    label = f"escape, from {model.value:.4g} to {escape.fun:.4g}"
    for k, side in enumerate(escape.both):
        if side.fun < model.value:
            path = np.stack([origin, origin + in_plane(basis, side.x - model.x)], axis=1)
            style: dict[str, Any] = {
                "marker": "*",
                "ms": 16,
                "markevery": [1],
                "markeredgecolor": "white",
            }
            ax.plot(*path, color="white", lw=5, zorder=3, solid_capstyle="round", label="_")
            ax.plot(
                *path,
                color="black",
                lw=2.2 if k == 0 else 1,
                zorder=3.5,
                label="_" if k else label,
                **style,
            )


def _threshold(values: Array, errors: Array, proven: Any) -> float:
    """Where the axis becomes linear: at the smallest eigenvalue whose sign is known, or at the errors."""
    sizes = np.abs(values[proven]) if np.any(proven) else errors
    positive = sizes[np.isfinite(sizes) & (sizes > 0)]
    return float(10.0 ** np.floor(np.log10(positive.min()))) if positive.size else 1.0
