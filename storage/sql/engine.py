"""Opening the SQL database, and the only place that knows one engine from another.

    with reading(engine) as con: ...    a stable snapshot
    with writing(engine) as con: ...    one transaction; on SQLite the only writer at a time

SQLite runs in WAL mode with synchronous=FULL: several processes share the file, a commit is on
disk when it returns, and readers never wait. A write transaction takes the write lock at its
start; if it began as a reader, SQLite could only refuse it later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from metering.errors import ConfigurationError, StorageFull, Unavailable
from storage.sql.migrate import upgrade

BUSY_TIMEOUT_MS = 30_000
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
    "PRAGMA journal_size_limit=67108864",
)
_INSERTS: dict[str, Callable[[Table], sqlite.Insert | postgresql.Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}
_OPTIONS: dict[str, dict[str, Any]] = {
    "sqlite": {"connect_args": {"check_same_thread": False}, "pool_size": 8, "max_overflow": 24},
    "postgresql": {"pool_size": 8, "pool_pre_ping": True},
}
_SNAPSHOT: dict[str, dict[str, Any]] = {
    "sqlite": {},  # every transaction is one
    "postgresql": {"isolation_level": "REPEATABLE READ"},
}
Row = dict[str, Any]


def open_engine(url: str, *, migrate: bool = True) -> Engine:
    """An engine on the database, its schema brought up to date.

    `sqlite:////path/greenoffice.db` needs nothing; the file is made. Raises ConfigurationError
    where the URL is wrong or the database cannot be opened.
    """
    engine = _created(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)
    try:
        with writing(engine) as con:
            if migrate:
                upgrade(con)
    except Unavailable as error:
        raise ConfigurationError(
            f"the database cannot be opened: {error.message}",
            field="database_url",
            value=engine.url.render_as_string(),
            fix="check the path, its folder's rights and the free space",
        ) from error
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that sees one state of the database throughout."""
    snapshot = engine.execution_options(**_SNAPSHOT[engine.dialect.name])
    with _translating(), snapshot.begin() as con:
        yield con


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes: committed at the end, rolled back on any exception."""
    with _translating(), engine.execution_options(writes=True).begin() as con:
        yield con


def upsert(con: Connection, table: Table, rows: Sequence[Row], keys: Sequence[str]) -> None:
    """Insert rows, or replace those of equal `keys`. Keys must be unique among the rows."""
    if not rows:
        return
    statement = _INSERTS[con.dialect.name](table)
    others = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    con.execute(
        statement.on_conflict_do_update(index_elements=list(keys), set_=others)
        if others
        else statement.on_conflict_do_nothing(index_elements=list(keys)),
        rows,
    )


def insert_missing(con: Connection, table: Table, rows: Sequence[Row], keys: Sequence[str]) -> None:
    """Insert the rows whose `keys` are not there yet; leave the others as they are."""
    if rows:
        statement = _INSERTS[con.dialect.name](table)
        con.execute(statement.on_conflict_do_nothing(index_elements=list(keys)), rows)


def _created(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
            raise _bad_url(url)  # each thread would have a database of its own
        return create_engine(parsed, **_OPTIONS[parsed.get_backend_name()])
    except (ArgumentError, KeyError, ImportError) as error:
        raise _bad_url(url) from error


def _bad_url(url: str) -> ConfigurationError:
    return ConfigurationError(
        "not a database this platform can use",
        field="database_url",
        value=url,
        fix="write sqlite:////absolute/path/greenoffice.db",
    )


def _set_pragmas(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin transactions by itself
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin(con: Connection) -> None:
    writes = con.get_execution_options().get("writes", False)
    con.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _translating() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        text = str(error.orig)
        if "disk is full" in text or "No space left" in text:
            raise StorageFull(
                "the disk of the database is full; nothing of it was stored",
                field="database",
                fix="free space: work goes on by itself",
            ) from error
        raise Unavailable(f"the database does not answer: {text}") from error
    except PoolTimeout as error:
        raise Unavailable("all connections to the database are busy") from error
