"""Money: one rule, whatever the step, the part or the face that asks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from figures import cost, costs_of_each, energy, hour_prices, less, total, worth, worth_of_each
from metering.calendar import CalendarDay, DayKind, WorkCalendar
from metering.factor import Factor
from metering.registry import Validity

DAY = date(2026, 3, 2)
NEXT = DAY + timedelta(days=1)


@pytest.fixture
def half_past(fig):
    """Prices that turn at half past eight."""
    return [fig.price("valley", 0, 510, "0.30"), fig.price("peak", 510, 1440, "1.00")]


def world_of(helpers, fig, meters, rows, days=2, **more):
    registry = fig.with_tariff(helpers.campus(meters, **more), *rows)
    return helpers.World(registry, helpers.later(days + 1))


def read_hourly(world, helpers, point, *kwh):
    """A register that is read each hour and shows these amounts, then nothing more that day."""
    start = helpers.midnight()
    amounts = [*kwh, *([0.0] * (24 - len(kwh)))]
    times = [start + n * helpers.HOUR_US for n in range(25)]
    world.push(point, times, np.cumsum([0.0, *amounts]))


def test_an_hour_over_two_prices_is_split_by_time_and_bounded(helpers, fig, half_past):
    world = world_of(helpers, fig, [helpers.meter("m", step_min=60)], half_past)
    read_hourly(world, helpers, 1, *([0.0] * 8), 4.0)
    world.ledger.step()
    with fig.view_of(world) as view:
        key = view.key_of("m")
        hours = costs_of_each(view, energy(view, key, DAY, DAY, "hour"))
        for found in (hours[8], cost(view, key, DAY, DAY)):
            money = found.sole
            assert money is not None
            assert money.amount == Decimal("2.60")
            assert (money.low, money.high) == (Decimal("1.20"), Decimal("4.00"))
            assert money.shares == (0, 0, 10_000, 0)
        measured = energy(view, key, DAY, DAY, "day").shares[0].tolist()
        assert measured == [10_000, 0, 0, 0]


def test_readings_finer_than_the_step_leave_nothing_to_split(helpers, fig, half_past):
    """Three of the four kWh pass after half past: the hour's slot does not know, the books do."""
    world = world_of(helpers, fig, [helpers.meter("m", step_min=60)], half_past)
    times = helpers.quarters(97)
    values = np.zeros(97)
    values[33:] = 0.5
    values[34:] = 1.0
    values[35:] = 2.5
    values[36:] = 4.0
    world.push(1, times, values)
    world.ledger.step()
    with fig.view_of(world) as view:
        key = view.key_of("m")
        hours = costs_of_each(view, energy(view, key, DAY, DAY, "hour"))
        for found in (hours[8], cost(view, key, DAY, DAY)):
            money = found.sole
            assert money is not None
            assert money.amount == money.low == money.high == Decimal("3.30")
            assert money.shares == (10_000, 0, 0, 0)
        (price,) = hour_prices(view, key, np.array([helpers.midnight() + 8 * helpers.HOUR_US]))
        assert price.by_currency["CNY"] * 4_000_000 == Decimal("3.30")
        assert price.priced


def test_a_daily_meter_under_time_of_use_is_estimated_between_bounds(helpers, fig, half_past):
    world = world_of(helpers, fig, [helpers.meter("m", step_min=1440)], half_past)
    world.push(1, [helpers.midnight(), helpers.midnight(NEXT)], [0.0, 24.0])
    world.ledger.step()
    with fig.view_of(world) as view:
        found = energy(view, view.key_of("o", "01000"), DAY, DAY, "hour")
        (daily,) = found.remainder
        for one in (
            cost(view, view.key_of("o", "01000"), DAY, DAY),
            costs_of_each(view, daily)[0],
        ):
            money = one.sole
            assert money is not None
            assert money.amount == Decimal("8.5") * Decimal("0.30") + Decimal("15.5")
            assert (money.low, money.high) == (Decimal("7.20"), Decimal("24.00"))
            assert money.shares == (0, 0, 10_000, 0)
            nothing = less(one, [one]).sole
            assert (nothing.low, nothing.amount, nothing.high) == (0, 0, 0)


