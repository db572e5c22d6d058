"""What does the exact index of a large sparse Hessian cost, beside one from SciPy's parts without proof?

python bench/lattices.py [--rounds N] [--small]

Phi^4 lattices with open ends, V = sum over bonds (x_i - x_j)^2 / 2 + sum (x_i^2 - 1)^2 / 4: a chain with n = 10^6 and
a square of 316^2, at the saddle x = 0 and at the minimum x = 1, where the eigenvalues are known. The peer takes H
from scipy.optimize's sparse differences of the same gradient and the signs from SuperLU's diagonal pivots; it proves
nothing, and its errors are not known. Answers come first: inertia, certainty, and gradients used. Then times are
taken alternately, and that of the gradients alone; memory is the peak of a new process beyond that of the bare
gradient. Exits with 1 where an answer of ours is wrong or takes more than 40 gradients.
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
from scipy import sparse

import hesscape as hs

MOST_GRADIENTS = 40


class Lattice:
    """The gradient on a lattice, with a count of its calls."""

    def __init__(self, *shape):
        self.shape, self.calls = shape, 0
        self.n = int(np.prod(shape))

    def __call__(self, x):
        self.calls += 1
        grid = x.reshape(self.shape)
        g = grid * grid
        g -= 1
        g *= grid
        for axis in range(grid.ndim):
            d = np.diff(grid, axis=axis)
            moved, still = np.moveaxis(g, axis, 0), np.moveaxis(d, axis, 0)
            moved[:-1] -= still
            moved[1:] += still
        return g.ravel()

    def pattern(self):
        pattern = sparse.eye_array(1)
        for m in self.shape:
            ones = np.ones(m - 1)
            line = sparse.diags_array([ones, np.ones(m), ones], offsets=[-1, 0, 1])
            pattern = sparse.kron(pattern, sparse.eye_array(m)) + sparse.kron(
                sparse.eye_array(pattern.shape[0]), line
            )
        return sparse.csc_array(pattern)

    def eigenvalues(self, curvature):
        values = np.array([curvature])
        for m in self.shape:
            values = (values[:, None] + 2 - 2 * np.cos(np.pi * np.arange(m) / m)).ravel()
        return values


def no_values(_x):
    raise AssertionError("values are not needed")


def ours(jac, x, pattern):
    return hs.classify(no_values, x, jac=jac, hess_sparsity=pattern, need="inertia")


def peer(jac, x, pattern):
    from scipy.optimize._numdiff import approx_derivative, group_columns
    from scipy.sparse.linalg import splu

    groups = group_columns(pattern)
    h = approx_derivative(jac, x, method="3-point", sparsity=(pattern, groups))
    h = sparse.csc_matrix(h + h.T) / 2
    options = {"SymmetricMode": True, "DiagPivotThresh": 0.0}
    lu = splu(h, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=options)
    pivots = lu.U.diagonal()
    return int((pivots < 0).sum()), bool((lu.perm_r == lu.perm_c).all())


def timed(function, *arguments):
    start = time.perf_counter()
    out = function(*arguments)
    return out, time.perf_counter() - start


def compare(name, jac, x, curvature, rounds):
    pattern, values, rows, bad = jac.pattern(), jac.eigenvalues(curvature), [], []
    expected = (int((values < 0).sum()), 0, int((values > 0).sum()))
    for _ in range(rounds):
        jac.calls = 0
        point, t = timed(ours, jac, x, pattern)
        calls = jac.calls
        _, bare = timed(lambda calls=calls: [jac(x) for _ in range(calls)])
        jac.calls = 0
        (index, on_diagonal), t_peer = timed(peer, jac, x, pattern)
        rows.append((t, bare, t_peer))
        if not (point.inertia == expected and point.certain and point.njev == calls):
            bad.append(f"{name}: expected {expected}, got {point}")
        if calls > MOST_GRADIENTS:
            bad.append(f"{name}: {calls} gradients, more than {MOST_GRADIENTS}")
    t, bare, t_peer = np.median(rows, axis=0)
    verdict = "right" if index == expected[0] else f"wrong by {index - expected[0]}"
    print(
        f"{name:<22} index {expected[0]:6d} of {x.size:7d}  hesscape {calls:3d} gradients {t:5.2f} s (gradients alone "
        f"{bare:.2f} s), proven\n{'':<37}SciPy {jac.calls:6d} gradients {t_peer:5.2f} s, {verdict}"
        f"{'' if on_diagonal else ', pivots off the diagonal'}, SciPy / ours {t_peer / t:.1f}"
    )
    return bad


def peak_of(what, shape):
    jac = Lattice(*shape)
    x, pattern = np.zeros(jac.n), jac.pattern()
    ours(Lattice(2000), np.zeros(2000), Lattice(2000).pattern())  # loads what is loaded lazily
    if what == "ours":
        ours(jac, x, pattern)
    else:
        jac(x)
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


def peak(what, shape):
    """Peak memory of a new process, in bytes."""
    code = f"import lattices as s; print(s.peak_of({what!r}, {shape!r}))"
    folder = Path(__file__).parent
    out = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, check=True, capture_output=True, text=True
    )
    return int(out.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--small", action="store_true", help="a hundredth of the size")
    arguments = parser.parse_args()
    shapes = [(10**4,), (31, 31)] if arguments.small else [(10**6,), (316, 316)]
    bad = []
    for shape in shapes:
        name = "chain" if len(shape) == 1 else "square"
        run = partial(compare, rounds=arguments.rounds)
        n = int(np.prod(shape))
        bad += run(f"{name}, saddle (0)", Lattice(*shape), np.zeros(n), -1.0)
        bad += run(f"{name}, minimum (1)", Lattice(*shape), np.ones(n), 2.0)
        if Path("/proc/self/status").exists():
            extra = peak("ours", shape) - peak("bare", shape)
            print(f"{'':<22} memory beyond a bare gradient: {extra / 2**20:.0f} MiB")
    print("\n".join(bad) or "all answers right")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
