"""How fast and how right are Hessians from values, beside the peers? Exits with 1 where an answer of ours is wrong.

python bench/hessian.py [--only WORD] [--rounds N]      tables of answers, times and overheads
python bench/hessian.py --memory                        peak memory of one measurement with n = 2000: a minute or more

Answers come first: errors of ours must keep to their own bounds. Then times are taken alternately, a run of each method
a round; time is the median of the rounds, and so is each ratio, which is formed within a round. It is processor time,
on one thread, so that other programs disturb it less. A method that needs seconds runs once and is marked so. Peers have
their defaults.

Errors are relative: the median over the entries that are not zero, the largest over all, where zero entries are
measured against the largest entry (as in accuracy.py).
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import argparse
import concurrent.futures
import math
import multiprocessing
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from accuracy import entry_errors, within
from clusters import cluster_points, lennard_jones
from problems import Problem, problem
from traps import rosenbrock

import hesscape as hs
from hesscape import testing

SLOW = 1.0  # seconds, from which on one run has to do
LEAST = 0.02  # seconds that a round gives to each method, in as many runs as they take
COVERED = {"smooth": 1.0, "noisy": 0.98}  # share of entries that must be within their bounds
MEMORY_N, MEMORY_ALLOWED = 2000, 200  # MiB beside the Hessian


@dataclass(frozen=True)
class Case:
    problem: Problem
    make: Callable  # a fresh function, (n,) -> float and (n, m) -> (m,)


class Counted:
    """A function that counts the values asked of it, and remembers the sizes of the blocks."""

    def __init__(self, fun):
        self.fun, self.sizes = fun, []

    def __call__(self, x):
        self.sizes.append(x.size // len(x))
        return self.fun(x)

    @property
    def values(self):
        return sum(self.sizes)


def start(n):
    return np.tile([-1.2, 1.0], n // 2)


def cases(only):
    for n in (10, 30, 100):
        name = f"Rosenbrock, n = {n}"
        if only in name:
            yield Case(
                problem(name, "smooth", rosenbrock, start(n)), lambda n=n: testing.rosenbrock(n).fun
            )
    name = "Lennard-Jones, 13 atoms, n = 39"
    if only in name:
        x = next(x for name, x, _ in cluster_points() if name == "lj13 minimum")
        yield Case(problem(name, "smooth", lennard_jones, x), lambda: testing.lennard_jones(13).fun)
    name = "Rosenbrock, n = 10, noise 1e-6"
    if only in name:
        noisy = problem(name, "noisy", rosenbrock, start(10), noise=1e-6, law="gaussian")
        yield Case(noisy, lambda: noisy.fun)


def ours(f, x):
    return hs.taylor(f, x, vectorized=True)


def ours_plain(f, x):
    return hs.taylor(f, x)


def scipy_hessian(f, x):
    from scipy.differentiate import hessian

    return hessian(lambda z: f(z.reshape(len(z), -1)).reshape(z.shape[1:]), x).ddf


def statsmodels_hessian(f, x):
    from statsmodels.tools.numdiff import approx_hess3

    return approx_hess3(x, f)


def numdifftools_hessian(f, x):
    from numdifftools import Hessian

    return Hessian(f)(x)


METHODS = {
    "hesscape, vectorised": ours,
    "hesscape, plain f": ours_plain,
    "scipy.differentiate, vectorised": scipy_hessian,
    "statsmodels approx_hess3": statsmodels_hessian,
    "numdifftools": numdifftools_hessian,
}
OURS, PLAIN, SCIPY, STATSMODELS, _ = METHODS


def bare(f, x, sizes):
    """A run that evaluates f at x, in blocks of these sizes, and does nothing else."""
    block = np.repeat(x[:, None], max(sizes), axis=1)
    return lambda: [f(block[:, :m]) for m in sizes]


def bare_plain(f, x, values):
    """The same for single calls."""
    rows = list(np.repeat(x[None], 512, axis=0))
    return lambda: [f(rows[k & 511]) for k in range(values)]


def repeated(run, least=LEAST):
    """(seconds a run, runs): the first run tells how many fit into `least`."""
    begin = time.process_time()
    run()
    first = time.process_time() - begin
    return first, max(1, math.ceil(least / first))


def seconds(run, runs):
    begin = time.process_time()
    for _ in range(runs):
        run()
    return (time.process_time() - begin) / runs


def alternate(runs, rounds):
    """{name: seconds in each round}, of {name: run}; slow ones have their first run only."""
    first = {name: repeated(run) for name, run in runs.items()}
    quick = {name: count for name, (once, count) in first.items() if once < SLOW}
    times = {name: [] if name in quick else [once] for name, (once, _) in first.items()}
    for _ in range(rounds):
        for name, count in quick.items():
            times[name].append(seconds(runs[name], count))
    return {name: np.array(t) for name, t in times.items()}


def ratio(times, name, to):
    return float(
        np.median(times[name] / (times[to] if len(times[name]) > 1 else np.median(times[to])))
    )


def answer(case, name):
    """(row of errors, sizes of the blocks); `kept` is the share of entries within ours' bounds."""
    p, f = case.problem, Counted(case.make())
    found = METHODS[name](f, p.x.copy())
    mine = isinstance(found, hs.TaylorModel)
    truth, zero, error, relative = entry_errors(p, found.hessian if mine else found)
    row = {"values": f.values, "median": np.median(relative[~zero]), "largest": relative.max()}
    if mine:
        kept = within(found.hessian_error[np.triu_indices(p.n)], error, truth)
        row |= {
            "kept": kept.mean(),
            "wrong": bool(f.values != found.nfev or kept.mean() < COVERED[p.kind]),
        }
    return row, f.sizes


