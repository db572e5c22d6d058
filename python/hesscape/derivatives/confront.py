"""A Hessian that was given, confronted with differences of gradients along one direction."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from hesscape import _core
from hesscape._validate import Array
from hesscape.objective import Objective
from hesscape.status import NonFiniteError

from .model import TaylorModel

EPS = float(np.finfo(float).eps)
ULPS = 4.0
SIGMAS = 6.0
HEARD = 2.0**-40  # noise that is more than rounding of what cancels
TRIES = (-12, -18, -24)  # powers of two, over the natural step
SHORTEST = 2.0**-12  # of x: the natural step that is taken where it is shorter
FASTER = 8.0  # than the step falls what truncation leaves
UNEVEN = 2.4  # the ratio of two steps: rounding inside scales with powers of two


def finite_gradients(f: Objective, points: Array, x: Array) -> Array:
    """Evaluate `jac`, and insist on finite values."""
    with np.errstate(all="ignore"):
        gradients = f.gradients(points)
    if not np.isfinite(gradients).all():
        raise NonFiniteError(
            f"jac is not finite at or next to x = {x}: {_core.Status.no_step.message}"
        )
    return gradients


def is_single(values: Array) -> bool:
    """Whether all are numbers of single precision, in which type ever they came."""
    with np.errstate(over="ignore"):
        return bool((values == values.astype(np.float32)).all())


class Difference(NamedTuple):
    """How the gradient changes along a displacement, and what is known of the error."""

    along: Array
    change: Array
    error: Array
    noise: Array  # of each entry of a gradient
    even: Array  # the part of the change that is the same on both sides
    left: Array  # of it, what falls as the step does if it is no noise
    heard: float  # noise, relative to what rounding is relative to; 0 where it is rounding
    uneven: float  # the most that is left of an entry, likewise; 0 where it is rounding
    single: bool  # all are numbers of single precision


def against_gradients(f: Objective, model: TaylorModel, natural: Array, name: str) -> TaylorModel:
    """Widen the errors of a Hessian until differences of `jac` agree with it.

    All coordinates take part, each by a length in which its row of H has an entry of about 1. What is heard in the
    gradients, noise or a jump of the second derivative, is in the Hessian as well.
    """
    h, x = model.hessian, model.x
    unit = _units(h)
    size = np.maximum(unit * np.median(natural / unit), SHORTEST * np.abs(x))
    v = np.random.default_rng(x.size).choice([-1.0, 1.0], x.size) * size
    differences = _Differences(f, model, v)
    first = differences.without_truncation()
    if first is not None:
        loudest = differences.loudest(first)
        model = _as_uncertain(model, loudest, unit)
        if loudest.uneven:
            level = round(np.log2(max(loudest.heard, HEARD)) / 5)
            model = _with_jump(model, loudest, differences.at(max(level, first)))
    over, along = np.zeros_like(x), v
    for exponent in TRIES if first is None else TRIES[TRIES.index(first) :]:
        d = differences.at(exponent)
        if d is None:
            continue
        along = d.along
        allowed = d.error + model.hessian_error @ np.abs(along)
        over = np.maximum(np.abs(d.change - h @ along) - allowed, 0)
        if not over.any():
            break
    model = replace(model, njev=model.njev + 4 * len(differences.taken))
    if not over.any():
        return model
    wrong = 2 * over[:, None] / np.abs(along)
    return replace(
        model,
        hessian_error=np.maximum(model.hessian_error, np.maximum(wrong, wrong.T)),
        message=f"differences of jac contradict {name}; the errors account for it",
    )


class _Differences:
    """Differences along a direction, over powers of two of it, each taken once."""

    def __init__(self, f: Objective, model: TaylorModel, v: Array) -> None:
        self.f, self.model, self.v = f, model, v
        self.taken: dict[int, Difference | None] = {}

    def at(self, exponent: int) -> Difference | None:
        if exponent not in self.taken:
            step = np.ldexp(self.v, exponent)
            self.taken[exponent] = difference(self.f, self.model, step)
        return self.taken[exponent]

    def loudest(self, longest: int) -> Difference:
        """Give the difference over a step with all the noise that it and the shorter ones have heard."""
        found = [d for e, d in self.taken.items() if e <= longest and d is not None]
        noise = np.max([d.noise for d in found], axis=0)
        return found[0]._replace(noise=noise, heard=max(d.heard for d in found))

    def without_truncation(self) -> int | None:
        """Find the longest of the steps whose even part falls no faster than that of a jump would."""
        longest, before = None, None
        for exponent in TRIES:
            d = self.at(exponent)
            if d is None:
                continue
            if before is not None:
                shorter = float(np.abs(d.along / before.along).max())
                if d.uneven > before.uneven * shorter / FASTER:
                    break
            longest, before = exponent, d
            if not d.uneven:
                break
        return longest


def difference(f: Objective, model: TaylorModel, v: Array) -> Difference | None:
    """Extrapolate central differences of `jac` over v and over a shorter step; None beyond the domain."""
    x, here = model.x, model.gradient
    points = x + np.array([v, -v, v / UNEVEN, -v / UNEVEN])
    try:
        g = finite_gradients(f, points, x)
    except NonFiniteError:
        return None
    along, _ = _extrapolated(points)  # as x rounds it
    change, last = _extrapolated(g)
    # What is even in the step falls as its square, unless the second derivative jumps or f is noisy.
    even = (g[2] + g[3]) / 2 - here
    left = even - ((g[0] + g[1]) / 2 - here) / UNEVEN**2
    everything = np.vstack([g, here])
    single = is_single(everything)
    epsilon = float(np.finfo(np.float32).eps) if single else EPS
    size = np.abs(everything).max(axis=0) + np.abs(model.hessian) @ np.abs(x)
    relative = np.divide(np.abs(left), size, out=np.zeros_like(x), where=size > 0)
    heard = (1 + 2 / x.size) * float(np.median(relative))
    noise = np.maximum(np.abs(left), max(ULPS * epsilon, heard) * size)
    return Difference(
        along,
        change,
        np.abs(last) + SIGMAS * UNEVEN * noise,
        noise,
        np.abs(even) * UNEVEN**2,
        left / (1 / UNEVEN - 1 / UNEVEN**2),
        heard if heard > HEARD else 0.0,
        float(relative.max(where=relative > HEARD, initial=0.0)),
        single,
    )


def _extrapolated(y: Array) -> tuple[Array, Array]:
    """Give the odd part of what is at the two steps, without its cubic term; and what that was."""
    coarse, fine = (y[0] - y[1]) / 2, UNEVEN * (y[2] - y[3]) / 2
    cubic = (fine - coarse) / (UNEVEN**2 - 1)
    return fine + cubic, cubic


def _as_uncertain(model: TaylorModel, d: Difference, unit: Array) -> TaylorModel:
    """Give H the noise that is heard in gradients, and what it changes by where x is rounded."""
    relative = ULPS * EPS if d.single else max(ULPS * EPS, 3 * d.heard)
    moved = relative * float(np.max(np.abs(model.x) / np.abs(d.along)))
    error = SIGMAS * d.heard * np.outer(1 / unit, 1 / unit) + moved * _over(2 * d.even, d.along)
    return replace(
        model,
        gradient_error=np.maximum(model.gradient_error, SIGMAS * d.noise),
        hessian_error=model.hessian_error + error,
    )


def _with_jump(model: TaylorModel, d: Difference, longer: Difference | None) -> TaylorModel:
    """Account for a jump of the second derivative: what is left grows with the step, as noise does not."""
    if longer is None:
        return model
    growth = np.sqrt(np.median(longer.along / d.along))
    grown = np.abs(longer.left) > growth * UNEVEN * np.maximum(np.abs(d.left) / UNEVEN, d.noise)
    jump = np.minimum(*(_jump(np.where(grown, each.left, 0), each.along) for each in (d, longer)))
    return replace(model, hessian_error=model.hessian_error + jump)


def _jump(left: Array, along: Array) -> Array:
    """By how much H jumps, of which half is seen along a displacement.

    On a plane through x it jumps by c a a^T, where half of c a (a . v) is seen: the first form, for any v. The other one
    holds for several planes, if they don't cancel along v.
    """
    product = abs(float(along @ left))
    alone = np.abs(np.outer(left, left)) / product if product > 0 else np.zeros((left.size,) * 2)
    return 2 * np.maximum(alone, _over(np.abs(left), along))


def _over(change: Array, along: Array) -> Array:
    """Entries of H that a change of the gradient along a displacement may come from."""
    entries = change[:, None] / np.abs(along)
    return np.minimum(entries, entries.T)


def _units(h: Array) -> Array:
    """Units of the coordinates in which each row of H has an entry of about 1."""
    unit = np.ones(len(h))
    for _ in range(3):
        largest = (np.abs(h) * np.outer(unit, unit)).max(axis=1)
        unit = unit / np.sqrt(np.where(largest > 0, largest, 1))
    return unit
