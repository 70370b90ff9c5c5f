"""Institutions are walls: every route is tried from the other side.

A route that is not in the matrix fails the test, so that a new one cannot be forgotten.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts

from metering.registry import Installation
from metering.validity import Validity
from tests.api.conftest import SEGMENT, SLIP, Raw

FOREIGN = ("hall", "school", "yard", "f-school", "gw-9", "9900-9")
"""Names of the school; nothing of them may reach the bureau's key."""

# method, route -> (path with foreign names, body) or None where the route takes no name and
# must answer with nothing foreign in it.
MATRIX: dict[tuple[str, str], list[tuple[str, dict[str, Any]]] | None] = {
    ("GET", "/v1/nodes"): None,
    ("GET", "/v1/nodes/{code}"): [("/v1/nodes/hall", {}), ("/v1/nodes/school", {})],
    ("GET", "/v1/meters"): [("/v1/meters?node=hall", {})],
    ("GET", "/v1/points"): [
        ("/v1/points?gateway=yard/gw-9", {}),
        ("/v1/points?meter=hall-total", {}),
    ],
    ("GET", "/v1/points/{id}/readings"): [("/v1/points/24/readings", {})],
    ("GET", "/v1/readings/count"): [("/v1/readings/count?gateway=yard/gw-9", {})],
    ("GET", "/v1/energy"): [
        ("/v1/energy?node=hall&item=01000", {}),
        ("/v1/energy?meter=hall-total", {}),
        ("/v1/energy?meter=office-a-total,hall-total", {}),
        ("/v1/energy?node=office-a,hall", {}),
        ("/v1/energy?below=hall", {}),
    ],
    ("GET", "/v1/energy/parts"): [("/v1/energy/parts?node=hall", {})],
    ("GET", "/v1/energy/shares"): [("/v1/energy/shares?node=hall", {})],
    ("GET", "/v1/energy/balance"): [("/v1/energy/balance?node=hall", {})],
    ("GET", "/v1/energy/intensity"): [("/v1/energy/intensity?node=hall", {})],
    ("GET", "/v1/forecast"): [
        ("/v1/forecast?node=hall", {}),
        ("/v1/forecast?meter=hall-total&until=year", {}),
    ],
    ("GET", "/v1/verdicts"): [("/v1/verdicts?node=hall", {})],
    ("GET", "/v1/bill"): [
        ("/v1/bill?node=hall&month=2026-10", {}),
        ("/v1/bill?meter=hall-total&month=2026-10", {}),
    ],
    ("GET", "/v1/bill/file"): [
        ("/v1/bill/file?node=hall&month=2026-10", {}),
        ("/v1/bill/file?account=9900-9&month=2026-10&format=csv", {}),
    ],
    ("GET", "/v1/datacentre"): [("/v1/datacentre?node=hall", {})],
    ("GET", "/v1/energy/lineage"): [
        ("/v1/energy/lineage?node=hall&item=01000&time=2026-11-23T02:00:00Z", {}),
        ("/v1/energy/lineage?meter=hall-total&time=2026-11-23T02:00:00Z", {}),
    ],
    ("GET", "/v1/messages/{segment}/{offset}"): [("/v1/messages/16777217/8", {})],
    ("GET", "/v1/findings"): None,
    ("GET", "/v1/patterns"): [("/v1/patterns?node=hall", {})],
    ("GET", "/v1/findings/{id}"): [("/v1/findings/f-school", {})],
    ("POST", "/v1/findings/{id}/acknowledge"): [
        ("/v1/findings/f-school/acknowledge", {"json": {"note": "x"}})
    ],
    **{
        ("POST", f"/v1/findings/{{id}}/{act}"): [(f"/v1/findings/f-school/{act}", {"json": body})]
        for act, body in {
            **{act: {"note": "x"} for act in ("fix", "resolve", "expect", "dismiss", "reopen")},
            "assign": {"assignee": "x"},
            "comment": {"comment": "x"},
            "snooze": {"until": "2026-12-01"},
        }.items()
    },
    ("POST", "/v1/nodes/{code}/alert-budget"): [
        ("/v1/nodes/hall/alert-budget", {"json": {"per_meter_year": 1}})
    ],
    ("GET", "/v1/digest"): [("/v1/digest?node=hall", {})],
    ("GET", "/v1/marks"): [("/v1/marks?node=hall", {})],
    ("GET", "/v1/learned"): [("/v1/learned?meter=hall-total", {})],
    ("GET", "/v1/baselines"): None,
    ("GET", "/v1/baselines/{meter}"): [("/v1/baselines/hall-total", {})],
    ("POST", "/v1/baselines/{meter}"): [
        ("/v1/baselines/hall-total", {"json": {"reason": "x", "from": "2026-10-01"}})
    ],
    ("GET", "/v1/gateways"): None,
    ("POST", "/v1/gateways"): [("/v1/gateways", {"json": {"site": "yard", "code": "new"}})],
    ("GET", "/v1/gateways/{site}/{code}"): [("/v1/gateways/yard/gw-9", {})],
    ("POST", "/v1/gateways/{site}/{code}/revoke"): [("/v1/gateways/yard/gw-9/revoke", {})],
    ("GET", "/v1/gateways/{site}/{code}/deliveries"): [("/v1/gateways/yard/gw-9/deliveries", {})],
    ("GET", "/v1/gateways/{site}/{code}/gaps"): [("/v1/gateways/yard/gw-9/gaps", {})],
    ("POST", "/v1/gateways/{site}/{code}/resend"): [
        (
            "/v1/gateways/yard/gw-9/resend",
            {"json": {"from": "2026-11-23T02:00:00Z", "until": "2026-11-23T05:00:00Z"}},
        )
    ],
    ("GET", "/v1/gateways/{site}/{code}/clock"): [("/v1/gateways/yard/gw-9/clock", {})],
    ("POST", "/v1/gateways/{site}/{code}/clock/repair"): [
        ("/v1/gateways/yard/gw-9/clock/repair", {"json": {"id": 1}})
    ],
    ("POST", "/v1/gateways/{site}/{code}/clock/dismiss"): [
        ("/v1/gateways/yard/gw-9/clock/dismiss", {"json": {"id": 1}})
    ],
    ("POST", "/v1/gateways/{site}/{code}/clock/mode"): [
        ("/v1/gateways/yard/gw-9/clock/mode", {"json": {"mode": "off"}})
    ],
    ("GET", "/v1/gateways/{site}/{code}/proposals"): [("/v1/gateways/yard/gw-9/proposals", {})],
    ("POST", "/v1/gateways/{site}/{code}/proposals/approve"): [
        ("/v1/gateways/yard/gw-9/proposals/approve", {"json": {"points": [{"point": "x"}]}})
    ],
    ("POST", "/v1/gateways/{site}/{code}/proposals/dismiss"): [
        ("/v1/gateways/yard/gw-9/proposals/dismiss", {"json": {"points": ["x"]}})
    ],
    ("POST", "/v1/gateways/{site}/{code}/password"): [("/v1/gateways/yard/gw-9/password", {})],
    ("GET", "/v1/repairs"): None,
    ("POST", "/v1/repairs/mend"): [
        ("/v1/repairs/mend", {"json": {"check": "no_persons", "code": "school"}})
    ],
    ("POST", "/v1/repairs/recompute"): [
        (
            "/v1/repairs/recompute",
            {"json": {"node": "hall", "from": "2026-10-01", "to": "2026-10-02"}},
        )
    ],
    ("GET", "/v1/repairs/recomputations"): None,
    ("GET", "/v1/repairs/recompute"): [
        ("/v1/repairs/recompute?meter=hall-total&from=2026-10-01&to=2026-10-02", {})
    ],
    ("GET", "/v1/dead-letters"): None,
    ("GET", "/v1/dead-letters/groups"): None,
    ("POST", "/v1/dead-letters/groups/replay"): [
        ("/v1/dead-letters/groups/replay?gateway=yard/gw-9", {})
    ],
    ("POST", "/v1/dead-letters/groups/discard"): [
        ("/v1/dead-letters/groups/discard", {"json": {"gateway": "yard/gw-9", "why": "x"}}),
        ("/v1/dead-letters/groups/discard", {"json": {"id": 6, "why": "x"}}),
    ],
    ("GET", "/v1/dead-letters/{id}"): [("/v1/dead-letters/6", {})],
    ("POST", "/v1/entries"): [
        ("/v1/entries", {"json": {"meter": "hall-total", "value": 1, "day": "2026-11-20"}})
    ],
    ("GET", "/v1/entries"): [("/v1/entries?meter=hall-total", {})],
    ("GET", "/v1/entries/{id}"): [("/v1/entries/5c4001", {})],
    ("POST", "/v1/entries/{id}/withdrawal"): [
        ("/v1/entries/5c4001/withdrawal", {"json": {"reason": "x"}})
    ],
    ("GET", "/v1/entries/{id}/evidence/{sha256}"): [
        (f"/v1/entries/5c4001/evidence/{hashlib.sha256(SLIP).hexdigest()}", {})
    ],
    ("POST", "/v1/bills"): [
        (
            "/v1/bills",
            {
                "json": {
                    **{"account": "9900-9", "number": "8", "total": "1"},
                    **{"start": "2026-10-01", "end": "2026-11-01"},
                }
            },
        )
    ],
    ("POST", "/v1/bills/table"): None,
    ("POST", "/v1/entries/table"): None,
    ("POST", "/v1/history"): [("/v1/history?reason=x", {"content": b"time,a\n2025-03-13,1\n"})],
    ("GET", "/v1/history/{id}"): [("/v1/history/x", {})],
    ("GET", "/v1/history/{id}/refused"): [("/v1/history/x/refused", {})],
    ("GET", "/v1/bills"): [("/v1/bills?account=9900-9", {})],
    ("GET", "/v1/bills/{id}"): [("/v1/bills/5c4002", {})],
    ("GET", "/v1/bills/{id}/audit"): [("/v1/bills/5c4002/audit", {})],
    ("POST", "/v1/bills/{id}/withdrawal"): [
        ("/v1/bills/5c4002/withdrawal", {"json": {"reason": "x"}})
    ],
    ("GET", "/v1/bills/{id}/evidence/{sha256}"): [
        (f"/v1/bills/5c4002/evidence/{hashlib.sha256(SLIP).hexdigest()}", {})
    ],
    ("POST", "/v1/ingest"): [("/v1/ingest?gateway=yard/gw-9", {"content": b"{}"})],
    ("POST", "/v1/ingest/{site}/{code}"): [("/v1/ingest/yard/gw-9", {"content": b"{}"})],
    ("GET", "/v1/register-events"): [
        ("/v1/register-events?institution=school", {}),
        ("/v1/register-events?meter=hall-total", {}),
    ],
    ("GET", "/v1/restatements"): [("/v1/restatements?institution=school", {})],
    ("GET", "/v1/feed"): [
        ("/v1/feed?institution=school", {}),
        ("/v1/feed?institution=school&cursor=WyJzY2hvb2wiLDAsMCwwXQ", {}),
    ],
    ("GET", "/v1/feed/all"): None,
    ("GET", "/v1/reports/{institution}"): [("/v1/reports/school?month=2026-10", {})],
    ("GET", "/v1/reports/{institution}/{month}/issues"): [
        ("/v1/reports/school/2026-10/issues", {})
    ],
    ("POST", "/v1/reports/{institution}/{month}/issues"): [
        ("/v1/reports/school/2026-10/issues", {"json": {"reason": "x"}})
    ],
    ("GET", "/v1/closings"): [("/v1/closings?institution=school", {})],
    ("POST", "/v1/closings"): [
        ("/v1/closings", {"json": {"institution": "school", "period": "2026-10"}})
    ],
    ("GET", "/v1/closings/{name}"): [("/v1/closings/c1", {})],
    ("POST", "/v1/closings/{name}/reopening"): [
        ("/v1/closings/c1/reopening", {"json": {"reason": "x"}})
    ],
    ("POST", "/v1/closings/{name}/reopening/confirmation"): [
        ("/v1/closings/c1/reopening/confirmation", {})
    ],
    ("GET", "/v1/settlements"): [("/v1/settlements?institution=school", {})],
    ("POST", "/v1/settlements"): [
        ("/v1/settlements", {"json": {"institution": "school", "period": "2026-10"}})
    ],
    ("GET", "/v1/books/hash"): [("/v1/books/hash?institution=school", {})],
    ("GET", "/v1/audit"): None,
    ("GET", "/v1/keys"): None,
    ("POST", "/v1/keys"): [
        ("/v1/keys", {"json": {"name": "spy", "node": "school", "role": "read"}}),
        ("/v1/keys", {"json": {"name": "spy", "node": "", "role": "read"}}),
    ],
    ("DELETE", "/v1/keys/{id}"): [("/v1/keys/{school_key}", {})],
    ("POST", "/v1/keys/{id}/end"): [
        ("/v1/keys/{school_key}/end", {"json": {"expires": "2027-01-01"}})
    ],
    ("POST", "/v1/keys/{id}/rotation"): [("/v1/keys/{school_key}/rotation", {})],
    ("POST", "/v1/registry/import"): [("/v1/registry/import", {"json": {"tree.csv": "code\nx"}})],
    ("GET", "/v1/registry"): [("/v1/registry", {})],
    ("GET", "/v1/registry/workbook"): [("/v1/registry/workbook", {})],
    ("GET", "/v1/registry/brick"): [("/v1/registry/brick", {})],
    ("GET", "/v1/registry/haystack"): [("/v1/registry/haystack", {})],
    ("GET", "/v1/registry/template"): [("/v1/registry/template", {})],
    ("GET", "/influx/query"): [
        ("/influx/query?q=SELECT sum(kwh) FROM energy WHERE node='hall' AND time > 0", {}),
        ("/influx/query?q=SHOW TAG VALUES FROM findings WITH KEY=id WHERE under='yard'", {}),
    ],
    ("POST", "/influx/query"): [
        (
            "/influx/query",
            {"data": {"q": "SELECT last(points) FROM gateways WHERE gateway='yard/gw-9'"}},
        ),
    ],
    ("GET", "/"): [("/?node=hall", {})],
    ("GET", "/needs"): None,
    ("GET", "/overview"): [("/overview?node=hall", {})],
    ("GET", "/findings"): None,
    ("GET", "/learned"): None,
    ("GET", "/patterns"): [("/patterns?node=hall", {})],
    ("GET", "/digest"): None,
    ("POST", "/digest/budget"): [
        ("/digest/budget", {"data": {"node": "hall", "per_meter_year": "2"}})
    ],
    ("GET", "/findings/{id}"): [("/findings/f-school", {})],
    ("POST", "/findings/{id}/state"): [("/findings/f-school/state", {"data": {"state": "fixed"}})],
    ("POST", "/findings/{id}/comment"): [("/findings/f-school/comment", {"data": {"note": "x"}})],
    ("POST", "/findings/{id}/snooze"): [
        ("/findings/f-school/snooze", {"data": {"until": "2026-12-01"}})
    ],
    ("GET", "/bills"): None,
    ("GET", "/bills/file"): [
        ("/bills/file?of=node/hall&month=2026-10", {}),
        ("/bills/file?of=account/9900-9&month=2026-10&format=csv", {}),
    ],
    ("GET", "/bills/entered"): [("/bills/entered?account=9900-9", {})],
    ("GET", "/bills/entered/add"): None,
    ("POST", "/bills/entered/add"): None,
    ("POST", "/bills/entered/table"): None,
    ("GET", "/bills/entered/{id}"): [("/bills/entered/5c4002", {})],
    ("GET", "/bills/entered/{id}/evidence/{sha256}"): [
        (f"/bills/entered/5c4002/evidence/{hashlib.sha256(SLIP).hexdigest()}", {})
    ],
    ("POST", "/bills/entered/{id}/withdrawal"): [
        ("/bills/entered/5c4002/withdrawal", {"data": {"reason": "x"}})
    ],
    ("GET", "/entries"): None,
    ("GET", "/entries/meter"): [("/entries/meter?meter=hall-total", {})],
    ("POST", "/entries/meter"): [
        ("/entries/meter", {"data": {"meter": "hall-total", "value": "1"}})
    ],
    ("POST", "/entries/table"): None,
    ("GET", "/entries/{id}"): [("/entries/5c4001", {})],
    ("GET", "/entries/{id}/evidence/{sha256}"): [
        (f"/entries/5c4001/evidence/{hashlib.sha256(SLIP).hexdigest()}", {})
    ],
    ("POST", "/entries/{id}/withdrawal"): [
        ("/entries/5c4001/withdrawal", {"data": {"reason": "x"}})
    ],
    ("GET", "/closings"): None,
    ("GET", "/closings/{name}"): [("/closings/c1", {})],
    ("POST", "/closings"): [
        ("/closings", {"data": {"institution": "school", "period": "2026-10"}})
    ],
    ("POST", "/closings/{name}/reopening"): [("/closings/c1/reopening", {"data": {"reason": "x"}})],
    ("POST", "/closings/{name}/confirmation"): [("/closings/c1/confirmation", {"data": {}})],
    ("POST", "/gateways/clock"): [
        ("/gateways/clock", {"data": {"gateway": "yard/gw-9", "id": 1, "decision": "accept"}})
    ],
    ("GET", "/gateways/new"): [],
    ("POST", "/gateways/new"): [("/gateways/new", {"data": {"site": "yard", "code": "x"}})],
    ("GET", "/gateways/{site}/{code}"): [("/gateways/yard/gw-9", {})],
    ("POST", "/gateways/{site}/{code}/password"): [("/gateways/yard/gw-9/password", {"data": {}})],
    ("POST", "/gateways/{site}/{code}/revocation"): [
        ("/gateways/yard/gw-9/revocation", {"data": {"step": "save", "reason": "x"}})
    ],
    ("POST", "/gateways/{site}/{code}/points"): [
        ("/gateways/yard/gw-9/points", {"data": {"point": "x"}})
    ],
    ("POST", "/gateways/{site}/{code}/points/dismissal"): [
        ("/gateways/yard/gw-9/points/dismissal", {"data": {"point": "x"}})
    ],
    ("POST", "/dead-letters/replay"): [
        ("/dead-letters/replay", {"data": {"gateway": "yard/gw-9"}}),
        ("/dead-letters/replay", {"data": {"gateway": "campus/gw-1", "id": 6}}),
    ],
    ("POST", "/dead-letters/discard"): [
        ("/dead-letters/discard", {"data": {"gateway": "yard/gw-9"}}),
        (
            "/dead-letters/discard",
            {"data": {"gateway": "campus/gw-1", "id": 6, "step": "save", "reason": "x"}},
        ),
    ],
    ("GET", "/keys"): None,
    ("GET", "/keys/new"): [],
    ("POST", "/keys/new"): [
        ("/keys/new", {"data": {"name": "spy", "node": "school"}}),
        ("/keys/new", {"data": {"name": "spy", "node": "", "step": "save", "reason": "x"}}),
    ],
    ("GET", "/keys/{id}"): [("/keys/{school_key}", {})],
    **{
        ("POST", f"/keys/{{id}}/{act}"): [
            (f"/keys/{{school_key}}/{act}", {"data": {"step": "save", "reason": "x"}})
        ]
        for act in ("rotation", "end", "revocation")
    },
    ("GET", "/repairs"): None,
    ("GET", "/repairs/change"): [("/repairs/change?check=no_persons&code=school", {})],
    ("GET", "/repairs/progress"): [
        ("/repairs/progress?node=hall&first=2026-10-01&last=2026-10-02", {}),
        ("/repairs/progress?meter=hall-total&first=2026-10-01&last=2026-10-02", {}),
    ],
    ("POST", "/repairs/mend"): [
        ("/repairs/mend", {"data": {"check": "no_persons", "code": "school"}})
    ],
    ("POST", "/repairs/recompute"): [
        (
            "/repairs/recompute",
            {"data": {"node": "hall", "first": "2026-10-01", "last": "2026-10-02"}},
        )
    ],
    ("GET", "/setup"): [("/setup", {})],
    ("POST", "/setup/first"): [("/setup/first", {"data": {"code": "mine"}})],
    ("GET", "/setup/template"): [("/setup/template?registered=true", {})],
    ("GET", "/setup/model"): [("/setup/model", {}), ("/setup/model?haystack=true", {})],
    ("GET", "/setup/workbook"): [("/setup/workbook", {})],
    ("POST", "/setup/workbook"): [("/setup/workbook", {"data": {"step": "save"}})],
    ("GET", "/setup/history"): [("/setup/history", {})],
    ("POST", "/setup/history"): [("/setup/history", {"files": {"file": ("a.csv", b"x")}})],
    ("GET", "/setup/history/{id}"): [("/setup/history/x", {})],
    ("GET", "/setup/history/{id}/refused"): [("/setup/history/x/refused", {})],
    ("POST", "/setup/history/{id}"): [("/setup/history/x", {"data": {"step": "look"}})],
    ("POST", "/setup/history/{id}/load"): [("/setup/history/x/load", {"data": {"reason": "x"}})],
    ("GET", "/setup/{name}"): [("/setup/meters?q=hall", {})],
    ("GET", "/setup/{name}/row"): [("/setup/meters/row?row=x", {})],
    ("POST", "/setup/{name}/row"): [("/setup/meters/row", {"data": {"c.code": "hall-total"}})],
    ("GET", "/datacentre"): [("/datacentre?node=hall", {})],
    ("GET", "/gateways"): None,
    ("GET", "/dead-letters"): None,
    ("GET", "/dead-letters/{id}"): [("/dead-letters/6", {})],
    ("GET", "/latest"): None,
    ("GET", "/live"): None,
    ("GET", "/messages/{segment}/{offset}"): [("/messages/16777217/8", {})],
    ("GET", "/lineage"): [("/lineage?meter=hall-total&time=1795401420000000", {})],
}
OPEN = {
    ("GET", "/health"),
    ("GET", "/influx/ping"),
    ("GET", "/metrics"),
    ("GET", "/docs"),
    ("GET", "/signin"),
    ("POST", "/signin"),
    ("POST", "/signout"),
    ("GET", "/language/{chosen}"),
    ("GET", "/static/{name}"),
    ("POST", "/v1/evidence"),
}
"""They show nothing of any institution."""
DOCUMENTS = {"/openapi.json"}


