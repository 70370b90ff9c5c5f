"""Set-up as the page shows it: lists, forms, what a change moves, and how it came to be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from api.page import formats
from api.page.language import N_
from api.page.setup_fields import SetupFields, label_of, stem, told_of
from api.page.visit import Visit
from api.usecases.setting_up import (
    FieldProblem,
    SetupChange,
    SetupOutcome,
    ThingChange,
    history,
    listed,
    moves,
)
from metering.registry.kinds import FILES, TABLES
from metering.registry.proposal import MAX_REASON, Proposal
from metering.registry.tables import DATED
from metering.registry.things import Thing, ThingShape, parts_of, shape_of
from metering.registry.write import Record, records
from texts import month_of, word

NEXT_STEPS = {
    "gateways.csv": N_("Register the gateway that sends readings, and note its password"),
    "meters.csv": N_("Register the meters: what each measures, and where"),
    "points.csv": N_("Say which value of the gateway each meter is"),
    "tariff.csv": N_("Register what energy costs"),
}
"""What an office lacks in its beginning, by the file that is empty then."""
PAGE = 100
MOST_PARTS = 400
MOST_TOLD = 50
"""Changes that a preview lists; all are counted."""


def file_of(name: str) -> str:
    """The file that an address means. NotFound for none."""
    return shape_of(f"{name}.csv").file


def overview(visit: Visit) -> dict[str, Any]:
    """All kinds of what is registered, with how much of each there is."""
    rows = records(visit.caller.platform.registry())
    return {
        "steps": [
            (stem(file), visit.text(text)) for file, text in NEXT_STEPS.items() if not rows[file]
        ],
        "files": [
            {
                "stem": stem(file),
                "title": title(visit, file),
                "about": word("setup_about", stem(file), visit.language),
                "count": _count(file, rows[file]),
            }
            for file in FILES
        ],
    }


def _count(file: str, rows: Sequence[Record]) -> int:
    return len({tuple(row[column] for column in shape_of(file).key) for row in rows})


def title(visit: Visit, file: str) -> str:
    """What people call the things of a file."""
    return word("setup_file", stem(file), visit.language)


def things_page(visit: Visit, file: str, search: str, start: int) -> dict[str, Any]:
    """A page of the things of a file."""
    shape, found = shape_of(file), listed(visit.caller, file, search)
    columns = _told(shape, found)
    return {
        "stem": stem(file),
        "title": title(visit, file),
        "about": word("setup_about", stem(file), visit.language),
        "columns": [label_of(visit, column) for column in columns],
        "rows": [
            {"id": one.id, "cells": [_cell(one, column) for column in columns]}
            for one in found[start : start + PAGE]
        ],
        "count": len(found),
        "search": search,
        "next": start + PAGE if len(found) > start + PAGE else None,
        "start": start,
    }


MOST_COLUMNS = 7


def _told(shape: ThingShape, found: Sequence[Thing]) -> list[str]:
    """Columns of the list: what finds a thing, and what else is said of most of them."""
    rest = [one for one in TABLES[shape.file].columns if one not in shape.key]
    said = [one for one in rest if any(row[one] for thing in found for row in thing.rows)]
    return [*(one for one in shape.key if one not in DATED), *said][:MOST_COLUMNS]


def _cell(thing: Thing, column: str) -> str:
    """What the rows of a thing say in a column, each once."""
    values = list(dict.fromkeys(row[column] for row in thing.rows if row[column]))
    return " · ".join(values[:4]) + (" …" if len(values) > 4 else "")


@dataclass(frozen=True)
class FormShown:
    """What a form holds, and what came of it."""

    change: SetupChange
    thing: Thing | None
    blank: int = 0
    """Empty parts at its end."""
    outcome: SetupOutcome | None = None
    reason: str = ""
    undo: bool = False
    unseen: bool = False
    """Whether it was to be saved, and is not what was shown."""


def form(visit: Visit, shown: FormShown) -> dict[str, Any]:
    """A form with its fields, its problems, and what it would move."""
    change, shape = shown.change, shape_of(shown.change.file)
    told = SetupFields(visit, shape.file)
    problems = shown.outcome.problems if shown.outcome else ()
    parts = [*change.parts, *[dict.fromkeys(shape.parts, "")] * shown.blank][:MOST_PARTS]
    standing = len(parts_of(shape, shown.thing)) if shown.thing and shape.parts else 0
    proposal = shown.outcome.done.proposal if shown.outcome and shown.outcome.done else None
    return {
        "stem": stem(shape.file),
        "title": title(visit, shape.file),
        "about": word("setup_about", stem(shape.file), visit.language),
        "name": " ".join(filter(None, (change.once.get(one, "") for one in shape.key))),
        "id": change.id,
        "after": change.after,
        "undo": shown.undo,
        "once": [
            told.field(
                one,
                change.once.get(one, ""),
                (-1, problems),
                fixed=bool(change.id) and one in shape.key,
            )
            for one in shape.once
        ],
        "parts": [
            {
                "place": place,
                "stands": place < standing,
                "fields": [
                    told.field(
                        one,
                        part.get(one, ""),
                        (place, problems),
                        fixed=place < standing and not shape.is_set and one == "valid_from",
                    )
                    for one in shape.parts
                ],
            }
            for place, part in enumerate(parts)
        ],
        "has_parts": bool(shape.parts),
        "is_set": shape.is_set,
        "ends": "valid_to" in TABLES[shape.file].columns,
        "dated": bool(change.id) and (shape.follows or shape.parts_follow),
        "applies_from": change.applies_from,
        "applies_type": "text" if shape.file == "points.csv" else "date",
        "moves": bool(change.id) and shape.file == "meters.csv",
        "elsewhere": [
            (one.column, *told_of(one, visit.language))
            for one in problems
            if not _has_field(shape, one)
        ],
        "wrong": len(problems),
        "unseen": shown.unseen,
        "reason": shown.reason,
        "longest_reason": MAX_REASON,
        "seal": change.seal(visit.caller.platform.registry().version),
        "preview": preview(visit, proposal) if proposal else None,
        "lists": told.lists(),
    }


def _has_field(shape: ThingShape, problem: FieldProblem) -> bool:
    return problem.column in (shape.once if problem.place < 0 else shape.parts)


def preview(visit: Visit, proposal: Proposal) -> dict[str, Any]:
    """What a change does and moves, in the visitor's language."""
    moved = moves(proposal)
    return {
        "changes": [
            {
                "what": word("what", one.what, visit.language),
                "kind": word("setup_kind", one.kind, visit.language),
                "key": one.key,
                "fields": _changed(visit, one.fields),
            }
            for one in proposal.changes[:MOST_TOLD]
        ],
        "more": max(0, len(proposal.changes) - MOST_TOLD),
        "meters": moved.meters,
        "places": moved.places,
        "months": _months(moved.months, visit.language),
        "month_count": len(moved.months),
    }


