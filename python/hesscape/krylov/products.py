"""Products of the Hessian with unit vectors, each with a bound of its error: given ones, or differences of gradients."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from hesscape import _core
from hesscape._validate import Array
from hesscape.derivatives.given import SINGLE_ULPS
from hesscape.objective import Objective, epsilon_of
from hesscape.status import NonFiniteError

EPS = float(np.finfo(np.float64).eps)
ULPS = 4  # that a given product may be wrong by, relative to the largest seen
FIRST_STEP = -15  # log2 of the largest displacement of the first step, in the scale of x
GOOD = 1e-6  # relative errors below this are not worth a search for a better step
LEAP = 4  # log2 of the factor between the steps that are tried
MOST_LEAPS = 12
SAFETY = 2.0  # the difference of two steps is 1 - RATIO**2 of the truncation of the longer one, plus noise
RATIO = 0.625  # of the steps; rounding in single precision would be the same at half of a step
WIDTH = 2  # products that are asked for at once where they cost one call
TRUST = 2.0  # errors of products at one step, beside the last that was measured at two


class Products(Protocol):
    """What gives Hv for unit vectors v."""

    njev: int
    count: int
    here: Array | None  # the gradient
    width: int  # products that one call gives

    def gradient_noise(self) -> float:
        """Bound the typical error of an entry of the gradient."""

    def product(self, v: Array, *, measured: bool) -> tuple[Array, float]:
        """Give Hv and a bound of the Euclidean norm of its error, `measured` for this v or taken from another.

        Hv may be overwritten by the next product.
        """

    def products(self, block: Array, *, measured: bool) -> tuple[Array, Array]:
        """Give HV for orthonormal columns V, and a bound for each; the error of the first may be `measured`.

        HV may be overwritten by the next product.
        """

    def release(self) -> None:
        """Give up the memory that only products need."""


def one_by_one(source: Products, block: Array, *, measured: bool) -> tuple[Array, Array]:
    """Give the products of a block by a call for each column."""
    p, error = source.product(block[:, 0], measured=measured)
    if block.shape[1] == 1:
        return p[:, None], np.array([error])
    columns, errors = [p.copy()], [error]
    for v in block.T[1:]:
        p, error = source.product(v, measured=False)
        columns.append(p.copy())
        errors.append(error)
    return np.array(columns).T, np.array(errors)


def lengths_of(block: Array) -> Array:
    """Give the Euclidean norms of columns that lie one after the other."""
    return np.sqrt([v @ v for v in block.T])


def products_of(f: Objective, x: Array, gradient: Array | None = None) -> Products:
    """Choose the source of products: `hessp`, `hess`, or differences of `jac`."""
    if f.hessp is not None or f.hess is not None:
        return Given(f, x)
    if f.jac is not None:
        return Differences(f, x, gradient)
    raise ValueError("curvature needs hessp, jac or hess: products are not measured from values")


def gradient_at(f: Objective, point: Array) -> Array:
    """Evaluate `jac` at a point that it may write to; the result may be the user's own array."""
    assert f.jac is not None
    n = point.size
    if callable(f.jac) and not f.vectorized:
        return f.vector("jac", f.jac(point, *f.args), n)
    gradient: Array = f.gradients(point[None])[0]
    return gradient