def test_the_matrix_names_every_route(shared_world):
    routes = {
        (method, route.path)
        for route in iter_route_contexts(shared_world.client.app.routes)
        if route.path not in DOCUMENTS
        for method in route.methods
    }
    assert routes == set(MATRIX) | OPEN


def test_foreign_names_answer_as_if_they_did_not_exist(world, signed_in):
    keys = world.platform.access.keys()
    school_key = next(key.id for key in keys if key.node == "school")
    for (method, route), tries in MATRIX.items():
        for path, given in tries or []:
            options = dict(given)
            if method == "POST" and not route.startswith(("/v1/", "/influx/")):
                options["data"] = {**options.get("data", {}), "csrf": signed_in.csrf}
            response = world.client.request(
                method,
                path.replace("{school_key}", school_key),
                headers={"X-API-Key": world.keys["bureau"]},
                follow_redirects=False,
                **options,
            )
            whole = route.startswith(("/v1/registry", "/v1/history")) or "/setup" in route
            wanted = 403 if whole else 404
            assert response.status_code == wanted, (method, path, response.text)
            assert "Teaching hall" not in response.text
            if path.startswith("/v1"):
                assert response.headers["content-type"] == "application/problem+json"
                assert response.json()["fix"] or response.json()["field"]


@pytest.mark.parametrize(
    ("path", "foreign", "nobodys"),
    [
        ("/v1/findings/{}", "4", "99999"),
        ("/v1/findings/{}", "f-school", "f-nobody"),
        ("/v1/dead-letters/{}", "6", "99999"),
        ("/v1/messages/{}", "16777217/8", "16777217/999999"),
        ("/v1/closings/{}", "c1", "c9"),
        ("/v1/nodes/{}", "hall", "nowhere"),
    ],
)
def test_what_is_of_others_is_told_in_the_words_of_what_there_is_not(world, path, foreign, nobodys):
    """Numbers are counted up: whoever could tell them apart would know how many there are."""
    close = {"institution": "school", "period": "2026-10"}
    assert world.post("/v1/closings", "whole", json=close).status_code == 201
    assert world.get(path.format(foreign), key="whole").status_code == 200
    answers = [world.get(path.format(one), key="building") for one in (foreign, nobodys)]
    told = [
        {name: value for name, value in one.json().items() if name not in ("value", "instance")}
        for one in answers
    ]
    assert [one.status_code for one in answers] == [404, 404]
    assert told[0] == told[1]
    assert "school" not in answers[0].text.replace(foreign, "")


