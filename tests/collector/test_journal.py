"""The journal keeps what it said it kept: across rotation, compression, kill -9, a full disk."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path, PosixPath
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.journal import JournalReader, JournalWriter, Record, RecordPlace, segment
from collector.journal.segment import (
    JournalRow,
    decode,
    encode,
    packed_path,
    plain_path,
    split_segment,
)
from collector.properties import Properties
from metering.errors import ConfigurationError, NotFound, StorageFull, Unavailable

ROOT = Path(__file__).parents[2]
DAY_US = 86_400_000_000


def record(number: int, payload: bytes | None = None, arrived_us: int | None = None) -> Record:
    body = b"%d" % number if payload is None else payload
    at = number if arrived_us is None else arrived_us
    return Record("message", at, "s/g", "c", "x", "t", body, 1, False, number % 65_535 + 1)


def writer(folder: Path, **options: object) -> JournalWriter:
    defaults = {"now_us": lambda: 0, "housekeep": False}
    return JournalWriter(folder / "listener", 1, **(defaults | options))  # type: ignore[arg-type]


def append_until_refused(journal: JournalWriter) -> tuple[int, Unavailable]:
    for number in range(1_000):
        try:
            journal.append([record(number, b"%d" % number + b" " * 3_000)])
        except Unavailable as error:
            return number, error
    raise AssertionError("the disk never was full")


def numbers(reader: JournalReader, writer_no: int = 1) -> list[int]:
    return [int(located.record.payload) for located in reader.read(writer_no, 0, 0, 10**6)]


def test_a_record_is_read_back_as_it_was_appended(tmp_path: Path) -> None:
    journal = writer(tmp_path)
    odd = Record("will", -5, "s/网关", "", "", "a/b", b"\x00\xff\n", 0, True, 0)
    first = journal.append([record(1), odd])
    assert first == RecordPlace(1 << 24 | 1, 0)
    reader = JournalReader(tmp_path)
    assert reader.record(first.segment, 1) == odd
    assert reader.read(1, 0, 0, 10) == [
        (first.segment, 0, record(1)),
        (first.segment, 1, odd),
    ]
    assert reader.end(1) == journal.end == RecordPlace(first.segment, 2)


def test_reading_goes_on_from_a_place_over_segments(tmp_path: Path) -> None:
    journal = writer(tmp_path, segment_bytes=1)
    for start in range(0, 20, 2):
        journal.append([record(start), record(start + 1)])
    reader = JournalReader(tmp_path)
    seen: list[int] = []
    segment = offset = 0
    while page := reader.read(1, segment, offset, 3):
        seen += [int(located.record.payload) for located in page]
        segment, offset = page[-1].segment, page[-1].offset + 1
    assert seen == list(range(20))
    assert segment == 1 << 24 | 10


def test_a_reader_sees_what_is_appended_after_it_came_to_the_end(tmp_path: Path) -> None:
    journal = writer(tmp_path, segment_bytes=1)
    reader = JournalReader(tmp_path)
    assert reader.read(1, 0, 0, 10) == []
    place = RecordPlace(0, 0)
    for number in range(5):
        journal.append([record(number)])
        (found,) = reader.read(1, *place, 10)
        assert int(found.record.payload) == number
        place = RecordPlace(found.segment, found.offset + 1)
        assert reader.read(1, *place, 10) == []


@pytest.mark.parametrize("reopen", [False, True])
def test_compressed_segments_keep_lineage_and_take_less_room(tmp_path: Path, reopen: bool) -> None:
    journal = writer(tmp_path, segment_bytes=40_000)
    places: dict[int, tuple[int, int]] = {}
    for number in range(0, 600, 3):
        first = journal.append([record(number + i, b'{"value": 1}' * 20) for i in range(3)])
        places |= {number + i: (first.segment, first.offset + i) for i in range(3)}
    reader = JournalReader(tmp_path)
    before = [reader.record(*place) for place in places.values()]
    plain_size = plain_path(journal.folder, 1).stat().st_size
    assert journal.compress_closed() > 1
    assert packed_path(journal.folder, 1).stat().st_size < plain_size / 4
    assert not list(journal.folder.glob("00000001.sqlite*"))
    if reopen:
        journal.close()
        journal = writer(tmp_path, segment_bytes=40_000)
        reader = JournalReader(tmp_path)
    assert [reader.record(*place) for place in places.values()] == before
    assert [located.record for located in reader.read(1, 0, 0, 10**6)] == before
    assert journal.compress_closed() == reopen, "only the one that was open before"
    assert journal.compress_closed() == 0


def test_a_crash_within_compression_leaves_every_record(tmp_path: Path) -> None:
    journal = writer(tmp_path, segment_bytes=1)
    for number in range(3):
        journal.append([record(number)])
    saved = plain_path(journal.folder, 1).read_bytes()
    journal.compress_closed()
    plain_path(journal.folder, 1).write_bytes(saved)  # died after the rename
    draft = journal.folder / (packed_path(journal.folder, 3).name + ".draft")
    draft.write_bytes(b"half of a fi")  # died while writing another
    assert numbers(JournalReader(tmp_path)) == [0, 1, 2]
    journal.append([record(3)])
    journal.compress_closed()
    assert numbers(JournalReader(tmp_path)) == [0, 1, 2, 3]
    assert not plain_path(journal.folder, 1).exists()
    assert not draft.exists()


def test_expired_segments_go_and_reading_starts_at_the_oldest_left(tmp_path: Path) -> None:
    now = 10 * DAY_US
    journal = writer(tmp_path, segment_bytes=1, retention_days=3, now_us=lambda: now)
    for day in range(10):
        journal.append([record(day, arrived_us=day * DAY_US)])
    gone = JournalReader(tmp_path).read(1, 0, 0, 1)[0]
    journal.compress_closed()
    reader = JournalReader(tmp_path)
    assert numbers(reader) == [7, 8, 9]
    assert [int(located.record.payload) for located in reader.read(1, *gone[:2], 2)] == [7, 8]
    with pytest.raises(NotFound, match="no such record"):
        reader.record(gone.segment, gone.offset)


def test_writers_are_told_apart(tmp_path: Path) -> None:
    writer(tmp_path).append([record(1)])
    JournalWriter(tmp_path / "http", 2, now_us=lambda: 0).append([record(2)])
    reader = JournalReader(tmp_path)
    assert reader.writers() == [1, 2]
    assert numbers(reader, 2) == [2]
    assert reader.end(2).segment == 2 << 24 | 1
    assert reader.end(7) == RecordPlace(0, 0)
    assert reader.read(7, 0, 0, 1) == []


def test_a_second_writer_of_a_folder_is_refused(tmp_path: Path) -> None:
    journal = writer(tmp_path)
    with pytest.raises(ConfigurationError, match="another process"):
        writer(tmp_path)
    journal.close()
    with pytest.raises(ConfigurationError, match="belongs to writer 1"):
        JournalWriter(tmp_path / "listener", 2, now_us=lambda: 0)


def test_a_full_disk_is_named_and_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    journal = writer(tmp_path, max_pages=40)
    kept, error = append_until_refused(journal)
    assert isinstance(error, StorageFull)
    assert error.fix
    assert kept > 1
    assert numbers(JournalReader(tmp_path)) == list(range(kept))
    journal.max_pages = None  # room again
    assert journal.append([record(kept)]).offset == kept
    assert numbers(JournalReader(tmp_path)) == list(range(kept + 1))


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a tiny disk needs root")
def test_a_real_full_disk(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this machine may not mount a tmpfs")
    try:
        journal = writer(disk, segment_bytes=100_000)
        kept, error = append_until_refused(journal)
        assert isinstance(error, StorageFull)
        assert kept > 10
        reader = JournalReader(disk)
        assert numbers(reader) == list(range(kept))
        reader.close()
        subprocess.run(["mount", "-o", "remount,size=4m", str(disk)], check=True)
        journal.append([record(kept)])
        assert numbers(reader) == list(range(kept + 1))
        reader.close()
        journal.close()
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_damaged_segment_is_named_and_the_next_one_is_written(tmp_path: Path) -> None:
    journal = writer(tmp_path)
    journal.append([record(0)])
    journal.close()
    plain_path(journal.folder, 1).write_bytes(b"not a database at all" * 300)
    journal = writer(tmp_path)
    assert journal.append([record(1)]) == RecordPlace(1 << 24 | 2, 0)
    reader = JournalReader(tmp_path)
    with pytest.raises(Unavailable, match="cannot be read") as caught:
        reader.read(1, 0, 0, 10)
    assert caught.value.value == "listener/00000001"
    assert reader.read(1, 1 << 24 | 2, 0, 10)[0].record == record(1)


def test_a_segment_without_its_table_yet_reads_as_empty(tmp_path: Path) -> None:
    journal = writer(tmp_path)
    journal.append([record(0)])
    plain_path(journal.folder, 2).touch()
    reader = JournalReader(tmp_path)
    assert reader.read(1, 1 << 24 | 1, 1, 5) == []
    assert reader.end(1) == RecordPlace(1 << 24 | 2, 0)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 9), max_size=4), max_size=12),
    st.integers(1, 400),
    st.integers(1, 7),
    st.data(),
)
def test_any_paging_over_any_rotation_reads_everything_once(
    tmp_path_factory: pytest.TempPathFactory,
    batches: list[list[int]],
    segment_bytes: int,
    limit: int,
    data: st.DataObject,
) -> None:
    root = tmp_path_factory.mktemp("journal")
    journal = writer(root, segment_bytes=segment_bytes)
    for batch in batches:
        journal.append([record(number) for number in batch])
        if data.draw(st.booleans()):
            journal.compress_closed()
    reader = JournalReader(root)
    seen: list[int] = []
    place = RecordPlace(0, 0)
    while page := reader.read(1, *place, limit):
        assert len(page) <= limit
        seen += [int(located.record.payload) for located in page]
        place = RecordPlace(page[-1].segment, page[-1].offset + 1)
    assert seen == [number for batch in batches for number in batch]
    journal.close()
    reader.close()


CHILD = """
import sys
from pathlib import Path
from collector.journal import JournalWriter, Record
journal = JournalWriter(Path(sys.argv[1]), 1, now_us=lambda: 0, segment_bytes=30_000)
number = int(sys.argv[2])
while True:
    count = number % 7 + 1
    batch = [Record("message", n, "s/g", "c", "x", "t", b"%d" % n, 1) for n in
             range(number, number + count)]
    place = journal.append(batch)
    for i in range(count):
        print(place.segment, place.offset + i, number + i, flush=False)
    sys.stdout.flush()
    number += count
