"""The surfaces' derivatives against complex steps, and their stationary points against published values."""

import doctest

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from hesscape import testing

RNG = np.random.default_rng(11)
SYMMETRIC = np.add.outer(np.arange(4.0), np.arange(4.0)) - 3 * np.eye(4)
SURFACES = [
    testing.quadratic(SYMMETRIC, centre=[0.5, -1, 2, 0], offset=3),
    testing.error_surface(),
    testing.triple_product(),
    testing.deep_linear_network(5),
    testing.two_layer_network([[2.0, 0.5], [0.0, -1.0]]),
    testing.two_layer_network(np.diag([1.0, 0.5, 0.0])),
    testing.powers([4]),
    testing.powers([2, 4]),
    testing.powers([2, 2, 4, 3, 1], [1, -1, 1, 2, 0.5]),
    testing.monkey_saddle(),
    testing.peano(),
    testing.rosenbrock(2),
    testing.rosenbrock(7),
    testing.himmelblau(),
    testing.muller_brown(),
    testing.rastrigin(3),
    testing.ackley(3),
    testing.phi4_chain(6, coupling=0.7),
    testing.lennard_jones(2),
    testing.lennard_jones(5),
]
each_surface = pytest.mark.parametrize("surface", SURFACES, ids=lambda s: f"{s.name}-{s.n}")


def complex_step(function, x):
    """Columns of the derivative; exact to rounding, since the step of 1e-100 is never subtracted."""
    columns = [np.imag(function(x + 1e-100j * e)) / 1e-100 for e in np.eye(len(x))]
    return np.stack(columns, axis=-1)


def generic_point(surface):
    if surface.name.startswith("lennard_jones"):
        grid = np.array([[a, b, c] for a in (0, 1) for b in (0, 1) for c in (0, 1)])[
            : surface.n // 3
        ]
        return (1.2 * grid + 0.1 * RNG.standard_normal(grid.shape)).ravel()
    return RNG.standard_normal(surface.n)


def close(measured, truth):
    np.testing.assert_allclose(
        measured, truth, rtol=1e-12, atol=1e-13 * max(1, np.abs(truth).max())
    )


@each_surface
def test_gradient_is_the_derivative_of_the_value(surface):
    for _ in range(5):
        x = generic_point(surface)
        close(surface.gradient(x), complex_step(surface.fun, x))


@each_surface
def test_hessian_is_the_derivative_of_the_gradient(surface):
    for _ in range(5):
        x = generic_point(surface)
        hessian = surface.hessian(x)
        close(hessian, complex_step(surface.gradient, x))
        np.testing.assert_array_equal(hessian, hessian.T)


@each_surface
def test_many_points_as_columns(surface):
    points = np.stack([generic_point(surface) for _ in range(3)], axis=1)
    assert surface.fun(points).shape == (3,)
    for k, x in enumerate(points.T):
        close(surface.fun(points)[k], surface.fun(x))
        close(surface.gradient(points)[:, k], surface.gradient(x))
        close(surface.hessian(points)[:, :, k], surface.hessian(x))


@each_surface
def test_shape_and_type_of_x(surface):
    assert np.ndim(surface.fun(generic_point(surface))) == 0
    single = generic_point(surface).astype(np.float32)
    assert surface.fun(single).dtype == surface.hessian(single).dtype == np.float32
    with pytest.raises(ValueError, match=f"must have {surface.n} rows"):
        surface.fun(np.zeros(surface.n + 1))


@each_surface
def test_stationary_points(surface):
    for x, kind, inertia in surface.critical_points:
        hessian = surface.hessian(x)
        size = np.abs(hessian).max()
        np.testing.assert_allclose(
            surface.gradient(x), 0, atol=1e-14 * max(1, size) * max(1, np.abs(x).max())
        )
        values = np.linalg.eigvalsh(hessian)
        flat = np.abs(values) <= 1e-12 * size
        assert inertia == (np.sum(values[~flat] < 0), flat.sum(), np.sum(values[~flat] > 0))
        assert sum(inertia) == surface.n
        assert kind in ("minimum", "maximum", "saddle", "degenerate")


def test_the_error_surface_is_the_one_of_the_readme():
    np.testing.assert_array_equal(testing.error_surface().hessian([0, 0]), [[0, -2], [-2, 0]])
    np.testing.assert_array_equal(testing.triple_product().hessian([0, 0, 0]), np.zeros((3, 3)))


