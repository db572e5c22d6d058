"""The house has the rooms that CONTRIBUTING.md draws: imports follow their order, and none runs in a circle."""

import ast
import re
from pathlib import Path

import pytest

import hesscape

ROOT = Path(__file__).parents[1]
PACKAGE = Path(hesscape.__file__).parent
# Each folder imports the top of the package and the folders before it.
FOLDERS = (
    "linalg", "derivatives", "sparse", "krylov", "verdicts", "escapes", "minimizers", "surveys", "plot", "interop",
    "testing", "cli",
)  # fmt: skip
CORE = ("linalg", "derivatives", "sparse", "krylov", "verdicts")
OUTSIDE = ("cli",)  # sees the package as its users do
MOST_MODULES, MOST_SOURCES, MOST_LINES = 14, 8, 500


def modules():
    return {
        ".".join(("hesscape", *path.relative_to(PACKAGE).with_suffix("").parts)): path
        for path in PACKAGE.rglob("*.py")
    }


MODULES = {name.removesuffix(".__init__"): path for name, path in modules().items()}


KNOWN = {*MODULES, "hesscape._core", "hesscape._cpu"}


def for_type_checkers(node):
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def nodes(tree):
    for node in ast.iter_child_nodes(tree):
        if not for_type_checkers(node):
            yield node
            yield from nodes(node)


def imports(name):
    """Which modules of the package a module imports, functions' own imports included."""
    path = MODULES[name]
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = set()
    for node in nodes(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*(above if node.level else []), *filter(None, [node.module])])
            parts = {f"{base}.{alias.name}" for alias in node.names}
            found |= parts if parts <= KNOWN else parts | {base}
    return {module for module in found if module in MODULES} - {name}


GRAPH = {name: imports(name) for name in MODULES}


def folder(name):
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in FOLDERS else ""


def test_every_folder_has_its_place():
    there = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert there == set(FOLDERS)


@pytest.mark.parametrize("name", sorted(MODULES))
def test_imports_follow_the_order(name):
    if name in ("hesscape", "hesscape.__main__"):
        return
    here = folder(name)
    for other in GRAPH[name]:
        if other == "hesscape":
            assert here in OUTSIDE, f"{name} imports the package as its users do"
            continue
        there = folder(other)
        allowed = there in ("", here) or (here and FOLDERS.index(there) < FOLDERS.index(here))
        assert allowed, f"{name} imports {other}"


def test_no_import_runs_in_a_circle():
    done: set[str] = set()
    way: list[str] = []

    def visit(name):
        assert name not in way, " -> ".join([*way[way.index(name) :], name])
        if name not in done:
            way.append(name)
            for other in sorted(GRAPH[name] - {"hesscape"}):
                visit(other)
            way.pop()
            done.add(name)

    for name in sorted(MODULES):
        visit(name)


def includes(path):
    text = path.read_text(encoding="utf-8")
    return re.findall(r'#include "(?:hesscape/)?(?:(\w+)/)?\w+\.hpp"', text)


def core_files():
    return [path for path in (ROOT / "cpp").rglob("*.?pp") if path.is_file()]


@pytest.mark.skipif(not (ROOT / "cpp").exists(), reason="needs the sources of the core")
def test_the_core_has_the_same_rooms_in_the_same_order():
    order = [*FOLDERS[: len(CORE)]]
    assert order == list(CORE)
    for part in ("include/hesscape", "src", "bindings", "tests"):
        assert {path.name for path in (ROOT / "cpp" / part).iterdir() if path.is_dir()} <= {*CORE}
    for path in core_files():
        here = path.parent.name if path.parent.name in CORE else ""
        for there in includes(path):
            allowed = (
                not there or there == here or (here and order.index(there) < order.index(here))
            )
            assert allowed, f"{path} includes {there}"


@pytest.mark.skipif(not (ROOT / "cpp").exists(), reason="needs the sources of the core")
def test_rooms_are_not_too_large():
    top = [*PACKAGE.glob("*.py"), *PACKAGE.glob("*.pyi")]
    assert len(top) <= MOST_MODULES, sorted(path.name for path in top)
    assert len([*(ROOT / "cpp" / "src").glob("*.cpp")]) <= MOST_SOURCES
    written = [*PACKAGE.rglob("*.py"), *(ROOT / "tests").rglob("*.py"), *core_files()]
    written += [*(ROOT / "bench").rglob("*.py"), *(ROOT / "bench").rglob("*.md")]
    lines = {path: path.read_text(encoding="utf-8").count("\n") for path in written}
    assert not {path: count for path, count in lines.items() if count >= MOST_LINES}


def test_contributing_draws_the_house():
    page = ROOT / "CONTRIBUTING.md"
    if not page.exists():
        pytest.skip("needs the page")
    rows = re.findall(r"(?m)^\| `(\w+)` \|", page.read_text(encoding="utf-8"))
    assert [row for row in rows if row in FOLDERS] == list(FOLDERS)
