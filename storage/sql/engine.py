"""Opening the SQL database, and the only place that knows one engine from another.

    with reading(engine) as con: ...    a stable snapshot
    with writing(engine) as con: ...    one transaction; on SQLite the only writer at a time

A process that only reads opens with `Schema.READ`: SQLite's file with `mode=ro`, on PostgreSQL
every transaction READ ONLY.

SQLite runs in WAL mode with synchronous=FULL: several processes share the file, a commit is on
disk when it returns, and readers never wait. A write transaction takes the write lock at its
start; if it began as a reader, SQLite could only refuse it later.

PostgreSQL runs writers side by side in READ COMMITTED: who changes what another may change
holds its row first (`with_for_update`), so the second one waits and then sees the first one's
result. Readers have one snapshot (REPEATABLE READ). Commits are synchronous whatever the
server's default. A connection that its server has ended is not lent, so a new server is found.
What both are told in their own words lies in `faults.py`, what both store alike in `types.py`.
"""

from __future__ import annotations

import select as select_of_system
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InvalidatePoolError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from metering.errors import ConfigurationError, Damaged, Unavailable
from metering.extras import extra
from storage.sql.answering import Door
from storage.sql.damage import damaged_database
from storage.sql.faults import DatabaseRefused, busy, shown, translated
from storage.sql.migrate import Schema, Unmade, bring, unmade

