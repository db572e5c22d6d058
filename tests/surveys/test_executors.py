"""Surveys are the same wherever the work is done."""

import os
import pickle
import threading
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np
import pytest

import hesscape as hs
from hesscape.surveys import pool, schedule
from survey_functions import (
    assert_same,
    cosines,
    fragile,
    points,
    process_of,
    shifted,
    slow_cosines,
)

X = points(120)


@pytest.fixture(scope="module")
def expected():
    return hs.survey(cosines, X, need="spectrum")


def local():
    """Give a function that cannot be pickled by its name."""
    return lambda x: np.cos(x[0]) * np.cos(x[1])


@pytest.fixture
def many_chunks(monkeypatch):
    monkeypatch.setattr(schedule, "SECONDS", 0.001)


@pytest.mark.usefixtures("many_chunks")
def test_own_threads(expected):
    names = set()

    def f(x):
        names.add(threading.current_thread().name)
        return cosines(x)

    found = hs.survey(f, X, workers=3, vectorized=True, need="spectrum")
    assert_same(found, hs.survey(cosines, X, vectorized=True, need="spectrum"))
    np.testing.assert_array_equal(found.kind, expected.kind)
    assert "MainThread" not in names


@pytest.mark.usefixtures("many_chunks")
def test_own_processes(expected):
    found = hs.survey(cosines, X, workers=2, need="spectrum")
    assert_same(found, expected)


def test_plain_functions_go_to_other_processes():
    assert os.getpid() not in hs.survey(process_of, X[:4], workers=1).value


@pytest.mark.usefixtures("many_chunks")
def test_an_executor_of_processes(expected):
    with ProcessPoolExecutor(2, get_context("spawn")) as executor:
        for _ in range(2):
            assert_same(hs.survey(cosines, X, executor=executor, need="spectrum"), expected)


@pytest.mark.usefixtures("many_chunks")
def test_an_executor_of_threads_needs_no_pickling(expected):
    with ThreadPoolExecutor(2) as executor:
        assert_same(hs.survey(local(), X, executor=executor, need="spectrum"), expected)


class Remote(Executor):
    """Workers that forget, reached through pickles; each task goes to the next of them."""

    def __init__(self, workers, forgetful=False):
        self.num_workers = workers
        self.known: list[dict[str, Any]] = [{} for _ in range(workers)]
        self.forgetful, self.count, self.most, self.sizes = forgetful, 0, 0, []

    def submit(self, task, /, *args):  # type: ignore[override]
        data = pickle.dumps((task, args))
        self.sizes.append(len(data))
        known = self.known[self.count % self.num_workers]
        self.count += 1
        if self.forgetful and self.count % 5 == 0:
            known.clear()
        task, args = pickle.loads(data)
        future: Future[Any] = Future()
        pool._KNOWN.clear()
        pool._KNOWN.update(known)
        future.set_result(pickle.loads(pickle.dumps(task(*args))))
        known.update(pool._KNOWN)
        return future


class Heavy:
    """A function that takes along a megabyte."""

    def __init__(self):
        self.weights = np.ones(2**17)

    def __call__(self, x):
        return cosines(x) * self.weights[0]


@pytest.mark.usefixtures("many_chunks")
@pytest.mark.parametrize("forgetful", [False, True])
def test_the_function_travels_once_to_each_worker(expected, forgetful):
    remote = Remote(3, forgetful)
    assert_same(hs.survey(Heavy(), X, executor=remote, need="spectrum"), expected)
    journeys = sum(size > 2**20 for size in remote.sizes)
    assert len(remote.sizes) > 12
    if not forgetful:
        assert journeys == 3
    else:
        assert 3 < journeys < len(remote.sizes) / 2


def test_chunks_under_way_are_bounded(monkeypatch):
    monkeypatch.setattr(schedule, "SECONDS", 1e-9)

    class Lagging(ThreadPoolExecutor):
        pending = most = 0

        def submit(self, *args):  # type: ignore[override]
            self.pending += 1
            self.most = max(self.most, self.pending)
            future = super().submit(*args)
            future.add_done_callback(self.landed)
            return future

        def landed(self, _future):
            self.pending -= 1

    read: list[int] = []

    def chunks():
        for row in X:
            read.append(len(read))
            yield row[None]

    with Lagging(2) as executor:
        hs.survey(slow_cosines, chunks(), executor=executor)
        assert 2 <= executor.most <= 4
    assert len(read) == len(X)


def test_a_point_that_takes_long_does_not_keep_the_others_waiting(monkeypatch):
    monkeypatch.setattr(schedule, "SECONDS", 0.05)
    both, came = threading.Barrier(2), threading.local()

    def meets(x):
        if not hasattr(came, "before"):
            came.before = True
            both.wait(timeout=20)
        return x @ x

    with ThreadPoolExecutor(2) as executor:
        found = hs.survey(meets, X[:2], executor=executor, on_error="raise")
    assert len(found) == 2


@pytest.mark.parametrize("workers", [None, 2])
def test_failures_are_recorded_and_exceptions_pass(workers):
    found = hs.survey(fragile, X, workers=workers)
    assert found.failed.any()
    assert set(found.message[found.failed]) == {"ZeroDivisionError: x is too large"}
    with pytest.raises(ZeroDivisionError, match=r"^x is too large$"):
        hs.survey(fragile, X, workers=workers, on_error="raise")


def test_what_cannot_be_pickled_is_refused_before_work_starts():
    lock = threading.Lock()

    def f(x):
        with lock:
            raise AssertionError("no value is to be computed")

    with pytest.raises(
        TypeError, match="fun cannot be pickled, so that no other process can have it: "
    ):
        hs.survey(f, X, workers=2)
    with pytest.raises(TypeError, match="fun cannot be pickled"):
        hs.survey(f, X, executor=Remote(2))


def test_functions_without_a_module_are_sent_by_value(expected):
    pytest.importorskip("cloudpickle")
    assert_same(hs.survey(local(), X, workers=2, need="spectrum"), expected)


def test_arguments_that_are_refused():
    with pytest.raises(ValueError, match="executor and workers exclude each other"):
        hs.survey(cosines, X, executor=Remote(2), workers=2)
    with pytest.raises(
        TypeError, match=r"executor must be a concurrent\.futures\.Executor, got int"
    ):
        hs.survey(cosines, X, executor=3)
    refused: Any = ((0, ValueError), (1.5, TypeError), (True, TypeError))
    for workers, error in refused:
        with pytest.raises(error, match="workers must be an integer from 1"):
            hs.survey(cosines, X, workers=workers)


@pytest.mark.parametrize("workers", [None, 2])
def test_arguments_of_the_function_travel_along(workers):
    shift = np.array([1.0, 2.0])
    by_args = hs.survey(shifted, X[:20], args=(shift,), workers=workers)
    by_partial = hs.survey(partial(shifted, shift=shift), X[:20], workers=workers)
    assert_same(by_args, by_partial)
