"""Every adapter of every port, so that one suite of laws runs on each."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete

from metering.ports import ReadingStore
from proofs.servers.postgres import OwnPostgres
from storage import (
    DuckDBReadings,
    MemoryReadings,
    Stores,
    memory_stores,
    open_engine,
    sql_stores,
)
from storage.influx import InfluxReadings
from storage.memory import MemoryBooks
from storage.sql.books import SqlBooks
from storage.sql.engine import writing
from storage.sql.schema import BOOK_ROW, RESTATEMENT

LANGUAGE = "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"
"""PostgreSQL's own order of texts is that of a language: nothing may rely on it."""


@pytest.fixture(params=["memory", "duckdb", "influx1", "influx2"])
def readings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ReadingStore]:
    store: ReadingStore
    if request.param == "memory":
        store = MemoryReadings()
    elif request.param == "duckdb":
        store = DuckDBReadings(tmp_path / "readings.duckdb", threads=1)
    else:
        influx_bucket = request.getfixturevalue("influx_bucket")
        store = InfluxReadings(influx_bucket(int(request.param[-1])))
    yield store
    store.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database with the schema, to be copied: migrating each anew takes most of a law's
    time."""
    file = tmp_path_factory.mktemp("template") / "greenoffice.db"
    open_engine(f"sqlite:///{file}").dispose()
    return file


@pytest.fixture(scope="session")
def postgres_template(postgres: OwnPostgres) -> str:
    """The same on the server, by its name."""
    name = "migrated"
    open_engine(postgres.database(name, options=LANGUAGE)).dispose()
    return name


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stores]:
    if request.param == "memory":
        yield memory_stores()
        return
    if request.param == "sqlite":
        file = tmp_path / "greenoffice.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), file)
        url = f"sqlite:///{file}"
    else:
        template = request.getfixturevalue("postgres_template")
        server: OwnPostgres = request.getfixturevalue("postgres")
        url = server.database(options=f'TEMPLATE "{template}"')
    engine = open_engine(url)
    yield sql_stores(engine)
    engine.dispose()


@pytest.fixture
def emptied(stores: Stores) -> Callable[[], None]:
    """Empties the books, which no port can do, so that a law may begin anew on each example."""

    def empty() -> None:
        books = stores.books
        if isinstance(books, MemoryBooks):
            books._reset()
        elif isinstance(books, SqlBooks):
            with writing(books._engine) as con:
                for table in (RESTATEMENT, BOOK_ROW):
                    con.execute(delete(table))

    return empty
