"""The measurement that many points share settles most of them, and leaves the rest alone."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hesscape import _core
from hesscape.derivatives.first_look import answer
from hesscape.objective import Objective
from hesscape.surveys.assess import NAMES, Columns
from hesscape.surveys.screen import screen, together
from hesscape.verdicts.evidence import Question


def verdicts(fun, X, need="inertia", zero_modes=0, **objective):
    """The columns of what a screen settles, with a column `settled`."""
    f = Objective(fun, **{"vectorized": True} | objective)
    X = np.array(X, dtype=float)
    screened = screen(f, X, Question.of(1e-5, need, zero_modes, X.shape[1]))
    found, settled = Columns.empty(X), np.zeros(len(X), dtype=bool)
    for rows, points in screened.verdicts:
        found.record(rows, points)
        settled[rows] = True
    found.nfev[:] = screened.nfev
    return SimpleNamespace(settled=settled, **{name: getattr(found, name) for name in NAMES})


def quartic(seed, n, negative):
    """A function with the Hessian given at its stationary point x, and a random third and fourth derivative."""
    rng = np.random.default_rng(seed)
    q = np.linalg.qr(rng.normal(size=(n, n)))[0]
    curvature = np.abs(rng.normal(size=n)) + 0.1
    curvature[:negative] *= -1
    h = (q * curvature) @ q.T
    a, b = rng.normal(size=(2, 3, n))
    x = rng.normal(size=n)

    def fun(points):
        d = points - x[:, None]
        return np.einsum("im,ij,jm->m", d, h, d) / 2 + ((a @ d) ** 3 + (b @ d) ** 4).sum(axis=0) / 9

    return fun, x, h


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 12), st.data())
def test_stationary_points_have_the_signs_of_their_hessian(seed, n, data):
    negative = data.draw(st.integers(0, n))
    fun, x, h = quartic(seed, n, negative)
    for need in ("kind", "inertia", "spectrum"):
        found = verdicts(fun, [x, x + 0.5], need)
        if found.settled[0]:
            assert found.kind[0] == {0: "minimum", n: "maximum"}.get(negative, "saddle")
            if found.index[0] >= 0:
                assert found.inertia[0].tolist() == [negative, 0, n - negative]
            if need == "spectrum":
                exact = np.linalg.eigvalsh(h)[[0, -1]]
                assert abs(found.lowest[0] - exact[0]) <= n * found.error[0]
                assert abs(found.highest[0] - exact[1]) <= n * found.error[0]


def test_most_points_of_smooth_functions_are_settled():
    settled = [
        verdicts(fun, [x]).settled[0]
        for seed in range(60)
        for fun, x, _ in [quartic(seed, 1 + seed % 8, seed % 2)]
    ]
    assert np.mean(settled) > 0.9


@pytest.mark.parametrize("sigma", [1e-10, 1e-6, 1e-3])
def test_noise_is_never_taken_for_curvature(sigma):
    rng = np.random.default_rng(8)
    n = 3

    def noisy(points):
        return sigma * rng.normal(size=points.shape[1])

    found = verdicts(noisy, rng.normal(size=(400, n)))
    assert not found.settled.any()


def test_gradients_are_proven_by_their_errors():
    x = np.random.default_rng(9).normal(size=(300, 4))
    slope = np.array([3e-6, 0, 0, 0])  # below gtol
    found = verdicts(lambda p: slope @ p, x, "kind")
    assert not (found.kind == "not_critical").any()
    found = verdicts(lambda p: 10 * slope @ p, x, "kind")
    assert (found.kind[found.settled] == "not_critical").all()
    assert found.settled.mean() > 0.9


def test_values_are_counted():
    fun, x, _ = quartic(3, 5, 2)
    asked = []

    def counted(points):
        asked.append(points.shape[1])
        return fun(points)

    X = np.vstack([x, x + np.eye(5)])
    found = verdicts(counted, X, "kind")
    assert found.nfev.sum() == sum(asked)
    assert found.nfev.min() == 1 + 12 * 5
    assert verdicts(fun, [x]).nfev.tolist() == [1 + 12 * 5 + 2 * 5 * 4 + 8]
    assert len(asked) < 12


def test_points_do_not_touch_each_other():
    fun, x, _ = quartic(4, 3, 1)
    X = x + np.random.default_rng(1).normal(size=(together(3) // 4, 3)) * 0.3
    X[::7] = x
    for need in ("kind", "spectrum"):
        whole = verdicts(fun, X, need)
        for rows in (slice(0, 1), slice(5, 200), slice(None, None, 7)):
            part = verdicts(fun, X[rows], need)
            for name in vars(part):
                np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[rows])


@pytest.mark.parametrize("batch_axis", [0, -1])
def test_layouts_have_the_same_results(batch_axis):
    fun, x, _ = quartic(5, 4, 1)
    X = x + np.arange(12.0).reshape(3, 4) / 10
    expected = verdicts(fun, X)
    found = verdicts(lambda p: fun(p if batch_axis else p.T), X, batch_axis=batch_axis)
    np.testing.assert_array_equal(found.kind, expected.kind)
    np.testing.assert_allclose(found.distance, expected.distance, rtol=1e-6)
    one = verdicts(lambda p: float(fun(p[:, None])[0]), X, "kind", vectorized=False)
    np.testing.assert_array_equal(one.kind, verdicts(fun, X, "kind").kind)


def test_blocks_are_read_only():
    core = _core.Screen(np.ones((2, 3)), noise=0.0, by_point=False)
    points = core.ask()
    assert points.shape[0] == 3
    with pytest.raises(ValueError, match="read-only"):
        points[0, 0] = 1


def test_values_that_are_not_finite_settle_nothing():
    def holes(points):
        return np.where(points[0] > 0.01, np.nan, (points**2).sum(axis=0))

    found = verdicts(holes, [[0, 0], [-1, 0], [-2, -3]])
    assert found.settled.tolist() == [False, True, True]


def test_zero_modes_are_left_out():
    """x^2 - y^2 + u^2 of coordinates that are turned; u is flat where it is not looked at."""
    turn = np.linalg.qr(np.random.default_rng(6).normal(size=(4, 4)))[0]

    def fun(points):
        u = turn.T @ points
        return 1.5 * u[0] ** 2 - u[1] ** 2 + u[2] ** 2 + u[2] ** 4

    for zero_modes in (turn[:, 3:], 1):
        found = verdicts(fun, [np.zeros(4)], zero_modes=zero_modes)
        assert found.settled[0]
        assert found.kind[0] == "saddle"
        assert found.index[0] == 1
        assert found.inertia[0].tolist() == [1, 1, 2]
    assert not verdicts(fun, [np.zeros(4)]).settled[0]


def test_periods_of_the_displacements_deceive_nobody():
    """All displacements but a few are whole periods of the wave, so that it looks flat."""

    def wave(points):
        return 0.01 * np.cos(2 * np.pi * 256 * points[0]) + (points[1:] ** 2).sum(axis=0)

    found = verdicts(wave, np.zeros((1, 3)))
    assert not found.settled[0]


@pytest.mark.parametrize("wavelength", [10.0**-k for k in range(6)])
@pytest.mark.parametrize("amplitude", [1e-2, 1e-4])
def test_ripples_are_not_taken_for_noise(wavelength, amplitude):
    """What looks like noise on the rungs may decide what x is."""
    k = 2 * np.pi / wavelength
    ripples = {
        "on both axes": (lambda p: np.cos(k * p).sum(axis=0), -(k**2) * np.eye(2)),
        "between the axes": (lambda p: np.sin(k * p[0]) * np.sin(k * p[1]), k**2 * (1 - np.eye(2))),
        "aslant": (lambda p: np.cos(k * (p[0] - 0.3 * p[1])),
                   -(k**2) * np.outer([1, -0.3], [1, -0.3])),
    }  # fmt: skip
    for ripple, curvature in ripples.values():
        for slope in ([1, 1], [1, -1], [0.01, 1]):
            found = verdicts(
                lambda p, r=ripple, d=slope: np.dot(d, p**2) / 2 + amplitude * r(p),
                np.zeros((1, 2)),
            )
            if found.settled[0]:
                exact = np.linalg.eigvalsh(np.diag(slope) + amplitude * curvature)
                assert found.inertia[0].tolist() == [(exact < 0).sum(), 0, (exact > 0).sum()]


@pytest.mark.parametrize("n", [2, 3, 6])
def test_faint_ripples_decide_where_they_curve_more_than_the_rest(n):
    """The rungs see nothing of them but scatter; the small steps see what they are."""
    for wavelength in 10.0 ** -np.arange(1, 5.1, 0.25):
        for amplitude in 10.0 ** -np.arange(4, 9.1, 0.25):
            k = 2 * np.pi / wavelength

            def f(p, k=k, a=amplitude):
                return (p**2).sum(axis=0) / 2 + a * np.cos(k * p).sum(axis=0)

            found = verdicts(f, np.zeros((1, n)))
            kind = "minimum" if amplitude * k**2 < 1 else "maximum"
            assert not found.settled[0] or found.kind[0] == kind


@pytest.mark.parametrize("n", [1, 2, 5])
def test_errors_cover_noise(n):
    rng = np.random.default_rng(11)
    h = rng.normal(size=(n, n))
    h = h + h.T
    x = rng.uniform(0.5, 1, size=(400, n))

    def noisy(p):
        return np.einsum("im,ij,jm->m", p, h, p) / 2 + 1e-5 * rng.normal(size=p.shape[1])

    core = _core.Screen(x, noise=0.0, by_point=False)
    f = Objective(noisy, vectorized=True)
    answer(core, f)
    core.keep(np.arange(400))
    answer(core, f)
    found = core.result()
    wrong = np.greater(np.abs(found.hessian - h.ravel()), found.hessian_error)
    slopes = np.greater(np.abs(found.gradient - x @ h), found.gradient_error)
    assert wrong[found.agrees].mean() < 1e-3
    assert slopes[found.agrees].mean() < 1e-3
    assert found.agrees.mean() > 0.5
