"""What does the number of negative eigenvalues cost without the pattern, in single products and in blocks?

python bench/index.py [--small]

phi^4 lattices at the origin, most of whose eigenvalues come in pairs, and spectra with clusters or many that are the
same; the number is known. Gradients only, from a plain `jac` one after the other, or from a vectorized one, which gets
blocks of displacements in each call. Exits with 1 where a number is wrong, or is not known at the end.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import argparse
import sys
import time

import numpy as np

import hesscape as hs


class Gradient:
    """The gradient at one point, or at each column, with a count of calls and the time that they take."""

    def __init__(self, function):
        self.function, self.calls, self.seconds = function, 0, 0.0

    def __call__(self, x):
        start = time.process_time()
        g = self.function(x)
        self.seconds += time.process_time() - start
        self.calls += 1
        return g


def lattice(m, coupling):
    """A square lattice with m x m sites."""

    def gradient(x):
        u = x.reshape(m, m, *x.shape[1:])
        g = (u * u - 1) * u
        d = coupling * np.diff(u, axis=0)
        g[:-1] -= d
        g[1:] += d
        d = coupling * np.diff(u, axis=1)
        g[:, :-1] -= d
        g[:, 1:] += d
        return g.reshape(x.shape)

    modes = 4 * np.sin(np.pi * np.arange(m) / (2 * m)) ** 2
    return gradient, (coupling * (modes[:, None] + modes) - 1).ravel()


def diagonal(d):
    return lambda x: (d * x.T).T, d


def problems(small):
    yield "lattice 20 x 20", lattice(20, 1.5)
    yield "lattice 32 x 32", lattice(32, 10.0)
    yield "20 that are the same", diagonal(np.r_[-np.ones(20), np.linspace(0.1, 2, 2000)])
    near = -0.5 - 1e-6 * np.arange(8)
    yield "8 within 10^-5", diagonal(np.r_[near, np.linspace(0.05, 4, 3000)])
    if not small:
        apart = np.r_[-np.linspace(0.5, 1, 8), [-0.25] * 4]
        yield "12 far apart", diagonal(np.r_[apart, np.linspace(1, 4, 10_000)])
        yield "lattice 100 x 100", lattice(100, 50.0)
        yield "lattice 100 x 100", lattice(100, 100.0)
        yield "lattice 100 x 100", lattice(100, 1100.0)


def no_values(_x):
    raise AssertionError("values are not needed")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="none with 10,000 coordinates")
    arguments = parser.parse_args()
    bad = []
    print(f"{'':<22}{'index':>6}{'n':>7}   products   calls of jac    s, and beside jac")
    for name, (function, eigenvalues) in problems(arguments.small):
        index = int((eigenvalues < 0).sum())
        for vectorized in (False, True):
            jac = Gradient(function)
            start = time.process_time()
            found = hs.curvature(
                no_values,
                np.zeros(eigenvalues.size),
                jac=jac,
                vectorized=vectorized,
                need="inertia",
                rng=1,
            )
            seconds = time.process_time() - start
            title = "  vectorized, in blocks" if vectorized else f"{name:<22}"
            numbers = "" if vectorized else f"{index:6d}{eigenvalues.size:7d}"
            print(
                f"{title:<22}{numbers:<13}{found.n_products:10d}{jac.calls:15d}{seconds:10.2f}"
                f"{seconds - jac.seconds:8.2f}"
            )
            if (found.n_negative, found.n_negative_most) != (index, index):
                bad.append(f"{name}: expected {index}, got\n{found}")
    print("\n".join(bad) or "all indices right")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
