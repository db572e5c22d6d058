"""What was found, kept on disk chunk by chunk, so that a run that was cut off goes on where it stopped."""

from __future__ import annotations

import hashlib
import os
import pickle
import shutil
import warnings
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from hesscape._compiled import is_compiled
from hesscape._core import __version__
from hesscape._progress import Meter
from hesscape._validate import Array
from hesscape.objective import Objective

from .assess import NAMES, TYPES, Columns, Settings
from .collect import Found, count
from .points import Points
from .schedule import Part

ABOUT = "hesscape_survey"  # the attribute that says what was asked
DIMENSIONS = {"x": ("point", "coordinate"), "inertia": ("point", "sign")}
TEXTS = ("kind", "message")
DONE = "chunk_digest"  # of the points of each chunk; zero while it is not done


class Stored:
    """A Zarr group with an array for each column. A chunk is done when its digest is there, which is written last.

    Parameters
    ----------
    path : str or Path
        Where it is, or is to be.
    asked : dict
        What `identity` tells.
    """

    def __init__(self, path: Any, points: Points, meter: Meter, asked: dict[str, Any]) -> None:
        self._path, self._points, self._meter = _local(path), points, meter
        self._asked = asked
        self._early: list[Part] = []
        self._begun: dict[int, list[Part]] = {}
        self._group: Any = None
        self._arrays: dict[str, Any] = {}
        self.size: int | None = None
        if self._path.exists():
            self._open()

    def _open(self) -> None:
        self._take_arrays()
        there = self._group.attrs[ABOUT]
        differing = [
            f"{name} is {there['asked'].get(name)!r} there and {value!r} here"
            for name, value in self._asked.items()
            if there["asked"].get(name) != value and not (name in MAY_BE_UNKNOWN and _unknown(there, name, value))
        ]  # fmt: skip
        if differing:
            raise ValueError(
                f"store {str(self._path)!r} holds another survey: {'; '.join(differing)}. Nothing was changed; "
                "name another store, or remove this one"
            )
        self.size = there["size"]

    def _take_arrays(self) -> None:
        self._group = _group(self._path)
        self._arrays = {name: self._group[name] for name in (*NAMES, DONE)}

    def begin(self, size: int) -> None:
        """Make the arrays, and write what is there already."""
        self.size = size
        draft = self._path.with_name(f".{self._path.name}.{uuid4().hex}")
        try:
            about = {"version": __version__, "size": size, "asked": self._asked}
            _create(draft, self._points, size, about)
            draft.rename(self._path)
        except OSError as error:
            shutil.rmtree(draft, ignore_errors=True)
            raise self._cannot_write("make it", error) from error
        self._take_arrays()
        for part in self._early:
            self.put(part)
        self._early = []

    def has(self, start: int, rows: Array) -> bool:
        """Whether the chunk of these points is done."""
        assert self.size is not None
        k = start // self.size
        digests = self._arrays[DONE]
        if start % self.size or k >= digests.shape[0] or not (there := int(digests[k])):
            return False
        if there != digest(rows):
            raise ValueError(
                f"store {str(self._path)!r} holds another survey: its points {start} to {start + len(rows) - 1} "
                "are not those of X. Nothing was changed; name another store, or remove this one"
            )
        kind = self._arrays["kind"][start : start + len(rows)]
        count(self._meter, np.asarray(kind, dtype="U12"), known=True)
        return True

    def put(self, part: Part) -> None:
        """Take a part, and write the chunk that it completes."""
        if self.size is None:
            self._early.append(part)
            return
        k = part.start // self.size
        parts = self._begun.setdefault(k, [])
        parts.append(part)
        full = sum(len(p.rows) for p in parts) == self.size
        if full or (self._points.total is not None and self._whole(k, parts)):
            self._write(k, self._begun.pop(k))
        count(self._meter, part.found.kind)

    def _whole(self, k: int, parts: list[Part]) -> bool:
        """Whether these are all points of a chunk that may be the last, and shorter."""
        assert self.size is not None
        assert self._points.total is not None
        return sum(len(p.rows) for p in parts) == min(self.size, self._points.total - k * self.size)

    def finish(self) -> None:
        """Write the last chunk of points whose number was not known."""
        for k in list(self._begun):
            self._write(k, self._begun.pop(k))
        if self._points.total is None:
            about = self._group.attrs[ABOUT]
            total = self._arrays["kind"].shape[0]
            if about["asked"]["total"] != total:
                self._group.attrs[ABOUT] = about | {"asked": about["asked"] | {"total": total}}
                _consolidate(self._group)

    def _write(self, k: int, parts: list[Part]) -> None:
        assert self.size is not None
        parts.sort(key=lambda part: part.start)
        start, stop = k * self.size, parts[-1].stop
        try:
            if stop > self._arrays["kind"].shape[0]:
                self._grow(k + 1, stop)
            for name in NAMES:
                column = np.concatenate([getattr(part.found, name) for part in parts])
                self._arrays[name][start:stop] = column.astype("T") if name in TEXTS else column
            self._arrays[DONE][k] = digest(np.concatenate([part.rows for part in parts]))
        except OSError as error:
            raise self._cannot_write(f"write points {start} to {stop - 1}", error) from error

    def _grow(self, chunks: int, points: int) -> None:
        for name in NAMES:
            array = self._arrays[name]
            array.resize((points, *array.shape[1:]))
        self._arrays[DONE].resize((chunks,))
        _consolidate(self._group)

    def _cannot_write(self, what: str, error: OSError) -> OSError:
        reason = error.strerror or str(error)
        return OSError(
            error.errno,
            f"store {str(self._path)!r}: cannot {what}: {reason}; what it holds is kept, and the same call goes on "
            "from there",
        )

    def found(self, options: dict[str, Any]) -> Found:  # noqa: ARG002  (they are in the store)
        """Give the points that are there."""
        if self._group is None:  # interrupted before the first chunk
            nothing = Columns.empty(np.empty((0, self._points.n)))
            columns = {name: getattr(nothing, name) for name in NAMES}
            return Found({"row": np.arange(0), **columns}, self._asked, self._points.total)
        return read(self._path)


