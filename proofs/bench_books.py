"""`make bench-books`: what a change costs, what a large registry costs, and what a start costs.

Readings in DuckDB and books in SQLite, as an embedded platform has them. Costs are CPU seconds of
all threads. A plain pass over the same readings, differences added up by day, is measured beside
the booking: the ratio to it does not depend on the machine.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import psutil

from greenoffice.assembly import Assembly
from greenoffice.folder import DataFolder
from greenoffice.quick_health import heartbeats
from greenoffice.stores import open_stores
from ledger import Ledger, Plans
from metering.book import BookRow, DirtyMark, SeriesKey
from metering.localtime import day_bounds, local_day
from metering.quality import MEASURED, WHOLE
from metering.reading import ReadingColumns
from metering.registry import Registry
from metering.registry.files import write_registry
from proofs.bench_answers import GOALS as ANSWER_GOALS
from proofs.bench_answers import answers, missed_answers
from proofs.bench_campus import A_DAY, BODY, FIRST, FIRST_US, QUARTER_US, ZONE, arriving, campus
from proofs.steps import finish, run, say, started, wait_until
from storage import DuckDBReadings, Stores, open_engine, sql_stores

DAYS = 365
LARGE, SMALL = 10_000, 100
"""Meters of the registries whose plan and start are measured."""
BOOKED_DAYS = 30
"""Days of books that a start finds; the last of them is not over yet."""
LATE, LATE_AT_ONCE = 20, 64
"""Late readings by themselves, and in one batch."""
QUIET_DAYS = 30
"""Late readings are so many days away from either end."""
GOALS = {
    "recompute_readings_per_cpu_second": 1_000_000,
    "late_reading_cpu_ms": 10,
    "plan_10000_meters_s": 0.3,
    "start_10000_meters_s": 5,
    "start_10000_meters_mb": 300,
}
"""Of books and their start; those of answers stand in `bench_answers`."""


def run_bench_books(readings: int, meters: int) -> None:
    """One line of JSON; exit status 1 where a goal is missed."""
    sizes = [n for n in (10**5, 10**6, 10**7) if n < readings] + [readings]
    costs = []
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="greenoffice-bench-") as root:
            costs.append(cost_of_books(Path(root), max(1, round(size / DAYS / A_DAY))))
        say(f"{costs[-1]}")
    starts = {n: cost_of_start(n) for n in (SMALL, meters)}
    say(f"starts: {starts}")
    result: dict[str, Any] = {
        "recompute_readings_per_cpu_second": costs[-1]["recompute_readings_per_cpu_second"],
        "late_reading_cpu_ms": costs[-1]["late_reading_cpu_ms"],
        "late_ratio_to_smallest": round(
            costs[-1]["late_reading_cpu_ms"] / costs[0]["late_reading_cpu_ms"], 2
        ),
        "sizes": costs,
        "plan_10000_meters_s": cost_of_plan(meters),
        "start_10000_meters_s": starts[meters]["cpu_s"],
        "start_10000_meters_mb": round(starts[meters]["most_mb"] - starts[SMALL]["most_mb"], 1),
        "starts": starts,
        "meters": meters,
        "goals": GOALS | ANSWER_GOALS,
        "not_measured": [],
    }
    result |= (told := answers(meters))
    finish(result, not missed(result) and not missed_answers(told))


def missed(result: dict[str, Any]) -> list[str]:
    """The goals that were not reached."""
    most = [name for name, goal in GOALS.items() if "per_cpu_second" not in name]
    least = [name for name in GOALS if name not in most]
    return [
        *(name for name in most if result[name] > GOALS[name]),
        *(name for name in least if result[name] < GOALS[name]),
    ]


class BenchedBooks:
    """A year of a campus's readings in a folder, and a ledger at rest beside them."""

    def __init__(self, root: Path, meters: int) -> None:
        self.meters = meters
        self.readings = DuckDBReadings(root / "readings.duckdb")
        self.stores: Stores = sql_stores(open_engine(f"sqlite:///{root}/books.sqlite"))
        self.now_us = FIRST_US + DAYS * A_DAY * QUARTER_US
        self.stores.registry.apply(campus(meters), actor="bench", now_us=self.now_us)
        registry = self.stores.registry.load()
        self.ledger = Ledger(
            self.readings, self.stores.books, self.stores.marks, lambda: registry, self._now
        )
        self.settle()  # the marks of the registry
        for rows in arriving(meters, DAYS):
            self.readings.upsert(rows)
        self.mark(range(1, meters + 1), FIRST_US, self.now_us)

    def _now(self) -> int:
        return self.now_us

    def mark(self, points: range, start_us: int, end_us: int) -> None:
        """Say that readings of these points came in."""
        marks = [DirtyMark(point, start_us, end_us, "reading") for point in points]
        self.stores.marks.mark(marks, writer_no=1, ready=True)

    def settle(self) -> None:
        """Book until nothing waits."""
        while self.stores.marks.waiting():
            self.ledger.step()

    def late(self, rng: np.random.Generator, count: int) -> None:
        """Readings of so many points come in, each of some day of the year, between two others."""
        points = rng.choice(np.arange(1, self.meters + 1), min(count, self.meters), replace=False)
        rows, marks = [], []
        for point in map(int, points):
            day = int(rng.integers(QUIET_DAYS, DAYS - QUIET_DAYS))
            at = FIRST_US + (day * A_DAY + int(rng.integers(A_DAY))) * QUARTER_US
            before = self.readings.scan([point], at, at + 1).value
            at += QUARTER_US // 2
            rows.append((point, at, float(before[0]) + 0.1, 0, at, 2**40, 1, 1, 0))
            marks.append(DirtyMark(point, at, at, "reading"))
        self.readings.upsert(ReadingColumns.of(rows))
        self.stores.marks.mark(marks, writer_no=1, ready=True)


