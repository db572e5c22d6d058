"""Tells within a second whether the installation works."""

import subprocess
import sys
from importlib.metadata import files, version

import hesscape
from hesscape import _core


def test_extension_is_of_this_version():
    assert hesscape.__version__ == _core.__version__ == version("hesscape")


def test_installed_as_typed_package():
    names = {file.name for file in files("hesscape") or []}
    editable = not any(name == "__init__.py" for name in names)
    assert editable or {"py.typed", "_core.pyi"} <= names


def test_import_leaves_out_what_most_users_do_not_need():
    code = "import sys, hesscape; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    packages = {".".join(name.split(".")[:2]) for name in run.stdout.split()}
    assert "hesscape._core" in packages
    assert not packages & {"scipy.optimize", "scipy.linalg", "scipy.sparse", "matplotlib"}
    assert not packages & {"torch", "jax", "ase", "tqdm", "zarr", "xarray", "pandas", "distributed"}
