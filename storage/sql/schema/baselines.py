"""Tables of the baselines: their versions, what people asked for, and how far new meters are."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Integer, LargeBinary, Table

from storage.sql.schema.columns import METADATA, SERIAL, key, number, text_column

BASELINE = Table(
    "baseline",
    METADATA,
    key("meter"),
    Column("number", Integer, primary_key=True, autoincrement=False),
    text_column("institution"),
    text_column("id"),
    number("made_us"),
    number("day"),
    number("first_day"),
    number("last_day"),
    number("days"),
    Column("rung", Integer, nullable=False),
    Column("error", Float(53)),
    text_column("settings"),
    text_column("reason"),
    text_column("actor"),
    number("asked"),
    number("revision"),
    number("left_out"),
    text_column("inputs"),
    Column("model", LargeBinary, nullable=False),
)
BASELINE_REQUEST = Table(
    "baseline_request",
    METADATA,
    Column("number", SERIAL, primary_key=True),
    text_column("institution"),
    text_column("meter"),
    number("from_day"),
    text_column("reason"),
    text_column("actor"),
    number("at_us"),
    sqlite_autoincrement=True,
)
BASELINE_PROGRESS = Table(
    "baseline_progress",
    METADATA,
    key("meter"),
    text_column("institution"),
    Column("days", BigInteger, nullable=False),
    number("day"),
)
