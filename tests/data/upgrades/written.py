"""Writes what a commit's schema leaves behind: `python tests/data/upgrades/written.py NAME`.

Run it once, from the root of a checkout of that commit and with its packages on the path; then
the folder NAME is never written again. The world is that of d212824: its registry is taken from
there, its readings are pushed once more, one of them wrong at first and then corrected.
"""

from __future__ import annotations

import csv
import sqlite3
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy.engine import make_url

from ledger import Ledger
from metering.book import DirtyMark
from metering.bookhash import book_hash
from metering.localtime import day_bounds
from metering.reading import ReadingColumns
from proofs.servers.postgres import OwnPostgres
from storage import Schema, Stores, open_engine, sql_stores
from storage.memory import MemoryReadings

HERE = Path(__file__).parent
FIRST = HERE / "d212824"
NOW_US = day_bounds(date(2026, 4, 2), "Europe/Berlin")[0]
WRONG_POINT, WRONG_US = 2, day_bounds(date(2026, 3, 27), "Europe/Berlin")[0] + 3600_000_000
Reading = tuple[int, int, float]


def main(name: str) -> None:
    """Both databases as text, and the hash of their books."""
    folder = HERE / name
    folder.mkdir()
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "greenoffice.db"
        told = filled(f"sqlite:///{file}")
        with sqlite3.connect(file) as con:
            text = "\n".join(con.iterdump()) + "\n"
        (folder / "greenoffice.sql").write_text(text, encoding="utf-8")
    (folder / "book_hash").write_text(told + "\n")
    server = OwnPostgres(sync=False)
    try:
        url = server.database()
        assert filled(url) == told
        (folder / "postgres.sql").write_text(dumped(url), encoding="utf-8")
    finally:
        server.stop()


def filled(url: str) -> str:
    """The world in the database of an address; the hash of its books."""
    engine = open_engine(url)
    stores = sql_stores(engine)
    first_registry(stores)
    rows = readings()
    wrong = [(p, t, v - 1.0) for p, t, v in rows if (p, t) == (WRONG_POINT, WRONG_US)]
    assert len(wrong) == 1
    store = MemoryReadings()
    book(stores, store, [*(row for row in rows if row[:2] != wrong[0][:2]), *wrong], "reading")
    if hasattr(stores.books, "tell"):  # from r0009 on what nobody was told is never restated
        stores.books.tell(
            "o", [row for row in stores.books.digest_rows("o") if not row.provisional]
        )
    book(stores, store, [row for row in rows if row[:2] == wrong[0][:2]], "correction")
    assert stores.books.restatements("o")
    told = book_hash(stores.books)
    engine.dispose()
    return told


def first_registry(stores: Stores) -> None:
    """The registry that d212824 wrote."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "greenoffice.db"
        with sqlite3.connect(file) as con:
            con.executescript((FIRST / "greenoffice.sql").read_text(encoding="utf-8"))
        con.close()
        old = open_engine(f"sqlite:///{file}", schema=Schema.UPGRADED)
        wanted = replace(sql_stores(old).registry.load(), version=0)
        old.dispose()
    stores.registry.apply(wanted, actor="importer", now_us=NOW_US)


def readings() -> list[Reading]:
    """The readings behind the books, the corrected one as it was in the end."""
    with (FIRST / "readings.csv").open(encoding="utf-8") as file:
        return [
            (int(r["point"]), int(r["time_us"]), float(r["value"])) for r in csv.DictReader(file)
        ]


def book(stores: Stores, store: MemoryReadings, rows: list[Reading], cause: str) -> None:
    """Store the readings and book what they touch."""
    store.upsert(ReadingColumns.of([(*row, 0, 0, n, 0, 0, 0) for n, row in enumerate(rows)]))
    marks = [DirtyMark(point, us, us, cause) for point, us, _ in rows]
    stores.marks.mark(marks, writer_no=1, ready=True)
    ledger = Ledger(
        store,
        stores.books,
        stores.marks,
        stores.registry.load,
        lambda: NOW_US + int(timedelta(days=1).total_seconds()) * 1_000_000,
    )
    while stores.marks.waiting():
        ledger.step()


def dumped(url: str) -> str:
    """A PostgreSQL database as plain SQL, without what belongs to one server or version."""
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    command = ["pg_dump", "--inserts", "--no-owner", "--no-privileges", "--no-comments", address]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    kept = [
        line for line in text.splitlines() if line and not line.startswith(("--", "SET ", "\\"))
    ]
    return "\n".join(line for line in kept if "pg_catalog.set_config" not in line) + "\n"


if __name__ == "__main__":
    main(sys.argv[1])
