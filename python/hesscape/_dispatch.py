"""Loads the extension module of the highest instruction level that this machine runs, as ``hesscape._core``.

Each level is a file ``_core.<level>.<suffix>`` with the whole core in it; the name has a dot too many to be imported
by itself. ``HESSCAPE_ISA`` in the environment names another level to take.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_file_location

from . import _cpu

VARIABLE = "HESSCAPE_ISA"
LEVELS = ("baseline", "x86-64-v2", "x86-64-v3", "x86-64-v4")
NAME = f"{__package__}._core"


def files(folders: Iterable[str]) -> dict[str, str]:
    """Return the file of every level that was built, lowest first; an editable package has two folders."""
    candidates = (
        (level, os.path.join(folder, f"_core.{level}{EXTENSION_SUFFIXES[0]}"))  # noqa: PTH118
        for level in LEVELS
        for folder in folders
    )
    return {level: file for level, file in candidates if os.path.isfile(file)}  # noqa: PTH113


def choose(built: Sequence[str], runs: Sequence[str], wanted: str) -> str:
    """Return the level to load: the one that is wanted, or the highest (for an empty string).

    Raises
    ------
    ImportError
        If that level was not built, or the processor or the operating system does not support it.
    """
    possible = [level for level in built if level in runs]
    where = f"built: {', '.join(built) or 'none'}; this machine runs: {', '.join(runs)}"
    if wanted and wanted not in possible:
        expected = " or ".join(possible) or "unset"
        raise ImportError(f"{VARIABLE} is {wanted!r}, but must be {expected} here ({where})")
    if not possible:
        raise ImportError(
            f"hesscape has no extension module for this machine ({where}); build it here by "
            "pip install --no-binary hesscape hesscape, or everywhere with HESSCAPE_LEVELS=all in the environment"
        )
    return wanted or possible[-1]


def load(file: str) -> None:
    """Load a file as ``hesscape._core``, so that imports and pickles find it under that name."""
    spec = spec_from_file_location(NAME, file, loader=ExtensionFileLoader(NAME, file))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules[NAME] = module
    setattr(sys.modules[str(__package__)], "_core", module)  # noqa: B010


BUILT = files(sys.modules[str(__package__)].__path__)
RUNS = tuple(_cpu.levels())

load(BUILT[choose(list(BUILT), RUNS, os.environ.get(VARIABLE, ""))])