def test_muller_brown_against_its_formula_in_fifty_digits():
    a: list[tuple[object, ...]] = [
        (-200, -1, 0, -10, 1, 0),
        (-100, -1, 0, -10, 0, "0.5"),
        (-170, "-6.5", 11, "-6.5", "-0.5", "1.5"),
    ]
    a.append((15, "0.7", "0.6", "0.7", -1, 1))
    with mpmath.workdps(50):
        rows = [[mpmath.mpf(v) for v in row] for row in a]

        def energy(x, y):
            return sum(
                h * mpmath.exp(p * (x - u) ** 2 + q * (x - u) * (y - v) + r * (y - v) ** 2)
                for h, p, q, r, u, v in rows
            )

        surface = testing.muller_brown()
        for x, _, _ in surface.critical_points:
            root = mpmath.findroot(
                lambda u, v: (
                    mpmath.diff(energy, (u, v), (1, 0)),
                    mpmath.diff(energy, (u, v), (0, 1)),
                ),
                x,
            )
            np.testing.assert_allclose(x, np.array([float(root[0]), float(root[1])]), rtol=1e-15)
            xx, xy, yy = (
                float(mpmath.diff(energy, tuple(x), order)) for order in ((2, 0), (1, 1), (0, 2))
            )
            close(surface.hessian(x), [[xx, xy], [xy, yy]])


def test_muller_brown_published_energies():
    surface = testing.muller_brown()
    energies = [float(surface.fun(p.x)) for p in surface.critical_points]
    np.testing.assert_allclose(energies, [-146.700, -108.167, -80.768, -40.665, -72.249], atol=1e-3)


def test_himmelblau_published_values():
    surface = testing.himmelblau()
    kinds = [p.kind for p in surface.critical_points]
    assert [kinds.count(kind) for kind in ("minimum", "saddle", "maximum")] == [4, 4, 1]
    minima = [surface.fun(p.x) for p in surface.critical_points if p.kind == "minimum"]
    np.testing.assert_allclose(minima, 0, atol=1e-25)
    assert surface.fun(surface.critical_points[-1].x) == pytest.approx(181.617, abs=1e-3)


@pytest.mark.parametrize(
    ("n_atoms", "energy"), [(3, -3.0), (4, -6.0), (7, -16.505384), (13, -44.326801)]
)
def test_lennard_jones_published_minima(n_atoms, energy):
    surface = testing.lennard_jones(n_atoms)
    if n_atoms == 13:  # an icosahedron around an atom
        golden = (1 + 5**0.5) / 2
        corners = [(0, a, b) for a in (1, -1) for b in (golden, -golden)]
        start = (
            np.array([(0, 0, 0)] + [np.roll(c, k) for c in corners for k in range(3)]).ravel()
            / golden**0.5
        )
        starts = [start + 0.02 * np.random.default_rng(0).standard_normal(start.size)]
    else:
        starts = [np.random.default_rng(seed).uniform(-1, 1, surface.n) for seed in range(20)]
    best = min(
        (minimize(surface.fun, x, jac=surface.gradient, tol=1e-9) for x in starts),
        key=lambda r: r.fun,
    )
    assert best.fun == pytest.approx(energy, abs=1e-6)
    values = np.linalg.eigvalsh(surface.hessian(best.x))
    assert np.sum(np.abs(values) < 1e-3) == surface.zero_modes == 6
    assert values.min() > -1e-3


def test_lennard_jones_does_not_change_under_motions():
    surface = testing.lennard_jones(4)
    x = generic_point(surface)
    turn = np.linalg.qr(RNG.standard_normal((3, 3)))[0]
    moved = (x.reshape(-1, 3) @ turn + [1, 2, 3]).ravel()
    close(surface.fun(moved), surface.fun(x))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_quadratic_says_its_inertia(n, seed):
    rng = np.random.default_rng(seed)
    signs = rng.choice([-1, 0, 1], n)
    q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    h = (q * signs) @ q.T
    h = (h + h.T) / 2
    point = testing.quadratic(h, centre=rng.standard_normal(n)).critical_points[0]
    assert point.inertia == tuple(int(np.sum(signs == s)) for s in (-1, 0, 1))


def test_quadratic_needs_a_symmetric_matrix():
    with pytest.raises(ValueError, match="symmetric"):
        testing.quadratic([[1, 2], [3, 4]])


def test_phi4_chain_needs_a_ring():
    with pytest.raises(ValueError, match="at least 3"):
        testing.phi4_chain(2)


def test_docstrings():
    assert doctest.testmod(testing).failed == 0
