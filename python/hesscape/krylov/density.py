"""The density of a Hessian's eigenvalues from its products with random vectors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from hesscape import _core, _validate
from hesscape._keywords import takes
from hesscape._report import number
from hesscape._validate import Array
from hesscape.objective import Objective
from hesscape.status import NonFiniteError

from .curvature import basis_of
from .products import Products, products_of

POINTS = 256  # of the grid, unless it is given
MARGIN = 4.0  # widths by which it goes beyond the ends of the spectrum
LEVEL = 0.95  # of confidence that the errors have


@dataclass(frozen=True, eq=False)
class SpectralDensity:
    """How the eigenvalues of a Hessian are distributed.

    Attributes
    ----------
    grid : ndarray, shape (m,)
        Where the density is given.
    density : ndarray, shape (m,)
        An estimate of the mean of Gaussians around all eigenvalues, whose integral is one.
    error : ndarray, shape (m,)
        Half the width of its confidence band, pointwise at 95 %, by Student's t over the probes.
    width : float
        Standard deviation of the Gaussians.
    mean, mean_error : float
        Estimate of the mean of all eigenvalues, trace(H)/n, with an error of the same kind.
    lowest, highest : float
        Extreme nodes: eigenvalues lie at or beyond them, up to `node_error`.
    nodes, weights : ndarray, shape (probes, steps)
        Quadrature rules, one a probe: the mean over them of ``(weights * f(nodes)).sum(axis=1)`` estimates
        trace(f(H))/n. Nodes of weight zero fill rows of a probe that needed fewer steps.
    node_error : float
        Bound of what the errors of the products do to the nodes.
    n_products, njev : int
        Products with H, and evaluations of the gradient.
    """

    grid: Array = field(repr=False)
    density: Array = field(repr=False)
    error: Array = field(repr=False)
    width: float
    mean: float
    mean_error: float
    lowest: float
    highest: float
    nodes: Array = field(repr=False)
    weights: Array = field(repr=False)
    node_error: float
    n_products: int
    njev: int

    def __str__(self) -> str:
        probes, steps = self.nodes.shape
        cost = f"{self.n_products} products" + (f" from {self.njev} gradients" if self.njev else "")
        rows = [
            ("nodes", f"from {number(self.lowest)} to {number(self.highest)}"),
            ("mean", f"{number(self.mean)} ± {self.mean_error:.1e}"),
            ("width", f"{number(self.width, 3)} of the Gaussian around each eigenvalue"),
            ("evaluations", cost),
        ]
        title = f"density of eigenvalues, by {probes} probes of {steps} steps"
        return "\n".join([title, *(f"  {name:<12} {what}" for name, what in rows)])


class _Rule(NamedTuple):
    nodes: Array
    weights: Array
    mean: float
    error: float


@takes(Objective)
def spectral_density(
    fun: Callable[..., Any] | Objective,
    x: ArrayLike,
    *,
    probes: int = 10,
    steps: int = 80,
    width: float | None = None,
    grid: int | ArrayLike = POINTS,
    zero_modes: int | ArrayLike = 0,
    rng: Any = None,
    **keywords: Any,
) -> SpectralDensity:
    """Estimate how the eigenvalues of a Hessian are distributed, by stochastic Lanczos quadrature.

    Parameters
    ----------
    fun : callable or Objective
        With `hessp`, `hess` or `jac`, as for `curvature`. `fun` itself is not evaluated.
    x : array_like, shape (n,)
        The point.
    probes : int
        Random vectors, 2 at least. The errors fall as their square root.
    steps : int
        Products with each, of which all are kept as vectors.
    width : float, optional
        Standard deviation of the Gaussian that stands for each eigenvalue. Without it, the length of the spectrum over
        `steps`: so far apart are the nodes, and with much less each is seen as a peak of its own.
    grid : int or array_like, shape (m,)
        How many points over the whole spectrum, or the points.
    zero_modes : array_like, shape (n, k)
        Directions that are flat by a symmetry: the n - k eigenvalues of H on their complement are meant.
    rng : None, int or numpy.random.Generator
        The probes are drawn from it.
    **keywords

    Returns
    -------
    SpectralDensity

    Raises
    ------
    ValueError, TypeError
        When an argument is of the wrong kind, or nothing gives products.
    NonFiniteError
        When a product is not finite.

    Notes
    -----
    For v uniform on the unit sphere, the mean of vᵀf(H)v is trace(f(H))/n [1]_. The Lanczos process from v gives the
    Gauss quadrature of it, which is exact for polynomials of degree ``2 steps - 1``: its nodes are the Ritz values, its
    weights the squared first components of the eigenvectors of the tridiagonal matrix. The density is that of f = a
    Gaussian around a point of the grid [2]_, as is usual for the losses of networks [3]_. Between the default width and
    that degree, quadrature is in error by less than a thousandth of the peaks; the rest is the scatter of the probes.

    References
    ----------
    .. [1] S. Ubaru, J. Chen, Y. Saad, Fast estimation of tr(f(A)) via stochastic Lanczos quadrature, *SIAM J. Matrix
       Anal. Appl.* 38 (2017) 1075-1099.
    .. [2] L. Lin, Y. Saad, C. Yang, Approximating spectral densities of large matrices, *SIAM Review* 58 (2016) 34-65.
    .. [3] B. Ghorbani, S. Krishnan, Y. Xiao, An investigation into neural net optimization via Hessian eigenvalue
       density, *ICML* 97 (2019) 2232-2241.

    Examples
    --------
    >>> import numpy as np
    >>> import hesscape as hs
    >>> d = np.repeat([-1.0, 3.0], 5000)
    >>> found = hs.spectral_density(
    ...     lambda x: x @ (d * x) / 2, np.zeros(d.size), hessp=lambda x, p: d * p, rng=0
    ... )
    >>> found.nodes[:, :2].mean(axis=0).round(9)
    array([-1.,  3.])
    >>> abs(found.mean - 1) < 2 * found.mean_error
    True
    """
    f = Objective.of(fun, keywords)
    x = _validate.point(x, copy=False)
    probes = _validate.integer("probes", probes, least=2, most=10**6)
    steps = _validate.integer("steps", steps, least=2, most=10**5)
    if width is not None:
        width = _validate.positive("width", width)
    points = _points(grid)
    modes = basis_of(zero_modes, x.size)
    source = products_of(f, x)
    generator = np.random.default_rng(rng)
    rules = [_rule(source, generator, modes, steps) for _ in range(probes)]
    most = max(rule.nodes.size for rule in rules)
    nodes = np.array([np.pad(r.nodes, (0, most - r.nodes.size), mode="edge") for r in rules])
    weights = np.array([np.pad(r.weights, (0, most - r.weights.size)) for r in rules])
    lowest, highest = float(nodes.min()), float(nodes.max())
    node_error = max(rule.error for rule in rules)
    if width is None:
        width = max((highest - lowest) / steps, node_error, 1e-9 * max(-lowest, highest)) or 1.0
    if isinstance(points, int):
        points = np.linspace(lowest - MARGIN * width, highest + MARGIN * width, points)
    density, error = _averaged(_blurred(nodes, weights, points, width))
    mean, mean_error = _averaged(np.array([[rule.mean] for rule in rules]))
    return SpectralDensity(
        grid=points,
        density=density,
        error=error,
        width=width,
        mean=float(mean[0]),
        mean_error=float(mean_error[0]),
        lowest=lowest,
        highest=highest,
        nodes=nodes,
        weights=weights,
        node_error=node_error,
        n_products=source.count,
        njev=source.njev,
    )


def _points(grid: int | ArrayLike) -> int | Array:
    if isinstance(grid, (int, np.integer)):
        return _validate.integer("grid", grid, least=2, most=10**7)
    points = _validate.real_array("grid", grid)
    if points.ndim != 1 or not points.size:
        raise ValueError(f"grid must be a number of points or have shape (m,), got {points.shape}")
    return points


def _rule(source: Products, rng: np.random.Generator, modes: Array, steps: int) -> _Rule:
    """Make the quadrature rule of one probe."""
    from scipy.linalg import eigh_tridiagonal

    start: Array = rng.standard_normal(modes.shape[:1])
    core = _core.Lanczos(start, zero_modes=modes, limit=max(4, steps + 1))  # without a restart
    del start
    diagonal, beside = [], []
    while core.status != _core.Krylov.exhausted and core.products < steps:
        v = core.ask()[:, 0]
        p, error = source.product(v, measured=core.products == 0)
        diagonal.append(_core.rayleigh(v, p).value)
        if not core.tell(p[:, None], np.array([error])):
            raise NonFiniteError(_core.Krylov.not_finite.message)
        beside.append(core.coupling)
    nodes, vectors = eigh_tridiagonal(np.array(diagonal), np.array(beside[:-1]))
    return _Rule(nodes, vectors[0] ** 2, diagonal[0], core.backward_error())


def _blurred(nodes: Array, weights: Array, points: Array, width: float) -> Array:
    """Give the density of each probe, as rows."""
    scale = 1 / (width * np.sqrt(2 * np.pi))
    rows = []
    for node, weight in zip(nodes, weights, strict=True):
        z = (points[:, None] - node) / width
        rows.append(scale * np.exp(-0.5 * z * z) @ weight)
    return np.array(rows)


def _averaged(rows: Array) -> tuple[Array, Array]:
    """Average over probes, with the half width of the confidence interval."""
    from scipy.special import stdtrit

    count = len(rows)
    quantile = float(stdtrit(count - 1, 0.5 + LEVEL / 2))
    return rows.mean(axis=0), quantile * rows.std(axis=0, ddof=1) / np.sqrt(count)
