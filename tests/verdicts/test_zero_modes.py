"""Directions that symmetries make flat count neither for nor against a verdict."""

from typing import Any, cast

import numpy as np
import pytest
from hypothesis import strategies as st

from hesscape.verdicts.classify import classify_hessian
from hesscape.verdicts.critical_point import Kind

seeds = st.integers(0, 2**32 - 1)
from matrices import point, spectrum


def cluster() -> tuple[np.ndarray, np.ndarray]:
    """Springs between the corners of a skew octahedron: translations and rotations are flat."""
    rng = np.random.default_rng(5)
    x = np.vstack([np.eye(3), -np.eye(3)]) + rng.normal(size=(6, 3)) / 5
    h = np.zeros((18, 18))
    for i in range(6):
        for j in range(i):
            u = np.zeros(18)
            u[3 * i : 3 * i + 3] = x[i] - x[j]
            u[3 * j : 3 * j + 3] = x[j] - x[i]
            h += np.outer(u, u)
    moves = [np.tile(axis, 6) for axis in np.eye(3)]
    turns = [np.cross(axis, x).ravel() for axis in np.eye(3)]
    return h, np.array([*moves, *turns]).T


@pytest.mark.parametrize("error", [None, 1e-9, 1e-4])
def test_symmetries_of_a_cluster(error):
    h, z = cluster()
    assert point(h, error=error).kind is Kind.degenerate
    for zero_modes in (6, z, z @ np.random.default_rng(6).normal(size=(6, 6)), z * 1e-200):
        found = point(h, error=error, zero_modes=zero_modes)
        assert (found.kind, found.certain) == (Kind.minimum, True)
        assert (found.inertia, found.index) == ((0, 6, 12), 0)
    assert point(h - 0.1 * np.eye(18), zero_modes=6).kind is Kind.saddle
    t = 10 ** np.linspace(-5, 5, 18)
    scaled = point(h * t * t[:, None], zero_modes=z / t[:, None])
    assert (scaled.kind, scaled.certain, scaled.inertia) == (Kind.minimum, True, (0, 6, 12))


def test_errors_count_on_the_complement_of_zero_modes():
    rng = np.random.default_rng(9)
    h = spectrum(rng, [0, 1e-3, 1.0])
    z = np.linalg.eigh(h)[1][:, 0]
    assert point(h, error=1e-4, zero_modes=z).inertia == (0, 1, 2)
    for error in (1e-3, 3e-3, np.full((3, 3), 1e-3)):
        assert point(h, error=error, zero_modes=z).inertia == (0, 2, 1)
    error = np.zeros((3, 3))
    error[0, 1] = np.inf
    assert point(h, error=error, zero_modes=z).kind is Kind.degenerate


def test_rotations_that_curve_a_little_where_the_gradient_is_small():
    h, z = cluster()
    q = np.linalg.qr(z)[0]
    h = h + q[:, 3:] @ np.diag([-1e-5, 1e-5, -2e-5]) @ q[:, 3:].T
    h = (h + h.T) / 2
    assert point(h, error=1e-10).kind is Kind.saddle
    for zero_modes in (6, z):
        found = point(h, error=1e-10, zero_modes=zero_modes)
        assert (found.kind, found.inertia) == (Kind.minimum, (0, 6, 12))


def test_zero_modes_that_are_none_prove_no_minimum():
    h = np.diag([-0.1, 1.0, 1.0])
    counted = point(h, zero_modes=1)
    assert (counted.kind, counted.index) == (Kind.saddle, 1)
    given = point(h, zero_modes=[[1.0], [0], [0]])
    assert (given.kind, given.certain, given.index) == (Kind.minimum, False, None)


@pytest.mark.parametrize("faint", [1e-13, -1e-13, 1e-6, -1e-6])
def test_zero_modes_that_curve_a_little_do_not_count(faint):
    """A Hessian with small errors shows how zero modes curve where the gradient is not quite zero."""
    error = 1e-15
    minimum = point(np.diag([1.0, faint, 2, faint]), error=error, zero_modes=2)
    assert (minimum.kind, minimum.certain, minimum.index) == (Kind.minimum, True, 0)
    saddle = point(np.diag([1.0, faint, -2, faint, 3]), error=error, zero_modes=2)
    assert (saddle.kind, saddle.certain, saddle.index) == (Kind.saddle, True, 1)
    stack = classify_hessian(
        np.stack([np.diag([1.0, faint, 2]), np.diag([1.0, -faint, -2])]), zero_modes=1
    )
    assert list(cast(Any, stack).kind) == ["minimum", "saddle"]
    beyond = point(np.diag([1.0, 2, -0.01]), zero_modes=1)  # no zero mode
    assert (beyond.kind, beyond.index) == (Kind.saddle, 1)
