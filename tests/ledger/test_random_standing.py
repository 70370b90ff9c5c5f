"""Which readings the books of random worlds rest on, told from their events: held against the
curves that the ledger made, and against an obvious search."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

import numpy as np
import pytest

from ledger import Standing, judge, left_out, reckoned, served
from ledger.cleaning.decisions import LIMIT
from ledger.context import Context
from ledger.meter import measure_one
from ledger.standing import OFF_GRID, breaks, counting
from ledger.turning import services
from metering.localtime import MINUTE_US
from metering.quality import MISSING
from metering.reading import Kind
from tests.ledger.random_worlds import random_world
from tests.ledger.test_random_worlds import at_once

SEEDS = range(7)
HOUR_US = 60 * MINUTE_US


class Told:
    """One service, its readings and what the books say of its meter."""

    def __init__(self, booked, service, curve) -> None:
        self.service, self.curve = service, curve
        self.rows = booked.readings.scan([service.point], 0, 2**62)
        events = booked.books.events("o", 0, 2**62)
        self.events = [one for one in events if one.meter == service.meter.code]
        self.judged = judge(service, self.rows, self.events)
        used = [why is None for why in self.judged.rejected_by]
        self.used = self.rows.time_us[used].tolist()
        self.standing = Standing(service, booked.readings, self.between)

    def between(self, start_us: int, end_us: int):
        return [e for e in self.events if e.start_us <= end_us and e.end_us >= start_us]

    def last(self, time_us: int) -> int | None:
        """The last reading that stands at or before an instant."""
        place = bisect_right(self.used, time_us) - 1
        return self.used[place] if place >= 0 else None

    def first(self, time_us: int) -> int | None:
        place = bisect_left(self.used, time_us)
        return self.used[place] if place < len(self.used) else None

    @property
    def noted(self) -> set[int]:
        """Instants of values that were written down, which are no readings."""
        both = (self.service.opening, self.service.closing)
        return {one.time_us for one in both if one is not None}


def told(seed: int) -> list[Told]:
    """Every service of a world."""
    world = random_world(seed)
    booked, found = at_once(world), []
    for code in world.registry.meters:
        context = Context(booked.readings)
        bounded = context.bounded(services(world.registry, code))
        stretches = context.stretches(bounded, 0, world.ends_us)
        assert served(booked.readings, world.registry, code) == [s for s in bounded if not s.guest]
        for place, service in enumerate(bounded):
            if place in stretches and not service.guest:
                curve = measure_one(service, stretches[place]).curve
                found.append(Told(booked, service, curve))
    return found


def known(one) -> set[tuple[int, int]]:
    """The stretches of a curve of which something is known."""
    times = one.time_us.tolist()
    pairs = zip(times, times[1:], one.quality.tolist(), strict=False)
    return {(a, b) for a, b, quality in pairs if quality != MISSING}


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_not_rejected_is_what_the_curve_was_made_of(seed):
    for one in told(seed):
        if one.service.kind is Kind.REGISTER:
            assert set(one.used) | one.noted == set(one.curve.time_us.tolist()) | one.noted
        else:
            used = [why is None for why in one.judged.rejected_by]
            starts, ends = one.judged.start_us[used], one.judged.end_us[used]
            assert set(zip(starts.tolist(), ends.tolist(), strict=True)) == known(one.curve)
            passed = one.curve.at(ends) - one.curve.at(starts)
            assert (passed == one.judged.units[used]).all()
        first, last = counting(one.service)
        assert all(first <= at <= last for at in one.used)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_stands_around_an_interval_is_the_nearest_there_is(seed):
    chance = np.random.default_rng(seed)
    for one in told(seed):
        if one.service.kind is not Kind.REGISTER:
            continue  # of these whole days are judged
        low, high = int(one.rows.time_us[0]) - HOUR_US, int(one.rows.time_us[-1]) + HOUR_US
        picked = (
            chance.integers(low, high, 20).tolist() + chance.choice(one.rows.time_us, 5).tolist()
        )
        ends = np.array(picked) + chance.choice([1, 900_000_000, HOUR_US, 30 * HOUR_US], 25)
        for start, end in zip(picked, ends.tolist(), strict=True):
            edges = one.standing.edges(start, end)
            a, b = (min(max(at, one.service.start_us), one.service.end_us) for at in (start, end))
            wanted = one.last(a), one.first(a + 1), one.last(b - 1), one.first(b)
            reach = one.service.start_us, one.service.end_us
            outside = [at < reach[0] or at > reach[1] for at in (a, a + 1, b - 1, b)]
            wanted = [None if out else at for at, out in zip(wanted, outside, strict=True)]
            found = [r.readings.time_us.tolist() for r in edges.rows()]
            assert found == [[] if at is None else [at] for at in wanted]
            _check(one, edges, start, end)


def _check(one: Told, edges, start: int, end: int) -> None:
    """A calculator comes to what the curve says, or there is a reason why it cannot."""
    first, last = edges.ends()
    found = reckoned(one.service, edges, (start, end), one.events)
    times = [int(side.readings.time_us[0]) for side in (first, last) if len(side)]
    if len(times) < 2 or times[0] >= times[1]:
        assert found is None
        return
    if any(e.start_us < times[1] and e.end_us > times[0] and breaks(e) for e in one.events):
        assert found is None
        return
    assert found is not None
    assert (found.first_us, found.last_us) == tuple(times)
    if not any(times[0] < at < times[1] for at in one.noted):
        a, b = (min(max(at, times[0]), times[1]) for at in (start, end))
        passed = one.curve.at(np.array([a, b]))
        assert found.value == int(passed[1] - passed[0])


@pytest.mark.parametrize("seed", SEEDS)
def test_an_event_names_the_readings_it_speaks_of(seed):
    for one in told(seed):
        if one.service.kind is not Kind.REGISTER:
            continue
        for event in one.events:
            named = {
                place: int(found.readings.time_us[0]) for place, found in one.standing.named(event)
            }
            if event.kind in (LIMIT, OFF_GRID):
                assert named == {}
                continue
            inside = one.service.start_us <= event.start_us and event.end_us <= one.service.end_us
            if not inside:
                continue
            span = left_out(event)
            start = event.start_us if span is None else span[0] - 1
            wanted = {"before": one.last(start), "after": one.first(event.end_us)}
            if span is not None:
                times = one.rows.time_us[
                    (one.rows.time_us >= span[0]) & (one.rows.time_us < span[1])
                ]
                wanted["left_out"] = int(times[0]) if len(times) else None
            assert named == {place: at for place, at in wanted.items() if at is not None}