def test_lists_hold_nothing_foreign(world, signed_in):
    for (method, route), tries in MATRIX.items():
        if method == "GET" and tries is None:
            response = world.client.get(route, headers={"X-API-Key": world.keys["bureau"]})
            assert response.status_code == 200, route
            found = [name for name in FOREIGN if name in response.text]
            assert found == [], (route, found)


def test_lists_without_a_name_hold_nothing_foreign_either(world):
    for path in (
        "/v1/meters?limit=1000",
        "/v1/points?limit=1000",
        "/v1/readings/count",
        "/v1/register-events",
        "/v1/restatements",
        "/v1/feed?limit=1000",
        "/v1/feed/all?limit=1000",
    ):
        response = world.get(path)
        assert response.status_code == 200
        assert [name for name in FOREIGN if name in response.text] == []


def test_the_school_sees_its_own(world):
    assert world.get("/v1/nodes/hall", key="school").status_code == 200
    assert world.get("/v1/messages/16777217/8", key="school").status_code == 200
    assert world.get("/v1/dead-letters/6", key="school").json()["gateway"] == "yard/gw-9"
    assert [f["id"] for f in world.get("/v1/findings", key="school").json()["data"]] == ["4"]


def test_a_key_of_everything_sees_both(world):
    found = world.get("/v1/nodes?limit=100", key="whole").json()["data"]
    assert {"bureau", "school"} <= {node["code"] for node in found}


