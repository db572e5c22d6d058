"""Cases for `coverage.py`: a function of a family in units of its own, a point, and what is exactly true there."""

from __future__ import annotations

import decimal
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
from families import FAMILIES, FEWEST
from jets import CONTEXT, jet_of
from problems import plain

NOTHING = Decimal("1e-45")  # of the largest entry counts as zero
NAMES = sorted(FAMILIES)


@dataclass
class Case:
    """f(x) = amplitude * F(x / scale - shift) + offset, at x, and its exact derivatives there."""

    family: str
    formula: object
    x: np.ndarray
    scale: np.ndarray  # of the coordinates: one length of F
    shift: np.ndarray
    amplitude: float
    offset: float
    value: float
    gradient: np.ndarray
    hessian: np.ndarray
    inertia: tuple[int, int, int]
    stationary: bool

    @property
    def n(self):
        return len(self.x)

    @property
    def fun(self):
        return plain(self.formula)


def symmetric(jet, n):
    """The Hessian of a jet as rows of decimals."""
    rows = [[Decimal(0)] * n for _ in range(n)]
    for (i, j), a in jet.h.items():
        rows[i][j] = rows[j][i] = Decimal(a)
    return rows


def exact_inertia(rows):
    """Signs of the eigenvalues, by symmetric elimination with the largest pivots, single or double."""
    with decimal.localcontext(CONTEXT):
        a = {(i, j): v for i, row in enumerate(rows) for j, v in enumerate(row)}
        left = list(range(len(rows)))
        size = [max((abs(a[i, j]) for j in left), default=Decimal(0)) for i in left]
        floor = [s * NOTHING for s in size]
        negative = positive = 0
        while left:
            k = max(left, key=lambda i: abs(a[i, i]) / size[i] if size[i] else Decimal(0))
            if abs(a[k, k]) > floor[k]:
                pivot = a[k, k]
                negative, positive = negative + (pivot < 0), positive + (pivot > 0)
                left.remove(k)
                for i in left:
                    for j in left:
                        a[i, j] -= a[i, k] * a[k, j] / pivot
                continue
            pairs = [(i, j) for i in left for j in left if i < j and abs(a[i, j]) > floor[i]]
            if not pairs:
                break
            i, j = max(pairs, key=lambda p: abs(a[p]) / max(size[p[0]], size[p[1]]))
            for k in left:  # add row and column j to those of i
                a[i, k] += a[j, k]
            for k in left:
                a[k, i] += a[k, j]
        return negative, len(rows) - negative - positive, positive


def newton(formula, u, reach=1.0):
    """The stationary point next to u, if Newton's method finds it within reach."""
    at = u.astype(float)
    for _ in range(30):
        try:
            g, h = derivatives(formula, at)
        except ArithmeticError:  # outside of the domain
            return u
        if not (np.isfinite(g).all() and np.isfinite(h).all()):
            return u
        step = np.linalg.lstsq(h, g, rcond=1e-12)[0]
        at = at - step
        if not np.isfinite(at).all() or np.abs(at - u).max() > reach:
            return u
        if np.abs(step).max() < 1e-14:
            break
    return at


def derivatives(formula, u):
    n = len(u)
    jet = jet_of(formula, u)
    g, h = np.zeros(n), np.zeros((n, n))
    for i, v in jet.g.items():
        g[i] = float(v)
    for (i, j), v in jet.h.items():
        h[i, j] = h[j, i] = float(v)
    return g, h


def rescaled(inner, scale, shift, amplitude, offset):
    """x -> amplitude F(x / scale - shift) + offset."""
    inverse, shift = (1 / scale).tolist(), shift.tolist()

    def formula(x):
        u = [a * s - d for a, s, d in zip(x, inverse, shift, strict=True)]
        return amplitude * inner(u) + offset

    return formula


def draw(seed, plain_units=False):
    """The case of a seed."""
    rng = np.random.default_rng(seed)
    name = NAMES[seed % len(NAMES)]
    n = int(min(12, max(FEWEST[name], 1 + rng.geometric(0.25))))
    n = FEWEST[name] if rng.random() < 0.1 else n
    inner, u = FAMILIES[name](rng, n)
    stationary = bool(rng.random() < 0.6)
    if stationary:
        u = newton(inner, u)
    scale, shift, amplitude, offset = np.ones(n), np.zeros(n), 1.0, 0.0
    if not plain_units:
        if rng.random() < 0.5:
            scale = 10.0 ** (rng.uniform(-5, 5) + rng.uniform(-3, 3, n) * rng.integers(2))
        if rng.random() < 0.5:
            shift = rng.standard_normal(n) * 10.0 ** rng.choice([0, 1, 2, 3, 5])
        if rng.random() < 0.4:
            amplitude = float(10.0 ** rng.uniform(-9, 9))
        if rng.random() < 0.4:
            offset = float(amplitude * 10.0 ** rng.uniform(0, 5) * rng.choice([-1, 1]))
    formula = rescaled(inner, scale, shift, amplitude, offset)
    blank = Case(
        name, formula, scale * (u + shift), scale, shift, amplitude, offset, 0.0, u, u, (0, 0, 0), stationary
    )  # fmt: skip
    return of_formula(blank, formula)


def of_formula(case, formula):
    """The case with another formula."""
    jet = jet_of(formula, case.x)
    with decimal.localcontext(CONTEXT):
        rows = symmetric(jet, case.n)
        gradient = np.array([float(jet.g.get(i, 0)) for i in range(case.n)])
        hessian = np.array([[float(v) for v in row] for row in rows])
    return replace(
        case,
        formula=formula,
        value=float(jet.v),
        gradient=gradient,
        hessian=hessian,
        inertia=exact_inertia(rows),
    )
