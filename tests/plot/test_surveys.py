"""Pictures of surveys show every point, as what it is; and what the documentation shows runs."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hesscape as hs
from hesscape import testing

figure = pytest.importorskip("matplotlib.figure")


@pytest.fixture
def ax():
    return figure.Figure().subplots()


@pytest.fixture(scope="module")
def found():
    f = testing.himmelblau()
    x = [p.x for p in f.critical_points] + [(1.0, 1.0)]
    return hs.survey(f.fun, x, need="inertia", gtol=1e-3)


def shown(ax):
    return {line.get_label(): np.array(line.get_data()).T for line in ax.lines}


def test_index_against_value(ax, found):
    assert hs.plot.index_vs_value(found, ax=ax) is ax
    lines = shown(ax)
    assert set(lines) == {"4 minimum", "4 saddle", "1 maximum"}
    for label, index in (("4 minimum", 0), ("4 saddle", 0.5), ("1 maximum", 1)):
        kind = label.split()[1]
        np.testing.assert_array_equal(lines[label][:, 0], index)
        np.testing.assert_array_equal(lines[label][:, 1], found.value[found.kind == kind])
    assert len({line.get_color() for line in ax.lines}) == 3
    assert len({line.get_marker() for line in ax.lines}) == 3


def test_zero_modes_do_not_count_as_directions(ax):
    pair = testing.lennard_jones(2)
    r = 2 ** (1 / 6)
    found = hs.survey(
        lambda x: -pair.fun(x), [[0, 0, 0, r, 0, 0]], need="inertia", zero_modes=5, vectorized=True
    )
    hs.plot.index_vs_value(found, ax=ax)
    np.testing.assert_array_equal(shown(ax)["1 maximum"][:, 0], 1)


def test_an_open_index_is_hollow(ax):
    found = hs.survey(lambda x: x[0] ** 2 - x[1] ** 2 + x[2] ** 4, np.zeros((1, 3)), need="inertia")
    hs.plot.index_vs_value(found, ax=ax)
    (line,) = ax.lines
    assert line.get_label() == "1 saddle, index open"
    assert line.get_markerfacecolor() == "none"


def test_where_kinds_are(ax, found):
    hs.plot.kinds(found, ax=ax, coordinates=(1, 0))
    lines = shown(ax)
    assert sum(map(len, lines.values())) == len(found)
    np.testing.assert_array_equal(lines["1 not critical"], [[1, 1]])
    np.testing.assert_array_equal(lines["4 minimum"], found.x[found.kind == "minimum"][:, ::-1])
    assert ax.get_xlabel() == "$x_{1}$"
    with pytest.raises(ValueError, match="coordinates must be an integer from 0 to 1"):
        hs.plot.kinds(found, coordinates=(0, 2))


def test_one_coordinate_is_drawn_against_the_value(ax):
    found = hs.survey(lambda x: np.cos(x[0]), [[0.0], [np.pi]], need="inertia")
    hs.plot.kinds(found, ax=ax)
    np.testing.assert_allclose(shown(ax)["1 maximum"], [[0, 1]])


def test_nothing_is_drawn_of_nothing(ax, found):
    hs.plot.kinds(found[:0], ax=ax)
    hs.plot.index_vs_value(found[:0], ax=ax)
    assert not ax.lines


DOCUMENT = Path(__file__).parents[2] / "docs" / "surveys.md"


@pytest.mark.skipif(not DOCUMENT.exists(), reason="tests that were installed without it")
def test_the_documented_survey_runs(capsys):
    code = DOCUMENT.read_text(encoding="utf-8").partition("```python\n")[2].partition("```")[0]
    names: dict[str, Any] = {}
    exec(compile(code, "surveys.md", "exec"), names)  # noqa: S102  (our own)
    assert capsys.readouterr().out.startswith("survey of 500 points\n")
    cos = np.cos(names["saddles"].x)
    np.testing.assert_allclose(cos, 0, atol=1e-8)
    import matplotlib.pyplot as plt

    plt.close("all")
