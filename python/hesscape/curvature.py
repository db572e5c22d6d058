"""The ends of a Hessian's spectrum from its products with vectors, for dimensions in which it has no room."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import _core, _validate
from ._products import Products, products_of
from ._random_start import Statement
from ._report import number
from ._symmetric import zero_mode_basis
from ._validate import Array
from .objective import Objective
from .status import NonFiniteError

__all__ = ["CurvatureBounds", "curvature"]

NEEDS = ("kind", "spectrum")
TOL, DELTA, MOST_PRODUCTS = 1e-3, 1e-3, 200  # unless they are given
BASIS_DOUBLES = 2**27  # a basis of 1 GiB, where the number of vectors is not given
FEWEST, MOST = 20, 100  # vectors of it
NEAR_ENOUGH = 0.1  # residual of a way down, of its curvature

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


@dataclass(frozen=True)
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
    epsilon, delta : float
        With probability at least ``1 - delta`` over the random start, every eigenvalue is between
        ``lowest - epsilon`` and ``highest + epsilon`` (on the complement of the zero modes); inf after too few
        products.
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
        low, high = self.lowest - self.epsilon, self.highest + self.epsilon
        cost = f"{self.n_products} products"
        rows = [
            ("lowest", f"{number(self.lowest)} ± {self.lowest_error:.1e}"),
            ("highest", f"{number(self.highest)} ± {self.highest_error:.1e}"),
            ("proven", " and ".join(proven) or "nothing"),
            (
                "all others",
                f"from {number(low)} to {number(high)} with probability {1 - self.delta:.10g}",
            ),
            ("evaluations", cost + (f" from {self.njev} gradients" if self.njev else "")),
        ]
        if not np.isfinite(self.epsilon):
            rows[3] = ("all others", "unknown, after so few products")
        text = "\n".join(f"  {title:<12} {what}" for title, what in rows)
        return f"curvature in {self.lowest_direction.size} coordinates\n{text}\n  {self.message}"


def curvature(
    fun: Callable[..., Any] | Objective,
    x: ArrayLike,
    *,
    need: str = "kind",
    tol: float = TOL,
    delta: float = DELTA,
    max_products: int = MOST_PRODUCTS,
    basis: int | None = None,
    zero_modes: int | ArrayLike = 0,
    rng: Any = None,
    **objective: Any,
) -> CurvatureBounds:
    """Bound the curvature of a function at a point from products with its Hessian, which is never formed.

    Parameters
    ----------
    fun : callable or Objective
        With `hessp`, `hess` or `jac`, which are used in this order. `fun` itself is not evaluated. Products from
        `jac` are central differences of two gradients, of three where their error is measured.
    x : array_like, shape (n,)
        The point.
    need : {"kind", "spectrum"}
        ``"kind"`` stops when curvature of both signs is proven, or of one sign excluded with probability
        ``1 - delta``; ``"spectrum"`` when both ends are known within `tol`.
    tol : float
        Residual of both ends, relative to the largest absolute Ritz value.
    delta : float
        Probability that the bounds with `epsilon` may fail.
    max_products : int
        Steps of the Lanczos process; each end costs one product more.
    basis : int, optional
        Vectors that are kept, 4 at least, before a restart; `epsilon` improves until then only. Without it 100, in
        1 GiB if that holds 20.
    zero_modes : array_like, shape (n, k)
        Directions that are flat by a symmetry: H is restricted to their complement.
    rng : None, int or numpy.random.Generator
        The start is drawn from it.
    **objective
        Keywords of `Objective`.

    Returns
    -------
    CurvatureBounds

    Raises
    ------
    ValueError, TypeError
        When an argument is of the wrong kind, or nothing gives products.
    NonFiniteError
        When a product is not finite.

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
    f = Objective.of(fun, objective)
    x = _validate.point(x, copy=False)
    if need not in NEEDS:
        raise ValueError(f"need: expected one of {', '.join(map(repr, NEEDS))}, got {need!r}")
    tol = _validate.positive("tol", tol)
    delta = _validate.positive("delta", delta)
    if delta >= 1:
        raise ValueError(f"delta must be a probability below 1, got {delta!r}")
    most = _validate.integer("max_products", max_products, least=1, most=10**9)
    modes = basis_of(zero_modes, x.size)
    limit = (
        suited_basis(x.size)
        if basis is None
        else _validate.integer("basis", basis, least=4, most=10**6)
    )
    return bounds(f, x, need, tol, delta, most, limit, modes, rng)


def bounds(
    f: Objective,
    x: Array,
    need: str,
    tol: float,
    delta: float,
    most: int,
    limit: int,
    modes: Array,
    rng: Any,
    guess: Array | None = None,
) -> CurvatureBounds:
    """Run the Lanczos process; for `need` "way" until the way down is known, from near a `guess` of it if given."""
    source = products_of(f, x)
    start = np.random.default_rng(rng).standard_normal(x.size)
    if guess is not None:
        start -= modes @ (modes.T @ start)
        start += (np.linalg.norm(start) / np.linalg.norm(guess)) * guess
    lanczos = _core.Lanczos(start, zero_modes=modes, limit=limit)
    del start
    statement = Statement(x.size - modes.shape[1], delta, shifted=guess is not None)
    search = _Search(source, lanczos, statement, x)
    search.run(need, tol, most)
    return search.result(need, tol, delta)


