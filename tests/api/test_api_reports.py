"""Issues over HTTP: what was told once stays told, and who may make another."""

from __future__ import annotations

from metering.registry import Registry

ISSUES = "/v1/reports/bureau/2026-10/issues"
WHY = {"reason": "the price list came late"}


def report(world, key="bureau", **query):
    query = {"month": "2026-10", "format": "json", **query}
    return world.get("/v1/reports/bureau", key, **query)


def reprice(world) -> None:
    """A price edited by an import."""
    from dataclasses import replace
    from decimal import Decimal

    known = world.platform.registry()
    rows = tuple(replace(row, price=row.price + Decimal(1)) for row in known.tariff)
    world.platform.registry_store.apply(Registry(tariff=rows), actor="test", now_us=1)


def test_a_month_is_told_byte_for_byte_until_somebody_makes_another_issue(world):
    first = {f: report(world, "reader", format=f, language="en") for f in ("json", "csv")}
    assert {one.headers["X-Report-Issue"] for one in first.values()} == {"1"}
    reprice(world)
    for format, told in first.items():
        again = report(world, format=format, language="en")
        assert again.content == told.content
        assert again.headers["ETag"] == told.headers["ETag"]
    made = world.post(ISSUES, "operator", json=WHY)
    assert made.status_code == 201, made.text
    assert (made.json()["issue"], made.json()["reason"]) == (2, WHY["reason"])
    kinds = {one["kind"] for one in made.json()["differences"]}
    assert {"price", "line", "total"} <= kinds
    latest, old = report(world), report(world, issue=1)
    assert latest.headers["X-Report-Issue"] == "2"
    assert latest.json()["content_hash"] == made.json()["content_hash"]
    assert latest.json()["changes"] == made.json()["differences"]
    assert old.content == first["json"].content


def test_coal_and_carbon_are_on_the_bases_that_are_asked_in_issues_of_their_own(world):
    usual = report(world)
    told = report(world, coal="equal", carbon="market", language="en")
    body = told.json()
    assert (body["coal"], body["carbon"], body["issue"]) == ("equal", "market", 1)
    assert told.headers["ETag"] != usual.headers["ETag"]
    name = 'filename="bureau-2026-10-coal-equal-carbon-market.json"'
    assert name in told.headers["Content-Disposition"]
    lacking = {(one["quantity"], one["days"]) for one in body["lacking"]}
    assert lacking == {("kgce_equal", 31), ("kgco2_market", 31)}
    assert body["totals"][0]["kgce"] is body["totals"][0]["kgco2"] is None
    reprice(world)
    asked = {**WHY, "coal": "equal", "carbon": "market"}
    made = world.post(ISSUES, "operator", json=asked)
    assert made.status_code == 201, made.text
    assert (made.json()["coal"], made.json()["issue"]) == ("equal", 2)
    listed = world.get(ISSUES).json()["data"]
    assert [(one["coal"], one["carbon"], one["issue"]) for one in listed] == [
        ("equivalent", "location", 1),
        ("equal", "market", 1),
        ("equal", "market", 2),
    ]
    assert report(world).content == usual.content
    trail = world.get("/v1/audit").json()["data"]
    subjects = [one["subject"] for one in trail if one["action"] == "report.issue"]
    assert "bureau 2026-10 coal=equal carbon=market issue 2" in subjects
    assert report(world, coal="brown").status_code == 422
    assert world.post(ISSUES, "operator", json={**WHY, "carbon": "grid"}).status_code == 422


def test_a_closing_pins_no_report_on_another_basis(world):
    refused = report(world, carbon="market", as_of="c1")
    assert refused.status_code == 422
    assert "usual bases" in refused.text


def test_issues_are_listed_with_their_pins_and_makers(world):
    assert world.get(ISSUES).json() == {"data": []}
    told = report(world, "reader").json()
    reprice(world)
    world.post(ISSUES, "operator", json=WHY)
    first, second = world.get(ISSUES, "reader").json()["data"]
    assert (first["issue"], first["reason"], first["differences"]) == (1, "", [])
    assert first["content_hash"] == told["content_hash"]
    assert first["pins"]["revision"] == told["revision"]
    assert second["pins"]["registry_version"] > first["pins"]["registry_version"]
    assert first["made_by"].startswith("reader (")
    assert second["made_by"].startswith("operator (")
    assert second["made_at"] == "2026-11-24T02:37:00Z"
    price = next(one for one in second["differences"] if one["kind"] == "price")
    assert set(price) == {
        *("kind", "what", "node", "item", "subject", "field", "old", "new", "unit"),
    }


def test_both_issues_stand_in_the_audit_log_with_the_reason(world):
    report(world, "reader")
    report(world, "reader")
    reprice(world)
    world.post(ISSUES, "operator", json=WHY)
    entries = world.get("/v1/audit").json()["data"]
    found = [(one["subject"], one["reason"]) for one in entries if one["action"] == "report.issue"]
    assert found == [("bureau 2026-10 issue 2", WHY["reason"]), ("bureau 2026-10 issue 1", "")]


def test_what_is_refused_and_why(world):
    assert world.post(ISSUES, json=WHY).status_code == 404
    report(world)
    assert world.post(ISSUES, "reader", json=WHY).status_code == 403
    same = world.post(ISSUES, json=WHY)
    assert same.status_code == 409
    assert "nothing differs" in same.json()["detail"]
    reprice(world)
    for body in ({"reason": " "}, {"reason": "x" * 2001}, {}, {"reason": "a", "by": "b"}):
        assert world.post(ISSUES, json=body).status_code == 422
    assert report(world, issue=2).status_code == 404
    assert report(world, issue=0).status_code == 422
    assert world.get("/v1/reports/bureau/2026-1/issues").status_code == 422
    assert len(world.get(ISSUES).json()["data"]) == 1


def test_a_provisional_report_is_no_issue(world):
    told = report(world, month="2026-11", provisional="true")
    assert told.headers["X-Report-Issue"] == "0"
    assert world.get("/v1/reports/bureau/2026-11/issues").json() == {"data": []}
    assert world.post("/v1/reports/bureau/2026-11/issues", json=WHY).status_code == 404


def test_a_key_that_does_not_reach_all_of_it_sees_no_issue(world):
    report(world)
    for key in ("building", "school"):
        assert world.get(ISSUES, key).status_code == 404
        assert world.post(ISSUES, key, json=WHY).status_code == 404
        assert report(world, key, issue=1).status_code == 404


def test_nothing_is_rendered_for_whoever_has_it(world):
    tag = report(world).headers["ETag"]
    answer = world.client.get(
        "/v1/reports/bureau",
        params={"month": "2026-10", "format": "json"},
        headers={"X-API-Key": world.keys["bureau"], "If-None-Match": tag},
    )
    assert (answer.status_code, answer.content) == (304, b"")
