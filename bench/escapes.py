"""Is every saddle left, and is a minimum ever? Exits with 1 where a figure asked for is missed.

python bench/escapes.py [--only WORD] [--all] [--json]

Wrong is: a success without a decrease of the exact function, or one at a minimum. Missed is: a saddle, a maximum or a
point with a gradient that is not left. Of noisy functions only what shows in their noise is asked: a well or a way
down, along a line in exact arithmetic, of more than 30 standard deviations.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter

import numpy as np
from critical_points import critical_points
from problems import plain

import hesscape as hs

SHOWS = 30.0
STEPS = np.concatenate([[0.0], np.geomspace(1e-8, 1e3, 400)])


def noise_of(p):
    """Standard deviation of the values at x."""
    level = 6e-8 if p.law == "float32" else p.noise or 0.0
    return max(level, 2e-16) * abs(plain(p.formula)(p.x))


def depth(p):
    """How far f falls, exactly, along the lines down from x: lowest curvature and gradient, either side."""
    _, slope, h = p.exact
    d = 1 / np.sqrt(np.maximum(np.abs(h).max(axis=1), 1e-300))
    values, vectors = np.linalg.eigh(h * np.outer(d, d))
    if p.noise and -p.noise * values[-1] < values[0] < 0:
        return 0.0  # noise relative to f, of which the curvature upwards is the greater part
    lowest = d * vectors[:, 0]
    f, best = plain(p.formula), 0.0
    for u in (lowest, -lowest, -np.asarray(slope) * d * d):
        values = f(p.x[:, None] + STEPS * u[:, None])
        falling = np.minimum.accumulate(np.diff(values) <= 0)
        best = max(best, values[0] - values[int(falling.sum())])
    return best


def barrier(p, y):
    """How far f rises, exactly, on the straight line from x to y."""
    values = plain(p.formula)(p.x[:, None] + np.linspace(0, 1, 2001) ** 3 * (y - p.x)[:, None])
    return float(np.max(values) - values[0])


def judge(p, way):
    """(outcome, exact decrease) of an escape from the point p."""
    f = plain(p.formula)
    decrease = float(f(p.x) - f(way.x))
    negative = p.inertia[0]
    noise = noise_of(p)
    if way.success and not decrease > 0:
        return "wrong", decrease
    if p.critical and not negative and not p.degenerate:
        if not way.success:
            return "kept", 0.0
        return ("beyond" if barrier(p, way.x) <= SHOWS * noise else "wrong"), decrease
    if way.success:
        return "left", decrease
    if p.critical and not negative:
        return "flat", 0.0
    return ("missed" if depth(p) > SHOWS * noise else "hidden"), 0.0


MEANING = {
    "left": "left with a real decrease",
    "kept": "minima that were not left",
    "flat": "degenerate, no way down found",
    "hidden": "not left: the way down is below the noise",
    "beyond": "minima whose well is below the noise, left for a lower value",
    "missed": "not left",
    "wrong": "no real decrease, or a minimum left",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="part of a point's name")
    parser.add_argument("--all", action="store_true", help="a row for every point")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows, seconds = [], 0.0
    for p in critical_points(options.only):
        start = time.perf_counter()
        way = hs.escape(p.fun, p.x, vectorized=True, zero_modes=p.zero_modes, gtol=p.gtol)
        seconds += time.perf_counter() - start
        outcome, decrease = judge(p, way)
        smooth = "smooth" if p.noise is None and not p.law else "noisy"
        nfev = way.nfev - way.point.nfev
        rows.append(
            {"name": p.name, "n": len(p.x), "truth": p.inertia, "where": smooth}
            | {"outcome": outcome, "decrease": decrease, "nfev": nfev, "message": way.message}
        )
        if not options.json and (options.all or outcome in ("missed", "wrong")):
            print(
                f"{outcome:7s} {p.name[:46]:46s} n={len(p.x):3d} truth {p.inertia} by {decrease:.2g} "
                f"with {nfev} values: {way.message[:50]}"
            )
    if options.json:
        print(json.dumps(rows, indent=1))
    figures = Counter((r["where"], r["outcome"]) for r in rows)
    amiss = sum(r["outcome"] in ("missed", "wrong") for r in rows)
    if not options.json:
        for (where, outcome), count in sorted(figures.items()):
            print(f"{where:7s} {count:5d}  {MEANING[outcome]}")
        values = [r["nfev"] for r in rows if r["outcome"] == "left"]
        median = int(np.median(values)) if values else 0
        print(f"{len(rows)} points in {seconds:.1f} s; median {median} values to leave one")
        print(f"missed or wrong {amiss}  {'FAIL' if amiss else 'PASS'} (asked: 0)")
    sys.exit(bool(amiss))


if __name__ == "__main__":
    main()
