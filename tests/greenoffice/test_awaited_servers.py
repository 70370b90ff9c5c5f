"""Processes and their servers: started before them, left by them, found again."""

from __future__ import annotations

import json
import signal
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from greenoffice.backing_up import back_up_folder, restore_folder
from greenoffice.commands import init
from greenoffice.folder import DataFolder, write_secret
from greenoffice.heartbeat import heard
from greenoffice.ports import usable_port
from greenoffice.stores import database_url, open_stores
from metering.access import Role
from metering.bookhash import book_hash
from metering.registry.files import read_registry_texts
from proofs.restore import without_password
from proofs.servers.hanging import freeze, kill, thaw
from proofs.servers.postgres import OwnPostgres
from proofs.steps import started, wait_until

pytestmark = pytest.mark.long

OFFICE = {
    "tree.csv": "code,parent,type,zone\no,,institution,Asia/Shanghai\ns,o,site,\n",
    "gateways.csv": "site,code\ns,g\ns,h\n",
    "meters.csv": "code,node,item\nm,s,01000\n",
    "points.csv": "gateway,point,kind,unit,meter\ns/g,E1,register,kWh,m\n",
}
IN, UNAVAILABLE, WRONG = "Success", "Server unavailable", "Bad user name or password"
"""What a gateway is told."""


@dataclass
class Office:
    """A data folder whose books lie on a server of the test's own."""

    folder: DataFolder
    server: OwnPostgres
    passwords: dict[str, str]

    def part(self, name: str = "listener", process: str = "collector") -> dict[str, Any]:
        """What a process tells of a part; nothing told is no error to wait for."""
        return heard(self.folder.heartbeat(process)).get(name, {"ok": False, "error": ""})

    def knocks(self, user: str, password: str) -> str:
        """Connect and push one message; what the gateway was told. Where it was let in, the
        message was acknowledged."""
        told: list[str] = []
        client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        client.username_pw_set(user, password)
        client.on_connect = lambda *seen: told.append(str(seen[3]))
        mqtt = self.folder.settings().mqtt
        client.connect(mqtt.host, mqtt.port)
        client.loop_start()
        try:
            wait_until("an answer", lambda: bool(told), 60, every_s=0.02)
            if told[0] == IN:
                topic = f"greenoffice/v1/{user}/readings"
                sent = client.publish(topic, b'{"readings": []}', qos=1)
                sent.wait_for_publish(60)
                assert sent.is_published()
        finally:
            client.disconnect()
            client.loop_stop()
        return told[0]

    def asked(self, path: str) -> tuple[int, str, str]:
        """Status, kind and body of the API's answer."""
        key = self.folder.admin_key.read_text().strip()
        url = self.folder.settings().http.url.rstrip("/") + path
        request = urllib.request.Request(url, headers={"X-API-Key": key})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.headers["Content-Type"], answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.headers["Content-Type"], refused.read().decode()

    def kept(self) -> dict[str, str]:
        """Hashes that the collector keeps, by gateway."""
        try:
            found: dict[str, str] = json.loads(self.folder.gateway_passwords.read_text())[
                "gateways"
            ]
        except FileNotFoundError:
            return {}
        return found


@pytest.fixture
def office(postgres: OwnPostgres, tmp_path: Path) -> Iterator[Office]:
    """Made while the server runs; the shared server only tells that there is one."""
    server = OwnPostgres(sync=False)
    taken: set[int] = set()
    for _ in range(3):
        taken.add(usable_port(0, taken | {0}))
    folder = init(tmp_path / "data", *sorted(taken), "en")
    write_secret(folder.secrets / "database.password", server.password)
    url = without_password(server.database())
    with folder.settings_file.open("a") as file:
        file.write(f'\n[database]\nurl = "{url}"\npassword_file = "secrets/database.password"\n')
    stores = open_stores(folder)
    key = stores.access.create_key("test", "", Role.ADMIN, actor="test", now_us=1)
    write_secret(folder.admin_key, key)
    wanted = read_registry_texts(OFFICE, stores.registry.load())
    yield Office(folder, server, stores.registry.apply(wanted, actor="test", now_us=1))
    thaw(server)
    server.stop()


def eventually(what: str, true: Callable[[], bool]) -> None:
    wait_until(what, true, 90, every_s=0.1)


