"""Flow through nights that used to rest: leaks are told, what always ran or runs once is not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pytest

from analytics import FlatRates, HourCalendar, Inputs, find
from metering.calendar import WorkCalendar
from metering.localtime import HOUR_US, day_number, days_between, slot_starts
from metering.quality import MEASURED, all_of
from metering.quantity import ABSENT
from metering.registry import Meter
from proofs.steps import data_folder_with_recordings

Make = Callable[..., Any]
ZONE = "Asia/Shanghai"
FIRST, LAST = date(2026, 3, 2), date(2026, 5, 10)
LEAK = date(2026, 4, 20)
FILE = data_folder_with_recordings() / "water_counters/water_meters_raw.parquet"


def hours_of(first: date = FIRST, last: date = LAST) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.concatenate([slot_starts(day, ZONE, 60) for day in days_between(first, last)])


def inputs(flow: np.ndarray[Any, Any], item: str = "02000", **more: Any) -> Inputs:
    """Meters whose flow [canonical unit per hour] is (meters, hours) since `FIRST`."""
    hours_us = hours_of()[: flow.shape[1]]
    known = np.isfinite(flow)
    energy = np.where(known, np.rint(np.where(known, flow, 0) * 1e6), ABSENT).astype(np.int64)
    facts: dict[str, Any] = {
        "institution": "bureau",
        "zone": ZONE,
        "meters": [Meter(f"w{n}", "house", item, step_min=60) for n in range(flow.shape[0])],
        "feeders": {},
        "hours_us": hours_us,
        "energy": energy,
        "shares": np.stack([all_of(MEASURED, hours_us.size)] * flow.shape[0]),
        "temperature": np.full(hours_us.size, np.nan),
        "calendar": WorkCalendar(),
        "events": [],
        "rates": FlatRates(Decimal("4.5")),
        "now_us": int(hours_us[-1]) + 13 * HOUR_US,
    }
    return Inputs(**{**facts, **more})


def usual(seed: int = 0, night: float = 0.0) -> np.ndarray[Any, np.dtype[np.float64]]:
    """A house that draws water by day, and at night at most a little."""
    rng = np.random.default_rng(seed)
    clock = HourCalendar.of(hours_of(), ZONE, WorkCalendar())
    by_day = np.where(clock.night, 0.0, rng.gamma(4.0, 0.1, clock.hour.size))
    drawn = np.where(clock.night & (rng.random(clock.hour.size) < 0.2), 0.05, 0.0)
    return np.round((by_day + drawn + night)[None, :], 3)


def since(day: date, nights: int, extra: float) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Extra flow from 18:00 of a day on, through so many nights."""
    hours_us = hours_of()
    start = int(slot_starts(day, ZONE, 60)[0]) + 18 * HOUR_US
    end = start + (24 * (nights - 1) + 14) * HOUR_US
    return np.where((hours_us >= start) & (hours_us < end), extra, 0.0)


def test_a_leak_is_found_with_what_it_lost_and_its_price() -> None:
    leak = since(LEAK, 30, 0.12)
    (found,) = find(inputs(usual() + leak))
    assert (found.pattern, found.meter, found.cause) == ("night_flow", "w0", "leak")
    assert found.waste == pytest.approx(float(leak.sum()), rel=0.06)
    assert found.waste_low < float(leak.sum()) < found.waste_high * 1.05
    assert found.cost == Decimal(str(round(found.waste, 6))) * Decimal("4.5")
    assert 0.5 < found.confidence < 1
    assert 0.5 < float(found.detail["odds"]) < 1
    assert found.detail["also"] == "night_use"
    assert found.detail["night_low"] == pytest.approx(0.12)
    assert found.detail["night_base"] == 0


@pytest.mark.parametrize("seed", range(8))
def test_water_that_rests_as_before_is_no_finding(seed: int) -> None:
    assert find(inputs(usual(seed))) == []
    assert find(inputs(usual(seed, night=0.2))) == []  # it always ran


def test_two_nights_are_too_few_and_three_are_enough() -> None:
    assert find(inputs(usual() + since(LEAK, 2, 0.12))) == []
    (found,) = find(inputs(usual() + since(LEAK, 3, 0.12)))
    assert found.detail["days"] == 3


def test_a_leak_that_was_mended_ends_and_the_next_is_another() -> None:
    flow = usual() + since(date(2026, 4, 1), 5, 0.2) + since(LEAK, 5, 0.2)
    first, second = find(inputs(flow))
    assert (first.detail["days"], second.detail["days"]) == (5, 5)
    assert first.end_us < second.start_us


def test_a_long_leak_does_not_become_usual() -> None:
    (found,) = find(inputs(usual() + since(date(2026, 3, 25), 46, 0.12)))
    assert found.detail["days"] == 46


