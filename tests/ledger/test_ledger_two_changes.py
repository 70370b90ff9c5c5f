"""Two changes of a meter on one local day, each to the instant or a window: one content whatever
came first, and that of the second implementation."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from metering.localtime import HOUR_US, MINUTE_US, day_bounds, iso
from metering.reading import Kind
from metering.registry import Installation, Meter, Node, NodeType, Point, Registry
from metering.validity import Validity
from tests.ledger.random_worlds import Batch, RandomWorld, SentReading
from tests.ledger.test_random_worlds import Booked, assert_same, at_once
from tests.two_books import differing_days, differing_events, journal, recomputed

DAY, ZONE, ONE = date(2026, 3, 3), "Asia/Shanghai", timedelta(days=1)
MIDNIGHT = day_bounds(DAY, ZONE)[0]
FIRST, LAST = MIDNIGHT - 24 * HOUR_US, MIDNIGHT + 48 * HOUR_US
LOAD = 40
"""kW."""
CHANGES = {
    "ratio, then register": [(1, 20), (1, 40), (2, 40)],
    "register, then register": [(1, 20), (2, 20), (3, 20)],
    "register, then ratio": [(1, 20), (2, 20), (2, 40)],
    "ratio, then ratio": [(1, 20), (1, 40), (1, 60)],
    "ratio, and back": [(1, 20), (1, 40), (1, 20)],
    "register, and back": [(1, 20), (2, 20), (1, 20)],
}


def passed(start_us: int, end_us: int) -> float:
    return (end_us - start_us) / HOUR_US * LOAD


def a_day(how: str, hours: tuple[float, float], rng: np.random.Generator, *, told: bool):
    """(registry, readings); with `told` all values were written down and both are instants."""
    at = [MIDNIGHT + int(hour * HOUR_US) for hour in hours]
    wide = [0 if told or rng.random() < 0.6 else 15 * MINUTE_US for _ in at]
    texts = [
        "/".join(dict.fromkeys(iso(t, ZONE) for t in (one - w, one + w)))
        for one, w in zip(at, wide, strict=True)
    ]
    days = (Validity(None, DAY + ONE), Validity(DAY, DAY + ONE), Validity(DAY, None))
    rows = [
        Installation("m", point, Decimal(ratio), valid=valid)
        for (point, ratio), valid in zip(CHANGES[how], days, strict=True)
    ]
    for n, text in enumerate(texts):
        rows[n], rows[n + 1] = replace(rows[n], ends=text), replace(rows[n + 1], starts=text)
    times = np.arange(FIRST, LAST + 1, int(rng.choice([15, 30, 60])) * MINUTE_US).tolist()
    edges, sent, value = [FIRST, *at, LAST + 1], [], 100.0
    for n, row in enumerate(rows):
        if n and row.point != rows[n - 1].point:
            value = 7.0 * n
        start, end = edges[n], edges[n + 1]
        ratio = float(row.ratio)
        sent += [
            SentReading(row.point, t, round(value + passed(start, t) / ratio, 4))
            for t in times
            if start <= t < end and (told or rng.random() < 0.93)
        ]
        first, value = value, value + passed(start, end) / ratio
        if n and (told or rng.random() < 0.4):
            rows[n] = replace(rows[n], first=Decimal(repr(round(first, 4))))
        if n < 2 and (told or rng.random() < 0.4):
            rows[n] = replace(rows[n], final=Decimal(repr(round(value, 4))))
    limit = None if rng.random() < 0.5 else Decimal(200)
    registry = Registry(
        version=1,
        nodes={"o": Node("o", NodeType.INSTITUTION, zone=ZONE)},
        meters={"m": Meter("m", "o", "01000", max_per_hour=limit)},
        points={n: Point(n, "o/g", f"p{n}", Kind.REGISTER, "kWh") for n in (1, 2, 3)},
        installations=tuple(rows),
    )
    return registry, sent


def booked_alike(folder, registry: Registry, sent, rng) -> Booked:
    """The books, which are the same in batches, in another order, and made anew by others."""
    world = RandomWorld(ZONE, DAY - ONE, 3, registry, registry, [Batch(0, sent)])
    whole, live = at_once(world), Booked(world, registry)
    for part in np.array_split(rng.permutation(len(sent)), 5):
        live.push([sent[n] for n in part.tolist()])
        live.settle()
    assert_same(whole, live)
    days = world.first, world.first + 3 * ONE
    own = recomputed(folder, journal(registry, whole.sent, *days, world.ends_us))
    assert differing_days(whole.books, own) + differing_events(whole.books, own) == []
    return whole


@pytest.mark.parametrize("how", CHANGES)
@pytest.mark.parametrize("seed", range(5))
def test_two_changes_on_a_day_are_booked_alike(tmp_path, how, seed):
    rng = np.random.default_rng(seed)
    hours = np.sort(rng.choice(np.arange(2, 94), 2, replace=False)) / 4
    if hours[1] - hours[0] < 0.5:
        hours[1] += 0.5  # windows beside each other
    registry, sent = a_day(how, tuple(hours.tolist()), rng, told=False)
    booked_alike(tmp_path, registry, sent, rng)


@pytest.mark.parametrize("how", CHANGES)
def test_no_energy_is_lost_where_all_was_written_down(tmp_path, how):
    rng = np.random.default_rng(0)
    registry, sent = a_day(how, (10.1, 15.2), rng, told=True)
    booked = booked_alike(tmp_path, registry, sent, rng)
    totals = {row.day: row.total for (key, _), row in booked.rows().items() if key.kind == "meter"}
    assert [totals[DAY + n * ONE] for n in (-1, 0, 1)] == pytest.approx(
        [24 * LOAD * 10**6] * 3, abs=5_000
    )
