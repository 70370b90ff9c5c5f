"""Real gateways' clients against a real listener: what is acknowledged is in the journal."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from collector import CollectorMetrics, JournalReader, JournalWriter, Listener, ListenerSettings
from collector.mqtt import ConnectionLimits, encode_packet
from metering.errors import ConfigurationError

WAIT_S = 15
VERSIONS = [paho.MQTTv311, paho.MQTTv5]
ALL_VERSIONS = [paho.MQTTv31, *VERSIONS]
CONNECT = bytes.fromhex("101e 0004 4d515454 04 c2 0000 0003 726177 0003 732f67 0005 7269676874")
CONNECT_5 = bytes.fromhex(
    "101f 0004 4d515454 05 c2 0000 00 0003 726177 0003 732f67 0005 7269676874"
)
CONNECT = CONNECT[:1] + bytes((len(CONNECT) - 2,)) + CONNECT[2:]
CONNECT_5 = CONNECT_5[:1] + bytes((len(CONNECT_5) - 2,)) + CONNECT_5[2:]


class Gateway:
    """A paho client that remembers what happened to it."""

    def __init__(self, port: int, version: int, **options: Any) -> None:
        client_id = options.pop("client_id", "c1")
        clean = {} if version == paho.MQTTv5 else {"clean_session": options.pop("clean", True)}
        again = options.pop("again", False)
        user, password = options.pop("user", "s/g"), options.pop("password", "right")
        self.connected = threading.Event()
        self.ended = threading.Event()
        self.connect_codes: list[int] = []
        self.end_codes: list[int] = []
        self.acknowledged: set[int] = set()
        self.heard: list[tuple[str, bytes]] = []
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=MQTTProtocolVersion(version),
            reconnect_on_failure=again,
            **clean,
        )
        self.client.reconnect_delay_set(1, 1)
        self.client.username_pw_set(user, password)
        self.client.max_inflight_messages_set(options.pop("in_flight", 500))
        self.client.on_connect = self._on_connect
        self.client.on_disconnect = self._on_disconnect
        self.client.on_publish = lambda _c, _u, mid, _r, _p: self.acknowledged.add(mid)
        self.client.on_message = lambda _c, _u, got: self.heard.append((got.topic, got.payload))
        if "will" in options:
            self.client.will_set(*options.pop("will"))
        if "ca" in options:
            self.client.tls_set(options.pop("ca"))
        self.client.connect("127.0.0.1", port, **options)
        self.client.loop_start()

    def _on_connect(self, _c: Any, _u: Any, _f: Any, reason: Any, properties: Any) -> None:
        self.connect_codes.append(reason.value)
        self.properties = properties
        self.present = _f.session_present
        self.connected.set()

    def _on_disconnect(self, _c: Any, _u: Any, _f: Any, reason: Any, _p: Any) -> None:
        self.end_codes.append(reason.value)
        self.ended.set()

    def stop(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@contextmanager
def gateway(port: int, version: int, **options: Any) -> Iterator[Gateway]:
    one = Gateway(port, version, **options)
    try:
        assert one.connected.wait(WAIT_S)
        yield one
    finally:
        one.stop()


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that must come; fails by the clock of the test runner only."""
    pause = threading.Event()
    for _ in range(WAIT_S * 100):
        if condition():
            return
        pause.wait(0.01)
    pytest.fail("it never became so")


def everything(connection: socket.socket) -> bytes:
    """All bytes until the other side closes."""
    connection.settimeout(WAIT_S)
    received = b""
    while chunk := connection.recv(4096):
        received += chunk
    return received


def raw(port: int, data: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), WAIT_S)
    connection.sendall(data)
    return connection


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_acknowledged_is_in_the_journal(server: Any, version: int) -> None:
    sent: dict[int, bytes] = {}
    with gateway(server.port, version) as one:
        for number in range(300):
            payload = json.dumps({"seq": number}).encode()
            sent[one.client.publish("greenoffice/v1/s/g/readings", payload, qos=1).mid] = payload
        until(lambda: len(one.acknowledged) == 300)
        stored = {record.packet_id: record for record in server.records("message")}
    assert {mid: stored[mid].payload for mid in one.acknowledged} == sent
    record = stored[next(iter(sent))]
    assert (record.gateway, record.client, record.qos, record.dup) == ("s/g", "c1", 1, False)
    assert record.route == "greenoffice/v1/s/g/readings"
    until(lambda: len(server.records("disconnect")) == 1)
    (connect,) = server.records("connect")
    assert json.loads(connect.payload)["version"] == ("5" if version == paho.MQTTv5 else "3.1.1")
    assert connect.connection == record.connection
    assert server.metric("greenoffice_mqtt_acknowledged_total") == 300
    assert server.metric("greenoffice_mqtt_messages_total", qos="1") == 300


