"""Golden bytes, written by hand from MQTT 3.1.1 and MQTT 5, and what the session makes of them."""

import pytest

from collector.mqtt import (
    Connect,
    ConnectionLimits,
    Disconnected,
    Event,
    KeptSession,
    Outward,
    Ping,
    Publish,
    ReasonCode,
    ServerSession,
    Subscribed,
    Subscription,
    Unsubscribed,
    Violation,
    Will,
)
from collector.properties import MOST_USER_PROPERTIES, Properties

CONNECT_311 = bytes.fromhex("100f 0004 4d515454 04 02 003c 0003 616263")
CONNECT_5 = bytes.fromhex("1010 0004 4d515454 05 02 003c 00 0003 616263")
CONNECT_KEPT = bytes.fromhex("100f 0004 4d515454 04 00 003c 0003 616263")
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
    will = Will("w", b"", 0, False)
    assert event == Connect(
        5, "assigned-1", "u", b"p", True, 0, will, expiry_s=3600, receive_maximum=20
    )
    server.accept(KeptSession(), expiry_s=60)
    assert server.take_output() == bytes.fromhex(
        "2022 00 00 1f"  # session not present, success, 31 bytes of properties
        "21 0fa0 27 00102000 22 0010 2a 00"
        "12 000a"
    ) + b"assigned-1" + bytes.fromhex("11 0000003c")


