"""Interval readings against a loop over the readings, and the curves of meters."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.cleaning.decisions import Decision, EventFacts
from ledger.curve import Curve
from ledger.intervals import LENGTHS_US, placed
from ledger.meter import (
    OPEN_END,
    Measured,
    Service,
    Stretch,
    handed_over,
    intervals_of,
    measure,
    measure_one,
    registered,
)
from ledger.passage import Passage, Turn
from metering.localtime import HOUR_US, MINUTE_US, day_bounds
from metering.quality import APPORTIONED, MEASURED, MISSING
from metering.reading import Flag, Kind, ReadingColumns
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

DAY, ZONE = date(2026, 3, 2), "Asia/Shanghai"
START_US = day_bounds(DAY, ZONE)[0]
SECOND_US = 1_000_000
STEP_US = 15 * MINUTE_US
NOBODY = np.zeros(1, dtype=np.bool_)


def told_by(time_us, zone: str, step_min: int):
    """Intervals of readings that gateways sent."""
    return placed(time_us, zone, step_min, np.zeros(len(time_us), dtype=np.bool_))


def test_lengths_are_those_that_divide_an_hour_from_a_second_on():
    seconds = [1, 2, 5, 10, 15, 20, 30]
    minutes = [1, 2, 3, 5, 6, 10, 12, 15, 20, 30, 60]
    assert LENGTHS_US.tolist() == [n * SECOND_US for n in seconds] + [
        n * MINUTE_US for n in minutes
    ]


def loop(seconds: list[int], step_min: int):
    """(used places, starts, ends) of a day's stamps [s since midnight], one after the other."""
    passed = [b - a for a, b in pairwise(seconds)]
    step, length = step_min * 60, None
    for one in (LENGTHS_US // SECOND_US).tolist():
        near = [p for p in passed if abs(p - one) * 10 <= one]
        if near and len(near) * 10 >= len(passed):
            length = one
            break
    length = step if length is None else length
    if len(passed) < 4:
        length = min(length, step)
    best: dict[int, tuple[int, int]] = {}
    for place, at in enumerate(seconds):
        start = (at + length // 2) // length * length
        if abs(at - start) * 10 <= length and abs(at - start) <= 30:
            best[start] = min(best.get(start, (10**9, 0)), (abs(at - start), place))
    return [(best[start][1], start, start + length) for start in sorted(best)]


STAMPS = st.tuples(
    st.sampled_from([1, 7, 60, 300, 600, 900, 3600]),
    st.lists(st.tuples(st.integers(0, 2), st.integers(-40, 40)), min_size=1, max_size=9),
)


@given(STAMPS, st.sampled_from([15, 60]))
def test_intervals_of_a_day_are_those_of_a_loop(stamps, step_min):
    every, moves = stamps
    seconds = np.cumsum([0, *(every * skip for skip, _ in moves)])[1:] + 7200
    seconds = sorted(
        {
            int(at) + jitter * min(every, 60) // 60
            for at, (_, jitter) in zip(seconds, moves, strict=True)
        }
    )
    found = told_by(START_US + np.array(seconds) * SECOND_US, ZONE, step_min)
    told = [
        (place, (a - START_US) // SECOND_US, (b - START_US) // SECOND_US)
        for place, a, b in zip(
            found.place.tolist(), found.start_us.tolist(), found.end_us.tolist(), strict=True
        )
    ]
    assert told == loop(seconds, step_min)


def starts(minutes: list[float], step_min: int = 15):
    at = START_US + (np.array(minutes) * MINUTE_US).astype(np.int64)
    found = told_by(at, ZONE, step_min)
    return (
        [(one - START_US) / MINUTE_US for one in found.start_us.tolist()],
        [(one - START_US) / MINUTE_US for one in found.end_us.tolist()],
        found.whole.tolist(),
        [(one - START_US) / MINUTE_US for one in found.off_us.tolist()],
    )


def test_a_stamp_may_be_off_its_grid_by_half_a_minute_and_a_tenth():
    assert starts([0, 15.5, 30, 45]) == ([0, 15, 30, 45], [15, 30, 45, 60], [True] * 4, [])
    assert starts([0, 15.51, 30, 45])[3] == [15.51]
    assert starts([0, 1.1, 2, 3, 4, 5])[3] == []
    assert starts([0, 1.11, 2, 3, 4, 5])[3] == [1.11]
    assert starts([-0.5, 15, 30, 45])[0] == [0, 15, 30, 45]


def test_an_interval_is_whole_where_the_step_holds_it_and_few_stretches_are_no_longer_than_it():
    hours = [0, 60, 120, 180, 240]
    assert starts(hours) == (hours, [60, 120, 180, 240, 300], [False] * 5, [])
    assert starts(hours, 60)[2] == [True] * 5
    assert starts(hours[:4]) == (hours[:4], [15, 75, 135, 195], [True] * 4, [])
    assert starts([0, 5, 10, 15, 20])[1] == [5, 10, 15, 20, 25]
    assert starts([0]) == ([0], [15], [True], [])
    assert starts([0, 20, 40, 60, 80])[2] == [False] * 5


def test_a_tenth_of_a_days_stretches_says_a_length():
    assert starts([0, 1, *range(15, 166, 15)])[1][0] == 15
    assert starts([0, 1, *range(15, 136, 15)])[1][:2] == [1, 2]


def test_no_readings_have_no_intervals():
    found = told_by(np.zeros(0, dtype=np.int64), ZONE, 15)
    assert [len(one) for one in found] == [0] * 5


@pytest.mark.parametrize("flag", [0, int(Flag.OUT_OF_RANGE)])
def test_readings_of_which_none_is_good_for_months_stop_nothing(helpers, flag):
    """Silence for a quarter of a year, or nothing but readings out of range."""
    registry = helpers.campus([helpers.meter("m")], kinds={"m": Kind.INTERVAL})
    world = helpers.World(registry, helpers.later(200))
    for day in (0, 120):
        times = helpers.quarters(96) + day * 24 * HOUR_US
        world.push(1, times, np.full(96, 1.0), flag if day else int(Flag.OUT_OF_RANGE))
        world.restart()
        world.ledger.step()
    totals = [total for total in world.totals("meter", "m").values() if total is not None]
    assert totals == ([] if flag else [96 * 10**6])
    assert world.marks.waiting() == 0


def test_the_last_interval_ends_with_its_day():
    zone, spring = "Europe/Berlin", date(2026, 3, 29)
    first, end = day_bounds(spring, zone)
    found = told_by(np.array([first, end - HOUR_US // 2, end]), zone, 60)
    assert found.start_us.tolist() == [first, end]
    assert found.off_us.tolist() == [end - HOUR_US // 2]


METER = Meter("m", "o", "01000")


def service(kind=Kind.REGISTER, *, meter=METER, **installation) -> Service:
    one = Installation("m", 1, **installation)
    return Service(meter, one, kind, ZONE, -OPEN_END, OPEN_END, "kWh")


def stretch(minutes, values, *, flags=None, **more) -> Stretch:
    rows = [
        (1, START_US + round(m * MINUTE_US), v, 0 if flags is None else flags[n], 0, 0, 0, n, 0)
        for n, (m, v) in enumerate(zip(minutes, values, strict=True))
    ]
    return Stretch.of(ReadingColumns.of(rows), **more)


def told(curve: Curve):
    at = [(one - START_US) / MINUTE_US for one in curve.time_us.tolist()]
    return at, np.diff(curve.total).tolist(), curve.quality.tolist()


def test_a_register_is_measured_between_readings_in_book_units_of_its_sign():
    one = measure_one(service(ratio=Decimal(2)), stretch([0, 15, 30], [1.0, 1.5, 2.5]))
    assert told(one.curve) == ([0, 15, 30], [10**6, 2 * 10**6], [MEASURED] * 2)
    back = measure_one(service(direction=Direction.EXPORT), stretch([0, 15, 30], [1.0, 1.5, 2.5]))
    assert told(back.curve)[1] == [-500_000, -(10**6)]
    flagged = measure_one(
        service(), stretch([0, 15, 30], [1.0, 9.0, 2.0], flags=[0, int(Flag.OUT_OF_RANGE), 0])
    )
    assert told(flagged.curve) == ([0, 30], [10**6], [APPORTIONED])
    arrived = measure_one(
        service(), stretch([0, 15], [1.0, 2.0], flags=[0, int(Flag.ARRIVAL_TIME)])
    )
    assert told(arrived.curve)[1] == [10**6]
    huge = measure_one(service(), stretch([0, 15, 30], [1.0, 1e99, 2.0]))
    assert told(huge.curve)[2] == [APPORTIONED]


def test_gaps_are_told_with_their_energy_and_limits_set_aside_with_them():
    aside = ("limit", 1, 2)
    one = measure_one(
        service(direction=Direction.EXPORT),
        stretch([0, 15, 60], [1.0, 2.0, 4.0], set_aside=(aside,)),
    )
    span = ("gap", START_US + STEP_US, START_US + 4 * STEP_US)
    assert one.spans == [span, aside]
    assert one.facts == {span: EventFacts(energy=-2 * 10**6)}


def test_intervals_fill_what_they_speak_of_and_nothing_is_known_between():
    one = measure_one(service(Kind.INTERVAL), stretch([0, 15, 45], [1.0, 2.0, 3.0]))
    assert told(one.curve) == (
        [0, 15, 30, 45, 60],
        [10**6, 2 * 10**6, 0, 3 * 10**6],
        [MEASURED, MEASURED, MISSING, MEASURED],
    )
    mean = measure_one(service(Kind.MEAN), stretch([0, 15], [4.0, 8.0]))
    assert told(mean.curve)[1] == [10**6, 2 * 10**6]
    back = measure_one(service(Kind.INTERVAL, direction=Direction.EXPORT), stretch([0], [1.0]))
    assert told(back.curve) == ([0, 15], [-(10**6)], [MEASURED])
    hourly = measure_one(service(Kind.INTERVAL), stretch([0, 60, 120, 180, 240], [1.0] * 5))
    assert told(hourly.curve)[2] == [APPORTIONED] * 5
    assert told(measure_one(service(Kind.INTERVAL), stretch([], [])).curve) == ([], [], [])


def test_negative_intervals_are_refused_where_energy_passes_one_way():
    one = measure_one(service(Kind.INTERVAL), stretch([0, 15, 30], [1.0, -2.0, 0.0]))
    assert told(one.curve)[1] == [10**6, 0, 0]
    assert one.spans == [("negative", START_US + STEP_US, START_US + 2 * STEP_US)]
    both = measure_one(service(Kind.INTERVAL, signed=True), stretch([0, 15], [1.0, -2.0]))
    assert told(both.curve)[1] == [10**6, -2 * 10**6]
    assert both.spans == []
    found = intervals_of(service(Kind.INTERVAL), np.array([START_US]), np.array([np.nan]), NOBODY)
    assert (len(found.energy), found.below) == (0, [])


def test_an_interval_that_is_left_out_is_missing_with_what_is_known_of_it():
    first, end = START_US + STEP_US, START_US + 2 * STEP_US
    spike = Decision(first, first, end, "spike", False, 0, facts=EventFacts(value=9))
    one = measure_one(
        service(Kind.INTERVAL), stretch([0, 15, 30], [1.0, 99.0, 1.0], decisions=(spike,))
    )
    assert told(one.curve)[2] == [MEASURED, MISSING, MEASURED]
    span = ("spike", START_US + STEP_US, START_US + 2 * STEP_US)
    assert (one.spans, one.facts) == ([span], {span: EventFacts(value=9)})


def test_readings_that_begin_nowhere_are_told_together_up_to_two_steps_apart():
    off = [7, 37, 67.02, 0, 15, 30, 45, 60, 75, 90]
    one = measure_one(service(Kind.INTERVAL), stretch(sorted(off), [1.0] * len(off)))
    spans = [
        (kind, (a - START_US) / MINUTE_US, (b - START_US) / MINUTE_US) for kind, a, b in one.spans
    ]
    assert spans[0] == ("off_grid", 7, 52)
    assert spans[1][0] == "off_grid"
    assert spans[1][1] == pytest.approx(67.02, abs=1e-6)
    assert len(spans) == 2


def test_each_local_day_tells_of_its_own_readings_that_begin_nowhere():
    """A stamp shortly before midnight is of the day that follows, and so is its event."""
    off = [1433, 1438, 1439.8, 1445, 1467, 1468]
    sent = sorted([*range(0, 1440, 15), *range(1440, 2880, 15), *off])
    one = measure_one(service(Kind.INTERVAL), stretch(sent, [1.0] * len(sent)))
    spans = [
        (kind, (a - START_US) / MINUTE_US, (b - START_US) / MINUTE_US) for kind, a, b in one.spans
    ]
    assert spans == [("off_grid", 1433, 1440), ("off_grid", 1445, 1483)]
    lone = [*range(0, 1440, 15), 1439.6, *range(1455, 2880, 15)]
    one = measure_one(service(Kind.INTERVAL), stretch(lone, [1.0] * len(lone)))
    assert one.spans == []
    fine = [*range(1380), 1439.6, *range(1441, 2880)]  # of the second day, and off its grid
    one = measure_one(service(Kind.INTERVAL), stretch(fine, [1.0] * len(fine)))
    spans = [
        (kind, (a - START_US) / MINUTE_US, (b - START_US) / MINUTE_US) for kind, a, b in one.spans
    ]
    assert spans == [("off_grid", 1440, 1454.6)]


def test_registers_one_after_the_other_are_one_curve_and_what_is_known_between_is_in_it():
    served = [service(), replace(service(), installation=Installation("m", 2))]
    left, right = stretch([0, 15], [1.0, 2.0]), stretch([45, 60], [7.0, 9.0])
    apart = measure(served, {0: left, 1: right})
    assert told(apart.curve) == (
        [0, 15, 45, 60],
        [10**6, 0, 2 * 10**6],
        [MEASURED, MISSING, MEASURED],
    )
    at = START_US + 20 * MINUTE_US
    ends = (START_US + 15 * MINUTE_US, START_US + 45 * MINUTE_US)
    passage = Passage(Turn(at, at, noted=False), *ends, 5, 7)
    known = measure(served, {0: replace(left, passage=passage), 1: right})
    assert told(known.curve)[1:] == (
        [10**6, 5, 7, 2 * 10**6],
        [MEASURED, APPORTIONED, APPORTIONED, MEASURED],
    )
    assert known.spans == [("gap", *ends)]
    assert known.facts == {("gap", *ends): EventFacts(energy=12)}
    refused = measure(
        served, {0: replace(left, passage=replace(passage, refused="jump")), 1: right}
    )
    assert refused.spans == [("jump", *ends)]
    assert told(refused.curve)[2] == [MEASURED, MISSING, MEASURED]
    near = Passage(Turn(at, at, noted=False), ends[0], START_US + 30 * MINUTE_US, 5, 7)
    close = measure(served, {0: replace(left, passage=near), 1: stretch([30, 45], [7.0, 9.0])})
    assert close.spans == []
    assert measure(served, {1: right}).curve.time_us.tolist() == right.time_us.tolist()
    assert measure(served, {}).spans == []


def test_gaps_that_values_at_a_change_made_are_told_as_one():
    window = (START_US + 20 * MINUTE_US, START_US + 50 * MINUTE_US)
    turn = Turn(*window, noted=True)
    left = stretch([0, 15, 50], [1.0, 2.0, 3.0])
    right = stretch([20, 60, 75], [7.0, 9.0, 10.0])
    served = [service(), replace(service(), installation=Installation("m", 2))]
    passage = Passage(turn, START_US + STEP_US, START_US + HOUR_US)
    found = measure(served, {0: replace(left, passage=passage), 1: right})
    assert found.spans == [("gap", START_US + STEP_US, START_US + HOUR_US)]
    assert told(found.curve) == (
        [0, 15, 60, 75],
        [10**6, 3 * 10**6, 10**6],
        [MEASURED, APPORTIONED, MEASURED],
    )


def test_what_is_kept_is_what_is_to_be_told():
    gap, spike = ("gap", 1, 2), ("spike", 1, 2)
    made = Measured(Curve.empty(), [gap, spike], {gap: EventFacts(1), spike: EventFacts(2)})
    made.keep(lambda span: span[0] == "spike")
    assert (made.spans, made.facts) == ([spike], {spike: EventFacts(2)})


NEXT = date(2026, 3, 3)


def registry_of(*installations: Installation, kinds=None) -> Registry:
    kinds = {one.point: Kind.REGISTER for one in installations} | (kinds or {})
    points = {n: Point(n, "o/g", f"p{n}", kind, "kWh") for n, kind in kinds.items()}
    return Registry(
        nodes={"o": Node("o", NodeType.INSTITUTION, zone=ZONE)},
        meters={"m": METER},
        points=points,
        installations=installations,
    )


def chain(*installations: Installation, **more):
    return [
        (one.point, one.start_us, one.end_us, one.declared)
        for one in registered(registry_of(*installations, **more), "m")
    ]


NEXT_US = day_bounds(NEXT, ZONE)[0]
BEFORE, AFTER = Validity(None, NEXT), Validity(NEXT)


def test_installations_serve_in_order_of_time():
    old, new = Installation("m", 1, valid=BEFORE), Installation("m", 2, valid=AFTER)
    wanted = [(1, -OPEN_END, NEXT_US, ()), (2, NEXT_US, OPEN_END, ())]
    assert chain(old, new) == chain(new, old) == wanted
    assert chain(old, new, kinds={2: Kind.STATE}) == wanted[:1]
    assert chain(old, new, kinds={1: Kind.STATE}) == wanted[1:]
    assert chain(old, replace(new, valid=Validity())) == [(1, -OPEN_END, NEXT_US, ())]
    dated = registered(registry_of(old, replace(new, starts="2026-03-03T10:00:00+08:00")), "m")
    assert dated[1].start_us == dated[1].reads_from_us == NEXT_US + 10 * HOUR_US
    assert dated[0].began is dated[0].ended is None
    ended = replace(
        old, ends="2026-03-02T10:00:00+08:00/2026-03-02T12:00:00+08:00", final=Decimal(5)
    )
    (one,) = registered(registry_of(ended), "m")
    assert (one.end_us, one.reads_until_us) == (START_US + 10 * HOUR_US,) * 2
    assert one.final == 5
    begun = replace(new, starts="2026-03-03T10:00:00+08:00/2026-03-03T12:00:00+08:00")
    (one,) = registered(registry_of(begun), "m")
    assert one.start_us == NEXT_US + 12 * HOUR_US


def test_a_register_replaced_under_its_name_goes_on_in_one_series():
    old, new = Installation("m", 1, valid=BEFORE), Installation("m", 1, valid=AFTER)
    day = day_bounds(NEXT, ZONE)
    assert chain(old, new) == [(1, -OPEN_END, OPEN_END, (day,))]
    for other in (
        {"ratio": Decimal(2)},
        {"digits": 6},
        {"signed": True},
        {"direction": Direction.EXPORT},
    ):
        assert len(chain(old, replace(new, **other))) == 2
    assert len(chain(old, new, kinds={1: Kind.INTERVAL})) == 2
    late = replace(new, valid=Validity(date(2026, 3, 4)))
    assert len(chain(old, late)) == 2
    third = Installation("m", 1, valid=Validity(date(2026, 3, 9)))
    thrice = chain(old, replace(new, valid=Validity(NEXT, date(2026, 3, 9))), third)
    assert thrice == [(1, -OPEN_END, OPEN_END, (day, day_bounds(date(2026, 3, 9), ZONE)))]
    instants = [
        replace(old, ends="2026-03-03T10:00:00+08:00"),
        replace(new, starts="2026-03-03T10:00:00+08:00"),
    ]
    assert len(chain(*instants)) == 2


def handed(*firsts: tuple[int, int], points=(1, 2), gap=0):
    old = replace(service(), end_us=NEXT_US - gap, reads_until_us=NEXT_US - gap)
    old = replace(old, installation=Installation("m", points[0]))
    new = replace(
        service(),
        start_us=NEXT_US,
        reads_from_us=NEXT_US,
        installation=Installation("m", points[1]),
    )
    found = handed_over([old, new], dict(firsts))
    return found[0].end_us - NEXT_US, found[1].start_us - NEXT_US


def test_one_register_takes_over_with_its_first_reading_of_the_day():
    assert handed((1, NEXT_US + HOUR_US)) == (HOUR_US, HOUR_US)
    assert handed() == (24 * HOUR_US, 24 * HOUR_US)
    assert handed(points=(1, 1)) == (0, 0)
    assert handed(gap=1) == (-1, 0)
    assert handed((1, NEXT_US + HOUR_US), gap=1) == (-1, 0)
    one = service().until(5)
    assert (one.end_us, one.reads_until_us) == (5, 5)
    other = service().since(5)
    assert (other.start_us, other.reads_from_us) == (5, 5)
