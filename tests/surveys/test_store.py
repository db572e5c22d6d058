"""What is in a store is never lost, never changed, and never taken for another survey."""

import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hesscape as hs
from hesscape import Survey
from hesscape.surveys import schedule
from survey_functions import assert_same, cosines, fragile, points, slow_cosines

zarr = pytest.importorskip("zarr")
pytestmark = pytest.mark.filterwarnings("ignore:Consolidated metadata:UserWarning")

X = points(100)


@pytest.fixture
def many_chunks(monkeypatch):
    monkeypatch.setattr(schedule, "SECONDS", 0.004)
    monkeypatch.setattr(schedule, "MOST_NUMBERS", 16)  # however fast the machine is


def contents(path):
    return {file.relative_to(path): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def most_calls():
    """Give two thirds of those that a survey takes."""
    whole = Counting()
    hs.survey(whole, X)
    return 2 * whole.calls // 3


class Counting:
    """Cosines that count their calls, and may run out."""

    def __init__(self, calls=None, error=KeyboardInterrupt):
        self.calls, self.most, self.error = 0, calls, error

    def __call__(self, x):
        self.calls += 1
        if self.most is not None and self.calls > self.most:
            raise self.error
        return cosines(x)


@pytest.mark.usefixtures("many_chunks")
@pytest.mark.parametrize("need", ["kind", "spectrum"])
def test_a_store_holds_what_the_survey_gives(tmp_path, need):
    found = hs.survey(fragile, X, store=tmp_path / "run.zarr", need=need)
    assert_same(found, hs.survey(fragile, X, need=need))
    assert_same(Survey.load(tmp_path / "run.zarr"), found)
    assert found.complete


@pytest.mark.usefixtures("many_chunks")
@pytest.mark.parametrize("refine", [False, True])
@pytest.mark.parametrize("stream", [False, True])
def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path, stream, refine):
    def given():
        return (X[i : i + 7] for i in range(0, len(X), 7)) if stream else X

    whole = Counting()
    expected = hs.survey(whole, X, refine=refine)
    store, calls = tmp_path / "run.zarr", 0
    for most in (whole.calls // 3, whole.calls // 3, None):
        f = Counting(most)
        if most is None:
            found = hs.survey(f, given(), store=store, refine=refine)
        else:
            with pytest.warns(RuntimeWarning, match=r"are done; the same call goes on from there"):
                part = hs.survey(f, given(), store=store, refine=refine)
            assert 0 < len(part) < 100
            assert not part.complete
            assert_same(part, expected[part.row])
        calls += f.calls
    assert_same(found, expected)
    assert found.complete
    largest = max(expected.nfev) * zarr.open_group(store)["kind"].chunks[0]
    assert whole.calls <= calls <= whole.calls + 2 * largest
    again = Counting(0)
    assert_same(hs.survey(again, given(), store=store, refine=refine), expected)
    assert again.calls == 0


@pytest.mark.usefixtures("many_chunks")
def test_what_was_there_counts_as_known(tmp_path):
    store = tmp_path / "run.zarr"
    with pytest.warns(RuntimeWarning, match="interrupted"):
        part = hs.survey(Counting(most_calls()), X, store=store)
    seen: list[Any] = []
    found = hs.survey(Counting(), X, store=store, progress=seen.append)
    assert seen[-1].known == len(part)
    assert seen[-1].done == 100
    assert seen[-1].counts == found.summary().kinds


@pytest.mark.usefixtures("many_chunks")
def test_an_exception_keeps_what_was_done(tmp_path):
    store = tmp_path / "run.zarr"
    with pytest.raises(OSError, match=r"^the licence server is gone$"):
        hs.survey(
            Counting(most_calls(), OSError("the licence server is gone")),
            X,
            store=store,
            on_error="raise",
        )
    done = Survey.load(store)
    assert 0 < len(done) < 100
    found = hs.survey(Counting(), X, store=store)
    assert_same(found[done.row], done)


@pytest.mark.usefixtures("many_chunks")
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"fun": cosines}, "fun is '.*fragile' there and '.*cosines' here"),
        ({"need": "inertia"}, "need is 'kind' there and 'inertia' here"),
        ({"gtol": 1e-4}, "gtol is 1e-05 there and 0.0001 here"),
        ({"refine": True}, "refine is False there and True here"),
        ({"zero_modes": 1}, "zero_modes is 0 there and 1 here"),
        ({"zero_modes": [[1], [0]]}, "zero_modes is 0 there and 'array "),
        ({"vectorized": True}, "vectorized is False there and True here"),
        ({"noise": 0.1}, "noise is None there and 0.1 here"),
        ({"args": (3,)}, "args is None there and 'arguments"),
        ({"jac": cosines}, "jac is None there and '.*cosines' here"),
        ({"X": X[:-1]}, "total is 100 there and 99 here; X is '"),
        ({"X": np.vstack([X[:-1], [[1, 1]]])}, "X is '"),
        ({"X": points(100)[:, :1]}, "n is 2 there and 1 here"),
        ({"X": lambda: iter([X[:50] + 1e-9, X[50:]])}, "its points 0 to [0-9]+ are not those of X"),
    ],
)
def test_another_survey_is_refused(tmp_path, changed, message):
    store = tmp_path / "run.zarr"
    asked = {"fun": fragile, "X": X} | {"store": store}
    hs.survey(**asked)
    before = contents(store)
    other = asked | changed
    if callable(other["X"]):
        other["X"] = other["X"]()
    with pytest.raises(ValueError, match=rf"store '.*run.zarr' holds another survey: .*{message}"):
        hs.survey(**other)
    assert contents(store) == before


