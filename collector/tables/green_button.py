"""Green Button: readings as an Atom feed of ESPI (NAESB REQ.21), as rows of a long table.

    IntervalBlock ──up──▶ MeterReading ──related──▶ ReadingType: unit, power of ten
      └─ IntervalReading: start [s since 1970], value

Starts are instants, whatever the local time of the feed. A meter is called by the link of its
MeterReading; a value whose type is not in the feed has no unit, and one of a unit that is none of
ours is refused with its code.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import partial
from pathlib import PurePosixPath
from typing import Final

from collector.bounded_xml import Element, NotXml, read_xml
from collector.tables.table import FileTable, RawLine
from metering.errors import InvalidInput

MOST_ELEMENTS: Final = 1_000_000
UNITS_OF_ESPI: Final = {
    **{"29": "V", "5": "A", "31": "J", "33": "Hz", "38": "W", "42": "m3"},
    **{"61": "VA", "63": "var", "71": "VAh", "72": "Wh", "73": "varh"},
}
"""Codes of `uom` that are units of ours."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def green_button_table(name: str, data: bytes) -> FileTable:
    """The readings of a feed; the row of a reading is its number in the feed, after the heading.
    Raises InvalidInput for XML that is no such feed."""
    try:
        root = read_xml(data, MOST_ELEMENTS)
    except NotXml as error:
        raise _no_feed(name, str(error)) from None
    entries = [one for one in root.children if _local(one) == "entry"]
    if not any(_find(one, "IntervalBlock") for one in entries):
        raise _no_feed(name, "no IntervalBlock")
    return FileTable(name, PurePosixPath(name).stem, partial(_lines, entries))


def _no_feed(name: str, why: str) -> InvalidInput:
    return InvalidInput(
        f"not a Green Button feed: {why}",
        field="file",
        value=name,
        fix="CSV, XLSX, Parquet, or a feed of ESPI",
    )


def _lines(entries: list[Element]) -> Iterator[RawLine]:
    yield 1, ["time", "meter", "value", "unit"]
    types = {
        link: found[0]
        for one in entries
        if (found := _find(one, "ReadingType"))
        for link in _links(one, "self")
    }
    readings = {
        link: [types[to] for to in _links(one, "related") if to in types]
        for one in entries
        if _find(one, "MeterReading")
        for link in _links(one, "self")
    }
    row = 1
    for entry in entries:
        blocks = _find(entry, "IntervalBlock")
        meter = next((link.rpartition("/")[0] for link in _links(entry, "up")), "")
        kinds = readings.get(meter) or (list(types.values()) if len(types) == 1 else [])
        for block in blocks:
            for one in _find(block, "IntervalReading"):
                row += 1
                yield row, _reading(one, meter, kinds[0] if kinds else None)


def _reading(one: Element, meter: str, kind: Element | None) -> list[str]:
    periods = _find(one, "timePeriod")
    start = _text(periods[0], "start") if periods else ""
    value = _text(one, "value")
    power = "" if kind is None else _text(kind, "powerOfTenMultiplier")
    code = "" if kind is None else _text(kind, "uom")
    unit = UNITS_OF_ESPI.get(code, f"uom {code}" if code else "")
    return [_instant(start), meter or "feed", _scaled(value, power), unit]


def _instant(start: str) -> str:
    """An instant in ISO form; the text itself where it is none, to be refused."""
    if not start.isdecimal() or len(start) > 10:
        return start
    return (_EPOCH + timedelta(seconds=int(start))).isoformat()


def _scaled(value: str, power: str) -> str:
    try:
        return f"{Decimal(value).scaleb(int(power or 0)):f}" if len(value) < 40 else value
    except (InvalidOperation, ValueError):
        return value


def _local(one: Element) -> str:
    return one.name.rpartition(":")[2]


def _find(below: Element, name: str) -> list[Element]:
    return [one for one in below.walk() if _local(one) == name]


def _text(below: Element, name: str) -> str:
    return next((one.text for one in below.children if _local(one) == name), "")


def _links(entry: Element, rel: str) -> list[str]:
    return [
        one.attributes.get("href", "").rstrip("/")
        for one in entry.children
        if _local(one) == "link" and one.attributes.get("rel") == rel
    ]
