"""What both receivers promise: gateways to the listener, and to a broker with its client.

The publisher is the same. What it had acknowledged by the listener is on disk at that moment;
what a broker acknowledged to it is on disk in the end, whatever happens to the receiver.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties as MqttProperties

from collector import JournalReader, Receiver, Record
from collector.properties import Properties

WAIT_S = 30
TOPIC = "greenoffice/v1/s/g/readings"
VERSIONS = [paho.MQTTv311, paho.MQTTv5]


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that must come."""
    pause = threading.Event()
    for _ in range(WAIT_S * 50):
        if condition():
            return
        pause.wait(0.02)
    pytest.fail("it never became so")


@dataclass
class Publisher:
    """A gateway that sends again what is not acknowledged."""

    client: paho.Client
    sent: dict[int, bytes] = field(default_factory=dict)
    numbers: set[int] = field(default_factory=set)
    """Packet ids acknowledged: an answer may come before `publish` has noted what was sent."""

    @property
    def acknowledged(self) -> set[bytes]:
        return {self.sent[number] for number in list(self.numbers) if number in self.sent}

    def publish(self, *payloads: bytes, topic: str = TOPIC, qos: int = 1) -> None:
        for payload in payloads:
            self.sent[self.client.publish(topic, payload, qos).mid] = payload

    def all_acknowledged(self) -> bool:
        return self.acknowledged >= set(self.sent.values())

    def on_publish(self, _c: Any, _u: Any, mid: int, _r: Any, _p: Any) -> None:
        self.numbers.add(mid)


@contextmanager
def publisher(port: int, version: int = paho.MQTTv311) -> Iterator[Publisher]:
    client = paho.Client(
        CallbackAPIVersion.VERSION2, client_id="c1", protocol=MQTTProtocolVersion(version)
    )
    client.username_pw_set("s/g", "right")
    client.max_inflight_messages_set(500)
    client.reconnect_delay_set(1, 1)
    one = Publisher(client)
    connected = threading.Event()
    client.on_connect = lambda *_: connected.set()
    client.on_publish = one.on_publish
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        assert connected.wait(WAIT_S)
        yield one
    finally:
        client.disconnect()
        client.loop_stop()


@dataclass
class WayIn:
    """A running receiver and where gateways publish."""

    name: str
    port: int
    running: Any
    receiver: Receiver
    again: Callable[..., WayIn]
    """Begin anew on the same journal, after `running.close()`."""

    def payloads(self) -> list[bytes]:
        return [record.payload for record in self.running.records("message")]


Begin = Callable[..., WayIn]


@pytest.fixture(params=["listener", "client of a broker"])
def way_in(request: Any) -> Begin:
    """Begins to receive in one of both ways; keywords are settings that both know."""
    start = request.getfixturevalue("start")
    if request.param == "listener":

        def listen(**options: Any) -> WayIn:
            running = start(**options)
            return WayIn(request.param, running.port, running, running.listener, listen)

        return listen
    broker = request.getfixturevalue("mosquitto")(users={"s/g": "right", "receiver": "r"})
    receive = request.getfixturevalue("receive")

    def subscribe(**options: Any) -> WayIn:
        running = receive(broker.port, user="receiver", password="r", **options)
        until(lambda: running.receiver.health().ok)
        return WayIn(request.param, broker.port, running, running.receiver, subscribe)

    return subscribe


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_acknowledged_is_journalled_in_order(way_in: Begin, version: int) -> None:
    way = way_in()
    payloads = [b"%d" % number for number in range(1_000)]
    with publisher(way.port, version) as one:
        one.publish(*payloads)
        until(one.all_acknowledged)
    until(lambda: len(way.payloads()) >= 1_000)
    assert way.payloads() == payloads
    record = way.running.records("message")[0]
    assert (record.gateway, record.route, record.qos) == ("s/g", TOPIC, 1)
    assert record.packet_id > 0
    until(lambda: way.running.metric("greenoffice_mqtt_acknowledged_total") == 1_000)
    assert way.running.metric("greenoffice_mqtt_messages_total", qos="1") == 1_000
    assert way.running.metric("greenoffice_journal_records_total") >= 1_000


@pytest.mark.parametrize(
    "payload",
    [b"", b"\x00\xff\xfe\x80", b'{"readings": [', "电表 é \U0001f50c".encode(), b"x" * (1 << 20)],
    ids=["empty", "binary", "cut off", "text", "1 MiB"],
)
def test_a_payload_stays_as_it_is(way_in: Begin, payload: bytes) -> None:
    way = way_in()
    with publisher(way.port) as one:
        one.publish(payload)
        until(lambda: way.payloads() == [payload])


def test_a_topic_stays_as_it_is(way_in: Begin) -> None:
    way = way_in()
    topics = [f"greenoffice/v1/s/g/{rest}" for rest in ("用电/é", "a//b", "x" * 300, "readings")]
    with publisher(way.port, paho.MQTTv5) as one:
        for topic in topics:
            one.publish(b"x", topic=topic)
        until(lambda: len(way.payloads()) == len(topics))
    assert [record.route for record in way.running.records("message")] == topics


def test_what_mqtt_5_says_beside_a_message_is_kept(way_in: Begin) -> None:
    way = way_in()
    said = MqttProperties(PacketTypes.PUBLISH)
    said.ContentType = "application/senml+json"
    said.PayloadFormatIndicator = 1
    said.UserProperty = [("unit", "kWh"), ("unit", "kW")]
    said.CorrelationData = b"\x00\x01"
    said.ResponseTopic = "answers"
    with publisher(way.port, paho.MQTTv5) as one:
        one.client.publish(TOPIC, b"said", 1, properties=said)
        one.client.publish(TOPIC, b"plain", 1)
        until(lambda: len(way.payloads()) == 2)
    kept = {record.payload: record.properties for record in way.running.records("message")}
    assert kept[b"plain"] is None
    assert kept[b"said"] == Properties(
        "application/senml+json", True, (("unit", "kWh"), ("unit", "kW")), "answers", b"\x00\x01"
    )


