"""Tables. Times are microseconds since the epoch (UTC), days are days since 1970-01-01.

registry   node, space_edge, gateway, meter, supply_edge, point, installation,
           tariff_row, factor, calendar_day, registry_state, credential
intake     checkpoint, gateway_counts, dead_letter, seen_key, dirty_mark
books      institution_revision, series, book_row, restatement, register_event
findings   finding
access     api_key, audit_entry
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from storage.sql.types import Exact, Since

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

SERIAL = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only in a column that is called INTEGER."""


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _number(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _key(name: str, refers: str | None = None) -> Column[str]:
    return Column(name, Text, *([ForeignKey(refers)] if refers else []), primary_key=True)


def _reference(name: str, refers: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, ForeignKey(refers), nullable=nullable)


def _since() -> Column[object]:
    return Column("valid_start", Since, primary_key=True)


def _until() -> Column[object]:
    return Column("valid_end", Date)


NODE = Table(
    "node",
    METADATA,
    _key("code"),
    _text("type"),
    _text("name_zh"),
    _text("name_en"),
    Column("zone", Text),
    Column("area_m2", Exact),
    Column("persons", Integer),
)
SPACE_EDGE = Table(
    "space_edge",
    METADATA,
    _key("parent", "node.code"),
    _key("child", "node.code"),
    _since(),
    _until(),
    Column("share", Exact, nullable=False),
)
GATEWAY = Table(
    "gateway",
    METADATA,
    _key("user"),
    _reference("site", "node.code"),
    _text("code"),
    _text("name_zh"),
    _text("name_en"),
)
METER = Table(
    "meter",
    METADATA,
    _key("code"),
    _reference("node", "node.code"),
    _text("item"),
    Column("total", Boolean, nullable=False),
    Column("step_min", Integer, nullable=False),
    Column("dc_role", Text),
    Column("max_per_hour", Exact),
    _text("name_zh"),
    _text("name_en"),
    Column("valid_start", Date),
    _until(),
)
SUPPLY_EDGE = Table(
    "supply_edge",
    METADATA,
    _key("source", "meter.code"),
    _key("fed", "meter.code"),
    _since(),
    _until(),
)
POINT = Table(
    "point",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    _reference("gateway", "gateway.user"),
    _text("name"),
    _text("kind"),
    _text("unit"),
    Column("role", Text),
    _reference("node", "node.code", nullable=True),
    Column("low", Float(53)),
    Column("high", Float(53)),
    UniqueConstraint("gateway", "name"),
)
INSTALLATION = Table(
    "installation",
    METADATA,
    _key("meter", "meter.code"),
    Column("point", BigInteger, ForeignKey("point.id"), primary_key=True, autoincrement=False),
    _since(),
    _until(),
    Column("ratio", Exact, nullable=False),
    Column("digits", Integer),
    _text("register_unit"),
)
TARIFF_ROW = Table(
    "tariff_row",
    METADATA,
    _key("tariff"),
    _key("institution"),
    _key("item"),
    _since(),
    Column("place", Integer, primary_key=True, autoincrement=False),
    _until(),
    _text("months"),
    _text("days"),
    Column("start_min", Integer, nullable=False),
    Column("end_min", Integer, nullable=False),
    _text("period"),
    Column("price", Exact, nullable=False),
    _text("currency"),
    _text("source"),
    _text("grade"),
)
FACTOR = Table(
    "factor",
    METADATA,
    _key("item"),
    _key("quantity"),
    _key("region"),
    _since(),
    _until(),
    Column("value", Exact, nullable=False),
    _text("source"),
    _text("grade"),
)
CALENDAR_DAY = Table(
    "calendar_day",
    METADATA,
    Column("day", Date, primary_key=True),
    _text("kind"),
    _text("name_zh"),
    _text("name_en"),
    _text("status"),
    _text("source"),
)
REGISTRY_STATE = Table(
    "registry_state",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    _number("version"),
)
CREDENTIAL = Table(
    "credential",
    METADATA,
    _key("user", "gateway.user"),
    _text("hash"),
    _number("set_us"),
)

CHECKPOINT = Table(
    "checkpoint",
    METADATA,
    Column("writer_no", Integer, primary_key=True, autoincrement=False),
    _number("segment"),
    _number("message_offset"),
    _number("at_us"),
)
GATEWAY_COUNTS = Table(
    "gateway_counts",
    METADATA,
    _key("gateway"),
    *(
        _number(name)
        for name in (
            "messages",
            "readings",
            "new",
            "duplicates",
            "corrections",
            "outdated",
            "dead",
            "bytes",
            "last_arrival_us",
            "last_time_us",
            "connection_us",
        )
    ),
    Column("last_skew_us", BigInteger),
    Column("connected", Boolean),
)
DEAD_LETTER = Table(
    "dead_letter",
    METADATA,
    Column("id", SERIAL, primary_key=True),
    _text("gateway"),
    _text("digest"),
    _number("message_index"),
    _text("route"),
    _text("reason"),
    _text("message"),
    _text("field"),
    _text("value"),
    _text("fix"),
    _text("point"),
    _number("segment"),
    _number("message_offset"),
    _number("arrived_us"),
    Column("preview", LargeBinary, nullable=False),
    _text("state"),
    _number("seen"),
    UniqueConstraint("gateway", "digest", "message_index"),
    Index(None, "state", "reason"),
    sqlite_autoincrement=True,
)
SEEN_KEY = Table("seen_key", METADATA, _key("gateway"), _key("key"))
DIRTY_MARK = Table(
    "dirty_mark",
    METADATA,
    Column("id", SERIAL, primary_key=True),
    Column("writer_no", Integer, nullable=False),
    Column("ready", Boolean, nullable=False),
    _number("point"),
    _number("start_us"),
    _number("end_us"),
    _text("cause"),
    _number("segment"),
    _number("message_offset"),
    Index(None, "ready", "writer_no"),
    sqlite_autoincrement=True,
)

INSTITUTION_REVISION = Table(
    "institution_revision", METADATA, _key("institution"), _number("revision")
)
SERIES = Table(
    "series",
    METADATA,
    Column("id", SERIAL, primary_key=True),
    _text("institution"),
    _text("kind"),
    _text("code"),
    _text("item"),
    UniqueConstraint("institution", "kind", "code", "item"),
    sqlite_autoincrement=True,
)
BOOK_ROW = Table(
    "book_row",
    METADATA,
    Column("series_id", BigInteger, ForeignKey("series.id"), primary_key=True, autoincrement=False),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("revision", BigInteger, primary_key=True, autoincrement=False),
    Column("superseded_at", BigInteger),
    Column("step_min", SmallInteger, nullable=False),
    Column("provisional", Boolean, nullable=False),
    Column("total", BigInteger),
    Column("slots", LargeBinary, nullable=False),
    Column("shares", LargeBinary),
    Column("hour_shares", LargeBinary),
    Column("day_shares", LargeBinary),
    Column("spill", LargeBinary),
)
Index(
    "uq_book_row_current",
    BOOK_ROW.c.series_id,
    BOOK_ROW.c.day,
    unique=True,
    sqlite_where=text("superseded_at IS NULL"),
    postgresql_where=text("superseded_at IS NULL"),
)
RESTATEMENT = Table(
    "restatement",
    METADATA,
    Column("serial", SERIAL, primary_key=True),
    _text("institution"),
    Column("series_id", BigInteger, ForeignKey("series.id"), nullable=False),
    Column("day", Integer, nullable=False),
    _number("old_revision"),
    _number("new_revision"),
    Column("old_total", BigInteger),
    Column("new_total", BigInteger),
    _number("recorded_us"),
    _text("cause"),
    Index(None, "institution", "serial"),
)
REGISTER_EVENT = Table(
    "register_event",
    METADATA,
    _key("institution"),
    _key("meter"),
    _key("kind"),
    Column("start_us", BigInteger, primary_key=True, autoincrement=False),
    _number("end_us"),
)

FINDING = Table(
    "finding",
    METADATA,
    _key("id"),
    _text("institution"),
    _text("node"),
    _text("meter"),
    _text("item"),
    _text("pattern"),
    _number("start_us"),
    _number("end_us"),
    Column("hours_us", JSON, nullable=False),
    Column("expected", BigInteger),
    Column("measured", BigInteger),
    Column("waste_kwh", Float(53), nullable=False),
    Column("waste_low_kwh", Float(53), nullable=False),
    Column("waste_high_kwh", Float(53), nullable=False),
    Column("cost", Exact),
    Column("price", Float(53), nullable=False),
    _text("currency"),
    Column("kgco2", Exact),
    Column("confidence", Float(53), nullable=False),
    _text("baseline_version"),
    _text("cause"),
    _text("action"),
    Column("detail", JSON, nullable=False),
    Column("hourly", JSON, nullable=False),
    _text("state"),
    _text("state_by"),
    _text("state_note"),
    _number("state_us"),
    _number("found_us"),
    Index(None, "institution", "state"),
)

API_KEY = Table(
    "api_key",
    METADATA,
    _key("id"),
    _text("name"),
    _text("node"),
    _text("role"),
    _text("hash"),
    _number("created_us"),
    _number("revoked_us"),
)
AUDIT_ENTRY = Table(
    "audit_entry",
    METADATA,
    Column("id", SERIAL, primary_key=True),
    _number("at_us"),
    _text("actor"),
    _text("action"),
    _text("subject"),
    _text("institution"),
    Column("detail", JSON, nullable=False),
    _text("reason"),
    Index(None, "institution", "id"),
    sqlite_autoincrement=True,
)
