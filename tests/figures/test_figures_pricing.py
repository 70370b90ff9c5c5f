"""Which price holds for how much of a day's energy: windows, stretches over their edges, slots."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from figures import cost, costs_of_each, energy
from figures.periods import Tally
from figures.pricing import DayTally, begun, of_slots, priced
from metering.book import Crossing, Part, PriceWindows
from metering.localtime import DAY_MIN, HOUR_US, MINUTE_US
from metering.quality import APPORTIONED, ESTIMATED, MEASURED, MISSING, all_of
from metering.quantity import ABSENT
from metering.registry import Meter, Node, NodeType, Validity
from metering.tariff import TariffScope
from tests.figures.made import (
    DAY,
    KEY,
    KWH,
    START_US,
    book_row,
    campus,
    part,
    tariff_row,
    view_of,
)

CHEAP, DEAR = tariff_row(0, 480, "0.25", "valley"), tariff_row(480, DAY_MIN, "1.00", "peak")
METER = Meter("m", "b", "01000")
SCOPE = TariffScope("", "", "01000")
DAY_US = 24 * HOUR_US


def view(*rows, tariff=(CHEAP, DEAR), **more):
    registry = campus(Node("b", NodeType.BUILDING), meters=[METER], tariff=tariff)
    return view_of(*rows, registry=registry, **more)


def seen(own: Part, tariff=(CHEAP, DEAR)):
    """The part as it is priced, on the day."""
    row = book_row(own)
    return priced(view(row, tariff=tariff), KEY, row, own)


def booked(own: Part, offsets, quantity, crossings=(), estimated=None) -> Part:
    """The part with windows [kWh] as the ledger books them."""
    whole = np.array(quantity, dtype=np.int64) * KWH
    stand_in = np.zeros_like(whole) if estimated is None else np.array(estimated) * KWH
    return replace(
        own, scope=SCOPE, windows=PriceWindows(tuple(offsets), whole, stand_in, tuple(crossings))
    )


def gap(first_hour: int, last_hour: int, kwh: tuple[int, ...], window: int, *, measured=False):
    """A stretch over an edge, from a window's start to another's end."""
    return Crossing(
        START_US + first_hour * HOUR_US,
        START_US + last_hour * HOUR_US,
        measured,
        window,
        tuple(one * KWH for one in kwh),
        any(one < 0 for one in kwh),
    )


def test_windows_that_are_booked_are_used_as_long_as_prices_turn_nowhere_else():
    own = booked(part(60, [KWH] * 24), (0, 480, 720), (8, 4, 12))
    found = seen(own)
    assert found.windows is own.windows
    assert found.prices == (CHEAP, DEAR, DEAR)
    assert (found.scope, found.bounds) == (SCOPE, (START_US, START_US + DAY_US))
    moved = seen(own, (replace(CHEAP, end_min=510), replace(DEAR, start_min=510)))
    assert moved.windows.offsets == (0, 510)
    assert moved.windows.quantity.tolist() == [8_500_000, 15_500_000]
    assert [one.parts for one in moved.windows.crossings] == [(KWH // 2, KWH // 2)]


def test_a_part_is_priced_as_it_was_booked_unless_that_tariff_is_gone():
    other = replace(tariff_row(0, DAY_MIN, "9"), meter="x")
    own = replace(part(60, [KWH] * 24), scope=other.scope)
    assert seen(own, (CHEAP, DEAR, other)).prices == (other,)
    assert seen(own).scope == SCOPE
    ended = replace(other, valid=Validity(None, DAY))
    assert seen(own, (CHEAP, DEAR, ended)).scope == SCOPE
    assert seen(replace(own, scope=None)).prices == (CHEAP, DEAR)


def test_a_part_of_a_place_whose_clocks_change_is_priced_by_its_own_clocks():
    """Eight o'clock in Berlin is seven hours into the day on which an hour is left out there."""
    spring = date(2026, 3, 29)
    berlin = Node("b", NodeType.BUILDING, zone="Europe/Berlin")
    registry = campus(berlin, meters=[METER], tariff=(CHEAP, DEAR))
    own = booked(part(60, [KWH] * 24), (0, 420), (7, 17))
    row = book_row(own, day=spring)
    found = priced(view_of(row, registry=registry), KEY, row, own)
    assert found.windows is own.windows
    assert found.prices == (CHEAP, DEAR)
    usual = booked(part(60, [KWH] * 24), (0, 480), (8, 16))
    row = book_row(usual, day=spring)
    assert priced(view_of(row, registry=registry), KEY, row, usual).windows is usual.windows


