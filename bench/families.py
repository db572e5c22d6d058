"""Families of functions that people have, drawn at random, for `coverage.py`.

A family is `draw(rng, n) -> formula, u`: a formula in a sequence of n coordinates (arrays, floats, jets alike) and a point
of interest. `FAMILIES` names them all; nothing is chosen so that a rule of steps suits it.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

FAMILIES = {}
FEWEST = {}


def family(fewest=1):
    def register(draw):
        FAMILIES[draw.__name__] = draw
        FEWEST[draw.__name__] = fewest
        return draw

    return register


def dot(a, b):
    return sum(u * v for u, v in zip(a, b, strict=True))


def softplus(u):
    plain = isinstance(u, (float, np.ndarray, np.floating))
    return np.logaddexp(0.0, u) if plain else softplus_of(u)


def softplus_of(u):
    return (u.exp() + 1).log() if u.v < 0 else u + ((-u).exp() + 1).log()


def directions(rng, m, n):
    return rng.standard_normal((m, n)).tolist()


def signs(rng, m):
    return rng.choice([-1.0, 1.0], m).tolist()


def weights(rng, m):
    return (rng.choice([-1.0, 1.0], m) * rng.uniform(0.2, 2, m)).tolist()


def sums_of_ridges(profile, positive=False):
    def draw(rng, n):
        m = int(rng.integers(n, 2 * n + 3))
        a, b = directions(rng, m, n), rng.standard_normal(m).tolist()
        c = rng.uniform(0.2, 2, m).tolist() if positive else weights(rng, m)

        def formula(x):
            return sum(w * profile(dot(row, x) + s) for w, row, s in zip(c, a, b, strict=True))

        return formula, rng.standard_normal(n)

    return draw


def logcosh(u):
    return softplus(2 * u) - u


RIDGES = {
    "hyperbolas": lambda u: np.sqrt(1 + u**2),
    "logcosh_ridges": logcosh,
    "lorentzians": lambda u: 1 / (1 + u**2),
    "bells": lambda u: np.exp(-(u**2)),
    "arctans": np.arctan,
    "tanhs": np.tanh,
    "logistics": lambda u: 1 / (1 + np.exp(-u)),
    "heavy_tails": lambda u: np.log(1 + u**2),
    "waves": np.cos,
    "exponentials": lambda u: np.exp(0.5 * u),
    "cubes": lambda u: u**3,
    "quarters": lambda u: u**4 - u**2,
    "wavelets": lambda u: np.exp(-(u**2)) * np.cos(5 * u),
    "damped_ridges": lambda u: u**2 / (1 + 0.3 * u**4),
}
for _name, _profile in RIDGES.items():
    FAMILIES[_name], FEWEST[_name] = sums_of_ridges(_profile), 1


@family()
def quadratics(rng, n):
    q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    values = 10.0 ** rng.uniform(-6, 0, n) * rng.choice([-1.0, 1.0], n)
    rows, at = ((q * values) @ q.T).tolist(), rng.standard_normal(n).tolist()

    def formula(x):
        d = [a - c for a, c in zip(x, at, strict=True)]
        return sum(u * dot(row, d) for u, row in zip(d, rows, strict=True)) / 2

    return formula, np.array(at)


@family()
def polynomials(rng, n):
    inner, at = quadratics(rng, n)
    a, b = directions(rng, 2, n)

    def formula(x):
        d = [u - c for u, c in zip(x, at.tolist(), strict=True)]
        return inner(x) + 0.3 * dot(a, d) ** 3 + 0.2 * dot(b, d) ** 4

    return formula, at


@family()
def logistic_likelihood(rng, n):
    m = 4 * n + 8
    z, beta = rng.standard_normal((m, n)), rng.standard_normal(n)
    share = (1 / (1 + np.exp(-z @ beta))).tolist()
    rows = z.tolist()

    def formula(x):
        return sum(
            softplus(eta) - s * eta
            for eta, s in zip((dot(row, x) for row in rows), share, strict=True)
        )

    return formula, beta


@family()
def poisson_likelihood(rng, n):
    m = 3 * n + 6
    z, beta = rng.standard_normal((m, n)) / math.sqrt(n), rng.standard_normal(n)
    count, rows = np.exp(z @ beta).tolist(), z.tolist()

    def formula(x):
        etas = (dot(row, x) for row in rows)
        return sum(np.exp(eta) - k * eta for eta, k in zip(etas, count, strict=True))

    return formula, beta


@family(2)
def normal_likelihood(rng, n):
    """Means and the logarithm of a deviation, the last coordinate."""
    y = (rng.standard_normal((n - 1, 12)) + rng.standard_normal((n - 1, 1))).tolist()
    mean = [sum(row) / 12 for row in y]
    rest = sum((v - m) ** 2 for row, m in zip(y, mean, strict=True) for v in row)

    def formula(x):
        squares = sum((v - a) ** 2 for row, a in zip(y, x[:-1], strict=True) for v in row)
        return 12 * (n - 1) * x[-1] + 0.5 * squares * np.exp(-2 * x[-1])

    return formula, np.array([*mean, 0.5 * math.log(rest / (12 * (n - 1)))])


@family(2)
def student_likelihood(rng, n):
    z, y = rng.standard_normal((5 * n, n)), rng.standard_t(3, 5 * n)
    rows, values = z.tolist(), y.tolist()

    def formula(x):
        return sum(
            2 * np.log(1 + (v - dot(row, x)) ** 2 / 3) for v, row in zip(values, rows, strict=True)
        )

    return formula, np.linalg.lstsq(z, y)[0]


@family(3)
def garch_likelihood(rng, n):
    """A recursion for the variance, driven by n - 2 levels."""
    y2 = (rng.standard_normal(24) ** 2).tolist()

    def formula(x):
        h, total = 1.0 + 0 * x[0], 0.0
        for k, v in enumerate(y2):
            h = (
                np.exp(x[2 + k % (n - 2)])
                + v * 0.3 / (1 + np.exp(-x[0]))
                + h * 0.6 / (1 + np.exp(-x[1]))
            )
            total = total + 0.5 * (np.log(h) + v / h)
        return total

    return formula, 0.3 * rng.standard_normal(n)


@family(2)
def mixtures(rng, n):
    """Likelihood of a mixture of two normals whose means are sums of the coordinates."""
    y = np.concatenate([rng.normal(-2, 1, 8), rng.normal(2, 1, 8)]).tolist()
    a, b = directions(rng, 2, n)

    def formula(x):
        left, right = dot(a, x) - 2, dot(b, x) + 2
        far = sum(u**2 for u in x)
        return 0.1 * far - sum(
            np.log(0.5 * np.exp(-((v - left) ** 2) / 2) + 0.5 * np.exp(-((v - right) ** 2) / 2))
            for v in y
        )

    return formula, 0.2 * rng.standard_normal(n)


def fits(model, fewest):
    """Least squares of a model in t, with noise in its data, near the parameters that made them."""

    def draw(rng, n):
        t = np.linspace(0.1, 3, 4 * n + 4)
        true = rng.uniform(0.5, 2, n)
        y = np.array([model(true.tolist(), s) for s in t])
        y = (y * (1 + 0.05 * rng.standard_normal(t.size))).tolist()

        def formula(x):
            return sum((v - model(x, s)) ** 2 for v, s in zip(y, t.tolist(), strict=True))

        return formula, true

    return draw, fewest


FITS = {
    "exponential_fits": (
        lambda p, t: sum(p[k] * np.exp(-(p[k + 1] if k + 1 < len(p) else 0.3) * t) for k in range(0, len(p), 2)), 2
    ),
    "saturation_fits": (
        lambda p, t: sum(p[k] * t / ((p[k + 1] if k + 1 < len(p) else 1.0) + t) for k in range(0, len(p), 2)), 2
    ),
    "peak_fits": (
        lambda p, t: sum(np.exp(-((t - a) ** 2) * 2) for a in p[1:]) * p[0], 2
    ),
    "growth_fits": (lambda p, t: p[0] / (1 + sum(p[1:]) * np.exp(-p[-1] * t)), 2),
    "power_fits": (lambda p, t: p[0] * np.exp(p[1] * math.log(t)) + sum(p[2:]) * t, 2),
    "wave_fits": (lambda p, t: p[0] * np.sin(3 * p[1] * t) + sum(a * t**k for k, a in enumerate(p[2:])), 2),
}  # fmt: skip
for _name, (_model, _fewest) in FITS.items():
    FAMILIES[_name], FEWEST[_name] = fits(_model, _fewest)


@family()
def wells(rng, n):
    m = 3
    at, depth = rng.standard_normal((m, n)), rng.uniform(0.5, 2, m).tolist()
    centres = at.tolist()

    def formula(x):
        return -sum(
            d * np.exp(-sum((a - b) ** 2 for a, b in zip(x, c, strict=True)) / 2)
            for d, c in zip(depth, centres, strict=True)
        )

    return formula, at[0] + 0.3 * rng.standard_normal(n)


@family()
def enveloped_quadratics(rng, n):
    inner, at = quadratics(rng, n)
    at = at.tolist()

    def formula(x):
        return inner(x) * np.exp(-sum((a - b) ** 2 for a, b in zip(x, at, strict=True)))

    return formula, np.array(at)


@family()
def rastrigins(rng, n):
    def formula(x):
        return sum(a**2 - 10 * np.cos(2 * math.pi * a) for a in x) + 10 * n

    return formula, rng.choice([0.0, 0.5, 1.0], n) + 0.01 * rng.standard_normal(n)


@family()
def griewanks(rng, n):
    def formula(x):
        waves = 1.0
        for k, a in enumerate(x):
            waves = waves * np.cos(a / math.sqrt(k + 1))
        return sum(a**2 for a in x) / 4000 - waves + 1

    return formula, 3 * rng.standard_normal(n)


@family()
def ackleys(rng, n):
    def formula(x):
        mean = sum(np.cos(2 * math.pi * a) for a in x) / n
        return -20 * np.exp(-0.2 * np.sqrt(sum(a**2 for a in x) / n)) - np.exp(mean)

    return formula, rng.choice([0.5, 1.0], n) + 0.1 * rng.standard_normal(n)


@family(2)
def rosenbrocks(rng, n):
    def formula(x):
        return sum(100 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in itertools.pairwise(x))

    return formula, np.ones(n) + 0.1 * rng.standard_normal(n) * rng.integers(2)


@family(2)
def products_of_waves(rng, n):
    k, phase = rng.uniform(0.5, 3, n).tolist(), rng.uniform(0, 6, n).tolist()

    def formula(x):
        value = 1.0
        for a, b, c in zip(x, k, phase, strict=True):
            value = value * (1.5 + np.cos(b * a + c))
        return value

    return formula, rng.standard_normal(n)


@family(2)
def couplings(rng, n):
    """Quadratic along each axis, coupled on a length of their own."""
    k, size = float(rng.uniform(2, 20)), float(10 ** rng.uniform(-3, 0))

    def formula(x):
        return sum(a**2 for a in x) + size * sum(
            np.sin(k * a * b) for a, b in itertools.pairwise(x)
        )

    return formula, 0.3 * rng.standard_normal(n) * rng.integers(2)


@family(2)
def products(rng, n):
    def formula(x):
        value = x[0]
        for a in x[1:]:
            value = value * a
        return (1 - value) ** 2

    return formula, rng.choice([-1.0, 1.0], n) * rng.uniform(0.5, 1.5, n)


@family(4)
def factorisations(rng, n):
    """(u vᵀ - A)², u and v the halves of the coordinates."""
    m = n // 2
    a = rng.standard_normal((m, n - m)).tolist()

    def formula(x):
        return sum((x[i] * x[m + j] - a[i][j]) ** 2 for i in range(m) for j in range(n - m))

    return formula, rng.standard_normal(n)


@family(3)
def networks(rng, n):
    t = np.linspace(-1, 1, 10).tolist()
    y = np.sin(3 * np.array(t)).tolist()

    def formula(x):
        def output(s):
            units = range(0, n - n % 3, 3)
            return sum(x[k] * np.tanh(x[k + 1] * s + x[k + 2]) for k in units) + sum(x[n - n % 3 :])

        return sum((output(s) - v) ** 2 for s, v in zip(t, y, strict=True))

    return formula, rng.standard_normal(n)


@family()
def chains(rng, n):
    j = float(rng.uniform(0.1, 2))

    def formula(x):
        bonds = sum((b - a) ** 2 for a, b in itertools.pairwise(x))
        return 0.5 * j * bonds + 0.25 * sum((a**2 - 1) ** 2 for a in x)

    return formula, rng.choice([-1.0, 0.0, 1.0], n) + 0.1 * rng.standard_normal(n)


@family(6)
def clusters(rng, n):
    """Lennard-Jones atoms; what is left of three coordinates is harmonic."""
    m = n // 3
    at = np.array([[0, 0, 0], [1.1, 0, 0], [0.55, 0.95, 0], [0.55, 0.32, 0.9]])[:m]
    at = (at + 0.03 * rng.standard_normal((m, 3))).ravel()

    def formula(x):
        total = sum(a**2 for a in x[3 * m :])
        for i, j in itertools.combinations(range(m), 2):
            s = 1 / sum((x[3 * i + k] - x[3 * j + k]) ** 2 for k in range(3)) ** 3
            total = total + 4 * (s**2 - s)
        return total

    return formula, np.concatenate([at, np.zeros(n - 3 * m)])


@family()
def morse(rng, n):
    a = rng.uniform(0.5, 2, n).tolist()

    def formula(x):
        ends = sum((1 - np.exp(-b * u)) ** 2 for b, u in zip(a, x, strict=True))
        return ends + 0.3 * sum(u * v for u, v in itertools.pairwise(x))

    return formula, 0.2 * rng.standard_normal(n)


@family(2)
def charges(rng, n):
    def formula(x):
        trap = sum(a**2 for a in x) / 2
        return trap + sum(1 / np.sqrt((a - b) ** 2 + 0.1) for a, b in itertools.combinations(x, 2))

    return formula, np.linspace(-1.5, 1.5, n) + 0.1 * rng.standard_normal(n)


@family(2)
def muller_browns(rng, n):
    a = ((-200, -1, 0, -10, 1, 0), (-100, -1, 0, -10, 0, 0.5), (-170, -6.5, 11, -6.5, -0.5, 1.5),
         (15, 0.7, 0.6, 0.7, -1, 1))  # fmt: skip

    def formula(x):
        total = sum(u**2 for u in x[2:])
        for d, p, q, r, x0, y0 in a:
            u, v = x[0] - x0, x[1] - y0
            total = total + d * np.exp(p * u**2 + q * u * v + r * v**2)
        return total

    at = rng.uniform(-1, 0.5, n)
    at[1] = rng.uniform(0, 1.5)
    return formula, at


@family()
def entropies(rng, n):
    def formula(x):
        total = sum(x)
        return sum(a * np.log(a) for a in x) - total * np.log(total)

    return formula, rng.uniform(0.2, 2, n)


@family()
def barriers(rng, n):
    m = 2 * n + 1
    a = directions(rng, m, n)
    rhs = rng.uniform(1, 3, m).tolist()
    c = rng.standard_normal(n).tolist()

    def formula(x):
        slack = (b - dot(row, x) for row, b in zip(a, rhs, strict=True))
        return dot(c, x) - 0.5 * sum(np.log(s) for s in slack)

    return formula, np.zeros(n)


@family(2)
def soft_maxima(rng, n):
    a, b = directions(rng, 2 * n, n), rng.standard_normal(2 * n).tolist()

    def formula(x):
        return np.log(sum(np.exp(dot(row, x) + s) for row, s in zip(a, b, strict=True)))

    return formula, rng.standard_normal(n)


@family(2)
def distances(rng, n):
    """A Weber problem: sums of distances to some places."""
    places = rng.standard_normal((5, n)).tolist()

    def formula(x):
        return sum(
            np.sqrt(0.01 + sum((a - b) ** 2 for a, b in zip(x, p, strict=True))) for p in places
        )

    return formula, 0.3 * rng.standard_normal(n)


@family(2)
def chirps(rng, n):
    def formula(x):
        return sum(np.sin(a**2 + b) for a, b in itertools.pairwise(x)) + 0.2 * sum(a**2 for a in x)

    return formula, 1.5 * rng.standard_normal(n)


@family(2)
def covariances(rng, n):
    """Normal likelihood of a 2 x 2 covariance by its Cholesky factor, with a ridge for the others."""
    s = np.cov(rng.standard_normal((2, 20))).tolist()

    def formula(x):
        a, b = np.exp(x[0]), np.exp(x[1])
        c = x[2] if n > 2 else 0.3
        det = a * a * b * b
        trace = (s[0][0] * (b * b + c * c) - 2 * s[0][1] * a * c + s[1][1] * a * a) / det
        return 20 * (x[0] + x[1]) + 10 * trace + sum(u**2 for u in x[3:])

    return formula, 0.2 * rng.standard_normal(n)
