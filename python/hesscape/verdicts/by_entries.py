"""The strategy that knows every entry of the Hessian, or the axes where these suffice."""

from __future__ import annotations

from typing import Any

import numpy as np

from hesscape import _core
from hesscape._validate import Array
from hesscape.derivatives.first_look import first_look, suits_a_first_look
from hesscape.derivatives.measuring import Measuring
from hesscape.derivatives.model import TaylorModel
from hesscape.derivatives.taylor import measure
from hesscape.linalg.proofs import Signs, prove
from hesscape.objective import Objective

from .evidence import Evidence, Question, Slopes, Spectrum, size_of


def gather(f: Objective, x: Array, question: Question, measuring: Measuring) -> Evidence:
    """Measure until the question is answered: the axes first, if they may do, else every entry of H."""
    given_steps = measuring.step is not None or measuring.levels is not None
    only_kind, looked = question.need == "kind", 0

    def enough(model: TaylorModel) -> bool:
        return only_kind and _axes_suffice(model, question.gtol)

    with measuring.through(f, x) as calls:
        if only_kind and not given_steps and suits_a_first_look(calls):
            model = first_look(calls, x)
            if enough(model):
                evidence = of_model(model, question)
                if evidence.slopes.moving[0] or evidence.slopes.known[0]:
                    return evidence
            looked = model.nfev
        model = measure(calls, x, measuring, enough if only_kind else None)
    return of_model(model, question, looked)


def of_model(model: TaylorModel, question: Question, looked: int = 0) -> Evidence:
    """Prove what a measurement shows of a point, after `looked` values that did not suffice."""
    h, e = model.hessian, model.hessian_error
    unknown = ~(np.isfinite(h) & np.isfinite(e))
    if unknown.any():
        h, e = np.where(unknown, 0.0, h), np.where(unknown, np.inf, e)
    size = size_of(model.x)
    gradient, error = model.gradient[None], model.gradient_error[None]
    slopes = Slopes.of(gradient, error, question.gtol, size[None], h.diagonal()[None])
    return of_matrices(
        h[None],
        e[None],
        question,
        slopes,
        nfev=model.nfev + looked,
        njev=model.njev,
        x=model.x[None],
        value=np.array([model.value]),
        taylor=model,
    )


def of_matrices(
    h: Array, e: Array | None, question: Question, slopes: Slopes, **known: Any
) -> Evidence:
    """Prove what symmetric matrices (N, n, n) show, with errors (N, n, n) or (1, n, n); and what is `known` besides."""
    everywhere = True
    if question.need == "kind":
        error = 0.0 if e is None else np.diagonal(e, axis1=1, axis2=2)
        signs = signs_of_axes(np.diagonal(h, axis1=1, axis2=2), error)
        everywhere = not (slopes.moving | ((signs.n_negative & signs.n_positive) > 0)).all()
    if everywhere:
        signs = prove(h, e, question.zero_modes, question.basis, slopes.gradient)
    largest = np.zeros(len(h))
    if e is not None:
        largest += e.max(axis=(1, 2))
    spectrum = _spectrum(h, e, signs) if question.need == "spectrum" else None
    return Evidence(question, slopes, signs, everywhere, largest, spectrum, **known)


def _axes_suffice(model: TaylorModel, gtol: float) -> bool:
    """Whether the gradient proves that the point is not critical, or the diagonal that it is a saddle."""
    curvature, error = model.hessian.diagonal(), model.hessian_error.diagonal()
    moving = (np.abs(model.gradient) > gtol + model.gradient_error).any()
    return bool(moving or ((curvature > error).any() and (curvature < -error).any()))


def signs_of_axes(curvature: Array, error: Array | float) -> Signs:
    """Take the signs that are proven along the axes of points, (N, n): one of each kind at most."""
    down = np.asarray((curvature < -error).any(axis=1))
    up = np.asarray((curvature > error).any(axis=1))
    way = np.zeros_like(curvature)
    way[np.flatnonzero(down), curvature.argmin(axis=1)[down]] = 1.0
    counts = down.astype(np.int64), up.astype(np.int64)
    return Signs(*counts, np.full(len(way), np.inf), way, None, np.zeros(len(way), dtype=bool))


def _spectrum(h: Array, e: Array | None, signs: Signs) -> Spectrum:
    """Eigenvalues, eigenvectors and the errors of the former."""
    definite = np.maximum(signs.n_negative, signs.n_positive) == h.shape[-1]
    # |v^T (H - true) v| <= bound |v^T H v| for all v, where all signs are the same
    return Spectrum(*_core.spectra(h, e, np.where(definite, signs.bound, np.inf)))