def test_equal_messages_are_messages_of_their_own(way_in: Begin) -> None:
    way = way_in()
    with publisher(way.port) as one:
        one.publish(b"same", b"same", b"same")
        until(lambda: len(way.payloads()) == 3)
    records = way.running.records("message")
    assert {record.payload for record in records} == {b"same"}
    assert len({record.packet_id for record in records}) == 3
    assert not any(record.dup for record in records)


def test_qos_0_is_journalled_and_never_acknowledged(way_in: Begin) -> None:
    way = way_in()
    with publisher(way.port) as one:
        one.publish(b"zero", qos=0)
        until(lambda: way.payloads() == [b"zero"])
    (record,) = way.running.records("message")
    assert (record.qos, record.packet_id) == (0, 0)
    assert way.running.metric("greenoffice_mqtt_acknowledged_total") == 0


def test_a_full_queue_holds_senders_back_and_loses_nothing(way_in: Begin) -> None:
    way = way_in(queue_records=50, commit_records=20)
    payloads = [b"%d" % number for number in range(3_000)]
    with publisher(way.port) as one:
        one.publish(*payloads)
        until(lambda: len(way.payloads()) >= 3_000)
    assert way.payloads() == payloads
    until(lambda: way.running.metric("greenoffice_mqtt_reading_paused") == 0)


def test_a_full_disk_acknowledges_nothing_and_delivers_later(way_in: Begin) -> None:
    way = way_in(journal={"max_pages": 40})
    payloads = [b"%d " % number + b"x" * 2_000 for number in range(300)]
    with publisher(way.port) as one:
        one.publish(*payloads)
        until(lambda: not way.receiver.health().ok)
        assert "free space" in (way.receiver.health().failure or "")
        stored = way.payloads()
        assert way.running.metric("greenoffice_mqtt_acknowledged_total") <= len(stored) < 300
        assert way.running.metric("greenoffice_journal_failing") == 1
        way.running.journal.max_pages = None
        until(lambda: set(way.payloads()) == set(payloads))
        until(one.all_acknowledged)
    until(lambda: way.receiver.health().ok)


def test_a_receiver_that_is_closed_and_begun_again_misses_nothing(way_in: Begin) -> None:
    way = way_in()
    with publisher(way.port) as one:
        one.publish(*[b"a%d" % number for number in range(200)])
        until(lambda: len(one.acknowledged) > 50)
        way.running.close()
        before = set(one.acknowledged)
    again = way.again()
    with publisher(again.port) as one:
        one.publish(*[b"b%d" % number for number in range(200)])
        until(one.all_acknowledged)
    until(lambda: set(again.payloads()) >= before | one.acknowledged)


CHILD = """
import asyncio, sys, time
from pathlib import Path
import structlog
from prometheus_client import CollectorRegistry
from collector import *
structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.stderr))
way, port, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])

class Anyone:
    def verify(self, user, password, now_us, tries):
        return True

    def revoked(self, user):
        return False

async def main():
    clock = lambda: time.time_ns() // 1000
    journal = JournalWriter(folder, 1, now_us=clock, segment_bytes=60_000)
    metrics = CollectorMetrics(CollectorRegistry())
    if way == "listener":
        one = Listener(journal, Anyone(), ListenerSettings(port=port), metrics, now_us=clock)
    else:
        url = f"mqtt://127.0.0.1:{port}"
        settings = ClientSettings(url=url, receive_maximum=100, reconnect_min_s=0.05)
        one = BrokerClient(journal, settings, metrics, now_us=clock)
    await one.start()
    while not one.health().ok:
        await asyncio.sleep(0.01)
    print("begun", flush=True)
    await one.crashed()

asyncio.run(main())
"""


@pytest.mark.parametrize("way", ["listener", "client of a broker"])
def test_kill_9_of_the_receiver_loses_nothing(way: str, tmp_path: Path, request: Any) -> None:
    port = request.getfixturevalue("a_free_port")
    if way != "listener":
        port = request.getfixturevalue("mosquitto")().port
    folder = tmp_path / "killed" / "one"
    command = [sys.executable, "-c", CHILD, way, str(port), str(folder)]

    def begin() -> subprocess.Popen[bytes]:
        root = Path(__file__).parents[2]
        pipe = subprocess.PIPE
        child = subprocess.Popen(command, stdout=pipe, stderr=subprocess.DEVNULL, cwd=root)
        assert child.stdout is not None
        assert child.stdout.readline() == b"begun\n"
        return child

    def stored() -> list[Record]:
        reader = JournalReader(tmp_path / "killed")
        found = [at.record for at in reader.read(1, 0, 0, 10**6) if at.record.kind == "message"]
        reader.close()
        return found

    def payloads() -> set[bytes]:
        return {record.payload for record in stored()}

    child = begin()
    try:
        with publisher(port) as one:
            for run in range(3):
                seen = len(stored())
                one.publish(*[b"%d" % n for n in range(run * 10_000, run * 10_000 + 1_500)])
                until(lambda seen=seen: len(stored()) > seen + 200)  # type: ignore[misc]
                child.send_signal(signal.SIGKILL)
                child.wait()
                child = begin()
            until(one.all_acknowledged)
            until(lambda: payloads() >= one.acknowledged)
            assert len(one.acknowledged) == 4_500
    finally:
        child.kill()
        child.wait()
    first_deliveries = [record.payload for record in stored() if not record.dup]
    assert len(first_deliveries) == len(set(first_deliveries))
