"""Energy between the edges of prices: slots split by time, and stretches over the edges."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.blocks import windows_for
from ledger.curve import Curve
from ledger.windows import (
    Pricing,
    by_time,
    of_days,
    of_slots,
    offsets_of,
    opposite,
    slot_windows,
    united,
)
from metering.book import Crossing, Part, PriceWindows
from metering.localtime import HOUR_US, MINUTE_US, day_bounds
from metering.quality import APPORTIONED, MEASURED, MISSING, all_of
from metering.quantity import ABSENT
from metering.registry import Meter, Node, NodeType, Registry
from metering.tariff import TariffRow, TariffScope
from metering.tariff_choice import TariffChoice
from metering.validity import Validity

DAY, ZONE = date(2026, 3, 2), "Asia/Shanghai"
NEXT = date(2026, 3, 3)
START_US, END_US = day_bounds(DAY, ZONE)
DAY_MINUTES = 1440


def loop_of_slots(count: int, step: int, offsets: list[int], minutes: int) -> list:
    """Minute by minute: which window each minute of each slot lies in."""
    found = []
    for slot in range(count):
        end = minutes if slot == count - 1 else min((slot + 1) * step, minutes)
        shared: dict[int, int] = {}
        for minute in range(slot * step, end):
            window = max(n for n, offset in enumerate(offsets) if offset <= minute)
            shared[window] = shared.get(window, 0) + 1
        found.append((slot, list(shared.items())))
    return found


EDGES = st.lists(st.integers(1, 1439), max_size=5, unique=True).map(lambda e: (0, *sorted(e)))


@given(EDGES, st.sampled_from([(15, 96, 1440), (60, 24, 1440), (1440, 1, 1440), (15, 92, 1380),
                               (1440, 1, 1500), (60, 25, 1500), (20, 72, 1440)]))  # fmt: skip
def test_slots_share_minutes_with_windows_as_a_loop_says(edges, day):
    step, count, minutes = day
    assert slot_windows(count, step, edges, minutes) == loop_of_slots(count, step, edges, minutes)


def test_windows_that_start_after_the_day_hold_nothing():
    assert slot_windows(2, 15, (0, 20, 40), 30) == [(0, [(0, 15)]), (1, [(0, 5), (1, 10)])]


@given(EDGES, st.lists(st.integers(-(10**9), 10**9) | st.just(ABSENT), min_size=24, max_size=24))
def test_what_slots_hold_is_split_by_time_and_nothing_is_lost(edges, slots):
    amounts = np.array([slots], dtype=np.int64)
    found = by_time(amounts, 60, edges, DAY_MINUTES)[0]
    wanted = [0] * len(edges)
    for (_, pieces), amount in zip(loop_of_slots(24, 60, edges, 1440), slots, strict=True):
        if amount != ABSENT:
            before = 0
            for place, (window, _) in enumerate(pieces):
                upto = amount * sum(part for _, part in pieces[: place + 1]) // 60
                wanted[window] += upto - before
                before = upto
    assert found.tolist() == wanted
    assert sum(wanted) == sum(one for one in slots if one != ABSENT)


def test_many_days_are_split_at_once():
    days = np.array([[60, ABSENT], [7, 1]])
    assert by_time(days, 60, (0, 20), 120).tolist() == [[20, 40], [2, 6]]
    assert by_time(days, 60, (0,), 120).tolist() == [[60], [8]]


def crossing(parts, *, window=0, first=0, last=10, measured=True, negative=False):
    return Crossing(first, last, measured, window, tuple(parts), negative)


def test_crossings_that_touch_the_same_windows_are_one_unless_they_differ():
    one = crossing([1, 2])
    assert united([one, one]) == (crossing([2, 4]),)
    others = [
        crossing([1, 2], window=1),
        crossing([1, 2, 3]),
        crossing([1, 2], first=1),
        crossing([1, 2], last=11),
        crossing([1, 2], measured=False),
        crossing([-1, -2], negative=True),
    ]
    assert united([one, *others]) == tuple(sorted([one, *others]))
    assert united([*others, one, *others]) == united([*others, *others, one])
    assert united([]) == ()
    assert opposite(one) == crossing([-1, -2], negative=True)
    assert opposite(opposite(one)) == one


def test_a_slot_over_an_edge_is_a_crossing_of_its_windows():
    slots = np.array([60, 60, -60, ABSENT, 0, 60, 60, 60] + [0] * 16)
    found = of_slots(slots, lambda slot: slot != 2, 60, (0, 90, 150, 200, 270), (START_US, END_US))
    assert found.offsets == (0, 90, 150, 200, 270)
    assert found.quantity.tolist() == [90, 0, -30, 0, 180]
    assert found.estimated.tolist() == [0] * 5
    assert found.crossings == (
        Crossing(START_US, START_US + 150 * MINUTE_US, True, 0, (30, 30), False),
        Crossing(START_US + 90 * MINUTE_US, START_US + 200 * MINUTE_US, False, 1, (-30, -30), True),
    )
    last = of_slots(slots[:8], lambda _: True, 60, (0, 440), (START_US, START_US + 8 * HOUR_US))
    assert last.crossings[0].last_us == START_US + 8 * HOUR_US
    alone = of_slots(slots, lambda _: True, 60, (0,), (START_US, END_US))
    assert (alone.quantity.tolist(), alone.crossings) == ([240], ())


def test_a_part_keeps_its_own_windows_and_gets_others_from_its_slots():
    shares = all_of(MEASURED, 24)
    shares[8] = (9_999, 1, 0, 0)
    own = PriceWindows((0, 480), np.array([1, 2]), np.array([0, 0]))
    part = Part(60, np.full(24, 60), shares, shares, windows=own)
    assert windows_for(part, (0, 480), DAY, ZONE) is own
    found = windows_for(part, (0, 450, 510), DAY, ZONE)
    assert found.quantity.tolist() == [450, 60, 930]
    assert [one.measured for one in found.crossings] == [True, False]
    assert windows_for(replace(part, windows=None), (0,), DAY, ZONE).quantity.tolist() == [1440]


def pricing_of(*edges: int, zone: str = ZONE, valid: Validity | None = None) -> Pricing:
    bounds = [*edges, DAY_MINUTES]
    rows = tuple(
        TariffRow("t", "01000", frozenset(range(1, 13)), "all", start, end, "p", Decimal(n),
                  valid=valid or Validity())
        for n, (start, end) in enumerate(pairwise(bounds))
    )  # fmt: skip
    registry = Registry(
        nodes={"o": Node("o", NodeType.INSTITUTION, zone=zone)},
        meters={"m": Meter("m", "o", "01000")},
        tariff=rows,
    )
    return Pricing(TariffChoice(registry), "m", zone)


def test_windows_of_a_day_start_where_prices_may_turn():
    pricing = pricing_of(0, 480, 1320)
    assert pricing.scope(DAY) == TariffScope("", "", "01000")
    assert pricing.offsets(DAY) == (0, 480, 1320)
    assert offsets_of(pricing.choice, None, DAY, ZONE) == (0,)
    ended = pricing_of(0, 480, valid=Validity(None, DAY))
    assert (ended.scope(DAY), ended.offsets(DAY)) == (None, (0,))


@pytest.mark.parametrize(
    ("minute", "window"),
    [
        (0, (0, 480)),
        (479, (0, 480)),
        (480, (480, 1320)),
        (1320, (1320, 1440)),
        (1439, (1320, 1440)),
    ],
)
def test_the_window_of_an_instant_begins_with_it_or_before(minute, window):
    found = pricing_of(0, 480, 1320).window_at(START_US + minute * MINUTE_US)
    assert found == tuple(START_US + one * MINUTE_US for one in window)


def curve(*knots: tuple[float, int], quality=()) -> Curve:
    """(hour, total) from the day's start."""
    times = np.array([START_US + round(hour * HOUR_US) for hour, _ in knots])
    totals = np.array([total for _, total in knots])
    kinds = quality or (MEASURED,) * (len(knots) - 1)
    return Curve(times, totals, np.array(kinds, dtype=np.int8))


