"""What a fresh look at a stretch of a register's time says is what a look at all of it says, and it
reaches no further than it must."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from ledger import series as series_module
from ledger.cleaning.past import RegisterPast
from ledger.cleaning.rates import DAY_US
from ledger.context import Context
from ledger.glance import Glance
from ledger.meter import OPEN_END, Service
from ledger.series import CELL_DAYS, DETOUR_DAYS, IntervalSeries, RegisterSeries
from metering.localtime import HOUR_US, day_bounds
from metering.reading import Kind, ReadingColumns
from metering.registry import Installation, Meter
from storage.memory import MemoryReadings

ZONE = "Asia/Shanghai"
START_US = day_bounds(date(2025, 1, 1), ZONE)[0]
FIRST = START_US // DAY_US


def service_of(kind: Kind = Kind.REGISTER, *, limit: str | None = None) -> Service:
    meter = Meter("m", "o", "01000", step_min=60, max_per_hour=limit and Decimal(limit))
    return Service(meter, Installation("m", 1), kind, ZONE, -OPEN_END, OPEN_END, "kWh")


def stored(times, values) -> MemoryReadings:
    store = MemoryReadings()
    rows = zip(np.asarray(times).tolist(), np.asarray(values, dtype=float).tolist(), strict=True)
    store.upsert(ReadingColumns.of([(1, at, v, 0, 0, 0, 0, 0, 0) for at, v in rows]))
    return store


def troubled(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Twelve days of a register that falls at midnights, stands still and is silent."""
    rng = np.random.default_rng(seed)
    times = START_US + np.arange(12 * 24) * HOUR_US
    rises = rng.integers(0, 9, len(times)).astype(float)
    for at in rng.integers(0, len(times), 8).tolist():
        rises[at] = rng.choice((-400, 300, 0))
    edges = np.flatnonzero(times % DAY_US == 0)
    for at in rng.choice(edges, 5, replace=False).tolist():
        rises[at + int(rng.integers(-2, 2))] = rng.choice((-300, 250))
    kept = rng.random(len(times)) > 0.1
    return times[kept], (5000 + np.cumsum(rises))[kept]


@pytest.mark.parametrize("kind", [Kind.REGISTER, Kind.INTERVAL, Kind.MEAN])
@pytest.mark.parametrize("seed", range(12))
def test_days_looked_at_a_few_at_a_time_say_the_same(monkeypatch, kind, seed):
    times, values = troubled(seed)
    values = values if kind is Kind.REGISTER else np.abs(np.diff(values, prepend=4990))
    glance, service = Glance(stored(times, values)), service_of(kind)
    one = (RegisterSeries if kind is Kind.REGISTER else IntervalSeries)(service)
    first, last = FIRST - 1, FIRST + 13
    whole = one._look(glance, first, last)
    for days in (1, 2, 3, last - first, last - first + 1):
        monkeypatch.setattr(series_module, "CHUNK_DAYS", days)
        part = one._look(glance, first, last)
        pairs = zip(part.rises._columns(), whole.rises._columns(), strict=True)
        assert all(a.tolist() == b.tolist() for a, b in pairs)
        for name in ("before_us", "at_us", "rise"):
            here, there = (getattr(p.doubtful, name).tolist() for p in (part, whole))
            assert here == there
    begun = RegisterPast.only(service.limits, one._look(glance, first, FIRST + 5))
    joined = begun.renewed(one._look(glance, FIRST + 6, last))
    assert joined.doubtful.same(whole.doubtful)


def faulty(every: int, days: int, length: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """A register read twice a day that is wrong for some days once in so many."""
    times = START_US + np.arange(2 * days) * 12 * HOUR_US
    values = 1000 + 50.0 * np.arange(2 * days)
    for n in range(every, days - length, every):
        values[2 * n : 2 * (n + length)] = 0
    return times, values


@pytest.mark.parametrize(("every", "length"), [(30, 1), (44, 1), (44, 20), (60, 44), (80, 3)])
def test_a_fresh_look_at_a_day_decides_what_a_look_at_all_days_decides(every, length):
    times, values = faulty(every, 700, length)
    store, service = stored(times, values), service_of(limit="60")
    whole = Context(store).decisions(service, int(times[0]), int(times[-1]))
    assert len(whole) > 5
    for day in range(0, 700, 13):
        start = START_US + day * DAY_US
        found = Context(store).decisions(service, start, start + DAY_US)
        assert found == [d for d in whole if d.there_us >= start and d.here_us <= start + DAY_US]


def covered(every: int, day: int) -> tuple[int, int]:
    """Days before and after one that a fresh look at it looks through."""
    times, values = faulty(every, 3000)
    one = RegisterSeries(service_of(limit="60"))
    at = START_US + day * DAY_US
    one.cover(Glance(stored(times, values)), at, at)
    past = one._past
    return at // DAY_US - past.first_day, past.last_day - at // DAY_US


def test_a_look_goes_on_only_where_faults_follow_each_other():
    """Months around that limit, and as far as a detour may last; or along faults, some cells."""
    months = 31 * 3 + DETOUR_DAYS
    for day in (1520, 1540, 1559):
        assert max(covered(150, day)) <= months + DETOUR_DAYS
        before, after = covered(30, day)
        assert CELL_DAYS < before <= 3 * CELL_DAYS + months
        assert CELL_DAYS < after <= 4 * CELL_DAYS + months
