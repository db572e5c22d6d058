"""What cannot be measured is refused by name: never a crash, a hang or a silent NaN."""

from typing import Any

import numpy as np
import pytest

import hesscape as hs

Refusal = type[Exception] | tuple[type[Exception], ...]


def f(x):
    return x @ x


def returning(result):
    return lambda *_: result


class Opaque:
    def __repr__(self):
        return "opaque"


VECTORIZED = {"vectorized": True}
FIRST = {"vectorized": True, "batch_axis": 0}
X3 = [1.0, 2.0, 3.0]

POINTS: list[tuple[Any, Refusal, str]] = [
    ([], ValueError, r"x must have shape \(n,\) with n >= 1, got shape \(0,\)"),
    (np.empty((2, 0)), ValueError, r"x must have shape \(n,\) .* got shape \(2, 0\)"),
    ([[1, 2]], ValueError, r"x must have shape \(n,\) .* got shape \(1, 2\)"),
    ([1, np.nan], ValueError, r"x must be finite, got x\[1\] = nan"),
    ([-np.inf, 1], ValueError, r"x must be finite, got x\[0\] = -inf"),
    (np.nan, ValueError, "x must be finite, got x = nan"),
    ([1 + 0j, 2], TypeError, "x must be an array of real numbers, got dtype complex128"),
    ([None, 1], TypeError, "x must be an array of real numbers, got dtype object"),
    ([Opaque()], TypeError, "x must be an array of real numbers, got dtype object"),
    (["1", "2"], TypeError, "x must be an array of real numbers, got dtype <U1"),
    ("12", TypeError, "x must be an array of real numbers, got dtype <U2"),
    ([[1], [1, 2]], ValueError, "x must be an array of numbers, got a ragged sequence"),
    ({"x": 1}, TypeError, "x must be an array of real numbers, got dtype object"),
    ({1.0, 2.0}, TypeError, "x must be an array of real numbers, got dtype object"),
    (np.array(["2020-01-01"], dtype="M8[D]"), TypeError, "x must be .* datetime64"),
    ([10**400], (TypeError, ValueError), "x must be"),
    (np.array([np.longdouble("1e4000")]), ValueError, r"x must be finite, got x\[0\]"),
    (None, TypeError, "x must be an array of real numbers, got dtype object"),
]


@pytest.mark.parametrize(("x", "error", "message"), POINTS)
def test_points(x, error, message):
    for measure in (
        lambda: hs.taylor(f, x),
        lambda: hs.gradient(f, x),
        lambda: hs.hessian(f, x),
        lambda: hs.taylor(f, x, jac=lambda y: 2 * y),
        lambda: hs.taylor(f, x, hess=lambda y: np.eye(2)),
        lambda: hs.Measurement(x),
    ):
        with pytest.raises(error, match=message):
            measure()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"levels": 0}, ValueError, "levels must be an integer from 2 to .*, got 0"),
        ({"levels": 1}, ValueError, "levels must be an integer from 2 to .*, got 1"),
        ({"levels": -3}, ValueError, "levels must be an integer from 2 to .*, got -3"),
        ({"levels": 99}, ValueError, "levels must be an integer from 2 to .*, got 99"),
        ({"levels": 2.5}, TypeError, "levels must be an integer .*, got 2.5"),
        ({"levels": True}, TypeError, "levels must be an integer .*, got True"),
        ({"levels": "3"}, TypeError, "levels must be an integer .*, got '3'"),
        ({"step": 0}, ValueError, r"step must be positive, a number or of shape \(3,\), got 0"),
        ({"step": -1.0}, ValueError, "step must be positive, .* got -1.0"),
        ({"step": [1, 0, 1]}, ValueError, r"step must be positive, .* got \[1, 0, 1\]"),
        ({"step": np.nan}, ValueError, "step must be finite, got step = nan"),
        ({"step": [1, 1, np.inf]}, ValueError, r"step must be finite, got step\[2\] = inf"),
        ({"step": [1, 1]}, ValueError, r"step must be .* of shape \(3,\)"),
        ({"step": np.ones((3, 1))}, ValueError, r"step must be .* of shape \(3,\)"),
        ({"step": "small"}, TypeError, "step must be an array of real numbers"),
        ({"step": 1j}, TypeError, "step must be an array of real numbers"),
        ({"noise": -1e-3}, ValueError, "noise must be a finite number >= 0, got -0.001"),
        ({"noise": np.nan}, ValueError, "noise must be a finite number >= 0, got nan"),
        ({"noise": np.inf}, ValueError, "noise must be a finite number >= 0, got inf"),
        ({"noise": "low"}, TypeError, "noise must be a number >= 0, got 'low'"),
        ({"noise": True}, TypeError, "noise must be a number >= 0, got True"),
        ({"noise": 1j}, TypeError, "noise must be a number >= 0, got 1j"),
        ({"noise": [1e-3]}, TypeError, r"noise must be a number >= 0, got \[0.001\]"),
        ({"nois": 1}, TypeError, "unexpected keyword 'nois'"),
    ],
)
def test_options(arguments, error, message):
    with pytest.raises(error, match=message):
        hs.taylor(f, X3, **arguments)
    with pytest.raises(error, match=message):
        hs.hessian(f, X3, **arguments)
    with pytest.raises(error, match=message):
        hs.Measurement(X3, **arguments)
    if "levels" not in arguments:
        with pytest.raises(error, match=message):
            hs.gradient(f, X3, **arguments)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"fun": None}, TypeError, r"fun must be callable, fun\(x, \*args\) -> float, got None"),
        ({"fun": 3.0}, TypeError, "fun must be callable, .* got 3.0"),
        ({"fun": "f"}, TypeError, "fun must be callable, .* got 'f'"),
        ({"jac": True}, TypeError, "jac must be callable or None, got True"),
        ({"jac": "2-point"}, TypeError, "jac must be callable or None, got '2-point'"),
        ({"hess": np.eye(3)}, TypeError, "hess must be callable or None"),
        ({"hessp": 1}, TypeError, "hessp must be callable or None, got 1"),
        ({"vectorized": 1}, TypeError, "vectorized must be True or False, got 1"),
        ({"vectorized": "yes"}, TypeError, "vectorized must be True or False, got 'yes'"),
        ({"batch_axis": 1}, ValueError, "batch_axis must be -1 or 0, got 1"),
        ({"batch_axis": None}, ValueError, "batch_axis must be -1 or 0, got None"),
        ({"batch_axis": "first"}, ValueError, "batch_axis must be -1 or 0, got 'first'"),
        ({"batch_axis": [0]}, ValueError, r"batch_axis must be -1 or 0, got \[0\]"),
        ({"noise": -1}, ValueError, "noise must be a finite number >= 0, got -1"),
        ({"gradient": f}, TypeError, "unexpected keyword 'gradient'"),
    ],
)
def test_objectives(arguments, error, message):
    with pytest.raises(error, match=message):
        hs.Objective(**({"fun": f} | arguments))
    fun = arguments.get("fun", f)
    rest = {name: value for name, value in arguments.items() if name != "fun"}
    with pytest.raises(error, match=message):
        hs.taylor(fun, X3, **rest)
    if rest:
        with pytest.raises(error, match=message):
            hs.gradient(hs.Objective(f), X3, **rest)


