"""Is a verdict ever wrong, and is it given where it can be? Exits with 1 where a figure asked for is missed.

python bench/verdicts.py [--only WORD] [--all] [--json] [--classify MODULE:FUNCTION]

Wrong is: a `certain` verdict of another kind than the truth; an index, or a count of proven signs in `inertia`, beyond
the truth; a degenerate point claimed as a proven minimum, maximum, or saddle of definite index. Undecided counts only
where the figure asks for a decision: no noise, and the smallest scaled |λ| at least 1e-5 of the largest.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from collections import Counter

from critical_points import critical_points


def judge(p, result):
    """(outcome, why) of a verdict on the point p."""
    negative, _zero, positive = p.inertia
    kind, certain, index = str(result.kind), bool(result.certain), result.index
    proven_negative, _, proven_positive = map(int, result.inertia or (0, len(p.x), 0))
    if not p.critical:
        if certain and kind != "not_critical":
            return "wrong", f"{kind} where the gradient is not zero"
        return ("right", "") if kind == "not_critical" else ("undecided", f"{kind}, not certain")
    if certain:
        truths = {"degenerate"} if p.degenerate else set()
        if negative and positive:
            truths.add("saddle")
        elif not p.degenerate and (negative or positive):
            truths.add("minimum" if positive else "maximum")
        if p.degenerate and not (negative and positive) and kind == "saddle" and index is None:
            truths.add("saddle")  # by values beyond second order, as for the monkey saddle
        if kind not in truths:
            return "wrong", f"certain {kind}"
    if index is not None and (p.degenerate or index != negative) and kind != "not_critical":
        return ("wrong" if certain else "overclaimed"), f"index {index}"
    if proven_negative > negative or proven_positive > positive:
        return ("wrong" if certain else "overclaimed"), f"inertia {tuple(result.inertia)}"
    if p.degenerate:
        return "right", ""
    if certain and kind != "degenerate":
        return "right", ("" if index is not None else "index open")
    return "undecided", f"{kind}, inertia {tuple(result.inertia)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="part of a point's name")
    parser.add_argument(
        "--all", action="store_true", help="a row for every point, not only for what is amiss"
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--classify", default="hesscape:classify", metavar="MODULE:FUNCTION")
    options = parser.parse_args()
    module, _, name = options.classify.partition(":")
    classify = getattr(importlib.import_module(module), name)
    rows, seconds = [], 0.0
    for p in critical_points(options.only):
        start = time.perf_counter()
        try:
            result = classify(
                p.fun, p.x.copy(), vectorized=True, zero_modes=p.zero_modes, gtol=p.gtol
            )
            outcome, why = judge(p, result)
        except Exception as error:  # noqa: BLE001 - a bench reports and goes on
            outcome, why = "failed", f"{type(error).__name__}: {error}"
        seconds += time.perf_counter() - start
        clean = p.noise is None and not p.law
        asked = p.critical and clean and not p.degenerate and p.smallest >= 1e-5
        rows.append(
            {
                "name": p.name,
                "n": len(p.x),
                "truth": p.inertia,
                "zero_modes": p.zero_modes,
                "smallest": p.smallest,
            }
            | {
                "outcome": outcome,
                "why": why,
                "clean": clean,
                "asked": asked,
                "degenerate": p.degenerate,
            }
        )
        notable = outcome in ("wrong", "failed", "overclaimed") or (
            asked and outcome == "undecided"
        )
        if not options.json and (options.all or notable):
            truth = f"{p.inertia} zero modes {p.zero_modes}, smallest {p.smallest:.1e}"
            print(
                f"{outcome:11s} {p.name[:46]:46s} n={len(p.x):3d}  truth {truth}: {why}", flush=True
            )
    figures = Counter()
    for r in rows:
        where = "smooth" if r["clean"] else "noisy"
        figures[where, r["outcome"]] += 1
        if r["outcome"] == "wrong" and r["degenerate"]:
            figures["degenerate", "wrong"] += 1
        if r["asked"]:
            figures["asked", r["outcome"]] += 1
    if options.json:
        print(
            json.dumps(
                {"rows": rows, "figures": {" ".join(k): v for k, v in figures.items()}}, indent=1
            )
        )
    else:
        for (where, outcome), count in sorted(figures.items()):
            print(f"{where:11s} {outcome:11s} {count:5d}")
        asked = sum(r["asked"] for r in rows)
        print(f"{len(rows)} points in {seconds:.1f} s; a decision is asked at {asked}")
    wrong = sum(r["outcome"] in ("wrong", "failed", "overclaimed") for r in rows)
    missed = sum(r["asked"] and r["outcome"] == "undecided" for r in rows)
    if not options.json:
        for what, count in (("wrong claims", wrong), ("decisions missed", missed)):
            print(f"{what:24s}{count:5d}  {'FAIL' if count else 'PASS'} (asked: 0)")
    sys.exit(bool(wrong or missed))


if __name__ == "__main__":
    main()
