"""Every adapter of every port, so that one suite of laws runs on each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import delete

from metering.errors import Unavailable
from metering.ports import ReadingStore
from metering.quantity import I64
from metering.reading import ReadingColumns
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
from storage.served import ReadingsServer, ServedReadings, SocketPlace
from storage.served.frames import Column, SocketFrame
from storage.sql.books import SqlBooks
from storage.sql.engine import writing
from storage.sql.schema import BOOK_DIGEST, BOOK_ROW, RESTATEMENT


class Served(ServedReadings, ReadingStore):
    """Read over the socket, as every process but the owner does; written by the owner."""

    def __init__(self, store: DuckDBReadings, place: SocketPlace) -> None:
        super().__init__(place)
        self.store, self.place = store, place
        self.start()

    def start(self) -> None:
        self.server = ReadingsServer(self.store, self.place)
        self.server.start()

    def restart(self) -> None:
        self.server.close()
        self.start()

    def may_hold(self, point: I64, time_us: I64) -> NDArray[np.bool_]:
        return self.store.may_hold(point, time_us)

    def existing(self, point: I64, time_us: I64) -> ReadingColumns:
        return self.store.existing(point, time_us)

    def upsert(self, rows: ReadingColumns) -> None:
        self.store.upsert(rows)

    def drop(self, rows: ReadingColumns) -> None:
        self.store.drop(rows)

    def forget(self, segments: Sequence[int]) -> None:
        self.store.forget(segments)

    def clear(self) -> None:
        self.store.clear()

    def close(self) -> None:
        super().close()
        self.server.close()
        self.store.close()


class Restarted(Served):
    """Its owner starts anew after every write; who asks meanwhile asks again."""

    def upsert(self, rows: ReadingColumns) -> None:
        super().upsert(rows)
        self.restart()

    def forget(self, segments: Sequence[int]) -> None:
        super().forget(segments)
        self.restart()

    def clear(self) -> None:
        super().clear()
        self.restart()

    def _asked(self, asked: SocketFrame) -> tuple[int, list[Column]]:
        for _ in range(500):
            with suppress(Unavailable):
                return super()._asked(asked)
            time.sleep(0.01)
        return super()._asked(asked)


@pytest.fixture(params=["memory", "duckdb", "served", "restarted", "influx1", "influx2"])
def readings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ReadingStore]:
    store: ReadingStore
    if request.param == "memory":
        store = MemoryReadings()
    elif request.param == "duckdb":
        store = DuckDBReadings(tmp_path / "readings.duckdb", threads=1)
    elif request.param in ("served", "restarted"):
        owner = DuckDBReadings(tmp_path / "readings.duckdb", threads=1)
        kind = Served if request.param == "served" else Restarted
        store = kind(owner, SocketPlace(tmp_path / "readings.sock"))
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
                for table in (RESTATEMENT, BOOK_DIGEST, BOOK_ROW):
                    con.execute(delete(table))

    return empty
