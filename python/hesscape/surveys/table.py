"""The table that a survey gives, and its summary."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import FrozenInstanceError, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hesscape._report import number
from hesscape._validate import Array
from hesscape.verdicts.critical_point import Kind

from . import files
from .assess import FAILED, NAMES
from .collect import Found
from .distinct import Symmetry, label

COLUMNS = ("row", *NAMES)
KINDS = (*(kind.value for kind in Kind), FAILED)


class Survey:
    """What `survey` found, as a table of points: arrays of N, and their slices.

    ``survey[mask]``, ``survey[10:20]`` and ``survey[[3, 1]]`` are surveys of those points; ``len(survey)`` is N. The
    columns of a survey with a store are read when they are first used.

    Attributes
    ----------
    row : (N,) ndarray of int
        Which row of X each point is.
    x : (N, n) ndarray
        The points; where ``refine=True`` led them.
    kind : (N,) ndarray of str
        As `CriticalPoint.kind`, or ``"failed"``: then `message` says why, and the numbers are nan.
    certain : (N,) ndarray of bool
        Whether the kind is proven.
    inertia : (N, 3) ndarray of int
        Eigenvalues proven negative, the rest, and proven positive. With ``need="kind"``, what the kind needed.
    index : (N,) ndarray of int
        Number of negative eigenvalues; -1 where it is not resolved.
    value, gradient_norm, distance : (N,) ndarray
        As those of `CriticalPoint`; the last is nan with ``need="kind"``.
    lowest, highest : (N,) ndarray
        Extreme eigenvalues, with ``need="spectrum"``; else nan.
    error : (N,) ndarray
        Largest error among the entries of H: inf where only its diagonal was measured, nan where there are none.
    moved : (N,) ndarray
        How far ``refine=True`` moved the point; else nan.
    nfev, njev : (N,) ndarray of int
        Evaluations of the function and of its gradient.
    message : (N,) ndarray of str
        What was found, and what would change it.
    options : dict
        What was asked.
    total : int or None
        How many points X had; more than N where the survey was interrupted or is a slice, None if that is not known.

    Examples
    --------
    >>> import hesscape as hs
    >>> found = hs.survey(lambda w: (1 - w[0] * w[1]) ** 2, [[0, 0], [3, 3], [1, 1]])
    >>> len(found), found.kind.tolist()
    (3, ['saddle', 'not_critical', 'degenerate'])
    >>> found[found.kind == "saddle"].x
    array([[0., 0.]])
    """

    row: NDArray[np.int64]
    x: Array
    kind: NDArray[np.str_]
    certain: NDArray[np.bool_]
    inertia: NDArray[np.int64]
    index: NDArray[np.int64]
    value: Array
    gradient_norm: Array
    distance: Array
    lowest: Array
    highest: Array
    error: Array
    moved: Array
    nfev: NDArray[np.int64]
    njev: NDArray[np.int64]
    message: NDArray[np.object_]
    options: dict[str, Any]
    total: int | None

    def __init__(
        self, columns: Mapping[str, NDArray[Any]], options: dict[str, Any], total: int | None
    ) -> None:
        self.__dict__.update(_columns=columns, options=options, total=total)

    def __getattr__(self, name: str) -> NDArray[Any]:
        if name not in COLUMNS:
            raise AttributeError(f"a Survey has no {name!r}; its columns are {', '.join(COLUMNS)}")
        column = np.asarray(self.__dict__["_columns"][name])
        column = column.view()
        column.setflags(write=False)
        self.__dict__[name] = column
        return column

    def __setattr__(self, name: str, value: Any) -> None:
        raise FrozenInstanceError(f"cannot assign to {name!r}: a Survey is frozen")

    def __getstate__(self) -> dict[str, Any]:
        columns = {name: getattr(self, name) for name in COLUMNS}
        return {"_columns": columns, "options": self.options, "total": self.total}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *COLUMNS]

    def __len__(self) -> int:
        return len(self._columns["row"])

    def __getitem__(self, rows: slice | ArrayLike) -> Survey:
        """Give some of the points: a slice, a mask, or a list of places."""
        if not isinstance(rows, slice):
            rows = np.asarray(rows) if np.size(rows) else np.empty(np.shape(rows), dtype=np.int64)
            if rows.ndim != 1 or rows.dtype.kind not in "iub":
                raise TypeError(
                    "a Survey takes slices, masks and lists of places; for one point, "
                    f"survey[i : i + 1] or its columns, survey.kind[i]; got {rows!r}"
                )
        columns = {name: getattr(self, name)[rows] for name in COLUMNS}
        return Survey(columns, self.options, self.total)

    def __iter__(self) -> Iterator[Any]:
        raise TypeError("iterate over the columns of a Survey, or over to_pandas().itertuples()")

    @property
    def failed(self) -> NDArray[np.bool_]:
        """Which points have no verdict, since their values raised an exception or were not finite."""
        return np.asarray(self.kind == FAILED)

    @property
    def complete(self) -> bool:
        """Whether every point of X is here."""
        return len(self) == self.total

    def distinct(
        self,
        *,
        symmetries: Iterable[Symmetry] = (),
        invariants: Callable[[Array], ArrayLike] | None = None,
        tol: float = 1e-6,
    ) -> Survey:
        """Give one point for each critical point that was found: the one that is known best.

        Two points are the same if their distance is no more than twice the sum of their Newton steps (the column
        `distance`), where differences of each coordinate within `tol` of its largest value count for nothing; and if
        their proven signs agree.

        Parameters
        ----------
        symmetries : list of callable or array_like
            Maps under which the function does not change: permutations of the coordinates (n,), matrices (n, n), or
            ``map(x) -> (n,)``. Those that generate the group are enough.
        invariants : callable, optional
            ``invariants(x) -> (k,)``, what is compared instead of the coordinates, for symmetries that are many or
            continuous: all distances between atoms, sorted. It should change no faster than x does.
        tol : float
            See above.

        Returns
        -------
        Survey
            Without the points that failed or are not critical, ordered by value.

        Examples
        --------
        >>> import hesscape as hs
        >>> def f(x):
        ...     return (x[0] ** 2 - 1) ** 2 + (x[1] - 1) ** 2
        >>> found = hs.survey(f, [[0.9, 1.1], [1.1, 1], [-1, 1.2], [0.1, 1]], refine=True)
        >>> len(found.distinct()), len(found.distinct(symmetries=[[[-1, 0], [0, 1]]]))
        (3, 2)
        """
        groups = self.groups(symmetries=symmetries, invariants=invariants, tol=tol)
        known = np.where(np.isfinite(self.distance), self.distance, np.inf)
        order = np.lexsort((known, groups))
        order = order[groups[order] >= 0]
        _, first = np.unique(groups[order], return_index=True)
        chosen = order[first]
        return self[chosen[np.argsort(self.value[chosen], kind="stable")]]

    def groups(
        self,
        *,
        symmetries: Iterable[Symmetry] = (),
        invariants: Callable[[Array], ArrayLike] | None = None,
        tol: float = 1e-6,
    ) -> NDArray[np.int64]:
        """Give each point, (N,), the number of the critical point that `distinct` takes it for, -1 for none."""
        critical = np.flatnonzero((self.kind != Kind.not_critical) & ~self.failed)
        groups = np.full(len(self), -1, dtype=np.int64)
        groups[critical] = label(
            self.x[critical],
            self.inertia[critical],
            self.distance[critical],
            symmetries=symmetries,
            invariants=invariants,
            tol=tol,
            zero_modes=self.options.get("zero_mode_count", 0),
        )
        return groups

    def summary(self) -> Summary:
        """Count the points by kind and by index, and give medians.

        Examples
        --------
        >>> import hesscape as hs
        >>> found = hs.survey(lambda w: w[0] ** 2 - w[1] ** 2, [[0, 0], [0, 1]], need="inertia")
        >>> found.summary().kinds
        {'saddle': 1, 'not_critical': 1}
        >>> found.summary().indices
        {1: 1}
        """
        return Summary.of(self)

    def __str__(self) -> str:
        return str(self.summary())

    def __repr__(self) -> str:
        kinds = ", ".join(f"{count} {name}" for name, count in self.summary().kinds.items())
        return f"<Survey of {len(self)} points: {kinds or 'none'}>"

    def to_pandas(self) -> Any:
        """Give a `pandas.DataFrame`: a row for each point, indexed by `row`; coordinates are x0, x1, ..."""
        import pandas as pd

        plain = {name: getattr(self, name) for name in NAMES if name not in ("x", "inertia")}
        x = {f"x{i}": column for i, column in enumerate(self.x.T)}
        inertia = dict(zip(("negative", "zero", "positive"), self.inertia.T, strict=True))
        kind = pd.Categorical(plain.pop("kind"), categories=KINDS)
        return pd.DataFrame(
            {"kind": kind} | plain | inertia | x, index=pd.Index(self.row, name="row")
        )

    def to_xarray(self) -> Any:
        """Give an `xarray.Dataset` with dimensions point, coordinate and sign; `row` is its index."""
        import xarray as xr

        dims = {"x": ("point", "coordinate"), "inertia": ("point", "sign")}
        data = {name: (dims.get(name, ("point",)), getattr(self, name)) for name in NAMES}
        signs = ["negative", "zero", "positive"]
        attrs = {"options": json.dumps(self.options)}
        return xr.Dataset(data, coords={"row": ("point", self.row), "sign": signs}, attrs=attrs)

    def save(self, path: str | Path) -> None:
        """Write a file that `load` reads: NumPy's npz, compressed. Nothing is pickled."""
        columns = {name: getattr(self, name) for name in COLUMNS}
        files.save(path, Found(columns, self.options, self.total))

    @staticmethod
    def load(path: str | Path) -> Survey:
        """Read what `save` wrote, or the store of a survey as far as it is done."""
        return Survey(*files.load(path))


