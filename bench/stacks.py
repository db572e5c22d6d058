"""How fast are stacks of small symmetric matrices beside NumPy, and are the answers right? Exits with 1 if not.

python bench/stacks.py [--sizes N ...] [--rounds N] [--workers K] [--crossover] [--plot FILE]

Stacks hold about 10^5 / n Gaussian matrices. Answers come first: eigenvalues within 10 n eps ||A||, residuals too, and
inertias that agree with eigenvalues far from zero. Then times are taken alternately, one thread each; a time is the
median of its rounds, and so is each ratio, which is formed within a round. "of copy" is the time in which this machine
copies the matrices, as a part of ours: 1 would be the speed of memory. --workers compares two or more threads with
one, beside products and copies of arrays that share nothing: other programs slow down all three. --crossover prints
from which part of the lanes on packs beat LAPACK, which is what cpp/include/hesscape/by_size.hpp is filled from.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import argparse
import importlib.util
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

import hesscape as hs
from hesscape import _core
from hesscape import linalg as ours

SIZES = [2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96]
ASKED = {  # least ratio to numpy.linalg
    "inertia": {2: 50, 3: 50, 4: 50, 8: 20, 16: 20, 32: 10},
    "eigvalsh": {2: 50, 3: 20, 4: 20, 8: 8, 16: 8, 32: 4},
    "eigh": {2: 25, 3: 12, 4: 12, 8: 5, 16: 5, 32: 2.5},
}
LEAST = 0.02  # seconds that a round gives to each method, in as many runs as they take
EPS = np.finfo(float).eps


def gaussian(n: int, count: int) -> np.ndarray:
    a = np.random.default_rng(n).standard_normal((count, n, n))
    return a + a.swapaxes(1, 2)


def methods(a: np.ndarray) -> dict[str, dict[str, object]]:
    """For each question, what answers it: ours first, then NumPy and perhaps torch."""
    table = {
        "inertia": {"ours": lambda: ours.inertia(a), "numpy": lambda: np.linalg.eigvalsh(a)},
        "eigvalsh": {"ours": lambda: ours.eigvalsh(a), "numpy": lambda: np.linalg.eigvalsh(a)},
        "eigh": {"ours": lambda: ours.eigh(a), "numpy": lambda: np.linalg.eigh(a)},
    }
    if importlib.util.find_spec("torch"):
        import torch

        torch.set_num_threads(1)
        tensor = torch.from_numpy(a)
        table["eigvalsh"]["torch"] = lambda: torch.linalg.eigvalsh(tensor)
        table["eigh"]["torch"] = lambda: torch.linalg.eigh(tensor)
    return table


def right(a: np.ndarray) -> bool:
    n = a.shape[-1]
    truth = np.linalg.eigvalsh(a)
    limit = 10 * n * EPS * np.abs(truth).max(axis=1)
    values = ours.eigvalsh(a)
    w, v = ours.eigh(a)
    residual = np.linalg.norm(a @ v - v * w[:, None, :], axis=(1, 2))
    skew = np.linalg.norm(v.swapaxes(1, 2) @ v - np.eye(n), axis=(1, 2))
    counts = ours.inertia(a)
    clear = np.abs(truth).min(axis=1) > limit
    signs = np.stack([(truth < 0).sum(axis=1), np.zeros(len(a)), (truth > 0).sum(axis=1)], axis=1)
    return bool(
        (np.abs(values - truth).max(axis=1) <= limit).all()
        and (np.abs(w - truth).max(axis=1) <= limit).all()
        and (residual <= limit).all()
        and (skew <= 10 * n * EPS).all()
        and (counts[clear] == signs[clear]).all()
    )


def seconds(run, runs: int) -> float:
    start = time.perf_counter()
    for _ in range(runs):
        run()
    return (time.perf_counter() - start) / runs


def alternate(named: dict[str, object], rounds: int) -> dict[str, np.ndarray]:
    runs = {name: max(1, round(LEAST / seconds(run, 1))) for name, run in named.items()}
    times = [[seconds(run, runs[name]) for name, run in named.items()] for _ in range(rounds)]
    return dict(zip(named, np.transpose(times), strict=True))


def compare(sizes: list[int], rounds: int) -> tuple[list[tuple], bool]:
    rows, passed = [], True
    print(
        f"{'n':>3} {'count':>6} {'what':<9} {'µs':>9} {'numpy µs':>9} {'ratio':>6} {'asked':>6} {'of copy':>8}"
    )
    for n in sizes:
        a = gaussian(n, max(64, 100_000 // n))
        if not right(a):
            print(f"{n:3} wrong answers")
            passed = False
            continue
        for what, named in methods(a).items():
            copy = np.empty_like(a)
            times = alternate({**named, "copy": lambda a=a, copy=copy: np.copyto(copy, a)}, rounds)
            ratio = float(np.median(times["numpy"] / times["ours"]))
            us = {name: float(np.median(t)) / len(a) * 1e6 for name, t in times.items()}
            asked = ASKED[what].get(n, 1)
            passed &= ratio >= asked
            mark = "" if ratio >= asked else "  FAIL"
            if "torch" in us:
                mark += f"  torch {us['torch'] / us['ours']:.1f}"
            print(
                f"{n:3} {len(a):6} {what:<9} {us['ours']:9.4f} {us['numpy']:9.4f} {ratio:6.1f} {asked:6} "
                f"{us['copy'] / us['ours']:8.2f}{mark}"
            )
            rows.append((n, what, us["ours"], us["numpy"], ratio))
    return rows, passed


def bare(workers: int, pool: ThreadPoolExecutor) -> dict[str, dict[str, object]]:
    """The machine's own limits: products of matrices in the cache, and copies of memory."""
    a = np.random.default_rng(0).standard_normal((256, 256))
    outs = [np.empty_like(a) for _ in range(workers)]
    source = np.ones((8 * workers, 1 << 20))
    copy = np.empty_like(source)

    def products(out: np.ndarray) -> None:
        for _ in range(20):
            np.matmul(a, a, out=out)

    def copies(rows: slice) -> None:
        np.copyto(copy[rows], source[rows])

    parts = [slice(8 * k, 8 * k + 8) for k in range(workers)]
    return {
        "products": {
            "one": lambda: list(map(products, outs)),
            "many": lambda: list(pool.map(products, outs)),
        },
        "copies": {
            "one": lambda: list(map(copies, parts)),
            "many": lambda: list(pool.map(copies, parts)),
        },
    }


