"""Functions by the names that they have on the command line."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


class UserError(Exception):
    """Something on the command line is not as it should be."""


def load(name: str) -> Callable[..., Any]:
    """Find a function by the name MODULE:FUNCTION."""
    module_name, colon, attribute = name.rpartition(":")
    if not (colon and module_name and attribute):
        raise UserError(f"expected MODULE:FUNCTION or FILE.py:FUNCTION, got {name!r}")
    found: Any = _file(Path(module_name)) if module_name.endswith(".py") else _module(module_name)
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise UserError(f"{module_name} has no {attribute!r}")
        found = getattr(found, part)
    if not callable(found):
        raise UserError(f"{name} is not a function, but {type(found).__name__}")
    return found  # type: ignore[no-any-return]


def _module(name: str) -> Any:
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if (
            error.name != name.split(".")[0] and error.name != name
        ):  # a module that it imports is missing
            raise
        raise UserError(
            f"no module {name!r} here ({Path.cwd()}) or installed; a file is named with its .py"
        ) from None


def _file(path: Path) -> Any:
    if not path.is_file():
        raise UserError(f"no file {path}")
    sys.path.insert(
        0, str(path.resolve().parent)
    )  # so that it finds its neighbours, as a script does
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)
    spec.loader.exec_module(module)
    return module
