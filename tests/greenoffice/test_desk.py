"""The desk: a statement is in the journal once, whatever dies before the intake has it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from collector import JournalReader, JournalWriter
from collector.decode.entered import payload_of
from collector.intake import statement_of
from collector.journal import Record
from greenoffice.desk import JournalDesk
from metering.intake import IntakeBatch
from metering.ports import IntakeStore
from metering.statement import EnteredReading, Stated, Statement, StatementKind
from storage import memory_stores

WRITER = 4
NOW_US = 1_795_508_102_000_000
DAYS = date(2026, 10, 1), date(2026, 10, 2)


def stated(id: str, value: float = 5.0) -> Stated:
    said = {"value": str(value), "point": "s/hand/w", "at": "2026-10-01T00:00:00Z"}
    one = Statement(id, StatementKind.READING, "w", *DAYS, said)
    return Stated(one, "s/hand", (EnteredReading("w", NOW_US - 1_000_000, value, "m3"),))


@pytest.fixture
def written(tmp_path: Path) -> Callable[[], JournalWriter]:
    return lambda: JournalWriter(
        tmp_path / "people", WRITER, now_us=lambda: 1, segment_bytes=1, housekeep=False
    )


def records(root: Path) -> list[Record]:
    found = [one.record for one in JournalReader(root).read(WRITER, 0, 0, 10_000)]
    return [one for one in found if one.kind == "entered"]


def desk_over(root: Path, writer: JournalWriter, intake: IntakeStore) -> JournalDesk:
    return JournalDesk(JournalReader(root), WRITER, intake, lambda one: writer.append([one]))


def test_what_another_process_acknowledged_is_found_and_not_written_again(
    written: Callable[[], JournalWriter], tmp_path: Path
) -> None:
    intake, writer = memory_stores().intake, written()
    first = desk_over(tmp_path, writer, intake).file(stated("a"), "desk (k1)", NOW_US)
    writer.close()  # nothing of the desk before is left but the journal
    writer = written()
    desk = desk_over(tmp_path, writer, intake)
    assert desk.find("a") == first
    assert desk.about("w") == [first]
    assert desk.file(stated("a", 9.0), "other", NOW_US + 1) == first
    assert len(records(tmp_path)) == 1
    writer.close()


def test_what_was_taken_in_is_asked_of_the_store(
    written: Callable[[], JournalWriter], tmp_path: Path
) -> None:
    intake, writer = memory_stores().intake, written()
    desk = desk_over(tmp_path, writer, intake)
    first = desk.file(stated("a"), "desk (k1)", NOW_US)
    place = first.segment, first.offset + 1
    intake.commit(IntakeBatch(WRITER, 0, 0, *place, statements=(first,)))
    assert desk.find("a") == first
    assert desk.file(stated("a"), "desk (k1)", NOW_US + 2) == first
    second = desk.file(stated("b"), "desk (k1)", NOW_US - 5)
    assert desk.about("w") == [first, second]
    assert second.arrived_us > first.arrived_us  # although the clock went back
    assert [one.arrived_us for one in records(tmp_path)] == [NOW_US, NOW_US + 1]
    writer.close()


def test_what_is_written_reads_back_as_it_was_said(
    written: Callable[[], JournalWriter], tmp_path: Path
) -> None:
    writer = written()
    filed = desk_over(tmp_path, writer, memory_stores().intake).file(stated("a"), "desk", NOW_US)
    (located,) = JournalReader(tmp_path).read(WRITER, 0, 0, 10)
    assert statement_of(located) == filed
    assert located.record.payload == payload_of(stated("a"))
    writer.close()
