"""Do the errors hold, over families of functions, scales, offsets, distances and disturbances that people have?

python bench/coverage.py [--runs 10000] [--first SEED] [--only WORD] [--ways values jac ...] [--workers 2] [--list]

A run draws a function of a family with its units, a point, and what disturbs the values, and asks one way for a verdict.
Counted are certain verdicts that are wrong, entries of H and of g outside of their bounds, decisions where one can be
had, the ratio of bounds to errors, and values. A seed gives one run, whatever the number of runs.
"""

from __future__ import annotations

import argparse
import collections
import multiprocessing
import sys
import time
import traceback
import warnings

import numpy as np
from disturbances import DISTURBANCES
from gradients import GRADIENTS
from truth import draw

import hesscape as hs

EPS = float(np.finfo(float).eps)
WAYS = ("values", "jac", "hess", "survey", "curvature", "pattern")
DECIDABLE = 1e-5  # of the largest scaled |λ|


def run(seed, way):
    """The outcome of one run, as a dict."""
    rng = np.random.default_rng([seed, WAYS.index(way)])
    case = draw(seed)
    if way in ("values", "survey"):
        name = list(DISTURBANCES)[int(rng.integers(len(DISTURBANCES)))]
        if rng.random() < 0.3:
            name = "none"
        made = DISTURBANCES[name](rng, case)
        given = {}
    else:
        name = list(GRADIENTS)[int(rng.integers(len(GRADIENTS)))]
        made = GRADIENTS[name](rng, case, way)
        given = made.given
    row = {"seed": seed, "way": way, "family": case.family, "disturbance": name, "n": case.n}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = ask(way, made, case, given)
        except hs.HesscapeError as refusal:
            return row | {"refused": str(refusal)}
        except Exception as error:  # noqa: BLE001 - a bench reports and goes on
            return row | {
                "failed": f"{type(error).__name__}: {error}",
                "where": traceback.format_exc()[-300:],
            }
    return row | judged(found, made, case)


def gtol_of(case):
    """So large that all that is left of the gradient at a stationary point counts as none; elsewhere signs are asked."""
    largest = float(np.abs(case.gradient).max(initial=0.0))
    return 10 * largest + 1e-300 if case.stationary else np.inf


def ask(way, made, case, given):
    gtol = gtol_of(case)
    if not np.isfinite(gtol):
        gtol = 1e300
    if way == "survey":
        table = hs.survey(made.fun, case.x[None], need="inertia", gtol=gtol)
        if table.kind[0] == "failed":
            raise hs.HesscapeError(table.message[0])
        return Found(
            str(table.kind[0]),
            bool(table.certain[0]),
            tuple(table.inertia[0].tolist()),
            int(table.nfev[0]),
        )
    if way == "curvature":
        p = hs.curvature(made.fun, case.x, rng=0, **given)
        kind = "saddle" if p.proven_negative and p.proven_positive else "open"
        return Found(kind, kind == "saddle", (p.n_negative, 0, int(p.proven_positive)), p.njev)
    if way == "pattern":
        given = given | {"hess_sparsity": np.ones((case.n, case.n))}
    p = hs.classify(made.fun, case.x, gtol=gtol, **given)
    found = Found(str(p.kind), p.certain, p.inertia, p.nfev + p.njev)
    t = p.taylor
    if t is not None:
        found.hessian, found.hessian_error = t.hessian, t.hessian_error
        found.gradient, found.gradient_error = t.gradient, t.gradient_error
    found.message = p.message
    return found


class Found:
    """What came out."""

    hessian = hessian_error = gradient = gradient_error = None
    message = ""

    def __init__(self, kind, certain, inertia, nfev):
        self.kind, self.certain, self.inertia, self.nfev = kind, certain, inertia, nfev


def judged(found, made, case):
    truth = made.truth
    wrong = ""
    proven_negative, _, proven_positive = found.inertia
    if found.certain:
        kinds, most = kinds_of(truth.inertia, case.n), truth.inertia
        if made.bias is not None:  # what a solver leaves may be as much as the curvature is
            for side in (-1, 1):
                other = inertia_of(truth.hessian + side * made.bias)
                kinds |= kinds_of(other, case.n)
                most = tuple(max(a, b) for a, b in zip(most, other, strict=True))
        if found.kind == "not_critical":
            unseen = 0.0 if made.slope_bias is None else made.slope_bias
            slope = np.abs(truth.gradient) + unseen
            fine = float(slope.max()) > gtol_of(case) or made.kinked
        else:
            fine = found.kind in kinds
            fine &= proven_negative <= most[0] and proven_positive <= most[2]
            if made.other is not None:
                fine &= inertia_of(made.other) == truth.inertia
            fine &= not made.kinked or found.kind == "minimum"
        wrong = "" if fine else found.kind
    out = {
        "wrong": wrong,
        "certain": found.certain,
        "kind": found.kind,
        "nfev": found.nfev,
        "asked": asked(made, case),
        "decided": found.certain or min(sum(found.inertia[::2]), case.n) == case.n,
    }
    if found.hessian is not None and not made.kinked:
        out |= coverage(found, made, truth)
    return out


def kinds_of(inertia, n):
    negative, _, positive = inertia
    kinds = {"saddle"} if negative and positive else set()
    return (
        kinds
        | ({"minimum"} if positive == n else set())
        | ({"maximum"} if negative == n else set())
    )


