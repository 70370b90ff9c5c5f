"""Every adapter of every port, so that one suite of laws runs on each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete

from metering.ports import ReadingStore
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


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def stores(request: pytest.FixtureRequest, migrated_url: Callable[[str], str]) -> Iterator[Stores]:
    if request.param == "memory":
        yield memory_stores()
        return
    engine = open_engine(migrated_url(request.param))
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
