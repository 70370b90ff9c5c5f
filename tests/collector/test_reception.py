"""What every receiver carries: when senders are held back, how it ends and how it is."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from collector import CollectorMetrics, JournalWriter, Record
from collector.reception import RECORD_OVERHEAD, QueueSettings, Reception
from metering.errors import Unavailable

RECORD = Record("message", 0, "g", "c", "x", "t", b"12345", 1, False, 1)


class Disk:
    """A journal that waits until it is let go, and crashes when told to."""

    def __init__(self, folder: Path) -> None:
        self.real = JournalWriter(folder / "w", 1, now_us=lambda: 0, housekeep=False)
        self.open = threading.Event()
        self.crash: Exception | None = None

    def append(self, records: list[Record]) -> object:
        self.open.wait(20)
        if self.crash is not None:
            raise self.crash
        return self.real.append(records)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    one = Disk(tmp_path)
    yield one
    one.open.set()
    one.real.close()


def reception(disk: Disk, most: int | None = None, **settings: float) -> Reception[str]:
    chosen = QueueSettings(**settings)  # type: ignore[arg-type]
    metrics = CollectorMetrics(CollectorRegistry())
    return Reception(disk, metrics, chosen, on_durable=lambda _: None, most_records=most)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("most", "settings"),
    [
        (None, {"queue_records": 4}),
        (4, {}),
        (4, {"queue_records": 100}),
        (None, {"queue_bytes": 4 * (RECORD_OVERHEAD + 5)}),
    ],
)
def test_senders_are_held_above_the_most_and_go_on_at_half(
    disk: Disk, most: int | None, settings: dict[str, float]
) -> None:
    one = reception(disk, most, **settings)
    changed = []
    for _ in range(5):
        one.put("a", [RECORD], [1])
        changed.append((one.weigh(), one.held))
    assert changed == [(False, False)] * 4 + [(True, True)]
    queue = one._commit._queue
    for count, goes_on in [(2, False), (1, True)]:
        queue.done(queue.take(count, 1 << 30))
        assert one.weigh() is goes_on
    assert not one.held


def test_a_share_is_of_one_source_and_less_among_many(disk: Disk) -> None:
    one = reception(disk, queue_records=80, share_records=20)
    for _ in range(10):
        one.put("a", [RECORD], [1], "a")
    assert (one.share_of("a"), one.share_of("b")) == (0.5, 0)
    for source in "bcd":
        one.put(source, [RECORD], [1], source)
    assert one.share_of("a") == 1  # of 80 / 2 / 4
    one.put("a", [RECORD], [1], "a")
    assert one.share_of("a") > 1
    assert one.share_of("b") < 1


def test_a_share_is_of_bytes_too(disk: Disk) -> None:
    one = reception(disk, share_bytes=2 * (RECORD_OVERHEAD + 5))
    one.put("a", [RECORD] * 2, [1], "a")
    assert one.share_of("a") == 1


def test_a_crash_of_the_thread_is_raised_and_shown(disk: Disk) -> None:
    async def live() -> None:
        one = reception(disk)
        one.start()
        assert one.health(2).ok
        disk.crash = KeyError("defect")
        disk.open.set()
        one.put("a", [RECORD], [1])
        with pytest.raises(KeyError, match="defect"):
            await asyncio.wait_for(one.crashed(), 20)
        health = one.health(2)
        assert (health.ok, health.connections, health.failure) == (False, 2, None)

    asyncio.run(live())


def test_the_journals_failure_is_told_before_a_problem(disk: Disk) -> None:
    one = reception(disk)
    problem = Unavailable("no broker", field="broker.url", value="x", fix="start it")
    health = one.health(0, problem=problem)
    assert (health.ok, health.field, health.fix) == (False, "broker.url", "start it")
    assert not one.health(0, well=False).ok
    one._commit.failure = Unavailable("the disk is full", field="journal", value="y", fix="free")
    assert one.health(0, problem=problem).field == "journal"
