"""Progress: what is counted, how fast it is, how long it will take, and the bar that shows it."""

import io
import re
import sys

import pytest

import hesscape as hs
from hesscape import _progress
from hesscape._progress import Meter


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is set."""
    now = [100.0]
    monkeypatch.setattr(_progress, "monotonic", lambda: now[0])
    return now


def test_rate_and_time_left_are_those_of_what_was_computed(clock):
    seen: list[hs.Progress] = []
    with Meter(seen.append, total=100) as meter:
        meter.advance(20, known=True)
        clock[0] += 8.0
        meter.advance(16, counts={"saddle": 15, "minimum": 1})
        clock[0] += 2.0
        meter.advance(counts={"saddle": 1})
    assert [(p.done, p.known, p.elapsed) for p in seen] == [(20, 20, 0), (36, 20, 8), (37, 20, 10)]
    assert [p.rate for p in seen] == [None, 2.0, 1.7]
    assert [p.remaining for p in seen] == [None, 32.0, 63 / 1.7]
    assert [dict(p.counts) for p in seen] == [
        {},
        {"saddle": 15, "minimum": 1},
        {"saddle": 16, "minimum": 1},
    ]


def test_a_total_that_is_not_known_or_changes(clock):
    seen: list[hs.Progress] = []
    meter = Meter(seen.append)
    clock[0] += 1.0
    meter.advance(2)
    meter.expect(8)
    meter.expect(8)
    meter.advance(6)
    meter.advance(1)
    assert [(p.done, p.total, p.remaining) for p in seen] == [
        (2, None, None),
        (2, 8, 3.0),
        (8, 8, 0.0),
        (9, 8, 0.0),
    ]


def test_nothing_is_reported_unless_asked_for():
    with Meter(False, total=3) as meter:
        meter.advance(3)
        meter.expect(4)


def test_what_the_callable_raises_passes():
    error = KeyboardInterrupt()

    def stop(now):
        raise error

    with pytest.raises(KeyboardInterrupt) as caught, Meter(stop) as meter:
        meter.advance()
    assert caught.value is error


@pytest.mark.parametrize("progress", [1, "yes", [print]])
def test_what_is_no_progress_is_refused(progress):
    with pytest.raises(TypeError, match="progress must be True, False or a callable"):
        Meter(progress)


def test_without_tqdm_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'hesscape\[progress\]'"):
        Meter(True)


def test_the_bar_shows_points_rate_time_left_and_kinds(monkeypatch):
    pytest.importorskip("tqdm")
    screen = io.StringIO()
    monkeypatch.setattr(sys, "stderr", screen)
    with Meter(True, total=10, unit="value") as meter:
        meter.advance(4, known=True)
        meter.advance(2, counts={"saddle": 2})
        meter.expect(8)
        meter.advance(2, counts={"saddle": 1, "minimum": 1})
    last = screen.getvalue().split("\r")[-1]
    assert "8/8" in last
    assert "100%" in last
    assert "value/s" in last
    assert re.search("saddle=3.*minimum=1", last)


def test_a_bar_leaves_out_of_its_rate_what_was_known(monkeypatch):
    pytest.importorskip("tqdm")
    screen = io.StringIO()
    monkeypatch.setattr(sys, "stderr", screen)
    with Meter(True, total=2_000_000) as meter:
        meter.advance(1)
        meter.advance(1_000_000, known=True)
        report = meter._report
        assert isinstance(report, _progress._Bar)
        bar = report._bar
        assert bar is not None
        assert (bar.n, bar.initial) == (1_000_001, 1_000_000)
