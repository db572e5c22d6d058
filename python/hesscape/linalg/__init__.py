"""Symmetric matrices in, eigenvalues and proven signs out: stacks of small ones, and large ones.

Imports nothing but the top of the package.
"""

from .stacks import (
    DEFINITENESS,
    EighResult,
    definiteness,
    eigh,
    eigvalsh,
    inertia,
    is_positive_definite,
)

__all__ = [
    "DEFINITENESS",
    "EighResult",
    "definiteness",
    "eigh",
    "eigvalsh",
    "inertia",
    "is_positive_definite",
]
