"""What costs much is answered by another process, as it would be in place."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest
from fastapi.testclient import TestClient

from api import create_app
from greenoffice.commands import init
from greenoffice.folder import DataFolder
from greenoffice.stores import open_stores
from metering.registry import Registry
from storage import MemoryReadings
from tests.api.conftest import NOW_US, ZONE, platform_of, seed
from tests.api.test_api_weights import crowded

SPAN = "start=2026-09-25&end=2026-11-24"
HEAVY = f"/v1/energy?node=campus&item=01000&step=native&{SPAN}"
LIGHT = "/v1/energy?node=campus&item=01000&step=day&start=2026-11-10&end=2026-11-24"
FOR_YEARS = (
    f'SELECT sum("value"), mean("measured") FROM energy WHERE time >= \'2000-01-01T00:00:00Z\' AND'
    f" node = 'campus' GROUP BY hours, day, weekday, hour, item, currency tz('{ZONE}')"
)
LINEAGE = "/v1/energy/lineage?node=campus&item=01000&start=2026-10-25&end=2026-11-24"
REPORT = "/v1/reports/bureau?month=2026-10&language=en"
LISTED = (
    "SELECT power FROM energy WHERE time >= '2026-09-25T00:00:00Z' AND"
    f" time < '2026-11-20T00:00:00Z' AND type = 'building' GROUP BY node, item tz('{ZONE}')"
)


@dataclass(frozen=True)
class Running:
    """The API as a process, and the same stores in place."""

    port: int
    process: psutil.Process
    keys: dict[str, str]
    here: TestClient
    data: Path

    def get(self, path: str, key: str = "bureau", timeout_s: float = 60) -> tuple[int, bytes]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", headers={"X-API-Key": self.keys[key]}
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout_s) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read()

    def workers(self) -> list[psutil.Process]:
        return self.process.children()


def await_true(ready) -> None:
    for _ in range(600):
        if ready():
            return
        time.sleep(0.1)
    pytest.fail("gave up waiting")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with started(tmp_path_factory.mktemp("api") / "data") as found:
        yield found


@contextmanager
def started(data: Path, known: Registry | None = None) -> Iterator[Running]:
    taken = [_free() for _ in range(3)]
    folder = init(data, *taken, "en")
    stores = open_stores(folder)
    journal, keys = seed(MemoryReadings(), stores)
    if known is not None:
        stores.registry.apply(known, actor="test", now_us=NOW_US)
    here = TestClient(create_app(platform_of(MemoryReadings(), stores, journal)))
    process = subprocess.Popen(
        [sys.executable, "-m", "greenoffice", "api", str(folder.root)],
        cwd=Path(__file__).parents[2],
        env=os.environ,
    )
    found = Running(taken[0], psutil.Process(process.pid), keys, here, folder.root)
    try:
        await_true(lambda: process.poll() is not None or _listens(taken[0]))
        yield found
    finally:
        process.terminate()
        process.wait(20)


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_a_page_of_readings_is_light_over_any_time(running: Running) -> None:
    status, _ = running.get("/v1/points/1/readings?start=2000-01-01&limit=1000")
    assert status == 503  # no intake runs here
    assert running.workers() == []


def test_what_is_light_needs_no_worker(running: Running) -> None:
    assert running.get(LIGHT)[0] == 200
    assert running.get("/influx/query?q=" + quote("SHOW MEASUREMENTS"))[0] == 200
    assert running.workers() == []


@pytest.mark.parametrize(
    "path", [HEAVY, "/influx/query?q=" + quote(LISTED), REPORT, REPORT + "&format=json"]
)
def test_a_worker_answers_byte_for_byte_as_the_api_itself(running: Running, path: str) -> None:
    status, body = running.get(path)
    assert status == 200
    assert len(running.workers()) == 1
    here = running.here.get(path, headers={"X-API-Key": running.keys["bureau"]})
    assert (status, body) == (here.status_code, here.content)


@pytest.mark.parametrize(
    ("path", "key", "status"),
    [
        (HEAVY, "school", 404),
        (HEAVY.replace("native", "fine"), "bureau", 422),
        (HEAVY + "&more=1", "bureau", 422),
        (HEAVY.replace("2026-09", "2020-09"), "bureau", 422),
        (
            "/influx/query?q=" + quote(LISTED.replace("type = 'building'", "node = 'dc'")),
            "school",
            404,
        ),
    ],
)
def test_a_worker_refuses_as_the_api_itself(running: Running, path, key, status) -> None:
    found, body = running.get(path, key)
    here = running.here.get(path, headers={"X-API-Key": running.keys[key]})
    assert (found, body) == (status, here.content)


def test_a_wrong_key_costs_no_worker(running: Running) -> None:
    wrong = replace(running, keys={"bureau": "go_000000000000_x"})
    before = [one.pid for one in running.workers()]
    assert wrong.get(HEAVY)[0] == 401
    assert wrong.get("/influx/query?q=" + quote(FOR_YEARS))[0] == 401
    assert [one.pid for one in running.workers()] == before


def test_a_statement_that_nobody_waits_for_is_ended(running: Running) -> None:
    """26 years by the hour; the client leaves, and so does the process that was at it."""
    assert running.get(HEAVY)[0] == 200
    (worker,) = running.workers()
    with pytest.raises(OSError, match="timed out"):
        running.get("/influx/query?q=" + quote(FOR_YEARS), timeout_s=1)
    await_true(lambda: not worker.is_running())


@pytest.fixture(scope="module")
def too_much(running: Running) -> tuple[int, bytes]:
    """The answer to what needs too much memory or time."""
    return running.get("/influx/query?q=" + quote(FOR_YEARS))


def test_what_needs_too_much_memory_or_time_is_refused_and_costs_the_others_nothing(
    running: Running, too_much: tuple[int, bytes]
) -> None:
    status, body = too_much
    assert status == 503
    told = json.loads(body)
    assert told["field"] == "time"
    assert told["fix"]
    assert told["error"]
    assert running.get(HEAVY)[0] == 200


def test_an_answer_that_was_ended_is_told_by_health_in_both_languages(
    running: Running, too_much: tuple[int, bytes]
) -> None:
    assert too_much[0] == 503
    part = json.loads(running.get("/health")[1])["parts"]["http"]
    assert part["ready"]
    assert part["detail"]["error"].startswith("an answer took more time or memory than one may")
    for language, said in (("en_GB", "was ended (path = '/influx/query')"), ("zh_CN", "查询")):
        asked = subprocess.run(
            [sys.executable, "-m", "greenoffice", "health", str(running.data), "http"],
            check=False,
            cwd=Path(__file__).parents[2],
            env=os.environ | {"LC_ALL": f"{language}.UTF-8"},
            capture_output=True,
            text=True,
        )
        assert (asked.returncode, asked.stdout) == (0, "")
        assert asked.stderr.startswith("http: ")
        assert said in asked.stderr


def test_a_lineage_that_nobody_waits_for_is_ended(tmp_path: Path) -> None:
    """The readings are asked of somebody who never answers; the client leaves meanwhile."""
    with started(tmp_path / "data", crowded(30)) as running:
        with closing(socket.socket(socket.AF_UNIX)) as silent:
            folder = DataFolder(running.data)
            folder.run.mkdir(exist_ok=True)
            silent.bind(str(folder.readings_socket))
            silent.listen(16)
            silent.settimeout(60)
            with socket.create_connection(("127.0.0.1", running.port), 60) as client:
                key = running.keys["bureau"]
                head = f"GET {LINEAGE} HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\n\r\n"
                client.sendall(head.encode())
                asking, _ = silent.accept()
                (worker,) = running.workers()
                assert worker.is_running()
            await_true(lambda: not worker.is_running())
            asking.close()
        assert running.get(LIGHT)[0] == 200
        assert running.workers() == []
