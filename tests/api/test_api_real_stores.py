"""Over SQLite and DuckDB the API and the page answer exactly as over the stores in memory."""

from __future__ import annotations

import re

import pytest

PATHS = [
    "/v1/nodes",
    "/v1/nodes/office-a",
    "/v1/meters?node=campus&item=01000&limit=50",
    "/v1/points?limit=100",
    "/v1/points/1/readings?limit=5",
    "/v1/readings/count",
    "/v1/energy?node=bureau&item=01000&step=day&start=2026-11-10",
    "/v1/energy?node=bureau&item=01000&step=month&start=2026-10-01",
    "/v1/energy?meter=office-b-total&step=hour&start=2026-11-15&end=2026-11-16",
    "/v1/energy/parts?node=office-a&start=2026-11-17&end=2026-11-24",
    "/v1/datacentre?node=dc",
    "/v1/energy/lineage?node=office-a&item=01000&time=2026-11-24T01:00:00Z",
    "/v1/findings",
    "/v1/findings/f-after",
    "/v1/gateways",
    "/v1/dead-letters",
    "/v1/register-events",
    "/v1/restatements",
    "/v1/books/hash",
]
PAGES = [
    "/",
    "/?node=office-a",
    "/overview",
    "/overview?node=office-a",
    "/findings",
    "/datacentre",
    "/gateways",
    "/latest",
]


@pytest.mark.parametrize("path", PATHS)
def test_the_same_answers(shared_world, real_world, path):
    wanted, found = shared_world.get(path), real_world.get(path)
    assert found.status_code == wanted.status_code == 200
    assert found.json() == wanted.json()


def test_the_same_pages(signed, shared_world, real_world):
    for world in (shared_world, real_world):
        signed(world)
    for path in PAGES:
        wanted, found = (w.client.get(path) for w in (shared_world, real_world))
        assert found.status_code == 200
        assert without_token(found.text) == without_token(wanted.text), path


def without_token(html: str) -> str:
    return re.sub(r'name="csrf" value="[^"]+"', "", html)


def test_a_refusal_is_kept_in_the_real_audit_log(real_world):
    real_world.get("/v1/nodes/hall")
    newest = real_world.get("/v1/audit?limit=1").json()["data"][0]
    assert (newest["action"], newest["subject"]) == ("refused", "GET /v1/nodes/hall")


def test_pages_of_the_real_lists(real_world):
    first = real_world.get("/v1/dead-letters?limit=2", key="whole").json()
    second = real_world.get(f"/v1/dead-letters?limit=10&cursor={first['next']}", key="whole").json()
    ids = [row["id"] for row in first["data"] + second["data"]]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == first["total"] == 6
