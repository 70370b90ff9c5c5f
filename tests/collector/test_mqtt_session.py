"""Golden bytes, written by hand from MQTT 3.1.1 and MQTT 5, and what the session makes of them."""

import pytest

from collector.mqtt import (
    Connect,
    ConnectionLimits,
    Disconnected,
    Event,
    Ping,
    Publish,
    ReasonCode,
    ServerSession,
    SubscriptionRefused,
    Violation,
    Will,
)
from collector.properties import MOST_USER_PROPERTIES, Properties

CONNECT_311 = bytes.fromhex("100f 0004 4d515454 04 02 003c 0003 616263")
CONNECT_5 = bytes.fromhex("1010 0004 4d515454 05 02 003c 00 0003 616263")
CONNACK_311 = bytes.fromhex("2002 0000")
LIMITS = ConnectionLimits()
SMALL = ConnectionLimits(packet_bytes=300, connect_bytes=200, receive_maximum=3, topic_bytes=20)


def session(limits: ConnectionLimits = LIMITS) -> ServerSession:
    return ServerSession(limits, lambda: "assigned-1")


def opened(connect: bytes, limits: ConnectionLimits = LIMITS) -> ServerSession:
    server = session(limits)
    (event,) = server.receive(connect)
    assert isinstance(event, Connect)
    server.accept()
    server.take_output()
    return server


def violation(events: list[Event]) -> ReasonCode:
    (event,) = events
    assert isinstance(event, Violation)
    assert event.detail
    return event.reason


def test_connect_3_1_1_with_everything() -> None:
    server = session()
    packet = bytes.fromhex(
        "1027 0004 4d515454 04 ee 000a"  # user, password, will retained at QoS 1, clean
        "0002 6331 0003 772f74 0002 00ff 0003 732f67 0009 7061737300776f7264"
    )
    packet = packet[:1] + bytes((len(packet) - 2,)) + packet[2:]
    assert server.receive(packet) == [
        Connect(4, "c1", "s/g", b"pass\0word", True, 10, Will("w/t", b"\0\xff", 1, True))
    ]
    server.accept()
    assert server.take_output() == CONNACK_311


def test_connect_5_with_properties() -> None:
    server = session()
    # properties: session expiry, receive maximum, user; no client id; will: delay, format
    packet = bytes.fromhex(
        "10 2f 0004 4d515454 05 c6 0000"
        "0f 11 00000e10 21 0014 26 0001 61 0001 62"
        "0000"
        "07 18 00000005 01 00 0001 77 0000 0001 75 0001 70"
    )
    packet = packet[:1] + bytes((len(packet) - 2,)) + packet[2:]
    (event,) = server.receive(packet)
    assert event == Connect(5, "assigned-1", "u", b"p", True, 0, Will("w", b"", 0, False))
    server.accept()
    assert (
        server.take_output()
        == bytes.fromhex(
            "2028 00 00 25"  # session not present, success, 37 bytes of properties
            "21 0fa0 24 01 27 00102000 22 0010 28 00 29 00 2a 00"
            "11 00000000 12 000a"
        )
        + b"assigned-1"
    )