def test_a_buildings_key_reaches_neither_its_neighbours_nor_the_shared_gateway(world):
    assert world.get("/v1/nodes/office-a", key="building").status_code == 200
    for path in (
        "/v1/nodes/office-b",
        "/v1/nodes/bureau",
        "/v1/energy?node=bureau&item=01000",
        "/v1/energy/parts?node=bureau",
        "/v1/energy/shares?node=bureau",
        "/v1/energy/balance?node=bureau",
        "/v1/datacentre?node=dc",
        "/v1/messages/16777217/5",
        "/v1/findings/f-weekend",
        "/v1/dead-letters/1",
        "/v1/books/hash?institution=bureau",
        "/v1/feed?institution=school",
    ):
        assert world.get(path, key="building").status_code == 404, path
    assert world.get("/v1/dead-letters", key="building").json()["total"] == 0
    assert world.get("/v1/gateways", key="building").json()["data"] == []
    events = world.get("/v1/register-events", key="building").json()["data"]
    assert {event["meter"] for event in events} <= {"office-a-total"}
    assert world.get("/v1/audit", key="building").json()["data"] == []


def test_who_speaks_for_a_gateway_speaks_for_all_of_its_points(world):
    """The bureau's gateway comes to serve a meter of the school: the bureau's key may neither push
    in its name, which would change the school's books, nor take over its password."""
    known = world.platform.registry()
    id = max(known.points) + 1
    shared = replace(known.points[24], id=id, gateway="campus/gw-1", name="hall.second")
    more = (
        *known.installations,
        Installation("hall-total", id, valid=Validity(date(2030, 1, 1), None)),
    )
    world.platform.registry_store.apply(
        replace(known, points=known.points | {id: shared}, installations=more),
        actor="test",
        now_us=1,
    )
    body = {"readings": [{"point": "hall.second", "time": "2026-11-20T02:00:00Z", "value": 1}]}
    tries = {"/v1/ingest?gateway=campus/gw-1": {"json": body}}
    tries["/v1/gateways/campus/gw-1/password"] = {}
    tries["/v1/gateways/campus/gw-1/revoke"] = {}
    before = len(world.platform.messages.kept)
    for path, options in tries.items():
        refused = world.post(path, **options)
        assert refused.status_code == 403, path
        assert refused.json()["field"] == "gateway"
    assert len(world.platform.messages.kept) == before
    entries = world.get("/v1/audit").json()["data"][:2]
    assert {entry["action"] for entry in entries} == {"refused"}
    for path, options in tries.items():
        assert world.post(path, key="whole", **options).status_code in (200, 202), path


