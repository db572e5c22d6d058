"""Curvature from products: proofs, statements about random starts, counts of calls, and what goes wrong."""

import pickle
from typing import Any

import numpy as np
import pytest

import hesscape as hs
from hesscape import NonFiniteError, _core
from hesscape.krylov.lanczos import LanczosSearch
from hesscape.krylov.products import products_of
from hesscape.krylov.random_start import Statement
from phi4 import chain, chain_product, chain_value

EPS = float(np.finfo(float).eps)


class Counted:
    """A function that counts its calls."""

    def __init__(self, function):
        self.function, self.calls = function, 0

    def __call__(self, *args):
        self.calls += 1
        return self.function(*args)


def no_values(x):
    raise AssertionError("values were asked for")


def quadratic(d):
    """½ xᵀ diag(d) x, and its derivatives."""
    d = np.asarray(d, dtype=float)
    return lambda x: 0.5 * float(x @ (d * x)), lambda x: d * x, lambda x, p: d * p


def quotients_hold(found, product):
    for value, error, u in (
        (found.lowest, found.lowest_error, found.lowest_direction),
        (found.highest, found.highest_error, found.highest_direction),
    ):
        assert abs(u @ u - 1) <= 1e-12
        assert abs(u @ product(u) / (u @ u) - value) <= error


def test_quadratic_forms():
    for d, negative, positive, word in (
        (np.linspace(-1, 2, 5000), True, True, "both signs"),
        (np.linspace(1, 2, 5000), False, True, "positive in every direction"),
        (np.linspace(-2, -1, 5000), True, False, "negative in every direction"),
        (np.zeros(5000), False, False, "no curvature"),
    ):
        _, jac, hessp = quadratic(d)
        for offered in ({"hessp": hessp}, {"jac": jac}):
            found = hs.curvature(no_values, np.zeros(d.size), rng=1, **offered)
            assert (found.proven_negative, found.proven_positive) == (negative, positive)
            assert word in found.message
            assert d.min() - EPS <= found.lowest <= found.highest <= d.max() + EPS
            quotients_hold(found, lambda v, d=d: d * v)
            if negative != positive:
                assert found.floor <= d.min()
                assert found.ceiling >= d.max()
                assert 0 < found.epsilon < np.inf


def test_the_spectrum_of_small_matrices():
    for n in (1, 2, 3, 10):
        d = np.linspace(-3, 5, n) if n > 1 else np.array([-3.0])
        found = hs.curvature(
            no_values, np.ones(n), hess=lambda x, d=d: np.diag(d), rng=2, need="spectrum"
        )
        assert abs(found.lowest - d[0]) <= found.lowest_residual <= 1e-2
        assert abs(found.highest - d[-1]) <= found.highest_residual <= 1e-2
        assert found.epsilon <= 8


@pytest.mark.parametrize("n", [1000, 100_000])
def test_the_saddle_of_a_chain_takes_nine_gradients(n):
    jac = Counted(chain)
    found = hs.curvature(no_values, np.zeros(n), jac=jac, rng=0)
    assert found.proven_negative
    assert found.proven_positive
    assert jac.calls == found.njev == 9
    assert found.n_products == 3
    quotients_hold(found, lambda v: chain_product(np.zeros(n), v))
    hessp = Counted(chain_product)
    found = hs.curvature(no_values, np.zeros(n), hessp=hessp, rng=0)
    assert hessp.calls == found.n_products == 3
    assert found.njev == 0


def test_the_minimum_of_a_chain_is_a_statement():
    n = 3000
    found = hs.curvature(no_values, np.ones(n), jac=chain, rng=0)
    assert not found.proven_negative
    assert 0 < found.floor <= 2
    assert found.confidence == 1 - found.delta == 0.999
    sharper = hs.curvature(no_values, np.ones(n), jac=chain, rng=0, need="spectrum")
    assert sharper.epsilon < found.epsilon / 4
    assert "within tol" in sharper.message
    assert abs(sharper.lowest - 2) <= 4e-3 * 6
    assert abs(sharper.highest - 6) <= 4e-3 * 6


def test_more_products_are_asked_for_when_they_are_few():
    d = np.geomspace(1e-9, 1, 2000)
    _, _, hessp = quadratic(d)
    found = hs.curvature(no_values, np.zeros(d.size), hessp=hessp, rng=0, max_products=20)
    assert "cannot be excluded" in found.message
    assert found.n_products == 22  # both ends are measured
    found = hs.curvature(
        no_values, np.zeros(d.size), hessp=hessp, rng=0, max_products=3, need="spectrum"
    )
    assert "allow more products" in found.message
    assert found.epsilon == np.inf
    assert "unknown, after so few" in str(found)


