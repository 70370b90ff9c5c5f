"""Tables of the registry: trees, gateways, meters, points, prices, factors and calendar.

A row says which version of the registry recorded it and which one no longer had it, so the
registry can be read as it stood at any version. What a row refers to may have other rows by
now, so no foreign key can hold; `metering.registry.merge` refuses what dangles.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    Integer,
    Table,
)

from storage.sql.schema.columns import (
    METADATA,
    gone,
    key,
    number,
    one_stands,
    recorded,
    since,
    text_column,
    until,
)
from storage.sql.types import WORDS, Exact

NODE = Table(
    "node",
    METADATA,
    key("code"),
    text_column("type"),
    text_column("name_zh"),
    text_column("name_en"),
    Column("zone", WORDS),
    Column("area_m2", Exact),
    Column("persons", Integer),
    recorded(),
    gone(),
)
SPACE_EDGE = Table(
    "space_edge",
    METADATA,
    key("parent"),
    key("child"),
    since(),
    until(),
    Column("share", Exact, nullable=False),
    recorded(),
    gone(),
)
GATEWAY = Table(
    "gateway",
    METADATA,
    key("user"),
    text_column("site"),
    text_column("code"),
    text_column("name_zh"),
    text_column("name_en"),
    recorded(),
    gone(),
)
ROUTE = Table(
    "route",
    METADATA,
    key("gateway"),
    key("topic"),
    since(),
    until(),
    text_column("decoder"),
    text_column("options"),
    recorded(),
    gone(),
)
METER = Table(
    "meter",
    METADATA,
    key("code"),
    text_column("node"),
    text_column("item"),
    Column("total", Boolean, nullable=False),
    Column("step_min", Integer, nullable=False),
    Column("dc_role", WORDS),
    Column("max_per_hour", Exact),
    text_column("name_zh"),
    text_column("name_en"),
    Column("valid_start", Date),
    until(),
    recorded(),
    gone(),
)
SUPPLY_EDGE = Table(
    "supply_edge",
    METADATA,
    key("source"),
    key("fed"),
    since(),
    until(),
    recorded(),
    gone(),
)
POINT = Table(
    "point",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    text_column("gateway"),
    text_column("name"),
    text_column("kind"),
    text_column("unit"),
    Column("role", WORDS),
    Column("node", WORDS),
    Column("low", Float(53)),
    Column("high", Float(53)),
    text_column("sent_unit"),
    recorded(),
    gone(),
)
INSTALLATION = Table(
    "installation",
    METADATA,
    key("meter"),
    Column("point", BigInteger, primary_key=True, autoincrement=False),
    since(),
    until(),
    Column("ratio", Exact, nullable=False),
    Column("digits", Integer),
    text_column("register_unit"),
    recorded(),
    gone(),
)
TARIFF_ROW = Table(
    "tariff_row",
    METADATA,
    key("tariff"),
    key("institution"),
    key("node"),
    key("meter"),
    key("item"),
    since(),
    Column("place", Integer, primary_key=True, autoincrement=False),
    until(),
    text_column("months"),
    text_column("days"),
    Column("start_min", Integer, nullable=False),
    Column("end_min", Integer, nullable=False),
    text_column("period"),
    Column("price", Exact, nullable=False),
    text_column("currency"),
    text_column("source"),
    text_column("grade"),
    recorded(),
    gone(),
)
FACTOR = Table(
    "factor",
    METADATA,
    key("item"),
    key("quantity"),
    key("region"),
    since(),
    until(),
    Column("value", Exact, nullable=False),
    text_column("source"),
    text_column("grade"),
    recorded(),
    gone(),
)
CALENDAR_DAY = Table(
    "calendar_day",
    METADATA,
    Column("day", Date, primary_key=True),
    text_column("kind"),
    text_column("name_zh"),
    text_column("name_en"),
    text_column("status"),
    text_column("source"),
    recorded(),
    gone(),
)
VERSIONED: tuple[Table, ...] = (
    NODE,
    SPACE_EDGE,
    GATEWAY,
    ROUTE,
    METER,
    SUPPLY_EDGE,
    POINT,
    INSTALLATION,
    TARIFF_ROW,
    FACTOR,
    CALENDAR_DAY,
)
"""Tables whose rows are never overwritten: a changed fact is a row more."""


def natural_key(table: Table) -> list[str]:
    """The key of the fact; with the version that recorded it, it is that of a row."""
    return [c.name for c in table.primary_key.columns if c.name != "recorded_version"]


for _table in VERSIONED:
    one_stands(_table, "stands", *natural_key(_table))
one_stands(POINT, "name_stands", "gateway", "name")

REGISTRY_STATE = Table(
    "registry_state",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    number("version"),
)
CREDENTIAL = Table(
    "credential",
    METADATA,
    key("user"),
    text_column("hash"),
    number("set_us"),
)
