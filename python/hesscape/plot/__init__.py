"""Pictures of critical points, drawn with Matplotlib (``pip install 'hesscape[plot]'``).

Every function draws on the Axes that it is given, or on those of a new figure, and returns them. Nothing is shown on
screen before ``matplotlib.pyplot.show()`` is called. Orange stands for upwards, purple for downwards and grey for what
is flat within its error.

Imports the top of the package, and the folders up to `surveys`.
"""

from .densities import density
from .figure import DOWN, FLAT, UP
from .surfaces import slices, spectrum, surface
from .surveys import index_vs_value, kinds

__all__ = [
    "DOWN",
    "FLAT",
    "UP",
    "density",
    "index_vs_value",
    "kinds",
    "slices",
    "spectrum",
    "surface",
]
