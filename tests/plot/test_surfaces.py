"""What the pictures show, read off the artists that were drawn."""

import builtins
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import hesscape as hs
from hesscape import testing

pytest.importorskip("matplotlib")

import matplotlib as mpl

mpl.use("agg")

from matplotlib.colors import to_hex
from matplotlib.figure import Figure

plot: Any = hs.plot  # wrong types are meant, too


def loss(w):
    return (1 - w[0] * w[1]) ** 2


SADDLE: Any = hs.classify(loss, [0, 0])


@pytest.fixture
def ax():
    figure = Figure(figsize=(6, 6), layout="constrained")
    yield figure.subplots()
    figure.draw_without_rendering()  # whatever was drawn can be laid out, without a warning


def line(ax, label):
    return next(line for line in ax.lines if line.get_label().lstrip("_") == label)


def texts(ax):
    return [text.get_text() for text in ax.texts]


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_surface_draws_the_eigenvectors_in_the_colours_of_their_signs(ax):
    assert plot.surface(loss, SADDLE, span=2, vectorized=True, ax=ax) is ax
    assert sorted(texts(ax)) == ["λ = 2", "λ = −2"]
    for value, other, color in ((-2, 1, plot.DOWN), (2, -1, plot.UP)):
        drawn = line(ax, f"λ = {value}".replace("-", "−"))
        np.testing.assert_allclose(drawn.get_xdata(), other * drawn.get_ydata(), rtol=1e-9)
        assert np.abs(drawn.get_xdata()).max() == pytest.approx(2)
        assert to_hex(drawn.get_color()) == color
    assert ax.get_xlim() == ax.get_ylim() == (-2, 2)
    np.testing.assert_array_equal(line(ax, "saddle").get_xydata(), [[0, 0]])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x[0]", "x[1]")


def test_the_level_of_the_point_is_among_the_levels(ax):
    plot.surface(loss, SADDLE, span=1, vectorized=True, ax=ax)
    filled, level = ax.collections
    assert list(level.levels) == [1.0]
    assert 1.0 in filled.levels
    assert (np.diff(filled.levels) > 0).all()
    assert filled.levels[0] < 0.1
    assert filled.levels[-1] > 3
    # The level set through the saddle is the two axes.
    vertices = np.concatenate([path.vertices for path in level.get_paths()])
    np.testing.assert_allclose(np.abs(vertices).min(axis=1), 0, atol=1e-9)


@pytest.mark.parametrize(
    "keywords", [{}, {"vectorized": True}, {"vectorized": True, "batch_axis": 0}]
)
def test_surface_evaluates_as_the_function_is_written(ax, keywords):
    calls = []

    def counted(w):
        calls.append(np.shape(w))
        return loss(w.T if keywords.get("batch_axis") == 0 else w)

    plot.surface(counted, SADDLE, span=1, samples=11, ax=ax, **keywords)
    expected = {0: [(2,)] * 121, 1: [(2, 121)], 2: [(121, 2)]}
    assert calls == expected[len(keywords)]


def test_surface_draws_the_escape_to_both_sides(ax):
    way = hs.escape(loss, SADDLE)
    plot.surface(loss, SADDLE, escape=way, vectorized=True, ax=ax)
    ends = [drawn.get_xydata()[-1] for drawn in ax.lines if drawn.get_marker() == "*"]
    np.testing.assert_allclose(ends, [side.x for side in way.both])
    np.testing.assert_allclose(ends[0], way.x)
    (text,) = (text for text in legend(ax) if text.startswith("escape"))
    assert text.startswith("escape, from 1 to ")
    assert ax.get_xlim()[1] > abs(way.x[0])


def test_surface_of_many_coordinates_spans_the_extreme_eigenvectors(ax):
    surface = testing.phi4_chain(5)
    point: Any = hs.classify(surface.fun, np.zeros(5))
    plot.surface(surface.fun, point, vectorized=True, ax=ax)
    low, high = point.eigenvalues[[0, -1]]
    assert sorted(texts(ax)) == sorted(f"λ = {v:.3g}".replace("-", "−") for v in (low, high))
    across = line(ax, f"λ = {low:.3g}".replace("-", "−")).get_xydata()
    np.testing.assert_allclose(across[:, 1], 0, atol=1e-6 * np.abs(across).max())