def inertia_of(h):
    values = np.linalg.eigvalsh(h)
    return int((values < 0).sum()), 0, int((values > 0).sum())


def coverage(found, made, truth):
    upper = np.triu_indices(truth.n)
    h, e = np.asarray(found.hessian)[upper], np.asarray(found.hessian_error)[upper]
    exact = truth.hessian[upper]
    rounding = EPS / 2 * np.abs(exact)
    error = np.abs(h - exact)
    if made.other is not None:  # both sides are to be within
        error = np.maximum(error, np.abs(h - made.other[upper]))
    if made.bias is not None:
        rounding = rounding + made.bias[upper]
    outside = ~(error <= e + rounding)
    slope = np.abs(found.gradient - truth.gradient)
    unseen = 0.0 if made.slope_bias is None else made.slope_bias
    steep = ~(slope <= found.gradient_error + EPS / 2 * np.abs(truth.gradient) + unseen)
    diagonal = upper[0] == upper[1]
    d = np.sqrt(np.abs(np.diag(truth.hessian)))
    size = np.maximum(np.abs(exact), np.outer(d, d)[upper])
    above = (error > 16 * EPS * size) & (made.bias is None)
    return {
        "entries": int(outside.size),
        "outside": int(outside.sum()),
        "diagonal_outside": int((outside & diagonal).sum()),
        "slopes_outside": int(steep.sum()),
        "overrun": float(np.max(np.where(outside, error / np.maximum(e, 1e-300), 0), initial=0)),
        "bound": e[above].tolist(),
        "error": error[above].tolist(),
    }


def asked(made, case):
    """Whether a decision can be had."""
    truth = made.truth
    if made.kinked or made.other is not None or 0 not in truth.inertia[1:2]:
        return False
    if truth.inertia[1]:
        return False
    h = truth.hessian
    d = np.ones(case.n)
    for _ in range(50):
        rows = np.abs(h * np.outer(d, d)).max(axis=1)
        d = d / np.sqrt(np.where(rows > 0, rows, 1))
    values = np.abs(np.linalg.eigvalsh(h * np.outer(d, d)))
    return bool(values.min() >= DECIDABLE * values.max())


def work(job):
    seed, way = job
    start = time.perf_counter()
    row = run(seed, way)
    row["seconds"] = time.perf_counter() - start
    return row


def table(rows, key):
    groups = collections.defaultdict(list)
    for row in rows:
        groups[row[key]].append(row)
    print(f"\n{key:26} {'runs':>6} {'wrong':>6} {'outside':>9} {'diag':>7} {'slopes':>8} {'asked':>6} {'decided':>8} "
          f"{'bound/err':>9} {'values':>7} {'failed':>6}")  # fmt: skip
    for name in [*sorted(groups), None]:
        mine = rows if name is None else groups[name]
        done = [r for r in mine if "wrong" in r]
        entries = sum(r.get("entries", 0) for r in done)
        diagonal = sum(r["n"] for r in done if "entries" in r)
        want = [r for r in done if r["asked"]]
        bounds = np.concatenate([r["bound"] for r in done if r.get("bound")] or [[]])
        errors = np.concatenate([r["error"] for r in done if r.get("error")] or [[]])
        ratio = np.median(bounds / errors) if errors.size else np.nan
        print(
            f"{name or 'all':26} {len(mine):6} {sum(bool(r['wrong']) for r in done):6} "
            f"{percent(sum(r.get('outside', 0) for r in done), entries):>9} "
            f"{percent(sum(r.get('diagonal_outside', 0) for r in done), diagonal):>7} "
            f"{percent(sum(r.get('slopes_outside', 0) for r in done), diagonal):>8} "
            f"{len(want):6} {percent(sum(r['decided'] for r in want), len(want)):>8} {ratio:9.3g} "
            f"{np.mean([r['nfev'] for r in done] or [0]):7.0f} {len(mine) - len(done):6}"
        )


def percent(part, whole):
    return f"{100 * part / whole:.3g} %" if whole else "-"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--only", default="", help="part of a disturbance's or a family's name")
    parser.add_argument("--ways", nargs="+", default=["values"], choices=WAYS)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--list", action="store_true", help="a row for every run that is wrong or outside"
    )
    options = parser.parse_args()
    jobs = [
        (s, w) for s in range(options.first, options.first + options.runs) for w in options.ways
    ]
    with multiprocessing.Pool(options.workers) as pool:
        rows = list(pool.imap_unordered(work, jobs, chunksize=8))
    rows = [r for r in rows if options.only in r["family"] or options.only in r["disturbance"]]
    if options.list:
        for r in sorted(rows, key=lambda r: r["seed"]):
            if r.get("wrong") or r.get("outside") or "failed" in r:
                what = {k: v for k, v in r.items() if k not in ("bound", "error", "where")}
                print(what)
    for key in ("way", "family", "disturbance"):
        table(rows, key)
    failed = collections.Counter(r["failed"][:80] for r in rows if "failed" in r)
    for what, count in failed.most_common(12):
        print(f"{count:6}  {what}")
    return any(r.get("wrong") for r in rows)


if __name__ == "__main__":
    sys.exit(main())
