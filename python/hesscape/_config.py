"""What was built, and what of it runs here."""

from __future__ import annotations

import sys
from typing import Any, Literal, overload

from . import _core, _dispatch


@overload
def show_config(mode: Literal["stdout"] = "stdout") -> None: ...
@overload
def show_config(mode: Literal["dicts"]) -> dict[str, Any]: ...
def show_config(mode: str = "stdout") -> dict[str, Any] | None:
    """Show how hesscape was built, and which of its instruction levels was chosen.

    The extension is there once for each instruction level that was built. The highest that the processor and the
    operating system support is chosen at import, or the one that the environment variable ``HESSCAPE_ISA`` names.
    Wheels have all levels. An installation from source builds the one of its machine, and those that ``HESSCAPE_LEVELS``
    names in the environment of pip: ``all``, or some, separated by semicolons.

    Parameters
    ----------
    mode : {"stdout", "dicts"}
        Whether to print, or to return a dictionary.

    Returns
    -------
    dict or None
        With the keys "version", "compiler", "instruction level", "Eigen" and "LAPACK", if `mode` is "dicts".

    Raises
    ------
    ValueError
        If `mode` is neither.

    See Also
    --------
    numpy.show_config, scipy.show_config

    Examples
    --------
    >>> import hesscape as hs
    >>> level = hs.show_config(mode="dicts")["instruction level"]
    >>> level["chosen"] in level["built"]
    True
    """
    if mode not in ("stdout", "dicts"):
        raise ValueError(f"mode is {mode!r}, but must be 'stdout' or 'dicts'")
    config = _config()
    if mode == "dicts":
        return config
    sys.stdout.write("\n".join(_lines(config)) + "\n")
    return None


def _config() -> dict[str, Any]:
    import scipy

    name, version = _core.COMPILER
    lapack = scipy.show_config(mode="dicts")["Build Dependencies"]["lapack"]
    return {
        "version": _core.__version__,
        "compiler": {"name": name, "version": version, "flags": _core.FLAGS},
        "instruction level": {
            "chosen": _core.LEVEL,
            "built": list(_dispatch.BUILT),
            "to build others": "HESSCAPE_LEVELS=all pip install --no-binary hesscape hesscape",
            "supported": list(_dispatch.RUNS),
            "doubles in a register": _core.PACKET,
            "alignment": _core.ALIGNMENT,
        },
        "Eigen": {"version": _core.EIGEN_VERSION},
        "LAPACK": {
            "through": f"SciPy {scipy.__version__}",
            "name": lapack.get("name"),
            "version": lapack.get("version"),
        },
    }


def _lines(config: dict[str, Any], indent: str = "") -> list[str]:
    lines = []
    for key, value in config.items():
        if isinstance(value, dict):
            lines += [f"{indent}{key}:", *_lines(value, indent + "  ")]
        else:
            shown = ", ".join(value) if isinstance(value, list) else value
            lines.append(f"{indent}{key}: {shown}")
    return lines
