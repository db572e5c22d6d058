"""What do surveys cost beside the bare evaluation of their values, and what do they lose? Exits with 1 on a loss.

python bench/survey.py [million] [compiled] [peer] [killed] [worker] [overhead] [--scale S]

million:  10^6 points, n = 2, a vectorised NumPy function, beside the bare evaluation of as many values, in blocks that
          suit the cache; and memory beyond X.
compiled: 10^4 points, n = 30, a compiled function, beside a loop in C that only evaluates; two workers beside one.
peer:     a loop of numdifftools.Hessian and eigvalsh, n = 10, on a few points, each point's time compared.
killed:   SIGKILL at 20 random moments, and the run again: every point once, bit for bit those of an undisturbed run.
worker:   a dask worker killed half-way, likewise.
overhead: chunks of 0.5 s on a dask cluster, beside what the points take in the workers.

Without names, all of them. --scale multiplies the numbers of points. Times are wall times; ratios are formed within a
round, and the median of the rounds is given. Answers are compared before times are taken.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import argparse
import contextlib
import ctypes
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

import hesscape as hs

ROUNDS = 3
COLUMNS = ("row", "x", "kind", "certain", "inertia", "index", "value", "gradient_norm", "distance",
           "lowest", "highest", "error", "nfev", "message")  # fmt: skip


def timed(action, *arguments, **keywords):
    start = time.perf_counter()
    result = action(*arguments, **keywords)
    return time.perf_counter() - start, result


def line(name, text):
    print(f"{name:<10} {text}", flush=True)


def same(a, b):
    return all(np.array_equal(getattr(a, c), getattr(b, c), equal_nan=c not in ("kind", "message"))
               for c in COLUMNS)  # fmt: skip


# 10^6 points


def two_wells(x):
    return (1 - x[0] * x[1]) ** 2 + 0.1 * np.sin(3 * x[0]) * np.cos(2 * x[1])


def bare(fun, X, values, block=1 << 14):
    """Evaluate `values` values, at blocks of points that fit into the cache."""
    points = np.ascontiguousarray(X[:block].T)
    for _ in range(values // points.shape[1]):
        fun(points)


def peak():
    """Memory that this process has needed at most, in MiB, since the last call of `reset_peak`."""
    for entry in Path("/proc/self/status").read_text().splitlines():
        if entry.startswith("VmHWM"):
            return int(entry.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def reset_peak():
    Path("/proc/self/clear_refs").write_text("5")


def million(scale):
    X = np.random.default_rng(1).uniform(-2, 2, (int(1e6 * scale), 2))
    hs.survey(two_wells, X[:1000], vectorized=True)
    for need in ("kind", "inertia", "spectrum"):
        ratios = []
        for _ in range(ROUNDS):
            reset_peak()
            before = peak()
            seconds, found = timed(hs.survey, two_wells, X, vectorized=True, need=need)
            memory, values = peak() - before, int(found.nfev.sum())
            reference, _ = timed(bare, two_wells, X, values)
            ratios.append(seconds / reference)
        line("million", f"need={need}: {seconds:.2f} s, {values / len(X):.1f} values a point; "
             f"{statistics.median(ratios):.2f} x bare evaluation; {memory:.0f} MiB beyond X")  # fmt: skip
    return True


# Compiled

SOURCE = """
#include <math.h>
double rosenbrock(int n, double *x, void *data) {
    double sum = 0;
    for (int i = 0; i + 1 < n; ++i) {
        double a = x[i + 1] - x[i] * x[i], b = 1 - x[i];
        sum += 100 * a * a + b * b + 0.1 * cos(x[i]);
    }
    return sum;
}
double loop(int n, double *x, long long values) { /* each at another point */
    double sum = 0;
    for (long long k = 0; k < values; ++k) {
        x[k % n] += 1e-9;
        sum += rosenbrock(n, x, 0);
    }
    return sum;
}
"""


def library(folder):
    source = Path(folder, "rosenbrock.c")
    source.write_text(SOURCE)
    target = source.with_suffix(".so")
    compiler = os.environ.get("CC", "cc")
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", source, "-o", target, "-lm"], check=True)
    loaded = ctypes.CDLL(str(target))
    loaded.rosenbrock.restype = loaded.loop.restype = ctypes.c_double
    loaded.rosenbrock.argtypes = [ctypes.c_int, ctypes.POINTER(ctypes.c_double), ctypes.c_void_p]
    loaded.loop.argtypes = [ctypes.c_int, ctypes.POINTER(ctypes.c_double), ctypes.c_longlong]
    return loaded


def compiled(scale):
    from scipy import LowLevelCallable

    n = 30
    X = np.random.default_rng(2).uniform(-1, 1, (int(1e4 * scale), n))
    good = True
    with tempfile.TemporaryDirectory() as folder:
        c = library(folder)
        f = LowLevelCallable(c.rosenbrock)
        hs.survey(f, X[:100])
        x = np.ones(n)
        for need in ("kind", "inertia"):
            ratios, gains = [], []
            for _ in range(ROUNDS):
                one, found = timed(hs.survey, f, X, need=need)
                two, again = timed(hs.survey, f, X, need=need, workers=2)
                good &= same(found, again)
                values = int(found.nfev.sum())
                pointer = x.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
                reference, _ = timed(c.loop, n, pointer, values)
                ratios.append(one / reference)
                gains.append(one / two)
            line("compiled", f"need={need}: {one:.2f} s, {values / len(X):.0f} values a point; "
                 f"{statistics.median(ratios):.2f} x a loop in C; two workers {statistics.median(gains):.2f} x one, "
                 f"{'bit-identical' if good else 'DIFFERENT'}")  # fmt: skip
    return good


# A peer


def peer(scale):
    import numdifftools as nd

    n = 10
    X = np.random.default_rng(3).uniform(-1, 1, (int(1e4 * scale), n))

    def f(x):
        return ((1 - x[:-1]) ** 2 + 100 * (x[1:] - x[:-1] ** 2) ** 2).sum(0)

    few = X[:20]
    theirs, values = timed(lambda: np.array([np.linalg.eigvalsh(nd.Hessian(f)(x)) for x in few]))
    found = hs.survey(f, few, vectorized=True, need="spectrum")
    error = np.abs(found.lowest - values[:, 0]).max() / np.abs(values).max()
    for need in ("kind", "inertia", "spectrum"):
        times = [timed(hs.survey, f, X, vectorized=True, need=need)[0] for _ in range(ROUNDS)]
        ratio = theirs / len(few) / (statistics.median(times) / len(X))
        line("peer", f"need={need}: {ratio:.0f} x faster a point than numdifftools.Hessian and eigvalsh "
             f"(lowest eigenvalues agree within {error:.0e} of the largest)")  # fmt: skip
    return bool(error < 1e-6)


# What is lost

SCRIPT = """
import sys
import time
import numpy as np
import hesscape as hs