@pytest.mark.parametrize("version", VERSIONS)
def test_qos_0_is_journalled_too(server: Any, version: int) -> None:
    with gateway(server.port, version) as one:
        one.client.publish("t", b"zero", qos=0, retain=True)
        until(lambda: len(server.records("message")) == 1)
    (record,) = server.records("message")
    assert (record.payload, record.qos, record.packet_id) == (b"zero", 0, 0)


def test_topic_aliases(server: Any) -> None:
    with gateway(server.port, paho.MQTTv5) as one:
        assert one.properties.TopicAliasMaximum == 16
        assert not hasattr(one.properties, "MaximumQoS")  # 2
        alias = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        alias.TopicAlias = 3
        one.client.publish("long/topic", b"1", qos=1, properties=alias)
        one.client.publish("", b"2", qos=1, properties=alias)
        until(lambda: len(one.acknowledged) == 2)
    assert {(r.route, r.payload) for r in server.records("message")} == {
        ("long/topic", b"1"),
        ("long/topic", b"2"),
    }


@pytest.mark.parametrize(("version", "code"), [(paho.MQTTv311, 134), (paho.MQTTv5, 134)])
def test_a_wrong_password_is_refused(server: Any, version: int, code: int) -> None:
    with gateway(server.port, version, password="wrong") as one:
        assert one.connect_codes == [code]
        assert one.ended.wait(WAIT_S)
    assert server.records() == []
    refused = server.metric(
        "greenoffice_mqtt_connects_refused_total", reason="bad user or password"
    )
    assert refused == 1


def test_guessing_is_stopped_without_asking_and_only_for_that_user(server: Any) -> None:
    codes = []
    for _ in range(8):
        with gateway(server.port, paho.MQTTv5, password="guess") as one:
            codes += one.connect_codes
    assert codes == [134] * 5 + [159] * 3
    assert server.passwords.asked == 5
    with gateway(server.port, paho.MQTTv5, user="s/h", password="other") as one:
        assert one.connect_codes == [0]


@pytest.mark.parametrize("user", [None, "broken"])
def test_a_gateway_always_gets_an_answer(server: Any, user: str | None) -> None:
    with gateway(server.port, paho.MQTTv5, user=user) as one:
        assert one.connect_codes == [135 if user is None else 136]


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_messages_at_qos_2_are_stored_once_among_others(server: Any, version: int) -> None:
    sent: list[tuple[int, bytes]] = []
    with gateway(server.port, version) as one:
        for number in range(300):
            payload = json.dumps({"seq": number}).encode()
            sent.append((number % 3, payload))
            one.client.publish("greenoffice/v1/s/g/readings", payload, qos=number % 3)
        until(lambda: len(one.acknowledged) == 300)
    until(lambda: len(server.records("disconnect")) == 1)
    stored = [(record.qos, record.payload) for record in server.records("message")]
    assert stored == sent
    assert server.metric("greenoffice_mqtt_messages_total", qos="2") == 100
    version_told = {3: "3.1", 4: "3.1.1", 5: "5"}[version]
    assert json.loads(server.records("connect")[0].payload)["version"] == version_told


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_subscriptions_are_granted_and_publishing_goes_on(server: Any, version: int) -> None:
    answers: list[int] = []
    with gateway(server.port, version) as one:
        one.client.on_subscribe = lambda _c, _u, _m, codes, _p: answers.extend(
            code.value for code in codes
        )
        one.client.subscribe([("#", 1), ("greenoffice/v1/s/g/commands", 2), ("x", 0)])
        until(lambda: len(answers) == 3)
        one.client.publish("t", b"after", qos=1)
        until(lambda: len(one.acknowledged) == 1)
        assert server.listener.health().subscribed == {"s/g": ("#", "x")}
        one.client.unsubscribe(["#", "x"])
        until(lambda: not server.listener.health().subscribed)
    assert answers == [1, 1, 0]
    assert server.metric("greenoffice_mqtt_subscriptions_total", granted="True") == 3


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_is_there_again_after_a_restart(
    server: Any, start: Any, version: int, tmp_path: Path
) -> None:
    kept: dict[str, Any] = {"clean": False}
    if version == paho.MQTTv5:
        asked = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        asked.SessionExpiryInterval = 3600
        kept = {"clean_start": False, "properties": asked}
    with gateway(server.port, version, **kept) as one:
        assert not one.present
        one.client.subscribe("mine", 1)
        one.client.publish("t", b"1", qos=2)
        until(lambda: len(one.acknowledged) == 1)
    server.close()
    again = start()
    with gateway(again.port, version, **kept) as one:
        assert one.present
    fresh = {} if version == paho.MQTTv5 else {"clean": True}
    with gateway(again.port, version, **fresh) as one:
        assert not one.present
    with gateway(again.port, version, **(kept if version == paho.MQTTv311 else {})) as one:
        assert not one.present
    again.close()
    (tmp_path / "sessions.json").write_bytes(b"{")
    with gateway(start().port, version, **kept) as one:
        assert not one.present