class Given:
    """Products as `hessp` or `hess` gives them, right to a few ulps of the largest one."""

    def __init__(self, f: Objective, x: Array) -> None:
        self.f, self.x = f, x
        self.njev = self.count = 0
        self.here: Array | None = None
        self.largest = 0.0
        self.name = "hess" if f.hessp is None else "hessp"
        self.matrix: Array | None = None
        self.epsilon = EPS
        if f.hessp is None:
            self.matrix, self.epsilon = f.curvature(x)
        self.width = 1 if self.matrix is None else WIDTH

    def gradient_noise(self) -> float:
        """Give nothing beyond rounding, as no gradient was taken."""
        return 0.0

    def release(self) -> None:
        """Give up nothing, as nothing is kept."""

    def products(self, block: Array, *, measured: bool) -> tuple[Array, Array]:
        """Give HV, by one product of matrices where H is one."""
        if self.matrix is None or block.shape[1] == 1:
            return one_by_one(self, block, measured=measured)
        self.count += block.shape[1]
        p = (block.T @ self.matrix.T).T
        lengths = lengths_of(p)
        self._must_be_finite(float(lengths.max()))
        self.largest = max(self.largest, float(lengths.max()))
        return p, np.full(lengths.size, self._rounding(self.epsilon))

    def _rounding(self, epsilon: float) -> float:
        return (ULPS if epsilon == EPS else SINGLE_ULPS) * epsilon * self.largest

    def _must_be_finite(self, length: float) -> None:
        if not np.isfinite(length):
            raise NonFiniteError(
                f"{self.name} is not finite at x = {self.x}: move x into its domain"
            )

    def product(self, v: Array, *, measured: bool) -> tuple[Array, float]:  # noqa: ARG002
        """Give Hv."""
        self.count += 1
        if self.matrix is not None:
            raw: Any = self.matrix @ v
        else:
            assert self.f.hessp is not None
            raw = self.f.hessp(self.x.copy(), v.copy(), *self.f.args)
        p = self.f.vector(self.name, raw, v.size)
        length = float(np.linalg.norm(p))
        self._must_be_finite(length)
        self.largest = max(self.largest, length)
        return p, self._rounding(max(self.epsilon, epsilon_of(raw)))


