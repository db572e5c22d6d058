"""What kind of critical point is this, and is that proven?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from numpy.typing import ArrayLike

from hesscape import _validate
from hesscape._keywords import takes
from hesscape._validate import Array
from hesscape.derivatives.measuring import Measuring
from hesscape.derivatives.model import TaylorModel
from hesscape.linalg.symmetric import symmetric_stack
from hesscape.objective import Objective

from . import by_entries, by_pattern, by_products
from .conclude import conclude
from .critical_point import CriticalPoint, CriticalPoints
from .evidence import Evidence, Question, Slopes

METHODS = ("auto", "dense", "lanczos", "sparse")


@takes()
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
    >>> import hesscape as hs
    >>> point = hs.classify_hessian([[0, -2], [-2, 0]], error=1e-9)
    >>> print(point.kind, point.certain, point.inertia)
    saddle True (1, 0, 1)
    >>> hs.classify_hessian([[1e-12, 0], [0, 1e12]], error=[[1e-13, 0.1], [0.1, 1]]).index
    0
    >>> stack = hs.classify_hessian([[[1.0]], [[-1.0]], [[1e-9]]], error=1e-6)
    >>> print(*stack.kind)
    minimum maximum degenerate
    """
    h, e = symmetric_stack(H, error)
    shape, n = h.shape[:-2], h.shape[-1]
    stack, errors = h.reshape(-1, n, n), None if e is None else e.reshape(-1, n, n)
    question = Question.of(0.0, "spectrum", zero_modes, n)
    found = by_entries.of_matrices(stack, errors, question, Slopes.unknown(len(stack)))
    points = conclude(found, shape)
    return points if shape else points[()]


@takes(Measuring, Objective)
def classify(
    fun: Callable[..., Any] | Objective,
    x: ArrayLike,
    *,
    gtol: float = 1e-5,
    zero_modes: int | ArrayLike = 0,
    need: str = "spectrum",
    method: str = "auto",
    hess_sparsity: Any = None,
    **keywords: Any,
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
    **keywords

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
    measuring = Measuring.of(keywords)
    f, point = Objective.of(fun, keywords), _validate.point(x)
    question = Question.of(gtol, need, zero_modes, point.size)
    return judge(f, point, question, Means(method, hess_sparsity, measuring))[0]


class Means(NamedTuple):
    """By what a question is to be answered: `method`, and what goes with one of them only."""

    method: str = "auto"
    hess_sparsity: Any = None
    measuring: Measuring = Measuring()


def judge(f: Objective, x: Array, question: Question, means: Means) -> CriticalPoints:
    """Choose a strategy, gather its evidence, and conclude from that; a stack of one point."""
    return conclude(_gather(f, x, question, means))


def _gather(f: Objective, x: Array, question: Question, means: Means) -> Evidence:
    match chosen(f, x.size, question, means):
        case "sparse":
            return by_pattern.gather(f, x, question, means.hess_sparsity)
        case "lanczos":
            return by_products.gather(f, x, question)
        case _:
            return by_entries.gather(f, x, question, means.measuring)


def chosen(f: Objective, n: int, question: Question, means: Means) -> str:
    """Choose the method, and refuse what does not go together."""
    method, sparsity, measuring = means
    if method not in METHODS:
        raise ValueError(f"method: expected one of {', '.join(map(repr, METHODS))}, got {method!r}")
    if method in ("lanczos", "sparse") and measuring.asked_for:
        raise ValueError(
            f"step, levels, executor, progress and store are for method='dense': method={method!r} finds "
            "its own steps, and takes gradients or products one after the other"
        )
    if sparsity is not None or method == "sparse":
        _check_sparsity(f, means)
        return "sparse"
    if method == "auto":
        large = not measuring.asked_for and by_products.suits(f, n, question)
        return "lanczos" if large else "dense"
    return method


def _check_sparsity(f: Objective, means: Means) -> None:
    if means.hess_sparsity is None:
        raise ValueError("method='sparse' needs hess_sparsity, the pattern of the Hessian")
    measured = means.measuring.asked_for
    if means.method not in ("auto", "sparse") or measured:
        other = "step, levels, executor, progress or store"
        other = other if measured else f"method={means.method!r}"
        raise ValueError(f"hess_sparsity is for method='sparse', and does not go with {other}")
    if f.jac is None:
        raise ValueError(
            "hess_sparsity needs jac: entries are told apart by differences of gradients"
        )


def verdict(
    taylor: TaylorModel,
    *,
    gtol: float = 1e-5,
    zero_modes: int | ArrayLike = 0,
    need: str = "spectrum",
) -> CriticalPoint:
    """Classify a point that was measured before; parameters as for `classify`."""
    question = Question.of(gtol, need, zero_modes, taylor.x.size)
    return conclude(by_entries.of_model(taylor, question))[0]
