"""Critical points of known inertia for `verdicts.py`, noiseless and noisy."""

from __future__ import annotations

import itertools
import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from clusters import cluster_points, lennard_jones
from jets import exact
from more_garbow_hillstrom import PROBLEMS
from problems import noisy, plain, single, solution
from traps import ackley, deep_linear, network, product, rastrigin


@dataclass(frozen=True)
class Point:
    """x with the true inertia (negative, zero, positive) of the Hessian; zero_modes are part of the zeros."""

    name: str
    formula: Callable
    x: np.ndarray
    inertia: tuple[int, int, int]
    zero_modes: int = 0
    noise: float | None = None
    law: str = ""
    critical: bool = True

    @property
    def fun(self):
        if self.law == "float32":
            return single(self.formula)
        if self.noise is None:
            return plain(self.formula)
        return noisy(self.formula, self.noise, self.law, seed=zlib.crc32(self.name.encode()))

    @cached_property
    def exact(self):
        return exact(self.formula, self.x)

    @property
    def gtol(self):
        """The default, beyond the gradient that is left because x is a double-precision number."""
        return 1e-5 + (10 * float(np.linalg.norm(self.exact[1])) if self.critical else 0)

    @property
    def degenerate(self):
        return self.inertia[1] > self.zero_modes

    @cached_property
    def smallest(self):
        """Smallest |λ| over the largest after equilibration, zero modes left out."""
        return float(spectrum(self.exact[2], self.zero_modes)[0])


def spectrum(h, zero_modes=0):
    """Sorted |λ| / max |λ| of the equilibrated Hessian (as it is where zero modes fix the metric)."""
    if not zero_modes:
        d = np.ones(len(h))
        for _ in range(50):
            rows = np.abs(h * np.outer(d, d)).max(axis=1)
            d = d / np.sqrt(np.where(rows > 0, rows, 1))
        h = h * np.outer(d, d)
    values = np.sort(np.abs(np.linalg.eigvalsh(h)))
    return values[zero_modes:] / (values[-1] or 1)


def inertia_of(h, tolerance=1e-11):
    d = np.sqrt(np.where(np.diag(h) != 0, np.abs(np.diag(h)), 1))
    values = np.linalg.eigvalsh(h / np.outer(d, d))
    flat = tolerance * max(np.abs(values).max(), 1e-300)
    return (
        int(np.sum(values < -flat)),
        int(np.sum(np.abs(values) <= flat)),
        int(np.sum(values > flat)),
    )


def point(name, formula, x, inertia=None, **more):
    x = np.array(x, dtype=float)
    return Point(name, formula, x, inertia or inertia_of(exact(formula, x)[2]), **more)


def dot(a, b):
    return sum(u * v for u, v in zip(a, b, strict=True))


def quadratic(h, centre, constant=1.0, cubic=None, quartic=0.0):
    rows, centre = np.asarray(h).tolist(), np.asarray(centre).tolist()

    def formula(x):
        d = [a - c for a, c in zip(x, centre, strict=True)]
        value = constant + sum(u * dot(row, d) for u, row in zip(d, rows, strict=True)) / 2
        if cubic is not None:
            value = value + dot(
                cubic, [u * v * w for u, v, w in zip(d, d[1:] + d[:1], d[2:] + d[:2], strict=True)]
            )
            value = value + quartic * sum(u**2 for u in d) ** 2
        return value

    return formula


def with_spectrum(rng, values):
    q = np.linalg.qr(rng.standard_normal((len(values), len(values))))[0]
    h = (q * values) @ q.T
    return (h + h.T) / 2


def signs_of(values):
    return int(np.sum(np.asarray(values) < 0)), 0, int(np.sum(np.asarray(values) > 0))


def random_spectrum(rng, n, smallest):
    """Magnitudes from `smallest` to 1; half of the draws are definite."""
    values = smallest ** rng.uniform(0, 1, n)
    values[rng.permutation(n)[:2]] = (1, smallest) if n > 1 else 1
    kind = rng.integers(4)
    return values * (1 if kind == 0 else -1 if kind == 1 else rng.choice([-1, 1], n))


def polynomials(rng):
    for k in range(80):
        n = int(rng.integers(2, 9))
        values = random_spectrum(rng, n, 1e-2)
        cubic, quartic = rng.standard_normal(n).tolist(), float(rng.uniform(0, 2))
        at = rng.standard_normal(n) if k % 2 else np.zeros(n)
        yield point(
            f"polynomial {k}",
            quadratic(with_spectrum(rng, values), at, 1.0, cubic, quartic),
            at,
            signs_of(values),
        )


