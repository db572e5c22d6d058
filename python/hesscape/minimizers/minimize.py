"""Minimisation that ends at proven minima: a local solver, the verdict, and the way off what is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from hesscape import _validate
from hesscape._keywords import takes
from hesscape.objective import Objective
from hesscape.verdicts import by_products
from hesscape.verdicts.evidence import Question

from .entries import EntrySearch
from .local_solver import local_solver
from .products import ProductSearch

if TYPE_CHECKING:  # imported where it is used: it takes longer than all the rest
    from scipy.optimize import OptimizeResult


@takes(Objective)
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
    **keywords: Any,
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
    **keywords

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
    f = Objective.of(fun, keywords)
    if not (method is None or isinstance(method, str) or callable(method)):
        raise TypeError(f"method must be a name, a callable or None, got {method!r}")
    x = _validate.point(x0)
    question = Question.of(gtol, "spectrum", zero_modes, x.size)
    by_entries = _needs_matrix(method) or not by_products.suits(f, x.size, question)
    kind = EntrySearch if by_entries else ProductSearch
    search = kind(f, x, question, max_step)
    count = 200 * search.x.size if maxiter is None else maxiter
    search.left = _validate.integer("maxiter", count, least=0, most=2**31)
    if callback is not None and not callable(callback):
        raise TypeError(f"callback must be callable or None, got {callback!r}")
    if options is not None and not isinstance(options, dict):
        raise TypeError(f"options must be a dict or None, got {options!r}")
    if method is None:
        method = "trust-exact" if by_entries else "L-BFGS-B" if f.hessp is None else "trust-krylov"
    solver = local_solver(search, method, callback, options or {})
    with np.errstate(all="ignore"):  # trial points may leave the domain of fun
        search.start()
        return search.result(search.run(solver))


def _needs_matrix(method: Any) -> bool:
    return isinstance(method, str) and method.lower() in ("trust-exact", "dogleg")
