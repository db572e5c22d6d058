"""The axes at steps that are chosen before any value comes: what is cheap to know of a point."""

from __future__ import annotations

import numpy as np

from hesscape import _core
from hesscape._validate import Array
from hesscape.objective import Objective

from .model import TaylorModel

MESSAGE = "the axes only, at steps that suit most functions"


def suits_a_first_look(f: Objective) -> bool:
    """Tell whether nothing but values is known of a function."""
    return f.jac is None and f.hess is None and f.hessp is None


def answer(screen: _core.Screen, f: Objective) -> int:
    """Evaluate all that is asked for, and tell how many values that were for each point."""
    with np.errstate(all="ignore"):  # displacements may leave the domain of fun
        while not screen.done:
            screen.tell(f.values(screen.ask()))
    return screen.told


def first_look(f: Objective, x: Array) -> TaylorModel:
    """Measure the gradient and the diagonal of the Hessian from ``12 n + 1`` values.

    Other entries of the Hessian are zero, with infinite errors. All errors are infinite where the values contradict
    each other.
    """
    screen = _core.Screen(x[None], noise=f.noise or 0.0, by_point=f.by_point)
    nfev = answer(screen, f)
    axes = screen.result()
    unknown = 0.0 if axes.agrees[0] else np.inf
    hessian_error = np.full((x.size, x.size), np.inf)
    np.fill_diagonal(hessian_error, axes.curvature_error[0] + unknown)
    return TaylorModel(
        x=x,
        value=float(axes.value[0]),
        gradient=axes.gradient[0],
        hessian=np.diag(axes.curvature[0]),
        gradient_error=axes.gradient_error[0] + unknown,
        hessian_error=hessian_error,
        noise=float(axes.noise[0]),
        step=screen.step[0],
        nfev=nfev,
        njev=0,
        message=MESSAGE,
    )
