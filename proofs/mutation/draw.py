"""One-line changes of a package, drawn at random.

modules ──▶ places with the operators that can change them ──▶ one operator of one place each

A place is drawn first and then what is done to it, so that a sum, to which much can be done, is not
changed more often than a comparison.
"""

from __future__ import annotations

import ast
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

NOT_DRAWN: Final = {
    "core/VariableInserter": "needs names to insert",
    "core/VariableReplacer": "needs names to replace",
    "core/RemoveDecorator": "a dataclass or property that is none fails at import",
    "_Is": "the same as == of small numbers, or a warning of the compiler",
    "_IsNot": "the same",
    "annotations": "never evaluated",
}
"""What is left out, and why."""

Site = tuple[str, int, int]
"""Module, line, column."""


@dataclass(frozen=True, order=True)
class Mutant:
    """One change of one line."""

    module: str
    """Path from the root of the tree."""
    line: int
    operator: str
    occurrence: int
    before: str
    after: str
    """The line, stripped, as it is and as it is changed to."""

    def source(self, original: str) -> str:
        """The module with the change."""
        return _changed(original, self.operator, self.occurrence)


def draw(root: Path, package: str, count: int, seed: int) -> list[Mutant]:
    """So many mutants of the modules under a folder of the tree; fewer where it has no more.

    The same tree, count and seed give the same ones.
    """
    sites = sites_of(root, package)
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    places = sorted(sites)
    chance.shuffle(places)
    found: list[Mutant] = []
    for place in places:
        if len(found) == count:
            break
        operator, occurrence = chance.choice(sites[place])
        source = (root / place[0]).read_text(encoding="utf-8")
        mutant = _mutant(place, source, operator, occurrence)
        if mutant is not None:
            found.append(mutant)
    return found


def sites_of(root: Path, package: str) -> dict[Site, list[tuple[str, int]]]:
    """Each place that can be changed, with (operator, occurrence) of what can be done there."""
    found: dict[Site, list[tuple[str, int]]] = defaultdict(list)
    for file in sorted((root / package).rglob("*.py")):
        module = file.relative_to(root).as_posix()
        for (line, column), operator, occurrence in _places(file.read_text(encoding="utf-8")):
            found[module, line, column].append((operator, occurrence))
    return dict(found)


def _places(source: str) -> Iterator[tuple[tuple[int, int], str, int]]:
    nodes, never = list(ast_nodes(get_ast(source))), _annotations(source)
    for name in _drawn():
        operator, occurrence = _operator(name), 0
        for node in nodes:
            for start, _ in operator.mutation_positions(node):
                if not any(first <= start < end for first, end in never):
                    yield start, name, occurrence
                occurrence += 1


@cache
def _drawn() -> Sequence[str]:
    return [
        name
        for name in operator_names()
        if name not in NOT_DRAWN and not name.endswith(("_Is", "_IsNot")) and "_Is_" not in name
    ]


def _operator(name: str) -> Any:
    return get_operator(name)()


def _annotations(source: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """(start, end) of what is annotation, each as (line, column)."""
    found = []
    for node in ast.walk(ast.parse(source)):
        for name in ("annotation", "returns"):
            one = getattr(node, name, None)
            if isinstance(one, ast.expr):
                start = one.lineno, one.col_offset
                found.append((start, (one.end_lineno or 0, one.end_col_offset or 0)))
    return found


def _mutant(place: Site, source: str, operator: str, occurrence: int) -> Mutant | None:
    """None where the change cannot even be read."""
    changed = _changed(source, operator, occurrence)
    try:
        ast.parse(changed)
    except SyntaxError:
        return None
    module, line, _ = place
    lines = changed.splitlines()
    before = source.splitlines()[line - 1].strip()
    return Mutant(
        module, line, operator.removeprefix("core/"), occurrence, before, lines[line - 1].strip()
    )


def _changed(source: str, operator: str, occurrence: int) -> str:
    name = operator if operator.startswith("core/") else f"core/{operator}"
    changed = mutate_code(source, _operator(name), occurrence)
    if changed is None:
        raise ValueError(f"no such change: {operator} {occurrence}")
    return str(changed)
