"""What is said of points: what was found of them, and what would change it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .critical_point import CriticalPoints

SENTENCES = {
    "not_critical": "the gradient exceeds gtol by more than its own error: move on with newton_step() or an "
    "optimiser, then classify again",
    "saddle": "curvature of both signs is proven, and no {other}direction is left open",
    "saddle_partial": "curvature of both signs is proven; {flat} more {directions} within the error, so that the "
    "index is {negative} to {most}",
    "saddle_seen": "curvature of both signs is proven; no other direction was looked at (need='inertia' counts them)",
    "minimum": "every {other}direction is proven to curve upwards",
    "maximum": "every {other}direction is proven to curve downwards",
    "flat": "no curvature is proven: {flat} {directions} within the error; measure with smaller errors, or look "
    "at values further away (escape does)",
    "degenerate_up": "{positive} {upwards} proven to curve upwards and {flat} {directions} within the error: a "
    "minimum unless one of those leads down; measure with smaller errors, or look at values along them (escape "
    "does); if they are symmetries, pass zero_modes",
    "degenerate_down": "not a minimum: a way down is proven ({negative} negative), but no way up, and {flat} "
    "{directions} within the error: a maximum or a saddle; measure with smaller errors to tell them apart",
}
NOTES = {
    "zero_modes_not_flat": "the zero modes given are not flat: H Z is far larger than its error, so that nothing "
    "is claimed about the directions that they replace; check the order of the coordinates, and that x is stationary",
    "zero_modes_excess": "{given} zero modes were given, but {proven} of {n} directions are proven to be curved",
    "scaled": "signs are proven with each coordinate in a scale of its own, which tells more than the errors of the "
    "eigenvalues",
    "gradient_unresolved": "the gradient is known with errors up to {gradient_error:.2g} only, which is more than "
    "gtol: the signs are those of H at this point",
}


def message_of(points: CriticalPoints, at: tuple[int, ...]) -> str:
    """Say what was found of one of some points."""
    evidence, kind = points.evidence, str(points.kind[at])
    given = evidence.question.zero_modes
    negative, zero, positive = points.inertia[at].tolist()
    n, proven = negative + zero + positive, negative + positive
    i = points.number(at)
    parts = _explained(points, at, kind)
    if evidence.signs.not_flat[i]:
        parts.append(NOTES["zero_modes_not_flat"])
    if proven > n - given:
        parts.append(NOTES["zero_modes_excess"].format(given=given, proven=proven, n=n))
    if evidence.everywhere and _hidden(points, at, negative, positive):
        parts.append(NOTES["scaled"])
    unresolved = float(evidence.slopes.unresolved[i])
    if not np.isnan(unresolved):
        parts.append(NOTES["gradient_unresolved"].format(gradient_error=unresolved))
    return "; ".join(parts)


def messages_of(points: CriticalPoints) -> NDArray[np.object_]:
    """Say what was found of each point; of those that are alike once."""
    out = np.empty(points.kind.size, dtype=object)
    if not out.size:
        return out.reshape(points.shape)
    signs, slopes = points.evidence.signs, points.evidence.slopes
    inertia = points.inertia.reshape(-1, 3)
    alike = np.isnan(slopes.unresolved) & ~signs.not_flat & (points.eigenvalues is None)
    moving = slopes.moving.astype(np.int64)
    key = ((inertia[:, 0] * (points.evidence.n + 1)) + inertia[:, 2]) * 2 + moving
    key = np.where(alike, key, -1 - np.arange(key.size))
    _, first, which = np.unique(key, return_index=True, return_inverse=True)
    texts = [message_of(points, np.unravel_index(i, points.shape)) for i in first.tolist()]
    out[:] = np.array(texts, dtype=object)[which]
    return out.reshape(points.shape)


def _explained(points: CriticalPoints, at: tuple[int, ...], kind: str) -> list[str]:
    """Say which kind it is and why; what was met on the way comes with it."""
    evidence, remark = points.evidence, points.evidence.remark
    inertia = tuple(points.inertia[at].tolist())
    chance = evidence.chance
    if kind != "not_critical" and chance is not None:
        sentence = [] if kind != "saddle" else [SENTENCES["saddle_seen"].partition(";")[0]]
        return [*sentence, chance.message]
    if kind == "degenerate" and not evidence.everywhere:
        return [remark]
    sentence = [explanation(kind, inertia, evidence.question.zero_modes, evidence.everywhere)]
    return [*sentence, remark] if remark and evidence.everywhere else sentence


def explanation(kind: str, inertia: tuple[int, int, int], given: int, everywhere: bool) -> str:
    """Say which kind a point with so many zero modes given is, and why."""
    negative, zero, positive = inertia
    flat = max(0, zero - given)
    reason = kind
    if kind == "saddle" and not everywhere:
        reason = "saddle_seen"
    elif kind == "saddle" and flat > 0:
        reason = "saddle_partial"
    elif kind == "degenerate":
        reason = "degenerate_down" if negative else "degenerate_up" if positive else "flat"
    return SENTENCES[reason].format(
        negative=negative,
        positive=positive,
        flat=flat,
        most=negative + flat,
        directions="direction is flat" if flat == 1 else "directions are flat",
        upwards="direction is" if positive == 1 else "directions are",
        other="other " if given else "",
    )


def _hidden(points: CriticalPoints, at: tuple[int, ...], negative: int, positive: int) -> bool:
    """Whether an eigenvalue that is proven to have a sign is within its error of zero."""
    if points.eigenvalues is None or points.eigenvalue_error is None:
        return False
    small = np.abs(points.eigenvalues[at]) <= points.eigenvalue_error[at]
    if not small.any():
        return False
    return bool(small[:negative].any() or small[small.size - positive :].any())
