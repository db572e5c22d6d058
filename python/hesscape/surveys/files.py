"""What was found, in a file of its own, and read back from there or from a store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from .assess import NAMES
from .collect import Found


def save(path: str | Path, found: Found) -> None:
    """Write NumPy's npz, compressed."""
    columns = dict(found.columns)
    columns["message"] = columns["message"].astype(np.str_)
    about = json.dumps({"options": found.options, "total": found.total})
    with Path(path).open("wb") as file:
        arrays: dict[str, Any] = columns | {"about": np.array(about)}
        np.savez_compressed(file, **arrays)


def load(path: str | Path) -> Found:
    """Read what `save` wrote, or a store as far as it is done."""
    if Path(path).is_dir():
        from .store import read

        return read(path)
    with np.load(path, allow_pickle=False) as data:
        if missing := {"about", "row", *NAMES} - set(data.files):
            raise ValueError(f"{path} holds no Survey: it has no {', '.join(sorted(missing))}")
        columns = {name: data[name] for name in ("row", *NAMES)}
        about = json.loads(str(data["about"]))
    columns["message"] = columns["message"].astype(np.object_)
    return Found(columns, about["options"], about["total"])
