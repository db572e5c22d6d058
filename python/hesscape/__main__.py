"""The command line: ``python -m hesscape``, or ``hesscape``."""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

import hesscape as hs
from hesscape import _survey_command
from hesscape._named import UserError, load

DESCRIPTION = (
    "Is this point a minimum, a maximum or a saddle, how sure is that, and how do I get off it?"
)
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

    text = "measure, classify and leave the saddle of (1 - w1 w2)², and draw it"
    demo = commands.add_parser("demo", help=text, description=text, allow_abbrev=False)
    demo.add_argument(
        "-o", "--output", type=Path, metavar="FILE", default=Path("hesscape-demo.png")
    )
    demo.set_defaults(run=_demo)

    text = "classify a point of a function of your own"
    classify = commands.add_parser(
        "classify",
        help=text,
        usage="hesscape classify MODULE:FUNCTION --at X [X ...] [options]",
        description=text,
        epilog=CLASSIFY + "\n" + JSON,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = classify.add_argument
    add(
        "function",
        metavar="MODULE:FUNCTION",
        help="a module from here or an installed one, or a .py file",
    )
    add(
        "--at",
        nargs="+",
        type=_number,
        required=True,
        metavar="X",
        help="the coordinates of the point",
    )
    add(
        "--vectorized",
        action="store_true",
        help="the function takes many points at once, as columns",
    )
    add(
        "--jac",
        metavar="MODULE:FUNCTION",
        help="its gradient, for fewer evaluations and smaller errors",
    )
    add(
        "--zero-modes",
        type=_count,
        default=0,
        metavar="K",
        help="directions that symmetries make flat (0)",
    )
    add("--gtol", type=_number, default=1e-5, help="largest gradient of a critical point (1e-5)")
    add(
        "--need",
        choices=("kind", "inertia", "spectrum"),
        default="spectrum",
        help="how much to find out (spectrum)",
    )
    add("--json", action="store_true", help="print JSON, described below")
    classify.set_defaults(run=_classify)
    _survey_command.add_to(commands, _number, _count)
    return parser


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number, got {word!r}") from None


def _count(word: str) -> int:
    try:
        return int(word)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a whole number, got {word!r}") from None


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _demo(arguments: argparse.Namespace) -> None:
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


def _classify(arguments: argparse.Namespace) -> None:
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


def _one_line(error: Exception) -> str:
    """Say what went wrong, and where if it was in the user's code."""
    text = " ".join(str(error).split())
    if isinstance(error, UserError | hs.HesscapeError):
        return text
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {text}"
    frames = traceback.extract_tb(error.__traceback__)
    package = Path(__file__).parent
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


if __name__ == "__main__":
    sys.exit(main())