def test_what_is_no_survey_is_left_alone(tmp_path):
    tmp_path.joinpath("notes").mkdir()
    tmp_path.joinpath("notes", "a.txt").write_text("mine")
    tmp_path.joinpath("file").write_text("mine")
    zarr.open_group(tmp_path / "other.zarr", mode="w").create_array("a", shape=(2,), dtype="f8")
    before = contents(tmp_path)
    for name in ("notes", "file", "other.zarr"):
        with pytest.raises(ValueError, match=f"store '.*{name}' is there, but holds no survey"):
            hs.survey(Counting(0), X, store=tmp_path / name)
    assert contents(tmp_path) == before


def test_places_that_are_none(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no directory '.*missing'"):
        hs.survey(Counting(0), X, store=tmp_path / "missing" / "run.zarr")
    for place in (3, "s3://bucket/run.zarr"):
        with pytest.raises(TypeError, match="store must be the path of a directory"):
            hs.survey(Counting(0), X, store=place)  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [np.empty((0, 2)), iter([np.empty((0, 2))])])
def test_no_points(tmp_path, given):
    found = hs.survey(cosines, given, store=tmp_path / "run.zarr")
    assert len(found) == 0
    assert found.complete
    assert found.x.shape == (0, 2)


@pytest.mark.usefixtures("many_chunks")
@pytest.mark.parametrize("stream", [False, True])
def test_xarray_opens_it_as_it_is(tmp_path, stream):
    xr = pytest.importorskip("xarray")
    found = hs.survey(
        cosines, iter([X]) if stream else X, store=tmp_path / "run.zarr", need="inertia"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = xr.open_zarr(tmp_path / "run.zarr", chunks=None)
    assert data.sizes["point"] == 100
    np.testing.assert_array_equal(data.x, X)
    np.testing.assert_array_equal(data.inertia[:, 0], found.inertia[:, 0])
    assert (data.kind.values.astype("U12") == found.kind).all()
    assert data.attrs["hesscape_survey"]["asked"]["need"] == "inertia"


@pytest.mark.usefixtures("many_chunks")
def test_points_may_come_from_a_store(tmp_path):
    array = zarr.create_array(tmp_path / "x.zarr", shape=X.shape, chunks=(13, 2), dtype="f8")
    array[:] = X
    found = hs.survey(cosines, array, store=tmp_path / "run.zarr")
    assert_same(found, hs.survey(cosines, X))
    assert_same(hs.survey(Counting(0).__class__(), X, store=tmp_path / "two.zarr"), found)


@pytest.mark.usefixtures("many_chunks")
def test_points_may_come_from_dask(tmp_path):
    da = pytest.importorskip("dask.array")
    found = hs.survey(cosines, da.from_array(X, chunks=(9, 2)), store=tmp_path / "run.zarr")
    assert_same(found, hs.survey(cosines, X))
    unknown = da.from_array(X)[da.from_array(X[:, 0] > 0)]
    with pytest.raises(ValueError, match="X must know its shape"):
        hs.survey(Counting(0), unknown)


@pytest.mark.skipif(sys.platform == "win32", reason="no limits on files there")
def test_a_full_disk_is_reported_and_loses_nothing(tmp_path):
    # A limit on the size of files stands for a disk that is full: the digests fit, a large chunk does not.
    code = f"""
import resource, signal, sys
sys.path.insert(0, {str(Path(__file__).parents[1] / "shared")!r})
import numpy as np, hesscape as hs
from hesscape.surveys import schedule
from survey_functions import cosines
schedule.SECONDS, schedule.CHUNKS_PER_WORKER = 10, 2
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (16384, 16384))
X = np.random.default_rng(1).normal(size=(200, 40))
X[:100] = 0
hs.survey(cosines, X, store="run.zarr", need="kind", vectorized=True)
"""
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "OSError: [Errno 27] store 'run.zarr': cannot write points " in run.stderr
    assert "what it holds is kept" in run.stderr
    done = Survey.load(tmp_path / "run.zarr")
    assert 0 < len(done) < 200
    assert (done.x[: len(done)] == 0).all()


# Killed at any moment


RUN = """
import sys
sys.path.insert(0, {tests!r})
import hesscape as hs
from hesscape.surveys import schedule
from survey_functions import points, slow_cosines
schedule.SECONDS = 0.05
if __name__ == "__main__":
    print("begins", flush=True)
    hs.survey(slow_cosines, points(100), store="run.zarr", need="spectrum"{more})
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
@pytest.mark.parametrize("more", ["", ", workers=2"])
def test_a_killed_run_goes_on_and_ends_as_if_nothing_had_been(tmp_path, more):
    code = RUN.format(tests=str(Path(__file__).parents[1] / "shared"), more=more)
    script = tmp_path / "run.py"
    script.write_text(code)
    rng = np.random.default_rng(4)
    done = [0]
    for _ in range(4):
        with subprocess.Popen(
            [sys.executable, script], cwd=tmp_path, stdout=subprocess.PIPE, start_new_session=True
        ) as run:
            assert run.stdout is not None
            run.stdout.readline()
            time.sleep(rng.uniform(0.1, 0.6))
            os.killpg(run.pid, signal.SIGKILL)
        if tmp_path.joinpath("run.zarr").exists():
            done.append(len(Survey.load(tmp_path / "run.zarr")))
    assert done == sorted(done)
    found = hs.survey(slow_cosines, X, store=tmp_path / "run.zarr", need="spectrum")
    assert_same(found, hs.survey(cosines, X, need="spectrum"))
