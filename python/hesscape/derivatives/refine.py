"""From a point to the stationary point next to it, of whatever kind, by Newton's method on the gradient."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from hesscape._validate import Array
from hesscape.linalg.symmetric import zero_mode_basis
from hesscape.objective import Objective
from hesscape.status import NonFiniteError

from .confront import finite_gradients
from .given import axes_of
from .model import TaylorModel
from .taylor import taylor

MOST_STEPS = 50
MOST_HALVINGS = 8
EPS = float(np.finfo(np.float64).eps)


class Polished(NamedTuple):
    """Where Newton's method ended."""

    x: Array
    moved: float  # distance from the start
    nfev: int
    njev: int


def polish(f: Objective, x: Array, zero_modes: int | ArrayLike = 0) -> Polished:
    """Follow Newton steps on the gradient while they make it smaller.

    They lead to saddles and maxima as they do to minima. Directions that are flat within the errors, and zero modes,
    are left alone. A step is halved until the gradient decreases; when it no longer does, the point is as good as its
    gradient.

    Examples
    --------
    >>> import numpy as np
    >>> from hesscape import Objective
    >>> f = Objective(lambda w: (1 - w[0] * w[1]) ** 2)
    >>> bool(np.abs(polish(f, np.array([0.2, -0.1])).x).max() < 1e-12)
    True
    """
    model = taylor(f, x)
    nfev, njev = model.nfev, model.njev
    for _ in range(MOST_STEPS):
        step = _newton_step(model, zero_modes)
        better = None
        if np.linalg.norm(step) > 4 * EPS * np.linalg.norm(model.x):
            size = _size(model.gradient, model.gradient_error)
            for halving in range(MOST_HALVINGS):
                trial = _slope(f, model.x + np.ldexp(step, -halving), model)
                nfev, njev = nfev + trial.nfev, njev + trial.njev
                if trial.size < size:
                    better = trial.x
                    break
        if better is None:
            break
        model = taylor(f, better)
        nfev, njev = nfev + model.nfev, njev + model.njev
    return Polished(model.x, float(np.linalg.norm(model.x - x)), nfev, njev)


class _Slope(NamedTuple):
    """How large the gradient is at a point where the Hessian may not be wanted."""

    x: Array
    size: float
    nfev: int
    njev: int


def _slope(f: Objective, x: Array, model: TaylorModel) -> _Slope:
    """Measure the gradient only; at a point that is too far away to have values, it is infinite."""
    try:
        if f.jac is not None:
            gradient = finite_gradients(f, x[None], x)[0]
            return _Slope(x, _size(gradient, model.gradient_error), 0, 1)
        axes = axes_of(f, x, np.empty(0))
    except NonFiniteError:
        return _Slope(x, np.inf, 0, 0)
    return _Slope(x, _size(axes.gradient[0], axes.gradient_error[0]), int(axes.nfev[0]), 0)


def _size(gradient: Array, error: Array) -> float:
    """Give the norm of a gradient, where what is within its error counts as zero."""
    return float(np.linalg.norm(np.maximum(np.abs(gradient) - error, 0)))


def _newton_step(model: TaylorModel, zero_modes: int | ArrayLike) -> Array:
    """Step to the stationary point of the model, along the directions that are known to be curved."""
    h = model.hessian
    count, basis = zero_mode_basis(zero_modes, len(h))
    scale = np.ones(len(h))
    if (
        not count
    ):  # where zero modes are known, coordinates are of one kind; else each has a scale of its own
        size = np.abs(h).max(axis=1)
        scale = 1 / np.sqrt(np.where(size > 0, size, 1.0))
    scaled, right = h * np.outer(scale, scale), -scale * model.gradient
    if basis is not None:
        project = np.eye(len(h)) - basis @ basis.T
        scaled, right = project @ scaled @ project, project @ right
    values, vectors = np.linalg.eigh(scaled)
    error = np.linalg.norm(model.hessian_error * np.outer(scale, scale))
    curved = np.abs(values) > error + 10 * len(h) * EPS * np.abs(values).max()
    curved[np.argsort(np.abs(values))[:count]] = False
    v = vectors[:, curved]
    step: Array = scale * (v @ ((v.T @ right) / values[curved]))
    return step