@pytest.mark.parametrize("sigma", [1e-12, 1e-8, 1e-4, 1e-2, 1.0])
def test_noise_of_the_gradient_enters_the_errors(sigma):
    n = 2000
    rng = np.random.default_rng(3)
    for x in (np.zeros(n), np.ones(n)):
        found = hs.curvature(
            no_values,
            x,
            jac=lambda y: chain(y) + sigma * rng.standard_normal(n),
            rng=4,
            max_products=30,
        )
        quotients_hold(found, lambda v, x=x: chain_product(x, v))
        assert not (x[0] == 1 and found.proven_negative)
        if sigma <= 1e-4:
            assert found.proven_positive
            assert found.proven_negative == (x[0] == 0)
            assert found.lowest_error <= 0.2


def test_single_precision_is_noticed():
    n = 2000
    x = np.linspace(
        0.1, 1.0, n
    )  # single precision shows in both, at steps that are no powers of two
    for offered in (
        {"jac": lambda y: chain(y.astype(np.float32))},
        {"hessp": lambda y, p: chain_product(y.astype(np.float32), p.astype(np.float32))},
    ):
        found = hs.curvature(no_values, x, rng=5, **offered)
        quotients_hold(found, lambda v: chain_product(x, v))
        assert found.lowest_error >= 1e-8


def test_strong_nonlinearity_shortens_the_step():
    n = 2000
    sharp = 1e3
    found = hs.curvature(
        no_values, np.zeros(n), jac=lambda y: np.sin(sharp * y) / sharp + y**3, rng=6
    )
    quotients_hold(found, lambda v: v)
    assert found.lowest_error <= 1e-4


def test_zero_modes_are_left_out():
    n = 1000
    d = np.linspace(1, 2, n)
    rng = np.random.default_rng(7)
    z = np.linalg.qr(rng.standard_normal((n, 2)))[0]

    def hessp(x, p):  # flat along z, and positive on its complement
        q = p - z @ (z.T @ p)
        q = d * q
        return q - z @ (z.T @ q)

    found = hs.curvature(
        no_values, np.zeros(n), hessp=hessp, zero_modes=z @ [[1, 2], [3, 4]], rng=8
    )
    assert "positive in every direction" in found.message
    assert np.abs(z.T @ found.lowest_direction).max() <= 1e-13
    assert found.floor > 0
    without = hs.curvature(no_values, np.zeros(n), hessp=hessp, rng=8)
    assert not without.proven_negative
    assert without.floor <= 0
    with pytest.raises(ValueError, match=r"zero_modes: expected a basis \(1000, k\)"):
        hs.curvature(no_values, np.zeros(n), hessp=hessp, zero_modes=2)


def test_products_that_are_not_finite():
    n = 50
    x = np.zeros(n)
    with pytest.raises(NonFiniteError, match="hessp is not finite at x"):
        hs.curvature(no_values, x, hessp=lambda x, p: np.full(n, np.nan))
    with pytest.raises(NonFiniteError, match="jac is not finite at or next to x"):
        hs.curvature(no_values, x, jac=lambda x: np.full(n, np.inf))
    with pytest.raises(NonFiniteError, match="jac is not finite at or next to x"):
        hs.curvature(no_values, x, jac=lambda y: y if not y.any() else np.full(n, np.nan))

    def near(y):  # finite in a small box only
        return chain(y) if np.abs(y).max() < 1e-9 else np.full(n, np.nan)

    found = hs.curvature(no_values, x, jac=near)
    assert found.proven_negative
    assert found.proven_positive
    quotients_hold(found, lambda v: chain_product(x, v))


def test_the_core_takes_a_refused_product_again():
    n = 40
    d = np.linspace(-1, 1, n)
    start = np.random.default_rng(9).standard_normal(n)
    core = _core.Lanczos(start, zero_modes=np.empty((n, 0)), limit=10)
    for _ in range(15):
        v = core.ask().copy()
        assert not core.tell(np.full((n, 1), np.nan), np.zeros(1))
        assert core.status == _core.Krylov.not_finite
        assert "tell it again" in core.status.message
        assert (core.ask() == v).all()
        assert core.tell(d[:, None] * v, np.array([1e-15]))
        assert core.status == _core.Krylov.open
    assert core.restarts > 0
    assert core.products == 15
    with pytest.raises(ValueError, match="shape of what was asked"):
        core.tell(d[1:, None], np.zeros(1))
    with pytest.raises(ValueError, match="one for each product"):
        core.tell(d[:, None], np.array([-1.0]))


