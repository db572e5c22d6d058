"""The command ``hesscape classify``."""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import sys
from typing import Any

import numpy as np

import hesscape as hs

from .named import load
from .words import command, number

CLASSIFY = """\
examples:
  hesscape classify model:loss --at 0 0              the function loss of model.py, or of an installed module
  hesscape classify fits/enzyme.py:nll --at 212.7 6.4e-5 9.98 --json

The function takes an array of shape (n,) and returns a number (--vectorized: (n, m), and returns (m,)).
"""
JSON = """\
--json prints one object:
  version                              of hesscape
  kind, certain, confidence, message   the verdict: minimum, maximum, saddle, degenerate or not_critical
  index                                number of negative eigenvalues, null while directions are open
  inertia                              {negative, zero, positive}: proven, open, proven
  x, value, noise                      the point, the function there, the standard deviation of its values
  gradient, gradient_error, gradient_norm, distance
  hessian, hessian_error               lists of rows
  eigenvalues, eigenvalue_error        ascending, null unless --need spectrum
  eigenvectors                         a list of vectors, in the order of the eigenvalues
  way_down                             unit vector of the most negative curvature, null if none is negative
  nfev, njev                           evaluations of the function and of its gradient
Numbers that are not known, or not finite, are null.
"""


def add_to(commands: Any) -> None:
    """Add the command to a parser."""
    text = "classify a point of a function of your own"
    epilog = CLASSIFY + "\n" + JSON
    parser = command(commands, "classify", text, "--at X [X ...]", epilog, "spectrum")
    add = parser.add_argument
    at = "the coordinates of the point"
    add("--at", nargs="+", type=number, required=True, metavar="X", help=at)
    add("--json", action="store_true", help="print JSON, described below")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Classify the point, and print what was found."""
    # What the user's function prints must not end up in the JSON.
    with contextlib.redirect_stdout(sys.stderr) if arguments.json else contextlib.nullcontext():
        point = hs.classify(
            load(arguments.function),
            arguments.at,
            jac=None if arguments.jac is None else load(arguments.jac),
            vectorized=arguments.vectorized,
            zero_modes=arguments.zero_modes,
            gtol=arguments.gtol,
            need=arguments.need,
        )
    if arguments.json:
        print(_json(point))
    else:
        print(point.taylor, point, sep="\n\n")


def _json(point: hs.CriticalPoint) -> str:
    """Write one line for each name."""
    lines = [
        f"{json.dumps(name)}: {json.dumps(_known(value), allow_nan=False)}"
        for name, value in _as_dict(point).items()
    ]
    return "{\n  " + ",\n  ".join(lines) + "\n}"


def _as_dict(point: hs.CriticalPoint) -> dict[str, Any]:
    taylor = point.taylor
    verdict = {
        name: getattr(point, name) for name in ("kind", "certain", "confidence", "message", "index")
    }
    model = ("x", "value", "noise", "gradient", "gradient_error", "hessian", "hessian_error")
    return {
        "version": hs.__version__,
        **verdict,
        "inertia": dict(zip(("negative", "zero", "positive"), point.inertia, strict=True)),
        **{name: getattr(taylor, name) for name in model},
        "gradient_norm": point.gradient_norm,
        "distance": point.distance,
        "eigenvalues": point.eigenvalues,
        "eigenvalue_error": point.eigenvalue_error,
        "eigenvectors": None if point.eigenvectors is None else point.eigenvectors.T,
        "way_down": point.way_down,
        "nfev": point.nfev,
        "njev": point.njev,
    }


def _known(value: Any) -> Any:
    """Turn arrays into lists, and numbers that JSON does not have into null."""
    if isinstance(value, np.ndarray):
        return _known(value.tolist())
    if isinstance(value, dict):
        return {key: _known(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_known(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
