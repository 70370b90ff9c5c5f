"""Home: the month beside earlier ones, what is wasted, what changed, what needs a person."""

from __future__ import annotations

import gzip
import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from html import unescape

import pytest

from api import PartHealth
from api.page import assets
from figures import Figures
from metering.access import Role
from metering.localtime import HOUR_US, day_bounds
from metering.registry import Registry
from metering.registry.facts.budgets import EnergyBudget
from metering.validity import Validity
from tests.api.conftest import NOW_US, TODAY, ZONE, books, sign_in

EN = {"Accept-Language": "en"}
FIGURE = re.compile(
    r'data-figure="(?P<kind>\w+)" data-code="(?P<code>[^"]+)"[^>]*data-start="(?P<start>[^"]+)"'
    r' data-end="(?P<end>[^"]+)"[^>]*value="(?P<value>[^"]*)"'
)


def home(world, path: str = "/?node=campus", **headers: str) -> str:
    answer = world.client.get(path, headers={**EN, **headers})
    assert answer.status_code == 200, answer.text
    return answer.text


def part(html: str, id: str) -> str:
    """The words of a section."""
    section = html[html.index(f'id="{id}"') :].partition("</section>")[0]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", section)).split())


def at(world, now_us: int) -> None:
    """Put the clock forward or back, and sign in again."""
    own = world.platform
    figures = Figures(own.books, own.registry, lambda: now_us)
    world.client.app.state.platform = replace(own, now_us=lambda: now_us, figures=figures)
    sign_in(world)


def slots(world, node: str, start: date, end: date, until_us: int | None = None):
    """(energy, money) of the quarter hours of days, up to an instant."""
    answer = world.get("/v1/energy", node=node, start=start, end=end, step="15min").json()
    end_us = until_us or day_bounds(end, ZONE)[0]
    own = [one for one in answer["data"] if one["value"] and _us(one["end"]) <= end_us]
    return sum(Decimal(one["value"]) for one in own), sum(
        Decimal(one["cost"]["value"]) for one in own
    )


def _us(text: str) -> int:
    from metering.localtime import parse_instant

    return parse_instant(text, "end")


def test_the_month_so_far_and_the_same_days_before_are_sums_of_quarter_hours(world, signed_in):
    found = [one.groupdict() for one in FIGURE.finditer(home(world).split('id="verdict"')[0])]
    first = TODAY.replace(day=1)
    energy, cost = slots(world, "campus", first, TODAY + timedelta(days=1))
    until = day_bounds(date(2026, 10, 24), ZONE)[0] + 10 * HOUR_US + HOUR_US // 2
    _, before = slots(world, "campus", date(2026, 10, 1), date(2026, 10, 25), until)
    told = {(one["kind"], one["start"][:10]): Decimal(one["value"]) for one in found}
    assert told["energy", "2026-11-01"] == energy
    assert told["cost", "2026-11-01"] == cost
    assert told["cost", "2026-10-01"] == before
    change = f"{(cost / before - 1) * 100:+.1f} %"
    assert change in part(home(world), "cost")
    assert "last year" not in part(home(world), "cost")  # nothing of it is booked: no empty row


def test_an_earlier_month_of_which_too_little_is_known_is_marked_and_not_compared(world):
    """Of September six days are there."""
    at(world, day_bounds(date(2026, 10, 30), ZONE)[0] + 9 * HOUR_US)
    told = part(home(world), "cost")
    assert re.search(r"last month, the same days \d+ % known ¥[\d,]+(?! [+-])", told), told


def test_what_is_wasted_is_listed_in_order_with_what_to_do(world, signed_in):
    told = part(home(world, "/"), "waste")
    first, second = told.index("Office A"), told.index("Office B")
    assert first < second
    assert told.count("Do: ") == 2
    assert "Canteen" not in told  # a meter fault wastes nothing
    assert "Office B" not in part(home(world, "/?node=office-a"), "waste")


def test_what_has_ended_is_counted_and_not_called_wasted_now(world, signed_in):
    at(world, NOW_US + 30 * 24 * HOUR_US)
    told = part(home(world, "/"), "waste")
    assert "Nothing that was found goes on" in told
    assert "2 that have ended" in told


def test_news_are_those_since_yesterday_began(world, signed_in):
    told = part(home(world, "/"), "news")
    assert "3 findings are new" in told  # of the bureau
    assert "5 dead letters" in told
    world.post("/v1/findings/1/dismiss", json={"note": "a test run"})
    told = part(home(world, "/"), "news")
    assert "2 findings are new" in told
    assert "1 finding is settled" in told
    at(world, NOW_US + 3 * 24 * HOUR_US)
    told = part(home(world, "/"), "news")
    assert "findings are new" not in told
    assert "1 gateway fell silent" not in told  # it fell silent before


