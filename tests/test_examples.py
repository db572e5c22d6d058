"""The examples run, draw, and say what is true."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hesscape as hs
from hesscape import testing
from hesscape.cli.main import main

pytest.importorskip("matplotlib")

EXAMPLES = sorted(Path(__file__).parents[1].joinpath("examples").glob("*.py"))
README = Path(__file__).parents[1] / "README.md"
if not EXAMPLES:  # tests that were installed without them
    pytest.skip("the examples are not here", allow_module_level=True)
SAYS = {
    "deep_linear_network": [
        "saddle, proven (from 3 products with H)",
        "left along the most negative curvature",
        "where the largest singular value is 3",
        "no minimum is shown: with probability 0.999",
    ],
    "error_surface": [
        "saddle, proven",
        "curvature along [0.707 0.707]: -2",
        "to           [1. 1.]",
        "minimum, proven",
    ],
    "is_my_fit_at_a_minimum": [
        "one_site: CONVERGENCE",
        "minimum, proven",
        "two_sites: CONVERGENCE",
        "saddle, proven",
    ],
    "lennard_jones_cluster": [
        "minimum, proven: E = -44.326801, 0 negative, 6 zero, 33 positive",
        "saddle, proven: E = -40.906283, 1 negative, 6 zero, 32 positive",
        "minimum, proven: E = -41.444597, 0 negative, 6 zero, 33 positive",
    ],
    "lj7_survey": [
        "the lowest is at E = -16.505384",
        "    0       4           4\n    1 ",
    ],
    "muller_brown": [
        "E = -146.6995",
        "E = -108.1667",
        "E = -80.7678",
        "E = -72.2489",
        "E = -40.6648",
    ],
    "training_network": ["all proven", "index 4", "times a saddle", "index 0", "times a minimum"],
}
NEEDS = {"lennard_jones_cluster": "ase", "training_network": "torch"}


def load(name):
    (path,) = (path for path in EXAMPLES if path.stem == name)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs_and_draws(path, tmp_path):
    pytest.importorskip(NEEDS.get(path.stem, "numpy"))
    environment = os.environ | {"MPLBACKEND": "agg", "PYTHONIOENCODING": "utf-8"}
    run = subprocess.run(
        [sys.executable, path],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    for text in SAYS[path.stem]:
        assert text in run.stdout
    assert [made.name for made in tmp_path.iterdir()] == [f"{path.stem}.png"]
    assert "not proven" not in run.stdout.replace("degenerate, not proven", "")


def test_readme_says_what_happens(capsys):
    code = README.read_text(encoding="utf-8").partition("```python\n")[2].partition("```")[0]
    names: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), names)  # noqa: S102  (our own README)
    assert capsys.readouterr().out.split("\n")[:2] == ["saddle True", "[-2.  2.]"]
    np.testing.assert_allclose(names["way"].x, [1, 1])
    import matplotlib.pyplot as plt

    plt.close("all")


def test_readme_shows_the_demo(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = README.read_text(encoding="utf-8").partition("```text\n")[2].partition("```")[0]
    assert main([]) == 0

    def without_errors(report):  # these and the number of values change with the measurement
        return re.sub(r"\d\S*e-\d+|\d+(?= values)", "#", report)

    assert without_errors(shown) == without_errors(capsys.readouterr().out)


def exact_hessian(model, x):
    """The Hessian of the fits' negative log likelihood, in 40 digits."""
    mpmath = pytest.importorskip("mpmath")
    doses, rates = ([mpmath.mpf(float(v)) for v in values] for values in (model.DOSE, model.RATE))

    def likelihood(*p):
        *q, sigma = p
        sites = [(q[i], q[i + len(q) // 2]) for i in range(len(q) // 2)]
        squares = (
            r - sum(v * d / (k + d) for v, k in sites) for d, r in zip(doses, rates, strict=True)
        )
        return len(rates) * mpmath.log(sigma) + sum(r**2 for r in squares) / (2 * sigma**2)

    with mpmath.workdps(60):
        point = tuple(mpmath.mpf(float(v)) for v in x)
        unit = np.eye(len(x), dtype=int)
        entry = [
            [
                mpmath.diff(likelihood, point, tuple(map(int, a + b)), h=mpmath.mpf(10) ** -25)
                for b in unit
            ]
            for a in unit
        ]
        return mpmath.matrix(entry)


@pytest.fixture(scope="module")
def enzyme():
    return load("is_my_fit_at_a_minimum")


def fitted(enzyme, name):
    rate = getattr(enzyme, name)
    start = {"one_site": [100, 1e-4, 10], "two_sites": [100, 100, 1e-4, 1e-4, 10]}[name]
    x = enzyme.fit(rate, start)
    return hs.classify(enzyme.negative_log_likelihood, x, args=(rate,))


def test_the_fit_is_the_published_one(enzyme):
    point = fitted(enzyme, "one_site")
    assert point.kind == "minimum"
    assert point.certain
    vmax, k, sigma = point.taylor.x
    assert round(vmax, 1) == 212.7
    assert round(1e3 * k, 4) == 0.0641
    assert (
        round(sigma * np.sqrt(12 / 10), 2) == 10.93
    )  # the residual standard error, of 10 degrees of freedom


def test_standard_errors_are_within_their_own_errors(enzyme):
    mpmath = pytest.importorskip("mpmath")
    point = fitted(enzyme, "one_site")
    saddle = fitted(enzyme, "two_sites")
    way = hs.escape(enzyme.negative_log_likelihood, saddle, args=(enzyme.two_sites,))
    best = hs.minimize(enzyme.negative_log_likelihood, way.x, args=(enzyme.two_sites,)).point
    for measured in (point, best):
        assert measured.kind == "minimum"
        assert measured.certain
        inverse = exact_hessian(enzyme, measured.taylor.x) ** -1
        exact = np.array([float(mpmath.sqrt(inverse[i, i])) for i in range(inverse.rows)])
        errors, their_errors = enzyme.standard_errors(measured.taylor)
        assert (np.abs(errors - exact) <= their_errors).all()
        assert (their_errors < 1e-6 * errors).all()


def test_the_equal_sites_are_a_saddle_with_a_ridge(enzyme):
    point = fitted(enzyme, "two_sites")
    assert point.kind == "saddle"
    assert point.certain
    assert point.inertia == (1, 1, 3)
    h = exact_hessian(enzyme, point.taylor.x)
    exact = np.array([[float(h[i, j]) for j in range(5)] for i in range(5)])
    assert (np.abs(point.taylor.hessian - exact) <= point.taylor.hessian_error).all()
    assert point.way_down @ exact @ point.way_down < 0
    ridge = np.array([1, -1, 0, 0, 0])
    assert abs(ridge @ exact @ ridge) <= 1e-12 * exact[0, 0]


@pytest.mark.parametrize("package", ["statsmodels", "numdifftools"])
def test_the_usual_hessians_are_wrong_here(enzyme, package):
    pytest.importorskip(package)
    point = fitted(enzyme, "one_site")
    others = enzyme.usual_standard_errors(point.taylor.x, enzyme.one_site)[package]
    ours, _ = enzyme.standard_errors(point.taylor)
    assert abs(others / ours - 1).max() > 0.05


def test_an_inverse_that_is_not_known_is_refused(enzyme):
    with pytest.raises(ValueError, match="singular"):
        enzyme.covariance(np.eye(2), np.full((2, 2), 0.6))


def test_the_inverse_is_bounded_for_every_error(enzyme):
    rng = np.random.default_rng(3)
    h = np.diag([1, 1e8]) @ np.array([[2, 1], [1, 3]]) @ np.diag([1, 1e8])
    error = 0.1 * np.abs(h)
    c, bound = enzyme.covariance(h, error)
    for _ in range(200):
        e = rng.choice([-1, 1], (2, 2)) * error
        assert (np.abs(np.linalg.inv(h + e) - c) <= bound * (1 + 1e-9)).all()


def test_the_ways_down_of_muller_brown_join_the_known_minima():
    example = load("muller_brown")
    found = example.stationary_points()
    assert [(p.kind.value, p.certain) for p in found] == [("minimum", True)] * 3 + [
        ("saddle", True)
    ] * 2
    known = sorted(
        testing.muller_brown().critical_points, key=lambda p: example.energy.value(np.array(p.x))
    )
    np.testing.assert_allclose([p.taylor.x for p in found], [p.x for p in known], atol=1e-9)
    reached = []
    for saddle in found[3:]:
        way = hs.escape(example.energy, saddle, max_step=0.1, gtol=example.GTOL)
        ends = [example.descend(side.x)[-1] for side in way.both]
        reached.append(
            {min(range(3), key=lambda m: np.linalg.norm(found[m].taylor.x - end)) for end in ends}
        )
    assert reached == [{1, 2}, {0, 2}]
