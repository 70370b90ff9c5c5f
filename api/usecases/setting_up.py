"""Set-up: what is registered, thing by thing, changed by the way of every import.

    wanted rows of a thing ─▶ import, dry ─▶ what it moves ─▶ import, with its reason

Undoing is the same with the rows that stood before the last change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from api.caller import Caller
from api.usecases.registering import ImportDone, ImportWishes, import_texts
from metering.access import AuditEntry, Role
from metering.errors import Conflict, InvalidFiles, NotFound
from metering.registry.changes import changed_figures, changed_meters
from metering.registry.kinds import FILES
from metering.registry.model import Registry
from metering.registry.proposal import Proposal
from metering.registry.things import (
    Thing,
    ThingShape,
    as_it_stood,
    from_day,
    key_of,
    part_is_told,
    rewritten,
    shape_of,
    thing_of,
    things,
)
from metering.registry.write import Record
from metering.tables import csv_text

PAGE_OF_LOG = 200
MOST_LOG = 2_000
"""How many entries of the audit log are looked through for changes of a thing."""
MOST_CHANGES = 10
"""How many of them are told."""


@dataclass(frozen=True)
class SetupChange:
    """A thing as somebody wants it."""

    file: str
    id: str
    """Of the thing that it is now; '' for a new one."""
    once: Record
    parts: tuple[Record, ...] = ()
    """Parts that are empty throughout are none."""
    after: str = ""
    """Of the thing that ends on the day on which this one begins; '' for none."""
    applies_from: str = ""
    """The day on which its parts are otherwise; '' where they always were."""

    def seal(self, version: int) -> str:
        """A short text of the change and the version of the registry that it is of: of another
        change, or another registry, it is another one."""
        fields = [sorted(one.items()) for one in (self.once, *self.parts)]
        told = (self.file, self.id, self.after, self.applies_from, version, fields)
        return sha256(repr(told).encode("utf-8", "backslashreplace")).hexdigest()[:32]


@dataclass(frozen=True)
class FieldProblem:
    """What is wrong, at a column of a part; place -1 is what is told once, column '' nowhere."""

    place: int
    column: str
    value: str
    problem: str
    fix: str


@dataclass(frozen=True)
class SetupOutcome:
    """What a change does or did, or what is wrong with it."""

    done: ImportDone | None
    problems: tuple[FieldProblem, ...] = ()


@dataclass(frozen=True)
class SetupMoves:
    """What a change moves, beside the facts themselves."""

    meters: int
    """Whose books are made again from their readings."""
    places: int
    """Whose figures are made again."""
    months: tuple[date, ...]
    """First days of complete months that it reaches into, rising: their figures, their money or
    their bills are told otherwise."""


@dataclass(frozen=True)
class ThingChange:
    """A change of a thing as the audit log has it."""

    entry: AuditEntry
    version: int
    """Of the registry that it made; 0 where the log does not say."""
    changes: tuple[Mapping[str, object], ...]


def need_setup(caller: Caller) -> None:
    """NotAllowed for whoever is no administrator of the whole platform."""
    caller.need(Role.ADMIN)
    caller.need_whole()


def listed(caller: Caller, file: str, search: str = "") -> list[Thing]:
    """The things of a file in which each word of the search stands somewhere."""
    need_setup(caller)
    words = search.casefold().split()
    return [one for one in things(caller.platform.registry(), file) if _has(one, words)]


def _has(thing: Thing, words: Sequence[str]) -> bool:
    text = "\n".join(value for row in thing.rows for value in row.values()).casefold()
    return all(word in text for word in words)


def found(caller: Caller, file: str, id: str) -> Thing:
    """A thing by its id. NotFound where there is none."""
    need_setup(caller)
    return thing_of(caller.platform.registry(), file, id)


def changed(caller: Caller, change: SetupChange, *, dry_run: bool, reason: str) -> SetupOutcome:
    """Change a thing, or only tell what that would move. What is wrong is told at its field."""
    need_setup(caller)
    registry = caller.platform.registry()
    if unsaid := _unsaid(registry, change):
        return SetupOutcome(None, tuple(unsaid))
    rows, places = _wanted(registry, change)
    text = csv_text([tuple(rows[0]), *(tuple(row.values()) for row in rows)])
    try:
        done = import_texts(caller, {change.file: text}, ImportWishes(dry_run, reason, None))
    except InvalidFiles as error:
        shape = shape_of(change.file)
        told = [
            FieldProblem(
                _place(shape, one.field, places, one.line - 2),
                one.field,
                one.value,
                one.problem,
                one.fix,
            )
            for one in error.problems
        ]
        return SetupOutcome(None, tuple(told))
    return SetupOutcome(done)


def moves(proposal: Proposal) -> SetupMoves:
    """What an import moves in the books."""
    before, after = proposal.before, proposal.after
    places = {key.code for key in changed_figures(before, after)} - {""}
    months = {first for one in proposal.past for _, first in one.months}
    return SetupMoves(len(changed_meters(before, after)), len(places), tuple(sorted(months)))


def _wanted(registry: Registry, change: SetupChange) -> tuple[list[Record], list[int]]:
    """The rows to import, and for each the part of the form that it stands for; -1 for none."""
    shape = shape_of(change.file)
    old = thing_of(registry, change.file, change.id) if change.id else None
    if old is None:
        _check_new(registry, change)
    if old is not None and change.applies_from:
        dated = from_day(shape, old, change.parts, change.applies_from)
        told = [one for one in dated if any(change.parts[one[0]].values())]
        return [row for _, row in told], [place for place, _ in told]
    kept = [(place, part) for place, part in enumerate(change.parts) if any(part.values())]
    rows = rewritten(shape, old, change.once, [part for _, part in kept])
    places = [place for place, _ in kept] or [-1]
    before = _ended(registry, change) if change.after else []
    return before + rows, [-1] * len(before) + places


def _unsaid(registry: Registry, change: SetupChange) -> list[FieldProblem]:
    """What cannot be told of a part that stands, or of a thing, with the day that is given, or
    without one."""
    shape = shape_of(change.file)
    if not change.id or not shape.parts_follow:
        return []
    old = thing_of(registry, change.file, change.id)
    if not change.applies_from:
        return [
            FieldProblem(
                place,
                column,
                part[column],
                "another one from no day on",
                "say from which day it applies, or add a row",
            )
            for place, part in enumerate(change.parts)
            if place < len(old.rows) and part_is_told(shape, old.rows[place])
            for column in shape.part_key
            if part[column] != old.rows[place][column]
        ]
    return [
        FieldProblem(
            -1,
            column,
            value,
            "this holds on all days, not from a day on",
            "change it alone, without a day from which it applies",
        )
        for column, value in change.once.items()
        if column not in shape.key and value != old.first[column]
    ]


def _ended(registry: Registry, change: SetupChange) -> list[Record]:
    """The rows of the thing before, ended on the day on which the new one begins."""
    rows = thing_of(registry, change.file, change.after).rows
    return [{**row, "valid_to": change.once.get("valid_from", "")} for row in rows]


def _check_new(registry: Registry, change: SetupChange) -> None:
    """Conflict where it is registered already: adding must not change it."""
    key = key_of(shape_of(change.file), change.once)
    for one in things(registry, change.file):
        if key_of(shape_of(change.file), one.first) == key:
            raise Conflict(
                "it is registered already",
                field=shape_of(change.file).key[-1],
                value=" ".join(filter(None, key)),
                fix="edit it, or choose another code or day",
            )


def _place(shape: ThingShape, column: str, places: Sequence[int], row: int) -> int:
    return places[row] if column in shape.parts and 0 <= row < len(places) else -1


def history(caller: Caller, file: str, thing: Thing) -> list[ThingChange]:
    """Changes of a thing that the audit log tells, newest first."""
    need_setup(caller)
    told = []
    for entry in _imports(caller):
        mine = tuple(one for one in entry.detail.get("changes", ()) if _is_of(file, thing, one))
        if mine:
            told.append(ThingChange(entry, _version(entry), mine))
        if len(told) == MOST_CHANGES:
            break
    return told


def _imports(caller: Caller) -> Iterator[AuditEntry]:
    before: int | None = None
    for _ in range(0, MOST_LOG, PAGE_OF_LOG):
        page = caller.platform.access.entries(None, before_id=before, limit=PAGE_OF_LOG)
        yield from (one for one in page if one.action == "registry.apply")
        if len(page) < PAGE_OF_LOG:
            return
        before = page[-1].id


def _version(entry: AuditEntry) -> int:
    number = entry.subject.removeprefix("version ")
    return int(number) if number.isdecimal() else 0


def _is_of(file: str, thing: Thing, change: Mapping[str, object]) -> bool:
    """Whether a change is of one of the thing's facts: they say all that finds it."""
    if change.get("kind") not in {kind.name for kind in FILES[file]}:
        return False
    key = {value for value in key_of(shape_of(file), thing.first) if value}
    for side in (change.get("old"), change.get("new")):
        said = set(side.values()) if isinstance(side, Mapping) else set()
        if key <= said or " ".join(key_of(shape_of(file), thing.first)) in said:
            return True
    return False


def stood_before(
    caller: Caller, file: str, thing: Thing, version: int
) -> tuple[Record, list[Record]]:
    """What a thing was told once, and its parts, before a version of the registry. NotFound where
    it was not there."""
    need_setup(caller)
    if not 1 < version <= caller.platform.registry().version:
        raise NotFound("no such version", field="undo", value=version, fix="choose a change")
    earlier = caller.platform.registry_store.load(version - 1)
    return as_it_stood(shape_of(file), thing, thing_of(earlier, file, thing.id))
