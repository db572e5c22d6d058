"""Functions that are called one point at a time, which tests of executors and stores share."""

import sqlite3
import threading
from collections import Counter
from dataclasses import fields

import numpy as np


def fun(x, a=0.0):
    return float((x * x * x).sum() + x[0] * x[1] * x[-1]) + a


def jac(x, a=0.0):
    product = np.array([x[1] * x[2], x[0] * x[2], x[0] * x[1]])
    return 3 * x * x + product


def hess(x, a=0.0):
    return np.diag(6 * x) + np.array([[0, x[2], x[1]], [x[2], 0, x[0]], [x[1], x[0], 0]])


def single(x, a=0.0):
    return hess(x).astype(np.float32)


def hessp(x, p, a=0.0):
    return hess(x) @ p


def columns(x):
    return (x * x * x).sum(axis=0) + x[0] * x[1] * x[-1]


def ripples(x):
    """A saddle, with a tail of wiggles."""
    return float(np.cos(3 * x[0]) * np.cos(x[1]) + 0.1 * x @ x)


def other(x, a=0.0):
    return fun(x)


def same(a, b):
    assert type(a) is type(b)
    for field in fields(a):
        u, v = getattr(a, field.name), getattr(b, field.name)
        if hasattr(u, "__dataclass_fields__"):
            same(u, v)
        elif field.name == "both":
            for p, q in zip(u, v, strict=True):
                assert np.array_equal(p.x, q.x)
                assert (p.fun, p.step) == (q.fun, q.step)
        else:
            np.testing.assert_equal(u, v, field.name)


class Counted:
    """Counts the calls at each point, from any thread; with `most`, interrupts when there are so many."""

    def __init__(self, function, most=10**9, error: BaseException | None = None):
        self.function, self.calls, self.most = function, Counter[bytes](), most
        self.error = error or KeyboardInterrupt()
        self.lock = threading.Lock()
        self.__qualname__ = function.__qualname__

    def __call__(self, *arguments):
        with self.lock:
            if self.calls.total() == self.most:
                raise self.error
            self.calls[b"".join(np.asarray(a).tobytes() for a in arguments)] += 1
        return self.function(*arguments)


def rows_of(store):
    base = sqlite3.connect(store)
    try:
        return base.execute("SELECT count(*) FROM result").fetchone()[0]
    finally:
        base.close()