@pytest.mark.parametrize("qos", [1, 2])
def test_messages_under_way_at_a_restart_arrive(server: Any, start: Any, qos: int) -> None:
    """A client that resumes its session sends again what was not acknowledged to the end."""
    port, sent = server.port, []
    with gateway(port, paho.MQTTv311, clean=False, again=True) as one:
        for number in range(400):
            sent.append(f"{number}".encode())
            one.client.publish("greenoffice/v1/s/g/readings", sent[-1], qos=qos)
            if number == 200:
                server.close()
                server = start(port=port)
        until(lambda: len(one.acknowledged) == 400)
    until(lambda: bool(server.records("disconnect")))
    stored = [record.payload for record in server.records("message")]
    assert set(stored) == set(sent)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_empty_client_id_gets_one(server: Any, version: int) -> None:
    with gateway(server.port, version, client_id="") as one:
        assert one.connect_codes == [0]
        if version == paho.MQTTv5:
            assert one.properties.AssignedClientIdentifier
    until(lambda: len(server.records("connect")) == 1)
    assert server.records("connect")[0].client


@pytest.mark.parametrize("version", VERSIONS)
def test_a_second_connection_of_the_same_client_takes_over(server: Any, version: int) -> None:
    with (
        gateway(server.port, version, will=("w", b"gone", 1)) as older,
        gateway(server.port, version, user="s/h", password="other"),
        gateway(server.port, version) as newer,
    ):
        assert older.ended.wait(WAIT_S)
        newer.client.publish("t", b"new", qos=1)
        until(lambda: len(newer.acknowledged) == 1)
        assert server.listener.health().connections == 2
    if version == paho.MQTTv5:
        assert older.end_codes == [142]
    until(lambda: len(server.records("disconnect")) == 3)
    kinds = [record.kind for record in server.records() if record.gateway == "s/g"]
    assert kinds == ["connect", "will", "disconnect", "connect", "message", "disconnect"]


def test_a_will_counts_only_for_a_gateway_that_vanished(server: Any) -> None:
    will = bytes.fromhex(
        "1026 0004 4d515454 04 c6 0000 0003 726177 0001 77 0002 6279 0003 732f67 0005 7269676874"
    )
    will = will[:1] + bytes((len(will) - 2,)) + will[2:]
    for goodbye in (b"\xe0\x00", b""):
        with raw(server.port, will) as connection:
            assert connection.recv(4) == bytes.fromhex("2002 0000")
            connection.sendall(goodbye)
    until(lambda: len(server.records("disconnect")) == 2)
    (left,) = server.records("will")
    assert (left.route, left.payload, left.gateway) == ("w", b"by", "s/g")
    ends = [json.loads(record.payload) for record in server.records("disconnect")]
    assert [end["will"] for end in ends] == [False, True]


def test_a_silent_gateway_is_let_go(server: Any) -> None:
    connect = CONNECT[:10] + b"\0\1" + CONNECT[12:]  # keep alive of 1 s
    with raw(server.port, connect) as connection:
        assert everything(connection) == bytes.fromhex("2002 0000")
    until(lambda: len(server.records("disconnect")) == 1)
    assert "keep alive timeout" in server.records("disconnect")[0].payload.decode()


def test_a_connection_without_connect_is_let_go(start: Any) -> None:
    server = start(connect_timeout_s=0.1)
    with raw(server.port, b"\x10") as connection:
        assert everything(connection) == b""


def test_beyond_refusals_connections_wait_until_one_has_gone(start: Any) -> None:
    server = start(max_connections=1, max_refused=0)
    with gateway(server.port, paho.MQTTv311) as first, raw(server.port, CONNECT_5) as second:
        first.client.publish("t", b"x", qos=1)
        until(lambda: len(first.acknowledged) == 1)
        assert len(server.listener._open) == 1
        first.stop()
        second.settimeout(WAIT_S)
        assert second.recv(4)[3:] == b"\0"  # CONNACK: let in


@pytest.mark.parametrize(("version", "code"), [(paho.MQTTv311, 136), (paho.MQTTv5, 137)])
def test_a_gateway_without_room_is_told_so_and_comes_in_later(
    start: Any, version: int, code: int
) -> None:
    server = start(max_connections=2)
    assert server.listener.health().ok
    with gateway(server.port, version, client_id="a"):
        with gateway(server.port, version, client_id="b"):
            for _ in range(100):
                with gateway(server.port, version, client_id="late") as late:
                    assert late.connect_codes == [code]
                    assert late.ended.wait(WAIT_S)
            health = server.listener.health()
            assert (health.ok, health.field, health.value) == (False, "connections", 2)
            assert health.fix
        until(lambda: len(server.listener._open) == 1)
        with gateway(server.port, version, client_id="late") as late:
            assert late.connect_codes == [0]


