"""A function of a point with its derivatives, as SciPy would call it."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from . import _core, _validate
from ._compiled import gradient_of, is_compiled, value_of
from ._keywords import strict
from ._validate import Array

Calls = Callable[[str, tuple[Array, ...]], list[Any]]

if TYPE_CHECKING:
    from scipy import LowLevelCallable

FLOATS = frozenset({float, np.float64})


@strict
@dataclass(frozen=True)
class Objective:
    """A function with what is known of it, accepted wherever a plain callable is.

    Parameters
    ----------
    fun : callable or scipy.LowLevelCallable
        ``fun(x, *args) -> float`` with x of shape (n,). Exceptions that it raises reach the caller unchanged.
    jac : callable or scipy.LowLevelCallable, optional
        The gradient, ``jac(x, *args) -> (n,)``.
    hess : callable, optional
        The Hessian, ``hess(x, *args) -> (n, n)``.
    hessp : callable, optional
        Its product with a vector, ``hessp(x, p, *args) -> (n,)``. Arrays of float32, from this or from `hess`, are
        taken to be rounded to it, as the values then are too.
    args : tuple
        Further arguments of all of them.
    vectorized : bool
        `fun` takes many points at once, ``(n, m) -> (m,)``, and `jac` too, ``(n, m) -> (n, m)``. Arrays are handed
        out read-only.
    batch_axis : {-1, 0}
        Which axis of a vectorized function's array counts the points: 0 is for ``(m, n) -> (m,)``.
    noise : float, optional
        Standard deviation of the values of `fun`, in its units. Estimated from the values when not given.

    Raises
    ------
    TypeError, ValueError
        When an argument is of the wrong kind; the message names it.

    Notes
    -----
    A `scipy.LowLevelCallable` (of a function in C by ctypes or cffi, of Cython, or of a numba ``cfunc``) is called
    by the core without the GIL, so that threads share the work. Its signature is ``double (int n, double *x,
    void *data)`` or ``double (int n, double *x)``, as for `scipy.integrate.nquad`; that of a gradient is ``void (int
    n, double *x, double *grad, void *data)``. It is to leave x as it is, and says by NaN that it has no value; data
    comes from the callable's ``user_data`` instead of `args`. It has an address in one process only, so that such an
    Objective cannot be pickled.

    Examples
    --------
    >>> import numpy as np
    >>> from hesscape import Objective, hessian
    >>> rosenbrock = Objective(
    ...     lambda x, a: (1 - x[0]) ** 2 + a * (x[1] - x[0] ** 2) ** 2, args=(100,), vectorized=True
    ... )
    >>> np.round(hessian(rosenbrock, [1, 1]), 9)
    array([[ 802., -400.],
           [-400.,  200.]])

    The cosine of the C library, made a function of a point:

    >>> import ctypes
    >>> from scipy import LowLevelCallable
    >>> signature = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_int, ctypes.POINTER(ctypes.c_double))
    >>> cosine = signature(lambda n, x: np.cos(x[0]))
    >>> hessian(Objective(LowLevelCallable(cosine)), [0.0]).round(9)
    array([[-1.]])
    """

    fun: Callable[..., Any] | LowLevelCallable
    jac: Callable[..., Any] | LowLevelCallable | None = None
    hess: Callable[..., Any] | None = None
    hessp: Callable[..., Any] | None = None
    args: Any = ()
    vectorized: bool = False
    batch_axis: int = -1
    noise: float | None = None

    _value: ClassVar[_core.CompiledFunction | None] = None
    _gradient: ClassVar[_core.CompiledGradient | None] = None
    _calls: ClassVar[Any] = None  # Calls or None, which type checkers take for a method

    def __post_init__(self) -> None:
        if not (callable(self.fun) or is_compiled(self.fun)):
            raise TypeError(f"fun must be callable, fun(x, *args) -> float, got {self.fun!r}")
        for name in ("jac", "hess", "hessp"):
            given = getattr(self, name)
            if not (given is None or callable(given) or (name == "jac" and is_compiled(given))):
                raise TypeError(f"{name} must be callable or None, got {given!r}")
        if not isinstance(self.args, tuple):
            object.__setattr__(self, "args", (self.args,))  # as SciPy does
        if not isinstance(self.vectorized, (bool, np.bool_)):
            raise TypeError(f"vectorized must be True or False, got {self.vectorized!r}")
        self._look_up_compiled()
        if self.batch_axis not in (-1, 0):
            raise ValueError(f"batch_axis must be -1 or 0, got {self.batch_axis!r}")
        if self.noise is not None:
            object.__setattr__(self, "noise", _validate.positive("noise", self.noise, zero=True))

    def _look_up_compiled(self) -> None:
        """Check the signatures of compiled functions, and keep what calls them."""
        if is_compiled(self.fun):
            if self.vectorized:
                raise ValueError(
                    "vectorized must be False where fun is a LowLevelCallable, which takes one point"
                )
            object.__setattr__(self, "_value", value_of(self.fun))
        if is_compiled(self.jac):
            object.__setattr__(self, "_gradient", gradient_of(self.jac))
        if self.args and self.compiled:
            raise ValueError(
                f"args must be empty where {self.compiled} is a LowLevelCallable, which takes its "
                "user_data instead"
            )

    @property
    def compiled(self) -> str:
        """Which functions are compiled: "fun", "jac", "fun and jac", or none of them."""
        return " and ".join(name for name in ("fun", "jac") if is_compiled(getattr(self, name)))

    def __getstate__(self) -> dict[str, Any]:
        if self.compiled:
            raise TypeError(
                f"{self.compiled} cannot be pickled: a LowLevelCallable is an address in this process. Use threads, "
                "which compiled functions keep busy, or a Python function that loads it where it runs"
            )
        return self.__dict__

    @classmethod
    def of(cls, fun: Callable[..., Any] | Objective, keywords: dict[str, Any]) -> Objective:
        """Give `fun` as an Objective, with the keywords that came beside it."""
        if isinstance(fun, Objective):
            return replace(fun, **keywords) if keywords else fun
        return cls(fun, **keywords)

    def through(self, calls: Calls) -> Objective:
        """Give the same functions, called one point at a time by `calls`, which gets what `each` does."""
        f = replace(self)
        object.__setattr__(f, "_calls", calls)
        return f

    @property
    def one_by_one(self) -> bool:
        """Whether each call is worth so much that blocks of points need no bound."""
        return self._calls is not None

    @property
    def by_point(self) -> bool:
        """Whether blocks of points are rows, (m, n), rather than columns, (n, m)."""
        return not self.vectorized or self.batch_axis == 0 or self.one_by_one

    def each(self, name: str, *points: Array) -> list[Any]:
        """Call a function (not vectorized) at each point, a row of an array; `hessp` takes rows of two.

        Every result is the caller's, even where the function returns the same array each time.
        """
        if self._calls is not None:
            results: list[Any] = self._calls(name, points)
            return results
        function, args = getattr(self, name), self.args
        rows = [list(array.copy()) for array in points]  # the user's own, to write to
        if name != "fun":
            what = f"{name} must return"
            return [
                _validate.as_array(what, function(*row, *args)).copy()
                for row in zip(*rows, strict=True)
            ]
        # These loops are the cost of cheap functions.
        if args:
            return [r if type(r := function(x, *args)) in FLOATS else _own(r) for x in rows[0]]
        return [r if type(r := function(x)) in FLOATS else _own(r) for x in rows[0]]

    def values(self, points: Array) -> Array:
        """Evaluate a block of points, of shape (m, n) when `by_point`, else (n, m)."""
        if self._value is not None and not self.one_by_one:
            return self._value(points)
        if not self.vectorized or self.one_by_one:
            return _scalars(self.each("fun", points))
        count = points.shape[0 if self.by_point else 1]
        values = _validate.as_array("fun must return", self.fun(points, *self.args))
        if values.shape != (count,):
            raise ValueError(
                f"fun with vectorized=True and batch_axis={self.batch_axis} must return shape ({count},) "
                f"for points of shape {points.shape}, got shape {values.shape}"
            )
        return _real("fun", values)

    def value(self, x: Array) -> float:
        """Evaluate one point."""
        block = x[None] if self.by_point else x[:, None]
        block.flags.writeable = False
        return float(self.values(block)[0])

    def gradients(self, points: Array) -> Array:
        """Evaluate `jac` at points that are rows, (m, n); gradients are rows too."""
        assert self.jac is not None
        if self._gradient is not None and not self.one_by_one:
            return self._gradient(points)
        if not self.vectorized or self.one_by_one:
            n = points.shape[1]
            return np.array([self.vector("jac", g, n) for g in self.each("jac", points)])
        block = points if self.by_point else points.T
        gradients = _validate.as_array("jac must return", self.jac(block, *self.args))
        if gradients.shape != block.shape:
            raise ValueError(
                f"jac with vectorized=True must return shape {block.shape}, as the points have, "
                f"got shape {gradients.shape}"
            )
        return _real("jac", gradients if self.by_point else gradients.T)

    def curvature(self, x: Array) -> tuple[Array, float]:
        """Evaluate the Hessian from `hess`, or column by column from `hessp`; and give the epsilon of its dtype."""
        n = x.size
        if self.hess is None:
            products = self.each("hessp", np.tile(x, (n, 1)), np.eye(n))
            columns = np.array([self.vector("hessp", column, n) for column in products])
            return columns, max(map(epsilon_of, products))
        (h,) = self.each("hess", x[None])
        return self.checked("hess", h, (n, n)).astype(np.float64, copy=False), epsilon_of(h)

    @staticmethod
    def vector(name: str, result: Any, n: int) -> Array:
        """Check what a derivative returned."""
        array = Objective.checked(name, result, (n,))
        return array.astype(np.float64, copy=False)

    @staticmethod
    def checked(name: str, result: Any, shape: tuple[int, ...]) -> NDArray[Any]:
        """Check what a derivative returned, and leave it in its own precision."""
        array = _validate.as_array(f"{name} must return", result)
        if array.shape != shape:
            raise ValueError(f"{name} must return shape {shape}, got shape {array.shape}")
        _must_be_real(name, array)
        return array


def epsilon_of(result: Any) -> float:
    """Tell how results were rounded: by the dtype that they came in, if it is coarser than float64."""
    dtype = getattr(result, "dtype", np.dtype(np.float64))
    kind = dtype if isinstance(dtype, np.dtype) and dtype.kind == "f" else np.dtype(np.float64)
    return float(max(np.finfo(kind).eps, np.finfo(np.float64).eps))


def _must_be_real(name: str, values: NDArray[Any]) -> None:
    if values.dtype.kind not in "biuf":
        raise TypeError(f"{name} must return real numbers, got dtype {values.dtype}")


def _real(name: str, values: NDArray[Any]) -> Array:
    _must_be_real(name, values)
    return values.astype(np.float64, copy=False)


def _own(result: Any) -> Any:
    return result.copy() if isinstance(result, np.ndarray) else result


def _scalars(results: list[Any]) -> Array:
    try:
        values = np.array(results)
    except ValueError:  # ragged
        values = np.empty(0)
    if (
        values.size == len(results) and values.dtype.kind in "biuf"
    ):  # arrays of one element too, as SciPy takes them
        return values.reshape(-1).astype(np.float64, copy=False)
    return np.array([_scalar(result) for result in results])


def _scalar(result: Any) -> float:
    try:
        array = np.asarray(result)
    except ValueError:  # ragged
        array = np.empty(0, dtype=object)
    if array.size == 1 and (array.dtype.kind in "biuf" or isinstance(result, numbers.Real)):
        try:
            return float(array.item())
        except OverflowError:
            raise ValueError(
                "fun must return real numbers that fit into float64, got a larger integer"
            ) from None
    what = f"an array of shape {array.shape}" if array.ndim and array.size else repr(result)
    raise TypeError(f"fun must return a real number, got {what}; is vectorized=True meant?")
