"""The group commit over a real journal whose disk fails when told to."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from collector import CollectorMetrics, JournalReader, JournalWriter, Record, RecordPlace, commit
from collector.commit import CommitEntry, GroupCommit
from metering.errors import StorageFull, Unavailable


class Bench:
    """A group commit of entries whose owner is their number."""

    def __init__(self, folder: Path, **options: float) -> None:
        self.root = folder
        self.journal = JournalWriter(folder / "w", 1, now_us=lambda: 0, housekeep=False)
        self.fail: Exception | None = None
        self.attempts: list[int] = []
        self.durable: list[list[int]] = []
        self.failures: list[Unavailable] = []
        self.crashed = threading.Event()
        self.failed = threading.Event()
        self.commit: GroupCommit[int] = GroupCommit(
            self.append,
            CollectorMetrics(CollectorRegistry()),
            on_durable=lambda batch: self.durable.append([entry.owner for entry in batch]),
            on_failure=self.on_failure,
            on_crash=lambda error: self.crashed.set(),
            retry_s=0.01,
            **options,  # type: ignore[arg-type]
        )

    def append(self, records: Sequence[Record]) -> RecordPlace:
        self.attempts.append(len(records))
        if self.fail is not None:
            raise self.fail
        return self.journal.append(records)

    def on_failure(self, error: Unavailable) -> None:
        self.failures.append(error)
        self.failed.set()

    def put(self, number: int, count: int = 1) -> None:
        record = Record("message", 0, "g", "c", "x", "t", b"%d" % number, 1, False, 1)
        self.commit.put(CommitEntry(number, [record] * count, [1], 100 * count))

    def stored(self) -> list[int]:
        return [int(at.record.payload) for at in JournalReader(self.root).read(1, 0, 0, 10**6)]


def test_what_waits_is_one_transaction_in_order(tmp_path: Path) -> None:
    bench = Bench(tmp_path, max_records=10)
    for number in range(25):
        bench.put(number)
    bench.commit.start()
    assert bench.commit.drain(10)
    assert bench.stored() == list(range(25))
    assert bench.attempts == [10, 10, 5]
    assert [number for batch in bench.durable for number in batch] == list(range(25))
    assert bench.commit.stop() == 0


def test_a_refused_batch_is_kept_and_nothing_overtakes_it(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.fail = StorageFull("full")
    bench.commit.start()
    bench.put(0)
    assert bench.failed.wait(10)
    bench.put(1)
    assert bench.durable == []
    assert not bench.commit.drain(10)
    assert bench.commit.failure is bench.fail
    bench.fail = None
    while bench.commit.waiting_records:
        threading.Event().wait(0.005)
    assert bench.commit.stop() == 0
    assert bench.stored() == [0, 1]
    assert bench.durable[0] == [0]
    assert bench.commit.failure is None


def test_stopping_says_what_could_not_be_stored(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.fail = Unavailable("no disk")
    bench.commit.start()
    bench.put(0, count=3)
    assert bench.failed.wait(10)
    assert bench.commit.stop() == 3
    assert bench.durable == []


def test_stopping_stores_what_waits(tmp_path: Path) -> None:
    bench = Bench(tmp_path, linger_s=5.0)
    bench.commit.start()
    for number in range(5):
        bench.put(number)
    assert bench.commit.stop() == 0
    assert bench.stored() == list(range(5))


def test_an_error_of_its_own_is_reported_not_swallowed(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.fail = TypeError("a bug")
    bench.commit.start()
    bench.put(0)
    assert bench.crashed.wait(10)
    assert bench.durable == []


@pytest.mark.parametrize("count", [1, 3_000])
def test_an_entry_is_never_split(tmp_path: Path, count: int) -> None:
    bench = Bench(tmp_path)
    bench.put(7, count)
    bench.commit.start()
    assert bench.commit.drain(10)
    assert bench.attempts == [count]
    bench.commit.stop()


def test_a_log_that_fails_hides_no_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError(28, "no space left")

    monkeypatch.setattr(commit._log, "exception", broken, raising=False)
    monkeypatch.setattr("threading.excepthook", lambda _: None)
    bench = Bench(tmp_path)
    bench.fail = KeyError("a mistake")
    bench.commit.start()
    bench.put(1)
    assert bench.crashed.wait(10)
