"""Damage of the journal is seen, named and mended, and nothing that is whole is lost with it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from unittest.mock import Mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.journal import (
    JournalReader,
    JournalWriter,
    Record,
    check_journal,
    checking,
    pack,
    records_behind,
    repair_segment,
)
from collector.journal import writer as journal_writer
from collector.journal.segment import (
    JournalRow,
    encode,
    end_told_by,
    packed_path,
    plain_path,
    tell_end,
    told_end,
)
from metering.errors import StorageFull, Unavailable

OLD_SCHEMA = (
    "CREATE TABLE batch (first_offset INTEGER PRIMARY KEY, count INTEGER NOT NULL,"
    " arrived_us INTEGER NOT NULL, codec TEXT NOT NULL, data BLOB NOT NULL)"
)


def record(number: int, size: int = 40) -> Record:
    payload = b"%d" % number + b" " * size
    return Record("message", 1_000 + number, "s/g", "c", "x", "t", payload, 1, False, 7)


def writer(root: Path, **options: object) -> JournalWriter:
    defaults = {"now_us": lambda: 0, "housekeep": False, "segment_bytes": 20_000}
    return JournalWriter(root / "listener", 1, **(defaults | options))  # type: ignore[arg-type]


def filled(root: Path, batches: int = 60, size: int = 400) -> Path:
    """Three records a batch over several closed segments and an open one; its folder."""
    journal = writer(root)
    for n in range(batches):
        journal.append([record(3 * n + i, size) for i in range(3)])
    journal.close()
    return root / "listener"


def numbers(root: Path) -> list[int | None]:
    """What is read, None in the place of what is lost."""
    found: list[int | None] = []
    segment = offset = 0
    reader = JournalReader(root)
    while page := reader.read(1, segment, offset, 50):
        kinds = [one.record.kind for one in page]
        found += [
            int(one.record.payload) if kind == "message" else None
            for one, kind in zip(page, kinds, strict=True)
        ]
        segment, offset = page[-1].segment, page[-1].offset + 1
    reader.close()
    return found


def until_refused(root: Path) -> tuple[list[int], Unavailable]:
    """What is read before the damage, and the error there."""
    found: list[int] = []
    segment = offset = 0
    reader = JournalReader(root)
    try:
        while page := reader.read(1, segment, offset, 50):
            found += [int(one.record.payload) for one in page]
            segment, offset = page[-1].segment, page[-1].offset + 1
    except Unavailable as refused:
        return found, refused
    finally:
        reader.close()
    raise AssertionError("the damage was believed")


def change(path: Path, sql: str, *values: object) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute(sql, values).rowcount == 1
        connection.commit()


def flip(path: Path, needle: bytes, by: bytes) -> None:
    """Change bytes of the file itself."""
    data = path.read_bytes()
    assert data.count(needle) == 1
    path.write_bytes(data.replace(needle, by))


def faults(root: Path) -> dict[str, list[tuple[int, int | None]]]:
    checked = list(check_journal(root))
    return {one.name: [(f.first, f.after) for f in one.faults] for one in checked if one.faults}


def test_a_sound_journal_has_no_faults(tmp_path: Path) -> None:
    filled(tmp_path)
    found = list(check_journal(tmp_path))
    assert len(found) > 3
    assert sum(one.records for one in found) == 180
    assert not any(one.faults or one.unchecked or one.lost_before for one in found)
    journal = writer(tmp_path)
    journal.compress_closed()
    journal.close()
    assert sum(one.records for one in check_journal(tmp_path)) == 180
    assert faults(tmp_path) == {}


def test_a_flipped_digit_is_not_believed_and_costs_one_record(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    flip(plain_path(folder, 1), b"22" + b" " * 400, b"27" + b" " * 400)
    before, error = until_refused(tmp_path)
    assert before == list(range(21))
    assert error.field == "segment"
    assert error.value == "listener/00000001"
    assert "21 to 23" in error.message
    assert "repair" in (error.fix or "")
    assert faults(tmp_path) == {"listener/00000001": [(22, 23)]}
    _, kept = repair_segment(folder, 1)
    assert kept.parent.name == "damaged"
    assert list(kept.parent.glob(f"{kept.name}*"))
    assert faults(tmp_path) == {}
    assert numbers(tmp_path) == [None if n == 22 else n for n in range(180)]
    assert sum(one.lost_before for one in check_journal(tmp_path)) == 1


def test_a_damaged_block_of_a_compressed_segment_is_lost_whole_and_no_other(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    journal = writer(tmp_path)
    journal.compress_closed()
    journal.close()
    whole = next(one for one in check_journal(tmp_path) if one.n == 2)
    path = packed_path(folder, 2)
    (data,) = sqlite3.connect(path).execute("SELECT data FROM batch").fetchone()
    flip(path, data[100:120], bytes(20))
    found, error = until_refused(tmp_path)
    assert error.value == "listener/00000002"
    assert faults(tmp_path) == {"listener/00000002": [(0, whole.records)]}
    with pytest.raises(Unavailable):
        writer_compresses_nothing_damaged(tmp_path, folder)
    repair_segment(folder, 2)
    lost = range(len(found), len(found) + whole.records)
    assert numbers(tmp_path) == [None if n in lost else n for n in range(180)]


def writer_compresses_nothing_damaged(root: Path, folder: Path) -> None:
    """Damage gets no new checksums by packing: the reader still refuses it."""
    journal = writer(root)
    journal.compress_closed()
    journal.close()
    JournalReader(root).read(1, 1 << 24 | 2, 0, 1)


@pytest.mark.parametrize("place", [0, 4, -1])
def test_rows_that_are_gone_are_missed(tmp_path: Path, place: int) -> None:
    """At the beginning, in the middle, and at the end of a segment that another one follows."""
    folder = filled(tmp_path)
    path = plain_path(folder, 2)
    rows = sqlite3.connect(path).execute("SELECT first_offset FROM batch").fetchall()
    first = rows[place][0]
    change(path, "DELETE FROM batch WHERE first_offset = ?", first)
    _, error = until_refused(tmp_path)
    assert error.value == "listener/00000002"
    assert faults(tmp_path) == {"listener/00000002": [(first, first + 3)]}
    repair_segment(folder, 2)
    assert numbers(tmp_path).count(None) == 3
    assert [n for n in numbers(tmp_path) if n is not None] == sorted(
        set(range(180)) - {len_before(tmp_path) + first + i for i in range(3)}
    )


def len_before(root: Path) -> int:
    return next(one.records for one in check_journal(root) if one.n == 1)


def test_a_file_cut_short_gives_what_it_still_holds(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    path = plain_path(folder, 2)
    (one,) = [one for one in check_journal(tmp_path) if one.n == 2]
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    damage = next(found for found in check_journal(tmp_path) if found.n == 2)
    assert damage.faults
    assert damage.end == one.records
    repair_segment(folder, 2)
    kept = numbers(tmp_path)
    assert len(kept) == 180
    assert [n for n, found in enumerate(kept) if found is not None] == [
        n for n in kept if n is not None
    ]
    assert kept.count(None) == sum(fault.lost or 0 for fault in damage.faults)


def test_no_database_at_all_is_lost_whole_as_the_next_segment_says(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    whole = next(one.records for one in check_journal(tmp_path) if one.n == 3)
    plain_path(folder, 3).write_bytes(b"not a database" * 500)
    assert faults(tmp_path) == {"listener/00000003": [(0, whole)]}
    repair_segment(folder, 3)
    assert numbers(tmp_path).count(None) == whole


def test_what_was_cut_off_the_open_segment_is_not_given_away_again(tmp_path: Path) -> None:
    """A reader that had been there goes on with what comes after, and misses nothing of it."""
    journal = writer(tmp_path, segment_bytes=1 << 20)
    for n in range(10):
        journal.append([record(n)])
    journal.close()
    segment = 1 << 24 | 1
    change(plain_path(tmp_path / "listener", 1), "DELETE FROM batch WHERE first_offset = 9")
    journal = writer(tmp_path, segment_bytes=1 << 20)
    assert journal.append([record(10)]).segment == segment + 1
    (found,) = JournalReader(tmp_path).read(1, segment, 10, 5)
    assert int(found.record.payload) == 10


def test_segments_of_before_are_read_and_go_on(tmp_path: Path) -> None:
    folder = tmp_path / "listener"
    folder.mkdir()
    (folder / "writer").write_text("1\n")
    for n, rows in ((1, 3), (2, 2), (3, 0)):
        with closing(sqlite3.connect(plain_path(folder, n))) as connection:
            connection.execute(OLD_SCHEMA)
            for at in range(rows):
                row = JournalRow.of(at, 5, "msgpack", encode([record(10 * n + at)]))
                connection.execute("INSERT INTO batch VALUES (?, ?, ?, ?, ?)", row[:5])
            connection.commit()
    journal = writer(tmp_path)
    assert journal.append([record(99)]).segment == 1 << 24 | 4
    assert numbers(tmp_path) == [10, 11, 12, 20, 21, 99]
    assert sum(one.unchecked for one in check_journal(tmp_path)) == 5
    journal.compress_closed()
    assert numbers(tmp_path) == [10, 11, 12, 20, 21, 99]
    assert sum(one.unchecked for one in check_journal(tmp_path)) == 0
    journal.close()


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    position=st.floats(0, 0.999),
    noise=st.binary(min_size=1, max_size=3000),
    packed=st.booleans(),
)
def test_whatever_is_overwritten_is_never_believed(
    tmp_path_factory: pytest.TempPathFactory, position: float, noise: bytes, packed: bool
) -> None:
    """Any bytes of a closed segment: what is read is what was written, or an error; after the
    repair every place is as it was, or lost."""
    root = tmp_path_factory.mktemp("noise")
    folder = filled(root, batches=30)
    if packed:
        journal = writer(root)
        journal.compress_closed()
        journal.close()
    path = packed_path(folder, 2) if packed else plain_path(folder, 2)
    data = bytearray(path.read_bytes())
    at = int(position * len(data))
    data[at : at + len(noise)] = noise[: len(data) - at]
    path.write_bytes(bytes(data))
    try:
        assert numbers(root) == list(range(90))
    except Unavailable:
        found = [one for one in check_journal(root) if one.faults]
        assert [one.n for one in found] == [2]
        repair_segment(folder, 2)
        after = numbers(root)
        assert len(after) == 90
        assert all(found in (None, n) for n, found in enumerate(after))


@pytest.mark.parametrize(
    ("sql", "lost"),
    [
        ("UPDATE batch SET codec = 'msgpaco' WHERE first_offset = 9", 0),
        ("UPDATE batch SET arrived_us = 5 WHERE first_offset = 9", 0),
        ("UPDATE batch SET count = 4000000000 WHERE first_offset = 9", 0),
        ("UPDATE batch SET data = 'text' WHERE first_offset = 9", 3),
        ("UPDATE batch SET arrived_us = 'text' WHERE first_offset = 9", 3),
        ("UPDATE batch SET first_offset = 10 WHERE first_offset = 9", 3),
        ("UPDATE batch SET first_offset = 4000000000 WHERE first_offset = 9", 3),
    ],
)
@pytest.mark.parametrize("segment", [2, -1])
def test_each_value_of_a_row_may_be_wrong(
    tmp_path: Path, sql: str, lost: int, segment: int
) -> None:
    """In a closed segment and in the last one, behind which none says how long it was."""
    folder = filled(tmp_path)
    n, records = [(one.n, one.records) for one in check_journal(tmp_path)][segment]
    change(plain_path(folder, n), sql)
    assert until_refused(tmp_path)[1].value == f"listener/{n:08d}"
    (found,) = [one for one in check_journal(tmp_path) if one.faults]
    assert (found.n, found.records) == (n, records - lost)
    repair_segment(folder, n)
    assert faults(tmp_path) == {}
    after = numbers(tmp_path)
    assert [one for one in after if one is not None] == [one for one in range(180) if one in after]
    assert sum(one is not None for one in after) == 180 - lost


@pytest.mark.parametrize("gone", ["crc", "sums"])
def test_a_checksum_that_is_gone_is_no_row_of_before_there_were_any(
    tmp_path: Path, gone: str
) -> None:
    folder = filled(tmp_path)
    path = plain_path(folder, 2)
    lax = "replace(sql, 'crc INTEGER NOT NULL, sums BLOB NOT NULL', 'crc INTEGER, sums BLOB')"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(f"UPDATE sqlite_master SET sql = {lax} WHERE name = 'batch'")
        connection.commit()
    change(path, f"UPDATE batch SET {gone} = NULL, arrived_us = 5 WHERE first_offset = 9")
    assert until_refused(tmp_path)[1].value == "listener/00000002"
    assert list(faults(tmp_path)) == ["listener/00000002"]
    assert not any(one.unchecked for one in check_journal(tmp_path))


def test_whole_rows_behind_the_noted_end_are_kept(tmp_path: Path) -> None:
    """The note, in the next segment, has no checksum: one that says too little costs nothing."""
    folder = filled(tmp_path)
    change(plain_path(folder, 3), "UPDATE origin SET next_offset = 5 WHERE n = 2")
    assert sum(one.records for one in check_journal(tmp_path)) == 180
    assert faults(tmp_path) == {}
    change(plain_path(folder, 2), "UPDATE batch SET arrived_us = 5 WHERE first_offset = 0")
    repair_segment(folder, 2)
    assert numbers(tmp_path) == list(range(180))


def test_a_last_row_that_is_damaged_does_not_say_where_the_journal_ends(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    last = list(check_journal(tmp_path))[-1]
    change(
        plain_path(folder, last.n),
        "UPDATE batch SET count = 4000000000"
        " WHERE first_offset = (SELECT max(first_offset) FROM batch)",
    )
    journal = writer(tmp_path)
    assert journal.append([record(180)]).segment == 1 << 24 | last.n + 1
    journal.close()
    assert faults(tmp_path) == {last.name: [(last.records, last.records)]}
    repair_segment(folder, last.n)
    assert numbers(tmp_path) == list(range(181))


def test_a_name_in_the_file_that_is_no_text_any_more(tmp_path: Path) -> None:
    """The message of the database quotes it, and cannot be read itself."""
    folder = filled(tmp_path)
    path = plain_path(folder, 2)
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE batch", b"CREAT\x80 TABLE batch"))
    assert until_refused(tmp_path)[1].value == "listener/00000002"
    assert list(faults(tmp_path)) == ["listener/00000002"]
    repair_segment(folder, 2)
    assert len(numbers(tmp_path)) == 180


def test_a_file_whose_tree_is_damaged_is_named_although_nothing_is_lost(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    path = plain_path(folder, 2)
    with path.open("r+b") as file:  # the list of free pages in the header
        file.seek(36)
        file.write(b"\0\0\0\7")
    assert [one.faults[0].lost for one in check_journal(tmp_path) if one.faults] == [0]
    repair_segment(folder, 2)
    assert faults(tmp_path) == {}
    assert numbers(tmp_path) == list(range(180))


def test_damage_gets_no_new_checksums_by_packing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The segment stays as it is, whatever goes wrong with it the writer goes on, and it is named
    as damaged as before."""
    folder = filled(tmp_path)
    flip(plain_path(folder, 1), b"22" + b" " * 400, b"27" + b" " * 400)
    journal = writer(tmp_path)
    with pytest.raises(sqlite3.DataError, match=r"00000001\.sqlite"):
        journal.compress_closed()
    assert plain_path(folder, 1).exists()
    assert not packed_path(folder, 1).exists()
    monkeypatch.setattr(journal, "compress_closed", lambda: {}["a mistake"])
    journal._housekeep_once()
    journal.append([record(180)])
    journal.close()
    assert until_refused(tmp_path)[1].value == "listener/00000001"


