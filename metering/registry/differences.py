"""What differs between two registries, fact by fact: added, changed and gone, by natural key.

A fact is anything the registry holds: of any kind of `metering.registry.kinds`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar, cast

from metering.calendar import CalendarDay
from metering.factor import Factor
from metering.registry.installation_sets import counterparts, sets_of
from metering.registry.kind import Dated, Key
from metering.registry.kinds import KINDS as ALL
from metering.registry.model import (
    Gateway,
    Installation,
    Meter,
    MeterFormula,
    Node,
    Point,
    Registry,
    Route,
    SpaceEdge,
    SupplyEdge,
)
from metering.tariff import TariffRow
from metering.tariff_sets import set_key
from metering.validity import Validity

T = TypeVar("T")
Fact = (
    (
        Node
        | SpaceEdge
        | Gateway
        | Route
        | Meter
        | SupplyEdge
        | MeterFormula
        | Point
        | Installation
        | TariffRow
        | Factor
    )
    | CalendarDay
    | Dated
)
Facts = dict[str, dict[Key, Fact]]
FactRow = dict[str, str]
"""A fact as texts by the names of its columns; '' is none."""

KINDS = tuple(kind.name for kind in ALL)


@dataclass(frozen=True)
class Change:
    """One fact that two registries do not agree on."""

    kind: str
    """One of KINDS."""
    key: str
    """Its natural key as people read it."""
    old: FactRow | None
    """None where it is added."""
    new: FactRow | None
    """None where it is gone."""
    was: Fact | None = field(default=None, repr=False, compare=False)
    becomes: Fact | None = field(default=None, repr=False, compare=False)

    @property
    def what(self) -> str:
        """added, changed or gone."""
        if self.old is None:
            return "added"
        return "gone" if self.new is None else "changed"

    @property
    def fields(self) -> tuple[tuple[str, str, str], ...]:
        """(field, old value, new value) of a changed fact; none of an added or gone one."""
        if self.old is None or self.new is None:
            return ()
        names = dict.fromkeys([*self.old, *self.new])
        pairs = ((name, self.old.get(name, ""), self.new.get(name, "")) for name in names)
        return tuple(one for one in pairs if one[1] != one[2])

    def __str__(self) -> str:
        told = ", ".join(f"{name} {old!r} -> {new!r}" for name, old, new in self.fields)
        return f"{self.what} {self.kind} {self.key}" + (f": {told}" if told else "")

    def as_json(self) -> dict[str, object]:
        """Old row and new row, with what happened to them."""
        return {
            "kind": self.kind,
            "key": self.key,
            "change": self.what,
            "old": self.old,
            "new": self.new,
        }


def changes(old: Registry, new: Registry) -> list[Change]:
    """Every difference, by kind in the order of KINDS and by key; [] where there is none.

    Points are the same by (gateway, name), so ids must be those of one store: give `new` as
    `metering.registry.merge.merged` makes it. Of several installations of one point on one day
    those of the same instant are the same, the others in order of time.
    """
    before, after = facts_of(old), facts_of(new)
    before["installation"] = _installed(old, beside=new)
    found = [
        _change(kind, key, (old, before[kind].get(key)), (new, after[kind].get(key)))
        for kind in KINDS
        for key in sorted(before[kind].keys() | after[kind].keys(), key=_sortable)
        if before[kind].get(key) != after[kind].get(key)
    ]
    return found + _reordered(old, new, found)


def differing(
    old: Iterable[T], new: Iterable[T], key: Callable[[T], Hashable]
) -> list[tuple[T | None, T | None]]:
    """(before, after) of each key that has not the same fact in both; None where it has none."""
    before, after = {key(one): one for one in old}, {key(one): one for one in new}
    keys = dict.fromkeys([*before, *after])
    pairs = ((before.get(one), after.get(one)) for one in keys)
    return [(was, becomes) for was, becomes in pairs if was != becomes]


def facts_of(registry: Registry) -> Facts:
    """All facts by kind and natural key."""
    found: Facts = {kind.name: {kind.key(one): one for one in kind.of(registry)} for kind in ALL}
    installed = _installed(registry, beside=registry)
    return found | {"installation": installed, "tariff": _tariff_facts(registry.tariff)}


def _installed(registry: Registry, *, beside: Registry) -> dict[Key, Fact]:
    """Those of one day are numbered: each as the one of the other registry that it stands for."""
    there = {_named(beside, rows[0]): rows for rows in sets_of(beside.installations).values()}
    found: dict[Key, Fact] = {}
    for rows in sets_of(registry.installations).values():
        name = _named(registry, rows[0])
        present = [one.starts for one in there.get(name, ())]
        numbers = counterparts(present, [one.starts for one in rows])
        found |= {(*name, n): one for n, one in zip(numbers, rows, strict=True)}
    return found


def _named(registry: Registry, one: Installation) -> Key:
    """The key of its set, with the point's name for the id: as people read it."""
    return (one.meter, *_point_name(registry, one.point), one.valid.first)


