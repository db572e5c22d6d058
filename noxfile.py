"""What is checked, one session a question; `nox -l` lists them.

Every session makes an environment of its own. `nox --no-venv -s ...` uses the active one instead,
which must then have the dependency group "check".
"""

import platform
import shutil
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import nox
from nox.virtualenv import PassthroughEnv

nox.needs_version = ">=2025.5.1"
nox.options.sessions = ["tests", "lint", "types", "cpp"]

PYPROJECT = nox.project.load_toml("pyproject.toml")
CPP = sorted(str(path) for suffix in ("hpp", "cpp") for path in Path("cpp").rglob(f"*.{suffix}"))

X86_64 = platform.machine() in ("x86_64", "AMD64")
NUMERICAL = (
    "test_smoke.py", "linalg", "derivatives/test_measurement.py", "derivatives/test_taylor.py", "surveys/test_screen.py",
    "verdicts",
)  # fmt: skip
LEVELS = "from hesscape._dispatch import BUILT, RUNS; print(*(x for x in BUILT if x in RUNS))"


def sources() -> set[str]:
    """Find what the package is built and tested from."""
    folders = {
        path.as_posix()
        for folder in ("cpp", "python", "tests")
        for path in Path(folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    return folders | {"CMakeLists.txt", "LICENSE", "README.md", "pyproject.toml"}


def sdist_names() -> set[str]:
    (sdist,) = Path("dist").glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


def prepare(session: nox.Session, *groups: str, package: str | None = None) -> None:
    if not isinstance(session.virtualenv, PassthroughEnv):
        session.install(
            *nox.project.dependency_groups(PYPROJECT, *groups), *filter(None, [package])
        )


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests against the package as users install it."""
    prepare(session, package=".[plot,test]")
    session.run("pytest", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check the style of Python and C++, and look for bugs in both."""
    prepare(session, "cmake", "lint")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("clang-format", "--dry-run", "-Werror", *CPP)
    session.run("cmake", "--preset", "developer")
    session.run(
        "run-clang-tidy.py", "-quiet", "-j2", "-p", "build/developer", r"/cpp/(src|bindings)/"
    )  # fmt: skip


@nox.session
def types(session: nox.Session) -> None:
    """Check the types of the sources, and that the stub tells what the extension has."""
    prepare(session, "types", package=".[test]")
    session.run("mypy")
    session.run(
        "python", "-m", "mypy.stubtest", "--mypy-config-file", "pyproject.toml",
        "hesscape._core", "hesscape._cpu",
    )  # fmt: skip


@nox.session
def cpp(session: nox.Session) -> None:
    """Test the core without Python, under the address and undefined-behaviour sanitizers."""
    prepare(session, "cmake")
    session.run("cmake", "--workflow", "--preset", "developer")


@nox.session
def levels(session: nox.Session) -> None:
    """Run what depends on rounding and registers at every instruction level that the machine has."""
    prepare(session, package=".[test]")
    files = [f"tests/{place}" for place in NUMERICAL]
    found = session.run("python", "-c", LEVELS, silent=True)
    for level in str(found).split():
        session.run(
            "python", "-m", "pytest", *(session.posargs or files), env={"HESSCAPE_ISA": level}
        )


@nox.session(python=["3.13t", "3.14t"])
def freethreaded(session: nox.Session) -> None:
    """Run the tests on a Python without the GIL; tests/test_threads.py fails if it comes back."""
    prepare(session, package=".[test]")
    session.run("pytest", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Run the benches, or those named; each verifies its answers before it takes times."""
    prepare(session, "bench", package=".")
    programs = (
        file for file in Path("bench").glob("*.py") if "__main__" in file.read_text("utf-8")
    )
    for file in session.posargs or sorted(map(str, programs)):
        session.run("python", file)


@nox.session
def wheel(session: nox.Session) -> None:
    """Build sdist and wheel, look at what is in the wheel, and make it fit for other machines."""
    prepare(session, "wheel")
    shutil.rmtree("dist", ignore_errors=True)
    session.run("python", "-m", "build", "--sdist", "--outdir", "dist")
    missing = sources() - sdist_names()
    if missing:
        session.error(f"the sdist lacks {sorted(missing)}")
    # From here rather than from the sdist: what was compiled before stays.
    session.run(
        "python", "-m", "build", "--wheel", "--outdir", "dist", env={"HESSCAPE_LEVELS": "all"}
    )
    (built,) = Path("dist").glob("*.whl")
    names = [name for name in zipfile.ZipFile(built).namelist() if ".dist-info/" not in name]
    others = {name for name in names if not name.endswith((".py", ".pyi", "/py.typed"))}
    levels = ("x86-64-v2", "x86-64-v3", "x86-64-v4") if X86_64 else ("baseline",)
    stems = ["_cpu", *(f"_core.{level}" for level in levels)]
    expected = {f"hesscape/{stem}{sysconfig.get_config_var('EXT_SUFFIX')}" for stem in stems}
    if others != expected or not all(name.startswith("hesscape/") for name in names):
        session.error(f"{built} should hold Python, stubs and {sorted(expected)}, but has {names}")
    session.run("auditwheel", "show", str(built))
    session.run("auditwheel", "repair", "--wheel-dir", "dist/manylinux", str(built))
