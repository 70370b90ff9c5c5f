"""What is known of a gateway's clock over the API, and what people decide of it."""

from __future__ import annotations

import numpy as np
import pytest

from metering.clock_repair import ClockRepair
from metering.localtime import HOUR_US, iso
from metering.reading import Flag, ReadingColumns

HOME = "/v1/gateways/campus/gw-1"


@pytest.fixture
def off(world):
    """A world of whose gateway it is proposed that it was an hour ahead for a while."""
    now_us = world.platform.now_us()
    one = ClockRepair("campus/gw-1", HOUR_US, now_us - 5 * HOUR_US, seen_us=now_us - 1)
    world.platform.clocks.keep_clock_repair(one)
    return world


def post(world, path, body, key="bureau"):
    headers = {"X-API-Key": world.keys[key]}
    return world.client.post(f"{HOME}/clock/{path}", json=body, headers=headers)


def shown(world):
    told = world.get(HOME).json()
    return told["clock_proposed_seconds"], told["clock_repaired_seconds"], told["quarantined"]


def test_a_proposal_is_told_accepted_ended_and_taken_back(off):
    known = off.get(f"{HOME}/clock").json()
    assert (known["gateway"], known["mode"], known["quarantined"]) == ("campus/gw-1", "propose", 0)
    (one,) = known["repairs"]
    assert (one["state"], one["ahead_s"], one["until"]) == ("proposed", 3_600.0, None)
    assert shown(off) == (3_600.0, None, 0)
    done = post(off, "repair", {"id": one["id"]})
    assert done.status_code == 200
    assert (done.json()["state"], done.json()["moving"]) == ("repaired", True)
    assert shown(off) == (None, 3_600.0, 0)
    until = iso(off.platform.now_us() - HOUR_US)
    assert post(off, "repair", {"id": one["id"], "until": until}).json()["until"] == until
    assert shown(off) == (None, None, 0)
    gone = post(off, "dismiss", {"id": one["id"]}).json()
    assert (gone["state"], gone["moving"]) == ("dismissed", True)
    assert post(off, "mode", {"mode": "repair"}).json()["mode"] == "repair"
    assert [x["state"] for x in off.get(f"{HOME}/clock").json()["repairs"]] == ["dismissed"]


def test_the_button_of_a_repair_accepts_what_is_proposed(off):
    checks = {one["check"]: one for one in off.get("/v1/repairs").json()["data"]}
    (told,) = checks["gateway_clock"]["repairs"]
    assert (told["code"], told["said"], told["mending"]["kind"]) == (
        "campus/gw-1", {"seconds": 3600}, "clock",
    )  # fmt: skip
    body = {"check": "gateway_clock", "code": "campus/gw-1"}
    headers = {"X-API-Key": off.keys["operator"]}
    done = off.client.post("/v1/repairs/mend", json=body, headers=headers)
    assert done.json()["count"] == 1, done.text
    assert shown(off) == (None, 3_600.0, 0)
    assert off.client.post("/v1/repairs/mend", json=body, headers=headers).status_code == 404


def test_what_cannot_be_says_which_field(off):
    now_us = off.platform.now_us()
    start, end = iso(now_us - 2 * HOUR_US), iso(now_us - HOUR_US)
    assert post(off, "repair", {"ahead_s": 60.0, "from": start}).json()["field"] == "ahead_s"
    assert post(off, "repair", {"from": start}).json()["field"] == "ahead_s"
    assert post(off, "repair", {"ahead_s": 900}).json()["field"] == "from"
    backwards = {"ahead_s": 900, "from": end, "until": start}
    assert post(off, "repair", backwards).json()["field"] == "until"
    assert post(off, "dismiss", {"id": 99}).status_code == 404
    assert post(off, "repair", {"ahead_s": 900, "from": start}).status_code == 200
    other = post(off, "repair", {"ahead_s": 900, "from": end})
    assert (other.status_code, other.json()["field"]) == (409, "from")


def test_a_reading_tells_which_time_was_reported(off):
    now_us = off.platform.now_us()
    (one,) = off.get(f"{HOME}/clock").json()["repairs"]
    post(off, "repair", {"id": one["id"]})
    point = next(p for p in off.platform.registry().points.values() if p.gateway == "campus/gw-1")
    time_us = (now_us - 2 * HOUR_US) // 1_000_000 * 1_000_000 + 7
    rows = ReadingColumns.of([(point.id, time_us, 5.0, int(Flag.CLOCK_REPAIRED), 1, 1, 1, 1, 0)])
    off.platform.readings.upsert(rows)
    path = f"/v1/points/{point.id}/readings?start={iso(time_us)}&end={iso(time_us + 1_000_000)}"
    (told,) = [r for r in off.get(path).json()["data"] if np.isclose(r["value"], 5.0)]
    assert (told["time"], told["reported"]) == (iso(time_us), iso(time_us + HOUR_US))
