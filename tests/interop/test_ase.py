"""Atoms of ASE: energies, forces, fixed atoms, and the rigid motions that change nothing."""

from typing import Any

import numpy as np
import pytest

import hesscape as hs
from hesscape import testing

ase: Any = pytest.importorskip("ase")
calculator: Any = pytest.importorskip("ase.calculators.calculator")
constraints: Any = pytest.importorskip("ase.constraints")
emt: Any = pytest.importorskip("ase.calculators.emt")
lj: Any = pytest.importorskip("ase.calculators.lj")
from_ase: Any = hs.interop.from_ase  # whose objectives have what is None in others

R = 2 ** (1 / 6)
LINE = [[0, 0, 0], [0, 0, 1.0], [0, 0, 2.1]]
BENT = [[0, 0, 0], [0, 0.9, 0.4], [0, 0, 1.3]]
TETRAHEDRON = [
    [0, 0, 0],
    [R, 0, 0],
    [R / 2, R * 0.75**0.5, 0],
    [R / 2, R / 12**0.5, R * (2 / 3) ** 0.5],
]


def cluster(positions, fixed=(), **more):
    atoms = ase.Atoms(f"Ar{len(positions)}", positions, **more)
    atoms.calc = lj.LennardJones(rc=1000.0)
    if len(fixed):
        atoms.set_constraint(constraints.FixAtoms(fixed))
    return atoms


def test_energy_and_gradient_are_those_of_the_calculator():
    atoms = cluster(TETRAHEDRON)
    surface = testing.lennard_jones(4)
    land = from_ase(atoms)
    x = land.x0 + np.random.default_rng(0).uniform(-0.1, 0.1, 12)
    assert land.objective.fun(x) == pytest.approx(surface.fun(x), rel=1e-12)
    np.testing.assert_allclose(land.objective.jac(x), surface.gradient(x), rtol=0, atol=1e-11)
    assert np.array_equal(land.x0, atoms.positions.ravel())


def test_the_atoms_stay_as_they_are():
    atoms = cluster(TETRAHEDRON, fixed=[1])
    atoms.rattle(0.05, seed=1)
    positions, energy = atoms.positions.copy(), atoms.get_potential_energy()
    land = from_ase(atoms)
    hs.classify(land.objective, land.x0)
    moved = land.unflatten(land.x0 + 0.1)
    assert np.array_equal(atoms.positions, positions)
    assert atoms.constraints[0].index.tolist() == [1]
    assert atoms.get_potential_energy() == energy
    assert moved.positions[1].tolist() == positions[1].tolist()
    np.testing.assert_allclose(moved.positions[2], positions[2] + 0.1, rtol=1e-14)
    assert moved.constraints[0].index.tolist() == [1]
    assert moved.get_potential_energy() == land.objective.fun(land.x0 + 0.1)


COUNTS: dict[str, tuple[Any, Any, dict[str, Any], int]] = {
    "two atoms": (LINE[:2], [], {}, 5),
    "a line": (LINE, [], {}, 5),
    "a line, far away and askew": (
        np.array(LINE) @ [[1, 2, 2], [0, 1, 0], [2, 1, -2]] + 1e3,
        [],
        {},
        5,
    ),
    "a line, but for rounding": ([[0, 0, 0], [0, 1e-6, 1], [0, 0, 2.1]], [], {}, 5),
    "bent": (BENT, [], {}, 6),
    "four atoms": (TETRAHEDRON, [], {}, 6),
    "one of them fixed": (TETRAHEDRON, [2], {}, 3),
    "two fixed": (TETRAHEDRON, [0, 2], {}, 1),
    "three fixed": (TETRAHEDRON, [0, 1, 2], {}, 0),
    "three fixed in a line": ([*LINE, [1, 1, 1]], [0, 1, 2], {}, 1),
    "one of a line fixed": (LINE, [1], {}, 2),
    "two of a line fixed": (LINE, [0, 1], {}, 0),
    "periodic": (BENT, [], {"pbc": True, "cell": [9, 9, 9]}, 3),
    "a slab": (BENT, [], {"pbc": [True, True, False], "cell": [9, 9, 9]}, 3),
    "periodic, one fixed": (BENT, [1], {"pbc": True, "cell": [9, 9, 9]}, 0),
}


@pytest.mark.parametrize("mass_weighted", [False, True])
@pytest.mark.parametrize("case", COUNTS)
def test_zero_modes_are_the_rigid_motions(case, mass_weighted):
    positions, fixed, more, count = COUNTS[case]
    atoms = cluster(positions, fixed, **more)
    atoms.set_masses(np.arange(1.0, len(atoms) + 1) ** 2)
    land = from_ase(atoms, mass_weighted=mass_weighted)
    if count == 0:
        assert land.zero_modes == 0
        return
    modes = np.asarray(land.zero_modes)
    assert modes.shape == (land.x0.size, count)
    np.testing.assert_allclose(modes.T @ modes, np.eye(count), atol=1e-14)
    free = np.setdiff1d(np.arange(len(atoms)), fixed)
    weight = np.arange(1.0, len(atoms) + 1)[free, None] if mass_weighted else 1
    for mode in modes.T:  # to first order, no distance changes, those from fixed atoms included
        motion = np.zeros((len(atoms), 3))
        motion[free] = mode.reshape(-1, 3) / weight
        i, j = np.triu_indices(len(atoms), 1)
        change = ((atoms.positions[i] - atoms.positions[j]) * (motion[i] - motion[j])).sum(axis=1)
        tolerance = 1e-4 if "rounding" in case else 1e-10
        np.testing.assert_allclose(change, 0, atol=tolerance)


