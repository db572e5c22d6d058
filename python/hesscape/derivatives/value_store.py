"""Values that were computed before, in a file of SQLite, so that none is computed twice."""

from __future__ import annotations

import functools
import hashlib
import os
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hesscape._compiled import is_compiled
from hesscape._validate import Array
from hesscape.objective import Objective

APPLICATION = 0x68657373  # what SQLite keeps in its header of the program that a file belongs to
FORMAT = 1
PATIENCE = 60.0  # seconds to wait for another process that writes
TABLES = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS run (what TEXT PRIMARY KEY, description TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS result (
    function TEXT NOT NULL, point BLOB NOT NULL, repeat INTEGER NOT NULL, dtype TEXT NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (function, point, repeat)
);
COMMIT;
"""
DERIVATIVES = ("jac", "hess", "hessp")


class Key(NamedTuple):
    """What a result belongs to: a function, the bytes of its arguments, and how often it was called there before."""

    function: str
    point: bytes
    repeat: int


class ValueStore:
    """Results of an objective in n coordinates, written one by one as they come.

    A process that is killed loses none that it wrote. A function may be random, so that a call at the same point
    is another value: within the life of a store object, the k-th call at a point has the k-th result there.

    Parameters
    ----------
    path : str or os.PathLike
        A file, made if there is none.
    f : Objective
        The functions; a file that has results of others is refused.
    n : int

    Raises
    ------
    ValueError
        When the file is none of ours, or of another run; nothing is changed in it then.
    OSError
        When it cannot be read or written.
    """

    def __init__(self, path: Any, f: Objective, n: int) -> None:
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(f"store must be the path of a file or None, got {path!r}")
        self._path, self._n = Path(path), n
        self._calls: Counter[tuple[str, bytes]] = Counter()
        with self._errors():
            self._base = sqlite3.connect(self._path, timeout=PATIENCE, isolation_level=None)
        try:
            with self._errors():
                self._open(description(f, n))
        except BaseException:
            self._base.close()
            raise

    def key(self, function: str, *arguments: Array) -> Key:
        """Give the key of the next call of a function there; each call counts."""
        point = b"".join(array.tobytes() for array in arguments)
        repeat = self._calls[function, point]
        self._calls[function, point] += 1
        return Key(function, point, repeat)

    def get(self, key: Key) -> Any:
        """Give what is kept, a number of `fun` or an array of a derivative; None for nothing."""
        with self._errors():
            row = self._base.execute(
                "SELECT dtype, data FROM result WHERE function = ? AND point = ? AND repeat = ?",
                key,
            ).fetchone()
        if row is None:
            return None
        array = np.frombuffer(row[1], row[0]).copy()
        if key.function == "fun":
            return float(array[0])
        return array.reshape(self._n, self._n) if key.function == "hess" else array

    def put(self, key: Key, result: Any) -> None:
        """Keep a result; what another process has written meanwhile stays."""
        array = np.asarray(result)
        with self._errors():
            self._base.execute(
                "INSERT OR IGNORE INTO result VALUES (?, ?, ?, ?, ?)",
                (*key, array.dtype.str, array.tobytes()),
            )

    def close(self) -> None:
        """Close the file."""
        with self._errors():
            self._base.close()

    def _open(self, here: dict[str, str]) -> None:
        (owner,) = self._base.execute("PRAGMA application_id").fetchone()
        (version,) = self._base.execute("PRAGMA user_version").fetchone()
        (tables,) = self._base.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables and (owner, version) != (APPLICATION, FORMAT):
            raise ValueError(
                f"store: {self._path} is a database of another program or version; take another file"
            )
        if tables:
            self._compare(here)
        self._base.execute("PRAGMA journal_mode = WAL")
        self._base.execute("PRAGMA synchronous = NORMAL")
        if not tables:
            self._base.execute(f"PRAGMA application_id = {APPLICATION}")
            self._base.execute(f"PRAGMA user_version = {FORMAT}")
            self._base.executescript(TABLES)
        self._base.executemany("INSERT OR IGNORE INTO run VALUES (?, ?)", here.items())
        self._compare(here)  # with another process that began at the same time

    def _compare(self, here: dict[str, str]) -> None:
        there = dict(self._base.execute("SELECT what, description FROM run"))
        different = [
            f"{what} is {there[what]} there and {value} here"
            for what, value in here.items()
            if there.get(what, value) != value
        ]
        if different:
            raise ValueError(
                f"store: {self._path} has values of another run: {', '.join(different)}; take another file"
            )

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Say of what went wrong with the file which file it is."""
        try:
            yield
        except (
            sqlite3.OperationalError
        ) as error:  # no such folder, a full disk, locked for too long
            raise OSError(f"store: {self._path}: {error}") from error
        except sqlite3.DatabaseError as error:
            raise ValueError(f"store: {self._path} is no store: {error}") from error


def description(f: Objective, n: int) -> dict[str, str]:
    """Describe what values depend on, in words that are the same in every process."""
    given = {name: getattr(f, name) for name in DERIVATIVES if getattr(f, name) is not None}
    functions = {name: _name(function) for name, function in {"fun": f.fun, **given}.items()}
    return {**functions, "args": _describe(f.args), "n": str(n)}


def _name(function: Any) -> str:
    if is_compiled(function):
        inner = tuple.__getitem__(function, 1)
        return str(getattr(inner, "__name__", function.signature))
    if isinstance(function, functools.partial):
        more = ", ".join(map(_describe, (*function.args, function.keywords)))
        return f"partial({_name(function.func)}, {more})"
    owner = function if hasattr(function, "__qualname__") else type(function)
    return f"{owner.__module__}.{owner.__qualname__}"


def _describe(value: Any) -> str:
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes, np.generic)):
        return repr(value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufcSU":
        digest = hashlib.blake2b(value.tobytes(), digest_size=8).hexdigest()
        return f"array {value.dtype} {value.shape} {digest}"
    if isinstance(value, (tuple, list)):
        return f"({', '.join(map(_describe, value))})"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_describe(k)}: {_describe(v)}' for k, v in value.items())}}}"
    return _name(value)
