"""Functions whose structure misleads step rules: flat axes, periodic terms, bad scales, edges, offsets, kinks."""

from __future__ import annotations

import itertools
import math

import numpy as np


def product(factors):
    return math.prod(factors[1:], start=factors[0])


def rastrigin(x):
    return sum(a**2 - 10 * np.cos(2 * math.pi * a) + 10 for a in x)


def ackley(x):
    n = len(x)
    waves = sum(np.cos(2 * math.pi * a) for a in x) / n
    return -20 * np.exp(-0.2 * np.sqrt(sum(a**2 for a in x) / n)) - np.exp(waves) + 20 + math.e


def matrix_product(a, b):
    return [
        [sum(u * v for u, v in zip(row, column, strict=True)) for column in zip(*b, strict=True)]
        for row in a
    ]


def deep_linear(width, depth, target=1.0):
    """‖W_depth ... W_1 - target I‖² as a function of all entries of square matrices."""

    def formula(x):
        size = width * width
        layers = [
            [x[k + i * width : k + (i + 1) * width] for i in range(width)]
            for k in range(0, depth * size, size)
        ]
        total = layers[0]
        for layer in layers[1:]:
            total = matrix_product(layer, total)
        return sum(
            (total[i][j] - (target if i == j else 0)) ** 2
            for i in range(width)
            for j in range(width)
        )

    return formula


def network(x):
    """Squared error of 3 tanh units on eight points; 9 weights."""
    data = [(k / 4 - 1, math.sin(3 * k / 4)) for k in range(8)]
    return sum(
        (sum(x[3 * u] * np.tanh(x[3 * u + 1] * t + x[3 * u + 2]) for u in range(3)) - y) ** 2
        for t, y in data
    )


def rosenbrock(x):
    return sum(100 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in itertools.pairwise(x))


def scaled(formula, scales):
    return lambda x: formula([s * a for s, a in zip(scales, x, strict=True)])


def nearby(gap):
    """A kink and a jump at this distance."""
    yield (
        f"kink at {gap:g}",
        lambda x: abs(x[0] - 0.3 + gap) + np.exp(x[0]) * x[1],
        (0.3, 0.6),
    )
    yield (
        f"jump at {gap:g}",
        lambda x: jump(x[0] - 0.3 + gap) + np.cos(x[0]) * x[1],
        (0.3, 0.6),
    )


