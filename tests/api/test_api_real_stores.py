"""Over SQLite and DuckDB the API and the page answer exactly as over the stores in memory."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from storage import DuckDBReadings, open_engine, sql_stores

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
PAGES = ["/", "/?node=office-a", "/findings", "/datacentre", "/gateways", "/latest"]


@pytest.fixture(scope="module")
def seed():
    name = "real_store_seed"
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / "conftest.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def real_world(seed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stores")
    readings = DuckDBReadings(folder / "readings.duckdb")
    engine = open_engine(f"sqlite:///{folder / 'greenoffice.db'}")
    yield seed.make_world(sql_stores(engine), readings)
    readings.close()
    engine.dispose()


@pytest.mark.parametrize("path", PATHS)
def test_the_same_answers(shared_world, real_world, path):
    wanted, found = shared_world.get(path), real_world.get(path)
    assert found.status_code == wanted.status_code == 200
    assert found.json() == wanted.json()


def test_the_same_pages(seed, shared_world, real_world):
    for world in (shared_world, real_world):
        seed.sign_in(world)
    for path in PAGES:
        wanted, found = (w.client.get(path) for w in (shared_world, real_world))
        assert found.status_code == 200
        assert without_token(found.text) == without_token(wanted.text), path


def without_token(html: str) -> str:
    import re

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
