"""A loss of PyTorch as an `Objective`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np

from hesscape._keywords import takes
from hesscape._validate import Array
from hesscape.objective import Objective
from hesscape.problem import Problem

from .library import library, vector

if TYPE_CHECKING:
    from torch import Tensor


@takes()
def from_torch(
    loss_closure: Callable[[], Tensor], parameters: Iterable[Tensor] | Tensor
) -> Problem:
    """Take a loss of PyTorch as a function of its parameters, with gradients and Hessian-vector products.

    Parameters
    ----------
    loss_closure : callable
        ``loss_closure() -> Tensor`` of one element, computed from the parameters as they are when it is called. It
        must not call ``backward``, and must be deterministic: see the notes.
    parameters : iterable of Tensor, or Tensor
        Leaf tensors of dtype float32 or float64, on any device, such as ``model.parameters()``. All of them are
        varied, those with ``requires_grad=False`` too.

    Returns
    -------
    Problem
        ``objective`` with `fun`, `jac` and `hessp`; ``x0`` of shape (n,), the parameters one after another, each
        in the order of ``reshape(-1)``; ``zero_modes=0``; and ``unflatten(x)``, which gives new tensors shaped as
        the parameters, with their dtypes and devices.

    Raises
    ------
    ModuleNotFoundError
        When PyTorch is not installed.
    TypeError, ValueError
        When an argument is not what it should be; the message names it. From a call of the objective: when the
        loss is not a tensor of one real element, or was computed without a graph.

    Notes
    -----
    The products are exact derivatives of derivatives (double backward [1]_). During a call the parameters hold the
    point that was asked for; afterwards they hold what they held before to the last bit, whatever was raised.
    Neither ``.grad`` nor ``requires_grad`` is changed, and no graph outlives a call. Calls of one objective wait for
    each other, since they share the parameters.

    A loss that is not a function of the parameters alone has no Hessian. Dropout draws anew at every call, and
    batch normalisation in training mode depends on the batch and updates its running statistics, which are buffers
    and are not restored: call ``model.eval()`` first. Let the closure see the same data each time. ReLU networks have
    piecewise Hessians: what is given is that of the piece.

    In float32 the point is rounded to it, and so are values, gradients and products, which are returned as
    float32. That rounding, about ``1e-7`` of the values, is the noise of the objective, and limits what can be proven;
    convert the model and its data with ``.double()`` for verdicts. Where the closure computes with less than the
    dtype of the parameters (``torch.autocast``, TF32), errors are larger than hesscape is told.

    References
    ----------
    .. [1] B. A. Pearlmutter, Fast exact multiplication by the Hessian, *Neural Computation* 6 (1994) 147-160.

    Examples
    --------
    >>> import torch
    >>> import hesscape as hs
    >>> w = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    >>> loss = hs.interop.from_torch(lambda: (1 - w[0] * w[1]) ** 2, [w])
    >>> point = hs.classify(loss.objective, loss.x0)
    >>> print(point.kind, point.certain, point.eigenvalues)
    saddle True [-2.  2.]
    >>> way = hs.escape(loss.objective, point)
    >>> print(abs(loss.unflatten(way.x)[0]), w)
    tensor([1., 1.], dtype=torch.float64) tensor([0., 0.], dtype=torch.float64, requires_grad=True)
    """
    loss = _Loss(loss_closure, parameters)
    objective = Objective(loss.value, jac=loss.gradient, hessp=loss.product)
    return Problem(objective, loss.x0, unflatten=loss.unflatten)


class _Loss:
    """A loss and the parameters that it reads."""

    def __init__(self, closure: Callable[[], Tensor], parameters: Any) -> None:
        self.torch = library("torch")
        if not callable(closure):
            raise TypeError(f"loss_closure must be callable, loss_closure(), got {closure!r}")
        self.closure = closure
        self.parameters = _checked(self.torch, parameters)
        self.sizes = [p.numel() for p in self.parameters]
        self.n = sum(self.sizes)
        dtypes = {p.dtype for p in self.parameters}
        # The coarsest: the type of what is returned tells how it was rounded.
        self.dtype = min(dtypes, key=lambda dtype: dtype.itemsize)
        self.x0: Array = self._flat(self.parameters, self.torch.float64)
        self.lock = RLock()

    def value(self, x: Array) -> float:
        with self._at(x):
            return float(self._loss().item())

    def gradient(self, x: Array) -> Any:
        with self._at(x):
            return self._flat(self._slope(self._loss(), create_graph=False))

    def product(self, x: Array, p: Array) -> Any:
        along = self.unflatten(p, "p")
        with self._at(x):
            slope = self._slope(self._loss(), create_graph=True)
            pairs = [(g, v) for g, v in zip(slope, along, strict=True) if g.requires_grad]
            if not pairs:  # the loss is linear
                return self._flat([self.torch.zeros_like(v) for v in along])
            gradients, vectors = zip(*pairs, strict=True)
            curved = self.torch.autograd.grad(
                gradients, self.parameters, vectors, materialize_grads=True
            )
            return self._flat(curved)

    def unflatten(self, x: Any, name: str = "x") -> list[Tensor]:
        """Give a vector as new tensors, shaped as the parameters."""
        parts = np.split(vector(name, x, self.n), np.cumsum(self.sizes[:-1]))
        return [
            self.torch.tensor(part, dtype=p.dtype, device=p.device).reshape(p.shape)
            for part, p in zip(parts, self.parameters, strict=True)
        ]

    @contextmanager
    def _at(self, x: Array) -> Iterator[None]:
        """Put the parameters at x, with gradients enabled, and leave them as they were."""
        torch, new = self.torch, self.unflatten(x)
        with self.lock, torch.inference_mode(False), torch.enable_grad():
            before = [(p.detach().clone(), p.requires_grad) for p in self.parameters]
            try:
                for p, value in zip(self.parameters, new, strict=True):
                    p.data.copy_(value)  # in place: views of it, such as flattened weights, follow
                    p.requires_grad_(True)
                yield
            finally:
                for p, (value, required) in zip(self.parameters, before, strict=True):
                    p.data.copy_(value)
                    p.requires_grad_(required)

    def _loss(self) -> Tensor:
        loss = self.closure()
        if not self.torch.is_tensor(loss):
            raise TypeError(f"loss_closure must return a Tensor of one element, got {loss!r}")
        if loss.numel() != 1 or not loss.is_floating_point():
            raise TypeError(
                "loss_closure must return a real Tensor of one element, got "
                f"shape {tuple(loss.shape)}, dtype {loss.dtype}"
            )
        return loss.reshape(())

    def _slope(self, loss: Tensor, *, create_graph: bool) -> tuple[Tensor, ...]:
        if not loss.requires_grad:
            raise ValueError(
                "loss_closure must compute the loss from the parameters with a graph, got a Tensor without one: "
                "is there a detach(), .item() or torch.no_grad() in it?"
            )
        gradients: tuple[Tensor, ...] = self.torch.autograd.grad(
            loss, self.parameters, create_graph=create_graph, materialize_grads=True
        )
        return gradients

    def _flat(self, tensors: Iterable[Tensor], dtype: Any = None) -> Any:
        parts = [t.detach().reshape(-1).cpu().to(dtype or self.dtype) for t in tensors]
        return self.torch.cat(parts).numpy()


def _checked(torch: Any, parameters: Any) -> list[Tensor]:
    found = [parameters] if torch.is_tensor(parameters) else list(parameters)
    for i, p in enumerate(found):
        if not torch.is_tensor(p):
            raise TypeError(f"parameters must be Tensors, got {p!r} at {i}")
        if p.dtype not in (torch.float32, torch.float64):
            raise TypeError(f"parameters must be float32 or float64, got {p.dtype} at {i}")
        if not p.is_leaf or p.layout != torch.strided or p.is_inference():
            raise ValueError(
                f"parameters must be dense leaf Tensors, made outside of inference mode; that at {i} is not"
            )
    if len({id(p) for p in found}) < len(found):
        raise ValueError("parameters must be different Tensors, got one of them twice")
    if not sum(p.numel() for p in found):
        raise ValueError("parameters must have at least one element, got none")
    return found
