"""What is special to the DuckDB file: its lock, its size, a full disk, a killed process."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest

from metering.errors import ConfigurationError, Damaged, StorageFull, Unavailable
from metering.reading import ReadingColumns
from storage import DuckDBReadings

SPAWN = multiprocessing.get_context("spawn")
PER_BATCH = 1000


def batch(number: int, size: int = PER_BATCH) -> ReadingColumns:
    """Points 0..9 at times of the batch's own; values that do not compress."""
    place = np.arange(size)
    zero = np.zeros(size, np.int64)
    return ReadingColumns(
        place % 10,
        (number * size + place) * 1000,
        np.random.default_rng(number).random(size),
        zero.astype(np.int16),
        zero + number,
        place,
        zero + 1,
        place,
        zero,
    )


def write_for_ever(path: str, size: int, told: Connection) -> None:
    """Say each batch's number once its upsert has returned."""
    store = DuckDBReadings(path, threads=1)
    number = 0
    while True:
        store.upsert(batch(number, size))
        told.send(number)
        number += 1


def hold(path: str, told: Connection) -> None:
    store = DuckDBReadings(path, threads=1)
    told.send("open")
    told.recv()
    store.close()


def fill_the_disk(path: str, told: Connection) -> None:
    """Write until a limit on file size, which looks like a full disk; then lift it."""
    store = DuckDBReadings(path, threads=1)
    store.upsert(batch(0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, resource.RLIM_INFINITY))
    number, refused = 0, ""
    while not refused and number < 500:
        try:
            store.upsert(batch(number + 1, 10_000))
            number += 1
        except Unavailable as error:
            refused = type(error).__name__
    try:
        told.send((refused, store.count(), number))
    except Unavailable as error:
        told.send((f"{refused}, then {error}", 0, number))
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    store.upsert(batch(number + 1, 10_000))
    told.send(store.count())
    store.close()


@pytest.mark.parametrize(("batches", "size"), [(10, 1_000), (60, 10_000), (115, 10_000)])
@pytest.mark.sampled(2)
def test_kill_9_loses_no_batch_that_was_told(tmp_path: Path, batches: int, size: int) -> None:
    """Whole batches only: all that were told, and at most one that was not. The larger runs
    pass the size at which the log is folded into the file."""
    path = str(tmp_path / "readings.duckdb")
    ours, theirs = SPAWN.Pipe()
    writer = SPAWN.Process(target=write_for_ever, args=(path, size, theirs))
    writer.start()
    told = [ours.recv() for _ in range(batches)]
    assert writer.pid is not None
    os.kill(writer.pid, signal.SIGKILL)
    writer.join()
    while ours.poll():
        told.append(ours.recv())
    store = DuckDBReadings(path, threads=1)
    found = store.scan(range(10), 0, 2**62)
    assert store.latest([9]).time_us.tolist() == [int(found.time_us.max())]
    store.close()
    numbers, counts = np.unique(found.order_hi, return_counts=True)
    assert set(counts.tolist()) == {size}
    assert numbers.tolist() in (told, [*told, told[-1] + 1])
    last = batch(told[-1], size)
    assert np.isin(last.value, found.value).all()


@pytest.mark.parametrize("name", ["data", "corrupt"])
def test_a_file_that_another_process_holds_is_refused(tmp_path: Path, name: str) -> None:
    """Whatever its folder is called."""
    folder = tmp_path / name
    folder.mkdir()
    path = str(folder / "readings.duckdb")
    ours, theirs = SPAWN.Pipe()
    holder = SPAWN.Process(target=hold, args=(path, theirs), daemon=True)
    holder.start()
    assert ours.recv() == "open"
    with pytest.raises(ConfigurationError) as refused:
        DuckDBReadings(path)
    assert refused.value.value == path
    assert "stop the process that holds it" in str(refused.value.fix)
    ours.send("close")
    holder.join()
    DuckDBReadings(path).close()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "readings.duckdb"
    path.write_bytes(b"no database" * 999)
    with pytest.raises(Damaged, match=r"damaged.*not a valid.*rebuild"):
        DuckDBReadings(path)


def test_a_full_disk_is_told_and_intake_goes_on_afterwards(tmp_path: Path) -> None:
    ours, theirs = SPAWN.Pipe()
    writer = SPAWN.Process(target=fill_the_disk, args=(str(tmp_path / "r.duckdb"), theirs))
    writer.start()
    refused, stored, batches = ours.recv()
    assert refused == StorageFull.__name__
    assert stored == PER_BATCH + 10_000 * batches
    assert ours.recv() == PER_BATCH + 10_000 * (batches + 1)
    writer.join()
    assert writer.exitcode == 0


def test_a_closed_store_is_unavailable(tmp_path: Path) -> None:
    store = DuckDBReadings(tmp_path / "readings.duckdb")
    store.close()
    with pytest.raises(Unavailable):
        store.count()
    with pytest.raises(Unavailable):
        store.upsert(batch(0))
    with pytest.raises(Unavailable):
        store.count()


def test_the_log_does_not_grow_without_end(tmp_path: Path) -> None:
    """Two million rows of 66 bytes pass through a log that is folded in at 32 MB."""
    path = tmp_path / "readings.duckdb"
    store = DuckDBReadings(path)
    largest = 0
    for number in range(20):
        store.upsert(batch(number, 100_000))
        log = path.with_name(path.name + ".wal")
        largest = max(largest, log.stat().st_size if log.exists() else 0)
    store.close()
    assert 0 < largest < 64_000_000


def test_a_block_of_readings_that_was_overwritten_is_found_by_reading_it(tmp_path: Path) -> None:
    """The file has its length, and its latest readings can be read."""
    path = tmp_path / "readings.duckdb"
    store = DuckDBReadings(path)
    for number in range(5):
        store.upsert(batch(number, 100_000))
    store.close()
    data = bytearray(path.read_bytes())
    at = len(data) // 2
    data[at : at + 500] = b"\x55" * 500
    path.write_bytes(bytes(data))
    store = DuckDBReadings(path)
    store.check_length()
    assert len(store.latest(range(10))) == 10
    with pytest.raises(Damaged, match="readings file is damaged"):
        store.check_whole()
    store.close()


def test_what_was_stored_is_there_after_reopening(tmp_path: Path) -> None:
    path = tmp_path / "readings.duckdb"
    store = DuckDBReadings(path)
    store.upsert(batch(3))
    store.close()
    store = DuckDBReadings(path)
    assert store.count() == PER_BATCH
    assert store.latest([9]).time_us.tolist() == [(4 * PER_BATCH - 1) * 1000]
    store.close()


def test_reads_are_answered_while_a_writer_holds_the_lock(tmp_path: Path) -> None:
    store = DuckDBReadings(tmp_path / "readings.duckdb")
    store.upsert(batch(0))
    with store._transaction() as con:
        con.execute("DELETE FROM reading")
        assert len(store.scan(range(10), 0, 2**62)) == PER_BATCH
        assert len(store.latest(range(10))) == 10
    assert len(store.scan(range(10), 0, 2**62)) == 0
    store.close()
