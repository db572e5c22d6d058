"""What derivatives that users give suffer from: rounding, noise, single precision, and jumps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from disturbances import Disturbed, typical
from duals import gradient_of, hessian_of

GRADIENTS = {}


@dataclass
class Given(Disturbed):
    given: dict[str, Any] = field(default_factory=dict)


def register(make):
    GRADIENTS[make.__name__] = make
    return make


def offered(case, way, through=lambda g: g, jac=None, hess=None):
    """The keywords of a way, with derivatives that go through something."""
    slope = jac or gradient_of(case.formula)
    given = {"jac": lambda x: through(slope(x))}
    if way == "hess":
        second = hess or hessian_of(case.formula)
        given["hess"] = lambda x: through(second(x))
    if way == "curvature" and hess is not None:
        given["hessp"] = lambda x, p: through(hess(x) @ p)
    return given


@register
def exact(rng, case, way):  # noqa: ARG001
    return Given(case.fun, case, given=offered(case, way))


@register
def noisy_entries(rng, case, way):
    level = 10.0 ** rng.uniform(-11, -4)
    seeds = np.random.default_rng(rng.integers(2**32))
    unit = typical(case) / case.scale

    def through(g):
        size = unit if g.ndim == 1 else np.outer(unit, 1 / case.scale)
        noise = seeds.standard_normal(g.shape)
        return g + level * size * (noise if g.ndim == 1 else (noise + noise.T) / 2)

    return Given(case.fun, case, given=offered(case, way, through))


@register
def noisy_calls(rng, case, way):
    """All entries of a gradient are off by the same factor."""
    level = 10.0 ** rng.uniform(-11, -4)
    seeds = np.random.default_rng(rng.integers(2**32))
    return Given(
        case.fun,
        case,
        given=offered(case, way, lambda g: g * (1 + level * seeds.standard_normal())),
    )


@register
def single_results(rng, case, way):  # noqa: ARG001
    return Given(case.fun, case, given=offered(case, way, lambda g: g.astype(np.float32)))


@register
def single_inside(rng, case, way):  # noqa: ARG001
    """Rounded to single precision, and returned in double."""
    return Given(
        case.fun, case, given=offered(case, way, lambda g: g.astype(np.float32).astype(float))
    )


@register
def single_arguments(rng, case, way):  # noqa: ARG001
    slope, second = gradient_of(case.formula), hessian_of(case.formula)

    def near(x):
        return np.asarray(x, np.float32).astype(float)

    given = offered(case, way, jac=lambda x: slope(near(x)), hess=lambda x: second(near(x)))
    return Given(case.fun, case, given=given)


@register
def seeded_entries(rng, case, way):
    """Erratic, but a function of x: an iterative program at its tolerance."""
    from problems import hashed

    level = 10.0 ** rng.uniform(-9, -4)
    unit = typical(case) / case.scale
    slope, n = gradient_of(case.formula), case.n

    def jac(x):
        keys = np.tile(np.asarray(x, float)[:, None], (1, n)) * (1 + np.arange(n))
        return slope(x) + level * unit * hashed(keys)

    given = offered(case, way, jac=jac)
    return Given(case.fun, case, given=given)


@register
def jumps_of_curvature(rng, case, way):
    n = case.n
    a = rng.standard_normal(n)
    a /= np.linalg.norm(a)
    distance = 0.0 if rng.random() < 0.5 else 10.0 ** rng.uniform(-9, 0)
    height = typical(case) * rng.choice([-1, 1]) * 10.0 ** rng.uniform(-1, 1)
    inverse, centre = 1 / case.scale, case.x.copy()
    smooth, slope, second = case.fun, gradient_of(case.formula), hessian_of(case.formula)

    def side(x):
        return float(a @ ((np.asarray(x) - centre) * inverse)) - distance

    def fun(x):
        return smooth(x) + height * max(side(x), 0.0) ** 2

    def jac(x):
        return slope(x) + 2 * height * max(side(x), 0.0) * a * inverse

    def hess(x):
        return second(x) + (2 * height if side(x) > 0 else 0.0) * np.outer(a * inverse, a * inverse)

    other = (
        case.hessian + 2 * height * np.outer(a * inverse, a * inverse) if distance == 0 else None
    )
    return Given(fun, case, other=other, given=offered(case, way, jac=jac, hess=hess))


@register
def wrong_entry(rng, case, way):
    """One entry of the gradient is off by a factor."""
    i, factor = int(rng.integers(case.n)), float(rng.choice([-1.0, 0.5, 2.0]))

    def through(g):
        g = g.copy()
        g[i] *= factor
        return g

    return Given(case.fun, case, given=offered(case, way, through))
