"""Platforms to publish to: one that keeps all in its folder, and one on servers."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from greenoffice.clock import ShiftedClock
from greenoffice.folder import DataFolder
from greenoffice.heartbeat import heard
from greenoffice.stores import open_stores
from metering.localtime import iso
from proofs.servers.influx import OwnServer, found
from proofs.servers.mosquitto import own_mosquitto
from proofs.servers.postgres import OwnPostgres
from proofs.steps import environment, started, wait_settled, wait_until
from proofs.world_folder import platform_folder
from storage import Stores
from storage.influx.setup import WantedBucket

PLACE, PROBE = "b0", "p"
"""A building of the load's meters, and the one whose meter is watched."""
PROBE_GATEWAY = "s/probe"


@dataclass(frozen=True)
class IngestScene:
    """A running platform with so many gateways of so many points each."""

    folder: DataFolder
    passwords: Mapping[str, str]
    broker_port: int
    stores: Stores
    pids: Mapping[str, int]
    """Of the platform's processes and of its servers, by name."""

    @property
    def listener_port(self) -> int:
        """Where gateways connect that go through no broker."""
        return self.folder.settings().mqtt.port

    def stored(self) -> int:
        """Readings that were taken in and were new."""
        return sum(one.counts.new for one in self.stores.intake.gateways())

    def cpu_s(self) -> dict[str, float]:
        """What each process has taken of a core since it began [s]."""
        return {name: cpu_of(pid) for name, pid in self.pids.items()}


def cpu_of(pid: int) -> float:
    """What a process and its children have taken of a core [s]; 0 where it is gone."""
    try:
        one = psutil.Process(pid)
        times = [each.cpu_times() for each in (one, *one.children(recursive=True))]
    except psutil.NoSuchProcess:
        return 0.0
    return float(sum(each.user + each.system for each in times))


def gateways(count: int) -> list[str]:
    """Their names."""
    return [f"s/g{number}" for number in range(count)]


def registry(count: int, points: int) -> dict[str, str]:
    """The registry's files: a building for each gateway, a meter for each of its points."""
    nodes = "code,parent,type,zone\no,,institution,Asia/Shanghai\ns,o,site,\np,s,building,\n"
    meters, of = "code,node,item,total,step_min\nprobe,p,01000,yes,15\n", []
    for place in range(count):
        nodes += f"b{place},s,building,\n"
        for point in range(points):
            item, total = ("01000", "yes") if point == 0 else ("01A10", "")
            meters += f"m{place}-{point},b{place},{item},{total},15\n"
            of.append(f"s/g{place},E{point},register,kWh,m{place}-{point}\n")
    return {
        "tree.csv": nodes,
        "gateways.csv": "site,code\ns,probe\n" + "".join(f"s,g{n}\n" for n in range(count)),
        "meters.csv": meters,
        "points.csv": f"gateway,point,kind,unit,meter\n{PROBE_GATEWAY},E0,register,kWh,probe\n"
        + "".join(of),
    }


@contextlib.contextmanager
def embedded(root: Path, files: Mapping[str, str], *, ledger: bool = True) -> Iterator[IngestScene]:
    """DuckDB and SQLite, each part a process of its own."""
    parts = ("collector", "intake", *(("ledger", "api") if ledger else ()))
    with (
        own_mosquitto(root / "broker") as broker,
        environment(GREENOFFICE_BROKER__URL=broker.url),
        _running(root, files, parts, broker.url, {"mosquitto": broker.pid}) as scene,
    ):
        yield scene


@contextlib.contextmanager
def on_servers(root: Path, files: Mapping[str, str]) -> Iterator[IngestScene]:
    """InfluxDB and PostgreSQL, with the processes of docker-compose.yml."""
    with contextlib.ExitStack() as stack:
        broker = stack.enter_context(own_mosquitto(root / "broker"))
        postgres = OwnPostgres()
        stack.callback(postgres.stop)
        (root / "influx").mkdir()
        influx = OwnServer(root / "influx", 2 if found(2) else 1)
        stack.callback(influx.stop)
        address, _ = influx.bucket("greenoffice", wanted())
        token = root / "influx.token"
        token.write_text(address.token, encoding="utf-8")
        token.chmod(0o600)
        stack.enter_context(
            environment(
                GREENOFFICE_DATABASE__URL=postgres.database("greenoffice"),
                GREENOFFICE_INFLUX__URL=address.url,
                GREENOFFICE_INFLUX__BUCKET=address.bucket,
                GREENOFFICE_INFLUX__ORG=address.org,
                GREENOFFICE_INFLUX__TOKEN_FILE=str(token) if address.token else "",
                GREENOFFICE_BROKER__URL=broker.url,
            )
        )
        servers = {"mosquitto": broker.pid, "postgresql": postgres.pid, "influxdb": influx.pid}
        parts = ("collector", "work", "api")
        yield stack.enter_context(_running(root, files, parts, broker.url, servers))


def wanted() -> WantedBucket:
    """What a new bucket is made with."""
    return WantedBucket(now_us=ShiftedClock().now_us(), password=secrets.token_hex(16))


def _running(
    root: Path,
    files: Mapping[str, str],
    parts: Sequence[str],
    broker: str,
    servers: Mapping[str, int],
) -> AbstractContextManager[IngestScene]:
    @contextlib.contextmanager
    def running() -> Iterator[IngestScene]:
        (root / "platform").mkdir()
        folder, passwords = platform_folder(root / "platform", iso(ShiftedClock().now_us()), files)
        with contextlib.ExitStack() as stack:
            pids = {
                name: stack.enter_context(started([name, str(folder.root)])).pid for name in parts
            }
            wait_until("the broker's client", lambda: bool(_receives(folder)))
            if "api" in parts:
                wait_settled(folder)
            stores = stack.enter_context(contextlib.closing(open_stores(folder)))
            port = urlsplit(broker).port
            assert port is not None
            yield IngestScene(folder, passwords, port, stores, {**pids, **servers})

    return running()


def _receives(folder: DataFolder) -> bool:
    told = heard(folder.heartbeat("collector"))
    return all(told.get(part, {}).get("ok") for part in ("listener", "broker"))