def test_a_pickled_state_goes_on():
    n = 50
    d = np.linspace(-1, 1, n)
    start = np.random.default_rng(9).standard_normal(n)
    straight = _core.Lanczos(start, zero_modes=np.eye(n, 1, order="F"), limit=8)
    moved = pickle.loads(pickle.dumps(straight))
    for i in range(30):
        for core in (straight, moved):
            assert core.tell(d[:, None] * core.ask(), np.array([1e-15]))
        moved.tell(np.full((n, 1), np.nan), np.zeros(1))
        moved = pickle.loads(pickle.dumps(moved))
        assert moved.status == _core.Krylov.not_finite
        np.testing.assert_array_equal(moved.ask(), straight.ask())
        np.testing.assert_array_equal(moved.values, straight.values)
        np.testing.assert_array_equal(moved.residuals, straight.residuals)
        assert (moved.products, moved.restarts) == (i + 1, straight.restarts)
    assert straight.restarts > 0
    state = straight.__getstate__()
    for bad in (b"", state[:-1], state + b"0", b"0" * len(state)):
        with pytest.raises(ValueError, match="bytes must be all of what save gave"):
            _core.Lanczos.__new__(_core.Lanczos).__setstate__(bad)


def test_a_search_goes_on_after_an_interruption():
    n = 300
    d = np.linspace(-1, 2, n)
    x, none = np.zeros(n), np.empty((n, 0), order="F")
    start = np.random.default_rng(10).standard_normal(n)

    def search(hessp):
        source = products_of(hs.Objective(no_values, hessp=hessp), x)
        core = _core.Lanczos(start, zero_modes=none, limit=12)
        return LanczosSearch(source, core, Statement(n, 0.1), x)

    calls = 0

    def interrupted(x, p):
        nonlocal calls
        calls += 1
        if calls % 5 == 0:
            raise KeyboardInterrupt
        return np.nan * p if calls % 7 == 0 else d * p

    straight, disturbed = search(lambda x, p: d * p), search(interrupted)
    straight.run("spectrum", 1e-3, 100)
    stops = 0
    for _ in range(100):
        try:
            disturbed.run("spectrum", 1e-3, 100)
            break
        except (KeyboardInterrupt, NonFiniteError):
            stops += 1
    assert stops > 5
    assert straight.low is not None
    assert disturbed.low is not None
    assert disturbed.low.value == straight.low.value
    assert disturbed.statement.floor == straight.statement.floor


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, ZeroDivisionError("mine"), SystemExit])
@pytest.mark.parametrize("call", [1, 2, 5, 8])
def test_exceptions_pass_through_at_once(interruption, call):
    calls = 0

    def jac(x):
        nonlocal calls
        calls += 1
        if calls == call:
            raise interruption
        return chain(x)

    with pytest.raises(interruption if isinstance(interruption, type) else type(interruption)):
        hs.curvature(no_values, np.zeros(100), jac=jac, rng=0)
    assert calls == call


def test_vectorized_gradients_and_arguments():
    n = 500
    shapes = []

    def jac(points, a):
        shapes.append(points.shape)
        return a * points * np.where(np.arange(n) % 2, 1, -1)[:, None]

    found = hs.curvature(no_values, np.zeros(n), jac=jac, vectorized=True, args=(3,), rng=0)
    assert (found.lowest, found.highest) == pytest.approx((-3, 3))
    assert set(shapes) <= {(n, 1), (n, 2)}
    objective = hs.Objective(no_values, hessp=lambda x, p, a: a * p, args=(2,))
    assert hs.curvature(objective, np.zeros(n)).lowest == pytest.approx(2)


def test_the_callers_arrays_stay_as_they_are():
    x = np.ones(200)

    def jac(y):
        g = chain(y)
        y[:] = np.nan  # its own
        return g

    first = hs.curvature(no_values, x, jac=jac, rng=1)
    assert (x == 1).all()
    again = hs.curvature(no_values, x, jac=chain, rng=1)
    assert first.lowest == again.lowest
    identity = hs.curvature(no_values, x, jac=lambda y: y, rng=1)  # gives back what it was given
    assert identity.lowest == pytest.approx(1)
    buffer = np.empty(200)
    reused = hs.curvature(no_values, x, jac=lambda y: np.multiply(y, -2, out=buffer), rng=1)
    assert reused.highest == pytest.approx(-2)
    assert reused.gradient is not None
    assert (reused.gradient == -2).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"need": "index"}, "need: expected one of 'kind', 'inertia', 'spectrum', got 'index'"),
        ({"tol": 0}, "tol must be a finite number > 0, got 0"),
        ({"delta": 1}, "delta must be a probability below 1, got 1"),
        ({"max_products": 0}, "max_products must be an integer from 1"),
        ({"basis": 3}, "basis must be an integer from 4"),
        ({"jac": None}, "curvature needs hessp, jac or hess"),
    ],
)
def test_bad_arguments(arguments, message):
    options: dict[str, Any] = {"jac": chain} | arguments
    with pytest.raises(ValueError, match=message):
        hs.curvature(no_values, np.zeros(10), **options)


