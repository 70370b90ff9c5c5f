"""What is told at once and what waits for the digest of its week, over the API and on the page."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from metering.finding import Case, Changes
from metering.localtime import HOUR_US
from metering.registry import Registry
from metering.registry.facts.alert_budgets import KIND, AlertBudget
from tests.api.conftest import findings, sign_in

WEEK_US = 7 * 24 * HOUR_US


def budget(world: Any, rate: str, dear: int | None = None) -> None:
    amount = None if dear is None else Decimal(dear)
    own = AlertBudget("bureau", Decimal(rate), amount)
    world.platform.registry_store.apply(
        Registry(more={"alert_budget": (own,)}), actor="test", now_us=1
    )


def found(world: Any, weeks_ago: int = 0, **more: object) -> str:
    """The number of a case that is found now, or weeks ago."""
    now_us = world.platform.now_us()
    base = replace(findings()[0].evidence, found_us=now_us, pattern="weekend_run", **more)
    case = Case(base, opened_us=now_us - weeks_ago * WEEK_US)
    world.platform.findings.record(Changes((case,)), now_us=now_us)
    return max(world.platform.findings.list(None), key=lambda one: one.number).id


def told(world: Any) -> dict[str, str]:
    return {one["id"]: one["told"] for one in world.get("/v1/findings").json()["data"]}


def test_all_are_told_while_there_is_room_and_faults_always_are(world):
    assert told(world) == {"1": "budget", "2": "budget", "3": "fault"}
    budget(world, "0")
    assert told(world) == {"1": "digest", "2": "digest", "3": "fault"}
    listed = {
        wanted: [one["id"] for one in world.get(f"/v1/findings?told={wanted}").json()["data"]]
        for wanted in ("true", "false")
    }
    assert listed == {"true": ["3"], "false": ["1", "2"]}
    world.post("/v1/findings/1/acknowledge", json={"note": ""})
    assert told(world)["1"] == "said"


def test_the_digest_tells_the_week_with_its_sums_and_what_a_year_costs(world):
    budget(world, "0")
    now, before = found(world), found(world, weeks_ago=1)
    answer = world.get("/v1/digest").json()
    assert (answer["week"], answer["first_day"], answer["last_day"]) == (
        *("2026-W48", "2026-11-23"),
        "2026-11-29",
    )
    assert [one["id"] for one in answer["data"]] == ["1", now, "2"]
    assert answer["data"][0]["told"] == "digest"
    assert answer["costs"] == [{"currency": "CNY", "value": "43.36"}], "one hour of a meter, once"
    assert answer["energy"] == [{"unit": "kWh", "value": 140.0}]
    assert answer["a_year"] == [], "too early to say"
    (account,) = answer["accounts"]
    assert (account["allowed"], account["told"]) == (0, 0)
    earlier = world.get("/v1/digest?week=2026-W47").json()
    assert [one["id"] for one in earlier["data"]] == [before]
    assert world.get("/v1/digest?week=2020-W53").json()["count"] == 0
    for wrong in ("2026-W54", "2026-48", "x", "9999-W52", "2026-W1"):
        refused = world.get(f"/v1/digest?week={wrong}")
        assert (refused.status_code, refused.json()["field"]) == (422, "week"), wrong


def test_a_digest_is_of_the_scope_and_of_a_node(world):
    budget(world, "0")
    number = found(world)
    node = findings()[0].evidence.node
    assert world.get(f"/v1/digest?node={node}").json()["count"] == 2
    assert world.get("/v1/digest?node=hall").status_code == 404
    assert number not in {one["id"] for one in world.get("/v1/digest", "school").json()["data"]}


def test_what_is_dear_for_sure_is_told_at_once(world):
    budget(world, "0", dear=2000)
    assert told(world)["1"] == "digest"
    number = found(world, cost=Decimal("99.9"))
    assert told(world)[number] == "dear"


def test_the_page_counts_what_waits_and_leads_to_the_digest(world, signed_in):
    budget(world, "0")
    begins = world.platform.now_us() - 24 * WEEK_US // 7
    number = found(world, start_us=begins, hours_us=(begins,), hours=())
    (ahead,) = world.get("/v1/digest").json()["a_year"]
    assert ahead == {"currency": "CNY", "value": str(round(Decimal("29.76") * 365 / 24, 2))}
    html = world.client.get("/findings").text
    assert "3 more in this week" in html
    assert f"/findings/{number}" not in html
    assert f"/findings/{number}" not in world.client.get("/").text
    for language, words in (
        ("en", ("Digest of week 2026-W48", "To ignore what goes on costs about ¥453")),
        ("zh", ("2026-W48 周摘要", "若放任不管")),
    ):
        world.client.get(f"/language/{language}?next=/")
        html = world.client.get("/digest").text
        assert f"/findings/{number}" in html
        for word in words:
            assert word in html
    assert "没有待看的事项" in world.client.get("/digest?week=2020-W01").text


def test_boards_add_what_is_on_the_list_of_the_page(world):
    def counted() -> dict[str, float]:
        query = "SELECT sum(count) FROM findings WHERE time > 0 AND state = 'open' GROUP BY told"
        answer = world.get("/influx/query", q=query).json()["results"][0]
        return {one["tags"]["told"]: one["values"][0][1] for one in answer["series"]}

    assert counted() == {"at_once": 3}
    world.post("/v1/findings/3/snooze", json={"until": "2026-12-01", "note": ""})
    assert counted() == {"at_once": 2, "put_off": 1}
    budget(world, "0")
    assert counted() == {"digest": 2, "put_off": 1}
    assert len(world.get("/v1/findings?told=true&snoozed=false").json()["data"]) == 0


@pytest.mark.parametrize("path", ["/digest?week=2026-W54", "/digest?week=x"])
def test_no_week_is_refused(world, signed_in, path):
    assert world.client.get(path).status_code == 422


def test_an_administrator_of_a_place_sets_its_budget_from_today_on(world):
    path = "/v1/nodes/office-a/alert-budget"
    budget(world, "1")
    set_to = {"per_meter_year": 0, "dear_a_year": 5000, "reason": "too many"}
    assert world.post(path, "operator", json=set_to).status_code == 403
    admin = world.post(path, "building", json=set_to)
    assert (admin.status_code, admin.json()) == (
        200,
        {
            **{"node": "office-a", "per_meter_year": "0", "dear_a_year": "5000"},
            **{"from": "2026-11-24", "to": None},
        },
    )
    again = world.post(path, "building", json={"per_meter_year": 2})
    assert again.json()["per_meter_year"] == "2"
    own = KIND.of(world.platform.registry())
    assert [(one.node, str(one.per_meter_year), one.valid.start) for one in own] == [
        ("bureau", "1", None),
        ("office-a", "2", date(2026, 11, 24)),
    ]
    above = "/v1/nodes/bureau/alert-budget"
    assert world.post(above, "building", json={"per_meter_year": 3}).status_code == 404
    assert world.post(above, json={"per_meter_year": 3}).status_code == 200
    spans = [(one.valid.start, one.valid.end) for one in KIND.of(world.platform.registry())]
    today = date(2026, 11, 24)
    assert spans == [(None, today), (today, None), (today, None)]
    wrongs: tuple[dict[str, Any], ...] = (
        *({"per_meter_year": one} for one in (101, -1, "1_0", "１", "nan", "")),
        {"dear_a_year": 1},
    )
    for wrong in wrongs:
        refused = world.post(path, "building", json=wrong)
        assert (refused.status_code, refused.json()["field"]) == (422, "per_meter_year")


def test_an_administrator_sets_a_budget_on_the_page(world, signed_in):
    page, form = world.client, {"csrf": signed_in.csrf, "node": "bureau", "per_meter_year": "0"}
    assert 'id="budget"' in page.get("/digest").text
    for wrong in (
        *({"csrf": "x"}, {"node": "nowhere"}, {"per_meter_year": "101"}),
        *({"per_meter_year": "many"}, {"per_meter_year": "1_0"}, {"dear_a_year": "-1"}),
    ):
        assert page.post("/digest/budget", data={**form, **wrong}).status_code in (403, 404, 422)
    assert told(world)["1"] == "budget", "what was refused has set nothing"
    sent = page.post("/digest/budget", data={**form, "dear_a_year": ""}, follow_redirects=False)
    assert (sent.status_code, sent.headers["location"]) == (303, "/digest?set=bureau")
    (own,) = KIND.of(world.platform.registry())
    assert (own.node, own.per_meter_year, own.dear_a_year) == ("bureau", 0, None)
    assert own.valid.start == date(2026, 11, 24)
    shown = page.get("/digest?set=bureau").text
    assert re.search(r'id="was-set"[^>]*>The budget of [^<]+ holds from today on: 0', shown)
    assert 'id="was-set"' not in page.get("/digest").text
    assert page.get("/digest?set=nowhere").status_code == 404


def test_what_is_dear_stands_beside_the_budget(world, signed_in):
    budget(world, "0", dear=2000)
    (account,) = world.get("/v1/digest", key="bureau").json()["accounts"]
    assert account["dear_a_year"] == "2000"
    assert ">2,000<" in world.client.get("/digest").text


def test_sums_of_energy_have_no_tails(world):
    budget(world, "0")
    found(world, waste=1 / 3)
    energy = world.get("/v1/digest", key="bureau").json()["energy"]
    assert all(one["value"] == round(one["value"], 6) for one in energy)


def test_nobody_else_sees_the_form_of_budgets_or_sets_one(world):
    page, who = world.client, sign_in(world, "operator")
    assert 'id="budget"' not in page.get("/digest").text
    form = {"csrf": who.csrf, "node": "office-a", "per_meter_year": "0"}
    assert page.post("/digest/budget", data=form).status_code == 403
    assert KIND.of(world.platform.registry()) == ()
