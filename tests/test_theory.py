"""The constants that docs/theory.md quotes are those of the code, and the places that it names exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "theory.md"
TEXT = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
CONSTANTS = re.findall(r"^\| `(\w+)` \| (.+?) \| `(.+?)` \|", TEXT, flags=re.MULTILINE)
SOURCES = [
    path for folder in ("cpp", "python", "bench") for path in (ROOT / folder).rglob("*.?pp")
] + [path for folder in ("python", "bench") for path in (ROOT / folder).rglob("*.py")]


@pytest.mark.parametrize(("name", "value", "file"), CONSTANTS)
def test_constants(name, value, file):
    source = (ROOT / file).read_text(encoding="utf-8")
    found = re.search(
        rf"^(?:(?:inline )?constexpr [\w:]+ )?{name} =\s*(?:\(\s*)?(.+?)\s*(?:;|#|$)",
        source,
        re.MULTILINE,
    )
    assert found, f"{file} has no {name}"
    assert found[1] == value


def test_every_place_that_is_named_exists():
    assert len(CONSTANTS) > 20
    code = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    names = {path.name for path in SOURCES}
    prose = TEXT.split("## 9. Constants")[0]
    numpys = {"log1p", "expm1"}
    for name in set(re.findall(r"`([\w:.]+?)`", prose)) - numpys:
        if "." in name and name.rsplit(".")[-1] in ("py", "cpp"):
            assert name in names, name
        else:
            last = re.split(r"::|\.", name)[-1]
            assert re.search(rf"\b{last}\b", code), name