def test_a_day_is_its_windows_less_what_stretches_hold_over_their_edges():
    own = booked(part(60, [KWH] * 24), (0, 480), (8, 16), [gap(0, 24, (2, 3), 0, measured=True)])
    tally = DayTally(view(), KEY, Tally(KWH), START_US, START_US + DAY_US, lambda _: True)
    tally.add(book_row(own))
    found = tally.done()
    assert dict(found.certain) == {CHEAP: 6 * KWH, DEAR: 13 * KWH}
    assert [dict(one) for one in found.spread] == [{CHEAP: 2 * KWH, DEAR: 3 * KWH}]
    assert set(found.estimated.values()) <= {0}
    assert tally.done() is found
    assert len(found.spread) == 1


def test_what_stands_in_for_a_silent_total_is_estimated():
    own = booked(part(60, [KWH] * 24), (0, 480), (8, 16), estimated=(1, 5))
    view_ = view(book_row(own))
    (money,) = cost(view_, KEY, DAY, DAY).money
    assert money.amount == 18
    assert money.shares == (7_083, 0, 2_917, 0)


@pytest.mark.parametrize(
    ("first", "last", "measured", "certain"),
    [
        (0, 24, False, True),
        (-1, 24, False, False),
        (0, 25, False, False),
        (-1, 25, False, False),
        (-1, 25, True, True),
    ],
)
def test_a_gap_in_one_price_is_certain_in_what_holds_it_whole(first, last, measured, certain):
    flat = (tariff_row(0, 480, "1", "a"), tariff_row(480, DAY_MIN, "1", "b"))
    crossing = gap(first, last, (2, 3), 0, measured=measured)
    own = booked(part(60, [KWH] * 24), (0, 480), (8, 16), [crossing])
    view_ = view(book_row(own), tariff=flat)
    assert cost(view_, KEY, DAY, DAY).money[0].shares[1] == (0 if certain else 2_083)


def test_stretches_over_midnight_are_one_and_others_are_not():
    """Cheap at the end of the one day and dear at the start of the next: 5 kWh of one stretch."""
    rows = (tariff_row(0, 480, "1", "dear"), tariff_row(480, DAY_MIN, "0.25", "cheap"))
    over = {"measured": False}
    first = gap(8, 32, (2,), 1, **over)
    second = replace(first, window=0, parts=(3 * KWH,))
    days = [
        book_row(booked(part(60, [KWH] * 24), (0, 480), (8, 16), [first])),
        book_row(
            booked(part(60, [KWH] * 24), (0, 480), (8, 16), [second]), day=DAY + timedelta(days=1)
        ),
    ]
    both = cost(view(*days, tariff=rows), KEY, DAY, DAY + timedelta(days=1)).money[0]
    assert (both.low, both.amount, both.high) == (
        24 - Decimal("3") * 3 / 4,
        24,
        24 + Decimal(2) * 3 / 4,
    )
    alone = cost(view(*days, tariff=rows), KEY, DAY, DAY).money[0]
    assert (alone.low, alone.amount, alone.high) == (12, 12, 12)
    assert alone.shares[1] == 417


def test_a_part_of_which_nothing_is_known_costs_nothing_known():
    silent = booked(part(60, [ABSENT] * 24), (0, 480), (0, 0))
    assert cost(view(book_row(silent, total=0)), KEY, DAY, DAY).money == ()
    heard = booked(part(60, [0] * 24), (0, 480), (0, 0))
    assert [one.amount for one in cost(view(book_row(heard)), KEY, DAY, DAY).money] == [0]


