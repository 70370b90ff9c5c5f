"""Which readings stand, by events alone: each reason, each edge, and the sum of a calculator."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from ledger import (
    EVENT_KINDS,
    REJECTIONS,
    JudgedReadings,
    Standing,
    counting,
    factor_of,
    interval_days,
    judge,
    left_out,
    reckoned,
    rule_of,
)
from ledger.meter import OPEN_END, Service
from ledger.standing import Edges, breaks
from metering.book import RegisterEvent
from metering.localtime import HOUR_US, MINUTE_US, day_bounds
from metering.reading import Flag, Kind, ReadingColumns
from metering.registry import Direction, Installation, Meter
from storage.memory import MemoryReadings

DAY, ZONE = date(2026, 3, 2), "Asia/Shanghai"
START_US = day_bounds(DAY, ZONE)[0]
STEP_US = 15 * MINUTE_US
KWH = 10**6


def service(kind=Kind.REGISTER, *, item="01000", first=-OPEN_END, last=OPEN_END, **installation):
    one = Installation("m", 1, **installation)
    return Service(Meter("m", "o", item), one, kind, ZONE, first, last, "kWh")


def rows(values: dict[float, float], flags=()) -> ReadingColumns:
    """Values by steps since the day began."""
    return ReadingColumns.of(
        [
            (1, at(n), v, 1 if n in flags else 0, 0, 0, 0, k, 0)
            for k, (n, v) in enumerate(values.items())
        ]
    )


def at(step: float) -> int:
    return START_US + round(step * STEP_US)


def event(kind: str, start: float, end: float, **facts) -> RegisterEvent:
    return RegisterEvent("o", "m", kind, at(start), at(end), **facts)


def why(own: Service, values, *events, flags=()) -> list[str | None]:
    return list(judge(own, rows(values, flags), events).rejected_by)


def test_kinds_and_reasons_are_those_that_are_told():
    assert (
        *("other_register", "out_of_range", "withdrawn", "unusable", "off_grid", "same_interval"),
        *("spike", "bridge", "stuck", "negative"),
    ) == REJECTIONS
    assert (
        *("gap", "stuck", "stuck_open", "reset", "spike", "rollover", "jump", "bridge"),
        *("reversed", "replaced", "limit", "off_grid", "negative", "over_limit"),
        "repeated",
    ) == EVENT_KINDS


def test_a_standstill_at_the_end_and_an_interval_over_its_limit_have_rules_of_their_own():
    assert rule_of(event("stuck", 0, 1)) == "stuck_open"
    assert rule_of(event("stuck", 0, 1, cost=4)) == "stuck"
    assert rule_of(event("spike", 0, 1)) == "spike"
    assert rule_of(event("spike", 0, 1, value=9)) == "over_limit"
    assert rule_of(event("spike", 0, 1, cost=4, value=9)) == "spike"
    assert rule_of(event("gap", 0, 1, value=9)) == "gap"


@pytest.mark.parametrize(
    ("one", "span", "breaking"),
    [
        (event("spike", 1, 3, cost=4), (0, 0), False),
        (event("bridge", 1, 3, cost=4), (1, 0), False),
        (event("stuck", 1, 3, cost=4), (1, 0), False),
        (event("stuck", 1, 3), None, True),
        (event("gap", 1, 3), None, False),
        (event("rollover", 1, 3), None, False),
        (event("reset", 1, 3), None, True),
        (event("jump", 1, 3), None, True),
        (event("replaced", 1, 3), None, True),
        (event("reversed", 1, 3), None, True),
    ],
)
def test_what_an_event_leaves_out_and_whether_it_breaks(one, span, breaking):
    wanted = None if span is None else (at(1) + span[0], at(3) + span[1])
    assert left_out(one) == wanted
    assert breaks(one) == breaking


def test_readings_count_between_the_instants_of_their_register():
    own = service(first=at(1), last=at(4))
    assert counting(own) == (at(1), at(4))
    assert counting(replace(own, reads_from_us=at(2), reads_until_us=at(3))) == (at(2), at(3))
    assert counting(replace(own, reads_from_us=at(0), reads_until_us=at(9))) == (at(1), at(4))
    values = {0.9: 1.0, 1: 2.0, 4: 3.0, 4.1: 4.0}
    assert why(own, values) == ["other_register", None, None, "other_register"]


def test_each_reason_of_a_register_and_which_comes_first():
    values = {0: 1.0, 1: 9.0, 2: 2.0, 3: 1e99, 4: 3.0}
    spike = event("spike", 1, 2, cost=4)
    assert why(service(), values, spike) == [None, "spike", None, "unusable", None]
    assert why(service(), values, spike, flags=(1, 3)) == [
        None,
        "out_of_range",
        None,
        "out_of_range",
        None,
    ]
    assert why(service(last=at(2)), values, spike, flags=(4,)) == [
        None,
        "spike",
        None,
        "other_register",
        "other_register",
    ]
    bridge = event("bridge", 1, 4, cost=4)
    assert why(service(), values, bridge) == [None, None, "bridge", "unusable", None]
    judged = judge(service(ratio=Decimal(2)), rows(values), [])
    assert judged.units[:3].tolist() == [2 * KWH, 18 * KWH, 4 * KWH]
    assert (judged.start_us == judged.end_us).all()
    assert len(judged) == 5


def test_each_reason_of_an_interval():
    own = service(Kind.INTERVAL)
    values = {0: 1.0, 1: -2.0, 2: 3.0, 2.03: 9.0, 3: 5.0, 3.5: 4.0, 4: 6.0}
    values |= dict.fromkeys(range(5, 16), 1.0)
    events = [event("negative", 1, 2), event("spike", 3, 4, value=1), event("gap", 4, 5)]
    assert why(own, values, *events)[:7] == [
        None,
        "negative",
        None,
        "same_interval",
        "spike",
        "off_grid",
        None,
    ]
    wider = [event("spike", 3, 5), event("spike", 2, 4)]
    assert why(own, values, *wider)[:5] == [None, None, None, "same_interval", None]
    judged = judge(own, rows(values), [])
    units = [KWH, -2 * KWH, 3 * KWH, 0, 5 * KWH, 0, 6 * KWH]
    assert judged.units[:7].tolist() == units
    assert judged.start_us[0] == at(0)
    assert judged.end_us[[0, 3, 5]].tolist() == [at(1), at(2.03), at(3.5)]
    assert why(own, {0: 1.0, 1: 1e99}, flags=(0,)) == ["out_of_range", "unusable"]
    assert len(judge(own, ReadingColumns.empty(), [])) == 0
    doubled = dict.fromkeys(range(16), 1.0) | {2.02: 5.0}
    doubled = {n: doubled[n] for n in sorted(doubled)}
    told = why(own, doubled, flags=(2,))
    assert told[2:4] == ["out_of_range", None]
    late = service(Kind.INTERVAL, first=at(1))
    assert why(late, {0: 1.0, 1: 2.0}) == ["other_register", None]
    mean = judge(service(Kind.MEAN), rows({0: 4.0, 1: 8.0}), [])
    assert mean.units.tolist() == [KWH, 2 * KWH]
    back = judge(service(Kind.INTERVAL, direction=Direction.EXPORT), rows({0: 4.0}), [])
    assert back.units.tolist() == [-4 * KWH]


def test_how_many_units_of_the_meter_one_of_a_reading_is():
    assert factor_of(service()) == 1
    assert factor_of(service(ratio=Decimal("2.5"))) == Decimal("2.5")
    assert factor_of(service(direction=Direction.EXPORT)) == -1
    assert factor_of(service(item="04000")) == Decimal("3.6")


def test_judged_readings_are_joined_and_taken_in_the_order_given():
    one = judge(service(), rows({0: 1.0, 1: 2.0}), [event("spike", 1, 2, cost=4)])
    other = judge(service(), rows({2: 3.0}), [])
    both = JudgedReadings.joined([one, other])
    assert both.rejected_by == (None, "spike", None)
    assert both.units.tolist() == [KWH, 2 * KWH, 3 * KWH]
    assert both.readings.time_us.tolist() == both.start_us.tolist() == [at(0), at(1), at(2)]
    taken = both.take(both.units.argsort()[::-1])
    assert taken.rejected_by == (None, "spike", None)
    assert taken.units.tolist() == [3 * KWH, 2 * KWH, KWH]
    assert taken.end_us.tolist() == [at(2), at(1), at(0)]


def standing(own: Service, values, *events, flags=()) -> Standing:
    store = MemoryReadings()
    store.upsert(rows(values, flags))
    return Standing(
        own, store, lambda low, high: [e for e in events if e.start_us <= high and e.end_us >= low]
    )


def edges(found: Edges) -> list[float | None]:
    return [
        (int(one.readings.time_us[0]) - START_US) / STEP_US if len(one) else None
        for one in found.rows()
    ]


PLAIN = {n: float(n) for n in range(9)}


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        (2, 5, [2, 3, 4, 5]),
        (2.5, 4.5, [2, 3, 4, 5]),
        (2.2, 2.8, [2, 3, 2, 3]),
        (-3, -1, [None, 0, None, 0]),
        (-1, 99, [None, 0, 8, None]),
        (8, 9, [8, None, 8, None]),
    ],
)
def test_readings_around_an_interval(start, end, found):
    assert edges(standing(service(), PLAIN).edges(at(start), at(end))) == found


def test_readings_around_are_those_that_stand_and_count():
    spike = event("spike", 2, 5, cost=4)
    assert edges(standing(service(), PLAIN, spike).edges(at(3), at(4))) == [1, 5, 1, 5]
    stuck = event("stuck", 2, 5, cost=4)
    assert edges(standing(service(), PLAIN, stuck).edges(at(3), at(4))) == [2, 5, 2, 5]
    flagged = standing(service(), PLAIN, flags=(3, 4))
    assert edges(flagged.edges(at(3), at(4))) == [2, 5, 2, 5]
    bounded = standing(service(first=at(2), last=at(6)), PLAIN)
    assert edges(bounded.edges(at(0), at(8))) == [2, 3, 5, 6]
    many = {n: float(n) for n in range(60)}
    wide = event("spike", 3, 57, cost=4)
    assert edges(standing(service(), many, wide).edges(at(30), at(31))) == [2, 57, 2, 57]
    silent = standing(service(), many, flags=tuple(range(3, 57)))
    assert edges(silent.edges(at(30), at(31))) == [2, 57, 2, 57]


LOOKED_AT = 4 + 16 + 64 + 256 + 1024 + 4096
"""Ever more at a time, until there were a few thousand."""


@pytest.mark.parametrize(("unusable", "found"), [(LOOKED_AT - 1, True), (LOOKED_AT, False)])
def test_what_stands_is_looked_for_among_the_next_few_thousand(unusable, found):
    values = {n: float(n) for n in range(unusable + 2)}
    own = standing(service(), values, flags=tuple(range(1, unusable + 1)))
    back, on = own.edges(at(unusable), at(unusable)), own.edges(at(1), at(1))
    assert edges(back)[0] == (0 if found else None)
    assert edges(on)[3] == (unusable + 1 if found else None)


def test_readings_a_microsecond_apart_are_each_looked_at():
    places = [n / STEP_US for n in range(9)]
    values = dict.fromkeys(places, 1.0)
    late = standing(service(), values, flags=places[:4])
    assert edges(late.edges(at(0), at(0)))[3] == places[4]
    early = standing(service(), values, flags=places[5:])
    assert edges(early.edges(at(1), at(1)))[0] == places[4]


def test_a_reading_at_the_very_start_is_the_one_before_and_not_the_first():
    for tick in (0, 1 / STEP_US):
        own = standing(service(), {2 + tick: 1.0, 3: 2.0, 5: 3.0})
        found = own.edges(at(2) + round(tick * STEP_US), at(3))
        assert edges(found) == [2 + tick, 3, 2 + tick, 3]


def test_where_too_much_is_left_out_to_be_looked_through_no_energy_is_told():
    values = {n: float(n) for n in range(LOOKED_AT + 9)}
    own = standing(service(), values, flags=tuple(range(1, LOOKED_AT + 9)))
    span = at(0.5), at(LOOKED_AT + 4)
    found = own.edges(*span)
    assert edges(found) == [0, None, None, None]
    assert reckoned(service(), found, span, ()) is None


def test_what_an_event_leaves_out_is_not_looked_at_one_by_one():
    count = 2 * LOOKED_AT
    values = {n: float(n) for n in range(count)}
    own = standing(service(), values, event("spike", 3, count - 3, cost=4))
    ends = [2, count - 3]
    for start, end in ((3, count - 4), (count // 2, count // 2 + 1), (4, count - 3.5)):
        assert edges(own.edges(at(start), at(end))) == ends * 2


def test_edges_name_the_readings_from_which_energy_is_told():
    found = standing(service(), PLAIN).edges(at(-1), at(5))
    first, last = found.ends()
    assert [int(one.readings.time_us[0]) for one in (first, last)] == [at(0), at(5)]
    found = standing(service(), PLAIN).edges(at(2), at(99))
    first, last = found.ends()
    assert [int(one.readings.time_us[0]) for one in (first, last)] == [at(2), at(8)]


def named(own: Service, one: RegisterEvent, *more: RegisterEvent, values=None):
    found = standing(own, PLAIN if values is None else values, one, *more).named(one)
    return [(place, (int(r.readings.time_us[0]) - START_US) / STEP_US) for place, r in found]


def test_an_event_names_the_readings_it_speaks_of():
    assert named(service(), event("spike", 2, 5, cost=4)) == [
        ("before", 1),
        ("left_out", 2),
        ("after", 5),
    ]
    assert named(service(), event("bridge", 2, 5, cost=4)) == [
        ("before", 2),
        ("left_out", 3),
        ("after", 5),
    ]
    assert named(service(), event("gap", 2, 5)) == [("before", 2), ("after", 5)]
    assert named(service(), event("reset", 2, 3)) == [("before", 2), ("after", 3)]
    assert named(service(), event("limit", 2, 5)) == named(service(), event("off_grid", 2, 5)) == []
    assert named(service(), event("spike", 9, 9.5, cost=4)) == [("before", 8)]
    assert named(service(), event("gap", -5, -4)) == [("after", 0)]


def sums(own: Service, values, start: float, end: float, *events):
    found = standing(own, values, *events)
    span = at(start), at(end)
    return reckoned(own, found.edges(*span), span, events)


def test_the_energy_of_an_interval_is_told_from_the_readings_around_it():
    exact = sums(service(), PLAIN, 2, 5)
    assert (exact.first_us, exact.last_us, exact.value) == (at(2), at(5), 3 * KWH)
    assert (exact.whole, exact.turns, exact.turn, exact.before, exact.after) == (
        3 * KWH,
        0,
        0,
        0,
        0,
    )
    inside = sums(service(), PLAIN, 2.25, 4.5)
    assert (inside.whole, inside.before, inside.after) == (3 * KWH, KWH // 4, KWH // 2)
    assert inside.value == 2_250_000
    thirds = sums(service(), {0: 0.0, 3: 0.00001}, 1, 2)
    assert (thirds.before, thirds.after, thirds.value) == (3, 4, 3)
    back = sums(service(direction=Direction.EXPORT), PLAIN, 2.25, 4.5)
    assert (back.whole, back.before, back.after, back.value) == (
        -3 * KWH,
        -KWH // 4,
        -KWH // 2,
        -2_250_000,
    )


def test_turns_are_counted_in_what_passed():
    own = service(digits=2)
    values = {0: 98.0, 1: 99.0, 2: 0.0, 3: 1.0}
    turn = event("rollover", 1, 2)
    whole = sums(own, values, 0, 3, turn)
    assert (whole.value, whole.turns, whole.turn) == (3 * KWH, 1, 100 * KWH)
    before = sums(own, values, 1.5, 3, turn)
    assert (before.whole, before.before, before.value) == (2 * KWH, KWH // 2, 1_500_000)
    after = sums(own, values, 0, 1.25, turn)
    assert (after.whole, after.after, after.value) == (2 * KWH, 750_000, 1_250_000)


def test_where_energy_cannot_be_told_it_is_not():
    reset = event("reset", 3, 4)
    assert sums(service(), PLAIN, 2, 5, reset) is None
    assert sums(service(), PLAIN, 4, 6, reset).value == 2 * KWH
    assert sums(service(), PLAIN, 1, 3, reset).value == 2 * KWH
    assert sums(service(), PLAIN, 3.5, 6, reset) is None
    assert sums(service(), {}, 2, 5) is None
    assert sums(service(), {3: 1.0}, 2, 5) is None
    assert sums(service(Kind.INTERVAL), PLAIN, 2, 5) is None
    assert sums(service(), {3: 1.0, 4: 2.0}, 2, 5).value == KWH


def test_stamps_of_an_intervals_days_begin_half_a_minute_before_them():
    early = 30_000_000
    hours = interval_days(service(), START_US + HOUR_US, START_US + 2 * HOUR_US)
    assert hours == [(START_US - early, START_US + 24 * HOUR_US - early)]
    whole = interval_days(service(), START_US, START_US + 24 * HOUR_US)
    assert whole == hours
    over = interval_days(service(), START_US + 23 * HOUR_US, START_US + 24 * HOUR_US + 1)
    assert [end - start for start, end in over] == [24 * HOUR_US] * 2


def test_flags_other_than_the_range_take_nothing_away():
    store = ReadingColumns.of([(1, at(0), 1.0, int(Flag.ARRIVAL_TIME), 0, 0, 0, 0, 0)])
    assert judge(service(), store, []).rejected_by == (None,)


def test_of_two_readings_of_an_interval_that_which_a_person_entered_stands():
    values = dict.fromkeys([*range(16), 2.02], 1.0)
    flags = {2.02: Flag.ENTERED, 4: Flag.ENTERED | Flag.OUT_OF_RANGE}
    told = [
        (1, at(n), v, int(flags.get(n, 0)), 0, 0, 0, k, 0)
        for k, (n, v) in enumerate(sorted(values.items()))
    ]
    judged = judge(service(Kind.INTERVAL), ReadingColumns.of(told), [])
    wanted = (*(None, None, "same_interval", None, None, "out_of_range"), *[None] * 11)
    assert judged.rejected_by == wanted


@pytest.mark.parametrize(
    ("kind", "more", "stands"),
    [("negative", {}, False), ("spike", {}, True), ("stuck", {"value": 9}, True)],
)
def test_what_a_person_entered_stands_unless_it_is_below_nothing(kind, more, stands):
    told = [(1, at(n), 1.0, int(Flag.ENTERED) * (n == 3), 0, 0, 0, n, 0) for n in range(8)]
    wide = event(kind, 3, 4, **more)
    own = service(Kind.INTERVAL)
    assert judge(own, ReadingColumns.of(told), [wide]).rejected_by[3] == (None if stands else kind)
    other = event(kind, 2, 3, **more)
    assert judge(own, ReadingColumns.of(told), [other]).rejected_by[2] == kind


def test_intervals_of_a_value_that_repeats_are_refused_from_edge_to_edge():
    told = [(1, at(n), 1.0, 0, 0, 0, 0, n, 0) for n in range(8)]
    found = judge(service(Kind.INTERVAL), ReadingColumns.of(told), [event("stuck", 2, 5, value=9)])
    assert [why is None for why in found.rejected_by] == [n not in (2, 3, 4) for n in range(8)]
