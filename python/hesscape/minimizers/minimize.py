"""Minimisation that ends at proven minima: a local solver, the verdict, and the way off what is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from hesscape import _validate
from hesscape.derivatives.taylor import TaylorModel, gradient, taylor
from hesscape.escapes.escape import Escape, escape
from hesscape.escapes.walk import MARGIN, ROUNDING, Probe, walk
from hesscape.linalg.proofs import Array
from hesscape.objective import Objective
from hesscape.status import NonFiniteError
from hesscape.verdicts.by_products import suits_products
from hesscape.verdicts.classify import CriticalPoint, Kind, verdict

from .by_products import LargeSearch
from .local_solver import WITH_HESSIAN, WITHOUT_GRADIENT, local_solver
from .search import MOST_SHOULDERS, POLISH, QUICK, EndError, Search

if TYPE_CHECKING:  # imported where it is used: it takes longer than all the rest
    from scipy.optimize import OptimizeResult

__all__ = ["minimize"]

MOST_ROUNDS = 100


def minimize(
    fun: Callable[..., Any] | Objective,
    x0: ArrayLike,
    *,
    method: str | Callable[..., Any] | None = None,
    gtol: float = 1e-5,
    zero_modes: int | ArrayLike = 0,
    maxiter: int | None = None,
    callback: Callable[..., Any] | None = None,
    options: dict[str, Any] | None = None,
    max_step: float | None = None,
    **objective: Any,
) -> OptimizeResult:
    """Minimise a function until a minimum is proven, or in many coordinates highly probable.

    A local solver of SciPy runs, the point where it ends is polished by Newton steps and classified, and if it is no
    minimum, `escape` leads on: no saddle is taken for the end.

    Parameters
    ----------
    fun : callable or Objective
        ``fun(x, *args) -> float``.
    x0 : array_like, shape (n,)
        Where to start.
    method : str or callable, optional
        The local solver, as for `scipy.optimize.minimize`. It is given gradients and Hessians if it uses them:
        those of `objective`, and else measured. Without it, "trust-exact" if Hessians are formed (see the notes), and
        else "trust-krylov" with `hessp` and "L-BFGS-B" without.
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

        ``success`` is True where a minimum is proven, and nowhere else, but where no Hessian is formed: there it is
        also True where a minimum is as probable as the message says (``point.certain`` is False then). Neither
        includes a tail such as that of ``exp(-x)``, which is flat within `gtol` and curves upwards everywhere.

    Raises
    ------
    TypeError, ValueError
        When an argument is not what it should be; the message names it.
    NonFiniteError
        When `fun` is not finite at x0.

    Notes
    -----
    In 1000 coordinates and more, where `jac` or `hessp` and no `hess` is given, no Hessian is formed: verdicts and ways
    down come from products with it, as for `classify` and `escape`. With a probability of 0.999 or more over the random
    starts, none of the verdicts of one call is wrong.

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
    if not (method is None or isinstance(method, str) or callable(method)):
        raise TypeError(f"method must be a name, a callable or None, got {method!r}")
    search, method = _search(f, _validate.point(x0), method, gtol, zero_modes, max_step)
    count = 200 * search.x.size if maxiter is None else maxiter
    search.left = _validate.integer("maxiter", count, least=0, most=2**31)
    if callback is not None and not callable(callback):
        raise TypeError(f"callback must be callable or None, got {callback!r}")
    if options is not None and not isinstance(options, dict):
        raise TypeError(f"options must be a dict or None, got {options!r}")
    solver = local_solver(search, method, callback, options or {})
    with np.errstate(all="ignore"):  # trial points may leave the domain of fun
        search.start()
        outcome, words = search.run(solver)
    return search.result(outcome, words)


def _search(
    f: Objective, x: Array, method: Any, gtol: float, zero_modes: Any, max_step: float | None
) -> tuple[_Search | LargeSearch, Any]:
    """Choose how to judge points, and the local solver where none is named."""
    needs_matrix = isinstance(method, str) and method.lower() in ("trust-exact", "dogleg")
    if needs_matrix or not suits_products(f, x.size, zero_modes):
        return _Search(f, x, gtol, zero_modes, max_step), method or "trust-exact"
    solver = "L-BFGS-B" if f.hessp is None else "trust-krylov"
    return LargeSearch(f, x, gtol, zero_modes, max_step), method or solver


class _Search(Search):
    """A search that measures and judges whole Hessians."""

    def __init__(
        self, f: Objective, x: Array, gtol: float, zero_modes: Any, max_step: float | None
    ) -> None:
        super().__init__(f, x, gtol, zero_modes, max_step)
        self.shoulders = MOST_SHOULDERS
        self.near = False  # a minimum, as Newton's method tells

    def start(self) -> None:
        """Measure the start, which sets the scales."""
        self.model = self.measure(self.x)
        self.begin(self.model.value, self.model.step)

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

    def derivatives_for(self, name: str) -> dict[str, Any]:
        """Give the derivatives that the solver of this name uses."""
        if name in WITHOUT_GRADIENT:
            return {}
        if name in WITH_HESSIAN:
            return {
                "jac": lambda x: self.derivatives(x).gradient,
                "hess": lambda x: self.derivatives(x).hessian,
            }
        return {"jac": self.gradient}

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
        except EndError as end:
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

    def verdict(self, x: Array) -> CriticalPoint:
        """Measure and classify."""
        return verdict(self.measure(x), gtol=self.gtol, zero_modes=self.zero_modes)

    def result(self, outcome: str, words: dict[str, Any]) -> OptimizeResult:
        """Name the outcome."""
        model = None if self.point is None else self.point.taylor
        if model is not None and not np.array_equal(model.x, self.x):
            model = self.point = None
        found = super().result(outcome, words)
        if model is not None:
            found.jac, found.hess = model.gradient, model.hessian
        return found
