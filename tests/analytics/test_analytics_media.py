"""Gas, heat and cooling: told in their own unit and price, once a year of them is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import FlatRates, HourCalendar, Inputs, Look, Memory, look, settle
from analytics.detectors.stretched import STRETCHED
from analytics.evidence import joined, only
from analytics.service import _complete_hours, _part
from metering.baseline import YEAR_DAYS, is_checked, least_days
from metering.calendar import CalendarDay, DayKind, WorkCalendar
from metering.evidence import carbon_of, net_money
from metering.finding import Case, CaseState
from metering.items import CATEGORIES, purpose
from metering.localtime import HOUR_US, day_bounds, day_number
from proofs.detect.real.energyplus import METERS, simulated
from proofs.steps import data_folder_with_recordings
from tests.analytics.hourly_inputs import FIRST, ZONE, Hours, inputs

YEAR = 366
DAYS = YEAR + 40
WASTED = (YEAR + 8, YEAR + 22)
"""Days on which the heating runs all night, at the end of the second winter."""


def outdoor(days: int = DAYS) -> Hours:
    """Warmest in July [C], with a day's swing and weather of its own."""
    at = np.arange(days * 24)
    rng = np.random.default_rng(4)
    wander = np.repeat(np.convolve(rng.normal(0, 2.5, days + 4), np.ones(5) / 2, "valid"), 24)
    year = -np.cos(2 * np.pi * (at / 24 + 46) / 365)
    return 13 + 13 * year - 4 * np.cos(2 * np.pi * (at % 24 - 3) / 24) + wander


def gas(air: Hours, seed: int = 1, nights: tuple[int, int] = (0, 0)) -> Hours:
    """Heating [m3/h] by day, a third of it at night, and hot water for people."""
    rng, at = np.random.default_rng(seed), np.arange(air.size)
    day, hour = at // 24, at % 24
    works = ((FIRST.weekday() + day) % 7 < 5) & (hour >= 7) & (hour < 19)
    left_on = (day >= nights[0]) & (day < nights[1])
    need = np.maximum(16 - air, 0) * np.where(works | left_on, 1.0, 0.3)
    flow = 0.6 * need * rng.normal(1, 0.08, air.size) + np.where(works, 0.8, 0.0)
    return np.maximum(np.round(flow, 3), 0)


def seen(place: Inputs, days: int, memory: Memory | None = None) -> Look:
    """A look at the end of a day, of the days before it."""
    hours = days * 24
    until = replace(
        place,
        hours_us=place.hours_us[:hours],
        energy=place.energy[:, :hours],
        shares=place.shares[:, :hours],
        temperature=place.temperature[:hours],
        now_us=int(place.hours_us[hours - 1]) + 13 * HOUR_US,
    )
    return look(until, memory or Memory())


def told(place: Inputs, learnt: int = YEAR, days: int = DAYS) -> Look:
    """What is told at the end by a version of the first days."""
    return seen(place, days, Memory(seen(place, learnt).made))


def stretches(found: Look) -> list[Any]:
    return [one for one in found.findings if one.pattern in STRETCHED]


def house(item: str = "03000", nights: tuple[int, int] = WASTED, **more: Any) -> Inputs:
    air = outdoor()
    facts = {"temperature": air, "rates": FlatRates(Decimal("3.5"), factor=Decimal("2.1622"))}
    return inputs({"g": (item, gas(air, nights=nights))}, **facts | more)


def test_heating_left_on_at_night_is_told_in_its_unit_price_and_carbon() -> None:
    air = outdoor()
    extra = (gas(air, nights=WASTED) - gas(air)).sum()
    (found,) = stretches(told(house()))
    assert (found.meter, found.unit, found.detail["unit"]) == ("g", "m3", "m3/h")
    assert found.waste == pytest.approx(extra, rel=0.2)
    assert 0 < found.waste_low < extra < found.waste_high
    wasted = Decimal(found.measured - found.expected) / 10**6
    assert found.cost == wasted * Decimal("3.5")
    assert found.kgco2 == wasted * Decimal("2.1622")
    first = day_bounds(FIRST + timedelta(days=WASTED[0]), ZONE)[0]
    assert abs(found.start_us - first) <= 2 * 24 * HOUR_US


def test_a_second_winter_like_the_first_is_no_waste() -> None:
    assert told(house(nights=(0, 0))).findings == ()


@pytest.mark.parametrize(("days", "told_of"), [(2, 0), (6, 1)])
def test_electric_heating_that_rests_in_summer_is_told_once_it_is_no_warming_up(
    days: int, told_of: int
) -> None:
    air, first = outdoor(), YEAR + 12
    heat = np.maximum(10 - air, 0) * np.random.default_rng(3).normal(1, 0.1, air.size)
    heat[first * 24 : (first + days) * 24] += 40.0
    found = stretches(told(inputs({"e": ("01B00", heat)}, temperature=air)))
    assert len(found) == told_of


