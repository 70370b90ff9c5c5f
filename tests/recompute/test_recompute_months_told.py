"""A month in which the registered limit does not hold is told where the books have readings of the
meter, and by both implementations alike."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from metering.localtime import day_bounds
from metering.reading import Kind
from metering.registry import Installation, Meter, Node, NodeType, Point, Registry
from tests.ledger.random_worlds import Batch, RandomWorld, SentReading
from tests.ledger.test_random_worlds import at_once
from tests.two_books import differing_events, journal, recomputed

US = 1_000_000
KINDS = (Kind.INTERVAL, Kind.MEAN, Kind.REGISTER)
ZONES = ("UTC", "Asia/Shanghai", "America/St_Johns", "Europe/Berlin")


def limits(folder, zone: str, kind: Kind, first: date, times, values, step_min: int) -> list[int]:
    """UTC months told, as 12 x (year - 1970) + month - 1; the same by both implementations."""
    unit = "kW" if kind is Kind.MEAN else "kWh"
    high = None if kind is Kind.REGISTER else 500.0
    registry = Registry(
        version=1,
        nodes={"o": Node("o", NodeType.INSTITUTION, zone=zone)},
        meters={"m": Meter("m", "o", "01000", step_min=step_min, max_per_hour=Decimal(1))},
        points={1: Point(1, "o/g", "p1", kind, unit, high=high)},
        installations=(Installation("m", 1),),
    )
    pairs = zip(np.asarray(times).tolist(), np.asarray(values).tolist(), strict=True)
    sent = [SentReading(1, time, round(value, 4)) for time, value in pairs]
    world = RandomWorld(zone, first, 120, registry, registry, [Batch(0, sent)])
    booked = at_once(world)
    days = first - timedelta(40), first + timedelta(120)
    own = recomputed(folder, journal(registry, booked.sent, *days, world.ends_us))
    assert differing_events(booked.books, own) == []
    told = [e.start_us for e in booked.books.events("o", 0, 2**62) if e.kind == "limit"]
    return np.array(told, dtype="datetime64[us]").astype("datetime64[M]").astype(int).tolist()


MARCH = 12 * 56 + 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("more", [0, 1])
def test_a_month_is_told_from_its_first_reading_on(tmp_path, kind, more):
    first, end = date(2026, 3, 20), day_bounds(date(2026, 4, 1), "UTC")[0]
    times = np.arange(day_bounds(first, "UTC")[0], end + more, 3600 * US)
    values = 7.0 + np.arange(len(times)) % 5
    values = np.cumsum(values) if kind is Kind.REGISTER else values
    found = limits(tmp_path, "UTC", kind, first, times, values, 60)
    assert found == [MARCH, MARCH + 1][: 1 + more]


@pytest.mark.parametrize("kind", [Kind.INTERVAL, Kind.MEAN])
def test_a_reading_that_cannot_be_used_makes_no_month(tmp_path, kind):
    first, end = date(2026, 3, 20), day_bounds(date(2026, 4, 3), "UTC")[0]
    times = np.arange(day_bounds(first, "UTC")[0], end, 3600 * US)
    values = 7.0 + np.arange(len(times)) % 5
    values[-48:] = 501.0
    assert limits(tmp_path, "UTC", kind, first, times, values, 60) == [MARCH]


@pytest.mark.parametrize("seed", range(16))
def test_both_tell_the_same_months(tmp_path, seed):
    rng = np.random.default_rng(seed)

    def pick(*values):
        return values[int(rng.integers(len(values)))]

    zone, kind, step = pick(*ZONES), pick(*KINDS), pick(15, 60, 1440)
    first = date(2026, 3, 31) - timedelta(int(rng.integers(3, 70)))
    last = day_bounds(pick(date(2026, 3, 31), date(2026, 4, 1)), pick(zone, "UTC"))[0]
    every = pick(900, 3600) * US
    start = day_bounds(first, zone)[0]
    times = np.arange(start, last + every * int(rng.integers(-2, 3)), every)
    values = rng.uniform(5, 9, len(times))
    if kind is Kind.REGISTER:
        values = np.cumsum(values)
    elif rng.random() < 0.5:
        values[-int(rng.integers(1, 8)) :] = pick(600, -3, 1000)
        values[: int(rng.integers(0, 5))] = 600
    keep = np.ones(len(times), dtype=bool)
    if rng.random() < 0.6:
        keep[slice(*sorted(rng.integers(0, len(times), 2).tolist()))] = False
    limits(tmp_path, zone, kind, first, times[keep], values[keep], step)
