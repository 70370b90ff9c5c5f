"""Real receivers: a listener, and a client of a real broker, both on free loopback ports."""

from __future__ import annotations

import asyncio
import getpass
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from prometheus_client import CollectorRegistry

from collector import (
    BrokerClient,
    ClientSettings,
    CollectorMetrics,
    JournalReader,
    JournalWriter,
    Listener,
    ListenerSettings,
)
from collector.journal import Record
from metering.errors import ConfigurationError
from metering.tries import Tries
from proofs.servers.mosquitto import mosquitto_program

PASSWORDS = {"s/g": b"right", "s/h": b"other"}


class Passwords:
    """Credentials of two gateways; counts the wrong passwords that it looked at."""

    def __init__(self) -> None:
        self.asked = 0
        self.known: dict[str, bytes | None] = dict(PASSWORDS)

    def verify(self, user: str, password: bytes, now_us: int, tries: Tries) -> bool:
        if user == "broken":
            raise RuntimeError("the registry is gone")
        if self.known.get(user) == password:
            return True
        tries.check(user)
        self.asked += 1
        tries.failed(user)
        return False

    def knows(self, user: str) -> bool:
        return self.known.get(user) is not None

    def revoked(self, user: str) -> bool:
        return user in self.known and self.known[user] is None


class Running:
    """A listener that runs, with what a test asks of it."""

    def __init__(
        self,
        root: Path,
        settings: ListenerSettings,
        tls: Callable[[], ssl.SSLContext] | None,
        **journal: Any,
    ) -> None:
        self.root = root
        self.passwords = Passwords()
        self.registry = CollectorRegistry()
        self.journal = JournalWriter(
            root / "listener", 1, now_us=lambda: time.time_ns() // 1000, housekeep=False, **journal
        )
        self.listener = Listener(
            self.journal,
            self.passwords,
            settings,
            CollectorMetrics(self.registry),
            now_us=lambda: time.time_ns() // 1000,
            tls=tls,
            sessions=root.with_name("sessions.json"),
        )
        self._closed = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.run(self.listener.start())

    @property
    def port(self) -> int:
        return self.listener.port

    def run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    def records(self, *kinds: str) -> list[Record]:
        reader = JournalReader(self.root)
        found = [located.record for located in reader.read(1, 0, 0, 10**6)]
        reader.close()
        return [record for record in found if not kinds or record.kind in kinds]

    def metric(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self.run(self.listener.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        self.journal.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts listeners; keywords are settings, ``journal`` those of the journal."""
    running: list[Running] = []

    def begin(
        journal: dict[str, Any] | None = None,
        tls: Callable[[], ssl.SSLContext] | None = None,
        **settings: Any,
    ) -> Running:
        chosen = ListenerSettings(**({"port": 0, "retry_s": 0.05} | settings))
        running.append(Running(tmp_path / "journal", chosen, tls, **(journal or {})))
        return running[-1]

    yield begin
    for one in running:
        one.close()


@pytest.fixture
def server(start: Callable[..., Running]) -> Running:
    return start()


class Broker:
    """A real Mosquitto on a free loopback port, in a folder of its own."""

    def __init__(self, folder: Path, lines: tuple[str, ...], users: dict[str, str]) -> None:
        folder.mkdir()
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        passwords = folder / "passwords"
        passwords.touch(0o600)
        for user, password in users.items():
            subprocess.run(["mosquitto_passwd", "-b", passwords, user, password], check=True)
        common = [
            f"listener {self.port} 127.0.0.1",
            f"user {getpass.getuser()}",
            f"allow_anonymous {'false' if users else 'true'}",
            *([f"password_file {passwords}"] if users else []),
            "max_queued_messages 100000",
            "persistence true",
            f"persistence_location {folder}/",
        ]
        (folder / "broker.conf").write_text("\n".join([*common, *lines, ""]))
        self.start()

    def start(self) -> None:
        log = (self.folder / "log").open("ab")
        self._process = subprocess.Popen(
            [mosquitto_program(), "-c", str(self.folder / "broker.conf")], stdout=log, stderr=log
        )
        log.close()
        for _ in range(500):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        pytest.fail((self.folder / "log").read_text())

    def stop(self, how: int = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(20)
            self._process = None

    def publish(self, topic: str, *payloads: bytes, **options: Any) -> None:
        """Publish at QoS 1 and wait until the broker has acknowledged all."""
        retain, user, password = (options.get(name) for name in ("retain", "user", "password"))
        client = paho.Client(CallbackAPIVersion.VERSION2)
        if user is not None:
            client.username_pw_set(str(user), str(password))
        client.max_inflight_messages_set(1_000)
        client.connect("127.0.0.1", self.port)
        client.loop_start()
        for sent in [client.publish(topic, one, 1, bool(retain)) for one in payloads]:
            sent.wait_for_publish(20)
            assert sent.is_published()
        client.disconnect()
        client.loop_stop()


class Receiving:
    """A client receiver that runs, with what a test asks of it."""

    def __init__(
        self,
        root: Path,
        settings: ClientSettings,
        writer_no: int = 1,
        leaves: Callable[[], bool] | None = None,
        **journal: Any,
    ) -> None:
        self.root, self.writer_no = root, writer_no
        self.registry = CollectorRegistry()
        self.journal = JournalWriter(
            root / f"broker-{writer_no}",
            writer_no,
            now_us=lambda: time.time_ns() // 1000,
            housekeep=False,
            **journal,
        )
        self.receiver = BrokerClient(
            self.journal,
            settings,
            CollectorMetrics(self.registry),
            now_us=lambda: time.time_ns() // 1000,
            leaves=leaves,
        )
        self._closed = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.run(self.receiver.start())

    def run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    def records(self, *kinds: str) -> list[Record]:
        reader = JournalReader(self.root)
        found = [located.record for located in reader.read(self.writer_no, 0, 0, 10**6)]
        reader.close()
        return [record for record in found if not kinds or record.kind in kinds]

    def payloads(self) -> list[bytes]:
        return [record.payload for record in self.records()]

    def metric(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self.run(self.receiver.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        self.journal.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Callable[..., Broker]]:
    """Starts brokers: lines of configuration, ``users`` with their passwords."""
    try:
        mosquitto_program()
    except ConfigurationError as absent:
        pytest.skip(str(absent))
    running: list[Broker] = []

    def begin(*lines: str, users: dict[str, str] | None = None) -> Broker:
        running.append(Broker(tmp_path / f"broker-{len(running)}", lines, users or {}))
        return running[-1]

    yield begin
    for one in running:
        one.stop(signal.SIGKILL)


@pytest.fixture
def receive(tmp_path: Path) -> Iterator[Callable[..., Receiving]]:
    """Starts client receivers of a broker's port; keywords are settings."""
    running: list[Receiving] = []

    def begin(port: int, journal: dict[str, Any] | None = None, **settings: Any) -> Receiving:
        quick = {"reconnect_min_s": 0.05, "reconnect_max_s": 0.3, "retry_s": 0.05}
        chosen = ClientSettings(**{"url": f"mqtt://127.0.0.1:{port}"} | quick | settings)
        running.append(Receiving(tmp_path / "journal", chosen, **(journal or {})))
        return running[-1]

    yield begin
    for one in running:
        one.close()


@pytest.fixture
def a_free_port() -> int:
    return free_port()
