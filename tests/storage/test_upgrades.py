"""Databases that earlier commits wrote: they open, stand, and are completed without news."""

from __future__ import annotations

import csv
import re
import sqlite3
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, text

from figures import Figures, cost
from ledger import Ledger
from metering.book import BookRow, RegisterEvent, SeriesKey
from metering.bookhash import book_hash
from metering.errors import ConfigurationError
from metering.localtime import day_bounds
from metering.reading import ReadingColumns
from storage import Schema, Stores, open_engine, sql_stores
from storage.backup.database import back_up_database, restore_database
from storage.memory import MemoryReadings
from storage.sql import upgrading
from storage.sql.engine import reading, writing
from storage.sql.migrate import downgrade, head, revision
from storage.sql.upgrading import schema_of, upgrade_database
from tests.old_hash import old_hash

DATA = Path(__file__).parents[1] / "data" / "upgrades"
FOLDERS = sorted(path.parent for path in DATA.glob("*/book_hash"))
BEFORE_PARTS = [folder for folder in FOLDERS if folder.name == "d212824"]
"""Of a schema that knew no parts."""
FIRST, LAST = date(2026, 3, 27), date(2026, 3, 30)
NOW_US = day_bounds(LAST + timedelta(days=3), "Europe/Berlin")[0]


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def folder(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def old_url(request: pytest.FixtureRequest, folder: Path, tmp_path: Path) -> str:
    """The commit's database, as it left it."""
    if request.param == "sqlite":
        file = tmp_path / "greenoffice.db"
        with sqlite3.connect(file) as con:
            con.executescript((folder / "greenoffice.sql").read_text(encoding="utf-8"))
        con.close()
        return f"sqlite:///{file}"
    url: str = request.getfixturevalue("postgres").database()
    with psycopg.connect(url.replace("+psycopg", "")) as loading:
        loading.execute((folder / "postgres.sql").read_bytes())
    return url


@pytest.fixture
def stores(old_url: str) -> Iterator[Stores]:
    """The commit's database, upgraded by this one."""
    upgrade_database(old_url)
    engine = open_engine(old_url)
    yield sql_stores(engine)
    engine.dispose()


def readings() -> MemoryReadings:
    """Those behind the books of all of them."""
    with (DATA / "d212824" / "readings.csv").open() as file:
        rows = [
            (int(r["point"]), int(r["time_us"]), float(r["value"])) for r in csv.DictReader(file)
        ]
    store = MemoryReadings()
    store.upsert(ReadingColumns.of([(*row, 0, 0, n, 0, 0, 0) for n, row in enumerate(rows)]))
    return store


def hash_told(url: str, folder: Path) -> str:
    """The hash of an upgraded database whose books are those that the old version hashed."""
    engine = open_engine(url)
    books = sql_stores(engine).books
    assert old_hash(books) == (folder / "book_hash").read_text().strip()
    found = book_hash(books)
    engine.dispose()
    return found


def rows(stores: Stores) -> dict[tuple[SeriesKey, date], BookRow]:
    found = stores.books.rows(stores.books.series("o"), FIRST, LAST)
    return {(row.key, row.day): row for row in found}


@pytest.mark.sampled(4)
def test_what_was_booked_stands(folder: Path, stores: Stores) -> None:
    assert old_hash(stores.books) == (folder / "book_hash").read_text().strip()
    assert stores.books.hashes()[0] == book_hash(stores.books)


@pytest.mark.sampled(4)
def test_events_from_before_stand_and_say_no_more_than_they_did(stores: Stores) -> None:
    gap = RegisterEvent("o", "light", "gap", 1774656000000000, 1774683000000000)
    assert stores.books.events("o", 0, NOW_US) == [gap]


@pytest.mark.sampled(4)
def test_rows_from_before_name_no_registry(folder: Path, stores: Stores) -> None:
    """From r0011 on rows say it themselves, and an upgrade leaves that as it is."""
    known = folder.name == "4a96b94"
    assert {row.registry for row in rows(stores).values()} == {1 if known else 0}


@pytest.mark.sampled(4)
def test_its_money_can_be_told_before_anything_is_booked_again(stores: Stores) -> None:
    figures = Figures(stores.books, stores.registry.load, lambda: NOW_US)
    with figures.view() as view:
        whole = cost(view, view.key_of("b", "01000"), FIRST, LAST).sole
        daily = cost(view, view.key_of("depot"), FIRST, LAST).sole
    assert whole is not None
    assert daily is not None
    assert whole.low == whole.amount == whole.high
    assert daily.low < daily.amount < daily.high


@pytest.mark.parametrize("folder", BEFORE_PARTS, ids=lambda folder: folder.name, indirect=True)
def test_it_is_booked_again_in_parts_and_nobody_is_told_news(stores: Stores) -> None:
    before, told = rows(stores), stores.books.restatements("o")
    figures = Figures(stores.books, stores.registry.load, lambda: NOW_US)
    with figures.view() as view:
        old = cost(view, view.key_of("b", "01000"), FIRST, LAST).sole
    store = readings()
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


@pytest.mark.sampled(4)
def test_going_back_would_lose_parts(stores: Stores) -> None:
    ledger = Ledger(readings(), stores.books, stores.marks, stores.registry.load, lambda: NOW_US)
    ledger.step()
    engine = stores.books._engine  # type: ignore[attr-defined]
    stores.books.tell("o", list(stores.books.digest_rows("o")))

    def go_down() -> None:
        with writing(engine) as con:
            # else that is what is lost first: under which registry and by which rules
            con.execute(text("UPDATE book_row SET registry = 0, rules = 1"))
            con.execute(text("DELETE FROM book_row_before"))
            downgrade(con, "r0002")

    with pytest.raises(ConfigurationError, match="cannot keep the parts"):
        go_down()
    assert rows(stores)


def test_opening_it_says_what_to_do(old_url: str) -> None:
    before = schema_of(old_url)
    with pytest.raises(ConfigurationError, match="run `greenoffice upgrade DATA`") as refused:
        open_engine(old_url)
    assert (refused.value.field, refused.value.value) == ("schema revision", before)
    assert schema_of(old_url) == before != head()


@pytest.mark.sampled(4)
def test_an_upgrade_says_what_it_found_and_goes_on_where_it_stands(
    folder: Path, old_url: str
) -> None:
    told = upgrade_database(old_url)
    assert (told.before, told.after) == (before_of(folder), head())
    assert told.book_hash == hash_told(old_url, folder)
    assert told.book_rows > len(rows(sql_stores(open_engine(old_url))))
    again = upgrade_database(old_url)
    assert (again.before, again.book_hash) == (head(), told.book_hash)


def before_of(folder: Path) -> str:
    (found,) = re.findall(
        r"alembic_version\"? VALUES ?\('(\w+)'\)", (folder / "greenoffice.sql").read_text()
    )
    return str(found)


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        ("UPDATE book_row SET total = total + 1 WHERE total > 0", "books would be others"),
        ("DELETE FROM restatement", "rows would be lost"),
        ("DROP TABLE seen_key", "schema is not the program's"),
    ],
)
@pytest.mark.sampled(6)
def test_an_upgrade_that_changes_what_stands_leaves_everything_as_it_was(
    folder: Path, old_url: str, monkeypatch: pytest.MonkeyPatch, damage: str, what: str
) -> None:
    migrate = upgrading.upgrade

    def damaging(con: Connection) -> None:
        migrate(con)
        con.execute(text(damage))

    with monkeypatch.context() as patched:
        patched.setattr(upgrading, "upgrade", damaging)
        with pytest.raises(ConfigurationError, match=what):
            upgrade_database(old_url)
    assert schema_of(old_url) == before_of(folder)
    assert upgrade_database(old_url).book_hash == hash_told(old_url, folder)