def cost_of_books(root: Path, meters: int) -> dict[str, Any]:
    """Of booking a year of so many meters, and of a late reading then."""
    books = BenchedBooks(root, meters)
    count = books.readings.count()
    say(f"{count} readings of {meters} meters are stored")
    plain_s = _cpu_s(lambda: _plain(books))
    booked_s = _cpu_s(books.settle)
    books.ledger.step()
    rng = np.random.default_rng(15)
    alone = [_late_ms(books, rng, 1) for _ in range(LATE)]
    at_once = _late_ms(books, rng, LATE_AT_ONCE) / min(LATE_AT_ONCE, meters)
    books.readings.close()
    return {
        "readings": count,
        "meters": meters,
        "recompute_readings_per_cpu_second": round(count / booked_s),
        "times_a_plain_pass": round(booked_s / plain_s, 1),
        "late_reading_cpu_ms": round(median(alone), 2),
        "late_reading_worst_cpu_ms": round(max(alone), 2),
        "late_reading_of_a_batch_cpu_ms": round(at_once, 2),
    }


def _late_ms(books: BenchedBooks, rng: np.random.Generator, count: int) -> float:
    books.late(rng, count)
    return 1000 * _cpu_s(books.settle)


def _plain(books: BenchedBooks) -> None:
    """Differences by day, read as all points of a month at once."""
    for first in range(0, DAYS, 30):
        start = FIRST_US + first * A_DAY * QUARTER_US
        end = FIRST_US + min(first + 30, DAYS) * A_DAY * QUARTER_US
        for point in range(1, books.meters + 1, 64):
            points = list(range(point, min(point + 64, books.meters + 1)))
            rows = books.readings.scan(points, start, end)
            units = np.round(rows.value * 1_000_000).astype(np.int64)
            np.add.reduceat(np.diff(units), np.arange(0, len(units) - 1, A_DAY))


def cost_of_plan(meters: int) -> float:
    """CPU [s] of the plan of one day, of a registry that nothing was asked of yet."""
    costs = []
    for _ in range(3):
        registry = campus(meters)
        costs.append(_cpu_s(lambda r=registry: _planned(r)))  # type: ignore[misc]
    return round(min(costs), 3)


def _planned(registry: Registry) -> None:
    Plans(registry).on(BODY, FIRST)


