"""Databases that earlier commits wrote: they open, stand, and are completed without news."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from figures import Figures, cost
from ledger import Ledger
from metering.book import BookRow, SeriesKey
from metering.bookhash import book_hash
from metering.errors import ConfigurationError
from metering.localtime import day_bounds
from metering.reading import ReadingColumns
from storage import Stores, open_engine, sql_stores
from storage.memory import MemoryReadings
from storage.sql.engine import writing
from storage.sql.migrate import downgrade

FOLDERS = sorted((Path(__file__).parents[1] / "data" / "upgrades").glob("*/"))
FIRST, LAST = date(2026, 3, 27), date(2026, 3, 30)
NOW_US = day_bounds(LAST + timedelta(days=3), "Europe/Berlin")[0]


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def folder(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


@pytest.fixture
def stores(folder: Path, tmp_path: Path) -> Iterator[Stores]:
    """The commit's database, opened by this one."""
    file = tmp_path / "greenoffice.db"
    with sqlite3.connect(file) as con:
        con.executescript((folder / "greenoffice.sql").read_text())
    con.close()
    engine = open_engine(f"sqlite:///{file}")
    yield sql_stores(engine)
    engine.dispose()


def readings(folder: Path) -> MemoryReadings:
    with (folder / "readings.csv").open() as file:
        rows = [
            (int(r["point"]), int(r["time_us"]), float(r["value"])) for r in csv.DictReader(file)
        ]
    store = MemoryReadings()
    store.upsert(ReadingColumns.of([(*row, 0, 0, n, 0, 0, 0) for n, row in enumerate(rows)]))
    return store


def rows(stores: Stores) -> dict[tuple[SeriesKey, date], BookRow]:
    found = stores.books.rows(stores.books.series("o"), FIRST, LAST)
    return {(row.key, row.day): row for row in found}


def test_what_was_booked_stands(folder: Path, stores: Stores) -> None:
    assert book_hash(stores.books) == (folder / "book_hash").read_text().strip()


def test_its_money_can_be_told_before_anything_is_booked_again(stores: Stores) -> None:
    figures = Figures(stores.books, stores.registry.load, lambda: NOW_US)
    with figures.view() as view:
        whole = cost(view, view.key_of("b", "01000"), FIRST, LAST).sole
        daily = cost(view, view.key_of("depot"), FIRST, LAST).sole
    assert whole is not None
    assert daily is not None
    assert whole.low == whole.amount == whole.high
    assert daily.low < daily.amount < daily.high


def test_it_is_booked_again_in_parts_and_nobody_is_told_news(folder: Path, stores: Stores) -> None:
    before, told = rows(stores), stores.books.restatements("o")
    figures = Figures(stores.books, stores.registry.load, lambda: NOW_US)
    with figures.view() as view:
        old = cost(view, view.key_of("b", "01000"), FIRST, LAST).sole
    store = readings(folder)
    ledger = Ledger(store, stores.books, stores.marks, stores.registry.load, lambda: NOW_US)
    assert stores.marks.waiting()
    while stores.marks.waiting():
        ledger.step()
    after = rows(stores)
    assert after.keys() == before.keys()
    for place, row in after.items():
        assert row.total == before[place].total
        assert (row.day_shares == before[place].day_shares).all()
        assert all(part.windows is not None for part in row.parts)
    assert stores.books.restatements("o") == told
    assert {part.step_min for part in after[SeriesKey("o", "node", "o", "01000"), FIRST].parts} == {
        15,
        1440,
    }
    with figures.view() as view:
        assert cost(view, view.key_of("b", "01000"), FIRST, LAST).sole == old


def test_going_back_would_lose_parts(folder: Path, stores: Stores) -> None:
    store = readings(folder)
    ledger = Ledger(store, stores.books, stores.marks, stores.registry.load, lambda: NOW_US)
    ledger.step()
    engine = stores.books._engine  # type: ignore[attr-defined]

    def go_down() -> None:
        with writing(engine) as con:
            downgrade(con, "r0002")

    with pytest.raises(ConfigurationError, match="cannot keep the parts"):
        go_down()
    assert rows(stores)
