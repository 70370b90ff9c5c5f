"""Every page in every state of an office: a figure, or what to do next; and nothing that is false.

Law: a part of a page that has nothing to show says what is lacking, and leads to where that is
mended, by a link that its reader may follow.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from html import unescape

import numpy as np
import pytest
from fastapi.routing import iter_route_contexts

from metering.access import Role
from metering.factor import Factor
from metering.intake import GatewayTrouble
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
from metering.tariff import TariffRow
from tests.api.conftest import NOW_US, TODAY, ZONE, client_of

NODES = (
    Node("body", NodeType.INSTITUTION, "机关", "A body", zone=ZONE),
    Node("place", NodeType.SITE, "园区", "A place"),
    Node("house", NodeType.BUILDING, "楼", "A house", area_m2=Decimal(1200)),
)
STARTED = Registry(
    nodes={one.code: one for one in NODES},
    space=(SpaceEdge("body", "place"), SpaceEdge("place", "house")),
)
FULL = replace(
    STARTED,
    gateways={"place/gw": Gateway("place", "gw")},
    meters={"main": Meter("main", "house", "01000", total=True)},
    points={1: Point(1, "place/gw", "E1", Kind.REGISTER, "kWh")},
    installations=(Installation("main", 1),),
    tariff=(TariffRow("t", "01000", frozenset(range(1, 13)), "all", 0, 1440, "flat", Decimal(1)),),
    factors=(
        Factor("01000", "kgco2", Decimal("0.5"), source="notice", grade="V"),
        Factor("01000", "kgce", Decimal("0.12"), source="standard", grade="V"),
    ),
)
BARE = replace(
    FULL,
    nodes={**FULL.nodes, "house": replace(NODES[2], area_m2=None)},
    tariff=(),
    factors=(),
)
TO_NOW = np.arange(NOW_US - 9 * 24 * HOUR_US, NOW_US, HOUR_US // 4)
YESTERDAY = TO_NOW[day_bounds(TODAY, ZONE)[0] - HOUR_US > TO_NOW]
TROUBLE = GatewayTrouble(NOW_US - 60_000_000, "bad_user_or_password", "", "10.2.0.14", 3)


@dataclass(frozen=True)
class Office:
    """A state of an office, and what is true of it."""

    registry: Registry
    times: np.ndarray | None = None
    refused: bool = False


STATES = {
    "empty": Office(Registry()),
    "after its first start": Office(STARTED),
    "no reading": Office(FULL),
    "readings of yesterday": Office(FULL, YESTERDAY),
    "a gateway refused": Office(FULL, refused=True),
    "no tariff, area, weather": Office(BARE, TO_NOW),
    "all of it": Office(FULL, TO_NOW),
}
ELSEWHERE = ("/docs", "/signin", "/health", "/metrics", "/live", "/openapi.json")
"""They are of no office, or no pages."""
ASKING = {
    "/bills/file": None,
    "/entries/meter": None,
    "/needs": None,
    "/setup/template": None,
    "/setup/model": None,
    "/repairs/change": None,
    "/repairs/progress": None,
    "/lineage": "/lineage?node=house&item=01000&time=2026-11-23T02:00:00Z",
}
"""What a page needs said; None is asked about something that there is, and tested with it."""


def office(booked, state, role, signed):
    """The page of an office in a state, for a key of a role that reaches everything."""
    values = {} if state.times is None else {1: (state.times, 100 + np.arange(len(state.times)))}
    world = booked(state.registry, NOW_US, values)
    platform = replace(
        world.platform,
        troubles=lambda: {"place/gw": TROUBLE} if state.refused else {},
        samples=lambda: {},
    )
    secret = platform.access.create_key("who", "", role, actor="test", now_us=NOW_US)
    world = replace(world, platform=platform, client=client_of(platform), keys={"who": secret})
    signed(world, "who")
    return world.client


def pages(client):
    found = {
        route.path
        for route in iter_route_contexts(client.app.routes)
        if "GET" in route.methods
        and "{" not in route.path
        and not route.path.startswith(("/v1/", "/influx/"))
        and route.path not in ELSEWHERE
    }
    assert len(found) > 14
    return sorted(found)


def main_of(text):
    return text[text.index('<main id="main">') : text.index("</main>")]


def has_figure(main):
    """A figure, a row of a table, an entry of a list, or a form with a field to fill in."""
    figures = re.search(r'<data class="figure"[^>]* value="[^"]+"', main)
    rows = re.search(r"<td|<fieldset|<li>", main)
    fields = re.search(r'<input[^>]*type="(text|date|number|file)"', main)
    return bool(figures or rows or fields)


@pytest.mark.parametrize("role", [Role.ADMIN, Role.READ])
@pytest.mark.parametrize("name", STATES)
def test_every_page_shows_a_figure_or_the_next_step(booked, signed, subtests, name, role):
    client = office(booked, STATES[name], role, signed)
    for path in pages(client):
        asked = ASKING.get(path, path)
        if asked is None:
            continue
        with subtests.test(f"{name} {role} {path}"):
            answer = client.get(asked)
            if answer.status_code in (403, 404):
                assert path not in ("/", "/findings", "/latest", "/gateways", "/repairs")
                continue
            assert answer.status_code == 200, answer.text[-1000:]
            main = main_of(answer.text)
            empties = re.findall(r'<div class="empty">.*?</div>', main, re.DOTALL)
            assert all("data-next" in one for one in empties), empties
            ways = re.findall(r'data-next href="([^"]+)"', main)
            fine = 'class="empty fine"' in main
            assert has_figure(main) or ways or fine, main
            for way in {unescape(one) for one in ways}:
                led = client.get(way, follow_redirects=False)
                assert led.status_code == 200, (way, led.status_code)


def said(client, path):
    answer = client.get(path)
    assert answer.status_code == 200
    return unescape(re.sub(r"<[^>]*>|\s+", " ", main_of(answer.text)))


def test_where_there_is_no_data_nothing_is_said_of_tariffs(booked, signed):
    """And where there is no tariff, nothing of readings that are missing."""
    silent = said(office(booked, STATES["readings of yesterday"], Role.ADMIN, signed), "/overview")
    assert "nothing of today is known yet" in silent
    assert "no tariff row" not in silent
    assert "no factor row" not in silent
    bare = office(booked, STATES["no tariff, area, weather"], Role.ADMIN, signed)
    told = said(bare, "/overview")
    for sentence in ("no tariff row holds here", "no factor row holds", "No floor area"):
        assert sentence in told
    assert "nothing of today is known yet" not in told
    full = said(office(booked, STATES["all of it"], Role.ADMIN, signed), "/overview")
    assert "no tariff row" not in full
    assert "No floor area" not in full


def test_what_was_not_heard_is_not_called_fine(booked, signed):
    """Nothing was refused, or nothing is to be mended, is said of what there is alone."""
    empty = office(booked, STATES["empty"], Role.ADMIN, signed)
    assert "Nothing came yet" in said(empty, "/dead-letters")
    assert "nothing yet that could be checked" in said(empty, "/repairs")


def test_a_gateway_that_was_refused_says_why_and_what_to_do(booked, signed):
    client = office(booked, STATES["a gateway refused"], Role.ADMIN, signed)
    for path in ("/gateways", "/gateways/place/gw"):
        told = said(client, path)
        assert "give it its password again" in told
        assert "10.2.0.14" in told
    assert "data-next" in client.get("/gateways/place/gw").text
