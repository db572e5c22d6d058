"""Surfaces."""
from dataclasses import dataclass
import numpy as np
from types import SimpleNamespace
def lennard_jones(n_atoms):
    i, j = np.triu_indices(n_atoms, 1)
    def pairs(x):
        r = x.reshape(n_atoms, 3, *x.shape[1:])
        d = r[i] - r[j]
        return d, (d * d).sum(1)
    def fun(x):
        d, s = pairs(x); s = s**-3.0
        return 4 * (s * s - s).sum(0)
    def gradient(x):
        d, s = pairs(x)
        f = (4 * (6 * s**-4.0 - 12 * s**-7.0))[:, None] * d
        g = np.zeros((n_atoms, 3, *x.shape[1:]))
        np.add.at(g, i, f); np.add.at(g, j, -f)
        return g.reshape(x.shape)
    def hessian(x):
        d, s = pairs(x)
        a, b = 4 * (6 * s**-4.0 - 12 * s**-7.0), 4 * (168 * s**-8.0 - 48 * s**-5.0)
        block = a[:, None, None] * np.eye(3) + b[:, None, None] * d[:, :, None] * d[:, None, :]
        h = np.zeros((n_atoms, n_atoms, 3, 3))
        np.add.at(h, (i, i), block); np.add.at(h, (j, j), block)
        h[i, j] = h[j, i] = -block
        return h.transpose(0, 2, 1, 3).reshape(3 * n_atoms, 3 * n_atoms)
    return SimpleNamespace(fun=fun, gradient=gradient, hessian=hessian)
