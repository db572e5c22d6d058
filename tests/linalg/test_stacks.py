"""How `linalg` is called: views, types, `out`, `workers`, and input that is refused by name."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from hesscape import linalg
from hesscape.linalg import definiteness, eigh, eigvalsh, inertia, is_positive_definite
from hesscape.linalg.workers import CHUNK, LANES, slices, stack_of

FUNCTIONS = [eigvalsh, eigh, inertia, definiteness, is_positive_definite]


def symmetric(a):
    lower = np.tril(a)
    return lower + np.tril(lower, -1).swapaxes(-1, -2)


def results(a, **options):
    """All that the module says about a stack, as arrays."""
    values, vectors = eigh(a, **options)
    signs = [inertia(a, **options), definiteness(a, **options), is_positive_definite(a, **options)]
    return [values, vectors, eigvalsh(a, **options), *map(np.asarray, signs)]


def assert_same(found, expected):
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype
        assert np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


def normal(*shape, seed=1):
    return symmetric(np.random.default_rng(seed).standard_normal(shape))


@pytest.mark.parametrize("n", [1, 2, 3, 5, 12, 40])
def test_views(n):
    """Any strides, also zero, negative and odd ones, give the bits of a contiguous stack."""
    count = 40
    a = normal(count, n, n)
    expected = results(a)
    large = np.full((2 * count, n + 2, 2 * n + 1), np.nan)
    large[::2, 1:-1, 1::2] = a
    records = np.zeros(count, dtype=[("name", "S3"), ("h", np.float64, (n, n))])
    records["h"] = a
    backwards = np.ascontiguousarray(a[::-1, ::-1, ::-1])
    for view in (
        large[::2, 1:-1, 1::2],
        np.asfortranarray(a),
        a.transpose(0, 2, 1),
        np.ascontiguousarray(a.transpose(1, 2, 0)).transpose(2, 0, 1),
        backwards[::-1, ::-1, ::-1],
        records["h"],
        a.astype(">f8"),
    ):
        assert np.array_equal(view, a)
        assert_same(results(view), expected)
    frozen = a.copy()
    frozen.flags.writeable = False
    assert_same(results(frozen), expected)
    assert np.array_equal(frozen, a)
    same = np.broadcast_to(a[3], (count, n, n))
    assert_same(results(same), [part[[3] * count] for part in expected])


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 9, 33, 50])
@pytest.mark.parametrize("count", [1, 40])
def test_only_one_triangle_is_read(n, count):
    a = normal(count, n, n)
    expected = results(a)
    rows, columns = np.triu_indices(n, 1)
    lower, upper = a.copy(), a.copy()
    lower[:, rows, columns] = np.nan
    upper[:, columns, rows] = np.nan
    assert_same(results(lower), expected)
    assert_same(results(lower, UPLO="l"), expected)
    for view in (upper, upper.astype(np.longdouble)):
        values, vectors, only, *signs = results(view, UPLO="U")
        assert np.allclose(values, expected[0], rtol=0, atol=1e-12)
        assert np.allclose(only, expected[2], rtol=0, atol=1e-12)
        assert np.allclose(a @ vectors, vectors * values[:, None, :], rtol=0, atol=1e-12)
        assert_same(signs, expected[3:])
    error = np.full((n, n), 1e-3)
    assert np.array_equal(inertia(lower, error=error), inertia(upper, UPLO="U", error=error))


@pytest.mark.parametrize("dtype", [np.float16, np.int8, np.uint16, np.int64, bool, np.longdouble])
def test_other_types_are_converted(dtype):
    a = np.array([np.eye(3), np.ones((3, 3)), np.diag([1, 0, 1])] * 5).astype(dtype)
    assert_same(results(a), results(a.astype(float)))


def test_float32():
    a = normal(50, 4, 4).astype(np.float32)
    values, vectors = eigh(a)
    assert values.dtype == vectors.dtype == eigvalsh(a).dtype == np.float32
    wide = eigh(a.astype(float))
    assert np.array_equal(values, wide.eigenvalues.astype(np.float32))
    assert np.array_equal(vectors, wide.eigenvectors.astype(np.float32))
    assert np.array_equal(inertia(a), inertia(a.astype(float)))


@pytest.mark.parametrize("shape", [(0,), (3, 0), (2, 3), (5,), (), (1, 1, 2), (40,)])
@pytest.mark.parametrize("n", [0, 1, 2, 3, 9])
def test_leading_dimensions(shape, n):
    a = normal(*shape, n, n)
    values, vectors = eigh(a)
    assert values.shape == (*shape, n)
    assert vectors.shape == (*shape, n, n)
    assert eigvalsh(a).shape == (*shape, n)
    assert inertia(a).shape == (*shape, 3)
    assert inertia(a).dtype == np.int64
    assert (inertia(a).sum(axis=-1) == n).all()
    assert np.shape(definiteness(a)) == shape
    assert is_positive_definite(a).shape == shape
    assert is_positive_definite(a).dtype == bool
    count = int(np.prod(shape))
    flat = a.reshape(count, n, n)
    assert np.array_equal(inertia(a).reshape(count, 3), inertia(flat))
    assert np.array_equal(values.reshape(count, n), eigh(flat).eigenvalues)


def test_lists_are_arrays():
    assert eigvalsh([[2, 1], [1, 2]]).tolist() == pytest.approx([1, 3], abs=1e-15)
    assert inertia([[[2, 1], [1, 2]]]).tolist() == [[0, 0, 2]]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("n", [1, 2, 3, 4, 6, 12, 33, 48])
@pytest.mark.parametrize("count", [2, 70])
def test_what_is_not_finite_stays_alone(n, count, value):
    a = normal(count, n, n)
    spoilt = a.copy()
    spoilt[1, n - 1, n // 2] = value
    values, vectors = eigh(spoilt)
    only = eigvalsh(spoilt)
    assert np.isnan(values[1]).all()
    assert np.isnan(vectors[1]).all()
    assert np.isnan(only[1]).all()
    good = np.arange(count) != 1
    truth = eigh(a)
    assert np.array_equal(values[good], truth.eigenvalues[good])
    assert np.array_equal(vectors[good], truth.eigenvectors[good])
    assert np.array_equal(only[good], eigvalsh(a)[good])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [2, 5, 40])
def test_out(n, dtype):
    a = normal(6, 4, n, n).astype(dtype)
    truth = eigh(a)
    values, vectors = np.full((6, 4, n), np.nan, dtype), np.full((6, 4, n, n), np.nan, dtype)
    found = eigh(a, out=(values, vectors))
    assert found.eigenvalues is values
    assert found.eigenvectors is vectors
    assert_same(found, truth)
    values.fill(np.nan)
    assert eigvalsh(a, out=values) is values
    assert np.array_equal(values, eigvalsh(a))
    counts = np.full((6, 4, 3), -1)
    assert inertia(a, out=counts) is counts
    assert np.array_equal(counts, inertia(a))


def frozen(*shape):
    array = np.zeros(shape)
    array.flags.writeable = False
    return array


A = np.tile(np.eye(2), (4, 1, 1))
WRONG_OUT = [
    (np.zeros((4, 3)), ValueError, r"out: .* shape \(4, 2\), got shape \(4, 3\)"),
    (np.zeros((4, 2), np.float32), TypeError, "out: expected an array of float64, got float32"),
    (np.zeros((2, 4)).T, ValueError, "out: .* contiguous .* strided"),
    (frozen(4, 2), ValueError, "out: .* writeable"),
    ([[0.0, 0.0]] * 4, TypeError, "out: .* got list"),
]


@pytest.mark.parametrize(("out", "error", "message"), WRONG_OUT)
def test_wrong_out(out, error, message):
    with pytest.raises(error, match=message):
        eigvalsh(A, out=out)
    with pytest.raises(error, match=message.replace("out:", r"out\[0\]:")):
        eigh(A, out=(out, np.zeros((4, 2, 2))))


@pytest.mark.parametrize(
    ("function", "out", "error", "message"),
    [
        (eigh, np.zeros((4, 2)), TypeError, "out: expected a tuple of two arrays, got ndarray"),
        (eigh, (np.zeros((4, 2)),), TypeError, "out: expected a tuple of two arrays"),
        (eigh, (np.zeros((4, 2)), np.zeros((4, 2))), ValueError, r"out\[1\]: .* \(4, 2, 2\)"),
        (inertia, np.zeros((4, 3)), TypeError, "out: expected an array of int64, got float64"),
        (inertia, np.zeros((4, 2), np.int64), ValueError, r"out: .* \(4, 3\), got shape \(4, 2\)"),
    ],
)
def test_wrong_out_of_other_functions(function, out, error, message):
    with pytest.raises(error, match=message):
        function(A, out=out)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"a": 1.0}, ValueError, r"a: expected square matrices \(..., n, n\), got shape \(\)"),
        ({"a": [[1, 2]]}, ValueError, r"a: .* got shape \(1, 2\)"),
        ({"a": [[1, 2], [3]]}, ValueError, "a: .* unequal length"),
        ({"a": [[1j]]}, TypeError, "a: .* dtype complex128"),
        ({"a": [[None]]}, TypeError, "a: .* dtype object"),
        ({"a": [["1"]]}, TypeError, "a: .* dtype <U1"),
        ({"UPLO": "X"}, ValueError, "UPLO: expected 'L' or 'U', got 'X'"),
        ({"UPLO": 1}, ValueError, "UPLO: .* got 1"),
        ({"workers": 0}, ValueError, "workers: expected at least 1, or -1 .* got 0"),
        ({"workers": -2}, ValueError, "workers: .* got -2"),
        ({"workers": "x"}, TypeError, "workers: expected an integer or a map.* got 'x'"),
        ({"workers": True}, TypeError, "workers: .* got True"),
        ({"workers": 1.0}, TypeError, "workers: .* got 1.0"),
    ],
)
def test_bad_input(function, options, error, message):
    with pytest.raises(error, match=message):
        function(**({"a": A} | options))


@pytest.mark.parametrize("function", [inertia, definiteness, is_positive_definite])
@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (-1, ValueError, "error: .* got -1"),
        (np.nan, ValueError, "error: .* got nan"),
        ([1.0, 2.0, 3.0], ValueError, r"error: .* got shape \(3,\)"),
        (np.zeros((4, 2, 3)), ValueError, r"error: .* got shape \(4, 2, 3\)"),
        (1j, TypeError, "error: .* complex128"),
        ("a", TypeError, "error: .* <U1"),
        ([[1], [2, 3]], ValueError, "error: .* unequal length"),
    ],
)
def test_bad_errors(function, bad, error, message):
    with pytest.raises(error, match=message):
        function(A, error=bad)


@pytest.mark.parametrize(
    ("bad", "error"), [(-1.0, ValueError), (np.nan, ValueError), ("a", TypeError), ([1], TypeError)]
)
def test_bad_zero_tol(bad, error):
    with pytest.raises(error, match="zero_tol: expected a number >= 0, got"):
        inertia(A, zero_tol=bad)


def test_forms_of_errors():
    a = np.tile(np.diag([1.0, -0.1, 3.0]), (4, 5, 1, 1))
    assert (inertia(a, error=0.01) == [1, 0, 2]).all()
    assert (inertia(a, error=0.2)[..., 1] >= 1).all()
    one_a_matrix = np.where(np.arange(20) % 2, 0.0, 0.2).reshape(4, 5)
    found = inertia(a, error=one_a_matrix)
    assert np.array_equal(definiteness(a, error=one_a_matrix), np.where(one_a_matrix > 0, 0, 2))
    flat = is_positive_definite(np.abs(a[0]), error=one_a_matrix[0])
    assert np.array_equal(flat, one_a_matrix[0] == 0)
    assert (found[one_a_matrix == 0] == [1, 0, 2]).all()
    assert (found[one_a_matrix > 0][:, 0] == 0).all()
    shared = np.diag([0.0, 0.2, 0.0])
    assert (inertia(a, error=shared) == [0, 1, 2]).all()
    entries = one_a_matrix[..., None, None] * np.eye(3)
    assert np.array_equal(inertia(a, error=entries)[..., 0], found[..., 0])
    one_sided = np.zeros((3, 3))
    one_sided[0, 1] = 9.0
    assert np.array_equal(inertia(a, error=one_sided), inertia(a, error=one_sided.T))


@pytest.mark.parametrize("n", [1, 2, 3, 8, 33, 70])
def test_workers_change_nothing(n):
    count = 40 if n > 32 else 3000
    a = normal(count, n, n)
    a[7] = np.nan
    a[11] = 1.0
    error = np.abs(a) * 1e-9
    error[7] = 0
    expected = results(a)
    signs = inertia(a, error=error)
    with ThreadPoolExecutor(3) as pool:
        several: list[Any] = [2, 3, -1, np.int64(2), pool.map, map]
        for workers in several:
            assert_same(results(a, workers=workers), expected)
            assert np.array_equal(inertia(a, error=error, workers=workers), signs)


@pytest.mark.parametrize(
    ("count", "n"), [(0, 3), (1, 3), (15, 64), (300, 64), (100_000, 16), (7, 2000)]
)
@pytest.mark.parametrize("threads", [1, 2, 3, 64])
@pytest.mark.parametrize("unit", [1, LANES])
def test_slices_make_up_the_stack_evenly(count, n, threads, unit):
    stack = stack_of(np.broadcast_to(0.0, (count, n, n)))
    parts = slices(stack, threads, unit)
    assert [i for part in parts for i in range(count)[part]] == list(range(count))
    units = [-(-len(range(count)[part]) // unit) for part in parts]
    assert max(units, default=0) <= min(units, default=0) + 1
    assert all(part.start % unit == 0 for part in parts)
    assert all(size == 1 or size * unit * n**2 <= CHUNK for size in units)
    if threads > 1:
        assert len(parts) >= min(sum(units), 4 * threads)


def test_an_exception_of_workers_reaches_the_caller():
    def broken(kernel, parts):
        raise RuntimeError("no threads today")

    with pytest.raises(RuntimeError, match="no threads today"):
        eigvalsh(A, workers=broken)


def test_many_threads_at_once():
    stacks = [normal(500, n, n) for n in (2, 3, 6, 12)]
    expected = [results(a) for a in stacks]
    failures = []
    start = threading.Barrier(6)

    def work():
        start.wait()
        for _ in range(3):
            for a, truth in zip(stacks, expected, strict=True):
                try:
                    assert_same(results(a), truth)
                except AssertionError as error:
                    failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_names():
    assert set(linalg.__all__) <= set(dir(linalg))
    assert eigh(np.eye(2))._fields == ("eigenvalues", "eigenvectors")
    assert linalg.DEFINITENESS == {1: "positive", -1: "negative", 2: "indefinite", 0: "undecided"}