BUSY_TIMEOUT_MS = 30_000
CONNECT_TIMEOUT_S = 10
_MIGRATING = 0x67726F66
"""Any number that no other program locks on the same database."""
_SETTINGS = {
    "sqlite": (
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=FULL",
        "PRAGMA foreign_keys=ON",
        f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
        "PRAGMA journal_size_limit=67108864",
    ),
    "postgresql": (
        "SET synchronous_commit = on",
        f"SET lock_timeout = {BUSY_TIMEOUT_MS}",
        "SET timezone = 'UTC'",
    ),
}
_READ_SETTINGS = {
    "sqlite": ("PRAGMA query_only=ON", f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}"),
    "postgresql": _SETTINGS["postgresql"],  # each transaction is told, by `_created`
}
_INSERTS: dict[str, Callable[[Table], sqlite.Insert | postgresql.Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}
_OPTIONS: dict[str, dict[str, Any]] = {
    "sqlite": {"connect_args": {"check_same_thread": False}, "pool_size": 8, "max_overflow": 24},
    "postgresql": {
        "connect_args": {
            "connect_timeout": CONNECT_TIMEOUT_S,
            "client_encoding": "utf8",
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
            "tcp_user_timeout": 60_000,
        },
        "isolation_level": "READ COMMITTED",
        "pool_size": 8,
        "max_overflow": 8,
    },
}
_SNAPSHOT: dict[str, dict[str, Any]] = {
    "sqlite": {},  # every transaction is one
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
}
Row = dict[str, Any]


def open_engine(url: str, *, schema: Schema = Schema.PRESENT, door: Door | None = None) -> Engine:
    """An engine on the database, whose callers pass a door where there is one.

    An empty database gets its schema; one of an older schema is refused, or brought up to date
    where `schema` says so.

    `sqlite:////path/greenoffice.db` needs nothing; the file is made.
    `postgresql+psycopg://user:password@host:5432/name` needs a database in UTF-8 that the user
    may make tables in. Through an engine that only reads nothing can be written. Raises
    ConfigurationError where something has to be changed first, and Unavailable where a server
    does not answer yet; Damaged where a file is not as it was written.
    """
    reads = schema is Schema.READ
    engine = unopened_engine(url, reads=reads, door=door)
    is_file = engine.dialect.name == "sqlite"
    try:
        with (reading if reads else writing)(engine) as con:
            _check_encoding(con)
            if not reads:
                wait_for_turn(con)
            bring(con, schema)
    except Unmade:
        engine.dispose()
        raise
    except Damaged:
        engine.dispose()
        raise
    except Unavailable as error:
        engine.dispose()
        if is_file or isinstance(error, DatabaseRefused):
            path = "check the path, its folder's rights and the free space"
            raise _unopened(error, engine.url, path if is_file else error.fix) from error
        raise
    return engine


def lone_session(url: str, said: Mapping[str, str], door: Door) -> Connection:
    """A connection to PostgreSQL of its own, through a door, which commits each statement; whoever
    closes it disposes of its engine. said: parameters of the connection, where the address names
    no other.

    Raises Unavailable where the server does not answer, ConfigurationError where it refuses.
    """
    parsed = make_url(url)
    own = {name: value for name, value in said.items() if name not in parsed.query}
    told = parsed.update_query_dict(own).render_as_string(hide_password=False)
    engine = _created(told, reads=False)
    event.listen(engine, "do_connect", _through(door))
    try:
        with _translating(engine):
            return engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    except DatabaseRefused as error:
        raise _unopened(error, parsed, error.fix) from error


def unopened_engine(url: str, *, reads: bool = False, door: Door | None = None) -> Engine:
    """An engine on a database that was not looked at yet: for who keeps its door shut until
    another engine of the same address was opened. ConfigurationError for an address that is none.
    """
    engine = _created(url, reads=reads)
    event.listen(engine, "connect", _prepared(_READ_SETTINGS if reads else _SETTINGS, engine))
    if engine.dialect.name == "sqlite":
        event.listen(engine, "begin", _begin)
        return engine
    event.listen(engine, "checkout", _still_there)
    if door is not None:
        event.listen(engine, "do_connect", _through(door))
        return engine.execution_options(door=door)
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that sees one state of the database throughout."""
    snapshot = engine.execution_options(**_SNAPSHOT[engine.dialect.name])
    with _translating(engine), snapshot.begin() as con:
        yield con


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes: committed at the end, rolled back on any exception. The engine's
    option `guard`, where it has one, may refuse it at its beginning."""
    with _translating(engine), engine.execution_options(writes=True).begin() as con:
        if guard := engine.get_execution_options().get("guard"):
            guard(con)
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


def _created(url: str, *, reads: bool) -> Engine:
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
        if backend == "sqlite" and parsed.database in (None, "", ":memory:"):
            raise _bad_url(url)  # each thread would have a database of its own
        if backend == "sqlite" and reads:
            parsed = _read_only(parsed)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.drivername == "postgresql+psycopg":
            with extra("postgresql"):
                import psycopg  # noqa: F401 - SQLAlchemy would not say what to install
        options = _OPTIONS[backend]
        said = parsed.query.keys()  # what the address says itself stands
        arguments = {k: v for k, v in options["connect_args"].items() if k not in said}
        engine = create_engine(parsed, **{**options, "connect_args": arguments})
        read_only = reads and backend == "postgresql"
        return engine.execution_options(postgresql_readonly=True) if read_only else engine
    except (ArgumentError, KeyError, ImportError, ValueError) as error:
        raise _bad_url(url) from error


def _unopened(error: Unavailable, url: URL, fix: str | None) -> ConfigurationError:
    return ConfigurationError(
        f"the database cannot be opened: {error.message}",
        field="database",
        value=shown(url),
        fix=fix,
    )


def _bad_url(url: str) -> ConfigurationError:
    try:
        value = shown(make_url(url))
    except (ArgumentError, ValueError):
        value = url.partition("://")[0]  # what follows may hold a password
    return ConfigurationError(
        "not a database this platform can use",
        field="database",
        value=value,
        fix="write sqlite:////absolute/path/greenoffice.db"
        " or postgresql+psycopg://user:password@host:5432/name",
    )


def _read_only(url: URL) -> URL:
    """The address of a SQLite file that must be there, and that nothing is written to."""
    path = Path(url.database or "")
    if not path.exists():
        raise unmade()
    return url.set(database=path.absolute().as_uri()).update_query_dict(
        {"mode": "ro", "uri": "true"}
    )


def _through(door: Door) -> Callable[..., object]:
    """What makes a connection whose waits end where the door is shut."""

    def connect(_dialect: object, _record: object, given: Any, named: Any) -> object:
        from storage.sql.bounded import connected

        return connected(door, *given, **named)

    return connect


def _prepared(
    settings: Mapping[str, Sequence[str]], engine: Engine
) -> Callable[[Any, object], None]:
    """What is said on each new connection."""
    statements, is_file = settings[engine.dialect.name], engine.dialect.name == "sqlite"

    def prepare(connection: Any, _record: object) -> None:
        if is_file:
            connection.isolation_level = None  # the driver must not begin transactions by itself
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        cursor.close()
        if not is_file:
            connection.commit()  # what is set in a transaction lasts only if that commits

    return prepare


def _still_there(connection: Any, _record: object, _lent: object) -> None:
    """Take back a connection on which something has come, unasked: a server says so that it ends
    it. That needs no question, which would be one more for each that is meant."""
    looking = select_of_system.poll()
    try:
        looking.register(connection.fileno(), select_of_system.POLLIN)
        ended = bool(looking.poll(0))
    except Exception:  # closed already, in whatever way the driver says so
        ended = True
    if ended:
        raise InvalidatePoolError


def _begin(con: Connection) -> None:
    writes = con.get_execution_options().get("writes", False)
    con.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _check_encoding(con: Connection) -> None:
    if con.dialect.name == "postgresql":
        encoding = con.scalar(text("SHOW server_encoding"))
        if encoding != "UTF8":
            raise ConfigurationError(
                "the database cannot hold every character",
                field="database encoding",
                value=encoding,
                fix="make another: CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0",
            )


def wait_for_turn(con: Connection) -> None:
    """One migration at a time; on SQLite the write lock sees to that."""
    if con.dialect.name == "postgresql":
        con.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATING})


@contextmanager
def _translating(engine: Engine) -> Iterator[None]:
    door: Door | None = engine.get_execution_options().get("door")
    if door is not None:
        door.check()
    try:
        yield
    except DBAPIError as error:
        raise translated(error, engine.url) from error
    except UnicodeDecodeError as error:  # SQLite's own message quotes the damage
        raise damaged_database(shown(engine.url), "it holds what is no text") from error
    except PoolTimeout as error:
        raise busy(engine.url) from error
