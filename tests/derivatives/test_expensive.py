"""One expensive point: the same result to the last bit wherever and whenever its values are computed, each once."""

import functools
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hesscape as hs
from expensive_functions import (
    Counted,
    columns,
    fun,
    hess,
    hessp,
    jac,
    ripples,
    rows_of,
    same,
    single,
)
from hesscape import testing
from hesscape.derivatives import expensive

X = np.array([0.3, -0.7, 1.9])
RUN = Path(__file__).parents[1] / "shared" / "expensive_run.py"


GIVEN: dict[str, dict[str, Any]] = {
    "values": {},
    "args": {"args": (2.5,)},
    "levels": {"levels": 4},
    "gradients": {"jac": jac},
    "hess": {"hess": hess},
    "hess of float32": {"hess": single, "jac": jac},
    "products": {"hessp": hessp},
}


class Unruly(Executor):
    """Runs what was submitted last first, when somebody waits: in no order that a result could rely on."""

    def __init__(self, delay=0.0):
        self.most, self.delay = 0, delay
        self.waiting: list[Any] = []
        self.lock = threading.Condition()
        threading.Thread(target=self.work, daemon=True).start()

    def submit(self, function, /, *arguments, **more):
        future: Future[Any] = Future()
        with self.lock:
            self.waiting.append((future, functools.partial(function, *arguments, **more)))
            self.most = max(self.most, len(self.waiting))
            self.lock.notify()
        return future

    def work(self):
        while True:
            with self.lock:
                while not self.waiting:
                    self.lock.wait()
            time.sleep(self.delay)  # until all that are wanted at once are there
            with self.lock:
                future, task = self.waiting.pop()
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(task())
                except BaseException as error:  # noqa: BLE001
                    future.set_exception(error)


@pytest.mark.parametrize("given", GIVEN)
def test_the_same_wherever_values_are_computed(given, tmp_path):
    more = GIVEN[given]
    expected = hs.taylor(fun, X, **more)
    same(hs.taylor(fun, X, executor=Unruly(), **more), expected)
    same(hs.taylor(fun, X, store=tmp_path / "a.db", **more), expected)
    same(hs.taylor(fun, X, store=str(tmp_path / "a.db"), **more), expected)  # from the file
    same(hs.taylor(fun, X, progress=lambda now: None, **more), expected)
    with ThreadPoolExecutor(3) as pool:
        same(hs.taylor(fun, X, executor=pool, store=tmp_path / "b.db", **more), expected)


def test_processes():
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        same(hs.taylor(fun, X, jac=jac, executor=pool), hs.taylor(fun, X, jac=jac))
        same(hs.classify(fun, X, executor=pool), hs.classify(fun, X))
        with pytest.raises(
            TypeError, match=r"the functions cannot be sent to the processes .*lambda"
        ):
            hs.taylor(lambda x: x @ x, X, executor=pool)


def test_vectorized_functions_get_one_point_a_call(tmp_path):
    shapes = set()

    def seen(x):
        shapes.add(x.shape)
        assert not x.flags.writeable
        return columns(x)

    ways: tuple[dict[str, Any], ...] = ({"executor": Unruly()}, {"store": tmp_path / "a.db"})
    for more in ways:
        same(hs.taylor(seen, X, vectorized=True, **more), hs.taylor(columns, X, vectorized=True))
        assert shapes == {(3, 1)}
        with_jac: dict[str, Any] = {
            "jac": lambda x: np.stack([jac(p) for p in x.T], axis=1),
            "vectorized": True,
        }
        same(
            hs.taylor(columns, X, **with_jac, executor=Unruly()), hs.taylor(columns, X, **with_jac)
        )
        first: dict[str, Any] = {"vectorized": True, "batch_axis": 0}
        same(
            hs.taylor(lambda x: columns(x.T), X, **first, executor=Unruly()),
            hs.taylor(columns, X, vectorized=True),
        )