def test_who_connects_and_says_nothing_takes_no_room_from_refusals_for_long(start: Any) -> None:
    server = start(max_connections=1, max_refused=1, connect_timeout_s=60)
    with gateway(server.port, paho.MQTTv5), raw(server.port, b"") as silent:
        assert everything(silent) == b""
        until(lambda: len(server.listener._open) == 1)
        with gateway(server.port, paho.MQTTv5, client_id="late") as late:
            assert late.connect_codes == [137]


def test_who_says_nothing_makes_room_for_who_does(start: Any) -> None:
    server = start(max_connections=3, max_refused=0, connect_timeout_s=60, silent_s=0.02)
    with gateway(server.port, paho.MQTTv5) as first, ExitStack() as silent:
        for _ in range(20):
            silent.enter_context(raw(server.port, b""))
        with gateway(server.port, paho.MQTTv5, user="s/h", password="other") as good:
            assert good.connect_codes == [0]
            good.client.publish("t", b"good", qos=1)
            until(lambda: len(good.acknowledged) == 1)
        assert not first.ended.is_set()
    until(lambda: not server.listener._open)
    assert not server.listener._silent


def test_garbage_never_stops_the_listener(server: Any) -> None:
    for garbage in (
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x00" * 50,
        CONNECT + b"\xff" * 99,
        b"\x10\xff\xff\xff\xff",
    ):
        with raw(server.port, garbage) as connection:
            everything(connection)
    with gateway(server.port, paho.MQTTv311) as one:
        assert one.connect_codes == [0]


def test_a_message_beyond_the_limit_is_named(server: Any) -> None:
    with gateway(server.port, paho.MQTTv5) as one:
        one.client.publish("t", b"x" * (1 << 20), qos=1)
        until(lambda: len(one.acknowledged) == 1)
    header = b"\x32" + bytes.fromhex("80808005")  # 10 MiB
    with raw(server.port, CONNECT_5 + header) as connection:
        assert everything(connection).endswith(bytes.fromhex("e002 9500"))
    until(lambda: len(server.records("disconnect")) == 2)
    assert "10485760 bytes" in server.records("disconnect")[1].payload.decode()


def test_a_full_disk_acknowledges_nothing_and_loses_nothing(start: Any) -> None:
    server = start(journal={"max_pages": 60})
    body = b"x" * 2_000
    acknowledged: set[bytes] = set()
    with gateway(server.port, paho.MQTTv5) as one:
        sent = {one.client.publish("t", b"%d" % n + body, qos=1).mid: n for n in range(400)}
        assert one.ended.wait(WAIT_S)
        acknowledged |= {b"%d" % sent[mid] + body for mid in one.acknowledged}
        assert one.end_codes == [0x97]
    assert len(acknowledged) < 400
    health = server.listener.health()
    assert not health.ok
    assert "free space" in health.failure
    assert server.metric("greenoffice_journal_failing") == 1
    with gateway(server.port, paho.MQTTv5) as one:
        assert one.connect_codes == [0x97]
    with gateway(server.port, paho.MQTTv311) as one:
        assert one.connect_codes == [136]  # paho's name of 3.1.1 "server unavailable"
    assert acknowledged <= {record.payload for record in server.records("message")}
    server.journal.max_pages = None  # room again
    until(lambda: server.listener.health().ok)
    with gateway(server.port, paho.MQTTv5) as one:
        for number in range(400):
            if b"%d" % number + body not in acknowledged:
                one.client.publish("t", b"%d" % number + body, qos=1)
        until(lambda: len(one.acknowledged) == 400 - len(acknowledged))
    stored = {record.payload for record in server.records("message")}
    assert stored == {b"%d" % number + body for number in range(400)}


def test_senders_are_held_back_and_then_go_on(start: Any) -> None:
    server = start(queue_records=50, commit_records=20)
    with gateway(server.port, paho.MQTTv311) as one:
        for number in range(2_000):
            one.client.publish("t", b"%d" % number, qos=1)
        until(lambda: len(one.acknowledged) == 2_000)
    assert [int(r.payload) for r in server.records("message")] == list(range(2_000))
    assert server.metric("greenoffice_mqtt_reading_paused") == 0


def publishes(first: int, count: int) -> bytes:
    """PUBLISH packets at QoS 1 of MQTT 3.1.1, numbered in id and payload."""
    return b"".join(
        b"\x32\x09\x00\x01t" + number.to_bytes(2) + b"%04d" % number
        for number in range(first, first + count)
    )


