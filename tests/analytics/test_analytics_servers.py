"""Servers that are hardly used for a month are told, where somebody says how much they are used."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pytest

from analytics import find
from analytics.patterns import Need, provided
from analytics.sensors import SensedHours, sensed_at
from api.sentences import sentence
from metering.reading import Kind
from metering.registry import Installation, Meter, Node, NodeType, Point, Registry, SpaceEdge
from proofs.steps import data_folder_with_recordings
from tests.analytics.hourly_inputs import FIRST, ZONE, Hours, inputs

SERVERS = data_folder_with_recordings() / "server_idle" / "servers_hourly.parquet"
HOUR = np.arange(24 * 45)
FLAT = np.full(HOUR.size, 0.2)
LATE = HOUR >= 24 * 10


def told(power: Hours, *uses: Hours) -> list[Any]:
    sensed = tuple(SensedHours(f"r{n}", "it_utilisation", "it", one) for n, one in enumerate(uses))
    found = find(inputs({"it": ("01D10", power)}, sensed=sensed))
    return [one for one in found if one.pattern == "idle_servers"]


def test_a_month_of_little_use_is_told_with_what_was_drawn_and_no_waste() -> None:
    (found,) = told(FLAT, np.where(LATE, 2.0, 40.0), np.where(LATE, 1.0, 0.0))
    assert (found.waste, found.costs, found.detail["days"]) == (0.0, (), 35)
    assert (found.detail["use_percent"], found.detail["idle_kw"]) == (2.0, 0.2)
    assert found.confidence == 0.5
    assert "2.0 % on 35 days and drew 0.20 kW" in sentence(found, ZONE, "en")


@pytest.mark.parametrize(
    ("use", "days"),
    [
        (np.where(LATE, 5.0, 40.0), 35),
        (np.where(LATE, 5.1, 40.0), None),
        (np.where(HOUR >= 24 * 16, 2.0, 40.0), None),
        (np.where(HOUR % 24 == 3, 80.0, 2.0), 45),
        (np.where(HOUR % 24 < 2, 80.0, 2.0), None),
        (np.where((HOUR // 24 >= 20) & (HOUR // 24 < 22), np.nan, 2.0), 43),
        (np.where((HOUR // 24 >= 20) & (HOUR // 24 < 24), np.nan, 2.0), None),
        (np.where(HOUR // 24 == 20, 30.0, 2.0), None),
        (np.where(HOUR % 24 < 5, np.nan, 2.0), None),
    ],
)
def test_a_run_is_of_thirty_idle_days_that_no_day_of_use_ends(use: Hours, days: int | None) -> None:
    assert [one.detail["days"] for one in told(FLAT, use)] == ([] if days is None else [days])


def test_what_rests_at_night_or_is_used_elsewhere_is_not_told() -> None:
    idle = np.full(HOUR.size, 1.0)
    resting = np.where((HOUR % 24 >= 8) & (HOUR % 24 < 18), 0.2, 0.1)
    assert told(resting, idle) == []
    assert told(np.zeros(HOUR.size), idle) == []
    assert told(FLAT, idle, np.full(HOUR.size, 30.0)) == []
    assert told(FLAT, idle, np.full(HOUR.size, np.nan)) == []
    assert told(FLAT) == []


def test_a_use_is_of_the_rack_or_of_the_servers_above() -> None:
    nodes = [Node("dc", NodeType.DATACENTRE, zone=ZONE), Node("r1", NodeType.ROOM)]
    nodes.append(Node("r2", NodeType.ROOM))
    meters = [
        Meter("all", "dc", "01000", dc_role="utility"),
        Meter("it", "dc", "01D10", dc_role="it"),
        Meter("rack", "r1", "01D10"),
    ]
    points = [
        *(Point(n, "dc/g", one.code, Kind.REGISTER, "kWh") for n, one in enumerate(meters)),
        *(
            Point(9 + n, "dc/g", f"u{n}", Kind.MEAN, "%", "it_utilisation", node)
            for n, node in enumerate(("dc", "r1", "r1", "r2"))
        ),
    ]
    known = Registry(
        nodes={one.code: one for one in nodes},
        space=(SpaceEdge("dc", "r1"), SpaceEdge("dc", "r2")),
        meters={one.code: one for one in meters},
        points={one.id: one for one in points},
        installations=tuple(Installation(one.code, n) for n, one in enumerate(meters)),
    )
    found = sensed_at(known, meters, frozenset(known.nodes), FIRST)
    assert [(one.node, one.meter, len(own)) for one, own in found] == [
        *(("dc", "it", 1), ("r1", "rack", 2), ("r2", "it", 1)),
    ]
    assert sensed_at(known, meters[:1], frozenset({"r2"}), FIRST) == []
    assert Need.IT_UTILISATION in provided(known, ["r1"], FIRST)
    assert Need.IT_UTILISATION not in provided(known, ["r2"], FIRST)


@pytest.mark.skipif(not SERVERS.exists(), reason=f"no {SERVERS}")
@pytest.mark.parametrize(("server", "runs"), [("cbsugpu05", 3), ("cbsugpu08", 0)])
def test_recorded_servers_are_told_while_they_idle(server: str, runs: int) -> None:
    """Three years of their hours on the clock of the test."""
    rows = (
        duckdb.connect()
        .execute(
            f"SELECT epoch_us(ts_local) AS at_us, powerave, utilave FROM '{SERVERS}' "
            f"WHERE server = '{server}' ORDER BY ts_local"
        )
        .fetchnumpy()
    )
    place = (rows["at_us"] - rows["at_us"][0] // 86_400_000_000 * 86_400_000_000) // 3_600_000_000
    power, use = (np.full((int(place[-1]) // 24 + 1) * 24, np.nan) for _ in range(2))
    power[place] = np.asarray(rows["powerave"], dtype=np.float64) / 1000
    use[place] = np.asarray(rows["utilave"], dtype=np.float64)
    assert len(told(power, use)) == runs