def quadratics(rng):
    for k in range(64):
        n, smallest = (
            int(rng.integers(2, 16)),
            (1e-1, 1e-3, 2e-5, 1.2e-5, 1e-6, 1e-8, 1e-10, 1e-12)[k % 8],
        )
        values = random_spectrum(rng, n, smallest)
        at = rng.standard_normal(n) if k % 2 else np.zeros(n)
        f = quadratic(with_spectrum(rng, values), at, (0.0, 1.0, -7.0)[k % 3])
        yield point(f"quadratic {k} smallest {smallest:g}", f, at, signs_of(values))
    for k in range(48):
        n, decades = int(rng.integers(2, 11)), (4, 8, 12)[k % 3]
        values = random_spectrum(rng, n, (0.1, 1e-3, 2e-5, 1e-7)[k % 4])
        scales = (
            2.0 ** np.round(rng.uniform(-decades / 2, decades / 2, n) * math.log2(10))
        ).tolist()
        at = np.round(rng.standard_normal(n), 3)
        cubic = rng.standard_normal(n).tolist() if k % 2 else None
        inner = quadratic(with_spectrum(rng, values), at, 1.0, cubic, 0.5)

        def formula(x, inner=inner, scales=scales):
            return inner([s * a for s, a in zip(scales, x, strict=True)])

        yield point(
            f"congruence {k} over {decades} decades", formula, at / scales, signs_of(values)
        )
    for k in range(12):
        n, flat = int(rng.integers(3, 9)), int(rng.integers(1, 3))
        values = np.concatenate([random_spectrum(rng, n - flat, 0.1), np.zeros(flat)])
        negative, _, positive = signs_of(values)
        f = quadratic(with_spectrum(rng, values), np.zeros(n), 1.0)
        yield point(
            f"flat quadratic {k} modes given",
            f,
            np.zeros(n),
            (negative, flat, positive),
            zero_modes=flat,
        )
        yield point(f"flat quadratic {k}", f, np.zeros(n), (negative, flat, positive))


def cluster_cases():
    for name, x, index in cluster_points():
        if index is not None:
            zero_modes = 5 if name in ("lj2 minimum", "lj3 linear") else 6
            inertia = (index, zero_modes, x.size - zero_modes - index)
            yield point(name, lennard_jones, x, inertia, zero_modes=zero_modes)
            yield point(f"{name}, modes not given", lennard_jones, x, inertia)


def networks(rng):
    for width, depth in ((1, 2), (1, 3), (1, 4), (2, 2), (2, 3), (3, 2)):
        f, size = deep_linear(width, depth), width * width
        n = size * depth
        solution_modes = size * (depth - 1)
        identity = np.tile(np.eye(width).ravel(), depth)
        yield point(f"deep_linear_{width}x{depth} at 0", f, np.zeros(n))
        yield point(f"deep_linear_{width}x{depth} solution", f, identity)
        yield point(
            f"deep_linear_{width}x{depth} solution, modes given",
            f,
            identity,
            zero_modes=solution_modes,
        )
        if (
            width > 1
        ):  # one singular value learnt, the others at zero: a strict saddle for two layers
            one = np.tile(np.diag([1.0] + [0.0] * (width - 1)).ravel(), depth)
            yield point(f"deep_linear_{width}x{depth} rank one", f, one)
    for k in range(4):
        w = np.tile([0.0, *rng.standard_normal(1), 0.0], 3)  # dead units: no output weight
        yield point(f"tanh network dead {k}", network_through(w), np.zeros(9))


def network_through(w):
    """The tanh network less its linear part at w, so that w becomes the critical point 0."""
    slope = exact(network, w)[1].tolist()
    w = w.tolist()
    return lambda d: network([a + b for a, b in zip(w, d, strict=True)]) - dot(d, slope)


def known(rng):
    for p in PROBLEMS:
        x = solution(p)
        if len(x) <= 30 and spectrum(exact(p.fun, x)[2])[0] > 1e-12:
            yield point(f"{p.name} solution", p.fun, x)
    for n in (1, 2, 4):
        yield point(f"rastrigin_{n} at 0", rastrigin, np.zeros(n), (0, 0, n))
    for f, name in ((rastrigin, "rastrigin"), (ackley, "ackley")):
        at = stationary(f, np.array([0.5, 0.9]))
        yield point(f"{name} stationary", f, at)

    def wells(x):
        return sum((a**2 - 1) ** 2 for a in x) + 0.1 * sum(a * b for a, b in itertools.pairwise(x))

    for k in range(12):
        n = int(rng.integers(2, 7))
        yield point(f"coupled wells {k}", wells, stationary(wells, rng.choice([-1.0, 0.0, 1.0], n)))

    def himmelblau(x):
        return (x[0] ** 2 + x[1] - 11) ** 2 + (x[0] + x[1] ** 2 - 7) ** 2

    for k, at in enumerate(
        ((3, 2), (-2.8, 3.1), (-3.8, -3.3), (3.6, -1.8), (-0.27, -0.92), (3.4, 0.07), (0.09, 2.9))
    ):
        yield point(
            f"himmelblau {k}", himmelblau, stationary(himmelblau, np.array(at, dtype=float))
        )


def stationary(f, x):
    for _ in range(20):
        _, g, h = exact(f, x)
        x = x - np.linalg.solve(h, g)
    return x