def test_a_whole_is_the_sum_of_its_parts_each_at_its_own_step(helpers, fig):
    """96 kWh a day each, one read by the quarter hour and one by the day, in two buildings."""
    rows = [
        fig.price("valley", 0, 480, "0.3"),
        fig.price("peak", 480, 1320, "1.2"),
        fig.price("flat", 1320, 1440, "0.7"),
    ]
    meters = [
        helpers.meter("a", node="b"),
        helpers.meter("d", node="c", step_min=1440),
    ]
    world = world_of(helpers, fig, meters, rows, 3, edges=[("o", "b"), ("o", "c")])
    times = helpers.quarters(3 * 96 + 1)
    world.push(1, times, np.arange(len(times)) * 1.0)
    world.push(2, times[::96], np.arange(4) * 96.0)
    world.ledger.step()
    last = DAY + timedelta(days=2)
    with fig.view_of(world) as view:
        whole, b, c = (cost(view, view.key_of(n, "01000"), DAY, last) for n in ("o", "b", "c"))
        assert whole.sole.amount == b.sole.amount + c.sole.amount
        assert (whole.sole.low, whole.sole.high) == (
            b.sole.low + c.sole.low,
            b.sole.high + c.sole.high,
        )
        assert {p.period for p in whole.periods} == {"valley", "peak", "flat"}
        assert whole.sole.shares == (5_000, 0, 5_000, 0)
        assert sum(p.cost for p in whole.periods) == whole.sole.amount


def test_currencies_are_never_added(helpers, fig):
    rows = [
        fig.price("flat", 0, 1440, "0.50", valid=Validity(end=NEXT)),
        fig.price("flat", 0, 1440, "0.10", valid=Validity(NEXT), currency="EUR"),
    ]
    world = world_of(helpers, fig, [helpers.meter("m")], rows)
    times = helpers.quarters(2 * 96 + 1)
    world.push(1, times, np.arange(len(times)) * 1.0)
    world.ledger.step()
    with fig.view_of(world) as view:
        found = cost(view, view.key_of("o", "01000"), DAY, NEXT)
        assert found.sole is None
        assert [(m.currency, m.amount) for m in found.money] == [
            ("CNY", Decimal("48.00")),
            ("EUR", Decimal("9.60")),
        ]
        assert [(p.currency, p.cost) for p in found.periods] == [
            ("CNY", Decimal("48.00")),
            ("EUR", Decimal("9.60")),
        ]
        first, second = costs_of_each(
            view, energy(view, view.key_of("o", "01000"), DAY, NEXT, "day")
        )
        assert (first.sole.currency, second.sole.currency) == ("CNY", "EUR")
        assert [m.amount for m in total([first, second]).money] == [m.amount for m in found.money]


def test_a_currency_in_which_nothing_was_spent_is_not_told(helpers, fig):
    rows = [
        fig.price("flat", 0, 1440, "0.50", valid=Validity(end=NEXT)),
        fig.price("flat", 0, 1440, "0.10", valid=Validity(NEXT), currency="EUR"),
    ]
    world = world_of(helpers, fig, [helpers.meter("m")], rows)
    times = helpers.quarters(2 * 96 + 1)
    world.push(1, times, np.minimum(np.arange(len(times)) * 1.0, 96.0))
    world.ledger.step()
    with fig.view_of(world) as view:
        key = view.key_of("o", "01000")
        assert cost(view, key, DAY, NEXT).sole.amount == 48
        (second,) = costs_of_each(view, energy(view, key, NEXT, NEXT, "day"))
        assert [(m.currency, m.amount) for m in second.money] in ([("EUR", 0)], [])


def test_a_gap_over_a_change_of_currency_is_bounded_in_each(helpers, fig):
    rows = [
        fig.price("flat", 0, 1440, "0.50", valid=Validity(end=NEXT)),
        fig.price("flat", 0, 1440, "0.10", valid=Validity(NEXT), currency="EUR"),
    ]
    world = world_of(helpers, fig, [helpers.meter("m")], rows)
    noon = helpers.midnight() + 12 * helpers.HOUR_US
    world.push(1, [noon, noon + 24 * helpers.HOUR_US], [0.0, 24.0])
    world.ledger.step()
    with fig.view_of(world) as view:
        cny, eur = cost(view, view.key_of("m"), DAY, NEXT).money
        assert (cny.low, cny.amount, cny.high) == (0, Decimal("6.00"), Decimal("12.00"))
        assert (eur.low, eur.amount, eur.high) == (0, Decimal("1.20"), Decimal("2.40"))


