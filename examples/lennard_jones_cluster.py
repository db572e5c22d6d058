"""A rearrangement of thirteen atoms: a minimum, a transition state, and what lies to either side of it.

Atoms with the Lennard-Jones potential, through ASE. The icosahedron is their lowest minimum, E = −44.326801 (D. J. Wales
and J. P. K. Doye, J. Phys. Chem. A 101, 5111 (1997)). ASE's dimer method climbs from there to a transition state;
hesscape proves what the points are, and leads from the transition state to either side.

Needs the extras `ase` and `plot`. Draws lennard_jones_cluster.png.
"""

import matplotlib.pyplot as plt
import numpy as np
from ase.calculators.lj import LennardJones
from ase.cluster import Icosahedron
from ase.mep import DimerControl, MinModeAtoms, MinModeTranslate
from ase.optimize import BFGS
from ase.visualize.plot import plot_atoms
from scipy.integrate import solve_ivp

import hesscape as hs

GTOL = 1e-5  # forces, in units of the well's depth and of the atoms' size
FMAX = GTOL / 2


def icosahedron():
    atoms = Icosahedron("Ar", 2, latticeconstant=1.55)
    atoms.set_cell(None)
    atoms.calc = LennardJones(rc=1000)  # nothing is cut off
    return relaxed(atoms)


def relaxed(atoms):
    with BFGS(atoms, logfile=None) as search:
        assert search.run(fmax=FMAX, steps=1000)
    return atoms


def descend(f, start):
    """Follow the steepest descent; points of the path as rows."""
    path = solve_ivp(lambda _, x: -f.jac(x), (0, 2), start, method="LSODA", rtol=1e-4, atol=1e-5)
    return path.y.T


def transition_state(minimum):
    """Climb from a minimum along the direction that curves least, after a push to leave the symmetry."""
    atoms = minimum.copy()
    atoms.calc = minimum.calc
    push = np.random.default_rng(3).normal(scale=0.1, size=atoms.positions.shape)
    with DimerControl(
        initial_eigenmode_method="displacement",
        displacement_method="vector",
        mask=[True] * len(atoms),
        maximum_translation=0.05,
        logfile=None,
    ) as control:
        climbing = MinModeAtoms(atoms, control, random_seed=1)
        climbing.displace(displacement_vector=push)
        with MinModeTranslate(climbing, logfile=None) as search:
            assert search.run(fmax=FMAX, steps=1000)
    return atoms


def report(name, atoms):
    """Classify, and tell."""
    problem = hs.interop.from_ase(atoms)
    point = hs.classify(problem.objective, problem.x0, zero_modes=problem.zero_modes, gtol=GTOL)
    negative, zero, positive = point.inertia
    print(
        f"{name:16} {point.kind}, {'proven' if point.certain else 'not proven'}: E = {point.taylor.value:.6f}, "
        f"{negative} negative, {zero} zero, {positive} positive"
    )
    return point


def main():
    minimum = icosahedron()
    report("icosahedron", minimum)
    top = transition_state(minimum)
    saddle = report("transition state", top)

    problem = hs.interop.from_ase(top)
    f = problem.objective
    way = hs.escape(f, saddle, zero_modes=problem.zero_modes, gtol=GTOL, max_step=0.1)
    print(
        f"left along a curvature of {way.curvature:.2f}, by {way.both[0].step:.2g} to either side"
    )
    paths = [np.vstack([saddle.taylor.x, descend(f, side.x)]) for side in way.both]
    ends = [relaxed(problem.unflatten(path[-1])) for path in paths]
    names = ("to one side", "to the other")

    _, axes = plt.subplot_mosaic(
        [["path"] * 3, ["to one side", "transition state", "to the other"]],
        figsize=(8, 7),
        layout="constrained",
    )
    for name, sign, path, atoms in zip(names, (-1, 1), paths, ends, strict=True):
        report(name, atoms)
        length = np.cumsum([0, *np.linalg.norm(np.diff(path, axis=0), axis=1)])
        energies = [f.fun(x) for x in path]
        axes["path"].plot(sign * length, energies, color=hs.plot.DOWN)
        axes["path"].plot(sign * length[-1], energies[-1], "o", color=hs.plot.UP)
        draw(atoms, axes[name])
    axes["path"].plot(0, saddle.taylor.value, "D", color=hs.plot.FLAT)
    axes["path"].set(xlabel="length of the steepest descent", ylabel="energy")
    draw(top, axes["transition state"])
    plt.savefig("lennard_jones_cluster.png", dpi=120)


def draw(atoms, ax):
    plot_atoms(atoms, ax, radii=0.45, rotation="10x,20y")
    ax.set_axis_off()
    ax.set_title(f"E = {atoms.get_potential_energy():.4f}")


if __name__ == "__main__":
    main()
