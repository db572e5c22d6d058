"""Surveys say of every point what classify says of it alone, whatever the chunks that it came in."""

import sys
from typing import Any

import numpy as np
import pytest

import hesscape as hs
from hesscape import testing
from hesscape.surveys import schedule
from hesscape.surveys.table import Survey

MULLER = testing.muller_brown()
COLUMNS = ("kind", "certain", "inertia", "index", "value", "gradient_norm", "distance", "error")


def cosines(x):
    return np.cos(x[0]) * np.cos(x[1])


def grid(size):
    return np.random.default_rng(2).uniform(-3, 3, (size, 2))


def expected(point, need):
    return (
        point.kind.value,
        point.certain,
        point.inertia,
        -1 if point.index is None else point.index,
        point.taylor.value,
        point.gradient_norm,
        np.nan if need == "kind" else point.distance,
        point.hessian_error,
    )


def rows_of(table, *names):
    return [tuple(getattr(table, name)[i].tolist() for name in names) for i in range(len(table))]


def assert_same(a, b, but=()):
    for name in ("row", "x", *COLUMNS, "lowest", "highest", "moved", "nfev", "njev", "message"):
        if name not in but:
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)


@pytest.mark.parametrize("need", ["kind", "inertia", "spectrum"])
@pytest.mark.parametrize("derivatives", [{"jac": MULLER.gradient}, {"hess": MULLER.hessian}])
def test_points_are_what_classify_says(need, derivatives):
    x = np.vstack([[p.x for p in MULLER.critical_points], grid(5) / 3])
    gtol = 1e-6
    found = hs.survey(MULLER.fun, x, need=need, gtol=gtol, **derivatives)
    alone = [hs.classify(MULLER.fun, p, need=need, gtol=gtol, **derivatives) for p in x]
    np.testing.assert_equal(
        [tuple(row) for row in rows_of(found, *COLUMNS)],
        [_listed(expected(p, need)) for p in alone],
    )
    assert found.nfev.tolist() == [p.nfev for p in alone]
    assert found.njev.tolist() == [p.njev for p in alone]
    assert found.message.tolist() == [p.message for p in alone]
    if need == "spectrum":
        values = np.array([p.eigenvalues for p in alone])
        np.testing.assert_array_equal(found.lowest, values[:, 0])
        np.testing.assert_array_equal(found.highest, values[:, -1])
    else:
        assert np.isnan(found.lowest).all()


@pytest.mark.parametrize("need", ["kind", "inertia", "spectrum"])
def test_points_that_share_displacements_are_what_classify_says(need):
    x = np.vstack([[p.x for p in MULLER.critical_points], grid(40) / 3])
    gtol = 1e-6
    found = hs.survey(MULLER.fun, x, need=need, gtol=gtol)
    alone = [hs.classify(MULLER.fun, p, need="spectrum", gtol=gtol) for p in x]
    assert found.kind.tolist() == [p.kind.value for p in alone]
    assert (found.certain >= [p.certain for p in alone]).all()
    assert found.value.tolist() == [MULLER.fun(p) for p in x]
    np.testing.assert_allclose(
        found.gradient_norm, [p.gradient_norm for p in alone], rtol=1e-9, atol=gtol
    )
    if need == "kind":
        return
    assert found.index.tolist() == [p.index for p in alone]
    assert found.inertia.tolist() == [list(p.inertia) for p in alone]
    np.testing.assert_allclose(found.distance, [p.distance for p in alone], rtol=1e-4, atol=gtol)
    if need == "spectrum":
        exact = np.linalg.eigvalsh([MULLER.hessian(p) for p in x])
        assert (np.abs(found.lowest - exact[:, 0]) <= 2 * found.error).all()
        assert (np.abs(found.highest - exact[:, 1]) <= 2 * found.error).all()


def _listed(row):
    return tuple(list(entry) if isinstance(entry, tuple) else entry for entry in row)


def test_known_stationary_points_of_surfaces():
    for surface in (testing.himmelblau(), MULLER, testing.error_surface(), testing.rosenbrock(4)):
        known = surface.critical_points
        found = hs.survey(surface.fun, [p.x for p in known], need="inertia", gtol=1e-4)
        for kind, certain, inertia, point in zip(
            found.kind, found.certain, found.inertia.tolist(), known, strict=True
        ):
            if point.inertia[1] == 0:
                assert certain
            if certain:
                assert kind == point.kind
            assert all(a <= b for a, b in zip(inertia[::2], point.inertia[::2], strict=True))