def test_surface_on_a_plane_that_was_given(ax):
    h = np.diag([1.0, -3.0, 5.0])
    point: Any = hs.classify(lambda x: x @ h @ x / 2, np.zeros(3))
    plot.surface(
        lambda x: x @ h @ x / 2, point, directions=[[1, 0], [0, 0], [0, 2]], span=(1, 2), ax=ax
    )
    assert sorted(texts(ax)) == ["λ = 1", "λ = 5"]
    assert ax.get_ylim() == (-2, 2)


def test_coordinates_of_different_scales_share_no_width(ax):
    def fun(x):
        return (x[0] - 1) ** 2 + (1e6 * x[1] - 1) ** 2

    point: Any = hs.classify(fun, [1, 1e-6], gtol=1)
    plot.surface(fun, point, vectorized=True, ax=ax)
    assert np.ptp(ax.get_xlim()) / np.ptp(ax.get_ylim()) == pytest.approx(1e6, rel=0.9)
    assert ax.get_aspect() == "auto"


def test_where_the_function_is_not_finite_nothing_is_drawn(ax):
    def fun(x):
        return x[0] - np.log(x[0]) + (x[1] - 1) ** 2

    plot.surface(fun, hs.classify(fun, [1, 1]), span=2, vectorized=True, ax=ax)
    drawn = np.concatenate([path.vertices for path in ax.collections[0].get_paths()])
    assert drawn[:, 0].min() >= 0


def test_a_flat_direction_is_grey_and_says_how_flat(ax):
    surface = testing.powers([2, 4])
    plot.surface(surface.fun, hs.classify(surface.fun, [0, 0]), vectorized=True, ax=ax)
    (flat,) = (text for text in texts(ax) if text.startswith("λ = 0 within"))
    assert to_hex(line(ax, flat).get_color()) == plot.FLAT
    assert "degenerate" in legend(ax)


def test_a_constant_function_can_be_drawn(ax):
    plot.surface(lambda x: 0.0, hs.classify(lambda x: 0.0, [1, 1]), samples=5, ax=ax)
    assert not ax.collections


def test_slices_follow_the_function_and_its_model(ax):
    assert plot.slices(loss, SADDLE, span=1, samples=5, vectorized=True, ax=ax) is ax
    t = np.linspace(-1, 1, 5)
    for label, sign in (("λ = −2", 1), ("λ = 2", -1)):
        drawn = line(ax, label)
        model = ax.lines[list(ax.lines).index(drawn) + 1]
        np.testing.assert_allclose(np.asarray(drawn.get_xdata()), t)
        np.testing.assert_allclose(drawn.get_ydata(), (1 - sign * t**2 / 2) ** 2 - 1, atol=1e-12)
        np.testing.assert_allclose(model.get_ydata(), -sign * t**2, atol=1e-11)
        assert model.get_linestyle() == "--"
        assert model.get_color() == drawn.get_color()
    assert legend(ax) == ["λ = −2", "λ = 2", "quadratic model"]


def test_slices_take_the_extreme_eigenvectors_of_many(ax):
    surface = testing.quadratic(np.diag(np.arange(1.0, 11)))
    plot.slices(surface.fun, hs.classify(surface.fun, np.zeros(10)), vectorized=True, ax=ax)
    assert [text.split(",")[0] for text in legend(ax)[:-1]] == [
        f"λ = {v}" for v in (1, 2, 3, 8, 9, 10)
    ]
    heights = [drawn.get_ydata()[-1] for drawn in ax.lines if drawn.get_label().startswith("λ")]
    assert max(heights) < 1.5 * min(heights)


def test_spectrum_shows_values_errors_and_proven_signs(ax):
    values = np.array([-3, -1e-2, -2e-9, 1e-9, 0.1, 5])
    point: Any = hs.classify_hessian(np.diag(values), error=1e-6)
    assert plot.spectrum(point, ax=ax) is ax
    assert legend(ax) == ["2 positive", "2 zero or open", "2 negative"]
    drawn = {container.get_label(): container for container in ax.containers}
    for name, color, here in (("positive", plot.UP, [4, 5]), ("zero or open", plot.FLAT, [2, 3])):
        markers, _, bars = drawn[f"2 {name}"]
        np.testing.assert_allclose(
            markers.get_xydata(), np.column_stack([here, point.eigenvalues[here]])
        )
        assert to_hex(markers.get_color()) == color
        ends = np.array(bars[0].get_segments())[:, :, 1]
        np.testing.assert_allclose(np.ptp(ends, axis=1), 2 * point.eigenvalue_error[here])
    assert ax.get_yscale() == "symlog"
    assert ax.get_title() == "saddle, proven"


