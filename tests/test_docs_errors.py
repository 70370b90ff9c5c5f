"""Law 14 of docs/architecture.md: every error names its field and its fix."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.problems import STATUS, TITLES
from metering import errors

ROOT = Path(__file__).parents[1]
PACKAGES = sorted(path.parent for path in ROOT.glob("*/__init__.py") if path.parent.name != "tests")
MODULES = [
    module
    for package in PACKAGES
    for module in sorted(package.rglob("*.py"))
    if "versions" not in module.parts
]
NEEDED = {"field", "fix"}


def parsed() -> Iterator[tuple[str, ast.Module]]:
    for module in MODULES:
        text = module.read_text(encoding="utf-8")
        yield module.relative_to(ROOT).as_posix(), ast.parse(text)


def name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def family() -> set[str]:
    """Names of the error tree and of every class in the code that descends from it."""
    known = {errors.GreenOfficeError.__name__}
    classes = [
        (node.name, {name_of(base) for base in node.bases})
        for _, tree in parsed()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    ]
    while more := {name for name, bases in classes if bases & known and name not in known}:
        known |= more
    return known


def says(call: ast.Call) -> set[str]:
    """What a call names; a keyword that is empty or None names nothing."""
    return {
        keyword.arg or "**"
        for keyword in call.keywords
        if not (isinstance(keyword.value, ast.Constant) and keyword.value.value in ("", None))
    }


def lacking(tree: ast.Module, kinds: set[str]) -> Iterator[tuple[int, list[str]]]:
    """Lines that make an error, with what they leave out."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and name_of(node.func) in kinds:
            missing = NEEDED - says(node)
            if missing:
                yield node.lineno, sorted(missing)


def test_every_error_names_its_field_and_its_fix() -> None:
    kinds = family()
    assert {"InvalidInput", "TooLarge", "DatabaseRefused", "Outside"} <= kinds
    found = [
        f"{name}:{line} lacks {', '.join(missing)}"
        for name, tree in parsed()
        for line, missing in lacking(tree, kinds)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("call", "missing"),
    [
        ('NotFound("x", field="a", fix="b")', []),
        ('NotFound("x", field="a")', ["fix"]),
        ('errors.NotFound("x", field=None, fix="")', ["field", "fix"]),
    ],
)
def test_what_is_left_out_is_seen(call: str, missing: list[str]) -> None:
    found = [names for _, names in lacking(ast.parse(call), {"NotFound"})]
    assert found == ([missing] if missing else [])


def test_a_list_of_problems_ends_with_what_to_do() -> None:
    problem = errors.FileProblem("tree.csv", 2, "code", "?", "not a code", "letters")
    assert str(errors.InvalidFiles([problem], fix="mend it")).endswith("\nmend it")


def test_the_tree_is_drawn_as_it_is() -> None:
    """Names in the order and the depth of the docstring's drawing."""
    drawn = re.findall(r"^([│├└─ ]*)(\w+)", errors.__doc__ or "", re.MULTILINE)
    depth = {name: len(mark) // 4 for mark, name in drawn if hasattr(errors, name)}
    for name, level in depth.items():
        kind = getattr(errors, name)
        assert level == len(kind.__mro__) - len(errors.GreenOfficeError.__mro__), name


def test_every_status_of_an_error_has_a_title() -> None:
    assert set(STATUS.values()) <= TITLES.keys()
