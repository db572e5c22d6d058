"""The energy of atoms, as ASE's calculators give it, as an `Objective`."""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np

from hesscape._keywords import takes
from hesscape._validate import Array
from hesscape.objective import Objective
from hesscape.problem import Problem

from .library import library, vector

if TYPE_CHECKING:
    from ase import Atoms

# Radius over length below which a molecule counts as linear. A bent one then has one flat direction too many, and says
# so; a linear one taken for bent would hide the curvature of a bending mode.
LINEAR = 1e-3
HELD = 1e-10  # of the extent: motions of fixed atoms that are rounding


@takes()
def from_ase(atoms: Atoms, *, mass_weighted: bool = False) -> Problem:
    """Take the energy of atoms as a function of the positions of those that are free, with forces.

    Parameters
    ----------
    atoms : ase.Atoms
        With a calculator that gives energies and forces. It stays as it is: a copy is moved. Constraints may be
        `ase.constraints.FixAtoms`.
    mass_weighted : bool
        Whether coordinates are multiplied by the square root of the atom's mass (``atoms.get_masses()``, in u):
        eigenvalues are then squared angular frequencies, in eV/(Å² u).

    Returns
    -------
    Problem
        ``objective`` with `fun` (eV) and `jac`; ``x0`` of shape (3 m,), three coordinates (Å) of each of the m
        free atoms, one atom after another; ``zero_modes``, an orthonormal basis of the rigid motions that change
        no energy, or 0 where there are none; and ``unflatten(x)``, a copy of the atoms at x with the calculator.

    Raises
    ------
    ModuleNotFoundError
        When ASE is not installed.
    TypeError, ValueError
        When an argument is not what it should be; the message names it.

    Notes
    -----
    The rigid motions are those that leave every fixed atom where it is: six for a free molecule, five for a linear one
    (also where it is bent by less than one part in a thousand), three for a single atom; the three rotations about one
    fixed atom, the one about the line through two. With periodic boundary conditions along any axis they are the three
    translations, and none with a fixed atom. It is taken for granted that the calculator has no field or wall of
    its own. Rotations depend on the positions: at another point x, take ``from_ase(unflatten(x))``, or for
    `hesscape.minimize` their number, ``zero_modes.shape[1]``.

    The energy is the one that the forces are the derivative of (the free energy, where electrons are smeared), if the
    calculator has it. Forces that are not converged, or a cutoff that is not smooth, count as noise of the values, or
    contradict them, which the verdict says. Calls of one objective wait for each other, since they share the
    calculator.

    References
    ----------
    .. [1] A. H. Larsen et al., The atomic simulation environment, *J. Phys.: Condens. Matter* 29 (2017) 273002.
    .. [2] E. B. Wilson, J. C. Decius, P. C. Cross, *Molecular Vibrations*, McGraw-Hill (1955), section 2.

    Examples
    --------
    >>> import hesscape as hs
    >>> from ase import Atoms
    >>> from ase.calculators.lj import LennardJones
    >>> r = 2 ** (1 / 6)
    >>> three = Atoms("Ar3", [[0, 0, 0], [r, 0, 0], [r / 2, r * 3**0.5 / 2, 0]])
    >>> three.calc = LennardJones(rc=100)
    >>> problem = hs.interop.from_ase(three)
    >>> modes = problem.zero_modes
    >>> print(modes.shape[1], hs.classify(problem.objective, problem.x0, zero_modes=modes).kind)
    6 minimum
    """
    ase = library("ase")
    if not isinstance(atoms, ase.Atoms):
        raise TypeError(f"atoms must be ase.Atoms, got {atoms!r}")
    if atoms.calc is None:
        raise ValueError("atoms must have a calculator, got atoms.calc = None")
    if not isinstance(mass_weighted, (bool, np.bool_)):
        raise TypeError(f"mass_weighted must be True or False, got {mass_weighted!r}")
    energy = _Energy(atoms, bool(mass_weighted))
    objective = Objective(energy.value, jac=energy.gradient)
    return Problem(objective, energy.x0, energy.zero_modes(), unflatten=energy.unflatten)


class _Energy:
    """The energy of a copy of atoms, of which some are fixed."""

    def __init__(self, atoms: Any, mass_weighted: bool) -> None:
        self.original = _copy(atoms)
        self.moved = _copy(atoms)
        self.moved.set_constraint()
        self.free = _free(atoms)
        masses = atoms.get_masses()[self.free]
        if mass_weighted and not (masses > 0).all():
            raise ValueError("atoms must have masses > 0 with mass_weighted=True, got a mass of 0")
        weight = np.sqrt(masses) if mass_weighted else np.ones(len(masses))
        self.weight = weight[:, None]
        self.x0: Array = (atoms.positions[self.free] * self.weight).ravel()
        self.consistent = True
        self.lock = RLock()

    def value(self, x: Array) -> float:
        with self.lock:
            self._move(self.moved, x)
            if self.consistent:
                missing = library("ase.calculators.calculator").PropertyNotImplementedError
                try:
                    return float(self.moved.get_potential_energy(force_consistent=True))
                except missing:
                    self.consistent = False
            return float(self.moved.get_potential_energy())

    def gradient(self, x: Array) -> Array:
        with self.lock:
            self._move(self.moved, x)
            forces = self.moved.get_forces()[self.free]
            return np.ravel(-forces / self.weight)

    def unflatten(self, x: Any) -> Any:
        """Give a copy of the atoms at x, with the calculator and the constraints."""
        atoms = _copy(self.original)
        self._move(atoms, x)
        return atoms

    def zero_modes(self) -> int | Array:
        """Span the rigid motions that leave the energy and the fixed atoms where they are."""
        positions = self.original.positions
        centred = positions - positions.mean(axis=0)
        extent = float(np.linalg.norm(centred, axis=1).max())
        motions = np.tile(np.eye(3), (len(positions), 1))
        if not self.original.pbc.any() and extent > 0:
            turns = [np.cross(axis, centred / extent).ravel() for axis in np.eye(3)]
            motions = np.column_stack([motions, *turns])
        rows = np.repeat(self.free, 3)
        held = motions[~rows]
        _, size, combinations = np.linalg.svd(np.vstack([held, np.zeros((6, held.shape[1]))]))
        allowed = motions[rows] @ combinations[size <= HELD].T
        if not allowed.size:
            return 0
        modes, size, _ = np.linalg.svd(allowed, full_matrices=False)
        modes = modes[:, size > LINEAR * np.sqrt(self.free.sum())]
        if not modes.size:
            return 0
        basis: Array = np.linalg.qr(modes * np.repeat(self.weight, 3, axis=0))[0]
        return basis

    def _move(self, atoms: Any, x: Any) -> None:
        coordinates = vector("x", x, self.x0.size).reshape(-1, 3)
        atoms.positions[self.free] = coordinates / self.weight


def _copy(atoms: Any) -> Any:
    copy = atoms.copy()
    copy.calc = atoms.calc
    return copy


def _free(atoms: Any) -> Any:
    """Tell which atoms no constraint holds."""
    fix_atoms = library("ase.constraints").FixAtoms
    free = np.ones(len(atoms), dtype=bool)
    for constraint in atoms.constraints:
        if not isinstance(constraint, fix_atoms):
            raise TypeError(f"atoms must have no constraints but FixAtoms, got {constraint}")
        free[constraint.index] = False
    if not free.any():
        raise ValueError("atoms must have at least one that is free, got none")
    return free
