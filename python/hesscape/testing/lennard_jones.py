"""Clusters of atoms that attract and repel each other, for `testing`."""

from __future__ import annotations

from typing import Any

import numpy as np

from .surface import Array, Surface, constant, make_surface


def lennard_jones(n_atoms: int) -> Surface:
    """Σ 4 (r⁻¹² − r⁻⁶) over the pairs of atoms; x holds three coordinates an atom, one atom after another.

    Translations and rotations are `zero_modes`: 6, or 5 for two atoms. Energies of the best minima known are in
    D. J. Wales and J. P. K. Doye, J. Phys. Chem. A 101, 5111 (1997): −16.505384 for 7 atoms, −44.326801 for 13.

    Examples
    --------
    >>> pair = lennard_jones(2)
    >>> round(float(pair.fun([0, 0, 0, 2 ** (1 / 6), 0, 0])), 12)
    -1.0
    """
    i, j = np.triu_indices(n_atoms, 1)

    def pairs(x: Array) -> tuple[Array, Array]:
        atoms = x.reshape(n_atoms, 3, *x.shape[1:])
        d = atoms[i] - atoms[j]
        return d, 1 / (d * d).sum(1)

    def fun(x: Array) -> Any:
        cube = pairs(x)[1] ** 3
        return 4 * (cube * (cube - 1)).sum(0)

    def gradient(x: Array) -> Array:
        d, s = pairs(x)
        force = (24 * s**4 * (1 - 2 * s**3))[:, None] * d
        g = np.zeros((n_atoms, 3, *x.shape[1:]), dtype=x.dtype)
        np.add.at(g, i, force)
        np.subtract.at(g, j, force)
        return g.reshape(x.shape)

    def hessian(x: Array) -> Array:
        d, s = pairs(x)
        along = (96 * s**5 * (7 * s**3 - 2))[:, None, None] * (d[:, :, None] * d[:, None, :])
        across = (24 * s**4 * (1 - 2 * s**3))[:, None, None] * constant(np.eye(3), x)
        block = along + across
        h = np.zeros((n_atoms, n_atoms, 3, 3, *x.shape[1:]), dtype=x.dtype)
        np.add.at(h, (i, i), block)
        np.add.at(h, (j, j), block)
        h[i, j] = h[j, i] = -block
        return h.swapaxes(1, 2).reshape(3 * n_atoms, *x.shape)

    r = 2 ** (1 / 6)
    points = [([0, 0, 0, r, 0, 0], (0, 5, 1))] if n_atoms == 2 else []
    modes = 5 if n_atoms == 2 else 6
    return make_surface(
        f"lennard_jones({n_atoms})", 3 * n_atoms, fun, gradient, hessian, points, modes
    )
