"""The problems of `accuracy.py`: functions for `vectorized=True`, points, and derivatives exact to double precision.

    from problems import all_problems
    for p in all_problems():
        model = hesscape.taylor(p.fun, p.x, vectorized=True)     # compare with p.gradient, p.hessian

Kinds: `smooth` (Moré-Garbow-Hillstrom), `cluster` (Lennard-Jones), `noisy`, `float32`, `trap` (structure that misleads
step rules) and `hard` (kinks closer than 1e-3: reported, nothing is asked of them).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from clusters import cluster_points, lennard_jones
from jets import exact
from more_garbow_hillstrom import PROBLEMS
from scipy.optimize import least_squares
from traps import hard, traps


def plain(formula):
    """The vectorised function, (n, m) -> (m,) and (n,) -> float, of a formula in the sequence of coordinates."""

    def fun(x):
        x = np.asarray(x, dtype=float)
        with np.errstate(all="ignore"):
            values = np.broadcast_to(formula(list(x)), x.shape[1:])
        return values + 0.0 if x.ndim > 1 else float(values)

    return fun


def single(formula):
    """The formula computed in single precision, x included."""

    def fun(x):
        x = np.asarray(x, dtype=np.float32)
        with np.errstate(all="ignore"):
            values = np.broadcast_to(np.asarray(formula(list(x)), dtype=np.float32), x.shape[1:])
        return values.astype(float) if x.ndim > 1 else float(values)

    return fun


def hashed(x):
    """Uniform on [-1, 1], a fixed but erratic function of the bits of x."""
    bits = np.ascontiguousarray(x, dtype=float).view(np.uint64)
    h = np.full(bits.shape[1:], 0x9E3779B97F4A7C15, dtype=np.uint64)
    for row in bits:
        h = (h ^ row) * np.uint64(0xBF58476D1CE4E5B9)
        h ^= h >> np.uint64(31)
        h *= np.uint64(0x94D049BB133111EB)
        h ^= h >> np.uint64(29)
    return np.asarray(h >> np.uint64(11)).astype(float) * 2.0**-52 - 1


def noisy(formula, level, law="gaussian", absolute=False, seed=0):
    """f(1 + level ξ), or f + level ξ, with ξ drawn afresh at each evaluation (law "hash": a function of x)."""
    smooth, rng = plain(formula), np.random.default_rng(seed)

    def fun(x):
        x = np.asarray(x, dtype=float)
        block = x.reshape(len(x), -1)
        values = smooth(block)
        if law == "gaussian":
            xi = rng.standard_normal(values.shape)
        else:
            xi = hashed(block) if law == "hash" else rng.uniform(-1, 1, values.shape)
        values = values + level * xi * (1 if absolute else values)
        return values if x.ndim > 1 else float(values[0])

    return fun


@dataclass(frozen=True)
class Problem:
    name: str
    kind: str
    formula: Callable
    x: np.ndarray
    noise: float | None = (
        None  # relative, or absolute where the name says so; None for rounding alone
    )
    law: str = ""

    @property
    def n(self):
        return len(self.x)

    @property
    def fun(self):
        """A fresh function: the noise starts from the same seed each time."""
        if self.law == "float32":
            return single(self.formula)
        if self.noise is None:
            return plain(self.formula)
        law, _, absolute = self.law.partition(" ")
        return noisy(self.formula, self.noise, law, bool(absolute), zlib.crc32(self.name.encode()))

    @cached_property
    def exact(self):
        return exact(self.formula, self.x)

    @property
    def value(self):
        return self.exact[0]

    @property
    def gradient(self):
        return self.exact[1]

    @property
    def hessian(self):
        return self.exact[2]


def problem(name, kind, formula, x, **more):
    return Problem(name, kind, formula, np.array(x, dtype=float), **more)


def polish(formula, x, steps=8):
    """Newton's method on the exact derivatives, kept only while the gradient shrinks."""
    x = np.array(x, dtype=float)
    _, g, h = exact(formula, x)
    for _ in range(steps):
        scale = 1 / np.sqrt(np.maximum(np.abs(np.diag(h)), 1e-300))
        step = scale * np.linalg.lstsq(h * np.outer(scale, scale), -scale * g, rcond=1e-12)[0]
        _, g1, h1 = exact(formula, x + step)
        if not np.linalg.norm(g1) < np.linalg.norm(g):
            break
        x, g, h = x + step, g1, h1
    return x