def test_a_gap_over_midnight_is_one_stretch_in_a_longer_period(helpers, fig):
    """From 20:00 to 04:00, dear until midnight and cheap after it: 8 kWh."""
    rows = [fig.price("cheap", 0, 480, "0.25"), fig.price("dear", 480, 1440, "1.00")]
    world = world_of(helpers, fig, [helpers.meter("m")], rows)
    times = helpers.quarters(2 * 96 + 1)
    kept = (times <= helpers.midnight() + 20 * helpers.HOUR_US) | (
        times >= helpers.midnight(NEXT) + 4 * helpers.HOUR_US
    )
    world.push(1, times[kept], (np.arange(len(times)) * 0.25)[kept])
    world.ledger.step()
    with fig.view_of(world) as view:
        key = view.key_of("m")
        both = cost(view, key, DAY, NEXT).sole
        alone = [c.sole for c in costs_of_each(view, energy(view, key, DAY, NEXT, "day"))]
        assert both.amount == sum(one.amount for one in alone)
        assert both.high - both.low == 8 * Decimal("0.75")
        assert both.low == both.amount - 4 * Decimal("0.75")
        assert [one.high - one.low for one in alone] == [0, 0]
        assert [one.shares[1] > 0 for one in alone] == [True, True]
        assert both.shares[2] > 0
        assert both.shares[1] == 0


def test_a_gap_inside_one_price_is_measured_in_what_holds_it(helpers, fig):
    rows = [fig.price("flat", 0, 1440, "0.5")]
    world = world_of(helpers, fig, [helpers.meter("m")], rows)
    times = np.delete(helpers.quarters(97), np.arange(40, 60))
    world.push(1, times, (times - times[0]) / helpers.QUARTER_US)
    world.ledger.step()
    with fig.view_of(world) as view:
        key = view.key_of("m")
        assert cost(view, key, DAY, DAY).sole.shares == (10_000, 0, 0, 0)
        hours = costs_of_each(view, energy(view, key, DAY, DAY, "hour"))
        assert hours[12].sole.shares == (0, 10_000, 0, 0)


def test_the_narrowest_tariff_prices_a_part_and_names_do_not_matter(helpers, fig):
    own = fig.price("own", 0, 1440, "0.2", item="01A00")
    wide = fig.price("list", 0, 1440, "1.0")
    meters = [helpers.meter("a", "01A00"), helpers.meter("c", "01B00")]
    for names in (("a", "z"), ("z", "a")):
        rows = [replace(own, tariff=names[0]), replace(wide, tariff=names[1])]
        world = world_of(helpers, fig, meters, rows)
        for point in (1, 2):
            world.push(point, helpers.quarters(97), np.arange(97) * 1.0)
        world.ledger.step()
        with fig.view_of(world) as view:
            amounts = {
                item: cost(view, view.key_of("o", item), DAY, DAY).sole.amount
                for item in ("01000", "01A00", "01B00")
            }
        assert amounts == {"01000": Decimal("115.2"), "01A00": Decimal("19.2"), "01B00": 96}