def test_gateways_come_in_while_the_database_is_away(office: Office) -> None:
    """By the passwords that stood when it was last heard of: a wrong one, and one that was
    renewed, are refused; who is there again is asked again."""
    old, other = office.passwords["s/g"], office.passwords["s/h"]
    with started(["collector", str(office.folder.root)]) as process:
        eventually("the passwords", lambda: office.kept().keys() == {"s/g", "s/h"})
        eventually("the collector", lambda: bool(office.part()["ok"]))
        assert office.folder.gateway_passwords.stat().st_mode & 0o777 == 0o600
        assert office.knocks("s/g", old) == IN
        before = office.kept()
        new = open_stores(office.folder).credentials.renew("s/g", actor="test", now_us=2)
        assert office.knocks("s/g", new) == IN
        assert office.knocks("s/g", old) == WRONG
        eventually("the renewed password", lambda: office.kept() != before)
        for stop, start in (
            (office.server.halt, office.server.start),
            (lambda: freeze(office.server), lambda: thaw(office.server)),
        ):
            stop()
            assert office.knocks("s/h", other) == IN  # it was never seen while the server ran
            assert office.knocks("s/g", new) == IN
            assert office.knocks("s/g", old) == WRONG
            assert office.knocks("s/h", "guess") == WRONG
            assert office.knocks("s/none", "guess") == WRONG
            eventually("health", lambda: "database" in office.part()["error"])
            assert office.part()["ok"]
            start()
            eventually("the server", lambda: office.part()["error"] == "")
        more = {**OFFICE, "gateways.csv": "site,code\ns,new\n"}
        stores = open_stores(office.folder)
        wanted = read_registry_texts(more, stores.registry.load())
        password = stores.registry.apply(wanted, actor="test", now_us=3)["s/new"]
        assert office.knocks("s/new", password) == IN
        eventually("the new gateway", lambda: "s/new" in office.kept())
        office.server.execute("DELETE FROM credential WHERE \"user\" = 's/h'", _name(office))
        eventually("the one that is gone", lambda: "s/h" not in office.kept())
        office.server.halt()
        assert office.knocks("s/h", other) == WRONG
        assert office.knocks("s/new", password) == IN
        assert process.poll() is None


def _name(office: Office) -> str:
    return office.folder.settings().database.url.rsplit("/", 1)[1]


def test_a_collector_that_starts_without_its_database(office: Office) -> None:
    """Without a kept password gateways are told to come again, and health says what is missing;
    with them they come in."""
    office.server.halt()
    with started(["collector", str(office.folder.root)]) as process:
        eventually("health", lambda: "does not answer" in office.part()["error"])
        assert not office.part()["ok"]
        assert "start the server" in office.part()["error"]
        assert office.knocks("s/g", office.passwords["s/g"]) == UNAVAILABLE
        office.server.start()
        eventually("the database", lambda: bool(office.part()["ok"]))
        assert office.knocks("s/g", office.passwords["s/g"]) == IN
        assert process.poll() is None
    office.server.halt()
    office.folder.heartbeat("collector").unlink()
    with started(["collector", str(office.folder.root)]):
        eventually("the collector", lambda: bool(office.part()["ok"]))
        assert office.knocks("s/h", office.passwords["s/h"]) == IN
        assert office.knocks("s/h", "guess") == WRONG


@pytest.mark.parametrize("command", ["work", "intake", "ledger"])
def test_work_that_starts_before_its_database_waits_for_it(office: Office, command: str) -> None:
    """And goes on after it was killed; the ledger alone then waits for the intake."""
    name = "ledger" if command == "ledger" else "intake"
    office.server.halt()
    with started([command, str(office.folder.root)]) as process:
        for _ in range(2):
            eventually("health", lambda: "Connection refused" in office.part(name, name)["error"])
            assert not office.part(name, name)["ok"]
            assert "start the server" in office.part(name, name)["error"]
            office.server.start()
            eventually("the work", lambda: "database" not in office.part(name, name)["error"])
            if command != "ledger":
                eventually("its part", lambda: office.part(name, name)["ok"])
            kill(office.server)
        assert process.poll() is None