def hours_of(own: Part, *hours: int, quality=(10_000, 0, 0, 0), size: int = 1):
    spans = [(hour, hour + size) for hour in hours]
    return of_slots(seen(own), spans, np.array([quality] * len(spans), dtype=np.uint16), KWH)


def test_slots_are_priced_in_the_windows_they_lie_in():
    own = part(60, [n * KWH for n in range(24)])
    seven, eight = hours_of(own, 7, 8)
    assert (dict(seven.certain), dict(eight.certain)) == ({CHEAP: 7 * KWH}, {DEAR: 8 * KWH})
    (both,) = hours_of(own, 7, size=2)
    assert dict(both.certain) == {CHEAP: 7 * KWH, DEAR: 8 * KWH}
    assert (both.spread, both.per_canonical) == ([], KWH)
    absent = part(60, [ABSENT] * 8 + [KWH] * 16)
    first, ninth = hours_of(absent, 0, 8)
    assert (dict(first.certain), dict(ninth.certain)) == ({}, {DEAR: KWH})


def test_a_slot_over_an_edge_is_cut_where_the_windows_say_and_its_stretch_is_spread():
    late = (replace(CHEAP, end_min=510), replace(DEAR, start_min=510))
    own = part(60, [KWH] * 24)
    found = of_slots(seen(own, late), [(8, 9), (7, 9), (9, 10)], all_of(MEASURED, 3), KWH)
    assert [dict(one) for one in found[0].spread] == [{late[0]: KWH // 2, late[1]: KWH // 2}]
    assert set(found[0].certain.values()) == {0}
    assert found[1].certain[late[0]] == KWH
    assert (found[2].spread, dict(found[2].certain)) == ([], {late[1]: KWH})


def test_a_slot_over_an_edge_without_a_stretch_is_cut_and_certain():
    own = booked(part(60, [KWH] * 24), (0, 510), (8, 16))
    late = (replace(CHEAP, end_min=510), replace(DEAR, start_min=510))
    (eight,) = of_slots(seen(own, late), [(8, 9)], all_of(MEASURED, 1), KWH)
    assert dict(eight.certain) == {late[1]: KWH, late[0]: 0}
    assert eight.spread == []


def test_a_stretch_holds_no_more_of_slots_than_they_have_there():
    """A stretch of 4 and 6 kWh; the hours beside its edge have one kWh on each side."""
    own = booked(part(60, [KWH] * 24), (0, 480), (8, 16), [gap(0, 24, (4, 6), 0, measured=True)])
    (both,) = hours_of(own, 7, size=2)
    assert [dict(one) for one in both.spread] == [{CHEAP: KWH, DEAR: KWH}]
    assert set(both.certain.values()) == {0}
    (day,) = hours_of(own, 0, size=24)
    assert [dict(one) for one in day.spread] == [{CHEAP: 4 * KWH, DEAR: 6 * KWH}]
    assert dict(day.certain) == {CHEAP: 4 * KWH, DEAR: 10 * KWH}
    back = booked(
        part(60, [-KWH] * 24), (0, 480), (-8, -16), [gap(0, 24, (-4, -6), 0, measured=True)]
    )
    (day,) = hours_of(back, 0, size=24)
    assert [dict(one) for one in day.spread] == [{CHEAP: -4 * KWH, DEAR: -6 * KWH}]
    assert dict(day.certain) == {CHEAP: -4 * KWH, DEAR: -10 * KWH}


def test_what_slots_hold_of_a_stretch_in_one_price_has_the_quality_of_their_time():
    """The stretch goes over an edge that lies behind them."""
    rows = (CHEAP, replace(DEAR, end_min=720), replace(DEAR, start_min=720, price=Decimal(2)))
    stretch = gap(0, 24, (1, 1), 1, measured=True)
    own = booked(part(60, [KWH] * 24), (0, 480, 720), (8, 4, 12), [stretch])
    quality = np.array([[8_000, 0, 2_000, 0]], dtype=np.uint16)
    (both,) = of_slots(seen(own, rows), [(7, 9)], quality, KWH)
    assert both.spread == []
    assert dict(both.certain) == {rows[0]: KWH * 8 // 10, rows[1]: KWH * 8 // 10}
    assert dict(both.estimated) == {rows[0]: KWH * 2 // 10, rows[1]: KWH * 2 // 10}


@pytest.mark.parametrize(
    ("quality", "certain", "estimated", "apportioned"),
    [
        ((10_000, 0, 0, 0), 1000, 0, 0),
        ((7_000, 2_000, 1_000, 0), 700, 100, 200),
        ((3_500, 1_000, 500, 5_000), 700, 100, 200),
        ((0, 0, 0, 10_000), 1000, 0, 0),
        ((6_667, 3_333, 0, 0), 667, 0, 333),
    ],
)
def test_energy_in_one_price_has_the_quality_of_its_time(quality, certain, estimated, apportioned):
    own = part(60, [1000] * 24)
    (one,) = hours_of(own, 3, quality=quality)
    groups = (one.certain, one.estimated, one.apportioned)
    assert [group[CHEAP] for group in groups] == [certain, estimated, apportioned]


def test_a_gap_over_several_prices_makes_its_slots_estimates():
    own = booked(part(60, [1000] * 24), (0, 480), (0, 0), [gap(0, 24, (1, 1), 0)])
    quality = (5_000, 4_000, 1_000, 0)
    (one,) = hours_of(own, 3, quality=quality)
    assert [group[CHEAP] for group in (one.certain, one.estimated, one.apportioned)] == [
        500,
        500,
        0,
    ]
    whole = replace(
        own, windows=replace(own.windows, crossings=(gap(0, 24, (1, 1), 0, measured=True),))
    )
    (one,) = hours_of(whole, 3, quality=quality)
    assert [group[CHEAP] for group in (one.certain, one.estimated, one.apportioned)] == [
        500,
        100,
        400,
    ]
    alike = (tariff_row(0, 480, "1"), tariff_row(480, 720, "1"), tariff_row(720, DAY_MIN, "2"))
    two = booked(part(60, [1000] * 24), (0, 480, 720), (0, 0, 0), [gap(0, 24, (1, 1), 1)])
    found = of_slots(
        seen(two, alike), [(3, 4), (9, 10), (20, 21)], np.array([quality] * 3, dtype=np.uint16), KWH
    )
    assert [sum(tally.estimated.values()) for tally in found] == [100, 500, 500]


def test_the_first_part_of_a_slot_is_by_time_between_the_edges_of_prices():
    late = (replace(CHEAP, end_min=510), replace(DEAR, start_min=510))
    own = seen(part(60, [100] * 24), late)

    def pieces(slot: int, minutes: int) -> list[tuple[object, int]]:
        return [(price.period, n) for price, n in begun(own, slot, minutes * MINUTE_US)]

    assert pieces(3, 15) == [("valley", 25)]
    assert pieces(8, 15) == [("valley", 25), ("peak", 0)]
    assert pieces(8, 30) == [("valley", 50), ("peak", 0)]
    assert pieces(8, 45) == [("valley", 50), ("peak", 25)]
    assert pieces(8, 60) == [("valley", 50), ("peak", 50)]
    assert pieces(23, 20) == [("peak", 33)]


def test_hours_of_several_parts_cost_what_their_day_costs():
    rows = book_row(part(15, [KWH] * 96), part(60, [2 * KWH] * 24), part(60, [ABSENT] * 24))
    view_ = view(rows)
    hours = costs_of_each(view_, energy(view_, KEY, DAY, DAY, "hour"))
    assert [one.sole.amount for one in hours[7:9]] == [6 * Decimal("0.25"), 6]
    whole = cost(view_, KEY, DAY, DAY)
    assert sum(one.sole.amount for one in hours) == whole.sole.amount == 8 * 6 / Decimal(4) + 96
    assert whole.sole.shares == (10_000, 0, 0, 0)
    assert (APPORTIONED, ESTIMATED, MISSING) == (1, 2, 3)
