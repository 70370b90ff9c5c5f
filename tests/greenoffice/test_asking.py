"""A gateway is asked for what did not come of it, by the processes that do it, and by hand."""

from __future__ import annotations

import json
import os
import queue
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from greenoffice.asking import TELL_US, AskingWork, Telling
from greenoffice.commands import init
from greenoffice.deliveries import resend
from greenoffice.folder import DataFolder
from greenoffice.ports import usable_port
from greenoffice.stores import open_stores
from metering.delivery import OLDEST_US, Arrived, by_hand
from metering.edge_node import NodeArrivals, NodeNews
from metering.errors import InvalidInput, NotFound
from metering.intake import IntakeBatch
from proofs.steps import run, started, wait_until
from storage import Stores, memory_stores

NOW_US = 1_764_000_000_000_000
TOPIC = "greenoffice/v1/s/g/commands"
OFFICE = {
    "tree.csv": "code,parent,type,zone\no,,institution,Asia/Shanghai\ns,o,site,\nb,s,building,\n",
    "gateways.csv": "site,code\ns,g\n",
    "meters.csv": "code,node,item\nm,b,01000\n",
    "points.csv": "gateway,point,kind,unit,meter\ns/g,E1,register,kWh,m\n",
}


def take(stores: Stores, *numbers: int) -> None:
    place = stores.intake.checkpoint(1)
    came = Arrived("s/g", 1, NOW_US, numbers={3: np.array(numbers, np.int64)})
    stores.intake.commit(IntakeBatch(1, *place, 1 << 24 | 1, place[1] + 1, arrived=(came,)))


@dataclass
class Clocked:
    """Asking over stores in memory, and what a gateway heard of it."""

    stores: Stores = field(default_factory=memory_stores)
    at_us: int = NOW_US
    listens: bool = True
    topic: str = TOPIC
    heard: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.asking = AskingWork(self.stores.intake, [1], lambda: self.at_us, 120, 3)
        self.telling = self.collector()

    def collector(self) -> Telling:
        receivers: dict[int, Any] = {1: self}
        store = self.stores.intake
        return Telling(receivers, lambda: self.at_us, lambda: store, self.at_us)

    def hears(self, gateway: str, topic: str) -> bool:
        return self.listens and gateway == "s/g" and topic == self.topic

    def command(self, gateway: str, topic: str, payload: bytes) -> None:
        assert (gateway, topic) == ("s/g", self.topic)
        self.heard.append(json.loads(payload) if topic == TOPIC else {"at_us": self.at_us})

    def pass_time(self, seconds: int, step_s: int = 5) -> None:
        for _ in range(0, seconds, step_s):
            self.at_us += step_s * 1_000_000
            self.asking()
            self.telling.tell(self.telling.news())

    def states(self) -> list[str]:
        return [gap.state for gap in self.stores.intake.gaps("s/g")]


def test_a_gap_is_asked_for_once_in_each_pause_and_then_given_up() -> None:
    world = Clocked()
    take(world.stores, 1, 2, 3, 6, 7, 9)
    world.pass_time(115)
    assert world.heard == []
    world.pass_time(10)
    wanted = [
        {"command": "resend", "id": id, "session": 3, "seq": seq}
        for id, seq in ((1, [4, 5]), (2, [8, 8]))
    ]
    assert world.heard == wanted
    world.pass_time(285)
    assert world.heard == wanted
    world.pass_time(20)
    assert world.heard == wanted * 2
    world.pass_time(900)
    assert world.heard == wanted * 3
    world.pass_time(3_600, 60)
    assert world.heard == wanted * 3
    assert world.states() == ["given_up", "given_up"]


def test_what_comes_is_waited_for_and_no_other_is_asked_for() -> None:
    world = Clocked()
    take(world.stores, 1, 2, 3, 6, 7, 9)
    take(world.stores, 4, 8)
    world.pass_time(125)
    assert [one["seq"] for one in world.heard] == [[5, 5]]
    take(world.stores, 5)
    world.pass_time(7_200, 60)
    assert len(world.heard) == 1
    assert world.states() == ["closed", "closed"]


def test_who_listens_a_little_later_is_told_then_and_once() -> None:
    world = Clocked(listens=False)
    take(world.stores, 1, 2, 4)
    world.pass_time(130)
    assert world.heard == []
    world.listens = True
    world.pass_time(60)
    assert len(world.heard) == 1


