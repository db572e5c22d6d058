"""Words of a command line that are numbers."""

from __future__ import annotations

import argparse


def number(word: str) -> float:
    """Read a number."""
    try:
        return float(word)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number, got {word!r}") from None


def count(word: str) -> int:
    """Read a whole number."""
    try:
        return int(word)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a whole number, got {word!r}") from None
