"""Registers that change: what was written down, and what one counted over the change."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from ledger.meter import OPEN_END, Noted, Service
from ledger.passage import Turn
from ledger.turning import gone_on, one_register, services, turns
from metering.localtime import HOUR_US, MINUTE_US, day_bounds
from metering.reading import Kind
from metering.registry import (
    Direction,
    Installation,
    Meter,
    Node,
    NodeType,
    Point,
    Registry,
    Validity,
)

DAY, ZONE = date(2026, 3, 3), "Asia/Shanghai"
START_US = day_bounds(DAY, ZONE)[0]
INSTANT = "2026-03-03T10:00:00+08:00"
WINDOW = "2026-03-03T10:00:00+08:00/2026-03-03T12:00:00+08:00"
AT, END = START_US + 10 * HOUR_US, START_US + 12 * HOUR_US


def served(
    told: str = INSTANT, *, old=None, new=None, points=(1, 2), kind=Kind.REGISTER
) -> list[Service]:
    before = Installation("m", points[0], valid=Validity(None, DAY), ends=told, **(old or {}))
    after = Installation("m", points[1], valid=Validity(DAY), starts=told, **(new or {}))
    registry = Registry(
        nodes={"o": Node("o", NodeType.INSTITUTION, zone=ZONE)},
        meters={"m": Meter("m", "o", "01000")},
        points={n: Point(n, "o/g", f"p{n}", kind, "kWh") for n in points},
        installations=(before, after),
    )
    return services(registry, "m")


FINAL, FIRST = {"final": Decimal(5)}, {"first": Decimal(7)}


def bounds(found: list[Service]):
    """(reads until, counts until, final), (reads from, counts from, first) since 10 o'clock [h]."""
    old, new = found
    return (
        ((old.reads_until_us - AT) / HOUR_US, (old.end_us - AT) / HOUR_US, old.closing),
        ((new.reads_from_us - AT) / HOUR_US, (new.start_us - AT) / HOUR_US, new.opening),
    )


def test_values_at_an_instant_stand_at_it():
    assert bounds(served()) == ((0, 0, None), (0, 0, None))
    assert bounds(served(old=FINAL)) == ((0, 0, Noted(AT, 5.0)), (0, 0, None))
    assert bounds(served(new=FIRST)) == ((0, 0, None), (0, 0, Noted(AT, 7.0)))
    both = served(old=FINAL, new=FIRST)
    assert bounds(both) == ((0, 0, Noted(AT, 5.0)), (0, 0, Noted(AT, 7.0)))


def test_values_in_a_window_stand_at_its_far_ends_where_both_are_known():
    assert bounds(served(WINDOW)) == ((0, 0, None), (2, 2, None))
    assert bounds(served(WINDOW, old=FINAL)) == ((0, 0, None), (2, 2, None))
    assert bounds(served(WINDOW, new=FIRST)) == ((0, 0, None), (2, 2, None))
    both = served(WINDOW, old=FINAL, new=FIRST)
    assert bounds(both) == ((0, 2, Noted(END, 5.0)), (2, 0, Noted(AT, 7.0)))


def test_a_new_register_under_the_same_name_has_the_reading_of_the_instant():
    old, new = served(points=(1, 1))
    assert (old.reads_until_us, old.end_us, new.reads_from_us) == (AT - 1, AT - 1, AT)
    noted, _ = served(points=(1, 1), old=FINAL)
    assert (noted.reads_until_us, noted.end_us, noted.closing) == (AT - 1, AT, Noted(AT, 5.0))
    windowed, _ = served(WINDOW, points=(1, 1))
    assert windowed.reads_until_us == AT


RATIO = {"ratio": Decimal(2)}


