"""Places, tariffs, clocks and changes of registers: both implementations tell the same."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from metering.calendar import CalendarDay, DayKind, WorkCalendar
from metering.factor import Factor
from metering.reading import Kind
from metering.registry import Installation, Validity
from metering.tariff import TariffRow

DAYS = 3


def price(days, start, end, amount, **more):
    months = frozenset(range(1, 13))
    item = more.pop("item", "01000")
    return TariffRow("t", item, months, days, start, end, f"p{amount}", Decimal(amount), **more)


TARIFF = (
    price("working", 0, 510, "0.3127"),
    price("working", 510, 1000, "1.0843"),
    price("working", 1000, 1440, "0.3127"),
    price("rest", 0, 1440, "0.2"),
    price("holiday", 600, 840, "0.1519"),
    price("all", 0, 700, "0.51", item="01A00", currency="EUR"),
    price("all", 700, 1440, "0.93", item="01A00", currency="EUR"),
)
FACTORS = (
    Factor("01000", "kgco2", Decimal("0.5306"), valid=Validity(None, date(2026, 3, 3))),
    Factor("01000", "kgco2", Decimal("0.5127"), valid=Validity(date(2026, 3, 3), None)),
    Factor("01A00", "kgce", Decimal("0.1229")),
)
CALENDAR = WorkCalendar.of([CalendarDay(date(2026, 3, 3), DayKind.HOLIDAY)])


def worth(**more):
    return {"tariff": TARIFF, "factors": FACTORS, "calendar": CALENDAR, **more}


def fill(world, helpers, points, seed=1, holes=True):
    """Registers of all points, some with gaps over prices and midnights."""
    rng = np.random.default_rng(seed)
    for point in points:
        step = 1 if point != 4 else 4
        times = helpers.quarters(DAYS * 96 + 1)[::step]
        values = np.round(1000 * point + np.cumsum(rng.uniform(0.5, 3, len(times))), 3)
        kept = np.ones(len(times), dtype=bool)
        if holes:
            for at in rng.integers(0, len(times), 3):
                kept[at : at + int(rng.integers(1, 30))] = False
        world.push(point, times[kept], values[kept])
    world.book()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.sampled(1)
def test_trees_totals_and_feeders(helpers, tmp_path, seed):
    registry = helpers.campus(
        [
            helpers.meter("t", total=True),
            helpers.meter("a", "01A00"),
            helpers.meter("plant", "01B00", total=True, node="c"),
            helpers.meter("hourly", "01000", node="f", total=True, step_min=60),
            helpers.meter("fans", "01B20", node="f"),
            helpers.meter("behind", "01D10", node="c"),
        ],
        edges=[("o", "b"), ("o", "c"), ("c", "f")],
        supply=[("a", "behind")],
        **worth(),
    )
    world = helpers.World(registry, DAYS)
    fill(world, helpers, range(1, 7), seed)
    assert helpers.differences(world, world.recomputed(tmp_path)) == []


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Australia/Lord_Howe", "Asia/Kathmandu"])
@pytest.mark.sampled(1)
def test_a_silent_total_is_stood_in_for(helpers, tmp_path, zone):
    registry = helpers.campus(
        [helpers.meter("t", total=True), helpers.meter("a", "01A00"), helpers.meter("x", "01B00")],
        zone=zone,
        **worth(),
    )
    world = helpers.World(registry, DAYS)
    times = helpers.quarters(DAYS * 96 + 1, zone=zone)
    for point, last in ((1, 150), (2, 289), (3, 200)):
        values = 100 * point + 1.5 * np.arange(last) * point
        world.push(point, times[:last], values)
    world.book()
    assert helpers.differences(world, world.recomputed(tmp_path)) == []


@pytest.mark.parametrize("day", [date(2026, 3, 28), date(2026, 10, 24)])
def test_days_on_which_the_clocks_change(helpers, tmp_path, day):
    registry = helpers.campus(
        [helpers.meter("m"), helpers.meter("n", "01A00", step_min=30)],
        zone="Europe/Berlin",
        **worth(),
    )
    world = helpers.World(registry, DAYS, first=day)
    times = helpers.quarters(DAYS * 96 + 5, day, "Europe/Berlin")
    kept = np.ones(len(times), dtype=bool)
    kept[100:112] = False
    for point in (1, 2):
        world.push(point, times[kept], 10.0 * point + 1.25 * np.flatnonzero(kept))
    world.book()
    assert helpers.differences(world, world.recomputed(tmp_path)) == []


@pytest.mark.parametrize("overlap", [0, 7])
@pytest.mark.parametrize("point", [1, 2])
def test_a_register_that_is_replaced(helpers, tmp_path, overlap, point):
    change = date(2026, 3, 3)
    registry = helpers.campus(
        [helpers.meter("m")],
        installations=[
            Installation("m", 1, ratio=Decimal("1.5"), valid=Validity(None, change)),
            Installation("m", point, valid=Validity(change, None), ratio=Decimal("1.5")),
        ],
        **worth(),
    )
    world = helpers.World(registry, DAYS)
    times = helpers.quarters(DAYS * 96 + 1)
    at = 96 + 40
    world.push(1, times[: at + overlap], 500 + 2.0 * np.arange(at + overlap))
    world.push(point, times[at + 3 :], 7 + 2.0 * np.arange(len(times) - at - 3))
    world.book()
    assert helpers.differences(world, world.recomputed(tmp_path)) == []


def test_intervals_and_means(helpers, tmp_path):
    registry = helpers.campus(
        [helpers.meter("i"), helpers.meter("p", "01A00")],
        kinds={"i": Kind.INTERVAL, "p": Kind.MEAN},
        **worth(),
    )
    world = helpers.World(registry, DAYS)
    times = helpers.quarters(DAYS * 96)
    rng = np.random.default_rng(3)
    kept = rng.random(len(times)) > 0.1
    world.push(1, times[kept], np.round(rng.uniform(0, 4, len(times)), 3)[kept])
    shifted = times + np.where(rng.random(len(times)) > 0.9, 70_000_000, 0)
    world.push(2, shifted, np.round(rng.uniform(0, 9, len(times)), 2))
    world.book()
    assert helpers.differences(world, world.recomputed(tmp_path)) == []


def test_an_alteration_shows(helpers, tmp_path):
    registry = helpers.campus([helpers.meter("m")], **worth())
    world = helpers.World(registry, DAYS)
    fill(world, helpers, [1], holes=False)
    world.sent[100] = (*world.sent[100][:2], world.sent[100][2] + 0.2, world.sent[100][3])
    assert helpers.differences(world, world.recomputed(tmp_path))
