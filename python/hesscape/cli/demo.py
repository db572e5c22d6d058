"""The command ``hesscape demo``, which stands for none as well."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import hesscape as hs

from .named import UserError


def add_to(commands: Any) -> None:
    """Add the command to a parser."""
    text = "measure, classify and leave the saddle of (1 - w1 w2)², and draw it"
    parser = commands.add_parser("demo", help=text, description=text, allow_abbrev=False)
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", default=Path("hesscape-demo.png")
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Show what the package does with the reference example."""

    def loss(w: Any) -> Any:
        return (1 - w[0] * w[1]) ** 2

    print("The error surface L(w1, w2) = (1 - w1 w2)² at (0, 0), from values of L alone\n")
    point = hs.classify(loss, [0, 0], vectorized=True)
    assert point.taylor is not None
    print(point.taylor, point, sep="\n\n", end="\n\n")
    print("The sign of vᵀHv tells the ways:")
    for v, name in (([1, 1], "[1, 1]/√2"), ([1, -1], "[1, -1]/√2")):
        curvature = point.taylor.quadratic_form(np.divide(v, math.sqrt(2)))
        print(f"  v = ±{name:<10}  {curvature:+.6g}, {'down' if curvature < 0 else 'up'}")
    way = hs.escape(loss, point, vectorized=True)
    print(f"\n{way}\n")
    print(f"loss before {point.taylor.value:.6g}, after {way.fun:.6g}")
    print(_picture(loss, point, way, arguments.output))


def _picture(loss: Callable[..., Any], point: hs.CriticalPoint, way: hs.Escape, path: Path) -> str:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return "no picture: it needs Matplotlib, which comes with pip install 'hesscape[plot]'"
    figure = Figure(figsize=(6.4, 6), layout="compressed")
    ax = hs.plot.surface(
        loss, point, escape=way, vectorized=True, samples=201, ax=figure.subplots()
    )
    ax.set(xlabel="$w_1$", ylabel="$w_2$", title=r"$L(w_1, w_2) = (1 - w_1 w_2)^2$")
    try:
        figure.savefig(path, dpi=120)
    except (OSError, ValueError) as error:  # no such directory, no such format
        raise UserError(f"cannot write {path}: {error}") from error
    return f"picture in {path}"
