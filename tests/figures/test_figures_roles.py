"""Roles of a data centre: which meters, at which step, over which time, and what is stated."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from figures import (
    CATEGORIES,
    RATIOS,
    ROLES,
    RoleEnergy,
    centres,
    meters_of,
    ratio,
    role_energy,
    role_sums,
)
from metering.book import SeriesKey
from metering.localtime import DAY_MIN, HOUR_US, MINUTE_US
from metering.quantity import ABSENT
from metering.registry import Meter, Node, NodeType, Validity
from tests.figures.made import DAY, KWH, START_US, book_row, campus, part, view_of

NEXT = DAY + timedelta(days=1)
CENTRE = Node("dc", NodeType.DATACENTRE)


def key(meter: str, item: str = "01000") -> SeriesKey:
    return SeriesKey("o", "meter", meter, item)


def periods_of(above: list[int], below: list[int], minutes: int = 15) -> RoleEnergy:
    """Utility over IT [kWh], period by period."""
    starts = START_US + np.arange(len(above), dtype=np.int64) * minutes * MINUTE_US
    amounts = {
        role: np.array([ABSENT if n is None else n * KWH for n in kwh], dtype=np.int64)
        for role, kwh in (("utility", above), ("it", below))
    }
    roles = frozenset(amounts)
    ends = starts + minutes * MINUTE_US
    return RoleEnergy("dc", minutes, starts, ends, amounts, 2**62, roles)


def stated(found: RoleEnergy, periods: int):
    return found.ratio("utility_per_it", START_US, START_US + periods * 15 * MINUTE_US)


@pytest.mark.parametrize(("unknown", "value"), [(5, "1.5"), (6, None)])
def test_a_ratio_is_stated_from_ninety_five_in_a_hundred_on(unknown, value):
    known = 100 - unknown
    found = stated(periods_of([3] * 100, [2] * known + [None] * unknown), 100)
    assert found.cover == known * 100
    assert (found.above, found.below) == (3 * known * KWH, 2 * known * KWH)
    assert found.value == (None if value is None else Decimal(value))


@pytest.mark.parametrize(
    ("above", "below", "value"),
    [(2, 3, "0.666667"), (1, 1, "1"), (0, 1, "0"), (1, 0, None), (1, -1, None)],
)
def test_a_ratio_is_rounded_and_needs_something_below(above, below, value):
    found = stated(periods_of([above], [below]), 1)
    assert found.value == (None if value is None else Decimal(value))
    assert (found.above, found.below, found.cover) == (above * KWH, below * KWH, 10_000)


def test_a_stretch_holds_the_periods_that_begin_in_it():
    found = periods_of([1, 2, 4, 8], [1, 1, None, 1])
    quarter = 15 * MINUTE_US

    def above(first: int, last: int) -> int | None:
        told = found.ratio("utility_per_it", START_US + first * quarter, START_US + last * quarter)
        return None if told.above is None else told.above // KWH

    assert [above(0, 1), above(1, 2), above(0, 4), above(2, 3), above(3, 9)] == [1, 2, 11, None, 8]
    one = found.sum_of("it", START_US, START_US + 4 * quarter)
    assert (one.role, one.amount, one.cover) == ("it", 3 * KWH, 7_500)
    nothing = found.sum_of("it", START_US + 2 * quarter, START_US + 3 * quarter)
    assert (nothing.amount, nothing.cover) == (None, 0)
    assert found.sum_of("it", START_US - quarter, START_US).cover == 0
    assert found.ratio("utility_per_it", START_US, START_US).cover == 0


def test_cover_is_by_time_where_periods_are_of_different_length():
    found = periods_of([1, 1], [1, None], 60)
    found = replace(found, end_us=found.start_us + np.array([3, 1]) * HOUR_US)
    assert found.ratio("utility_per_it", START_US, START_US + 2 * HOUR_US).cover == 7_500
    assert found.power("it")[0] == pytest.approx(1 / 3)
    assert np.isnan(found.power("it")[1])


def test_a_category_is_told_of_it_energy_that_is_measured():
    assert CATEGORIES == {"ups_out": 1, "it": 3}
    assert {name: CATEGORIES.get(below) for name, (_, below) in RATIOS.items()} == {
        "utility_per_it": 3,
        "ups_efficiency": None,
    }
    found = periods_of([1], [1])
    assert stated(found, 1).category == 3
    assert stated(replace(found, metered=frozenset({"utility"})), 1).category is None
    assert stated(found, 1).boundary == "dc"


def centre_of(*meters: Meter, rows=(), floors=()):
    registry = campus(CENTRE, Node("b", NodeType.BUILDING), *floors, meters=meters)
    return view_of(*rows, registry=registry)


def test_centres_and_their_meters_are_told_in_order():
    meters = [
        Meter("z", "dc", "01000", dc_role="it"),
        Meter("a", "dc", "01000", dc_role="it"),
        Meter("u", "dc", "01000", dc_role="utility"),
        Meter("plain", "dc", "01000"),
        Meter("odd", "dc", "01000", dc_role="generator"),
        Meter("elsewhere", "b", "01000", dc_role="it"),
    ]
    view = centre_of(*meters, floors=[Node("another", NodeType.DATACENTRE)])
    assert centres(view) == ["another", "dc"]
    found = meters_of(view, "dc")
    assert list(found) == list(ROLES)
    assert {role: [one.code for one in own] for role, own in found.items() if own} == {
        "it": ["a", "z"],
        "utility": ["u"],
    }
    assert [one.code for one in meters_of(view, "o")["it"]] == ["a", "elsewhere", "z"]


@pytest.mark.parametrize(
    ("steps", "step_min"),
    [
        ((1, 15), 15),
        ((15, 15), 15),
        ((15, 30), 60),
        ((60, 60), 60),
        ((15, DAY_MIN), DAY_MIN),
        ((), DAY_MIN),
    ],
)
def test_roles_stand_side_by_side_at_the_finest_step_that_all_have(steps, step_min):
    meters = [
        Meter(f"m{n}", "dc", "01000", step_min=step, dc_role="it") for n, step in enumerate(steps)
    ]
    found = role_energy(centre_of(*meters), "dc", DAY, NEXT)
    assert (found.node, found.step_min, len(found.start_us)) == (
        "dc",
        step_min,
        2 * DAY_MIN // step_min,
    )
    assert found.metered == (frozenset({"it"}) if steps else frozenset())
    assert set(found.quantity) == set(ROLES)
    assert (found.quantity["cooling"] == ABSENT).all()


def test_a_role_is_the_sum_of_its_meters_and_known_where_each_is():
    meters = [Meter(code, "dc", "01000", step_min=60, dc_role="it") for code in ("a", "c")]
    holed = part(60, [KWH, ABSENT, KWH, *([KWH] * 21)])
    shares = holed.hour_shares.copy()
    shares[1:3] = (0, 0, 0, 10_000), (9_999, 0, 0, 1)
    holed = replace(holed, shares=shares, hour_shares=shares)
    rows = [book_row(part(60, [2 * KWH] * 24), key=key("a")), book_row(holed, key=key("c"))]
    found = role_energy(centre_of(*meters, rows=rows), "dc", DAY, DAY)
    assert found.quantity["it"][:4].tolist() == [3 * KWH, ABSENT, ABSENT, 3 * KWH]
    assert found.power("it")[3] == 3.0


def test_a_meter_that_is_not_there_yet_is_not_waited_for():
    meters = [
        Meter("a", "dc", "01000", step_min=60, dc_role="it", valid=Validity(None, NEXT)),
        Meter("c", "dc", "01000", step_min=60, dc_role="it", valid=Validity(NEXT)),
    ]
    rows = [
        book_row(part(60, [kwh * KWH] * 24), key=key(code), day=day)
        for code, day, kwh in (("a", DAY, 2), ("c", DAY, 50), ("c", NEXT, 3))
    ]
    view = centre_of(*meters, rows=rows)
    last = NEXT + timedelta(days=1)
    found = role_energy(view, "dc", DAY, last)
    assert found.quantity["it"].tolist() == [2 * KWH] * 24 + [3 * KWH] * 24 + [ABSENT] * 24
    gone = [replace(meters[0]), replace(meters[1], valid=Validity(NEXT, last))]
    found = role_energy(centre_of(*gone, rows=rows), "dc", DAY, last)
    assert found.quantity["it"].tolist()[48:] == [ABSENT] * 24


def test_each_role_is_summed_at_its_own_step_and_a_ratio_at_that_of_both():
    meters = [
        Meter("u", "dc", "01000", step_min=60, dc_role="utility"),
        Meter("i", "dc", "01000", step_min=15, dc_role="it"),
        Meter("in", "dc", "01000", step_min=DAY_MIN, dc_role="ups_in"),
        Meter("out", "dc", "01000", step_min=DAY_MIN, dc_role="ups_out"),
    ]
    rows = [
        book_row(part(60, [3 * KWH] * 24), key=key("u")),
        book_row(part(15, [KWH // 2] * 96), key=key("i")),
        book_row(part(DAY_MIN, [50 * KWH]), key=key("in")),
        book_row(part(DAY_MIN, [45 * KWH]), key=key("out")),
    ]
    view = centre_of(*meters, rows=rows)
    sums = role_sums(view, "dc", DAY, NEXT)
    assert [(one.role, one.amount, one.cover) for one in sums] == [
        ("utility", 72 * KWH, 5_000),
        ("ups_in", 50 * KWH, 5_000),
        ("ups_out", 45 * KWH, 5_000),
        ("it", 48 * KWH, 5_000),
        ("cooling", None, 0),
    ]
    assert ratio(view, "dc", "utility_per_it", DAY, DAY).value == Decimal("1.5")
    assert ratio(view, "dc", "ups_efficiency", DAY, DAY).value == Decimal("0.9")
    half = ratio(view, "dc", "utility_per_it", DAY, NEXT)
    assert (half.value, half.cover, half.above) == (None, 5_000, 72 * KWH)
