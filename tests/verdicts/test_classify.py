"""Verdicts against exact inertia, under every perturbation that the errors allow."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hesscape as hs
from hesscape.verdicts.classify import classify, verdict
from hesscape.verdicts.critical_point import Kind
from hesscape.verdicts.messages import NOTES, SENTENCES
from matrices import exact_inertia, model, point, signs, spectrum, stack

seeds = st.integers(0, 2**32 - 1)


# ---- truth


def test_exact_inertia_itself():
    assert exact_inertia([[0, -2], [-2, 0]]) == (1, 0, 1)
    assert exact_inertia([[0, 0], [0, 0]]) == (0, 2, 0)
    assert exact_inertia([[1, 1], [1, 1]]) == (0, 1, 1)
    assert exact_inertia([[0, 1, 1], [1, 0, 1], [1, 1, 0]]) == (2, 0, 1)


@settings(max_examples=150, deadline=None)
@given(seed=seeds, n=st.integers(1, 12), rank=st.integers(0, 12))
def test_integer_matrices_of_any_rank(seed, n, rank):
    rng = np.random.default_rng(seed)
    b = rng.integers(-3, 4, size=(n, min(rank, n)))
    h = b @ np.diag(rng.choice([-2, -1, 1, 3], size=b.shape[1])) @ b.T
    found = point(h)
    negative, zero, positive = exact_inertia(h.tolist())
    assert found.inertia == (negative, zero, positive)
    assert (found.index is None) == (zero > 0)
    if zero:
        assert found.kind in (Kind.degenerate, Kind.saddle)


def test_rounding_proves_nothing_about_singular_matrices():
    """Computed eigenvalues that ought to be zero have either sign, and stand out of naive bounds."""
    rng = np.random.default_rng(8)
    for n in range(3, 13):
        b = rng.integers(-(2**20), 2**20, size=(400, n, n - 1))
        found = stack(b @ b.swapaxes(1, 2))  # exact below 2**53
        assert (found.inertia == [0, 1, n - 1]).all()


@settings(max_examples=150, deadline=None)
@given(seed=seeds, n=st.integers(1, 10), exponent=st.integers(-14, 2))
def test_errors_that_conspire_never_give_a_wrong_sign(seed, n, exponent):
    rng = np.random.default_rng(seed)
    b = rng.integers(-3, 4, size=(n, rng.integers(0, n + 1)))
    h = b @ np.diag(rng.choice([-1, 1], size=b.shape[1])) @ b.T
    negative, _, positive = exact_inertia(h.tolist())
    error = 2.0**exponent * rng.integers(0, 4, size=(n, n))
    error = np.maximum(error, error.T)
    conspiring = [-np.ones((n, n)), np.ones((n, n)), *(signs(rng, (n, n)) for _ in range(4))]
    perturbed = stack([h + s * error for s in conspiring], error=error)  # exact: all are dyadic
    assert (perturbed.inertia[:, 0] <= negative).all()
    assert (perturbed.inertia[:, 2] <= positive).all()


@settings(max_examples=150, deadline=None)
@given(seed=seeds, n=st.integers(2, 8))
def test_errors_at_the_very_edge(seed, n):
    """The nearest singular matrix is allowed by the error, and no more than what it has is claimed."""
    rng = np.random.default_rng(seed)
    lam = rng.choice([-1, 1], size=n) * rng.uniform(0.5, 2, size=n)
    h = spectrum(rng, lam)
    values, vectors = np.linalg.eigh(h)
    k = rng.integers(n)
    shift = np.abs(values[k] * np.outer(vectors[:, k], vectors[:, k]))
    for factor in (1.0 + 1e-12, 1.05, 3.0, 30.0):
        found = point(h, error=shift * factor)
        assert found.inertia[0] <= (values < 0).sum() - (values[k] < 0)
        assert found.inertia[2] <= (values > 0).sum() - (values[k] > 0)
    assert point(h, error=shift / (4 * n)).inertia[1] == 0


# ---- tightness


@settings(max_examples=60, deadline=None)
@given(seed=seeds, n=st.integers(1, 40), spread=st.floats(0, 3))
def test_everything_is_proven_when_errors_are_small(seed, n, spread):
    rng = np.random.default_rng(seed)
    lam = rng.choice([-1, 1], size=n) * 10 ** rng.uniform(-spread, 0, size=n)
    scale = 10 ** rng.uniform(-9, 9, size=n)
    h = spectrum(rng, lam) * scale * scale[:, None]
    # ||E|| is a hundredth of the smallest eigenvalue in the coordinates where H is well scaled
    error = np.full((n, n), np.abs(lam).min() / 100 / n) * scale * scale[:, None]
    found = point(h + error * signs(rng, (n, n)) * 0.999, error=error)
    assert found.inertia == ((lam < 0).sum(), 0, (lam > 0).sum())
    assert found.certain


def test_even_errors_are_judged_by_their_norm():
    """|X|^T E |X| alone would lose a factor n here."""
    n = 120
    rng = np.random.default_rng(1)
    h = spectrum(rng, np.linspace(1, 2, n))
    assert point(h, error=0.5 / n).inertia == (0, 0, n)


def test_uneven_errors_are_judged_entry_by_entry():
    """One bad coordinate leaves the others alone; an unknown pair costs one direction at most."""
    rng = np.random.default_rng(2)
    n = 12
    h = spectrum(rng, np.linspace(1, 2, n))
    error = np.full((n, n), 1e-9)
    error[3] = error[:, 3] = 50.0
    assert point(h, error=error).inertia == (0, 1, n - 1)
    error = np.full((n, n), 1e-9)
    error[2, 5] = error[5, 2] = np.inf
    assert point(h, error=error).inertia == (0, 1, n - 1)
    assert point(-h, error=error).inertia == (n - 1, 1, 0)


def test_entries_that_are_zero_within_their_error_do_not_scale():
    h = np.diag([1.0, 1.0, 0.0])
    h[0, 2] = h[2, 0] = 1e-9
    error = np.full((3, 3), 1e-8)
    found = point(h, error=error)
    assert found.inertia == (0, 1, 2)
    error[2, 2] = 1e6
    assert point(h, error=error).inertia == (0, 1, 2)


def test_half_known_entries():
    assert point([[0, -2], [-2, 0]], error=0.99).inertia == (1, 0, 1)
    assert point([[0, -2], [-2, 0]], error=2.01).inertia == (0, 2, 0)
    assert point([[2, 0], [0, 3]], error=[[1.9, 0], [0, 2.9]]).inertia == (0, 0, 2)
    assert point([[2, 1], [1, 3]], error=[[2.1, 0], [0, 0.1]]).inertia == (0, 1, 1)


# ---- invariance


@settings(max_examples=60, deadline=None)
@given(seed=seeds, n=st.integers(1, 20), powers=st.booleans())
def test_congruence(seed, n, powers):
    rng = np.random.default_rng(seed)
    lam = rng.choice([-1, 1], size=n) * 10 ** rng.uniform(-2, 0, size=n)
    lam[rng.integers(n)] = 1e-9  # open: below the error
    h, error = spectrum(rng, lam), np.full((n, n), 1e-5 / n)
    counts = ((lam < 0).sum(), 1, (lam > 1e-8).sum())
    assert point(h, error=error).inertia == counts
    p = rng.permutation(n)
    assert point(h[np.ix_(p, p)], error=error).inertia == counts
    turned = spectrum(rng, lam)
    assert point(turned, error=error).inertia == counts
    t = np.exp2(rng.integers(-20, 21, size=n)) if powers else 10 ** rng.uniform(-6, 6, size=n)
    assert point(h * t * t[:, None], error=error * t * t[:, None]).inertia == counts
    assert point(-h, error=error).inertia == counts[::-1]


@pytest.mark.parametrize("size", [1e-300, 1e-150, 1e150, 1e300])
def test_extreme_units(size):
    h = np.array([[2.0, 1, 0], [1, -3, 1], [0, 1, 4]])
    assert point(h * size, error=abs(h) * size * 1e-3).inertia == (1, 0, 2)
    t = np.array([1e-150, 1.0, 1e150])
    graded = point(h * t * t[:, None])
    assert graded.inertia == (1, 0, 2)
    assert graded.way_down is not None
    assert np.isfinite(graded.way_down).all()


def test_eigenvalues_are_within_their_errors():
    rng = np.random.default_rng(3)
    for n in (1, 2, 3, 7, 20):
        for lam in (rng.normal(size=n), 10 ** rng.uniform(-6, 0, size=n)):
            h = spectrum(rng, np.sort(lam))
            error = 1e-7 * np.abs(h)
            found = point(h + error * signs(rng, (n, n)), error=error)
            assert found.eigenvalues is not None
            assert found.eigenvectors is not None
            assert found.eigenvalue_error is not None
            off = np.abs(found.eigenvalues - np.sort(lam))
            assert (off <= found.eigenvalue_error + 1e-14).all()
            assert (found.eigenvalue_error <= n * 1e-6 * np.abs(h).max()).all()
            v = found.eigenvectors
            np.testing.assert_allclose(v.T @ h @ v, np.diag(found.eigenvalues), atol=1e-5)


def test_small_eigenvalues_of_a_proven_minimum_have_small_errors():
    found = point(np.diag([1e-6, 1.0]), error=np.diag([1e-9, 1e-3]))
    assert found.eigenvalue_error is not None
    assert found.eigenvalue_error[0] < 3e-9


# ---- verdicts


def test_kinds():
    eye = np.eye(3)
    assert point(eye).kind is Kind.minimum
    assert point(-eye).kind is Kind.maximum
    assert point(np.diag([1.0, -1, 2])).kind is Kind.saddle
    for flat in (np.zeros((3, 3)), np.diag([1.0, 0, 1]), np.diag([-1.0, 0, 0])):
        found = point(flat, error=1e-9)
        assert (found.kind, found.certain, found.confidence) == (Kind.degenerate, False, 0.0)
        assert found.index is None
    partial = point(np.diag([1.0, -1, 0]), error=1e-9)
    assert (partial.kind, partial.certain, partial.confidence) == (Kind.saddle, True, 1.0)
    assert (partial.index, partial.inertia) == (None, (1, 1, 1))
    assert "index is 1 to 2" in partial.message
    assert "way down is proven" in point(np.diag([-1.0, 0]), error=1e-9).message
    assert point([[0.0]]).inertia == (0, 1, 0)


def test_every_sentence_is_reached():
    z = np.array([1.0, 1, 0])
    seen = {
        "not_critical": verdict(model(np.eye(2), gradient=[1, 0])),
        "saddle_seen": verdict(model(np.diag([1, -1])), need="kind"),
        "saddle": point([[0, 1], [1, 0]]),
        "saddle_partial": point(np.diag([1, -1, 0])),
        "minimum": point(np.eye(2)),
        "maximum": point(-np.eye(2)),
        "flat": point(np.zeros((2, 2))),
        "degenerate_up": point(np.diag([1, 0])),
        "degenerate_down": point(np.diag([-1, 0])),
        "zero_modes_not_flat": point(np.eye(3), zero_modes=z),
        "zero_modes_excess": point(np.eye(3), zero_modes=1),
        "scaled": point([[-1e-12, 0], [0, 1e12]], error=[[1e-13, 0], [0, 1]]),
        "gradient_unresolved": verdict(model(np.eye(2), gradient_error=1e-3)),
    }
    sentences = SENTENCES | NOTES
    assert seen.keys() == sentences.keys()
    for code, found in seen.items():
        for piece in sentences[code].replace("}", "{").split("{")[::2]:
            assert piece in found.message, code
        assert found.message in str(found)
        assert "{" not in str(found)


def test_gradient():
    h = np.array([[2.0, 0.5], [0.5, -1.0]])
    g = np.array([0.3, -0.2])
    found = verdict(model(h, 1e-9, g, 1e-9))
    assert (found.kind, found.certain) == (Kind.not_critical, True)
    assert found.distance == pytest.approx(np.linalg.norm(np.linalg.solve(h, g)), rel=1e-12)
    assert found.gradient_norm == pytest.approx(np.hypot(*g))
    assert (found.nfev, found.njev) == (17, 3)
    within = verdict(model(h, 1e-9, g, 0.3))
    assert (within.kind, within.certain) == (Kind.saddle, False)  # it may not be critical at all
    near = verdict(model(h, 1e-9, g / 1e4, 1e-4))  # an error that hardly moves the stationary point
    assert (near.kind, near.certain) == (Kind.saddle, True)
    assert verdict(model(h, 1e-9, g), gtol=0.3).kind is Kind.saddle
    assert verdict(model(h, 1e-9, g), gtol=0.29).kind is Kind.not_critical
    assert verdict(model(h, 1e-9, [np.nan, 0])).certain is False


def test_distance_leaves_out_flat_directions():
    n = 6
    chain = 2 * np.eye(n) - np.roll(np.eye(n), 1, 0) - np.roll(np.eye(n), -1, 0)
    weight = 2.0 ** np.arange(n)
    g = chain @ np.arange(n)
    expected = np.linalg.norm(np.linalg.pinv(chain) @ g)
    for zero_modes in (0, 1, np.ones(n)):
        found = verdict(model(chain, 1e-10, g), zero_modes=zero_modes)
        assert found.distance == pytest.approx(expected, rel=1e-8)
    exact = np.linalg.pinv(chain * weight * weight[:, None], rcond=1e-12) @ (g * weight)
    for zero_modes in (1, 1 / weight):
        scaled = verdict(
            model(chain * weight * weight[:, None], 1e-12, g * weight), zero_modes=zero_modes
        )
        assert scaled.distance == pytest.approx(np.linalg.norm(exact), rel=1e-7)
    assert np.isnan(verdict(model(np.zeros((2, 2)), 1e-9)).distance)


def test_need():
    h = model([[1.0, 9, 0], [9, -1, 0], [0, 0, 5]], 1e-9)
    kind = verdict(h, need="kind")
    assert (kind.kind, kind.certain, kind.inertia, kind.index) == ("saddle", True, (1, 1, 1), None)
    assert kind.eigenvalues is None
    np.testing.assert_array_equal(kind.way_down, [0, 1, 0])
    inertia = verdict(h, need="inertia")
    assert (inertia.index, inertia.eigenvalues) == (1, None)
    full = verdict(h)
    assert full.eigenvalues is not None
    np.testing.assert_allclose(full.eigenvalues, np.linalg.eigvalsh(h.hessian))
    assert (
        verdict(model([[1.0, 9], [9, 1]], 1e-9), need="kind").index == 1
    )  # not seen on the diagonal
    assert verdict(model(np.diag([1, -1.0]), 2.0), need="kind").kind is Kind.degenerate


def test_unmeasured_entries_are_unknown():
    h = np.diag([1.0, np.nan, -1.0])
    found = verdict(model(h, 1e-9), need="inertia")
    assert found.inertia == (1, 1, 1)
    assert verdict(model(np.full((2, 2), np.nan)), need="inertia").inertia == (0, 2, 0)


def test_way_down():
    rng = np.random.default_rng(4)
    scale = 10 ** rng.uniform(-6, 6, size=9)
    h = spectrum(rng, np.linspace(-1, 2, 9)) * scale * scale[:, None]
    found = point(h)
    assert found.way_down is not None
    assert np.linalg.norm(found.way_down) == pytest.approx(1)
    assert found.way_down @ h @ found.way_down < 0
    assert point(np.eye(2)).way_down is None
    basis = verdict(model(np.diag([0.0, 1, -1])), zero_modes=[1, 0, 0], need="inertia")
    assert basis.way_down is not None
    np.testing.assert_allclose(np.abs(basis.way_down), [0, 0, 1], atol=1e-15)


# ---- stacks


def test_a_hard_matrix_leaves_its_neighbours_alone():
    rng = np.random.default_rng(7)
    easy = [spectrum(rng, [-1, 2, 3, 4.0]), spectrum(rng, [1, 2, 3, 4.0])]
    hard = [np.zeros((4, 4)), np.full((4, 4), 1e308), np.diag([1e-308, 1, 1e308, -1e-300])]
    whole = stack([easy[0], *hard, easy[1]], error=1e-9)
    assert whole.shape == (5,)
    for at, h in ((0, easy[0]), (-1, easy[1])):
        alone, among = point(h, error=1e-9), whole[at]
        assert str(alone) == str(among)
        np.testing.assert_array_equal(alone.eigenvectors, among.eigenvectors)


def test_stack_shapes():
    h = np.array([[np.eye(2), -np.eye(2), np.diag([1, -1])]] * 2) * 1.0
    found = stack(h)
    assert found.shape == found.certain.shape == found.index.shape == (2, 3)
    assert found.inertia.shape == (2, 3, 3)
    assert found.eigenvectors is not None
    assert found.eigenvectors.shape == (2, 3, 2, 2)
    assert (found.kind[0] == ["minimum", "maximum", "saddle"]).all()
    assert [p.kind for p in found] == [Kind.minimum, Kind.maximum, Kind.saddle] * 2
    assert len(found) == 2
    assert "2 (2 proven)" in str(found)
    one_each = np.array([[0.1, 2, 0.1]] * 2)
    for error in (one_each, one_each[..., None, None], one_each[..., None, None] * np.ones((2, 2))):
        assert (stack(h, error=error).certain == [True, False, True]).all()
    assert found.message.shape == (2, 3)
    with pytest.raises(IndexError):
        found[0]
    transposed = np.asfortranarray(h.swapaxes(0, 1)).swapaxes(0, 1)
    assert (stack(transposed).inertia == found.inertia).all()


# ---- bad input


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"need": "all"}, ValueError, "need: .*'kind', 'inertia', 'spectrum', got 'all'"),
        ({"gtol": -1}, ValueError, "gtol: .* got -1"),
        ({"gtol": np.nan}, ValueError, "gtol: .* got nan"),
        ({"gtol": "small"}, TypeError, "gtol: .* got 'small'"),
    ],
)
def test_bad_options(options, error, message):
    with pytest.raises(error, match=message):
        verdict(model(np.eye(2)), **options)
    with pytest.raises(error, match=message):  # before the function is ever called
        classify(lambda _: pytest.fail("called"), [0.0], **options)


@pytest.mark.parametrize("n", [2, 5, 40])
def test_the_kind_of_most_points_takes_few_values(n):
    count = 0

    def saddle(x):
        nonlocal count
        count += 1
        return x[0] ** 2 - x[1] ** 2 + np.cos(x[2:]).sum() + 0.1 * x[0] * x[-1] ** 2

    point = hs.classify(saddle, np.zeros(n), need="kind")
    assert (point.kind, point.certain) == (Kind.saddle, True)
    assert point.nfev == count == 12 * n + 1
    moving = hs.classify(saddle, np.ones(n), need="kind")
    assert (moving.kind, moving.certain, moving.nfev) == (Kind.not_critical, True, 12 * n + 1)
    assert "not every entry of H was measured" in str(moving)


def test_values_of_a_first_look_count_when_it_is_not_enough():
    count = 0

    def minimum(x):
        nonlocal count
        count += 1
        return x @ x

    point = hs.classify(minimum, np.zeros(3), need="kind")
    assert (point.kind, point.certain) == (Kind.minimum, True)
    assert point.nfev == count > 12 * 3 + 1
