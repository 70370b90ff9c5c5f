"""Tables of closed periods and settlement runs."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Date, Index, Table, UniqueConstraint, text

from storage.sql.schema.columns import METADATA, SERIAL, number, text_column
from storage.sql.types import WORDS

CLOSING = Table(
    "closing",
    METADATA,
    Column("number", SERIAL, primary_key=True),
    text_column("institution"),
    text_column("period"),
    Column("first", Date, nullable=False),
    Column("last", Date, nullable=False),
    number("revision"),
    number("registry_version"),
    number("rules_version"),
    text_column("factor_set"),
    text_column("tariff_version"),
    Column("lacking", JSON, nullable=False),
    Column("issues", JSON, nullable=False),
    Column("others", JSON, nullable=False, server_default="{}"),
    number("closed_us"),
    text_column("closed_by"),
    text_column("closed_key"),
    text_column("reason"),
    Column("asked_us", BigInteger),
    Column("asked_by", WORDS),
    Column("asked_key", WORDS),
    Column("asked_reason", WORDS),
    Column("reopened_us", BigInteger),
    Column("reopened_by", WORDS),
    Column("reopened_key", WORDS),
    sqlite_autoincrement=True,
)
Index(
    "uq_closing_stands",
    CLOSING.c.institution,
    CLOSING.c.period,
    unique=True,
    sqlite_where=text("reopened_us IS NULL"),
    postgresql_where=text("reopened_us IS NULL"),
)
SETTLEMENT_RUN = Table(
    "settlement_run",
    METADATA,
    Column("id", SERIAL, primary_key=True),
    text_column("institution"),
    text_column("period"),
    number("number"),
    Column("first", Date, nullable=False),
    Column("through", Date, nullable=False),
    number("revision"),
    number("registry_version"),
    number("run_us"),
    text_column("run_by"),
    Column("items", JSON, nullable=False),
    UniqueConstraint("institution", "period", "number"),
    sqlite_autoincrement=True,
)