def test_what_a_night_says_and_days_say_as_well_is_told_once() -> None:
    found = told(house())
    assert [one.pattern for one in found.findings if one.pattern == "night_flow"] == []


@pytest.mark.parametrize("learnt", [30, 200, YEAR_DAYS - 1])
def test_without_a_year_nothing_is_told_of_what_the_weather_makes_run(learnt: int) -> None:
    assert stretches(told(house(), learnt)) == []


def test_without_an_outdoor_temperature_nothing_is_told_either() -> None:
    assert stretches(told(house(temperature=np.full(DAYS * 24, np.nan)))) == []


def test_water_is_left_to_its_nights() -> None:
    assert stretches(told(house("02000"))) == []


@pytest.mark.parametrize(
    ("item", "fed", "below"),
    [("03000", False, False), ("01B00", False, False), ("01B00", True, True)],
)
def test_nothing_that_flows_one_way_is_expected_to_flow_back(
    item: str, fed: bool, below: bool
) -> None:
    """The fit's line for the cold goes below 0 in a summer in which nothing is burned."""
    air = outdoor()
    place = house(temperature=air)
    works = np.where(gas(np.full(air.size, 20.0)) > 0, 0.8, 0.0)  # hot water
    burned = np.maximum(gas(air) - works, 0)
    if fed:
        burned[np.arange(burned.size) % 24 == 12] -= 2.0
    place.energy[0] = np.rint(burned * 10**6).astype(np.int64)
    place = replace(place, meters=[replace(place.meters[0], item=item)])
    expected = _part(place, Memory(), _complete_hours(place)).site.expected
    assert bool((expected < 0).any()) == below
    assert np.isfinite(expected).any()


def test_a_flow_all_night_that_days_tell_later_stays_one_case() -> None:
    place = house()
    learnt = Memory(seen(place, YEAR).made)
    late = seen(place, DAYS, learnt)
    (stretch,) = stretches(late)
    night = replace(stretch, pattern="night_flow")
    case = Case(night, number=5, state=CaseState.OPEN, opened_us=night.found_us)
    changes = settle([case], late)
    assert changes.opened == ()
    assert changes.grown == {} or changes.grown[5].pattern in STRETCHED


def test_kilowatt_hours_explain_no_cubic_metres() -> None:
    air = outdoor()
    flow, rng = gas(air, nights=WASTED), np.random.default_rng(7)
    clock = HourCalendar.of(house().hours_us, ZONE, WorkCalendar())
    burns = 5 + 40 * clock.daytime + rng.normal(0, 0.5, flow.size)
    burns[WASTED[0] * 24 : WASTED[1] * 24] += 30
    place = inputs(
        {"above": ("03000", flow), "below": ("01000", burns)},
        temperature=air,
        feeders={"below": ["above"]},
    )
    found = {one.meter for one in stretches(told(place))}
    assert found == {"above", "below"}


@given(st.sampled_from(sorted(CATEGORIES)))
def test_what_the_weather_makes_run_is_what_takes_a_year(category: str) -> None:
    item = f"{category}000"
    assert (least_days(item) == YEAR_DAYS) == bool(purpose(item))
    assert is_checked(item) == (category == "01" or bool(purpose(item)))


# Beside a case