def test_parts_behind_a_billed_total_are_priced_as_it_is(helpers, fig):
    rows = [
        fig.price("list", 0, 1440, "1.0"),
        fig.price("billed", 0, 1440, "0.8", meter="t"),
        fig.price("own", 0, 1440, "0.5", item="01B00"),
    ]
    meters = [
        helpers.meter("t", total=True),
        helpers.meter("a", "01A00"),
        helpers.meter("c", "01B00"),
        helpers.meter("elsewhere", node="o2"),
    ]
    world = world_of(helpers, fig, meters, rows, edges=[("o", "b"), ("o", "o2")])
    for point, kwh in enumerate((4.0, 1.0, 2.0, 1.0), start=1):
        world.push(point, helpers.quarters(97), np.arange(97) * kwh)
    world.ledger.step()
    with fig.view_of(world) as view:

        def amount(code, item="01000"):
            return cost(view, view.key_of(code, item), DAY, DAY)

        whole, a, c = amount("b"), amount("b", "01A00"), amount("b", "01B00")
        assert whole.sole.amount == 96 * 4 * Decimal("0.8")
        assert a.sole.amount == 96 * Decimal("0.8")
        assert c.sole.amount == 96 * 2 * Decimal("0.5")
        assert amount("o2").sole.amount == 96
        rest = less(whole, [a, c])
        assert rest.sole.amount + a.sole.amount + c.sole.amount == whole.sole.amount


def test_a_changed_price_books_nothing_and_a_changed_edge_does(helpers, fig, half_past):
    world = world_of(helpers, fig, [helpers.meter("m", step_min=60)], half_past)
    world.push(1, helpers.quarters(97), np.arange(97) * 1.0)
    world.ledger.step()

    def amount():
        with fig.view_of(world) as view:
            return cost(view, view.key_of("o", "01000"), DAY, DAY).sole

    assert amount().amount == 34 * Decimal("0.30") + 62
    dearer = [replace(half_past[0], price=Decimal("0.40")), half_past[1]]
    world.change(fig.with_tariff(world.registry, *dearer))
    assert world.marks.waiting() == 0
    assert amount().amount == 34 * Decimal("0.40") + 62
    moved = [replace(half_past[0], end_min=495), replace(half_past[1], start_min=495)]
    world.change(fig.with_tariff(world.registry, *moved))
    assert sum(one.figure is None for one in world.marks.ready()) == 1
    split = amount()
    assert split.low < split.amount < split.high
    world.ledger.step()
    assert amount().amount == amount().low == 33 * Decimal("0.30") + 63
    assert world.books.restatements("o") == []


def test_another_tariff_from_a_day_on_books_only_from_that_day(helpers, fig, half_past):
    world = world_of(helpers, fig, [helpers.meter("m")], half_past, 4)
    world.push(1, helpers.quarters(4 * 96 + 1), np.arange(4 * 96 + 1) * 1.0)
    world.ledger.step()
    third = DAY + timedelta(days=2)
    own = fig.price("own", 0, 1440, "0.2", meter="m", valid=Validity(third))
    world.change(fig.with_tariff(world.registry, *half_past, own))
    marks = world.marks.ready()
    assert sum(one.figure is None for one in marks) == 1
    assert {one.start_us for one in marks} == {helpers.midnight(third)}
    world.ledger.step()
    with fig.view_of(world) as view:
        daily = costs_of_each(
            view, energy(view, view.key_of("o", "01000"), DAY, DAY + timedelta(days=3), "day")
        )
    usual, own_cost = 34 * Decimal("0.30") + 62, 96 * Decimal("0.2")
    assert [one.sole.amount for one in daily] == [usual, usual, own_cost, own_cost]
    assert world.books.restatements("o") == []


def test_a_statutory_holiday_has_prices_of_its_own(helpers, fig):
    rows = [
        fig.price("flat", 0, 1440, "1.0"),
        fig.price("deep_valley", 600, 840, "0.1", "holiday"),
    ]
    calendar = WorkCalendar.of([CalendarDay(DAY, DayKind.HOLIDAY), CalendarDay(NEXT, DayKind.REST)])
    world = world_of(helpers, fig, [helpers.meter("m")], rows)
    world.registry = replace(world.registry, calendar=calendar)
    world.push(1, helpers.quarters(2 * 96 + 1), np.arange(2 * 96 + 1) * 1.0)
    world.ledger.step()
    with fig.view_of(world) as view:
        days = costs_of_each(view, energy(view, view.key_of("m"), DAY, NEXT, "day"))
    assert [one.sole.amount for one in days] == [80 + 16 * Decimal("0.1"), 96]


