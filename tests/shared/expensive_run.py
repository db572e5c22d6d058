"""A measurement that tests kill: python expensive_run.py STORE LOG SECONDS. Prints the Hessian, to the last bit."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

import hesscape as hs

X = np.linspace(-1.0, 1.5, 6)


def fun(x, log, seconds):
    """Leave a line for each call that was made to the end."""
    time.sleep(seconds)
    with Path(log).open("ab") as file:
        file.write(np.asarray(x).tobytes().hex().encode() + b"\n")
    return float(np.cos(x).prod() + (x**4).sum())


def main():
    store, log, seconds = sys.argv[1:]
    with ThreadPoolExecutor(4) as pool:
        model = hs.taylor(
            lambda x: fun(x, log, float(seconds)), X, executor=pool, store=store or None
        )
    print(model.nfev, model.hessian.tobytes().hex(), model.hessian_error.tobytes().hex())


if __name__ == "__main__":
    main()
