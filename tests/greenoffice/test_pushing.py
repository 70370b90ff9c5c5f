"""Webhooks and exports over real HTTP, into a real journal: who may push, what is taken, and that a
name for a payload holds, also over a restart."""

from __future__ import annotations

import base64
import gzip
import hashlib
import http.client
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
import uvicorn

from api import PushReceipt, Submission, create_app
from collector import JournalReader, JournalWriter, Record
from collector.national import NationalKey, NationalKeys
from greenoffice import receipts as module
from greenoffice.api_process import desk_of, platform_of, server_config
from greenoffice.assembly import Assembly
from greenoffice.commands import init
from greenoffice.folder import DataFolder
from greenoffice.national_secrets import keep_keys
from greenoffice.receipts import KEPT_US, ONCE, Receipts
from greenoffice.settings import HttpSettings
from greenoffice.stores import open_stores
from metering.access import Role
from metering.errors import ConfigurationError, InvalidInput, Unavailable
from metering.registry import Registry
from metering.registry.files import read_registry_texts
from metering.registry.merge import merged

TABLES = {
    "tree.csv": "code,parent,type,zone\ni,,institution,UTC\nhouse,i,site,\nother,i,site,\n",
    "gateways.csv": "site,code\nhouse,gw\nother,gw\n",
    "routes.csv": "gateway,topic,decoder\nhouse/gw,http/v1/ingest/house/gw/join,journal_only\n",
}
NATIVE = json.dumps({"readings": [{"point": "E1", "value": 1, "time": "2026-11-20T00:00:00Z"}]})
PATH = "/v1/ingest/house/gw"


@dataclass
class Answer:
    status: int
    body: dict[str, Any]
    headers: Any


