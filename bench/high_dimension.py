"""What does a proof of a saddle cost without its Hessian, beside scipy.sparse.linalg.eigsh on the same gradients?

python bench/high_dimension.py [--n N] [--rounds N]

The phi^4 chain at the origin, V = sum (x_{i+1} - x_i)^2 / 2 + (x_i^2 - 1)^2 / 4, whose Hessian has eigenvalues from -1
to 3, and at its minimum x = 1, where they go from 2 to 6. Gradients only. Answers come first: the quotients against
exact products. Then times are taken alternately, and so is that of the bare gradients at the same points; memory is that
of a process which does nothing else, beyond the bare gradient, in vectors of n doubles. Exits with 1 where a verdict
is wrong or, for n = 10^6, a figure is missed; the time is not one of those, as it depends on what a gradient costs:
this one is a few passes over memory, and so its cost is stated in such passes too.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import argparse
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np

import hesscape as hs

MOST_GRADIENTS, MOST_VECTORS = 10, 6


class Chain:
    """The gradient of the chain, with a count of its calls and, if asked for, the points."""

    def __init__(self, record=False):
        self.calls = 0
        self.points = [] if record else None

    def __call__(self, x):
        self.calls += 1
        if self.points is not None:
            self.points.append(x.copy())
        g = x * x
        g -= 1
        g *= x
        d = np.diff(x)
        g[:-1] -= d
        g[1:] += d
        return g


def no_values(_x):
    raise AssertionError("values are not needed")


def product(x, v):
    """Exact Hessian times v."""
    p = (3 * x * x - 1) * v
    d = np.diff(v)
    p[:-1] -= d
    p[1:] += d
    return p


def right(found, x):
    for value, error, u in (
        (found.lowest, found.lowest_error, found.lowest_direction),
        (found.highest, found.highest_error, found.highest_direction),
    ):
        if not abs(u @ product(x, u) / (u @ u) - value) <= error:
            return False
    return True


def ours(x, jac):
    return hs.curvature(no_values, x, jac=jac, rng=1)


def eigsh(x, jac):
    """One end each, by forward differences of the gradient, as one would write it."""
    from scipy.sparse.linalg import LinearOperator
    from scipy.sparse.linalg import eigsh as solve

    here = jac(x)

    def matvec(v):
        v = v.ravel()
        h = 1e-6 / np.abs(v).max()
        return (jac(x + h * v) - here) / h

    h = LinearOperator((x.size, x.size), matvec=matvec, dtype=float)
    start = np.random.default_rng(1).standard_normal(x.size)
    low = solve(h, 1, which="SA", v0=start, tol=1e-2, return_eigenvectors=False)[0]
    high = solve(h, 1, which="LA", v0=start, tol=1e-2, return_eigenvectors=False)[0]
    return low, high


def replay(points):
    jac = Chain()
    for point in points:
        jac(point)


def timed(function):
    start = time.perf_counter()
    out = function()
    return out, time.perf_counter() - start


def compare(name, x, rounds, expected):
    rows, bad, record = [], [], Chain(record=True)
    ours(x, record)
    buffer = np.ones_like(x)
    _, start = timed(partial(np.random.default_rng(1).standard_normal, out=buffer))
    for _ in range(rounds):
        jac, peer = Chain(), Chain()
        found, t = timed(partial(ours, x, jac))
        _, bare = timed(partial(replay, record.points))
        ends, t_peer = timed(partial(eigsh, x, peer))
        _, one_pass = timed(partial(np.add, x, x, out=buffer))
        rows.append((t / bare, t_peer / t, bare / jac.calls / one_pass, (t - bare) / one_pass))
        if not (right(found, x) and expected in found.message and found.njev == jac.calls):
            bad.append(f"wrong: {found}")
    beyond, ratio, gradient, rest = np.median(rows, axis=0)
    print(
        f"{name:<22} hesscape {jac.calls:4d} gradients, {beyond:5.2f} x their bare time"
        f" | eigsh {peer.calls:4d} gradients | eigsh / hesscape {ratio:5.1f}"
        f" ({ends[0]:.3f} to {ends[1]:.3f})"
    )
    print(
        f"{'':<22} in units of a + b for vectors: a gradient {gradient:.1f}, all that is not gradients"
        f" {rest:.0f}, of which the random start {start / one_pass:.0f}"
    )
    return jac.calls, bad


def peak(n, what):
    """Peak memory of a new process, in bytes."""
    code = f"import high_dimension as h, numpy as np; print(h.peak_of({what!r}, np.zeros({n})))"
    folder = Path(__file__).parent
    out = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, check=True, capture_output=True, text=True
    )
    return int(out.stdout)


def peak_of(what, x):
    x += 0.0  # touches the memory
    ours(np.zeros(10), Chain())  # loads what is loaded lazily
    if what == "ours":
        ours(x, Chain())
    else:
        Chain()(x)
    status = Path("/proc/self/status").read_text(
        encoding="ascii"
    )  # unlike ru_maxrss, of this process
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=10**6)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    n = arguments.n
    calls, bad = compare("saddle (origin)", np.zeros(n), arguments.rounds, "both signs")
    _, more = compare("minimum (all ones)", np.ones(n), 1, "positive in every direction")
    bad += more
    vectors = (peak(n, "ours") - peak(n, "bare")) / (8 * n)
    products = 2  # of the basis, when the saddle is proven
    print(
        f"memory for the saddle: {vectors:.2f} vectors beyond a bare gradient, {products} of the basis"
    )
    if n == 10**6:
        for what, value, most in (
            ("gradients", calls, MOST_GRADIENTS),
            ("vectors", vectors, products + MOST_VECTORS),
        ):
            if round(value, 1) > most:
                bad.append(f"{what}: {value:.3g}, more than {most}")
    print("\n".join(bad) or "all verdicts right")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