def test_a_gateway_that_sends_too_much_waits_and_no_other_does(start: Any) -> None:
    server = start(records_per_s=200, burst_records=50)
    with raw(server.port, CONNECT + publishes(1, 150)) as flood:
        until(lambda: "s/g" in server.listener.health().held)
        assert server.metric("greenoffice_mqtt_gateways_held") == 1
        flood.sendall(publishes(151, 50))
        with gateway(server.port, paho.MQTTv5, user="s/h", password="other") as good:
            good.client.publish("t", b"good", qos=1)
            until(lambda: len(good.acknowledged) == 1)
        assert set(server.listener.health().held) == {"s/g"}
        assert server.listener.health().held["s/g"].why == "rate"
        answers = b""
        while len(answers) < 4 + 200 * 4:
            answers += flood.recv(4096)
        until(lambda: server.metric("greenoffice_mqtt_gateways_held") == 0)
    records = [r for r in server.records("message") if r.gateway == "s/g"]
    assert [r.payload for r in records] == [b"%04d" % number for number in range(1, 201)]
    assert len({r.arrived_us for r in records}) == 200  # though many were read at once


def follow(server: Any, behind: int | None) -> None:
    async def told() -> None:
        server.listener.follow(behind)

    server.run(told())


def acknowledged(flood: socket.socket, count: int) -> None:
    answers = b""
    while len(answers) < 4 * count:
        answers += flood.recv(65_536)


def test_nobody_is_slowed_down_while_the_intake_follows(start: Any) -> None:
    server = start(records_per_s=0.001, burst_records=10, share_records=100_000)
    follow(server, 0)
    with raw(server.port, CONNECT + publishes(1, 3_000)) as flood:
        acknowledged(flood, 3_001)
        assert not server.listener.health().held
        follow(server, 10**6)
        assert set(server.listener.health().held) == {"s/g"}
        with gateway(server.port, paho.MQTTv5, user="s/h", password="other") as good:
            good.client.publish("t", b"good", qos=1)
            until(lambda: len(good.acknowledged) == 1)
        flood.sendall(publishes(3_001, 10))
        follow(server, 0)
        acknowledged(flood, 10)
        assert server.metric("greenoffice_mqtt_gateways_held") == 0


def test_a_flood_binds_the_budget_before_anybody_tells_of_it(start: Any) -> None:
    server = start(records_per_s=0.001, burst_records=10, share_records=100_000)
    follow(server, 0)
    with raw(server.port, CONNECT + publishes(1, 8_000)) as flood:
        until(lambda: "s/g" in server.listener.health().held)
        assert server.listener.health().held["s/g"].why == "rate"
        follow(server, 0)
        acknowledged(flood, 8_001)


def test_a_long_name_of_a_user_is_told_in_short(start: Any) -> None:
    server = start()
    with capture_logs() as told, gateway(server.port, paho.MQTTv5, user="x" * 60_000) as one:
        until(lambda: bool(one.connect_codes))
    assert any("xxx" in str(line) for line in told)
    assert all(len(str(line)) < 1_000 for line in told)


def test_far_behind_half_a_budget_is_enough_to_wait(start: Any) -> None:
    server = start(records_per_s=1000, burst_records=4_000, share_records=100_000)
    follow(server, 0)
    with raw(server.port, CONNECT + publishes(1, 3_000)) as flood:
        acknowledged(flood, 3_001)
        follow(server, 5_000)
        assert not server.listener.health().held
        follow(server, 10**6)
        assert server.listener.health().held["s/g"].why == "rate"
        time.sleep(2.5)  # by now more than half of its budget is left again
        assert server.metric("greenoffice_mqtt_gateways_held") == 1
        follow(server, 0)
        assert server.metric("greenoffice_mqtt_gateways_held") == 0


def test_a_budget_binds_when_the_intake_stops_but_lets_the_rate_through(start: Any) -> None:
    server = start(records_per_s=200, burst_records=10)
    follow(server, 0)
    follow(server, None)
    with raw(server.port, CONNECT + publishes(1, 100)) as flood:
        until(lambda: "s/g" in server.listener.health().held)
        acknowledged(flood, 101)


def test_a_share_of_the_queue_holds_one_gateway_alone(start: Any) -> None:
    server = start(share_records=10, commit_linger_s=0.001)
    with raw(server.port, CONNECT) as flood:
        flood.sendall(publishes(1, 5_000))
        answers = b""
        while len(answers) < 4 + 5_000 * 4:
            answers += flood.recv(65_536)
        assert set(server.listener.health().held) == {"s/g"}
    sent = [record.payload for record in server.records("message")]
    assert sent == [b"%04d" % number for number in range(1, 5_001)]