@pytest.mark.parametrize("need", ["kind", "inertia", "spectrum"])
def test_verdicts_and_ways_down_are_the_same(need, tmp_path):
    x = [0.0, np.pi]
    expected = hs.classify(ripples, x, need=need)
    found = hs.classify(ripples, x, need=need, executor=Unruly(), store=tmp_path / "a.db")
    same(found, expected)
    way = hs.escape(ripples, hs.classify(ripples, x))
    same(hs.escape(ripples, hs.classify(ripples, x), executor=Unruly()), way)
    f = Counted(ripples)
    point = hs.classify(f, x, store=tmp_path / "b.db")
    same(hs.escape(f, point, store=tmp_path / "b.db"), way)
    calls = f.calls.total()
    same(hs.escape(f, point, store=tmp_path / "b.db"), way)
    same(hs.escape(ripples, x), hs.escape(f, x, store=tmp_path / "b.db"))
    assert f.calls.total() <= calls + 1  # x again, as the second call of its kind


def test_gradient_and_hessian(tmp_path):
    more: dict[str, Any] = {"executor": Unruly(), "store": tmp_path / "a.db"}
    assert np.array_equal(hs.gradient(fun, X, **more), hs.gradient(fun, X))
    assert np.array_equal(hs.gradient(fun, X, jac=jac, **more), jac(X))
    assert np.array_equal(hs.hessian(fun, X, **more), hs.hessian(fun, X))


def test_a_second_measurement_takes_what_is_there(tmp_path):
    f = Counted(fun)
    first = hs.taylor(f, X, levels=2, store=tmp_path / "a.db")
    assert f.calls.total() == first.nfev
    again = hs.taylor(f, X, levels=2, store=tmp_path / "a.db")
    assert f.calls.total() == first.nfev == again.nfev
    more = hs.taylor(f, X, levels=4, store=tmp_path / "a.db")
    same(more, hs.taylor(fun, X, levels=4))
    assert first.nfev < f.calls.total() <= more.nfev + 2  # two values that only the first took
    assert max(f.calls.values()) == 1
    hs.gradient(f, X, store=tmp_path / "a.db")
    elsewhere = hs.taylor(f, X + 1, store=tmp_path / "a.db")  # any point of the function
    same(elsewhere, hs.taylor(fun, X + 1))


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("threads", [0, 3])
def test_what_was_interrupted_goes_on(given, threads, tmp_path):
    """However often, and whether values, gradients or products are being computed."""
    more = dict(GIVEN[given])
    names = [name for name in ("jac", "hess", "hessp") if name in more]
    counted: dict[str, Any] = {name: Counted(more[name]) for name in names}
    f = Counted(fun, 0)
    expected = hs.taylor(fun, X, **more)
    rounds = 0
    while True:
        rounds += 1
        f.most = f.calls.total() + 37
        for g in counted.values():
            g.most = g.calls.total() + 5
        pool = ThreadPoolExecutor(threads) if threads else None
        try:
            model = hs.taylor(f, X, **(more | counted), executor=pool, store=tmp_path / "a.db")
            break
        except KeyboardInterrupt:
            continue
        finally:
            if pool is not None:
                pool.shutdown()
    same(model, expected)
    assert rounds > 1 or given == "hess of float32"
    lost = threads * rounds  # what was under way when another call was interrupted
    assert f.calls.total() <= expected.nfev + lost
    for g in counted.values():
        assert g.calls.total() <= 4 * X.size + 1 + lost
    if not threads:
        assert max(f.calls.values()) == 1
        assert f.calls.total() == expected.nfev


