"""A platform of four gateways that is watched at rest and at work: embedded, and on servers."""

from __future__ import annotations

import contextlib
import json
import secrets
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
import psutil
from paho.mqtt.enums import CallbackAPIVersion

from greenoffice.clock import ShiftedClock
from greenoffice.folder import DataFolder
from metering.localtime import iso
from proofs.servers.influx import OwnServer, found
from proofs.servers.mosquitto import own_mosquitto
from proofs.servers.postgres import OwnPostgres
from proofs.steps import environment, started, wait_settled, wait_until
from proofs.world_folder import platform_folder
from storage.influx.setup import WantedBucket

GATEWAYS = 4
INSTITUTION = "o"
PROCESSES = ("collector", "work", "api")
"""What docker-compose.yml starts, each with who watches it."""
FILES = {
    "tree.csv": "code,parent,type,zone\no,,institution,Asia/Shanghai\ns,o,site,\nb,s,building,\n",
    "gateways.csv": "site,code\n" + "".join(f"s,g{n}\n" for n in range(GATEWAYS)),
    "meters.csv": "code,node,item,total,step_min\n"
    + "".join(f"m{n},b,01000,,15\n" for n in range(GATEWAYS)),
    "points.csv": "gateway,point,kind,unit,meter\n"
    + "".join(f"s/g{n},E1,register,kWh,m{n}\n" for n in range(GATEWAYS)),
}


@dataclass(frozen=True)
class Counts:
    """What a database server counted since it was started; 0 where there is no server."""

    commits: int = 0
    statements: int = 0


@dataclass(frozen=True)
class IdleScene:
    """A running platform."""

    folder: DataFolder
    passwords: Mapping[str, str]
    port: int
    """Where gateways connect."""
    pids: Callable[[], Mapping[str, int]]
    """Process numbers by name; their children count as theirs."""
    counts: Callable[[], Counts]

    def cpu_s(self) -> dict[str, float]:
        """What each process has taken of a core since it began [s]."""
        return {name: sum(map(_cpu_s, _family(pid))) for name, pid in self.pids().items()}


def _family(pid: int) -> list[psutil.Process]:
    try:
        one = psutil.Process(pid)
        return [one, *one.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _cpu_s(process: psutil.Process) -> float:
    try:
        took = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(took.user + took.system)


@contextlib.contextmanager
def embedded(root: Path) -> Iterator[IdleScene]:
    """Listener, DuckDB and SQLite, under `up`."""
    folder, passwords = platform_folder(root, iso(ShiftedClock().now_us()), FILES)
    with started(["up", str(folder.root)]):
        wait_settled(folder)

        def pids() -> dict[str, int]:
            told: dict[str, int] = json.loads((folder.run / "processes.json").read_text())
            return {name: pid for name, pid in told.items() if name != "supervisor"}

        yield IdleScene(folder, passwords, folder.settings().mqtt.port, pids, Counts)


@contextlib.contextmanager
def on_servers(root: Path) -> Iterator[IdleScene]:
    """Mosquitto, InfluxDB and PostgreSQL, with the processes of docker-compose.yml."""
    with contextlib.ExitStack() as stack:
        broker = stack.enter_context(own_mosquitto(root / "broker"))
        postgres = OwnPostgres(settings=["shared_preload_libraries=pg_stat_statements"])
        stack.callback(postgres.stop)
        (root / "influx").mkdir()
        influx = OwnServer(root / "influx", 1 if found(1) else 2)
        stack.callback(influx.stop)
        address, _ = influx.bucket(
            "greenoffice",
            WantedBucket(now_us=ShiftedClock().now_us(), password=secrets.token_hex(16)),
        )
        database = postgres.database("greenoffice")
        postgres.execute("CREATE EXTENSION pg_stat_statements")
        stack.enter_context(
            environment(
                GREENOFFICE_DATABASE__URL=database,
                GREENOFFICE_INFLUX__URL=address.url,
                GREENOFFICE_INFLUX__BUCKET=address.bucket,
                GREENOFFICE_INFLUX__ORG=address.org,
                GREENOFFICE_BROKER__URL=broker.url,
            )
        )
        (root / "platform").mkdir()
        folder, passwords = platform_folder(root / "platform", iso(ShiftedClock().now_us()), FILES)
        running: dict[str, subprocess.Popen[bytes]] = {
            name: stack.enter_context(started(["watch", str(folder.root), name]))
            for name in PROCESSES
        }
        wait_settled(folder)
        pids = {name: process.pid for name, process in running.items()}
        pids |= {"postgresql": postgres.pid, "influxdb": influx.pid, "mosquitto": broker.pid}

        def counts() -> Counts:
            ((commits,),) = postgres.execute(
                "SELECT xact_commit FROM pg_stat_database WHERE datname = 'greenoffice'"
            )
            ((statements,),) = postgres.execute(
                "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements JOIN pg_database"
                " ON oid = dbid WHERE datname = 'greenoffice'"
            )
            return Counts(int(commits), int(statements))

        port = urlsplit(broker.url).port
        assert port is not None
        yield IdleScene(folder, passwords, port, lambda: pids, counts)


class SteadyGateways:
    """Gateways that stay connected and publish a reading each when they are told to."""

    def __init__(self, scene: IdleScene) -> None:
        self._clock = scene.folder.clock()
        self._clients = {user: _client(user, word) for user, word in scene.passwords.items()}
        self._port = scene.port
        self._value = 1000.0
        self._acknowledged = 0
        self._lock = threading.Lock()

    def __enter__(self) -> SteadyGateways:
        for client in self._clients.values():
            client.on_publish = self._on_publish
            client.connect("127.0.0.1", self._port, keepalive=60)
            client.loop_start()
        wait_until("gateways to connect", lambda: all(map(_connected, self._clients.values())), 60)
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients.values():
            client.disconnect()
            client.loop_stop()

    @property
    def acknowledged(self) -> int:
        """How many readings were acknowledged so far."""
        with self._lock:
            return self._acknowledged

    def publish(self, user: str) -> None:
        """One reading of a register that goes up."""
        self._value = round(self._value + 0.001, 3)
        time_us = self._clock.now_us() // 1000 * 1000
        reading = {"point": "E1", "time": iso(time_us), "value": self._value}
        self._clients[user].publish(
            f"greenoffice/v1/{user}/readings", json.dumps({"readings": [reading]}), qos=1
        )

    def publish_for(self, seconds: float, per_s: float) -> None:
        """So many a second, in turn."""
        users, began = sorted(self._clients), time.monotonic()
        for number in range(round(seconds * per_s)):
            time.sleep(max(0.0, began + number / per_s - time.monotonic()))
            self.publish(users[number % len(users)])
        time.sleep(max(0.0, began + seconds - time.monotonic()))

    def _on_publish(self, *_: object) -> None:
        with self._lock:
            self._acknowledged += 1


def _client(user: str, password: str) -> mqtt.Client:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, f"steady-{user.partition('/')[2]}")
    client.username_pw_set(user, password)
    return client


def _connected(client: mqtt.Client) -> bool:
    return bool(client.is_connected())
