"""Periods of a series: where they begin and end, what they are made of, what is asked wrongly."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from figures import (
    at,
    between,
    beyond,
    beyond_amount,
    by_clock_hour,
    by_month,
    costs_of_each,
    drawable,
    emissions_of_each,
    energy,
    mean_power,
    native_step,
    over,
    parts,
    periods,
    silent,
    stretches,
    within,
)
from figures.series import steps_beside
from metering.book import SeriesKey
from metering.errors import InvalidInput
from metering.factor import Factor
from metering.localtime import DAY_MIN, HOUR_US, MINUTE_US, day_bounds
from metering.quantity import ABSENT
from metering.registry import Meter, Node, NodeType, Validity
from tests.figures.made import (
    DAY,
    KEY,
    KWH,
    START_US,
    book_row,
    campus,
    hourly,
    part,
    tariff_row,
    view_of,
)

NEXT = DAY + timedelta(days=1)
QUARTER_US = 15 * MINUTE_US
METER = SeriesKey("o", "meter", "m", "01000")


def rising(count: int, step_min: int = 15):
    return part(step_min, [n * KWH for n in range(count)])


@pytest.fixture
def three_days():
    """0, 1, 2 ... kWh a quarter hour on three days."""
    days = (DAY, NEXT, NEXT + timedelta(days=1))
    return view_of(*(book_row(rising(96), day=day) for day in days))


@pytest.mark.parametrize(
    ("step", "time_us", "start_us", "amount"),
    [
        ("15min", 0, 0, 0),
        ("15min", QUARTER_US - 1, 0, 0),
        ("15min", QUARTER_US, QUARTER_US, 1),
        ("hour", HOUR_US, HOUR_US, 4 + 5 + 6 + 7),
        ("day", 24 * HOUR_US - 1, 0, 95 * 48),
        ("native", 24 * HOUR_US, 24 * HOUR_US, 0),
    ],
)
def test_an_instant_lies_in_the_period_that_begins_with_it_or_before(
    three_days, step, time_us, start_us, amount
):
    (one,) = periods(at(three_days, KEY, START_US + time_us, step))
    assert (one.start_us - START_US, one.amount) == (start_us, amount * KWH)


def test_a_month_around_an_instant_is_whole_and_nothing_booked_is_no_period(three_days):
    (month,) = periods(at(three_days, KEY, START_US + HOUR_US, "month"))
    assert month.start_us == day_bounds(date(2026, 3, 1), "Asia/Shanghai")[0]
    assert month.end_us == day_bounds(date(2026, 3, 31), "Asia/Shanghai")[1]
    assert at(three_days, KEY, START_US - 1, "day") is None
    assert at(three_days, KEY, START_US + 72 * HOUR_US, "hour") is None
    empty = view_of(book_row(part(15, [ABSENT] * 96)))
    assert at(empty, KEY, START_US, "hour") is None
    april = view_of(book_row(rising(96), day=date(2026, 4, 1)))
    assert at(april, KEY, START_US, "month") is None
    february = view_of(book_row(rising(96), day=date(2026, 2, 28)))
    assert at(february, KEY, START_US, "month") is None


def test_a_period_alone_has_no_remainder(three_days):
    view = view_of(book_row(rising(96), part(60, [KWH] * 24)))
    assert energy(view, KEY, DAY, DAY, "15min").remainder
    assert at(view, KEY, START_US, "15min").remainder == ()


def test_a_stretch_adds_what_lies_in_it_whole_at_each_step():
    view = view_of(book_row(rising(96), part(60, [100 * KWH] * 24), part(DAY_MIN, [10**9])))

    def amount(minutes: int) -> int:
        end_us = START_US + minutes * MINUTE_US
        found = within(view, KEY, START_US, end_us)
        assert (found.start_us, found.end_us) == (START_US, end_us)
        return found.amount // KWH

    assert [amount(15), amount(45), amount(60), amount(75)] == [0, 3, 106, 110]
    assert amount(DAY_MIN) == 95 * 48 + 2400 + 1000


def test_a_stretch_has_the_quality_of_its_time():
    """Two local days read once a day, the first of 23 hours, the second of 24 and missing."""
    zone, first = "Europe/Berlin", date(2026, 3, 29)
    node = Node("o", NodeType.INSTITUTION, zone=zone)
    registry = replace(campus(Node("b", NodeType.BUILDING)), nodes={"o": node})
    registry = replace(registry, space=(), meters={"m": Meter("m", "o", "01000", step_min=DAY_MIN)})
    silent_day = part(DAY_MIN, [ABSENT])
    rows = [
        book_row(part(DAY_MIN, [KWH]), day=first),
        book_row(
            replace(silent_day, shares=np.array([[0, 0, 0, 10_000]], dtype=np.uint16)),
            day=first + timedelta(days=1),
            total=None,
            day_shares=np.array([0, 0, 0, 10_000], dtype=np.uint16),
            provisional=True,
        ),
    ]
    start, end = day_bounds(first, zone)[0], day_bounds(first + timedelta(days=1), zone)[1]
    found = within(view_of(*rows, registry=registry), KEY, start, end)
    assert (found.amount, found.provisional) == (KWH, True)
    assert found.shares.tolist() == [4_894, 0, 0, 5_106]
    alone = within(view_of(*rows, registry=registry), KEY, start, day_bounds(first, zone)[1])
    assert (alone.provisional, alone.shares.tolist()) == (False, [10_000, 0, 0, 0])


def test_a_stretch_of_nothing_known_has_no_amount():
    view = view_of(book_row(part(15, [ABSENT] * 96)))
    assert within(view, KEY, START_US, START_US + QUARTER_US).amount is None


@pytest.mark.parametrize(("start", "end"), [(1, QUARTER_US), (0, QUARTER_US + 1), (1, 2)])
def test_edges_inside_a_period_are_named_with_the_step_that_would_do(three_days, start, end):
    with pytest.raises(InvalidInput) as told:
        within(three_days, KEY, START_US + start, START_US + end)
    assert told.value.field == "end"
    assert "15 minutes" in told.value.fix
    assert told.value.value.startswith("2026-03-02T00:00:00")


def test_wrong_questions_name_field_value_and_fix(three_days):
    with pytest.raises(InvalidInput) as told:
        energy(three_days, KEY, NEXT, DAY)
    assert (told.value.field, told.value.value) == ("last", "2026-03-02")
    assert "2026-03-03" in told.value.fix
    with pytest.raises(InvalidInput) as told:
        energy(three_days, KEY, DAY, DAY, "week")
    assert (told.value.field, told.value.value) == ("step", "week")
    assert told.value.fix == "one of: native, 15min, hour, day, month"


def test_the_default_step_is_the_hour_and_nobody_silent_is_named_unasked(three_days):
    found = energy(three_days, KEY, DAY, DAY)
    assert (found.step, found.step_min, len(found), found.silent) == ("hour", 60, 24, ())
    assert (found.exactly, found.remainder) == (False, ())


def test_a_cut_keeps_what_begins_in_it_of_the_remainder_too():
    view = view_of(book_row(rising(96), part(60, [KWH] * 24)))
    found = energy(view, KEY, DAY, DAY, "15min")
    cut = between(found, START_US + HOUR_US, START_US + 2 * HOUR_US)
    assert cut.values() == [n * KWH for n in (4, 5, 6, 7)]
    assert [one.values() for one in cut.remainder] == [[KWH]]
    assert cut.end_us[-1] == START_US + 2 * HOUR_US
    assert len(cut.shares) == len(cut.provisional) == 4
    (coarse,) = found.remainder
    assert (coarse.step, coarse.step_min, coarse.exactly, len(coarse)) == ("60", 60, True, 24)


def test_remainders_are_what_a_step_is_not_made_of():
    row = book_row(rising(96), part(20, [KWH] * 72), part(60, [KWH] * 24), part(DAY_MIN, [KWH]))
    rows = {DAY: row}
    assert steps_beside(rows, 15) == [20, 60, DAY_MIN]
    assert steps_beside(rows, 60) == [DAY_MIN]
    assert steps_beside(rows, DAY_MIN) == []
    view = view_of(row)
    assert energy(view, KEY, DAY, DAY, "day").remainder == ()
    assert energy(view, KEY, DAY, DAY, "hour").values()[:2] == [(6 + 3 + 1) * KWH, (22 + 4) * KWH]


def test_parts_of_another_length_stand_in_periods_of_their_own_day():
    """A day that has fewer slots than its neighbours leaves the rest of it missing."""
    short, usual = book_row(rising(8), total=28 * KWH), book_row(rising(96), day=NEXT)
    found = energy(view_of(short, usual), KEY, DAY, NEXT, "15min")
    assert len(found) == 192
    assert found.values()[:9] == [*(n * KWH for n in range(8)), None]
    assert found.values()[96:98] == [0, KWH]
    assert found.shares[8].tolist() == [0, 0, 0, 10_000]
    assert found.shares[96].tolist() == [10_000, 0, 0, 0]


def test_a_row_without_a_total_is_a_day_of_which_nothing_is_known():
    view = view_of(book_row(part(15, [ABSENT] * 96), total=None))
    assert energy(view, KEY, DAY, NEXT, "day").values() == [None, None]
    assert over(view, KEY, DAY, NEXT).amount is None


def test_days_as_one_period_run_from_the_first_midnight_to_the_last(three_days):
    found = over(three_days, KEY, DAY, NEXT)
    assert (found.start_us, found.end_us) == (START_US, START_US + 48 * HOUR_US)
    assert found.amount == 2 * 95 * 48 * KWH
    assert found.shares.tolist() == [10_000, 0, 0, 0]
    assert not found.provisional
    assert over(three_days, KEY, DAY, DAY + timedelta(days=9)).provisional
    assert over(three_days, KEY, DAY - timedelta(days=1), DAY).shares.tolist() == [
        5_000,
        0,
        0,
        5_000,
    ]


def test_days_are_told_by_month_from_the_first_to_the_last():
    days = [date(2026, 1, 31) + timedelta(days=n) for n in range(30)]
    assert [(one[0], one[-1], len(one)) for one in by_month(days)] == [
        (date(2026, 1, 31), date(2026, 1, 31), 1),
        (date(2026, 2, 1), date(2026, 2, 28), 28),
        (date(2026, 3, 1), date(2026, 3, 1), 1),
    ]


def test_months_name_who_was_silent_as_other_steps_do():
    meters = [Meter("m", "b", "01000"), Meter("n", "b", "01A00", valid=Validity(None, NEXT))]
    registry = campus(Node("b", NodeType.BUILDING), meters=meters)
    heard = book_row(rising(96), key=METER)
    view = view_of(book_row(rising(96)), heard, registry=registry)
    assert silent(view, KEY, DAY, DAY) == ("n",)
    assert silent(view, KEY, DAY, NEXT) == ()
    for step in ("month", "day"):
        assert energy(view, KEY, DAY, DAY, step, name_silent=True).silent == ("n",)
        assert energy(view, KEY, DAY, DAY, step).silent == ()
    unknown = view_of(book_row(part(15, [ABSENT] * 96), key=METER, total=None), registry=registry)
    assert silent(unknown, KEY, DAY, DAY) == ("m", "n")
    assert silent(unknown, METER, DAY, DAY) == ("m",)


def test_the_native_step_is_the_finest_of_what_counts_and_a_quarter_hour_where_nothing_does():
    meters = [Meter("m", "b", "01000", step_min=30), Meter("n", "b", "01000", step_min=60)]
    view = view_of(registry=campus(Node("b", NodeType.BUILDING), meters=meters))
    assert native_step(view, KEY, DAY) == native_step(view, METER, DAY) == 30
    assert native_step(view, replace(METER, code="n"), DAY) == 60
    assert native_step(view, replace(KEY, item="02000"), DAY) == 15


@pytest.mark.parametrize(
    ("coarse", "step"), [(20, "hour"), (60, "hour"), (DAY_MIN, "native"), (None, "native")]
)
def test_a_chart_is_drawn_at_the_finest_step_that_holds_all_that_is_read_hourly(coarse, step):
    beside = [] if coarse is None else [part(coarse, [KWH] * (DAY_MIN // coarse))]
    found = drawable(view_of(book_row(rising(96), *beside)), KEY, DAY, DAY)
    assert found.step == step
    assert [one.step_min for one in found.remainder] == ([DAY_MIN] if coarse == DAY_MIN else [])


def test_power_by_the_clock_is_the_mean_of_what_is_known_in_the_hour():
    quarters = replace(
        hourly([KWH, ABSENT, 3 * KWH, 3 * KWH, 9 * KWH]),
        start_us=START_US + np.arange(5) * QUARTER_US,
        end_us=START_US + np.arange(1, 6) * QUARTER_US,
    )
    with np.errstate(all="raise"):
        days, cells = by_clock_hour(quarters, 2**62)
    assert days == [DAY]
    assert cells[0, 0] == pytest.approx((4 + 12 + 12) / 3)
    assert cells[0, 1] == 36
    assert np.isnan(cells[0, 2:]).all()
    water = replace(hourly([5 * KWH]), key=replace(KEY, item="02000"))
    assert mean_power(water, 2**62).tolist() == [5.0]


def test_provisional_is_a_period_with_a_day_that_can_still_change():
    rows = [book_row(rising(96)), book_row(rising(96), day=NEXT, provisional=True)]
    view = view_of(*rows)
    assert energy(view, KEY, DAY, NEXT, "day").provisional.tolist() == [False, True]
    assert energy(view, KEY, DAY, NEXT, "hour").provisional.tolist() == [False] * 24 + [True] * 24
    found = stretches(view, KEY, [(DAY, DAY), (NEXT, NEXT)])
    assert found.provisional.tolist() == [False, True]
    assert (found.step, found.step_min, found.silent) == ("month", 0, ())
    assert found.start_us.tolist() == [START_US, START_US + 24 * HOUR_US]
    assert found.end_us.tolist() == [START_US + 24 * HOUR_US, START_US + 48 * HOUR_US]
    unsettled = view_of(now_us=START_US + 24 * HOUR_US)
    assert energy(unsettled, KEY, DAY, DAY, "day").provisional.tolist() == [True]


def test_carbon_of_periods_is_that_of_their_days():
    turn = Validity(NEXT)
    factors = [
        Factor("01000", "kgco2", Decimal("0.5"), valid=Validity(None, NEXT)),
        Factor("01000", "kgco2", Decimal(2), valid=turn),
        Factor("01000", "kgce", Decimal("0.1"), valid=turn),
    ]
    days = [DAY, NEXT, NEXT + timedelta(days=1)]
    rows = [book_row(part(60, [KWH] * 24), day=day) for day in days]
    rows[2] = book_row(part(60, [ABSENT] * 24), day=days[2], total=None)
    view = view_of(*rows, registry=campus(Node("b", NodeType.BUILDING), factors=factors))
    (month,) = emissions_of_each(view, energy(view, KEY, *days[::2], "month"))
    assert [one.amount for one in month] == [60, Decimal("2.4")]
    assert [(one.covered, one.uncovered) for one in month] == [(48 * KWH, 0), (24 * KWH, 24 * KWH)]
    assert [one.whole for one in month] == [60, None]
    assert [one.quantity for one in month] == ["kgco2", "kgce"]
    each = emissions_of_each(view, energy(view, KEY, *days[::2], "day"))
    assert [kgco2.amount for kgco2, _ in each] == [12, 48, None]
    assert [len(kgco2.factors) for kgco2, _ in each] == [1, 1, 0]
    spans = stretches(view, KEY, [(DAY, DAY), (NEXT, days[2])])
    assert [kgco2.amount for kgco2, _ in emissions_of_each(view, spans)] == [12, 48]
    nothing = between(spans, 0, 1)
    assert emissions_of_each(view, nothing) == []


def test_a_day_of_which_nothing_is_known_takes_no_other_day_s_carbon_away():
    days = [DAY, NEXT, NEXT + timedelta(days=1)]
    rows = [book_row(part(60, [KWH] * 24), day=day) for day in days]
    rows[1] = book_row(part(60, [ABSENT] * 24), day=NEXT, total=None)
    factors = [Factor("01000", "kgco2", Decimal(2))]
    view = view_of(*rows, registry=campus(Node("b", NodeType.BUILDING), factors=factors))
    ((kgco2, kgce),) = emissions_of_each(view, energy(view, KEY, DAY, days[2], "month"))
    assert (kgco2.amount, kgco2.covered, kgco2.uncovered) == (96, 48 * KWH, 0)
    assert (kgce.amount, kgce.uncovered) == (None, 48 * KWH)


def test_money_of_periods_is_that_of_the_energy_in_them():
    """Quarter hours are in no twenty minutes: they are a remainder with money of its own."""
    meters = [
        Meter("m", "b", "01000", step_min=20),
        Meter("n", "b", "01000", valid=Validity(None, NEXT)),
    ]
    registry = campus(
        Node("b", NodeType.BUILDING), meters=meters, tariff=[tariff_row(0, DAY_MIN, "1")]
    )
    first = book_row(part(15, [5 * KWH] * 96), part(20, [KWH] * 72))
    view = view_of(first, book_row(part(20, [KWH] * 72), day=NEXT), registry=registry)
    found = energy(view, KEY, DAY, NEXT, "native")
    (beside,) = found.remainder
    assert (found.step_min, beside.step_min) == (20, 15)
    for one, kwh in ((found, 1), (beside, 5)):
        told = costs_of_each(view, one)
        assert [cost.sole.amount for cost in told if cost.money] == [
            kwh for amount in one.values() if amount is not None
        ]
    whole = costs_of_each(view, energy(view, KEY, DAY, NEXT, "month"))[0].sole.amount
    assert whole == 96 * 5 + 2 * 72


def test_money_of_cut_hours_is_that_of_the_hours():
    meters = [Meter("m", "b", "01000")]
    rows = [tariff_row(0, 480, "0.25"), tariff_row(480, DAY_MIN, "1")]
    registry = campus(Node("b", NodeType.BUILDING), meters=meters, tariff=rows)
    view = view_of(
        book_row(rising(96)), book_row(rising(96), day=NEXT + timedelta(days=1)), registry=registry
    )
    hours = energy(view, KEY, DAY, NEXT + timedelta(days=1), "hour")
    told = costs_of_each(view, hours)
    assert [one.sole.amount for one in told[7:9]] == [(28 + 29 + 30 + 31) * Decimal("0.25"), 134]
    assert told[24].money == ()
    assert told[48 + 8] == told[8]
    cut = between(hours, START_US + 8 * HOUR_US, START_US + 57 * HOUR_US)
    assert costs_of_each(view, cut) == told[8:57]
    assert costs_of_each(view, between(hours, 0, 1)) == []


def test_a_table_of_parts_adds_up_and_says_what_is_not_known():
    meters = [Meter("m", "b", "01000", total=True), Meter("a", "b", "01A00")]
    registry = campus(
        Node("b", NodeType.BUILDING),
        meters=meters,
        tariff=[tariff_row(0, DAY_MIN, "0.5")],
        factors=[Factor("01000", "kgco2", Decimal(2))],
    )
    inner = replace(KEY, item="01A00")
    whole, own = part(60, [3 * KWH] * 24), part(60, [KWH] * 24)
    view = view_of(book_row(whole), book_row(own, key=inner, provisional=True), registry=registry)
    found = parts(view, KEY, DAY, DAY)
    assert (found.total.item, [one.item for one in found.parts]) == ("01000", ["01A00"])
    rest = found.difference
    assert (rest.item, rest.amount, rest.shares, rest.provisional) == (
        "01000",
        48 * KWH,
        None,
        True,
    )
    assert (rest.worth.cost.sole.amount, rest.worth.kgco2.amount) == (24, 96)
    assert rest.worth.kgco2.covered == 48 * KWH
    assert found.total.shares.tolist() == [10_000, 0, 0, 0]
    silent_total = view_of(book_row(own, key=inner), registry=registry)
    rest = parts(silent_total, KEY, DAY, DAY).difference
    assert (rest.amount, rest.worth.cost.money, rest.worth.cost.all_priced) == (None, (), False)
    settled = view_of(book_row(whole), book_row(own, key=inner), registry=registry)
    assert not parts(settled, KEY, DAY, DAY).difference.provisional
    running = view_of(
        book_row(whole, provisional=True), book_row(own, key=inner), registry=registry
    )
    assert parts(running, KEY, DAY, DAY).difference.provisional


def test_a_difference_of_whole_amounts_takes_every_known_part_off():
    assert beyond(10, [1, None, 2]) == 7
    assert beyond_amount(Decimal(10), [Decimal(1), None, Decimal(2)]) == 7
