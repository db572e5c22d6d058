"""The ends of a Hessian's spectrum from its products with vectors, for dimensions in which it has no room."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hesscape import _core, _validate
from hesscape._keywords import takes
from hesscape._report import number
from hesscape._validate import Array
from hesscape.linalg.symmetric import zero_mode_basis
from hesscape.objective import Objective

from .index import Count, Counter, random_start, suited_width
from .lanczos import End, LanczosSearch
from .products import products_of
from .random_start import Statement

NEEDS = ("kind", "inertia", "spectrum")
TOL, DELTA = 1e-3, 1e-3  # unless they are given
MOST_PRODUCTS = {"kind": 200, "way": 1000, "inertia": 5000, "spectrum": 200}  # likewise
BASIS_DOUBLES = 2**27  # a basis of 1 GiB, where the number of vectors is not given
FEWEST, MOST = 20, 100  # vectors of it

MESSAGES = {
    "saddle": "curvature of both signs is proven",
    "minimum": "curvature is positive in every direction with that probability; no proof",
    "maximum": "curvature is negative in every direction with that probability; no proof",
    "negative": "negative curvature is proven; a direction with positive curvature was not found",
    "positive": "positive curvature is proven; negative curvature was not found, and cannot be excluded: "
    "allow more products (max_products, basis)",
    "flat": "no curvature exceeds the errors of the products",
    "spectrum": "both ends of the spectrum are within tol",
    "unconverged": "the ends of the spectrum have not come within tol: allow more products (max_products)",
}
COUNTED = {
    "known": "; {proven} eigenvalues are proven negative, and {most} are at most, with that probability",
    "open": "; {proven} eigenvalues are proven negative, and more cannot be excluded: they may be too many or too near "
    "to zero to be counted so, or allow more products (max_products)",
}


@dataclass(frozen=True, eq=False)
class CurvatureBounds:
    """What is known of the ends of the spectrum of a Hessian H.

    Attributes
    ----------
    lowest, highest : float
        Quotients uᵀHu of the unit vectors below; H has eigenvalues at or beyond both.
    lowest_error, highest_error : float
        Bounds of the errors of these quotients, from those of the products and rounding.
    lowest_residual, highest_residual : float
        An eigenvalue of H is that near to the quotient.
    lowest_direction, highest_direction : ndarray, shape (n,)
        The unit vectors u.
    proven_negative, proven_positive : bool
        A measured quotient has this sign beyond its error. Both prove a saddle.
    n_negative : int
        So many eigenvalues are proven negative; more than one are looked for with ``need="inertia"`` only.
    n_negative_most : int or None
        With probability ``1 - delta`` no more are negative or zero; None where that is not known.
    floor, ceiling : float
        With probability at least ``1 - delta`` over the random starts, every eigenvalue is between these (on the
        complement of the zero modes); infinite after too few products.
    epsilon, delta : float
        They are no further than `epsilon` beyond ``lowest`` and ``highest``.
    n_products : int
        Products with H.
    njev : int
        Evaluations of the gradient.
    x : ndarray
        The point.
    gradient : ndarray or None
        The gradient at x, where it is known: if `jac` was used.
    gradient_noise : float
        Bound of the typical error of its entries, as the differences showed it.
    message : str
        What was found, and what would change it.
    """

    lowest: float
    lowest_error: float
    lowest_residual: float
    lowest_direction: Array = field(repr=False)
    highest: float
    highest_error: float
    highest_residual: float
    highest_direction: Array = field(repr=False)
    proven_negative: bool
    proven_positive: bool
    n_negative: int
    n_negative_most: int | None
    floor: float
    ceiling: float
    epsilon: float
    delta: float
    n_products: int
    njev: int
    x: Array = field(repr=False)
    gradient: Array | None = field(repr=False)
    gradient_noise: float = field(repr=False)
    message: str

    @property
    def confidence(self) -> float:
        """Probability of the bounds with `epsilon`, ``1 - delta``."""
        return 1 - self.delta

    def __str__(self) -> str:
        proven = [
            name
            for name, known in (
                ("negative", self.proven_negative),
                ("positive", self.proven_positive),
            )
            if known
        ]
        if self.n_negative > 1 or (self.n_negative and self.n_negative_most is not None):
            most = "" if self.n_negative_most is None else f" to {self.n_negative_most}"
            proven[0] = f"{self.n_negative}{most} negative"
        cost = f"{self.n_products} products"
        rows = [
            ("lowest", f"{number(self.lowest)} ± {self.lowest_error:.1e}"),
            ("highest", f"{number(self.highest)} ± {self.highest_error:.1e}"),
            ("proven", " and ".join(proven) or "nothing"),
            (
                "all others",
                f"from {number(self.floor)} to {number(self.ceiling)} with probability {1 - self.delta:.10g}",
            ),
            ("evaluations", cost + (f" from {self.njev} gradients" if self.njev else "")),
        ]
        if not np.isfinite(self.epsilon):
            rows[3] = ("all others", "unknown, after so few products")
        text = "\n".join(f"  {title:<12} {what}" for title, what in rows)
        return f"curvature in {self.lowest_direction.size} coordinates\n{text}\n  {self.message}"


@takes(Objective)
def curvature(
    fun: Callable[..., Any] | Objective,
    x: ArrayLike,
    *,
    need: str = "kind",
    tol: float = TOL,
    delta: float = DELTA,
    max_products: int | None = None,
    basis: int | None = None,
    zero_modes: int | ArrayLike = 0,
    rng: Any = None,
    **keywords: Any,
) -> CurvatureBounds:
    """Bound the curvature of a function at a point from products with its Hessian, which is never formed.

    Parameters
    ----------
    fun : callable or Objective
        With `hessp`, `hess` or `jac`, which are used in this order. `fun` itself is not evaluated. Products from
        `jac` are central differences of two gradients, of three where their error is measured; with
        ``vectorized=True`` two are asked for in one call, or more.
    x : array_like, shape (n,)
        The point.
    need : {"kind", "inertia", "spectrum"}
        ``"kind"`` stops when curvature of both signs is proven, or of one sign excluded with probability
        ``1 - delta``; ``"spectrum"`` when both ends are known within `tol`. ``"inertia"`` counts negative
        eigenvalues, up to 64 (see the notes).
    tol : float
        Residual of both ends, relative to the largest absolute Ritz value.
    delta : float
        Probability that the bounds with `epsilon` may fail.
    max_products : int, optional
        Steps of the Lanczos process; each end costs one product more. Without it 200, and 5000 for ``"inertia"``, with
        the filters that this takes.
    basis : int, optional
        Vectors that are kept, 4 at least, before a restart; `epsilon` improves until then only. Without it 100, in
        1 GiB if that holds 20.
    zero_modes : array_like, shape (n, k)
        Directions that are flat by a symmetry: H is restricted to their complement.
    rng : None, int or numpy.random.Generator
        The start is drawn from it.
    **keywords

    Returns
    -------
    CurvatureBounds

    Raises
    ------
    ValueError, TypeError
        When an argument is of the wrong kind, or nothing gives products.
    NonFiniteError
        When a product is not finite.

    Notes
    -----
    Negative eigenvalues are counted in rounds: Ritz vectors that have converged are locked, and on their complement
    either more are found, or with probability ``1 - delta`` there are none. The latter is what a Chebyshev polynomial
    of H shows that is applied to a random start: it would be long if there were one. That the locked ones are so many
    is proven by their own products: where VᵀHV is negative on a subspace, H is on its image. Where one call gives many
    products, as with ``vectorized=True`` or `hess`, both take blocks of vectors, and fewer calls.

    References
    ----------
    J. Kuczyński, H. Woźniakowski, Estimating the largest eigenvalue by the power and Lanczos algorithms with a random
    start, *SIAM J. Matrix Anal. Appl.* 13 (1992) 1094-1122.

    Examples
    --------
    >>> import numpy as np
    >>> import hesscape as hs
    >>> d = np.linspace(-1, 2, 10_000)
    >>> found = hs.curvature(
    ...     lambda x: x @ (d * x) / 2, np.zeros(d.size), hessp=lambda x, p: d * p, rng=0
    ... )
    >>> found.proven_negative, found.proven_positive, found.n_products
    (True, True, 3)
    """
    f = Objective.of(fun, keywords)
    x = _validate.point(x, copy=False)
    if need not in NEEDS:
        raise ValueError(f"need: expected one of {', '.join(map(repr, NEEDS))}, got {need!r}")
    tol = _validate.positive("tol", tol)
    delta = _validate.positive("delta", delta)
    if delta >= 1:
        raise ValueError(f"delta must be a probability below 1, got {delta!r}")
    most = None
    if max_products is not None:
        most = _validate.integer("max_products", max_products, least=1, most=10**9)
    limit = None if basis is None else _validate.integer("basis", basis, least=4, most=10**6)
    modes = basis_of(zero_modes, x.size)
    return curvature_of(
        f, x, need, tol=tol, delta=delta, most=most, limit=limit, modes=modes, rng=rng
    )


def curvature_of(
    f: Objective,
    x: Array,
    need: str,
    *,
    tol: float = TOL,
    delta: float = DELTA,
    most: int | None = None,
    limit: int | None = None,
    modes: Array | None = None,
    rng: Any = None,
    guess: Array | None = None,
) -> CurvatureBounds:
    """Run the Lanczos process on the complement of `modes`, orthonormal columns, from near a `guess` if that is given.

    What `curvature` does, and for `need` "way" until the way down is known.
    """
    n = x.size
    modes = np.empty((n, 0)) if modes is None else modes
    modes = np.asfortranarray(modes)
    most = MOST_PRODUCTS[need] if most is None else most
    limit = suited_basis(n) if limit is None else limit
    source = products_of(f, x)
    rng = np.random.default_rng(rng)
    width = suited_width(source, limit) if need == "inertia" else 1
    start = random_start(rng, n, width if n - modes.shape[1] >= 2 * width else 1)
    width = start.shape[1]
    if guess is not None:
        start -= modes @ (modes.T @ start)
        start += (np.linalg.norm(start) / np.linalg.norm(guess)) * guess[:, None]
    lanczos = _core.Lanczos(start, zero_modes=modes, limit=limit)
    del start
    share = delta if need in ("kind", "spectrum") else delta / 2  # the other half is for a count
    statement = Statement(n - modes.shape[1], share, shifted=guess is not None, width=width)
    search = LanczosSearch(source, lanczos, statement, x)
    search.run(need, tol, most)
    del lanczos  # which the count gives up where it needs room for another
    unknown = not search.negative and not statement.floor > 0
    if need != "inertia" and not (need == "way" and unknown):
        return _result(search, need, tol, delta)
    counter = Counter(search, modes, limit, delta / 2, most, rng)
    count = counter.run()
    if count.proven and not search.negative:
        search.low = search.measure_along(counter.locked[:, 0])
    return _result(search, need, tol, delta, count)


def suited_basis(n: int) -> int:
    """Give the number of vectors that are kept, where the user does not."""
    return int(np.clip(BASIS_DOUBLES // n, FEWEST, MOST))


def basis_of(zero_modes: int | ArrayLike, n: int) -> Array:
    """Check zero modes that must be vectors, unless there are none; orthonormal columns."""
    if isinstance(zero_modes, (int, np.integer)) and not isinstance(zero_modes, bool):
        if zero_modes == 0:
            return np.empty((n, 0), order="F")
        raise ValueError(
            f"zero_modes: expected a basis ({n}, k), as no matrix is formed to count in, got {zero_modes}"
        )
    _, vectors = zero_mode_basis(zero_modes, n)
    assert vectors is not None
    return np.asfortranarray(vectors)


def _result(
    search: LanczosSearch, need: str, tol: float, delta: float, count: Count | None = None
) -> CurvatureBounds:
    """Put the outcome together; an end that was not measured is taken from the Ritz values."""
    core, source = search.lanczos, search.source
    source.release()
    values, residuals, error = core.values, core.residuals, core.backward_error()
    low = search.low or End(float(values[0]), error, core.vector(0))
    high = search.high or End(float(values[-1]), error, core.vector(values.size - 1))
    floor = search.statement.floor - search.disagreement
    ceiling = search.statement.ceiling + search.disagreement
    if count is not None:
        floor = max(floor, count.floor)
    floor, ceiling = min(floor, low.value), max(ceiling, high.value)
    if count is None:
        count = Count(int(search.negative), 0 if floor > 0 else None, floor)
    negative = search.negative or count.proven > 0
    if need == "spectrum":
        reason = "spectrum" if search.converged(tol) else "unconverged"
    else:
        reason = _reason(search, floor, ceiling)
    return CurvatureBounds(
        lowest=low.value,
        lowest_error=low.error,
        lowest_residual=float(residuals[0]) + abs(low.value - float(values[0])),
        lowest_direction=low.direction,
        highest=high.value,
        highest_error=high.error,
        highest_residual=float(residuals[-1]) + abs(high.value - float(values[-1])),
        highest_direction=high.direction,
        proven_negative=negative,
        proven_positive=search.positive,
        n_negative=max(count.proven, int(negative)),
        n_negative_most=count.most,
        floor=floor,
        ceiling=ceiling,
        epsilon=max(low.value - floor, ceiling - high.value),
        delta=delta,
        n_products=source.count,
        njev=source.njev,
        x=search.x.copy(),
        gradient=source.here,
        gradient_noise=source.gradient_noise(),
        message=MESSAGES[reason] + _counted(count, need),
    )


def _reason(search: LanczosSearch, floor: float, ceiling: float) -> str:
    if search.negative and search.positive:
        return "saddle"
    if search.positive:
        return "minimum" if floor > 0 else "positive"
    if search.negative:
        return "maximum" if ceiling < 0 else "negative"
    return "flat"


def _counted(count: Count, need: str) -> str:
    if need != "inertia":
        return ""
    if count.most is None:
        return COUNTED["open"].format(proven=count.proven)
    return COUNTED["known"].format(proven=count.proven, most=count.most)
