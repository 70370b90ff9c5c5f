"""Chillers that run though at such a wet bulb they rested before, and the wet bulb itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import find
from analytics.centres import CentreMeters
from analytics.free_cooling import LEAST_REST, ChillerDays, missed
from analytics.groups import Bools
from analytics.humid_air import wet_bulb
from analytics.patterns import Need, provided
from api.sentences import sentence
from metering.reading import Kind
from metering.registry import Installation, Meter, Node, NodeType, Point, Registry
from tests.analytics.hourly_inputs import FIRST, ZONE, Hours, inputs

DAYS = 70
HOUR = np.arange(24 * DAYS)
DAY = HOUR // 24
LATE = DAY >= 50
WORKED = (HOUR % 24 >= 8) & (HOUR % 24 < 18) & (DAY % 7 < 5)
PATTERNS = {"free_cooling_missed", "dc_free_cooling_missed"}
CENTRE = CentreMeters("dc", {"cooling": ("chiller",)})


def saturated(c: float) -> float:
    """Pressure of vapour over water [kPa], after Magnus."""
    return float(0.6112 * np.exp(17.62 * c / (243.12 + c)))


def by_psychrometer(c: float, percent: float) -> float:
    """The wet bulb at the pressure of the sea, by halving."""
    low, high = c - 40.0, c
    for _ in range(60):
        middle = (low + high) / 2
        told = saturated(middle) - 0.000665 * 101.325 * (c - middle)
        low, high = (low, middle) if told > saturated(c) * percent / 100 else (middle, high)
    return high


@given(st.floats(0, 40), st.floats(20, 99))
def test_the_wet_bulb_is_that_of_a_psychrometer(c: float, percent: float) -> None:
    (found,) = wet_bulb(np.array([c]), np.array([percent]))
    assert found == pytest.approx(by_psychrometer(c, percent), abs=1.0)
    assert found <= c


def test_the_wet_bulb_of_the_papers_example_and_of_what_is_not_known() -> None:
    found = wet_bulb(
        np.array([20.0, 20.0, np.nan, 20.0, 20.0, 60.0]),
        np.array([50.0, 100.0, 50.0, np.nan, 4.0, 50.0]),
    )
    assert found[0] == pytest.approx(13.7, abs=0.05)
    assert found[1] == pytest.approx(20.0, abs=0.3)
    assert np.isnan(found[2:]).all()


def weather(seed: int = 4) -> Hours:
    """Mild and cold days by turns, in autumn, each a little warmer at noon."""
    rng = np.random.default_rng(seed)
    noon = 2.5 * np.sin((HOUR % 24 - 6) / 24 * 2 * np.pi)
    return 10 + 9 * np.sin(DAY / 5) + np.repeat(rng.normal(0, 1, DAYS), 24) + noon


def rests(cold: Hours) -> Bools:
    """As a changeover by the mean of the day has it."""
    return np.asarray(np.repeat(cold.reshape(-1, 24).mean(axis=1), 24) < 9.0)


def told(run: Bools, *centres: CentreMeters, cold: Hours | None = None) -> list[Any]:
    rng = np.random.default_rng(8)
    power = np.where(run, 80.0, 6.0) * rng.uniform(0.9, 1.1, HOUR.size)
    given_ = inputs(
        {"chiller": ("01B1C", power)},
        temperature=weather() if cold is None else cold,
        humidity=np.full(HOUR.size, 70.0),
        centres=centres,
    )
    return [one for one in find(given_) if one.pattern in PATTERNS]


def test_a_centres_chiller_that_rested_when_it_was_as_cold_is_told_with_its_cost() -> None:
    run = ~rests(weather()) | LATE
    (found,) = told(run, CENTRE)
    assert (found.pattern, found.cause) == ("dc_free_cooling_missed", "free_cooling_off")
    assert found.detail["wet_bulb_c"] < found.detail["changeover_c"] - 2
    assert found.costs
    assert found.waste == pytest.approx(74 * len(found.hours_us), rel=0.03)
    assert found.waste_low < found.waste < found.waste_high
    coldest = found.detail["changeover_c"] - 2
    evidence = np.isin(HOUR, (np.array(found.hours_us) - inputs_start()) // 3_600_000_000)
    assert (LATE & rests(weather()))[evidence].all()
    wet = wet_bulb(weather(), np.full(HOUR.size, 70.0))
    assert wet[evidence].max() <= coldest + 0.05
    warm_noons = np.isin(DAY, np.unique(DAY[evidence])) & (wet > coldest + 0.05)
    assert warm_noons.any()
    assert "the chiller ran on" in sentence(found, ZONE, "en")


def inputs_start() -> int:
    return int(inputs({"m": ("01000", np.zeros(24))}).hours_us[0])


def test_a_building_is_looked_at_in_office_hours_and_another_cause_is_as_likely() -> None:
    (found,) = told((~rests(weather()) | LATE) & WORKED)
    assert (found.pattern, found.cause) == ("free_cooling_missed", "free_cooling_off")
    assert (found.detail["also"], found.detail["odds"]) == ("cooling_wanted", 0.5)
    assert len(found.hours_us) <= int((WORKED & LATE).sum())
    at_night = (~rests(weather()) & WORKED) | (LATE & ~WORKED)
    assert told(at_night) == []


@pytest.mark.parametrize("centres", [(), (CENTRE,)])
@pytest.mark.parametrize("seed", range(4))
def test_what_follows_its_changeover_or_never_rested_is_not_told(
    centres: tuple[CentreMeters, ...], seed: int
) -> None:
    cold = weather(seed)
    assert told(~rests(cold), *centres, cold=cold) == []
    assert told(HOUR >= 0, *centres, cold=cold) == []
    assert told(HOUR < 0, *centres, cold=cold) == []
    few = ~rests(cold) | (LATE & (DAY < 54))
    assert told(few, *centres, cold=cold) == []
    assert told(~rests(cold) | LATE, *centres, cold=np.full(HOUR.size, np.nan)) == []


def test_a_changeover_takes_ten_days_of_rest_and_the_margin() -> None:
    rest = LEAST_REST - 1
    for resting, wet, runs in ((rest + 1, 3.0, 1), (rest, 3.0, 0), (rest + 1, 3.1, 0)):
        number = resting + 6
        share = np.where(np.arange(number) < resting, 0.05, 1.0)
        days = ChillerDays(np.arange(number), np.where(share < 0.5, 5.0, wet), share)
        found, rested = missed(days, 2.0)
        assert (len(found), int(rested.sum())) == (runs, resting)


def test_a_chiller_is_of_the_centre_by_its_role_and_needs_damp_air() -> None:
    def of(dc_role: str | None, *roles: str) -> frozenset[Need]:
        meter = Meter("c", "dc", "01B1C", dc_role=dc_role)
        points = [Point(0, "dc/g", "c", Kind.REGISTER, "kWh")]
        points += [
            Point(n, "dc/g", role, Kind.INSTANT, "%", role, "dc") for n, role in enumerate(roles, 1)
        ]
        known = Registry(
            nodes={"dc": Node("dc", NodeType.DATACENTRE, zone=ZONE)},
            meters={"c": meter},
            points={one.id: one for one in points},
            installations=(Installation("c", 0),),
        )
        return provided(known, ["dc"], FIRST)

    assert {Need.CHILLER, Need.OUTDOOR_HUMIDITY} <= of(None, "outdoor_humidity")
    assert Need.CENTRE_CHILLER in of("cooling")
    assert not {Need.CHILLER, Need.OUTDOOR_HUMIDITY} & of("cooling")
    assert Need.CENTRE_CHILLER not in of(None)
