"""The command line: ``python -m hesscape``, or ``hesscape``."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import hesscape as hs

from . import classify, demo, survey
from .named import UserError

DESCRIPTION = (
    "Is this point a minimum, a maximum or a saddle, how sure is that, and how do I get off it?"
)


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """Print the line, without the usage, and leave."""
        self.exit(2, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; 0 when it did what was asked, 1 when points failed, 2 when it could not do it."""
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):  # a terminal that has no λ prints a question mark
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    # A leading blank keeps argparse from taking -1e-3 for an option.
    arguments = _parser().parse_args(
        [f" {w}" if w.startswith("-") and _is_number(w) else w for w in words or ["demo"]]
    )
    try:
        status: int = arguments.run(arguments) or 0
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # what reads the report has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:  # noqa: BLE001  (whatever the user's function raises is one line, too)
        print(f"hesscape: error: {_one_line(error)}", file=sys.stderr)
        return 2
    return status


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="hesscape", description=DESCRIPTION, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"hesscape {hs.__version__}")
    commands = parser.add_subparsers(
        metavar="command", title="commands", description="Without one: demo."
    )
    demo.add_to(commands)
    classify.add_to(commands)
    survey.add_to(commands)
    return parser


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _one_line(error: Exception) -> str:
    """Say what went wrong, and where if it was in the user's code."""
    text = " ".join(str(error).split())
    if isinstance(error, UserError | hs.HesscapeError):
        return text
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {text}"
    frames = traceback.extract_tb(error.__traceback__)
    package = Path(__file__).parents[1]
    if (
        frames
        and package in Path(frames[-1].filename).parents
        and isinstance(error, ValueError | TypeError)
    ):
        return text
    own = [
        f
        for f in frames
        if package not in Path(f.filename).parents and "importlib" not in f.filename
    ]
    where = f" ({own[-1].filename}, line {own[-1].lineno})" if own else ""
    return f"{type(error).__name__}: {text}{where}"