def test_every_refusal_stands_in_the_audit_log(world):
    world.get("/v1/nodes/hall")
    world.get("/v1/keys", key="reader")
    refused = [
        entry for entry in world.get("/v1/audit").json()["data"] if entry["action"] == "refused"
    ]
    assert [entry["subject"] for entry in refused] == ["GET /v1/keys", "GET /v1/nodes/hall"]
    assert all(entry["institution"] == "bureau" for entry in refused)


def test_a_refusal_of_what_comes_with_a_body_stands_there_too(world):
    made = world.post("/v1/keys", key="reader", json={"name": "n", "node": "bureau"})
    assert made.status_code == 403
    entry = world.get("/v1/audit").json()["data"][0]
    assert (entry["action"], entry["subject"]) == ("refused", "POST /v1/keys")
    assert entry["actor"].startswith("reader (")


def test_a_name_that_exists_nowhere_is_no_refusal(world):
    assert world.get("/v1/nodes/nowhere").status_code == 404
    entries = world.get("/v1/audit").json()["data"]
    assert not [entry for entry in entries if entry["action"] == "refused"]


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("POST", "/v1/findings/f-after/acknowledge", {"json": {"note": ""}}),
        ("POST", "/v1/findings/f-after/resolve", {"json": {"note": ""}}),
        ("POST", "/v1/findings/f-after/expect", {"json": {"note": "x"}}),
        ("POST", "/v1/findings/f-after/assign", {"json": {"assignee": "x"}}),
        ("POST", "/v1/findings/f-after/comment", {"json": {"comment": "x"}}),
        ("POST", "/v1/findings/f-after/snooze", {"json": {"until": None}}),
        ("POST", "/v1/ingest?gateway=campus/gw-1", {"content": b"{}"}),
        ("POST", "/v1/ingest/campus/gw-1", {"content": b"{}"}),
        ("POST", "/v1/gateways/campus/gw-1/password", {}),
        ("POST", "/v1/dead-letters/groups/replay?reason=unknown_point", {}),
        ("POST", "/v1/gateways/campus/gw-1/revoke", {}),
        ("POST", "/v1/gateways", {"json": {"site": "campus", "code": "gw-2"}}),
        ("POST", "/v1/evidence", {"content": SLIP}),
        ("POST", "/v1/entries", {"json": {"meter": "canteen-water", "value": 1, "day": "x"}}),
        ("POST", "/v1/entries/5c4001/withdrawal", {"json": {"reason": "x"}}),
        ("POST", "/v1/bills", {"json": {"account": "6600-1"}}),
        ("POST", "/v1/bills/5c4002/withdrawal", {"json": {"reason": "x"}}),
        ("POST", "/v1/bills/table", {"content": b"account,month,total\n6600-1,2026-10,1\n"}),
        ("POST", "/v1/entries/table", {"content": b"meter,time,value\nm,2026-10-01,1\n"}),
        ("POST", "/v1/history?reason=x", {"content": b"time,a\n2025-03-13,1\n"}),
        ("GET", "/v1/audit", {}),
        ("GET", "/v1/keys", {}),
        ("POST", "/v1/keys", {"json": {"name": "n", "node": "bureau", "role": "read"}}),
        ("DELETE", "/v1/keys/x", {}),
        ("POST", "/v1/registry/import", {"json": {}}),
    ],
)
def test_a_reading_key_changes_nothing(world, method, path, options):
    headers = {"X-API-Key": world.keys["reader"]}
    response = world.client.request(method, path, headers=headers, **options)
    assert response.status_code == 403
    assert response.json()["field"] == "role"


