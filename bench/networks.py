"""What do the ends of a network's spectrum cost, beside PyHessian, curvlinops and SciPy on the same loss?

python bench/networks.py [--width N] [--rounds N]

A network in PyTorch of more than 10^5 parameters, in double precision, before it is trained. First the answers: ours
against eigsh run to 1e-8 on exact products, which is to lie between the proven quotient and the bound that holds with
the stated probability. Then times, alternately, and how many products with the Hessian each needed. PyHessian (power
iteration: the eigenvalue of largest magnitude only) and curvlinops (an operator for SciPy's eigsh) take part where they
are installed. Exits with 1 where an answer of ours is wrong, or takes more than 1.3 times its products.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import statistics
import sys
import time
import warnings

import numpy as np
from scipy.sparse.linalg import LinearOperator, eigsh

import hesscape as hs

try:
    import torch
except ImportError:
    print("bench/networks.py needs PyTorch")
    sys.exit()

MOST_OVERHEAD = 1.3
TOL = 1e-3  # of the eigenvalues
SAMPLES = 2048


def network(width):
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Linear(64, width), torch.nn.Tanh(),
        torch.nn.Linear(width, width), torch.nn.Tanh(),
        torch.nn.Linear(width, 10),
    ).double()  # fmt: skip
    inputs = torch.randn(SAMPLES, 64, dtype=torch.float64)
    return model, inputs, torch.randint(0, 10, (SAMPLES,))


class Counted:
    def __init__(self, function):
        self.function, self.calls = function, 0

    def __call__(self, *arguments, **keywords):
        self.calls += 1
        return self.function(*arguments, **keywords)


def both_ends(product, n, dtype, tol):
    """The lowest and the highest eigenvalue by eigsh, and the products that it took."""
    counted = Counted(product)
    h = LinearOperator((n, n), matvec=counted, dtype=dtype)
    start = np.random.default_rng(1).standard_normal(n)
    ends = [
        float(eigsh(h, 1, which=which, v0=start, tol=tol, return_eigenvectors=False)[0])
        for which in ("SA", "LA")
    ]
    return ends, counted.calls


def ours(loss):
    found = hs.curvature(loss.objective, loss.x0, need="spectrum", tol=TOL, rng=1)
    return [found.lowest, found.highest], found.n_products, found


def scipy_(loss):
    f, x = loss.objective, loss.x0
    return both_ends(lambda v: f.hessp(x, v), x.size, float, TOL)


def curvlinops(model, criterion, inputs, labels):
    parameters = list(model.parameters())
    library = importlib.import_module("curvlinops")
    h = library.HessianLinearOperator(
        model, criterion, parameters, [(inputs, labels)], check_deterministic=False
    ).to_scipy()
    return both_ends(lambda v: h @ v, h.shape[0], h.dtype, TOL)


def pyhessian(model, criterion, inputs, labels):
    library = importlib.import_module("pyhessian.hessian")
    plain = library.hessian_vector_product
    library.hessian_vector_product = counted = Counted(plain)
    try:
        h = library.hessian(model, criterion, data=(inputs, labels), cuda=False)
        (value,), _ = h.eigenvalues(maxIter=1000, tol=TOL, top_n=1)
    finally:
        library.hessian_vector_product = plain
    return [value], counted.calls


def timed(function, *arguments):
    start = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - start, result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # those of the peers
    model, inputs, labels = network(options.width)
    criterion = torch.nn.CrossEntropyLoss()
    loss = hs.interop.from_torch(lambda: criterion(model(inputs), labels), model.parameters())
    f, x = loss.objective, loss.x0

    exact, _ = both_ends(lambda v: f.hessp(x, v), x.size, float, 1e-8)
    ends, count, found = ours(loss)
    right = (
        found.floor <= exact[0] <= ends[0] + found.lowest_error
        and ends[1] - found.highest_error <= exact[1] <= found.ceiling
    )
    print(f"{x.size} parameters, eigenvalues from {exact[0]:.6g} to {exact[1]:.6g}")
    print(found)

    peers = {"SciPy eigsh": (scipy_, loss)}
    for name, run in (("curvlinops", curvlinops), ("PyHessian", pyhessian)):
        with contextlib.suppress(ImportError):
            importlib.import_module(name.lower())
            peers[name] = (run, model, criterion, inputs, labels)
    v = np.random.default_rng(2).standard_normal(x.size)
    ratios = {name: [] for name in (*peers, "bare")}
    results = {}
    for _ in range(options.rounds):
        mine, _ = timed(ours, loss)
        bare, _ = timed(lambda: [f.hessp(x, v) for _ in range(count)])
        ratios["bare"].append(mine / bare)
        for name, (run, *arguments) in peers.items():
            seconds, results[name] = timed(run, *arguments)
            ratios[name].append(seconds / mine)
    overhead = statistics.median(ratios["bare"])
    print(f"\n{'':14}{'lowest':>12}{'highest':>12}{'products':>10}{'time / ours':>13}")
    print(f"{'hesscape':14}{ends[0]:12.6f}{ends[1]:12.6f}{count:10}{1:13.2f}")
    for name, (values, products) in results.items():
        shown = (
            f"{values[0]:12.6f}{values[1]:12.6f}"
            if len(values) == 2
            else f"{'':12}{values[0]:12.6f}"
        )
        print(f"{name:14}{shown}{products:10}{statistics.median(ratios[name]):13.2f}")
    print(f"\nours takes {overhead:.2f} times its products alone (asked: {MOST_OVERHEAD})")
    if not right:
        print("wrong: an exact eigenvalue is not within the bounds")
    sys.exit(not right or overhead > MOST_OVERHEAD)


if __name__ == "__main__":
    main()
