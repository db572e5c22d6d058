"""Compiled functions give what Python functions give, to the last bit, and leave the GIL to others."""

import concurrent.futures
import ctypes
import itertools
import pickle
import shutil
import signal
import subprocess
import threading
import time
from typing import Any

import numpy as np
import pytest
from scipy import LowLevelCallable

import hesscape as hs
from hesscape import Objective

DOUBLES = ctypes.POINTER(ctypes.c_double)
VALUE = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_int, DOUBLES, ctypes.c_void_p)
ALONE = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_int, DOUBLES)
GRADIENT = ctypes.CFUNCTYPE(None, ctypes.c_int, DOUBLES, DOUBLES, ctypes.c_void_p)

C = """
#include <unistd.h>

double chain(int n, double *x, void *data) {
  double a = *(double *)data, sum = 0.0;
  for (int i = 0; i + 1 < n; ++i)
    sum = sum + (1 - x[i]) * (1 - x[i]) + a * ((x[i + 1] - x[i] * x[i]) * (x[i + 1] - x[i] * x[i]));
  return sum;
}

void slope(int n, double *x, double *grad, void *data) {
  double a = *(double *)data;
  for (int i = 0; i < n; ++i) grad[i] = 0.0;
  for (int i = 0; i + 1 < n; ++i) {
    double d = x[i + 1] - x[i] * x[i];
    grad[i] = grad[i] - 2 * (1 - x[i]) - 4 * a * d * x[i];
    grad[i + 1] = grad[i + 1] + 2 * a * d;
  }
}

double saddle(int n, double *x) { return x[0] * x[n - 1]; }

double patient(int n, double *x, void *data) { /* until somebody sets the flag, 10 s at most */
  volatile int *flag = data;
  for (int k = 0; k < 10000 && !*flag; ++k) usleep(1000);
  return *flag ? x[0] * x[0] : 0.0 / 0.0;
}

double sleepy(int n, double *x, void *data) { usleep(2000); return x[0] * x[0]; }
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("needs a C compiler")
    source = tmp_path_factory.mktemp("compiled") / "functions.c"
    source.write_text(C)
    target = source.with_suffix(".so")
    flags = ["-O2", "-ffp-contract=off", "-shared", "-fPIC"]
    subprocess.run([compiler, *flags, "-o", str(target), str(source)], check=True)
    return ctypes.CDLL(str(target))


def compiled(library, name, kind: Any = VALUE, data: Any = None):
    function = kind((name, library))
    return LowLevelCallable(function, None if data is None else ctypes.cast(data, ctypes.c_void_p))


SCALE = ctypes.pointer(ctypes.c_double(100.0))


def chain(x, a=100.0):
    total = 0.0 * x[0]
    for u, v in itertools.pairwise(x):
        total = total + (1 - u) * (1 - u) + a * ((v - u * u) * (v - u * u))
    return total


def slope(x, a=100.0):
    grad = np.zeros_like(x)
    for i in range(len(x) - 1):
        d = x[i + 1] - x[i] * x[i]
        grad[i] = grad[i] - 2 * (1 - x[i]) - 4 * a * d * x[i]
        grad[i + 1] = grad[i + 1] + 2 * a * d
    return grad


def same(a, b):
    for name in ("value", "gradient", "hessian", "gradient_error", "hessian_error", "noise"):
        assert np.array_equal(getattr(a, name), getattr(b, name)), name
    assert (a.nfev, a.njev) == (b.nfev, b.njev)


@pytest.mark.parametrize("n", [2, 3, 30])
def test_the_same_as_in_python_to_the_last_bit(library, n):
    x = np.random.default_rng(n).uniform(-2, 2, n)
    f = compiled(library, "chain", data=SCALE)
    g = compiled(library, "slope", GRADIENT, SCALE)
    same(hs.taylor(f, x), hs.taylor(chain, x, vectorized=True))
    same(hs.taylor(f, x, jac=g), hs.taylor(chain, x, jac=slope))
    same(hs.taylor(chain, x, jac=g), hs.taylor(chain, x, jac=slope))
    same(hs.taylor(f, x, jac=slope), hs.taylor(chain, x, jac=slope))
    same(hs.taylor(Objective(f), x, jac=g), hs.taylor(Objective(chain, jac=slope), x))
    assert np.array_equal(hs.gradient(f, x), hs.gradient(chain, x, vectorized=True))
    assert np.array_equal(hs.gradient(f, x, jac=g), slope(x))


@pytest.mark.parametrize("order", ["C", "F"])
def test_points_may_lie_in_memory_as_they_like(library, order):
    f = Objective(
        compiled(library, "chain", data=SCALE), jac=compiled(library, "slope", GRADIENT, SCALE)
    )
    memory = np.asarray(np.random.default_rng(0).uniform(-2, 2, (60, 40)), order=order)
    for points in (memory, memory[::3, ::2], memory[::-1, 5:9], memory[:0], memory.T[1:3]):
        assert np.array_equal(f.values(points), chain(points.T))
        assert np.array_equal(
            f.gradients(points), np.reshape([slope(x) for x in points], points.shape)
        )


def test_python_callbacks_of_ctypes():
    f = LowLevelCallable(ALONE(lambda n, x: (1 - x[0] * x[n - 1]) ** 2))
    same(hs.taylor(f, [0.5, 2.0]), hs.taylor(lambda x: (1 - x[0] * x[1]) ** 2, [0.5, 2.0]))


def test_verdicts_and_ways_down(library):
    f = compiled(library, "chain", data=SCALE)
    g = compiled(library, "slope", GRADIENT, SCALE)
    assert hs.classify(f, np.ones(4)).kind is hs.Kind.minimum
    for more in ({}, {"jac": g}):
        found = hs.minimize(f, [-1.2, 1.0, 1.0], **more)
        assert np.abs(found.x - 1).max() < 1e-5
    x = np.random.default_rng(0).uniform(-2, 2, 40)
    bounds, expected = (
        hs.curvature(fun, x, jac=jac, rng=0) for fun, jac in ((f, g), (chain, slope))
    )
    assert (bounds.lowest, bounds.highest) == (expected.lowest, expected.highest)
    way = hs.escape(compiled(library, "saddle", ALONE), [0.0, 0.0], max_step=1.0)
    assert way.success
    assert way.fun == pytest.approx(-0.5)


def test_the_gil_is_free_meanwhile(library):
    """The function returns a number only when another thread of Python has run."""
    flag = ctypes.c_int(0)
    f = Objective(compiled(library, "patient", data=ctypes.pointer(flag)))
    threading.Timer(0.05, lambda: setattr(flag, "value", 1)).start()
    assert f.value(np.array([3.0])) == 9.0


def test_threads_get_the_same(library):
    f = Objective(compiled(library, "chain", data=SCALE))
    points = np.random.default_rng(1).uniform(-2, 2, (40, 6))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        models = list(pool.map(lambda x: hs.taylor(f, x), points))
        for x, model in zip(points, models, strict=True):
            same(model, hs.taylor(chain, x, vectorized=True))
        g = compiled(library, "slope", GRADIENT, SCALE)
        same(hs.taylor(f, x, jac=g, executor=pool), hs.taylor(chain, x, jac=slope))


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="signals of POSIX")
def test_an_interrupt_leaves_in_the_middle_of_a_block(library):
    """2000 values of 2 ms are 4 s."""

    class InterruptError(Exception):
        pass

    def leave(number, frame):
        raise InterruptError

    before = signal.signal(signal.SIGALRM, leave)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        begin = time.monotonic()
        with pytest.raises(InterruptError):
            Objective(compiled(library, "sleepy")).values(np.ones((2000, 2)))
        assert time.monotonic() - begin < 2
    finally:
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double), "double (double)"),
        (ctypes.CFUNCTYPE(ctypes.c_float, ctypes.c_int, DOUBLES), "float (int, double *)"),
        (GRADIENT, "void (int, double *, double *, void *)"),
        (
            ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_int64, DOUBLES, ctypes.c_void_p),
            "double (.*, double *, void *)",
        ),
    ],
)
def test_a_wrong_signature_is_named_beside_the_right_ones(kind, given):
    if ctypes.sizeof(ctypes.c_int64) == ctypes.sizeof(ctypes.c_int):
        pytest.skip("integers are all alike")
    with pytest.raises(TypeError) as caught:
        Objective(LowLevelCallable(kind(lambda *_: 0)))
    said = str(caught.value)
    assert said.startswith(
        "fun must be a LowLevelCallable with the signature 'double (int, double *, void *)' or "
        "'double (int, double *)', got '"
    )
    assert given.split(".*")[-1] in said.split("got ")[1]
    with pytest.raises(TypeError, match=r"jac must be .* 'void \(int, double \*, double \*, void"):
        Objective(chain, jac=LowLevelCallable(VALUE(lambda *_: 0.0)))


def test_const_is_no_other_signature():
    """As Cython spells it; the capsule is made as SciPy takes them from anywhere."""
    new = ctypes.pythonapi.PyCapsule_New
    new.restype, new.argtypes = (
        ctypes.py_object,
        (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p),
    )
    function = ALONE(lambda n, x: x[0] * x[0])
    name = ctypes.create_string_buffer(b"double (int, double const *)")
    capsule = new(ctypes.cast(function, ctypes.c_void_p), name, None)
    assert hs.hessian(LowLevelCallable(capsule), [1.0]) == pytest.approx(2, rel=1e-10)


def test_what_makes_no_sense_with_compiled_functions(library):
    f = compiled(library, "chain", data=SCALE)
    with pytest.raises(ValueError, match="vectorized must be False where fun is a LowLevelCall"):
        Objective(f, vectorized=True)
    with pytest.raises(ValueError, match="args must be empty where fun is a LowLevelCallable"):
        Objective(f, args=(1,))
    with pytest.raises(TypeError, match="hess must be callable or None"):
        Objective(f, hess=f)
    with pytest.raises(TypeError, match="fun cannot be pickled: a LowLevelCallable is an address"):
        pickle.dumps(Objective(f))
    jac = compiled(library, "slope", GRADIENT, SCALE)
    with pytest.raises(TypeError, match="fun and jac cannot be pickled"):
        pickle.dumps(Objective(f, jac=jac))
    with (
        concurrent.futures.ProcessPoolExecutor(1) as pool,
        pytest.raises(
            TypeError, match=r"cannot be sent to the processes .*: a LowLevelCallable is"
        ),
    ):
        hs.taylor(f, [1.0, 2.0], executor=pool)


def test_other_objectives_are_pickled_as_before():
    f = Objective(chain, jac=slope, args=(3.0,), noise=1e-9)
    again = pickle.loads(pickle.dumps(f))
    assert again == f
    same(hs.taylor(again, [1.0, 2.0]), hs.taylor(f, [1.0, 2.0]))