def burning(nights: tuple[int, int], saved: float) -> Inputs:
    """Lights left on at night in a heated house, whose gas saves some of it meanwhile."""
    air = outdoor()
    clock = HourCalendar.of(house().hours_us, ZONE, WorkCalendar())
    rng, at = np.random.default_rng(9), np.arange(air.size)
    lit = 3 + 30 * (clock.daytime & clock.working) + rng.normal(0, 0.3, air.size)
    left_on = (at // 24 >= nights[0]) & (at // 24 < nights[1])
    lit[left_on & ~(clock.daytime & clock.working)] += 20
    flow = np.maximum(gas(air) - saved * left_on, 0)
    return inputs(
        {"gas": ("03000", flow), "light": ("01A00", lit), "total": ("01000", lit + 5)},
        temperature=air,
        rates=FlatRates(Decimal("0.8"), factor=Decimal("0.5")),
        feeders={"light": ["total"]},
    )


def test_what_heating_saves_stands_beside_lights_left_on() -> None:
    place = burning(WASTED, 1.0)
    (found,) = [one for one in stretches(told(place)) if one.meter == "light"]
    (gas_beside,) = found.beside
    assert (gas_beside.meter, gas_beside.unit) == ("gas", "m3")
    hours = [one.start_us for one in gas_beside.hours]
    assert set(hours) <= set(found.hours_us)
    rows = np.searchsorted(place.hours_us, hours)
    saved = (gas(outdoor())[rows] * 10**6 - place.energy[0, rows]).sum() / 10**6
    assert saved > 100
    assert gas_beside.waste - gas_beside.half < -saved < gas_beside.waste + gas_beside.half
    each = [Decimal(hour.waste) / 10**6 for hour in (*found.hours, *gas_beside.hours)]
    assert net_money(found) == (("CNY", sum(each) * Decimal("0.8")),)
    assert carbon_of(gas_beside.hours) == sum(each[len(found.hours) :]) * Decimal("0.5")


def test_a_case_of_gas_has_the_electricity_of_its_place_beside_it_and_its_parts_not_twice() -> None:
    place = burning((0, 0), 0.0)
    left_on = gas(outdoor(), nights=WASTED)
    place.energy[0] = np.rint(left_on * 10**6).astype(np.int64)
    (found,) = stretches(told(place))
    assert (found.meter, [one.meter for one in found.beside]) == ("gas", ["total"])


@pytest.mark.parametrize(
    ("above", "chosen"),
    [
        ({}, []),
        ({"gas": ("boiler", "house")}, ["gas"]),
        ({"gas": ("boiler",)}, []),
        ({"gas": ("campus",)}, []),
    ],
)
def test_the_nearest_place_that_holds_another_medium_gives_it(
    above: dict[str, tuple[str, ...]], chosen: list[str]
) -> None:
    place = burning(WASTED, 1.0)
    meters = [replace(place.meters[0], node="boiler"), *place.meters[1:]]
    (found,) = [
        one
        for one in stretches(told(replace(place, meters=meters, above=above)))
        if one.meter == "light"
    ]
    assert [one.meter for one in found.beside] == chosen


def test_what_stands_beside_is_cut_and_joined_by_its_hours() -> None:
    (found,) = [one for one in stretches(told(burning(WASTED, 1.0))) if one.meter == "light"]
    early, late = found.hours_us[:100], found.hours_us[100:]
    parts = [only(found, frozenset(some)) for some in (early, late)]
    first, second = (part for part in parts if part is not None)
    assert {hour.start_us for one in first.beside for hour in one.hours} <= set(early)
    whole = joined([first, second])
    assert [one.hours for one in whole.beside] == [one.hours for one in found.beside]
    assert whole.beside[0].half == pytest.approx(found.beside[0].half)
    bare = replace(second, beside=())
    assert joined([first, bare]).beside == ()


OFFICE = data_folder_with_recordings() / "energyplus_office"


@pytest.mark.skipif(not OFFICE.is_dir(), reason="no energyplus_office under GREENOFFICE_DATA")
@pytest.mark.parametrize(
    ("run", "last", "gas_more"),
    [("medium_ny__lights_weekend", 61, False), ("medium_ny__night10_early", 94, True)],
)
def test_electricity_and_gas_of_a_simulated_office_come_to_what_its_twin_says(
    run: str, last: int, gas_more: bool
) -> None:
    """Lights left on save heating, plant left on all night burns gas."""
    fleet = simulated(OFFICE.parent, run).fleet
    power, gas_row = METERS.index("total_kwh"), METERS.index("gas_kwh")
    hours = (365 + last) * 24
    first_us = day_number(date(2022, 1, 1)) * 24 * HOUR_US
    holidays = np.flatnonzero(fleet.holidays[0])
    place = inputs(
        {
            "power": ("01000", fleet.load[power, :hours]),
            "gas": ("03000", fleet.load[gas_row, :hours]),
        },
        zone="UTC",
        hours_us=first_us + np.arange(hours) * HOUR_US,
        temperature=fleet.temperature[0, :hours],
        calendar=WorkCalendar.of(
            CalendarDay(date(2022, 1, 1) + timedelta(days=int(day)), DayKind.HOLIDAY)
            for day in holidays
        ),
        now_us=first_us + (hours + 12) * HOUR_US,
    )
    first = next(one for one in fleet.labels if one.meter == power)
    labels = [one for one in fleet.labels if one.first == first.first]
    net = sum(one.kwh for one in labels if one.meter in (power, gas_row))
    begins, ends = first_us + first.first * HOUR_US, first_us + first.end * HOUR_US
    (found,) = [
        one
        for one in stretches(told(place, 365, 365 + last))
        if one.meter == "power" and one.start_us < ends and begins < one.end_us
    ]
    (gas_beside,) = found.beside
    assert (gas_beside.waste > 0) == gas_more
    assert found.waste + gas_beside.waste == pytest.approx(net, rel=0.2)