@pytest.mark.parametrize("seed", range(2))
def test_killed_at_any_moment_it_goes_on(seed, tmp_path):
    store, log = tmp_path / "a.db", tmp_path / "log"
    command = [sys.executable, str(RUN), str(store), str(log), "0.002"]
    chance = random.Random(seed)
    expected = subprocess.run(
        [*command[:2], "", str(tmp_path / "other"), "0"], check=True, capture_output=True, text=True
    )
    for _ in range(2):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        before = log.stat().st_size if log.exists() else 0
        while (not log.exists() or log.stat().st_size == before) and process.poll() is None:
            time.sleep(0.005)  # the imports
        time.sleep(chance.uniform(0, 0.08))
        process.kill()
        process.wait()
    stored = rows_of(store)
    calls = len(log.read_bytes().splitlines())
    assert 0 < stored <= calls  # those that were back, but not yet written when it was killed
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    assert run.stdout == expected.stdout
    nfev = int(run.stdout.split()[0])
    assert stored < nfev == rows_of(store)
    assert len(log.read_bytes().splitlines()) - calls == nfev - stored


class PrivateError(Exception):
    pass


@pytest.mark.parametrize(
    "error", [PrivateError("mine"), KeyboardInterrupt(), SystemExit(3), StopIteration()]
)
@pytest.mark.parametrize("threads", [0, 4])
def test_what_the_function_raises_reaches_the_caller(error, threads, tmp_path):
    f = Counted(fun, 50, error)
    pool = ThreadPoolExecutor(threads) if threads else None
    with pytest.raises(type(error)) as caught:
        hs.taylor(f, X, executor=pool, store=tmp_path / "a.db")
    assert caught.value is error
    if pool is not None:
        pool.shutdown()
    if not threads or isinstance(error, Exception):
        assert rows_of(tmp_path / "a.db") == 50  # those under way are waited for, and kept
    f.most = 10**9
    same(hs.taylor(f, X, store=tmp_path / "a.db"), hs.taylor(fun, X))
    if not threads or isinstance(error, Exception):
        assert max(f.calls.values()) == 1


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="signals of POSIX")
def test_an_interrupt_leaves_at_once(tmp_path):
    """The main thread waits for calls of which none ends by itself."""
    end, calls = threading.Event(), Counted(fun)

    def slow(x):
        if calls.calls:
            end.wait(30)
        return calls(x)

    def leave(number, frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, leave)
    pool = ThreadPoolExecutor(4)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        begin = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            hs.taylor(slow, X, executor=pool, store=tmp_path / "a.db")
        assert time.monotonic() - begin < 10
    finally:
        signal.signal(signal.SIGALRM, before)
        end.set()
        pool.shutdown()
    assert calls.calls.total() <= 1 + 4  # the others were cancelled
    assert rows_of(tmp_path / "a.db") == 1


QUARTIC: dict[str, tuple[dict[str, Any], int]] = {  # with 12 coordinates: what is wanted at once
    "values": ({"levels": 2}, 66 * 2 * 2),
    "gradients": ({"jac": lambda x: 4 * x**3}, 12 * 4),
    "products": ({"hessp": lambda x, p: 12 * x**2 * p}, 12 * 2),
}


@pytest.mark.parametrize("given", QUARTIC)
def test_all_that_is_wanted_at_once_is_in_flight(given, monkeypatch):
    """No barrier between blocks, between axes or between columns; and never more than allowed."""

    def quartic(x):
        return float((x**4).sum())

    more, wanted = QUARTIC[given]
    x = np.linspace(1, 2, 12)
    executor = Unruly(0.0005)
    hs.taylor(quartic, x, executor=executor, **more)
    assert executor.most >= wanted - 1  # one may have begun
    monkeypatch.setattr(expensive, "IN_FLIGHT", 7)
    few = Unruly(0.0005)
    model = hs.taylor(quartic, x, executor=few, **more)
    assert few.most <= 7
    same(model, hs.taylor(quartic, x, **more))


