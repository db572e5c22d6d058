"""Every instruction level that the machine runs works, gives the same answers, and can be asked for."""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import hesscape as hs
from hesscape import _cpu, _dispatch

LEVELS = [level for level in _dispatch.BUILT if level in _dispatch.RUNS]
WIDTHS = {"x86-64-v2": 2, "x86-64-v3": 4, "x86-64-v4": 8}
EPS = float(np.finfo(float).eps)


def python(code, level, *, data=b""):
    environment = dict(os.environ) | {"HESSCAPE_ISA": level}
    return subprocess.run(
        [sys.executable, "-c", code], check=False, env=environment, input=data, capture_output=True
    )


def output(code, level, **more):
    run = python(code, level, **more)
    assert run.returncode == 0, run.stderr.decode()
    return run.stdout


MEASURE = """
import json
import hesscape as hs
from hesscape import testing
surface = testing.muller_brown()
points = [hs.classify(surface.fun, p.x, vectorized=True) for p in surface.critical_points]
print(json.dumps({
    "config": hs.show_config(mode="dicts"),
    "module": hs._core.__file__,
    "kinds": [[p.kind, p.certain, *p.inertia] for p in points],
    "nfev": [p.nfev for p in points],
    "hessians": [p.taylor.hessian.tolist() for p in points],
}))
"""


@pytest.fixture(scope="module")
def measured():
    return {level: json.loads(output(MEASURE, level)) for level in LEVELS}


def test_a_level_is_built_for_this_machine():
    assert LEVELS
    assert _cpu.levels()[0] == "baseline"
    assert list(_dispatch.LEVELS[: len(_cpu.levels())]) == _cpu.levels()


@pytest.mark.parametrize("level", LEVELS)
def test_the_level_asked_for_is_loaded(level, measured):
    config, module = measured[level]["config"], measured[level]["module"]
    chosen = config["instruction level"]
    assert chosen["chosen"] == level
    assert Path(module).name.startswith(f"_core.{level}.")
    assert chosen["doubles in a register"] == WIDTHS.get(level, chosen["doubles in a register"])
    assert chosen["alignment"] >= 8 * chosen["doubles in a register"]


@pytest.mark.parametrize("level", LEVELS)
def test_levels_agree(level, measured):
    # Values of f are equal, and no level contracts what hesscape computes of them; only Eigen's matrix products fuse.
    lowest, this = measured[LEVELS[0]], measured[level]
    assert this["kinds"] == lowest["kinds"]
    assert this["nfev"] == lowest["nfev"]
    hessians, expected = np.array(this["hessians"]), np.array(lowest["hessians"])
    scale = np.abs(expected).max(axis=(1, 2), keepdims=True)
    assert (np.abs(hessians - expected) <= 8 * EPS * scale).all()


def test_the_highest_level_is_the_default():
    show = (
        "import hesscape as hs; print(hs.show_config(mode='dicts')['instruction level']['chosen'])"
    )
    assert output(show, "").decode().strip() == LEVELS[-1]


@pytest.mark.parametrize("wanted", ["x86-64-v9", "AVX2", "x86-64-v3 "])
def test_an_unknown_level_fails(wanted):
    run = python("import hesscape", wanted)
    last = run.stderr.decode().strip().splitlines()[-1]
    assert run.returncode != 0
    assert last.startswith(f"ImportError: HESSCAPE_ISA is {wanted!r}, but must be {LEVELS[0]}")


def test_a_level_must_be_built_and_supported():
    built, runs = ["x86-64-v2", "x86-64-v3", "x86-64-v4"], ["baseline", "x86-64-v2", "x86-64-v3"]
    assert _dispatch.choose(built, runs, "") == "x86-64-v3"
    assert _dispatch.choose(built, runs, "x86-64-v2") == "x86-64-v2"
    for wanted in ("x86-64-v4", "baseline"):
        with pytest.raises(ImportError, match=rf"{wanted}.* must be x86-64-v2 or x86-64-v3 here"):
            _dispatch.choose(built, runs, wanted)


@pytest.mark.parametrize("built", [["x86-64-v2", "x86-64-v3"], []])
def test_no_level_for_this_machine(built):
    with pytest.raises(ImportError, match=r"no extension module for this machine.*LEVELS=all"):
        _dispatch.choose(built, ["baseline"], "")
    with pytest.raises(ImportError, match="HESSCAPE_ISA is 'x86-64-v2', but must be unset"):
        _dispatch.choose(built, ["baseline"], "x86-64-v2")


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="needs Linux to ask")
def test_what_runs_is_what_the_kernel_says():
    flags = set(Path("/proc/cpuinfo").read_text().split())
    v2 = {"cx16", "lahf_lm", "popcnt", "pni", "ssse3", "sse4_1", "sse4_2"}
    v3 = v2 | {"abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave"}
    v4 = v3 | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}
    expected = ["baseline"]
    needs = {"x86-64-v2": v2, "x86-64-v3": v3, "x86-64-v4": v4}
    expected += [level for level, needed in needs.items() if needed <= flags]
    assert _cpu.levels() == expected


SAVE = """
import pickle, sys
import hesscape as hs
measurement = hs.Measurement([1.0, -2.0])
points = measurement.ask()
measurement.tell((points**2).sum(axis=1))
sys.stdout.buffer.write(pickle.dumps(measurement))
"""
GO_ON = """
import pickle, sys
measurement = pickle.load(sys.stdin.buffer)
while not measurement.done:
    points = measurement.ask()
    measurement.tell((points**2).sum(axis=1))
sys.stdout.buffer.write(pickle.dumps(measurement.result().hessian))
"""


@pytest.mark.parametrize("level", LEVELS)
def test_pickles_cross_levels(level):
    other = LEVELS[LEVELS.index(level) - 1]
    hessian = pickle.loads(output(GO_ON, other, data=output(SAVE, level)))
    np.testing.assert_allclose(hessian, 2 * np.eye(2), atol=1e-9)


def test_show_config_prints_what_it_knows(capsys):
    assert hs.show_config() is None
    text = capsys.readouterr().out
    level = hs.show_config(mode="dicts")["instruction level"]["chosen"]
    assert f"version: {hs.__version__}\n" in text
    assert f"  chosen: {level}\n" in text
    assert set(hs.show_config(mode="dicts")) == {
        "version",
        "compiler",
        "instruction level",
        "Eigen",
        "LAPACK",
    }


def test_show_config_refuses_other_modes():
    with pytest.raises(ValueError, match="mode is 'yaml', but must be 'stdout' or 'dicts'"):
        hs.show_config(mode="yaml")  # type: ignore[call-overload]
