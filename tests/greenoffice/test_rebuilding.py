"""`greenoffice rebuild` and `rebook` on a data folder whose journal has expired in part."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from random import Random
from threading import Event, Timer
from typing import Any

import duckdb
import pytest

from collector.journal import JournalWriter, Record
from collector.journal.segment import packed_path, plain_path, segment_files
from greenoffice import commands
from greenoffice.assembly import Assembly
from greenoffice.backing_up import back_up_folder, restore_folder
from greenoffice.booking import LedgerWork
from greenoffice.clock import ShiftedClock
from greenoffice.damage import check_database, database_trouble, telling_damage
from greenoffice.folder import DataFolder
from greenoffice.heartbeat import heard
from greenoffice.journal_checking import repair_folder, require_sound
from greenoffice.rebuilding import rebook_folder, rebuild_folder
from greenoffice.stores import check_stores, open_credentials, open_file, open_stores
from greenoffice.taking_in import IntakeWork
from ledger import rules
from metering.book import RULES_VERSION, BookRow
from metering.bookhash import book_hash
from metering.errors import ConfigurationError, Damaged, InvalidInput, NotFound, Unavailable
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
    try:
        taking, booking = IntakeWork(parts), LedgerWork(parts)
        while taking() or booking():
            pass
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


def test_a_journal_is_whole_until_a_segment_expires_or_a_repair_gives_records_up(
    folder: DataFolder,
) -> None:
    assert require_sound(folder)
    file = sorted((folder.journal / "listener").glob("00000003.*"))[0]
    damaged = file.read_bytes()
    file.write_bytes(damaged[: len(damaged) // 2])
    with pytest.raises(Unavailable):
        require_sound(folder)
    repair_folder(folder)
    assert not require_sound(folder)


def test_a_journal_whose_first_segment_has_expired_is_not_whole(folder: DataFolder) -> None:
    expire(folder, 1)
    assert not require_sound(folder)


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

    def killed(*_: object, **__: object) -> None:
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


def damage(folder: DataFolder) -> str:
    """Change one digit in a segment of the journal; the segment's name."""
    path = packed_path(folder.journal / "listener", 3)
    if not path.exists():
        path = plain_path(folder.journal / "listener", 3)
    with closing(sqlite3.connect(path)) as connection:
        (data,) = connection.execute("SELECT data FROM batch").fetchone()
        at = data.rindex(b'"value": ') + len(b'"value": ')
        changed = data[:at] + (b"1" if data[at : at + 1] != b"1" else b"2") + data[at + 1 :]
        connection.execute("UPDATE batch SET data = ?", (changed,))
        connection.commit()
    return "listener/00000003"