@pytest.mark.parametrize(
    ("packet", "answer", "reason"),
    [
        ("100f 0006 4d5149736470 03 02 003c 0001 61", "2002 0001", ReasonCode.UNSUPPORTED_VERSION),
        ("100d 0004 4d515454 06 02 003c 0001 61", "2002 0001", ReasonCode.UNSUPPORTED_VERSION),
        ("100d 0004 4d515454 84 02 003c 0001 61", "2002 0001", ReasonCode.UNSUPPORTED_VERSION),
        ("100c 0004 4d515454 04 00 003c 0000", "2002 0002", ReasonCode.CLIENT_ID_INVALID),
        ("100c 0004 4d515454 04 03 003c 0000", "", ReasonCode.MALFORMED),  # reserved flag
        ("100d 0005 4d51545455 04 02 003c 0000", "", ReasonCode.MALFORMED),  # MQTTU
        ("100c 0004 4d515454 04 42 003c 0000", "", ReasonCode.MALFORMED),  # password, no user
        ("100c 0004 4d515454 04 0a 003c 0000", "", ReasonCode.MALFORMED),  # will QoS, no will
        ("100c 0004 4d515454 04 82 003c 0000", "", ReasonCode.MALFORMED),  # ends within the user
        ("100d 0004 4d515454 04 02 003c 0000 00", "", ReasonCode.MALFORMED),  # too long
        ("100d 0004 4d515454 04 02 003c 0001 ff", "", ReasonCode.MALFORMED),  # not UTF-8
        ("100d 0004 4d515454 04 02 003c 0001 00", "", ReasonCode.MALFORMED),  # U+0000
        ("110c 0004 4d515454 04 02 003c 0000", "", ReasonCode.MALFORMED),  # header flags
        ("c000", "", ReasonCode.PROTOCOL_ERROR),  # PINGREQ first
        ("3003 0001 61", "", ReasonCode.PROTOCOL_ERROR),  # PUBLISH first
        ("0000", "", ReasonCode.PROTOCOL_ERROR),
        ("10 ffffffff 01", "", ReasonCode.MALFORMED),  # five bytes of length
        ("10 8000", "", ReasonCode.MALFORMED),  # length longer than it need be
        ("10 ffff7f", "", ReasonCode.PACKET_TOO_LARGE),
        ("1014 0004 4d515454 05 02 003c 04 15 0001 6d 0003 616263", "2003 00 8c 00", 0x8C),
        ("1013 0004 4d515454 05 02 003c 03 16 0000 0003 616263", "2003 00 82 00", 0x82),
        ("1012 0004 4d515454 05 02 003c 02 01 00 0003 616263", "2003 00 81 00", 0x81),
        ("1016 0004 4d515454 05 02 003c 06 21 0001 21 0001 0003 616263", "2003 00 82 00", 0x82),
        ("1013 0004 4d515454 05 02 003c 03 21 0000 0003 616263", "2003 00 82 00", 0x82),
        ("1016 0004 4d515454 05 16 003c 00 0003 616263 00 0001 77 0000", "2003 00 9b 00", 0x9B),
    ],
)
def test_a_connect_that_is_refused(packet: str, answer: str, reason: int) -> None:
    server = session()
    assert violation(server.receive(bytes.fromhex(packet))) == reason
    assert server.take_output().hex() == answer.replace(" ", "")
    assert server.closed
    assert server.receive(CONNECT_311) == []


@pytest.mark.parametrize(
    ("reason", "code_311"),
    [
        (ReasonCode.BAD_USER_OR_PASSWORD, 4),
        (ReasonCode.NOT_AUTHORIZED, 5),
        (ReasonCode.QUOTA_EXCEEDED, 3),
        (ReasonCode.CONNECTION_RATE_EXCEEDED, 3),
    ],
)
def test_the_owner_refuses(reason: ReasonCode, code_311: int) -> None:
    for connect, answer in (
        (CONNECT_311, bytes((0x20, 2, 0, code_311))),
        (CONNECT_5, bytes((0x20, 3, 0, reason, 0))),
    ):
        server = session()
        server.receive(connect)
        server.refuse(reason)
        assert server.take_output() == answer
        assert server.closed


def test_publish_at_both_qualities_and_coalesced_acknowledgement() -> None:
    server = opened(CONNECT_311)
    events = server.receive(
        bytes.fromhex("3006 0002 612f 68693b07 0001 62 ffff 7b7d3205 0001 62 01023003 0001 62")
    )
    assert events == [
        Publish("a/", b"hi", 0, False, False, 0),
        Publish("b", b"{}", 1, True, True, 65_535),
        Publish("b", b"", 1, False, False, 258),
        Publish("b", b"", 0, False, False, 0),
    ]
    assert server.take_output() == b""
    server.acknowledge([65_535, 258])
    assert server.take_output().hex() == "4002ffff40020102"


def test_publish_behind_connect_waits_for_the_decision() -> None:
    server = session()
    (event,) = server.receive(CONNECT_311 + bytes.fromhex("3003 0001 61 3003"))
    assert isinstance(event, Connect)
    assert server.receive(bytes.fromhex("0001 62")) == []
    server.accept()
    topics = [event.topic for event in server.receive(b"") if isinstance(event, Publish)]
    assert topics == ["a", "b"]


