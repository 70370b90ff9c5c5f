"""What a reading costs the database: each transaction is a round of waiting, on a server for others
too."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from sqlalchemy import Engine, event

from collector.intake import Intake
from collector.journal.record import Located, Record
from ledger import Ledger
from metering.book import DirtyMark
from metering.localtime import MINUTE_US, iso, parse_instant
from metering.reading import Kind, ReadingColumns
from metering.registry import Gateway, Installation, Meter, Node, NodeType, Point, Registry
from storage import sql_stores
from storage.memory import MemoryReadings
from storage.sql.books import SqlBooks

START_US = parse_instant("2026-03-02T00:00:00Z")
SEGMENT = 1 << 24 | 1
REGISTRY = Registry(
    version=1,
    nodes={"o": Node("o", NodeType.INSTITUTION, zone="UTC")},
    gateways={"o/g": Gateway("o", "g")},
    meters={code: Meter(code, "o", "01000", max_per_hour=Decimal(400)) for code in ("a", "b")},
    points={n: Point(n, "o/g", code, Kind.REGISTER, "kWh") for n, code in ((1, "a"), (2, "b"))},
    installations=(Installation("a", 1), Installation("b", 2)),
)


class OneWriter:
    """A journal of one segment."""

    def __init__(self) -> None:
        self.records: list[Located] = []

    def push(self, point: str, at_us: int, value: float) -> None:
        body = {"readings": [{"point": point, "time": iso(at_us), "value": value}]}
        record = Record(
            *("message", at_us, "o/g", "c", "1", "greenoffice/v1/o/g/readings"),
            json.dumps(body).encode(),
        )
        self.records.append(Located(SEGMENT, len(self.records), record))

    def writers(self) -> list[int]:
        return [1]

    def read(self, writer_no: int, segment: int, offset: int, limit: int) -> list[Located]:
        return self.records[offset if segment else 0 :][:limit]

    def record(self, segment: int, offset: int) -> Record:
        return self.records[offset].record

    def segments(self) -> list[int]:
        return [SEGMENT]


@pytest.fixture
def begun(engine: Engine) -> list[str]:
    """Transactions of the engine, as they begin."""
    found: list[str] = []
    event.listen(engine, "begin", lambda con: found.append("begin"))
    return found


def test_a_reading_is_taken_in_and_booked_in_few_transactions(
    engine: Engine, begun: list[str]
) -> None:
    stores, journal, readings = sql_stores(engine), OneWriter(), MemoryReadings()
    now_us = START_US
    intake = Intake(
        journal, readings, stores.intake, stores.marks, lambda: REGISTRY, lambda: now_us
    )
    ledger = Ledger(readings, stores.books, stores.marks, lambda: REGISTRY, lambda: now_us)
    costs = []
    for number in range(8):
        now_us += MINUTE_US  # within a quarter of an hour: then the others are looked at too
        journal.push("a" if number % 2 else "b", now_us, float(number))
        begun.clear()
        assert intake.step(1).new == 1
        taken = len(begun)
        assert ledger.step().marks == 1
        costs.append((taken, len(begun) - taken))
    # judged with the marks, committed; the marks, what stands, the rows
    assert costs[-1] == (2, 3)


def test_a_day_that_runs_is_read_once_and_overwritten_in_its_place(engine: Engine) -> None:
    stores, readings = sql_stores(engine), MemoryReadings()
    now_us = START_US + 10 * MINUTE_US
    ledger = Ledger(readings, stores.books, stores.marks, lambda: REGISTRY, lambda: now_us)
    told: list[str] = []
    for number in range(4):
        readings.upsert(
            ReadingColumns.of(
                [
                    (n, START_US + number * MINUTE_US, float(number), 0, 0, 0, 0, 0, 0)
                    for n in (1, 2)
                ]
            )
        )
        mark = [DirtyMark(n, START_US, START_US + number * MINUTE_US) for n in (1, 2)]
        stores.marks.mark(mark, writer_no=1, ready=True)
        told.clear()
        if number == 3:
            event.listen(
                engine,
                "before_cursor_execute",
                lambda *more: told.append(" ".join(more[2].split())),
            )
        ledger.step()
    of_rows = [one for one in told if "book_row" in one and "slots" in one]
    # the meters' rows, the figures' rows, and then all of both
    assert [one.split()[0] for one in of_rows] == ["SELECT", "SELECT", "UPDATE"]
    assert [one for one in told if one.startswith("DELETE FROM book_row")] == []


def test_nothing_new_costs_one_question(engine: Engine, begun: list[str]) -> None:
    stores = sql_stores(engine)
    ledger = Ledger(
        MemoryReadings(), stores.books, stores.marks, lambda: REGISTRY, lambda: START_US
    )
    ledger.step()
    begun.clear()
    assert ledger.step().waiting == 0
    assert len(begun) == 1


def test_what_is_asked_together_is_one_transaction_of_its_thread(
    engine: Engine, begun: list[str]
) -> None:
    books = SqlBooks(engine)
    with books.together():
        for _ in range(3):
            books.revision("o")
        assert books.series("o") == []
    assert len(begun) == 1
    books.revision("o")
    assert len(begun) == 2
