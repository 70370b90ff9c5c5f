"""A part of the platform that does not work is named on every page, with what it says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np

from api import PartHealth
from metering.clock_repair import ClockRepair
from metering.edge_node import EdgeNode
from metering.intake import GatewayTrouble
from metering.localtime import HOUR_US, day_bounds, iso
from tests.api.conftest import NOW_US, TODAY, ZONE, registry, sign_in


class Told:
    """The intake, which has something in quarantine and heard of edge nodes."""

    def __init__(self, intake, quarantined, nodes):
        self.intake = intake
        self.quarantined, self.edge_nodes = (lambda: quarantined), (lambda _: nodes)

    def __getattr__(self, name):
        return getattr(self.intake, name)


def test_a_part_in_trouble_is_named_on_every_page(world, signed_in):
    said = "no broker answers (broker.url = 'mqtt://b') - start it"
    world.client.app.state.platform = replace(
        world.client.app.state.platform,
        health=lambda: {"broker": PartHealth(False, {"error": said}), "intake": PartHealth(True)},
    )
    for path in ("/", "/findings", "/gateways"):
        html = world.client.get(path).text
        assert 'role="alert"' in html
        assert "broker" in html
        assert "no broker answers" in html


def test_nothing_is_said_while_all_is_well(world, signed_in):
    assert 'role="alert"' not in world.client.get("/").text


def test_why_a_gateway_was_turned_away_is_told_to_those_who_see_it(world, signed_in):
    platform = world.client.app.state.platform
    why = GatewayTrouble(platform.now_us() - 60_000_000, "bad_user_or_password", "", "10.2.0.14", 3)
    told = {"campus/gw-1": why, "elsewhere/gw": why}
    world.client.app.state.platform = replace(platform, troubles=lambda: told)
    rows = {one["gateway"]: one["trouble"] for one in world.get("/v1/gateways").json()["data"]}
    assert "elsewhere/gw" not in rows
    assert rows.pop("campus/gw-1") == {
        "at": iso(why.at_us),
        "reason": "bad_user_or_password",
        "detail": "",
        "address": "10.2.0.14",
        "times": 3,
    }
    assert not any(rows.values())
    html = world.client.get("/gateways").text
    assert "wrong password" in html
    assert "3 times in a row, from 10.2.0.14 last" in html
    assert "somebody else uses its name" in html


def test_what_a_gateway_waits_for_in_vain_is_told_to_those_who_see_it(world, signed_in):
    platform = world.client.app.state.platform
    told = {"campus/gw-1": ("#", "<b>/+"), "elsewhere/gw": ("secret/#",)}
    world.client.app.state.platform = replace(platform, subscribed=lambda: told)
    rows = {one["gateway"]: one["subscribed"] for one in world.get("/v1/gateways").json()["data"]}
    assert rows.pop("campus/gw-1") == ["#", "<b>/+"]
    assert not any(rows.values())
    html = world.client.get("/gateways").text
    assert "It listens to topics that nothing is published to:" in html
    assert "<code>&lt;b&gt;/+</code>" in html
    assert "secret" not in html


def test_nodes_clock_and_what_waits_for_it_are_told_with_a_button(world):
    intake, now_us = world.platform.intake, world.platform.now_us()
    proposal = ClockRepair("campus/gw-1", HOUR_US, now_us - 5 * HOUR_US, seen_us=now_us - 1)
    id = world.platform.clocks.keep_clock_repair(proposal).id
    node = EdgeNode("campus/gw-1", "plant/<hall>", devices={"fan": False}, gaps=2, wants="gap")
    told = Told(intake, {"campus/gw-1": 7}, [node, replace(node, node="plant/roof", online=True)])
    world.client.app.state.platform = replace(world.platform, intake=told)
    sign_in(world, "reader")
    html = world.client.get("/gateways").text
    assert "7 readings wait until its clock is right" in html
    assert "<code>plant/&lt;hall&gt;</code> 1 device offline: <code>fan</code>" in html
    assert html.index("plant/&lt;hall&gt;") < html.index("plant/roof")
    assert "a number of its sequence did not come" in html
    assert "proposed: its clock is +3600.0 s ahead since" in html
    assert 'name="decision"' not in html
    csrf = sign_in(world, "operator").csrf
    assert 'value="accept"' in world.client.get("/gateways").text
    form = {"csrf": csrf, "gateway": "campus/gw-1", "id": id, "decision": "dismiss"}
    assert world.client.post("/gateways/clock", data={**form, "csrf": "x"}).status_code == 403
    for decision, state in (("dismiss", "dismissed"), ("accept", "repaired")):
        form["decision"] = decision
        done = world.client.post("/gateways/clock", data=form, follow_redirects=False)
        assert done.status_code == 303
        assert [one.state for one in intake.clock_repairs("campus/gw-1")] == [state]
    assert "put right: its clock is +3600.0 s ahead since" in world.client.get("/gateways").text
    assert world.client.post("/gateways/clock", data={**form, "id": 99}).status_code == 404


def test_refused_certificates_are_told_to_who_sees_the_whole_platform(world):
    platform = world.client.app.state.platform
    at_us = platform.now_us() - 60_000_000
    why = GatewayTrouble(at_us, "expired", "certificate has expired", "10.2.0.17", 12)
    world.client.app.state.platform = replace(platform, certificates=lambda: {why.address: why})
    (told,) = world.get("/v1/gateways", key="whole").json()["certificates"]
    assert told.pop("at") == iso(at_us)
    assert (told["reason"], told["address"], told["times"]) == ("expired", "10.2.0.17", 12)
    assert told["message"] == "Its certificate has expired."
    assert told["fix"].startswith("Sign it a new one")
    assert told["message_zh"] == "证书已过期。"
    assert world.get("/v1/gateways").json()["certificates"] == []
    sign_in(world, "whole")
    html = world.client.get("/gateways").text
    assert "Certificates that were refused" in html
    assert "<code>10.2.0.17</code>" in html
    assert "Sign it a new one" in html
    sign_in(world)
    assert "10.2.0.17" not in world.client.get("/gateways").text


def test_a_day_of_which_nothing_is_known_is_not_said_to_lack_a_price(booked, signed):
    """The readings end two days before: the price holds, only the energy is not there."""
    quarter = np.arange(0, 96, dtype=np.int64)
    start_us = day_bounds(TODAY - timedelta(days=2), ZONE)[0]
    values = {1: (start_us + quarter * 900_000_000, 1000.0 + quarter)}
    world = booked(registry(), NOW_US, values)
    signed(world)
    page = world.client.get("/overview", headers={"Accept-Language": "en"}).text
    assert "nothing of today is known yet" in page
    assert "no tariff row holds here" not in page
    assert "no factor row holds here" not in page
