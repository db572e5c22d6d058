"""How many eigenvalues are negative, counted from products: proofs, and statements about random starts."""

import numpy as np
import pytest

import hesscape as hs
from hesscape.krylov.exclude import Ends, exclude
from hesscape.krylov.index import MOST_LOCKED, proven_negative
from hesscape.krylov.products import WIDTH, Given
from hesscape.krylov.random_start import least_component, least_component_of_block


def no_values(x):
    raise AssertionError("values were asked for")


def counted(d, **more):
    d = np.asarray(d, dtype=float)
    return hs.curvature(
        no_values, np.zeros(d.size), hessp=lambda x, p: d * p, need="inertia", **more
    )


def neighbours(v):
    out = np.zeros_like(v)
    d = np.diff(v, axis=0)
    out[:-1] -= d
    out[1:] += d
    return out


def lattice(m, coupling):
    """A φ⁴ lattice with m² sites: its gradient, and the eigenvalues at the origin."""

    def jac(x):
        u = x.reshape(m, m)
        return (coupling * (neighbours(u) + neighbours(u.T).T) + (u * u - 1) * u).ravel()

    modes = 4 * np.sin(np.pi * np.arange(m) / (2 * m)) ** 2
    return jac, np.sort((coupling * (modes[:, None] + modes) - 1).ravel())


@pytest.mark.parametrize(("m", "coupling"), [(20, 1.5), (20, 8.0), (32, 10.0), (32, 300.0)])
def test_lattices(m, coupling):
    jac, exact = lattice(m, coupling)
    found = hs.curvature(no_values, np.zeros(m * m), jac=jac, need="inertia", rng=1)
    index = int((exact < 0).sum())
    assert 1 <= index <= 30
    assert (found.n_negative, found.n_negative_most) == (index, index)
    assert f"{index} eigenvalues are proven negative, and {index} are at most" in found.message


def in_blocks(jac):
    """Give many gradients in a call, and the shapes of what was asked for."""
    shapes = []

    def together(points):
        shapes.append(points.shape)
        return np.array([jac(point) for point in points.T.copy()]).T

    return together, shapes


@pytest.mark.slow
@pytest.mark.parametrize("coupling", [50.0, 100.0, 1100.0])
@pytest.mark.parametrize("vectorized", [False, True])
def test_large_lattices(coupling, vectorized):
    jac, exact = lattice(100, coupling)
    jac = in_blocks(jac)[0] if vectorized else jac
    found = hs.curvature(
        no_values, np.zeros(10_000), jac=jac, vectorized=vectorized, need="inertia", rng=1
    )
    index = int((exact < 0).sum())
    assert (found.n_negative, found.n_negative_most) == (index, index)


@pytest.mark.parametrize(("m", "coupling"), [(20, 1.5), (32, 10.0), (32, 300.0)])
def test_blocks_of_gradients_take_fewer_calls(m, coupling):
    jac, exact = lattice(m, coupling)
    together, shapes = in_blocks(jac)
    index = int((exact < 0).sum())
    x = np.zeros(m * m)
    found = hs.curvature(no_values, x, jac=together, vectorized=True, need="inertia", rng=1)
    single = hs.curvature(no_values, x, jac=jac, need="inertia", rng=1)
    assert (found.n_negative, found.n_negative_most) == (index, index)
    assert sum(columns for _, columns in shapes) == found.njev
    assert max(columns for _, columns in shapes) == 2 * WIDTH
    assert len(shapes) < 0.45 * single.njev
    assert found.n_products < 1.6 * single.n_products


def test_pairs_are_seen_at_once():
    """A block of two holds both vectors of an eigenvalue, so that nothing is missed in the first round."""
    h = np.diag(np.r_[np.repeat(-np.linspace(0.5, 1, 4), 2), np.linspace(1, 2, 400)])
    rounds = []
    for offered in ({"hess": lambda x: h}, {"hessp": lambda x, p: h @ p}):
        found = hs.curvature(no_values, np.zeros(len(h)), need="inertia", rng=2, **offered)
        assert (found.n_negative, found.n_negative_most) == (8, 8)
        rounds.append(found.n_products)
    assert rounds[0] < rounds[1]


def isolated(n):
    d = np.linspace(1, 4, n)
    d[np.random.default_rng(0).choice(n, 12, replace=False)] = -np.r_[
        np.linspace(0.5, 1, 8), [0.25] * 4
    ]
    found = counted(d, rng=1)
    assert (found.n_negative, found.n_negative_most) == (12, 12)
    assert "12 to 12 negative and positive" in str(found)


def test_isolated_eigenvalues():
    isolated(10_000)


@pytest.mark.slow
def test_isolated_eigenvalues_among_a_million():
    isolated(10**6)


def test_eigenvalues_that_are_the_same():
    for many in (1, 5, 30):  # a Krylov space holds one vector of each
        d = np.ones(500)
        d[:many] = -1
        found = counted(d, rng=2)
        assert (found.n_negative, found.n_negative_most) == (many, many)
    found = counted(np.linspace(-2, -1, 40), rng=2)
    assert (found.n_negative, found.n_negative_most) == (40, 40)
    assert "no more" not in found.message