MAY_BE_UNKNOWN = ("total", "X")  # an iterator tells neither; its chunks are compared instead


def _unknown(there: dict[str, Any], name: str, value: Any) -> bool:
    return value is None or there["asked"].get(name) is None


def read(path: str | Path) -> Found:
    """Give the points of a store, as far as it is done; columns are read when they are used."""
    group = _group(Path(path))
    about = group.attrs[ABOUT]
    size, total = about["size"], about["asked"]["total"]
    points = group["kind"].shape[0]
    done = np.repeat(np.asarray(group[DONE][:]) != 0, size)[:points]
    return Found(_Columns(group, np.flatnonzero(done)), about["asked"], total)


class _Columns(Mapping[str, NDArray[Any]]):
    """Columns of a store, read when they are asked for."""

    def __init__(self, group: Any, rows: NDArray[np.int64]) -> None:
        self._group, self._rows = group, rows

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name == "row":
            return self._rows
        column: NDArray[Any] = np.asarray(self._group[name][:])
        if name in TEXTS:
            column = column.astype(TYPES[name][0])
        return column if len(self._rows) == len(column) else column[self._rows]

    def __iter__(self) -> Iterator[str]:
        return iter(("row", *NAMES))

    def __len__(self) -> int:
        return 1 + len(NAMES)


def _local(path: Any) -> Path:
    if not isinstance(path, (str, os.PathLike)) or "://" in os.fspath(path):
        raise TypeError(f"store must be the path of a directory, got {path!r}")
    try:
        import zarr  # noqa: F401
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError(
            f"store needs Zarr: pip install 'hesscape[store]' ({missing})"
        ) from missing
    place = Path(path)
    if not place.parent.is_dir():
        raise FileNotFoundError(
            f"store {str(place)!r}: there is no directory {str(place.parent)!r}"
        )
    return place


