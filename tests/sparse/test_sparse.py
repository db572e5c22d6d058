"""Hessians of known pattern: right entries, exact counts, refused patterns, noise, counts of calls, what goes wrong."""

from typing import Any

import numpy as np
import pytest
from scipy import sparse

import hesscape as hs
from hesscape import Kind, NonFiniteError, _core, linalg
from hesscape.sparse.measurement import measure_by_pattern, pattern_of


class Counted:
    """A gradient that counts its calls."""

    def __init__(self, function):
        self.function, self.calls = function, 0

    def __call__(self, x):
        self.calls += 1
        return self.function(x)


def no_values(x):
    raise AssertionError("values were asked for")


def path(n):
    """The Laplacian of a chain with open ends, and the eigenvalues of it."""
    ends = np.ones(n - 1)
    diagonal = np.r_[1, np.full(n - 2, 2.0), 1]
    matrix = sparse.diags_array([-ends, diagonal, -ends], offsets=[-1, 0, 1])
    return matrix, 2 - 2 * np.cos(np.pi * np.arange(n) / n)


def lattice(shape):
    """The same of a lattice."""
    matrix, values = sparse.csr_array((1, 1)), np.zeros(1)
    for m in shape:
        line, more = path(m)
        matrix = sparse.kron(matrix, sparse.eye_array(m)) + sparse.kron(
            sparse.eye_array(matrix.shape[0]), line
        )
        values = (values[:, None] + more).ravel()
    return sparse.csr_array(matrix), values


def phi4(laplacian, coupling=1.0):
    """The gradient of ½ coupling xᵀLx + Σ ¼(x_i² - 1)²."""
    return lambda x: coupling * (laplacian @ x) + (x * x - 1) * x


def random_pattern(rng, n, density):
    pattern = rng.random((n, n)) < density
    return pattern | pattern.T | np.eye(n, dtype=bool)


def random_matrix(rng, pattern, scales=0.0):
    h = rng.standard_normal(pattern.shape)
    d = 10 ** rng.uniform(-scales, scales, len(h))
    return (h + h.T) * pattern * d * d[:, None]


def agrees(signs, h):
    """No sign contradicts those that the dense proof finds."""
    negative, zero, positive = linalg.inertia(h)
    return signs[0] <= negative + zero and signs[1] <= positive + zero


def entries(pattern, matrix):
    columns = np.repeat(np.arange(pattern.size), np.diff(pattern.indptr))
    return matrix[pattern.indices, columns]


def measured(jac, x, dense):
    pattern = pattern_of(dense, x.size)
    colour = _core.star_colouring(pattern)
    return measure_by_pattern(hs.Objective(no_values, jac=jac), x, pattern, colour, 0)


def is_star_colouring(pattern, colour):
    neighbours = [set(np.flatnonzero(row)) - {i} for i, row in enumerate(pattern)]
    for v, around in enumerate(neighbours):
        for w in around:
            if colour[v] == colour[w]:
                return False
            for x in neighbours[w] - {v}:
                ends = neighbours[x] - {v, w}
                if any(len({colour[v], colour[w], colour[x], colour[y]}) < 3 for y in ends):
                    return False
    return True


def test_colourings_leave_no_path_of_two_colours():
    rng = np.random.default_rng(1)
    for _ in range(200):
        n = int(rng.integers(1, 25))
        dense = random_pattern(rng, n, rng.uniform(0, 0.5))
        assert is_star_colouring(dense, _core.star_colouring(pattern_of(dense, n)))
    arrow = np.eye(50, dtype=bool)
    arrow[0] = arrow[:, 0] = True
    assert _core.star_colouring(pattern_of(arrow, 50)).max() == 1
    assert _core.star_colouring(pattern_of(lattice((20, 30))[0], 600)).max() < 6