def test_small_matrices_have_the_inertia_that_the_dense_proof_gives():
    rng = np.random.default_rng(3)
    for n in (1, 2, 5, 40):
        for _ in range(4):
            a = rng.standard_normal((n, n))
            h = a + a.T + rng.uniform(-1, 1) * np.sqrt(n) * np.eye(n)
            found = hs.curvature(
                no_values, np.zeros(n), hess=lambda x, h=h: h, need="inertia", rng=4
            )
            exact = hs.linalg.inertia(h)[0]
            assert (found.n_negative, found.n_negative_most) == (exact, exact)


def test_a_minimum_that_is_badly_conditioned():
    d = np.geomspace(1e-4, 1, 2000)
    found = counted(d, rng=5)
    assert (found.n_negative, found.n_negative_most) == (0, 0)
    assert 0 < found.floor <= d.min()
    assert found.message.startswith(
        "curvature is positive in every direction with that probability"
    )
    value, jac = lambda x: 0.5 * float(x @ (d * x)), lambda x: d * x
    point = hs.classify(value, np.zeros(d.size), jac=jac, need="inertia")
    assert (point.kind, point.certain, point.index) == ("minimum", False, 0)
    d[d < 1e-3] = 1e-3
    assert hs.escape(value, np.zeros(d.size), jac=jac).point.kind == "minimum"
    assert hs.minimize(value, np.ones(d.size), jac=jac).success


def test_what_is_flat_is_not_counted():
    d = np.r_[-1, 0, np.linspace(1, 2, 500)]
    found = counted(d, rng=6)
    assert (found.n_negative, found.n_negative_most) == (1, None)
    assert "more cannot be excluded" in found.message
    assert found.n_products < 300
    nowhere = counted(np.r_[0, np.linspace(1, 2, 500)], rng=6)
    assert (nowhere.n_negative, nowhere.n_negative_most) == (0, None)
    assert -2.2e-2 <= nowhere.floor < 0  # a hundredth of the largest
    assert nowhere.n_products < 400


def test_zero_modes_are_left_out():
    d = np.r_[-1, -1, 0, 0, np.linspace(1, 2, 500)]
    found = counted(d, rng=7, zero_modes=np.eye(d.size)[:, 2:4])
    assert (found.n_negative, found.n_negative_most) == (2, 2)
    hidden = counted(d, rng=7, zero_modes=np.eye(d.size)[:, :4])
    assert (hidden.n_negative, hidden.n_negative_most) == (0, 0)


def test_too_many_to_be_counted():
    d = np.linspace(-1, 1, 2000)
    found = counted(d, rng=8, max_products=400)
    assert 1 < found.n_negative <= MOST_LOCKED
    assert found.n_negative_most is None
    assert found.n_products <= 400 + 2 * MOST_LOCKED  # those of the proof


def test_the_verdict_has_the_index():
    m = 32
    jac, exact = lattice(m, 10.0)

    def value(x):
        u = x.reshape(m, m)
        bonds = (np.diff(u, axis=0) ** 2).sum() + (np.diff(u, axis=1) ** 2).sum()
        return 5.0 * bonds + 0.25 * ((x * x - 1) ** 2).sum()

    index = int((exact < 0).sum())
    point = hs.classify(value, np.zeros(m * m), jac=jac, need="inertia")
    assert (point.kind, point.certain, point.index) == ("saddle", True, index)
    assert point.inertia == (index, m * m - index - 1, 1)
    assert (
        f"{index} negative eigenvalues are proven; there are with probability 0.999 no more"
        in point.message
    )
    kind = hs.classify(value, np.zeros(m * m), jac=jac, need="kind")
    assert kind.index is None


# ---- what is proven, and what is said of the rest


def test_the_proof_needs_no_orthogonal_vectors():
    rng = np.random.default_rng(9)
    d = np.r_[-np.linspace(0.5, 1, 6), np.linspace(1, 2, 100)]
    f = hs.Objective(no_values, hessp=lambda x, p: d * p)

    def proven(vectors):
        return proven_negative(Given(f, np.zeros(d.size)), np.asfortranarray(vectors))

    lowest = np.eye(d.size)[:, :6]
    assert proven(lowest) == 6
    assert proven(lowest @ rng.standard_normal((6, 6)) * [1, 1e3, 1e-3, 1, 7, 1]) == 6
    twice = np.hstack([lowest[:, :3], lowest[:, :3], lowest[:, :1] + lowest[:, 1:2]])
    assert proven(twice) == 3
    for _ in range(20):  # whatever the vectors are
        assert proven(rng.standard_normal((d.size, 12))) <= 6
        assert proven(lowest + 0.3 * rng.standard_normal((d.size, 6)) / 10) <= 6
    assert proven(np.eye(d.size)[:, 6:9]) == proven(np.empty((d.size, 0))) == 0