@pytest.mark.parametrize(
    ("path", "row"),
    [
        ("bills", "account,billing month,total\n{},2026-10,1\n"),
        ("entries", "meter,time,value\n{},2026-11-20,1\n"),
    ],
)
def test_a_row_of_others_is_refused_like_one_of_nobody_and_is_logged(world, path, row):
    foreign, nobodys = (
        world.post(f"/v1/{path}/table", content=row.format(code).encode()).json()
        for code in ({"bills": "9900-9", "entries": "hall-total"}[path], "nobody")
    )
    (one,), (other,) = foreign["tables"][0]["rows"], nobodys["tables"][0]["rows"]
    assert one["fate"] == other["fate"] == "refused"
    assert {**one["refused"], "value": ""} == {**other["refused"], "value": ""}
    assert not [raw for raw in world.journal.kept.values() if raw.route == "entered"]
    if path == "entries":
        entry = world.platform.access.entries(None, limit=1)[0]
        assert (entry.action, entry.subject) == ("refused", "table readings")


def test_an_operator_operates_but_does_not_administer(world):
    note = {"json": {"note": "seen"}}
    assert world.post("/v1/findings/f-after/acknowledge", key="operator", **note).status_code == 200
    assert world.get("/v1/keys", key="operator").status_code == 403


