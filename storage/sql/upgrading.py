"""Upgrading a database so that nothing is lost: looked at, migrated and looked at again, all in
one transaction. Where the second look finds anything amiss, the schema stays what it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, func, inspect, literal, select, table

from metering.book import BookRow, SeriesKey
from metering.bookhash import book_hash
from metering.errors import ConfigurationError
from storage.sql.book_codec import unpacked
from storage.sql.book_lookup import all_ids
from storage.sql.engine import open_engine, reading, wait_for_turn, writing
from storage.sql.migrate import Schema, head, revision, upgrade
from storage.sql.partitions import PARTITION_NAMES
from storage.sql.registry_codec import registry_of
from storage.sql.schema import BOOK_ROW, METADATA

_BEFORE = {"parts": None, "rules": 1, "told": True}
"""What a book row held in effect before it had these columns."""


@dataclass(frozen=True)
class Upgraded:
    """What an upgrade found."""

    before: str
    """The schema's revision that it met."""
    after: str
    book_rows: int
    """Rows of the books, superseded ones too, each of them decoded."""
    book_hash: str


def schema_of(url: str) -> str | None:
    """The revision of a database's schema, None for an empty one; ConfigurationError for a newer
    or foreign one."""
    with _opened(url) as engine, reading(engine) as con:
        return revision(con)


def upgrade_database(url: str) -> Upgraded:
    """Bring a database of an older schema up to date.

    ConfigurationError, and nothing changed, where it is empty or newer, or where afterwards the
    schema were not the program's, a row could not be decoded, a table had fewer rows, or the
    books had another hash.
    """
    with _opened(url) as engine, writing(engine) as con:
        wait_for_turn(con)
        before = revision(con)
        if before is None:
            raise ConfigurationError(
                "the database is empty: there is nothing to upgrade",
                field="database",
                value=engine.url.database,
                fix="name the database of this data folder, or begin with `greenoffice init`",
            )
        old = _look(con)
        if before != head():
            upgrade(con)
        new = _look(con)
        _check(con, old, new)
        return Upgraded(before, head(), new.rows, new.hash)


@dataclass
class _Look:
    """A database as it was at one moment."""

    counts: dict[str, int]
    hash: str = ""
    rows: int = 0


@dataclass
class _Books:
    """Book rows of any schema, decoded one by one; counts them."""

    con: Connection
    rows: int = field(default=0)

    def digest_rows(self, institution: str | None = None) -> Iterator[BookRow]:
        there = {column["name"] for column in inspect(self.con).get_columns("book_row")}
        columns: list[ColumnElement[Any]] = [
            c if c.name in there else _absent(c.name) for c in BOOK_ROW.c
        ]
        for key, id in sorted(all_ids(self.con, institution).items()):
            statement = select(*columns).where(BOOK_ROW.c.series_id == id)
            for found in self.con.execute(statement.order_by(BOOK_ROW.c.day, BOOK_ROW.c.revision)):
                row = _decoded(found, key)
                self.rows += 1
                if found.superseded_at is None and not row.provisional:
                    yield row


def _decoded(found: Row[Any], key: SeriesKey) -> BookRow:
    try:
        return unpacked(found, key)
    except (ValueError, TypeError) as error:  # msgspec's errors are among them
        raise ConfigurationError(
            f"a book row cannot be decoded: {error}; nothing was changed",
            field="book_row",
            value=(*vars(key).values(), found.day, found.revision),
            fix="restore the backup from before it was damaged",
        ) from error


def _absent(name: str) -> ColumnElement[Any]:
    return literal(_BEFORE.get(name)).label(name)


def _look(con: Connection) -> _Look:
    names = set(inspect(con).get_table_names()) & METADATA.tables.keys()
    counts = {n: con.scalar(select(func.count()).select_from(table(n))) or 0 for n in names}
    books = _Books(con)
    told = book_hash(books)
    return _Look(counts, told, books.rows)


def _check(con: Connection, old: _Look, new: _Look) -> None:
    """ConfigurationError for the first thing amiss."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    options = {"compare_type": True, "include_name": of_the_model}
    context = MigrationContext.configure(con, opts=options)
    if differences := compare_metadata(context, METADATA):
        raise _amiss("the schema is not the program's", differences[0])
    fewer = [name for name, count in sorted(old.counts.items()) if new.counts[name] < count]
    if fewer:
        raise _amiss("rows would be lost", fewer)
    if (old.hash, old.rows) != (new.hash, new.rows):
        raise _amiss("the books would be others", f"{old.hash} -> {new.hash}")
    registry_of(con, 0)


def of_the_model(name: str | None, kind: str, _parents: object) -> bool:
    """Whether a thing of a database is compared with the tables of the code: partitions have what
    their table has."""
    return kind != "table" or name not in PARTITION_NAMES


def _amiss(what: str, value: object) -> ConfigurationError:
    return ConfigurationError(
        f"after the upgrade {what}; nothing was changed",
        field="database",
        value=value,
        fix="go on with the version that wrote it, and report what this says",
    )


@contextmanager
def _opened(url: str) -> Iterator[Engine]:
    engine = open_engine(url, schema=Schema.UNTOUCHED)
    try:
        yield engine
    finally:
        engine.dispose()
