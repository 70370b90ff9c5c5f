"""Opening the concrete stores of a data folder: the only place that names them. What a process
does not open it does not load."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError

from greenoffice.clock import ShiftedClock
from greenoffice.folder import DataFolder
from greenoffice.news import TellingRegistry
from greenoffice.unfinished import check_finished
from metering.access import ActorKind, Role, by_command
from metering.errors import ConfigurationError, Damaged, GreenOfficeError, Unavailable
from metering.ports import CredentialSource, ReadingSource, ReadingStore, Requests
from storage import Schema, SqlCredentials, SqlIntake, Stores, open_engine, sql_stores
from storage.sql.answering import Door
from storage.sql.damage import check_there as check_database_there
from storage.sql.engine import unopened_engine
from storage.sql.watch import DatabaseWatch

if TYPE_CHECKING:
    from storage import DuckDBReadings
    from storage.influx import InfluxAddress
    from storage.sql.owning import Guard


PASSWORD_S = 3.0
"""How long a gateway waits for a database that says nothing: one row is asked of it [s]."""


def database_url(folder: DataFolder) -> str:
    """The database the settings name, its password filled in; else the folder's own SQLite."""
    settings = folder.settings().database
    if not settings.url:
        return f"sqlite:///{folder.database}"
    if settings.password_file is None:
        return settings.url
    return with_password(settings.url, folder.secret(settings.password_file))


def with_password(address: str, password: str) -> str:
    """The address of a database with this password; ConfigurationError for one that is none."""
    return parsed_address(address).set(password=password).render_as_string(hide_password=False)


def parsed_address(address: str) -> URL:
    """The parts of a database's address; ConfigurationError for one that is none."""
    try:
        return make_url(address)
    except ArgumentError as refused:
        raise ConfigurationError(
            "not the address of a database",
            field="database.url",
            value=address,
            fix="postgresql+psycopg://USER@HOST/NAME",
        ) from refused


def open_stores(folder: DataFolder, *, finishing: str = "", guard: Guard | None = None) -> Stores:
    """The SQL stores of a data folder; `guard` is asked before each transaction that writes.
    ConfigurationError where a command broke off on it that is not the one to finish; Damaged where
    the database of before is gone."""
    check_finished(folder, finishing)
    check_there(folder)
    return _telling(folder, open_engine(database_url(folder)), guard)


def _telling(folder: DataFolder, engine: Engine, guard: Guard | None) -> Stores:
    """The stores of an engine, of which a change of the registry is told in the folder."""
    stores = sql_stores(engine if guard is None else engine.execution_options(guard=guard))
    return replace(stores, registry=TellingRegistry(stores.registry, folder))


@dataclass
class AwaitedStores:
    """The SQL stores of a server that may come later, or go and come again: Unavailable until
    then, each call at once."""

    stores: Stores
    door: Door
    refused: threading.Event = field(default_factory=threading.Event)
    """Set once the server is there and lets nobody work: `waited_for` says why."""
    _refusal: GreenOfficeError | None = None

    def waited_for(self) -> Unavailable | None:
        """Why the stores are not there yet, or not now; None when they are. ConfigurationError
        where the server is there and something has to be changed first."""
        if self._refusal is not None:
            raise self._refusal
        return self.door.why

    def refuse(self, why: GreenOfficeError) -> None:
        """Note that the server lets nobody work."""
        self._refusal = why
        self.refused.set()


def await_stores(
    folder: DataFolder,
    *,
    guard: Guard | None = None,
    hear: Callable[[bytes], None] | None = None,
) -> AwaitedStores:
    """The SQL stores of a data folder for a process that waits for their server; `guard` is asked
    before each transaction that writes, and `hear` is called with what the server tells. Those of a
    file are there at once, and its errors are those of `open_stores`."""
    settings = folder.settings().database
    if not settings.url:
        return AwaitedStores(open_stores(folder, guard=guard), Door())
    check_finished(folder)
    url = database_url(folder)
    door = Door(why=_not_asked())
    engine = unopened_engine(url, door=door)
    stores = _telling(folder, engine, guard)
    awaited = AwaitedStores(stores, door)
    watch = DatabaseWatch(url, door, refused=awaited.refuse, hear=hear)

    def close() -> None:
        watch.close()
        engine.dispose()

    awaited.stores = replace(stores, close=close)
    watch.start()
    return awaited


def _not_asked() -> Unavailable:
    return Unavailable(
        "the database was not asked yet", field="database", fix="ask again in a moment"
    )


def open_credentials(folder: DataFolder) -> CredentialSource:
    """The gateways' passwords, of a database that this process can only read. Unavailable while
    nobody has made its tables, and where the server says nothing for `PASSWORD_S`;
    ConfigurationError as `open_stores`."""
    return SqlCredentials(_engine_that_reads(folder))


def _engine_that_reads(folder: DataFolder) -> Engine:
    check_finished(folder)
    check_there(folder)
    return open_engine(database_url(folder), schema=Schema.READ, door=Door(PASSWORD_S))


def open_requests(folder: DataFolder) -> Requests:
    """What gateways are asked to send again, of a database that this process can only read; raises
    what `open_credentials` does."""
    return SqlIntake(_engine_that_reads(folder))


def check_there(folder: DataFolder) -> None:
    """Damaged where a folder that was set up has lost its database."""
    if not folder.settings().database.url and folder.admin_key.exists():
        check_database_there(folder.database)


def check_stores(folder: DataFolder) -> None:
    """ConfigurationError where no process could open the folder's database as it stands; a server
    that does not answer yet is left to those who wait for it."""
    check_finished(folder)
    check_there(folder)
    try:
        open_engine(database_url(folder)).dispose()
    except Damaged:
        raise
    except Unavailable:
        return


def open_readings(folder: DataFolder) -> ReadingStore:
    """The readings, to write them. DuckDB belongs to one process at a time: ConfigurationError for
    others."""
    if address := influx_address(folder):
        from storage.influx import InfluxReadings

        return InfluxReadings(address)
    return open_file(folder)


def open_file(folder: DataFolder) -> DuckDBReadings:
    """The folder's own file of readings; ConfigurationError while another process owns it."""
    from storage import DuckDBReadings

    memory = folder.settings().readings_memory_mb
    return DuckDBReadings(folder.readings, memory_limit=f"{memory}MB")


def open_reader(folder: DataFolder) -> ReadingSource:
    """The readings, to read them beside the process that takes them in. Where they lie in the
    folder it is that process which answers; the reader is Unavailable while it is away."""
    if address := influx_address(folder):
        from storage.influx import InfluxReadings

        return InfluxReadings(address)
    from storage.served import ServedReadings, SocketPlace

    return ServedReadings(SocketPlace(folder.readings_socket))


def influx_address(folder: DataFolder) -> InfluxAddress | None:
    """The bucket the settings name; None where readings lie in the folder."""
    settings = folder.settings().influx
    if not settings.url:
        return None
    from storage.influx import InfluxAddress

    return InfluxAddress(
        settings.url, settings.bucket, org=settings.org, token=folder.secret(settings.token_file)
    )


def create_admin_key(folder: DataFolder) -> str:
    """The secret of a new key for the whole platform."""
    return open_stores(folder).access.create_key(
        "admin",
        "",
        Role.ADMIN,
        actor=str(by_command("greenoffice init", ActorKind.SYSTEM)),
        now_us=ShiftedClock().now_us(),
    )
