"""A running day as far as it is known, and an earlier one up to the same instant."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from figures import change, reached, so_far, up_to
from metering.factor import Factor
from metering.localtime import DAY_MIN, HOUR_US, MINUTE_US
from metering.quantity import ABSENT
from metering.registry import Meter, Node, NodeType
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

QUARTER_US = 15 * MINUTE_US
PRICED = campus(
    Node("b", NodeType.BUILDING),
    meters=[Meter("m", "b", "01000")],
    tariff=[tariff_row(0, 480, "0.25", "valley"), tariff_row(480, 1440, "1.00", "peak")],
    factors=[Factor("01000", "kgco2", Decimal("0.5")), Factor("01000", "kgce", Decimal("0.1"))],
)


def quarters(known: int) -> list[int]:
    """A day of a kWh a quarter hour, of which so many are known."""
    return [KWH] * known + [ABSENT] * (96 - known)


@pytest.mark.parametrize(
    ("now", "known", "until"),
    [
        (3 * HOUR_US, 8, 2 * HOUR_US),
        (100 * MINUTE_US, 7, 100 * MINUTE_US),
        (30 * HOUR_US, 1, QUARTER_US),
    ],
)
def test_a_day_is_known_up_to_now_or_to_its_last_slot_with_a_value(now, known, until):
    view = view_of(book_row(part(15, quarters(known))), now_us=START_US + now)
    assert reached(view, KEY, DAY) == {15: until}


def test_a_day_is_known_by_step_as_far_as_the_furthest_of_it():
    holed = [KWH, ABSENT, KWH, *([ABSENT] * 93)]
    row = book_row(
        part(15, holed), part(15, quarters(1)), part(60, [ABSENT] * 24), part(DAY_MIN, [KWH])
    )
    assert reached(view_of(row), KEY, DAY) == {15: 3 * QUARTER_US, DAY_MIN: 24 * HOUR_US}
    turned = book_row(part(15, quarters(1)), part(15, holed))
    assert reached(view_of(turned), KEY, DAY) == {15: 3 * QUARTER_US}
    assert reached(view_of(book_row(part(15, quarters(0)))), KEY, DAY) == {}
    assert reached(view_of(), KEY, DAY) == {}


@pytest.mark.parametrize(
    ("parts", "complete"),
    [
        ([part(15, quarters(8))], True),
        ([part(15, [KWH, ABSENT, KWH, *([ABSENT] * 93)])], False),
        ([part(15, quarters(8)), part(DAY_MIN, [ABSENT])], True),
        ([part(15, quarters(8)), part(60, [ABSENT] * 24)], False),
        ([part(15, quarters(8)), part(60, [KWH, *([ABSENT] * 23)])], True),
    ],
)
def test_a_day_is_complete_where_all_slots_up_to_its_last_are_known(parts, complete):
    found = so_far(view_of(book_row(*parts), now_us=START_US + 3 * HOUR_US), KEY, DAY)
    assert (found.day, found.complete) == (DAY, complete)


def test_a_day_of_which_nothing_is_booked_is_not_complete():
    found = so_far(view_of(), KEY, DAY)
    assert (found.amount, found.complete) == (None, False)
    before = up_to(view_of(), KEY, DAY, {15: HOUR_US})
    assert (before.day, before.amount, before.complete) == (DAY, None, False)
    assert before.worth.cost.money == ()
    assert before.worth.kgco2.amount is None


def test_the_running_day_is_worth_what_is_booked_of_it():
    row = book_row(part(15, quarters(40)))
    found = so_far(view_of(row, registry=PRICED, now_us=START_US + 10 * HOUR_US), KEY, DAY)
    assert found.amount == 40 * KWH
    assert found.worth.cost.sole.amount == 32 * Decimal("0.25") + 8
    assert (found.worth.kgco2.amount, found.worth.kgce.amount) == (20, 4)


def test_an_earlier_day_is_worth_what_it_was_up_to_the_same_minute():
    """At 08:05 a third of the slot from 08:00 is dear; its money is estimated."""
    view = view_of(book_row(part(15, quarters(96))), registry=PRICED)
    found = up_to(view, KEY, DAY, {15: 8 * HOUR_US + 5 * MINUTE_US})
    assert found.amount == 32 * KWH + KWH // 3
    assert found.worth.cost.money[0].amount == 8 + Decimal(KWH // 3) / KWH
    assert found.worth.cost.money[0].shares == (9_600, 0, 400, 0)
    assert found.worth.kgco2.amount == Decimal(32 * KWH + KWH // 3) / KWH / 2
    whole = up_to(view, KEY, DAY, {15: 8 * HOUR_US})
    assert whole.worth.cost.money[0].shares == (10_000, 0, 0, 0)
    assert whole.worth.cost.sole.amount == 8


def test_what_is_read_once_a_day_is_cut_by_time_between_the_edges_of_prices():
    """24 kWh a day: by half past nine 8 of them at the cheap price and 1.5 at the dear one."""
    view = view_of(book_row(part(DAY_MIN, [24 * KWH])), registry=PRICED)
    found = up_to(view, KEY, DAY, {DAY_MIN: 9 * HOUR_US + 30 * MINUTE_US})
    assert found.amount == 9_500_000
    assert found.worth.cost.sole.amount == 8 * Decimal("0.25") + Decimal("1.5")
    assert found.worth.cost.sole.shares == (0, 0, 10_000, 0)
    assert up_to(view, KEY, DAY, {DAY_MIN: 24 * HOUR_US}).amount == 24 * KWH
    last = up_to(view, KEY, DAY, {DAY_MIN: 24 * HOUR_US - MINUTE_US})
    assert last.amount == 8 * KWH + 16 * KWH * 959 // 960


def test_steps_of_an_earlier_day_are_cut_each_where_it_is_known():
    row = book_row(part(15, quarters(96)), part(60, [4 * KWH] * 24), part(DAY_MIN, [7 * KWH]))
    view = view_of(row)
    assert up_to(view, KEY, DAY, {15: HOUR_US}).amount == 4 * KWH
    assert up_to(view, KEY, DAY, {15: HOUR_US, 60: 2 * HOUR_US}).amount == 12 * KWH
    assert up_to(view, KEY, DAY, {60: 2 * HOUR_US + HOUR_US // 4}).amount == 9 * KWH
    assert up_to(view, KEY, DAY, {}).amount is None
    assert up_to(view, KEY, DAY, {15: 30 * MINUTE_US}).complete is False


def test_what_is_missing_of_an_earlier_day_is_weighed_by_meters():
    """Three meters by the quarter hour, silent for the second of two hours; one by the hour."""
    silent = part(15, [KWH] * 4 + [ABSENT] * 92)
    shares = silent.shares.copy()
    shares[4:] = (0, 0, 0, 10_000)
    silent = replace(silent, shares=shares, meters=3)
    view = view_of(book_row(silent, part(60, [4 * KWH] * 24)), registry=PRICED)
    found = up_to(view, KEY, DAY, {15: 2 * HOUR_US, 60: 2 * HOUR_US})
    assert found.worth.cost.money[0].shares == (6_250, 0, 0, 3_750)
    cut = up_to(view, KEY, DAY, {15: HOUR_US + MINUTE_US, 60: 2 * HOUR_US})
    assert cut.worth.cost.money[0].shares[3] == 2_000 * 3 // 4
    assert not cut.complete


def test_a_day_without_a_slot_that_is_known_has_no_amount():
    view = view_of(book_row(part(15, quarters(0))))
    assert up_to(view, KEY, DAY, {15: HOUR_US + MINUTE_US}).amount is None
    beyond = view_of(book_row(part(15, quarters(96))))
    assert up_to(beyond, KEY, DAY, {15: 24 * HOUR_US + MINUTE_US}).amount == 96 * KWH


@pytest.mark.parametrize(
    ("now", "before", "share"),
    [
        (3, 2, "0.5"),
        (Decimal("1.5"), 2, "-0.25"),
        (1, 3, "-0.666667"),
        (0, 1, "-1"),
        (-1, 1, "-2"),
        (2, 0, None),
        (2, -1, None),
        (None, 2, None),
        (2, None, None),
    ],
)
def test_a_change_is_a_share_of_what_was_before(now, before, share):
    found = change(now, before)
    assert found == (None if share is None else Decimal(share))
