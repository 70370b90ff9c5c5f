"""A Mosquitto set up by us, the real one of this machine: who gets in, and what a crash loses."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from collector import (
    BrokerClient,
    ClientSettings,
    CollectorMetrics,
    JournalReader,
    JournalWriter,
    told_version,
)
from greenoffice.broker_config import CONTAINER as PLACES
from greenoffice.broker_config import (
    BrokerPlan,
    acl_of,
    config_of,
    found_plugin,
    installed_version,
    named_version,
    write_broker,
)
from greenoffice.broker_passwords import add_users, users_of
from greenoffice.broker_promises import (
    AUTOSAVE_CHANGES,
    WEAKNESS_CODES,
    MosquittoVersion,
    cannot_promise,
    read_version,
    tell_promises,
)
from greenoffice.commands import init
from greenoffice.folder import DataFolder
from greenoffice.ports import usable_port
from greenoffice.stores import open_stores
from metering.errors import ConfigurationError
from metering.registry import Registry, Route
from metering.registry.files import read_registry_texts
from metering.registry.merge import merged
from proofs.servers.mosquitto import mosquitto_program
from texts import word

WAIT_S = 20
PLUGIN = "mosquitto_persist_sqlite.so"
OWN, FOREIGN = "greenoffice/v1/house/gw/readings", "greenoffice/v1/house/other/readings"


class Broker:
    """A Mosquitto that started on what we wrote, but for its port."""

    def __init__(self, root: Path) -> None:
        folder, self.data = root / "broker", registered(root / "data")
        self.plan = BrokerPlan(installed_version(), found_plugin())
        write_broker(self.plan, folder, self.data)
        add_users(folder / "passwords", {"house/gw": "right"})
        self.folder, self.port = folder, usable_port(0, {0})
        config = folder / "mosquitto.conf"
        stated = config.read_text()
        assert stated.count("listener 1883 127.0.0.1\n") == 1
        config.write_text(stated.replace("listener 1883", f"listener {self.port}"))
        self.start()

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            program = [mosquitto_program(), "-c", str(self.folder / "mosquitto.conf")]
            self.process = subprocess.Popen(program, stderr=log)
        until(self._answers)

    def _answers(self) -> bool:
        assert self.process.poll() is None, (self.folder / "log").read_text()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def settings(self) -> ClientSettings:
        password = (self.data.secrets / "broker.password").read_text().strip()
        return ClientSettings(
            url=f"mqtt://127.0.0.1:{self.port}", user="receiver", password=password,
            reconnect_min_s=0.1,
        )  # fmt: skip

    def connect(self, user: str = "house/gw", password: str = "right", **given: Any) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=given.pop("client_id", ""),
            protocol=MQTTProtocolVersion.MQTTv5, reconnect_on_failure=False,
        )  # fmt: skip
        if user:
            client.username_pw_set(user, password)
        connected = threading.Event()
        client.codes = []  # type: ignore[attr-defined]
        client.on_connect = lambda _c, _u, _f, code, _p: (
            client.codes.append(code.value),  # type: ignore[attr-defined]
            connected.set(),
        )
        client.connect("127.0.0.1", self.port)
        client.loop_start()
        assert connected.wait(WAIT_S)
        return client


def registered(root: Path) -> DataFolder:
    """A data folder that knows the gateway `house/gw`."""
    data = init(root, 18080, 11883, 19464, "en")
    tables = {
        "tree.csv": "code,parent,type,zone\ni,,institution,UTC\nhouse,i,site,\n",
        "gateways.csv": "site,code\nhouse,gw\n",
    }
    wanted = merged(Registry(), read_registry_texts(tables))
    open_stores(data).registry.apply(wanted, actor="test", now_us=0)
    return data


def until(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(WAIT_S * 50):
        if condition():
            return
        pause.wait(0.02)
    pytest.fail("it never became so")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    try:
        mosquitto_program()
    except ConfigurationError:
        pytest.skip("no mosquitto on this machine")
    made = Broker(tmp_path)
    yield made
    made.process.terminate()
    made.process.wait(WAIT_S)


@contextlib.contextmanager
def receiving(broker: Broker, journal: Path, count: Callable[[int], bool]) -> Iterator[list[bytes]]:
    """Our own receiver, until its journal has so many payloads as `count` says; they come out."""
    found: list[bytes] = []

    async def run() -> None:
        writer = JournalWriter(
            journal / "broker", 3, now_us=lambda: time.time_ns() // 1000, housekeep=False
        )
        client = BrokerClient(
            writer, broker.settings(), CollectorMetrics(CollectorRegistry()),
            now_us=lambda: time.time_ns() // 1000,
        )  # fmt: skip
        await client.start()
        for _ in range(WAIT_S * 20):
            await asyncio.sleep(0.05)
            found[:] = payloads(journal)
            if client.health().state == "receiving" and count(len(found)):
                break
        await client.close()
        writer.close()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    try:
        yield found
    finally:
        thread.join(60)


def payloads(journal: Path) -> list[bytes]:
    reader = JournalReader(journal)
    found = [at.record.payload for at in reader.read(3, 0, 0, 10**6)]
    reader.close()
    return found


def test_who_gets_in_and_what_comes_through(broker: Broker, tmp_path: Path) -> None:
    for user, password in (("", ""), ("house/gw", "wrong"), ("house/other", "right")):
        refused = broker.connect(user, password)
        assert refused.codes == [135]  # type: ignore[attr-defined]
        refused.loop_stop()
    assert read_version(told_version(broker.settings())) == installed_version()
    with receiving(broker, tmp_path / "journal", lambda there: there > 0) as got:
        gateway = broker.connect()
        for _ in range(WAIT_S * 5):  # the receiver's session begins with its first connection
            told = [gateway.publish(topic, topic, qos=1) for topic in (FOREIGN, OWN)]
            for one in told:
                one.wait_for_publish(WAIT_S)
            if payloads(tmp_path / "journal"):
                break
            time.sleep(0.1)
        gateway.disconnect()
        gateway.loop_stop()
    assert set(got) == {OWN.encode()}


def test_a_gateway_hears_what_it_is_asked_for_and_nothing_else(broker: Broker) -> None:
    heard: list[str] = []
    listening = threading.Event()
    gateway = broker.connect()
    gateway.on_message = lambda _c, _u, message: heard.append(message.topic)
    gateway.on_subscribe = lambda *_: listening.set()
    gateway.subscribe("greenoffice/v1/#", 1)
    assert listening.wait(WAIT_S)
    password = (broker.data.secrets / "broker.password").read_text().strip()
    platform = broker.connect("receiver", password)
    for asked in ("house/other/commands", "house/gw/errors", "house/gw/commands"):
        platform.publish(f"greenoffice/v1/{asked}", b"{}", qos=1).wait_for_publish(WAIT_S)
    until(lambda: bool(heard))
    for client in (gateway, platform):
        client.disconnect()
        client.loop_stop()
    assert heard == ["greenoffice/v1/house/gw/commands"]


def test_a_killed_broker_loses_no_more_than_is_said(broker: Broker, tmp_path: Path) -> None:
    window, count = 20, 950  # the window is paho's own
    with receiving(broker, tmp_path / "journal", lambda _: True):
        pass  # its session is there now, and it is away
    gateway = broker.connect(client_id="gw")
    sent = [gateway.publish(OWN, b"%d" % number, qos=1) for number in range(count)]
    for one in sent:
        one.wait_for_publish(WAIT_S)
        assert one.is_published()
    broker.kill()
    gateway.loop_stop()
    broker.start()
    unsaved = AUTOSAVE_CHANGES if broker.plan.kept == "autosave" else 0
    least = count - unsaved - window
    with receiving(broker, tmp_path / "journal", lambda there: there >= least) as got:
        pass
    kept = {int(one) for one in got}
    assert len(kept) >= least
    assert kept <= set(range(count))


def test_what_it_cannot_promise_is_said_when_it_begins_to_send(
    broker: Broker, tmp_path: Path
) -> None:
    async def run() -> None:
        journal = JournalWriter(tmp_path / "j" / "broker", 3, now_us=lambda: 0, housekeep=False)
        client = BrokerClient(
            journal, broker.settings(), CollectorMetrics(CollectorRegistry()), now_us=lambda: 0
        )
        await client.start()
        telling = asyncio.ensure_future(tell_promises([client]))
        for _ in range(WAIT_S * 10):
            await asyncio.sleep(0.1)
            if any("what" in entry for entry in logged):
                break
        telling.cancel()
        await client.close()
        journal.close()

    with capture_logs() as logged:
        asyncio.run(run())
    version = installed_version()
    told = [entry["what"] for entry in logged if "what" in entry]
    assert told == cannot_promise(version)
    assert {entry["version"] for entry in logged if "what" in entry} == {str(version)}


@pytest.mark.parametrize(
    ("version", "plugin", "there", "absent", "code"),
    [
        ("2.0.11", "", "autosave_on_changes true", "plugin", "window_leaks"),
        ("2.0.22", "/p/x.so", "autosave_on_changes true", "plugin", "autosave"),
        ("2.1", "/p/x.so", "plugin /p/x.so\nplugin_opt_flush_period 0", "autosave", "sqlite"),
        ("2.1.2", "", "autosave_on_changes true", "plugin", "autosave"),
    ],
)
def test_each_version_gets_the_best_it_has(
    version: str, plugin: str, there: str, absent: str, code: str
) -> None:
    text = config_of(BrokerPlan(named_version(version), plugin), PLACES)
    assert there in text
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert not any(absent in line for line in lines)
    comments = " ".join(line.lstrip("# ") for line in text.splitlines() if line.startswith("#"))
    assert word("mosquitto", code, "en") in comments


def test_the_window_leaks_in_one_version_alone() -> None:
    leak = word("mosquitto", "window_leaks", "en")
    assert [leak in cannot_promise(MosquittoVersion(2, 0, patch)) for patch in (10, 11, 12)] == [
        False, True, False,
    ]  # fmt: skip
    assert "autosave" in WEAKNESS_CODES


def test_a_broker_that_does_not_say_is_none_of_a_version(tmp_path: Path) -> None:
    url = f"mqtt://127.0.0.1:{usable_port(0, {0})}"
    assert told_version(ClientSettings(url=url)) == ""
    unusable = ClientSettings(url=url.replace("mqtt", "mqtts"), ca_file=tmp_path / "absent")
    assert told_version(unusable) == ""
    assert read_version("HiveMQ CE") is None


@pytest.mark.parametrize("text", ["1.6.12", "mosquitto", "x"])
def test_a_version_of_no_use_is_named(text: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        named_version(text)
    assert refused.value.field == "mosquitto_version"


def test_tls_is_for_other_machines_and_plain_for_this_one() -> None:
    version = MosquittoVersion(2, 0, 22)
    own = config_of(BrokerPlan(version, certificate="c.pem", private_key="k.pem"), PLACES)
    assert ("listener 8883\n" in own, "listener 1883" in own) == (True, False)
    assert "certfile c.pem\nkeyfile k.pem" in own
    both = config_of(BrokerPlan(version, "", "c.pem", "k.pem", container=True), PLACES)
    assert ("listener 8883\n" in both, "listener 1883\n" in both) == (True, True)


def test_routes_let_a_gateway_write_its_makers_topics() -> None:
    routes = (
        Route("house/gw", "tele/7/#", "native"),
        Route("house/gw", "greenoffice/v1/house/gw/readings", "native"),
        Route("house/b", "n/+", "native"),
    )
    lines = acl_of(Registry(routes=routes), ["greenoffice/v1/+/+/#", "tele/#"], "us").splitlines()
    assert lines[lines.index("user house/gw") + 1 :][:2] == ["topic write tele/7/#", ""]
    assert lines[lines.index("user house/b") + 1] == "topic write n/+"
    own = lines[lines.index("user us") + 1 :]
    assert own[3] == "topic write greenoffice/v1/+/+/commands"
    reads = own[:3]
    assert reads == [f"topic read {one}" for one in
                     ("greenoffice/v1/+/+/#", "tele/#", "$SYS/broker/version")]  # fmt: skip


def test_a_registered_gateway_is_let_in_by_its_name(tmp_path: Path) -> None:
    write_broker(BrokerPlan(MosquittoVersion(2, 1, 2)), tmp_path / "b", registered(tmp_path / "d"))
    lines = (tmp_path / "b" / "acl").read_text().splitlines()
    at = lines.index("user house/gw")
    own = "greenoffice/v1/house/gw"
    assert lines[at + 1 : at + 4] == [f"topic read {own}/commands", f"topic write {own}/#", ""]


def test_the_plugin_beside_the_program_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, plugin = tmp_path / "sbin" / "mosquitto", tmp_path / "lib64" / PLUGIN
    for file in (program, plugin):
        file.parent.mkdir()
        file.write_text("#!/bin/sh\necho mosquitto version 2.1.7\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    assert (installed_version(), found_plugin()) == (MosquittoVersion(2, 1, 7), str(plugin))


def test_gateways_without_a_password_are_named_and_get_one_where_asked(tmp_path: Path) -> None:
    data, gateway = registered(tmp_path / "data"), "house/gw"
    plan, out = BrokerPlan(MosquittoVersion(2, 0, 22)), tmp_path / "broker"
    first = write_broker(plan, out, data)
    assert (first.without_password, first.passwords) == ((gateway,), {})
    again = write_broker(plan, out, data, new_passwords=True)
    credentials = open_stores(data).credentials
    assert credentials.verify(gateway, again.passwords[gateway].encode(), 0)
    assert users_of(out / "passwords") == {"receiver", gateway}
    assert write_broker(plan, out, data, new_passwords=True).passwords == {}
    assert (out / "passwords").stat().st_mode & 0o077 == 0


def test_a_revoked_gateway_is_let_in_by_no_broker_either(tmp_path: Path) -> None:
    data = init(tmp_path / "data", 18080, 11883, 19464, "en")
    tables = {
        "tree.csv": "code,parent,type,zone\ni,,institution,UTC\nhouse,i,site,\n",
        "gateways.csv": "site,code\nhouse,a\nhouse,b\n",
    }
    registered = merged(Registry(), read_registry_texts(tables))
    open_stores(data).registry.apply(registered, actor="test", now_us=0)
    plan, out = BrokerPlan(MosquittoVersion(2, 0, 22)), tmp_path / "broker"
    credentials = open_stores(data).credentials
    credentials.revoke("house/a", actor="test", now_us=1)
    assert set(write_broker(plan, out, data, new_passwords=True).passwords) == {"house/b"}
    credentials.revoke("house/b", actor="test", now_us=2)
    again = write_broker(plan, out, data, new_passwords=True)
    assert (again.passwords, again.without_password) == ({}, ())
    assert users_of(out / "passwords") == {"receiver"}
    assert credentials.revoked_users() == {"house/a", "house/b"}
