"""The registry as rows of its tables and back.

`rows_of` gives each table's rows by natural key, so that a change of the registry is the
difference of two such dicts; `registry_of` is its inverse, at any version.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Table, and_, or_, select

from metering.calendar import CalendarDay, DayKind, WorkCalendar
from metering.factor import Factor
from metering.reading import Kind
from metering.registry import (
    Gateway,
    Installation,
    Meter,
    Node,
    NodeType,
    Point,
    Registry,
    SpaceEdge,
    SupplyEdge,
    Validity,
)
from metering.registry.merge import ordered
from metering.tariff import TariffRow
from metering.tariff_sets import set_key
from storage.sql.engine import Row
from storage.sql.schema import (
    CALENDAR_DAY,
    FACTOR,
    GATEWAY,
    INSTALLATION,
    METER,
    NODE,
    POINT,
    SPACE_EDGE,
    SUPPLY_EDGE,
    TARIFF_ROW,
    VERSIONED,
    natural_key,
)

Rows = dict[tuple[Any, ...], Row]


def rows_of(registry: Registry) -> dict[str, Rows]:
    """Rows by natural key, by table name."""
    lists = {
        NODE: [{**vars(n), "type": str(n.type)} for n in registry.nodes.values()],
        SPACE_EDGE: [_dated(edge) for edge in registry.space],
        GATEWAY: [{**vars(g), "user": g.user} for g in registry.gateways.values()],
        METER: [_dated(meter) for meter in registry.meters.values()],
        SUPPLY_EDGE: [_dated(edge) for edge in registry.supply],
        POINT: [{**vars(p), "kind": str(p.kind)} for p in registry.points.values()],
        INSTALLATION: [_dated(one) for one in registry.installations],
        TARIFF_ROW: _tariff_rows(registry.tariff),
        FACTOR: [_dated(factor) for factor in registry.factors],
        CALENDAR_DAY: [{**vars(d), "kind": str(d.kind)} for d in registry.calendar.days.values()],
    }
    return {table.name: {_key(table, row): row for row in rows} for table, rows in lists.items()}


def registry_of(con: Connection, version: int) -> Registry:
    """The registry as it stood at a version, in the order of its keys."""
    rows = {table.name: _all(con, table, version) for table in VERSIONED}
    registry = Registry(
        version=version,
        nodes={r["code"]: Node(**{**r, "type": NodeType(r["type"])}) for r in rows["node"]},
        space=tuple(SpaceEdge(**_undated(r)) for r in rows["space_edge"]),
        gateways={r.pop("user"): Gateway(**r) for r in rows["gateway"]},
        meters={r["code"]: Meter(**_undated(r)) for r in rows["meter"]},
        supply=tuple(SupplyEdge(**_undated(r)) for r in rows["supply_edge"]),
        points={r["id"]: Point(**{**r, "kind": Kind(r["kind"])}) for r in rows["point"]},
        installations=tuple(Installation(**_undated(r)) for r in rows["installation"]),
        tariff=tuple(_tariff_row(r) for r in rows["tariff_row"]),
        factors=tuple(Factor(**_undated(r)) for r in rows["factor"]),
        calendar=WorkCalendar.of(
            CalendarDay(**{**r, "kind": DayKind(r["kind"])}) for r in rows["calendar_day"]
        ),
    )
    return ordered(registry)


def _all(con: Connection, table: Table, version: int) -> list[Row]:
    """In an order that keeps the rows of a tariff as they were; engines order text differently,
    so the rest is put in order afterwards."""
    facts = [c for c in table.columns if c.name not in ("recorded_version", "gone_version")]
    stood = and_(
        table.c.recorded_version <= version,
        or_(table.c.gone_version.is_(None), table.c.gone_version > version),
    )
    found = con.execute(select(*facts).where(stood).order_by(*table.primary_key.columns))
    return [dict(row._mapping) for row in found]


def _key(table: Table, row: Row) -> tuple[Any, ...]:
    values = [row[name] for name in natural_key(table)]
    return tuple(date.min if value is None else value for value in values)


def _dated(fact: SpaceEdge | SupplyEdge | Meter | Installation | TariffRow | Factor) -> Row:
    row = vars(fact).copy()
    valid = row.pop("valid")
    return {**row, "valid_start": valid.start, "valid_end": valid.end}


def _undated(row: Row) -> Row:
    others = {name: value for name, value in row.items() if not name.startswith("valid_")}
    return {**others, "valid": Validity(row["valid_start"], row["valid_end"])}


def _tariff_rows(tariff: Iterable[TariffRow]) -> list[Row]:
    """Numbered inside each set, because the first fitting row of a tariff holds."""
    in_sets = sorted(tariff, key=set_key)
    return [
        {**_dated(row), "months": ",".join(map(str, sorted(row.months))), "place": place}
        for _, group in groupby(in_sets, key=set_key)
        for place, row in enumerate(group)
    ]


def _tariff_row(row: Row) -> TariffRow:
    values = _undated(row)
    del values["place"]
    months = frozenset(int(month) for month in values.pop("months").split(",") if month)
    return TariffRow(**values, months=months)