def test_energy_without_a_price_leaves_no_sum_that_looks_whole(helpers, fig):
    rows = [fig.price("flat", 0, 1440, "0.5", valid=Validity(end=NEXT))]
    world = world_of(helpers, fig, [helpers.meter("m")], rows)
    world.push(1, helpers.quarters(2 * 96 + 1), np.arange(2 * 96 + 1) * 1.0)
    world.ledger.step()
    with fig.view_of(world) as view:
        found = cost(view, view.key_of("m"), DAY, NEXT)
        assert (found.sole, found.unpriced) == (None, 96_000_000)
        assert found.money[0].amount == 48
        assert (
            cost(view, view.key_of("m"), DAY - timedelta(days=9), DAY - timedelta(days=1)).money
            == ()
        )


def test_a_silent_total_that_its_parts_stand_in_for_is_estimated(helpers, fig, half_past):
    meters = [helpers.meter("t", total=True), helpers.meter("a", "01A00")]
    world = world_of(helpers, fig, meters, half_past)
    world.push(1, helpers.quarters(41), np.arange(41) * 4.0)
    world.push(2, helpers.quarters(97), np.arange(97) * 3.0)
    world.ledger.step()
    with fig.view_of(world) as view:
        money = cost(view, view.key_of("b", "01000"), DAY, DAY).sole
        hours = costs_of_each(view, energy(view, view.key_of("b", "01000"), DAY, DAY, "hour"))
    known = 34 * 4 * Decimal("0.30") + 6 * 4
    assert money.amount == known + 56 * 3
    assert sum(one.sole.amount for one in hours) == money.amount
    assert money.shares[2] == round(10_000 * (56 * 3) / money.amount)
    assert hours[20].sole.shares == (0, 0, 10_000, 0)


def test_missing_time_is_missing_money(helpers, fig, half_past):
    world = world_of(helpers, fig, [helpers.meter("m")], half_past)
    world.push(1, helpers.quarters(49), np.arange(49) * 1.0)
    world.ledger.step()
    with fig.view_of(world) as view:
        assert cost(view, view.key_of("m"), DAY, DAY).sole.shares == (5_000, 0, 0, 5_000)


def test_a_meter_that_ends_takes_its_tariff_along(helpers, fig):
    rows = [fig.price("old", 0, 1440, "1", meter="a"), fig.price("list", 0, 1440, "2")]
    a = helpers.meter("a", valid=Validity(None, NEXT))
    c = helpers.meter("c", valid=Validity(NEXT, None))
    world = world_of(helpers, fig, [a, c], rows)
    for point in (1, 2):
        world.push(point, helpers.quarters(2 * 96 + 1), np.arange(2 * 96 + 1) * 1.0)
    world.ledger.step()
    with fig.view_of(world) as view:
        days = costs_of_each(view, energy(view, view.key_of("o", "01000"), DAY, NEXT, "day"))
    assert [one.sole.amount for one in days] == [96, 192]


def test_emission_names_its_factors(helpers, fig):
    old = Factor("01000", "kgco2", Decimal("0.6"), valid=Validity(end=NEXT), grade="V")
    new = Factor("01000", "kgco2", Decimal("0.5"), valid=Validity(NEXT), grade="M")
    world = world_of(helpers, fig, [helpers.meter("m")], [])
    world.registry = replace(world.registry, factors=(old, new))
    world.push(1, helpers.quarters(2 * 96 + 1), np.arange(2 * 96 + 1) * 1.0)
    world.ledger.step()
    with fig.view_of(world) as view:
        key = view.key_of("o", "01000")
        both = worth(view, key, DAY, NEXT)
        (month,) = worth_of_each(view, energy(view, key, DAY, NEXT, "month"))
        days = worth_of_each(view, energy(view, key, DAY, NEXT, "day"))
        hours = worth_of_each(view, energy(view, key, DAY, NEXT, "hour"))
    assert both.kgco2.amount == month.kgco2.amount == 96 * Decimal("1.1")
    assert [one.kgco2.amount for one in days] == [96 * Decimal("0.6"), 96 * Decimal("0.5")]
    assert sum(one.kgco2.amount for one in hours) == both.kgco2.amount
    assert [f.verified for f in both.kgco2.factors] == [True, False]
    assert (both.kgce.amount, both.kgce.whole, both.kgce.uncovered) == (None, None, 192_000_000)
