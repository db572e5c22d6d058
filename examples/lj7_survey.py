"""The stationary points of seven atoms that attract and repel each other, found from random starts.

Random clusters roll downhill for a while, and a survey takes each to the stationary point next to it, says what that is,
and tells which of them are the same but for rotations and the exchange of atoms. With the Lennard-Jones potential,
seven atoms have 4 minima and 12 transition states (C. J. Tsai and K. D. Jordan, J. Phys. Chem. 97, 11227 (1993)); a few
hundred starts find the minima and most of the others. The higher the energy, the more directions lead down. The lowest
minimum is at E = −16.505384 (D. J. Wales and J. P. K. Doye, J. Phys. Chem. A 101, 5111 (1997)).

Needs the extra `plot`. Draws lj7_survey.png.
"""

import matplotlib.pyplot as plt
import numpy as np

import hesscape as hs
from hesscape import testing

ATOMS = 7
STARTS = 300
PUBLISHED = {0: 4, 1: 12}
cluster = testing.lennard_jones(ATOMS)
rng = np.random.default_rng(7)
first, second = np.triu_indices(ATOMS, 1)


def distances(x):
    """All distances between atoms, sorted: what rotations and exchanges of atoms leave alone."""
    atoms = x.reshape(ATOMS, 3)
    return np.sort(np.linalg.norm(atoms[first] - atoms[second], axis=1))


def random_cluster():
    """Atoms in a ball, none of them too near another."""
    while True:
        atoms = rng.normal(size=(ATOMS, 3))
        radius = 1.25 * rng.uniform(size=(ATOMS, 1)) ** (1 / 3)
        x = (radius * atoms / np.linalg.norm(atoms, axis=1, keepdims=True)).ravel()
        if distances(x)[0] > 0.8:
            return x


def rolled_downhill(X):
    """Steepest descent, of each cluster for a while of its own: some end near minima, others near saddles."""
    x = X.T.copy()
    stop = rng.integers(20, 150, size=len(X))
    for step in range(stop.max()):
        g = cluster.gradient(x)
        x -= (step < stop) * g * np.minimum(0.003, 0.05 / np.abs(g).max(axis=0))
    return x.T


def main():
    starts = rolled_downhill(np.array([random_cluster() for _ in range(STARTS)]))
    found = hs.survey(
        cluster.fun,
        starts,
        jac=cluster.gradient,
        vectorized=True,
        zero_modes=cluster.zero_modes,
        need="inertia",
        refine=True,
    )
    print(found)

    known = found[found.certain & (found.index >= 0)].distinct(invariants=distances)
    print(f"\nof these, {len(known)} are distinct; the lowest is at E = {known.value[0]:.6f}")
    print("index   found   published")
    for index in range(known.index.max() + 1):
        count = np.count_nonzero(known.index == index)
        print(f"{index:5} {count:7} {PUBLISHED.get(index, ''):>11}".rstrip())

    ax = hs.plot.index_vs_value(known)
    ax.set(ylabel="energy", title=f"{len(known)} stationary points of seven atoms")
    plt.savefig("lj7_survey.png", dpi=120)


if __name__ == "__main__":
    main()
