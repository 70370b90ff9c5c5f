"""What hours were lately: days before alone count, an oracle agrees, and what is odd is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.bins import HourCalendar
from analytics.lately import (
    FLOOR,
    LEAST_ALIKE,
    MOST_HOURS,
    OUT,
    SPAN_DAYS,
    USUAL_SHARE,
    HourRun,
    Lately,
)
from metering.calendar import CalendarDay, DayKind, WorkCalendar
from metering.localtime import days_between, slot_starts
from metering.reading import F64

FIRST, DAYS, METERS = date(2026, 8, 3), 75, 4
ZONES = ("Asia/Shanghai", "Europe/Berlin")
HOLIDAY = WorkCalendar.of([CalendarDay(date(2026, 10, 14), DayKind.HOLIDAY)])


def clock_of(
    zone: str = ZONES[0], days: int = DAYS, calendar: WorkCalendar = HOLIDAY
) -> HourCalendar:
    spans = days_between(FIRST, FIRST + timedelta(days=days))
    starts = np.concatenate([slot_starts(day, zone, 60) for day in spans])
    return HourCalendar.of(starts, zone, calendar)


def loads(seed: int, clock: HourCalendar, meters: int = METERS) -> tuple[F64, F64]:
    """Energy and what is expected of it, with gaps and hours far out."""
    rng = np.random.default_rng(seed)
    expected = np.where(clock.occupied, 30.0, 8.0) * rng.uniform(0.5, 2, (meters, 1))
    load = expected + rng.normal(0, 1, expected.shape)
    odd = rng.random(expected.shape) < 0.01
    load[odd] *= rng.choice([0.0, 3.0], int(odd.sum()))
    load[rng.random(expected.shape) < 0.05] = np.nan
    return load, expected


def known(values: list[float]) -> list[float]:
    return [one for one in values if np.isfinite(one)]


def oracle_band(load: F64, expected: F64, clock: HourCalendar, day: int) -> list[list[float]]:
    """Middle, spread and known values of each hour of a day, for one meter, one by one."""
    kind = {**dict.fromkeys(range(5), 0), 5: 1, 6: 2, 7: 2}
    own = kind[int(clock.weekday[clock.day == day][0])]
    span = (clock.day >= day - SPAN_DAYS) & (clock.day < day)
    least = FLOOR * abs(float(np.median(known(load[span].tolist()))))
    away: list[dict[int, float]] = []
    for hour in range(24):
        there = np.flatnonzero(span & (clock.hour == hour))
        alike = [i for i in there.tolist() if kind[int(clock.weekday[i])] == own]
        pairs = {int(clock.day[i]): float(load[i] - expected[i]) for i in alike}
        away.append({at: one for at, one in pairs.items() if np.isfinite(one)})
    middles = [
        float(np.median(list(x.values()))) if len(x) >= LEAST_ALIKE else np.nan for x in away
    ]
    sizes = [[abs(one - m) for one in x.values()] for x, m in zip(away, middles, strict=True)]
    spreads = []
    for hour in range(24):
        near = known([*sizes[hour - 1], *sizes[hour], *sizes[(hour + 1) % 24]])
        spreads.append(max(1.4826 * float(np.median(near)), least))
    return [middles, spreads]


@given(seed=st.integers(0, 2**31), zone=st.sampled_from(ZONES), back=st.integers(1, 9))
def test_a_band_is_what_an_hour_by_hour_count_says(seed: int, zone: str, back: int) -> None:
    clock = clock_of(zone)
    load, expected = loads(seed, clock)
    lately = Lately.of(load, expected, clock)
    place = lately.days.size - back
    band = lately.band(place)
    for meter in range(METERS):
        middle, spread = oracle_band(load[meter], expected[meter], clock, int(lately.days[place]))
        np.testing.assert_allclose(band.middle[meter], middle, rtol=1e-12)
        has = np.isfinite(middle)
        np.testing.assert_allclose(band.spread[meter][has], np.array(spread)[has], rtol=1e-12)


def oracle_reach(far: list[float]) -> tuple[float, int, int]:
    """The run of hours beyond that goes farthest, by trying all."""
    best = (0.0, 0, 0)
    for first in range(24):
        for end in range(first + 1, 25):
            inside = far[first:end]
            around = far[max(first - 1, 0) : first] + far[end : end + 1]
            if min(inside) > OUT and all(one <= OUT for one in around) and sum(inside) > best[0]:
                best = (sum(inside), first, end)
    return best


@given(seed=st.integers(0, 2**31))
def test_runs_are_what_trying_all_of_them_finds(seed: int) -> None:
    clock = clock_of()
    load, expected = loads(seed, clock)
    lately = Lately.of(load, expected, clock)
    place = DAYS - 1
    band, told = lately.band(place), {one.meter: one for one in lately.runs(place) if one.above}
    before = [
        at
        for at in range(place)
        if place - at <= SPAN_DAYS and lately.kinds[at] == lately.kinds[place]
    ]
    for meter in range(METERS):

        def far(at: int, meter: int = meter) -> list[float]:
            away = (lately.away[meter, at] - band.middle[meter]) / band.spread[meter]
            return [float(one) for one in np.nan_to_num(away)]

        reach, first, end = oracle_reach(far(place))
        usual = float(np.quantile([oracle_reach(far(at))[0] for at in before], USUAL_SHARE))
        if reach == 0 or end - first > MOST_HOURS:
            assert meter not in told
            continue
        one = told[meter]
        assert (one.first, one.end) == (place * 24 + first, place * 24 + end)
        assert one.score == pytest.approx(reach / (OUT + usual))


@given(seed=st.integers(0, 2**31), place=st.integers(40, DAYS - 2))
def test_what_comes_later_changes_nothing_before(seed: int, place: int) -> None:
    clock = clock_of()
    load, expected = loads(seed, clock)
    told = Lately.of(load, expected, clock).runs(place)
    rng = np.random.default_rng(seed)
    later = clock.day > clock.day[0] + place
    load[:, later] = rng.uniform(0, 500, (METERS, int(later.sum())))
    assert Lately.of(load, expected, clock).runs(place) == told


@given(seed=st.integers(0, 2**31), place=st.integers(40, DAYS - 1))
def test_the_day_itself_is_no_part_of_its_band(seed: int, place: int) -> None:
    clock = clock_of()
    load, expected = loads(seed, clock)
    band = Lately.of(load, expected, clock).band(place)
    own = clock.day == clock.day[0] + place
    again = Lately.of(np.where(own, load * 7 + 1, load), expected, clock).band(place)
    for name in ("middle", "spread", "usual"):
        np.testing.assert_array_equal(getattr(again, name), getattr(band, name))


def quiet(days: int = DAYS) -> tuple[F64, F64, HourCalendar]:
    clock = clock_of(days=days)
    rng = np.random.default_rng(1)
    expected = np.tile(np.where(clock.occupied, 30.0, 8.0), (METERS, 1))
    return expected + rng.normal(0, 1, expected.shape), expected, clock


def highest(lately: Lately, place: int) -> HourRun:
    return max(lately.runs(place), key=lambda one: one.score)


def test_a_plant_that_ran_one_night_is_told_with_what_was_usual() -> None:
    load, expected, clock = quiet()
    load[2, 70 * 24 + 1 : 70 * 24 + 5] += 20
    one = highest(Lately.of(load, expected, clock), 70)
    assert (one.meter, one.first, one.end, one.above) == (2, 70 * 24 + 1, 70 * 24 + 5, True)
    assert abs(one.usual_kwh - 4 * 8) < one.half_kwh < 4 * 5
    assert one.score > 5


def test_an_hour_of_nothing_is_told_and_one_of_less_is_not() -> None:
    load, expected, clock = quiet()
    load[1, 70 * 24 + 11], load[0, 70 * 24 + 2] = 0.0, 2.0
    below = [one for one in Lately.of(load, expected, clock).runs(70) if not one.above]
    assert [(one.meter, one.first, one.end) for one in below] == [(1, 70 * 24 + 11, 70 * 24 + 12)]


def test_special_days_and_what_many_do_on_a_day_of_rest_are_not_told() -> None:
    load, expected, clock = quiet()
    holiday, sunday = (date(2026, 10, 14) - FIRST).days, (date(2026, 10, 4) - FIRST).days
    many = [np.repeat(one, 3, axis=0) for one in (load, expected)]
    for day in (holiday, sunday):
        many[0][:, day * 24 + 9 : day * 24 + 12] += 30
    lately = Lately.of(many[0], many[1], clock)
    assert lately.runs(holiday) == []
    assert [one for one in lately.runs(sunday) if one.above] == []
    for day in (holiday, sunday):
        load[0, day * 24 + 9 : day * 24 + 12] += 30
    lately = Lately.of(load, expected, clock)
    assert highest(lately, sunday).score > 5
    assert lately.runs(holiday) == []


@pytest.mark.parametrize("how", ["unknown", "silent", "short"])
def test_where_too_little_is_known_nothing_is_told(how: str) -> None:
    load, expected, clock = quiet()
    load[:, 70 * 24 + 1 : 70 * 24 + 5] += 20
    place = 70
    if how == "unknown":
        load[:] = np.nan
    elif how == "silent":
        expected[:] = np.nan
    else:
        inside = clock.day >= clock.day[0] + 67
        names = ("hour", "day", "weekday", "opens", "closes")
        clock = replace(clock, **{name: getattr(clock, name)[inside] for name in names})
        load, expected, place = load[:, inside], expected[:, inside], 3
    assert Lately.of(load, expected, clock).runs(place) == []
