"""What a building model can say of a registry, as rows of its tables, and what it leaves out.

    Registry ──said_of──▶ rows of tree, gateways, meters, points ──▶ Brick or Haystack
        │                                                                  │ read back
        └───────────────────────left_out◀── Registry ◀─────────────────────┘

A model has no dates: it says what holds on one day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from metering.registry import Registry
from metering.registry.kinds import TABLES
from metering.registry.model import Installation, Meter, Point, SpaceEdge
from metering.registry.rows import as_text
from metering.registry.write import Record, records

Rows = Mapping[str, Sequence[Record]]
"""Rows by table, each with the columns that a model says."""
KEYS: Final = {
    "tree.csv": ("code", "parent"),
    "gateways.csv": ("site", "code"),
    "meters.csv": ("code",),
    "points.csv": ("gateway", "point", "meter"),
}
"""The tables that a model says, each with the columns that find a row on one day."""

_ONCE: Final = ("unit", "direction", "ratio", "digits")
"""What a model says of a point once, whatever it serves."""


@dataclass(frozen=True)
class LeftOut:
    """Facts of a registry that a model does not say."""

    table: str
    column: str
    """'' where whole rows are not said."""
    rows: int


def said_of(registry: Registry, day: date) -> Rows:
    """The rows that a model says of a registry on a local day: each place below the one that it
    belongs to then, or last, the first of several that share it; the meters that there are then,
    with what feeds them; and the points, each with the meters that it serves then, alike."""
    meters = {code: one for code, one in registry.meters.items() if one.valid.holds(day)}
    above: dict[str, list[SpaceEdge]] = {}
    for edge in registry.space:
        above.setdefault(edge.child, []).append(edge)
    feeders: dict[str, list[str]] = {}
    for feed in registry.supply:
        if feed.valid.holds(day) and feed.source in meters:
            feeders.setdefault(feed.fed, []).append(feed.source)
    return {
        "tree.csv": [_place(registry, code, above.get(code, ()), day) for code in registry.nodes],
        "gateways.csv": [
            {"site": one.site, "code": one.code, "name_zh": one.name_zh, "name_en": one.name_en}
            for one in registry.gateways.values()
        ],
        "meters.csv": [_meter(one, feeders.get(code, ())) for code, one in meters.items()],
        "points.csv": [
            row
            for id in sorted(registry.points)
            for row in _points(registry, registry.points[id], meters, day)
        ],
    }


def _place(registry: Registry, code: str, edges: Sequence[SpaceEdge], day: date) -> Record:
    node = registry.nodes[code]
    return {
        "code": code,
        "parent": _parent(edges, day),
        "type": str(node.type),
        "name_zh": node.name_zh,
        "name_en": node.name_en,
        "zone": node.zone or "",
        "area_m2": as_text(node.area_m2),
    }


def _parent(edges: Sequence[SpaceEdge], day: date) -> str:
    """The place above on a day, else the one that begins last; '' at the top."""
    held = [edge for edge in edges if edge.valid.holds(day)]
    if held:
        return held[0].parent
    return max(edges, key=lambda edge: edge.valid.first).parent if edges else ""


def _meter(meter: Meter, feeders: Iterable[str]) -> Record:
    return {
        "code": meter.code,
        "node": meter.node,
        "item": meter.item,
        "total": as_text(meter.total),
        "fed_by": ";".join(dict.fromkeys(feeders)),
        "name_zh": meter.name_zh,
        "name_en": meter.name_en,
    }


def _points(
    registry: Registry, point: Point, meters: Mapping[str, Meter], day: date
) -> list[Record]:
    serving = {
        one.meter: one
        for one in registry.meters_of_point(point.id)
        if one.valid.holds(day) and one.meter in meters
    }
    rows = [_point(point, one) for one in serving.values()] or [_point(point, None)]
    return [row for row in rows if all(row[column] == rows[0][column] for column in _ONCE)]


def _point(point: Point, serves: Installation | None) -> Record:
    return {
        "gateway": point.gateway,
        "point": point.name,
        "kind": str(point.kind),
        "unit": serves.register_unit if serves else point.bare_unit,
        "meter": serves.meter if serves else "",
        "role": point.role or "",
        "node": point.node or "",
        "direction": str(serves.direction) if serves else "",
        "ratio": as_text(serves.ratio) if serves else "",
        "digits": as_text(serves.digits) if serves else "",
    }


def left_out(registry: Registry, again: Registry) -> list[LeftOut]:
    """What of a registry is not in the one that its model makes in an empty folder, by table and
    column; [] where it is whole."""
    told, made = records(registry), records(again)
    found: list[LeftOut] = []
    for table, rows in told.items():
        found += _lost(table, rows, made.get(table, ()))
    return found


def _lost(table: str, rows: Sequence[Record], made: Sequence[Record]) -> list[LeftOut]:
    if table not in KEYS:
        return [LeftOut(table, "", len(rows))] if rows else []
    again = {_key(table, one): one for one in made}
    missing, columns = 0, dict.fromkeys(TABLES[table].columns, 0)
    for key, group in _groups(table, rows).items():
        if key not in again:
            missing += len(group)
            continue
        missing += len(group) - 1
        for column in min((_differing(one, again[key]) for one in group), key=len):
            columns[column] += 1
    whole = [LeftOut(table, "", missing)] if missing else []
    return whole + [LeftOut(table, column, n) for column, n in columns.items() if n]


def _differing(row: Record, again: Record) -> list[str]:
    return [column for column, text in row.items() if not _same(text, again.get(column, ""))]


def _same(text: str, again: str) -> bool:
    """Whether two cells say the same: 1200.50 is 1200.5."""
    try:
        return text == again or Decimal(text) == Decimal(again)
    except InvalidOperation:
        return False


def _groups(table: str, rows: Iterable[Record]) -> dict[tuple[str, ...], list[Record]]:
    found: dict[tuple[str, ...], list[Record]] = {}
    for one in rows:
        found.setdefault(_key(table, one), []).append(one)
    return found


def _key(table: str, row: Record) -> tuple[str, ...]:
    return tuple(row[column] for column in KEYS[table])