def test_a_stretch_over_an_edge_stands_beside_its_shares_by_time():
    rising = curve((7, 0), (7.75, 30), (8.25, 90), (9, 100))
    (found,) = of_days(rising, [DAY], [END_US], pricing_of(0, 480))
    assert found.quantity.tolist() == [60, 40]
    assert found.estimated.tolist() == [0, 0]
    assert found.crossings == (Crossing(START_US, END_US, True, 0, (30, 30), False),)


@pytest.mark.parametrize(
    ("knots", "quality", "crossings"),
    [
        (((7, 0), (8, 10), (9, 20)), (), 0),
        (((7, 0), (8.01, 10)), (), 1),
        (((7.99, 0), (9, 10)), (), 1),
        (((7, 5), (9, 5)), (), 0),
        (((7, 0), (9, 10)), (MISSING,), 0),
        (((7, 0), (9, 10)), (APPORTIONED,), 1),
        (((7, 10), (9, 0)), (), 1),
        (((7, 0),), (), 0),
        ((), (), 0),
    ],
)
def test_a_crossing_lies_on_both_sides_of_an_edge_and_is_known(knots, quality, crossings):
    (found,) = of_days(curve(*knots, quality=quality), [DAY], [END_US], pricing_of(0, 480))
    assert len(found.crossings) == crossings
    for one in found.crossings:
        assert one.measured == (quality != (APPORTIONED,))
        assert one.negative == (knots[0][1] > knots[1][1])


