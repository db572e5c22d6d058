"""A Hessian that is given, confronted with differences of the gradient."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import hesscape as hs
from hesscape.derivatives.confront import difference

H = np.array([[4.0, 1.0, 0.0], [1.0, 3.0, -0.5], [0.0, -0.5, 1.0]])
X = np.array([0.7, -1.3, 2.1])


def fun(x: Any) -> float:
    return float(np.cosh(x) @ [1, 2, 3] + x @ H @ x / 2)


def jac(x: Any) -> Any:
    return np.sinh(x) * [1, 2, 3] + H @ x


def hess(x: Any) -> Any:
    return np.diag(np.cosh(x) * [1, 2, 3]) + H


def outside(model: hs.TaylorModel) -> int:
    return int((np.abs(model.hessian - hess(X)) > model.hessian_error).sum())


def test_a_difference_of_a_cubic_gradient_is_exact():
    """One extrapolation removes the cubic term, at any step; its size bounds what is left elsewhere."""
    quartic = hs.Objective(
        lambda x: float(np.sum(x**4)), jac=lambda x: 4 * x**3, hess=lambda x: np.diag(12 * x**2)
    )
    model = hs.taylor(quartic, X)
    for size in (1e-3, 0.1, 2.0):
        d = difference(quartic, model, size * np.array([1.0, -1.0, 0.5]))
        assert d is not None
        np.testing.assert_allclose(d.change, 12 * X**2 * d.along, rtol=1e-10)
        assert (np.abs(d.change - 12 * X**2 * d.along) <= d.error).all()


def test_what_is_right_stays_as_exact_as_it_was():
    model = hs.taylor(fun, X, jac=jac, hess=hess)
    assert outside(model) == 0
    assert model.hessian_error.max() <= 1e-12
    assert "contradict" not in model.message


@pytest.mark.parametrize("entry", [(0, 0), (0, 1), (1, 2), (2, 2)])
@pytest.mark.parametrize("off", [1e-4, -0.3, 5.0])
def test_a_wrong_entry_is_covered_where_values_are_not_asked(entry, off):
    i, j = entry

    def wrong(x: Any) -> Any:
        h = hess(x)
        h[i, j] += off
        h[j, i] = h[i, j]
        return h

    assert outside(hs.taylor(fun, X, jac=jac, hess=wrong)) == 0


def test_single_precision_inside_is_known():
    model = hs.taylor(fun, X, jac=jac, hess=lambda x: hess(x).astype(np.float32).astype(np.float64))
    assert outside(model) == 0


@pytest.mark.parametrize("level", [1e-10, 1e-7, 1e-5])
def test_noise_of_gradients_is_that_of_the_hessian(level):
    rng = np.random.default_rng(0)
    missed = slopes = 0
    for _ in range(20):

        def moved(x: Any) -> Any:  # as a coarse rounding of the arguments moves it
            return x * (1 + level * rng.uniform(-1, 1, 3))

        model = hs.taylor(
            fun, X, jac=lambda x, at=moved: jac(at(x)), hess=lambda x, at=moved: hess(at(x))
        )
        missed += outside(model)
        slopes += int((np.abs(model.gradient - jac(X)) > model.gradient_error).sum())
    assert missed <= 1
    assert slopes <= 1


def test_rounded_arguments_move_a_hessian_that_bends():
    """H of cosh(30 t) changes by 30 times its size over a unit: far more than noise relative to H is."""
    rng = np.random.default_rng(1)
    missed = 0
    for _ in range(40):
        centre = X + rng.uniform(-0.08, 0.08, 3)

        def at(x: Any, c: Any = centre) -> Any:
            return 30 * (np.asarray(x, np.float32).astype(float) - c)

        model = hs.taylor(
            lambda x, at=at: float(np.cosh(at(x)).sum()),
            X,
            jac=lambda x, at=at: 30 * np.sinh(at(x)),
            hess=lambda x, at=at: np.diag(900 * np.cosh(at(x))),
        )
        exact = np.diag(900 * np.cosh(30 * (X - centre)))
        missed += int((np.abs(model.hessian - exact) > model.hessian_error).sum())
    assert missed <= 4  # of 120 that are not 0


@pytest.mark.parametrize("normal", [[1, 0, 0], [0, 0, 1], [0.6, -0.8, 0], [0.3, 0.5, -0.8]])
def test_a_jump_of_one_side_is_error(normal):
    a = np.array(normal, dtype=float)

    def side(x: Any) -> float:
        return max(float(a @ (x - X)), 0.0)

    model = hs.taylor(
        lambda x: fun(x) - 20 * side(x) ** 2, X, jac=lambda x: jac(x) - 40 * side(x) * a, hess=hess
    )
    other = hess(X) - 40 * np.outer(a, a)
    assert (np.abs(model.hessian - other) <= model.hessian_error).all()


def test_only_gradients_see_a_wrong_entry_where_values_are_noisy():
    for seed in range(10):
        rng = np.random.default_rng(seed)
        i, j = rng.integers(3, size=2)

        def wrong(x: Any, i: int = i, j: int = j) -> Any:
            h = hess(x)
            h[i, j] += 5.0
            h[j, i] = h[i, j]
            return h

        model = hs.taylor(lambda x, r=rng: fun(x) + r.standard_normal(), X, jac=jac, hess=wrong)
        assert "jac contradict" in model.message
        assert outside(model) == 0


@pytest.mark.parametrize("shift", [1e3, 1e5, 1e7])
def test_far_from_the_origin_rounding_of_x_moves_the_hessian_and_little_more(shift):
    """x is scaled before it is shifted, so that the argument is rounded relative to the shift."""
    scale = 0.1

    def at(x: Any) -> Any:
        return x * scale - shift

    moved = 0
    for x in (shift + np.linspace(-1.4, 1.9, 40)) / scale:
        model = hs.taylor(
            lambda x: float(np.cosh(at(x[0]))),
            [x],
            jac=lambda x: scale * np.sinh(at(x)),
            hess=lambda x: scale**2 * np.cosh(at(x))[:, None],
        )
        exact = scale**2 * np.cosh(float(Fraction(x) * Fraction(scale) - Fraction(shift)))
        off = abs(model.hessian[0, 0] - exact)
        moved += off > 8 * np.finfo(float).eps * exact
        assert off <= model.hessian_error[0, 0]
        assert model.hessian_error[0, 0] <= 1e-6 * exact
    assert moved


@pytest.mark.filterwarnings("error")
def test_every_call_is_counted_where_the_domain_ends_and_entries_are_huge():
    calls = 0

    def near(x: Any) -> Any:
        nonlocal calls
        calls += 1
        return np.array([2e60 * x[0] if abs(x[0] - 1) < 1e-9 else np.nan])

    model = hs.taylor(
        lambda x: 1e60 * x[0] ** 2, [1.0], jac=near, hess=lambda x: np.array([[2e60]])
    )
    assert model.njev == calls
    assert abs(model.hessian[0, 0] - 2e60) <= model.hessian_error[0, 0] <= 1e47