def test_one_register_that_counts_at_another_ratio_has_one_value_at_its_change():
    plain = served(points=(1, 1), new=RATIO)
    assert one_register(*plain)
    assert bounds(plain) == ((0, 0, None), (0, 0, None))
    for more in ({"old": FINAL, "new": RATIO}, {"new": RATIO | {"first": Decimal(5)}},
                 {"old": FINAL, "new": RATIO | {"first": Decimal(5)}}):  # fmt: skip
        found = served(points=(1, 1), **more)
        assert [one.time_us for one in (found[0].closing, found[1].opening)] == [AT, AT]
        assert [one.value for one in (found[0].closing, found[1].opening)] == [5.0, 5.0]
    other = served(points=(1, 1), old=FINAL, new=RATIO | FIRST)
    assert (other[0].closing.value, other[1].opening.value) == (5.0, 7.0)
    assert other[0].reads_until_us == AT - 1


@pytest.mark.parametrize(
    "other",
    [{"digits": 6}, {"signed": True}, {"direction": Direction.EXPORT}, {"register_unit": "Wh"}],
)
def test_what_counts_otherwise_is_another_register(other):
    assert not one_register(*served(points=(1, 1), new=RATIO | other))
    assert not one_register(*served(points=(1, 2), new=RATIO))
    assert not one_register(*served(points=(1, 1)))
    assert not one_register(*served(points=(1, 1), new=RATIO, kind=Kind.INTERVAL))


def test_values_are_in_the_unit_of_the_register():
    (old, _) = served(old=FINAL | {"register_unit": "Wh"})
    assert old.closing == Noted(AT, 0.005)
    (large, _) = served(old=FINAL | {"register_unit": "MWh"})
    assert large.closing == Noted(AT, 5000.0)


def test_the_first_value_of_the_first_and_the_final_one_of_the_last_register_stand_too():
    def alone(**more) -> Service:
        one = Installation("m", 1, valid=Validity(DAY, date(2026, 3, 9)), **more)
        registry = Registry(
            nodes={"o": Node("o", NodeType.INSTITUTION, zone=ZONE)},
            meters={"m": Meter("m", "o", "01000")},
            points={1: Point(1, "o/g", "p", Kind.REGISTER, "kWh")},
            installations=(one,),
        )
        return services(registry, "m")[0]

    later = "2026-03-08T10:00:00+08:00"
    told = alone(starts=INSTANT, ends=later, **FINAL, **FIRST)
    assert told.opening == Noted(AT, 7.0)
    assert told.closing == Noted(AT + 5 * 24 * HOUR_US, 5.0)
    assert alone(**FINAL, **FIRST).opening is alone(**FINAL, **FIRST).closing is None
    windows = alone(starts=WINDOW, ends=WINDOW.replace("03T", "08T"), **FINAL, **FIRST)
    assert windows.opening is windows.closing is None
    bare = alone(starts=INSTANT, ends=later)
    assert bare.opening is bare.closing is None


def test_registers_that_do_not_meet_have_values_of_their_own():
    old = Installation("m", 1, valid=Validity(None, DAY), ends="2026-03-03T09:00:00+08:00", **FINAL)
    new = Installation("m", 2, valid=Validity(DAY), starts=INSTANT, **FIRST)
    registry = Registry(
        nodes={"o": Node("o", NodeType.INSTITUTION, zone=ZONE)},
        meters={"m": Meter("m", "o", "01000")},
        points={n: Point(n, "o/g", f"p{n}", Kind.REGISTER, "kWh") for n in (1, 2)},
        installations=(old, new),
    )
    one, other = services(registry, "m")
    assert (one.closing, other.opening) == (Noted(AT - HOUR_US, 5.0), Noted(AT, 7.0))
    assert turns([one, other]) == {}


