"""`make bench-repairs`: how long the page of repairs takes, of few meters and of many.

    campus, a gateway for each building ──▶ 28 days of quarter hours, booked
                                        ──▶ /repairs, beside the same days of all meters

Readings in DuckDB and books in SQLite, as an embedded platform has them. Costs are CPU seconds of
all threads. The ratio to the days of all meters, asked in the same run, does not depend on the
machine, and what it costs by the meter is the same for a few and for many.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from fastapi.testclient import TestClient

from api import create_app
from greenoffice.api_process import desk_of, platform_of
from greenoffice.assembly import Assembly
from greenoffice.client import read_key
from greenoffice.folder import DataFolder
from greenoffice.worker_process import no_filing, no_ingest
from metering.book import DirtyMark
from metering.localtime import day_bounds, local_day
from metering.registry import Gateway, Registry
from proofs.bench_campus import A_BUILDING, BODY, ZONE, arriving, campus
from proofs.steps import finish, run, say

SMALL = 100
DAYS = 28
TIMES = 5
GOALS = {"page_s": 2.0, "times_the_days": 30.0, "growth": 1.5}
"""CPU [s] of the page; how many times that of the days of all meters; and how many times as much
a meter costs among many as among few."""


def run_bench_repairs(meters: int) -> None:
    """One line of JSON; exit status 1 where a goal is missed."""
    few, many = costs_of(min(SMALL, meters)), costs_of(meters)
    result = {
        **many,
        "few": few,
        "growth": round(many["page_s"] / many["meters"] / (few["page_s"] / few["meters"]), 2),
    }
    passed = all(result[name] <= goal for name, goal in GOALS.items())  # type: ignore[operator]
    finish({**result, "goals": GOALS}, passed)


def costs_of(meters: int) -> dict[str, float]:
    """CPU [s] of the page of repairs, of its answer and of the days of all meters."""
    with tempfile.TemporaryDirectory(prefix="greenoffice-repairs-") as root:
        run("init", str(Path(root) / "data"))
        folder = DataFolder(Path(root) / "data")
        with closing(Assembly.open(folder)) as assembly:
            readings = _fill(assembly, meters)
            say(f"{readings} readings of {meters} meters are booked")
            found = _costs(folder, assembly)
    return {
        "meters": meters,
        "readings": readings,
        **found,
        "times_the_days": round(found["page_s"] / found["days_s"], 2),
    }


def spread(meters: int) -> Registry:
    """The campus, with a gateway for each building."""
    registry = campus(meters)
    codes = [f"g{n}" for n in range(-(-meters // A_BUILDING))]
    return replace(
        registry,
        gateways={f"{BODY}/{code}": Gateway(BODY, code) for code in codes},
        points={
            n: replace(point, gateway=f"{BODY}/{codes[(n - 1) // A_BUILDING]}")
            for n, point in registry.points.items()
        },
    )


def _fill(assembly: Assembly, meters: int) -> int:
    """Readings of the days until now, booked; how many."""
    now_us = assembly.now_us()
    since_us = day_bounds(local_day(now_us, ZONE) - timedelta(days=DAYS), ZONE)[0]
    assembly.stores.registry.apply(spread(meters), actor="bench", now_us=now_us)
    assert assembly.owned is not None
    stored = 0
    for rows in arriving(meters, DAYS + 1, since_us=since_us):
        past = rows.take(rows.time_us <= now_us)
        assembly.owned.upsert(past)
        stored += len(past)
    marks = [DirtyMark(point, since_us, now_us, "reading") for point in range(1, meters + 1)]
    assembly.stores.marks.mark(marks, writer_no=1, ready=True)
    while assembly.stores.marks.waiting():
        assembly.ledger.step()
    return stored


def _costs(folder: DataFolder, assembly: Assembly) -> dict[str, float]:
    platform = platform_of(folder, assembly, no_ingest, desk_of(assembly, "http", no_filing))
    last = local_day(platform.now_us(), ZONE)
    days = {
        "below": BODY,
        "step": "day",
        "fields": "quantity,shares",
        "start": (last - timedelta(days=DAYS)).isoformat(),
        "end": last.isoformat(),
    }
    key = read_key(folder.admin_key)
    client = TestClient(create_app(platform), client=("127.0.0.1", 50_000))
    headers = {"x-api-key": key}
    _get(client, "/v1/repairs", headers=headers)
    _sign_in(client, key)
    return {
        "page_s": _cpu_s(lambda: _get(client, "/repairs")),
        "answer_s": _cpu_s(lambda: _get(client, "/v1/repairs", headers=headers)),
        "days_s": _cpu_s(lambda: _get(client, "/v1/energy", params=days, headers=headers)),
    }


def _sign_in(client: TestClient, key: str) -> None:
    found = re.search(r'name="token" value="([^"]+)"', client.get("/signin").text)
    assert found is not None
    form = {"key": key, "token": found[1], "next": "/"}
    client.post("/signin", data=form, follow_redirects=False)


def _get(client: TestClient, path: str, **asked: dict[str, str]) -> None:
    answer = client.get(path, **asked, follow_redirects=False)  # type: ignore[arg-type]
    assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:300]}"


def _cpu_s(work: Callable[[], None]) -> float:
    """CPU [s] of the best of some times."""
    spent = []
    for _ in range(TIMES):
        begun = time.process_time()
        work()
        spent.append(time.process_time() - begun)
    return round(min(spent), 3)