def test_the_api_answers_health_before_its_database_and_finds_it(office: Office) -> None:
    """Whatever needs the database is 503 with field and fix, also while the server hangs."""
    office.server.halt()
    with started(["api", str(office.folder.root)]) as process:
        eventually("health", lambda: office.asked("/health")[0] == 503)
        assert "does not answer" in office.asked("/health")[2]
        assert office.asked("/metrics")[0] == 200
        for stop in (None, freeze, kill):
            if stop is not None:
                stop(office.server)
            eventually("refusals", lambda: office.asked("/v1/nodes")[0] == 503)
            _, kind, body = office.asked("/v1/nodes")
            assert kind.startswith("application/problem+json")
            told = json.loads(body)
            assert told["field"] == "database"
            assert told["fix"]
            assert office.asked("/metrics")[0] == 200
            assert "does not answer" in office.asked("/health")[2]
            if stop is freeze:
                thaw(office.server)
            else:
                office.server.start()
            eventually("the database", lambda: office.asked("/v1/nodes")[0] == 200)
        assert process.poll() is None


@pytest.mark.parametrize("command", ["collector", "work", "ledger", "api"])
@pytest.mark.parametrize("away", ["gone", "hanging"])
def test_who_waits_ends_when_asked_to(office: Office, command: str, away: str) -> None:
    if away == "gone":
        office.server.halt()
    else:
        freeze(office.server)
    with started([command, str(office.folder.root)]) as process:
        if command == "api":
            eventually("it to wait", lambda: bool(office.asked("/health")))
        else:
            part = {"collector": "listener", "work": "intake"}.get(command, command)
            name = {"work": "intake"}.get(command, command)
            eventually("it to wait", lambda: "database" in office.part(part, name)["error"])
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_who_works_or_stands_by_ends_while_its_database_hangs(office: Office) -> None:
    """With status 0, though each of them waits for an answer."""
    names = ["work", "work", "api"]
    with ExitStack() as stack:
        root = str(office.folder.root)
        processes = [stack.enter_context(started([name, root])) for name in names]
        eventually("the work", lambda: office.part("ledger", "ledger")["ok"])
        eventually("a stand-by", lambda: bool(office.part("ledger", "ledger").get("stands_by")))
        eventually("the API", lambda: office.asked("/health")[0] > 0)
        freeze(office.server)
        eventually("it to be missed", lambda: office.asked("/health")[0] == 503)
        for process in processes:
            process.send_signal(signal.SIGTERM)
        assert [process.wait(60) for process in processes] == [0, 0, 0]


@pytest.mark.parametrize("command", ["collector", "work", "intake", "ledger", "api"])
def test_a_server_that_refuses_is_an_error_and_not_waited_for(office: Office, command: str) -> None:
    write_secret(office.folder.secrets / "database.password", "wrong")
    with started([command, str(office.folder.root)]) as process:
        assert process.wait(60) == 78


def test_a_server_that_refuses_once_it_came_ends_who_waited(office: Office) -> None:
    write_secret(office.folder.secrets / "database.password", "wrong")
    office.server.halt()
    with (
        started(["work", str(office.folder.root)]) as work,
        started(["api", str(office.folder.root)]) as api,
        started(["collector", str(office.folder.root)]) as collector,
    ):
        eventually("the work", lambda: "refused" in office.part("intake", "intake")["error"])
        eventually("the API", lambda: bool(office.asked("/health")))
        eventually("the collector", lambda: "refused" in office.part()["error"])
        office.server.start()
        assert (work.wait(60), api.wait(60)) == (78, 78)
        eventually("health", lambda: "password authentication" in office.part()["error"])
        assert collector.poll() is None


def test_a_backup_restores_to_a_server_whose_password_is_in_a_file(
    office: Office, tmp_path: Path
) -> None:
    """Its address is told without the password; also that of another database. Hashes that were
    kept of the database before are not."""
    back_up_folder(office.folder, tmp_path / "backup")
    wanted = book_hash(open_stores(office.folder).books)
    for number in range(2):
        restored = DataFolder(tmp_path / f"restored{number}")
        restored.root.mkdir()
        restored.gateway_passwords.write_text("{}")
        new = without_password(office.server.database())
        if number:
            name = _name(office)
            office.server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
            office.server.execute(f'CREATE DATABASE "{name}"')
        restore_folder(tmp_path / "backup", restored, database="" if number else new)
        if not number:
            text = restored.settings_file.read_text()
            old = office.folder.settings().database.url
            restored.settings_file.write_text(text.replace(old, new))
        assert not restored.gateway_passwords.exists()
        assert office.server.password in database_url(restored)
        stores = open_stores(restored)
        assert book_hash(stores.books) == wanted
        assert stores.credentials.verify("s/g", office.passwords["s/g"].encode(), 0)
