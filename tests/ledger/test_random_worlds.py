"""Random worlds, booked as they came and at once: one content, which is that of the second
implementation, and nothing is left for a rebuild."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta

import numpy as np
import pytest

from ledger import context, jobs, kept, periods, recompute, series
from ledger.cleaning.rates import DAY_US
from ledger.worker import Ledger
from metering.book import DirtyMark, SeriesKey
from metering.errors import Unavailable
from metering.localtime import day_bounds
from metering.reading import ENTERED_ORDER, Flag, Kind, ReadingColumns
from metering.registry import Installation, Meter, Node, NodeType, Point, Registry, SpaceEdge
from metering.registry.changes import marks_of_change
from storage.memory import MemoryBooks, MemoryMarks, MemoryReadings
from tests.ledger.random_worlds import COARSE, DAILY, Batch, RandomWorld, SentReading, random_world
from tests.two_books import differing_days, differing_events, journal, recomputed


class CountedReadings(MemoryReadings):
    """Readings that count what is read of them."""

    def __init__(self) -> None:
        super().__init__()
        self.read = 0

    def _chosen(self, points, choose) -> ReadingColumns:
        found = super()._chosen(points, choose)
        self.read += len(found)
        return found


class Booked:
    """A ledger in a world."""

    def __init__(self, world: RandomWorld, registry) -> None:
        self.world, self.registry, self.now_us = world, registry, world.ends_us
        self.marks, self.readings = MemoryMarks(), CountedReadings()
        self.books = MemoryBooks(self.marks)
        self.sent: list[tuple[int, int, float, int]] = []
        self.computed = 0
        self.restart()

    def restart(self) -> None:
        self.ledger = Ledger(
            self.readings, self.books, self.marks, lambda: self.registry, lambda: self.now_us
        )

    def take(self, batch: Batch) -> None:
        self.now_us = batch.now_us
        if batch.registered is not None:
            changed = marks_of_change(self.registry, batch.registered)
            self.registry = batch.registered
            self.marks.mark(changed, writer_no=0, ready=True)
        if batch.restarts:
            self.restart()
        self.push(batch.sent)
        self.settle()

    def push(self, sent: list[SentReading]) -> None:
        for point in sorted({one.point for one in sent}):
            own = [one for one in sent if one.point == point]
            self.sent += [
                (point, one.time_us, one.value, ENTERED_ORDER if one.entered else 1) for one in own
            ]
            self.readings.upsert(_columns(self.registry, own, self.readings))
            times = [one.time_us for one in own]
            self.marks.mark([DirtyMark(point, min(times), max(times))], writer_no=1, ready=True)

    def settle(self) -> None:
        while (report := self.ledger.step()).marks:
            self.computed += report.computed
        self.computed += report.computed

    def rows(self):
        first, last = self.world.first - timedelta(9), self.world.first + timedelta(400)
        rows = self.books.rows(self.books.series("o"), first, last)
        return {(row.key, row.day): row for row in rows if row.total is not None}


def _columns(registry, sent: list[SentReading], readings) -> ReadingColumns:
    """Rows of one point; a value that a person entered stands before all others."""
    rows = {}
    for one in sorted(sent, key=lambda one: one.entered):
        high = registry.points[one.point].high
        flag = int(Flag.OUT_OF_RANGE) * (high is not None and one.value > high)
        flag |= int(Flag.ENTERED) * one.entered
        order = ENTERED_ORDER if one.entered else 1
        rows[one.time_us] = (one.point, one.time_us, one.value, flag, order, 0, 0, 0, 0)
    found = readings.existing(
        np.array([one.point for one in sent]), np.array([one.time_us for one in sent])
    )
    entered = found.time_us[found.order_hi == ENTERED_ORDER].tolist()
    kept = [row for time, row in rows.items() if row[4] == ENTERED_ORDER or time not in entered]
    return ReadingColumns.of(kept)


def assert_same(one: Booked, other: Booked) -> None:
    left, right = one.rows(), other.rows()
    assert sorted(left.keys() ^ right.keys()) == []
    assert [place for place, row in left.items() if not row.same_content(right[place])] == []
    assert one.books.events("o", 0, 2**62) == other.books.events("o", 0, 2**62)


def at_once(world: RandomWorld) -> Booked:
    found = Booked(world, world.registry)
    found.push([one for batch in world.batches for one in batch.sent])
    found.settle()
    return found


LONG = {"days": 75, "meters": 3, "steps": COARSE}
YEAR = {"days": 430, "meters": 2, "steps": DAILY}
WORLDS = [
    *((seed, {}) for seed in range(10)),
    *((seed, LONG) for seed in (100, 105, 106)),
    *((seed, YEAR) for seed in (212,)),
]


def as_it_came(world: RandomWorld) -> Booked:
    live = Booked(world, world.known_first)
    for batch in world.batches:
        live.take(batch)
    live.now_us = world.ends_us
    live.ledger.roll_day()
    return live


@pytest.mark.parametrize(
    ("seed", "more"), WORLDS, ids=lambda one: one if isinstance(one, int) else ""
)
@pytest.mark.sampled(6)
def test_a_world_books_the_same_whatever_came_first(tmp_path, seed, more):
    world = random_world(seed, **more)
    whole, live = at_once(world), as_it_came(world)
    assert_same(whole, live)
    before = live.rows()
    live.restart()
    live.ledger.rebuild()
    after = live.rows()
    assert before.keys() == after.keys()
    assert [place for place, row in after.items() if not row.same_content(before[place])] == []
    days = world.first, world.first + timedelta(days=world.days)
    own = recomputed(tmp_path, journal(world.registry, whole.sent, *days, world.ends_us))
    assert differing_days(whole.books, own) == []
    assert differing_events(whole.books, own) == []


class FailingBooks(MemoryBooks):
    """Books that are away at one of two commits, and then there for the same work."""

    def __init__(self, marks, seed: int) -> None:
        super().__init__(marks)
        self.rng, self.failed = np.random.default_rng(seed), False

    def commit(self, *given, **more):
        self.failed = not self.failed and bool(self.rng.random() < 0.5)
        if self.failed:
            raise Unavailable("away", field="database", fix="wait")
        return super().commit(*given, **more)


class BookedAnyway(Booked):
    """A ledger that goes on after each failure, as its loop does."""

    def restart(self) -> None:
        self.books = (
            self.books if isinstance(self.books, FailingBooks) else FailingBooks(self.marks, 3)
        )
        super().restart()

    def settle(self) -> None:
        while True:
            with suppress(Unavailable):
                super().settle()
                return


@pytest.mark.parametrize(("seed", "more"), WORLDS)
@pytest.mark.sampled(6)
def test_work_that_fails_half_way_is_done_all_the_same(seed, more):
    world = random_world(seed, **more)
    live = BookedAnyway(world, world.known_first)
    for batch in world.batches:
        live.take(batch)
    live.now_us = world.ends_us
    live.settle()
    assert_same(at_once(world), live)


BITES = {
    jobs: {"DAYS_A_PIECE": 2, "METERS_A_PIECE": 1, "MOST_METERS": 2, "ROWS_A_PIECE": 4}
    | {"SHORT_METERS": 1, "SHORT_ROWS": 2},
    context: {"FIRST_LOOK": 1, "AT_ONCE_US": 3 * DAY_US, "MOST_ROWS": 40},
    kept: {"MOST_OF_A_POINT": 9, "MOST_BEFORE": 1, "MOST": 25},
    series: {"CHUNK_DAYS": 1},
    periods: {"_NEAR_DAYS": 1},
    recompute: {"METERS_AT_ONCE": 2, "SHORT_US": DAY_US, "MOST_ROWS": 40, "ROWS_AT_ONCE": 1},
}
"""How much is done at once, by module."""


@pytest.mark.parametrize("seed", [0, 1, 5])
def test_how_much_is_done_at_once_changes_nothing(monkeypatch, seed):
    world = random_world(seed)
    whole = at_once(world)
    for module, sizes in BITES.items():
        for name, size in sizes.items():
            assert hasattr(module, name)
            monkeypatch.setattr(module, name, size)
    assert_same(whole, at_once(world))
    assert_same(whole, as_it_came(world))


@pytest.mark.parametrize("day", [date(2026, 10, 25), date(2026, 3, 29)])
@pytest.mark.parametrize("days", [1, 3])
def test_a_silent_total_is_stood_in_for_by_places_of_longer_and_shorter_days(tmp_path, day, days):
    meters = {
        "t": Meter("t", "o", "01000", total=True),
        "a": Meter("a", "c", "01A00"),
        "b": Meter("b", "o", "01B00"),
    }
    nodes = {
        "o": Node("o", NodeType.INSTITUTION, zone="Asia/Shanghai"),
        "c": Node("c", NodeType.BUILDING, zone="Europe/Berlin"),
    }
    registry = Registry(
        version=1,
        nodes=nodes,
        space=(SpaceEdge("o", "c"),),
        meters=meters,
        points={n: Point(n, "o/g", f"p{n}", Kind.REGISTER, "kWh") for n in (1, 2, 3)},
        installations=tuple(Installation(code, n) for n, code in enumerate(meters, start=1)),
    )
    world = RandomWorld("Asia/Shanghai", day, days, registry, registry, [])
    times = day_bounds(day, "Asia/Shanghai")[0] + np.arange(0, 40 * 96 // 24 * days) * 900_000_000
    kept = {1: times[: len(times) // 3], 2: times, 3: times[5:]}
    sent = [SentReading(p, t, n / 2) for p, own in kept.items() for n, t in enumerate(own.tolist())]
    world.batches.append(Batch(world.ends_us, sent))
    booked = at_once(world)
    lines = journal(registry, booked.sent, day, day + timedelta(days=days), world.ends_us)
    own = recomputed(tmp_path, lines)
    assert differing_days(booked.books, own) == []
    rows = {row.day: row for (key, _), row in booked.rows().items() if key.code == "t"}
    figures = booked.books.rows([SeriesKey("o", "node", "o", "01000")], day, day)
    assert len(rows[day].finest.slots) == 96
    assert len(figures[0].finest.slots) == (100 if day.month == 10 else 96)