def f(x):
    time.sleep(1e-5)
    return np.cos(x[0]) * np.cos(x[1])

def run(store, **where):
    X = np.random.default_rng(4).uniform(-3, 3, (2000, 2))
    return hs.survey(f, X, store=store, need="spectrum", **where)

if __name__ == "__main__":
    print("begins", flush=True)
    run(sys.argv[1], workers=2)
"""


def killed(scale):  # noqa: ARG001
    rng = np.random.default_rng(5)
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "survey_run.py")
        script.write_text(SCRIPT)
        sys.path.insert(0, folder)
        import survey_run

        whole, expected = timed(survey_run.run, None)
        store, times, restarts = Path(folder, "run.zarr"), 0, 0
        while times < 20:
            with subprocess.Popen([sys.executable, script, store], stdout=subprocess.PIPE,
                                  start_new_session=True) as run:  # fmt: skip
                run.stdout.readline()
                time.sleep(rng.uniform(0.1, 1))
                times += run.poll() is None
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(run.pid, signal.SIGKILL)
            if store.exists() and hs.Survey.load(store).complete:
                good = same(hs.Survey.load(store), expected)
                shutil.rmtree(store)
                restarts += 1
                if not good:
                    break
        found = survey_run.run(store)
        good = same(found, expected) and np.array_equal(found.row, np.arange(2000))
    line("killed", f"20 x SIGKILL, {restarts + 1} surveys of {whole:.1f} s ended: "
         f"{'every point once, bit-identical' if good else 'DIFFERENT'}")  # fmt: skip
    return good


def local(pause, slow=0):
    def f(x):
        time.sleep(pause)
        total = np.cos(x[0]) * np.cos(x[1])
        for _ in range(slow):
            total += 0 * np.sin(x[0])
        return total

    return f


def cluster(workers):
    import distributed

    return distributed.LocalCluster(
        n_workers=workers, threads_per_worker=1, dashboard_address=None, silence_logs=50
    )


def worker(scale):
    from distributed import Client

    X = np.random.default_rng(6).uniform(-3, 3, (int(3000 * scale), 2))
    expected = hs.survey(local(0), X, need="spectrum")
    half_way = threading.Event()
    with cluster(3) as workers, Client(workers) as client, client.get_executor() as executor:

        def kill():
            half_way.wait()
            os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()

        def watch(now):
            if now.done > len(X) // 2:
                half_way.set()

        found = hs.survey(local(1e-5), X, executor=executor, need="spectrum", progress=watch)
        half_way.set()
        killer.join()
    good = same(found, expected)
    line(
        "worker",
        f"a dask worker of three killed half-way: {'every point once, bit-identical' if good else 'DIFFERENT'}",
    )
    return good


def overhead(scale):
    """One worker, so that what it does can be added up; values that sleep leave the machine to the scheduler."""
    from distributed import Client

    X = np.random.default_rng(7).uniform(-3, 3, (int(1000 * scale), 2))
    f = local(1e-4)
    with cluster(1) as workers, Client(workers) as client, client.get_executor() as executor:
        hs.survey(f, X[:20], executor=executor)
        ratios = []
        for _ in range(ROUNDS):
            there, _ = timed(lambda: executor.submit(hs.survey, f, X).result())
            here, found = timed(hs.survey, f, X, executor=executor)
            ratios.append(here / there)
    line("overhead", f"dask, one worker, {here:.1f} s in chunks of 0.5 s: {100 * (statistics.median(ratios) - 1):.1f} % "
         f"more than the same survey as one task; {len(found)} points")  # fmt: skip
    return len(found) == len(X)


QUESTIONS = {f.__name__: f for f in (million, compiled, peer, killed, worker, overhead)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("questions", nargs="*", metavar="question", help=", ".join(QUESTIONS))
    parser.add_argument("--scale", type=float, default=1.0)
    arguments = parser.parse_args()
    if unknown := set(arguments.questions) - set(QUESTIONS):
        parser.error(f"no question {', '.join(sorted(unknown))}; there are {', '.join(QUESTIONS)}")
    asked = arguments.questions or list(QUESTIONS)
    good = [QUESTIONS[name](arguments.scale) for name in asked]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
