"""Heating and cooling at once: told where it is news, of places that are heated and cooled."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pytest

from analytics import find
from analytics.bins import HourCalendar
from analytics.opposed import OpposedHours, opposed
from analytics.opposed_meters import OpposedMeters, opposed_meters
from api.sentences import sentence
from metering.calendar import WorkCalendar
from metering.factor import Factor
from metering.localtime import HOUR_US, slot_starts
from metering.registry import Meter, Node, NodeType, Registry, SpaceEdge
from metering.validity import Validity
from proofs.steps import data_folder_with_recordings
from tests.analytics.hourly_inputs import Hours, inputs

DAYS = 80
HOUR = np.arange(24 * DAYS)
LATE = HOUR >= 24 * 60
WORKED = (HOUR % 24 >= 8) & (HOUR % 24 < 18)
MILD = 11 + 5 * np.sin((HOUR % 24 - 9) / 24 * 2 * np.pi) + 0.5 * np.sin(HOUR // 24)
OFFICE = data_folder_with_recordings() / "energyplus_office"


def told(heating: Hours, cooling: Hours, outdoor: Hours = MILD) -> list[Any]:
    """What is found of a place whose meters [MJ/h] are `h` and `c`."""
    given = inputs({"h": ("04000", heating), "c": ("05000", cooling)}, temperature=outdoor)
    hours = OpposedHours("b", "h", 1.0, given.hours_us, heating, cooling, outdoor)
    found = find(replace(given, opposed=(hours,)))
    return [one for one in found if one.pattern == "heating_and_cooling"]


def by_design(hours: int, level: float = 50.0) -> Hours:
    """A place that heats and cools in so many hours of each day, more or less."""
    more = np.random.default_rng(5).integers(-1, 2, DAYS)[HOUR // 24]
    since = HOUR % 24 - 8
    return np.where((since >= 0) & (since < hours + more), level, 0.0)


def test_both_at_once_are_told_with_the_smaller_of_them() -> None:
    heating = np.where(WORKED & LATE, 90.0, np.where(HOUR % 24 < 4, 60.0, 0.0))
    cooling = np.where(WORKED & (HOUR >= 24 * 30), 40.0, 0.0) * (HOUR // 24 % 7 < 5)
    (found,) = told(heating, cooling)
    assert (found.node, found.meter, found.cause) == ("b", "h", "no_dead_band")
    assert (found.detail["also"], found.detail["odds"]) == ("valve_leaks", 0.5)
    assert (found.detail["together_hours"], found.detail["usual_hours"]) == (10.0, 0.0)
    worked = int(np.unique(HOUR[LATE & (cooling > 0)] // 24).size)
    assert found.waste == pytest.approx(worked * 10 * 40)
    assert found.waste_low < found.waste < found.waste_high
    assert found.costs
    assert sentence(found, "Asia/Shanghai", "en") == (
        "since 2026-05-01, on 14 mild days, heating and cooling ran at once for 10.0 hours a day; "
        "on such days before it was 0.0"
    )


@pytest.mark.parametrize("hours", [3, 8])
def test_what_a_place_does_by_design_is_not_told(hours: int) -> None:
    assert told(by_design(hours), by_design(hours, 30.0)) == []


def test_of_what_is_done_by_design_only_more_hours_are_waste() -> None:
    usual = by_design(3)
    more = np.where(LATE & WORKED, 50.0, usual)
    (found,) = told(more, more)
    assert found.detail["usual_hours"] == pytest.approx(1, abs=0.5), "two of three are its base"
    assert found.waste == pytest.approx(20 * 7 * 50, rel=0.1)


def test_what_flows_at_that_hour_of_every_such_day_is_its_base() -> None:
    kitchen, servers = np.where(WORKED, 20.0, 0.0), np.full(HOUR.size, 35.0)
    cooling = servers + np.where(WORKED & LATE, 40.0, 0.0)
    assert told(kitchen, cooling) == []


@pytest.mark.parametrize("outdoor", [3.0, 20.0])
def test_weather_that_is_not_mild_and_weather_unknown_accuse_nobody(outdoor: float) -> None:
    both = np.where(WORKED & LATE, 50.0, 0.0)
    assert told(both, both, np.full(HOUR.size, outdoor)) == []
    assert told(both, both, np.full(HOUR.size, np.nan)) == []


def test_days_warmer_than_any_before_accuse_nobody() -> None:
    both = np.where(WORKED & LATE, 50.0, 0.0)
    assert told(both, both, np.where(LATE, 16.0, 8.0)) == []
    assert told(both, both, np.where(LATE, 16.0, MILD)) == []
    assert len(told(both, both, np.where(LATE, 8.5, 8.0))) == 1


def test_two_hours_more_and_four_days_are_too_few() -> None:
    two = np.where(LATE & (HOUR % 24 >= 8) & (HOUR % 24 < 10), 50.0, 0.0)
    assert told(two, two) == []
    four = np.where(WORKED & LATE & (HOUR < 24 * 64), 50.0, 0.0)
    assert told(four, four) == []


def naive_hours(hours: OpposedHours, clock: HourCalendar) -> list[float]:
    """Hours in which both ran, day by day, told once more."""
    kind = np.where(clock.working, 0, 24) + clock.hour
    above = []
    for flow in (hours.heating, hours.cooling):
        base = {k: np.nanquantile(flow[kind == k], 0.1) for k in set(kind.tolist())}
        over = np.array([x - base[k] for x, k in zip(flow, kind.tolist(), strict=True)])
        high = np.nanquantile(over[over > 0], 0.95)
        above.append(over > 0.005 * high)
    told_ = []
    for day in sorted(set(clock.day.tolist())):
        rows = np.flatnonzero(clock.day == day)
        known = np.isfinite(hours.heating[rows] + hours.cooling[rows])
        mild = rows[known & (hours.outdoor[rows] > 5) & (hours.outdoor[rows] < 18)]
        ran = sum(bool(above[0][row] and above[1][row]) for row in mild)
        told_.append(float(ran) if mild.size >= 4 else np.nan)
    return told_


@pytest.mark.parametrize("seed", range(3))
def test_hours_of_both_are_those_of_the_naive_rule(seed: int) -> None:
    rng = np.random.default_rng(seed)
    heating, cooling = rng.gamma(0.4, 10, (2, HOUR.size))
    heating[rng.random(HOUR.size) < 0.1] = np.nan
    given = inputs({"h": ("04000", heating)})
    outdoor = rng.normal(11, 6, HOUR.size)
    hours = OpposedHours("b", "h", 1.0, given.hours_us, heating, cooling, outdoor)
    clock = HourCalendar.of(given.hours_us, given.zone, given.calendar)
    found = opposed(hours, clock, 3.0).days.beside
    np.testing.assert_array_equal(found, naive_hours(hours, clock))


def campus(*meters: Meter, factors: tuple[Factor, ...] = ()) -> tuple[OpposedMeters, ...]:
    """Places of a site with two buildings."""
    nodes = [Node("s", NodeType.SITE), Node("a", NodeType.BUILDING), Node("b", NodeType.BUILDING)]
    known = Registry(
        nodes={one.code: one for one in nodes},
        space=(SpaceEdge("s", "a"), SpaceEdge("s", "b")),
        meters={one.code: one for one in meters},
        factors=factors,
    )
    return opposed_meters(known, meters, date(2026, 5, 4))


def test_the_nearest_place_that_has_both_is_told() -> None:
    found = campus(
        Meter("heat", "a", "04000"),
        Meter("cold", "a", "05000"),
        Meter("chiller", "b", "01B1C"),
        Meter("fans", "b", "01B20"),
        Meter("old", "b", "04000", valid=Validity(None, date(2026, 5, 4))),
    )
    assert found == (
        OpposedMeters("a", ("heat",), ("cold",), {"heat": 1.0, "cold": 1.0}),
        OpposedMeters("s", ("heat",), ("chiller",), {"heat": 1.0, "chiller": 3.6}),
    )


def test_gas_counts_by_its_factor_of_standard_coal_and_not_without() -> None:
    meters = (Meter("gas", "a", "03000"), Meter("cold", "a", "05000"))
    assert campus(*meters) == ()
    (found,) = campus(*meters, factors=(Factor("03000", "kgce", Decimal("1.33")),))
    assert found.heat_mj == {"gas": pytest.approx(38.98, abs=0.01), "cold": 1.0}


@pytest.mark.skipif(not OFFICE.exists(), reason=f"no {OFFICE}")
@pytest.mark.parametrize(
    ("run", "days"),
    [("medium_ny__deadband", 11), ("medium_ny__clean", 0), ("medium_co__clean", 0)],
)
def test_a_simulated_office_is_told_in_the_month_of_its_fault_alone(run: str, days: int) -> None:
    """The reheat and the compressors of two years, in kWh."""
    place = run.partition("__")[0]
    files = [OFFICE / f"{place}__reference_2022.parquet", OFFICE / f"{run}.parquet"]
    names = ("heating_elec_kwh", "cooling_kwh", "outdoor_c")
    own = [
        duckdb.sql(f"SELECT {', '.join(names)} FROM '{one}' ORDER BY ts").fetchnumpy()
        for one in files
    ]
    heating, cooling, outdoor = (
        np.concatenate([np.asarray(one[name], dtype=np.float64) for one in own]) for name in names
    )
    first = int(slot_starts(date(2022, 1, 1), "Etc/GMT+5", 60)[0])
    hours_us = first + np.arange(outdoor.size) * HOUR_US
    clock = HourCalendar.of(hours_us, "Etc/GMT+5", WorkCalendar())
    hours = OpposedHours("b", "h", 1.0, hours_us, heating, cooling, outdoor)
    found = opposed(hours, clock, 3.0)
    told_ = [found.days.days[place] for run_ in found.told.runs for place in run_]
    assert len(told_) == days
    april = [(day - clock.day[0]) - 365 - 90 for day in told_]
    assert all(0 <= day < 30 for day in april)
