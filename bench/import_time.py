"""How much does `import hesscape` cost beyond `import numpy, scipy.linalg`, which its users have anyway?

Each import is timed in a process of its own, the two in turn, with bytecode cached as pip leaves it. What counts is
the difference: at most 30 ms.
"""

import os
import statistics
import subprocess
import sys
import tempfile

REPEATS = 20
PEER = "import numpy, scipy.linalg"
OURS = f"{PEER}, hesscape"
TIMED = "from time import perf_counter as now; start = now(); {}; print(now() - start)"
VERIFIED = "; import sys; assert 'hesscape' in sys.modules and 'scipy.optimize' not in sys.modules"


def run(code: str, cache: str) -> str:
    environment = os.environ | {"PYTHONPYCACHEPREFIX": cache, "PYTHONDONTWRITEBYTECODE": ""}
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def main() -> None:
    times: dict[str, list[float]] = {OURS: [], PEER: []}
    with tempfile.TemporaryDirectory() as cache:
        run(OURS + VERIFIED, cache)
        for _ in range(REPEATS):
            for statement, measured in times.items():
                measured.append(1e3 * float(run(TIMED.format(statement), cache)))
    print(f"of {REPEATS} runs each, alternately, in ms: {'median':>8} {'minimum':>8}")
    rows = {name: (statistics.median(t), min(t)) for name, t in times.items()}
    rows["difference"] = tuple(a - b for a, b in zip(rows[OURS], rows[PEER], strict=True))
    for name, (median, minimum) in rows.items():
        print(f"{name:<40} {median:8.1f} {minimum:8.1f}")


if __name__ == "__main__":
    main()
