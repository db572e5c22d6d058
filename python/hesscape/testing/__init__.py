"""Surfaces with exact gradients, Hessians and known stationary points, to try hesscape on and to test it with.

Every function here takes one point ``(n,)`` or many, as columns ``(n, m)`` (``vectorized=True`` elsewhere in hesscape),
and computes in the type that it is given, so that complex steps and single precision work too.

Examples
--------
>>> from hesscape import testing
>>> surface = testing.error_surface()
>>> surface.hessian([0, 0])
array([[ 0., -2.],
       [-2.,  0.]])
>>> surface.fun([[0, 1, 2], [0, 1, 2]])
array([1., 0., 9.])

Imports nothing but the top of the package.
"""

from .lennard_jones import lennard_jones
from .surface import StationaryPoint, Surface
from .surfaces import (
    ackley,
    deep_linear_network,
    error_surface,
    himmelblau,
    monkey_saddle,
    muller_brown,
    peano,
    phi4_chain,
    powers,
    quadratic,
    rastrigin,
    rosenbrock,
    triple_product,
    two_layer_network,
)

__all__ = [
    "StationaryPoint",
    "Surface",
    "ackley",
    "deep_linear_network",
    "error_surface",
    "himmelblau",
    "lennard_jones",
    "monkey_saddle",
    "muller_brown",
    "peano",
    "phi4_chain",
    "powers",
    "quadratic",
    "rastrigin",
    "rosenbrock",
    "triple_product",
    "two_layer_network",
]
