"""The tree itself: what stands in it belongs to the project, and every package is known."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = sorted(path.parent.name for path in ROOT.glob("*/__init__.py"))
BUILT = SETTINGS["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
DOWNLOAD = re.compile(
    r"pypi\.org|pythonhosted\.org|npmjs\.org|index-url[ =]+[\"']?https?://"
    r"|https?://[^\s\"']+\.(?:whl|tar\.gz|tgz|deb)\b"
)
MACHINE_PATH = re.compile(r"(?<![\w.~}$/-])/(?:work|home|root|Users|farm|mnt)/[\w.-]+")


def tracked_paths():
    """What git tracks, and new paths it does not ignore; all of them where there is no git."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0:
        return [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    made = {".venv", ".peers", ".interop", ".git", "__pycache__"}
    return [p for p in ROOT.rglob("*") if not set(p.parts) & made]


def tracked_files():
    return [path for path in tracked_paths() if path.is_file() and not path.is_symlink()]


def texts():
    for path in tracked_files():
        try:
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def test_nothing_is_a_link_to_somewhere_else():
    assert [path.name for path in tracked_paths() if path.is_symlink()] == []


def test_no_file_names_a_package_registry():
    found = [(name, match[0]) for name, text in texts() for match in DOWNLOAD.finditer(text)]
    assert found == []


def test_no_file_holds_a_path_of_one_machine():
    found = [(name, match[0]) for name, text in texts() for match in MACHINE_PATH.finditer(text)]
    assert found == []


def test_every_requirement_is_pinned_with_hashes():
    for lock in sorted(ROOT.glob("requirements*.txt")):
        text = lock.read_text(encoding="utf-8").replace("\\\n", " ")
        lines = [line for line in text.splitlines() if re.match(r"\w", line)]
        assert lines
        for line in lines:
            assert re.match(r"[\w.\[\]-]+==\S+", line), f"{lock.name}: {line[:80]}"
            assert "--hash=sha256:" in line, f"{lock.name}: {line[:80]}"


def test_the_locks_agree_with_each_other():
    def versions(name):
        text = (ROOT / name).read_text(encoding="utf-8")
        return dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE))

    tests = versions("requirements-dev.txt")
    for package, version in versions("requirements.txt").items():
        assert tests[package] == version


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_is_typed_bound_by_the_import_rules_and_built_unless_it_proves(package):
    rules = SETTINGS["tool"]["importlinter"]
    layers = next(c for c in rules["contracts"] if c["type"] == "layers")["layers"]
    assert (package in BUILT) == (package != "proofs")
    assert package in SETTINGS["tool"]["mypy"]["packages"]
    assert package in rules["root_packages"]
    assert package in re.findall(r"\w+", " ".join(layers))


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_imports_on_its_own(package):
    """In a fresh interpreter, without output; errors would hide behind what was imported before."""
    ran = subprocess.run(
        [sys.executable, "-W", "error::SyntaxWarning", "-c", f"import {package}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def imported(module):
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.partition(".")[0]


def distributions(packages):
    """Of other projects: normalised name by the import that needs it."""
    known = packages_distributions()
    names = {
        name
        for package in packages
        for module in (ROOT / package).rglob("*.py")
        for name in imported(module)
    }
    others = sorted(names - sys.stdlib_module_names - {*PACKAGES, "tests"})
    return {name: {normal(one) for one in known.get(name, [name])} for name in others}


def normal(requirement):
    """The distribution's name of a requirement."""
    return re.match(r"[\w.-]+", requirement)[0].lower().replace("_", "-")


def declared(*lists):
    return {normal(one) for requirements in lists for one in requirements}


EXTRAS = SETTINGS["project"]["optional-dependencies"]
UNIMPORTED = {
    "tzdata",  # zoneinfo reads it where the system has no zones
    "python-multipart",  # FastAPI reads forms with it
}


def test_what_the_wheel_imports_is_declared_and_nothing_else():
    wanted = declared(SETTINGS["project"]["dependencies"], *EXTRAS.values())
    found = distributions(BUILT)
    assert {name: of for name, of in found.items() if not of & wanted} == {}
    assert wanted - set().union(*found.values()) == UNIMPORTED


def test_what_proofs_and_tests_import_is_declared():
    wanted = declared(
        SETTINGS["project"]["dependencies"],
        *EXTRAS.values(),
        SETTINGS["dependency-groups"]["dev"],
        SETTINGS["dependency-groups"]["peers"],
        SETTINGS["dependency-groups"]["interop"],
    )
    found = distributions(["proofs", "tests"])
    assert {name: of for name, of in found.items() if not of & wanted} == {}


def test_metering_needs_the_standard_library_and_numpy_alone():
    allowed = {*sys.stdlib_module_names, "numpy", "metering"}
    for module in (ROOT / "metering").rglob("*.py"):
        assert set(imported(module)) <= allowed, module.name


def test_only_the_wiring_reads_the_clock():
    """`now` is an argument everywhere else; measuring durations is free."""
    readers = re.compile(r"\btime\.time(_ns)?\(|\bdatetime\.now\(|\bdate\.today\(|\butcnow\(")
    for package in PACKAGES:
        if package == "greenoffice":
            continue
        for module in (ROOT / package).rglob("*.py"):
            found = readers.findall(module.read_text(encoding="utf-8"))
            assert not found, f"{module.relative_to(ROOT)} reads the clock"


def test_test_files_have_names_of_their_own():
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))


