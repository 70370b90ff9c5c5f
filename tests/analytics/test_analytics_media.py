"""Gas, heat and cooling: told in their own unit and price, once a year of them is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import FlatRates, HourCalendar, Inputs, Look, Memory, look, settle
from analytics.detectors.stretched import STRETCHED
from analytics.media import least_of
from metering.baseline import YEAR_DAYS, is_checked, least_days
from metering.calendar import WorkCalendar
from metering.finding import Case, CaseState
from metering.items import CATEGORIES, purpose
from metering.localtime import HOUR_US, day_bounds
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


def test_nothing_that_flows_one_way_is_expected_to_flow_back() -> None:
    place = house("04000")
    summer = told(place, days=YEAR).findings  # the fit's line for the cold goes below 0 in July
    assert [one for one in summer if one.pattern in STRETCHED] == []
    learnt = Memory(seen(place, YEAR).made)
    for one in stretches(seen(place, DAYS, learnt)):
        assert all(hour.expected is None or hour.expected >= 0 for hour in one.hours)
    assert least_of(["01000", "03000"]).tolist() == [-np.inf, 0.0]


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
