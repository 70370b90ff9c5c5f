"""All one-line changes of a package, by the operators of cosmic-ray, and a choice of them."""

from __future__ import annotations

import ast
import random
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

Spot = tuple[int, int]
"""Line from 1, column from 0."""


@dataclass(frozen=True)
class Mutant:
    """One change of one file."""

    file: str
    line: int
    operator: str
    occurrence: int

    def apply(self, source: str) -> str:
        """The file with the change; the same text where the operator changes nothing."""
        changed = mutate_code(source, get_operator(self.operator)(), self.occurrence)
        return source if changed is None else str(changed)


def draw(root: Path, package: str, count: int, seed: int) -> list[Mutant]:
    """So many mutants of a package such as `collector/intake`, of different places, every place
    as likely as another; all of them where there are fewer."""
    places: dict[tuple[str, Spot, Spot], list[Mutant]] = defaultdict(list)
    for file in sorted((root / package).rglob("*.py")):
        name = file.relative_to(root).as_posix()
        for one, spot in mutants_of(name, file.read_text(encoding="utf-8")):
            places[(name, *spot)].append(one)
    rng = random.Random(seed)  # noqa: S311 - a draw, not a secret
    chosen = rng.sample(sorted(places), min(count, len(places)))
    return [rng.choice(places[place]) for place in chosen]


def mutants_of(name: str, source: str) -> list[tuple[Mutant, tuple[Spot, Spot]]]:
    """Every mutant of a file with its place. Left out is what is never run: annotations."""
    tree, unread = get_ast(source), _annotations(source)
    found = []
    for operator in _operators():
        made, occurrence = get_operator(operator)(), 0
        for node in ast_nodes(tree):
            for start, end in made.mutation_positions(node):
                if not any(low <= start and end <= high for low, high in unread):
                    mutant = Mutant(name, start[0], operator, occurrence)
                    found.append((mutant, (start, end)))
                occurrence += 1
    return found


def _operators() -> list[str]:
    """Names of the operators that need no arguments."""
    return [name for name in operator_names() if not get_operator(name).arguments()]


def _annotations(source: str) -> list[tuple[Spot, Spot]]:
    """[start, end] of annotations: text only, in modules that put off evaluating them."""
    if "from __future__ import annotations" not in source:
        return []
    held: list[Any] = []
    for node in ast.walk(ast.parse(source)):
        held += [getattr(node, name, None) for name in ("annotation", "returns")]
    return [
        ((one.lineno, one.col_offset), (one.end_lineno, one.end_col_offset))
        for one in held
        if one is not None
    ]