def test_make_lists_its_targets_and_ci_runs_the_tests():
    helped = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for target in ("help", "demo", "test", "check", "demo-seeds", "replay-check", "kill-check"):
        assert re.search(rf"^  make {target} +\w", helped, re.MULTILINE)
    script = ROOT / ".ci/run"
    assert script.stat().st_mode & 0o111 == 0o111
    assert "make test" in script.read_text(encoding="utf-8").splitlines()


CALLED_BY_OTHERS = {
    "Connection": "asyncio calls a protocol's methods",
    "VirtualLoop": "asyncio calls its parts",
    "_File": "SQLite calls a file's methods",
    "Reader": "the parser calls a method for each rule of the grammar",
    "Words": "SQLAlchemy converts with it",
    "Exact": "SQLAlchemy converts with it",
    "Since": "SQLAlchemy converts with it",
    "_Stores": "Prometheus collects it",
    "_Room": "Prometheus collects it",
    "BackupMetrics": "Prometheus collects it",
    "CaseState": "an enum asks for a value that it does not know",
    "Settings": "pydantic asks for its sources",
    "Handler": "the HTTP server of a proof calls it",
    "Watch": "pytest calls its hooks",
    "_Printed": "the HTML parser calls it",
    "push_boards": "docs/grafana.md shows it",
    "memory_stores": "the fakes that ship",
    "MemoryReadings": "the fakes that ship",
    "schema_text": "writes docs/schema",
    "faces": "tells which fonts a report has",
    "month_report": "a report alone, of which the laws are stated",
}
"""Names, or classes whose methods, are used by what is not in this tree's Python."""
NOT_YET = {"user_value"}
"""Waits for a decoder of messages that say in MQTT 5 properties what they are."""


def used_names(trees):
    """Every name that is loaded, or asked of an object, in the code."""
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                yield node.id
            elif isinstance(node, ast.Attribute):
                yield node.attr
            elif isinstance(node, ast.ImportFrom):
                yield from (alias.name for alias in node.names if alias.asname)


def defined_names(tree):
    """(class or '', name) of functions, methods and classes that no decorator hands to others."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    for node in tree.body:
        if isinstance(node, (*kinds, ast.ClassDef)) and not node.decorator_list:
            yield "", node.name
        if isinstance(node, ast.ClassDef):
            yield from ((node.name, one.name) for one in node.body if isinstance(one, kinds))


def test_no_code_stands_that_only_tests_call():
    modules = [
        module
        for package in PACKAGES
        for module in (ROOT / package).rglob("*.py")
        if "migrations" not in module.parts
    ]
    trees = {module: ast.parse(module.read_text(encoding="utf-8")) for module in modules}
    used = {*used_names(trees.values()), *CALLED_BY_OTHERS, *NOT_YET}
    dead = [
        f"{module.relative_to(ROOT)}: {owner}.{name}".replace(" .", " ")
        for module, tree in trees.items()
        for owner, name in defined_names(tree)
        if name not in used and owner not in CALLED_BY_OTHERS and not name.startswith("__")
    ]
    assert dead == []


def test_what_others_call_stands_still():
    named = " ".join(
        module.read_text(encoding="utf-8")
        for package in PACKAGES
        for module in (ROOT / package).rglob("*.py")
    )
    for name in CALLED_BY_OTHERS:
        assert re.search(rf"(?:class|def) {name}\b", named), name


def test_no_two_classes_share_a_name():
    """Who reads or imports a name shall not have to ask which of two it is."""
    homes: dict[str, list[str]] = {}
    for room in PACKAGES:
        for file in (ROOT / room).rglob("*.py"):
            for one in ast.parse(file.read_text(encoding="utf-8")).body:
                if isinstance(one, ast.ClassDef):
                    homes.setdefault(one.name, []).append(str(file.relative_to(ROOT)))
    assert {name: found for name, found in homes.items() if len(found) > 1} == {}