def scaling(workers: int, rounds: int) -> bool:
    """Print how much faster `workers` threads are than one, and what the machine allows in the same rounds."""
    passed = True
    with ThreadPoolExecutor(workers) as pool:
        limits = bare(workers, pool)
        print(f"  n   count what      {workers} threads / one  products  copies")
        for n in (4, 16, 32, 64):
            a = gaussian(n, (1 << 23) // n**2)
            for what in ("inertia", "eigvalsh", "eigh"):
                run = getattr(ours, what)
                pairs = {
                    what: {
                        "one": lambda run=run, a=a: run(a),
                        "many": lambda run=run, a=a: run(a, workers=pool.map),
                    },
                    **limits,
                }
                named = {(key, way): f for key, pair in pairs.items() for way, f in pair.items()}
                times = alternate(named, rounds)
                ratio = {
                    key: float(np.median(times[key, "one"] / times[key, "many"])) for key in pairs
                }
                passed &= ratio[what] >= 0.9 * workers
                print(
                    f"{n:3} {len(a):7} {what:<9} {ratio[what]:15.2f} {ratio['products']:9.2f} {ratio['copies']:7.2f}",
                    flush=True,
                )
    return passed


def either(a: np.ndarray) -> dict[str, dict[str, object]]:
    """For each task, the kernels that by_size.hpp chooses from."""
    lanes, n, _ = a.shape
    values, vectors = np.empty((lanes, n)), np.empty(a.shape)
    counts = np.empty((lanes, 3), dtype=np.int64)
    return {
        "values": {
            "across": lambda: _core.eigvalsh_stack(a, values),
            "one by one": lambda: _core.eigen_large(a, True, False),
        },
        "vectors": {
            "across": lambda: _core.eigh_stack(a, values, vectors),
            "one by one": lambda: _core.eigen_large(a, True, True),
        },
        "signs": {
            "across": lambda: _core.ldlt_stack(a, None, 0.0, counts),
            "one by one": lambda: _core.inertia_large(a, 0.0, 0.0, True),
        },
    }


def crossover(sizes: list[int], rounds: int) -> None:
    """Print the part of the lanes that has to be used for packs to beat LAPACK."""
    lanes = 4 * _core.PACKET
    print(f"{'n':>3} {'values':>7} {'vectors':>8} {'signs':>7}   of {lanes} lanes")
    for n in sizes:
        times = [alternate(pair, rounds) for pair in either(gaussian(n, lanes)).values()]
        parts = [float(np.median(t["across"] / t["one by one"])) for t in times]
        print(f"{n:3} {parts[0]:7.2f} {parts[1]:8.2f} {parts[2]:7.2f}")


def plot(rows: list[tuple], file: str) -> None:
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.2), layout="constrained")
    for what, colour in zip(ASKED, ("C2", "C0", "C1"), strict=True):
        mine = [row for row in rows if row[1] == what]
        n = [row[0] for row in mine]
        axes.loglog(
            n, [row[2] for row in mine], "o-", color=colour, ms=4, label=f"hesscape.linalg.{what}"
        )
        if what != "inertia":
            axes.loglog(
                n, [row[3] for row in mine], "s--", color=colour, ms=3, label=f"numpy.linalg.{what}"
            )
    ticks = [
        n for n in (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96) if n in {row[0] for row in rows}
    ]
    axes.set_xticks(ticks, [str(n) for n in ticks])
    axes.minorticks_off()
    axes.set(
        xlabel="n", ylabel="µs a matrix", title="Stacks of n × n symmetric matrices, one thread"
    )
    axes.legend(frameon=False)
    figure.savefig(file, dpi=150)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--crossover", action="store_true")
    parser.add_argument("--plot", metavar="FILE")
    args = parser.parse_args()
    print(
        f"hesscape at {hs.show_config(mode='dicts')['instruction level']['chosen']}, NumPy {np.__version__}"
    )
    if args.crossover:
        crossover(args.sizes, args.rounds)
        return 0
    if args.workers:
        return 0 if scaling(args.workers, args.rounds) else 1
    rows, passed = compare(args.sizes, args.rounds)
    if args.plot:
        plot(rows, args.plot)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
