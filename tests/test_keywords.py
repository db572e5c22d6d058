"""Every function shows the keywords that it takes, and refuses others by its own name."""

import inspect

import numpy as np
import pytest

import hesscape as hs
from hesscape._keywords import takes


def sphere(x):
    return float(np.dot(x, x))


X = [1.0, 2.0]
CALLS = {
    "taylor": (sphere, X),
    "gradient": (sphere, X),
    "hessian": (sphere, X),
    "classify": (sphere, X),
    "classify_hessian": (np.eye(2),),
    "escape": (sphere, X),
    "minimize": (sphere, X),
    "survey": (sphere, [X]),
    "curvature": (sphere, X),
    "spectral_density": (sphere, X),
    "Objective": (sphere,),
    "Measurement": (X,),
}
OBJECTIVE = {"jac", "hess", "hessp", "args", "vectorized", "batch_axis", "noise"}
MEASURING = {"step", "levels", "executor", "progress", "store"}


@pytest.mark.parametrize("name", CALLS)
def test_misspelt_keywords_are_refused_by_who_was_called(name):
    function = getattr(hs, name)
    known = list(inspect.signature(function).parameters)[len(CALLS[name]) :]
    for keyword in known:
        wrong = keyword + "l"
        expected = rf"^{name}\(\) got an unexpected keyword '{wrong}'; did you mean '{keyword}'\?$"
        with pytest.raises(TypeError, match=expected):
            function(*CALLS[name], **{wrong: None})
    with pytest.raises(
        TypeError, match=rf"^{name}\(\) got an unexpected keyword 'q'; it takes .*{known[0]}"
    ):
        function(*CALLS[name], q=1)


@pytest.mark.parametrize("name", [name for name in CALLS if name[0].islower()])
def test_help_describes_every_keyword(name):
    function = getattr(hs, name)
    parameters = inspect.signature(function).parameters
    assert not any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    described = str(inspect.getdoc(function)).split("Returns\n")[0]
    for parameter in parameters:
        assert f"\n{parameter} : " in described or f"\n{parameter}, " in described, parameter
        assert described.count(f"\n{parameter} : ") <= 1


def test_those_of_objective_and_of_measuring_are_shown():
    assert set(inspect.signature(hs.classify).parameters) > OBJECTIVE | MEASURING
    assert set(inspect.signature(hs.plot.surface).parameters) > OBJECTIVE
    assert "levels" not in inspect.signature(hs.gradient).parameters
    with pytest.raises(TypeError, match=r"gradient\(\) got an unexpected keyword 'levels'"):
        hs.gradient(sphere, X, levels=3)


def test_the_file_objects_come_from_stays_visible():
    assert inspect.unwrap(hs.classify).__module__ == "hesscape.verdicts.classify"


def test_functions_without_a_docstring_are_left_without():
    assert takes(hs.Objective)(lambda x, **keywords: x).__doc__ is None
