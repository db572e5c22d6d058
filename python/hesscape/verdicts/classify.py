"""What kind of critical point is this, and is that proven?"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hesscape import _core, _validate
from hesscape._progress import Report
from hesscape._validate import Array
from hesscape.derivatives.expensive import asked_for, expensive, usual_total
from hesscape.derivatives.first_look import first_look, suits_a_first_look
from hesscape.derivatives.model import TaylorModel
from hesscape.derivatives.taylor import measure
from hesscape.linalg.symmetric import not_negative, symmetric_stack, zero_mode_basis
from hesscape.objective import Objective
from hesscape.sparse.measurement import (
    DENSE_BELOW,
    classify_by_pattern,
    dense_model,
    measure_by_pattern,
    pattern_of,
)

from .by_products import classify_by_products, suits_products
from .conclude import NEAR, assess, slopes_of, unknown_slopes
from .critical_point import CriticalPoint, CriticalPoints, Kind

__all__ = ["CriticalPoint", "CriticalPoints", "Kind", "classify", "classify_hessian", "verdict"]

NEEDS = ("kind", "inertia", "spectrum")
MANY_COLOURS = 8  # from here on a saddle may well be proven by products for less
FEW_PRODUCTS = 3  # of them
METHODS = ("auto", "dense", "lanczos", "sparse")


def classify_hessian(
    H: ArrayLike,
    *,
    error: ArrayLike | None = None,
    zero_modes: int | ArrayLike = 0,
) -> CriticalPoint | CriticalPoints:
    """Tell minima, maxima and saddles apart by their Hessians, with proofs.

    Parameters
    ----------
    H : array_like, shape (..., n, n)
        Symmetric matrices. What they lack in symmetry by rounding is added to the error.
    error : array_like, optional
        ``|H - true| <= error`` entrywise: a number, one number a matrix, an array (n, n), or one for each entry.
        ``inf`` means that nothing is known about an entry. Without it, H is taken as exact and only the rounding
        of the proof counts.
    zero_modes : int or array_like, shape (n, k)
        Directions that are flat by a symmetry, which is the caller's knowledge: how many, or vectors that span them.
        With vectors, H is restricted to their complement (``[Q, Z]`` only has to be nonsingular for this, by
        Sylvester's law, so that the rounding of Q does no harm). With a count k, signs of the n - k others have to
        be proven.

    Returns
    -------
    CriticalPoint or CriticalPoints
        The latter, of arrays, for a stack.

    Notes
    -----
    After equilibration by a diagonal D (powers of two), ``DHD = V L V^T`` and ``X = D V |L|^(-1/2)`` give
    ``X^T H X = sign(L) + R``. By Sylvester's law of inertia and Weyl's inequality, H has the signs of those columns
    for which the spectral radius of ``|R|`` is below one [1]_ [2]_. R is bounded by the residual that was computed,
    ``|X|^T E |X|`` (or ``||E|| ||X||^2``, when that is smaller) and the rounding errors of the products [3]_; its
    radius by the quotients of Collatz and Wielandt. An eigenvalue is thus judged by the scale of its own
    coordinates, and no error of the eigensolver can make the claim wrong.

    References
    ----------
    .. [1] B. N. Parlett, *The Symmetric Eigenvalue Problem*, SIAM (1998), sections 1.5 and 10.
    .. [2] S. M. Rump, Verification of positive definiteness, *BIT* 46 (2006) 433-452.
    .. [3] N. J. Higham, *Accuracy and Stability of Numerical Algorithms*, SIAM (2002), sections 3.1 and 3.5.

    Examples
    --------
    >>> from .classify import classify_hessian
    >>> point = classify_hessian([[0, -2], [-2, 0]], error=1e-9)
    >>> print(point.kind, point.certain, point.inertia)
    saddle True (1, 0, 1)
    >>> classify_hessian([[1e-12, 0], [0, 1e12]], error=[[1e-13, 0.1], [0.1, 1]]).index
    0
    >>> stack = classify_hessian([[[1.0]], [[-1.0]], [[1e-9]]], error=1e-6)
    >>> print(*stack.kind)
    minimum maximum degenerate
    """
    h, e = symmetric_stack(H, error)
    count, basis = zero_mode_basis(zero_modes, h.shape[-1])
    size = h[..., 0, 0].size
    points = assess(h, e, count, basis, "spectrum", unknown_slopes(size))
    return points if h.ndim > 2 else points[()]


def classify(
    fun: Callable[..., Any] | Objective,
    x: ArrayLike,
    *,
    gtol: float = 1e-5,
    zero_modes: int | ArrayLike = 0,
    need: str = "spectrum",
    method: str = "auto",
    hess_sparsity: Any = None,
    step: Any = None,
    levels: Any = None,
    executor: Executor | None = None,
    progress: bool | Report = False,
    store: str | os.PathLike[str] | None = None,
    **objective: Any,
) -> CriticalPoint:
    """Measure a function around a point and tell which kind of critical point it is.

    Parameters
    ----------
    fun : callable or Objective
        ``fun(x, *args) -> float``.
    x : array_like, shape (n,)
        The point.
    gtol : float
        The point is critical when every entry of the gradient is at most this, or may be within its error.
    zero_modes : int or array_like, shape (n, k)
        Directions that are flat by a symmetry: see `classify_hessian`.
    need : {"kind", "inertia", "spectrum"}
        How much to find out. ``"kind"`` stops at the first proof: a gradient, or two entries of opposite sign on the
        diagonal, settle the kind of most points after ``12 n + 1`` values. ``"inertia"`` counts signs, ``"spectrum"``
        computes eigenvalues and eigenvectors too.
    method : {"auto", "dense", "lanczos", "sparse"}
        ``"dense"`` measures every entry of H. ``"lanczos"`` forms no matrix: see `curvature`, whose result is the
        attribute of that name. It proves saddles, says of a minimum how probable it is, counts up to 64 negative
        eigenvalues if asked for ``"inertia"``, and gives the two ends of the spectrum as eigenvalues. ``"auto"``
        takes it from 1000 coordinates on, if `hess` is not given, `hessp` or `jac` is, and neither a count of zero
        modes nor any of the arguments below. ``"sparse"`` is what `hess_sparsity` asks for.
    hess_sparsity : array_like or sparse array, shape (n, n), optional
        Which entries of H may differ from zero, for use with `jac`: those that are stored, or not zero in a dense
        array; either triangle will do, and the diagonal is always among them. Columns that can be told apart are
        measured together, so that a chain or a lattice takes a dozen gradients of any number of coordinates, and a
        sparse factorisation proves all signs [1]_ [2]_. Eigenvalues are computed below 1000 coordinates only; from
        there on, zero modes are counted, and vectors of them only checked to be flat. A missing entry is noticed
        (ValueError) if it exceeds the errors. ``need="kind"`` tries `curvature` first where the pattern needs many
        gradients.
    step, levels, executor, progress, store, **objective
        As for `taylor`.

    Returns
    -------
    CriticalPoint

    Raises
    ------
    ValueError, TypeError
        When arguments are of the wrong kind or do not go together, or the pattern lacks an entry.
    NonFiniteError
        When the function is not finite where it has to be.

    References
    ----------
    .. [1] T. F. Coleman, J. J. Moré, Estimation of sparse Hessian matrices and graph coloring problems, *Math.
       Program.* 28 (1984) 243-270.
    .. [2] I. S. Duff, J. K. Reid, The multifrontal solution of indefinite sparse symmetric linear equations, *ACM
       Trans. Math. Softw.* 9 (1983) 302-325.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import diags_array
    >>> import hesscape as hs
    >>> n = 100_000
    >>> chain = diags_array([-np.ones(n - 1), np.ones(n), -np.ones(n - 1)], offsets=[-1, 0, 1])
    >>> point = hs.classify(
    ...     lambda x: x @ (chain @ x) / 2,
    ...     np.zeros(n),
    ...     jac=lambda x: chain @ x,
    ...     hess_sparsity=chain,
    ... )
    >>> print(point.kind, point.certain, point.index, point.njev)
    saddle True 33333 13
    """
    gtol = _check(gtol, need)
    if method not in METHODS:
        raise ValueError(f"method: expected one of {', '.join(map(repr, METHODS))}, got {method!r}")
    f = Objective.of(fun, objective)
    way: dict[str, Any] = {"executor": executor, "progress": progress, "store": store}
    measured = step is not None or levels is not None or asked_for(**way)
    if method in ("lanczos", "sparse") and measured:
        raise ValueError(
            f"step, levels, executor, progress and store are for method='dense': method={method!r} finds "
            "its own steps, and takes gradients or products one after the other"
        )
    point = _validate.point(x)
    if hess_sparsity is not None or method == "sparse":
        _check_sparsity(f, hess_sparsity, method, measured=measured)
        return _by_pattern(f, point, gtol, need, zero_modes, hess_sparsity)
    wanted = method == "auto" and not measured and suits_products(f, point.size, zero_modes)
    if method == "lanczos" or wanted:
        return classify_by_products(f, point, gtol, need, zero_modes)
    enough = partial(_axes_suffice, gtol=gtol) if need == "kind" else None
    looked = 0
    with expensive(f, point, **way, total=usual_total(f, point.size, levels)) as f:
        if need == "kind" and step is None and levels is None and suits_a_first_look(f):
            model = first_look(f, point)
            looked = model.nfev
            if _axes_suffice(model, gtol):
                quick = verdict(model, gtol=gtol, zero_modes=zero_modes, need=need)
                if quick.certain:
                    return quick
        model = measure(f, point, step=step, levels=levels, enough=enough)
    if looked:
        model = replace(model, nfev=model.nfev + looked)
    return verdict(model, gtol=gtol, zero_modes=zero_modes, need=need)


def verdict(
    taylor: TaylorModel,
    *,
    gtol: float = 1e-5,
    zero_modes: int | ArrayLike = 0,
    need: str = "spectrum",
) -> CriticalPoint:
    """Classify a point that was measured before; parameters as for `classify`."""
    gtol = _check(gtol, need)
    h, e = taylor.hessian, taylor.hessian_error
    unknown = ~(np.isfinite(h) & np.isfinite(e))
    if unknown.any():
        h, e = np.where(unknown, 0.0, h), np.where(unknown, np.inf, e)
    count, basis = zero_mode_basis(zero_modes, h.shape[-1])
    # Where the gradient's error moves the stationary point by this part of the coordinate at most, it is no matter.
    harmless = NEAR * 4 * _core.natural_steps(taylor.x) * np.abs(h.diagonal())
    known = slopes_of(taylor.gradient[None], taylor.gradient_error[None], gtol, harmless[None])
    points = assess(h, e, count, basis, need, known)
    return points.point((), taylor)


def _check_sparsity(f: Objective, hess_sparsity: Any, method: str, *, measured: bool) -> None:
    if hess_sparsity is None:
        raise ValueError("method='sparse' needs hess_sparsity, the pattern of the Hessian")
    if method not in ("auto", "sparse") or measured:
        other = "step, levels, executor, progress or store" if measured else f"method={method!r}"
        raise ValueError(f"hess_sparsity is for method='sparse', and does not go with {other}")
    if f.jac is None:
        raise ValueError(
            "hess_sparsity needs jac: entries are told apart by differences of gradients"
        )


def _by_pattern(
    f: Objective, x: Array, gtol: float, need: str, zero_modes: int | ArrayLike, sparsity: Any
) -> CriticalPoint:
    """Classify a point by the pattern of its Hessian; small ones as if it had none."""
    pattern = pattern_of(sparsity, x.size)
    count, basis = zero_mode_basis(zero_modes, x.size)
    colour = _core.star_colouring(pattern)
    nfev = njev = 0
    if need == "kind" and colour.max() >= MANY_COLOURS and (count == 0 or basis is not None):
        point = classify_by_products(
            f, x, gtol, need, zero_modes, rng=0, most_products=FEW_PRODUCTS
        )
        if point.certain:
            return point
        nfev, njev = point.nfev, point.njev
    found = measure_by_pattern(f, x, pattern, colour, count)
    if x.size < DENSE_BELOW:
        point = verdict(dense_model(f, x, found), gtol=gtol, zero_modes=zero_modes, need=need)
    else:
        point = classify_by_pattern(f, x, gtol, zero_modes, found)
    return replace(point, nfev=point.nfev + nfev, njev=point.njev + njev)


def _axes_suffice(model: TaylorModel, gtol: float) -> bool:
    """Whether the gradient proves that the point is not critical, or the diagonal that it is a saddle."""
    curvature, error = model.hessian.diagonal(), model.hessian_error.diagonal()
    moving = (np.abs(model.gradient) > gtol + model.gradient_error).any()
    return bool(moving or ((curvature > error).any() and (curvature < -error).any()))


def _check(gtol: Any, need: Any) -> float:
    if need not in NEEDS:
        raise ValueError(f"need: expected one of {', '.join(map(repr, NEEDS))}, got {need!r}")
    return not_negative("gtol", gtol)
