"""What the commands have in common: words that are numbers, a function of the user's, and what is asked of it."""

from __future__ import annotations

import argparse
from typing import Any


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


def command(commands: Any, name: str, text: str, usage: str, epilog: str, need: str) -> Any:
    """Add a command that is about a function of the user's; give its parser."""
    parser = commands.add_parser(
        name,
        help=text,
        usage=f"hesscape {name} MODULE:FUNCTION {usage} [options]",
        description=text,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    needs = ("kind", "inertia", "spectrum")
    function = {"metavar": "MODULE:FUNCTION"}
    add = parser.add_argument
    add("function", **function, help="a module from here or an installed one, or a .py file")
    add("--vectorized", action="store_true", help="it takes many points at once, as columns")
    add("--jac", **function, help="its gradient, for fewer evaluations and smaller errors")
    modes = "directions that symmetries make flat (0)"
    add("--zero-modes", type=count, default=0, metavar="K", help=modes)
    add("--gtol", type=number, default=1e-5, help="largest gradient of a critical point (1e-5)")
    add("--need", choices=needs, default=need, help=f"how much to find out ({need})")
    return parser
