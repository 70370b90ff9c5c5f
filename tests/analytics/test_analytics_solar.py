"""Panels that yield less than they did of such irradiance, made up and recorded."""

from __future__ import annotations

import re
from typing import Any

import duckdb
import numpy as np
import pytest

from analytics import find
from analytics.patterns import Need, provided
from analytics.sensors import SensedHours
from analytics.solar import low_yields
from api.sentences import sentence
from metering.reading import Kind
from metering.registry import Installation, Meter, Node, NodeType, Point, Registry
from metering.registry.model import Direction
from proofs.steps import data_folder_with_recordings
from tests.analytics.hourly_inputs import FIRST, ZONE, Hours, inputs

CAMPUS = data_folder_with_recordings() / "ucsd_microgrid" / "meters_15min.parquet"
DAYS = 60
HOUR = np.arange(24 * DAYS)
DAY = HOUR // 24
LATE = DAY >= 45
HEIGHT = np.maximum(np.sin((HOUR % 24 - 6) / 12 * np.pi), 0.0)


def sun(seed: int = 3) -> Hours:
    """Bright and cloudy days by turns [W/m2]."""
    rng = np.random.default_rng(seed)
    return np.asarray(900 * HEIGHT * np.repeat(rng.uniform(0.25, 1.0, DAYS), 24))


def panels(light: Hours, part: Hours | float = 1.0, seed: int = 1) -> Hours:
    """What a plant of 50 kW makes of it [kW]."""
    noise = np.random.default_rng(seed).normal(1, 0.03, HOUR.size)
    return np.asarray(0.05 * light * noise * part)


def told(made: Hours, light: Hours) -> list[Any]:
    sensed = (SensedHours("roof", "irradiance", "pv", light),)
    found = find(inputs({"pv": ("01000", made)}, sensed=sensed))
    return [one for one in found if one.pattern == "solar_under_yield"]


@pytest.mark.parametrize("sign", [1, -1])
def test_a_string_that_is_out_is_told_with_what_is_lost(sign: int) -> None:
    made = sign * panels(sun(), np.where(LATE, 0.8, 1.0))
    (found,) = told(made, sun())
    assert (found.cause, found.detail["also"]) == ("strings_lost", "panels_dirty")
    assert found.detail["odds"] > 0.7
    assert found.detail["yield_share"] == pytest.approx(0.8, abs=0.02)
    assert (found.waste, found.costs) == (0.0, ())
    at = dict(zip(inputs({"m": ("01000", made)}).hours_us.tolist(), sun().tolist(), strict=True))
    assert all(at[hour] >= 100 for hour in found.hours_us)
    for start, usual, _ in found.hourly:
        assert usual is None or usual == pytest.approx(sign * 0.05 * at[start], rel=0.05, abs=0.2)
    lost = float(np.abs(made[LATE & (sun() >= 100)]).sum()) * 0.25
    (amount,) = re.findall(r"about ([\d,.]+) kWh were lost", sentence(found, ZONE, "en"))
    assert float(amount.replace(",", "")) == pytest.approx(lost, rel=0.15)


def test_what_creeps_is_dirt() -> None:
    part = 1 - np.clip((DAY - 25) / 25 * 0.25, 0.0, 0.25)
    (found,) = told(panels(sun(), part), sun())
    assert (found.cause, found.detail["also"]) == ("panels_dirty", "strings_lost")


def test_a_plant_that_gives_nothing_is_told_so() -> None:
    (found,) = told(panels(sun(), np.where(LATE, 0.0, 1.0)), sun())
    assert found.detail["yield_share"] == 0.0
    assert "gave nothing on 15 days" in sentence(found, ZONE, "en")


