"""The picture of a density of eigenvalues."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hesscape._keywords import takes
from hesscape.krylov.density import SpectralDensity

from .figure import DOWN, UP, axes_or_new, legend_below

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FAINT = 1e-7  # of the highest density is the least that is drawn


@takes()
def density(found: SpectralDensity, *, ax: Axes | None = None) -> Axes:
    """Draw the density of eigenvalues with its confidence band, negative ones in the colour of ways down.

    Parameters
    ----------
    found : SpectralDensity
        What `spectral_density` gave.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure without it.

    Returns
    -------
    matplotlib.axes.Axes
        The density is drawn on a logarithmic scale, that single eigenvalues among many be seen.

    Examples
    --------
    >>> import numpy as np
    >>> import hesscape as hs
    >>> from matplotlib.figure import Figure
    >>> d = np.linspace(-1, 2, 1000)
    >>> found = hs.spectral_density(lambda x: 0.0, 0 * d, hessp=lambda x, p: d * p, rng=0)
    >>> ax = hs.plot.density(found, ax=Figure().subplots())
    >>> ax.get_xlabel()
    'eigenvalue of the Hessian'
    """
    if not isinstance(found, SpectralDensity):
        raise TypeError(f"found must be a SpectralDensity, got {type(found).__name__}")
    ax = axes_or_new(ax)
    grid, value, error = found.grid, found.density, found.error
    least = FAINT * value.max()
    for here, color, name in ((grid <= 0, DOWN, "negative"), (grid >= 0, UP, "positive")):
        if here.any():
            low, high = np.maximum(value - error, least), np.maximum(value + error, least)
            ax.fill_between(grid, low, high, where=here, color=color, alpha=0.3, lw=0)
            ax.plot(grid[here], np.maximum(value, least)[here], color=color, lw=1.5, label=name)
    ax.axvline(0, color="black", lw=0.6, zorder=0)
    ax.set(
        xlabel="eigenvalue of the Hessian",
        ylabel="density of eigenvalues",
        yscale="log",
        ylim=(least, 3 * float((value + error).max())),
        title=f"{found.nodes.shape[0]} probes, mean {found.mean:.3g} ± {found.mean_error:.1g}",
    )
    legend_below(ax)
    return ax
