"""Every adapter of every port, so that one suite of laws runs on each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

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


@pytest.fixture(params=["memory", "sqlite"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stores]:
    if request.param == "memory":
        yield memory_stores()
        return
    engine = open_engine(f"sqlite:///{tmp_path / 'greenoffice.db'}")
    yield sql_stores(engine)
    engine.dispose()
