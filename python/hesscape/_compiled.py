"""Functions that are machine code: `scipy.LowLevelCallable`, called by the core without the GIL."""

from __future__ import annotations

from typing import Any

from . import _core


def is_compiled(function: Any) -> bool:
    """Whether this is a `scipy.LowLevelCallable`."""
    if not isinstance(function, tuple):  # which it is: most need not import SciPy to know
        return False
    from scipy import LowLevelCallable

    return isinstance(function, LowLevelCallable)


def value_of(fun: Any) -> _core.CompiledFunction:
    """Give what evaluates rows of points; `fun` has to stay alive as long."""
    return _core.CompiledFunction(tuple.__getitem__(fun, 0))


def gradient_of(jac: Any) -> _core.CompiledGradient:
    """Give what evaluates gradients at rows of points; `jac` has to stay alive as long."""
    return _core.CompiledGradient(tuple.__getitem__(jac, 0))
