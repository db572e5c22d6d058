"""Points that are the same critical point are one, and no others are."""

from itertools import permutations

import numpy as np
import pytest

import hesscape as hs
from hesscape import testing


def around(known, copies, size, seed=0):
    rng = np.random.default_rng(seed)
    x = np.repeat(np.array(known, dtype=float), copies, axis=0)
    return rng.permutation(x + size * rng.uniform(-1, 1, x.shape))


@pytest.mark.parametrize("surface", [testing.himmelblau(), testing.muller_brown()])
@pytest.mark.parametrize("refine", [True, False])
def test_copies_of_known_points(surface, refine):
    known = [p.x for p in surface.critical_points]
    x = around(known, 5, 0.01 if refine else 1e-5)
    found = hs.survey(surface.fun, x, refine=refine, need="inertia", gtol=1e-5 if refine else 1)
    one = found.distinct()
    assert len(one) == len(known)
    nearest = np.linalg.norm(one.x[:, None] - np.array(known), axis=2).argmin(axis=1)
    assert sorted(nearest) == list(range(len(known)))
    assert (np.diff(one.value) >= 0).all()
    groups = found.groups()
    assert np.bincount(groups).tolist() == [5] * len(known)
    assert [np.flatnonzero(groups == g)[0] for g in range(groups.max() + 1)] == sorted(
        np.flatnonzero(groups == g)[0] for g in range(groups.max() + 1)
    )
    for g in range(groups.max() + 1):
        best = found.row[groups == g][found.distance[groups == g].argmin()]
        assert best in one.row


def test_the_errors_decide_what_is_the_same():
    def f(x):
        return (x**2).sum(0)

    near = hs.survey(f, [[1e-3, 0], [0, 1e-3]], gtol=1, need="inertia", vectorized=True)
    assert len(near.distinct()) == 1  # a Newton step from each leads to the other's

    def two(x):  # minima at ±1e-3
        return (x[0] ** 2 - 1e-6) ** 2 * 1e6 + x[1] ** 2

    apart = hs.survey(two, [[1e-3, 0], [-1e-3, 0]], need="inertia")
    assert apart.kind.tolist() == ["minimum"] * 2
    assert len(apart.distinct()) == 2
    assert len(apart.distinct(tol=3)) == 1


def test_scales_of_the_coordinates_do_not_matter():
    scale = np.array([1e-12, 1e12])

    def f(x):
        y = x / scale
        return (y[0] ** 2 - 1) ** 2 + y[1] ** 2

    found = hs.survey(f, np.array([[1, 0], [-1, 0], [0, 0], [1, 0]]) * scale, need="inertia")
    assert len(found.distinct()) == 3


def test_proven_signs_that_disagree_are_never_the_same():
    h = np.array([[2.0, 0], [0, 2.0]])
    found = hs.survey(
        lambda x: (x**2).sum() if x[0] < 0.5 else -(x**2).sum(),
        [[0, 0]],
        need="inertia",
        hess=lambda x: h,
    )
    other = hs.survey(lambda x: -(x**2).sum(), [[0, 0]], need="inertia")
    from hesscape.surveys.distinct import label

    inertia = np.vstack([found.inertia, other.inertia])
    assert inertia.tolist() == [[0, 0, 2], [2, 0, 0]]
    assert label(np.zeros((2, 2)), inertia, np.zeros(2), tol=1).tolist() == [0, 1]


def test_zero_modes_leave_no_room_for_other_signs():
    found = [
        hs.survey(
            lambda x, s=s: s * x[0] ** 2 + x[1] ** 2, np.zeros((1, 3)), zero_modes=1, need="inertia"
        )
        for s in (1, -1)
    ]
    from hesscape.surveys.distinct import label

    inertia = np.vstack([one.inertia for one in found])
    assert inertia.tolist() == [[0, 1, 2], [1, 1, 1]]
    x, distance = np.zeros((2, 3)), np.zeros(2)
    assert label(x, inertia, distance).tolist() == [0, 0]
    assert label(x, inertia, distance, zero_modes=1).tolist() == [0, 1]


def test_points_that_are_not_critical_or_failed_are_left_out():
    def f(x):
        if x[0] > 100:
            raise ValueError
        return x @ x

    found = hs.survey(f, [[0, 0], [3, 3], [500, 0], [0, 0]], need="inertia")
    assert found.groups().tolist() == [0, -1, -1, 0]
    assert found.distinct().row.tolist() == [0]
    assert len(found[1:3].distinct()) == 0


def sum_of_wells(x):
    return ((x**2 - 1) ** 2).sum(0) + x.sum(0) ** 2 / 10


def test_symmetries_join_points():
    n = 3
    x = np.random.default_rng(1).uniform(-1.2, 1.2, (200, n))
    found = hs.survey(sum_of_wells, x, refine=True, need="inertia", vectorized=True)
    found = found[(found.certain) & (found.kind != "not_critical")]
    alone = found.distinct()
    cycle, swap = [1, 2, 0], [1, 0, 2]
    some = found.distinct(symmetries=[cycle, swap])
    same = found.distinct(symmetries=[np.eye(n)[cycle], lambda y: y[swap]])
    assert same.row.tolist() == some.row.tolist()
    every = found.distinct(symmetries=[*map(list, permutations(range(n)))])
    assert every.row.tolist() == some.row.tolist()
    by_sorting = found.distinct(invariants=np.sort)
    assert len(by_sorting) == len(some)
    expected = {tuple(np.round(np.sort(p), 6) + 0.0) for p in alone.x}
    assert len(some) == len(expected)
    signed = found.distinct(symmetries=[cycle, swap, -np.eye(n)])
    assert len(signed) == len({min(p, tuple(-np.array(p[::-1]) + 0.0)) for p in expected})


def test_rotations_and_exchange_of_atoms():
    cluster = testing.lennard_jones(3)
    r = 2 ** (1 / 6)
    triangle = r * np.array([[0, 0, 0], [1, 0, 0], [0.5, np.sqrt(3) / 2, 0]])
    rng = np.random.default_rng(2)
    x = []
    for _ in range(6):
        q = np.linalg.qr(rng.normal(size=(3, 3)))[0]
        x.append((rng.permutation(triangle) @ q + rng.normal(size=3)).ravel())
    found = hs.survey(
        cluster.fun, x, jac=cluster.gradient, zero_modes=6, need="inertia", vectorized=True
    )
    assert found.kind.tolist() == ["minimum"] * 6

    def distances(y):
        i, j = np.triu_indices(3, 1)
        return np.sort(np.linalg.norm(y.reshape(3, 3)[i] - y.reshape(3, 3)[j], axis=1))

    assert len(found.distinct()) == 6
    assert len(found.distinct(invariants=distances)) == 1


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"tol": -1}, ValueError, "tol: expected a number >= 0"),
        ({"symmetries": [[0, 0]]}, ValueError, r"symmetries: expected callables, matrices \(2, 2\)"),
        ({"symmetries": [np.eye(3)]}, ValueError, r"got an array of shape \(3, 3\)"),
        ({"invariants": 3}, TypeError, "invariants must be callable"),
        ({"invariants": np.sort, "symmetries": [[1, 0]]}, ValueError, "exclude each other"),
        ({"symmetries": [lambda x: x + 1]}, ValueError, "more than 4096 images"),
    ],
)  # fmt: skip
def test_arguments_that_are_refused(keywords, error, message):
    found = hs.survey(lambda x: x @ x, [[0, 0], [1, 1]])
    with pytest.raises(error, match=message):
        found.distinct(**keywords)
