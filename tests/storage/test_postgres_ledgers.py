"""Two ledger workers at once on one PostgreSQL book what one alone books."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from ledger import Ledger
from metering.book import NOTHING_READ, BookRow, DirtyMark, RegisterEvent, StandingRows
from metering.bookhash import book_hash
from metering.errors import Conflict
from metering.localtime import day_bounds
from metering.ports import BookStore
from metering.reading import Kind, ReadingColumns
from metering.registry import Installation, Meter, Node, NodeType, Point, Registry, SpaceEdge
from metering.shard import WHOLE, Shard, all_shards
from proofs.servers.postgres import OwnPostgres
from storage import DuckDBReadings, Stores, memory_stores, open_engine, sql_stores
from storage.sql.books import SqlBooks

DAY = date(2026, 3, 2)
DAYS = 3
QUARTER_US = 900_000_000
START = day_bounds(DAY, "Asia/Shanghai")[0]
NOW = START + 20 * 96 * QUARTER_US
INSTITUTIONS = ("Östlich", "a", "C")
METERS = [f"{institution}-{n}" for institution in INSTITUTIONS for n in range(4)]


def registry() -> Registry:
    """Three institutions of one building and four meters each; the first meter is the total."""
    nodes = {
        code: Node(code, kind, zone="Asia/Shanghai")
        for one in INSTITUTIONS
        for code, kind in ((one, NodeType.INSTITUTION), (f"{one}/h", NodeType.BUILDING))
    }
    meters = {}
    for code in METERS:
        institution, n = code.rsplit("-", 1)
        item = "01000" if n == "0" else "01A00"
        meters[code] = Meter(
            code, f"{institution}/h", item, total=n == "0", max_per_hour=Decimal(4000)
        )
    return Registry(
        version=1,
        nodes=nodes,
        space=tuple(SpaceEdge(one, f"{one}/h") for one in INSTITUTIONS),
        meters=meters,
        points={n: Point(n, "s/g", m, Kind.REGISTER, "kWh") for n, m in enumerate(METERS, 1)},
        installations=tuple(Installation(m, n) for n, m in enumerate(METERS, 1)),
    )


def batches() -> list[ReadingColumns]:
    """Readings in pieces that come in any order, and corrections of some of them."""
    random = np.random.default_rng(11)
    quarters = DAYS * 96 + 1
    rows = []
    for point in range(1, len(METERS) + 1):
        values = np.cumsum(random.integers(0, 90, quarters)).astype(float)
        for n, value in enumerate(values.tolist()):
            rows.append((point, START + n * QUARTER_US, value, 0, 1, n, 0, 0, 0))
    random.shuffle(rows)
    corrected = [(*row[:2], row[2] + 1.0, 0, 2, *row[5:]) for row in rows[:40]]
    pieces = [rows[n : n + 250] for n in range(0, len(rows), 250)]
    return [ReadingColumns.of(piece) for piece in [*pieces, corrected]]


class Counting(SqlBooks):
    """Counts the commits that were refused because another worker was faster."""

    conflicts = 0

    def commit(
        self,
        institution: str,
        rows: Sequence[BookRow],
        *,
        expected_revision: int,
        cleared: Sequence[int] = (),
        events: Sequence[RegisterEvent] = (),
        events_replaced: Sequence[tuple[str, int, int]] = (),
        now_us: int,
        cause: str = "reading",
        marked: Sequence[DirtyMark] = (),
        standing: StandingRows = NOTHING_READ,
    ) -> int:
        try:
            return super().commit(
                institution,
                rows,
                expected_revision=expected_revision,
                cleared=cleared,
                events=events,
                events_replaced=events_replaced,
                now_us=now_us,
                cause=cause,
                marked=marked,
                standing=standing,
            )
        except Conflict:
            self.conflicts += 1
            raise


class Worker(threading.Thread):
    """A ledger of its own that works until told that nothing more comes."""

    def __init__(
        self, readings: DuckDBReadings, stores: Stores, books: BookStore, shard: Shard = WHOLE
    ) -> None:
        super().__init__()
        known = registry()
        self.stores = stores
        self.finish = threading.Event()
        self.ledger = Ledger(readings, books, stores.marks, lambda: known, lambda: NOW, shard=shard)
        self.failure: Exception | None = None

    def run(self) -> None:
        try:
            while not self.finish.is_set() or self.stores.marks.waiting():
                try:
                    self.ledger.step(limit=40)
                except Conflict:
                    continue
        except Exception as error:  # shown by the test, not by a thread that nobody joins
            self.failure = error


@pytest.fixture
def readings(tmp_path: Path) -> Iterator[DuckDBReadings]:
    store = DuckDBReadings(tmp_path / "readings.duckdb", threads=1)
    yield store
    store.close()


def push(readings: DuckDBReadings, stores: Stores, rows: ReadingColumns) -> None:
    readings.upsert(rows)
    marks = [
        DirtyMark(int(point), int(times.min()), int(times.max()))
        for point in np.unique(rows.point)
        for times in [rows.time_us[rows.point == point]]
    ]
    stores.marks.mark(marks, writer_no=1, ready=True)


@pytest.mark.parametrize("shared", [False, True])
def test_two_workers_book_what_one_books(
    postgres: OwnPostgres, readings: DuckDBReadings, *, shared: bool
) -> None:
    """Whether each does all that it finds, or its share."""
    url = postgres.database(options="TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'")
    engines = [open_engine(url) for _ in range(2)]
    counting = [Counting(engine) for engine in engines]
    workers = [
        Worker(readings, sql_stores(engine), books, shard if shared else WHOLE)
        for engine, books, shard in zip(engines, counting, all_shards(2), strict=True)
    ]
    for worker in workers:
        worker.start()
    for rows in batches():
        push(readings, workers[0].stores, rows)
    for worker in workers:
        worker.finish.set()
    for worker in workers:
        worker.join()
    assert [worker.failure for worker in workers] == [None, None]

    alone = memory_stores()
    known = registry()
    ledger = Ledger(readings, alone.books, alone.marks, lambda: known, lambda: NOW)
    push(readings, alone, readings.scan(range(1, len(METERS) + 1), 0, NOW))
    while ledger.step().marks:
        pass
    both = workers[0].stores.books
    assert book_hash(both) == book_hash(alone.books)
    settled = list(both.digest_rows())
    assert len(settled) >= len(METERS) * DAYS
    assert len({(row.key, row.day) for row in settled}) == len(settled)
    for one in INSTITUTIONS:
        assert both.events(one, 0, NOW) == alone.books.events(one, 0, NOW)
        days = both.rows(both.series(one), DAY - timedelta(9), DAY + timedelta(99))
        assert max(row.revision for row in days) == both.revision(one)
    met = sum(books.conflicts for books in counting) > 0
    assert met != shared, "those that share the work never meet, others do"