def suited_basis(n: int) -> int:
    """Give the number of vectors that are kept, where the user does not."""
    return int(np.clip(BASIS_DOUBLES // n, FEWEST, MOST))


def basis_of(zero_modes: int | ArrayLike, n: int) -> Array:
    if isinstance(zero_modes, (int, np.integer)) and not isinstance(zero_modes, bool):
        if zero_modes == 0:
            return np.empty((n, 0), order="F")
        raise ValueError(
            f"zero_modes: expected a basis ({n}, k), as no matrix is formed to count in, got {zero_modes}"
        )
    _, vectors = zero_mode_basis(zero_modes, n)
    assert vectors is not None
    return np.asfortranarray(vectors)


@dataclass
class _End:
    """A measured quotient at one end of the spectrum."""

    value: float
    error: float
    direction: Array


class _Search:
    """Asks the source for the products that the core wants, and measures quotients at the ends."""

    def __init__(
        self, source: Products, lanczos: _core.Lanczos, statement: Statement, x: Array
    ) -> None:
        self.source, self.lanczos, self.statement, self.x = source, lanczos, statement, x
        self.negative = self.positive = False
        self.low: _End | None = None
        self.high: _End | None = None
        self.disagreement = 0.0  # of quotients with Ritz values, beyond their errors
        self.patience = {-1: 0, 1: 0}  # products before an end is measured again

    def run(self, need: str, tol: float, most: int) -> None:
        """Step until what is needed is known."""
        core = self.lanczos
        while True:
            self._step()
            self.statement.update(core)
            if self._enough(need, tol):
                break
            if core.products >= most or core.status == _core.Krylov.exhausted:
                break
        if need == "kind" and self.negative and self.positive:
            return
        self.low, self.high = self._measure(0), self._measure(-1)

    def _enough(self, need: str, tol: float) -> bool:
        if need == "spectrum":
            return self._converged(tol)
        if need == "way":
            lowest, residual = self.lanczos.values[0], self.lanczos.residuals[0]
            down = lowest < -self.lanczos.backward_error() and residual <= -NEAR_ENOUGH * lowest
            return bool(down) or self.statement.floor > 0
        self._look_for_proofs()
        one_sign = self.statement.floor > 0 or self.statement.ceiling < 0
        return (self.negative and self.positive) or one_sign

    def _step(self) -> None:
        core = self.lanczos
        v = core.ask()
        p, error = self.source.product(v, measured=core.products == 0)
        if not core.tell(p, error):
            raise NonFiniteError(_core.Krylov.not_finite.message)
        if core.products == 1:
            quotient = _core.rayleigh(v, p)
            self._note(quotient.value, error + quotient.rounding)

    def _note(self, value: float, error: float) -> None:
        self.negative |= value < -error
        self.positive |= value > error

    def _look_for_proofs(self) -> None:
        core = self.lanczos
        values, error = core.values, core.backward_error()
        if not self.negative and values[0] < -error and core.products >= self.patience[-1]:
            self.low = self._measure(0)
            self.patience[-1] = 2 * core.products
        if not self.positive and values[-1] > error and core.products >= self.patience[1]:
            self.high = self._measure(-1)
            self.patience[1] = 2 * core.products

    def _measure(self, i: int) -> _End:
        """Measure the quotient of a Ritz vector by a product of its own."""
        core = self.lanczos
        u = core.vector(i % core.values.size)
        p, error = self.source.product(u, measured=True)
        quotient = _core.rayleigh(u, p)
        end = _End(quotient.value, error + quotient.rounding, u)
        self._note(end.value, end.error)
        beyond = abs(end.value - float(core.values[i])) - end.error - core.backward_error()
        self.disagreement = max(self.disagreement, beyond)
        return end

    def _converged(self, tol: float) -> bool:
        values, residuals = self.lanczos.values, self.lanczos.residuals
        return bool(max(residuals[0], residuals[-1]) <= tol * np.abs(values).max())

    def result(self, need: str, tol: float, delta: float) -> CurvatureBounds:
        """Put the outcome together; an end that was not measured is taken from the Ritz values."""
        core, source = self.lanczos, self.source
        source.release()
        values, residuals, error = core.values, core.residuals, core.backward_error()
        low = self.low or _End(float(values[0]), error, core.vector(0))
        high = self.high or _End(float(values[-1]), error, core.vector(values.size - 1))
        floor = self.statement.floor - self.disagreement
        ceiling = self.statement.ceiling + self.disagreement
        epsilon = max(low.value - floor, ceiling - high.value, 0.0)
        if need == "spectrum":
            reason = "spectrum" if self._converged(tol) else "unconverged"
        else:
            reason = self._reason(low.value - epsilon, high.value + epsilon)
        return CurvatureBounds(
            lowest=low.value,
            lowest_error=low.error,
            lowest_residual=float(residuals[0]) + abs(low.value - float(values[0])),
            lowest_direction=low.direction,
            highest=high.value,
            highest_error=high.error,
            highest_residual=float(residuals[-1]) + abs(high.value - float(values[-1])),
            highest_direction=high.direction,
            proven_negative=self.negative,
            proven_positive=self.positive,
            epsilon=epsilon,
            delta=delta,
            n_products=source.count,
            njev=source.njev,
            x=self.x.copy(),
            gradient=source.here,
            gradient_noise=source.gradient_noise(),
            message=MESSAGES[reason],
        )

    def _reason(self, floor: float, ceiling: float) -> str:
        if self.negative and self.positive:
            return "saddle"
        if self.positive:
            return "minimum" if floor > 0 else "positive"
        if self.negative:
            return "maximum" if ceiling < 0 else "negative"
        return "flat"
