"""What stands between a formula and its values: noise, rounding, solvers that stop, jumps, ends of the domain.

A disturbance is `make(rng, case) -> Disturbed`, whose `truth` is a case again: that of a solver is the converged
function's, and a jump at x itself leaves no Hessian.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from problems import hashed, plain

DISTURBANCES = {}


@dataclass
class Disturbed:
    """A function of one point, (n,) -> float, and what is true of it."""

    fun: Any
    truth: Any
    sigma: float = 0.0  # of noise, where it is known
    other: Any = None  # the Hessian on the other side of a jump at x
    kinked: bool = False  # f has no gradient at x
    # Of second derivatives and slopes, up to which a smooth error within a tolerance cannot be seen.
    bias: Any = None
    slope_bias: Any = None


def disturbance(register_as=None):
    def register(make):
        DISTURBANCES[register_as or make.__name__] = make
        return make

    return register


@disturbance()
def none(rng, case):  # noqa: ARG001
    return Disturbed(case.fun, case)


def typical(case):
    """How much f changes over a length."""
    curved = np.abs(case.hessian * np.outer(case.scale, case.scale)).max()
    return max(1e-3 * case.amplitude, float(curved))


def drawn(law):
    return {
        "normal": lambda rng: rng.standard_normal(),
        "tails": lambda rng: rng.standard_t(3) / math.sqrt(3),
        "uniform": lambda rng: rng.uniform(-1, 1) * math.sqrt(3),
    }[law]


def noise(law, relative):
    def make(rng, case):
        size = typical(case)  # noise that hides all that f does over a length hides f
        level = 10.0 ** rng.uniform(-11, -2) * (
            size / max(abs(case.value), size) if relative else 1
        )
        smooth, xi = case.fun, drawn(law)
        seeds = np.random.default_rng(rng.integers(2**32))
        if relative:
            sigma = level * abs(case.value)
            return Disturbed(lambda x: smooth(x) * (1 + level * xi(seeds)), case, sigma)
        sigma = level * size
        return Disturbed(lambda x: smooth(x) + sigma * xi(seeds), case, sigma)

    return make


for _law in ("normal", "tails", "uniform"):
    for _relative in (False, True):
        disturbance(f"{'relative' if _relative else 'absolute'}_{_law}")(noise(_law, _relative))


@disturbance()
def seeded(rng, case):
    """Noise that is a function of the bits of x."""
    sigma = 10.0 ** rng.uniform(-11, -2) * typical(case)
    smooth = case.fun
    return Disturbed(
        lambda x: smooth(x) + sigma * math.sqrt(3) * float(hashed(np.asarray(x)[:, None])[0]),
        case,
        sigma,
    )


@disturbance()
def printed_digits(rng, case):
    digits, smooth = int(rng.integers(5, 13)), case.fun
    return Disturbed(lambda x: float(f"{smooth(x):.{digits}g}"), case)


@disturbance()
def printed_decimals(rng, case):
    """Values of a fixed number of decimals."""
    unit = 10.0 ** round(math.log10(typical(case)) - rng.uniform(4, 10))
    smooth = case.fun
    return Disturbed(lambda x: round(smooth(x) / unit) * unit, case)


@disturbance()
def printed_arguments(rng, case):
    digits, smooth = int(rng.integers(7, 14)), case.fun
    return Disturbed(lambda x: smooth([float(f"{v:.{digits}g}") for v in x]), case)


@disturbance()
def single_values(rng, case):  # noqa: ARG001
    smooth = case.fun
    return Disturbed(lambda x: float(np.float32(smooth(x))), case)


@disturbance()
def single_arguments(rng, case):  # noqa: ARG001
    smooth = case.fun
    return Disturbed(lambda x: smooth(np.asarray(x, np.float32).astype(float)), case)


@disturbance()
def single_throughout(rng, case):  # noqa: ARG001
    from problems import single

    return Disturbed(single(case.formula), case)


@disturbance()
def single_part(rng, case):
    """The loss in single precision, a penalty in double."""
    smooth = case.fun
    weight = 10.0 ** rng.uniform(-4, 0) * typical(case)
    inverse = 1 / case.scale
    h = case.hessian + np.diag(weight * inverse**2)
    centre = case.x.copy()

    def fun(x):
        u = (np.asarray(x) - centre) * inverse
        return float(np.float32(smooth(x))) + 0.5 * weight * float(u @ u)

    return Disturbed(fun, with_hessian(case, h))


def with_hessian(case, h):
    from decimal import Decimal

    from truth import exact_inertia

    rows = [[Decimal(float(v)) for v in row] for row in h]
    return replace(case, hessian=h, inertia=exact_inertia(rows))


def along_a_direction(rng, case):
    """A random direction of the coordinates in their units, and how far a point is along it from x."""
    b = rng.standard_normal(case.n) / math.sqrt(case.n)
    inverse, centre = 1 / case.scale, case.x.copy()
    return b * inverse, lambda x: float(b @ ((np.asarray(x) - centre) * inverse))


def solver(warm):
    def make(rng, case):
        """f + min over y of a quadratic in y - B u, found by a few contractions until it moves by less than a tolerance."""
        smooth, size = case.fun, typical(case)
        pull, along = along_a_direction(rng, case)
        tolerance, rate = 10.0 ** rng.uniform(-12, -5) * size, rng.uniform(0.2, 0.8)

        def fun(x):
            target = along(x)
            y, energy = 0.0 if warm else 1.0, math.inf
            for _ in range(400):
                y += (1 - rate) * (target - y)
                before, energy = energy, 0.5 * size * (y - target) ** 2
                if abs(before - energy) < tolerance:
                    break
            return smooth(x) + energy

        # What is left of the energy, over size.
        left = 0.0 if warm else 4 * tolerance / (1 - rate**2)
        pull = np.abs(pull)
        return Disturbed(fun, case, bias=left * np.outer(pull, pull), slope_bias=left * pull)

    return make


disturbance("solver_cold")(solver(False))
disturbance("solver_warm")(solver(True))


@disturbance()
def quadrature(rng, case):
    """A term that is an integral, by as many halvings as a tolerance asks for."""
    smooth, size = case.fun, typical(case)
    pull, along = along_a_direction(rng, case)
    tolerance = 10.0 ** rng.uniform(-10, -5)

    def fun(x):
        a = 0.7 + along(x)
        old, m = math.inf, 4
        while True:
            t = (np.arange(m) + 0.5) / m
            new = float(np.mean(np.cos(a * t)))
            if abs(new - old) < tolerance or m > 4096:
                break
            old, m = new, 2 * m
        return smooth(x) + size * new

    return with_term(case, fun, pull, size, tolerance, quadrature_derivatives(0.7))


def quadrature_derivatives(a):
    """Of sin(a)/a, the integral of cos(a t) over t from 0 to 1."""
    s, c = math.sin(a), math.cos(a)
    return c / a - s / a**2, -s / a - 2 * c / a**2 + 2 * s / a**3


def with_term(case, fun, pull, size, tolerance, derivatives):
    """A case with a further term size * F(pull . x), known to a tolerance."""
    first, second = derivatives
    h = case.hessian + second * size * np.outer(pull, pull)
    truth = replace(with_hessian(case, h), gradient=case.gradient + first * size * pull)
    pull = np.abs(pull)
    bias = 10 * tolerance * size
    return Disturbed(fun, truth, bias=bias * np.outer(pull, pull), slope_bias=bias * pull)


@disturbance()
def ode(rng, case):
    """A term that is the end of an ODE, solved with steps that a tolerance chooses."""
    smooth, size = case.fun, typical(case)
    pull, along = along_a_direction(rng, case)
    tolerance = 10.0 ** rng.uniform(-9, -5)

    def fun(x):  # y' = -(a + 1)² y, y(0) = 1, by doubled steps of the fourth order
        k = (along(x) + 1) ** 2
        t, y, h = 0.0, 1.0, 0.1
        for _ in range(2000):
            h = min(h, 1 - t)
            whole, half = y * stage(k * h), y * stage(k * h / 2) ** 2
            error = abs(whole - half) / 15
            if error <= tolerance:
                t, y = t + h, half
                if t >= 1 - 1e-12:
                    break
            h *= min(3.0, max(0.2, 0.9 * (tolerance / max(error, 1e-300)) ** 0.2))
        return smooth(x) + size * y

    # exp(-(a + 1)²) at a = 0
    slopes = (-2 * math.exp(-1), 2 * math.exp(-1))
    return with_term(case, fun, pull, size, 10 * tolerance, slopes)


def stage(z):
    """One step of Runge and Kutta's fourth order for y' = -y."""
    return 1 - z + z**2 / 2 - z**3 / 6 + z**4 / 24


def jump(order):
    def make(rng, case):
        """A jump of a derivative on a hyperplane at some distance from x."""
        smooth, n = case.fun, case.n
        a = rng.standard_normal(n)
        a *= 1 / np.linalg.norm(a)
        distance = 0.0 if rng.random() < 0.3 else 10.0 ** rng.uniform(-9, 0)
        height = typical(case) * rng.choice([-1, 1]) * 10.0 ** rng.uniform(-1, 1)
        inverse, centre = 1 / case.scale, case.x.copy()

        def fun(x):
            u = float(a @ ((np.asarray(x) - centre) * inverse)) - distance
            return smooth(x) + (height * u**order if u > 0 else 0.0)

        other = None
        if distance == 0 and order == 2:
            other = case.hessian + 2 * height * np.outer(a * inverse, a * inverse)
        return Disturbed(fun, case, other=other, kinked=distance == 0 and order == 1)

    return make


for _order, _name in ((1, "kinks"), (2, "jumps_of_curvature"), (3, "jumps_of_third_derivative")):
    disturbance(_name)(jump(_order))


def wall(beyond):
    def make(rng, case):
        """A domain that ends at some distance from x."""
        smooth, n = case.fun, case.n
        i = int(rng.integers(n))
        distance = 10.0 ** rng.uniform(-8, 0)
        sign, inverse, centre = rng.choice([-1, 1]), 1 / case.scale[i], float(case.x[i])

        def fun(x):
            if sign * (x[i] - centre) * inverse > distance:
                return beyond()
            return smooth(x)

        return Disturbed(fun, case)

    return make


def refuse():
    raise ValueError("math domain error")


disturbance("wall_nan")(wall(lambda: math.nan))
disturbance("wall_inf")(wall(lambda: math.inf))
disturbance("wall_raises")(wall(refuse))
disturbance("wall_penalty")(wall(lambda: 1e10))


@disturbance()
def faint_ripples(rng, case):
    """A ripple whose curvature may count, over lengths of its own."""
    n = case.n
    a = rng.standard_normal(n)
    wavelength = 10.0 ** rng.uniform(-3, 0)
    k = 2 * math.pi / wavelength
    size = typical(case) * 10.0 ** rng.uniform(-2, 1) / k**2
    inverse, shift = (1 / case.scale).tolist(), case.shift.tolist()
    phase = float(rng.uniform(0, 6))
    a = a.tolist()
    base = case.formula

    def formula(x):
        u = [v * s - d for v, s, d in zip(x, inverse, shift, strict=True)]
        return base(x) + size * np.cos(k * sum(p * q for p, q in zip(a, u, strict=True)) + phase)

    from truth import of_formula

    return Disturbed(plain(formula), of_formula(case, formula))
