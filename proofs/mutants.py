"""Tests that notice: random one-line changes of a package, against its own tests."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from typing import Any

import yaml

from metering.errors import InvalidInput
from proofs.mutation.draw import NOT_DRAWN, Mutant, draw
from proofs.mutation.tree import OwnTests, TreeCopy
from proofs.steps import finish, say

ENOUGH = 0.9
"""Share of the changes that a package's tests should notice."""
EQUIVALENT = Path("proofs/mutation/equivalent.yaml")
CHECKOUT = Path(__file__).resolve().parent.parent

Told = dict[str, Any]


@dataclass(frozen=True)
class Tried:
    """A change, and whether a test noticed it."""

    mutant: Mutant
    noticed: bool


def run_mutants(package: str, count: int, seed: int, jobs: int) -> None:
    """Print how many of `count` changes the package's own tests notice; fails below ENOUGH."""
    folder = package.strip("/").replace(".", "/")
    tests = f"tests/{folder}"
    for name in (folder, tests):
        if not (CHECKOUT / name).is_dir():
            raise InvalidInput("no such folder", field="package", value=package, fix="a package")
    known = equivalents(CHECKOUT / EQUIVALENT)
    with tempfile.TemporaryDirectory(prefix="greenoffice-mutants-") as root:
        copies = [TreeCopy.of(CHECKOUT, Path(root) / str(n)) for n in range(jobs)]
        say(f"running {tests} as it is")
        own = copies[0].own_tests(folder, tests)
        say(f"{len(own.takes)} tests, {sum(own.takes.values()):.0f} s of CPU")
        tried = attempt(copies, draw(copies[0].root, folder, count, seed), own, known)
        for copy in copies:
            copy.close()
    result = tally(tried, known)
    finish({"package": package, "seed": seed, **result}, result["share"] >= ENOUGH)


def attempt(
    copies: Sequence[TreeCopy], mutants: Sequence[Mutant], own: OwnTests, known: Sequence[Told]
) -> list[Tried]:
    """Each change in one of the copies, as many at a time as there are."""
    free: Queue[TreeCopy] = Queue()
    for copy in copies:
        free.put(copy)

    def one(mutant: Mutant) -> Tried:
        copy = free.get()
        try:
            noticed = equivalent(mutant, known) is None and copy.notices(mutant, own)
        finally:
            free.put(copy)
        if not noticed:
            say(f"survives: {mutant.module}:{mutant.line}: {mutant.before} -> {mutant.after}")
        return Tried(mutant, noticed)

    with ThreadPoolExecutor(len(copies)) as pool:
        return list(pool.map(one, mutants))


def tally(tried: Sequence[Tried], known: Sequence[Told]) -> Told:
    """What the line says; changes known to be equivalent are named and not counted."""
    same = [one.mutant for one in tried if equivalent(one.mutant, known) is not None]
    counted = [one for one in tried if one.mutant not in same]
    killed = sum(one.noticed for one in counted)
    return {
        "mutants": len(counted),
        "killed": killed,
        "share": round(killed / len(counted), 4) if counted else 0.0,
        "survivors": [_told(one.mutant) for one in counted if not one.noticed],
        "equivalent": [{**_told(one), "why": equivalent(one, known)} for one in same],
        "not_drawn": NOT_DRAWN,
    }


def equivalents(file: Path) -> list[Told]:
    """Changes that change nothing, each with the reason."""
    told = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else []
    return list(told or [])


def equivalent(mutant: Mutant, known: Sequence[Told]) -> str | None:
    """Why a change changes nothing; None where it is not known to."""
    return next((k["why"] for k in known if _is(mutant, k)), None)


def _is(mutant: Mutant, known: Told) -> bool:
    """Whether a change is the one named, or where no module is named replaces just that; spaces
    apart."""
    old, new = _bare(mutant.before), _bare(mutant.after)
    before, after = _bare(known["before"]), _bare(known["after"])
    if "module" in known:
        return (mutant.module, old, new) == (known["module"], before, after)
    pieces = old.split(before)
    return any(
        new == before.join(pieces[:n]) + after + before.join(pieces[n:])
        for n in range(1, len(pieces))
    )


def _bare(line: str) -> str:
    return line.replace(" ", "")


def _told(one: Mutant) -> Told:
    return {
        "file": one.module,
        "line": one.line,
        "change": one.operator,
        "before": one.before,
        "after": one.after,
    }