def test_nights_that_are_not_known_break_no_run_and_count_for_nothing() -> None:
    flow = usual() + since(LEAK, 8, 0.12)
    clock = HourCalendar.of(hours_of(), ZONE, WorkCalendar())
    lost = clock.duty_day == day_number(LEAK + timedelta(days=2))
    flow[0, lost] = np.nan
    (found,) = find(inputs(flow))
    assert found.detail["days"] == 7
    assert not set(found.hours_us) & set(hours_of()[lost].tolist())


def test_a_flow_that_comes_and_goes_at_night_points_to_use() -> None:
    clock = HourCalendar.of(hours_of(), ZONE, WorkCalendar())
    watering = since(LEAK, 10, 0.1) * np.where(clock.night & (clock.hour % 2 == 0), 30.0, 1.0)
    (found,) = find(inputs(usual() + watering))
    assert (found.cause, found.detail["also"]) == ("night_use", "leak")


def test_heat_is_held_against_nights_as_cold_and_not_judged_without_a_temperature() -> None:
    rng = np.random.default_rng(3)
    clock = HourCalendar.of(hours_of(), ZONE, WorkCalendar())
    outdoor = 8 + 6 * np.sin(clock.day / 3.0) + rng.normal(0, 0.3, clock.day.size)
    need = np.maximum(18 - outdoor, 0) * np.where(clock.night, 1.0, 3.0)
    flow = (need * rng.normal(1, 0.03, need.size))[None, :]
    assert find(inputs(flow, "04000", temperature=outdoor)) == []
    worse = flow + since(LEAK, 12, 20.0)
    (found,) = find(inputs(worse, "04000", temperature=outdoor))
    assert (found.pattern, found.unit) == ("night_flow", "MJ")
    assert find(inputs(worse, "04000")) == []


def test_what_a_meter_below_shows_is_told_there_alone() -> None:
    part = usual() + since(LEAK, 10, 0.12)
    both = np.concatenate([part + usual(1), part])
    (found,) = find(inputs(both, feeders={"w1": ("w0",)}))
    assert found.meter == "w1"


def test_the_order_of_meters_changes_nothing() -> None:
    flow = np.concatenate([usual(1), usual(2) + since(LEAK, 6, 0.2), usual(3)])
    (one,) = find(inputs(flow))
    (other,) = find(inputs(flow[::-1]))
    assert (one.meter, other.meter) == ("w1", "w1")
    assert replace(one, found_us=0) == replace(other, found_us=0)


@pytest.mark.skipif(not FILE.is_file(), reason=f"no recorded data: {FILE} (GREENOFFICE_DATA)")
@pytest.mark.long
def test_recorded_counters_are_told_seldom() -> None:
    """Nobody labelled them: real leaks may be among what is told. What is held is how seldom."""
    told, years = recorded()
    assert years > 0
    assert told / years < MOST_TOLD


MOST_TOLD = 0.1
"""Findings for a meter-year."""


def recorded() -> tuple[int, float]:
    """Findings in all counters, and the meter-years looked at."""
    rows = duckdb.connect().execute(
        "SELECT meter, epoch_us(ts_local), reading_l / 1000 FROM read_parquet(?) ORDER BY 1, 2",
        [str(FILE)],
    )
    table = rows.fetchnumpy()
    meters, at, litres = (np.asarray(column) for column in table.values())
    told, years = 0, 0.0
    for meter in np.unique(meters):
        own = meters == meter
        flow, hours_us = _hourly(at[own].astype(np.int64), litres[own].astype(np.float64))
        if hours_us.size < 30 * 24:
            continue
        known = np.isfinite(flow)
        energy = np.where(known, np.rint(np.where(known, flow, 0) * 1e6), ABSENT)
        found = find(
            replace(
                inputs(flow[None, : hours_of().size]),
                zone="+00:00",
                hours_us=hours_us,
                energy=energy.astype(np.int64)[None, :],
                shares=all_of(MEASURED, hours_us.size)[None, :, :],
                temperature=np.full(hours_us.size, np.nan),
                meters=[Meter("w0", "house", "02000", step_min=60)],
                now_us=int(hours_us[-1]) + 2 * HOUR_US,
            )
        )
        told += sum(one.pattern == "night_flow" for one in found)
        years += float(known.sum()) / 8760
    return told, years


def _hourly(
    at_us: np.ndarray[Any, Any], register: np.ndarray[Any, Any]
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Flow of each hour between two readings an hour apart [m3/h]; NaN elsewhere."""
    hour, place = np.unique(at_us // HOUR_US, return_index=True)
    value = register[place]
    steps = np.diff(hour)
    flow = np.diff(value)
    good = (steps == 1) & (flow >= 0) & (flow < 1000)
    all_hours = np.arange(hour[0] // 24 * 24, hour[-1] // 24 * 24, dtype=np.int64)
    result = np.full(all_hours.size, np.nan)
    index = hour[:-1][good] - all_hours[0]
    inside = (index >= 0) & (index < result.size)
    result[index[inside]] = flow[good][inside]
    return result, all_hours * HOUR_US