def test_errors_of_products_lower_what_is_proven():
    n = 1000
    d = np.r_[-1, -1e-2, -1e-5, np.linspace(1, 2, n - 3)]
    rng = np.random.default_rng(10)
    for sigma, most in ((1e-8, 2), (1e-4, 1)):
        found = hs.curvature(
            no_values,
            np.zeros(n),
            jac=lambda x, s=sigma: d * x + s * rng.standard_normal(n) / np.sqrt(n),
            need="inertia",
            rng=11,
            max_products=400,
        )
        assert 1 <= found.n_negative <= most + 1
        assert found.n_negative_most is None or found.n_negative_most >= 3


def filtered(d, least, seed, ends, most=10**4, wrong=0.0, width=1):
    """Filter a random start with orthonormal columns; and its component along the first eigenvector."""
    rng = np.random.default_rng(seed)
    start = np.linalg.qr(rng.standard_normal((d.size, width)))[0]

    class Source(Given):
        def product(self, v, *, measured):
            p, error = super().product(v, measured=measured)
            e = rng.standard_normal(v.size)
            e[0] += np.sqrt(v.size) * np.sign(rng.standard_normal())
            return p + wrong * e / np.linalg.norm(e), error + wrong

    source = Source(hs.Objective(no_values, hessp=lambda x, p: d * p), np.zeros(d.size))
    none = np.empty((d.size, 0), order="F")
    return exclude(source, none, start, least, ends, most), np.linalg.norm(start[0])


@pytest.mark.parametrize("width", [1, 2, 5])
@pytest.mark.parametrize("wrong", [0.0, 1e-9, 1e-5])
def test_an_eigenvalue_is_excluded_only_if_the_start_hardly_has_it(wrong, width):
    delta, times = 0.3, 200 if width == 1 else 40
    least = least_component_of_block(300, width, delta)
    ends = Ends(0.01, 0.1, 1.0, 1.0)
    for lowest in (0.01, -0.01, -1.0):
        d = np.r_[lowest, np.linspace(0.1, 1, 299)]
        outcomes = [
            filtered(d, least, seed, ends, wrong=wrong, width=width) for seed in range(times)
        ]
        assert all(component < least for found, component in outcomes if found.holds)
        share = np.mean([found.holds for found, _ in outcomes])
        if width == 1:  # how often a block has so small a component, test_curvature says
            assert share <= delta
        if lowest == 0.01 and not wrong:
            assert share >= 0.05  # so that this could fail
    d = np.r_[0.1, np.linspace(0.1, 1, 299)]
    assert all(filtered(d, least, seed, ends, width=width)[0].holds for seed in range(20))


def test_the_filter_does_not_believe_its_own_bounds():
    least = least_component(300, 1e-3)
    d = np.r_[-0.1, np.linspace(0.1, 1, 299)]
    for ends in (
        Ends(0.01, 0.5, 1.0, 1.0),
        Ends(0.01, 0.1, 0.5, 1.0),
        Ends(0.01, 0.02, 30.0, 30.0),
    ):
        for seed in range(10):
            found, component = filtered(d, least, seed, ends, most=300)
            assert component >= least
            assert not found.holds
    found, _ = filtered(d, least, 0, Ends(0.01, 0.1, 1.0, 1.0))
    assert found.quotient < -found.error  # and what it gives leads down
    assert abs(found.vectors[0, 0]) > 0.9


def misleading(n):
    """Spectra with negative eigenvalues that are hard to see."""
    tiny = np.r_[-1e-3, np.linspace(0.1, 1, n - 1)]
    pair = np.r_[-1e-2, -1e-2, np.linspace(0.05, 1, n - 2)]
    beside = np.r_[-1.0, -1e-3, np.linspace(0.1, 1, n - 2)]
    edge = 1 - np.cos(np.linspace(0, np.pi, n))
    edge = np.r_[-1e-2, edge[1:] + 2e-2]
    return [tiny, pair, beside, edge]


def wrong_counts_are_rare(kind, delta, times, *, blocks):
    d = misleading(300)[kind]
    below = int((d < 0).sum())
    h = np.diag(d)
    offered = {"hess": lambda x: h} if blocks else {"hessp": lambda x, p: d * p}
    way = {"basis": 48, "max_products": 300} if blocks else {"basis": 24, "max_products": 150}
    wrong = said = 0
    for seed in range(times):
        found = hs.curvature(
            no_values, np.zeros(d.size), need="inertia", rng=seed, delta=delta, **way, **offered
        )
        assert found.n_negative <= below
        said += found.n_negative_most is not None
        wrong += found.n_negative_most is not None and found.n_negative_most < below
    assert said > times / 2
    assert wrong <= delta * times


@pytest.mark.parametrize("kind", range(4))
@pytest.mark.parametrize("blocks", [False, True])
def test_misleading_spectra(kind, blocks):
    wrong_counts_are_rare(kind, 0.3, 25, blocks=blocks)


@pytest.mark.slow
@pytest.mark.parametrize("kind", range(4))
@pytest.mark.parametrize("delta", [0.02, 0.3])
@pytest.mark.parametrize("blocks", [False, True])
def test_misleading_spectra_many_times(kind, delta, blocks):
    wrong_counts_are_rare(kind, delta, 1000, blocks=blocks)