@dataclass
class Served:
    """A running API, the passwords of its gateways and its folder."""

    port: int
    folder: DataFolder
    passwords: dict[str, str]
    keys: dict[str, str]

    def post(self, body: bytes | str = NATIVE, path: str = PATH, **headers: str) -> Answer:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        if "Authorization" not in told and "X-API-Key" not in told:
            told["Authorization"] = f"Bearer {self.passwords['house/gw']}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with closing(connection):
            connection.request("POST", path, body=body, headers=told)
            found = connection.getresponse()
            return Answer(found.status, json.loads(found.read()), found.headers)

    def records(self) -> list[Record]:
        reader = JournalReader(self.folder.journal)
        with closing(reader):
            return [one.record for one in reader.read(2, 0, 0, 10_000)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Served:
    folder = init(tmp_path_factory.mktemp("push") / "data", 18080, 11883, 19464, "en")
    stores = open_stores(folder)
    wanted = merged(Registry(), read_registry_texts(TABLES))
    passwords = stores.registry.apply(wanted, actor="test", now_us=0)
    keys = {
        name: stores.access.create_key(name, node, role, actor="test", now_us=0)
        for name, node, role in (
            ("operator", "house", Role.OPERATE),
            ("reader", "house", Role.READ),
            ("elsewhere", "other", Role.OPERATE),
        )
    }
    return Served(0, folder, passwords, keys)


@contextmanager
def serving(made: Served, max_pages: int | None = None) -> Iterator[Served]:
    folder = made.folder
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    now_us = folder.clock().now_us
    with closing(Assembly.beside(folder)) as assembly:
        journal = JournalWriter(
            folder.journal / "http", 2, now_us=now_us, housekeep=False, max_pages=max_pages
        )

        def append(record: Record) -> Any:
            return journal.append([record])

        taking = Receipts(assembly.journal, 2, append).take
        platform = platform_of(folder, assembly, taking, desk_of(assembly, "http", append))
        config = server_config(create_app(platform), HttpSettings(port=port), 1024)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield replace(made, port=port)
        finally:
            server.should_exit = True
            thread.join(20)
            journal.close()


@pytest.fixture
def served(made: Served) -> Iterator[Served]:
    with serving(made) as one:
        yield one


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_a_receipt_says_what_lies_where(served: Served) -> None:
    got = served.post(Content_Type="application/json; charset=utf-8")
    assert got.status == 202
    reader = JournalReader(served.folder.journal)
    with closing(reader):
        record = reader.record(got.body["segment"], got.body["offset"])
    assert record.payload == NATIVE.encode()
    assert got.body["sha256"] == hashlib.sha256(NATIVE.encode()).hexdigest()
    assert (record.gateway, record.route) == ("house/gw", "http/v1/ingest/house/gw")
    assert (record.client, record.properties.content_type) == ("", "application/json")
    assert [one["reason"] for one in got.body["refused"]] == ["unknown_point"]


def test_whoever_proves_to_be_the_gateway_may_push(served: Served) -> None:
    own, other = served.passwords["house/gw"], served.passwords["other/gw"]
    for headers, status in (
        ({"Authorization": f"Bearer {own}"}, 202),
        ({"Authorization": own}, 202),
        ({"Authorization": basic("house/gw", own)}, 202),
        ({"Authorization": basic("", own)}, 202),
        ({"X_API_Key": own}, 202),
        ({"X_API_Key": served.keys["operator"]}, 202),
        ({"Authorization": basic("house/gw", served.keys["operator"])}, 202),
        ({"X_API_Key": served.keys["reader"]}, 403),
        ({"X_API_Key": served.keys["elsewhere"]}, 404),
        ({"Authorization": f"Bearer {other}"}, 401),
        ({"Authorization": basic("other/gw", other)}, 401),
        ({"Authorization": "Basic x"}, 401),
        ({"Authorization": "Bearer"}, 401),
        ({"X_API_Key": "go_000000000000_" + "x" * 32}, 401),
    ):
        before = len(served.records())
        got = served.post(**headers)
        assert got.status == status, (headers, got.body)
        assert len(served.records()) == before + (status == 202)
    assert served.post(path="/v1/ingest/house/nobody").status == 401


def test_a_revoked_gateway_is_told_so(made: Served, tmp_path: Path) -> None:
    folder = init(tmp_path / "data", 18080, 11883, 19464, "en")
    stores = open_stores(folder)
    passwords = stores.registry.apply(
        merged(Registry(), read_registry_texts(TABLES)), actor="test", now_us=0
    )
    stores.credentials.revoke("house/gw", actor="test", now_us=1)
    admin = {"X_API_Key": folder.admin_key.read_text().strip()}
    secrets = [NationalKey("b", "1", gateway, "s") for gateway in passwords]
    keep_keys(folder, msgspec.json.encode(secrets))
    with serving(replace(made, folder=folder, passwords=passwords)) as one:
        got = one.post()
        assert (got.status, got.body["detail"]) == (401, "this gateway was revoked")
        for path in (PATH, "/v1/ingest?gateway=house/gw"):
            got = one.post(path=path, **admin)
            assert (got.status, got.body["detail"]) == (409, "this gateway was revoked")
        assert one.records() == []
        again = json.dumps({"site": "house", "code": "gw"})
        json_too = {"Content_Type": "application/json", **admin}
        assert one.post(again, "/v1/gateways", **json_too).status == 201
        assert one.post(**admin).status == 202
    assert [key.gateway for key in NationalKeys(folder.national_keys).all()] == ["other/gw"]


def test_the_registered_route_reads_an_event(served: Served) -> None:
    plain = served.post(b"no JSON", Content_Type="text/csv")
    assert [one["reason"] for one in plain.body["refused"]] == ["bad_json"]
    join = served.post(b"no JSON", f"{PATH}?event=join")
    assert (join.status, join.body["refused"]) == (202, [])
    up = served.post(b"no JSON", f"{PATH}?event=up")
    assert [one["reason"] for one in up.body["refused"]] == ["unknown_topic"]
    assert [record.route.rpartition("/")[2] for record in served.records()[-2:]] == ["join", "up"]
    assert served.post(path=f"{PATH}?event=a/b").status == 422


def test_bodies_are_bounded_and_of_kinds_that_are_read(served: Served) -> None:
    packed = gzip.compress(NATIVE.encode())
    bomb = gzip.compress(b" " * (2 << 20))
    assert len(bomb) < 1 << 16
    for body, headers, status in (
        (packed, {"Content_Encoding": "gzip"}, 202),
        (packed[:-9], {"Content_Encoding": "gzip"}, 400),
        (packed + b"x", {"Content_Encoding": "gzip"}, 400),
        (b"plain", {"Content_Encoding": "gzip"}, 400),
        (bomb, {"Content_Encoding": "gzip"}, 413),
        (b"x" * ((1 << 20) + 1), {}, 413),
        (packed, {"Content_Encoding": "br"}, 415),
        (b"<a/>", {"Content_Type": "application/xml"}, 415),
        (b"\xa0", {"Content_Type": "application/senml+cbor"}, 202),
        (b"a;b", {"Content_Type": "text/csv"}, 202),
        (b"", {}, 422),
    ):
        before = len(served.records())
        got = served.post(body, **headers)
        assert got.status == status, (headers, got.body)
        assert len(served.records()) == before + (status == 202)
    assert NATIVE.encode() in [record.payload for record in served.records()]


def test_a_name_for_a_payload_holds_and_for_another_it_is_refused(made: Served) -> None:
    with serving(made) as one:
        first = one.post(Idempotency_Key="day 1")
        assert first.status == 202
        before = len(one.records())
        with ThreadPoolExecutor(4) as many:
            again = list(many.map(lambda _: one.post(Idempotency_Key="day 1"), range(8)))
        assert [got.body for got in again] == [first.body] * 8
        together = many_new(one)
        event = one.post(path=f"{PATH}?event=join", Idempotency_Key="day 1")
        assert (event.status, event.body["field"]) == (422, "Idempotency-Key")
        other = one.post(b"{}", Idempotency_Key="day 1")
        assert (other.status, other.body["field"], other.body["value"]) == (
            422, "Idempotency-Key", "day 1",
        )  # fmt: skip
        for none in ("", "x" * 256):
            wrong = one.post(Idempotency_Key=none)
            assert (wrong.status, wrong.body["field"]) == (422, "Idempotency-Key")
        its = one.post(
            path="/v1/ingest/other/gw", Idempotency_Key="day 1",
            Authorization=one.passwords["other/gw"],
        )  # fmt: skip
        assert its.status == 202
        assert its.body != first.body
    assert len(together) == 1
    with serving(made) as later:  # a process of its own memory
        count = len(later.records())
        assert later.post(Idempotency_Key="day 1").body == first.body
        assert later.post(b"{}", Idempotency_Key="day 1").status == 422
        assert len(later.records()) == count > before


def many_new(one: Served) -> set[int]:
    """Offsets of what was sent at once under one new name."""
    with ThreadPoolExecutor(8) as many:
        told = many.map(lambda _: one.post(Idempotency_Key="n"), range(8))
        return {got.body.get("offset", str(got.body)) for got in told}


def test_a_full_disk_is_told_as_a_server_that_comes_back(made: Served, tmp_path: Path) -> None:
    folder = init(tmp_path / "data", 18080, 11883, 19464, "en")
    stores = open_stores(folder)
    passwords = stores.registry.apply(
        merged(Registry(), read_registry_texts(TABLES)), actor="test", now_us=0
    )
    with serving(replace(made, folder=folder, passwords=passwords), max_pages=12) as one:
        statuses = []
        for number in range(40):
            got = one.post(b"%d" % number + b"x" * 4000, Idempotency_Key=f"{number}")
            statuses.append(got.status)
            if got.status != 202:
                break
        assert statuses[0] == 202
        assert (got.status, got.headers["Retry-After"]) == (503, "5")
        assert "full" in got.body["detail"]


def test_too_many_wrong_passwords_of_a_gateway_are_told_to_wait(made: Served) -> None:
    with serving(made) as one:
        told = [one.post(Authorization=f"wrong{n}").status for n in range(25)]
        assert set(told) == {401, 429}
        assert one.post(Authorization="wrong").headers["Retry-After"] == "60"
        other = one.post(path="/v1/ingest/other/gw", Authorization=one.passwords["other/gw"])
        assert other.status == 202


class Journal:
    """What was appended; damaged where a test says so."""

    def __init__(self) -> None:
        self.kept: list[Record] = []
        self.damaged = False

    def append(self, record: Record) -> Any:
        self.kept.append(record)
        return module.RecordPlace((2 << 24) | 1, len(self.kept) - 1)

    def segments(self) -> list[int]:
        return [(1 << 24) | 1, *([(2 << 24) | 1] if self.kept else [])]

    def record(self, _: int, offset: int) -> Record:
        return self.kept[offset]

    def read(self, _: int, segment: int, offset: int, limit: int) -> list[Any]:
        if self.damaged:
            raise Unavailable("damaged", field="journal", fix="mend it")
        del segment
        return [
            module.Located((2 << 24) | 1, n, self.kept[n])
            for n in range(offset, min(offset + limit, len(self.kept)))
        ]


def submission(
    once: str, payload: bytes = b"x", at_us: int = 0, gateway: str = "s/g"
) -> Submission:
    return Submission(gateway, "r", payload, "", at_us, "", once)


def test_names_are_known_for_a_day_and_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_OF_ONE", 3)
    monkeypatch.setattr(module, "MOST", 5)
    journal = Journal()
    one = Receipts(journal, 2, journal.append)
    first = one.take(submission("a"))
    assert one.take(submission("a", at_us=KEPT_US)) == first
    assert one.take(submission("a", b"other", at_us=KEPT_US + 1)) != first
    for name in "bcd":
        one.take(submission(name, at_us=KEPT_US + 2))
    assert one.take(submission("a", b"third", KEPT_US + 3)).offset == len(journal.kept) - 1
    for number in range(3):  # another gateway fills what is left, and the first has most
        one.take(submission("a", b"%d" % number, KEPT_US + 4, f"s/{number}"))
    count = len(journal.kept)
    for number in range(3):
        one.take(submission("a", b"%d" % number, KEPT_US + 5, f"s/{number}"))
    assert len(journal.kept) == count
    one.take(submission(""))
    assert journal.kept[-1].properties is None


def test_what_is_read_back_is_what_was_known() -> None:
    journal = Journal()
    one = Receipts(journal, 2, journal.append)
    told: dict[str, PushReceipt] = {}
    for number in range(2_500):
        once = f"n{number}" if number % 2 else ""
        told[once] = one.take(submission(once, b"%d" % number, at_us=number))
    later = Receipts(journal, 2, journal.append)
    for number in (1, 999, 1_001, 2_499):
        assert later.take(submission(f"n{number}", b"%d" % number, 3_000)) == told[f"n{number}"]
    with pytest.raises(InvalidInput):
        later.take(submission("n1", b"another", 3_000))
    assert len(journal.kept) == 2_500
    assert journal.kept[1].properties.user_value(ONCE) == "n1"  # type: ignore[union-attr]
    journal.damaged = True
    assert Receipts(journal, 2, journal.append).take(submission("n1", b"1", 3_000)).offset == 2_500


def test_what_a_disk_has_though_it_said_that_it_failed_is_not_taken_twice() -> None:
    journal = Journal()

    def append(record: Record) -> Any:
        place = journal.append(record)
        if len(journal.kept) == 2:
            raise Unavailable("an I/O error", field="journal", fix="look at the disk")
        return place

    one = Receipts(journal, 2, append)
    one.take(submission("a"))
    with pytest.raises(Unavailable):
        one.take(submission("b", b"2"))
    assert one.take(submission("b", b"2")).offset == 1
    assert one.take(submission("c", b"3")).offset == 2
    assert len(journal.kept) == 3


def test_a_process_that_dies_between_disk_and_memory_takes_nothing_twice(tmp_path: Path) -> None:
    """The next process gives the receipt of the record; a second one beside it has no journal."""

    def opened() -> JournalWriter:
        return JournalWriter(tmp_path / "http", 2, now_us=lambda: 1, housekeep=False)

    def take(dies: bool) -> PushReceipt:
        with closing(JournalReader(tmp_path)) as reader, closing(opened()) as journal:

            def append(record: Record) -> Any:
                place = journal.append([record])
                if dies:
                    os.kill(os.getpid(), signal.SIGKILL)  # durable, and nobody knows of it
                return place

            with pytest.raises(ConfigurationError):
                opened()
            return Receipts(reader, 2, append).take(submission("a"))

    child = os.fork()
    if child == 0:
        try:
            take(dies=True)
        finally:
            os._exit(1)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    receipt = take(dies=False)
    with closing(JournalReader(tmp_path)) as reader:
        (one,) = reader.read(2, 0, 0, 10)
    assert (receipt.segment, receipt.offset) == (one.segment, one.offset)