def test_who_may_enter_enters_and_does_nothing_else(world):
    said = {"meter": "canteen-water", "value": 7, "day": "2026-11-20"}
    assert world.post("/v1/entries", key="desk", json=said).status_code == 202
    refused = world.post("/v1/ingest?gateway=campus/gw-1", key="desk", content=b"{}")
    assert (refused.status_code, refused.json()["field"]) == (403, "role")


def test_no_route_answers_without_a_key(world):
    for method, route in MATRIX:
        response = world.client.request(method, route, follow_redirects=False)
        if route.startswith("/v1"):
            assert response.status_code == 401, route
            assert response.headers["www-authenticate"] == "Bearer"
        elif route in ("/live", "/influx/query"):
            assert response.status_code == 401
        else:
            assert response.status_code == 303, route
            assert response.headers["location"].startswith("/signin"), route


def test_a_platform_keys_change_stands_in_the_institutions_log(world):
    world.post("/v1/findings/f-after/resolve", key="whole", json={"note": "valve replaced"})
    entry = world.get("/v1/audit").json()["data"][0]
    assert entry["action"] == "finding.fixed"
    assert entry["reason"] == "valve replaced"
    assert entry["institution"] == "bureau"


def test_a_meter_named_like_anothers_node_is_no_way_over_the_wall(world):
    known = world.platform.registry()
    twin = replace(known.meters["office-a-total"], code="hall")
    world.platform.registry_store.apply(
        replace(known, meters={"hall": twin}, installations=()), actor="test", now_us=1
    )
    found = world.get("/v1/energy?meter=hall").json()
    assert found["series"]["institution"] == "bureau"
    assert {value["amount"] for value in found["data"]} == {None}
    response = world.get("/v1/energy/lineage?meter=hall&time=2026-11-23T02:00:00Z")
    assert response.status_code == 404
    assert "amount" not in response.text


def test_a_lost_message_has_no_time_of_arrival(world) -> None:
    world.journal.kept[SEGMENT, 5_000] = Raw(0, "", "", b"", "lost")
    told = world.get("/v1/messages/16777217/5000", key="whole")
    assert told.status_code == 200, told.text
    assert (told.json()["kind"], told.json()["arrived"]) == ("lost", None)
