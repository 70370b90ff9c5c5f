"""What finds no room is counted, and health tells of it while the API answers all others."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace

import pytest
import uvicorn

from api import Room, create_app
from greenoffice.api_process import server_config
from greenoffice.client import ApiClient
from greenoffice.quick_health import HTTP_PART
from greenoffice.settings import HttpSettings
from greenoffice.worker_pool import WorkerPool
from metering.errors import Unavailable
from storage import MemoryReadings, memory_stores
from tests.api.conftest import platform_of, seed

SMALL = "/v1/nodes"
HEAVY = "/v1/energy?node=campus&item=01000&step=native&start=2026-09-25&end=2026-11-24"


@dataclass
class Slow:
    """A server whose answers that need the registry wait until they are let go."""

    port: int
    keys: dict[str, str]
    room: Room
    go: threading.Event
    since_s: list[float]
    """What the clock of the room shows [s]."""
    answers: list[int] = field(default_factory=list)
    asking: list[threading.Thread] = field(default_factory=list)

    def get(self, path: str, key: str = "bureau") -> tuple[int, bytes]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", headers={"X-API-Key": self.keys[key]}
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read()

    def begin(self, count: int, key: str = "bureau") -> None:
        """Ask so many times, each over a connection of its own."""
        for _ in range(count):
            asked = threading.Thread(
                target=lambda: self.answers.append(self.get(SMALL, key)[0]), daemon=True
            )
            asked.start()
            self.asking.append(asked)

    def end(self) -> list[int]:
        """Let all go on; their statuses, in order."""
        self.go.set()
        for asked in self.asking:
            asked.join(60)
        until(lambda: self.room.connections == 0)
        return sorted(self.answers)

    def http(self) -> tuple[bool, dict[str, object]]:
        status, body = self.get("/health")
        told = json.loads(body)
        ready, detail = told["parts"][HTTP_PART].values()
        assert (status == 200, told["status"] == "ready") == (ready, ready)
        return ready, detail

    def refused(self, reason: str) -> float:
        """What /metrics counts."""
        found = re.search(
            rf'^greenoffice_http_refused_total{{reason="{reason}"}} (\S+)$',
            self.get("/metrics")[1].decode(),
            re.MULTILINE,
        )
        assert found is not None
        return float(found[1])


@contextmanager
def slow(patience_s: float = 30.0, handles: int = 1024, **more: object) -> Iterator[Slow]:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    go, since_s, stores = threading.Event(), [0.0], memory_stores()
    journal, keys = seed(MemoryReadings(), stores)
    plain = platform_of(MemoryReadings(), stores, journal)
    room = Room(patience_s, lambda: since_s[0])
    platform = replace(
        plain, registry=lambda: plain.registry() if go.wait(60) else None, room=room, **more
    )
    server = uvicorn.Server(
        server_config(create_app(platform), HttpSettings(port=port), handles, room)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield Slow(port, keys, room, go, since_s)
    go.set()
    server.should_exit = True
    thread.join(10)


def until(ready) -> None:
    for _ in range(600):
        if ready():
            return
        time.sleep(0.05)
    pytest.fail("gave up waiting")


def test_a_quiet_api_is_ready_and_has_nothing_to_tell() -> None:
    with slow() as served:
        assert served.http() == (True, {"connections": 1, "waiting_requests": 0, "error": ""})
        for reason in ("connections", "workers", "answers", "places", "silent"):
            assert served.refused(reason) == 0


def test_a_key_that_asks_too_much_is_told_of_for_a_minute_and_the_part_is_ready() -> None:
    with slow() as served:
        served.begin(3 + 64)
        until(lambda: served.http()[1]["waiting_requests"] == 64)
        assert served.http()[1]["error"] == ""
        assert served.get(SMALL)[0] == 503
        ready, detail = served.http()
        assert ready
        assert "a key asks more at once than it may" in str(detail["error"])
        assert "(requests = '64 waiting')" in str(detail["error"])
        assert detail["waiting_requests"] == 64
        assert detail["connections"] == 3 + 64 + 1
        assert served.refused("places") == 1
        assert served.end() == [200] * 67
        served.since_s[0] = 60
        assert served.http()[1]["error"] != ""
        served.since_s[0] = 61
        assert served.http() == (True, {"connections": 1, "waiting_requests": 0, "error": ""})
        assert served.refused("places") == 1


def test_where_no_request_gets_on_the_part_is_not_ready_until_one_does() -> None:
    with slow(patience_s=0.5) as served:
        served.begin(3)
        served.begin(1, "school")
        until(lambda: not served.http()[0])
        assert "no request gets on" in str(served.http()[1]["error"])
        assert served.end() == [200] * 4
        assert served.http() == (True, {"connections": 1, "waiting_requests": 0, "error": ""})


def test_three_slow_requests_of_one_key_leave_the_api_ready() -> None:
    with slow(patience_s=0.1) as served:
        served.begin(4)
        until(lambda: served.refused("places") == 1)
        assert served.http()[0]
        assert served.end() == [200] * 3 + [503]


def test_a_connection_too_many_is_told_why_and_health_tells_of_it() -> None:
    """Of 40 handles a quarter is for connections; all of them are being answered."""
    with slow(handles=40) as served:
        served.begin(5)
        served.begin(5, "school")
        until(lambda: served.room.connections == 10 and served.room.waiting == 6)
        client = ApiClient(f"http://127.0.0.1:{served.port}", served.keys["whole"])
        with pytest.raises(Unavailable, match="no room for another HTTP connection") as refused:
            client.parts()
        assert (refused.value.field, refused.value.value) == ("connections", "10")
        assert refused.value.fix
        assert served.end() == [200] * 10
        ready, detail = served.http()
        assert ready
        assert "there is no room for another HTTP connection" in str(detail["error"])
        assert served.refused("connections") == 1


def test_silent_connections_that_make_room_are_counted_and_no_trouble() -> None:
    with slow(handles=40) as served:
        silent = [socket.create_connection(("127.0.0.1", served.port), 30) for _ in range(10)]
        until(lambda: served.room.connections == 10)
        ready, detail = served.http()
        assert (ready, detail["error"]) == (True, "")
        assert served.refused("silent") >= 1
        assert served.refused("connections") == 0
        for one in silent:
            one.close()


def test_where_no_worker_can_be_started_health_says_so() -> None:
    with slow(workers=WorkerPool(["/nothing/there"])) as served:
        served.go.set()
        assert served.get(HEAVY)[0] == 503
        ready, detail = served.http()
        assert ready
        assert "there is no process to make this answer in" in str(detail["error"])
        assert "/nothing/there" in str(detail["error"])
        assert served.refused("workers") == 1
