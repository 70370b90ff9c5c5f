"""The read face: steps, shares, money, carbon."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from ledger import EnergyReader, cost, emission, prices
from metering.calendar import CalendarDay, DayKind, WorkCalendar
from metering.errors import InvalidInput, NotFound
from metering.factor import Factor
from metering.quantity import ABSENT
from metering.tariff import Tariff, TariffRow

FIRST, DAYS = date(2026, 3, 2), 40
LAST = FIRST + timedelta(days=DAYS - 1)


@pytest.fixture
def world(helpers):
    meters = [helpers.meter("m", total=True), helpers.meter("h", "01A00", step_min=60)]
    world = helpers.World(helpers.campus(meters), helpers.later(DAYS))
    times = helpers.quarters(DAYS * 96 + 1)
    kept = np.ones(len(times), dtype=bool)
    kept[100:140] = False
    world.push(1, times[kept], (np.arange(len(times)) * 2.5)[kept])
    world.push(2, times[::4], np.arange(DAYS * 24 + 1) * 4.0)
    world.ledger.step()
    return world


@pytest.fixture
def reader(world):
    return EnergyReader(world.books, lambda: world.registry, lambda: world.now_us)


@pytest.mark.parametrize(
    ("step", "count"),
    [("native", 96 * DAYS), ("15min", 96 * DAYS), ("hour", 24 * DAYS), ("day", DAYS), ("month", 2)],
)
def test_every_step_holds_the_same_energy(world, reader, step, count):
    energy = reader.energy("o", "01000", FIRST, LAST, step)
    assert len(energy) == count
    assert sum(energy.values()) == DAYS * 96 * 2_500_000
    assert (energy.start_us[1:] == energy.end_us[:-1]).all()
    assert (energy.shares.sum(axis=1) == 10_000).all()
    assert energy.revision == world.books.revision("o")


def test_a_gap_is_apportioned_where_it_is_wider_than_the_period(reader):
    day = FIRST + timedelta(days=1)
    hours = reader.energy("m", None, day, day, "hour")
    assert hours.shares[5].tolist() == [0, 10_000, 0, 0]
    assert reader.energy("m", None, day, day, "day").shares.tolist() == [[10_000, 0, 0, 0]]
    assert reader.energy("m", None, day, LAST, "month").shares[0].tolist() == [10_000, 0, 0, 0]


def test_nothing_booked_is_missing_not_zero(reader):
    before = FIRST - timedelta(days=2)
    energy = reader.energy("b", "01000", before, FIRST, "day")
    assert energy.values() == [None, None, 96 * 2_500_000]
    assert energy.shares[0].tolist() == [0, 0, 0, 10_000]
    after = reader.energy("b", "01000", LAST, LAST + timedelta(days=1), "day")
    assert after.provisional.tolist() == [False, True]


def test_months_are_cut_at_the_range(reader):
    energy = reader.energy("m", None, date(2026, 3, 20), date(2026, 4, 5), "month")
    assert energy.values() == [12 * 96 * 2_500_000, 5 * 96 * 2_500_000]


def test_silent_meters_are_named(helpers):
    meters = [helpers.meter("m", "01A00"), helpers.meter("n", "01B00")]
    world = helpers.World(helpers.campus(meters), helpers.later(2))
    world.push(1, helpers.quarters(97), np.arange(97) * 1.0)
    world.ledger.step()
    reader = EnergyReader(world.books, lambda: world.registry, lambda: world.now_us)
    assert reader.energy("o", "01000", FIRST, FIRST, "day", name_silent=True).silent == ("n",)
    assert reader.items_of("o", FIRST) == ["01000", "01A00", "01B00"]


def test_bad_questions_say_what_is_wrong(reader):
    with pytest.raises(InvalidInput, match="15min"):
        reader.energy("h", None, FIRST, LAST, "15min")
    with pytest.raises(InvalidInput, match="unknown step"):
        reader.energy("m", None, FIRST, LAST, "week")
    with pytest.raises(InvalidInput, match="item"):
        reader.energy("o", None, FIRST, LAST, "day")
    with pytest.raises(InvalidInput, match="before it starts"):
        reader.energy("o", "01000", LAST, FIRST, "day")
    with pytest.raises(NotFound):
        reader.energy("nowhere", "01000", FIRST, LAST, "day")


def row(period: str, start: int, end: int, price: str, days: str = "all", **more) -> TariffRow:
    months = more.pop("months", frozenset(range(1, 13)))
    return TariffRow("t", "01000", months, days, start, end, period, Decimal(price), **more)


ROWS = (
    row("valley", 0, 480, "0.3"),
    row("peak", 480, 1320, "1.2", "working"),
    row("flat", 480, 1320, "0.7", "rest"),
    row("sharp", 1320, 1440, "1.5", valid_to=date(2026, 4, 1)),
)


def test_cost_by_period_agrees_with_slot_by_slot(reader):
    calendar = WorkCalendar.of([CalendarDay(date(2026, 3, 7), DayKind.WORKING)])
    tariff = Tariff(ROWS, calendar)
    energy = reader.energy("o", "01000", FIRST, LAST, "hour")
    slow = tariff.rows_at(energy.start_us, energy.zone, "01000")
    assert prices(energy, tariff) == slow
    found = cost(energy, tariff)
    wanted = sum(
        Decimal(q) * r.price / 1_000_000
        for q, r in zip(energy.values(), slow, strict=True)
        if r is not None
    )
    assert found.amount == wanted
    assert found.currency == "CNY"
    assert set(found.rows) == set(ROWS)
    assert {p.period for p in found.periods} == {"valley", "peak", "flat", "sharp"}
    assert found.priced + found.unpriced == sum(energy.values())
    assert found.unpriced == 10 * 2 * 10_000_000


def test_cost_on_clock_change_days(helpers):
    zone = "Europe/Berlin"
    day = date(2026, 3, 29)
    registry = helpers.campus([helpers.meter("m")], zone=zone)
    world = helpers.World(registry, helpers.later(3, day, zone))
    world.push(1, helpers.quarters(93, helpers.midnight(day, zone)), np.arange(93) * 1.0)
    world.ledger.step()
    reader = EnergyReader(world.books, lambda: registry, lambda: world.now_us)
    found = cost(reader.energy("m", None, day, day, "native"), Tariff(ROWS[:1], WorkCalendar()))
    assert found.priced == 28 * 1_000_000


def test_nothing_priced_has_no_amount(reader):
    energy = reader.energy("o", "01000", FIRST, LAST, "day")
    assert cost(energy, Tariff((), WorkCalendar())).amount is None
    empty = replace(energy, quantity=np.full(len(energy), ABSENT))
    assert cost(empty, Tariff(ROWS, WorkCalendar())).amount is None


def test_emission_names_its_factors(reader):
    old = Factor("01000", "kgco2", Decimal("0.6"), valid_to=date(2026, 4, 1), grade="V")
    new = Factor("01000", "kgco2", Decimal("0.5"), valid_from=date(2026, 4, 1), grade="M")
    energy = reader.energy("o", "01000", FIRST, LAST, "day")
    found = emission(energy, [old, new], "kgco2")
    per_day = 96 * Decimal("2.5")
    assert found.amount == 30 * per_day * old.value + 10 * per_day * new.value
    assert [f.verified for f in found.factors] == [True, False]
    assert emission(energy, [], "kgce").amount is None
    assert emission(energy, [], "kgce").uncovered == sum(energy.values())
