"""Are the measured Hessians right, and do their error bounds hold? Exits with 1 where a figure asked for is missed.

python bench/accuracy.py [--only WORD] [--quiet] [--json] [--taylor MODULE:FUNCTION]

One row a problem. Errors are of the nonzero entries relative to themselves ("zero" entries, below 1e-14 √|h_ii h_jj|,
are measured against the largest entry); bounds are over the largest entry; coverage is the share of entries whose error
is within its bound. Only the upper triangle is counted.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time

import numpy as np
from problems import all_problems

EPS = np.finfo(float).eps


def allowed(n):
    return 2.5 * n * n + 60 * n


def entry_errors(p, hessian):
    """Of the upper triangle: truth, whether it is "zero", the error (inf for NaN), and that relative as said above."""
    upper = np.triu_indices(p.n)
    truth, h = p.hessian[upper], np.asarray(hessian)[upper]
    largest, diagonal = np.abs(truth).max() or 1.0, np.abs(np.diag(p.hessian))
    zero = np.abs(truth) <= np.maximum(
        1e-14 * np.sqrt(np.outer(diagonal, diagonal))[upper], 1e-40 * largest
    )
    error = np.where(np.isfinite(h), np.abs(h - truth), np.inf)
    return truth, zero, error, error / np.where(zero, largest, np.abs(truth))


def within(bound, error, truth):
    """Whether errors keep to their bounds. The truth is rounded once to double precision: half an ulp is no error."""
    return (error <= bound + EPS / 2 * np.abs(truth)) & np.isfinite(error)


def measure(taylor, p):
    """The row of one problem, as a dict; `failed` holds the exception where there is one."""
    row = {"name": p.name, "kind": p.kind, "n": p.n, "allowed": allowed(p.n)}
    start = time.perf_counter()
    try:
        t = taylor(p.fun, p.x.copy(), vectorized=True)
    except Exception as error:  # noqa: BLE001 - a bench reports and goes on
        return row | {"failed": f"{type(error).__name__}: {error}"}
    row["seconds"] = time.perf_counter() - start
    truth, _, error, relative = entry_errors(p, t.hessian)
    largest, bound = np.abs(truth).max() or 1.0, np.asarray(t.hessian_error)[np.triu_indices(p.n)]
    covered = within(bound, error, truth)
    slope = np.abs(np.asarray(t.gradient) - p.gradient)
    slope_covered = within(np.asarray(t.gradient_error), slope, p.gradient)
    wrong = error > 0
    return row | {
        "nfev": int(t.nfev),
        "median": float(np.median(relative)),
        "largest": float(relative.max()),
        "largest_over": float(error.max() / largest),
        "entries": int(error.size),
        "covered": int(covered.sum()),
        "slopes": p.n,
        "slopes_covered": int(slope_covered.sum()),
        "bound": float(np.median(bound) / largest),
        "slack": float(np.median(bound[wrong] / error[wrong])) if wrong.any() else float("nan"),
        "overrun": float(np.max(np.where(covered, 0, error / np.maximum(bound, 1e-300)))),
        "noise": float(np.max(t.noise)) if t.noise is not None else float("nan"),
        "finite_bounds": float(np.isfinite(bound).mean()),
    }


def line(r):
    if "failed" in r:
        return f"{r['name'][:44]:44s} {r['n']:4d} {r['failed'][:90]}"
    flag = " " if r["nfev"] <= r["allowed"] else "+"
    uncovered = (
        ""
        if not r["overrun"]
        else f"  {r['entries'] - r['covered']} uncovered, up to {r['overrun']:.2g}x"
    )
    if r["slopes_covered"] < r["slopes"]:
        uncovered += f"  {r['slopes'] - r['slopes_covered']} slopes uncovered"
    return (
        f"{r['name'][:44]:44s} {r['n']:4d} {r['nfev']:6d}{flag}{r['nfev'] / r['allowed']:5.2f} {r['median']:8.1e} "
        f"{r['largest']:8.1e} {r['largest_over']:8.1e} {r['covered'] / r['entries']:6.3f} "
        f"{r['slopes_covered'] / r['slopes']:6.3f} {r['bound']:8.1e} {r['slack']:8.1e}{uncovered}"
    )


HEADER = (
    f"{'problem':44s} {'n':>4s} {'nfev':>6s} {'/ask':>5s} {'median':>8s} {'max rel':>8s} {'max/|H|':>8s} {'cover':>6s} "
    f"{'grad':>6s} {'bound':>8s} {'bnd/err':>8s}"
)


def summary(rows):
    """[(class, what, figure, asked, passed or None)]"""
    out = []
    for kind in ("smooth", "cluster", "trap", "noisy", "float32", "hard"):
        mine = [r for r in rows if r["kind"] == kind]
        good = [r for r in mine if "failed" not in r]
        if not good:
            continue

        def say(what, figure, asked=None, upper=True, kind=kind):
            passed = None if asked is None else bool(figure <= asked if upper else figure >= asked)
            out.append((kind, what, float(figure), asked, passed))

        def column(name, good=good):
            return np.array([r[name] for r in good], dtype=float)

        erratic = kind in ("noisy", "float32")
        coverage = None if kind == "hard" else 0.99 if erratic else 0.995
        say("problems without a result", len(mine) - len(good), None if kind == "hard" else 0)
        say(
            "nfev / (2.5 n² + 60 n), largest",
            (column("nfev") / column("allowed")).max(),
            1 if kind == "smooth" else None,
        )
        medians = column("median")
        say(
            "median of median relative errors",
            np.median(medians),
            1e-12 if kind == "smooth" else None,
        )
        say(
            "90th percentile of them", np.quantile(medians, 0.9), 1e-9 if kind == "smooth" else None
        )
        say(
            "largest error / largest entry",
            column("largest_over").max(),
            1e-8 if kind == "cluster" else None,
        )
        shares = column("covered") / column("entries")
        say(
            "Hessian coverage, all entries",
            column("covered").sum() / column("entries").sum(),
            coverage,
            False,
        )
        say("Hessian coverage, mean of problems", shares.mean(), coverage, False)
        say(
            "gradient coverage, all entries",
            column("slopes_covered").sum() / column("slopes").sum(),
            coverage,
            False,
        )
        say("problems with an uncovered entry", (shares < 1).sum())
        say("largest error / bound where uncovered", column("overrun").max())
        tight = 1e-8 if kind in ("smooth", "cluster") else None
        say("median bound / largest entry", np.median(column("bound")), tight)
        slack = column("slack")
        say("median bound / true error", np.nanmedian(slack), 100 if erratic else None)
        say("seconds", column("seconds").sum())
    return out


def report(rows):
    print()
    for kind, what, figure, asked, passed in summary(rows):
        verdict = "" if passed is None else ("PASS" if passed else "FAIL") + f"  (asked: {asked:g})"
        print(f"{kind:8s} {what:40s} {figure:12.6g}  {verdict}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="a class, or part of a problem's name")
    parser.add_argument("--json", action="store_true", help="rows and summary as JSON")
    parser.add_argument(
        "--quiet", action="store_true", help="only rows with something uncovered or failed"
    )
    parser.add_argument("--taylor", default="hesscape:taylor", metavar="MODULE:FUNCTION")
    options = parser.parse_args()
    module, _, name = options.taylor.partition(":")
    taylor = getattr(importlib.import_module(module), name)
    rows = []
    if not options.json:
        print(HEADER)
    for p in all_problems(options.only):
        rows.append(measure(taylor, p))
        bad = "failed" in rows[-1] or rows[-1]["covered"] < rows[-1]["entries"]
        if not options.json and (bad or not options.quiet):
            print(line(rows[-1]), flush=True)
    if options.json:
        print(json.dumps({"rows": rows, "summary": summary(rows)}, indent=1))
    else:
        report(rows)
    sys.exit(any(passed is False for *_, passed in summary(rows)))


if __name__ == "__main__":
    main()
