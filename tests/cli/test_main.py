"""The command line: reports, JSON, and one line for whatever goes wrong."""

import json
import os
import subprocess
import sys
from importlib.metadata import entry_points, version

import numpy as np
import pytest

import hesscape as hs
from hesscape.cli.main import main

MODEL = """
import helper

class Fit:
    @staticmethod
    def loss(x):
        return helper.shift(x[0]) ** 2 + x[1] ** 2

def saddle(x):
    print("noise on stdout")
    return x[0] ** 2 - x[1] ** 2

def slope(x):
    return [2 * x[0], -2 * x[1]]

def many(x):
    assert x.ndim == 2, "one point at a time"
    return x[0] ** 2 + 2 * x[1] ** 2

def flat(x):
    return x[0] ** 2 + x[1] ** 4

def cliff(x):
    return float("nan") if x[0] == 0 else 1.0

def broken(x):
    return 1 / 0

def pair(x):
    return x

constant = 3
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    tmp_path.joinpath("cli_model.py").write_text(MODEL)
    tmp_path.joinpath("helper.py").write_text("def shift(x):\n    return x - 1\n")
    tmp_path.joinpath("needy.py").write_text("import not_there\n")
    tmp_path.joinpath("typo.py").write_text("def f(x:\n")
    yield tmp_path
    for name in ("cli_model", "helper", "needy", "typo"):
        sys.modules.pop(name, None)


def run(capsys, *words):
    code = main(words)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def classified(capsys, *words):
    code, out, _ = run(capsys, "classify", *words, "--json")
    assert code == 0
    return json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


@pytest.mark.parametrize("words", [[], ["demo"]])
def test_demo_reports_the_main_job(capsys, here, words):
    code, out, err = run(capsys, *words)
    assert (code, err) == (0, "")
    for text in (
        "Hessian   0 ± ",
        "saddle, proven",
        "eigenvalues  -2 ± ",
        "v = ±[1, 1]/√2   -2, down",
        "v = ±[1, -1]/√2  +2, up",
        "direction    [0.707107 0.707107]",
        "loss before 1, after 0",
    ):
        assert text in out
    drawn = [path.name for path in here.glob("*.png")]
    assert drawn == (["hesscape-demo.png"] if "picture in hesscape-demo.png" in out else [])


def test_demo_draws_where_it_is_told(capsys, here):
    pytest.importorskip("matplotlib")
    code, out, _ = run(capsys, "demo", "-o", "saddle.svg")
    assert code == 0
    assert "picture in saddle.svg" in out
    assert here.joinpath("saddle.svg").read_text().count("<svg") == 1
    for place, reason in (("no/where.png", "No such file"), ("picture.xyz", "not supported")):
        code, _, err = run(capsys, "demo", "-o", place)
        assert code == 2
        assert err.startswith(f"hesscape: error: cannot write {place}: ")
        assert reason in err


def test_demo_without_matplotlib_says_how_to_get_it(capsys, here, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    code, out, _ = run(capsys)
    assert code == 0
    assert "pip install 'hesscape[plot]'" in out
    assert not list(here.glob("*.png"))


def test_classify_prints_the_model_and_the_verdict(capsys):
    code, out, _ = run(capsys, "classify", "cli_model:many", "--at", "0", "0", "--vectorized")
    assert code == 0
    assert out.startswith("quadratic model at x = [0. 0.]")
    assert "minimum, proven" in out


def test_json_is_the_whole_of_the_api_result(capsys):
    answer = classified(capsys, "cli_model:saddle", "--at", "0", "0")
    point = hs.classify(lambda x: x[0] ** 2 - x[1] ** 2, [0, 0])
    assert point.taylor is not None
    assert point.eigenvectors is not None
    for name in (
        "kind",
        "certain",
        "confidence",
        "index",
        "message",
        "nfev",
        "njev",
        "distance",
        "gradient_norm",
    ):
        assert answer[name] == getattr(point, name)
    for name in ("x", "value", "noise", "gradient", "gradient_error", "hessian", "hessian_error"):
        np.testing.assert_array_equal(answer[name], getattr(point.taylor, name))
    for name in ("eigenvalues", "eigenvalue_error", "way_down"):
        np.testing.assert_array_equal(answer[name], getattr(point, name))
    np.testing.assert_array_equal(answer["eigenvectors"], point.eigenvectors.T)
    assert tuple(answer["inertia"].values()) == point.inertia
    assert answer["version"] == hs.__version__


def test_every_name_in_the_json_is_documented(capsys):
    answer = classified(capsys, "cli_model:saddle", "--at", "0", "0")
    with pytest.raises(SystemExit):
        main(["classify", "--help"])
    documented = (
        capsys.readouterr().out.partition("--json prints one object:")[2].replace(",", " ").split()
    )
    assert set(answer) <= set(documented)


def test_what_is_not_known_is_null(capsys):
    answer = classified(capsys, "cli_model:flat", "--at", "0", "0", "--need", "kind")
    assert answer["kind"] == "degenerate"
    assert answer["certain"] is False
    unknown = {name for name, value in answer.items() if value is None}
    assert unknown == {"index", "eigenvalues", "eigenvalue_error", "eigenvectors", "way_down"}


@pytest.mark.parametrize("number", ["-1", "-1e-3", "-.5", "-1.", "-1E+0", "-0.0"])
def test_negative_numbers_are_coordinates(capsys, number):
    answer = classified(capsys, "cli_model:saddle", "--at", number, "-2", "--gtol", "10")
    assert answer["x"] == [float(number), -2.0]


def test_options_reach_the_classification(capsys):
    with_slope = classified(
        capsys, "cli_model:saddle", "--at", "0", "0", "--jac", "cli_model:slope"
    )
    assert with_slope["njev"] > 0
    assert (
        classified(capsys, "cli_model.py:flat", "--at", "0", "0", "--zero-modes", "1")["kind"]
        == "minimum"
    )
    assert classified(capsys, "cli_model:saddle", "--at", "1", "0")["kind"] == "not_critical"
    assert (
        classified(capsys, "cli_model:saddle", "--at", "1", "0", "--gtol", "3")["kind"] == "saddle"
    )


def test_a_file_finds_its_neighbours_and_functions_may_have_dots(capsys, here):
    answer = classified(capsys, str(here / "cli_model.py") + ":Fit.loss", "--at", "1", "0")
    assert (answer["kind"], answer["certain"]) == ("minimum", True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["cli_model"], "expected MODULE:FUNCTION or FILE.py:FUNCTION, got 'cli_model'"),
        (["cli_model:"], "expected MODULE:FUNCTION"),
        (["absent:f"], "no module 'absent' here"),
        (["absent.py:f"], "no file absent.py"),
        (["needy:f"], "ModuleNotFoundError: No module named 'not_there'"),
        (["typo:f"], "SyntaxError: "),
        (["cli_model:absent"], "cli_model has no 'absent'"),
        (["cli_model:constant"], "cli_model:constant is not a function, but int"),
        (["cli_model:broken"], "ZeroDivisionError: division by zero"),
        (["cli_model:pair"], "fun must return a real number"),
        (["cli_model:cliff"], "fun is nan at x = [0. 0.]"),
        (["cli_model:many"], "AssertionError: one point at a time"),
        (["cli_model:flat", "--zero-modes", "2"], "zero_modes: expected a count of 0 to 1"),
        (["cli_model:flat", "--gtol", "-1"], "gtol: expected a number >= 0"),
        (["cli_model:flat", "--jac", "cli_model:constant"], "cli_model:constant is not a function"),
    ],
)
def test_errors_are_one_line(capsys, words, message):
    code, out, err = run(capsys, "classify", *words, "--at", "0", "0")
    assert code == 2
    assert out == ""
    assert err.startswith("hesscape: error: ")
    assert message in err
    assert err.count("\n") == 1
    if message.startswith(("Zero", "Assertion")):
        assert "cli_model.py, line " in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["classify", "cli_model:flat"], "--at"),
        (["classify", "cli_model:flat", "--at"], "--at"),
        (["classify", "cli_model:flat", "--at", "0", "zero"], "expected a number, got 'zero'"),
        (["classify", "cli_model:flat", "--at", "0", "0", "--need", "all"], "--need"),
        (
            ["classify", "cli_model:flat", "--at", "0", "0", "--zero-modes", "x"],
            "expected a whole number, got 'x'",
        ),
        (["classify", "cli_model:flat", "--at", "0", "0", "--js"], "--js"),
        (["survay"], "invalid choice: 'survay'"),
    ],
)
def test_a_wrong_command_line_is_one_line(capsys, words, message):
    with pytest.raises(SystemExit) as left:
        main(words)
    err = capsys.readouterr().err
    assert left.value.code == 2
    assert message in err
    assert err.count("\n") == 1


def test_numbers_that_are_none_are_refused(capsys):
    code, _, err = run(capsys, "classify", "cli_model:flat", "--at", "0", "-inf")
    assert (code, err) == (2, "hesscape: error: x must be finite, got x[1] = -inf\n")


def test_the_version_and_the_script():
    answer = subprocess.run(
        [sys.executable, "-m", "hesscape", "--version"], capture_output=True, text=True, check=True
    )
    assert answer.stdout == f"hesscape {version('hesscape')}\n"
    (script,) = entry_points(group="console_scripts", name="hesscape")
    assert script.load() is main


def test_a_terminal_without_greek_letters_is_no_reason_to_stop(here):
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    answer = subprocess.run(
        [sys.executable, "-m", "hesscape"],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    assert "saddle, proven" in answer.stdout


def test_a_reader_that_leaves_early_is_no_error(here):
    answer = subprocess.Popen(
        [sys.executable, "-m", "hesscape", "classify", "cli_model:flat", "--at", "0", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert answer.stdout is not None
    assert answer.stderr is not None
    answer.stdout.close()
    with answer.stderr:
        assert answer.stderr.read() == ""
    assert answer.wait() in (0, 141)