@pytest.mark.parametrize("scales", [0.0, 4.0])
def test_exact_matrices_have_the_signs_that_dense_proofs_find(scales):
    rng = np.random.default_rng(2)
    for trial in range(300):
        n = int(rng.integers(1, 60))
        dense = random_pattern(rng, n, rng.choice([0.02, 0.1, 0.5, 1]))
        h = random_matrix(rng, dense, scales)
        if trial % 3 == 0:
            h = np.round(4 * h) / 4  # singular ones, and pivots that vanish
        if trial % 4 == 0:
            np.fill_diagonal(h, 0)
        pattern = pattern_of(dense, n)
        values = entries(pattern, h)
        signs = _core.SparseInertia(pattern).prove(values, np.zeros_like(values))
        assert agrees(signs, h)
        if scales == 0:
            assert signs == tuple(linalg.inertia(h)[::2])


def test_no_sign_is_proven_that_an_error_allows_to_be_another():
    rng = np.random.default_rng(3)
    proven = 0
    for _ in range(300):
        n = int(rng.integers(2, 30))
        dense = random_pattern(rng, n, 0.2)
        h = random_matrix(rng, dense, rng.choice([0.0, 3.0]))
        e = np.abs(random_matrix(rng, dense)) * np.abs(h) * 10 ** rng.uniform(-6, 0)
        e[rng.random((n, n)) < 0.01] = np.inf
        e = np.maximum(e, e.T)
        pattern = pattern_of(dense, n)
        signs = _core.SparseInertia(pattern).prove(entries(pattern, h), entries(pattern, e))
        proven += sum(signs) == n
        for _ in range(20):
            sign = np.sign(random_matrix(rng, dense))
            assert agrees(signs, h + sign * np.where(np.isfinite(e), e, 1e3))
    assert proven > 20


@pytest.mark.parametrize("scales", [0.0, 3.0])
def test_entries_are_within_their_errors(scales):
    rng = np.random.default_rng(4)
    for _ in range(60):
        n = int(rng.integers(5, 40))
        dense = random_pattern(rng, n, 0.15)
        h = random_matrix(rng, dense, scales)
        x = rng.standard_normal(n) * 10 ** rng.uniform(-scales, scales, n)
        d = 1 / np.abs(x)

        def jac(y, x=x, h=h, d=d):
            return h @ (y - x) + d * (np.cosh((y - x) * d) - 1) + 1e-3 * d**3 * (y - x) ** 3

        counted = Counted(jac)
        found = measured(counted, x, dense)
        assert found.njev == counted.calls
        assert (np.abs(found.values - entries(found.pattern, h)) <= found.errors).all()
        scale = np.sqrt(np.abs(h).max(axis=1))
        relative = found.errors / entries(found.pattern, scale * scale[:, None])
        assert np.median(relative) <= 1e-6


@pytest.mark.parametrize("shape", [(5000,), (40, 45), (11, 12, 13)])
@pytest.mark.parametrize("coupling", [1.0, 0.3])
def test_lattices_have_the_index_that_is_known(shape, coupling):
    laplacian, values = lattice(shape)
    n = values.size
    jac = Counted(phi4(laplacian, coupling))
    point = hs.classify(no_values, np.zeros(n), jac=jac, hess_sparsity=laplacian)
    negative = int((coupling * values < 1 - 1e-12).sum())
    positive = int((coupling * values > 1 + 1e-12).sum())
    assert point.inertia == (negative, n - negative - positive, positive)
    assert point.kind == Kind.saddle
    assert point.certain
    assert point.index == (negative if negative + positive == n else None)
    assert point.njev == jac.calls
    assert point.nfev == 0
    u = point.way_down
    assert u is not None
    assert u @ (coupling * (laplacian @ u)) - u @ u < 0
    there = hs.classify(no_values, np.ones(n), jac=jac, hess_sparsity=sparse.triu(laplacian))
    assert (there.kind, there.certain, there.index) == (Kind.minimum, True, 0)
    assert "colours" in there.message


def test_a_chain_takes_thirteen_gradients():
    laplacian, _ = path(3001)
    jac = Counted(phi4(laplacian))
    point = hs.classify(no_values, np.zeros(3001), jac=jac, hess_sparsity=laplacian)
    assert jac.calls == point.njev == 13
    assert point.index == 1001