def cost_of_start(meters: int) -> dict[str, float]:
    """CPU [s] and memory [MB] of a platform that starts on so many meters with a month of books,
    until all of its parts do their work; and until it has looked for waste once."""
    with tempfile.TemporaryDirectory(prefix="greenoffice-bench-") as root:
        folder = _booked_folder(Path(root), meters)
        for name in ("intake", "ledger"):
            folder.heartbeat(name).unlink(missing_ok=True)
        with started(["work", str(folder.root)]) as process:
            wait_until("the start", lambda: _at_work(folder), every_s=0.1, of=process)
            start = _spent(process.pid)
            wait_until("the look", lambda: _has_looked(folder), every_s=0.5, of=process)
            looked = _spent(process.pid)
            return {**start, "looked_cpu_s": looked["cpu_s"], "looked_mb": looked["most_mb"]}


def _spent(pid: int) -> dict[str, float]:
    """CPU [s], memory, and the most memory so far [MB] of a process and those that it began."""
    tree = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    times = [one.cpu_times() for one in tree]
    return {
        "cpu_s": round(sum(one.user + one.system for one in times), 2),
        "mb": round(sum(one.memory_info().rss for one in tree) / 2**20, 1),
        "most_mb": round(sum(_most_mb(one.pid) for one in tree), 1),
    }


def _most_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


def _has_looked(folder: DataFolder) -> bool:
    return bool(heartbeats(folder, "work").get("analytics", {}).get("began_us"))


def _at_work(folder: DataFolder) -> bool:
    parts = heartbeats(folder, "work")
    if not parts or not all(part.get("ok") for part in parts.values()):
        return False
    if not parts["ledger"].get("idle_us"):
        return False  # it has not looked at its books yet
    with closing(open_stores(folder)) as stores:
        return stores.marks.waiting() == 0


def _booked_folder(root: Path, meters: int) -> DataFolder:
    """Readings of yesterday and today, booked; and books of the days before."""
    run("init", str(root / "data"))
    folder = DataFolder(root / "data")
    source = root / "registry"
    source.mkdir()
    registry = campus(meters)
    for name, text in write_registry(registry).items():
        (source / name).write_text(text, encoding="utf-8")
    run("registry", "import", str(source), "--data", str(folder.root))
    with closing(Assembly.open(folder)) as assembly:
        now_us = assembly.now_us()
        today = local_day(now_us, ZONE)
        since_us = day_bounds(today - timedelta(days=1), ZONE)[0]
        for rows in arriving(meters, 2, since_us=since_us):
            assert assembly.owned is not None
            assembly.owned.upsert(rows.take(rows.time_us <= now_us))
        marks = [DirtyMark(p, since_us, now_us, "reading") for p in range(1, meters + 1)]
        assembly.stores.marks.mark(marks, writer_no=1, ready=True)
        while assembly.stores.marks.waiting():
            assembly.ledger.step()
        books = assembly.stores.books
        for day in _days_of_books(registry, today - timedelta(days=BOOKED_DAYS - 1)):
            expected = books.revision(BODY)
            books.commit(BODY, day, expected_revision=expected, now_us=now_us)
    return folder


def _days_of_books(registry: Registry, first: date) -> Iterator[list[BookRow]]:
    """Days before yesterday of every meter, and of all electricity of every building, a day at a
    time."""
    shares = np.zeros((A_DAY, 4), np.uint16)
    shares[:, MEASURED] = WHOLE
    slots = np.full(A_DAY, 1_000_000, np.int64)
    keys = [SeriesKey(BODY, "meter", m.code, m.item) for m in registry.meters.values()]
    keys += [SeriesKey(BODY, "node", c, "01000") for c in registry.nodes if c != BODY]
    total = int(slots.sum())
    for number in range(BOOKED_DAYS - 2):
        day = first + timedelta(days=number)
        whole = BookRow.of(keys[0], day, 15, slots, shares, shares[:24], total, shares[0])
        yield [replace(whole, key=key) for key in keys]


def _cpu_s(work: Callable[[], None]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start