def test_reports():
    found = hs.curvature(no_values, np.ones(1000), jac=chain, rng=0)
    text = str(found)
    assert "curvature in 1000 coordinates" in text
    assert f"{found.n_products} products from {found.njev} gradients" in text
    assert "with probability 0.999" in text
    assert "lowest_direction" not in repr(found)


# ---- verdicts


def test_classify_by_products():
    n = 1500
    for need in ("kind", "spectrum"):
        saddle = hs.classify(chain_value, np.zeros(n), jac=chain, need=need)
        assert (saddle.kind, saddle.certain, saddle.confidence) == ("saddle", True, 1.0)
        assert saddle.inertia == (1, n - 2, 1)
        assert saddle.index is None
        assert saddle.way_down is not None
        assert saddle.way_down @ chain_product(np.zeros(n), saddle.way_down) < 0
        assert (saddle.eigenvalues is not None) == (need == "spectrum")
    minimum = hs.classify(chain_value, np.ones(n), jac=chain)
    assert (minimum.kind, minimum.certain, minimum.confidence) == ("minimum", False, 0.999)
    assert minimum.inertia == (0, n - 1, 1)
    assert minimum.eigenvalues is not None
    assert minimum.eigenvalue_error is not None
    assert (np.abs(minimum.eigenvalues - [2, 6]) <= minimum.eigenvalue_error).all()
    assert "which is no proof" in minimum.message
    assert "not proven, but with probability 0.999" in str(minimum)
    assert minimum.curvature is not None
    assert minimum.njev == minimum.curvature.njev
    moving = hs.classify(chain_value, np.full(n, 0.5), jac=chain, need="kind")
    assert (moving.kind, moving.certain) == ("not_critical", True)


def test_maxima_and_flat_points():
    n = 1200
    maximum = hs.classify(lambda x: -x @ x, np.zeros(n), jac=lambda x: -2 * x, need="kind")
    assert (maximum.kind, maximum.certain, maximum.confidence) == ("maximum", False, 0.999)
    flat = hs.classify(lambda x: (x**4).sum(), np.zeros(n), jac=lambda x: 4 * x**3, need="kind")
    assert (flat.kind, flat.confidence) == ("degenerate", 0.0)


def test_which_method_is_chosen():
    few, many = np.zeros(999), np.zeros(1000)
    value, jac, hessp = quadratic(np.ones(1000))
    assert hs.classify(value, many, jac=jac, need="kind").curvature is not None
    assert hs.classify(value, many, hessp=hessp, jac=jac, need="kind").njev == 1
    small = quadratic(np.ones(999))
    assert hs.classify(small[0], few, jac=small[1], need="inertia").curvature is None
    tiny = quadratic([1.0, -1.0])
    forced = hs.classify(tiny[0], [0, 0], hessp=tiny[2], method="lanczos")
    assert (forced.kind, forced.certain) == ("saddle", True)
    assert forced.nfev > 0  # the gradient comes from values
    dense = hs.classify(tiny[0], [0, 0], jac=tiny[1], method="dense")
    assert dense.curvature is None
    with pytest.raises(ValueError, match="method: expected one of"):
        hs.classify(tiny[0], [0, 0], method="simplex")
    with pytest.raises(ValueError, match=r"step, levels, .* are for method='dense'"):
        hs.classify(tiny[0], [0, 0], jac=tiny[1], method="lanczos", step=0.1)


def test_a_noisy_gradient_proves_no_saddle_point():
    n = 1000
    rng = np.random.default_rng(11)
    found = hs.classify(
        chain_value,
        np.zeros(n),
        jac=lambda x: chain(x) + 1e-4 * rng.standard_normal(n),
        need="kind",
        gtol=1e-5,
    )
    assert found.kind in ("saddle", "not_critical")
    assert not (found.kind == "saddle" and found.certain)