def test_a_saddle_in_many_colours_is_proven_by_products_first():
    laplacian, _ = lattice((11, 12, 13))
    n = laplacian.shape[0]
    given: dict[str, Any] = {"hess_sparsity": laplacian, "need": "kind"}
    jac = Counted(phi4(laplacian, 0.3))
    saddle = hs.classify(no_values, np.zeros(n), jac=jac, **given)
    assert (saddle.kind, saddle.certain, saddle.index) == (Kind.saddle, True, None)
    assert saddle.njev == jac.calls <= 11
    jac = Counted(phi4(laplacian, 0.3))
    minimum = hs.classify(no_values, np.ones(n), jac=jac, **given)
    assert (minimum.kind, minimum.certain, minimum.index) == (Kind.minimum, True, 0)
    assert minimum.njev == jac.calls


def test_escape_leaves_a_large_saddle():
    laplacian, _ = lattice((50, 50))
    f = lambda x: 0.5 * x @ (laplacian @ x) + np.sum((x * x - 1) ** 2) / 4
    jac = phi4(laplacian)
    point = hs.classify(f, np.zeros(2500), jac=jac, hess_sparsity=laplacian)
    way = hs.escape(f, point, jac=jac)
    assert way.success
    assert way.fun < f(np.zeros(2500))


def test_small_ones_have_spectra_too():
    laplacian, values = lattice((5, 6))
    f = lambda x: 0.5 * x @ (laplacian @ x) + np.sum((x * x - 1) ** 2) / 4
    point = hs.classify(
        f, np.zeros(30), jac=phi4(laplacian), hess_sparsity=laplacian.toarray() != 0
    )
    assert point.eigenvalues is not None
    assert point.eigenvalue_error is not None
    assert (np.abs(point.eigenvalues - np.sort(values - 1)) <= point.eigenvalue_error).all()
    assert point.taylor is not None
    assert hs.escape(f, point, jac=phi4(laplacian)).success


@pytest.mark.parametrize("n", [30, 1500])
def test_zero_modes(n):
    laplacian, _ = path(n)
    f = lambda x: 0.5 * float(x @ (laplacian @ x))
    given: dict[str, Any] = {"jac": lambda x: laplacian @ x, "hess_sparsity": laplacian}
    x = np.linspace(1, 2, n)
    open_ = hs.classify(f, x, gtol=1, **given)
    assert (open_.kind, open_.inertia) == (Kind.degenerate, (0, 1, n - 1))
    for modes in (1, np.ones((n, 1))):
        point = hs.classify(f, x, gtol=1, zero_modes=modes, **given)
        assert (point.kind, point.certain, point.index) == (Kind.minimum, True, 0)
    wrong = hs.classify(f, x, gtol=1, zero_modes=np.arange(n) % 2, **given)
    assert not wrong.certain
    assert "not flat" in wrong.message


@pytest.mark.parametrize("level", [1e-12, 1e-8, 1e-5])
def test_noise_never_makes_a_claim_wrong(level):
    rng = np.random.default_rng(5)
    certain = 0
    for _ in range(150):
        n = int(rng.integers(2, 30))
        dense = random_pattern(rng, n, 0.15)
        h = random_matrix(rng, dense)
        if rng.random() < 0.5:
            h = h / 4 + np.diag(rng.choice([-1.0, 1.0]) * np.abs(h).sum(axis=0) / 4)
        noise = level * (1 if rng.random() < 0.5 else 10 ** rng.uniform(-3, 0, n))
        x = rng.standard_normal(n)

        def jac(y, x=x, h=h, noise=noise):
            return h @ (y - x) + 0.1 * (y - x) ** 2 + noise * rng.standard_normal(y.size)

        found = measured(jac, x, dense)
        assert agrees(found.signs, h)
        certain += sum(found.signs) == n
    assert certain > 15