def test_kind_stops_at_a_proven_gradient():
    n = 20
    f = testing.rosenbrock(n)
    x = np.random.default_rng(3).normal(size=(3, n))
    quick = hs.survey(f.fun, x, vectorized=True)
    full = hs.survey(f.fun, x, vectorized=True, need="inertia")
    assert (quick.kind == "not_critical").all()
    assert quick.certain.all()
    assert (full.kind == "not_critical").all()
    np.testing.assert_allclose(quick.gradient_norm, full.gradient_norm, rtol=1e-9)
    assert (quick.nfev < full.nfev / 1.5).all()


class Lazy:
    """What dask, zarr and h5py have in common."""

    def __init__(self, array):
        self.array, self.shape, self.dtype = array, array.shape, array.dtype
        self.largest = 0

    def __getitem__(self, rows):
        self.largest = max(self.largest, len(self.array[rows]))
        return self.array[rows]


def cut(x, size):
    return (x[i : i + size] for i in range(0, len(x), size))


@pytest.mark.parametrize(
    "given", [lambda x: x.tolist(), Lazy, lambda x: cut(x, 7), lambda x: cut(x, 1), np.asfortranarray]
)  # fmt: skip
def test_points_may_come_in_any_way(given):
    x = grid(60)
    found = hs.survey(cosines, given(x), vectorized=True)
    assert_same(found, hs.survey(cosines, x, vectorized=True))
    np.testing.assert_array_equal(found.x, x)
    np.testing.assert_array_equal(found.row, np.arange(60))
    assert found.complete


def test_results_do_not_depend_on_the_chunks(monkeypatch):
    x = grid(100)
    whole = hs.survey(cosines, x, vectorized=True, need="spectrum")
    for numbers, seconds in ((2, 0.5), (6, 10), (2**20, 1e-9)):
        monkeypatch.setattr(schedule, "MOST_NUMBERS", numbers)
        monkeypatch.setattr(schedule, "SECONDS", seconds)
        assert_same(hs.survey(cosines, x, vectorized=True, need="spectrum"), whole)


def test_an_array_elsewhere_is_never_read_as_a_whole():
    x = Lazy(grid(2000))
    hs.survey(cosines, x, vectorized=True)
    assert x.largest <= 500


def test_no_points():
    found = hs.survey(cosines, np.empty((0, 3)))
    assert len(found) == 0
    assert found.complete
    assert found.x.shape == (0, 3)
    assert found.inertia.shape == (0, 3)
    assert str(found) == "survey of 0 points"


def test_the_points_given_are_left_alone():
    x = grid(5)
    before = x.copy()
    found = hs.survey(cosines, x, refine=True)
    np.testing.assert_array_equal(x, before)
    x[0] = 7  # it is still writable
    assert not (found.x == 7).any()


def fragile(x):
    if x[0] > 1.5:
        raise ZeroDivisionError("x is\n too large")
    if x[0] < -1.5:
        return np.nan
    return x @ x


def test_points_that_fail_leave_their_neighbours_alone():
    x = np.array([[0, 0], [2, 0], [0, 0], [-2, 0], [0.5, 0]])
    found = hs.survey(fragile, x, need="spectrum")
    assert found.kind.tolist() == ["minimum", "failed", "minimum", "failed", "not_critical"]
    assert found.failed.tolist() == [False, True, False, True, False]
    assert found.message[1] == "ZeroDivisionError: x is too large"
    assert found.message[3].startswith("NonFiniteError: fun is nan at x = [-2. 0.]")
    assert not found.certain[found.failed].any()
    assert found.inertia[1].tolist() == [0, 2, 0]
    for name in ("value", "gradient_norm", "lowest", "error"):
        assert np.isnan(getattr(found, name)[found.failed]).all()
    rest = hs.survey(fragile, x[[0, 2, 4]], need="spectrum")
    assert_same(found[~found.failed], rest, but=["row"])


@pytest.mark.parametrize("vectorized", [False, True])
def test_points_that_fail_change_nothing_beside_them(vectorized):
    def f(x):
        if np.any(x[0] > 1.5):
            raise ZeroDivisionError
        return cosines(x)

    x = grid(64)
    found = hs.survey(f, x, need="spectrum", vectorized=vectorized)
    fails = x[:, 0] > 1.5
    assert found.failed[fails].all()
    fine = ~found.failed & (x[:, 0] < 1.4)
    assert fine.sum() > 30
    assert_same(
        found[fine],
        hs.survey(cosines, x[fine], need="spectrum", vectorized=vectorized),
        but=["row"],
    )


def test_exceptions_pass_when_asked_for():
    with pytest.raises(ZeroDivisionError, match=r"^x is\n too large$") as caught:
        hs.survey(fragile, [[0, 0], [2, 0]], on_error="raise")
    assert caught.traceback[-1].name == "fragile"
    with pytest.raises(hs.NonFiniteError):
        hs.survey(fragile, [[-2, 0]], on_error="raise")


