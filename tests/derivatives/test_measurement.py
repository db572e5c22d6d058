"""Asking and telling gives what `taylor` gives, on one thread and on many."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import hesscape as hs
from hesscape import NonFiniteError, _core, testing

FIELDS = (
    "x",
    "value",
    "gradient",
    "hessian",
    "gradient_error",
    "hessian_error",
    "noise",
    "step",
    "nfev",
    "njev",
    "message",
)


def bumpy(x):
    """Works on points (n,) and on columns (n, m), in an order of operations that is the same for both."""
    total = 0.0
    for i in range(len(x)):
        total = (
            total
            + (i + 1.5) * x[i] * x[i] * x[i]
            + x[i] * x[i - 1] * x[i - 1]
            + 1 / (1 + x[i] * x[i])
        )
    return total


def points_of(n, count, seed=0):
    return np.random.default_rng(seed).uniform(-2, 2, (count, n))


def same(a, b):
    for name in FIELDS:
        assert np.array_equal(getattr(a, name), getattr(b, name)), name


def finish(measurement, fun=bumpy):
    while not measurement.done:
        measurement.tell([fun(p) for p in measurement.ask()])
    return measurement.result()


@pytest.mark.parametrize("n", [1, 2, 3, 7])
@pytest.mark.parametrize("options", [{}, {"step": 0.125}, {"levels": 3}, {"noise": 1e-6}])
def test_the_same_as_taylor_to_the_last_bit(n, options):
    x = points_of(n, 1)[0]
    same(finish(hs.Measurement(x, **options)), hs.taylor(bumpy, x, **options))


def test_asking_twice_gives_the_same():
    measurement = hs.Measurement([0.3, -0.7])
    while not measurement.done:
        points = measurement.ask()
        kept = points.copy()
        assert np.array_equal(points, measurement.ask())
        points[:] = np.nan  # the caller's own
        assert np.array_equal(kept, measurement.ask())
        measurement.tell([bumpy(p) for p in kept])
    same(measurement.result(), hs.taylor(bumpy, [0.3, -0.7]))
    assert measurement.ask().shape == (0, 2)
    measurement.tell([])
    same(measurement.result(), measurement.result())


@pytest.mark.parametrize("seed", range(5))
def test_values_come_in_any_order_in_parts_and_through_pickles(seed):
    rng = np.random.default_rng(seed)
    x = points_of(3, 1, seed)[0]
    measurement = pickle.loads(pickle.dumps(hs.Measurement(x)))
    while not measurement.done:
        points = measurement.ask()
        some = rng.permutation(len(points))[: rng.integers(0, len(points) + 1)]
        if rng.random() < 0.5:
            measurement = pickle.loads(pickle.dumps(measurement))
            assert np.array_equal(points, measurement.ask())
        measurement.tell([bumpy(points[i]) for i in some], index=some)
        if len(some) < len(points):
            assert np.array_equal(measurement.ask(), np.delete(points, some, axis=0))
        if rng.random() < 0.5:
            measurement = pickle.loads(pickle.dumps(measurement))
    same(measurement.result(), hs.taylor(bumpy, x))
    same(pickle.loads(pickle.dumps(measurement)).result(), measurement.result())


def test_one_value_at_a_time():
    measurement = hs.Measurement([0.3, -0.7])
    while not measurement.done:
        measurement.tell(bumpy(measurement.ask()[-1]), index=len(measurement.ask()) - 1)
    same(measurement.result(), hs.taylor(bumpy, [0.3, -0.7]))


def test_a_copy_goes_its_own_way():
    first = hs.Measurement([0.3, -0.7])
    first.tell([bumpy(p) for p in first.ask()])
    second = pickle.loads(pickle.dumps(first))
    same(finish(first), hs.taylor(bumpy, [0.3, -0.7]))
    assert not second.done
    assert finish(second).nfev == first.result().nfev


def test_misuse():
    measurement = hs.Measurement([0.3, -0.7])
    with pytest.raises(ValueError, match="not done: 1 values"):
        measurement.result()
    with pytest.raises(ValueError, match="values must have one entry for each of 1 points, got 2"):
        measurement.tell([1, 2])
    measurement.tell([bumpy(p) for p in measurement.ask()])
    m = len(measurement.ask())
    before = measurement.ask()
    cases: list[tuple[Any, Any, type[Exception], str]] = [
        ([1.0], None, ValueError, f"values must have one entry for each of {m} points, got 1"),
        ([1.0, 2.0], [0], ValueError, "values must have one entry for each of 1 points, got 2"),
        ([1.0], [m], ValueError, f"index must hold row numbers from 0 to {m - 1}"),
        ([1.0], [-1], ValueError, "index must hold row numbers"),
        ([1.0], [0.0], ValueError, "index must hold row numbers"),
        ([1.0], [True], ValueError, "index must hold row numbers"),
        ([1.0, 2.0], [1, 1], ValueError, "index must name every point once"),
        (["a"], [0], TypeError, "values must be real numbers"),
        ([1j], [0], TypeError, "values must be real numbers"),
        ([None], [0], TypeError, "values must be real numbers"),
        ([[1.0]], [0], TypeError, "values must be real numbers of shape"),
        ([[1.0], [1.0, 2.0]], [0, 1], ValueError, "values must be an array of numbers"),
        ([1.0, 2.0], [[0], [0, 1]], ValueError, "index must be an array of numbers"),
    ]
    for values, index, error, words in cases:
        with pytest.raises(error, match=words):
            measurement.tell(values, index=index)
    assert np.array_equal(before, measurement.ask())  # nothing of that was taken
    same(finish(measurement), hs.taylor(bumpy, [0.3, -0.7]))
    with pytest.raises(ValueError, match="values must have one entry for each of 0 points, got 1"):
        measurement.tell([1.0])


def test_values_that_are_not_finite():
    measurement = hs.Measurement([1.0, 2.0])
    measurement.tell([np.nan])
    while not measurement.done:
        measurement.tell(np.zeros(len(measurement.ask())))
    with pytest.raises(NonFiniteError, match=r"fun is nan at x = \[1\. 2\.\]"):
        measurement.result()
    model = finish(hs.Measurement([1.0, 2.0]), lambda p: bumpy(p) if p[1] < 2.1 else np.nan)
    assert "shorter" in model.message
    exact = hs.taylor(bumpy, [1.0, 2.0])
    assert (
        np.abs(model.hessian - exact.hessian) <= model.hessian_error + exact.hessian_error
    ).all()


# The core, driven by hand


def derivatives(x, fun=bumpy, *, by_point=False, pairs=True):
    core = _core.Measurement(
        x, noise=None, step=np.empty(0), levels=0, pairs=pairs, by_point=by_point
    )
    blocks = []
    while not core.done:
        block = core.ask()
        assert not block.flags.writeable
        columns = block.T if by_point else block
        blocks.append(columns.shape[1])
        core.tell(np.broadcast_to(fun(columns), columns.shape[1:]))
    assert sum(blocks) == core.result().nfev[0]
    return core.result(), blocks


@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 40, 130])
def test_sizes_and_blocks_smaller_than_a_round(n):
    """What `bumpy` differentiates to by hand, at n around pack widths, in blocks that do not fit a round."""
    y, h = points_of(n, 1, n)[0], np.zeros((n, n))
    result, blocks = derivatives(y)
    for i in range(n):
        h[i, i] += 6 * (i + 1.5) * y[i] + (6 * y[i] ** 2 - 2) / (1 + y[i] ** 2) ** 3
        j = i - 1 if i else n - 1
        if n == 1:
            h[0, 0] += 6 * y[0]
        else:
            h[j, j] += 2 * y[i]
            h[i, j] += 2 * y[j]
            h[j, i] += 2 * y[j]
    off = np.abs(result.hessian.reshape(n, n) - h)
    assert (off <= result.hessian_error.reshape(n, n) + 1e-13 * np.abs(h).max()).all()
    assert off.max() <= 1e-8 * np.abs(h).max()
    if n == 130:
        assert max(blocks) * n <= 2**17  # memory stays bounded
        assert len(blocks) > 30


@pytest.mark.parametrize("by_point", [False, True])
def test_every_block_holds_the_points_it_should(by_point):
    """Restored where they differed: at most two coordinates change, but on the lines at last."""
    x = points_of(40, 1)[0]
    changed = []

    def fun(p):
        changed.append((p != x[:, None]).sum(axis=0))
        return bumpy(p)

    derivatives(x, fun, by_point=by_point)
    *stencil, lines = changed
    assert np.concatenate(stencil).max() == 2
    assert lines.tolist() == [40] * 36


def test_without_pairs():
    x = points_of(6, 1)[0]
    axes, _ = derivatives(x, pairs=False)
    full, _ = derivatives(x)
    assert axes.hessian.size == 0
    off = np.abs(axes.gradient - full.gradient)
    assert (off <= axes.gradient_error + full.gradient_error).all()
    assert axes.nfev[0] <= 60 * 6


def test_many_threads_at_once_agree_to_the_last_bit():
    cases: list[tuple[Any, dict[str, Any]]] = [
        (points_of(n, 1, seed)[0], more)
        for n in (2, 5, 20)
        for seed in range(8)
        for more in ({}, {"vectorized": True})
    ]
    alone = [hs.taylor(bumpy, x, **more) for x, more in cases]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda case: hs.taylor(bumpy, case[0], **case[1]), cases * 4))
    for k, model in enumerate(together):
        same(model, alone[k % len(cases)])


def test_a_measurement_within_a_measurement():
    """The core is re-entrant: a function may measure another one."""
    surface = testing.himmelblau()

    def trace(x):
        return float(np.trace(hs.hessian(surface.fun, x)))

    # Of (x² + y - 11)² + (x + y² - 7)² the Hessian's trace is 12 x² + 12 y² plus linear terms.
    assert np.abs(hs.hessian(trace, [1.0, -2.0]) - 24 * np.eye(2)).max() <= 1e-4
