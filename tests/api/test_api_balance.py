"""A total against what it should hold: the difference of known days, and which way it goes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np

from metering.access import Role
from metering.localtime import HOUR_US, day_bounds
from metering.reading import Kind
from metering.registry import (
    Gateway,
    Installation,
    Meter,
    Node,
    NodeType,
    Point,
    Registry,
    SpaceEdge,
)

ZONE = "Asia/Shanghai"
FIRST = date(2026, 11, 9)
DAYS = 5
ASKED = {"start": FIRST.isoformat(), "end": (FIRST + timedelta(days=DAYS)).isoformat()}


def registry() -> Registry:
    nodes = [Node("o", NodeType.INSTITUTION, zone=ZONE), Node("b", NodeType.BUILDING)]
    meters = [
        Meter("t", "b", "01000", total=True),
        Meter("x", "b", "01A00"),
        Meter("y", "b", "01B00"),
    ]
    return Registry(
        version=1,
        nodes={one.code: one for one in nodes},
        space=(SpaceEdge("o", "b"),),
        gateways={"b/g": Gateway("b", "g")},
        meters={one.code: one for one in meters},
        points={n: Point(n, "b/g", m.code, Kind.REGISTER, "kWh") for n, m in enumerate(meters, 1)},
        installations=tuple(Installation(m.code, n) for n, m in enumerate(meters, 1)),
    )


def told(booked: Any, lost: list[float], *, silent_from: int = DAYS) -> Any:
    """The answer where the parts have so much less than the total each hour of a day [kWh], and one
    of them ends in the evening before a day."""
    start = day_bounds(FIRST, ZONE)[0]
    times = [start + n * HOUR_US for n in range(DAYS * 24 + 1)]
    part = np.concatenate([[0.0], np.cumsum(np.repeat(4.0 - np.array(lost), 24))])
    half, last = np.arange(len(times)) * 6.0, silent_from * 24 + (1 if silent_from == DAYS else -5)
    now_us = start + (DAYS * 24 + 12) * HOUR_US
    values = {1: (times, np.arange(len(times)) * 10.0), 2: (times, half)}
    world = booked(registry(), now_us, {**values, 3: (times[:last], part[:last])})
    world.keys["o"] = world.platform.access.create_key(
        "o", "o", Role.READ, actor="test", now_us=now_us
    )
    return world.get("/v1/energy/balance", key="o", node="b", **ASKED).json()


def test_parts_that_hold_all_leave_nothing(booked: Any) -> None:
    found = told(booked, [0.0] * DAYS)
    assert [one["difference"] for one in found["data"]] == ["0.000000"] * DAYS
    assert (found["known_days"], found["fraction"]) == (DAYS, "0.000000")


def test_a_difference_that_drifts_shows_in_its_halves(booked: Any) -> None:
    found = told(booked, [0.1, 0.1, 0.3, 0.5, 0.5])
    assert found["data"][0]["total"] == "240.000000"
    assert found["data"][0]["difference"] == "2.400000"
    halves = found["fraction"], found["fraction_before"], found["fraction_after"]
    assert halves == ("0.030000", "0.010000", "0.050000")


def test_a_day_with_a_silent_part_says_nothing(booked: Any) -> None:
    """What is missing would look like a loss."""
    found = told(booked, [0.1] * DAYS, silent_from=3)
    known = [one["difference"] for one in found["data"]]
    assert known == ["2.400000"] * 2 + [None] * 3
    assert found["data"][4]["total"] == "240.000000"
    assert (found["known_days"], found["fraction"]) == (2, "0.010000")
