"""Rooms that are cooled too far, and stale air: told where it lasts, and only then."""

from __future__ import annotations

import csv
from datetime import date
from typing import Any

import duckdb
import numpy as np
import pytest

from analytics import HourCalendar, find
from analytics.rooms import bad_hours
from analytics.sensors import SensedHours, sensed_at
from metering.calendar import WorkCalendar
from metering.localtime import HOUR_US
from metering.reading import Kind
from metering.registry import Meter, Node, NodeType, Point, Registry, SpaceEdge
from proofs.steps import data_folder_with_recordings
from tests.analytics.hourly_inputs import ZONE, Hours, inputs

OFFICE = data_folder_with_recordings() / "energyplus_office"
PATTERNS = {"room_too_cold", "stale_air"}
HOURS = np.arange(24 * 21)
WORKED = (HOURS % 24 >= 8) & (HOURS % 24 < 18) & (HOURS // 24 % 7 < 5)


def told(outdoor: Hours | float, *rooms: SensedHours) -> list[Any]:
    meters = {"m": ("01000", np.full(HOURS.size, 5.0)), "ac": ("01B00", np.full(HOURS.size, 2.0))}
    weather = np.broadcast_to(outdoor, HOURS.shape).astype(np.float64)
    given = inputs(meters, temperature=weather, sensed=rooms)
    return [one for one in find(given) if one.pattern in PATTERNS]


def room(value: Hours | float, role: str = "room_temperature", node: str = "r1") -> SensedHours:
    return SensedHours(node, role, "ac", np.where(WORKED, value, 24.5))


def test_a_room_that_is_cooled_too_far_is_told_with_its_hours_and_no_waste() -> None:
    (found,) = told(32.0, room(22.0), room(25.5, node="r2"))
    assert (found.pattern, found.meter, found.node) == ("room_too_cold", "ac", "r1")
    assert (found.detail["rooms"], found.detail["room_value"], found.detail["days"]) == (
        *("r1", 22.0),
        15,
    )
    assert len(found.hours_us) == int(WORKED.sum())
    assert (found.waste, found.costs) == (0.0, ())


def test_rooms_of_one_meter_are_one_finding() -> None:
    (found,) = told(32.0, room(22.0), room(21.0, node="r2"))
    assert (found.detail["rooms"], found.node) == ("r1 r2", "house")


@pytest.mark.parametrize(
    ("outdoor", "inside"),
    [
        (32.0, 24.0),
        (24.0, 22.0),
        (32.0, np.where(HOURS // 24 % 7 < 4, 22.0, 25.0)),
        (32.0, np.where(HOURS % 24 < 12, 22.0, 25.0)),
        (np.nan, 22.0),
    ],
)
def test_what_is_near_or_short_or_explained_is_not_told(
    outdoor: float, inside: Hours | float
) -> None:
    assert told(outdoor, room(inside)) == []


def test_stale_air_is_told_where_people_work() -> None:
    (found,) = told(np.nan, room(1400.0, "co2"))
    assert (found.pattern, found.detail["room_limit"]) == ("stale_air", 1000.0)
    assert told(np.nan, room(950.0, "co2")) == []
    night = SensedHours("r1", "co2", "ac", np.where(WORKED, 600.0, 1500.0))
    assert told(np.nan, night) == []


def test_a_day_of_few_known_hours_is_none() -> None:
    hours_us = np.arange(24 * 7, dtype=np.int64) * HOUR_US + 1_772_380_800_000_000
    clock = HourCalendar.of(hours_us, ZONE, WorkCalendar())
    for known, count in ((4, 20), (3, 0)):
        values = np.where((clock.hour >= 8) & (clock.hour < 8 + known), 1.0, np.nan)
        found = bad_hours([SensedHours("r", "co2", "m", values)], clock, lambda own: own > 0)
        assert sum(hours.size for own in found.values() for _, hours in own) == count


def test_a_room_is_told_of_the_nearest_meter_of_its_cooling() -> None:
    nodes = [Node("s", NodeType.SITE), Node("b", NodeType.BUILDING), Node("r", NodeType.ROOM)]
    meters = [Meter("w", "b", "02000"), Meter("e", "b", "01000"), Meter("top", "s", "01000")]
    roles = (("r", "co2"), ("r", "co2"), ("s", "room_temperature"), ("r", "occupancy"))
    points = [
        Point(n, "s/g", f"p{n}", Kind.INSTANT, "C", role, node)
        for n, (node, role) in enumerate(roles)
    ]
    known = Registry(
        nodes={one.code: one for one in nodes},
        space=(SpaceEdge("s", "b"), SpaceEdge("b", "r")),
        points={one.id: one for one in points},
    )
    places, day = frozenset(known.nodes), date(2026, 5, 4)

    def of(*some: Meter) -> list[tuple[str, str, str, int]]:
        found = sensed_at(known, some, places, day)
        return [(one.node, one.role, one.meter, len(own)) for one, own in found]

    assert of(*meters) == [("r", "co2", "e", 2), ("s", "room_temperature", "top", 1)]
    assert of(*meters, Meter("z", "b", "01B10"))[0] == ("r", "co2", "z", 2)
    assert of(meters[0]) == [("r", "co2", "w", 2)]


def simulated(run: str, first: str, last: str) -> tuple[Hours, list[Hours]]:
    """Outdoor and two zones of a simulated office in a span."""
    names = ("outdoor_c", "zone_core_mid_c", "zone_perimeter_mid_zn_1_c")
    rows = duckdb.sql(
        f"SELECT {', '.join(names)} FROM '{OFFICE}/{run}.parquet' "
        f"WHERE ts >= '{first}' AND ts < '{last}' ORDER BY ts"
    ).fetchnumpy()
    outdoor, *zones = (np.asarray(rows[name], dtype=np.float64) for name in names)
    return outdoor, zones


def told_of(run: str, first: str, last: str) -> list[Any]:
    outdoor, zones = simulated(run, first, last)
    rooms = [SensedHours(f"z{n}", "room_temperature", "m", own) for n, own in enumerate(zones)]
    meters = {"m": ("01B00", np.full(outdoor.size, 5.0))}
    return [
        one
        for one in find(inputs(meters, temperature=outdoor, sensed=rooms))
        if one.pattern in PATTERNS
    ]


@pytest.mark.skipif(not OFFICE.exists(), reason=f"no {OFFICE}")
def test_a_simulated_office_is_told_where_its_setpoint_was_lowered() -> None:
    """It cools to 24 C as designed, and 2 K lower in August of one year. The run's dates are moved
    to the clock of the test, weekday by weekday."""
    with (OFFICE / "labels.csv").open(encoding="utf-8") as file:
        (lowered, *_) = [
            one
            for one in csv.DictReader(file)
            if "coolsp" in one["run_id"] and "-08-" in one["start"]
        ]
    span = ("2023-07-31", "2023-08-28")
    assert lowered["start"] < span[1]
    (found,) = told_of("medium_co__setback_coolsp", *span)
    assert found.pattern == "room_too_cold"
    assert found.detail["room_value"] == pytest.approx(22.0, abs=0.5)
    assert told_of("medium_co__clean", *span) == []


@pytest.mark.skipif(not OFFICE.exists(), reason=f"no {OFFICE}")
@pytest.mark.parametrize("run", ["medium_ny__clean", "medium_co__clean"])
@pytest.mark.parametrize("month", range(1, 13))
def test_a_clean_simulated_office_is_silent_all_year(run: str, month: int) -> None:
    """It heats to 21 C and cools to 24 C."""
    first = date(2023, month, 1)
    last = date(2023 + month // 12, month % 12 + 1, 1)
    assert told_of(run, first.isoformat(), last.isoformat()) == []
