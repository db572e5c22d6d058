"""Every example in a docstring of the installed package is run as it stands."""

import doctest
import importlib
import pkgutil

import pytest

import hesscape

MODULES = ["hesscape"] + [
    module.name
    for module in pkgutil.walk_packages(hesscape.__path__, "hesscape.", onerror=lambda _name: None)
    if not module.name.endswith("__main__")
]

NEEDS = {
    "hesscape.plot.densities": "matplotlib",
    "hesscape.plot.surveys": "matplotlib",
    "hesscape.plot.surfaces": "matplotlib",
    "hesscape.interop.ase": "ase",
    "hesscape.interop.jax": "jax",
    "hesscape.interop.torch": "torch",
}


@pytest.mark.parametrize("name", MODULES)
def test_doctests(name):
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("hesscape"):
            raise
        pytest.skip(f"needs the extra that installs {missing.name}")
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    assert doctest.testmod(module, optionflags=flags).failed == 0
