"""Tables of the registry: trees, gateways, meters, points, prices, factors and calendar."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Integer,
    Table,
    UniqueConstraint,
)

from storage.sql.schema.columns import (
    METADATA,
    key,
    number,
    reference,
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
)
SPACE_EDGE = Table(
    "space_edge",
    METADATA,
    key("parent", "node.code"),
    key("child", "node.code"),
    since(),
    until(),
    Column("share", Exact, nullable=False),
)
GATEWAY = Table(
    "gateway",
    METADATA,
    key("user"),
    reference("site", "node.code"),
    text_column("code"),
    text_column("name_zh"),
    text_column("name_en"),
)
METER = Table(
    "meter",
    METADATA,
    key("code"),
    reference("node", "node.code"),
    text_column("item"),
    Column("total", Boolean, nullable=False),
    Column("step_min", Integer, nullable=False),
    Column("dc_role", WORDS),
    Column("max_per_hour", Exact),
    text_column("name_zh"),
    text_column("name_en"),
    Column("valid_start", Date),
    until(),
)
SUPPLY_EDGE = Table(
    "supply_edge",
    METADATA,
    key("source", "meter.code"),
    key("fed", "meter.code"),
    since(),
    until(),
)
POINT = Table(
    "point",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    reference("gateway", "gateway.user"),
    text_column("name"),
    text_column("kind"),
    text_column("unit"),
    Column("role", WORDS),
    reference("node", "node.code", nullable=True),
    Column("low", Float(53)),
    Column("high", Float(53)),
    text_column("sent_unit"),
    UniqueConstraint("gateway", "name"),
)
INSTALLATION = Table(
    "installation",
    METADATA,
    key("meter", "meter.code"),
    Column("point", BigInteger, ForeignKey("point.id"), primary_key=True, autoincrement=False),
    since(),
    until(),
    Column("ratio", Exact, nullable=False),
    Column("digits", Integer),
    text_column("register_unit"),
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
)
REGISTRY_STATE = Table(
    "registry_state",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    number("version"),
)
CREDENTIAL = Table(
    "credential",
    METADATA,
    key("user", "gateway.user"),
    text_column("hash"),
    number("set_us"),
)
