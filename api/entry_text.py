"""Entries of the feed as JSON, quickly: all but revision, day, amount and quality is put into words
once a series. `tests/api/test_api_whole_feed.py` holds them against those of the other feed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from json.encoder import encode_basestring

import numpy as np

from api.reach import Reach
from metering import items
from metering.book import Change, SeriesKey
from metering.localtime import day_number, day_of_number
from metering.quality import MEASURED, WHOLE, all_of
from metering.units import BOOK_UNITS
from metering.validity import ALWAYS, Validity

QUALITIES = ("measured", "apportioned", "estimated", "missing")


@dataclass(frozen=True, slots=True)
class EntryFace:
    """What all entries of a series that a reader may be told of have in common."""

    key: SeriesKey
    zone: str
    always: bool
    """Whether it is reached on every day."""
    days: tuple[tuple[int, int], ...]
    """Those on which it is reached, as day numbers [first, limit)."""
    was: bool
    """Whether he is told that nothing is known on a day that is not his: he may have been told of
    it."""
    scale: int
    """Book units of one."""
    digits: int
    texts: tuple[str, str, str, str]
    """Before the day, the revision, the day again, and the value."""
    unit_text: str

    def owed(self, change: Change) -> bool:
        """Whether a change is the reader's to know."""
        if self.always:
            return True
        day = change[3]
        if any(first <= day < limit for first, limit in self.days):
            return True
        return self.was and change[4] is None

    def text(self, change: Change) -> str:
        """The entry of a change, as JSON."""
        _, revision, _, day, total, shares, _ = change
        name, head, middle, tail = self.texts
        on = _day_text(day)
        if total is None:
            value = amount = "null"
        else:
            amount = str(total)
            whole, part = divmod(abs(total), self.scale)
            value = f'"{"-" if total < 0 else ""}{whole}.{part:0{self.digits}d}"'
        return (
            f"{name}{on}{head}{revision}{middle}{on}{tail}{value}{self.unit_text}{amount}"
            f',"shares":{_shares_text(shares)},"provisional":false}}'
        )


def face_of(reach: Reach, key: SeriesKey) -> EntryFace | None:
    """What entries of a series are to a reader; None where none of them is his."""
    registry = reach.registry
    if key.kind != "node" or key.code not in registry.nodes:
        return None
    days, was = reach.scope.days(key.code), reach.was(key)
    if not days and not was:
        return None
    unit, zone = items.category(key.item).unit, registry.zone(key.code)
    book = BOOK_UNITS[unit]
    name = encode_basestring(f"{key.institution}/{key.kind}/{key.code}/{key.item}/")[:-1]
    told = "".join(
        f",{encode_basestring(field)}:{encode_basestring(value)}"
        for field, value in (
            ("institution", key.institution),
            ("node", key.code),
            ("node_type", str(registry.nodes[key.code].type)),
            ("category", items.whole(key.item)),
            ("item", key.item),
        )
    )
    return EntryFace(
        key=key,
        zone=zone,
        always=days == (ALWAYS,),
        days=tuple(_numbers(one) for one in days),
        was=was,
        scale=book.per_canonical,
        digits=len(str(book.per_canonical)) - 1,
        texts=(
            f'{{"key":{name}',
            '","revision":',
            f'{told},"day":"',
            f'","zone":{encode_basestring(zone)},"unit":{encode_basestring(unit)},"value":',
        ),
        unit_text=f',"book_unit":{encode_basestring(book.name)},"amount":',
    )


def nobodys_face(key: SeriesKey) -> EntryFace:
    """Of a series of which nothing is the reader's."""
    return EntryFace(key, "UTC", False, (), False, 1, 0, ("", "", "", ""), "")


def _numbers(days: Validity) -> tuple[int, int]:
    return day_number(days.first), day_number(days.limit)


@lru_cache(maxsize=20_000)
def _day_text(number: int) -> str:
    return day_of_number(number).isoformat()


@lru_cache(maxsize=20_000)
def _shares_text(shares: bytes | None) -> str:
    found = all_of(MEASURED, 1)[0] if shares is None else np.frombuffer(shares, "<u2")
    told = {name: part / WHOLE for name, part in zip(QUALITIES, found.tolist(), strict=True)}
    return json.dumps(told, separators=(",", ":"))