@pytest.mark.parametrize(
    ("packet", "answer", "reason"),
    [
        ("100f 0006 4d5149736470 04 02 003c 0001 61", "2002 0001", ReasonCode.UNSUPPORTED_VERSION),
        ("100e 0006 4d5149736470 03 02 003c 0000", "2002 0002", ReasonCode.CLIENT_ID_INVALID),
        ("100d 0004 4d515454 06 02 003c 0001 61", "2002 0001", ReasonCode.UNSUPPORTED_VERSION),
        ("100d 0004 4d515454 85 02 003c 0001 61", "2002 0001", ReasonCode.UNSUPPORTED_VERSION),
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
        ("3403 0001 61", ReasonCode.MALFORMED),  # ends within the packet id
        ("3405 0001 61 0000", ReasonCode.PROTOCOL_ERROR),
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
        ("30 ad02", ReasonCode.PACKET_TOO_LARGE),  # 301 bytes
        ("5002 0001", ReasonCode.PROTOCOL_ERROR),  # PUBREC: nothing is sent at QoS 2
        ("7002 0001", ReasonCode.PROTOCOL_ERROR),
        ("6002 0001", ReasonCode.MALFORMED),  # PUBREL without its flag
        ("6203 0001 00", ReasonCode.MALFORMED),
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
        ("3404 0001 61 00", ReasonCode.MALFORMED),  # ends within the packet id
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


def test_subscriptions_are_granted_and_the_connection_goes_on() -> None:
    server = opened(CONNECT_311)
    assert server.receive(bytes.fromhex("820e 0007 0001 61 02 0001 23 00 0001 62 01")) == [
        Subscribed(("a", "#", "b"))
    ]
    assert server.take_output().hex() == "90050007010001"
    wrong = server.receive(bytes.fromhex("820d 0007 0004 612b2f62 01 0001 63 01"))
    assert wrong == [Subscribed(("c",), ("a+/b",))]
    assert server.take_output().hex() == "900400078001"
    assert server.receive(bytes.fromhex("a205 0008 0001 61")) == [Unsubscribed(("a",))]
    assert server.take_output().hex() == "b0020008"
    five = opened(CONNECT_5)
    five.receive(bytes.fromhex("8218 0007 02 0b 05 0001 61 01 0008 2473686172652f61 01 0001 2b 00"))
    assert five.take_output().hex() == "900600 07 00 01 9e 00".replace(" ", "")
    assert five.kept.subscriptions == {"a": Subscription(1, 5), "+": Subscription(0, 5)}
    five.receive(bytes.fromhex("a209 0008 00 0001 61 0001 7a"))
    assert five.take_output().hex() == "b0050008000011"
    assert five.receive(bytes.fromhex("c000")) == [Ping()]
    assert five.take_output().hex() == "d000"


def test_a_client_has_only_so_many_subscriptions() -> None:
    server = opened(CONNECT_5)
    for number in range(65):
        name = f"{number:02d}".encode()
        server.receive(bytes((0x82, 8, 0, 1, 0, 0, 2)) + name + b"\0")
        output = server.take_output()
        assert output[-1] == (ReasonCode.QUOTA_EXCEEDED if number == 64 else 0)


# QoS 2


@pytest.mark.parametrize(
    ("connect", "publish"),
    [(CONNECT_311, "3406 0001 61 0007 78"), (CONNECT_5, "3407 0001 61 0007 00 78")],
)
def test_a_message_at_qos_2_is_taken_once(connect: bytes, publish: str) -> None:
    server, packet = opened(connect), bytes.fromhex(publish)
    again = bytes((packet[0] | 8,)) + packet[1:]
    assert server.receive(packet) == [Publish("a", b"x", 2, False, False, 7)]
    assert server.receive(again) == []  # not durable yet
    assert server.take_output() == b""
    assert server.acknowledge([7]) == []
    assert server.take_output().hex() == "50020007"
    assert server.receive(again) == []
    assert server.take_output().hex() == "50020007"
    assert server.receive(bytes.fromhex("6202 0007")) == []
    assert server.take_output().hex() == "70020007"
    assert len(server.receive(packet)) == 1  # another message under the same id
    assert server.kept.pending == {7}


def test_a_client_that_forgot_its_session_loses_no_message_to_an_old_id() -> None:
    server = opened(CONNECT_311)
    server.receive(bytes.fromhex("3406 0001 61 0007 78"))
    server.acknowledge([7])
    server.take_output()
    (event,) = server.receive(bytes.fromhex("3406 0001 61 0007 79"))  # not sent again
    assert isinstance(event, Publish)
    server.acknowledge([7])
    assert server.take_output().hex() == "50020007"


def test_ids_of_both_qualities_are_acknowledged_each_in_its_way() -> None:
    server = opened(CONNECT_311)
    server.receive(bytes.fromhex("3205 0001 61 0001 3405 0001 61 0002 3205 0001 61 0003"))
    server.acknowledge([1, 2, 3])
    assert server.take_output().hex() == "400200014002000350020002"


def test_a_release_of_nothing_is_answered_as_the_version_allows() -> None:
    older, five = opened(CONNECT_311), opened(CONNECT_5)
    older.receive(bytes.fromhex("6202 0009"))
    assert older.take_output().hex() == "70020009"
    five.receive(bytes.fromhex("6204 0009 00 00"))
    assert five.take_output().hex() == "7003000992"


def test_receive_maximum_counts_qos_2_until_it_is_released() -> None:
    server = opened(CONNECT_5, SMALL)
    packets = [bytes((0x34, 6, 0, 1, 0x61, 0, number, 0)) for number in range(1, 9)]
    assert len(server.receive(b"".join(packets[:3]))) == 3
    server.acknowledge([1, 2, 3])
    server.receive(bytes.fromhex("6202 0001 6202 0001"))
    assert len(server.receive(packets[3])) == 1
    assert violation(server.receive(packets[4])) == ReasonCode.RECEIVE_MAXIMUM_EXCEEDED


LONG = "0015" + "61" * 21
"""A topic of one byte more than `SMALL` allows."""


def test_a_message_whose_topic_alone_is_wrong_is_refused_alone_and_kept() -> None:
    server = opened(CONNECT_5, SMALL)
    several = f"321b {LONG} 0001 00 78 3206 0001 61 0002 00 3209 0003 610762 0003 00 79"
    events = server.receive(bytes.fromhex(several))
    assert [(one.topic, one.payload) for one in events if isinstance(one, Publish)] == [
        ("a" * 20 + "…", b"x"),
        ("a", b""),
        ("a\x07b", b"y"),
    ]
    assert server.take_output() == b""  # not before they are durable
    server.acknowledge([1, 2, 3])
    assert server.take_output().hex() == "40030001904002000240030003" + "90"
    assert not server.closed
    assert len(server.receive(bytes.fromhex("3206 0001 61 0001 00"))) == 1
    server.acknowledge([1])
    assert server.take_output().hex() == "40020001"


def test_a_message_at_qos_2_that_is_refused_is_over() -> None:
    server = opened(CONNECT_5, SMALL)
    for _ in range(9):  # each gives its place under the receive maximum back
        assert len(server.receive(bytes.fromhex(f"341b {LONG} 0001 00 78"))) == 1
        server.acknowledge([1])
        assert server.take_output().hex() == "5003000190"
    assert (server.kept.received, server._counted, server._publishes.in_flight) == (set(), set(), 0)


def test_older_clients_are_told_that_it_is_kept() -> None:
    server = opened(CONNECT_311, SMALL)
    (event,) = server.receive(bytes.fromhex(f"3219 {LONG} 0001"))
    assert isinstance(event, Publish)
    server.acknowledge([1])
    assert server.take_output().hex() == "40020001"


def test_topics_of_the_server_are_taken_as_any_other() -> None:
    server = opened(CONNECT_5, SMALL)
    server.receive(bytes.fromhex("3209 0004 246f632f 0001 00"))
    server.acknowledge([1])
    assert server.take_output().hex() == "40020001"


# Sessions that outlive connections


def resumed(before: ServerSession, connect: bytes = CONNECT_KEPT) -> ServerSession:
    later = session()
    later.receive(connect)
    later.accept(before.kept, present=True, expiry_s=0xFFFF_FFFF)
    return later


def test_a_message_at_qos_2_outlives_its_connection() -> None:
    first = session()
    first.receive(CONNECT_KEPT)
    first.accept(KeptSession(), expiry_s=0xFFFF_FFFF)
    first.receive(bytes.fromhex("3405 0001 61 0001 3405 0001 61 0002"))
    first.acknowledge([1])
    first.disconnect(ReasonCode.UNSPECIFIED)
    later = resumed(first)
    assert later.take_output().hex() == "20020100"
    assert later.receive(bytes.fromhex("3c05 0001 61 0001 3c05 0001 61 0002")) == []
    assert later.take_output().hex() == "50020001"
    assert first.acknowledge([2]) == [2]
    later.receive_again([2])
    assert later.take_output().hex() == "50020002"


def test_what_is_sent_to_a_client_waits_for_it() -> None:
    first = session()
    first.receive(CONNECT_KEPT)
    first.accept(KeptSession(), expiry_s=0xFFFF_FFFF)
    assert not first.send(Outward("t", b"nobody", 1))
    first.receive(bytes.fromhex("8206 0001 0001 2b 01"))
    first.take_output()
    assert first.send(Outward("t", b"x", 1))
    assert first.take_output().hex() == "3206000174000178"
    assert first.send(Outward("t", b"y", 0))
    assert first.take_output().hex() == "300400017479"
    first.disconnect(ReasonCode.UNSPECIFIED)
    assert first.send(Outward("t", b"z", 1))
    later = resumed(first)
    assert later.take_output().hex() == "200201003a06000174000178320600017400027a"
    later.receive(bytes.fromhex("4002 0001 4002 0002 4002 0005"))
    assert not later.kept.sent


def test_no_more_is_sent_than_a_client_takes() -> None:
    server = session()
    few = bytes.fromhex("1018 0004 4d515454 05 02 003c 08 21 0002 27 00000014 0003 616263")
    server.receive(few)
    server.accept()
    server.receive(bytes.fromhex("8209 0001 02 0b 07 0001 2b 01"))
    server.take_output()
    for number in range(3):
        server.send(Outward("t", bytes((number,)), 1))
    assert server.take_output().hex() == "32090001740001020b070032090001740002020b0701"
    server.receive(bytes.fromhex("4002 0001"))
    assert server.take_output().hex() == "32090001740003020b0702"
    server.receive(bytes.fromhex("4002 0002 4002 0003"))
    server.send(Outward("t", b"too much for it", 1))
    assert server.take_output() == b""
    assert not server.kept.sent


def test_what_is_sent_again_keeps_within_what_the_client_takes() -> None:
    first = session()
    first.receive(CONNECT_KEPT)
    first.accept(KeptSession(), expiry_s=0xFFFF_FFFF)
    first.receive(bytes.fromhex("8206 0001 0001 2b 01"))
    for number in range(4):
        first.send(Outward("t", bytes((number,)), 1))
    first.abandon()
    two_at_a_time = bytes.fromhex("1013 0004 4d515454 05 00 003c 03 21 0002 0003 616263")
    later = resumed(first, two_at_a_time)
    packets = later.take_output().hex()
    assert packets.endswith("3a07000174000100003a070001740002" + "0001")
    later.receive(bytes.fromhex("4002 0002"))
    assert later.take_output().hex() == "3a07000174000300" + "02"
    later.receive(bytes.fromhex("4002 0001 4002 0003"))
    assert later.take_output().hex() == "3a0700017400040003"
    later.receive(bytes.fromhex("4002 0004"))
    later.send(Outward("t", b"n", 1))
    assert later.take_output().hex() == "320700017400" + "05006e"


# MQTT 3.1


@pytest.mark.parametrize("level", ["03", "83"])
def test_mqtt_3_1_and_bridges_are_spoken_with(level: str) -> None:
    server = session()
    packet = bytes.fromhex(f"1011 0006 4d5149736470 {level} 00 003c 0003 616263")
    (event,) = server.receive(packet)
    assert isinstance(event, Connect)
    assert (event.version, event.client_id) == (3, "abc")
    server.accept(KeptSession(), present=True, expiry_s=event.expiry_s)
    assert server.take_output().hex() == "20020000"  # it knows no session present
    server.receive(bytes.fromhex("8a06 0001 0001 2b 01"))  # sent again
    assert server.take_output().hex() == "9003000101"
    server.receive(bytes.fromhex("3405 0001 61 0007"))
    server.acknowledge([7])
    server.receive(bytes.fromhex("6a02 0007"))
    assert server.take_output().hex() == "5002000770020007"


def test_a_bridge_of_3_1_1_is_a_client() -> None:
    server = session()
    (event,) = server.receive(bytes.fromhex("100d 0004 4d515454 84 02 003c 0001 61"))
    assert isinstance(event, Connect)
    assert event.version == 4


@pytest.mark.parametrize(
    ("connect", "packet", "event"),
    [
        (CONNECT_311, "e000", Disconnected(0, False)),
        (CONNECT_5, "e000", Disconnected(0, False)),
        (CONNECT_5, "e001 00", Disconnected(0, False)),
        (CONNECT_5, "e001 04", Disconnected(4, True)),
        (CONNECT_5, "e007 00 05 11 00000000", Disconnected(0, False, 0)),
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
