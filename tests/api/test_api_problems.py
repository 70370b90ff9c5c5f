"""Bad input: each gets a problem that names the field, the value and the fix."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from api import create_app
from metering.errors import FileProblem, InvalidFiles, StorageFull, Unavailable

CASES = [
    ("/v1/nodes?limit=0", "limit"),
    ("/v1/nodes?limit=1001", "limit"),
    ("/v1/nodes?limit=many", "limit"),
    ("/v1/nodes?lmit=5", "lmit"),
    ("/v1/nodes?=5", "query"),
    ("/v1/nodes?type=planet", "type"),
    ("/v1/nodes?cursor=%25%25", "cursor"),
    ("/v1/nodes?cursor=WzFd", "cursor"),
    ("/v1/nodes?cursor=" + "a" * 600, "cursor"),
    ("/v1/points?cursor=WzkyMjMzNzIwMzY4NTQ3NzU4MDhd", "cursor"),
    ("/v1/meters?item=99000", "item"),
    ("/v1/points/x/readings", "id"),
    ("/v1/points/1/readings?start=yesterday", "start"),
    ("/v1/points/1/readings?start=2026-11-24T08:00:00", "start"),
    ("/v1/points/1/readings?start=0001-01-01T00:00:00Z", "start"),
    ("/v1/points/1/readings?start=2026-11-24&end=2026-11-23", "end"),
    ("/v1/energy", "node"),
    ("/v1/energy?node=office-a&meter=office-a-total", "node"),
    ("/v1/energy?node=office-a&item=electricity", "item"),
    ("/v1/energy?meter=office-a-total&item=01B00", "item"),
    ("/v1/energy?node=office-a&step=week", "step"),
    ("/v1/energy?node=office-a&start=2026-11-31", "start"),
    ("/v1/energy?node=office-a&start=1999-01-01", "start"),
    ("/v1/energy?node=office-a&start=20261101", "start"),
    ("/v1/energy?node=office-a&start=2026-11-02&end=2026-11-01", "end"),
    ("/v1/energy?node=office-a&step=native&start=2026-01-01&end=2026-06-01", "end"),
    ("/v1/energy/lineage?node=office-a&time=noon", "time"),
    ("/v1/energy/lineage?node=office-a", "time"),
    ("/v1/messages/-1/0", "segment/offset"),
    (f"/v1/messages/{2**80}/0", "segment/offset"),
    ("/v1/findings?state=ignored", "state"),
    ("/v1/dead-letters?state=lost", "state"),
    (f"/v1/dead-letters/{2**70}", "id"),
    ("/v1/register-events?start=2026-11-24&end=2026-11-01", "end"),
    ("/v1/books/hash?before=tomorrow", "before"),
]


@pytest.mark.parametrize(("path", "field"), CASES)
def test_refusals_name_field_value_and_fix(shared_world, path, field):
    response = shared_world.get(path)
    problem = response.json()
    assert response.status_code == 422, problem
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["field"] == field
    assert problem["fix"]
    assert problem["detail"]
    assert problem["status"] == 422
    assert problem["instance"] == path.partition("?")[0]
    assert problem["type"].startswith("urn:greenoffice:problem:")


def test_a_hostile_value_comes_back_shortened(shared_world):
    problem = shared_world.get("/v1/nodes?limit=" + "9" * 5000).json()
    assert len(problem["value"]) <= 130


def test_an_unknown_route_and_a_wrong_method(shared_world):
    assert shared_world.get("/v1/nothing").json()["field"] == "path"
    response = shared_world.post("/v1/nodes")
    assert response.status_code == 405
    assert response.json()["field"] == "method"


def test_a_browser_that_lost_its_way_gets_a_page(shared_world):
    response = shared_world.client.get("/nothing", headers={"Accept": "text/html"})
    assert response.status_code == 404
    assert response.headers["content-type"].startswith("text/html")


def test_an_unknown_key_is_named_but_never_repeated(world):
    secret = "go_0123456789ab_" + "x" * 40
    response = world.client.get("/v1/nodes", headers={"Authorization": f"Bearer {secret}"})
    assert response.status_code == 401
    assert secret not in response.text
    assert response.json()["fix"]


def test_too_many_wrong_keys_are_stopped_before_they_are_tried(world):
    for _ in range(world.platform.failed_keys_per_minute):
        assert world.client.get("/v1/nodes", headers={"X-API-Key": "no"}).status_code == 401
    stopped = world.client.get("/v1/nodes", headers={"X-API-Key": "no"})
    assert stopped.status_code == 429
    assert stopped.headers["retry-after"] == "60"
    assert world.get("/v1/nodes").status_code == 200, "whoever has a key goes on"
    later = replace(world.platform, now_us=lambda: world.platform.now_us() + 61_000_000)
    world.client.app.state.platform = later
    assert world.client.get("/v1/nodes", headers={"X-API-Key": "no"}).status_code == 401


def test_guesses_at_one_key_stop_neither_the_others_nor_who_is_known(world):
    """The key's own holder is known from before; another one was never seen until now."""
    assert world.get("/v1/nodes").status_code == 200
    mine, other = world.keys["bureau"], world.keys["school"]
    for n in range(world.platform.failed_keys_per_minute + 5):
        guess = mine[:17] + f"{n:032d}"
        status = world.client.get("/v1/nodes", headers={"X-API-Key": guess}).status_code
        assert status == (401 if n < world.platform.failed_keys_per_minute else 429)
    for secret in (mine, other):
        assert world.client.get("/v1/nodes", headers={"X-API-Key": secret}).status_code == 200


