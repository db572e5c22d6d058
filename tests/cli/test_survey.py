"""The command hesscape survey: what it prints, where it writes, and how it ends."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import hesscape as hs
from hesscape.cli.main import main
from survey_functions import assert_same

MODEL = """
import time

def loss(x):
    if x[0] > 10:
        raise ValueError("too far")
    return (1 - x[0] * x[1]) ** 2

def many(x):
    print("noise on stdout")
    assert x.ndim == 2, "one point at a time"
    return (1 - x[0] * x[1]) ** 2

def slope(x):
    return -2 * (1 - x[0] * x[1]) * x[::-1]

def slow(x):
    time.sleep(1e-3)
    return loss(x)
"""
X = np.array([[0, 0], [0.5, 1], [0.5, 2], [0.25, 0.25]])


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    tmp_path.joinpath("survey_model.py").write_text(MODEL)
    np.save("points.npy", X)
    np.save("far.npy", np.vstack([X, [[11, 0]]]))
    yield tmp_path
    sys.modules.pop("survey_model", None)


def model(name):
    namespace: dict[str, object] = {}
    exec(MODEL, namespace)  # noqa: S102
    return namespace[name]


@pytest.mark.parametrize("more", [[], ["--workers", "2"]])
def test_it_prints_a_summary_and_writes_a_file(more, capsys):
    assert main(["survey", "survey_model:loss", "points.npy", "-o", "found.npz", *more]) == 0
    out, err = capsys.readouterr()
    found = hs.Survey.load("found.npz")
    assert out == f"{found}\nin found.npz\n"
    assert out.startswith("survey of 4 points\n  saddle         1 (1 proven)\n")
    assert "4" in err
    assert_same(found, hs.survey(model("loss"), X))


def test_options_reach_the_survey(capsys):
    words = (
        "survey_model:many points.npy -o found.npz --vectorized --need spectrum --refine --quiet"
    )
    assert main(["survey", *words.split(), "--jac", "survey_model:slope"]) == 0
    out, err = capsys.readouterr()
    assert "noise" not in out
    assert set(err.splitlines()) <= {"noise on stdout"}
    found = hs.Survey.load("found.npz")
    jac = model("slope")
    expected = hs.survey(model("many"), X, jac=jac, vectorized=True, need="spectrum", refine=True)
    assert_same(found, expected)
    main(
        [
            "survey",
            "survey_model:loss",
            "points.npy",
            "-o",
            "two.npz",
            "--zero-modes",
            "1",
            "--gtol",
            "9",
        ]
    )
    assert_same(hs.Survey.load("two.npz"), hs.survey(model("loss"), X, zero_modes=1, gtol=9))


def test_points_that_fail_are_told_by_the_exit_status(capsys):
    assert main(["survey", "survey_model:loss", "far.npy", "--quiet"]) == 1
    assert "failed         1\n" in capsys.readouterr().out


def test_a_store_goes_on(capsys, tmp_path):
    pytest.importorskip("zarr")
    words = ["survey", "survey_model:loss", "points.npy", "-o", "run.zarr", "--quiet"]
    assert main(words) == 0
    first = capsys.readouterr().out
    assert main(words) == 0
    assert capsys.readouterr().out == first
    assert main([*words, "--need", "inertia"]) == 2
    err = capsys.readouterr().err
    assert err.startswith(
        "hesscape: error: store 'run.zarr' holds another survey: need is 'kind' there"
    )
    assert err.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT")
@pytest.mark.parametrize("more", [[], ["--workers", "2"]])
def test_ctrl_c_keeps_what_is_done(more, tmp_path):
    pytest.importorskip("zarr")
    np.save("long.npy", np.random.default_rng(1).normal(size=(500, 2)))
    words = ["survey", "survey_model:slow", "long.npy", "-o", "run.zarr", *more]
    with subprocess.Popen(
        [sys.executable, "-m", "hesscape", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as run:
        began = time.monotonic()
        while not list(tmp_path.glob("run.zarr/chunk_digest/c/*")):
            assert time.monotonic() - began < 60
            time.sleep(0.05)
        os.killpg(run.pid, signal.SIGINT)
        out, err = run.communicate(timeout=30)
    assert run.returncode == 130
    assert "of 500 points" in out
    assert "the same call goes on from there" in err
    assert "Traceback" not in err
    assert 0 < len(hs.Survey.load("run.zarr")) < 500


def test_a_scheduler_gets_the_work(capsys):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        words = ["survey", "survey_model:loss", "points.npy", "-o", "found.npz"]
        assert main([*words, "--scheduler", cluster.scheduler_address]) == 0
    assert_same(hs.Survey.load("found.npz"), hs.survey(model("loss"), X))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["survey_model:loss", "none.npy"], "cannot read points from none.npy: "),
        (["survey_model:loss", "survey_model.py"], "cannot read points from survey_model.py: "),
        (["survey_model:nothing", "points.npy"], "survey_model has no 'nothing'"),
        (["survey_model:loss", "points.npy", "-o", "no/run.npz"], "there is no directory no"),
        (["survey_model:loss", "points.npy", "--workers", "0"], "workers must be an integer from 1"),
        (["survey_model:loss", "points.npy", "--zero-modes", "5"], "zero_modes: expected a count"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_one_line(words, message, capsys):
    assert main(["survey", *words, "--quiet"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("hesscape: error: ")
    assert message in err
    assert err.count("\n") == 1


def test_progress_without_tqdm(capsys, monkeypatch):
    monkeypatch.setattr("hesscape.cli.survey.find_spec", lambda _name: None)
    assert main(["survey", "survey_model:loss", "far.npy"]) == 1
    err = capsys.readouterr().err
    assert err.splitlines()[-1].startswith("5 of 5 points, 0 s left: 1 saddle")
