"""Threads at once get what one gets alone, and on a free-threaded Python the GIL stays off."""

import subprocess
import sys
import sysconfig
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import hesscape as hs
from hesscape import Objective
from phi4 import chain, chain_value

THREADS = 4
RANDOM = np.random.default_rng(7)


def stack(count, n):
    a = RANDOM.standard_normal((count, n, n))
    return a + a.swapaxes(1, 2)


SMALL, LARGE = stack(300, 5), stack(3, 150)
POINTS = RANDOM.uniform(-2, 2, (60, 3))
LONG = RANDOM.uniform(-2, 2, 300)


def verdict(point):
    return (point.kind, point.certain, point.inertia, *np.ravel(point.eigenvalues).tolist())


def bounds_of_chain():
    bounds = hs.curvature(chain_value, LONG, jac=chain, rng=0)
    return bounds.lowest, bounds.highest


def escaped():
    way = hs.escape(chain_value, np.zeros(4), max_step=1.0)
    return way.x, way.fun, way.success


# Each takes a path of its own through the core, and all share their input.
WORK = {
    "eigenvalues": lambda: hs.linalg.eigvalsh(SMALL),
    "eigenvectors": lambda: hs.linalg.eigh(SMALL),
    "inertia": lambda: hs.linalg.inertia(SMALL),
    "large eigenvalues": lambda: hs.linalg.eigvalsh(LARGE),
    "large inertia": lambda: hs.linalg.inertia(LARGE),
    "definiteness": lambda: hs.linalg.definiteness(LARGE),
    "classify": lambda: verdict(hs.classify(chain_value, np.zeros(5))),
    "classify from gradients": lambda: verdict(hs.classify(chain_value, np.zeros(5), jac=chain)),
    "curvature": bounds_of_chain,
    "escape": escaped,
    "survey": lambda: hs.survey(chain_value, POINTS, gtol=np.inf).kind,
}


def at_once(work):
    """Results of all threads, which begin together."""
    start = threading.Barrier(THREADS)

    def run(_):
        start.wait()
        return [work() for _ in range(3)]

    with ThreadPoolExecutor(THREADS) as pool:
        return [result for results in pool.map(run, range(THREADS)) for result in results]


def same(a, b):
    for left, right in zip(a, b, strict=True) if isinstance(a, tuple) else [(a, b)]:
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("name", WORK)
def test_threads_get_what_one_gets_alone(name):
    results = at_once(WORK[name])
    alone = WORK[name]()
    for result in results:
        same(result, alone)


def test_threads_share_an_objective():
    shared = Objective(chain_value)
    models = at_once(lambda: hs.taylor(shared, POINTS[0]))
    alone = hs.taylor(shared, POINTS[0])
    for model in models:
        same((model.hessian, model.hessian_error), (alone.hessian, alone.hessian_error))
        assert model.nfev == alone.nfev


def test_the_first_calls_of_lapack_may_be_at_once():
    """SciPy's functions are looked up at the first call, here by all threads in a new process."""
    code = """
import threading
from concurrent.futures import ThreadPoolExecutor
import numpy as np
import hesscape as hs

a = np.diag(np.arange(-70.0, 130.0))
start = threading.Barrier(4)


def run(_):
    start.wait()
    return tuple(map(int, hs.linalg.inertia(a)))


with ThreadPoolExecutor(4) as pool:
    print(*set(pool.map(run, range(4))))
"""
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout.strip() == "(70, 1, 129)"


@pytest.mark.skipif(
    not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="this Python always has the GIL"
)
def test_the_gil_stays_off():
    code = "import sys, hesscape.linalg, hesscape._core; print(sys._is_gil_enabled())"
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], check=True, capture_output=True, text=True
    )
    assert run.stdout.strip() == "False"