@pytest.mark.parametrize("fixed", [[], [0], [0, 1]])
@pytest.mark.parametrize("mass_weighted", [False, True])
def test_a_cluster_at_its_minimum(fixed, mass_weighted):
    atoms = cluster(TETRAHEDRON, fixed)
    land = from_ase(atoms, mass_weighted=mass_weighted)
    point: Any = hs.classify(land.objective, land.x0, zero_modes=land.zero_modes)
    assert point.kind == "minimum"
    assert point.certain
    flat = np.asarray(land.zero_modes).shape[1]
    assert point.inertia == (0, flat, land.x0.size - flat)
    free = np.setdiff1d(np.arange(12), [3 * i + k for i in fixed for k in range(3)])
    h = testing.lennard_jones(4).hessian(atoms.positions.ravel())[np.ix_(free, free)]
    if mass_weighted:
        h = h / atoms.get_masses()[0]
    error = point.taylor.hessian_error
    assert (np.abs(point.taylor.hessian - h) <= error + 1e-11 * np.abs(h).max()).all()


def test_masses_give_the_frequency_of_a_pair():
    atoms = cluster([[0, 0, 0], [0, 0, R]])
    atoms.set_masses([1.0, 3.0])
    land = from_ase(atoms, mass_weighted=True)
    point: Any = hs.classify(land.objective, land.x0, zero_modes=land.zero_modes)
    values = point.eigenvalues
    stiffness = 72 / R**2  # of 4 (r⁻¹² - r⁻⁶) at its minimum
    assert values[-1] == pytest.approx(stiffness * (1 + 1 / 3), rel=1e-8)
    assert np.array_equal(land.unflatten(land.x0).positions, atoms.positions)


def test_a_linear_transition_state_keeps_its_bending_modes():
    """Three atoms in a row: both bends lead down, to the triangle, and none is taken for a rotation."""
    d = ((1 + 2**-13) / (1 + 2**-7) * 2) ** (1 / 6)
    land = from_ase(cluster([[0, 0, -d], [0, 0, 0], [0, 0, d]]))
    point: Any = hs.classify(land.objective, land.x0, zero_modes=land.zero_modes)
    assert point.kind == "saddle"
    assert point.certain
    assert point.inertia == (2, 5, 2)
    way = hs.escape(land.objective, point, zero_modes=land.zero_modes, max_step=0.5)
    assert way.success
    there = from_ase(land.unflatten(way.x))
    assert np.asarray(there.zero_modes).shape[1] == 6


def test_a_metal_surface_with_fixed_layers():
    build = pytest.importorskip("ase.build")
    slab = build.fcc111("Cu", (2, 2, 2), vacuum=6)
    build.add_adsorbate(slab, "Cu", 2.0, "fcc")
    slab.calc = emt.EMT()
    slab.set_constraint(constraints.FixAtoms(mask=slab.get_tags() > 0))
    land = from_ase(slab)
    assert land.x0.size == 3
    found = hs.minimize(land.objective, land.x0)
    assert found.success
    assert land.zero_modes == 0


def test_a_calculator_without_free_energy():
    class Spring(calculator.Calculator):  # type: ignore[misc]
        implemented_properties = ("energy", "forces")

        def calculate(self, atoms=None, properties=("energy",), system_changes=()):
            super().calculate(atoms, properties, system_changes)
            x = self.atoms.positions
            self.results = {"energy": float((x**2).sum()), "forces": -2 * x}

    atoms = cluster([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]], fixed=[1])
    atoms.calc = Spring()
    problem = from_ase(atoms)
    f, x = problem.objective, problem.x0
    assert f.fun(x) == 14
    assert f.jac(x).tolist() == [2, 4, 6]


def test_what_the_calculator_raises_reaches_the_caller():
    class Broken(calculator.Calculator):  # type: ignore[misc]
        implemented_properties = ("energy", "forces")

        def calculate(self, atoms=None, properties=("energy",), system_changes=()):
            raise KeyboardInterrupt

    atoms = cluster(BENT)
    atoms.calc = Broken()
    land = from_ase(atoms)
    with pytest.raises(KeyboardInterrupt):
        hs.classify(land.objective, land.x0)


def test_bad_arguments_are_named():
    atoms = cluster(BENT)
    with pytest.raises(TypeError, match=r"atoms must be ase\.Atoms, got 1"):
        from_ase(1)
    with pytest.raises(TypeError, match="mass_weighted must be True or False, got 2"):
        from_ase(atoms, mass_weighted=2)
    with pytest.raises(ValueError, match="at least one that is free"):
        from_ase(cluster(BENT, fixed=[0, 1, 2]))
    with pytest.raises(ValueError, match="calculator"):
        from_ase(ase.Atoms("Ar"))
    with pytest.raises(ValueError, match=r"x must hold real numbers in shape \(9,\)"):
        from_ase(atoms).objective.fun(np.ones(3))
    massless = cluster(BENT)
    massless.set_masses([1, 0, 1])
    with pytest.raises(ValueError, match="masses > 0"):
        from_ase(massless, mass_weighted=True)
    atoms.set_constraint(constraints.FixBondLength(0, 1))
    with pytest.raises(TypeError, match="no constraints but FixAtoms, got"):
        from_ase(atoms)
