"""The limits a register is held to: largest rises by day, what months learn from them, doubt."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from datetime import date
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.cleaning.past import CELL_US, Looked, RegisterPast, Steps
from ledger.cleaning.rates import (
    DayRises,
    RiseLimits,
    _at_rank,
    _rate,
    learned,
    month_start,
    own_limit,
)
from ledger.cleaning.story import DETOUR_US
from ledger.limits import RegisterLimits
from metering.localtime import HOUR_US, MINUTE_US

STEP_US = 15 * MINUTE_US
DAY_US = 24 * HOUR_US
LIMITS = RegisterLimits(STEP_US)


def day_number(year: int, month: int, day: int) -> int:
    return (date(year, month, day) - date(1970, 1, 1)).days


def naive_rises(time_us, value, step_us, *, signed=False):
    """Day by day and rise by rise: (largest, often, least, cadence, lump)."""
    found = {}
    days = [t // DAY_US for t in time_us]
    for day in sorted(set(days[1:])):
        own = [n for n in range(1, len(value)) if days[n] == day]
        stretches = sorted(time_us[n] - time_us[n - 1] for n in own)
        cadence = min(stretches[(len(stretches) - 1) // 2], step_us)
        rises, falls = [], 0
        for n in own:
            before = n - 1
            falls += value[n] < value[n - 1]
            if not signed and n > 1 and value[n - 1] < value[n - 2]:
                before = n - 2
            rise, hours = (
                value[n] - value[before],
                max(time_us[n] - time_us[before], cadence) / HOUR_US,
            )
            rise = abs(rise) if signed else rise
            if rise >= hours:
                rises.append((rise, hours))
        if not rises:
            continue
        rates = sorted((int(rise / hours) for rise, hours in rises), reverse=True)
        nth = max(8 if signed else 4, len(rises) // 4) + (0 if signed else 2 * falls)
        lump = int(np.gcd.reduce([rise for rise, _ in rises])) if len(rises) >= 4 else 0
        place = min(nth, len(rises)) - 1
        least = sorted((int((rise - lump) / hours) for rise, hours in rises), reverse=True)[place]
        often = rates[nth - 1] if len(rises) >= nth else 0
        found[day] = (rates[0], often, least, cadence, lump)
    return found


def told(rises: DayRises):
    columns = (rises.largest, rises.often, rises.least, rises.cadence_us, rises.lump)
    return dict(
        zip(rises.day.tolist(), zip(*(c.tolist() for c in columns), strict=True), strict=True)
    )


READINGS = st.lists(
    st.tuples(st.sampled_from([5, 15, 15, 15, 60, 700]), st.integers(-3, 6)),
    min_size=1,
    max_size=60,
)


@given(READINGS, st.booleans(), st.sampled_from([1, 3, 1_000]))
def test_rises_of_each_day_are_those_of_a_loop(steps, signed, unit):
    time_us = np.cumsum([0, *(minutes for minutes, _ in steps)]) * MINUTE_US + 9 * DAY_US
    value = np.cumsum([50, *(rise for _, rise in steps)]) * unit
    found = DayRises.of(time_us, value, STEP_US, signed=signed)
    assert told(found) == naive_rises(time_us.tolist(), value.tolist(), STEP_US, signed=signed)


def test_no_reading_and_one_have_no_rises():
    for count in (0, 1):
        time_us = np.arange(count) * STEP_US
        assert told(DayRises.of(time_us, np.zeros(count, dtype=np.int64), STEP_US)) == {}
    two = DayRises.of(np.array([0, STEP_US]), np.array([5, 9]), STEP_US)
    assert told(two) == {0: (16, 0, 16, STEP_US, 0)}


def test_rises_of_intervals_are_by_their_own_length_and_count_twice():
    end_us = np.arange(1, 9) * HOUR_US
    energy = np.array([10, -20, 30, 40, 50, 60, 70, 0])
    length = np.full(8, HOUR_US)
    length[1] = HOUR_US // 2
    found = told(DayRises.of_intervals(end_us, energy, length, HOUR_US))
    assert found == {0: (70, 2 * 40, 30, HOUR_US, 10)}
    least = DayRises.of_intervals(end_us, np.array([1, 0, 0, 0, 0, 0, 0, 0]), length, HOUR_US)
    assert told(least) == {0: (1, 0, 1, HOUR_US, 0)}
    short = DayRises.of_intervals(end_us, energy, np.full(8, 2 * HOUR_US), HOUR_US)
    assert short.cadence_us.tolist() == [HOUR_US]
    assert short.largest.tolist() == [35]


def test_days_of_several_parts_are_joined_in_their_order():
    def part(*days: int, largest: int) -> DayRises:
        column = np.array(days)
        return DayRises(column, *(np.full(len(days), largest + n) for n in range(5)))

    joined = DayRises.joined([part(0, largest=30), part(largest=1), part(1, 2, 3, largest=20)])
    assert joined.day.tolist() == [0, 1, 2, 3]
    assert joined.largest.tolist() == [30, 20, 20, 20]
    assert joined.lump.tolist() == [34, 24, 24, 24]
    assert DayRises.joined([part(largest=1)]).day.tolist() == []
    assert joined.since(2).day.tolist() == [2, 3]


@pytest.mark.parametrize(("often", "limit"), [(0, 0), (1, 2), (2, 4), (3, 4), (4, 8), (1023, 1024)])
def test_a_days_own_limit_is_the_next_power_of_two(often, limit):
    assert own_limit(np.array([often])).tolist() == [limit]


def rises_on(days: dict[int, int], *, often: int = 0, least: int | None = None, lump: int = 0,
             cadence: int = STEP_US) -> DayRises:  # fmt: skip
    at, largest = np.array(sorted(days)), np.array([days[day] for day in sorted(days)])
    full = np.full(len(at), 1)
    shown = largest if least is None else full * least
    return DayRises(at, largest, full * often, shown, full * cadence, full * lump)


MAY = day_number(2026, 5, 1)


def limit_on(day: int, rises: DayRises, limits: RegisterLimits = LIMITS) -> RiseLimits:
    return learned(rises, limits, day, day)


@pytest.mark.parametrize(
    ("days", "limit"),
    [
        ({MAY: 5, MAY + 1: 5, MAY + 2: 5}, 32),
        ({MAY: 1, MAY + 1: 5, MAY + 2: 900}, 32),
        ({MAY: 1, MAY + 1: 5, MAY + 2: 900, MAY + 3: 901}, 32),
        ({MAY: 8, MAY + 1: 8, MAY + 2: 8}, 64),
        ({MAY: 7, MAY + 1: 7, MAY + 2: 7}, 32),
        ({MAY: 5, MAY + 1: 5}, np.inf),
        ({day_number(2026, 3, 1): 5, MAY: 5, MAY + 1: 5}, 32),
        ({day_number(2026, 2, 28): 5, MAY: 5, MAY + 1: 5}, np.inf),
        ({MAY: 5, MAY + 1: 5, day_number(2026, 7, 31): 5}, 32),
        ({MAY: 5, MAY + 1: 5, day_number(2026, 8, 1): 5}, np.inf),
        ({MAY: 5, MAY + 1: 5, MAY + 2: 5, **{day_number(2026, 6, n): 99 for n in range(1, 9)}}, 32),
        (
            {
                **{day_number(2026, 1, 5): 5, MAY: 5, MAY + 1: 5, MAY + 2: 5},
                **{day_number(2026, 6, n): 99 for n in range(1, 9)},
            },
            32,
        ),
    ],
)
def test_a_month_learns_from_itself_and_two_before_and_where_they_are_few_two_after(days, limit):
    found = limit_on(MAY + 9, rises_on(days))
    assert found.short.tolist() == [limit]
    assert found.long.tolist() == found.pace.tolist() == [limit / 2]
    assert found.set_aside == ()
    assert found.per_hour((MAY + 9) * DAY_US) == limit


def test_what_a_day_shows_often_is_its_own_limit_on_that_day_alone():
    three = {MAY: 1, MAY + 1: 1, MAY + 2: 1}
    rises = rises_on(three, often=9, lump=3, cadence=MINUTE_US)
    found = learned(rises, LIMITS, MAY - 1, MAY + 3)
    assert found.short.tolist() == [8, 16, 16, 16, 8]
    assert found.pace.tolist() == [4, 8, 8, 8, 4]
    assert found.floor_us.tolist() == [STEP_US, *[MINUTE_US] * 3, STEP_US]
    assert found.lump.tolist() == [0, 3, 3, 3, 0]
    assert (found.first_day, found.step_us) == (MAY - 1, STEP_US)


@pytest.mark.parametrize(
    ("least", "days", "aside"),
    [(10, 4, False), (11, 4, True), (11, 2, False)],
)
def test_a_registered_limit_that_most_days_exceed_is_set_aside(least, days, aside):
    registered = replace(LIMITS, max_per_hour=10)
    rises = rises_on({MAY + n: 40 for n in range(days)}, least=least)
    found = learned(rises, registered, MAY, MAY + 31)
    assert found.set_aside == ((2026 - 1970) * 12 + 4,) * aside + (
        ((2026 - 1970) * 12 + 5,) * aside
    )
    assert found.short[0] == (256 if aside else 10)
    assert found.long[0] == (128 if aside else 10)


def test_half_of_the_days_may_exceed_a_registered_limit():
    registered = replace(LIMITS, max_per_hour=10)
    rises = rises_on({MAY + n: 40 for n in range(4)})
    even = replace(rises, least=np.array([11, 11, 9, 10]))
    assert learned(even, registered, MAY, MAY).set_aside == ()
    most = replace(rises, least=np.array([11, 11, 11, 10]))
    assert len(learned(most, registered, MAY, MAY).set_aside) == 1
    assert learned(rises, LIMITS, MAY, MAY).set_aside == ()


def limits_of(
    short=10.0, long=5.0, pace=3.0, floor=STEP_US, lump=0.0, *, step_us=STEP_US, first_day=7
):
    def column(one, kind=np.float64):
        return np.array([one] if np.isscalar(one) else one, dtype=kind)

    return RiseLimits(
        step_us,
        first_day,
        column(short),
        column(long),
        column(pace),
        column(floor, np.int64),
        column(lump),
    )


@pytest.mark.parametrize(
    ("stretch", "cap"),
    [
        (HOUR_US, 10 + 1),
        (HOUR_US // 2, 5 + 1),
        (STEP_US, 2.5 + 1),
        (1, 2.5 + 1),
        (2 * HOUR_US, 10 + 5 + 1),
        (3 * HOUR_US, 10 + 10 + 1),
    ],
)
def test_a_stretch_holds_the_limit_and_beyond_an_hour_that_of_what_goes_on(stretch, cap):
    rates = limits_of()
    assert rates.most(7 * DAY_US, stretch) == cap
    assert rates.cap(np.array([7 * DAY_US]), np.array([stretch])).tolist() == [cap]
    assert rates.made_up(7 * DAY_US, HOUR_US) == 3 + 1
    assert rates.made_up(7 * DAY_US, 3 * HOUR_US) == 3 + 2 * 1.5 + 1
    assert limits_of(pace=99.0).made_up(7 * DAY_US, HOUR_US) == 11


def test_a_lump_is_added_once_and_is_no_more_than_an_hour_or_a_step_holds():
    assert limits_of(lump=4.0).most(7 * DAY_US, HOUR_US) == 15
    assert limits_of(lump=40.0).most(7 * DAY_US, HOUR_US) == 21
    wide = limits_of(lump=40.0, step_us=2 * HOUR_US)
    assert wide.most(7 * DAY_US, HOUR_US) == 10 + 20 + 1
    assert wide.most(7 * DAY_US, 3 * HOUR_US) == 20 + 5 + 20 + 1
    for one in (limits_of(lump=4.0), limits_of(lump=40.0), wide):
        for stretch in (1, HOUR_US, 3 * HOUR_US):
            assert one.cap(7 * DAY_US, stretch) == one.most(7 * DAY_US, stretch)


@given(st.integers(-3, 3), st.integers(0, 5 * HOUR_US), st.booleans())
def test_many_stretches_are_held_as_one_is_and_days_beyond_are_as_the_last(day, stretch, endless):
    last = np.inf if endless else 30.0
    rates = limits_of(
        [10.0, 20.0, last], [5.0, 20.0, last], [1.0, 2.0, 3.0], [1, 2, 3], [0.0, 7.0, 0.5]
    )
    end_us = (8 + day) * DAY_US + 5
    inside = min(max(8 + day, 7), 9) * DAY_US
    assert rates.most(end_us, stretch) == rates.most(inside, stretch)
    assert rates.cap(np.array([end_us]), np.array([stretch]))[0] == rates.most(end_us, stretch)
    assert rates.per_hour(end_us) == rates.short[min(max(8 + day, 7), 9) - 7]
    assert rates.made_up(end_us, stretch) <= rates.most(end_us, stretch)


def test_limits_are_the_same_where_days_that_both_know_have_equal_ones():
    one = limits_of([1.0, 2.0, 3.0], [1.0] * 3, [1.0] * 3, [1] * 3, [0.0] * 3)
    later = limits_of([2.0, 3.0, 4.0], [1.0] * 3, [1.0] * 3, [1] * 3, [0.0] * 3, first_day=8)
    assert one.same(later)
    assert later.same(one)
    assert not one.same(replace(later, short=np.array([2.0, 9.0, 4.0])))
    assert not one.same(replace(later, pace=np.array([1.0, 9.0, 1.0])))
    assert one.same(replace(later, short=np.array([2.0, 3.0, 9.0])))
    assert one.same(replace(later, pace=np.array([1.0, 1.0, 9.0])))


def test_a_fixed_limit_holds_on_every_day_and_nothing_is_learned():
    fixed = RiseLimits.fixed(replace(LIMITS, max_per_hour=40))
    for day in (-5, 0, 9_999):
        assert fixed.most(day * DAY_US, HOUR_US) == 41
        assert fixed.most(day * DAY_US, 2 * HOUR_US) == 81
        assert fixed.per_hour(day * DAY_US) == 40
        assert fixed.made_up(day * DAY_US, HOUR_US) == 41
    assert RiseLimits.fixed(LIMITS).per_hour(0) == np.inf
    assert fixed.set_aside == ()
    assert fixed.floor_us.tolist() == [STEP_US]


@pytest.mark.parametrize(
    ("day", "months", "found"),
    [
        ((2026, 5, 31), 0, (2026, 5, 1)),
        ((2026, 5, 1), 1, (2026, 6, 1)),
        ((2026, 5, 1), -5, (2025, 12, 1)),
        ((2026, 12, 31), 1, (2027, 1, 1)),
        ((1970, 1, 1), -1, (1969, 12, 1)),
    ],
)
def test_months_are_of_the_calendar(day, months, found):
    assert month_start(day_number(*day), months) == day_number(*found)


def steps(*parts: tuple[float, float, int]) -> Steps:
    """(before, at) in hours, rise."""
    columns = list(zip(*parts, strict=True)) if parts else [(), (), ()]
    before, at = (
        np.array([round(one * HOUR_US) for one in c], dtype=np.int64) for c in columns[:2]
    )
    return Steps(before, at, np.array(columns[2], dtype=np.int64))


def placed(found: Steps) -> list[tuple[float, float, int]]:
    return [
        (a / HOUR_US, b / HOUR_US, rise)
        for a, b, rise in zip(
            found.before_us.tolist(), found.at_us.tolist(), found.rise.tolist(), strict=True
        )
    ]


def doubtful(hours, values, limits=LIMITS, **day) -> list[tuple[float, float, int]]:
    time_us = (np.array(hours) * HOUR_US).astype(np.int64)
    rises = rises_on({0: 10}, **day) if day else rises_on({})
    return placed(Steps.of(time_us, np.array(values), rises, limits))


def test_falls_what_follows_them_long_steps_and_large_rises_are_doubtful():
    day = {"often": 10}
    assert doubtful([0, 1, 2, 3, 4], [5, 9, 3, 4, 5], **day) == [(1, 2, -6), (2, 3, 1)]
    assert doubtful([0, 1, 2.25, 3], [5, 6, 7, 8], **day) == [(1, 2.25, 1)]
    assert doubtful([0, 1, 2, 3], [0, 15, 31, 48], **day) == [(1, 2, 16), (2, 3, 17)]
    assert doubtful([0, 1, 3], [5, 6, 6], **day) == []
    assert doubtful([0, 1, 2], [5, 3, 3], **day) == [(0, 1, -2)]
    assert doubtful([0, 0.25, 0.5], [0, 3, 7], **day) == [(0.25, 0.5, 4)]


def test_without_a_day_of_rises_only_its_readings_tell():
    assert doubtful([0, 1, 2], [0, 99, 999]) == []
    assert doubtful([0, 1, 2], [0, 99, 98]) == [(1, 2, -1)]
    other_day = [24, 25, 26]
    assert doubtful(other_day, [0, 1, 2], often=10) == [(24, 25, 1), (25, 26, 1)]


def test_a_registered_limit_makes_what_exceeds_it_doubtful():
    limits = replace(LIMITS, max_per_hour=7)
    assert doubtful([0, 1, 2], [0, 6, 14], limits, often=10) == [(1, 2, 8)]
    coarse = replace(LIMITS, step_us=2 * HOUR_US)
    assert doubtful([0, 2, 4.5], [0, 1, 2], coarse, often=10) == [(2, 4.5, 1)]
    assert doubtful([0, 0.25], [0, 3], LIMITS, often=10, cadence=HOUR_US) == []
    assert doubtful([0, 0.25], [0, 4], LIMITS, often=10, cadence=STEP_US) == [(0, 0.25, 4)]


def test_of_a_signed_register_the_size_of_a_step_counts():
    limits = replace(LIMITS, signed=True)
    assert doubtful([0, 1, 2, 3], [50, 40, 20, 21], limits, often=10) == [(1, 2, 20)]
    assert doubtful([0, 1, 3], [50, 40, 39], limits, often=10) == [(1, 3, 1)]


def test_intervals_with_more_than_a_day_shows_often_are_doubtful():
    start = np.arange(6) * HOUR_US
    energy = np.array([5, 16, -17, 0, 15, 16])
    rises = rises_on({0: 10}, often=10)
    found = Steps.of_intervals(start, start + HOUR_US, energy, rises, LIMITS)
    assert placed(found) == [(1, 2, 16), (2, 3, 17), (5, 6, 16)]
    registered = replace(LIMITS, max_per_hour=14)
    found = Steps.of_intervals(start, start + HOUR_US, energy, rises, registered)
    assert placed(found) == [(1, 2, 16), (2, 3, 17), (4, 5, 15), (5, 6, 16)]
    other = Steps.of_intervals(start, start + HOUR_US, energy, rises_on({9: 10}, often=10), LIMITS)
    assert len(other.at_us) == 5
    none = Steps.of_intervals(start, start + HOUR_US, energy, rises_on({}), LIMITS)
    assert len(none.at_us) == 5
    halves = Steps.of_intervals(start, start + HOUR_US // 2, np.full(6, 9), rises, LIMITS)
    assert len(halves.at_us) == 6


def test_seen_are_the_steps_that_the_limit_forbids():
    rates = limits_of(10.0, 5.0, first_day=0)
    made = steps((0, 1, 11), (1, 2, 12), (2, 3, -1), (3, 5, 16), (5, 7, 17))
    assert placed(made.seen(rates)) == [(1, 2, 12), (2, 3, -1), (5, 7, 17)]


def test_steps_touch_a_stretch_with_their_ends():
    made = steps((0, 1, 1), (2, 3, 1), (4, 5, 1))
    assert placed(made.within(HOUR_US, 2 * HOUR_US)) == [(0, 1, 1), (2, 3, 1)]
    assert placed(made.within(HOUR_US + 1, 2 * HOUR_US - 1)) == []
    assert placed(made.within(3 * HOUR_US, 4 * HOUR_US)) == [(2, 3, 1), (4, 5, 1)]
    assert made.same(steps((0, 1, 9), (2, 3, 9), (4, 5, 9)))
    assert not made.same(steps((0, 1, 1), (2, 3, 1)))
    assert not made.same(steps((0, 1, 1), (2, 3, 1), (4, 6, 1)))
    assert not made.same(steps((0, 1, 1), (2, 3, 1), (3, 5, 1)))
    assert len(Steps.none().at_us) == 0


def past_of(made: Steps, *, days=(0, 400)) -> RegisterPast:
    rises = rises_on({})
    return RegisterPast.of(LIMITS, *days, rises, made)


def groups(made: Steps, start: float = -1e4, end: float = 1e5):
    found = past_of(made).groups(round(start * HOUR_US), round(end * HOUR_US))
    return [[at for _, at, _ in placed(one)] for one in found]


DETOUR_H = DETOUR_US // HOUR_US


def test_steps_no_further_apart_than_a_detour_may_last_are_one_group():
    made = steps(
        (0, 1, -1), (1 + DETOUR_H, 2 + DETOUR_H, -1), (3 + 2 * DETOUR_H, 4 + 2 * DETOUR_H, -1)
    )
    assert groups(made) == [[1, 2 + DETOUR_H], [4 + 2 * DETOUR_H]]
    assert groups(made, 2 + DETOUR_H, 2 + DETOUR_H) == [[1, 2 + DETOUR_H]]
    assert groups(made, 3 + DETOUR_H, 2 + 2 * DETOUR_H) == []
    assert groups(made, 3 + DETOUR_H, 3 + 2 * DETOUR_H) == [[4 + 2 * DETOUR_H]]
    assert groups(Steps.none()) == []


def test_a_group_that_lasts_too_long_is_cut_in_its_longest_rest_once_a_cell():
    cell_h = CELL_US // HOUR_US
    ats = [1, 700, 1500, 2200, 2900, 3500, cell_h, cell_h + 900, cell_h + 1000]
    made = steps(*((at - 1, at, -1) for at in ats))
    whole = past_of(made)
    found = [[at for _, at, _ in placed(one)] for one in whole.clusters(-(10**15), 10**18)]
    assert [at for part in found for at in part] == ats
    assert len(found) == 3
    gaps = [b - 1 - a for a, b in pairwise(ats)]
    first_cell = max(range(6), key=lambda n: (gaps[n], -n))
    assert found[0] == ats[: first_cell + 1]
    assert found[2][0] == cell_h + 900
    touched = list(whole.clusters(1 * HOUR_US, 1 * HOUR_US))
    assert [len(one.at_us) for one in touched] == [len(found[0])]
    short = steps((0, 1, -1), (cell_h // 2, cell_h // 2 + 1, -1))
    assert len(list(past_of(steps((0, 1, -1), (1000, 1001, -1))).clusters(0, 10**18))) == 1
    assert len(list(past_of(short).clusters(0, 10**18))) == 2


def test_clusters_touch_a_stretch_with_their_ends():
    cell_h = CELL_US // HOUR_US
    ats = [1, 700, 1500, 2200, 2900, 3500, cell_h, cell_h + 900, cell_h + 1000]
    whole = past_of(steps(*((at - 1, at, -1) for at in ats)))
    parts = [[at for _, at, _ in placed(one)] for one in whole.clusters(-(10**15), 10**18)]
    found = [[at for _, at, _ in placed(one)] for one in whole.groups(-(10**15), 10**18)]
    assert found == [ats]
    for part in parts:
        first, last = (part[0] - 1) * HOUR_US, part[-1] * HOUR_US
        for at in (first, last):
            assert [len(one.at_us) for one in whole.clusters(at, at)] == [len(part)]
        for start, end in ((first - 2, first - 1), (last + 1, last + 2)):
            assert list(whole.clusters(start, end)) == []


@pytest.mark.parametrize(("more", "parts"), [(0, 1), (1, 2)])
def test_a_group_is_cut_where_it_lasts_longer_than_a_cell(more, parts):
    far = DETOUR_H
    ends = [(0, 1), (far, far + 1), (2 * far, 2 * far + 1), (3 * far, 3 * far + 1)]
    made = steps(*((a, b, -1) for a, b in ends), (4 * far - 1, 4 * far + more, -1))
    assert len(list(past_of(made).clusters(0, 10**18))) == parts


def test_one_long_day_among_many_short_ones_costs_no_more_than_its_readings():
    counts = np.full(2000, 5)
    counts[7] = 50_000
    firsts = np.cumsum(counts) - counts
    values = np.arange(counts.sum())[::-1].copy()
    tracemalloc.start()
    found = _at_rank(values, firsts, counts, np.full(2000, 1))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 40 * values.nbytes
    assert found.tolist() == [int(np.sort(values[a : a + n])[1]) for a, n in
                              zip(firsts.tolist(), counts.tolist(), strict=True)]  # fmt: skip


def test_a_rate_is_bounded_far_beyond_what_can_be_booked():
    rates = _rate(np.array([2**53, 10, 7]), np.array([1 / 3600, 0.5, 2.0]))
    assert rates.tolist() == [2**55, 20, 3]


def test_a_past_takes_other_days_in_place_of_its_own():
    mine = RegisterPast.of(
        LIMITS,
        1,
        4,
        rises_on({1: 10, 2: 10, 3: 10, 4: 10}),
        steps((30, 31, -1), (50, 51, -1), (75, 76, -1)),
    )
    other = Looked(2, 2, rises_on({2: 99}), steps((60, 61, -2)))
    found = mine.renewed(other)
    assert (found.first_day, found.last_day) == (1, 4)
    assert found.rises.largest.tolist() == [10, 99, 10, 10]
    assert placed(found.doubtful) == [(30, 31, -1), (60, 61, -2), (75, 76, -1)]
    assert placed(found.seen) == placed(found.doubtful)
    wider = mine.renewed(Looked(5, 6, rises_on({6: 7}), Steps.none()))
    assert (wider.first_day, wider.last_day, wider.rises.day.tolist()) == (1, 6, [1, 2, 3, 4, 6])
    earlier = mine.renewed(Looked(-1, 0, rises_on({}), Steps.none()))
    assert (earlier.first_day, earlier.last_day) == (-1, 4)
    edge = mine.renewed(Looked(3, 3, rises_on({}), Steps.none()))
    assert placed(edge.doubtful) == [(30, 31, -1), (50, 51, -1)]
    assert edge.rises.day.tolist() == [1, 2, 4]


RATES = st.integers(0, 70)
OF_A_DAY = st.tuples(RATES, RATES, RATES, st.sampled_from([300, 900]), st.sampled_from([0, 1, 3]))


def of_days(rows) -> DayRises:
    columns = [np.array(column, dtype=np.int64) for column in zip(*rows, strict=True)]
    return DayRises(np.arange(len(rows)) + 20, *columns)


@given(
    st.lists(OF_A_DAY, min_size=1, max_size=9),
    st.integers(0, 8),
    st.lists(st.tuples(st.integers(0, 2), RATES), min_size=1, max_size=2),
    st.sampled_from([None, 16, 40]),
)
@settings(max_examples=400)
def test_days_whose_limits_are_alike_leave_all_limits_as_they_are(rows, place, others, registered):
    place = min(place, len(rows) - 1)
    changed = list(rows[place])
    for column, rate in others:
        changed[column] = rate
    limits = replace(LIMITS, max_per_hour=registered)
    before, other = of_days(rows), of_days([*rows[:place], changed, *rows[place + 1 :]])
    old, new = (one.between(place + 20, place + 20) for one in (before, other))
    assert old.limits_alike(old, registered)
    if old.limits_alike(new, registered):
        left, right = (learned(one, limits, 15, 60) for one in (before, other))
        for name in ("short", "long", "pace", "floor_us", "lump"):
            assert getattr(left, name).tolist() == getattr(right, name).tolist()
        assert left.set_aside == right.set_aside
        assert before.with_days(new).largest.tolist() == other.largest.tolist()