def test_a_random_function_stays_random(tmp_path):
    """The second call at a point is another value than the first, also from the store."""

    def noisy():
        rng = np.random.default_rng(3)
        return lambda x: float(x[0] ** 2 - x[1] ** 2 + 1e-3 * rng.standard_normal())

    def fails(x):
        raise AssertionError

    f = noisy()
    fails.__qualname__ = f.__qualname__
    expected = hs.escape(noisy(), [0.0, 0.0])
    same(hs.escape(f, [0.0, 0.0], store=tmp_path / "a.db"), expected)
    same(hs.escape(fails, [0.0, 0.0], store=tmp_path / "a.db"), expected)
    # A point that was measured before is called anew, to see that.
    f = noisy()
    point = hs.classify(f, [0.0, 0.0], store=tmp_path / "b.db")
    way = hs.escape(f, point, store=tmp_path / "b.db")
    f = noisy()
    point = hs.classify(f, [0.0, 0.0])
    assert way.point.kind is point.kind
    assert _repeats(tmp_path / "b.db") > 0


def _repeats(store):
    base = sqlite3.connect(store)
    try:
        return base.execute("SELECT max(repeat) FROM result").fetchone()[0]
    finally:
        base.close()


def test_progress_counts_values_and_gradients(tmp_path):
    seen: list[hs.Progress] = []
    model = hs.taylor(fun, X, jac=jac, progress=seen.append, store=tmp_path / "a.db")
    calls = model.nfev + model.njev
    assert (seen[-1].done, seen[-1].total, seen[-1].known) == (calls, calls, 0)
    assert [p.done for p in seen if p.done != calls] == list(range(1, calls))
    assert all(p.total is not None and p.total >= p.done for p in seen)
    seen.clear()
    hs.taylor(fun, X, jac=jac, progress=seen.append, store=tmp_path / "a.db")
    assert seen[-1].known == seen[-1].done == calls
    seen.clear()
    way = hs.escape(ripples, [0.0, np.pi], progress=seen.append)
    assert seen[-1].done == seen[-1].total == way.nfev


@pytest.mark.parametrize("n", [2, 10, 20])
def test_the_total_that_is_said_at_first_is_about_right(n):
    seen: list[hs.Progress] = []
    start = np.tile([-1.2, 1.0], n // 2)
    hs.taylor(testing.rosenbrock(n).fun, start, progress=seen.append)
    first, last = seen[0].total, seen[-1].total
    assert first is not None
    assert last is not None
    assert 0.5 <= first / last <= 2


def test_what_is_no_executor_is_refused(tmp_path):
    with pytest.raises(
        TypeError, match=r"executor must be a concurrent\.futures\.Executor or None"
    ):
        hs.taylor(fun, X, executor=4)
    with pytest.raises(TypeError, match="progress must be True, False or a callable"):
        hs.taylor(fun, X, progress="yes", store=tmp_path / "a.db")
    with pytest.raises(ValueError, match="executor, progress and store are for method='dense'"):
        hs.classify(fun, X, jac=jac, method="lanczos", store=tmp_path / "a.db")
    assert not (tmp_path / "a.db").exists()


def test_a_cluster():
    distributed = pytest.importorskip("distributed")
    with distributed.Client(processes=False, n_workers=1, dashboard_address=None) as client:
        found = hs.classify(fun, X, executor=client.get_executor())
    same(found, hs.classify(fun, X))


@pytest.mark.parametrize("number", [0, 1])
def test_the_page_runs_as_it_stands(number, tmp_path, monkeypatch, capsys):
    page = Path(__file__).parents[2] / "docs" / "expensive.md"
    if not page.exists():
        pytest.skip("needs the sources")
    blocks = page.read_text("utf-8").split("```python\n")[1:]
    assert len(blocks) == 2
    if number == 0:
        pytest.importorskip("tqdm")
    monkeypatch.chdir(tmp_path)
    exec(blocks[number].split("```")[0], {"__name__": "__main__"})  # noqa: S102
    assert capsys.readouterr().out.strip().endswith(("saddle True", "83 of about 83"))