def test_changes_over_which_what_passed_can_be_known():
    assert turns(served()) == turns(served(old=FINAL, new=FIRST)) == {}
    assert turns(served(WINDOW, old=FINAL, new=FIRST)) == {0: Turn(AT, END, noted=True)}
    assert turns(served(WINDOW)) == {}
    assert turns(served(points=(1, 1), new=RATIO)) == {0: Turn(AT, AT, noted=False)}
    assert turns(served(WINDOW, points=(1, 1), new=RATIO)) == {0: Turn(AT, END, noted=False)}
    assert turns(served(points=(1, 1), old=FINAL, new=RATIO)) == {}
    by_day = served("", points=(1, 1), new=RATIO)
    assert turns(by_day) == {0: Turn(START_US, START_US, noted=False)}
    assert turns([by_day[0], replace(by_day[1], start_us=START_US + 1)]) == {}
    assert turns([]) == turns(by_day[:1]) == {}


def service(**more) -> Service:
    one = Installation("m", 1, **more)
    return Service(Meter("m", "o", "01000"), one, Kind.REGISTER, ZONE, -OPEN_END, OPEN_END, "kWh")


def passed(
    low: float, high: float, *, turn=(60, 60), times=(0, 120), most=(np.inf, np.inf), **more
):
    """Over a change of the ratio from 1 to 2, at these minutes."""
    at = Turn(*(one * MINUTE_US for one in turn), noted=False)
    old = service(**more), times[0] * MINUTE_US, low, most[0]
    new = service(ratio=Decimal(2), **more), times[1] * MINUTE_US, high, most[1]
    return gone_on(at, old, new)


KWH = 10**6


@pytest.mark.parametrize(
    ("turn", "before", "after"),
    [((60, 60), 2, 4), ((30, 30), 1, 6), ((30, 90), 2, 4), ((-50, -50), 0, 8), ((500, 500), 4, 0)],
)
def test_what_one_register_counted_is_split_by_time_at_its_change(turn, before, after):
    found = passed(10.0, 14.0, turn=turn)
    assert (found.before, found.after, found.refused) == (before * KWH, after * KWH, "")
    assert (found.start_us, found.end_us) == (0, 120 * MINUTE_US)
    back = passed(10.0, 14.0, turn=turn, direction=Direction.EXPORT)
    assert (back.before, back.after) == (-before * KWH, -after * KWH)


def test_nothing_passes_where_there_is_no_time_between():
    assert passed(1.0, 2.0, times=(5, 5)) is passed(1.0, 2.0, times=(6, 5)) is None


@pytest.mark.parametrize(
    ("low", "high", "more", "refused"),
    [
        (10.0, 14.0, {"most": (2 * KWH, 4 * KWH)}, ""),
        (10.0, 14.0, {"most": (2 * KWH - 1, 4 * KWH)}, "jump"),
        (10.0, 14.0, {"most": (2 * KWH, 4 * KWH - 1)}, "jump"),
        (14.0, 10.0, {}, "reset"),
        (14.0, 10.0, {"signed": True}, ""),
        (14.0, 10.0, {"signed": True, "most": (2 * KWH - 1, np.inf)}, "jump"),
        (98.0, 2.0, {"digits": 2}, ""),
        (88.0, 2.0, {"digits": 2, "most": (7 * KWH, 14 * KWH)}, ""),
        (60.0, 2.0, {"digits": 2}, "reset"),
        (98.0, 2.0, {"digits": 2, "most": (KWH, 9 * KWH)}, "reset"),
    ],
)
def test_a_register_that_cannot_have_gone_on_is_a_break(low, high, more, refused):
    assert passed(low, high, **more).refused == refused


def test_a_fall_that_is_less_than_what_is_booked_is_none():
    assert passed(10.0000004, 10.0000002).refused == ""
    assert passed(10.0000008, 10.0000002).refused == "reset"


def test_a_turn_within_a_change_counts_past_the_last_digit():
    found = passed(98.0, 2.0, digits=2)
    assert (found.before, found.after) == (2 * KWH, 4 * KWH + 0)
    for digits in (None, 2):
        still = passed(10.0, 10.0, digits=digits)
        assert (still.before, still.after, still.refused) == (0, 0, "")
