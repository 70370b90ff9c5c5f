"""Gateways over HTTP: added, rotated, revoked, by who administers their site."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from api import create_app
from metering.intake import GatewayConnection
from metering.registry.files import read_registry_texts

NEW = {"site": "campus", "code": "roof", "name_en": "Roof"}
OPEN = GatewayConnection("c", "10.2.0.14", "5", 1, 9, 2, 0, ("a/#",))


@pytest.fixture
def office(world):
    """The world with a registry that is read as it is in earnest."""

    def read(texts, end):
        return read_registry_texts(texts, world.platform.registry(), end_missing=end)

    platform = replace(
        world.platform, read_registry=read, connections=lambda: {"campus/gw-1": [OPEN]}
    )
    return replace(world, platform=platform, client=TestClient(create_app(platform)))


def admits(office, password: str, now_us: int = 2**60) -> bool:
    return office.platform.credentials.verify("campus/roof", password.encode(), now_us)


def test_an_administrator_of_a_site_adds_rotates_and_revokes(office):
    made = office.post("/v1/gateways", json=NEW)
    assert made.status_code == 201
    first = made.json()["password"]
    assert admits(office, first)
    second = office.post("/v1/gateways/campus/roof/password").json()["password"]
    assert [admits(office, one) for one in (first, second)] == [False, True]
    third = office.post("/v1/gateways/campus/roof/password?keep_old_h=1").json()["password"]
    now_us = office.platform.now_us()
    assert admits(office, second, now_us)
    assert not admits(office, second)
    assert admits(office, third)
    assert office.post("/v1/gateways/campus/roof/revoke").json() == {"revoked": "campus/roof"}
    told = office.get("/v1/gateways/campus/roof").json()
    assert (told["revoked"], told["next"]["step"]) == (True, "add_again")
    assert office.post("/v1/gateways/campus/roof/password").status_code == 409
    again = office.post("/v1/gateways", json=NEW).json()["password"]
    assert admits(office, again)
    assert office.post("/v1/gateways", json=NEW).status_code == 409
    entries = office.get("/v1/audit").json()["data"]
    own = [entry["action"] for entry in entries if entry["subject"] == "campus/roof"]
    assert own == ["gateway.password", "gateway.revoke", "gateway.password", "gateway.password"]
    assert {entry["institution"] for entry in entries if entry["subject"] == "campus/roof"} == {
        "bureau"
    }
    assert not any(secret in str(entries) for secret in (first, second, third, again))


def test_a_route_needs_a_key_of_the_whole_platform(office):
    routed = {**NEW, "topic": "plc/#", "decoder": "native"}
    assert office.post("/v1/gateways", json=routed).status_code == 403
    assert office.post("/v1/gateways", key="whole", json=routed).status_code == 201


def test_a_gateway_that_is_connected_tells_of_its_connections(office):
    told = office.get("/v1/gateways/campus/gw-1").json()
    (one,) = told["connections"]
    assert (one["address"], one["subscriptions"]) == ("10.2.0.14", ["a/#"])
    assert told["dead_letter_reasons"] == {"unknown_point": 5}


def test_a_building_of_the_site_adds_none(office):
    assert office.post("/v1/gateways", key="building", json=NEW).status_code in (403, 404)


def test_dead_letters_are_told_by_cause_and_asked_for_again(office):
    groups = office.get("/v1/dead-letters/groups").json()["data"]
    assert {one["reason"] for one in groups} == {"unknown_point"}
    assert sum(one["letters"] for one in groups) == 5
    assert all(one["example"]["fix_zh"] for one in groups)
    assert len(office.get("/v1/dead-letters/groups?limit=2").json()["data"]) == 2
    refused = office.post("/v1/dead-letters/groups/replay")
    assert (refused.status_code, refused.json()["field"]) == (422, "reason")
    one = f"/v1/dead-letters/groups/replay?id={groups[0]['example']['id']}"
    assert office.post(one).json() == {"asked": 1}
    path, cause = "/v1/dead-letters/groups/replay", {"reason": "unknown_point"}
    for twice in (office.post(f"{path}?id=1", json=cause), office.post(path, json={"Reason": "x"})):
        assert (twice.status_code, twice.json()["field"]) in ((422, "body"), (422, "Reason"))
    assert office.post(path, json={}).status_code == 422
    assert office.post(path, json=cause).json() == {"asked": 4}
    assert office.get("/v1/dead-letters/groups").json()["data"] == []
    assert len(office.get("/v1/dead-letters/groups?state=asked").json()["data"]) == len(groups)
    actions = [entry["action"] for entry in office.get("/v1/audit").json()["data"]]
    assert actions.count("dead_letters.replay") == 2


def test_dead_letters_of_a_cause_are_discarded_with_the_reason_in_the_log(office):
    path, cause = "/v1/dead-letters/groups/discard", {"reason": "unknown_point"}
    for body, field in (
        ({"why": "tried out"}, "reason"),
        (cause, "why"),
        ({**cause, "why": " "}, "why"),
    ):
        refused = office.post(path, json=body)
        assert (refused.status_code, refused.json()["field"]) == (422, field), body
    assert office.post(path, "reader", json={**cause, "why": "x"}).status_code == 403
    assert office.post(path, json={**cause, "why": "tried out"}).json() == {"discarded": 5}
    assert office.get("/v1/dead-letters?state=open").json()["data"] == []
    # That of the other institution is not touched.
    foreign = {"reason": "bad_unit", "why": "x"}
    assert office.post(path, json=foreign).json() == {"discarded": 0}
    assert office.get("/v1/dead-letters/6", key="school").json()["state"] == "open"
    entry = office.get("/v1/audit").json()["data"][1]
    told = (entry["action"], entry["subject"], entry["reason"])
    assert told == ("dead_letters.discard", "reason=unknown_point", "tried out")
