"""Functions that other processes can import, and what surveys of them are compared by."""

import os
import time

import numpy as np

COLUMNS = (
    "row", "x", "kind", "certain", "inertia", "index", "value", "gradient_norm", "distance", "lowest", "highest",
    "error", "moved", "nfev", "njev", "message",
)  # fmt: skip


def cosines(x):
    return np.cos(x[0]) * np.cos(x[1])


def shifted(x, shift):
    return cosines(x + shift)


def process_of(x):
    return float(os.getpid())


def slow_cosines(x):
    time.sleep(1e-4)
    return cosines(x)


def fragile(x):
    if x[0] > 2:
        raise ZeroDivisionError("x is too large")
    return cosines(x)


def points(size):
    return np.random.default_rng(2).uniform(-3, 3, (size, 2))


def assert_same(a, b, but=()):
    """Bit for bit."""
    for name in COLUMNS:
        if name not in but:
            one, other = getattr(a, name), getattr(b, name)
            np.testing.assert_array_equal(one, other, err_msg=name)
            assert one.dtype == other.dtype
