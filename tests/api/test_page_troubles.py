"""A part of the platform that does not work is named on every page, with what it says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np

from api import PartHealth
from metering.intake import GatewayTrouble
from metering.localtime import day_bounds, iso
from tests.api.conftest import NOW_US, TODAY, ZONE, registry, sign_in


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
    page = world.client.get("/", headers={"Accept-Language": "en"}).text
    assert "nothing of today is known yet" in page
    assert "no tariff row holds here" not in page
    assert "no factor row holds here" not in page