def test_a_gap_over_midnight_has_one_name_on_both_days():
    gap = curve((20, 0), (28, 80), quality=(APPORTIONED,))
    days = of_days(gap, [DAY, NEXT], [END_US, END_US + 24 * HOUR_US], pricing_of(0, 480, 1320))
    first, second = (one.crossings for one in days)
    assert (first[0].window, first[0].parts, second[0].window, second[0].parts) == (
        1,
        (20, 20),
        0,
        (40,),
    )
    assert first[0].name == second[0].name
    assert first[0].first_us == START_US + 480 * MINUTE_US
    assert second[0].last_us == END_US + 480 * MINUTE_US
    alone = of_days(gap, [NEXT], [END_US + 24 * HOUR_US], pricing_of(0, 480, 1320))
    assert alone[0].crossings == second
    (only,) = of_days(gap, [DAY], [END_US], pricing_of(0, 480, 1320))
    assert only.crossings == first


def test_stretches_of_one_kind_over_the_same_edges_stand_together():
    twice = curve((7.5, 0), (8.5, 10), (21.5, 10), (22.5, 30), (22.75, 30))
    (found,) = of_days(twice, [DAY], [END_US], pricing_of(0, 480, 1320))
    assert [(one.window, one.parts) for one in found.crossings] == [(0, (5, 5)), (1, (10, 10))]
    both = curve((7.5, 0), (8.5, 10), (8.6, 10), (7.5 + 24, 10), (8.5 + 24, 40))
    days = of_days(both, [DAY, NEXT], [END_US, END_US + 24 * HOUR_US], pricing_of(0, 480))
    assert [one.crossings[0].parts for one in days] == [(5, 5), (15, 15)]


def test_nothing_is_booked_beyond_the_slots_that_have_begun():
    rising = curve((7, 0), (9, 120))
    until = START_US + 8 * HOUR_US + 30 * MINUTE_US
    (found,) = of_days(rising, [DAY], [until], pricing_of(0, 480))
    assert found.quantity.tolist() == [60, 30]
    assert [one.parts for one in found.crossings] == [(60, 30)]
    (early,) = of_days(rising, [DAY], [START_US + 7 * HOUR_US], pricing_of(0, 480))
    assert early.quantity.tolist() == [0, 0]


def test_days_that_no_tariff_prices_have_no_windows():
    from_next = pricing_of(0, 480, valid=Validity(NEXT))
    rising = curve((7, 0), (33, 260))
    none, found = of_days(rising, [DAY, NEXT], [END_US, END_US + 24 * HOUR_US], from_next)
    assert none is None
    assert found.quantity.tolist() == [80, 10]
    assert of_days(rising, [DAY], [END_US], from_next) == [None]


@given(
    st.lists(st.tuples(st.integers(0, 47 * 60), st.integers(0, 10**6)), min_size=2, max_size=9,
             unique_by=lambda knot: knot[0]),
    st.lists(st.integers(1, 1439), max_size=3, unique=True),
)  # fmt: skip
def test_windows_of_days_add_up_to_what_passed_and_crossings_hold_no_more(knots, edges):
    knots = sorted(knots)
    totals = np.cumsum([energy for _, energy in knots]).tolist()
    rising = curve(*((at / 60, total) for (at, _), total in zip(knots, totals, strict=True)))
    days = of_days(
        rising, [DAY, NEXT], [END_US, END_US + 24 * HOUR_US], pricing_of(0, *sorted(edges))
    )
    assert sum(int(one.quantity.sum()) for one in days) == rising.total[-1] - rising.total[0]
    for one in days:
        held = np.zeros(len(one.offsets), dtype=np.int64)
        for each in one.crossings:
            held[each.window : each.window + len(each.parts)] += each.parts
        assert (held <= one.quantity).all()