@pytest.mark.parametrize(
    "part",
    [
        1.0,
        0.5,
        np.where(LATE, 0.93, 1.0),
        np.where(LATE, 1.2, 1.0),
        np.where(LATE & (DAY < 49), 0.5, 1.0),
        np.where(DAY >= 15, 0.8, 1.0),
        np.where(LATE & (HOUR % 24 != 12), np.nan, 1.0),
    ],
)
@pytest.mark.parametrize("seed", [3, 4])
def test_what_is_small_short_usual_or_unknown_is_not_told(part: Hours | float, seed: int) -> None:
    assert told(panels(sun(seed), part), sun(seed)) == []


def test_a_darker_month_is_no_loss() -> None:
    light = sun() * np.where(LATE, 0.4, 1.0)
    assert told(panels(light), light) == []


def registry(*meters: tuple[str, str, Direction]) -> Registry:
    points = [Point(n, "s/g", one[0], Kind.REGISTER, "kWh") for n, one in enumerate(meters)]
    points.append(Point(99, "s/g", "sun", Kind.MEAN, "W/m2", "irradiance", "roof"))
    return Registry(
        nodes={"roof": Node("roof", NodeType.BUILDING, zone=ZONE)},
        meters={one[0]: Meter(one[0], "roof", one[1]) for one in meters},
        points={one.id: one for one in points},
        installations=tuple(
            Installation(one[0], n, direction=one[2]) for n, one in enumerate(meters)
        ),
    )


IN, BACK = Direction.IMPORT, Direction.EXPORT


@pytest.mark.parametrize(
    ("meters", "known"),
    [
        ([("pv", "01000", IN)], True),
        ([("in", "01000", IN), ("out", "01000", BACK)], True),
        ([("in", "01000", IN), ("ac", "01B00", IN)], False),
        ([("one", "01000", BACK), ("two", "01000", BACK)], False),
        ([("water", "02000", IN)], False),
    ],
)
def test_irradiance_is_of_the_only_meter_of_panels(
    meters: list[tuple[str, str, Direction]], known: bool
) -> None:
    assert (Need.IRRADIANCE in provided(registry(*meters), ["roof"], FIRST)) == known


def recorded(plant: str, first: str, last: str) -> Hours:
    """Hourly means of a plant [kW], its own clock; NaN where a quarter is missing."""
    rows = (
        duckdb.connect()
        .execute(
            "SELECT CAST(floor(epoch(ts_local) / 3600) AS BIGINT) AS hour, avg(real_kw) AS kw, "
            "count(real_kw) AS n, CAST(floor(epoch(CAST(? AS TIMESTAMP)) / 3600) AS BIGINT) AS f "
            f"FROM '{CAMPUS}' WHERE meter = ? AND ts_local >= ? AND ts_local < ? GROUP BY 1",
            [first, plant, first, last],
        )
        .fetchnumpy()
    )
    hours = int((np.datetime64(last) - np.datetime64(first)) / np.timedelta64(1, "h"))
    found = np.full(hours, np.nan)
    whole = np.asarray(rows["n"]) >= 4
    found[np.asarray(rows["hour"] - rows["f"])[whole]] = np.asarray(rows["kw"])[whole]
    return np.asarray(np.abs(found))


@pytest.mark.skipif(not CAMPUS.exists(), reason=f"no {CAMPUS}")
@pytest.mark.parametrize(
    ("plant", "first", "last", "runs"),
    [
        ("MayerHallPV", "2019-09-01", "2019-12-01", 1),
        ("HopkinsParkingPV", "2019-10-01", "2019-12-31", 1),
        ("BioEngineeringPV", "2018-03-01", "2018-06-01", 0),
    ],
)
def test_a_recorded_plant_is_held_against_its_neighbour(
    plant: str, first: str, last: str, runs: int
) -> None:
    """Another plant of the campus stands in for the sensor."""
    made, light = recorded(plant, first, last), recorded("SDSC_PV", first, last)
    day = np.arange(made.size) // 24
    found = low_yields(day, made, light / np.nanpercentile(light, 99) * 950, 3.0)
    assert len(found) == runs