def _group(path: Path) -> Any:
    import zarr

    try:
        group = zarr.open_group(path, mode="r+", zarr_format=3, use_consolidated=False)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"store {str(path)!r} is there, but holds no survey: {error}") from error
    if ABOUT not in group.attrs:
        raise ValueError(f"store {str(path)!r} is there, but holds no survey")
    return group


def _create(path: Path, points: Points, size: int, about: dict[str, Any]) -> None:
    import zarr

    total = points.total or 0
    group = zarr.open_group(path, mode="w-", zarr_format=3, attributes={ABOUT: about})
    blank = Columns.empty(np.empty((0, points.n)))
    for name in NAMES:
        column = getattr(blank, name)
        dtype, missing = TYPES.get(name, (column.dtype, 0 if name == "inertia" else np.nan))
        group.create_array(
            name,
            shape=(total, *column.shape[1:]),
            chunks=(size, *column.shape[1:]),
            dtype="str" if name in TEXTS else dtype,
            fill_value="" if name in TEXTS else missing,
            dimension_names=DIMENSIONS.get(name, ("point",)),
        )
    chunks = -(-total // size)
    group.create_array(
        DONE,
        shape=(chunks,),
        chunks=(1,),
        dtype=np.uint64,
        fill_value=0,
        dimension_names=("chunk",),
    )
    _consolidate(group)


def _consolidate(group: Any) -> None:
    """Let xarray open the store without a warning."""
    import zarr

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # other readers may ignore what this writes
        zarr.consolidate_metadata(group.store)


def identity(f: Objective, settings: Settings, points: Points) -> dict[str, Any]:
    """Tell in plain data what is asked, so that two runs can be compared."""
    zero_modes: Any = settings.zero_modes
    question = settings.question
    if not isinstance(zero_modes, (int, np.integer)):
        zero_modes = f"array {digest(np.asarray(zero_modes, dtype=float)):016x}"
    derivatives = {
        name: None if (given := getattr(f, name)) is None else name_of(given)
        for name in ("jac", "hess", "hessp")
    }
    return {
        "fun": name_of(f.fun),
        **derivatives,
        "args": _told(f.args) if f.args else None,
        "vectorized": bool(f.vectorized),
        "batch_axis": f.batch_axis,
        "noise": f.noise,
        "need": question.need,
        "zero_modes": zero_modes if isinstance(zero_modes, str) else int(zero_modes),
        "zero_mode_count": question.zero_modes,
        "gtol": question.gtol,
        "refine": settings.refine,
        "n": points.n,
        "total": points.total,
        "X": None if points.whole is None else f"{digest(points.whole):016x}",
    }


def name_of(fun: Any) -> str:
    """Give the name of a function, or of what is called like one."""
    if isinstance(fun, partial):
        return f"{name_of(fun.func)} with {_told((fun.args, fun.keywords))}"
    if is_compiled(fun):
        return f"{getattr(fun.function, '__name__', 'function')}: {fun.signature or 'compiled'}"
    named = fun if hasattr(fun, "__qualname__") else type(fun)
    return f"{named.__module__}.{named.__qualname__}"


def _told(value: Any) -> str:
    """Give something short that differs where values do."""
    try:
        data = pickle.dumps(value, protocol=5)
    except Exception:  # noqa: BLE001  (pickling raises whatever an object likes)
        data = repr(value).encode()
    return f"arguments {_hash(data):016x}"


def digest(rows: Array) -> int:
    """Give a number, not zero, that differs where points do."""
    return _hash(np.ascontiguousarray(rows, dtype="<f8").view(np.uint8).data) or 1


def _hash(data: Any) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")
