"""Which readings a curve rests on, told from events: held against what the ledger really used."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from ledger import EVENT_KINDS, Standing, judge, reckoned, rule_of, served
from ledger.clean import Around, clean
from ledger.context import Context
from metering.book import RegisterEvent
from metering.localtime import HOUR_US, day_bounds
from metering.quantity import ABSENT
from proofs.fuzz import DAYS, FIRST, START_US, ZONE, once
from proofs.fuzz_worlds import sequence

SEEDS = range(7_000_000, 7_000_040)
END_US = day_bounds(FIRST + timedelta(days=DAYS), ZONE)[0]


def followed(seed: int):
    """(world, service, its readings, events of the books) of a seed."""
    world = once(sequence(seed, START_US, DAYS))
    service = served(world.readings, world.registry, "m")[0]
    events = world.books.events("o", START_US - HOUR_US, END_US + HOUR_US)
    return world, service, world.readings.scan([1], 0, END_US + HOUR_US), events


def used_by_the_ledger(world, service):
    """Times of the readings that the ledger's own cleaning keeps."""
    context = Context(world.readings)
    bounded = context.bounded([service])
    stretch = context.stretches(bounded, START_US, END_US)[0]
    usable = service.usable(world.readings.scan([1], 0, END_US + HOUR_US))
    cleaned = clean(
        usable.time_us,
        usable.value,
        service.limits,
        decisions=stretch.decisions,
        missing=stretch.missing,
        around=Around(stretch.earlier_us, ZONE),
    )
    return set(cleaned.time_us.tolist())


@pytest.mark.parametrize("seed", SEEDS)
def test_events_tell_which_readings_the_ledger_used(seed):
    world, service, rows, events = followed(seed)
    judged = judge(service, rows, events)
    told = {
        int(time_us)
        for time_us, why in zip(rows.time_us, judged.rejected_by, strict=True)
        if why is None
    }
    assert told == used_by_the_ledger(world, service)
    assert {rule_of(event) for event in events} <= set(EVENT_KINDS)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_calculator_comes_to_what_is_booked(seed):
    """Of every hour and day without a break, from the readings that stand around it."""
    world, service, rows, events = followed(seed)

    def between(start_us: int, end_us: int) -> list[RegisterEvent]:
        return [e for e in events if e.start_us <= end_us and e.end_us >= start_us]

    standing = Standing(service, world.readings, between)
    used = set(rows.time_us[[w is None for w in judge(service, rows, events).rejected_by]].tolist())
    for row in world.rows():
        slots, step = row.finest.slots, row.finest.step_min
        first = day_bounds(row.day, ZONE)[0]
        for hours in (24, 1):
            size = max(hours * 60 // step, 1)
            for at in range(0, len(slots), size):
                own = slots[at : at + size]
                start = first + at * step * 60_000_000
                end = start + size * step * 60_000_000
                edges = standing.edges(start, end)
                times = {int(one.readings.time_us[0]) for one in edges.rows() if len(one)}
                assert times <= used
                if (found := reckoned(service, edges, (start, end), events)) is None:
                    continue
                known = own[own != ABSENT]
                assert found.value == int(known.sum())


def test_edges_go_on_to_the_ends_of_what_is_left_out():
    """Beside a spike the readings around it are named, not those in it."""
    spiked = (one for one in map(followed, SEEDS) if any(e.kind == "spike" for e in one[3]))
    world, service, rows, events = next(spiked)
    spike = next(e for e in events if e.kind == "spike")
    standing = Standing(
        service,
        world.readings,
        lambda low, high: [e for e in events if e.start_us <= high and e.end_us >= low],
    )
    edges = standing.edges(spike.start_us, spike.start_us + 1)
    before, after = (int(one.readings.time_us[0]) for one in (edges.before, edges.after))
    assert before < spike.start_us
    assert after == spike.end_us
    assert not np.any((rows.time_us > before) & (rows.time_us < spike.start_us))