def test_a_stream_may_hold_points_that_are_none():
    x = np.array([[0, 0], [np.nan, 0], [0, 0]])
    found = hs.survey(fragile, iter([x[:2], x[2:]]))
    assert found.kind.tolist() == ["minimum", "failed", "minimum"]
    assert found.message[1] == "ValueError: x must be finite, got x[0] = nan"


def test_an_interrupted_survey_gives_what_is_done():
    x = grid(50)
    calls = iter(range(3000))

    def impatient(x):
        if next(calls) == 700:
            raise KeyboardInterrupt
        return cosines(x)

    for given in (x, cut(x, 50)):
        calls = iter(range(3000))
        with pytest.warns(RuntimeWarning, match="interrupted"):
            found = hs.survey(impatient, given)
        assert 0 < len(found) < 50
        assert not found.complete
        assert_same(found, hs.survey(cosines, x[found.row])[:], but=["row"])


@pytest.mark.parametrize("keywords", [{}, {"vectorized": True}, {"hess": MULLER.hessian}])
def test_refined_points_are_the_stationary_points(keywords):
    known = np.array([p.x for p in MULLER.critical_points])
    start = known + np.random.default_rng(5).uniform(-0.02, 0.02, known.shape)
    found = hs.survey(MULLER.fun, start, refine=True, need="inertia", **keywords)
    np.testing.assert_allclose(found.x, known, atol=1e-9)
    np.testing.assert_allclose(found.moved, np.linalg.norm(found.x - start, axis=1))
    assert found.inertia.tolist() == [list(p.inertia) for p in MULLER.critical_points]
    assert found.certain.all()
    assert (found.nfev > hs.survey(MULLER.fun, start, **keywords).nfev).all()


@pytest.mark.parametrize("count", [True, False])
def test_refinement_leaves_zero_modes_alone(count):
    pair = testing.lennard_jones(2)
    ((x, *_),) = pair.critical_points
    start = np.add(x, [0, 0, 0, 0.01, 0, 0])
    modes = np.array([[1, 0, 0, 1, 0, 0], [0, 1, 0, 0, 1, 0], [0, 0, 1, 0, 0, 1],
                      [0, 1, 0, 0, -1, 0], [0, 0, 1, 0, 0, -1]]).T  # fmt: skip
    found = hs.survey(
        pair.fun, [start], refine=True, zero_modes=5 if count else modes, jac=pair.gradient
    )
    assert found.kind.tolist() == ["minimum"]
    d = found.x[0, 3:] - found.x[0, :3]
    assert abs(np.linalg.norm(d) - 2 ** (1 / 6)) < 1e-9
    np.testing.assert_allclose(found.x.mean(), start.mean(), atol=1e-9)


def test_matrix_free_points_have_their_value():
    n = 1000
    scale = np.linspace(-1, 2, n)
    found = hs.survey(lambda x: 3 + x @ (scale * x) / 2, np.zeros((1, n)), jac=lambda x: scale * x)
    assert found.kind.tolist() == ["saddle"]
    assert found.value.tolist() == [3]


# The table


@pytest.fixture(scope="module")
def table():
    return hs.survey(fragile, np.vstack([grid(20) / 1.5, np.zeros((3, 2))]), need="spectrum")


def test_slices_are_surveys(table):
    places: Any = (slice(3, 9), slice(None, None, -2), table.kind == "minimum", [4, 2, -1], [0][:0])
    for rows in places:
        part = table[rows]
        assert isinstance(part, Survey)
        index = (
            np.arange(len(table))[rows or slice(0)]
            if isinstance(rows, list)
            else np.arange(len(table))[rows]
        )
        assert part.row.tolist() == index.tolist()
        np.testing.assert_array_equal(part.x, table.x[index])
        assert part.total == len(table)
    for wrong in (3, "kind", [0.5], None):
        with pytest.raises(TypeError, match="slices, masks and lists"):
            table[wrong]
    with pytest.raises(TypeError, match="iterate over the columns"):
        list(table)


def test_it_is_frozen(table):
    with pytest.raises(AttributeError, match="frozen"):
        table.kind = 3
    with pytest.raises(ValueError, match="read-only"):
        table.value[0] = 1
    with pytest.raises(AttributeError, match="no 'kinds'; its columns are row, x, kind"):
        table.kinds  # noqa: B018


def test_save_and_load(table, tmp_path):
    table.save(tmp_path / "table.npz")
    back = Survey.load(tmp_path / "table.npz")
    assert_same(back, table)
    assert (back.options, back.total) == (table.options, table.total)
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    with pytest.raises(ValueError, match=r"other.npz holds no Survey"):
        Survey.load(tmp_path / "other.npz")