def _changed(visit: Visit, fields: Iterable[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    return [(label_of(visit, one), old, new) for one, old, new in fields]


def _months(months: Sequence[date], language: str) -> str:
    """The first and the last of them."""
    ends = dict.fromkeys((months[0], months[-1])) if months else ()
    return " – ".join(month_of(one, language) for one in ends)


def past(visit: Visit, file: str, thing: Thing) -> list[dict[str, Any]]:
    """What was changed of a thing, newest first; the newest can be undone."""
    found = history(visit.caller, file, thing)
    return [_past(visit, one, newest=place == 0) for place, one in enumerate(found)]


def _past(visit: Visit, one: ThingChange, *, newest: bool) -> dict[str, Any]:
    changes = [
        {
            "what": word("what", str(each["change"]), visit.language),
            "kind": word("setup_kind", str(each["kind"]), visit.language),
            "key": each["key"],
            "fields": _changed(visit, _differs(each)),
        }
        for each in one.changes[:MOST_TOLD]
    ]
    added = all(each["change"] == "added" for each in one.changes)
    return {
        "when": formats.moment(one.entry.at_us, visit.zone),
        "actor": one.entry.actor,
        "reason": one.entry.reason,
        "changes": changes,
        "undo": one.version if newest and one.version > 1 and not added else None,
    }


def _differs(change: Mapping[str, object]) -> list[tuple[str, str, str]]:
    old, new = change.get("old"), change.get("new")
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return []
    names = dict.fromkeys([*old, *new])
    pairs = ((one, str(old.get(one, "")), str(new.get(one, ""))) for one in names)
    return [one for one in pairs if one[1] != one[2]]