class Differences:
    """Products as central differences of `jac`, at a step that its own errors choose."""

    def __init__(self, f: Objective, x: Array, gradient: Array | None) -> None:
        self.f, self.x = f, x
        self.njev = self.count = 0
        self.width = WIDTH if f.vectorized else 1
        self._point, self._product, self._change = x.copy(), np.empty_like(x), np.empty_like(x)
        if gradient is None:
            self.njev += 1
            gradient = gradient_at(f, self._point).copy()
        self.here: Array | None = gradient
        if not np.isfinite(gradient @ gradient):
            raise self._not_finite()
        self.lengths = float(np.linalg.norm(x)), float(np.linalg.norm(gradient))
        length = self.lengths[0] / np.sqrt(x.size) / 4
        self.scale = length if 0 < length < np.inf else 0.25
        self.largest = 0.0  # product
        self.exponent = FIRST_STEP
        self.relative = -1.0  # error of the last product that was measured, at unit step
        self.tuned = False

    def release(self) -> None:
        """Give up the memory that only products need."""
        self._point = self._product = self._change = np.empty(0)

    def product(self, v: Array, *, measured: bool) -> tuple[Array, float]:
        """Give Hv; two gradients, a third if the error is measured, more for the first and where it is not finite."""
        self.count += 1
        if not self.tuned:
            return self._tune(v)
        p, error = self._difference(v, measured=measured)
        for _ in range(MOST_LEAPS):
            if np.isfinite(error):
                return p, error
            self.exponent -= LEAP
            p, error = self._difference(v, measured=True)
        raise self._not_finite()

    def products(self, block: Array, *, measured: bool) -> tuple[Array, Array]:
        """Give HV, by two gradients a column in one call where `jac` is vectorized."""
        if not self.f.vectorized:
            return one_by_one(self, block, measured=measured)
        if self.tuned and not measured:
            return self._together(block)
        p, error = self.product(block[:, 0], measured=True)
        if block.shape[1] == 1:
            return p[:, None], np.array([error])
        first = p.copy()
        others, errors = self._together(block[:, 1:])
        return np.vstack([first, others.T]).T, np.concatenate([[error], errors])

    def _together(self, block: Array) -> tuple[Array, Array]:
        m = block.shape[1]
        self.count += m
        self.njev += 2 * m
        h = np.array([self._step(v) for v in block.T])[:, None]
        points = np.empty_like(self.x, shape=(2 * m, self.x.size))
        np.multiply(h, block.T, out=points[:m])
        np.subtract(self.x, points[:m], out=points[m:])
        points[:m] += self.x
        points.flags.writeable = False
        with np.errstate(all="ignore"):  # a difference may leave the domain of jac
            gradients = self.f.gradients(points)
            p = np.empty_like(self.x, shape=(m, self.x.size))  # whatever order the gradients are in
            np.subtract(gradients[:m], gradients[m:], out=p)
            p *= 0.5 / h
            lengths = lengths_of(p.T)
        finite = np.isfinite(lengths)
        self.largest = max(self.largest, float(lengths[finite].max(initial=0)))
        errors = np.array([TRUST * self.relative / s + self._rounding(s) for s in h[:, 0]])
        for j in np.flatnonzero(~finite):
            self.count -= 1  # it is asked for once more, at steps that shorten until it is finite
            p[j], errors[j] = self.product(block[:, j], measured=True)
        return p.T, errors

    def gradient_noise(self) -> float:
        """Bound the typical error of an entry of the gradient, as the differences show it."""
        return 0.0 if self.relative < 0 else 3 * self.relative / np.sqrt(self.x.size)

    def _tune(self, v: Array) -> tuple[Array, float]:
        """Try steps until the measured error is good, or neither a longer nor a shorter one is better."""
        best = self._difference(v, measured=True)
        if best[1] <= GOOD * np.linalg.norm(best[0]):
            self.tuned = True
            return best
        best = best[0].copy(), best[1]
        for direction in (LEAP, -LEAP):
            for _ in range(MOST_LEAPS):
                if best[1] <= GOOD * np.linalg.norm(best[0]):
                    break
                self.exponent += direction
                trial = self._difference(v, measured=True)
                if not (trial[1] < best[1] / 2 or (np.isinf(best[1]) and direction < 0)):
                    self.exponent -= direction
                    break
                best = trial[0].copy(), trial[1]
        if not np.isfinite(best[1]):
            raise self._not_finite()
        self.tuned = True
        self.relative = best[1] * self._step(v)
        return best

    def _step(self, v: Array) -> float:
        largest = max(float(v.max()), -float(v.min()))
        return float(2.0 ** np.round(np.log2(2.0**self.exponent * self.scale / largest)))

    @np.errstate(all="ignore")  # a difference may leave the domain of jac
    def _difference(self, v: Array, *, measured: bool) -> tuple[Array, float]:
        """Difference over the step h, and twice what the step rh, r = RATIO, changes.

        The value of the latter is (g(x + rhv) - g(x) - r² [g(x + hv) + g(x - hv) - 2 g(x)] / 2) / rh, which takes one
        gradient only, and whose even terms cancel too.
        """
        h = self._step(v)
        p, change = self._product, self._change
        if measured:
            np.multiply(self._along(v, RATIO * h), -1 / RATIO, out=change)
            _core.displace(change, self._here(), 1 / RATIO - RATIO, change)
            p.fill(0)
            _core.accumulate(self._along(v, h), 0.5 / h, p, (1 + RATIO) / 2, change)
            _core.accumulate(self._along(v, -h), -0.5 / h, p, -(1 - RATIO) / 2, change)
            self.relative = SAFETY * float(np.sqrt(change @ change))
            error = self.relative / h
        else:
            np.multiply(self._along(v, h), 0.5 / h, out=p)
            _core.displace(p, self._along(v, -h), -0.5 / h, p)
            error = TRUST * self.relative / h
        length = float(np.sqrt(p @ p))
        if not np.isfinite(error + length):
            return p, np.inf
        self.largest = max(self.largest, length)
        return p, error + self._rounding(h)

    def _rounding(self, h: float) -> float:
        """Bound what rounding of x ± hv, of the gradients and of the product do to a product over the step h.

        The change of the step tells of them too, but of few coordinates it may tell too little by accident.
        """
        x, gradient = self.lengths
        return EPS * (self.largest * (x / h + ULPS) + ULPS * gradient / h)

    def _along(self, v: Array, step: float) -> Array:
        self.njev += 1
        _core.displace(self.x, v, step, self._point)
        return gradient_at(self.f, self._point)

    def _here(self) -> Array:
        assert self.here is not None
        return self.here

    def _not_finite(self) -> NonFiniteError:
        return NonFiniteError(
            f"jac is not finite at or next to x = {self.x}: move x into its domain"
        )
