"""Is this point a minimum, a maximum or a saddle, how sure is that, and how do I get off it?"""

from ._core import __version__

__all__ = ["__version__"]
