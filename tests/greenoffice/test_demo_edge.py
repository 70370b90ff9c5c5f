"""The demo's edge: registered, polled by the demo's clock, and of no effect on the campus."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edge import read_config
from greenoffice.demo import DemoOptions
from greenoffice.demo.edge import demo_edge, edge_children
from greenoffice.demo.registration import campus_texts
from greenoffice.demo.setting_up import demo_folder
from greenoffice.folder import DataFolder
from greenoffice.stores import open_stores
from metering.localtime import parse_instant
from proofs.steps import started, wait_until

NOW = "2026-09-18T10:00:00+08:00"
MINUTE_MS = 60_000


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return demo_folder(DemoOptions(tmp_path / "demo", now=NOW)).folder


def test_its_points_are_registered_and_its_meter_is_polled_by_the_clock_of_the_demo(
    folder: DataFolder,
) -> None:
    with closing(open_stores(folder)) as stores:
        registry = stores.registry.load()
    points = {one.name: one for one in registry.points.values() if one.gateway == "campus/edge"}
    (child,) = edge_children(folder)
    spool = read_config(demo_edge(folder)).spool
    found: list[dict[str, object]] = []

    def read() -> bool:
        with closing(sqlite3.connect(f"file:{spool / 'spool.db'}?mode=ro", uri=True)) as db:
            rows = db.execute("SELECT readings FROM message").fetchall()
        found[:] = [one for (told,) in rows for one in json.loads(told)]
        return bool(found)

    with started(child.arguments) as process:
        wait_until("a reading", lambda: (spool / "spool.db").is_file() and read(), of=process)
    assert process.returncode == 0
    assert {one["point"]: one["kind"] for one in found} == {
        name: str(one.kind) for name, one in points.items()
    }
    passed_ms = int(str(found[0]["time"])) - parse_instant(NOW) // 1000
    assert 0 < passed_ms < 10 * MINUTE_MS
    assert float(str(found[0]["value"])) > 1_000


def test_the_campus_is_what_it_is_without_it() -> None:
    plain, more = campus_texts(), campus_texts(edge=True)
    assert {name for name in plain if plain[name] != more[name]} == {"gateways.csv", "points.csv"}
    assert all(more[name].startswith(plain[name]) for name in plain)
    own = more["points.csv"].removeprefix(plain["points.csv"]).splitlines()
    assert [row.split(",")[1] for row in own] == ["E1.import", "E1.power"]
    assert not any("".join(row.split(",")[4:]) for row in own)  # of no meter, role or place


def test_a_demo_of_before_it_goes_on_without(folder: DataFolder) -> None:
    demo_edge(folder).unlink()
    assert edge_children(folder) == []
