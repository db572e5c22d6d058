"""Minimisation that ends at proven minima: a local solver, the verdict, and the way off what is none."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from . import _validate
from ._inertia import Array
from ._symmetric import not_negative, zero_mode_basis
from ._walk import MARGIN, ROUNDING, Probe, walk
from .critical import CriticalPoint, Kind, verdict
from .escape import Escape, escape
from .objective import Objective
from .status import NonFiniteError
from .taylor import TaylorModel, gradient, taylor

if TYPE_CHECKING:  # imported where it is used: it takes longer than all the rest
    from scipy.optimize import OptimizeResult

__all__ = ["minimize"]

# What is said of each outcome, and what would change it; the position is `status`.
SENTENCES = {
    "minimum": "a minimum, proven: the gradient vanishes within gtol and every {other}direction curves upwards",
    "unbounded": "the function seems to be unbounded below: its values fell all the way to the x given",
    "degenerate": "no minimum is proven, and no way down was found: {escape}",
    "gradient": "the gradient stays above gtol, and no step lowers the value by more than noise explains: the "
    "function may be noisy or not smooth there; raise gtol, or pass jac",
    "maxiter": "{nit} iterations were made: raise maxiter, or start from the x given",
    "rounds": "{rounds} escapes were made, and none led to a minimum: start elsewhere",
    "stopped": "the callback asked to stop",
    "lost": "no derivatives can be measured: {error}",
    "tail": "the gradient is below gtol and every {other}direction curves upwards, but no minimum is near: Newton steps "
    "shorten the gradient by little each, as on a tail that falls for ever; lower gtol, or start elsewhere",
}
MOST_ROUNDS = 100
POLISH = 8  # Newton steps at most, at the end of each round
QUICK = 0.1  # by which a Newton step shortens the gradient near a regular minimum
MOST_SHOULDERS = 3  # walks along steps that do not
BOTTOM = -1e100  # times the value at the start is taken for minus infinity
FAR = 1e12  # times the scale of the start is taken for infinity
WITH_HESSIAN = ("newton-cg", "dogleg", "trust-ncg", "trust-krylov", "trust-exact", "trust-constr")
WITHOUT_GRADIENT = ("nelder-mead", "powell", "cobyla", "cobyqa")


class _EndError(Exception):
    """Ends the local solver from within: the outcome is its argument."""


def minimize(
    fun: Callable[..., Any] | Objective,
    x0: ArrayLike,
    *,
    method: str | Callable[..., Any] = "trust-exact",
    gtol: float = 1e-5,
    zero_modes: int | ArrayLike = 0,
    maxiter: int | None = None,
    callback: Callable[..., Any] | None = None,
    options: dict[str, Any] | None = None,
    max_step: float | None = None,
    **objective: Any,
) -> OptimizeResult:
    """Minimise a function until a minimum is proven.

    A local solver of SciPy runs, the point where it ends is polished by Newton steps and classified, and if it is no
    minimum, `escape` leads on: no saddle is taken for the end.

    Parameters
    ----------
    fun : callable or Objective
        ``fun(x, *args) -> float``.
    x0 : array_like, shape (n,)
        Where to start.
    method : str or callable
        The local solver, as for `scipy.optimize.minimize`. It is given gradients and Hessians if it uses them:
        those of `objective`, and else measured.
    gtol : float
        Every entry of the gradient is at most this at the end, or within its own error.
    zero_modes : int or array_like, shape (n, k)
        Directions that are flat by a symmetry: see `classify_hessian`.
    maxiter : int, optional
        Iterations of the local solver in all its runs; ``200 n`` without it.
    callback : callable, optional
        Called after each iteration as by `scipy.optimize.minimize`; `StopIteration` stops.
    options : dict, optional
        Passed on to the local solver.
    max_step : float, optional
        The longest step of an escape.
    **objective
        Keywords of `Objective`.

    Returns
    -------
    OptimizeResult
        With ``x, fun, jac, hess, success, status, message, nit, nfev, njev, nhev``, and

        - ``point``: the `CriticalPoint` at x (None if none was reached);
        - ``path``: a list of every `Escape` on the way.

        ``success`` is True where a minimum is proven, and nowhere else; not on a tail such as that of ``exp(-x)``,
        which is flat within `gtol` and curves upwards everywhere.

    Raises
    ------
    TypeError, ValueError
        When an argument is not what it should be; the message names it.
    NonFiniteError
        When `fun` is not finite at x0.

    Notes
    -----
    Without `jac`, a Hessian with its gradient takes about ``2.5 n**2 + 60 n`` values, and a gradient ``30 n``. To
    a minimum of Rosenbrock's function of 10 variables from ``(-1.2, 1, -1.2, 1, ...)``, "trust-exact" takes 20 000
    values, "BFGS" 24 000 and "L-BFGS-B" 26 000; with `jac`, "BFGS" takes 900 values and 200 gradients, against
    8 000 and 1 300: the more variables, the more a method without Hessians saves. Where neither is at hand and
    values are dear, "Powell" takes 7 000.

    Examples
    --------
    >>> import hesscape as hs
    >>> result = hs.minimize(lambda w: (1 - w[0] * w[1]) ** 2 + (w[0] - w[1]) ** 2, [0, 0])
    >>> print(result.success, abs(result.x).round(6), len(result.path))
    True [1. 1.] 1
    """
    f = Objective.of(fun, objective)
    search = _Search(f, _validate.point(x0), gtol, zero_modes, max_step)
    count = 200 * search.x.size if maxiter is None else maxiter
    search.left = _validate.integer("maxiter", count, least=0, most=2**31)
    if callback is not None and not callable(callback):
        raise TypeError(f"callback must be callable or None, got {callback!r}")
    if not (isinstance(method, str) or callable(method)):
        raise TypeError(f"method must be a name or a callable, got {method!r}")
    if options is not None and not isinstance(options, dict):
        raise TypeError(f"options must be a dict or None, got {options!r}")
    solver = _solver(search, method, callback, options or {})
    with np.errstate(all="ignore"):  # trial points may leave the domain of fun
        search.start()
        outcome, words = search.run(solver)
    return search.result(outcome, words)


class _Search:
    """The state of a minimisation: the best point, the measurement at hand, and the counts."""

    def __init__(
        self, f: Objective, x: Array, gtol: float, zero_modes: Any, max_step: float | None
    ) -> None:
        self.f, self.x = f, x
        self.gtol = not_negative("gtol", gtol)
        self.zero_modes = zero_modes
        self.other = "other " if zero_mode_basis(zero_modes, x.size)[0] else ""
        self.max_step = None if max_step is None else _validate.positive("max_step", max_step)
        self.point: CriticalPoint | None = None
        self.path: list[Escape] = []
        self.nit = self.nfev = self.njev = self.nhev = self.left = 0
        self.shoulders = MOST_SHOULDERS
        self.near = False  # a minimum, as Newton's method tells
        self.last: tuple[Array, bool] = (
            x,
            True,
        )  # the last trial point, and whether f is finite there

    def start(self) -> None:
        """Measure the start, which sets the scales."""
        self.model = self.measure(self.x)
        self.value = self.model.value
        self.size = max(1.0, abs(self.value))
        self.far = FAR * np.maximum(np.maximum(np.abs(self.x), self.model.step), 1.0)

    def fun(self, x: Array) -> float:
        """Evaluate f for a local solver, and keep what is lower."""
        value = self.f.value(x)
        self.nfev += 1
        if value < self.value:
            self.reach(x, value)
        self.last = (x.copy(), bool(np.isfinite(value)))
        return np.inf if np.isnan(value) else value

    def inside(self, x: Array) -> bool:
        """Whether f is finite at a trial point."""
        if not np.array_equal(x, self.last[0]):
            self.fun(x)
        return self.last[1]

    def derivatives(self, x: Array) -> TaylorModel:
        """Measure for a local solver; where f is not finite, which it will not accept, give what was measured last."""
        return self.measure(x) if self.inside(x) else self.model

    def measure(self, x: Array) -> TaylorModel:
        """Measure the Taylor model at x, unless it was measured last."""
        if not hasattr(self, "model") or not np.array_equal(self.model.x, x):
            self.model = taylor(self.f, x)
            self.nfev += self.model.nfev
            self.njev += self.model.njev
            self.nhev += 1
            if not (
                np.isfinite(self.model.gradient).all() and np.isfinite(self.model.hessian).all()
            ):
                raise NonFiniteError(f"derivatives overflow at x = {x}")
        return self.model

    def gradient(self, x: Array) -> Array:
        """Evaluate the gradient for a solver that needs no Hessian."""
        if np.array_equal(self.model.x, x) or not self.inside(x):
            here: Array = self.model.gradient
            return here
        if self.f.jac is not None:
            self.njev += 1
            rows: Array = self.f.gradients(x[None])
            return rows.reshape(-1)
        slope: Array = gradient(self._counted(), x)
        return slope

    def _counted(self) -> Objective:
        f = self.f

        def fun(points: Array) -> Array:
            self.nfev += points.shape[0 if f.by_point else 1]
            return f.values(points)

        axis = 0 if f.by_point else -1
        return Objective(fun, vectorized=True, batch_axis=axis, noise=f.noise)

    def run(self, solver: Callable[[], None]) -> tuple[str, dict[str, Any]]:
        """Alternate local solver, verdict and escape; the outcome, and what its sentence needs."""
        try:
            for _ in range(MOST_ROUNDS):
                if self.left > 0:
                    solver()
                if not self.judge():
                    continue
                assert self.point is not None
                if self.point.kind is Kind.minimum and self.point.certain:
                    return ("minimum" if self.near else "tail"), {}
                if self.left <= 0:
                    return "maxiter", {}
                way = self.escaped()
                if not way.success:
                    unsmooth = self.point.kind is Kind.not_critical
                    return ("gradient" if unsmooth else "degenerate"), {"escape": way.message}
            return "rounds", {"rounds": MOST_ROUNDS}
        except _EndError as end:
            return str(end), {}
        except NonFiniteError as error:
            return "lost", {"error": error}

    def escaped(self) -> Escape:
        """Take the way off the point that was judged, if there is one."""
        assert self.point is not None
        way = escape(
            self.f,
            self.point,
            max_step=self.max_step,
            gtol=self.gtol,
            zero_modes=self.zero_modes,
        )
        self.nfev += way.nfev
        if way.success:
            self.path.append(way)
            self.reach(way.x, way.fun)
        return way

    def judge(self) -> bool:
        """Classify x after Newton steps on the measured gradient; False where another run is worth it.

        Newton's method shortens the gradient quickly if a regular minimum is near. Where it does not, x may have
        stopped on a shoulder, such as that of x**3, with a gradient below gtol: a walk along the step tells. Where it
        still does not after all of them, no minimum is `near`.
        """
        self.point, self.near = self.verdict(self.x), True
        for left in reversed(range(POLISH)):
            point, model = self.point, self.point.taylor
            assert model is not None
            resolved = (np.abs(model.gradient) > model.gradient_error).any()
            if point.inertia[0] or not resolved or point.kind is Kind.degenerate:
                break
            step = model.newton_step()
            nearer = self.polished(step, model.noise)
            if nearer is None or nearer.gradient_norm < QUICK * point.gradient_norm:
                if nearer is None or nearer.kind is Kind.minimum:
                    break
            elif self.shoulders > 0 and self.walked(step):
                return False
            self.near = left > 0
        return True

    def polished(self, step: Array, noise: float) -> CriticalPoint | None:
        """Take a Newton step, if the value does not rise and the gradient becomes shorter."""
        assert self.point is not None
        y = self.x + step
        value = self.f.value(y)
        self.nfev += 1
        if not value - self.value <= MARGIN * max(noise, ROUNDING * abs(self.value)):
            return None
        nearer = self.verdict(y)
        if not nearer.gradient_norm < self.point.gradient_norm:
            return None
        self.point, self.x, self.value = nearer, y, value
        return nearer

    def walked(self, step: Array) -> bool:
        """Walk from x along a step as long as the value falls; whether it fell by more than noise explains."""
        assert self.point is not None
        assert self.point.taylor is not None
        self.shoulders -= 1
        length, most = float(np.linalg.norm(step)), self.max_step or np.inf
        if not (np.isfinite(length) and length > 0):
            return False
        probe = Probe(self.f, self.x, self.value, self.point.taylor.noise)
        (side,) = walk(
            probe, step / length, length, shortest=length / 2, longest=most, signs=(1.0,)
        )
        explained = side.step == 0 or probe.explained(side.x, side.fun, evident=True)[0]
        self.nfev += probe.nfev
        if not explained:
            self.reach(side.x, side.fun)
        return not explained

    def reach(self, x: Array, value: float) -> None:
        """Go to a point; an end of the search if it is at infinity."""
        self.x, self.value = x.copy(), value
        if value < BOTTOM * self.size or (np.abs(x) > self.far).any():
            raise _EndError("unbounded")

    def verdict(self, x: Array) -> CriticalPoint:
        """Measure and classify."""
        return verdict(self.measure(x), gtol=self.gtol, zero_modes=self.zero_modes)

    def result(self, outcome: str, words: dict[str, Any]) -> OptimizeResult:
        """Name the outcome."""
        from scipy.optimize import OptimizeResult

        here = self.point is not None and self.point.taylor is not None
        model = self.point.taylor if here and self.point is not None else None
        if model is not None and not np.array_equal(model.x, self.x):
            model = self.point = None
        found = OptimizeResult(
            x=self.x,
            fun=self.value,
            success=outcome == "minimum",
            status=list(SENTENCES).index(outcome),
            message=SENTENCES[outcome].format(nit=self.nit, other=self.other, **words),
            nit=self.nit,
            nfev=self.nfev,
            njev=self.njev,
            nhev=self.nhev,
            point=self.point,
            path=self.path,
        )
        if model is not None:
            found.jac, found.hess = model.gradient, model.hessian
        return found


def _solver(
    search: _Search,
    method: str | Callable[..., Any],
    callback: Callable[..., Any] | None,
    options: dict[str, Any],
) -> Callable[[], None]:
    """Make the call of SciPy's solver from where the search stands."""
    name = method.lower() if isinstance(method, str) else ""
    derivatives: dict[str, Any] = {}
    if name not in WITHOUT_GRADIENT:
        derivatives["jac"] = search.gradient
    if name in WITH_HESSIAN:
        derivatives["jac"] = lambda x: search.derivatives(x).gradient
        derivatives["hess"] = lambda x: search.derivatives(x).hessian

    def solve() -> None:
        import scipy.optimize

        given = {"maxiter": search.left, **options}
        if name in ("trust-exact", "trust-ncg", "trust-krylov", "dogleg"):
            radius = max(1.0, float(np.linalg.norm(search.x)) / 4)
            given = {"initial_trust_radius": radius, "max_trust_radius": 1e100} | given
        if name in WITH_HESSIAN[2:5] or name in ("bfgs", "cg", "trust-constr", "dogleg"):
            given = {"gtol": search.gtol} | given
        with _stopping(callback) as watched:
            found = scipy.optimize.minimize(
                search.fun,
                search.x,
                method=method,
                callback=watched,
                options=given,
                **derivatives,
            )
        search.nit += int(found.get("nit", 1))
        search.left -= int(found.get("nit", 1))

    return solve


@contextmanager
def _stopping(callback: Callable[..., Any] | None) -> Iterator[Callable[..., Any] | None]:
    """Let StopIteration of the callback end the whole search, not only this run of the solver."""
    if callback is None:
        yield None
        return

    def watched(*args: Any, **kwargs: Any) -> Any:
        try:
            return callback(*args, **kwargs)
        except StopIteration:
            raise _EndError("stopped") from None

    watched.__signature__ = inspect.signature(callback)  # type: ignore[attr-defined]
    yield watched
