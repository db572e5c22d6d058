"""What must hold of every measurement, tried on random polynomials whose derivatives are exact rationals."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hesscape as hs

EPS = float(np.finfo(float).eps)
DEGREE = 4
SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.integers(1, 6)
FEW = settings(max_examples=40, deadline=None)


class Polynomial:
    """A sum of coefficients times powers, for one point (n,) or for columns (n, m)."""

    def __init__(self, powers, coefficients):
        self.powers = [tuple(map(int, p)) for p in powers]
        self.coefficients = [float(c) for c in coefficients]

    def __call__(self, x):
        total = np.zeros(x.shape[1:])
        for c, powers in zip(self.coefficients, self.powers, strict=True):
            term = np.full(x.shape[1:], c)
            for i, k in enumerate(powers):
                if k:
                    term = term * x[i] ** k
            total = total + term
        return total

    def derivative(self, x, *axes):
        total = Fraction(0)
        for c, powers in zip(self.coefficients, self.powers, strict=True):
            term, left = Fraction(c), list(powers)
            for i in axes:
                term *= left[i]
                left[i] -= 1
            if term:
                for a, k in zip(x, left, strict=True):
                    term *= Fraction(float(a)) ** k
                total += term
        return total

    def gradient(self, x):
        return np.array([float(self.derivative(x, i)) for i in range(len(x))])

    def hessian(self, x):
        n = range(len(x))
        return np.array([[float(self.derivative(x, i, j)) for j in n] for i in n])

    def jac(self, x):
        """The gradient in floating point, as a user would write it."""
        x = np.asarray(x)
        g = np.zeros(x.shape)
        for i in range(len(x)):
            for c, powers in zip(self.coefficients, self.powers, strict=True):
                if powers[i]:
                    left = [k - (i == j) for j, k in enumerate(powers)]
                    g[i] += Polynomial([left], [c * powers[i]])(x)
        return g

    def terms(self, x):
        """How large its terms are where it is measured: a bound for what cancels."""
        size = np.abs(x) + 1
        return float(Polynomial(self.powers, np.abs(self.coefficients))(size))


def polynomial(seed, n, *, dense=None, zeros=True):
    """A random polynomial and a point; coefficients over six magnitudes, coordinates over two."""
    rng = np.random.default_rng(seed)
    monomials = [p for p in itertools.product(range(DEGREE + 1), repeat=n) if sum(p) <= DEGREE]
    dense = rng.random() < 0.3 if dense is None else dense
    count = min(60 if dense else int(rng.integers(1, 12)), len(monomials))
    chosen = rng.choice(len(monomials), count, replace=False)
    coefficients = rng.standard_normal(count) * 10.0 ** rng.uniform(-3, 3, count)
    x = rng.standard_normal(n) * 10.0 ** rng.choice([-1, 0, 1])
    if zeros:
        x[rng.random(n) < 0.15] = 0
    return Polynomial([monomials[i] for i in chosen], coefficients), x


def measure(f, x, **more):
    return hs.taylor(f, x, vectorized=True, **more)


def overrun(measured, truth, bound):
    """By what factor the worst entry is off its bound; the truth is rounded once to double."""
    off = np.abs(measured - truth) - EPS / 2 * np.abs(truth)
    return float(np.max(off / np.maximum(bound, 1e-300)))


def agree(a, b, bound, slack=0.0):
    assert np.isfinite(a).all()
    assert np.isfinite(b).all()
    off = np.abs(a - b) - bound - slack - EPS * np.abs(b)
    assert np.max(off) <= 0, f"{a}\n{b}\nbound {bound}"


@FEW
@given(SEEDS, SIZES)
def test_derivatives_are_within_their_bounds(seed, n):
    p, x = polynomial(seed, n)
    model = measure(p, x)
    assert model.value == p(x[:, None])[0]
    # One entry in some thousands may lie outside its bound, none far outside.
    assert overrun(model.hessian, p.hessian(x), model.hessian_error) <= 3
    assert overrun(model.gradient, p.gradient(x), model.gradient_error) <= 3
    assert np.array_equal(model.hessian, model.hessian.T)
    assert np.array_equal(model.hessian_error, model.hessian_error.T)
    assert np.isfinite(model.hessian_error).all()
    assert np.isfinite(model.gradient_error).all()
    assert (model.hessian_error >= 0).all()
    assert (model.gradient_error >= 0).all()


def test_bounds_cover_practically_all_entries_and_are_tight():
    entries = slopes = covered = covered_slopes = 0
    largest, middle = [], []
    for seed in range(250):
        p, x = polynomial(seed, 1 + seed % 6)
        model, h, g = measure(p, x), p.hessian(x), p.gradient(x)
        off = np.abs(model.hessian - h) - EPS / 2 * np.abs(h)
        covered += int((off <= model.hessian_error).sum())
        entries += h.size
        off = np.abs(model.gradient - g) - EPS / 2 * np.abs(g)
        covered_slopes += int((off <= model.gradient_error).sum())
        slopes += g.size
        if h.any():
            largest.append(model.hessian_error.max() / np.abs(h).max())
            middle.append(np.median(model.hessian_error) / np.abs(h).max())
    assert covered >= 0.999 * entries
    assert covered_slopes >= 0.999 * slopes
    assert np.median(middle) <= 1e-10
    assert np.quantile(largest, 0.9) <= 1e-8
    assert max(largest) <= 1e-3


@FEW
@given(SEEDS, st.integers(2, 6))
def test_permuted_coordinates(seed, n):
    p, x = polynomial(seed, n)
    order = np.random.default_rng(seed).permutation(n)
    q = Polynomial([[powers[i] for i in order] for powers in p.powers], p.coefficients)
    a, b = measure(p, x), measure(q, x[order])
    both = np.ix_(order, order)
    agree(b.hessian, a.hessian[both], a.hessian_error[both] + b.hessian_error)
    agree(b.gradient, a.gradient[order], a.gradient_error[order] + b.gradient_error)


@FEW
@given(SEEDS, st.integers(2, 6))
def test_rotated_coordinates(seed, n):
    p, x = polynomial(seed, n)
    rng = np.random.default_rng(seed)
    q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    a, b = measure(p, x), measure(lambda y: p(q @ y), q.T @ x)
    slack = 200 * EPS * p.terms(x)  # q.T @ x is rounded
    w = np.abs(q)
    agree(b.hessian, q.T @ a.hessian @ q, w.T @ a.hessian_error @ w + b.hessian_error, slack)
    agree(b.gradient, q.T @ a.gradient, w.T @ a.gradient_error + b.gradient_error, slack)


@FEW
@given(SEEDS, SIZES)
def test_translated_coordinates(seed, n):
    p, x = polynomial(seed, n)
    rng = np.random.default_rng(seed)
    x = np.round(x * 2**20) / 2**20
    shift = rng.integers(-(2**15), 2**15, n) / 2**10  # x + shift and its way back are exact
    a, b = measure(p, x), measure(lambda y: p((y.T - shift).T), x + shift)
    agree(b.hessian, a.hessian, a.hessian_error + b.hessian_error)
    agree(b.gradient, a.gradient, a.gradient_error + b.gradient_error)


@FEW
@given(SEEDS, SIZES, st.sampled_from([1e-6, 1e6]), st.booleans())
def test_scaled_coordinates(seed, n, factor, each):
    """Uniformly, or every coordinate by its own factor: up to 10^12 between them."""
    p, x = polynomial(seed, n, zeros=False)
    x = np.where(np.abs(x) < 1e-3, 0.5, x)
    rng = np.random.default_rng(seed)
    scale = factor ** (rng.uniform(-1, 1, n) if each else np.ones(n))
    scale = 2.0 ** np.round(np.log2(scale))
    a, b = measure(p, x), measure(lambda y: p((y.T / scale).T), x * scale)
    area = np.outer(scale, scale)
    agree(b.hessian * area, a.hessian, a.hessian_error + b.hessian_error * area)
    agree(b.gradient * scale, a.gradient, a.gradient_error + b.gradient_error * scale)
    assert np.median(b.hessian_error * area) <= 100 * a.hessian_error.max()


@FEW
@given(SEEDS, SIZES, st.sampled_from([1e-100, 1e100, -1.0, -1e100]))
def test_scaled_values(seed, n, factor):
    p, x = polynomial(seed, n)
    a, b = measure(p, x), measure(lambda y: factor * p(y), x)
    slack = 200 * EPS * p.terms(x)  # the product is rounded
    agree(b.hessian / factor, a.hessian, a.hessian_error + b.hessian_error / abs(factor), slack)
    agree(b.gradient / factor, a.gradient, a.gradient_error + b.gradient_error / abs(factor), slack)


@FEW
@given(SEEDS, SIZES, st.sampled_from([-332, -40, 2, 332]))
def test_values_scaled_by_a_power_of_two_scale_the_result_exactly(seed, n, exponent):
    p, x = polynomial(seed, n)
    a, b = measure(p, x), measure(lambda y: np.ldexp(p(y), exponent), x)
    assert np.array_equal(b.hessian, np.ldexp(a.hessian, exponent))
    assert np.array_equal(b.gradient, np.ldexp(a.gradient, exponent))
    assert np.allclose(b.hessian_error, np.ldexp(a.hessian_error, exponent), rtol=1e-9, atol=0)
    assert np.allclose(b.gradient_error, np.ldexp(a.gradient_error, exponent), rtol=1e-9, atol=0)
    assert b.nfev == a.nfev
    assert np.array_equal(a.step, b.step)


@FEW
@given(SEEDS, SIZES)
def test_values_agree_with_gradients_and_with_a_given_hessian(seed, n):
    p, x = polynomial(seed, n)
    h, g = p.hessian(x), p.gradient(x)
    models = [
        measure(p, x),
        measure(p, x, jac=p.jac),
        hs.taylor(p, x, hess=lambda _: h),
        hs.taylor(p, x, hessp=lambda _, v: h @ v),
        hs.taylor(p, x, hess=lambda _: h, jac=p.jac),
    ]
    assert overrun(models[1].hessian, h, models[1].hessian_error) <= 3
    slack = 20 * EPS * p.terms(x)  # rounding in p.jac
    assert (np.abs(models[1].gradient - g) <= models[1].gradient_error + slack).all()
    for a, b in itertools.combinations(models, 2):
        agree(a.hessian, b.hessian, a.hessian_error + b.hessian_error, 1e-3 * slack)
        agree(a.gradient, b.gradient, a.gradient_error + b.gradient_error, slack)
        assert abs(a.value - b.value) <= 20 * EPS * p.terms(x)  # powers of arrays and of numbers


@FEW
@given(SEEDS, SIZES)
def test_model_is_the_taylor_formula(seed, n):
    p, x = polynomial(seed, n)
    model = measure(p, x)
    rng = np.random.default_rng(seed)
    points = x + rng.standard_normal((3, 2, n))
    values, forms = model(points), model.quadratic_form(points)
    assert values.shape == forms.shape == (3, 2)
    for at in np.ndindex(3, 2):
        d = points[at] - x
        terms = [model.value, *(d * model.gradient), *(np.outer(d, d) * model.hessian / 2).ravel()]
        assert abs(values[at] - sum(terms)) <= 20 * EPS * np.abs(terms).sum()
        assert model(points[at]) == pytest.approx(
            values[at], rel=1e-13, abs=1e-13 * np.abs(terms).sum()
        )
        forms_terms = np.outer(points[at], points[at]) * model.hessian
        assert abs(forms[at] - forms_terms.sum()) <= 20 * EPS * np.abs(forms_terms).sum()
    assert model(x) == model.value
    assert model.quadratic_form(np.zeros(n)) == 0
