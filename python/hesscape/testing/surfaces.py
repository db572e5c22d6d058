"""The surfaces of one, two and many coordinates that have names."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .surface import (
    Array,
    Surface,
    constant,
    diagonal,
    make_surface,
    matrix,
    outer,
)


def quadratic(H: ArrayLike, centre: ArrayLike | None = None, offset: float = 0.0) -> Surface:
    """½ (x − centre)ᵀ H (x − centre) + offset.

    Examples
    --------
    >>> quadratic([[2, 1], [1, -3]]).critical_points[0].kind
    'saddle'
    """
    h = np.asarray(H, dtype=float)
    n = len(h)
    if h.shape != (n, n) or not np.array_equal(h, h.T):
        raise ValueError(f"H must be a symmetric matrix, got shape {h.shape}")
    c = np.zeros(n) if centre is None else np.asarray(centre, dtype=float)

    def from_centre(x: Array) -> Array:
        return x - constant(c, x)

    def times(d: Array) -> Array:
        return np.tensordot(h.astype(d.dtype), d, 1)

    def hessian(x: Array) -> Array:
        return np.broadcast_to(constant(h, x), (n, *x.shape)).copy()

    values = np.linalg.eigvalsh(h)
    flat = np.abs(values) <= 4 * n * np.finfo(float).eps * np.abs(values).max()
    inertia = (
        int(np.sum((values < 0) & ~flat)),
        int(flat.sum()),
        int(np.sum((values > 0) & ~flat)),
    )

    def fun(x: Array) -> Any:
        d = from_centre(x)
        return (d * times(d)).sum(0) / 2 + offset

    return make_surface(
        "quadratic", n, fun, lambda x: times(from_centre(x)), hessian, [(c.tolist(), inertia)]
    )


def deep_linear_network(depth: int) -> Surface:
    """(1 − w₁ w₂ ⋯ w_depth)², the loss of a chain of scalar linear layers that is to learn the number 1.

    At the origin every direction is flat for depth ≥ 3, and yet there is a way down.

    Examples
    --------
    >>> [p.kind for p in deep_linear_network(4).critical_points]
    ['degenerate', 'degenerate']
    """

    def but(x: Array, *left_out: int) -> Any:
        return np.prod(np.delete(x, left_out, axis=0), axis=0)

    def gradient(x: Array) -> Array:
        rest = 1 - x.prod(0)
        return np.stack([-2 * rest * but(x, i) for i in range(depth)])

    def hessian(x: Array) -> Array:
        rest, one = 1 - x.prod(0), [but(x, i) for i in range(depth)]

        def entry(i: int, j: int) -> Any:
            return 2 * one[i] * one[j] - (0 if i == j else 2 * rest * but(x, i, j))

        return matrix([[entry(i, j) for j in range(depth)] for i in range(depth)])

    origin = (1, 0, 1) if depth == 2 else (0, depth, 0)
    points = [([0.0] * depth, origin), ([1.0] * depth, (0, depth - 1, 1))]
    return make_surface(
        f"deep_linear_network({depth})",
        depth,
        lambda x: (1 - x.prod(0)) ** 2,
        gradient,
        hessian,
        points,
    )


def error_surface() -> Surface:
    """(1 − w₁ w₂)², the error of two linear layers in a row: a saddle at the origin, with eigenvalues ±2.

    Examples
    --------
    >>> error_surface().critical_points[0].kind
    'saddle'
    """
    return deep_linear_network(2)


def triple_product() -> Surface:
    """(1 − x y z)²: its Hessian at the origin is zero, and no axis and no coordinate plane shows a way down.

    Examples
    --------
    >>> float(triple_product().fun([0.5, 0.5, 0.5])) < 1
    True
    """
    return deep_linear_network(3)


def two_layer_network(target: ArrayLike) -> Surface:
    """½ ‖A B − target‖² (Frobenius) of square matrices A and B, whose entries, row by row, are the variables.

    The solutions form a manifold of dimension k² (A G, G⁻¹ B), given as `zero_modes`; at the origin the Hessian has k²
    eigenvalues of either sign when `target` is invertible.

    Examples
    --------
    >>> two_layer_network([[2, 0], [0, 1]]).critical_points[0].inertia
    (4, 0, 4)
    """
    t = np.asarray(target, dtype=float)
    k = len(t)

    def layers(x: Array) -> tuple[Array, Array, Array]:
        a, b = x.reshape(2, k, k, *x.shape[1:])
        residual = np.einsum("ik...,kj...->ij...", a, b) - constant(t, x)
        return a, b, residual

    def fun(x: Array) -> Any:
        return (layers(x)[2] ** 2).sum((0, 1)) / 2

    def gradient(x: Array) -> Array:
        a, b, r = layers(x)
        return np.stack(
            [np.einsum("ij...,kj...->ik...", r, b), np.einsum("ik...,ij...->kj...", a, r)]
        ).reshape(x.shape)

    def hessian(x: Array) -> Array:
        (a, b, r), m, eye = layers(x), k * k, np.eye(k, dtype=x.dtype)
        h = np.empty((2 * m, *x.shape), dtype=x.dtype)
        h[:m, :m] = np.einsum("ac,kj...,lj...->akcl...", eye, b, b).reshape(m, m, *x.shape[1:])
        h[m:, m:] = np.einsum("ik...,il...,bd->kbld...", a, a, eye).reshape(m, m, *x.shape[1:])
        mixed = np.einsum("al...,kb...->aklb...", a, b) + np.einsum("kl,ab...->aklb...", eye, r)
        h[:m, m:] = mixed.reshape(m, m, *x.shape[1:])
        h[m:, :m] = h[:m, m:].swapaxes(0, 1)
        return h

    rank = int(np.linalg.matrix_rank(t))
    points = [([0.0] * (2 * k * k), (rank * k, 2 * (k - rank) * k, rank * k))]
    if rank == k:
        points.append(([*t.ravel(), *np.eye(k).ravel()], (0, k * k, k * k)))
    return make_surface(
        "two_layer_network", 2 * k * k, fun, gradient, hessian, points, k * k if rank == k else 0
    )


def powers(exponents: Sequence[int], coefficients: Sequence[float] | None = None) -> Surface:
    """Σ cᵢ xᵢ^pᵢ: x⁴, x² + y⁴, x² − y² + z⁴ and other degenerate points, at the origin.

    Examples
    --------
    >>> powers([2, 4]).critical_points[0].inertia
    (0, 1, 1)
    >>> powers([2, 2, 4], [1, -1, 1]).critical_points[0].kind
    'saddle'
    """
    n, p = len(exponents), [int(e) for e in exponents]
    c = [1.0] * n if coefficients is None else [float(a) for a in coefficients]

    def derivative(x: Array, order: int) -> Array:
        def one(a: float, q: int, u: Array) -> Any:
            return (
                a * math.perm(q, order) * u ** max(q - order, 0)
            )  # perm(q, order) is 0 for q < order

        return np.stack([one(a, q, u) for a, q, u in zip(c, p, x, strict=True)])

    signs = [np.sign(a) if q == 2 else 0 for a, q in zip(c, p, strict=True)]
    points = [([0.0] * n, (signs.count(-1), signs.count(0), signs.count(1)))] if min(p) > 1 else []
    return make_surface(
        f"powers({p})",
        n,
        lambda x: derivative(x, 0).sum(0),
        lambda x: derivative(x, 1),
        lambda x: diagonal(derivative(x, 2)),
        points,
    )


def monkey_saddle() -> Surface:
    """x³ − 3 x y²: the Hessian vanishes at the origin, three ways lead down and three up.

    Examples
    --------
    >>> monkey_saddle().critical_points[0].inertia
    (0, 2, 0)
    """
    return make_surface(
        "monkey_saddle",
        2,
        lambda x: x[0] ** 3 - 3 * x[0] * x[1] ** 2,
        lambda x: np.stack([3 * x[0] ** 2 - 3 * x[1] ** 2, -6 * x[0] * x[1]]),
        lambda x: matrix([[6 * x[0], -6 * x[1]], [-6 * x[1], -6 * x[0]]]),
        [([0, 0], (0, 2, 0))],
    )


def peano() -> Surface:
    """(y − x²)(y − 3 x²): a minimum along every line through the origin, and still not a minimum (Peano, 1884).

    Examples
    --------
    >>> float(peano().fun([0.1, 0.02])) < 0
    True
    """
    return make_surface(
        "peano",
        2,
        lambda x: (x[1] - x[0] ** 2) * (x[1] - 3 * x[0] ** 2),
        lambda x: np.stack([12 * x[0] ** 3 - 8 * x[0] * x[1], 2 * x[1] - 4 * x[0] ** 2]),
        lambda x: matrix([[36 * x[0] ** 2 - 8 * x[1], -8 * x[0]], [-8 * x[0], 2 + 0 * x[0]]]),
        [([0, 0], (0, 1, 1))],
    )


def rosenbrock(n: int = 2) -> Surface:
    """Σ 100 (xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)², the chained curved valley (Rosenbrock, 1960), with its minimum at ones.

    Examples
    --------
    >>> rosenbrock(3).hessian([1, 1, 1])
    array([[ 802., -400.,    0.],
           [-400., 1002., -400.],
           [   0., -400.,  200.]])
    """

    def fun(x: Array) -> Any:
        return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum(0)

    def gradient(x: Array) -> Array:
        bend, g = x[1:] - x[:-1] ** 2, np.zeros_like(x)
        g[:-1] = -400 * x[:-1] * bend - 2 * (1 - x[:-1])
        g[1:] += 200 * bend
        return g

    def hessian(x: Array) -> Array:
        d = np.zeros_like(x)
        d[:-1] = 1200 * x[:-1] ** 2 - 400 * x[1:] + 2
        d[1:] += 200
        h, i = diagonal(d), np.arange(n - 1)
        h[i, i + 1] = h[i + 1, i] = -400 * x[:-1]
        return h

    return make_surface(f"rosenbrock({n})", n, fun, gradient, hessian, [([1.0] * n, (0, 0, n))])


def himmelblau() -> Surface:
    """(x² + y − 11)² + (x + y² − 7)²: four minima, four saddles and a maximum (Himmelblau, 1972).

    Examples
    --------
    >>> sorted(p.kind for p in himmelblau().critical_points)[:2]
    ['maximum', 'minimum']
    """
    minimum, saddle, maximum = (0, 0, 2), (1, 0, 1), (2, 0, 0)
    points = [
        ((3.0, 2.0), minimum),
        ((-2.805118086952745, 3.131312518250573), minimum),
        ((-3.779310253377747, -3.2831859912861696), minimum),
        ((3.5844283403304917, -1.8481265269644036), minimum),
        ((3.385154183607021, 0.07385187983774928), saddle),
        ((0.08667750455539636, 2.884254701174776), saddle),
        ((-3.0730257507643897, -0.08135304428796751), saddle),
        ((-0.12796134673068008, -1.9537149802445763), saddle),
        ((-0.2708445906673476, -0.9230385564799815), maximum),
    ]

    def gradient(x: Array) -> Array:
        a, b = x[0] ** 2 + x[1] - 11, x[0] + x[1] ** 2 - 7
        return np.stack([4 * x[0] * a + 2 * b, 2 * a + 4 * x[1] * b])

    def hessian(x: Array) -> Array:
        mixed = 4 * (x[0] + x[1])
        return matrix(
            [[12 * x[0] ** 2 + 4 * x[1] - 42, mixed], [mixed, 12 * x[1] ** 2 + 4 * x[0] - 26]]
        )

    def fun(x: Array) -> Any:
        return (x[0] ** 2 + x[1] - 11) ** 2 + (x[0] + x[1] ** 2 - 7) ** 2

    return make_surface("himmelblau", 2, fun, gradient, hessian, points)


def muller_brown() -> Surface:
    """Give the Müller-Brown surface: three minima and the two saddles on the path between them.

    From K. Müller and L. D. Brown, Theor. Chim. Acta 53, 75 (1979), footnote 7; the stationary points are polished in
    50 digits and rounded.

    Examples
    --------
    >>> surface = muller_brown()
    >>> [round(float(surface.fun(p.x)), 2) for p in surface.critical_points]
    [-146.7, -108.17, -80.77, -40.66, -72.25]
    """
    height = (-200.0, -100.0, -170.0, 15.0)
    xx, xy, yy = (-1.0, -1.0, -6.5, 0.7), (0.0, 0.0, 11.0, 0.6), (-10.0, -10.0, -6.5, 0.7)
    x0, y0 = (1.0, 0.0, -0.5, -1.0), (0.0, 0.5, 1.5, 1.0)
    points = [
        ((-0.5582236346330243, 1.4417258418046686), (0, 0, 2)),
        ((0.6234994049308765, 0.028037758528685664), (0, 0, 2)),
        ((-0.050010822998206056, 0.4666941048719721), (0, 0, 2)),
        ((-0.8220015587327321, 0.6243128028148713), (1, 0, 1)),
        ((0.212486582000662, 0.2929883251073678), (1, 0, 1)),
    ]

    def terms(x: Array) -> list[tuple[Any, Any, Any, float, float, float]]:
        """(value, its logarithmic slopes along x and y, and their own slopes) of each Gaussian."""
        out = []
        for peak, a, b, c, u0, v0 in zip(height, xx, xy, yy, x0, y0, strict=True):
            u, v = x[0] - u0, x[1] - v0
            value = peak * np.exp(a * u * u + b * u * v + c * v * v)
            out.append((value, 2 * a * u + b * v, b * u + 2 * c * v, 2 * a, b, 2 * c))
        return out

    def gradient(x: Array) -> Array:
        return np.stack(
            [sum(f * p for f, p, *_ in terms(x)), sum(f * q for f, _, q, *_ in terms(x))]
        )

    def hessian(x: Array) -> Array:
        all_terms = terms(x)
        h_xx = sum(f * (p * p + a) for f, p, _, a, _, _ in all_terms)
        h_xy = sum(f * (p * q + b) for f, p, q, _, b, _ in all_terms)
        h_yy = sum(f * (q * q + c) for f, _, q, _, _, c in all_terms)
        return matrix([[h_xx, h_xy], [h_xy, h_yy]])

    return make_surface(
        "muller_brown", 2, lambda x: sum(f for f, *_ in terms(x)), gradient, hessian, points
    )


def rastrigin(n: int = 2) -> Surface:
    """10 n + Σ xᵢ² − 10 cos 2πxᵢ, a bowl covered with wells: a step near 1 sees none of them.

    Examples
    --------
    >>> round(float(rastrigin(3).hessian([0, 0, 0])[0, 0]), 6)  # 2 + 40 π²
    396.784176
    """
    w = 2 * math.pi
    return make_surface(
        f"rastrigin({n})",
        n,
        lambda x: (x**2 + 10 - 10 * np.cos(w * x)).sum(0),
        lambda x: 2 * x + 10 * w * np.sin(w * x),
        lambda x: diagonal(2 + 10 * w * w * np.cos(w * x)),
        [([0.0] * n, (0, 0, n))],
    )


def ackley(n: int = 2) -> Surface:
    """−20 exp(−0.2 √(Σxᵢ²/n)) − exp(Σ cos(2πxᵢ)/n) + 20 + e: its minimum at the origin is a cusp, without derivatives.

    Examples
    --------
    >>> abs(float(ackley(2).fun([0, 0]))) < 1e-14
    True
    """
    w = 2 * math.pi

    def parts(x: Array) -> tuple[Any, Any, Any]:
        radius = np.sqrt((x**2).sum(0) / n)
        return radius, 20 * np.exp(-0.2 * radius), np.exp(np.cos(w * x).sum(0) / n)

    def fun(x: Array) -> Any:
        _, well, wave = parts(x)
        return 20 + math.e - well - wave

    def gradient(x: Array) -> Any:
        radius, well, wave = parts(x)
        return 0.2 * well / (n * radius) * x + wave * w / n * np.sin(w * x)

    def hessian(x: Array) -> Any:
        radius, well, wave = parts(x)
        slope, sine = 0.2 * well / (n * radius), w / n * np.sin(w * x)
        bend = slope / (n * radius) * (1 / radius + 0.2)
        return (
            diagonal(slope + wave * w * w / n * np.cos(w * x))
            - bend * outer(x, x)
            - wave * outer(sine, sine)
        )

    return make_surface(f"ackley({n})", n, fun, gradient, hessian)


def phi4_chain(n: int, coupling: float = 1.0) -> Surface:
    """Σ ¼ xᵢ⁴ − ½ xᵢ² + ½ coupling (xᵢ₊₁ − xᵢ)² on a ring of n ≥ 3 sites, the lattice φ⁴ model in one dimension.

    Examples
    --------
    >>> [p.inertia for p in phi4_chain(5).critical_points]
    [(1, 0, 4), (0, 0, 5), (0, 0, 5)]
    """
    if n < 3:
        raise ValueError(f"n must be at least 3 for a ring, got {n}")

    def laplacian(x: Array) -> Array:
        return 2 * x - np.roll(x, 1, 0) - np.roll(x, -1, 0)

    def fun(x: Array) -> Any:
        return (x**4 / 4 - x**2 / 2 + coupling / 2 * (np.roll(x, -1, 0) - x) ** 2).sum(0)

    def hessian(x: Array) -> Array:
        h, i = diagonal(3 * x**2 - 1 + 2 * coupling), np.arange(n)
        h[i, (i + 1) % n] -= coupling
        h[(i + 1) % n, i] -= coupling
        return h

    modes = np.round(2 * coupling * (1 - np.cos(2 * np.pi * np.arange(n) / n)) - 1, 12)
    origin = (int(np.sum(modes < 0)), int(np.sum(modes == 0)), int(np.sum(modes > 0)))
    points = [([0.0] * n, origin)] + (
        [([s] * n, (0, 0, n)) for s in (1.0, -1.0)] if coupling >= 0 else []
    )
    return make_surface(
        f"phi4_chain({n})", n, fun, lambda x: x**3 - x + coupling * laplacian(x), hessian, points
    )
