"""Values that are kept, and stores that are refused."""

import functools
import sqlite3
from typing import Any

import numpy as np
import pytest

import hesscape as hs
from expensive_functions import Counted, fun, hess, jac, other, rows_of, same

X = np.array([0.3, -0.7, 1.9])


def test_values_that_are_not_finite_are_kept_too(tmp_path):
    f = Counted(lambda x: np.log(x[0] - 0.9) + x[1] ** 2)
    first = hs.taylor(f, [1.0, 2.0], store=tmp_path / "a.db")
    calls = f.calls.total()
    same(hs.taylor(f, [1.0, 2.0], store=tmp_path / "a.db"), first)
    assert f.calls.total() == calls


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            {"fun": other},
            r"fun is .*expensive_functions\.fun there and .*expensive_functions\.other here",
        ),
        ({"args": (1.0,)}, r"args is \(2\.0\) there and \(1\.0\) here"),
        ({"args": (np.ones(2),)}, r"args is \(2\.0\) there and \(array float64 \(2,\) [0-9a-f]+\)"),
        ({"x": [1.0, 2.0]}, "n is 3 there and 2 here"),
        ({"jac": functools.partial(jac, a=1)}, r"jac is .*\.jac there and partial\(.*\.jac, \{'a'"),
        ({"fun": other, "args": (1.0,), "jac": other}, "fun is .*, jac is .*, args is "),
    ],
)
def test_a_store_of_another_run_is_refused(more, words, tmp_path):
    arguments: dict[str, Any] = {"fun": fun, "x": X, "args": (2.0,), "jac": jac}
    hs.taylor(**arguments, store=tmp_path / "a.db")
    before = (tmp_path / "a.db").read_bytes()
    with pytest.raises(ValueError, match=f"has values of another run: .*{words}"):
        hs.taylor(**(arguments | more), store=tmp_path / "a.db")
    assert (tmp_path / "a.db").read_bytes() == before
    hs.taylor(fun, X, args=2.0, store=tmp_path / "a.db")  # without jac it is the same function
    hs.taylor(fun, X, args=2.0, hess=hess, store=tmp_path / "a.db")


def test_what_is_no_store_is_refused_and_left_as_it_is(tmp_path):
    text = tmp_path / "results.txt"
    text.write_text("energies of my thesis\n" * 50)
    with pytest.raises(ValueError, match=r"store: .*results\.txt is no store: file is not a data"):
        hs.taylor(fun, X, store=text)
    assert text.read_text() == "energies of my thesis\n" * 50
    base = sqlite3.connect(tmp_path / "other.db")
    base.execute("CREATE TABLE mine (x)")
    base.commit()
    base.close()
    before = (tmp_path / "other.db").read_bytes()
    with pytest.raises(ValueError, match="is a database of another program or version"):
        hs.taylor(fun, X, store=tmp_path / "other.db")
    assert (tmp_path / "other.db").read_bytes() == before
    with pytest.raises(OSError, match=r"store: .*missing.*: unable to open database file"):
        hs.taylor(fun, X, store=tmp_path / "missing" / "a.db")
    with pytest.raises(OSError, match="unable to open"):
        hs.taylor(fun, X, store=tmp_path)
    with pytest.raises(TypeError, match="store must be the path of a file or None, got 3"):
        hs.taylor(fun, X, store=3)


def test_a_full_disk_is_said_and_what_is_stored_stays(tmp_path, monkeypatch):
    from hesscape.derivatives import value_store

    opened = value_store.ValueStore._open

    def small(self, here):
        opened(self, here)
        self._base.execute("PRAGMA max_page_count = 8")

    monkeypatch.setattr(value_store.ValueStore, "_open", small)
    with pytest.raises(OSError, match=r"store: .*a\.db: database or disk is full"):
        hs.taylor(fun, X, store=tmp_path / "a.db")
    monkeypatch.undo()
    stored = rows_of(tmp_path / "a.db")
    assert stored > 0
    f = Counted(fun)
    same(hs.taylor(f, X, store=tmp_path / "a.db"), hs.taylor(fun, X))
    assert f.calls.total() == hs.taylor(fun, X).nfev - stored
