"""Coal and carbon on the page: on which basis, kept in the address, and said beside the number."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from html import unescape

import pytest

from metering.factor import Factor
from metering.registry import Registry
from metering.validity import Validity
from tests.api.conftest import sign_in

OTHER = "coal=equal&carbon=market"
DATA = re.compile(r"<data ([^>]*)>([^<]*)</data>")
LINK = re.compile(r'<a [^>]*href="([^"]*)"')


def figures(html: str, kind: str) -> list[dict[str, str]]:
    """Attributes of each figure of a kind, with its text."""
    found = []
    for attributes, text in DATA.findall(html):
        one = {**dict(re.findall(r'([\w-]+)="([^"]*)"', attributes)), "text": text}
        if one["data-figure"] == kind:
            found.append(one)
    return found


def links(html: str) -> list[str]:
    return [unescape(one) for one in LINK.findall(html)]


@pytest.fixture
def visitor(world):
    more = (
        Factor("01000", "kgce_equal", Decimal("0.3024")),
        Factor(
            "01000",
            "kgco2_market",
            Decimal("0.6096"),
            valid=Validity(date(2026, 11, 19), None),
        ),
    )
    world.platform.registry_store.apply(Registry(factors=more), actor="test", now_us=1)
    sign_in(world)
    world.client.headers["Accept-Language"] = "en"
    return world.client


def test_a_number_is_the_one_of_the_api_on_the_basis_in_the_address(world, visitor):
    html = visitor.get(f"/overview?node=campus&{OTHER}").text
    carbon, coal = (
        {
            (one["data-start"], one["data-end"]): one
            for one in figures(html, kind)
            if one["data-code"] == "campus"
        }
        for kind in ("kgco2", "kgce")
    )
    asked = "node=campus&item=01000&step=day&start=2026-11-17&end=2026-11-23"
    for day in world.get(f"/v1/energy?{asked}&{OTHER}").json()["data"]:
        span = (day["start"][:10], day["end"][:10])
        assert carbon[span]["value"] == (day["kgco2"]["value"] or "")
        assert coal[span]["value"] == day["kgce"]["value"]
        assert carbon[span]["data-basis"] == "kgco2_market"
        assert coal[span]["data-basis"] == "kgce_equal"
    assert carbon["2026-11-17", "2026-11-18"]["value"] == ""
    assert carbon["2026-11-17", "2026-11-18"]["text"] == "–"
    assert "kg CO₂<br>market-based" in html
    assert "kgce<br>by equal value" in html
    assert "kg CO₂ · market-based" in html
    assert "no factor of the basis holds" in html


def test_the_default_says_nothing_more(visitor):
    html = visitor.get("/overview?node=campus").text
    assert "data-basis" not in html
    assert "kg CO₂<br>" not in html
    assert not any("coal=" in one for one in links(html) if one.startswith("/lineage"))


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/overview",
        "/overview?node=campus",
        "/findings",
        "/findings/f-after",
        "/datacentre",
        "/closings",
    ],
)
def test_the_basis_is_kept_in_every_link_and_form(visitor, path):
    html = visitor.get(f"{path}{'&' if '?' in path else '?'}{OTHER}").text
    ways = [
        one
        for one in links(html)
        if one.startswith("/") and not one.startswith(("/docs", "/language", "/static"))
    ]
    switch = set(re.findall(r'<a class="pill" href="([^"]*)">(?:by|location|market)', html))
    assert len(ways) > 6
    for way in ways:
        if way not in {unescape(one) for one in switch}:
            assert way.endswith(OTHER), way
    for form in re.findall(r'<form method="get".*?</form>', html, re.DOTALL):
        assert 'name="coal" value="equal"' in form
        assert 'name="carbon" value="market"' in form


def test_the_switch_leads_to_each_other_basis_of_the_same_page(visitor):
    html = visitor.get("/overview?node=campus&carbon=market").text
    ways = dict(re.findall(r'<a class="pill" href="([^"]*)">([^<]*)</a>', html))
    told = {unescape(link): words for link, words in ways.items()}
    assert told["/overview?node=campus"] == "location-based"
    assert told[f"/overview?node=campus&{OTHER}"] == "by equal value"
    here = re.findall(r'<b class="pill good" aria-current="true">([^<]*)</b>', html)
    assert here == ["market-based", "by equivalent value"]
    chinese = visitor.get(
        "/overview?node=campus&carbon=market", headers={"Accept-Language": "zh"}
    ).text
    assert "基于市场" in chinese
    assert "按当量值" in chinese


def test_where_a_number_comes_from_is_told_on_the_basis_with_its_factors(visitor):
    asked = "code=campus&item=01000&start=2026-11-20&end=2026-11-22"
    html = visitor.get(f"/lineage?{asked}&{OTHER}").text
    (carbon,) = figures(html, "kgco2")
    (coal,) = figures(html, "kgce")
    (energy,) = [
        one
        for one in figures(html, "energy")
        if (one["data-code"], one["data-start"]) == ("campus", "2026-11-20")
    ][:1]
    assert Decimal(carbon["value"]) == Decimal(energy["value"]) * Decimal("0.6096")
    assert Decimal(coal["value"]) == Decimal(energy["value"]) * Decimal("0.3024")
    assert "× 0.6096" in html
    assert "× 0.3024" in html
    early = visitor.get(f"/lineage?code=campus&item=01000&start=2026-11-17&end=2026-11-20&{OTHER}")
    assert figures(early.text, "kgco2") == []
    note = "No factor (market-based) holds on 2 of the days 2026-11-17 to 2026-11-18."
    assert note in early.text


def test_findings_say_that_their_carbon_is_location_based(visitor):
    usual = visitor.get("/findings").text
    market = visitor.get("/findings?carbon=market").text
    assert "(location-based)" not in usual
    assert {one["text"] for one in figures(market, "kgco2")} == {
        f"{one['text']} (location-based)" for one in figures(usual, "kgco2")
    }


def test_a_basis_that_there_is_not_is_named(visitor):
    answer = visitor.get("/?coal=brown")
    assert answer.status_code == 422
    assert "no such basis" in answer.text
