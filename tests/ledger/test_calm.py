"""What is asked of many registers at once is what each says when it is asked alone."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from ledger.context import Context
from ledger.glance import Glance
from ledger.kept import MOST_BEFORE, MOST_OF_A_POINT, KeptRows
from ledger.meter import OPEN_END, Service, measure
from metering.localtime import HOUR_US, MINUTE_US, day_bounds
from metering.reading import Flag, Kind, ReadingColumns
from metering.registry import Installation, Meter
from storage.memory import MemoryReadings

ZONE, DAY_US = "Asia/Shanghai", 24 * HOUR_US
START_US = day_bounds(date(2026, 3, 2), ZONE)[0]
METERS = 7


def service(number: int, step_min: int, **limits) -> Service:
    signed = number == 5
    installation = Installation(f"m{number}", number + 1, signed=signed)
    meter = Meter(f"m{number}", "n", "01000", step_min=step_min, **limits)
    if number == 4:
        return Service(meter, installation, Kind.REGISTER, ZONE, START_US + DAY_US, OPEN_END, "kWh")
    return Service(meter, installation, Kind.REGISTER, ZONE, -OPEN_END, OPEN_END, "kWh")


class Twins:
    """Two contexts over one store: one is asked of all meters at once, the other of each alone."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        steps = self.rng.choice([5, 15, 30, 60], METERS).tolist()
        most = {n: {"max_per_hour": 40} for n in range(METERS) if self.rng.random() < 0.3}
        self.services = [service(n, step, **most.get(n, {})) for n, step in enumerate(steps)]
        self.store = MemoryReadings()
        self.once, self.alone = Context(self.store), Context(self.store)
        self.clock = [START_US] * METERS
        self.value = self.rng.integers(100, 1000, METERS).astype(float)
        self.calm, self.answered = [], 0
        self.faults = float(self.rng.choice([0.0, 0.0005, 0.01]))

    def go_on(self, number: int, steps: int) -> tuple[int, int]:
        """Readings of a meter that goes on, with a fault now and then; first and last time."""
        rng, rows, first = self.rng, [], 0
        step_us = self.services[number].meter.step_min * MINUTE_US
        for _ in range(steps):
            self.clock[number] += step_us * (
                1 if rng.random() > 3 * self.faults else int(rng.integers(2, 40))
            )
            self.value[number] += float(rng.integers(0, 9)) if rng.random() > 0.1 else 0.0
            time = self.clock[number] + int(rng.integers(-20, 20)) * 1_000_000
            said, flag = self.value[number], 0
            if rng.random() < self.faults:
                said = float(rng.choice([0.0, said + 5000, 1e17]))
            if rng.random() < self.faults / 2:
                flag = int(rng.choice([Flag.ENTERED, Flag.OUT_OF_RANGE]))
            first = first or time
            rows.append((number + 1, time, said, flag, 0, 0, 0, 0, 0))
        self.store.upsert(ReadingColumns.of(rows))
        return min(first, rows[-1][1]), max(first, rows[-1][1])

    def late(self, number: int) -> tuple[int, int]:
        """A reading between others, or one that says something else."""
        back = int(self.rng.integers(1, 60)) * int(self.rng.choice([7, 7, 240])) * MINUTE_US
        time = max(self.clock[number] - back, START_US + MINUTE_US)
        near = self.store.before([number + 1], time, 1)
        said = float(near.value[0]) if len(near) else 100.0
        said += float(self.rng.choice([0.0, 1.0, 900.0], p=[0.5, 0.45, 0.05]))
        self.store.upsert(ReadingColumns.of([(number + 1, time, said, 0, 1, 0, 0, 0, 0)]))
        return time, time

    def change(self) -> tuple[int, int]:
        """Readings of all meters change; between which instants."""
        if self.rng.random() < 0.8:
            steps = int(self.rng.choice([1, 1, 1, 4, 30]))
            spans = [self.go_on(n, steps) for n in range(METERS)]
        else:
            spans = [self.late(n) for n in range(METERS)]
        return min(s for s, _ in spans), max(e for _, e in spans)

    def compare_noticed(self, start: int, end: int) -> None:
        points = [one.point for one in self.services]
        self.once.change(points, start, end)
        self.once.look(points, start, end)
        calm = self.once.calm([one] for one in self.services).noticed(start, end)
        for one in self.services:
            alone = self.alone.noticed(one, start, end)
            around = self.alone.reached([one], start, end)
            if one in calm:
                self.calm.append(one.point)
                assert alone is None
                assert around == ([] if calm[one] is None else [calm[one]])
            else:
                assert self.once.noticed(one, start, end) == alone
                assert self.once.reached([one], start, end) == around
            self.answered += 1

    def compare_curves(self, start: int, end: int) -> None:
        points = [one.point for one in self.services]
        self.once.look(points, start, end)
        calm = self.once.calm([one] for one in self.services).curves(start, end)
        for one in self.services:
            alone = measure([one], self.alone.stretches([one], start, end))
            here = calm.get(one) or measure([one], self.once.stretches([one], start, end))
            for name in ("time_us", "total", "quality"):
                mine, its = (getattr(found.curve, name).tolist() for found in (here, alone))
                assert [x - mine[0] for x in mine] == [x - its[0] for x in its]
            assert sorted(here.spans) == sorted(alone.spans)
            assert here.facts == alone.facts


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.sampled(3)
def test_what_all_are_asked_at_once_is_what_each_says_alone(seed):
    twins = Twins(seed)
    for number, one in enumerate(twins.services):
        twins.go_on(number, 9 * 1440 // one.meter.step_min)
    for _ in range(60):
        start, end = twins.change()
        twins.compare_noticed(start, end)
        first, last = start // DAY_US, end // DAY_US
        twins.compare_curves(first * DAY_US - HOUR_US * 8, (last + 1) * DAY_US - HOUR_US * 8)
    assert twins.faults == 0.01 or len(twins.calm) > twins.answered // 10


def test_what_is_kept_is_what_the_store_says():
    rng, store = np.random.default_rng(3), MemoryReadings()
    kept, points = KeptRows(store), [1, 2, 3]
    newest = START_US
    for _ in range(300):
        newest += int(rng.integers(1, 90)) * MINUTE_US
        time = newest if rng.random() < 0.8 else newest - int(rng.integers(0, 9)) * DAY_US // 2
        changed = [p for p in points if rng.random() < 0.7] or [1]
        rows = [(p, time + p, float(rng.integers(0, 99)), 0, 0, 0, 0, 0, 0) for p in changed]
        store.upsert(ReadingColumns.of(rows))
        kept.change(points, time, time + 9)
        glance = Glance(store)
        glance.fill(points, time, time + 9, 24, kept=kept)
        for point in points:
            seen = glance._seen[point]
            there = store.scan([point], seen.low_us, seen.high_us)
            assert seen.low_us <= time
            assert seen.high_us >= time + 9
            assert seen.rows.time_us.tolist() == there.time_us.tolist()
            assert seen.rows.value.tolist() == there.value.tolist()
            assert seen.rows.point.tolist() == there.point.tolist()
    assert sum(len(one.rows) for one in kept._seen.values()) == kept._count


class Counted(MemoryReadings):
    """Says how many rows it gave."""

    given = 0

    def _chosen(self, points, choose) -> ReadingColumns:
        found = super()._chosen(points, choose)
        self.given += len(found)
        return found


def test_of_what_is_kept_only_the_change_is_read_again_and_little_more_is_kept():
    store = Counted()
    kept = KeptRows(store)
    for n in range(3 * MOST_OF_A_POINT):
        time = START_US + n * 15 * MINUTE_US
        store.upsert(ReadingColumns.of([(1, time, float(n), 0, 0, 0, 0, 0, 0)]))
        store.given = 0
        kept.change([1], time, time)
        Glance(store).fill([1], time, time, 24, kept=kept)
        assert n < 30 or store.given == 1
        assert len(kept._seen[1].rows) <= 2 * 96 + 24 + MOST_BEFORE


@pytest.mark.parametrize(("days", "rows"), [(8, 1 + 8 * 96), (9, 0)])
def test_a_change_of_many_days_is_not_read_again_into_what_is_kept(days, rows):
    store = Counted()
    kept = KeptRows(store)
    Glance(store).fill([1], START_US, START_US, 24, kept=kept)
    times = [START_US + n * 15 * MINUTE_US for n in range(days * 96 + 1)]
    store.upsert(ReadingColumns.of([(1, at, 1.0, 0, 0, 0, 0, 0, 0) for at in times]))
    store.given = 0
    kept.change([1], times[0], times[-1])
    assert store.given == rows
    glance = Glance(store)
    glance.fill([1], times[0], times[-1], 24, kept=kept)
    assert glance._seen[1].rows.time_us.tolist() == times


def test_a_point_with_very_many_rows_is_not_kept():
    store = MemoryReadings()
    rows = [
        (1, START_US + n * 10**6, float(n), 0, 0, 0, 0, 0, 0) for n in range(MOST_OF_A_POINT + 1)
    ]
    store.upsert(ReadingColumns.of(rows))
    kept = KeptRows(store)
    Glance(store).fill([1], START_US, START_US + HOUR_US, 24, kept=kept)
    assert not kept._seen
