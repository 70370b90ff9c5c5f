"""From points that nobody registered to registered ones: proposals, and what approving imports.

    SeenPoint ─▶ guess ─▶ Proposed ─▶ approved, with corrections ─▶ a row of points.csv

The import itself is that of any file of the registry, with its checks, its reason and its trace.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from metering.errors import InvalidInput, NotFound
from metering.guessing import PointGuess, fits, guess
from metering.joining import MOST_SEEN, SeenPoint
from metering.reading import Kind
from metering.registry import Registry
from metering.registry.files import TABLES
from metering.tables import csv_text

FILE = "points.csv"
CORRECTED = tuple(one for one in TABLES[FILE].columns if one not in ("gateway", "point"))
"""Columns that an approval may say itself; what it leaves out is as proposed."""


@dataclass(frozen=True)
class Proposed:
    """A point that nobody registered, with what it most likely is."""

    seen: SeenPoint
    guess: PointGuess


@dataclass(frozen=True)
class Approval:
    """What approving points of a gateway comes to."""

    files: Mapping[str, str]
    """To be imported, texts by name; empty where all are registered already."""
    approved: tuple[str, ...]
    already: tuple[str, ...]
    """Registered before: they stay as they are."""


def proposals(
    seen: Iterable[SeenPoint], registry: Registry, *, dismissed: bool = False
) -> list[Proposed]:
    """Of the points that are not registered now: those that were dismissed, or the others."""
    return [
        Proposed(one, guess(one))
        for one in seen
        if registry.point_of(one.gateway, one.point) is None and bool(one.dismissed_us) is dismissed
    ]


def sure_ones(found: Iterable[Proposed]) -> list[Mapping[str, str]]:
    """Those of which kind and unit are told by more than a name alone or nothing, and that can be
    approved as they are proposed: one that contradicts itself keeps no other back."""
    firm = ("said", "sure")
    return [
        {"point": one.seen.point}
        for one in found
        if one.guess.kind.sure in firm and one.guess.unit.sure in firm and _approvable(one.seen)
    ]


def _approvable(one: SeenPoint) -> bool:
    try:
        _row(one, {"point": one.point})
    except InvalidInput:
        return False
    return True


def approval(
    gateway: str,
    seen: Iterable[SeenPoint],
    registry: Registry,
    wanted: Sequence[Mapping[str, str]],
) -> Approval:
    """The import that registers points as proposed, or as corrected. wanted: columns of points.csv
    by name, `point` with them.

    NotFound for a point that was never heard of. InvalidInput, with field and value, for a column
    that there is not, for what the guess leaves open and nobody says, and for what contradicts what
    was sent.
    """
    if not 0 < len(wanted) <= MOST_SEEN:
        raise InvalidInput(
            "so many points are not approved at once",
            field="points",
            value=len(wanted),
            fix=f"name 1 to {MOST_SEEN} points",
        )
    known = {one.point: one for one in seen}
    rows, already = dict[str, dict[str, str]](), list[str]()
    for said in wanted:
        name = said.get("point", "")
        if registry.point_of(gateway, name) is not None:
            already.append(name)
        elif name not in known:
            raise NotFound(
                "nothing came of a point of that name",
                field="point",
                value=name,
                fix="list what was proposed, or register it in points.csv",
            )
        elif name in rows:
            raise InvalidInput(
                "a point is named twice", field="point", value=name, fix="name each point once"
            )
        else:
            rows[name] = _row(known[name], said)
    header = TABLES[FILE].columns
    lines = [header, *(tuple(row.get(one, "") for one in header) for row in rows.values())]
    files = {FILE: csv_text(lines)} if rows else {}
    return Approval(files, tuple(rows), tuple(already))


def _row(one: SeenPoint, said: Mapping[str, str]) -> dict[str, str]:
    odd = sorted(said.keys() - {"point", *CORRECTED})
    if odd:
        raise InvalidInput(
            "no such column of points.csv",
            field=odd[0],
            value=said[odd[0]],
            fix=f"one of {', '.join(CORRECTED)}",
        )
    if one.point != one.point.strip():
        raise InvalidInput(
            "points are registered without blanks around their names",
            field="point",
            value=one.point,
            fix="have the gateway send it without them, or another name",
        )
    found = guess(one)
    row = {name: text for name, text in said.items() if text}
    row = {"gateway": one.gateway, "kind": found.kind.value, "unit": found.unit.value} | row
    for column in ("kind", "unit"):
        if not row[column]:
            raise InvalidInput(
                f"nothing tells the {column} of {one.point}",
                field=column,
                value="",
                fix=f"say its {column}",
            )
    if row["kind"] not in set(Kind):
        raise InvalidInput(
            "not a kind", field="kind", value=row["kind"], fix=f"one of {', '.join(Kind)}"
        )
    if row.get("meter") and found.direction == "export":
        row.setdefault("direction", "export")
    fits(one, Kind(row["kind"]), row["unit"], signed=row.get("signed") == "yes")
    return row
