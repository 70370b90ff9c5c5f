"""A node of Sparkplug over the real listener: named after a restart, and asked for its births."""

from __future__ import annotations

import os
import queue
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from greenoffice.commands import init
from greenoffice.folder import DataFolder
from greenoffice.ports import usable_port
from greenoffice.stores import open_stores
from metering.localtime import parse_instant
from proofs.steps import run, started, wait_until
from tests.sparkplug_payloads import born, by_alias, numbered, payload, real

OFFICE = {
    "tree.csv": "code,parent,type,zone\no,,institution,Asia/Shanghai\ns,o,site,\nb,s,building,\n",
    "gateways.csv": "site,code\ns,g\n",
    "meters.csv": "code,node,item\nm,b,01000\n",
    "points.csv": "gateway,point,kind,unit,meter\ns/g,G/N.energy,register,kWh,m\n",
}
AT_MS = parse_instant("2026-11-01T00:00:00Z") // 1000


class Node:
    """An edge node that answers to a rebirth."""

    def __init__(self, port: int, password: str) -> None:
        self.commands: queue.Queue[bytes] = queue.Queue()
        self.subscribed: queue.Queue[None] = queue.Queue()
        client = paho.Client(CallbackAPIVersion.VERSION2, "node")
        client.username_pw_set("s/g", password)
        client.will_set("spBv1.0/G/NDEATH/N", payload(numbered(0)), 1)
        client.on_connect = lambda *_: client.subscribe("spBv1.0/G/NCMD/N", 1)
        client.on_subscribe = lambda *_: self.subscribed.put(None)
        client.on_message = lambda _c, _d, came: self.commands.put(came.payload)
        client.connect_async("127.0.0.1", port)
        client.reconnect_delay_set(1, 1)
        client.loop_start()
        self.client = client
        self.subscribed.get(timeout=60)

    def send(self, kind: str, *metrics: bytes, seq: int, minute: int) -> None:
        body = payload(*metrics, seq=seq, time_ms=AT_MS + minute * 60_000)
        self.client.publish(f"spBv1.0/G/{kind}/N", body, 1).wait_for_publish(60)

    def birth(self, alias: int, minute: int) -> None:
        metrics = numbered(0), born("energy", alias, 10, real(13, 100.0 + minute), unit="kWh")
        self.send("NBIRTH", *metrics, seq=0, minute=minute)

    def data(self, alias: int, seq: int, minute: int) -> None:
        metric = by_alias(alias, real(13, 100.0 + minute))
        self.send("NDATA", metric, seq=seq, minute=minute)


@pytest.fixture
def platform(tmp_path: Path) -> tuple[DataFolder, str]:
    files = tmp_path / "office"
    files.mkdir()
    for name, rows in OFFICE.items():
        (files / name).write_text(rows)
    taken: set[int] = set()
    for preferred in (19180, 12983, 20564):
        taken.add(usable_port(preferred + os.getpid() % 1000, taken))
    folder = init(tmp_path / "data", *sorted(taken), "en")
    told = run("registry", "import", str(files), "--data", str(folder.root), "--yes")
    return folder, told.split("password")[1].split()[0]


@contextmanager
def connected(folder: DataFolder, password: str) -> Iterator[Node]:
    node = Node(folder.settings().mqtt.port, password)
    try:
        yield node
    finally:
        node.client.disconnect()
        node.client.loop_stop()


@pytest.mark.long
def test_a_node_is_named_after_a_restart_and_asked_for_its_births(
    platform: tuple[DataFolder, str],
) -> None:
    folder, password = platform
    root = str(folder.root)
    with closing(open_stores(folder)) as stores:

        def new() -> int:
            return sum(one.counts.new for one in stores.intake.gateways())

        def state() -> tuple[bool, str]:
            (node,) = stores.intake.edge_nodes(None)
            return node.online, node.wants

        with started(["collector", root]), connected(folder, password) as node:
            with started(["intake", root]):
                node.data(4, seq=9, minute=0)
                assert b"Node Control/Rebirth" in node.commands.get(timeout=60)
                assert stores.intake.dead_letters(None)[0].reason == "unknown_alias"
                node.birth(4, minute=1)
                wait_until("the birth and what waited for it", lambda: new() == 2)
                assert state() == (True, "")
            node.data(4, seq=1, minute=2)
            with started(["intake", root]):
                wait_until("data after a restart", lambda: new() == 3)
                node.data(4, seq=3, minute=3)
                wait_until("data behind a gap", lambda: new() == 4)
                assert state()[1] == "gap"
                node.birth(7, minute=4)
                node.data(7, seq=1, minute=5)
                wait_until("data by a new alias", lambda: new() == 6)
                assert state() == (True, "")
                node.client.publish("spBv1.0/G/NDEATH/N", payload(numbered(0)), 1)
                wait_until("the death", lambda: state() == (False, ""))
        assert [one.state for one in stores.intake.dead_letters(None)] == ["replayed"]