def test_it_can_be_pickled(table):
    import pickle

    assert_same(pickle.loads(pickle.dumps(table)), table)


def test_summary_counts(table):
    summary = table.summary()
    assert summary.kinds == {
        name: int((table.kind == name).sum()) for name in sorted(set(table.kind), key=order)
    }
    assert summary.indices == {0: 3}
    assert summary.proven["minimum"] == 3
    assert summary.medians["value"] == np.nanmedian(table.value)
    text = str(table)
    assert text.startswith("survey of 23 points\n  minimum        3 (3 proven)\n")
    assert "by index       3 of 0" in text
    assert f"failed         {table.failed.sum()}\n" in text
    assert str(table[:2]).startswith("survey of 2 of 23 points")
    assert repr(table).startswith("<Survey of 23 points: 3 minimum, ")


def order(kind):
    return ["minimum", "maximum", "saddle", "degenerate", "not_critical", "failed"].index(kind)


def test_to_pandas(table):
    pytest.importorskip("pandas")
    frame = table[5:].to_pandas()
    assert frame.index.tolist() == list(range(5, 23))
    assert frame.loc[7, "kind"] == table.kind[7]
    np.testing.assert_array_equal(frame[["x0", "x1"]], table.x[5:])
    np.testing.assert_array_equal(frame[["negative", "zero", "positive"]], table.inertia[5:])
    assert frame.groupby("kind", observed=True).size().to_dict() == table[5:].summary().kinds


def test_to_xarray(table):
    pytest.importorskip("xarray")
    data = table.to_xarray()
    np.testing.assert_array_equal(data.x, table.x)
    np.testing.assert_array_equal(data.inertia.sel(sign="positive"), table.inertia[:, 2])
    assert data.kind.where(data.certain, drop=True).size == table.certain.sum()


# Progress and refusals


def test_progress_counts_up_to_all():
    seen: list[Any] = []
    found = hs.survey(fragile, grid(30), progress=seen.append)
    assert [now.total for now in seen] == [30] * len(seen)
    done = [now.done for now in seen]
    assert done == sorted(set(done))
    assert done[-1] == 30
    assert seen[-1].counts == found.summary().kinds


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ([1, 2], ValueError, r"X must have shape \(N, n\) with n >= 1, points as rows, got shape \(2,\)"),
        (np.zeros((2, 0)), ValueError, r"X must have shape .* got shape \(2, 0\)"),
        (np.zeros((2, 2, 2)), ValueError, r"X must have shape .* got shape \(2, 2, 2\)"),
        ([[1, np.nan]], ValueError, r"X must be finite, got X\[0, 1\] = nan"),
        ([[1], [1, 2]], ValueError, "X must be an array of numbers, got a ragged sequence"),
        ([["a"]], TypeError, "X must be an array of real numbers, got dtype <U1"),
        (3, TypeError, "X must be an array .* got int"),
        ("ab", TypeError, "X must be an array .* got str"),
        (iter([]), ValueError, "X must hold at least one chunk"),
        (iter([np.zeros(3)]), ValueError, r"X \(chunk 0\) must have shape .* got shape \(3,\)"),
        (Lazy(np.zeros(3)), ValueError, r"X must have shape .* got shape \(3,\)"),
        (Lazy(np.zeros((3, 1), complex)), TypeError, "X must be an array of real numbers"),
    ],
)  # fmt: skip
def test_points_that_are_refused(X, error, message):
    with pytest.raises(error, match=message):
        hs.survey(_never, X)


def test_chunks_that_do_not_fit_the_first():
    with pytest.raises(
        ValueError, match=r"X \(chunk 1\) must have shape \(m, 2\), as those before"
    ):
        hs.survey(cosines, iter([np.zeros((1, 2)), np.zeros((1, 3))]))


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"need": "all"}, ValueError, "need: expected one of 'kind'"),
        ({"on_error": "ignore"}, ValueError, "on_error: expected 'record' or 'raise', got 'ignore'"),
        ({"refine": 1}, TypeError, "refine must be True or False, got 1"),
        ({"gtol": -1}, ValueError, "gtol: expected a number >= 0"),
        ({"zero_modes": 2}, ValueError, "zero_modes: expected a count of 0 to 1"),
        ({"progress": 3}, TypeError, "progress must be True, False or a callable"),
        ({"vectorised": True}, TypeError, "vectorised"),
    ],
)  # fmt: skip
def test_arguments_that_are_refused(keywords, error, message):
    with pytest.raises(error, match=message):
        hs.survey(_never, [[0, 0]], **keywords)


def _never(x):
    raise AssertionError("no value is to be computed")


def test_a_store_without_zarr_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "zarr", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'hesscape\[store\]'"):
        hs.survey(_never, [[0, 0]], store=tmp_path / "run.zarr")
