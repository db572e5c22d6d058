"""Densities of eigenvalues against exact ones: moments, Gaussians around known eigenvalues, and invariances."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from scipy.stats import norm

import hesscape as hs
from hesscape import NonFiniteError
from phi4 import chain


def no_values(x):
    raise AssertionError("values were asked for")


def density_of(d, **more):
    d = np.asarray(d, dtype=float)
    return hs.spectral_density(no_values, np.zeros(d.size), hessp=lambda x, p: d * p, **more)


def blurred(d, grid, width):
    return norm.pdf(grid[:, None], d, width).mean(axis=1)


SPECTRA = [
    np.linspace(-1, 2, 2000),
    np.r_[np.full(1900, 0.01), np.linspace(0.5, 10, 95), [-1, -2, 30, 40, 50]],
    np.random.default_rng(0).standard_normal(3000),
    np.sqrt(np.linspace(1e-6, 1, 2000)),
]


@pytest.mark.parametrize("d", SPECTRA, ids=["line", "bulk and outliers", "normal", "root"])
def test_the_exact_density_is_within_the_band(d):
    found = density_of(d, rng=1, probes=20)
    exact = blurred(d, found.grid, found.width)
    band = found.error + 2e-3 * exact.max()
    assert np.mean(np.abs(found.density - exact) <= band) >= 0.9
    assert (np.abs(found.density - exact) <= 4 * band).all()
    assert np.trapezoid(found.density, found.grid) == pytest.approx(1, abs=1e-3)
    assert (found.density >= 0).all()


@pytest.mark.parametrize("d", SPECTRA, ids=["line", "bulk and outliers", "normal", "root"])
def test_moments_are_those_of_traces(d):
    found = density_of(d, rng=2, probes=30)
    assert abs(found.mean - d.mean()) <= 2 * found.mean_error
    for power in range(1, 6):
        each = (found.weights * found.nodes**power).sum(axis=1)
        error = 4 * each.std(ddof=1) / np.sqrt(each.size)
        assert abs(each.mean() - (d**power).mean()) <= error
    np.testing.assert_allclose(found.weights.sum(axis=1), 1, rtol=1e-12)
    assert d.min() - 1e-9 <= found.lowest < found.highest <= d.max() + 1e-9


def test_quadrature_is_exact_for_polynomials():
    """For each probe, up to degree 2 steps - 1, and for every function where all eigenvectors are seen."""
    d = np.linspace(-1, 2, 40)
    probes = np.random.default_rng(3).standard_normal((2, d.size))
    squares = probes**2 / (probes**2).sum(axis=1, keepdims=True)
    found = density_of(d, rng=3, probes=2, steps=5)
    for power in range(10):
        np.testing.assert_allclose(
            (found.weights * found.nodes**power).sum(axis=1),
            squares @ d**power,
            rtol=1e-11,
            atol=1e-12,
        )
    assert not np.allclose((found.weights * found.nodes**10).sum(axis=1), squares @ d**10)
    few = np.array([-1.0, 0.5, 3.0])
    found = density_of(np.repeat(few, [10, 20, 30]), rng=3, probes=2, steps=50)
    np.testing.assert_allclose(found.nodes, [few, few], atol=1e-12)
    assert found.n_products == 6


def test_the_band_covers_as_often_as_it_says():
    d = np.r_[np.full(150, 0.1), np.linspace(1, 2, 150)]
    grid = np.array([0.1, 0.5, 1.0, 1.5, 2.0])
    exact = blurred(d, grid, 0.2)
    inside = [
        np.abs(found.density - exact) <= found.error
        for found in (
            density_of(d, rng=seed, probes=5, steps=30, width=0.2, grid=grid) for seed in range(150)
        )
    ]
    share = np.mean(inside, axis=0)
    assert (share >= 0.88).all()
    assert (share <= 1.0).all()
    means = [density_of(d, rng=seed, probes=5, steps=3) for seed in range(150)]
    assert np.mean([abs(m.mean - d.mean()) <= m.mean_error for m in means]) >= 0.88


def test_more_probes_narrow_the_band():
    d = np.linspace(-1, 2, 300)
    few, many = (density_of(d, rng=4, probes=k, steps=20, width=0.2) for k in (8, 128))
    ratio = np.median(few.error / np.interp(few.grid, many.grid, many.error))
    assert 2.5 <= ratio <= 7  # the root of 16, and Student's t of so few


def test_invariances():
    """Rotated coordinates, shifts and scales move the density with the eigenvalues."""
    rng = np.random.default_rng(5)
    d = np.r_[np.linspace(0, 1, 55), [3, 4, 5, 6, 7]]
    q = np.linalg.qr(rng.standard_normal((60, 60)))[0]
    h = (q * d) @ q.T
    plain = density_of(d, rng=6, probes=40, width=0.3)
    turned = hs.spectral_density(
        no_values,
        np.zeros(60),
        hess=lambda x: (h + h.T) / 2,
        rng=7,
        probes=40,
        width=0.3,
        grid=plain.grid,
    )
    assert (np.abs(plain.density - turned.density) <= 2 * (plain.error + turned.error)).all()
    scaled = density_of(4 * d - 1, rng=6, probes=40, width=1.2)
    np.testing.assert_allclose(scaled.nodes, 4 * plain.nodes - 1, atol=1e-9)
    np.testing.assert_allclose(4 * scaled.density, plain.density, atol=1e-9)
    np.testing.assert_allclose(scaled.grid, 4 * plain.grid - 1, atol=1e-9)


def test_gradients_and_their_noise():
    n = 1000
    d = 4 * np.sin(np.pi * np.arange(n) / (2 * n)) ** 2 - 1
    rng = np.random.default_rng(8)
    for sigma in (0.0, 1e-6):
        found = hs.spectral_density(
            no_values,
            np.zeros(n),
            jac=lambda x, s=sigma: chain(x) + s * rng.standard_normal(n),
            rng=9,
        )
        assert found.njev > 0
        assert found.node_error > 0
        exact = blurred(d, found.grid, found.width)
        assert (np.abs(found.density - exact) <= 4 * found.error + 5e-3 * exact.max()).all()
        assert f"from {found.njev} gradients" in str(found)


def test_zero_modes_are_left_out():
    d = np.r_[np.zeros(20), np.linspace(1, 2, 80)]
    found = density_of(d, rng=10, probes=30, zero_modes=np.eye(100)[:, :20], width=0.1)
    assert found.lowest >= 1 - 1e-9
    exact = blurred(d[20:], found.grid, 0.1)
    assert (np.abs(found.density - exact) <= 3 * found.error + 1e-3 * exact.max()).all()
    assert abs(found.mean - 1.5) <= 2 * found.mean_error


def test_degenerate_spectra():
    zero = density_of(np.zeros(30), rng=11)
    assert (zero.lowest, zero.highest, zero.mean, zero.width) == (0, 0, 0, 1.0)
    one = density_of([7.0], rng=11)
    assert one.mean == pytest.approx(7)
    assert np.trapezoid(one.density, one.grid) == pytest.approx(1, abs=1e-3)


def test_the_grid_and_the_report():
    found = density_of(np.linspace(-1, 2, 100), rng=12, grid=[0.0, 1.0], steps=20)
    assert found.grid.tolist() == [0, 1]
    assert found.density.shape == found.error.shape == (2,)
    assert found.nodes.shape == (10, 20)
    assert "density of eigenvalues, by 10 probes of 20 steps" in str(found)
    assert "200 products" in str(found)
    assert "nodes=" not in repr(found)
    with pytest.raises(FrozenInstanceError):
        found.mean = 0.0
    again = density_of(np.linspace(-1, 2, 100), rng=12, grid=[0.0, 1.0], steps=20)
    np.testing.assert_array_equal(found.density, again.density)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"probes": 0}, ValueError, "probes must be an integer from 2"),
        ({"probes": 1}, ValueError, "probes must be an integer from 2"),
        ({"probes": 2.5}, TypeError, "probes"),
        ({"steps": 1}, ValueError, "steps must be an integer from 2"),
        ({"width": 0}, ValueError, "width must be a finite number > 0"),
        ({"grid": 1}, ValueError, "grid must be an integer from 2"),
        ({"grid": [[0.0]]}, ValueError, "grid must be a number of points or have shape"),
        ({"grid": [np.nan]}, ValueError, "grid must be finite"),
        ({"zero_modes": 3}, ValueError, "zero_modes: expected a basis"),
        ({"hessp": None}, ValueError, "needs hessp, jac or hess"),
        ({"hessp": lambda x, p: np.nan * p}, NonFiniteError, "hessp is not finite"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        hs.spectral_density(no_values, np.zeros(10), **({"hessp": lambda x, p: p} | arguments))


def test_exceptions_pass_through():
    def hessp(x, p):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hs.spectral_density(no_values, np.zeros(10), hessp=hessp)
