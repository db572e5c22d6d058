"""The φ⁴ chain Σ ½(x_{i+1} - x_i)² + ¼(x_i² - 1)², which several tests have in common."""

import numpy as np
from scipy.linalg import eigvalsh_tridiagonal


def chain_value(x):
    return 0.5 * (np.diff(x) ** 2).sum() + 0.25 * ((x * x - 1) ** 2).sum()


def chain(x):
    """The gradient."""
    g = (x * x - 1) * x
    d = np.diff(x)
    g[:-1] -= d
    g[1:] += d
    return g


def chain_product(x, v):
    """The Hessian times v."""
    p = (3 * x * x - 1) * v
    d = np.diff(v)
    p[:-1] -= d
    p[1:] += d
    return p


def lowest_of_chain(x):
    diagonal = 3 * x * x - 1 + np.r_[1, np.full(x.size - 2, 2), 1]
    return eigvalsh_tridiagonal(diagonal, -np.ones(x.size - 1), select="i", select_range=(0, 0))[0]
