"""Messages sieved out of a broker's stream are those that paho would hand out, in order."""

from __future__ import annotations

import socket
from typing import Any

import paho.mqtt.client as paho
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from collector.broker.sieve import PlainPublish, SievingClient
from collector.mqtt import encode_packet

Told = tuple[str, bytes, int, bool, bool, int]
"""Topic, payload, QoS, whether it came again, whether it is retained, packet id."""


def sieving(connection: socket.socket, *, five: bool = False, most: int = 10**6) -> SievingClient:
    client = SievingClient(
        CallbackAPIVersion.VERSION2,
        five=five,
        most=most,
        most_bytes=10**9,
        protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
        manual_ack=True,
    )
    client.on_message = lambda _c, _u, message: client.inbox.append(message)
    connection.setblocking(False)
    client._sock = connection
    return client


def publish(message: Told, properties: bytes | None) -> bytes:
    topic, payload, qos, dup, retain, mid = message
    body = len(topic.encode()).to_bytes(2) + topic.encode() + (mid.to_bytes(2) if qos else b"")
    header = 0x30 | dup << 3 | qos << 1 | retain
    return encode_packet(header, body + (properties or b"") + payload)


def heard(client: SievingClient) -> list[Told]:
    """All that can be read now."""
    while True:
        before = len(client.inbox)
        assert client.loop_read() == MQTTErrorCode.MQTT_ERR_SUCCESS
        if len(client.inbox) == before and not client.has_more:
            break
    return [
        (one.topic, bytes(one.payload), one.qos, one.dup, one.retain, one.mid)
        for one in client.take()
    ]


MESSAGE = st.builds(
    lambda topic, payload, qos, dup, retain, mid: (
        *(topic, payload, qos, dup and qos > 0, retain),
        mid if qos else 0,
    ),
    st.sampled_from(["a", "greenoffice/v1/s/g/readings", "ä/ö"]),
    st.sampled_from([b"", b"{}", b"x" * 127, b"y" * 20_000]),
    st.sampled_from([1, 1, 1, 0]),
    st.booleans(),
    st.sampled_from([False, False, False, True]),
    st.integers(1, 65_535),
)
PING = encode_packet(0xD0, b"")
PROPERTIES = (b"\0", b"\0", b"\0", b"\x03\x03\0\0")
"""None, thrice; and an empty content type."""


@given(
    st.lists(st.tuples(MESSAGE, st.sampled_from(PROPERTIES), st.booleans()), max_size=12),
    st.lists(st.integers(1, 30_000), max_size=6),
    st.booleans(),
)
def test_however_a_stream_is_cut_all_messages_come_in_order(
    sent: list[tuple[Told, bytes, bool]], cuts: list[int], five: bool
) -> None:
    stream = b"".join(
        publish(message, properties if five else None) + (PING if ping else b"")
        for message, properties, ping in sent
    )
    ours, theirs = socket.socketpair()
    with ours, theirs:
        client = sieving(ours, five=five)
        found: list[Told] = []
        for cut in (*cuts, len(stream)):
            theirs.sendall(stream[: min(cut, 60_000)])
            stream = stream[min(cut, 60_000) :]
            found += heard(client)
        while stream:
            theirs.sendall(stream[:60_000])
            stream = stream[60_000:]
            found += heard(client)
    assert found == [message for message, _, _ in sent]


def test_plain_messages_are_none_of_pahos() -> None:
    ours, theirs = socket.socketpair()
    plain = ("t", b"1", 1, False, False, 7)
    with ours, theirs:
        client = sieving(ours)
        theirs.sendall(publish(plain, None) + publish(("t", b"2", 1, False, True, 8), None))
        client.loop_read()
        client.loop_read()
        assert [type(one) for one in client.take()] == [PlainPublish, paho.MQTTMessage]


def test_long_topics_are_read_and_not_remembered() -> None:
    """What is remembered is bounded in bytes too."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        client = sieving(ours)
        for topic in ("t" * 1024, "t" * 1025):
            theirs.sendall(publish((topic, b"1", 1, False, False, 7), None))
        assert [len(one[0]) for one in heard(client)] == [1024, 1025]
        assert [len(raw) for raw in client._topics] == [1024]


def test_no_more_is_taken_than_a_turn_takes() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        client = sieving(ours, most=2)
        theirs.sendall(publish(("t", b"x", 1, False, False, 7), None) * 5)
        for left in (True, True, False):
            client.loop_read()
            client.loop_read()
            assert client.has_more == left
            assert len(client.take()) == (2 if left else 1)


def test_what_is_heard_to_the_end_has_no_bound() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        client = sieving(ours, most=2)
        client.bounded = False
        theirs.sendall(publish(("t", b"x", 1, False, False, 7), None) * 5)
        client.loop_read()
        assert len(client.take()) == 5


@pytest.mark.parametrize(
    "garbage", [b"\x32\xff\xff\xff\xff\x01", b"\x32\x80\x00"], ids=["too long", "not shortest"]
)
def test_what_is_no_packet_ends_the_connection(garbage: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        client: Any = sieving(ours)
        theirs.sendall(garbage)
        assert client.loop_read() != MQTTErrorCode.MQTT_ERR_SUCCESS


def test_an_end_is_told_after_what_came_before_it() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        client = sieving(ours)
        theirs.sendall(publish(("t", b"x", 1, False, False, 7), None) + b"\x32\x09half")
        theirs.close()
        assert client.loop_read() != MQTTErrorCode.MQTT_ERR_SUCCESS
        assert len(client.inbox) == 1
