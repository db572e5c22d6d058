"""What can go wrong in a measurement, as exceptions that say at which point and what to change."""

from __future__ import annotations


class HesscapeError(Exception):
    """Base class of the errors that are about the function, not about the arguments."""


class NonFiniteError(HesscapeError):
    """The function has no finite values where they are needed: at the point, or in some direction from it."""