def test_a_revoked_key_ends_at_once(world):
    made = world.post("/v1/keys", json={"name": "guest", "node": "bureau", "role": "read"}).json()
    headers = {"Authorization": f"Bearer {made['secret']}"}
    assert world.client.get("/v1/nodes", headers=headers).status_code == 200
    world.client.delete(f"/v1/keys/{made['id']}", headers={"X-API-Key": world.keys["bureau"]})
    assert world.client.get("/v1/nodes", headers=headers).status_code == 401


def test_bodies_are_bounded(world):
    limit = world.platform.max_body_bytes
    response = world.post("/v1/ingest?gateway=campus/gw-1", content=b"x" * (limit + 1))
    assert response.status_code == 413
    assert response.json()["field"] == "body"
    assert world.post("/v1/ingest?gateway=campus/gw-1", content=b"").status_code == 422


def test_a_body_that_is_no_note_is_refused(world):
    for body in ({"note": 5}, {"remark": "x"}, {"note": "x" * 2001}):
        response = world.post("/v1/findings/f-after/acknowledge", json=body)
        assert response.status_code == 422
        assert response.json()["fix"]
    assert world.post("/v1/findings/f-after/expect", json={"note": " "}).json()["field"] == "note"


@pytest.mark.parametrize(
    "options",
    [
        {"content": b"[1, 2]", "headers": {"Content-Type": "application/json"}},
        {"content": b"{not json", "headers": {"Content-Type": "application/json"}},
        {"files": [("files", ("tree.csv", b"\xff\xfe\xff"))]},
    ],
)
def test_an_import_that_is_no_set_of_texts(world, options):
    headers = {**options.pop("headers", {}), "X-API-Key": world.keys["whole"]}
    response = world.client.post("/v1/registry/import", headers=headers, **options)
    assert response.status_code == 422
    assert response.json()["fix"]


def test_an_import_of_a_kind_that_is_not_read_says_so(world):
    headers = {"Content-Type": "text/csv", "X-API-Key": world.keys["whole"]}
    response = world.client.post("/v1/registry/import", headers=headers, content=b"code\n")
    assert response.status_code == response.json()["status"] == 415
    assert response.json()["field"] == "Content-Type"


def test_every_problem_of_imported_files_is_listed(world):
    one = FileProblem("meters.csv", 3, "item", "x", "not an item code", "five characters")

    def refuse(_, __):
        raise InvalidFiles([one, one])

    world.client.app.state.platform = replace(world.platform, read_uploaded=refuse)
    response = world.post("/v1/registry/import", key="whole", json={"meters.csv": "x"})
    assert response.status_code == 422
    told = {name: value for name, value in vars(one).items() if name != "heading"}
    assert response.json()["problems"] == [told, told]


@pytest.mark.parametrize(
    ("error", "status"),
    [(StorageFull("the disk is full", fix="free some space"), 507), (Unavailable("busy"), 503)],
)
def test_a_full_disk_is_said_and_nothing_is_acknowledged(world, error, status):
    def refuse(_):
        raise error

    app = create_app(replace(world.platform, ingest=refuse))
    client = TestClient(app)
    headers = {"X-API-Key": world.keys["bureau"]}
    response = client.post("/v1/ingest?gateway=campus/gw-1", content=b"{}", headers=headers)
    assert response.status_code == status
    assert response.json()["detail"] == error.message


@pytest.mark.parametrize(
    "path", ["/v1/findings/1/resolve", "/v1/keys", "/v1/registry/import?dry_run=true"]
)
def test_half_a_character_is_refused(world, path):
    body = '{"note": "\\ud800", "name": "\\ud800", "tree.csv": "\\ud800"}'
    headers = {"X-API-Key": world.keys["whole"], "Content-Type": "application/json"}
    answer = world.client.post(path, content=body, headers=headers)
    assert (answer.status_code, answer.json()["field"]) == (400, "body")


def test_an_import_nested_without_end_is_refused(world):
    headers = {"X-API-Key": world.keys["whole"], "Content-Type": "application/json"}
    path = "/v1/registry/import?dry_run=true"
    answer = world.client.post(path, content="[" * 100_000, headers=headers)
    assert (answer.status_code, answer.json()["field"]) == (422, "body")
