"""What does hesscape add to the values of a compiled function? Exits with 1 where an answer is wrong or a figure missed.

Two functions in C, Rosenbrock's and the energy of ten Lennard-Jones atoms, n = 30, are measured by `taylor`, and beside
that called by a loop in C as many times, with blocks of points that stay in the cache. Verified first: the model is that
of the same function in NumPy, within both errors. Times are the median of the rounds, taken alternately; the ratio is
formed within a round. Threads are compared by the wall clock, in a round that the machine leaves alone: the best one.
"""

from __future__ import annotations

import argparse
import ctypes
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from scipy import LowLevelCallable

import hesscape as hs
from hesscape import testing

N = 30
BLOCK = 2048  # points of one block, as `taylor` has at this n
ALLOWED = {"values": 1.05, "columns": 1.5}  # times the loop in C
THREADS = 1.85  # times as fast with two

C = """
double rosenbrock(int n, double *x, void *data) {
  double sum = 0.0;
  for (int i = 0; i + 1 < n; ++i) {
    double a = 1 - x[i], b = x[i + 1] - x[i] * x[i];
    sum += a * a + 100 * b * b;
  }
  return sum;
}

double lennard_jones(int n, double *x, void *data) {
  double energy = 0.0;
  for (int i = 0; i < n; i += 3)
    for (int j = 0; j < i; j += 3) {
      double u = x[i] - x[j], v = x[i + 1] - x[j + 1], w = x[i + 2] - x[j + 2];
      double inverse = 1 / (u * u + v * v + w * w), six = inverse * inverse * inverse;
      energy += 4 * six * (six - 1);
    }
  return energy;
}

typedef double function(int, double *, void *);

void loop(function *f, int n, long m, long block, double *points, double *values) {
  for (; m > 0; m -= block)
    for (long k = 0; k < (m < block ? m : block); ++k) values[k] = f(n, points + k * n, 0);
}
"""
DOUBLES = ctypes.POINTER(ctypes.c_double)
SIGNATURE = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_int, DOUBLES, ctypes.c_void_p)


def build(directory):
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        sys.exit("needs a C compiler")
    source, target = Path(directory) / "functions.c", Path(directory) / "functions.so"
    source.write_text(C)
    flags = ["-O2", "-ffp-contract=off", "-shared", "-fPIC"]
    subprocess.run([compiler, *flags, "-o", str(target), str(source)], check=True)
    return ctypes.CDLL(str(target))


def cases():
    """{name in C: (the same in NumPy, a point)}."""
    rng = np.random.default_rng(0)
    grid = np.stack(np.meshgrid(*[np.arange(3)] * 3), axis=-1).reshape(-1, 3)[:10]
    cluster = 1.1 * grid + rng.uniform(-0.05, 0.05, grid.shape)
    return {
        "rosenbrock": (testing.rosenbrock(N).fun, np.tile([-1.2, 1.0], N // 2)),
        "lennard_jones": (testing.lennard_jones(10).fun, cluster.ravel()),
    }


def right(f, peer, x):
    ours, theirs = hs.taylor(f, x), hs.taylor(peer, x, vectorized=True)
    difference = np.abs(ours.hessian - theirs.hessian)
    return bool((difference <= ours.hessian_error + theirs.hessian_error).all())


def bare(library, name, points):
    """A function that calls `name` at as many points as it is told, in a loop in C."""
    address = ctypes.cast(getattr(library, name), ctypes.c_void_p)
    values = np.empty(len(points))

    def run(m):
        library.loop(
            address, points.shape[1], ctypes.c_long(m), ctypes.c_long(len(points)),
            points.ctypes.data_as(DOUBLES), values.ctypes.data_as(DOUBLES),
        )  # fmt: skip

    return run


def seconds(run, repeats, clock=time.process_time):
    begin = clock()
    for _ in range(repeats):
        run()
    return (clock() - begin) / repeats


def ratios(ours, loop, values, rounds):
    """(ratio to the loop in each round, microseconds of ours)."""
    repeats = max(1, round(0.05 / seconds(ours, 3)))
    both = [(seconds(ours, repeats), seconds(lambda: loop(values), repeats)) for _ in range(rounds)]
    return np.median([a / b for a, b in both]), 1e6 * np.median([a for a, _ in both])


def threaded(f, block):
    """How many times faster two threads evaluate than one: the best round of several."""
    work = [block] * 64
    best = {1: np.inf, 2: np.inf}
    for _ in range(9):
        for workers, least in best.items():
            with ThreadPoolExecutor(workers) as pool:
                run = lambda pool=pool: list(pool.map(f.values, work))
                run()
                best[workers] = min(least, seconds(run, 1, time.perf_counter))
    return best[1] / best[2]


def compare(library, name, peer, x, rounds):
    """Print the figures of a function; tell how many are missed or wrong."""
    f = hs.Objective(LowLevelCallable(SIGNATURE((name, library))))
    rows = x + np.random.default_rng(1).uniform(-0.01, 0.01, (BLOCK, N))
    columns = np.asfortranarray(rows)
    loop = bare(library, name, rows)
    wrong = not right(f, peer, x) or not np.allclose(f.values(rows), peer(rows.T), rtol=1e-12)
    model = hs.taylor(f, x)
    runs = {
        "values": (lambda: f.values(rows), BLOCK),
        "columns": (lambda: f.values(columns), BLOCK),
        "taylor": (lambda: hs.taylor(f, x), model.nfev),
    }
    missed = 0
    for what, (run, values) in runs.items():
        ratio, micros = ratios(run, loop, values, rounds)
        asked = ALLOWED.get(what, np.inf)
        missed += ratio > asked
        verdict = f"{'PASS' if ratio <= asked else 'MISSED'} (asked: {asked:g})" * (asked < np.inf)
        print(
            f"{name:14s} {what:8s} {values:6d} values {micros:9.1f} µs {1e3 * micros / values:7.1f} ns a value "
            f"{ratio:6.3f} of the loop  {verdict}{'  WRONG' * wrong}",
            flush=True,
        )
    faster = threaded(f, rows)
    print(f"{name:14s} two threads: {faster:.2f} times as fast as one (asked: {THREADS:g})")
    return missed + wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        library = build(directory)
        counts = [
            compare(library, name, peer, x, options.rounds) for name, (peer, x) in cases().items()
        ]
    sys.exit(bool(sum(counts)))


if __name__ == "__main__":
    main()
