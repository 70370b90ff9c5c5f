"""Examples of rows: one small office, whose rows import together.

A workbook to fill in shows them, each with a mark in a column of its own. A row that has the mark
and says what the example says is passed over; with another word in it, or without the mark, it is
a row like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from metering.registry.header import heading_of
from metering.registry.rows import MAX_ROWS, Line, Table, as_text
from metering.tables import known_heading

MARK: Final = "example"
"""Heading of the column of marks."""
_AREA = {"name_zh": "示例园区", "name_en": "Example site"}
_HOUSE = {"name_zh": "示例办公楼", "name_en": "Example office"}
EXAMPLES: Final[Mapping[str, tuple[Mapping[str, str], ...]]] = {
    "tree.csv": (
        {
            **{"code": "bureau", "type": "institution", "zone": "Asia/Shanghai"},
            **{"name_zh": "示例机关", "name_en": "Example bureau"},
        },
        {"code": "campus", "parent": "bureau", "type": "site", **_AREA},
        {
            **{"code": "office-a", "parent": "campus", "type": "building", **_HOUSE},
            **{"area_m2": "12000", "persons": "480"},
        },
    ),
    "gateways.csv": (
        {"site": "campus", "code": "gw-1", "name_zh": "示例网关", "name_en": "Example gateway"},
    ),
    "meters.csv": (
        {"code": "office-a-main", "node": "office-a", "item": "01000", "total": "yes"},
        {
            **{"code": "office-a-ac", "node": "office-a", "item": "01B00", "total": "no"},
            "fed_by": "office-a-main",
        },
        {"code": "office-a-rest", "node": "office-a", "item": "01D00", "fed_by": "office-a-main"},
        {"code": "office-a-water", "node": "office-a", "item": "02000", "step_min": "1440"},
    ),
    "formulas.csv": ({"meter": "office-a-rest", "formula": "office-a-main - office-a-ac"},),
    "points.csv": (
        {
            **{"gateway": "campus/gw-1", "point": "main/ep", "kind": "register", "unit": "kWh"},
            **{"meter": "office-a-main", "ratio": "40", "digits": "8"},
        },
        {
            **{"gateway": "campus/gw-1", "point": "ac/power", "kind": "mean", "unit": "kW"},
            "meter": "office-a-ac",
        },
        {
            **{"gateway": "campus/gw-1", "point": "water", "kind": "register", "unit": "m3"},
            **{"meter": "office-a-water", "valid_from": "2026-01-01"},
        },
        {
            **{"gateway": "campus/gw-1", "point": "outdoor", "kind": "instant", "unit": "C"},
            **{"role": "outdoor_temperature", "node": "campus"},
        },
    ),
    "tariff.csv": (
        {
            **{"tariff": "example", "item": "01000", "months": "1-12", "days": "all"},
            **{"start": "00:00", "end": "08:00", "period": "valley", "price": "0.3"},
        },
        {
            **{"tariff": "example", "item": "01000", "months": "1-12", "days": "all"},
            **{"start": "08:00", "end": "24:00", "period": "peak", "price": "0.9"},
        },
    ),
    "calendar.csv": (
        {
            **{"date": "2026-10-01", "kind": "holiday", "status": "official"},
            **{"name_zh": "国庆节", "name_en": "National Day"},
        },
    ),
    "factors.csv": (
        {
            **{"item": "01000", "quantity": "kgco2", "value": "0.5", "unit": "kgCO2/kWh"},
            **{"region": "CN", "source": "the document", "grade": "M"},
        },
    ),
    "accounts.csv": ({"account": "1234567890", "meter": "office-a-main", "decimals": "2"},),
    "office_hours.csv": ({"node": "bureau", "start": "08:30", "end": "17:30", "days": "1-5"},),
}
"""By table: what stands in which columns; the others are empty."""
EXAMPLE_CODES: Final = frozenset(
    {row["code"] for table in ("tree.csv", "meters.csv") for row in EXAMPLES[table]}
    | {f"{row['site']}/{row['code']}" for row in EXAMPLES["gateways.csv"]}
)
"""What rows may refer to that were written below the examples."""


def own_lines(table: Table, lines: Iterable[Line]) -> list[Line]:
    """The lines of a table without the column of marks and without the examples that stand as they
    were; [] where nothing but a heading is left. At most a few more than MAX_ROWS, so that too
    many are seen to be too many."""
    filled = (line for line in lines if any(as_text(one).strip() for one in line[1]))
    found = list(islice(_without_examples(table, filled), MAX_ROWS + 2))
    return found if len(found) > 1 else []


def _without_examples(table: Table, lines: Iterator[Line]) -> Iterator[Line]:
    first = next(lines, None)
    if first is None:
        return
    headings = [known_heading(as_text(one))[0] for one in first[1]]
    if MARK not in headings:
        yield first
        yield from lines
        return
    mark = headings.index(MARK)
    columns = [heading_of(table.columns, as_text(one).strip()) for one in _without(first[1], mark)]
    yield first[0], _without(first[1], mark)
    for number, values in lines:
        rest = _without(values, mark)
        marked = mark < len(values) and bool(values[mark])
        passed = marked and _is_example(table, columns, rest)
        if not passed and any(as_text(one).strip() for one in rest):
            yield number, rest


def _without(values: Sequence[object], place: int) -> list[object]:
    """The values without the one at a place, all others where they stand."""
    return [None if one == place else value for one, value in enumerate(values)]


def _is_example(table: Table, columns: Sequence[str], values: Sequence[object]) -> bool:
    read = {one: table.read(one, value) for one, value in zip(columns, values, strict=False)}
    said = {one: text for one, text in read.items() if text}
    return said in EXAMPLES.get(table.name, ())
