"""Residuals of the test problems of Moré, Garbow and Hillstrom (1981), ACM TOMS 7, 17-41; f is the sum of squares.

Each function takes the coordinates as a sequence and returns the list of residuals, in formulas that NumPy arrays and
`jets.Jet` both understand. `PROBLEMS` gives the standard start and, where published, the values of f at minimisers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jets import where_negative


def rosenbrock(x):
    return [r for a, b in zip(x[::2], x[1::2], strict=True) for r in (10 * (b - a**2), 1 - a)]


def freudenstein_roth(x):
    a, b = x
    return [-13 + a + ((5 - b) * b - 2) * b, -29 + a + ((b + 1) * b - 14) * b]


def powell_badly_scaled(x):
    return [1e4 * x[0] * x[1] - 1, np.exp(-x[0]) + np.exp(-x[1]) - 1.0001]


def brown_badly_scaled(x):
    return [x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2]


def beale(x):
    return [y - x[0] * (1 - x[1] ** i) for i, y in enumerate((1.5, 2.25, 2.625), 1)]


def jennrich_sampson(x):
    return [2 + 2 * i - (np.exp(i * x[0]) + np.exp(i * x[1])) for i in range(1, 11)]


def helical_valley(x):
    a, b, c = x
    angle = np.arctan(b / a) / (2 * math.pi) + where_negative(a, 0.5, 0.0)
    return [10 * (c - 10 * angle), 10 * (np.sqrt(a**2 + b**2) - 1), c]


BARD = (0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39)


def bard(x):
    return [
        y - (x[0] + u / ((16 - u) * x[1] + min(u, 16 - u) * x[2])) for u, y in enumerate(BARD, 1)
    ]


GAUSSIAN = (0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521, 0.3989)


def gaussian(x):
    data = enumerate((*GAUSSIAN, *GAUSSIAN[-2::-1]), 1)
    return [x[0] * np.exp(-x[1] * ((8 - i) / 2 - x[2]) ** 2 / 2) - y for i, y in data]


MEYER = (
    34780,
    28610,
    23650,
    19630,
    16370,
    13720,
    11540,
    9744,
    8261,
    7030,
    6005,
    5147,
    4427,
    3820,
    3307,
    2872,
)


def meyer(x):
    return [x[0] * np.exp(x[1] / (45 + 5 * i + x[2])) - y for i, y in enumerate(MEYER, 1)]


def gulf(x):
    data = [(i / 100, 25 + (-50 * math.log(i / 100)) ** (2 / 3)) for i in range(1, 100)]
    return [np.exp(-(abs(y - x[1]) ** x[2]) / x[0]) - t for t, y in data]


def box(x):
    times = [i / 10 for i in range(1, 11)]
    return [
        np.exp(-t * x[0]) - np.exp(-t * x[1]) - x[2] * (math.exp(-t) - math.exp(-10 * t))
        for t in times
    ]


def powell_singular(x):
    quadruples = zip(x[::4], x[1::4], x[2::4], x[3::4], strict=True)
    root5, root10 = math.sqrt(5), math.sqrt(10)
    return [
        r
        for a, b, c, d in quadruples
        for r in (a + 10 * b, root5 * (c - d), (b - 2 * c) ** 2, root10 * (a - d) ** 2)
    ]


def wood(x):
    a, b, c, d = x
    root10, root90 = math.sqrt(10), math.sqrt(90)
    return [
        10 * (b - a**2),
        1 - a,
        root90 * (d - c**2),
        1 - c,
        root10 * (b + d - 2),
        (b - d) / root10,
    ]


KOWALIK = (0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246)
KOWALIK_U = (4.0, 2.0, 1.0, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625)


def kowalik_osborne(x):
    data = zip(KOWALIK, KOWALIK_U, strict=True)
    return [y - x[0] * (u**2 + u * x[1]) / (u**2 + u * x[2] + x[3]) for y, u in data]


def brown_dennis(x):
    times = [i / 5 for i in range(1, 21)]
    return [
        (x[0] + t * x[1] - math.exp(t)) ** 2 + (x[2] + x[3] * math.sin(t) - math.cos(t)) ** 2
        for t in times
    ]


OSBORNE1 = (
    0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751, 0.718, 0.685, 0.658, 0.628, 0.603,
    0.580, 0.558, 0.538, 0.522, 0.506, 0.490, 0.478, 0.467, 0.457, 0.448, 0.438, 0.431, 0.424, 0.420, 0.414, 0.411,
    0.406,
)  # fmt: skip


def osborne1(x):
    data = enumerate(OSBORNE1)
    return [
        y - (x[0] + x[1] * np.exp(-10 * i * x[3]) + x[2] * np.exp(-10 * i * x[4])) for i, y in data
    ]


def biggs_exp6(x):
    data = [
        (i / 10, math.exp(-i / 10) - 5 * math.exp(-i) + 3 * math.exp(-4 * i / 10))
        for i in range(1, 14)
    ]
    return [
        x[2] * np.exp(-t * x[0]) - x[3] * np.exp(-t * x[1]) + x[5] * np.exp(-t * x[4]) - y
        for t, y in data
    ]


OSBORNE2 = (
    1.366, 1.191, 1.112, 1.013, 0.991, 0.885, 0.831, 0.847, 0.786, 0.725, 0.746, 0.679, 0.608, 0.655, 0.616, 0.606,
    0.602, 0.626, 0.651, 0.724, 0.649, 0.649, 0.694, 0.644, 0.624, 0.661, 0.612, 0.558, 0.533, 0.495, 0.500, 0.423,
    0.395, 0.375, 0.372, 0.391, 0.396, 0.405, 0.428, 0.429, 0.523, 0.562, 0.607, 0.653, 0.672, 0.708, 0.633, 0.668,
    0.645, 0.632, 0.591, 0.559, 0.597, 0.625, 0.739, 0.710, 0.729, 0.720, 0.636, 0.581, 0.428, 0.292, 0.162, 0.098,
    0.054,
)  # fmt: skip


def osborne2(x):
    def peak(t, height, width, centre):
        return height * np.exp(-((t - centre) ** 2) * width)

    return [
        y
        - x[0] * np.exp(-i / 10 * x[4])
        - sum(peak(i / 10, x[k], x[4 + k], x[7 + k]) for k in (1, 2, 3))
        for i, y in enumerate(OSBORNE2)
    ]


def watson(x):
    def residual(t):
        slope = sum(j * a * t ** (j - 1) for j, a in enumerate(x[1:], 1))
        return slope - sum(a * t**j for j, a in enumerate(x)) ** 2 - 1

    return [residual(i / 29) for i in range(1, 30)] + [x[0], x[1] - x[0] ** 2 - 1]


def penalty1(x):
    return [math.sqrt(1e-5) * (a - 1) for a in x] + [sum(a**2 for a in x) - 0.25]


def penalty2(x):
    n, root = len(x), math.sqrt(1e-5)
    e = [np.exp(a / 10) for a in x]
    pairs = [
        root * (e[i] + e[i - 1] - (math.exp((i + 1) / 10) + math.exp(i / 10))) for i in range(1, n)
    ]
    singles = [root * (e[i] - math.exp(-1 / 10)) for i in range(1, n)]
    return [x[0] - 0.2, *pairs, *singles, sum((n - j) * a**2 for j, a in enumerate(x)) - 1]


def variably_dimensioned(x):
    s = sum(j * (a - 1) for j, a in enumerate(x, 1))
    return [a - 1 for a in x] + [s, s**2]


def trigonometric(x):
    cosines = [np.cos(a) for a in x]
    rest = len(x) - sum(cosines)
    return [
        rest + i * (1 - c) - np.sin(a) for i, (a, c) in enumerate(zip(x, cosines, strict=True), 1)
    ]


def brown_almost_linear(x):
    n, s = len(x), sum(x)
    return [a + s - (n + 1) for a in x[:-1]] + [math.prod(x[1:], start=x[0]) - 1]


def discrete_boundary_value(x):
    n, h = len(x), 1 / (len(x) + 1)
    y = [0.0, *x, 0.0]
    return [
        2 * y[i] - y[i - 1] - y[i + 1] + h**2 * (y[i] + i * h + 1) ** 3 / 2 for i in range(1, n + 1)
    ]


def discrete_integral(x):
    n, h = len(x), 1 / (len(x) + 1)
    t = [i * h for i in range(1, n + 1)]
    cubes = [(a + s + 1) ** 3 for a, s in zip(x, t, strict=True)]

    def residual(i):
        below = sum(t[j] * cubes[j] for j in range(i + 1))
        above = sum((1 - t[j]) * cubes[j] for j in range(i + 1, n))
        return x[i] + h * ((1 - t[i]) * below + t[i] * above) / 2

    return [residual(i) for i in range(n)]


def broyden_tridiagonal(x):
    y = [0.0, *x, 0.0]
    return [(3 - 2 * y[i]) * y[i] - y[i - 1] - 2 * y[i + 1] + 1 for i in range(1, len(x) + 1)]


def broyden_banded(x):
    def band(i):
        return sum(x[j] * (1 + x[j]) for j in range(max(0, i - 5), min(len(x), i + 2)) if j != i)

    return [a * (2 + 5 * a**2) + 1 - band(i) for i, a in enumerate(x)]


def linear_full_rank(x):
    m = 2 * len(x)
    mean = 2 / m * sum(x) + 1
    return [a - mean for a in x] + [-mean] * (m - len(x))


def linear_rank_one(x):
    s = sum(j * a for j, a in enumerate(x, 1))
    return [i * s - 1 for i in range(1, 2 * len(x) + 1)]


def linear_rank_one_zero_columns(x):
    s = sum(j * a for j, a in enumerate(x[1:-1], 2))
    return [i * s - 1 for i in range(2 * len(x) - 1)] + [-1.0]


def chebyquad(x):
    n, sums = len(x), []
    for a in x:
        z = 2 * a - 1
        older, newer, column = 1.0, z, [z]
        for _ in range(n - 1):
            older, newer = newer, 2 * z * newer - older
            column.append(newer)
        sums.append(column)
    means = [sum(column[i] for column in sums) / n for i in range(n)]
    return [mean - (0 if i % 2 else -1 / (i**2 - 1)) for i, mean in enumerate(means, 1)]


@dataclass(frozen=True)
class Standard:
    """A problem at its standard start; `minima` are published values of f, `solution` a known minimiser or a guess."""

    name: str
    residuals: object
    start: tuple
    minima: tuple = ()
    solution: tuple | None = None

    def fun(self, x):
        return sum(r**2 for r in self.residuals(x))


def _problems():
    yield Standard("rosenbrock", rosenbrock, (-1.2, 1), (0,), (1, 1))
    yield Standard("freudenstein_roth", freudenstein_roth, (0.5, -2), (0, 48.9842))
    yield Standard("powell_badly_scaled", powell_badly_scaled, (0, 1), (0,), (1.098e-5, 9.106))
    yield Standard("brown_badly_scaled", brown_badly_scaled, (1, 1), (0,), (1e6, 2e-6))
    yield Standard("beale", beale, (1, 1), (0,), (3, 0.5))
    yield Standard("jennrich_sampson", jennrich_sampson, (0.3, 0.4), (124.362,))
    yield Standard("helical_valley", helical_valley, (-1, 0, 0), (0,), (1, 0, 0))
    yield Standard("bard", bard, (1, 1, 1), (8.21487e-3,))
    yield Standard("gaussian", gaussian, (0.4, 1, 0), (1.12793e-8,))
    yield Standard("meyer", meyer, (0.02, 4000, 250), (87.9458,), (5.6096e-3, 6181.35, 345.224))
    yield Standard("gulf", gulf, (5, 2.5, 0.15), (0,), (50, 25, 1.5))
    yield Standard("box", box, (0, 10, 20), (0,), (1, 10, 1))
    yield Standard("powell_singular", powell_singular, (3, -1, 0, 1), (0,), (0, 0, 0, 0))
    yield Standard("wood", wood, (-3, -1, -3, -1), (0,), (1, 1, 1, 1))
    yield Standard("kowalik_osborne", kowalik_osborne, (0.25, 0.39, 0.415, 0.39), (3.07505e-4,))
    yield Standard("brown_dennis", brown_dennis, (25, 5, -5, -1), (85822.2,))
    yield Standard("osborne1", osborne1, (0.5, 1.5, -1, 0.01, 0.02), (5.46489e-5,))
    yield Standard(
        "biggs_exp6", biggs_exp6, (1, 2, 1, 1, 1, 1), (0, 5.65565e-3), (1, 10, 1, 5, 4, 3)
    )
    yield Standard(
        "osborne2", osborne2, (1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5), (4.01377e-2,)
    )
    for n, best in ((6, 2.28767e-3), (9, 1.39976e-6), (12, 4.72238e-10)):
        yield Standard(f"watson_{n}", watson, (0,) * n, (best,))
    for n in (10, 30, 50, 100):
        yield Standard(f"extended_rosenbrock_{n}", rosenbrock, (-1.2, 1) * (n // 2), (0,), (1,) * n)
    yield Standard("extended_powell_20", powell_singular, (3, -1, 0, 1) * 5, (0,), (0,) * 20)
    for n, best in ((4, 2.24997e-5), (10, 7.08765e-5)):
        yield Standard(f"penalty1_{n}", penalty1, tuple(range(1, n + 1)), (best,))
    for n, best in ((4, 9.37629e-6), (10, 2.93660e-4)):
        yield Standard(f"penalty2_{n}", penalty2, (0.5,) * n, (best,))
    for n in (10, 20):
        start = tuple(1 - j / n for j in range(1, n + 1))
        yield Standard(f"variably_dimensioned_{n}", variably_dimensioned, start, (0,), (1,) * n)
    yield Standard("trigonometric_10", trigonometric, (0.1,) * 10, (0, 2.79506e-5))
    yield Standard("brown_almost_linear_10", brown_almost_linear, (0.5,) * 10, (0, 1), (1,) * 10)
    for n in (10, 30):
        t = [i / (n + 1) for i in range(1, n + 1)]
        start = tuple(s * (s - 1) for s in t)
        yield Standard(f"discrete_boundary_value_{n}", discrete_boundary_value, start, (0,))
        yield Standard(f"discrete_integral_{n}", discrete_integral, start, (0,))
    for n in (10, 100):
        yield Standard(f"broyden_tridiagonal_{n}", broyden_tridiagonal, (-1,) * n, (0,))
    for n in (10, 30):
        yield Standard(f"broyden_banded_{n}", broyden_banded, (-1,) * n, (0,))
    yield Standard("linear_full_rank_10", linear_full_rank, (1,) * 10, (10,))
    yield Standard("linear_rank_one_10", linear_rank_one, (1,) * 10, (20 * 19 / (2 * 41),))
    m = 20
    best = (m**2 + 3 * m - 6) / (2 * (2 * m - 3))
    yield Standard(
        "linear_rank_one_zero_columns_10", linear_rank_one_zero_columns, (1,) * 10, (best,)
    )
    for n, best in ((7, 0), (8, 3.51687e-3), (9, 0), (10, 6.50395e-3)):
        start = tuple(j / (n + 1) for j in range(1, n + 1))
        yield Standard(f"chebyquad_{n}", chebyquad, start, (best, 4.77271e-3))


PROBLEMS = tuple(_problems())