def test_coming_again_brings_a_held_gateway_no_more_in(start: Any) -> None:
    server = start(records_per_s=0.001, burst_records=10)
    with raw(server.port, CONNECT + publishes(1, 20)) as first:
        until(lambda: "s/g" in server.listener.health().held)
        again = CONNECT.replace(b"raw", b"two") + publishes(100, 1)
        with raw(server.port, again) as second:
            assert second.recv(4) == bytes.fromhex("2002 0000")
            with gateway(server.port, paho.MQTTv5, user="s/h", password="other") as good:
                good.client.publish("t", b"good", qos=1)
                until(lambda: len(good.acknowledged) == 1)
            assert len(server.records("message")) == 21
        first.close()


def test_closing_acknowledges_what_was_taken_and_says_goodbye(start: Any) -> None:
    server = start(commit_linger_s=0.2)
    with gateway(server.port, paho.MQTTv5, will=("w", b"gone", 1)) as one:
        one.client.publish("t", b"last", qos=1)
        until(lambda: server.metric("greenoffice_mqtt_messages_total", qos="1") == 1)
        server.run(server.listener.close())
        assert one.ended.wait(WAIT_S)
        assert one.end_codes == [0x8B]
        assert len(one.acknowledged) == 1
    kinds = [record.kind for record in server.records()]
    assert kinds == ["connect", "message", "disconnect"]


def test_a_port_in_use_is_named_with_its_fix(server: Any, start: Any, tmp_path: Any) -> None:
    journal = JournalWriter(tmp_path / "second", 1, now_us=lambda: 0, housekeep=False)
    second = Listener(
        journal,
        server.passwords,
        ListenerSettings(port=server.port),
        CollectorMetrics(CollectorRegistry()),
        now_us=lambda: 0,
    )
    with pytest.raises(ConfigurationError, match="in use") as caught:
        server.run(second.start())
    assert caught.value.field == "mqtt.port"
    assert caught.value.value == server.port
    assert str(server.port) in (caught.value.fix or "")


@pytest.mark.skipif(shutil.which("mosquitto_pub") is None, reason="mosquitto_pub is not installed")
@pytest.mark.parametrize("version", ["mqttv311", "mqttv5"])
def test_mosquitto_pub(server: Any, version: str) -> None:
    command = ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(server.port), "-V", version]
    command += ["-u", "s/g", "-P", "right", "-q", "1", "-t", "greenoffice/v1/s/g/readings"]
    subprocess.run([*command, "-m", '{"value": 1}'], check=True, timeout=WAIT_S)
    assert [record.payload for record in server.records("message")] == [b'{"value": 1}']
    refused = subprocess.run(
        [*command[: command.index("-P")], "-P", "wrong", "-t", "t", "-m", "x"],
        check=False,
        timeout=WAIT_S,
        capture_output=True,
    )
    assert refused.returncode


CHILD = """
import asyncio, sys, time
from pathlib import Path
from prometheus_client import CollectorRegistry
from collector import CollectorMetrics, JournalReader, JournalWriter, Listener, ListenerSettings
import structlog
structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.stderr))

class Anyone:
    def verify(self, user, password, now_us, tries):
        return True

    def revoked(self, user):
        return False

async def main():
    clock = lambda: time.time_ns() // 1000
    journal = JournalWriter(Path(sys.argv[1]), 1, now_us=clock, segment_bytes=60_000)
    metrics = CollectorMetrics(CollectorRegistry())
    listener = Listener(journal, Anyone(), ListenerSettings(port=0), metrics, now_us=clock)
    await listener.start()
    print(listener.port, flush=True)
    await listener.crashed()

asyncio.run(main())
"""