def degenerate(rng):
    def one_minus(x):
        return (1 - product(x)) ** 2

    z2, z3 = (0, 0), (0, 0, 0)
    yield point("x4", lambda x: x[0] ** 4, (0,), (0, 1, 0))
    yield point("x3", lambda x: x[0] ** 3, (0,), (0, 1, 0))
    yield point("-x4 - y4", lambda x: -(x[0] ** 4) - x[1] ** 4, z2, (0, 2, 0))
    yield point("x6 + y2", lambda x: x[0] ** 6 + x[1] ** 2, z2, (0, 1, 1))
    yield point("x2 + y4", lambda x: x[0] ** 2 + x[1] ** 4, z2, (0, 1, 1))
    yield point("x2 - y4", lambda x: x[0] ** 2 - x[1] ** 4, z2, (0, 1, 1))
    yield point("x2 + y3", lambda x: x[0] ** 2 + x[1] ** 3, z2, (0, 1, 1))
    yield point("monkey", lambda x: x[0] ** 3 - 3 * x[0] * x[1] ** 2, z2, (0, 2, 0))
    yield point("xyz", product, z3, (0, 3, 0))
    for n in (3, 4):
        yield point(f"one_minus_product_{n} at 0", one_minus, (0,) * n, (0, n, 0))
    yield point("one_minus_product_2 at 1", one_minus, (1, 1), (0, 1, 1))
    yield point("x2 - y2 + z4", lambda x: x[0] ** 2 - x[1] ** 2 + x[2] ** 4, z3, (1, 1, 1))
    yield point("x2 - y2 - z4", lambda x: x[0] ** 2 - x[1] ** 2 - x[2] ** 4, z3, (1, 1, 1))
    yield point("xy + z3", lambda x: x[0] * x[1] + x[2] ** 3, z3, (1, 1, 1))
    yield point("x2y2", lambda x: x[0] ** 2 * x[1] ** 2, z2, (0, 2, 0))
    yield point(
        "(y - x2)(y - 3x2)", lambda x: (x[1] - x[0] ** 2) * (x[1] - 3 * x[0] ** 2), z2, (0, 1, 1)
    )
    yield point("(x - y)2", lambda x: (x[0] - x[1]) ** 2, (0.3, 0.3), (0, 1, 1))
    yield point("flat axis", lambda x: x[0] ** 2 + 0 * x[1], (0, 5), (0, 1, 1))
    yield point("constant", lambda x: 3 + 0 * x[0], (1, 2), (0, 2, 0))
    yield point("ridge exp(-(x+y)2)", lambda x: np.exp(-((x[0] + x[1]) ** 2)), (1, -1), (1, 1, 0))
    powell = next(p for p in PROBLEMS if p.name == "powell_singular")
    yield point("powell_singular", powell.fun, (0,) * 4, (0, 2, 2))
    for k in range(12):
        n = int(rng.integers(2, 6))
        q = np.linalg.qr(rng.standard_normal((n, n)))[0].tolist()
        signs = rng.choice([-1, 1], n).tolist()
        powers = [4 if i == 0 else int(p) for i, p in enumerate(rng.choice([2, 2, 4], n))]
        at = rng.standard_normal(n).tolist() if k % 2 else [0.0] * n

        def rotated(x, q=q, signs=signs, powers=powers, at=at):
            d = [a - c for a, c in zip(x, at, strict=True)]
            turned = [dot(row, d) for row in q]
            return sum(s * u**p for s, u, p in zip(signs, turned, powers, strict=True))

        negative = sum(s < 0 for s, p in zip(signs, powers, strict=True) if p == 2)
        flat = sum(p > 2 for p in powers)
        yield point(f"rotated powers {k}", rotated, at, (negative, flat, n - negative - flat))


def not_critical(rng):
    for k in range(24):
        n, slope = int(rng.integers(1, 7)), (1.0, 1e-2, 1e-3)[k % 3]
        h, direction = with_spectrum(rng, random_spectrum(rng, n, 0.1)), rng.standard_normal(n)
        tilt = (slope * direction / np.linalg.norm(direction)).tolist()
        inner = quadratic(h, np.zeros(n), 1.0, rng.standard_normal(n).tolist(), 0.3)

        def formula(x, inner=inner, tilt=tilt):
            return inner(x) + dot(tilt, x)

        yield point(f"slope {slope:g} {k}", formula, np.zeros(n), critical=False)


def critical_points(only=""):
    rng = np.random.default_rng(7)
    smooth = [
        *polynomials(rng),
        *quadratics(rng),
        *cluster_cases(),
        *networks(rng),
        *known(rng),
        *degenerate(rng),
    ]
    smooth += not_critical(rng)
    out = list(smooth)
    for k, p in enumerate(smooth):
        if len(p.x) > 15:
            continue
        for i, (level, law) in enumerate(
            ((1e-3, "gaussian"), (1e-5, "hash"), (1e-7, "uniform"), (1e-10, "gaussian"))
        ):
            if (k + i) % 2 == 0:
                out.append(replace(p, name=f"{p.name} {law} {level:g}", noise=level, law=law))
        if k % 4 == 0:
            out.append(replace(p, name=f"{p.name} float32", law="float32"))
    return [p for p in out if only in p.name]
