"""Lennard-Jones clusters: the energy as a formula, and minima, saddles and points between them."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.optimize import minimize

from hesscape import testing


def lennard_jones(x):
    """Σ 4 (r^-12 - r^-6) over the pairs, ε = σ = 1; three coordinates an atom."""
    atoms, energy = [x[k : k + 3] for k in range(0, len(x), 3)], 0.0
    for i, a in enumerate(atoms):
        for b in atoms[:i]:
            s = sum((u - v) ** 2 for u, v in zip(a, b, strict=True)) ** -3
            energy = energy + 4 * (s * s - s)
    return energy


def newton(surface, x, zero_modes, steps=6):
    """Newton's method off the `zero_modes` flattest directions."""
    for _ in range(steps):
        values, vectors = np.linalg.eigh(surface.hessian(x))
        keep = np.sort(np.argsort(np.abs(values))[zero_modes:])
        x = x - vectors[:, keep] @ ((vectors[:, keep].T @ surface.gradient(x)) / values[keep])
    return x


def climb(surface, x, zero_modes, steps=400):
    """Uphill along the lowest mode, downhill along the others: eigenvector following to a saddle of index one."""
    for _ in range(steps):
        values, vectors = np.linalg.eigh(surface.hessian(x))
        order = np.argsort(np.abs(values))
        keep = np.sort(order[zero_modes:])
        slope = vectors[:, keep].T @ surface.gradient(x)
        if np.linalg.norm(slope) < 1e-9:
            break
        step = -slope / np.abs(values[keep])
        step[0] *= -1
        step *= min(1.0, 0.1 / np.linalg.norm(step))
        x = x + vectors[:, keep] @ step
    return newton(surface, x, zero_modes, 3)


@cache
def cluster_points(largest=13):
    """[(name, x, index or None)] for 2 to `largest` atoms; index is None away from stationary points."""
    rng, found = np.random.default_rng(5), []
    for atoms in range(2, largest + 1):
        surface, zero_modes = testing.lennard_jones(atoms), 5 if atoms == 2 else 6
        best = None
        for _ in range(6):
            start = rng.uniform(-1, 1, 3 * atoms) * 0.75 * atoms ** (1 / 3)
            result = minimize(
                surface.fun,
                start,
                jac=surface.gradient,
                method="L-BFGS-B",
                options={"maxiter": 2000},
            )
            if best is None or result.fun < best.fun:
                best = result
        x = newton(surface, best.x, zero_modes)
        found.append((f"lj{atoms} minimum", x, 0))
        found.append((f"lj{atoms} perturbed", x + 0.04 * rng.standard_normal(x.size), None))
        for _ in range(40 if atoms > 2 else 0):
            y = climb(surface, x + 0.15 * rng.standard_normal(x.size), zero_modes)
            values = np.linalg.eigvalsh(surface.hessian(y))
            negative = int(np.sum(values < -1e-3))
            flat = int(np.sum(np.abs(values) < 1e-6))
            bound = np.max(np.linalg.norm(y.reshape(-1, 3) - y.reshape(-1, 3).mean(0), axis=1)) < 4
            if np.linalg.norm(surface.gradient(y)) < 1e-9 and negative and flat == 6 and bound:
                found.append((f"lj{atoms} saddle", y, negative))
                break
    r = 2 ** (1 / 6)
    chain = newton(testing.lennard_jones(3), np.array([-r, 0, 0, 0, 0, 0, r, 0, 0.0]), 5)
    found.append(("lj3 linear", chain, 2))  # with five zero modes only: a linear molecule
    return found
