"""A part of the platform that does not work is named on every page, with what it says."""

from __future__ import annotations

from dataclasses import replace

from api import PartHealth


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
