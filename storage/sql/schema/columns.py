"""What all tables share: their naming and the kinds of their columns.

Times are microseconds since the epoch (UTC), days of books are days since 1970-01-01.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Index, Integer, MetaData, Table, text

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


def key(name: str) -> Column[str]:
    """A text of the natural key."""
    return Column(name, WORDS, primary_key=True)


def recorded() -> Column[int]:
    """Version of the registry that recorded the row, as the last part of its key."""
    return Column("recorded_version", BigInteger, primary_key=True, autoincrement=False)


def gone() -> Column[int]:
    """Version of the registry from which on the row no longer stands; null while it does."""
    return Column("gone_version", BigInteger)


def one_stands(table: Table, name: str, *columns: str) -> Index:
    """Of rows that stand, no two have the same columns."""
    stands = text("gone_version IS NULL")
    return Index(
        f"uq_{table.name}_{name}",
        *(table.c[column] for column in columns),
        unique=True,
        sqlite_where=stands,
        postgresql_where=stands,
    )


def since() -> Column[object]:
    """First day of a dated fact, as part of its key."""
    return Column("valid_start", Since, primary_key=True)


def until() -> Column[object]:
    """The day on which a dated fact no longer holds; null means for ever."""
    return Column("valid_end", Date)
