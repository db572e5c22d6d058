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
            here = _Slope.of(model.x, model.gradient, model.gradient_error)
            for halving in range(MOST_HALVINGS):
                trial = _slope(f, model.x + np.ldexp(step, -halving), model)
                nfev, njev = nfev + trial.nfev, njev + trial.njev
                if trial.below(here):
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
    size: float  # beyond its error
    norm: float  # as measured
    nfev: int = 0
    njev: int = 0

    @classmethod
    def of(cls, x: Array, gradient: Array, error: Array, nfev: int = 0, njev: int = 0) -> _Slope:
        beyond = np.maximum(np.abs(gradient) - error, 0)
        return cls(x, float(np.linalg.norm(beyond)), float(np.linalg.norm(gradient)), nfev, njev)

    def below(self, other: _Slope) -> bool:
        """Whether it is the smaller one, beyond the errors or, as these are bounds, clearly within them."""
        return self.size < other.size or (self.size == other.size and self.norm < other.norm / 2)


def _slope(f: Objective, x: Array, model: TaylorModel) -> _Slope:
    """Measure the gradient only; at a point that is too far away to have values, it is infinite."""
    try:
        if f.jac is not None:
            gradient = finite_gradients(f, x[None], x)[0]
            return _Slope.of(x, gradient, model.gradient_error, njev=1)
        axes = axes_of(f, x, np.empty(0))
    except NonFiniteError:
        return _Slope(x, np.inf, np.inf)
    return _Slope.of(x, axes.gradient[0], axes.gradient_error[0], nfev=int(axes.nfev[0]))


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