@dataclass(frozen=True, eq=False)
class Summary:
    """Counts and medians of a survey.

    Attributes
    ----------
    n_points, total : int
        Points that were surveyed, and that there are.
    kinds : dict of str to int
        Points of each kind, where there are some.
    proven : dict of str to int
        How many of them are proven to be of it.
    indices : dict of int to int
        Critical points of each index, where that is resolved.
    medians : dict of str to float
        Of the columns that are numbers, over the points that have them.
    """

    n_points: int
    total: int | None
    kinds: dict[str, int]
    proven: dict[str, int]
    indices: dict[int, int]
    medians: dict[str, float]

    @classmethod
    def of(cls, table: Survey) -> Summary:
        """Summarise a survey."""
        kind, certain = table.kind, table.certain
        counts = {name: int(np.count_nonzero(kind == name)) for name in KINDS}
        kinds = {name: count for name, count in counts.items() if count}
        proven = {name: int(np.count_nonzero(certain & (kind == name))) for name in kinds}
        critical = (table.index >= 0) & (kind != Kind.not_critical) & (kind != FAILED)
        index, times = np.unique(table.index[critical], return_counts=True)
        return cls(
            n_points=len(table),
            total=table.total,
            kinds=kinds,
            proven=proven,
            indices=dict(zip(index.tolist(), times.tolist(), strict=True)),
            medians={
                name: m for name in MEDIANS if (m := _median(getattr(table, name))) is not None
            },
        )

    def __str__(self) -> str:
        of = "" if self.total in (None, self.n_points) else f" of {self.total}"
        lines = [f"survey of {self.n_points}{of} points"]
        for name, count in self.kinds.items():
            proven = "" if name == FAILED else f" ({self.proven[name]} proven)"
            lines.append(f"  {name.replace('_', ' '):<14} {count}{proven}")
        if self.indices:
            counts = ", ".join(f"{count} of {index}" for index, count in self.indices.items())
            lines.append(f"  {'by index':<14} {counts}")
        medians = ", ".join(
            f"{name.replace('_', ' ')} {number(value, 3)}" for name, value in self.medians.items()
        )
        lines.append(f"  {'medians':<14} {medians}")
        return "\n".join(lines if self.medians else lines[:-1])


MEDIANS = (
    "value", "gradient_norm", "distance", "lowest", "highest", "error", "moved", "nfev", "njev"
)  # fmt: skip


def _median(column: NDArray[Any]) -> float | None:
    known = column[np.isfinite(column)]
    return float(np.median(known)) if known.size and known.any() else None