@pytest.mark.parametrize("earlier", [0, 1, 2, 7, 40])
def test_restated_days_are_those_of_the_place_whatever_came_before(world, earlier):
    stores, rows = world.platform.books, books()["bureau"]
    own = [one for one in rows if (one.key.kind, one.key.code, one.key.item) == _CAMPUS]
    later_us, revision = NOW_US + 5 * 24 * HOUR_US, 2
    for n, row in enumerate(own[1 : earlier + 4]):
        changed = replace(row, total=(row.total or 0) + 1_000_000)
        stores.tell("bureau", [replace(row, revision=1)])
        revision = stores.commit(
            "bureau",
            [changed],
            expected_revision=revision,
            now_us=NOW_US if n < earlier else later_us,
            cause="correction",
        )
    at(world, later_us)
    told = part(home(world), "news")
    assert "3 days were restated" in told
    days = [one.day for one in own[earlier + 1 : earlier + 4]]
    assert all(f"{day:%B} {day.day}," in told for day in days)
    assert "restated" not in part(home(world, "/?node=office-a"), "news")


_CAMPUS = ("node", "campus", "01000")


def test_what_needs_a_person_is_what_the_repairs_say(world, signed_in):
    html = world.client.get("/needs", headers=EN).text
    told = world.get("/v1/repairs").json()["data"]
    wanted = {
        one["check"] for one in told if one["state"] == "repair" and one["severity"] != "advice"
    }
    assert wanted
    assert html.count("<li>") == len(wanted)
    assert "<main" not in html
    assert 'data-part="/needs"' in home(world, "/")


def test_a_part_that_is_kept_is_no_way_around_a_role(world):
    """A reach is shared by keys of all roles; who administers is told more."""
    broken = {"intake": PartHealth(False, {"error": "no disk"})}
    world.client.app.state.platform = replace(world.platform, health=lambda: broken)
    sign_in(world, "whole")
    admin = world.client.get("/needs", headers=EN).text
    world.keys["reads"] = world.platform.access.create_key(
        "reads", "", Role.READ, actor="test", now_us=NOW_US
    )
    sign_in(world, "reads")
    reader = world.client.get("/needs", headers=EN).text
    assert admin.count("<li>") > reader.count("<li>") > 0


def test_the_first_view_is_small_and_its_files_are_kept_for_good(world, signed_in):
    html = home(world, "/")
    files = re.findall(r'(?:src|href)="(/static/[^"]+)"', html)
    assert not any("plotly" in one for one in files)
    size = len(html.encode())
    for one in sorted(set(files)):
        answer = world.client.get(one, headers={"Accept-Encoding": "gzip"})
        assert answer.headers["cache-control"] == assets.FOR_GOOD
        assert answer.headers["content-encoding"] == "gzip"
        size += int(answer.headers["content-length"])
    assert size < 100_000
    plain = world.client.get(files[0], headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert (
        gzip.decompress(assets.asset("page.js").compressed)
        == (assets.STATIC / "page.js").read_bytes()
    )


def test_a_changed_file_has_another_name(tmp_path):
    file = tmp_path / "page.css"
    file.write_text("a {}")
    first = assets.Asset(file, "text/css").name
    file.write_text("b {}")
    assert assets.Asset(file, "text/css").name != first
    assert re.fullmatch(r"page\.[0-9a-f]{12}\.css", first)


def test_live_messages_stand_with_the_gateways_alone(world, signed_in):
    assert 'id="justin"' in world.client.get("/gateways").text
    assert 'id="justin"' not in home(world, "/") + home(world, "/overview")


@pytest.mark.parametrize("enough", [9, 1])
def test_the_month_to_its_end_is_what_the_api_foretells(world, signed_in, monkeypatch, enough):
    """With a band, and without one where too little is known of before."""
    monkeypatch.setattr("analytics.forecast.LEAST_STRETCHES", enough)
    told = world.get("/v1/forecast", node="campus").json()
    words = part(home(world), "cost")
    assert (told["cost"]["low"] is None) == (enough == 9)
    for name in ("total", "low", "high"):
        if told["cost"][name] is not None:
            assert f"{Decimal(told['cost'][name]):,.0f}" in words
    assert ("four times in five" in words) == (enough == 1)
    assert (f"{len(told['filled'])} day" in words) == bool(told["filled"])


def test_budgets_stand_below_it_with_the_day_on_which_they_are_passed(world, signed_in):
    total = Decimal(world.get("/v1/forecast", node="campus").json()["forecast"]["total"])
    year = Validity(date(2026, 1, 1), date(2027, 1, 1))
    rows = (
        EnergyBudget("campus", "01000", (total / 2).quantize(Decimal(1)), "", "monthly", year),
        EnergyBudget("campus", "01000", total * 100, "", "yearly", year),
    )
    world.platform.registry_store.apply(
        Registry(more={"energy_budget": rows}), actor="test", now_us=1
    )
    (month,) = world.get("/v1/forecast", node="campus").json()["budgets"]
    passed = date.fromisoformat(month["passed_on"])
    words = part(home(world), "cost")
    assert f"passed on {passed:%B} {passed.day}" in words
    assert "Budget of the year" in words
    assert "% expected" in words
