"""`greenoffice rebuild` and `rebook` on a data folder whose journal has expired in part."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from collector.journal import JournalWriter, Record
from collector.journal.segment import segment_files
from greenoffice import commands
from greenoffice.assembly import Assembly
from greenoffice.booking import LedgerWork
from greenoffice.clock import ShiftedClock
from greenoffice.folder import DataFolder
from greenoffice.rebuilding import rebook_folder, rebuild_folder
from greenoffice.stores import open_stores
from greenoffice.taking_in import IntakeWork
from ledger import rules
from metering.book import RULES_VERSION, BookRow
from metering.bookhash import book_hash
from metering.errors import ConfigurationError, InvalidInput, NotFound
from metering.localtime import HOUR_US, day_bounds, iso, local_day
from metering.registry.files import read_registry_texts

ZONE = "Asia/Shanghai"
DAYS = 12
FILES = {
    "tree.csv": f"code,parent,type,zone\no,,institution,{ZONE}\ns,o,site,\nb,s,building,\n",
    "gateways.csv": "site,code\ns,g\n",
    "meters.csv": "code,node,item,total,step_min,max_per_hour\nm,b,01000,yes,60,900\n",
    "points.csv": "gateway,point,kind,unit,meter\ns/g,E1,register,kWh,m\n",
}


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    """Twelve days of one meter, a message a day and a segment for each of them, one corrected;
    to be copied."""
    folder = commands.init(tmp_path_factory.mktemp("worked") / "data", 18080, 11883, 19464, "en")
    stores = open_stores(folder)
    wanted = read_registry_texts(FILES, stores.registry.load())
    stores.registry.apply(wanted, actor="test", now_us=1)
    today = local_day(ShiftedClock().now_us(), ZONE)
    first = day_bounds(today - timedelta(days=DAYS + 3), ZONE)[0]
    values = {first + n * HOUR_US: float(20 * n + n % 5) for n in range(24 * DAYS + 1)}
    messages = [dict(list(values.items())[24 * n : 24 * n + 25]) for n in range(DAYS)]
    late = first + 30 * HOUR_US
    for seq, sent in ((0, messages), (DAYS, [{late: values[late] + 1}])):
        write(folder, seq, sent)
        with work(folder):
            pass
    return folder


@pytest.fixture
def folder(worked: DataFolder, tmp_path: Path) -> DataFolder:
    shutil.copytree(worked.root, tmp_path / "data")
    return DataFolder(tmp_path / "data")


def write(folder: DataFolder, first_seq: int, messages: list[dict[int, float]]) -> None:
    writer = JournalWriter(
        folder.journal / "listener",
        1,
        now_us=ShiftedClock().now_us,
        segment_bytes=1,
        housekeep=False,
    )
    for seq, values in enumerate(messages, first_seq):
        found = [{"point": "E1", "time": iso(t), "value": v} for t, v in values.items()]
        body = json.dumps({"session": 1, "seq": seq, "readings": found}).encode()
        topic = "greenoffice/v1/s/g/readings"
        writer.append([Record("message", ShiftedClock().now_us(), "s/g", "c", "1", topic, body, 1)])
    writer.close()


@contextmanager
def work(folder: DataFolder) -> Iterator[Assembly]:
    """The parts of the platform, come to rest."""
    parts = Assembly.open(folder)
    taking, booking = IntakeWork(parts), LedgerWork(parts)
    while taking() or booking():
        pass
    try:
        yield parts
    finally:
        parts.close()


def state(folder: DataFolder) -> tuple[Any, ...]:
    books = open_stores(folder).books
    return book_hash(books), books.revision("o"), books.restatements("o")


def rows(folder: DataFolder) -> list[BookRow]:
    return list(open_stores(folder).books.digest_rows())


def expire(folder: DataFolder, count: int) -> None:
    """The oldest segments go, as retention would have it."""
    journal = folder.journal / "listener"
    for n in segment_files(journal)[:count]:
        for file in journal.glob(f"{n:08d}.*"):
            file.unlink()


def test_an_intact_folder_is_left_as_it_is(folder: DataFolder) -> None:
    before = state(folder)
    assert before[2]
    told = rebuild_folder(folder)
    assert state(folder) == before
    assert told["book_hash"] == before[0]
    assert (told["records"], told["rows"]) == (DAYS + 1, len(rows(folder)))
    assert (told["differing"], told["restated"], told["kept_before_journal"]) == (0, 0, 0)


@pytest.mark.parametrize("readings_too", [False, True])
def test_days_before_the_journal_stay(folder: DataFolder, readings_too: bool) -> None:
    """Whether the readings of expired segments are still there or not."""
    before, count = state(folder), len(rows(folder))
    expire(folder, 10)
    if readings_too:
        for file in folder.root.glob("readings.duckdb*"):
            file.unlink()
    told = rebuild_folder(folder)
    assert state(folder) == before
    assert len(rows(folder)) == count
    assert (told["records"], told["differing"], told["restated"]) == (3, 0, 0)
    assert bool(told["kept_before_journal"]) is readings_too
    with work(folder):
        assert state(folder) == before


def test_a_rebuild_that_broke_off_is_repeated_before_anything_starts(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state(folder)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("ledger.Ledger.rebuild", killed)
        with pytest.raises(KeyboardInterrupt):
            rebuild_folder(folder)
    with pytest.raises(ConfigurationError, match="greenoffice rebuild") as refused:
        open_stores(folder)
    assert refused.value.value == str(folder.unfinished)
    rebuild_folder(folder)
    assert state(folder) == before


def test_rebooking_says_why_in_the_audit_log(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = rebook_folder(folder, "to see")
    assert (told["rules"], told["rows"], told["restated"]) == (RULES_VERSION, 0, 0)
    assert "nothing to do" in capsys.readouterr().err
    assert open_stores(folder).access.entries(None)[0].action != "books.rebook"
    before = state(folder)
    monkeypatch.setattr(rules, "RULES_VERSION", RULES_VERSION + 1)
    told = rebook_folder(folder, "other rules are kinder", "o")
    assert state(folder) == before
    assert (told["rules"], told["differing"], told["restated"]) == (
        RULES_VERSION + 1,
        len(rows(folder)),
        0,
    )
    assert {row.rules for row in rows(folder)} == {RULES_VERSION + 1}
    entry = open_stores(folder).access.entries(None)[0]
    assert (entry.action, entry.reason, entry.institution) == (
        "books.rebook",
        "other rules are kinder",
        "o",
    )


def test_rebooking_needs_a_reason_and_a_known_institution(folder: DataFolder) -> None:
    with pytest.raises(InvalidInput, match="reason"):
        rebook_folder(folder, "  ")
    with pytest.raises(NotFound, match="no such institution"):
        rebook_folder(folder, "why not", "nobody")
