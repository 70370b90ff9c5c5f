"""Tables of findings, keys and the audit log: what people see, may do and did."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Float,
    Index,
    Table,
)

from storage.sql.schema.columns import (
    METADATA,
    SERIAL,
    key,
    number,
    text_column,
)
from storage.sql.types import Exact

FINDING_CASE = Table(
    "finding_case",
    METADATA,
    Column("number", SERIAL, primary_key=True),
    text_column("institution"),
    text_column("node"),
    text_column("meter"),
    text_column("item"),
    text_column("pattern"),
    text_column("state"),
    text_column("state_by"),
    text_column("state_note"),
    number("state_us"),
    text_column("closed"),
    number("opened_us"),
    text_column("legacy_id"),
    number("told_day"),
    number("first_us"),
    number("last_us"),
    Column("price", Float(53), nullable=False),
    Column("waste", Float(53), nullable=False),
    text_column("assignee"),
    number("snoozed_us"),
    Column("snoozed_rate", Float(53), nullable=False),
    number("fixed_us"),
    number("relapses"),
    number("relapsed_us"),
    Column("saving", JSON, nullable=False),
    number("first_by"),
    text_column("first_unit"),
    Column("first_sure", Float(53), nullable=False),
    Index(None, "institution", "state"),
    Index(None, "legacy_id"),
    sqlite_autoincrement=True,
)
"""Day, span, price and waste are those of the newest finding, to join, find and sort by; what
begins with `first` was known when the case was opened (`metering.alerting.Sure`)."""

CASE_EVENT = Table(
    "case_event",
    METADATA,
    Column("number", SERIAL, primary_key=True),
    number("case_number"),
    number("at_us"),
    text_column("actor"),
    text_column("act"),
    text_column("old"),
    text_column("new"),
    text_column("comment"),
    Column("detail", JSON, nullable=False),
    Index(None, "case_number", "number"),
    sqlite_autoincrement=True,
)
"""What people and the platform did with cases: rows are added, and never changed."""

FINDING = Table(
    "finding",
    METADATA,
    Column("case_number", BigInteger, primary_key=True, autoincrement=False),
    Column("day", BigInteger, primary_key=True, autoincrement=False),
    number("start_us"),
    number("end_us"),
    Column("hours_us", JSON, nullable=False),
    Column("hours", JSON, nullable=False),
    Column("expected", BigInteger),
    Column("measured", BigInteger),
    Column("waste", Float(53), nullable=False),
    Column("waste_low", Float(53), nullable=False),
    Column("waste_high", Float(53), nullable=False),
    Column("cost", Exact),
    text_column("currency"),
    Column("costs", JSON, nullable=False),
    Column("kgco2", Exact),
    Column("confidence", Float(53), nullable=False),
    text_column("baseline_version"),
    text_column("cause"),
    text_column("action"),
    Column("detail", JSON, nullable=False),
    Column("hourly", JSON, nullable=False),
    Column("beside", JSON, nullable=False),
    number("revision"),
    number("found_us"),
)

API_KEY = Table(
    "api_key",
    METADATA,
    key("id"),
    text_column("name"),
    text_column("node"),
    text_column("role"),
    text_column("hash"),
    number("created_us"),
    number("revoked_us"),
    text_column("purpose"),
    number("expires_us"),
    number("used_us"),
)
AUDIT_ENTRY = Table(
    "audit_entry",
    METADATA,
    Column("id", SERIAL, primary_key=True),
    number("at_us"),
    text_column("actor"),
    text_column("action"),
    text_column("subject"),
    text_column("institution"),
    Column("detail", JSON, nullable=False),
    text_column("reason"),
    Index(None, "institution", "id"),
    sqlite_autoincrement=True,
)