@cache
def solution(p):
    """The minimiser that least squares finds from the standard start, or the published one, polished."""

    def residuals(x):
        with np.errstate(all="ignore"):
            return np.array([float(r) for r in p.residuals(list(x))])

    start = np.array(p.solution or p.start, dtype=float)
    if p.solution is None:
        start = least_squares(
            residuals, start, "3-point", xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=2000
        ).x
    x = (
        start
        if p.minima == (0,) and p.solution and not np.any(residuals(start))
        else polish(p.fun, start)
    )
    value = exact(p.fun, x)[0]
    if p.minima and not any(abs(value - m) <= 1e-5 * m + 1e-13 for m in p.minima):
        raise ValueError(f"{p.name}: f = {value:.8g} at the solution, published {p.minima}")
    return x


def smooth():
    for p in PROBLEMS:
        yield problem(f"{p.name} start", "smooth", p.fun, p.start)
        yield problem(f"{p.name} solution", "smooth", p.fun, solution(p))


def clusters():
    for name, x, _ in cluster_points():
        yield problem(name, "cluster", lennard_jones, x)


def bases():
    """(name, formula, x): what the noisy and single-precision problems are made of."""
    by_name = {p.name: p for p in PROBLEMS}
    for name in (
        "rosenbrock",
        "beale",
        "wood",
        "brown_dennis",
        "kowalik_osborne",
        "extended_rosenbrock_10",
    ):
        yield f"{name} start", by_name[name].fun, by_name[name].start
    for name in ("rosenbrock", "freudenstein_roth", "bard", "brown_dennis", "jennrich_sampson"):
        yield f"{name} solution", by_name[name].fun, solution(by_name[name])
    for name in (
        "broyden_tridiagonal_10",
        "trigonometric_10",
        "box",
        "helical_valley",
        "penalty2_10",
    ):
        yield f"{name} start", by_name[name].fun, by_name[name].start
    rng = np.random.default_rng(1)
    for n in (2, 5, 10):
        a, centre = rng.standard_normal((n, n)), rng.standard_normal(n).tolist()
        rows = (a @ a.T + np.diag(rng.choice([-3, 3], n))).tolist()

        def quadratic(x, rows=rows, centre=centre):
            d = [u - c for u, c in zip(x, centre, strict=True)]
            return 1 + sum(
                u * sum(c * v for c, v in zip(row, d, strict=True))
                for u, row in zip(d, rows, strict=True)
            )

        yield f"quadratic_{n}", quadratic, rng.standard_normal(n)
    yield (
        "exponentials",
        lambda x: sum(np.exp((i + 1) * a) for i, a in enumerate(x)),
        (0.3, -0.2, 0.1, 0.0),
    )
    yield (
        "exponential_product",
        lambda x: np.exp(x[0] * x[1] - x[2]) + np.exp(-x[0]),
        (1.0, 0.5, 0.3),
    )
    for name, x, _ in cluster_points():
        if name in ("lj4 minimum", "lj4 perturbed", "lj6 saddle"):
            yield name, lennard_jones, x


def with_noise():
    for name, formula, x in bases():
        for level in (1e-3, 1e-5, 1e-7, 1e-10):
            for law in ("gaussian", "uniform", "hash"):
                yield problem(f"{name} {law} {level:g}", "noisy", formula, x, noise=level, law=law)
        for level in (1e-2, 1e-6):
            law = "gaussian absolute"
            yield problem(f"{name} {law} {level:g}", "noisy", formula, x, noise=level, law=law)


def in_single_precision():
    for name, formula, x in bases():
        yield problem(f"{name} float32", "float32", formula, x, law="float32")
        rounded = np.asarray(x, dtype=np.float32)
        if not np.array_equal(rounded, x):
            yield problem(f"{name} float32 rounded x", "float32", formula, rounded, law="float32")


def listed(kind, make):
    return lambda: (problem(name, kind, f, x) for name, f, x in make())


GROUPS = {
    "smooth": smooth,
    "cluster": clusters,
    "noisy": with_noise,
    "float32": in_single_precision,
    "trap": listed("trap", traps),
    "hard": listed("hard", hard),
}


def all_problems(only=""):
    """Every problem of the kind `only`, or whose name contains it."""
    if only in GROUPS:
        return list(GROUPS[only]())
    return [p for make in GROUPS.values() for p in make() if only in p.name]