RESULTS: list[tuple[Any, dict[str, Any], Refusal, str]] = [
    (returning(None), {}, TypeError, "fun must return a real number, got None"),
    (returning(1j), {}, TypeError, "fun must return a real number, got 1j"),
    (returning(np.complex128(1)), {}, TypeError, "fun must return a real number, got"),
    (returning("1.0"), {}, TypeError, "fun must return a real number, got '1.0'"),
    (returning({"f": 1.0}), {}, TypeError, r"fun must return a real number, got \{'f': 1.0\}"),
    (returning([]), {}, TypeError, r"fun must return a real number, got \[\]"),
    (returning([1.0, 2.0]), {}, TypeError, r"got an array of shape \(2,\); is vectorized=True"),
    (returning(np.ones(3)), {}, TypeError, r"got an array of shape \(3,\)"),
    (returning(np.ones((1, 3))), {}, TypeError, r"got an array of shape \(1, 3\)"),
    (returning([[1.0], [1.0, 2.0]]), {}, TypeError, "fun must return a real number, got"),
    (returning(Opaque()), {}, TypeError, "fun must return a real number, got opaque"),
    (returning(np.datetime64("2020-01-01")), {}, TypeError, "fun must return a real number, got"),
    (returning(10**400), {}, (TypeError, ValueError), "fun must return"),
    (returning(None), VECTORIZED, (TypeError, ValueError), "fun .*must return"),
    (
        returning(1.0),
        VECTORIZED,
        ValueError,
        r"fun with vectorized=True .* must return shape \(1,\)",
    ),
    (returning(np.ones(7)), VECTORIZED, ValueError, r"fun .* shape \(1,\) .*got shape \(7,\)"),
    (lambda x: x, VECTORIZED, ValueError, r"fun with .* got shape \(3, 1\)"),
    (lambda x: (x**2).sum(axis=1), VECTORIZED, ValueError, r"fun with .* got shape \(3,\)"),
    (
        lambda x: (x**2).sum(axis=0)[:, None],
        VECTORIZED,
        ValueError,
        r"fun with .* got shape \(1, 1\)",
    ),
    (
        lambda x: (x**2).sum(axis=0),
        FIRST,
        ValueError,
        r"batch_axis=0 .* points of shape \(1, 3\), got shape \(3,\)",
    ),
    (
        lambda x: (x**2).sum(axis=0) + 0j,
        VECTORIZED,
        TypeError,
        "fun must return real numbers, got dtype complex",
    ),
    (
        lambda x: np.full(x.shape[1], "a"),
        VECTORIZED,
        TypeError,
        "fun must return real numbers, got dtype <U1",
    ),
    (
        lambda x: np.full(x.shape[1], None),
        VECTORIZED,
        TypeError,
        "fun must return real numbers, got dtype object",
    ),
    (returning([[1.0], [1.0, 2.0]]), VECTORIZED, (TypeError, ValueError), "fun .*must return"),
    (returning({"f": 1}), VECTORIZED, (TypeError, ValueError), "fun .*must return"),
]


