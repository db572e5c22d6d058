"""Products with the Hessian, one at a time and in blocks: values, errors, counts, and what is not finite."""

from typing import Any

import numpy as np
import pytest

import hesscape as hs
from hesscape import NonFiniteError
from hesscape.krylov.products import products_of


def no_values(x):
    raise AssertionError("values were asked for")


@pytest.mark.parametrize("offered", ["hess", "hessp", "jac", "vectorized"])
def test_products_of_blocks_are_those_of_their_columns(offered):
    n = 120
    a = np.random.default_rng(13).standard_normal((n, n))
    h = a + a.T
    offers: dict[str, dict[str, Any]] = {
        "hess": {"hess": lambda x: h},
        "hessp": {"hessp": lambda x, p: h @ p},
        "jac": {"jac": lambda x: h @ x + x**3},
        "vectorized": {"jac": lambda x: h @ x + x**3, "vectorized": True},
    }
    x = np.zeros(n)
    source = products_of(hs.Objective(no_values, **offers[offered]), x)
    for measured in (True, False, True, False):
        before = source.count, source.njev
        v = np.linalg.qr(np.random.default_rng(14).standard_normal((n, 3)))[0]
        p, errors = source.products(np.asfortranarray(v), measured=measured)
        assert p.shape == (n, 3)
        assert (np.linalg.norm(p - h @ v, axis=0) <= errors).all()
        assert (errors <= 1e-6 * np.linalg.norm(p, axis=0)).all()
        assert source.count == before[0] + 3
    assert source.njev == before[1] + (0 if offered.startswith("hess") else 6)


def test_a_product_of_a_block_that_is_not_finite():
    n = 100
    d = np.linspace(-1, 2, n)

    def jac(points):  # finite in a box that is narrow along one coordinate
        g = d[:, None] * points
        return np.where(np.abs(points[3]) < 1e-9, g, np.nan)

    source = products_of(hs.Objective(no_values, jac=jac, vectorized=True), np.zeros(n))
    e = np.eye(n, order="F")
    source.products(e[:, 5:7], measured=True)
    p, errors = source.products(e[:, 2:5], measured=False)
    assert (np.linalg.norm(p - d[:, None] * e[:, 2:5], axis=0) <= errors).all()

    def nowhere(points):
        return np.where(points[3] == 0, d[:, None] * points, np.nan)

    source = products_of(hs.Objective(no_values, jac=nowhere, vectorized=True), np.zeros(n))
    source.products(e[:, 5:7], measured=True)
    with pytest.raises(NonFiniteError, match="jac is not finite"):
        source.products(e[:, 2:5], measured=False)