def compare(case, rounds):
    """Print the table of one case; give its answers by method and its times by run."""
    p, rows, sizes = case.problem, {}, {}
    for name in METHODS:
        rows[name], sizes[name] = answer(case, name)
    runs = {name: partial(method, case.make(), p.x) for name, method in METHODS.items()}
    runs["bare"] = bare(case.make(), p.x, sizes[OURS])
    times = alternate(runs, rounds)
    print(
        f"\n{p.name}\n{'':32s} {'ms':>9s} {'values':>8s} {'median':>8s} {'largest':>8s} {'time / ours':>17s}"
    )
    print(
        f"{'':32s} {'':>9s} {'':>8s} {'error':>8s} {'error':>8s} {'vectorised':>11s} {'plain':>5s}"
    )
    for name, r in rows.items():
        notes = (
            f"  {r['kept']:.1%} within bounds"
            if "kept" in r
            else "  once"
            if len(times[name]) == 1
            else ""
        )
        print(
            f"{name:32s} {1e3 * np.median(times[name]):9.2f} {r['values']:8d} {r['median']:8.1e} {r['largest']:8.1e} "
            f"{ratio(times, name, OURS):11.3g} {ratio(times, name, PLAIN):5.2g}{notes}{'  WRONG' * r.get('wrong', False)}",
            flush=True,
        )
    return rows, times


def ratio_to_bare(rounds):
    """Time of ours over the bare evaluation of as many values in equally large blocks, at n = 100."""
    f, x = testing.rosenbrock(100).fun, start(100)
    counted = Counted(f)
    hs.taylor(counted, x, vectorized=True)
    runs = {OURS: partial(ours, f, x), "bare": bare(f, x, counted.sizes)}
    return ratio(alternate(runs, 3 * rounds), OURS, "bare")


def in_fresh_process(function, *args):
    """What the function returns where nothing ran before it, and the memory allocator has no history."""
    fresh = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, fresh) as executor:
        return executor.submit(function, *args).result()


