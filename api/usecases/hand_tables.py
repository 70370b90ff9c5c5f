"""Readings that people took, from a table: a row is a reading, or what passed over some days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from api.caller import Caller
from api.ranges import local_date
from api.usecases.entries import Entry, said_of, stated_entry
from api.usecases.stated_tables import RowReader
from metering.errors import InvalidInput
from metering.localtime import zone_of
from metering.registry import Meter
from metering.statement import Stated, Statement
from metering.tables import known_unit, plain
from metering.tables.hand_words import HAND_ROWS
from metering.tables.said_rows import SaidRow, SaidTable

_DAY: Final = len("2026-11-24")


def _begin(caller: Caller, _table: SaidTable) -> Callable[[SaidRow], Stated]:
    names = _names(caller)

    def state(row: SaidRow) -> Stated:
        for word in ("meter", "value"):
            if word not in row.said:
                raise InvalidInput(
                    "a reading needs its meter and its value",
                    field=word,
                    value="",
                    fix="fill in the cell, or leave the row out",
                )
        meter = _meter(caller, names, row.said["meter"])
        zone = caller.reach.registry.zone(meter.node)
        return stated_entry(caller, meter, _entry(meter, zone, row), "")

    return state


def _said_of(caller: Caller, own: Statement) -> list[Statement]:
    return said_of(caller, own.subject)


HAND_TABLE: Final = RowReader(HAND_ROWS, _begin, _said_of)


def _names(caller: Caller) -> dict[str, list[str]]:
    """Codes of the meters that the caller reaches, by what they are called and by the names of
    their points: the number that is printed on a meter is often one."""
    registry, found = caller.reach.registry, dict[str, list[str]]()
    for code, meter in caller.reach.meters.items():
        reached = (one.point for one in registry.installations_of(code))
        points = {registry.points[one].name for one in reached if one in caller.reach.points}
        for name in {_folded(name) for name in (meter.name("zh"), meter.name("en"), *points)}:
            found.setdefault(name, []).append(code)
    return found


def _folded(name: str) -> str:
    return plain(name).casefold()


def _meter(caller: Caller, names: dict[str, list[str]], said: str) -> Meter:
    codes = [] if said in caller.reach.meters else names.get(_folded(said), [])
    if len(codes) > 1:
        raise InvalidInput(
            "several meters are called so",
            field="meter",
            value=said,
            fix=f"the code of one: {', '.join(codes[:5])}",
        )
    return caller.reach.meter(codes[0] if codes else said)


def _entry(meter: Meter, zone: str, row: SaidRow) -> Entry:
    said = row.said
    time, end = said.get("time", ""), ""
    if "last" in said:
        end = (local_date(said["last"], "last") + timedelta(days=1)).isoformat()
    return Entry(
        meter=meter.code,
        value=Decimal(said["value"]),
        unit=known_unit(said.get("unit", "")) or said.get("unit") or row.units.get("value", ""),
        time=with_offset(time, zone) if len(time) > _DAY else "",
        day=time if len(time) == _DAY else "",
        month=said.get("month", ""),
        start=said.get("start", ""),
        end=end,
        point=said.get("point", ""),
        read_by=said.get("read_by", ""),
        note=said.get("note", ""),
    )


def with_offset(text: str, zone: str) -> str:
    """A local time of a zone as an instant; itself where it has its offset. InvalidInput for a time
    that the clocks of the zone do not show, or show twice."""
    try:
        wall = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            "not a time", field="time", value=text, fix="such as 2026-10-01T08:15"
        ) from None
    if wall.tzinfo is not None:
        return text
    told = [wall.replace(tzinfo=zone_of(zone), fold=fold) for fold in (0, 1)]
    shown = {one.astimezone(UTC) for one in told}
    back = told[0].astimezone(UTC).astimezone(zone_of(zone)).replace(tzinfo=None)
    if len(shown) > 1 or back != wall:
        raise InvalidInput(
            "the clocks were put forward or back in this hour",
            field="time",
            value=text,
            fix="write the time with its offset from UTC, such as +01:00",
        )
    return told[0].isoformat()