def _point_name(registry: Registry, id: int) -> tuple[str, str]:
    point = registry.points.get(id)
    return ("", str(id)) if point is None else (point.gateway, point.name)


def _tariff_facts(rows: Iterable[TariffRow]) -> dict[Key, Fact]:
    """A row is known by its set and the minutes it prices; twins are numbered."""
    found: dict[Key, Fact] = {}
    for row in rows:
        twin = 0
        while (*_price_key(row), twin) in found:
            twin += 1
        found[*_price_key(row), twin] = row
    return found


def _price_key(row: TariffRow) -> Key:
    """Of one row inside its set: the minutes it prices."""
    months = ",".join(map(str, sorted(row.months)))
    return (*set_key(row), months, row.days, row.start_min, row.end_min)


def _reordered(old: Registry, new: Registry, found: list[Change]) -> list[Change]:
    """Sets of a tariff whose rows only changed places: that is all that can be left."""
    if found or old.tariff == new.tariff:
        return []
    names = sorted({row.tariff for row in new.tariff})
    return [
        Change("tariff", name, {"order": _order(old, name)}, {"order": _order(new, name)})
        for name in names
        if _order(old, name) != _order(new, name)
    ]


def _order(registry: Registry, tariff: str) -> str:
    return " ".join(_minute(r.start_min) for r in registry.tariff if r.tariff == tariff)


def _change(
    kind: str, key: Key, old: tuple[Registry, Fact | None], new: tuple[Registry, Fact | None]
) -> Change:
    was, becomes = old[1], new[1]
    return Change(
        kind,
        key_text(kind, key),
        None if was is None else fact_row(was, old[0]),
        None if becomes is None else fact_row(becomes, new[0]),
        was,
        becomes,
    )


def _sortable(key: Key) -> tuple[str, ...]:
    return tuple(f"{part:05}" if isinstance(part, int) else str(part) for part in key)


def key_text(kind: str, key: Key) -> str:
    """The natural key of a fact of that kind as people read it."""
    if kind == "tariff":
        *named, start, months, days, first, last, twin = key
        times = f"{_minute(first)}-{_minute(last)}" + (f" #{twin}" if twin else "")
        key = (*named, start, "months", months, days, times)
    if kind == "installation":
        *named, twin = key
        key = (*named, f"#{twin}" if twin else "")
    if kind == "calendar":
        return str(key[0])
    return " ".join(filter(None, map(_word, key)))


def _word(part: Hashable) -> str:
    if isinstance(part, date):
        return "" if part == date.min else f"from {part.isoformat()}"
    return str(part)


def _minute(minute: Hashable) -> str:
    return f"{int(str(minute)) // 60:02}:{int(str(minute)) % 60:02}"


def fact_row(fact: Fact, registry: Registry) -> FactRow:
    """The fact as texts, in the words of the registry files where these have one."""
    row: FactRow = {}
    for one in fields(cast("Any", fact)):
        value = getattr(fact, one.name)
        if isinstance(value, Validity):
            row |= {"valid_from": _text(value.start), "valid_to": _text(value.end)}
        elif one.name in ("start_min", "end_min"):
            row[one.name.removesuffix("_min")] = _minute(value)
        elif isinstance(fact, Installation) and one.name == "point":
            row["point"] = " ".join(filter(None, _point_name(registry, value)))
        else:
            row[one.name] = _text(value)
    if isinstance(fact, Installation):
        row["valid_from"] = row.pop("starts") or row["valid_from"]
        row["valid_to"] = row.pop("ends") or row["valid_to"]
    return row


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, frozenset):
        return ",".join(map(str, sorted(value)))
    return str(value)
