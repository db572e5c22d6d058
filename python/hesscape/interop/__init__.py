"""Functions of other libraries as an `Objective`: PyTorch, JAX and ASE, each imported when it is asked for."""

from .ase import from_ase
from .jax import from_jax
from .landscape import Landscape
from .torch import from_torch

__all__ = ["Landscape", "from_ase", "from_jax", "from_torch"]
