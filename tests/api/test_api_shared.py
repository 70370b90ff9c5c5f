"""A place of several institutions: each reads its own part and its share, and nothing of the whole
or of the others. `hall` is of the school and of the bureau from the third day on."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

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
    Validity,
)
from tests.api.conftest import World

ZONE = "Asia/Shanghai"
FIRST = date(2026, 11, 9)
DAYS = 4
TURN = FIRST + timedelta(days=2)
ASKED = {"start": FIRST.isoformat(), "end": (FIRST + timedelta(days=DAYS)).isoformat()}
A_DAY = 24_000_000


def registry() -> Registry:
    nodes = [
        Node("bureau", NodeType.INSTITUTION, zone=ZONE),
        Node("school", NodeType.INSTITUTION, zone=ZONE),
        Node("yard", NodeType.SITE),
        Node("hall", NodeType.BUILDING, "大厅", "Hall"),
    ]
    return Registry(
        version=1,
        nodes={one.code: one for one in nodes},
        space=(
            SpaceEdge("school", "yard"),
            SpaceEdge("yard", "hall", valid=Validity(end=TURN)),
            SpaceEdge("yard", "hall", "300 m2", Validity(TURN)),
            SpaceEdge("bureau", "hall", "100 m2", Validity(TURN)),
        ),
        gateways={"yard/g": Gateway("yard", "g")},
        meters={"m": Meter("m", "hall", "01000", total=True)},
        points={1: Point(1, "yard/g", "m", Kind.REGISTER, "kWh")},
        installations=(Installation("m", 1),),
    )


@pytest.fixture
def shared(booked: Any) -> World:
    start = day_bounds(FIRST, ZONE)[0]
    times = [start + n * HOUR_US for n in range(DAYS * 24 + 1)]
    now_us = start + (DAYS * 24 + 12) * HOUR_US
    world: World = booked(registry(), now_us, {1: (times, np.arange(len(times)))})
    for name in ("school", "bureau", "hall"):
        world.keys[name] = world.platform.access.create_key(
            name, name, Role.ADMIN, actor="test", now_us=now_us
        )
    world.keys["all"] = world.platform.access.create_key(
        "all", "", Role.ADMIN, actor="test", now_us=now_us
    )
    return world


def amounts(world: World, key: str, **named: object) -> list[int | None]:
    found = world.get("/v1/energy", key=key, **{**ASKED, **named}).json()
    return [one["amount"] for one in found["data"]]


def test_each_reads_its_part_in_its_own_figure(shared: World) -> None:
    assert amounts(shared, "school", node="school") == [A_DAY] * 2 + [A_DAY * 3 // 4] * 2
    assert amounts(shared, "bureau", node="bureau") == [None] * 2 + [A_DAY // 4] * 2
    assert amounts(shared, "all", node="hall") == [A_DAY] * 4


def test_the_whole_is_told_to_nobody_who_has_a_share_of_it(shared: World) -> None:
    assert amounts(shared, "school", node="hall") == [A_DAY] * 2 + [None] * 2
    assert amounts(shared, "school", meter="m") == [A_DAY] * 2 + [None] * 2
    assert shared.get("/v1/energy", key="bureau", node="hall").status_code == 404
    assert shared.get("/v1/energy", key="bureau", meter="m").status_code == 404
    nodes = [one["code"] for one in shared.get("/v1/nodes", key="bureau").json()["data"]]
    assert nodes == ["bureau"]
    asked = {"node": "bureau", "time": f"{TURN}T04:00:00Z"}
    assert shared.get("/v1/energy/lineage", key="bureau", **asked).json()["meters"] == []


def test_the_own_part_and_share_are_told_and_nothing_of_the_others(shared: World) -> None:
    found = shared.get("/v1/energy/shares", key="bureau", node="bureau", **ASKED).json()["data"]
    assert [(one["place"], one["share"], one["fraction"]) for one in found] == [
        ("hall", "100 m2", "1/4")
    ]
    assert found[0]["place_name"] == {"zh": "大厅", "en": "Hall"}
    assert (found[0]["start"], found[0]["amount"]) == (TURN.isoformat(), A_DAY // 2)
    told = shared.get("/v1/energy/shares", key="bureau", node="bureau", **ASKED).text
    assert "yard" not in told
    assert "school" not in told
    other = shared.get("/v1/energy/shares", key="bureau", node="yard", **ASKED)
    assert other.status_code == 404
    parts = [
        shared.get("/v1/energy/shares", key="all", node=node, **ASKED).json()["data"][0]["amount"]
        for node in ("yard", "bureau")
    ]
    assert sum(parts) == 2 * A_DAY


def test_silent_meters_of_a_shared_place_are_not_named(booked: Any) -> None:
    known = registry()
    quiet = Meter("quiet", "hall", "01A00")
    more = replace(known, meters={**known.meters, "quiet": quiet})
    now_us = day_bounds(FIRST + timedelta(days=DAYS), ZONE)[0] + HOUR_US
    world: World = booked(more, now_us, {})
    world.keys["bureau"] = world.platform.access.create_key(
        "bureau", "bureau", Role.READ, actor="test", now_us=now_us
    )
    found = world.get("/v1/energy", key="bureau", node="bureau", **ASKED).json()
    assert found["silent_meters"] == []


def test_a_closed_month_is_told_to_the_platform_as_to_the_institution(booked: Any) -> None:
    """Whoever reads everything meets the meters of shared places, which others book."""
    first = date(2026, 10, 1)
    start = day_bounds(first, ZONE)[0]
    times = [start + n * HOUR_US for n in range(31 * 24 + 1)]
    known = registry()
    space = (
        SpaceEdge("school", "yard"),
        SpaceEdge("yard", "hall", "300 m2"),
        SpaceEdge("bureau", "hall", "100 m2"),
    )
    now_us = times[-1] + 100 * HOUR_US
    world: World = booked(replace(known, space=space), now_us, {1: (times, np.arange(len(times)))})
    for name, place in (("bureau", "bureau"), ("school", "school"), ("all", "")):
        world.keys[name] = world.platform.access.create_key(
            name, place, Role.ADMIN, actor="test", now_us=now_us
        )
    wanted = {"institution": "bureau", "period": "2026-10", "reason": "it holds now"}
    closed = world.client.post(
        "/v1/closings", json=wanted, headers={"X-API-Key": world.keys["all"]}
    )
    assert closed.status_code == 201
    asked = {"node": "bureau", "item": "01000", "start": "2026-10-01", "end": "2026-11-01"}
    revision = closed.json()["revision"]
    for moment in ("c1", str(revision), f"{revision}@{closed.json()['registry_version']}"):
        for path, more in (("/v1/energy", {"step": "month"}), ("/v1/energy/lineage", {})):
            own, whole = (
                world.get(path, key=key, as_of=moment, **asked, **more).json()
                for key in ("bureau", "all")
            )
            if path == "/v1/energy":
                assert own["data"][0]["amount"] == 31 * A_DAY // 4
                assert whole == own
            else:
                assert whole["amount"] == own["amount"] == 31 * A_DAY // 4
                listed = [one["meter"] for one in whole["meters"]]
                assert listed == (["m"] if moment == "c1" else [])
    for path in ("/v1/energy", "/v1/energy/lineage"):
        other = world.get(path, key="all", as_of="c1", **{**asked, "node": "school"})
        assert (other.status_code, other.json()["field"], other.json()["value"]) == (
            *(422, "as_of"),
            "c1",
        )
