"""What all pictures have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# A qualitative and a diverging map that agree, and that colour-blind readers tell apart.
UP, DOWN, FLAT = "#b35806", "#542788", "#636363"


def axes_or_new(ax: Axes | None) -> Axes:
    """Give the Axes to draw on; only here is Matplotlib imported."""
    if ax is not None:
        return ax
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError("hesscape.plot needs Matplotlib: pip install 'hesscape[plot]'") from error
    return plt.subplots(layout="compressed")[1]


def legend_below(ax: Axes) -> None:
    """Put the legend outside, where it covers no data."""
    handles, labels = ax.get_legend_handles_labels()
    if not labels:
        return
    columns = 2 if max(map(len, labels)) > 15 else 3
    ax.legend(
        handles,
        labels,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.12),
        ncols=columns,
        frameon=False,
    )
