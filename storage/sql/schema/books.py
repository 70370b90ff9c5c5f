"""Tables of the books: revisions, series, rows, restatements and register events."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    UniqueConstraint,
    text,
    true,
)

from storage.sql.schema.columns import (
    METADATA,
    SERIAL,
    key,
    number,
    text_column,
)

BY_SERIES = "RANGE (series_id)"
"""And so by institution (`storage.sql.partitions`); the migrations make the partitions."""
INSTITUTION_REVISION = Table(
    "institution_revision", METADATA, key("institution"), number("revision")
)
SERIES = Table(
    "series",
    METADATA,
    Column("id", SERIAL, primary_key=True),
    text_column("institution"),
    text_column("kind"),
    text_column("code"),
    text_column("item"),
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
    Column("parts", LargeBinary),
    Column("rules", SmallInteger, nullable=False, server_default="1"),
    Column("registry", Integer, nullable=False, server_default="0"),
    Column("told", Boolean, nullable=False, server_default=true()),
    Column("serial", BigInteger, server_default="0"),
    postgresql_partition_by=BY_SERIES,
)
"""`serial`: of the commit that settled a node's row; 0 of rows from before commits were counted,
null of what no feed tells."""
Index(
    "uq_book_row_current",
    BOOK_ROW.c.series_id,
    BOOK_ROW.c.day,
    unique=True,
    sqlite_where=text("superseded_at IS NULL"),
    postgresql_where=text("superseded_at IS NULL"),
)
Index(
    "ix_book_row_days",
    BOOK_ROW.c.series_id,
    BOOK_ROW.c.day,
    BOOK_ROW.c.total,
    BOOK_ROW.c.provisional,
    BOOK_ROW.c.day_shares,
    BOOK_ROW.c.spill,
    BOOK_ROW.c.superseded_at,
    BOOK_ROW.c.step_min,
    sqlite_where=text("superseded_at IS NULL"),
    postgresql_where=text("superseded_at IS NULL"),
)
"""All that a day is told of without its slots: a year of days never touches the rows."""
_MORE = (
    "shares IS NOT NULL OR hour_shares IS NOT NULL OR length(slots) * step_min <> 11520"
    " OR parts IS NOT NULL"
)
MIXED: Final = {
    "sqlite": f"({_MORE} AND substr(parts, length(parts), 1) <> X'90')",
    "postgresql": f"({_MORE} AND get_byte(parts, length(parts) - 1) <> 144)",
}
"""Which rows are anything else than one part of 24 hours (of 8 bytes a slot), all measured; said
to the letter by whoever asks for them, since an engine knows its index by that."""
Index(
    "ix_book_row_mixed",
    BOOK_ROW.c.series_id,
    BOOK_ROW.c.day,
    sqlite_where=text(f"superseded_at IS NULL AND {MIXED['sqlite']}"),
    postgresql_where=text(f"superseded_at IS NULL AND {MIXED['postgresql']}"),
)
"""Few rows: those whose slots have to be looked at to tell the quality of a period."""
Index(
    "ix_book_row_settled",
    BOOK_ROW.c.series_id,
    BOOK_ROW.c.revision,
    BOOK_ROW.c.day,
    BOOK_ROW.c.superseded_at,
    sqlite_where=text("provisional IS 0"),
    postgresql_where=text("provisional IS FALSE"),
)
Index(
    "ix_book_row_unsettled",
    BOOK_ROW.c.series_id,
    BOOK_ROW.c.day,
    sqlite_where=text("provisional IS 1"),
    postgresql_where=text("provisional IS TRUE"),
)
"""Few rows: what a ledger that begins anew has to settle, however long it was away."""
Index(
    "ix_book_row_fed",
    BOOK_ROW.c.serial,
    BOOK_ROW.c.revision,
    BOOK_ROW.c.series_id,
    BOOK_ROW.c.day,
    sqlite_where=text("serial IS NOT NULL AND superseded_at IS NULL AND provisional IS 0"),
    postgresql_where=text("serial IS NOT NULL AND superseded_at IS NULL AND provisional IS FALSE"),
)
FEED_HEAD = Table(
    "feed_head",
    METADATA,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    number("serial"),
    Column("secret", LargeBinary, nullable=False),
)
"""One row, made with the first commit or question: the serial of the last commit, which the next
one holds until its end, and what cursors are sealed with."""
BOOK_DIGEST = Table(
    "book_digest",
    METADATA,
    key("institution"),
    Column("level", SmallInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("energy", LargeBinary),
    Column("worth", LargeBinary),
)
"""Hashes of days (level 0, by day number) and months (level 1, months since the year 0), null where
they are to be made anew."""
Index(
    "ix_book_digest_gone",
    BOOK_DIGEST.c.institution,
    BOOK_DIGEST.c.level,
    BOOK_DIGEST.c.number,
    sqlite_where=text("energy IS NULL"),
    postgresql_where=text("energy IS NULL"),
)
BOOK_ROW_BEFORE = Table(
    "book_row_before",
    METADATA,
    Column("series_id", BigInteger, ForeignKey("series.id"), primary_key=True, autoincrement=False),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("until", BigInteger, primary_key=True, autoincrement=False),
    number("revision"),
    Column("step_min", SmallInteger, nullable=False),
    Column("total", BigInteger),
    Column("slots", LargeBinary, nullable=False),
    Column("shares", LargeBinary),
    Column("hour_shares", LargeBinary),
    Column("day_shares", LargeBinary),
    Column("spill", LargeBinary),
    Column("parts", LargeBinary),
    Column("rules", SmallInteger, nullable=False),
    Column("registry", Integer, nullable=False),
    postgresql_partition_by=BY_SERIES,
)
"""Settled rows as tariffs divided them before they were completed: up to the revision `until`."""
RESTATEMENT = Table(
    "restatement",
    METADATA,
    Column("serial", SERIAL, primary_key=True),
    text_column("institution"),
    Column("series_id", BigInteger, ForeignKey("series.id"), nullable=False),
    Column("day", Integer, nullable=False),
    number("old_revision"),
    number("new_revision"),
    Column("old_total", BigInteger),
    Column("new_total", BigInteger),
    number("recorded_us"),
    text_column("cause"),
    Column("given", Boolean, nullable=False, server_default=true()),
    Index(None, "institution", "serial"),
    sqlite_autoincrement=True,
)
"""A serial is never used again: what was replaced comes after all that was read before."""
Index(
    "uq_restatement_open",
    RESTATEMENT.c.series_id,
    RESTATEMENT.c.day,
    unique=True,
    sqlite_where=text("given IS 0"),
    postgresql_where=text("given IS FALSE"),
)
REGISTER_EVENT = Table(
    "register_event",
    METADATA,
    key("institution"),
    key("meter"),
    key("kind"),
    Column("start_us", BigInteger, primary_key=True, autoincrement=False),
    number("end_us"),
    Column("cost", BigInteger),
    Column("limit", BigInteger),
    Column("value", BigInteger),
    Column("energy", BigInteger),
)