def test_kill_9_of_the_listener_loses_nothing_acknowledged(tmp_path: Path) -> None:
    acknowledged: set[int] = set()
    for run in range(3):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(tmp_path / "listener")],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        try:
            assert child.stdout is not None
            port = int(child.stdout.readline())
            with gateway(port, paho.MQTTv311) as one:
                numbers = range(run * 10_000, run * 10_000 + 1_500)
                mids = {one.client.publish("t", b"%d" % n, qos=1).mid: n for n in numbers}
                until(lambda: len(one.acknowledged) > 400)
                child.kill()
                assert one.ended.wait(WAIT_S)
                acknowledged |= {mids[mid] for mid in one.acknowledged}
        finally:
            child.kill()
            child.wait()
    stored = {
        int(at.record.payload)
        for at in JournalReader(tmp_path).read(1, 0, 0, 10**6)
        if at.record.kind == "message"
    }
    assert acknowledged <= stored
    assert len(acknowledged) > 1_000


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_tls(start: Any, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    command += " -addext subjectAltName=IP:127.0.0.1"
    subprocess.run(
        [*command.split(), "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = start(tls=lambda: context)
    with gateway(server.port, paho.MQTTv5, ca=str(certificate)) as one:
        for number in range(50):
            one.client.publish("t", b"%d" % number, qos=1)
        until(lambda: len(one.acknowledged) == 50)
    with gateway(server.port, paho.MQTTv5, ca=str(certificate), password="wrong") as one:
        assert one.connect_codes == [134]
    assert len(server.records("message")) == 50


def test_what_becomes_durable_after_its_connection_is_told_to_the_next(start: Any) -> None:
    server = start(commit_linger_s=1.0)
    kept = bytearray(CONNECT)
    kept[9] &= ~2  # its session is kept
    message = bytes.fromhex("3406 0001 61 0007 78")
    with raw(server.port, bytes(kept) + message) as first:
        assert first.recv(4) == bytes.fromhex("2002 0000")
    with raw(server.port, bytes(kept)) as second:
        assert second.recv(4) == bytes.fromhex("2002 0100")
        second.sendall(bytes((message[0] | 8,)) + message[1:])
        assert second.recv(4) == bytes.fromhex("5002 0007")
        second.sendall(bytes.fromhex("6202 0007"))
        assert second.recv(4) == bytes.fromhex("7002 0007")
    until(lambda: len(server.records("disconnect")) == 2)
    assert [record.payload for record in server.records("message")] == [b"x"]


@contextmanager
def listening(port: int, version: int, **options: Any) -> Iterator[list[tuple[str, bytes]]]:
    """A gateway with a session that is kept, which subscribed to its errors; what it hears."""
    answered = threading.Event()
    kept: dict[str, Any] = {"clean": False}
    if version == paho.MQTTv5:
        kept = {"clean_start": False, "properties": Properties(PacketTypes.CONNECT)}
        kept["properties"].SessionExpiryInterval = 600
    with gateway(port, version, **kept, **options) as one:
        one.client.on_subscribe = lambda *_: answered.set()
        one.client.subscribe("greenoffice/v1/s/g/errors", 1)
        assert answered.wait(WAIT_S)
        yield one.heard


def tell(server: Any, payload: bytes) -> None:
    async def on_loop() -> None:
        server.listener.tell("s/g", "errors", payload)

    server.run(on_loop())


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_a_gateway_is_told_on_its_own_topic_now_or_when_it_comes_over_a_restart_too(
    server: Any, start: Any, version: int
) -> None:
    with (
        listening(server.port, version) as heard,
        gateway(server.port, version, client_id="other", user="s/h", password="other") as other,
    ):
        other.client.subscribe("#", 1)
        tell(server, b"now")
        until(lambda: heard == [("greenoffice/v1/s/g/errors", b"now")])
    until(lambda: not server.listener._by_key)
    tell(server, b"later")
    tell(server, b"and later")
    server.close()
    again = start()
    with listening(again.port, version) as heard:
        until(lambda: [payload for _, payload in heard] == [b"later", b"and later"])
    assert not other.heard


def test_who_was_turned_away_or_cut_off_is_told_with_the_reason(server: Any) -> None:
    for _ in range(2):
        with gateway(server.port, paho.MQTTv311, password="wrong"):
            pass
    told = server.listener.health().troubles
    assert set(told) == {"s/g"}
    assert (told["s/g"].reason, told["s/g"].times) == ("bad_user_or_password", 2)
    assert told["s/g"].address == "127.0.0.1"
    with raw(server.port, CONNECT) as connection:
        connection.sendall(bytes.fromhex("3003 0001 2b"))
        everything(connection)
    told = server.listener.health().troubles
    assert (told["s/g"].reason, told["s/g"].times) == ("topic_name_invalid", 1)
    assert told["s/g"].detail == "the topic holds a wildcard"
    with gateway(server.port, paho.MQTTv5, user="x" * 300):
        pass
    assert server.listener.health().troubles.keys() == {"s/g"}


@pytest.mark.parametrize(
    ("client_id", "flags", "reason"),
    [(b"", 0xC0, "client_id_invalid"), (b"x" * 300, 0xC2, "client_id_invalid")],
)
def test_whom_a_connect_named_that_could_not_be_taken_is_told(
    server: Any, client_id: bytes, flags: int, reason: str
) -> None:
    fields = [client_id, b"s/g", b"right"]
    body = bytes.fromhex("0004 4d515454 04") + bytes((flags,)) + b"\0\0"
    body += b"".join(len(one).to_bytes(2) + one for one in fields)
    with raw(server.port, encode_packet(0x10, body)) as connection:
        assert everything(connection) == bytes.fromhex("2002 0002")
    until(lambda: bool(server.listener.health().troubles))
    assert server.listener.health().troubles["s/g"].reason == reason


def answers_to(one: Gateway, topics: list[str]) -> list[int]:
    """Publish to each at QoS 1; the codes of the acknowledgements, in order of the topics."""
    told: dict[int, int] = {}
    one.client.on_publish = lambda _c, _u, mid, reason, _p: told.update({mid: reason.value})
    sent = [one.client.publish(topic, b"{}", qos=1).mid for topic in topics]
    until(lambda: set(sent) <= set(told))
    return [told[mid] for mid in sent]


@pytest.mark.parametrize(("version", "code"), [(paho.MQTTv311, 0), (paho.MQTTv5, 0x90)])
def test_a_topic_that_is_wrong_is_refused_alone_and_its_message_kept(
    server: Any, version: int, code: int
) -> None:
    wrong = ["x" * 1_025, "a/" * 128, "a\tb"]
    with gateway(server.port, version) as one:
        codes = answers_to(one, ["good", wrong[0], "$oc/devices/7", *wrong[1:], "good"])
        assert codes == [0, code, 0, code, code, 0]
        assert not one.ended.is_set()
    kept = [record.route for record in server.records("message")]
    assert kept == ["good", "x" * 1_024 + "…", "$oc/devices/7", *wrong[1:], "good"]


def test_a_client_that_minds_the_receive_maximum_is_never_cut_off(start: Any) -> None:
    server = start(limits=ConnectionLimits(receive_maximum=5))
    with gateway(server.port, paho.MQTTv5, in_flight=5) as one:
        assert one.properties.ReceiveMaximum == 5
        for number in range(100):
            one.client.publish("t", b"%d" % number, qos=1 + number % 2)
        until(lambda: len(one.acknowledged) == 100)
        assert not one.ended.is_set()
    assert {record.payload for record in server.records("message")} == {
        b"%d" % number for number in range(100)
    }


def test_one_that_does_not_is_told_and_what_it_sent_before_is_kept(start: Any) -> None:
    server = start(limits=ConnectionLimits(receive_maximum=5), commit_linger_s=0.5)
    packets = b"".join(bytes((0x32, 6, 0, 1, 0x74, 0, number, 0)) for number in range(1, 9))
    with raw(server.port, CONNECT_5) as connection:
        connection.settimeout(WAIT_S)
        connection.recv(64)
        connection.sendall(packets)
        assert everything(connection).endswith(bytes((0xE0, 2, 0x93, 0)))
    until(lambda: len(server.records("message")) == 5)
    assert server.listener.health().troubles["s/g"].reason == "receive_maximum_exceeded"


def test_a_renewed_password_cuts_off_who_came_in_by_the_old_one(server: Any) -> None:
    with (
        gateway(server.port, paho.MQTTv5) as old,
        gateway(server.port, paho.MQTTv5, user="s/h", password="other", client_id="c2") as other,
    ):
        server.passwords.known["s/g"] = b"renewed"
        with gateway(server.port, paho.MQTTv5, password="renewed", client_id="c3") as new:
            server.listener.passwords_changed(frozenset({"s/g", "s/h", "s/none"}))
            assert old.ended.wait(WAIT_S)
            assert old.end_codes == [0x98]
            for one in (new, other):
                one.client.publish("greenoffice/v1/s/g/readings", b"{}", qos=1)
                until(lambda one=one: bool(one.acknowledged))
            assert not new.ended.is_set()
            assert not other.ended.is_set()
    trouble = server.listener.health().troubles["s/g"]
    assert trouble.reason == "administrative_action"


@pytest.mark.parametrize(("version", "code"), [(paho.MQTTv5, 0x8A), (paho.MQTTv311, 0x87)])
def test_a_revoked_gateway_is_cut_off_and_its_sessions_end(
    server: Any, version: int, code: int
) -> None:
    keeps = {"client_id": "c1"} | ({} if version == paho.MQTTv5 else {"clean": False})
    with gateway(server.port, version, **keeps) as one:
        server.passwords.known["s/g"] = None
        server.listener.passwords_changed(frozenset({"s/g"}))
        assert one.ended.wait(WAIT_S)
    with gateway(server.port, version) as refused:
        assert refused.connect_codes == [code]
    assert server.listener.health().troubles["s/g"].reason == "banned"
    server.passwords.known["s/g"] = b"again"
    with gateway(server.port, version, password="again", **keeps) as back:
        assert not back.present


def test_what_was_revoked_while_nobody_listened_has_no_session_either(
    start: Callable[..., Any],
) -> None:
    first = start()
    with gateway(first.port, paho.MQTTv311, clean=False):
        pass
    first.close()
    second = start()
    second.listener.passwords_changed(frozenset())
    with gateway(second.port, paho.MQTTv311, clean=False) as one:
        assert one.present
    second.passwords.known["s/g"] = None
    second.listener.passwords_changed(frozenset({"s/g"}))
    until(lambda: second.metric("greenoffice_mqtt_sessions") == 0)