def plain_beyond(n, rounds):
    """Seconds of `taylor` beyond the calls of a cheap plain function, a call."""

    def f(x):
        square = x.dot(x)
        return square * (square - 1)

    x, counted = start(n), Counted(f)
    hs.taylor(counted, x)
    runs = {"taylor": lambda: hs.taylor(f, x), "calls": bare_plain(f, x, counted.values)}
    times = alternate(runs, 3 * rounds)
    return float(np.median(times["taylor"] - times["calls"])) / counted.values


def classify_beyond(rounds):
    """(seconds of `classify` at a minimum beyond the calls of a plain function of two variables, wrong or not)."""

    def f(x):
        a, b = x
        return (1 - a) ** 2 + 100 * (b - a * a) ** 2

    x = np.ones(2)
    point = hs.classify(f, x)
    runs = {"classify": lambda: hs.classify(f, x), "calls": bare_plain(f, x, point.nfev)}
    times = alternate(runs, 3 * rounds)
    return float(np.median(times["classify"] - times["calls"])), str(
        point.kind
    ) != "minimum" or not point.certain


def say(what, figure, asked=None, upper=True):
    passed = (
        ""
        if asked is None
        else "PASS"
        if (figure <= asked if upper else figure >= asked)
        else "MISSED"
    )
    print(f"{what:62s} {figure:9.3g}  {passed}{'' if asked is None else f'  (asked: {asked:g})'}")


def report(results, rounds):
    """Print what the times say against the figures asked for; tell whether an answer is wrong."""
    print(f"\n{'ratios and overheads':62s} {'figure':>9s}")
    for name, (_, times) in results.items():
        big = name == "Rosenbrock, n = 100"
        say(
            f"{name}: vectorised / bare evaluation",
            ratio(times, OURS, "bare"),
            1.3 if big else None,
        )
        if big:
            say(f"{name}: {SCIPY} / ours", ratio(times, SCIPY, OURS), 300, False)
            say(f"{name}: {STATSMODELS} / ours", ratio(times, STATSMODELS, OURS), 20, False)
    say(
        "Rosenbrock, n = 100: vectorised / bare, in a fresh process",
        in_fresh_process(ratio_to_bare, rounds),
        1.3,
    )
    for n in (2, 10, 30, 100):
        say(f"plain f, n = {n}: µs a call, beyond the calls", 1e6 * plain_beyond(n, rounds), 1)
    overhead, wrong = classify_beyond(rounds)
    say("classify, plain f, n = 2: ms beyond the calls", 1e3 * overhead, 0.3)
    return wrong or any(r.get("wrong") for rows, _ in results.values() for r in rows.values())


def peak():
    """The most memory that this process ever held, in MiB."""
    import resource  # not on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        2**20 if sys.platform == "darwin" else 2**10
    )


def memory():
    """Measure at n = 2000 and print what that adds to the process; tell whether a figure or an answer is wrong."""
    surface, x = testing.rosenbrock(MEMORY_N), start(MEMORY_N)
    hs.taylor(testing.rosenbrock(10).fun, start(10), vectorized=True)  # what a first call loads
    before = peak()
    model = hs.taylor(surface.fun, x, vectorized=True)
    added, matrix = peak() - before, model.hessian.nbytes / 2**20
    wrong = not within(
        model.hessian_error, np.abs(model.hessian - surface.hessian(x)), surface.hessian(x)
    ).all()
    say(f"n = {MEMORY_N}: values", model.nfev)
    say(f"n = {MEMORY_N}: MiB of H", matrix)
    say(f"n = {MEMORY_N}: MiB added at the peak, beside H", added - matrix, MEMORY_ALLOWED)
    print("  WRONG: errors beyond their bounds" * wrong)
    return wrong or added - matrix > MEMORY_ALLOWED


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="part of a problem's name")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--memory", action="store_true", help="measure memory instead, a minute or more"
    )
    options = parser.parse_args()
    if options.memory:
        sys.exit(memory())
    warnings.simplefilter("ignore")  # of peers, on noise
    results = {case.problem.name: compare(case, options.rounds) for case in cases(options.only)}
    sys.exit(report(results, options.rounds))


if __name__ == "__main__":
    main()
