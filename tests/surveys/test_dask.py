"""Surveys on a cluster of dask.distributed, whose workers may die."""

import os
import signal
import sys
import threading
import time

import numpy as np
import pytest

import hesscape as hs
from hesscape.surveys import schedule
from survey_functions import assert_same, points

distributed = pytest.importorskip("distributed")
pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]

X = points(150)


def local(pause=0.0):
    """Give functions that travel by value: the workers cannot import this file."""

    def f(x):
        import time

        import numpy as np

        time.sleep(pause)
        return np.cos(x[0]) * np.cos(x[1])

    return f


@pytest.fixture(scope="module")
def client():
    with (
        distributed.LocalCluster(
            n_workers=3,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            silence_logs=50,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture(autouse=True)
def many_chunks(monkeypatch):
    monkeypatch.setattr(schedule, "SECONDS", 0.05)


def test_a_cluster_finds_the_same(client):
    with client.get_executor() as executor:
        found = hs.survey(local(), X, executor=executor, need="spectrum")
    assert_same(found, hs.survey(local(), X, need="spectrum"))


def test_a_worker_that_is_killed_half_way(client, tmp_path):
    pytest.importorskip("zarr")
    expected = hs.survey(local(), X, need="spectrum")
    half_way = threading.Event()
    seen = []

    def watch(now):
        seen.append(now.done)
        if now.done > 40:
            half_way.set()

    def kill():
        half_way.wait(timeout=60)
        os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with client.get_executor() as executor:
        found = hs.survey(
            local(2e-4),
            X,
            executor=executor,
            need="spectrum",
            progress=watch,
            store=tmp_path / "run.zarr",
        )
    killer.join()
    assert half_way.is_set()
    assert seen[-1] == 150
    np.testing.assert_array_equal(found.row, np.arange(150))
    assert_same(found, expected)


def test_exceptions_pass_from_the_cluster(client):
    def broken(x):
        raise ZeroDivisionError("at a worker")

    with client.get_executor() as executor:
        with pytest.raises(ZeroDivisionError, match="at a worker"):
            hs.survey(broken, X, executor=executor, on_error="raise")
        assert hs.survey(broken, X[:3], executor=executor).failed.all()


def test_points_may_be_on_the_cluster(client):
    da = pytest.importorskip("dask.array")
    start = time.monotonic()
    with client.get_executor() as executor:
        found = hs.survey(local(), da.from_array(X, chunks=(40, 2)), executor=executor)
    assert_same(found, hs.survey(local(), X))
    assert time.monotonic() - start < 60