def test_a_missing_entry_is_noticed():
    rng = np.random.default_rng(6)
    for _ in range(150):
        n = int(rng.integers(4, 60))
        dense = random_pattern(rng, n, rng.uniform(0.02, 0.3))
        h = random_matrix(rng, dense) + 3 * np.sign(random_matrix(rng, dense)) * ~np.eye(
            n, dtype=bool
        )
        i, j = (
            np.argwhere(np.triu(dense, 1))[rng.integers(np.triu(dense, 1).sum())]
            if np.triu(dense, 1).any()
            else (0, 0)
        )
        if i == j:
            continue
        dense[i, j] = dense[j, i] = False
        with pytest.raises(ValueError, match="hess_sparsity: an entry is missing"):
            hs.classify(no_values, np.zeros(n), jac=lambda y, h=h: h @ y, hess_sparsity=dense)


def test_what_does_not_go_together_is_refused():
    f, jac = lambda x: float(x @ x), lambda x: 2 * x
    x = np.ones(3)
    for wrong, word in (
        ({"hess_sparsity": np.eye(3)}, "hess_sparsity needs jac"),
        ({"hess_sparsity": np.eye(2), "jac": jac}, r"expected shape \(3, 3\)"),
        ({"hess_sparsity": np.ones(3), "jac": jac}, r"expected shape \(3, 3\)"),
        ({"hess_sparsity": sparse.eye_array(4), "jac": jac}, r"expected shape \(3, 3\)"),
        ({"hess_sparsity": [[1, 0], [0]], "jac": jac}, "hess_sparsity"),
        ({"hess_sparsity": np.eye(3), "jac": jac, "method": "lanczos"}, "method='lanczos'"),
        ({"hess_sparsity": np.eye(3), "jac": jac, "step": 0.1}, "does not go with step, levels"),
        ({"method": "sparse", "jac": jac}, "method='sparse' needs hess_sparsity"),
    ):
        with pytest.raises(ValueError, match=word):
            hs.classify(f, x, **wrong)
    with pytest.raises(TypeError, match="hess_sparsity"):
        hs.classify(f, x, jac=jac, hess_sparsity="tridiagonal")
    with pytest.raises(ValueError, match="pattern: expected"):
        _core.SparsePattern(np.array([0, 1], np.int32), np.array([1], np.int32))


def test_exceptions_pass_and_calls_go_on_afterwards():
    laplacian, _ = path(2000)
    smooth = phi4(laplacian)
    for error in (KeyboardInterrupt, ZeroDivisionError):
        jac = Counted(smooth)

        def fails(x, jac=jac, error=error):
            if jac.calls == 7:
                raise error("at the seventh")
            return jac(x)

        with pytest.raises(error, match="at the seventh"):
            hs.classify(no_values, np.zeros(2000), jac=fails, hess_sparsity=laplacian)
        assert jac.calls == 7


def test_steps_that_leave_the_domain_become_shorter():
    n = 1500
    laplacian, _ = path(n)

    def jac(x, limit=1 + 1e-6):
        return np.where(np.abs(x).max() < limit, phi4(laplacian)(x), np.nan)

    point = hs.classify(no_values, np.ones(n), jac=jac, hess_sparsity=laplacian)
    assert (point.kind, point.certain) == (Kind.minimum, True)
    with pytest.raises(NonFiniteError, match="jac is not finite"):
        hs.classify(no_values, np.ones(n), jac=lambda x: jac(x, 1), hess_sparsity=laplacian)
    with pytest.raises(NonFiniteError, match="jac is not finite next to"):
        hs.classify(
            no_values,
            np.ones(n),
            jac=lambda x: np.where(np.all(x == 1), phi4(laplacian)(x), np.nan),
            hess_sparsity=laplacian,
        )


def test_vectorized_gradients_give_the_same():
    n = 1200
    laplacian, _ = path(n)
    alone = hs.classify(no_values, np.zeros(n), jac=phi4(laplacian), hess_sparsity=laplacian)
    for axis in (-1, 0):
        jac = phi4(laplacian)
        point = hs.classify(
            no_values,
            np.zeros(n),
            jac=(lambda x, jac=jac: jac(x)) if axis else (lambda x, jac=jac: jac(x.T).T),
            vectorized=True,
            batch_axis=axis,
            hess_sparsity=laplacian,
        )
        assert point.inertia == alone.inertia
        assert point.hessian_error == alone.hessian_error
