"""A function of JAX as an `Objective`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from hesscape._keywords import takes
from hesscape._validate import Array
from hesscape.objective import Objective
from hesscape.problem import Problem

from .library import library, vector


@takes()
def from_jax(f: Callable[[Any], Any], x_pytree: Any) -> Problem:
    """Take a function of JAX as a function of a vector, with gradients and Hessian-vector products.

    Parameters
    ----------
    f : callable
        ``f(pytree) -> scalar``, which JAX can trace.
    x_pytree : pytree of arrays
        The point, in the form that `f` takes: arrays or numbers of dtype float32 or float64.

    Returns
    -------
    Problem
        ``objective`` with `fun`, `jac` and `hessp`; ``x0`` of shape (n,), as ``jax.flatten_util.ravel_pytree``
        orders it; ``zero_modes=0``; and ``unflatten(x)``, which gives a pytree such as `f` takes.

    Raises
    ------
    ModuleNotFoundError
        When JAX is not installed.
    TypeError, ValueError
        When an argument is not what it should be; the message names it.

    Notes
    -----
    Gradients are those of ``jax.grad``; products are forward over reverse, ``jax.jvp`` of ``jax.grad``, which take
    less memory than reverse over reverse [1]_. Value, gradient and product are compiled once each. They run on the
    device of the point.

    **JAX computes in float32** unless ``jax.config.update("jax_enable_x64", True)`` was called before the arrays were
    made, and turns arrays of float64 into float32 without a word. The point is then rounded, and so are values,
    gradients and products, which are returned as float32. That rounding, about ``1e-7`` of the values, is the noise of
    the objective, and limits what can be proven: enable x64 for verdicts. On GPUs and TPUs, matrix products may use
    fewer bits than the dtype has (``jax_default_matmul_precision``), more than hesscape is told.

    References
    ----------
    .. [1] J. Bradbury et al., The Autodiff Cookbook, *JAX documentation*, section "Hessian-vector products".

    Examples
    --------
    >>> import jax
    >>> import hesscape as hs
    >>> with jax.enable_x64(True):
    ...     loss = hs.interop.from_jax(lambda w: (1 - w["a"] * w["b"]) ** 2, {"a": 0.0, "b": 0.0})
    ...     point = hs.classify(loss.objective, loss.x0)
    >>> print(point.kind, point.certain, point.eigenvalues)
    saddle True [-2.  2.]
    """
    jax = library("jax")
    if not callable(f):
        raise TypeError(f"f must be callable, f(pytree), got {f!r}")
    flat, unravel = _raveled(jax, x_pytree)
    n, dtype, device = flat.size, flat.dtype, flat.sharding

    def scalar(v: Any) -> Any:
        return f(unravel(v))

    made = jax.eval_shape(scalar, flat)
    shape, kind = getattr(made, "shape", None), getattr(made, "dtype", None)
    if shape != () or kind is None or not jax.numpy.issubdtype(kind, np.floating):
        raise TypeError(f"f must return a real scalar, got {made}")

    def put(name: str, x: Any) -> Any:
        with np.errstate(over="ignore"):  # beyond float32
            placed = jax.device_put(vector(name, x, n).astype(dtype), device)
        if placed.dtype != dtype:
            raise ValueError(
                f"jax_enable_x64 must be on, as it was when from_jax was called; got {placed.dtype}"
            )
        return placed

    slope = jax.grad(scalar)
    value_of = jax.jit(scalar)
    slope_of = jax.jit(slope)
    product_of = jax.jit(lambda v, p: jax.jvp(slope, (v,), (p,))[1])

    def value(x: Array) -> float:
        return float(value_of(put("x", x)))

    def gradient(x: Array) -> Any:
        return np.asarray(slope_of(put("x", x)))

    def product(x: Array, p: Array) -> Any:
        return np.asarray(product_of(put("x", x), put("p", p)))

    objective = Objective(value, jac=gradient, hessp=product)
    x0 = np.asarray(flat).astype(np.float64)
    return Problem(objective, x0, unflatten=lambda x: unravel(put("x", x)))


def _raveled(jax: Any, x_pytree: Any) -> tuple[Any, Any]:
    leaves = jax.tree_util.tree_leaves(x_pytree)
    for leaf in leaves:
        dtype = getattr(leaf, "dtype", type(leaf))
        if dtype not in (np.float32, np.float64, float):
            raise TypeError(f"x_pytree must hold float32 or float64, got {leaf!r}")
    flat, unravel = library("jax.flatten_util").ravel_pytree(x_pytree)
    if not flat.size:
        raise ValueError("x_pytree must hold at least one number, got none")
    return flat, unravel
