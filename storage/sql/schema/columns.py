"""What all tables share: their naming and the kinds of their columns.

Times are microseconds since the epoch (UTC), days of books are days since 1970-01-01.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, ForeignKey, Integer, MetaData

from storage.sql.types import WORDS, Since

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


def text_column(name: str) -> Column[str]:
    """A text that is never null, at most empty."""
    return Column(name, WORDS, nullable=False)


def number(name: str) -> Column[int]:
    """A 64-bit integer that is never null."""
    return Column(name, BigInteger, nullable=False)


def key(name: str, refers: str | None = None) -> Column[str]:
    """A text of the natural key."""
    return Column(name, WORDS, *([ForeignKey(refers)] if refers else []), primary_key=True)


def reference(name: str, refers: str, *, nullable: bool = False) -> Column[str]:
    """The natural key of a row of another table."""
    return Column(name, WORDS, ForeignKey(refers), nullable=nullable)


def since() -> Column[object]:
    """First day of a dated fact, as part of its key."""
    return Column("valid_start", Since, primary_key=True)


def until() -> Column[object]:
    """The day on which a dated fact no longer holds; null means for ever."""
    return Column("valid_end", Date)
