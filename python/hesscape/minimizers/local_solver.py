"""The local solvers of SciPy, called by searches that may take several runs of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .search import EndError, Search

WITH_HESSIAN = ("newton-cg", "dogleg", "trust-ncg", "trust-krylov", "trust-exact", "trust-constr")
WITHOUT_GRADIENT = ("nelder-mead", "powell", "cobyla", "cobyqa")


def local_solver(
    search: Search,
    method: str | Callable[..., Any],
    callback: Callable[..., Any] | None,
    options: dict[str, Any],
) -> Callable[[], None]:
    """Make the call of SciPy's solver from where the search stands."""
    name = method.lower() if isinstance(method, str) else ""
    derivatives = search.derivatives_for(name)

    def solve() -> None:
        import scipy.optimize

        given = {"maxiter": search.left, **options}
        if name in ("trust-exact", "trust-ncg", "trust-krylov", "dogleg"):
            radius = max(1.0, float(np.linalg.norm(search.x)) / 4)
            given = {"initial_trust_radius": radius, "max_trust_radius": 1e100} | given
        if name in WITH_HESSIAN[2:5] or name in ("bfgs", "cg", "trust-constr", "dogleg"):
            given = {"gtol": search.tight} | given
        given = search.options_for(name) | given
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
            raise EndError("stopped") from None

    watched.__signature__ = inspect.signature(callback)  # type: ignore[attr-defined]
    yield watched
