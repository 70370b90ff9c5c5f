"""The SQL database in a backup: always one SQLite file, whatever engine it came from.

So a backup of PostgreSQL needs no program of PostgreSQL, fits any version of it, and can be
restored to SQLite; and the other way round.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, Table, func, insert, select, text
from sqlalchemy.engine import make_url

from metering.errors import Conflict, Unavailable
from storage.backup.manifest import Place
from storage.backup.sqlite_files import copy_sqlite
from storage.sql.engine import open_engine, reading, writing
from storage.sql.faults import shown
from storage.sql.feeding import renew_secret
from storage.sql.migrate import Schema, head, revision, upgrade
from storage.sql.partitions import is_partitioned, plain, wide
from storage.sql.schema import METADATA

_ROWS = 1_000
_ROWS_AT_ONCE = {"report_issue": 20, "report_file": 20, "baseline": 50}
"""Rows that hold whole files, or what a baseline has learned, are copied in smaller portions."""
_COUNTED = [table for table in METADATA.sorted_tables if table.autoincrement_column is not None]
"""Tables whose rows the engine numbers; a number must not come again after a restore either."""


def back_up_database(url: str, target: Path) -> None:
    """Write one consistent state of the database, in use or not, to a new SQLite file."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        _copy_file(Path(parsed.database or ""), target)
        return
    engine = open_engine(url, schema=Schema.UNTOUCHED)
    try:
        _copy_to_file(engine, target)
    finally:
        engine.dispose()


def restore_database(source: Path, url: str) -> None:
    """Fill an empty database from the SQLite file of a backup; the schema is brought up to date.
    Cursors of the feed of all institutions that were given out since the backup open nothing.

    Conflict where there is a file, or anything in the tables, already.
    """
    if make_url(url).get_backend_name() == "sqlite":
        _restore_file(source, url)
        return
    with tempfile.TemporaryDirectory(prefix="greenoffice-restore-") as scratch:
        copied = Path(scratch) / "greenoffice.db"  # opening would change the backup itself
        shutil.copyfile(source, copied)
        old = open_engine(f"sqlite:///{copied}", schema=Schema.UPGRADED)
        new = open_engine(url)
        try:
            with reading(old) as before, writing(new) as con:
                _must_be_empty(con, new)
                _copy_rows(before, con)
                renew_secret(con)
        finally:
            old.dispose()
            new.dispose()


def check_vacant(url: str) -> None:
    """Conflict where `restore_database` would find data; makes no file and no rows."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if Path(parsed.database or "").exists():
            raise _occupied(parsed.database or "")
        return
    engine = open_engine(url)
    try:
        with reading(engine) as con:
            _must_be_empty(con, engine)
    finally:
        engine.dispose()


def schema_and_checkpoints(path: Path) -> tuple[str, dict[int, Place]]:
    """The schema's revision, and where each writer's journal is read on, of a backed-up file."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as c:
        (schema,) = c.execute("SELECT version_num FROM alembic_version").fetchone()
        rows = c.execute("SELECT writer_no, segment, message_offset FROM checkpoint").fetchall()
    return schema, {writer: (segment, offset) for writer, segment, offset in rows}


def _copy_file(source: Path, target: Path) -> None:
    try:
        copy_sqlite(source, target)
    except sqlite3.Error as error:
        raise Unavailable(
            f"the database cannot be copied: {error}",
            field="database",
            value=str(source),
            fix="look whether the file can be read and the disk has room, then back up again",
        ) from error


def _copy_to_file(engine: Engine, target: Path) -> None:
    made = open_engine(f"sqlite:///{target}", schema=Schema.UNTOUCHED)
    try:
        with reading(engine) as before, writing(made) as con:
            present = revision(before)
            upgrade(con, present or "head")
            if present is not None:
                _copy_rows(before, con)
    finally:
        made.dispose()
    with closing(sqlite3.connect(target, isolation_level=None)) as con:
        con.execute("PRAGMA journal_mode=DELETE")


def _restore_file(source: Path, url: str) -> None:
    path = Path(make_url(url).database or "")
    if path.exists():
        raise _occupied(str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, path)
    engine = open_engine(url, schema=Schema.UPGRADED)
    try:
        with writing(engine) as con:
            renew_secret(con)
    finally:
        engine.dispose()


def _must_be_empty(con: Connection, engine: Engine) -> None:
    for table in METADATA.sorted_tables:
        if con.execute(select(table).limit(1)).first() is not None:
            raise _occupied(shown(engine.url))


def _occupied(value: str) -> Conflict:
    return Conflict(
        "there is data already",
        field="database",
        value=value,
        fix="restore into a new folder or an empty database",
    )


def _copy_rows(source: Connection, target: Connection) -> None:
    """All rows of all tables, those referred to first, and what the next numbers will be."""
    pairs, renumbered = _tables(source, target), _Renumbered(target)
    for old, new in pairs:
        portion = {"yield_per": _ROWS_AT_ONCE.get(new.name, _ROWS)}
        found = source.execute(select(old), execution_options=portion)
        for part in found.mappings().partitions():
            target.execute(insert(new), renumbered(new.name, [dict(row) for row in part]))
    names = {new.name for _, new in pairs}
    for table in _COUNTED:
        if table.name in names:
            _count_on(target, table, _last_number(source, table))


class _Renumbered:
    """Gives series the numbers that they have in the target, and what refers to them, which comes
    after them, too."""

    def __init__(self, target: Connection) -> None:
        self._wide = is_partitioned(target)
        self._numbers: dict[int, int] = {}

    def __call__(self, table: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if table == "series":
            for row in rows:
                own = wide(row["id"], row["institution"]) if self._wide else plain(row["id"])
                self._numbers[row["id"]] = row["id"] = own
        elif rows and "series_id" in rows[0]:
            for row in rows:
                row["series_id"] = self._numbers[row["series_id"]]
        return rows


def _tables(source: Connection, target: Connection) -> list[tuple[Table, Table]]:
    """The tables of both databases, of one schema, side by side. Those of an older schema are as
    the databases themselves say."""
    if revision(source) == head():
        return [(table, table) for table in METADATA.sorted_tables]
    there, here = MetaData(), MetaData()
    there.reflect(source)
    here.reflect(target)
    tables = (table for table in here.sorted_tables if table.name != "alembic_version")
    return [(there.tables[table.name], table) for table in tables]


def _last_number(con: Connection, table: Table) -> int:
    """The highest number the table ever gave, also to rows that are gone."""
    column = table.autoincrement_column
    assert column is not None
    if con.dialect.name == "postgresql":
        name = con.scalar(select(func.pg_get_serial_sequence(table.name, column.name)))
        last = con.scalar(text("SELECT coalesce(pg_sequence_last_value(:name), 0)"), {"name": name})
    elif table.dialect_options["sqlite"]["autoincrement"]:
        last = con.scalar(
            text("SELECT seq FROM sqlite_sequence WHERE name = :t"), {"t": table.name}
        )
    else:
        last = con.scalar(select(func.max(column)))
    return int(last or 0)


def _count_on(con: Connection, table: Table, last: int) -> None:
    column = table.autoincrement_column
    assert column is not None
    if not last:
        return
    if con.dialect.name == "postgresql":
        name = func.pg_get_serial_sequence(table.name, column.name)
        con.execute(select(func.setval(name, last)))
    elif table.dialect_options["sqlite"]["autoincrement"]:
        name_and_last = {"t": table.name, "n": last}
        con.execute(text("DELETE FROM sqlite_sequence WHERE name = :t"), name_and_last)
        con.execute(text("INSERT INTO sqlite_sequence VALUES (:t, :n)"), name_and_last)