def test_a_row_that_cannot_be_decoded_is_named(old_url: str) -> None:
    engine = open_engine(old_url, schema=Schema.UNTOUCHED)
    with writing(engine) as con:
        blob = "X'0102'" if engine.dialect.name == "sqlite" else r"'\x0102'"
        con.execute(text(f"UPDATE book_row SET slots = {blob} WHERE series_id = 4"))
    engine.dispose()
    with pytest.raises(ConfigurationError, match="cannot be decoded") as refused:
        upgrade_database(old_url)
    assert refused.value.field == "book_row"
    assert "total" in refused.value.value


@pytest.mark.sampled(4)
def test_a_backup_of_it_is_of_its_schema_and_restores(
    folder: Path, old_url: str, tmp_path: Path
) -> None:
    back_up_database(old_url, tmp_path / "backup.db")
    kept = open_engine(f"sqlite:///{tmp_path / 'backup.db'}", schema=Schema.UNTOUCHED)
    with reading(kept) as con:
        assert revision(con) == before_of(folder)
    kept.dispose()
    restored = f"sqlite:///{tmp_path / 'restored.db'}"
    restore_database(tmp_path / "backup.db", restored)
    books = sql_stores(open_engine(restored)).books
    assert old_hash(books) == (folder / "book_hash").read_text().strip()
    assert books.restatements("o")


def test_tables_without_a_revision_are_not_taken_for_a_new_database(old_url: str) -> None:
    engine = open_engine(old_url, schema=Schema.UNTOUCHED)
    with writing(engine) as con:
        con.execute(text("DELETE FROM alembic_version"))
    engine.dispose()
    for refused in (open_engine, upgrade_database):
        with pytest.raises(ConfigurationError, match="does not say of which revision"):
            refused(old_url)


def test_an_empty_database_has_nothing_to_upgrade(database_url: str) -> None:
    with pytest.raises(ConfigurationError, match="empty"):
        upgrade_database(database_url)
    assert schema_of(database_url) is None