@pytest.mark.parametrize(("fun", "more", "error", "message"), RESULTS)
def test_what_functions_return(fun, more, error, message):
    for measure in (hs.taylor, hs.gradient):
        with pytest.raises(error, match=message):
            measure(fun, X3, **more)


def test_a_function_that_changes_its_mind():
    """The first value is a number, a later one is not."""
    for bad in (None, np.ones(2), 1j, "a", [1.0, [2.0]]):
        left = [5]

        def fun(x, bad=bad, left=left):
            left[0] -= 1
            return 1.0 if left[0] > 0 else bad

        with pytest.raises(TypeError, match="fun must return a real number"):
            hs.taylor(fun, X3)


DERIVATIVES: list[tuple[str, Any, Refusal, str]] = [
    ("jac", returning(None), (TypeError, ValueError), "jac must return"),
    ("jac", returning(1.0), ValueError, r"jac must return shape \(3,\), got shape \(\)"),
    ("jac", returning(np.ones(2)), ValueError, r"jac must return shape \(3,\), got shape \(2,\)"),
    (
        "jac",
        returning(np.ones((3, 1))),
        ValueError,
        r"jac must return shape \(3,\), got shape \(3, 1\)",
    ),
    (
        "jac",
        returning(np.ones(3) * 1j),
        TypeError,
        "jac must return real numbers, got dtype complex128",
    ),
    ("jac", returning(["a", "b", "c"]), TypeError, "jac must return real numbers, got dtype <U1"),
    ("jac", returning([None] * 3), TypeError, "jac must return real numbers, got dtype object"),
    ("jac", returning([1.0, [2.0], 3.0]), (TypeError, ValueError), "jac must return"),
    ("jac", returning(np.full(3, np.nan)), hs.NonFiniteError, "jac is not finite at or next to x"),
    ("hess", returning(None), (TypeError, ValueError), "hess must return"),
    (
        "hess",
        returning(np.ones(3)),
        ValueError,
        r"hess must return shape \(3, 3\), got shape \(3,\)",
    ),
    (
        "hess",
        returning(np.eye(2)),
        ValueError,
        r"hess must return shape \(3, 3\), got shape \(2, 2\)",
    ),
    ("hess", returning(np.ones((9, 1))), ValueError, r"hess must return shape \(3, 3\)"),
    (
        "hess",
        returning(np.eye(3) * 1j),
        TypeError,
        "hess must return real numbers, got dtype complex128",
    ),
    ("hess", returning([[1.0], [1.0, 2.0], []]), (TypeError, ValueError), "hess must return"),
    ("hess", returning(np.full((3, 3), np.inf)), hs.NonFiniteError, "hess is not finite at x"),
    (
        "hessp",
        returning(np.eye(3)),
        ValueError,
        r"hessp must return shape \(3,\), got shape \(3, 3\)",
    ),
    ("hessp", returning(None), (TypeError, ValueError), "hessp must return"),
    ("hessp", returning(np.full(3, np.nan)), hs.NonFiniteError, "hessp is not finite at x"),
]


@pytest.mark.parametrize(("name", "function", "error", "message"), DERIVATIVES)
def test_what_derivatives_return(name, function, error, message):
    with pytest.raises(error, match=message):
        hs.taylor(f, X3, **{name: function})
    if name == "jac":
        with pytest.raises(error, match=message):
            hs.gradient(f, X3, jac=function)
        with pytest.raises(error, match=message):
            hs.taylor(f, X3, jac=function, hess=lambda x: np.eye(3))


@pytest.mark.parametrize(
    ("jac", "more", "message"),
    [
        (
            lambda x: np.ones(3),
            VECTORIZED,
            r"jac with .* must return shape \(3, 1\), .* got shape \(3,\)",
        ),
        (lambda x: np.ones(x.shape[::-1]), VECTORIZED, r"jac with .* got shape \(1, 3\)"),
        (lambda x: np.ones(x.shape[::-1]), FIRST, r"jac with .* must return shape \(1, 3\)"),
        (returning(None), VECTORIZED, "jac .*must return"),
        (returning([[1.0], [1.0, 2.0]]), VECTORIZED, "jac .*must return"),
    ],
)
def test_what_vectorized_gradients_return(jac, more, message):
    with pytest.raises((TypeError, ValueError), match=message):
        hs.gradient(lambda x: (x**2).sum(axis=-1 - more.get("batch_axis", -1)), X3, jac=jac, **more)


def test_errors_of_calls_with_the_wrong_arguments_are_the_users():
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'a'"):
        hs.taylor(lambda x, a: a * x @ x, X3)
    with pytest.raises(TypeError, match="takes 1 positional argument but 2 were given"):
        hs.taylor(lambda x: x @ x, X3, args=(1.0,))