def traps():
    """(name, formula, x)"""
    rng = np.random.default_rng(3)
    # exactly flat along every axis
    for n in (2, 3, 4, 5):
        yield f"product_{n} at 0", product, (0,) * n
        yield f"product_{n} at 1", product, (1,) * n
        yield f"one_minus_product_{n} at 0", lambda x: (1 - product(x)) ** 2, (0,) * n
        yield (
            f"one_minus_product_{n} near 0",
            lambda x: (1 - product(x)) ** 2,
            0.01 * rng.standard_normal(n),
        )
        yield (
            f"one_minus_product_{n} one axis",
            lambda x: (1 - product(x)) ** 2,
            (3,) + (0,) * (n - 1),
        )
        yield f"one_minus_product_{n} at 1", lambda x: (1 - product(x)) ** 2, (1,) * n
    yield "product of squares at 0", lambda x: x[0] ** 2 * x[1] ** 2, (0, 0)
    yield "flat axes, steep pair", lambda x: 1e6 * x[0] * x[1] + 1e-3 * x[1] * x[2], (0, 0, 0)
    yield "sin(xy) at 0", lambda x: np.sin(x[0] * x[1]), (0, 0)
    yield "exp(xy) at 0", lambda x: np.exp(x[0] * x[1]), (0, 0)
    yield "exp(1000 xy) at 0", lambda x: np.exp(1000 * x[0] * x[1]), (0, 0)
    yield "cos(x - y)", lambda x: np.cos(x[0] - x[1]), (0.4, 0.4)
    yield "function of one of three", lambda x: np.exp(x[1]) + 0 * x[0], (1, 0.5, -2)
    for width, depth in ((1, 4), (2, 2), (2, 3), (3, 2)):
        n = width * width * depth
        yield f"deep_linear_{width}x{depth} at 0", deep_linear(width, depth), (0,) * n
        yield (
            f"deep_linear_{width}x{depth} random",
            deep_linear(width, depth),
            rng.standard_normal(n),
        )
        identity = np.tile(np.eye(width).ravel(), depth)
        yield f"deep_linear_{width}x{depth} solution", deep_linear(width, depth), identity
        yield (
            f"deep_linear_{width}x{depth} half",
            deep_linear(width, depth),
            identity * (np.arange(n) < n - width**2),
        )
    yield "tanh network random", network, rng.standard_normal(9)
    yield "tanh network at 0", network, (0,) * 9
    yield "tanh network twins", network, np.tile(rng.standard_normal(3), 3)
    # degenerate
    for at in (0.0, 1e-3, 0.5):
        yield f"x2-y2+z4 at {at}", lambda x: x[0] ** 2 - x[1] ** 2 + x[2] ** 4, (at,) * 3
        yield f"x4+y4 at {at}", lambda x: x[0] ** 4 + x[1] ** 4, (at,) * 2
        yield f"x2+y4 at {at}", lambda x: x[0] ** 2 + x[1] ** 4, (at,) * 2
        yield f"x6 at {at}", lambda x: x[0] ** 6, (at,)
        yield f"monkey at {at}", lambda x: x[0] ** 3 - 3 * x[0] * x[1] ** 2, (at,) * 2
        yield f"x4y4 at {at}", lambda x: x[0] ** 4 * x[1] ** 4, (at,) * 2
    # periodic
    for name, at in (("0", 0.0), ("1", 1.0), ("half", 0.5), ("elsewhere", 0.3173), ("far", 37.25)):
        yield f"cos(2 pi x) at {name}", lambda x: np.cos(2 * math.pi * x[0]), (at,)
        yield f"rastrigin_3 at {name}", rastrigin, (at,) * 3
        if at:
            yield f"ackley_3 at {name}", ackley, (at,) * 3
        yield (
            f"waves at {name}",
            lambda x: np.sin(40 * x[0]) * np.cos(7 * x[1]) + x[0] * x[1],
            (at, at),
        )
        yield (
            f"long and short waves at {name}",
            lambda x: np.cos(x[0] / 50) + 1e-3 * np.cos(30 * x[0]),
            (at,),
        )
    # scales
    for s in (1e-6, 1e-3, 1e3, 1e6):
        point = np.array([-1.2, 1.0, 0.7]) / s
        yield f"rosenbrock_3 scale {s:g}", scaled(rosenbrock, (s,) * 3), point
        yield f"rosenbrock_2 mixed {s:g}", scaled(rosenbrock, (s, 1 / s)), (-1.2 / s, 1.0 * s)
        yield (
            f"wells mixed {s:g}",
            scaled(lambda x: np.exp(-(x[0] ** 2)) + x[0] * x[1] + np.cos(x[1]), (s, 1)),
            (0, 0.2),
        )
    for s in (1e-5, 1e5):
        yield f"cosine at 0 scale {s:g}", scaled(lambda x: np.cos(x[0]), (s,)), (0,)
        yield f"exp at 0 scale {s:g}", scaled(lambda x: np.exp(x[0]) + x[0] * x[1], (s, 1)), (0, 0)
        yield f"shifted well scale {s:g}", scaled(lambda x: 1 / (1 + (x[0] - 0.3) ** 2), (s,)), (0,)
        yield (
            f"quartic mix scale {s:g}",
            scaled(lambda x: (1 + x[0] + x[1] + x[0] * x[1]) ** 4, (s, 1)),
            (0, 0),
        )
    yield "twelve decades", scaled(rosenbrock, (1e-6, 1e-2, 1e2, 1e6)), (1.1e6, 90, 0.012, 0.8e-6)
    yield "large x, short scale", lambda x: np.sin(x[0]) + x[1] ** 2, (1e6 + 0.3, 1e6)
    yield "tiny x, long scale", lambda x: np.sin(x[0]) + np.exp(x[1]), (1e-12, -1e-9)
    # edges of the domain
    edge = 1e-3
    yield "log", lambda x: np.log(x[0]), (edge,)
    yield "log pair", lambda x: np.log(x[0]) * x[1] + np.log(x[0] + x[1]), (edge, 2e-3)
    yield (
        "barrier",
        lambda x: x[0] + x[1] - 1e-3 * (np.log(x[0]) + np.log(1 - x[0] - x[1])),
        (1e-3, 0.5),
    )
    yield "sqrt", lambda x: np.sqrt(x[0]) + np.sqrt(x[0] * x[1]), (edge, 0.5)
    yield "x log x", lambda x: sum(a * np.log(a) for a in x), (edge, 0.2, 0.798)
    yield "1/x", lambda x: 1 / x[0] + 1 / (x[1] - 0.999), (edge, 1.0)
    yield "1/x2 - 1/x", lambda x: x[0] ** -2 - 1 / x[0], (0.02,)
    yield "arcsin-like", lambda x: np.arctan(x[0] / np.sqrt(1 - x[0] ** 2)), (0.9999,)
    yield "edge 1e-8", lambda x: np.log(x[0]), (1e-8,)
    yield "log1p far", lambda x: np.log(1 + np.exp(x[0])) + np.log(x[1]), (30, 1e3)
    # offsets and magnitudes
    for offset in (1e3, 1e8, 1e12):
        yield f"rosenbrock_2 + {offset:g}", lambda x, c=offset: rosenbrock(x) + c, (-1.2, 1)
        yield f"waves + {offset:g}", lambda x, c=offset: np.sin(3 * x[0]) * x[1] + c, (0.4, 0.9)
    for s in (1e-200, 1e-30, 1e30, 1e200):
        yield f"rosenbrock_2 times {s:g}", lambda x, s=s: s * rosenbrock(x), (-1.2, 1)
    for rate in (5.0, 50.0, 300.0):
        yield f"exp({rate:g}x)", lambda x, r=rate: np.exp(r * x[0]), (1.0,)
        yield (
            f"exp({rate:g}x) pair",
            lambda x, r=rate: np.exp(r * x[0]) + x[0] * np.exp(-r * x[1]),
            (0.1, 0.2),
        )
    yield (
        "steps of different size",
        lambda x: np.exp(100 * x[0]) + np.exp(x[1] / 100) + x[0] * x[1],
        (0, 0),
    )
    yield "lorentzian", lambda x: 1 / (1 + (1e3 * (x[0] - 0.5)) ** 2) + x[0], (0.5002,)
    yield (
        "narrow gaussian on a slope",
        lambda x: np.exp(-((100 * x[0]) ** 2)) + x[0] + x[1] ** 2,
        (0.003, 1),
    )
    yield "narrow feature at 1e-3", lambda x: np.exp(-((x[0] / 1e-3) ** 2)) + np.cos(x[0]), (0.0,)
    yield "constant", lambda x: 5.0 + 0 * x[0], (1, 2, 3)
    yield "zero", lambda x: 0.0 * x[0], (0, 0)
    yield "linear", lambda x: 3 * x[0] - 2 * x[1] + 7, (1, 2)
    yield "linear 1e8", lambda x: 1e8 * x[0] - math.pi * x[1], (0.1, 1e5)
    yield "linear third", lambda x: x[0] / 3 + x[1] / 7, (0, 0)
    # kinks at a distance
    for gap in (1.0, 0.1, 0.01):
        yield from nearby(gap)
        yield f"x|x| at {gap:g}", lambda x: x[0] * abs(x[0]) + x[0] * x[1] ** 2, (gap, 1)


def hard():
    """Kinks so near that few steps fit between them and the noise."""
    for gap in (1e-3, 1e-4, 1e-5, 1e-6):
        yield from nearby(gap)
    yield "|x|^2.5 at 0", lambda x: abs(x[0]) ** 2.5 + x[1] ** 2, (0, 1)
    yield "x|x| at 0", lambda x: x[0] * abs(x[0]) + x[1] ** 2, (0.0, 1)


def jump(a):
    """1 where a > 0, else -1: a / |a| has zero derivatives on either side."""
    return a / abs(a)