def test_without_axes_a_figure_is_made_and_with_axes_pyplot_is_left_alone():
    import matplotlib.pyplot as plt

    plot.spectrum(SADDLE, ax=Figure().subplots())
    assert plt.get_fignums() == []
    made = plot.spectrum(SADDLE)
    assert plt.get_fignums() == [made.figure.number]
    plt.close("all")


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **keywords):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *rest, **keywords)

    monkeypatch.setattr(builtins, "__import__", without)
    for draw in (
        lambda: plot.spectrum(SADDLE),
        lambda: plot.surface(loss, SADDLE),
        lambda: plot.slices(loss, SADDLE),
    ):
        with pytest.raises(ImportError, match=r"hesscape\[plot\]"):
            draw()


@pytest.mark.parametrize(
    ("draw", "error", "message"),
    [
        (lambda: plot.surface(loss, [0, 0]), TypeError, "point must be"),
        (lambda: plot.surface(loss, hs.classify_hessian(np.eye(2))), TypeError, "classify_hessian"),
        (lambda: plot.surface(loss, SADDLE, span=0), ValueError, "span must be positive"),
        (lambda: plot.surface(loss, SADDLE, span=[1, 2, 3]), ValueError, "span must be"),
        (lambda: plot.surface(loss, SADDLE, samples=1), ValueError, "samples"),
        (lambda: plot.surface(loss, SADDLE, directions=np.ones((2, 2))), ValueError, "independent"),
        (
            lambda: plot.surface(loss, SADDLE, directions=np.zeros((2, 2))),
            ValueError,
            "independent",
        ),
        (lambda: plot.surface(loss, SADDLE, directions=np.eye(3)), ValueError, r"shape \(2, 2\)"),
        (
            lambda: plot.surface(lambda x: x[0], hs.classify(lambda x: x[0], 1.0)),
            ValueError,
            "two coordinates",
        ),
        (
            lambda: plot.slices(loss, SADDLE, directions=[1, 0]),
            ValueError,
            "directions must have shape",
        ),
        (lambda: plot.spectrum(SADDLE.taylor), TypeError, "CriticalPoint"),
        (lambda: plot.spectrum(replace(SADDLE, eigenvalues=None)), ValueError, "need='spectrum'"),
    ],
)
def test_bad_arguments_are_named(draw, error, message):
    with pytest.raises(error, match=message):
        draw()
    import matplotlib.pyplot as plt

    assert plt.get_fignums() == []


def test_density_draws_the_band_in_the_colours_of_the_signs(ax):
    d = np.r_[np.full(900, 0.01), np.linspace(-1, 3, 100)]
    found = hs.spectral_density(lambda x: 0.0, 0 * d, hessp=lambda x, p: d * p, rng=0)
    assert plot.density(found, ax=ax) is ax
    assert legend(ax) == ["negative", "positive"]
    for name, color in (("negative", plot.DOWN), ("positive", plot.UP)):
        drawn = line(ax, name)
        assert to_hex(drawn.get_color()) == color
        x, y = drawn.get_data()
        assert (x <= 0).all() if name == "negative" else (x >= 0).all()
        shown = np.isin(found.grid, x)
        np.testing.assert_array_equal(y, np.maximum(found.density[shown], y.min()))
    assert ax.get_yscale() == "log"
    assert "mean" in ax.get_title()
    with pytest.raises(TypeError, match="found must be a SpectralDensity"):
        plot.density(SADDLE)


def test_density_of_one_sign(ax):
    d = np.linspace(5, 6, 100)
    plot.density(hs.spectral_density(lambda x: 0.0, 0 * d, hessp=lambda x, p: d * p, rng=0), ax=ax)
    assert legend(ax) == ["positive"]
