"""Are the workers busy to the end, is no value computed twice, and what does keeping one cost? Exits with 1 where not.

One Hessian with n = 20 of a function that takes 20 ms (it sleeps, as who waits for a simulation does), in one thread and
in eight. Then in a process that is killed half-way and started again with the same store: the calls of both, counted by
the function itself, are those of one undisturbed run. Last, what the store adds to a function that takes no time.
"""

from __future__ import annotations

import argparse
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

import hesscape as hs

N, SECONDS, WORKERS = 20, 0.020, 8
FASTER = 7.0  # times, with eight workers
X = np.linspace(-1, 1, N)


def quick(x):
    return float(((1 - x[:-1]) ** 2 + 100 * (x[1:] - x[:-1] ** 2) ** 2).sum())


class Slow:
    """Sleeps, and leaves a line in a file for each call."""

    def __init__(self, log=None):
        self.log = log

    def __call__(self, x):
        time.sleep(SECONDS)
        if self.log is not None:
            descriptor = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.write(descriptor, x.tobytes().hex().encode() + b"\n")
            os.close(descriptor)
        return quick(x)


def measured(workers, **more):
    """(seconds, model) of one Hessian."""
    with ThreadPoolExecutor(workers) as pool:
        begin = time.perf_counter()
        model = hs.taylor(Slow(more.pop("log", None)), X, executor=pool, **more)
        return time.perf_counter() - begin, model


def child(store, log):
    measured(WORKERS, store=store, log=log)


def killed_half_way(nfev):
    """Calls of a run that is killed half-way and of one that goes on, and which points were called for twice."""
    with tempfile.TemporaryDirectory() as folder:
        store, log = Path(folder) / "values.db", Path(folder) / "log"
        log.touch()
        command = [sys.executable, __file__, "--child", str(store), str(log)]
        first = subprocess.Popen(command)
        while first.poll() is None and log.read_bytes().count(b"\n") < nfev // 2:
            time.sleep(0.01)
        first.send_signal(signal.SIGKILL)
        first.wait()
        before = log.read_bytes().splitlines()
        base = sqlite3.connect(store)
        (stored,) = base.execute("SELECT count(*) FROM result").fetchone()
        base.close()
        subprocess.run(command, check=True)
        both = log.read_bytes().splitlines()
    return len(before), stored, len(both), len(both) - len(set(both))


def overhead(rounds):
    """Microseconds a value that the store adds, and that the executor does."""
    plain, kept, sent, seen = [], [], [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as pool:
            for times, more in (
                (plain, {"progress": seen.append}),
                (kept, {"progress": seen.append, "store": Path(folder) / "values.db"}),
                (sent, {"executor": pool}),
            ):
                begin = time.process_time()
                nfev = hs.taylor(quick, X, **more).nfev
                times.append(1e6 * (time.process_time() - begin) / nfev)
    return np.median(np.subtract(kept, plain)), np.median(np.subtract(sent, plain))


def say(what, figure, passed):
    print(f"{what:66s} {figure:>10s}  {'PASS' if passed else 'MISSED'}", flush=True)
    return not passed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(*options.child)
        return
    alone = hs.taylor(quick, X)
    one, serial = measured(1)
    eight, model = measured(WORKERS)
    print(f"n = {N}: {model.nfev} values of {1e3 * SECONDS:g} ms; {one:.2f} s, and {eight:.2f} s")
    ratio = one / eight
    missed = say("eight workers, times as fast as one (asked: 7)", f"{ratio:.2f}", ratio >= FASTER)
    equal = all(np.array_equal(m.hessian, alone.hessian) for m in (serial, model))
    missed += say("the same Hessian to the last bit", str(equal), equal)
    before, stored, both, twice = killed_half_way(model.nfev)
    print(f"killed after {before} calls, {stored} values kept; {both} calls in both runs")
    missed += say(
        "calls in both beyond one run (asked: 0)", str(both - model.nfev), both == model.nfev
    )
    missed += say("points that were called for twice (asked: 0)", str(twice), twice == 0)
    kept, sent = overhead(7)
    say("µs of the processor a value, for the store", f"{kept:.0f}", kept < 1000)
    say("µs of the processor a value, for the executor", f"{sent:.0f}", sent < 1000)
    sys.exit(missed > 0)


if __name__ == "__main__":
    main()
