"""How fast are large symmetric matrices beside NumPy, and are the answers right? Exits with 1 where they are not.

python bench/large.py [--sizes N ...] [--only WORD] [--rounds N]

Answers come first: eigenvalues within 10 n eps ||A||, residuals of the vectors too, and inertias against the spectra
that the matrices were made with or, for random ones, against eigenvalues that are far from zero. Then times are taken
alternately, a run of each method a round, on one thread; a time is the median of its rounds, and so is each ratio,
which is formed within a round. It is processor time, so that other programs disturb it less. The peak is that of
dgemm at n = 1000 in the same run; its share counts the operations of the method that is named there: 4/3 n^3 for
eigenvalues (the reduction to tridiagonal form), 1/3 n^3 for one Cholesky and 2/3 n^3 for two LDL^T factorisations.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import argparse
import importlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.linalg

from hesscape import _core

SIZES = [40, 64, 100, 128, 200, 300, 500, 1000, 1500, 2000]
LEAST = 0.01  # seconds that a round gives to each method, in as many runs as they take
POSITIVE, INDEFINITE = 1, 2


@dataclass
class Question:
    name: str
    matrix: np.ndarray
    methods: dict[str, Callable]  # the first is ours, the second NumPy's
    right: Callable  # of the answer of ours
    flops: float = 0  # of ours, in n^3
    asked: float = 1  # least ratio to NumPy


def definite(n, rng):
    q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    a = (q * np.geomspace(1e-4, 1, n)) @ q.T
    return (a + a.T) / 2


def hessian(n, rng):
    """Three directions down, curvatures over four decades, as at a saddle of low index."""
    q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    spectrum = np.geomspace(1e-4, 1, n)
    spectrum[:3] = -1e-1, -1e-2, -1e-3
    a = (q * spectrum) @ q.T
    return (a + a.T) / 2


def gaussian(n, rng):
    a = rng.standard_normal((n, n))
    return a + a.T


def below(n, rng, part):
    """A Gaussian matrix, shifted so that this part of its eigenvalues is negative."""
    a = gaussian(n, rng)
    w = np.linalg.eigvalsh(a)
    k = round(part * n)
    return a - (w[k - 1] + w[k]) / 2 * np.eye(n)


def half_below(n, rng):
    """Random signs on a diagonal of ones, whose entries are too small for a 2 x 2 minor to be negative."""
    a = rng.choice([-0.9, 0.9], (n, n))
    return np.tril(a, -1) + np.tril(a, -1).T + np.eye(n)


def low_rank(n, rng):
    """A sample covariance less two directions, which go down by a thirtieth of the largest curvature."""
    b = rng.standard_normal((n, n))
    u = rng.standard_normal((n, 2)) / np.sqrt(n)
    return b @ b.T / n + 0.05 * np.eye(n) - 0.5 * u @ u.T


def laplacian(n, rng):
    """That of a random graph of degree 8 or so, less half the identity."""
    edges = rng.random((n, n)) < 8 / n
    edges = np.tril(edges, -1) | np.tril(edges, -1).T
    edges |= np.abs(np.subtract.outer(np.arange(n), np.arange(n))) == 1  # no vertex without any
    return np.diag(edges.sum(axis=1)) - edges - 0.5 * np.eye(n)


def near(a, values, vectors=None):
    n, eps = len(a), np.finfo(a.dtype).eps
    wide = a.astype(float)
    truth = np.linalg.eigvalsh(wide)
    limit = 10 * n * eps * np.abs(truth).max()
    if np.abs(values - truth).max() > limit:
        return False
    if vectors is None:
        return True
    v = vectors.astype(float)
    residual = np.linalg.norm(wide @ v - v * values)
    return residual <= limit and np.linalg.norm(v.T @ v - np.eye(n)) <= 10 * n * eps


def eigen_question(a, vectors):
    stack = a[None]
    numpy_one, scipy_one = (
        (np.linalg.eigh, scipy.linalg.eigh)
        if vectors
        else (np.linalg.eigvalsh, scipy.linalg.eigvalsh)
    )
    methods = {
        "hesscape": lambda: _core.eigen_large(stack, True, vectors),
        "numpy": lambda: numpy_one(a),
        "scipy": lambda: scipy_one(a),
    }
    torch = peer("torch")
    if torch is not None:
        tensor, torch_one = (
            torch.from_numpy(a),
            torch.linalg.eigh if vectors else torch.linalg.eigvalsh,
        )
        methods["torch"] = lambda: torch_one(tensor)
    return Question(
        f"{'eigh' if vectors else 'eigvalsh'} {a.dtype}",
        a,
        methods,
        lambda out: bool(out[2][0]) and near(a, out[0][0], out[1][0] if vectors else None),
        0 if vectors else 4 / 3,
    )


def sign_question(name, a, *, code=None, flops=0.0, asked=1.0):
    stack, n = a[None], len(a)
    w = np.linalg.eigvalsh(a)
    clear = np.abs(w).min() > 100 * n * np.finfo(float).eps * np.abs(w).max()
    truth = [int((w < 0).sum()), 0, int((w > 0).sum())]
    if code is None:
        methods = {"hesscape": lambda: list(_core.inertia_large(stack, 0.0, 0.0, True)[0][0])}
    else:
        methods = {"hesscape": lambda: int(_core.definiteness_large(stack, 0.0)[0])}
    methods["numpy"] = lambda: np.linalg.eigvalsh(a)
    return Question(
        name,
        a,
        methods,
        lambda out: clear and out == (truth if code is None else code),
        flops,
        asked,
    )


def questions(n):
    rng = np.random.default_rng(n)
    g, h, p = gaussian(n, rng), hessian(n, rng), definite(n, rng)
    for a in g, g.astype(np.float32):
        yield eigen_question(a, vectors=False)
        yield eigen_question(a, vectors=True)
    yield sign_question("inertia, definite", p, flops=1 / 3, asked=from_500(n, 3.5, 5))
    yield sign_question("inertia, Gaussian", g, flops=2 / 3, asked=from_500(n, 1.5, 2))
    yield sign_question("inertia, saddle", h, flops=2 / 3, asked=from_500(n, 1.5, 2))
    yield sign_question("definiteness, definite", p, code=POSITIVE, flops=1 / 3)
    fifty = from_500(n, 50, 50)
    for name, a in (
        ("Gaussian", g),
        ("saddle", h),
        ("half below", half_below(n, rng)),
        ("5 % below", below(n, rng, 0.05)),
        ("Laplacian", laplacian(n, rng)),
        ("low rank", low_rank(n, rng)),
        ("one below", below(n, rng, 1 / n)),
    ):
        yield sign_question(f"definiteness, {name}", a, code=INDEFINITE, asked=fifty)


def from_500(n, figure, larger):
    """What is asked: one figure from n = 500 on, another one from 1000 on."""
    return larger if n >= 1000 else figure if n >= 500 else 1


def peer(name):
    try:
        module = importlib.import_module(name)
    except ImportError:
        return None
    if name == "torch":
        module.set_num_threads(1)
    return module


def processor_time(method):
    """Seconds of one run, from as many as fill LEAST."""
    runs, start = 0, time.process_time()
    while True:
        method()
        runs += 1
        spent = time.process_time() - start
        if spent >= LEAST:
            return spent / runs


def times(methods, rounds):
    """{method: seconds in each round}, after a round that warms up."""
    for method in methods.values():
        method()
    taken = [
        {name: processor_time(method) for name, method in methods.items()} for _ in range(rounds)
    ]
    return {name: np.array([each[name] for each in taken]) for name in methods}


def peak():
    """Operations a second of dgemm."""
    a = np.random.default_rng(0).standard_normal((1000, 1000))
    return 2e9 / min(processor_time(lambda: a @ a) for _ in range(5))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--only", default="", help="only questions with this word")
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()

    most = peak()
    print(f"dgemm, n = 1000: {most / 1e9:.1f} GFlop/s, one thread")
    print(f"{'':24} {'n':>5} {'ms':>9} {'of peak':>8}   times faster than")
    wrong = 0
    for n in args.sizes:
        for question in questions(n):
            if args.only not in question.name:
                continue
            if not question.right(question.methods["hesscape"]()):
                wrong += 1
                print(f"{question.name:24} {n:5}  WRONG")
                continue
            rounds = args.rounds if n <= 500 else max(3, args.rounds // 2)
            taken = times(question.methods, rounds)
            ours = taken.pop("hesscape")
            share = (
                f"{question.flops * n**3 / np.median(ours) / most:8.0%}"
                if question.flops
                else " " * 8
            )
            ratio = {name: np.median(t / ours) for name, t in taken.items()}
            ratios = "  ".join(f"{name} {value:.2f}" for name, value in ratio.items())
            if question.asked > 1:
                missed = "" if ratio["numpy"] >= question.asked else "  missed"
                ratios += f"  (asked: {question.asked}){missed}"
            print(
                f"{question.name:24} {n:5} {np.median(ours) * 1e3:9.3f} {share}   {ratios}",
                flush=True,
            )
    print(f"wrong answers: {wrong}")
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