def test_publish_5_with_properties_and_topic_aliases() -> None:
    server = opened(CONNECT_5)
    events = server.receive(
        bytes.fromhex(
            "3207 0001 61 0001 00 78320b 0001 61 0002 03 23 0002 78 793209 0000 0003 03 23 0002 7a"
        )
    )
    assert events == [
        Publish("a", b"x", 1, False, False, 1),
        Publish("a", b"xy", 1, False, False, 2),
        Publish("a", b"z", 1, False, False, 3),
    ]


def test_publish_5_brings_what_is_said_beside_the_message() -> None:
    server = opened(CONNECT_5)
    packet = "3216 0001 61 0001 0f 0101 03 0003 612f62 26 0001 6b 0001 76 7a"
    said = Properties("a/b", True, (("k", "v"),))
    assert server.receive(bytes.fromhex(packet)) == [
        Publish("a", b"z", 1, False, False, 1, said),
    ]
    pairs = b"\x26\x00\x01k\x00\x00" * (MOST_USER_PROPERTIES + 6)
    body = b"\x00\x01a" + bytes([0x80 | len(pairs) & 0x7F, len(pairs) >> 7]) + pairs
    head = bytes([0x30, 0x80 | len(body) & 0x7F, len(body) >> 7])
    (event,) = server.receive(head + body)
    assert isinstance(event, Publish)
    assert event.properties == Properties(user=(("k", ""),) * MOST_USER_PROPERTIES)


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        ("3403 0001 61", ReasonCode.QOS_NOT_SUPPORTED),
        ("3603 0001 61", ReasonCode.MALFORMED),
        ("3803 0001 61", ReasonCode.MALFORMED),  # redelivery at QoS 0
        ("3205 0001 61 0000", ReasonCode.PROTOCOL_ERROR),  # packet id 0
        ("3003 0001 2b", ReasonCode.TOPIC_NAME_INVALID),  # +
        ("3003 0001 23", ReasonCode.TOPIC_NAME_INVALID),  # #
        ("3003 0001 ff", ReasonCode.MALFORMED),  # not UTF-8
        ("3003 0001 00", ReasonCode.MALFORMED),  # U+0000
        ("3005 0003 eda080", ReasonCode.MALFORMED),  # a surrogate
        ("3002 0001", ReasonCode.MALFORMED),
        ("3001 00", ReasonCode.MALFORMED),
        ("3000", ReasonCode.MALFORMED),
        ("3204 0001 61 00", ReasonCode.MALFORMED),
        ("3017 0015 616161616161616161616161616161616161616161", ReasonCode.TOPIC_NAME_INVALID),
        ("30 ad02", ReasonCode.PACKET_TOO_LARGE),  # 301 bytes
        ("4002 0001", ReasonCode.PROTOCOL_ERROR),  # PUBACK of nothing
        ("6202 0001", ReasonCode.PROTOCOL_ERROR),  # PUBREL
        ("2002 0000", ReasonCode.PROTOCOL_ERROR),  # CONNACK from a client
        ("f000", ReasonCode.PROTOCOL_ERROR),  # AUTH
        ("c001 00", ReasonCode.MALFORMED),
        ("c100", ReasonCode.MALFORMED),
        ("8006 0001 0001 61 00", ReasonCode.MALFORMED),  # SUBSCRIBE without its flag
        (CONNECT_311.hex(), ReasonCode.PROTOCOL_ERROR),  # a second CONNECT
    ],
)
def test_what_breaks_the_protocol_closes_as_the_version_allows(packet: str, reason: int) -> None:
    server = opened(CONNECT_311, SMALL)
    assert violation(server.receive(bytes.fromhex(packet))) == reason
    assert server.take_output() == b""
    assert server.closed


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        ("3404 0001 61 00", ReasonCode.QOS_NOT_SUPPORTED),
        ("3003 0001 61", ReasonCode.MALFORMED),  # no properties
        ("3003 0000 00", ReasonCode.TOPIC_NAME_INVALID),
        ("3006 0000 03 23 0001", ReasonCode.PROTOCOL_ERROR),  # alias of nothing
        ("3007 0001 61 03 23 0000", ReasonCode.TOPIC_ALIAS_INVALID),
        ("3007 0001 61 03 23 0011", ReasonCode.TOPIC_ALIAS_INVALID),  # 17
        ("3006 0001 61 02 0b 01", ReasonCode.MALFORMED),  # subscription id from a client
        ("3006 0001 61 02 01 02", ReasonCode.PROTOCOL_ERROR),  # payload format 2
        ("3005 0001 61 05 01", ReasonCode.MALFORMED),  # properties beyond the end
        ("30 ad02", ReasonCode.PACKET_TOO_LARGE),
        ("f002 00 00", ReasonCode.PROTOCOL_ERROR),  # AUTH
        ("8207 0000 00 0001 61 00", ReasonCode.PROTOCOL_ERROR),  # packet id 0
        ("8203 0001 00", ReasonCode.PROTOCOL_ERROR),  # no filter
        ("8207 0001 00 0001 61 c0", ReasonCode.MALFORMED),  # reserved options
        (CONNECT_5.hex(), ReasonCode.PROTOCOL_ERROR),
    ],
)
def test_mqtt_5_clients_are_told_why(packet: str, reason: int) -> None:
    server = opened(CONNECT_5, SMALL)
    assert violation(server.receive(bytes.fromhex(packet))) == reason
    assert server.take_output() == bytes((0xE0, 2, reason, 0))


