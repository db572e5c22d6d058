"""Functions of other libraries in, a `Problem` out; PyTorch, JAX and ASE are imported when they are asked for.

Imports the top of the package.
"""

from hesscape.problem import Problem

from .ase import from_ase
from .jax import from_jax
from .torch import from_torch

__all__ = ["Problem", "from_ase", "from_jax", "from_torch"]
