"""The command ``hesscape survey``."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

import hesscape as hs
from hesscape._progress import Progress

from .named import UserError, load
from .words import command, count

SURVEY = """\
examples:
  hesscape survey model:loss points.npy -o run.zarr --workers 4     the function loss of model.py, or of a module
  hesscape survey fits/enzyme.py:nll points.npy -o run.zarr --scheduler tcp://10.0.0.1:8786

POINTS is an array (N, n), points as rows: a .npy file, or a Zarr array. The same command goes on where it stopped.

exit status:
  0  every point has a verdict
  1  some points failed: the column message says why
  2  the command could not be run
  130  it was interrupted
"""
PAUSE = 5.0  # seconds between lines, where there is no tqdm


def add_to(commands: Any) -> None:
    """Add the command to a parser."""
    text = "classify many points of a function of your own"
    parser = command(commands, "survey", text, "POINTS [-o run.zarr]", SURVEY, "kind")
    add = parser.add_argument
    add("points", type=Path, metavar="POINTS", help="points.npy, or a Zarr array")
    output = "where results go: a Zarr store, or a .npz file"
    add("-o", "--output", type=Path, metavar="STORE", help=output)
    workers = "processes (--vectorized: threads) of this machine"
    add("--workers", type=count, metavar="K", help=workers)
    add("--scheduler", metavar="ADDRESS", help="of dask.distributed, whose workers do the work")
    refine = "go to the stationary point next to each point before"
    add("--refine", action="store_true", help=refine)
    add("--quiet", action="store_true", help="show no progress")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Survey, tell, and give the exit status."""
    output = arguments.output
    as_file = output is not None and output.suffix == ".npz"
    if as_file and not output.parent.is_dir():
        raise UserError(f"cannot write {output}: there is no directory {output.parent}")
    fun = load(arguments.function)
    jac = None if arguments.jac is None else load(arguments.jac)
    with (
        contextlib.redirect_stdout(sys.stderr),
        _executor(arguments.scheduler, fun, jac) as executor,
    ):
        found = hs.survey(
            fun,
            _points(arguments.points),
            jac=jac,
            executor=executor,
            workers=arguments.workers,
            progress=False if arguments.quiet else _progress(),
            store=None if as_file else output,
            need=arguments.need,
            zero_modes=arguments.zero_modes,
            refine=arguments.refine,
            gtol=arguments.gtol,
            vectorized=arguments.vectorized,
        )
    if as_file:
        found.save(output)
    print(found)
    if output is not None:
        print(f"in {output}")
    return 130 if not found.complete else int(found.failed.any())


def _points(path: Path) -> Any:
    if path.is_dir():
        import zarr

        array = zarr.open(path, mode="r")
        if not hasattr(array, "shape"):
            raise UserError(f"{path} is not a Zarr array, but a group of them")
        return array
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"cannot read points from {path}: {error}") from error


@contextlib.contextmanager
def _executor(address: str | None, *functions: Any) -> Iterator[Any]:
    """Give the executor of a cluster, to which the modules of the functions are unknown."""
    if address is None:
        yield None
        return
    try:
        import cloudpickle
        import distributed
    except ModuleNotFoundError as missing:
        raise UserError(
            f"--scheduler needs pip install 'hesscape[distributed]' ({missing})"
        ) from missing
    for fun in filter(None, functions):
        cloudpickle.register_pickle_by_value(sys.modules[fun.__module__])
    connect: Any = distributed.Client  # which has no types
    try:
        client = connect(address)
    except (OSError, ValueError) as error:
        raise UserError(f"no scheduler at {address}: {error}") from error
    with client, client.get_executor() as executor:
        yield executor


def _progress() -> Any:
    if find_spec("tqdm") is not None:
        return True
    last = -PAUSE

    def tell(now: Progress) -> None:
        nonlocal last
        if now.done == now.total or monotonic() - last >= PAUSE:
            last = monotonic()
            left = "" if now.remaining is None else f", {now.remaining:.0f} s left"
            kinds = ", ".join(f"{count} {kind}" for kind, count in now.counts.items())
            print(f"{now.done} of {now.total or '?'} points{left}: {kinds}", file=sys.stderr)

    return tell
