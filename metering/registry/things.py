"""What is registered, thing by thing as people edit it: what is told once, and its parts.

    tree.csv     office-a  ─┬─ once: type, names, area       points.csv   a point and what it serves
                            └─ parts: parent, share, dates   tariff.csv   a price list and its times

A thing of any other file is one row. All rows of a thing are imported together, so that what is
told once stays one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256

from metering.errors import NotFound
from metering.registry.kinds import FILES, TABLES
from metering.registry.model import Registry
from metering.registry.write import Record, records


@dataclass(frozen=True)
class ThingShape:
    """How the rows of a file are told, thing by thing."""

    file: str
    key: tuple[str, ...]
    """Columns that find a thing."""
    once: tuple[str, ...]
    """Columns that are told once, those of the key first."""
    parts: tuple[str, ...] = ()
    """Columns of its parts; () where a thing is one row."""
    part_key: tuple[str, ...] = ()
    """Those of a part's columns that find it."""
    is_set: bool = False
    """Whether its parts are replaced as a whole, so that one that is left out is gone."""

    @property
    def follows(self) -> bool:
        """Whether another thing can follow it from a day on."""
        return "valid_from" in self.key

    @property
    def parts_follow(self) -> bool:
        """Whether a part can be another one from a day on."""
        return "valid_from" in self.part_key


@dataclass(frozen=True)
class Thing:
    """A registered thing with all its rows, whole as the file has them."""

    id: str
    rows: tuple[Record, ...]

    @property
    def first(self) -> Record:
        """Of which all that is told once stands."""
        return self.rows[0]


@cache
def shape_of(file: str) -> ThingShape:
    """The shape of a file's things. NotFound for no file of the registry."""
    if file not in FILES:
        raise NotFound(
            "not a file of the registry", field="file", value=file, fix=f"one of {', '.join(FILES)}"
        )
    kinds, columns = FILES[file], TABLES[file].columns
    levels = sorted(kinds[0].filled, key=lambda level: len(level.key))
    short, long = levels[0], levels[-1]
    if short == long:
        return ThingShape(file, short.key, _ordered(short.key, columns))
    if kinds[0].united is not None:
        shared = {*short.key, *short.filled}
        parts = tuple(one for one in columns if one not in shared)
    else:
        own = {*long.key, *long.filled} - set(short.key)
        parts = tuple(one for one in columns if one in own)
    once = tuple(one for one in columns if one not in parts)
    part_key = tuple(one for one in long.key if one in parts)
    is_set = kinds[0].united is not None
    return ThingShape(file, short.key, _ordered(short.key, once), parts, part_key, is_set)


def _ordered(key: Sequence[str], columns: Iterable[str]) -> tuple[str, ...]:
    """The columns, those of the key before the others but the days, which come last."""
    days = ("valid_from", "valid_to")
    first = [one for one in key if one not in days]
    rest = [one for one in columns if one not in first and one not in days]
    return (*first, *rest, *(one for one in days if one in columns))


def things(registry: Registry, file: str) -> list[Thing]:
    """All things of a file in the order of their rows."""
    shape = shape_of(file)
    found: dict[tuple[str, ...], list[Record]] = {}
    for row in records(registry)[file]:
        found.setdefault(key_of(shape, row), []).append(row)
    return [Thing(thing_id(file, key), tuple(rows)) for key, rows in found.items()]


def key_of(shape: ThingShape, row: Mapping[str, str]) -> tuple[str, ...]:
    """What finds the thing of a row."""
    return tuple(row.get(column, "") for column in shape.key)


def thing_id(file: str, key: tuple[str, ...]) -> str:
    """A short name for addresses: keys hold anything."""
    return sha256("\0".join((file, *key)).encode()).hexdigest()[:20]


def thing_of(registry: Registry, file: str, id: str) -> Thing:
    """The thing of that id. NotFound where there is none."""
    for one in things(registry, file):
        if one.id == id:
            return one
    raise NotFound("it is not registered", field="row", value=id, fix="choose it from the list")


def part_is_told(shape: ThingShape, row: Mapping[str, str]) -> bool:
    """Whether a row has a part at all: a place at the top has no parent, a point may have no
    meter."""
    return any(row[column] for column in shape.parts)


def rewritten(
    shape: ThingShape, old: Thing | None, once: Record, parts: Sequence[Record]
) -> list[Record]:
    """The rows of a thing as wanted: what is told once, and its parts, the first of which are
    those that it has now. A column that was not touched keeps what each row says; what finds a
    thing or a part that stands does not change, since it would be another one then."""
    present = [] if old is None else list(old.rows)
    told = dict.fromkeys(TABLES[shape.file].columns, "") | (present[0] if present else {})
    fixed = shape.key if present else ()
    touched = {
        column: value
        for column, value in once.items()
        if told[column] != value and column not in fixed
    }
    if not shape.parts:
        return [{**told, **touched}]
    wanted = []
    for place, part in enumerate(parts or [dict.fromkeys(shape.parts, "")]):
        base = present[place] if place < len(present) else told
        stands = place < len(present) and not shape.is_set and part_is_told(shape, base)
        kept = {column: base[column] for column in shape.part_key} if stands else {}
        wanted.append({**base, **touched, **part, **kept})
    return wanted


def from_day(
    shape: ThingShape, old: Thing, parts: Sequence[Record], day: str
) -> list[tuple[int, Record]]:
    """The rows of a thing whose parts are as wanted from a day on, each with its place among the
    parts: what stands and is to be otherwise ends on that day, and another begins. One that is new
    begins then too, where it does not say when."""
    rows: list[tuple[int, Record]] = []
    for place, part in enumerate(parts):
        now = old.rows[place] if place < len(old.rows) else None
        if now is None or not part_is_told(shape, now):
            rows.append((place, {**old.first, **part, "valid_from": part["valid_from"] or day}))
        elif all(now[column] == value for column, value in part.items()):
            rows.append((place, now))
        else:
            rows.append((place, {**now, "valid_to": day}))
            rows.append((place, {**now, **part, "valid_from": day}))
    return rows


def as_it_stood(shape: ThingShape, now: Thing, before: Thing) -> tuple[Record, list[Record]]:
    """What a thing is told once, and its parts, to be again as it was: parts in the order in which
    they stand now, those that came since as they are."""
    once = {column: before.first[column] for column in shape.once}
    if not shape.parts:
        return once, []
    if shape.is_set:
        return once, [_part(shape, row) for row in before.rows]
    earlier = {_part_key(shape, row): row for row in before.rows}
    rows = [earlier.pop(_part_key(shape, row), row) for row in now.rows]
    told = [row for row in (*rows, *earlier.values()) if part_is_told(shape, row)]
    return once, [_part(shape, row) for row in told]


def parts_of(shape: ThingShape, thing: Thing) -> list[Record]:
    """The parts of a thing that are told."""
    return [_part(shape, row) for row in thing.rows if part_is_told(shape, row)]


def _part(shape: ThingShape, row: Record) -> Record:
    return {column: row[column] for column in shape.parts}


def _part_key(shape: ThingShape, row: Record) -> tuple[str, ...]:
    return tuple(row[column] for column in shape.part_key)
