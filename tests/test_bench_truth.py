"""The exact derivatives that the benches measure against, against closed forms and published minima."""

import sys
from pathlib import Path

import numpy as np
import pytest

from hesscape import testing

BENCH = Path(__file__).parents[1] / "bench"
if not BENCH.is_dir():
    pytest.skip("the benches are not part of this tree", allow_module_level=True)
sys.path.insert(0, str(BENCH))

import clusters
import critical_points
import problems
import traps
from jets import Jet, exact, where_negative

RNG = np.random.default_rng(2)
PAIRS = [
    (traps.rosenbrock, testing.rosenbrock(5)),
    (traps.rastrigin, testing.rastrigin(3)),
    (traps.ackley, testing.ackley(3)),
    (traps.deep_linear(1, 4), testing.deep_linear_network(4)),
    (clusters.lennard_jones, testing.lennard_jones(3)),
]


@pytest.mark.parametrize(("formula", "surface"), PAIRS, ids=lambda p: getattr(p, "name", ""))
def test_jets_agree_with_closed_forms(formula, surface):
    x = RNG.standard_normal(surface.n) + (np.arange(surface.n) if surface.zero_modes else 0)
    value, gradient, hessian = exact(formula, x)
    assert value == pytest.approx(surface.fun(x), rel=1e-12)
    np.testing.assert_allclose(
        gradient, surface.gradient(x), rtol=1e-11, atol=1e-12 * np.abs(gradient).max()
    )
    np.testing.assert_allclose(
        hessian, surface.hessian(x), rtol=1e-11, atol=1e-12 * np.abs(hessian).max()
    )


@pytest.mark.parametrize(
    ("formula", "x", "second"),
    [
        (lambda x: np.sin(x[0]), 0.7, -np.sin(0.7)),
        (lambda x: np.cos(x[0]), 0.7, -np.cos(0.7)),
        (lambda x: np.arctan(x[0]), 0.5, -0.64),
        (lambda x: np.tanh(x[0]), 0.3, -2 * np.tanh(0.3) / np.cosh(0.3) ** 2),
        (lambda x: np.log(x[0]), 0.5, -4.0),
        (lambda x: np.sqrt(x[0]), 4.0, -1 / 32),
        (lambda x: 2.0 ** x[0], 3.0, 8 * np.log(2) ** 2),
        (lambda x: x[0] ** x[0], 1.0, 2.0),
        (lambda x: 1 / x[0] - x[0] ** -2, 2.0, 2 / 8 - 6 / 16),
        (lambda x: abs(x[0]) * x[0], -1.0, -2.0),
        (lambda x: where_negative(x[0], x[0] ** 2, x[0] ** 3), -1.0, 2.0),
        (lambda x: x[0] ** 2, 0.0, 2.0),
    ],
)
def test_jets_of_one_variable(formula, x, second):
    assert exact(formula, [x])[2].item() == pytest.approx(second, rel=1e-14)


def test_the_functions_of_the_benches_are_the_formulas():
    for p in problems.all_problems("trap") + problems.all_problems("smooth"):
        measured = p.fun(np.stack([p.x, p.x], axis=1))
        assert measured.shape == (2,)
        # Not bit for bit: NumPy's exp of one number and of an array differ in the last place.
        assert measured == pytest.approx(p.fun(p.x), rel=1e-9, abs=1e-13)
        assert measured == pytest.approx(p.value, rel=1e-9, abs=1e-13)
        assert np.all(np.isfinite(p.hessian))


def test_solutions_have_the_published_values():
    for p in problems.PROBLEMS:
        problems.solution(p)  # raises where it has not


def test_points_have_the_inertia_that_they_are_listed_with():
    for make in (critical_points.polynomials, critical_points.quadratics, critical_points.known):
        for p in make(np.random.default_rng(4)):
            values = np.linalg.eigvalsh(p.exact[2])
            if p.smallest > 1e-12 and np.abs(np.diag(p.exact[2])).min() > 1e-4:
                kept = values[np.sort(np.argsort(np.abs(values))[p.zero_modes :])]
                assert (np.sum(kept < 0), np.sum(kept > 0)) == p.inertia[::2], p.name


def test_a_jet_carries_both_derivatives():
    jet = exact(lambda x: x[0] * x[1] * 3, [2.0, 5.0])
    assert jet[0] == 30
    assert jet[1].tolist() == [15, 6]
    assert jet[2].tolist() == [[0, 3], [3, 0]]
    assert Jet(1).g == {}