"""


def test_every_acknowledged_record_survives_kill_9(tmp_path: Path) -> None:
    chance = random.Random(7)
    acknowledged: dict[tuple[int, int], int] = {}
    for run in range(4):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(tmp_path / "listener"), str(run * 1_000_000)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(chance.randrange(50, 600))]
        with_writer_alive = JournalReader(tmp_path)
        for line in lines[-20:]:
            segment, offset, number = map(int, line.split())
            assert int(with_writer_alive.record(segment, offset).payload) == number
        with_writer_alive.close()
        child.send_signal(signal.SIGKILL)
        lines += child.stdout.read().splitlines()
        child.wait()
        for line in lines:
            numbers_in_line = [int(word) for word in line.split()]
            if len(numbers_in_line) == 3:
                acknowledged[numbers_in_line[0], numbers_in_line[1]] = numbers_in_line[2]
    reader = JournalReader(tmp_path)
    stored = {(at.segment, at.offset): int(at.record.payload) for at in reader.read(1, 0, 0, 10**6)}
    assert len(acknowledged) > 200
    assert acknowledged.items() <= stored.items()
    for place in chance.sample(sorted(acknowledged), 20):
        assert int(reader.record(*place).payload) == acknowledged[place]


def test_a_segment_that_is_packed_between_two_looks_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = writer(tmp_path, segment_bytes=1)
    places = [journal.append([record(number)]) for number in range(2)]
    folder = journal.folder

    looks: list[bool] = []

    class Looked(PosixPath):
        """Answers as it was; after the first time the segment is packed, its plain file gone."""

        def exists(self, **how: Any) -> bool:
            found = super().exists(**how)
            looks.append(found)
            if len(looks) == 1:
                journal.compress_closed()
            return found

    _, n = split_segment(places[0].segment)
    packed = segment.packed_path(folder, n)
    monkeypatch.setattr(segment, "packed_path", lambda _folder, _n: Looked(packed))
    assert segment.find_segment(folder, n) == packed
    assert looks[0] is False
    assert not segment.plain_path(folder, n).exists()


def test_sqlite_syncs_each_commit(tmp_path: Path) -> None:
    journal = writer(tmp_path)
    connection = journal._ready()
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert isinstance(connection, sqlite3.Connection)


def test_a_record_written_before_properties_were_kept_is_read() -> None:
    record = Record("message", 5, "s/g", "c", "x", "t", b"1", 1, False, 7)
    fields = [getattr(record, name) for name in Record.__struct_fields__]
    earlier = msgspec.msgpack.encode([fields[:-1]])
    assert decode("msgpack", earlier) == [record]
    later = msgspec.structs.replace(record, properties=Properties("text/csv", user=(("a", "b"),)))
    assert decode("msgpack", JournalRow.of(0, 5, "msgpack", encode([later])).data) == [later]