def told_by(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return told


def test_a_damaged_journal_is_named_refused_and_repaired(
    folder: DataFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither a rebuild nor a backup believes it; the repair loses the one message alone."""
    commands.verify_journal(folder.root)
    sound = told_by(capsys)
    assert (sound["faults"], sound["unchecked"], sound["lost_before"]) == ([], 0, 0)
    before = book_hash(open_stores(folder).books)
    name = damage(folder)
    with pytest.raises(SystemExit) as exited:
        commands.verify_journal(folder.root)
    assert exited.value.code == 1
    (fault,) = told_by(capsys)["faults"]
    assert (fault["file"], fault["first"], fault["lost"]) == (name, 0, 1)
    for refused in (
        lambda: rebuild_folder(folder),
        lambda: back_up_folder(folder, tmp_path / "backup"),
    ):
        with pytest.raises(Unavailable) as caught:
            refused()
        assert (caught.value.field, caught.value.value) == ("segment", name)
        assert "journal repair" in (caught.value.fix or "")
    assert not (tmp_path / "backup").exists()
    assert book_hash(open_stores(folder).books) == before
    commands.repair_journal(folder.root)
    assert told_by(capsys)["repaired"] == 1
    assert list((folder.journal / "listener" / "damaged").iterdir())
    commands.verify_journal(folder.root)
    assert told_by(capsys)["lost_before"] == 1
    assert rebuild_folder(folder)["records"] == sound["records"]


def test_a_journal_that_ends_before_what_was_read_is_damaged(
    folder: DataFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """As when the write-ahead log of the open segment is lost: no segment behind it says so."""
    last = segment_files(folder.journal / "listener")[-1]
    with closing(sqlite3.connect(plain_path(folder.journal / "listener", last))) as connection:
        connection.execute("DELETE FROM batch")
        connection.commit()
    with pytest.raises(Unavailable, match="cut short"):
        rebuild_folder(folder)
    commands.repair_journal(folder.root)
    (fault,) = told_by(capsys)["faults"]
    assert fault["lost"] == 1
    rebuild_folder(folder)


def test_a_way_in_whose_journal_is_damaged_holds_up_no_other(folder: DataFolder) -> None:
    open_stores(folder).intake.clear()
    damage(folder)
    parts = Assembly.open(folder)
    taking = IntakeWork(parts)
    with suppress(Unavailable):
        while taking():
            pass
    journal = JournalWriter(
        folder.journal / "http", 2, now_us=ShiftedClock().now_us, housekeep=False
    )
    body = json.dumps({"readings": [{"point": "nobody", "value": 1}]}).encode()
    topic = "greenoffice/v1/s/g/readings"
    journal.append([Record("message", ShiftedClock().now_us(), "s/g", "k", "", topic, body)])
    journal.close()
    with suppress(Unavailable):
        taking()
    assert parts.stores.intake.checkpoint(2) == (2 << 24 | 1, 1)
    assert parts.stores.intake.checkpoint(1) == (1 << 24 | 2, 1)
    with pytest.raises(Unavailable, match="damaged"):
        taking()
    parts.close()


def overwrite(path: Path, share: float, noise: bytes) -> None:
    """Put other bytes at a share of a file's length."""
    data = bytearray(path.read_bytes())
    at = int(len(data) * share)
    data[at : at + len(noise)] = noise
    path.write_bytes(bytes(data))


def cut(path: Path, share: float) -> None:
    with path.open("r+b") as file:
        file.truncate(int(path.stat().st_size * share))


READINGS_DAMAGE: dict[str, Callable[[Path], None]] = {
    "cut in half": lambda path: cut(path, 0.5),
    "nearly nothing left": lambda path: cut(path, 0.001),
    "nothing left": lambda path: cut(path, 0),
    "gone": Path.unlink,
    "something else": lambda path: path.write_bytes(b"something else" * 9_000) and None,
    "its blocks overwritten": lambda path: (
        [overwrite(path, n / 20, Random(n).randbytes(500)) for n in range(1, 20)] and None
    ),
    "its log overwritten": lambda path: (
        path.with_name(path.name + ".wal").write_bytes(b"x" * 99) and None
    ),
}


def looked_at_and_worked_on(folder: DataFolder) -> None:
    with closing(open_file(folder)) as file:
        file.check_whole()
    with work(folder):
        pass


@pytest.mark.parametrize("how", READINGS_DAMAGE)
@pytest.mark.sampled(3)
def test_a_damaged_readings_file_is_named_and_made_again_by_a_rebuild(
    folder: DataFolder, how: str
) -> None:
    before = state(folder)
    if "log" in how:
        with closing(duckdb.connect(str(folder.readings))) as con:
            con.execute("DELETE FROM reading WHERE segment = (SELECT max(segment) FROM reading)")
    READINGS_DAMAGE[how](folder.readings)
    with pytest.raises(Damaged, match=r"readings file is damaged.*greenoffice rebuild"):
        looked_at_and_worked_on(folder)
    rebuild_folder(folder)
    assert state(folder) == before
    with work(folder) as parts:
        assert parts.readings.count() == 24 * DAYS + 1
    if how not in ("gone", "nothing left", "its log overwritten"):
        assert list(folder.root.glob("damaged/1-readings.duckdb"))


def test_what_the_readings_rightly_lack_is_no_damage(folder: DataFolder) -> None:
    """Readings that were refused, or went by their arrival, since the last one that stands."""
    write(folder, DAYS + 1, [{}])
    body = json.dumps({"readings": [{"point": "E9", "value": 1}, {"point": "E1", "value": "x"}]})
    with closing(JournalWriter(folder.journal / "listener", 1, now_us=lambda: 0)) as writer:
        topic = "greenoffice/v1/s/g/readings"
        writer.append([Record("message", 1_000, "s/g", "c", "1", topic, body.encode(), 1)])
    for _ in range(2):
        with work(folder):
            pass


DATABASE_DAMAGE: dict[str, Callable[[Path], None]] = {
    "cut in half": lambda path: cut(path, 0.5),
    "nearly nothing left": lambda path: cut(path, 0.0001),
    "something else": lambda path: path.write_bytes(b"something else" * 9_000) and None,
    "a page overwritten": lambda path: overwrite(path, 0.4, b"\xfe\x81" * 4_000),
    "gone": lambda path: path.unlink(),
    "nothing in it": lambda path: path.write_bytes(b"") and None,
}


@pytest.mark.parametrize("how", DATABASE_DAMAGE)
@pytest.mark.sampled(3)
def test_a_damaged_database_is_named_and_comes_back_from_a_backup_and_the_journal(
    folder: DataFolder, tmp_path: Path, how: str
) -> None:
    back_up_folder(folder, tmp_path / "backup")
    write(folder, DAYS + 1, [{ShiftedClock().now_us() // HOUR_US * HOUR_US: 700.0}])
    with work(folder) as parts:
        count = parts.readings.count()
    before = book_hash(open_stores(folder).books)
    with closing(sqlite3.connect(folder.database)) as con:
        con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    DATABASE_DAMAGE[how](folder.database)
    with pytest.raises(Damaged, match=r"database is damaged.*restore BACKUP.*--keep-journal"):
        check_database(folder)
    restore_folder(tmp_path / "backup", folder, keep_journal=True)
    check_database(folder)
    with work(folder) as parts:
        assert parts.readings.count() == count
    assert book_hash(open_stores(folder).books) == before
    assert (how == "gone") is not (folder.damaged / "1-greenoffice.db").exists()
    assert list(folder.root.glob("damaged/1-readings.duckdb"))


@pytest.mark.parametrize("how", ["gone", "nothing in it"])
def test_nobody_begins_anew_beside_a_key_of_a_database_that_is_gone(
    folder: DataFolder, how: str
) -> None:
    DATABASE_DAMAGE[how](folder.database)
    for opened in (open_stores, open_credentials, check_stores):
        with pytest.raises(Damaged, match="it is gone"):
            opened(folder)
    assert "it is gone" in str(database_trouble(folder))
    assert not folder.database.exists() or not folder.database.stat().st_size


def test_a_folder_that_lost_key_and_database_comes_back_too(
    folder: DataFolder, tmp_path: Path
) -> None:
    """With what its database left beside itself, which would be taken for the new one's."""
    back_up_folder(folder, tmp_path / "backup")
    before = state(folder)
    for lost in (folder.admin_key, *folder.root.glob("greenoffice.db*")):
        lost.unlink()
    log = folder.database.with_name("greenoffice.db-wal")
    log.write_bytes(b"of before")
    restore_folder(tmp_path / "backup", folder, keep_journal=True)
    assert state(folder) == before
    assert (folder.damaged / "1-greenoffice.db-wal").read_bytes() == b"of before"


def test_restoring_beside_the_journal_brings_back_readings_that_are_gone(
    folder: DataFolder, tmp_path: Path
) -> None:
    back_up_folder(folder, tmp_path / "backup")
    before = state(folder)
    folder.readings.unlink()
    restore_folder(tmp_path / "backup", folder, keep_journal=True)
    assert state(folder) == before
    assert (folder.damaged / "1-greenoffice.db").exists()


def test_a_database_cut_short_beneath_a_platform_is_seen_at_once(folder: DataFolder) -> None:
    assert database_trouble(folder) is None
    with closing(sqlite3.connect(folder.database)) as con:
        con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    cut(folder.database, 0.5)
    found = database_trouble(folder)
    assert found is not None
    assert found.field == "database"
    assert "registry, books, findings and keys" in found.message
    with pytest.raises(Damaged):
        open_stores(folder).books.revision("o")


def test_who_cannot_work_for_a_damaged_file_tells_so_until_asked_to_end(
    folder: DataFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.run.mkdir(exist_ok=True)
    stop = Event()
    timer = Timer(0.2, stop.set)
    timer.start()
    with telling_damage(folder, ["intake"], stop):
        raise Damaged("half of it is gone", fix="rebuild")
    told = heard(folder.heartbeat("intake"))
    assert {name: (part["ok"], part["error"]) for name, part in told.items()} == dict.fromkeys(
        ("intake", "readings"), (False, "half of it is gone - rebuild")
    )
    assert "half of it" in capsys.readouterr().err
