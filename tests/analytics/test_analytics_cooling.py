"""Air and water of a data centre: too cold for the racks, unused, or back too soon."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analytics import find
from analytics.patterns import Need, provided
from analytics.sensors import SensedHours, sensed_at
from api.sentences import sentence
from metering.reading import Kind
from metering.registry import Installation, Meter, Node, NodeType, Point, Registry, SpaceEdge
from tests.analytics.hourly_inputs import FIRST, ZONE, Hours, inputs

AIR, WATER = {"dc_overcooling"}, {"dc_low_delta_t"}
HOUR = np.arange(24 * 45)
LATE = HOUR >= 24 * 30
DAY = HOUR // 24
SUPPLY, BACK, INLET = (f"{one}_temperature" for one in ("supply_air", "return_air", "rack_inlet"))
OUT, RETURN = (f"chilled_water_{one}_temperature" for one in ("supply", "return"))
RNG = np.random.default_rng(5)
POWER = 60 + 30 * np.sin((HOUR % 24 - 9) / 24 * 2 * np.pi) + 8 * RNG.normal(size=HOUR.size)


def told(patterns: set[str], *sensed: tuple[str, Hours | float], power: Hours = POWER) -> list[Any]:
    said = tuple(
        SensedHours(f"n{n}", role, "ac", np.broadcast_to(own, HOUR.shape).astype(np.float64))
        for n, (role, own) in enumerate(sensed)
    )
    found = find(inputs({"ac": ("01B00", power)}, sensed=said))
    return [one for one in found if one.pattern in patterns]


def test_racks_that_are_all_too_cold_are_told_with_the_warmest() -> None:
    (found,) = told(AIR, (INLET, np.where(LATE, 16.0, 22.0)), (INLET, np.where(LATE, 17.2, 24.0)))
    assert (found.cause, found.detail["inlet_c"], found.detail["days"]) == (
        *("air_set_low", 17.2),
        15,
    )
    assert (found.waste, found.costs) == (0.0, ())
    assert "about 17.2 °C on 15 days" in sentence(found, ZONE, "en")


def test_air_that_comes_back_unused_is_told_by_how_little_it_warmed() -> None:
    (found,) = told(AIR, (SUPPLY, 19.0), (BACK, np.where(LATE, 25.0, 31.0)), (INLET, 25.0))
    assert (found.cause, found.detail["air_rise_k"]) == ("air_bypasses", 6.0)
    assert "6.0 K warmer on 15 days" in sentence(found, ZONE, "en")


@pytest.mark.parametrize(
    "sensed",
    [
        [(INLET, 16.0), (INLET, 18.0)],
        [(SUPPLY, 18.0)],
        [(SUPPLY, 14.0), (INLET, 20.0)],
        [(INLET, np.where(DAY % 7 < 4, 16.0, 22.0))],
        [(INLET, np.where(HOUR % 24 < 11, 16.0, 22.0))],
        [(INLET, np.where(HOUR % 24 < 11, 16.0, np.nan))],
        [(SUPPLY, 19.0), (BACK, 25.0), (INLET, 24.0)],
        [(SUPPLY, 19.0), (BACK, 27.0), (INLET, 25.0)],
        [(SUPPLY, 19.0), (BACK, 25.0)],
    ],
)
def test_what_racks_need_or_what_does_not_last_is_not_told(
    sensed: list[tuple[str, Hours | float]],
) -> None:
    assert told(AIR, *sensed) == []


def test_without_a_rack_the_supply_air_stands_for_it() -> None:
    (found,) = told(AIR, (SUPPLY, 15.0), (INLET, np.nan))
    assert found.detail["inlet_c"] == 15.0


def water(share: Hours | float = 1.0, seed: int = 2) -> list[tuple[str, Hours | float]]:
    """Out at 8 C, back by the load."""
    noise = 0.2 * np.random.default_rng(seed).normal(size=HOUR.size)
    return [(OUT, 8.0), (RETURN, 8.0 + (2.0 + POWER * 0.04) * share + noise)]


def test_water_that_comes_back_colder_than_at_such_a_load_is_told() -> None:
    (found,) = told(WATER, *water(np.where(LATE, 0.55, 1.0)))
    assert (found.cause, found.detail["days"]) == ("too_much_water", 15)
    assert found.detail["rise_k"] == pytest.approx(0.55 * found.detail["usual_rise_k"], rel=0.05)
    assert (found.waste, found.costs) == (0.0, ())
    assert "at such a load it was" in sentence(found, ZONE, "en")


@pytest.mark.parametrize(
    "share",
    [
        1.0,
        0.5,
        np.where(LATE, 0.8, 1.0),
        np.where(LATE & (DAY < 34), 0.5, 1.0),
    ],
)
@pytest.mark.parametrize("seed", [2, 3])
def test_water_that_is_as_it_was_or_a_little_colder_is_not_told(
    share: Hours | float, seed: int
) -> None:
    assert told(WATER, *water(share, seed)) == []


def test_little_load_says_nothing_of_the_water() -> None:
    low = np.where(LATE, POWER * 0.2, POWER)
    assert told(WATER, *water(np.where(LATE, 0.4, 1.0)), power=low) == []
    by_night = HOUR % 24 < 14
    still = water(np.where(by_night & LATE, 0.1, 1.0))
    assert told(WATER, *still, power=np.where(by_night, 10.0, POWER)) == []
    few = water(np.where(LATE, np.where(HOUR % 24 < 22, np.nan, 0.4), 1.0))
    assert told(WATER, *few, power=np.full(HOUR.size, 60.0)) == []
    assert told(WATER, *water(), power=np.zeros(HOUR.size)) == []


def test_racks_are_told_one_by_one_of_the_cooling_above_them() -> None:
    nodes = [Node("dc", NodeType.DATACENTRE, zone=ZONE), Node("hall", NodeType.ROOM)]
    meters = [
        Meter("cool", "dc", "01B00", dc_role="cooling"),
        Meter("lamps", "hall", "01A00"),
    ]
    roles = ((INLET, "hall"), (INLET, "hall"), (SUPPLY, "hall"), (SUPPLY, "hall"), (OUT, "dc"))
    points = [
        *(Point(n, "dc/g", one.code, Kind.REGISTER, "kWh") for n, one in enumerate(meters)),
        *(
            Point(9 + n, "dc/g", f"p{n}", Kind.INSTANT, "C", role, node)
            for n, (role, node) in enumerate(roles)
        ),
    ]
    known = Registry(
        nodes={one.code: one for one in nodes},
        space=(SpaceEdge("dc", "hall"),),
        meters={one.code: one for one in meters},
        points={one.id: one for one in points},
        installations=tuple(Installation(one.code, n) for n, one in enumerate(meters)),
    )
    found = sensed_at(known, meters, frozenset(known.nodes), FIRST)
    assert [(one.role, one.meter, len(own)) for one, own in found] == [
        *((OUT, "cool", 1), (INLET, "cool", 1), (INLET, "cool", 1), (SUPPLY, "cool", 2)),
    ]
    assert [one.meter for one, _ in sensed_at(known, meters[1:], frozenset({"hall"}), FIRST)] == [
        "lamps"
    ] * 3
    there = provided(known, ["dc", "hall"], FIRST)
    assert Need.CENTRE_AIR in there
    assert Need.CHILLED_WATER not in there