def test_receive_maximum_counts_what_is_unacknowledged() -> None:
    server = opened(CONNECT_5, SMALL)
    packets = [bytes((0x32, 6, 0, 1, 0x61, 0, number, 0)) for number in range(1, 9)]
    assert len(server.receive(b"".join(packets[:3]))) == 3
    server.acknowledge([1, 2])
    assert len(server.receive(b"".join(packets[3:5]))) == 2
    assert violation(server.receive(packets[5])) == ReasonCode.RECEIVE_MAXIMUM_EXCEEDED
    older = opened(CONNECT_311, SMALL)
    assert len(older.receive(bytes.fromhex("3205 0001 61 0001") * 9)) == 9


def test_subscriptions_are_refused_and_the_connection_goes_on() -> None:
    server = opened(CONNECT_311)
    assert server.receive(bytes.fromhex("820a 0007 0001 61 01 0001 23 00")) == [
        SubscriptionRefused(("a", "#"))
    ]
    assert server.take_output().hex() == "900400078080"
    assert server.receive(bytes.fromhex("a205 0008 0001 61")) == [SubscriptionRefused(("a",))]
    assert server.take_output().hex() == "b0020008"
    five = opened(CONNECT_5)
    five.receive(bytes.fromhex("820d 0007 02 0b 05 0001 61 01 0001 23 2c"))
    assert five.take_output().hex() == "90050007008383"
    five.receive(bytes.fromhex("a206 0008 00 0001 61"))
    assert five.take_output().hex() == "b00400080011"
    assert five.receive(bytes.fromhex("c000")) == [Ping()]
    assert five.take_output().hex() == "d000"


@pytest.mark.parametrize(
    ("connect", "packet", "event"),
    [
        (CONNECT_311, "e000", Disconnected(0, False)),
        (CONNECT_5, "e000", Disconnected(0, False)),
        (CONNECT_5, "e001 00", Disconnected(0, False)),
        (CONNECT_5, "e001 04", Disconnected(4, True)),
        (CONNECT_5, "e007 00 05 11 00000000", Disconnected(0, False)),
    ],
)
def test_goodbye(connect: bytes, packet: str, event: Event) -> None:
    server = opened(connect)
    assert server.receive(bytes.fromhex(packet) + b"\xff" * 9) == [event]
    assert server.closed
    assert server.take_output() == b""


def test_the_owner_ends_the_connection() -> None:
    for connect, answer in ((CONNECT_311, ""), (CONNECT_5, "e0028e00")):
        server = opened(connect)
        server.disconnect(ReasonCode.SESSION_TAKEN_OVER)
        assert server.take_output().hex() == answer
        server.acknowledge([1])
        assert server.take_output() == b""