def test_another_collector_does_not_ask_again() -> None:
    world = Clocked()
    take(world.stores, 1, 2, 4)
    world.pass_time(125)
    world.telling = world.collector()
    world.pass_time(TELL_US // 1_000_000)
    assert len(world.heard) == 1


def test_what_a_person_wants_is_asked_for_at_once_and_once() -> None:
    world = Clocked()
    take(world.stores, 1)
    world.stores.intake.want(by_hand("s/g", NOW_US - 3_600_000_000, NOW_US, "me", NOW_US))
    world.pass_time(10)
    told = {"from": "2025-11-24T15:00:00Z", "until": "2025-11-24T16:00:00Z"}
    assert world.heard == [{"command": "resend", "id": 1, **told}]
    world.pass_time(3_600, 60)
    assert len(world.heard) == 1
    assert world.states() == ["given_up"]


def test_what_was_missed_long_ago_is_given_up() -> None:
    world = Clocked(at_us=NOW_US + OLDEST_US + 1)
    take(world.stores, 1, 2, 4)
    world.pass_time(5)
    assert (world.heard, world.states()) == ([], ["given_up"])


def test_a_node_is_asked_for_its_births_once_in_each_pause_until_they_come() -> None:
    world = Clocked(topic="spBv1.0/G/NCMD/N")

    def arrive(*news: NodeNews) -> None:
        place = world.stores.intake.checkpoint(1)
        came = NodeArrivals("s/g", "G/N", 1, tuple((world.at_us, one) for one in news))
        batch = IntakeBatch(1, *place, 1 << 24 | 1, place[1] + 1, nodes=(came,))
        world.stores.intake.commit(batch)

    arrive(NodeNews("G/N", "NBIRTH", seq=0), NodeNews("G/N", "NDATA", seq=1))
    world.pass_time(10)
    assert world.heard == []
    arrive(NodeNews("G/N", "NDATA", seq=3))
    world.pass_time(60)
    assert len(world.heard) == 1
    world.telling = world.collector()
    world.pass_time(10)
    assert len(world.heard) == 2
    arrive(NodeNews("G/N", "NBIRTH", seq=0), NodeNews("G/N", "NDATA", seq=1))
    world.pass_time(3_000)
    assert len(world.heard) == 2
    world.listens = False
    arrive(NodeNews("G/N", "NDATA", seq=2, unnamed=True))
    world.pass_time(30)
    world.listens = True
    world.pass_time(10)
    assert len(world.heard) == 3


@pytest.fixture
def platform(tmp_path: Path) -> tuple[DataFolder, str]:
    """A data folder that asks at once, and the password of its gateway."""
    files = tmp_path / "office"
    files.mkdir()
    for name, rows in OFFICE.items():
        (files / name).write_text(rows)
    taken: set[int] = set()
    for preferred in (19080, 12883, 20464):
        taken.add(usable_port(preferred + os.getpid() % 1000, taken))
    folder = init(tmp_path / "data", *sorted(taken), "en")
    text = folder.settings_file.read_text()
    folder.settings_file.write_text(text.replace("[mqtt]", "[mqtt]\nresend_after_s = 0", 1))
    told = run("registry", "import", str(files), "--data", str(folder.root), "--yes")
    return folder, told.split("password")[1].split()[0]


def message(seq: int) -> bytes:
    time = f"2026-11-01T00:{seq:02}:00Z"
    readings = [{"point": "E1", "value": seq, "time": time}]
    return json.dumps({"session": 1, "seq": seq, "readings": readings}).encode()


@pytest.mark.long
def test_a_real_gateway_is_asked_by_the_processes(platform: tuple[DataFolder, str]) -> None:
    folder, password = platform
    commands: queue.Queue[dict[str, Any]] = queue.Queue()
    client = paho.Client(CallbackAPIVersion.VERSION2, "device")
    client.username_pw_set("s/g", password)
    client.on_connect = lambda *_: client.subscribe("greenoffice/v1/s/g/commands", 1)
    client.on_message = lambda _c, _d, came: commands.put(json.loads(came.payload))
    root = str(folder.root)
    with started(["collector", root]), started(["intake", root]):
        client.connect_async("127.0.0.1", folder.settings().mqtt.port)
        client.reconnect_delay_set(1, 1)
        client.loop_start()
        topic = "greenoffice/v1/s/g/readings"
        for seq in (1, 2, 3, 6):
            client.publish(topic, message(seq), 1)
        command = commands.get(timeout=60)
        assert (command["session"], command["seq"]) == (1, [4, 5])
        for seq in (4, 5):
            client.publish(topic, message(seq), 1)
        with closing(open_stores(folder)) as stores:
            wait_until("the gap to close", lambda: stores.intake.open_gaps() == {})
            start, until = "2026-11-01T00:01:00Z", "2026-11-01T00:03:00Z"
            wanted = ("gateway", "resend", root, "s/g", "--from", start, "--until", until)
            id = json.loads(run(*wanted))["id"]
            assert commands.get(timeout=60) == {
                **{"command": "resend", "id": id},
                **{"from": start, "until": until},
            }
            answer = json.dumps({"event": "resend", "id": id, "result": "sent"})
            client.publish("greenoffice/v1/s/g/events", answer, 1)
            wait_until(
                "the answer", lambda: [g.state for g in stores.intake.gaps("s/g")] == ["closed"] * 2
            )
        assert commands.empty()
        client.disconnect()
        client.loop_stop()
    with pytest.raises(NotFound) as unknown:
        resend(folder, "s/nobody", start, until)
    assert unknown.value.field == "gateway"
    with pytest.raises(InvalidInput) as backwards:
        resend(folder, "s/g", until, start)
    assert backwards.value.field == "until"