def test_a_repaired_segment_expires_when_it_would_have(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    flip(plain_path(folder, 1), b"22" + b" " * 400, b"27" + b" " * 400)
    last_us = max(found.arrived_us for found in check_journal(tmp_path) if found.n == 1)
    repair_segment(folder, 1)
    assert pack.delete_expired(folder, last_us) == []
    assert pack.delete_expired(folder, last_us + 1) == [1]


@pytest.mark.parametrize("what", ["frame", "whole log"])
def test_what_a_damaged_log_takes_away_is_missed(tmp_path: Path, what: str) -> None:
    """After a crash SQLite takes the write-ahead log in up to its first damaged page, without a
    word; the end that was noted says what is missing."""
    root = tmp_path / "run"
    journal = writer(root, segment_bytes=1 << 20)
    for n in range(30):
        journal.append([record(3 * n + i, 400) for i in range(3)])
    journal._told_s = 0.0
    journal.append([record(90, 400)])
    crashed = tmp_path / "crashed"
    shutil.copytree(root, crashed)
    journal.close()
    wal = crashed / "listener" / "00000001.sqlite-wal"
    data = bytearray(wal.read_bytes())
    data[len(data) // 2 if what == "frame" else 0] ^= 0x55
    wal.write_bytes(bytes(data))
    (crashed / "listener" / "00000001.sqlite-shm").unlink()
    journal = writer(crashed)
    journal.append([record(91)])
    journal.close()
    (found,) = [one for one in check_journal(crashed) if one.faults]
    assert found.n == 1
    assert sum(fault.lost or 0 for fault in found.faults) == 91 - found.records > 0
    repair_segment(crashed / "listener", 1)
    assert [n for n in numbers(crashed) if n is not None] == [*range(found.records), 91]


def test_closing_takes_the_log_in_though_somebody_reads(tmp_path: Path) -> None:
    journal = writer(tmp_path, segment_bytes=1 << 20)
    journal.append([record(n) for n in range(10)])
    reader = JournalReader(tmp_path)
    assert len(reader.read(1, 0, 0, 50)) == 10
    journal.close()
    wal = tmp_path / "listener" / "00000001.sqlite-wal"
    assert not wal.exists() or wal.stat().st_size == 0
    reader.close()


def test_every_batch_is_missed_that_a_lost_log_took_away(tmp_path: Path) -> None:
    """Also those that came within a second of each other."""
    before, after = tmp_path / "before", tmp_path / "after"
    journal = writer(before)
    for n in range(3):
        journal.append([record(n)])
    shutil.copytree(before, after, ignore=shutil.ignore_patterns("*-wal", "*-shm"))
    journal.close()
    journal = writer(after)
    journal.append([record(3)])
    journal.close()
    assert faults(after) == {"listener/00000001": [(0, 3)]}


def test_one_repair_mends_what_a_damaged_log_took_away_though_no_segment_follows(
    tmp_path: Path,
) -> None:
    """The segment after it, begun by whoever writes next, would tell of the rest as lost too."""
    journal = writer(tmp_path)
    for n in range(5):
        journal.append([record(3 * n + i) for i in range(3)])
    journal.close()
    folder = tmp_path / "listener"
    tell_end(folder, 1, 21, sync=True)
    (found,) = check_journal(tmp_path)
    assert [(one.first, one.after) for one in found.faults] == [(15, 21)]
    repair_segment(folder, 1)
    with closing(writer(tmp_path)) as again:
        again.append([record(99)])
    assert not any(one.faults for one in check_journal(tmp_path))
    with closing(JournalReader(tmp_path)) as reader:
        found_kinds = [one.record.kind for one in reader.read(1, 0, 0, 100)]
    assert found_kinds == ["message"] * 15 + ["lost"] * 6 + ["message"]


def test_what_was_cut_off_before_a_segment_that_was_never_begun_is_missed(tmp_path: Path) -> None:
    """A crash between making the next file and saying in it where the one before ended."""
    journal = writer(tmp_path, segment_bytes=1 << 20)
    for n in range(10):
        journal.append([record(n)])
    journal.close()
    folder = tmp_path / "listener"
    change(plain_path(folder, 1), "DELETE FROM batch WHERE first_offset = 9")
    plain_path(folder, 2).touch()
    journal = writer(tmp_path, segment_bytes=1 << 20)
    assert journal.append([record(10)]) == (1 << 24 | 2, 0)
    journal.close()
    assert faults(tmp_path) == {"listener/00000001": [(9, 10)]}


def test_places_are_not_given_away_again_by_a_writer_that_goes_on(tmp_path: Path) -> None:
    """A full disk lets it open its segment anew, from which damage took something meanwhile."""
    journal = writer(tmp_path, segment_bytes=1 << 20, max_pages=40)
    written = 0
    with suppress(StorageFull):
        while True:
            journal.append([record(written, 4_000)])
            written += 1
    change(
        plain_path(tmp_path / "listener", 1),
        f"DELETE FROM batch WHERE count = 1 AND first_offset = {written - 1}",
    )
    journal.max_pages = None
    assert journal.append([record(written)]) == (1 << 24 | 2, 0)
    assert journal.append([record(written + 1)]) == (1 << 24 | 2, 1)
    journal.close()
    assert faults(tmp_path) == {"listener/00000001": [(written - 1, written)]}


@contextmanager
def tiny_disk(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting a tiny disk needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_segment_that_cannot_be_read_on_a_full_disk_is_not_called_damaged(
    tmp_path: Path,
) -> None:
    """What its readers share has no room. A repair would give up all that is in it."""
    with tiny_disk(tmp_path / "disk") as root:
        folder = filled(root, batches=30)
        fill = root / "fill"
        with suppress(OSError), fill.open("wb", 0) as file:
            while True:
                file.write(bytes(100))
        error = until_refused(root)[1]
        assert error.value == "listener/00000001"
        assert "cannot be read now" in error.message
        assert "repair" not in str(error)
        for ask in (
            lambda: list(check_journal(root)),
            lambda: repair_segment(folder, 1),
            lambda: records_behind(root, 1, 0, 0),
        ):
            with pytest.raises(Unavailable, match="cannot be read now"):
                ask()
        fill.unlink()
        assert numbers(root) == list(range(90))
        assert faults(root) == {}


def test_a_writer_that_starts_on_a_full_disk_does_not_write_on_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the segment ends is asked again once there is room."""
    journal = writer(tmp_path, segment_bytes=1 << 20)
    for n in range(10):
        journal.append([record(n)])
    journal.close()
    change(plain_path(tmp_path / "listener", 1), "DELETE FROM batch WHERE first_offset = 9")
    full = sqlite3.OperationalError("disk I/O error")
    full.sqlite_errorname = "SQLITE_IOERR_SHMSIZE"
    with monkeypatch.context() as patch:
        patch.setattr(journal_writer, "_end_of", Mock(side_effect=full))
        journal = writer(tmp_path, segment_bytes=1 << 20)
        with pytest.raises(StorageFull):
            journal.append([record(10)])
    assert journal.append([record(10)]) == (1 << 24 | 2, 0)
    journal.close()
    assert faults(tmp_path) == {"listener/00000001": [(9, 10)]}


def test_a_segment_that_is_packed_between_two_pages_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A packed row holds what was read of the plain ones before."""
    journal = writer(tmp_path, segment_bytes=30_000)
    for n in range(60):
        journal.append([record(n, 1_000)])
    assert journal.end.segment > 1 << 24 | 1
    batches = JournalReader._batches

    def packed_after(self: JournalReader, *place: object) -> list[JournalRow]:
        found = batches(self, *place)  # type: ignore[arg-type]
        journal.compress_closed()
        return found

    monkeypatch.setattr(JournalReader, "_batches", packed_after)
    assert numbers(tmp_path) == list(range(60))
    journal.close()


def test_a_write_that_a_crash_broke_off_is_taken_back_and_is_no_damage(tmp_path: Path) -> None:
    """What SQLite needs to undo it lies beside the file; who may only read cannot do it."""
    journal = writer(tmp_path / "whole", segment_bytes=1 << 20)
    journal.append([record(n) for n in range(10)])
    journal.close()
    source = plain_path(tmp_path / "whole" / "listener", 1)
    with closing(sqlite3.connect(source, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("PRAGMA cache_size=1")
        connection.execute("BEGIN")
        connection.execute("UPDATE batch SET arrived_us = 7, data = zeroblob(100000)")
        shutil.copytree(tmp_path / "whole", tmp_path / "crashed")
        connection.execute("ROLLBACK")
    crashed = plain_path(tmp_path / "crashed" / "listener", 1)
    assert crashed.with_name(f"{crashed.name}-journal").stat().st_size > 0
    assert faults(tmp_path / "crashed") == {}
    assert numbers(tmp_path / "crashed") == list(range(10))


def test_the_note_of_the_end_does_not_go_back_where_a_full_disk_meets_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows went with a damaged log, and there is no room for the next segment."""
    journal = writer(tmp_path, segment_bytes=1 << 20)
    journal.append([record(0), record(1)])
    journal._close_segment()
    change(plain_path(tmp_path / "listener", 1), "DELETE FROM batch")
    with monkeypatch.context() as full:
        full.setattr(journal, "_rotate", Mock(side_effect=OSError(28, "No space left on device")))
        with pytest.raises(Unavailable):
            journal.append([record(2)])
    assert told_end(tmp_path / "listener") == (1, 2)
    journal._lock_file.close()
    journal = writer(tmp_path, segment_bytes=1 << 20)
    assert journal.append([record(2)]) == (1 << 24 | 2, 0)
    journal.close()
    assert faults(tmp_path) == {"listener/00000001": [(0, 2)]}


def test_the_note_of_the_end_is_synced_before_a_write_that_comes_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The power may go while that write is done."""
    now_s, synced = [100.0], []

    def note(_folder: Path, _n: int, offset: int, *, sync: bool) -> None:
        if sync:
            synced.append(offset)

    journal = writer(tmp_path, segment_bytes=1 << 20)
    monkeypatch.setattr(journal_writer, "tell_end", note)
    monkeypatch.setattr(journal_writer.time, "monotonic", lambda: now_s[0])
    for number, at_s in enumerate((100.0, 100.2, 100.4, 105.0)):
        now_s[0] = at_s
        journal.append([record(number)])
    assert synced == [1, 3, 4]
    journal.close()


def test_who_has_read_what_a_segment_lost_says_so_before_going_on(tmp_path: Path) -> None:
    """Without a note and a segment that tells where it ended nobody else knows of it."""
    journal = writer(tmp_path, segment_bytes=1 << 20)
    journal.append([record(0), record(1), record(2)])
    journal.close()
    segment, folder = 1 << 24 | 1, tmp_path / "listener"
    change(plain_path(folder, 1), "DELETE FROM batch")
    tell_end(folder, 1, 0, sync=False)
    with pytest.raises(Unavailable, match=r"ends at record 0, and was read to 3 before"):
        JournalReader(tmp_path).read(1, segment, 3, 5)
    repair_segment(folder, 1, 3)
    assert numbers(tmp_path) == [None, None, None]
    assert JournalReader(tmp_path).read(1, segment, 3, 5) == []


def test_a_repair_tells_of_what_it_found_itself(tmp_path: Path) -> None:
    """The file may have worsened since it was looked at."""
    folder = filled(tmp_path)
    flip(plain_path(folder, 1), b"22" + b" " * 400, b"27" + b" " * 400)
    assert faults(tmp_path) == {"listener/00000001": [(22, 23)]}
    flip(plain_path(folder, 1), b"31" + b" " * 400, b"37" + b" " * 400)
    found, _ = repair_segment(folder, 1)
    assert [(one.first, one.after) for one in found.faults] == [(22, 23), (31, 32)]


@pytest.fixture(scope="module")
def whole_journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("whole")
    filled(root, batches=24, size=300)
    return root


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_whatever_bits_flip_the_damage_is_named_and_mended(
    whole_journal: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Nobody falls over it: not who reads, repairs or writes on, in any order."""
    root = tmp_path_factory.mktemp("flipped") / "journal"
    shutil.copytree(whole_journal, root)
    files = sorted(one for one in (root / "listener").glob("0*") if one.stat().st_size)
    path = data.draw(st.sampled_from(files))
    content = bytearray(path.read_bytes())
    telling = [at for at, byte in enumerate(content) if byte not in b"\0 "]
    for at in data.draw(st.lists(st.sampled_from(telling), min_size=1, max_size=8)):
        content[at] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(bytes(content))
    acts = data.draw(st.permutations([numbers, mended, gone_on_with]))
    for act in acts:
        with suppress(Unavailable):
            act(root)
    shutil.rmtree(root)


def mended(root: Path) -> None:
    for one in check_journal(root):
        if one.faults:
            repair_segment(one.folder, one.n)


def gone_on_with(root: Path) -> None:
    with closing(writer(root)) as journal:
        journal.append([record(900)])


def test_a_repair_that_finds_no_room_leaves_all_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = filled(tmp_path)
    flip(plain_path(folder, 1), b"22" + b" " * 400, b"27" + b" " * 400)
    before = faults(tmp_path)
    monkeypatch.setattr(checking, "SCHEMA", ("PRAGMA max_page_count=1", *checking.SCHEMA))
    with pytest.raises(Unavailable, match="full") as refused:
        repair_segment(folder, 1)
    assert refused.value.field == "segment"
    monkeypatch.undo()
    assert faults(tmp_path) == before != {}
    repair_segment(folder, 1)
    assert faults(tmp_path) == {}


@pytest.mark.parametrize("told", [None, "12", b"12", -1, 2.5])
def test_an_end_that_is_no_place_is_not_believed(tmp_path: Path, told: object) -> None:
    """As where a bit flips in the kind of a value; the segment before is then its own witness."""
    folder = filled(tmp_path)
    assert end_told_by(plain_path(folder, 2), 1) is not None
    with closing(sqlite3.connect(plain_path(folder, 2))) as connection:
        connection.execute("DROP TABLE origin")
        connection.execute("CREATE TABLE origin (n INTEGER PRIMARY KEY, next_offset)")
        connection.execute("INSERT INTO origin VALUES (1, ?)", (told,))
        connection.commit()
    assert end_told_by(plain_path(folder, 2), 1) is None
    repair_segment(folder, 2)
    assert numbers(tmp_path) == list(range(180))


def test_checksums_count_whatever_their_column_is_called(tmp_path: Path) -> None:
    """A damaged name does not make a segment one of before, whose records are believed."""
    folder = filled(tmp_path)
    flip(plain_path(folder, 1), b"22" + b" " * 400, b"27" + b" " * 400)
    with closing(sqlite3.connect(plain_path(folder, 1))) as connection:
        connection.execute("ALTER TABLE batch RENAME COLUMN crc TO crb")
    assert faults(tmp_path) == {"listener/00000001": [(22, 23)]}
    repair_segment(folder, 1)
    assert numbers(tmp_path) == [None if n == 22 else n for n in range(180)]


def test_a_table_of_other_columns_is_damaged(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    with closing(sqlite3.connect(plain_path(folder, 1))) as connection:
        connection.execute("ALTER TABLE batch DROP COLUMN sums")
    with pytest.raises(Unavailable, match="damaged"):
        numbers(tmp_path)
    assert "listener/00000001" in faults(tmp_path)


def test_a_row_without_a_place_is_damage_to_all_who_meet_it(tmp_path: Path) -> None:
    """As where the definition of the key is damaged; the writer goes on in the next segment."""
    folder = filled(tmp_path)
    last = max(int(path.stem) for path in folder.glob("0*.sqlite"))
    for n in (1, last):
        with closing(sqlite3.connect(plain_path(folder, n))) as connection:
            (schema,) = connection.execute(
                "SELECT sql FROM sqlite_master WHERE name = 'batch'"
            ).fetchone()
            rows = connection.execute("SELECT * FROM batch ORDER BY first_offset").fetchall()
            connection.execute("DROP TABLE batch")
            connection.execute(schema.replace("INTEGER PRIMARY KEY", "TEXT"))
            for row in rows:
                values = (f"x{row[0]}", *row[1:])
                connection.execute("INSERT INTO batch VALUES (?, ?, ?, ?, ?, ?, ?)", values)
            connection.commit()
    with pytest.raises(Unavailable, match="damaged"):
        numbers(tmp_path)
    assert {f"listener/{n:08d}" for n in (1, last)} <= faults(tmp_path).keys()
    with closing(writer(tmp_path)) as journal:
        assert journal.append([record(900)]).segment & 0xFFFFFF == last + 1


def test_an_end_that_is_no_number_is_damage_to_who_counts_and_who_has_read_on(
    tmp_path: Path,
) -> None:
    folder = filled(tmp_path)
    last = max(int(path.stem) for path in folder.glob("0*.sqlite"))
    with closing(sqlite3.connect(plain_path(folder, last))) as connection:
        rows = connection.execute("SELECT * FROM batch ORDER BY first_offset").fetchall()
        connection.execute("DROP TABLE batch")
        connection.execute(
            "CREATE TABLE batch (first_offset INTEGER PRIMARY KEY, count, arrived_us, codec, data,"
            " crc, sums)"
        )
        for first, _, *rest in rows:
            values = (first, None, *rest)
            connection.execute("INSERT INTO batch VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        connection.commit()
    with pytest.raises(Unavailable, match="damaged") as counted:
        records_behind(tmp_path, 1, 1 << 24 | last, 0)
    with pytest.raises(Unavailable, match="damaged") as read, closing(JournalReader(tmp_path)) as r:
        r.read(1, 1 << 24 | last, 1_000, 50)
    assert counted.value.value == read.value.value == f"listener/{last:08d}"


def test_what_no_checksum_speaks_for_is_lost_where_it_cannot_be_read(tmp_path: Path) -> None:
    """A repair that believed it wrote a segment that nobody could read."""
    folder = filled(tmp_path)
    with closing(sqlite3.connect(plain_path(folder, 1))) as connection:
        at, data = connection.execute("SELECT first_offset, data FROM batch").fetchall()[5]
        for name in ("crc", "sums"):
            connection.execute(f"ALTER TABLE batch DROP COLUMN {name}")
        broken = data.replace(b"message", b"mes\xffage", 1)
        assert broken != data
        connection.execute("UPDATE batch SET data = ? WHERE first_offset = ?", (broken, at))
        connection.commit()
    assert faults(tmp_path) == {"listener/00000001": [(at, at + 1)]}
    repair_segment(folder, 1)
    assert numbers(tmp_path) == [None if n == at else n for n in range(180)]
    assert faults(tmp_path) == {}
