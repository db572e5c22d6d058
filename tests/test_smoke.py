"""Tells within a second whether the installation works."""

from importlib.metadata import files, version

import hesscape
from hesscape import _core


def test_extension_is_of_this_version():
    assert hesscape.__version__ == _core.__version__ == version("hesscape")


def test_installed_as_typed_package():
    names = {file.name for file in files("hesscape") or []}
    editable = not any(name == "__init__.py" for name in names)
    assert editable or {"py.typed", "_core.pyi"} <= names
