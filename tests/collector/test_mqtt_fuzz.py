"""Hostile bytes: the same events however they are cut, and never an exception."""

from hypothesis import given, settings
from hypothesis import strategies as st

from collector.mqtt import Connect, ConnectionLimits, Event, Publish, ServerSession, Violation
from collector.mqtt.packets import encode_binary, encode_packet, encode_varint

LIMITS = ConnectionLimits(packet_bytes=2_000, connect_bytes=500, receive_maximum=5, topic_bytes=30)
CONNECTS = (
    bytes.fromhex("100f 0004 4d515454 04 02 003c 0003 616263"),
    bytes.fromhex("1010 0004 4d515454 05 02 003c 00 0003 616263"),
)

topics = st.text(max_size=8).map(str.encode) | st.binary(max_size=40)
bodies = st.binary(max_size=60)


@st.composite
def publishes(draw: st.DrawFn) -> bytes:
    flags = draw(st.integers(0, 15))
    packet_id = draw(st.integers(0, 9)).to_bytes(2) if flags & 6 else b""
    properties = draw(st.sampled_from([b"", b"\0", b"\x03\x23\0\1", b"\x02\1\1"]))
    body = encode_binary(draw(topics)) + packet_id + properties + draw(bodies)
    return encode_packet(0x30 | flags, body)


anything = st.builds(encode_packet, st.integers(0, 255), bodies)
known = st.sampled_from(
    [b"\xc0\0", b"\xe0\0", b"\x82\x06\0\1\0\1a\0", b"\x82\x07\0\1\0\0\1a\0", *CONNECTS]
)
streams = st.builds(
    lambda start, packets, end: start + b"".join(packets) + end,
    st.sampled_from([*CONNECTS, b""]),
    st.lists(publishes() | anything | known, max_size=8),
    st.binary(max_size=20),
)


def run(chunks: list[bytes]) -> tuple[list[Event], bytes]:
    """All events and all output; every client is let in, everything acknowledged at the end."""
    server = ServerSession(LIMITS, lambda: "assigned")
    events: list[Event] = []
    for chunk in chunks:
        fresh = server.receive(chunk)
        events += fresh
        if any(isinstance(event, Connect) for event in fresh):
            server.accept()
            events += server.receive(b"")
    server.acknowledge([event.packet_id for event in events if isinstance(event, Publish)])
    return events, server.take_output()


@settings(max_examples=300, deadline=None)
@given(streams, st.data())
def test_any_cutting_gives_the_same_events(stream: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=12)))
    chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    whole = run([stream])
    assert run(chunks) == whole
    assert run([stream[at : at + 1] for at in range(len(stream))]) == whole


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([*CONNECTS, b""]), st.binary(max_size=200))
def test_arbitrary_bytes_give_events_only(start: bytes, noise: bytes) -> None:
    events, _ = run([start + noise])
    assert sum(isinstance(event, Violation) for event in events) <= 1


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text(
                st.characters(exclude_characters="+#\0", codec="utf-8"), min_size=1, max_size=9
            ),
            st.binary(max_size=300),
        ),
        max_size=5,
    ),
    st.booleans(),
)
def test_what_is_published_comes_out(messages: list[tuple[str, bytes]], five: bool) -> None:
    stream = CONNECTS[five] + b"".join(
        encode_packet(
            0x32, encode_binary(topic.encode()) + number.to_bytes(2) + b"\0" * five + payload
        )
        for number, (topic, payload) in enumerate(messages, 1)
    )
    events, _ = run([stream])
    limits_kept = all(len(topic.encode()) <= LIMITS.topic_bytes for topic, _ in messages)
    if limits_kept:
        assert events[1:] == [
            Publish(topic, payload, 1, False, False, number)
            for number, (topic, payload) in enumerate(messages, 1)
        ]


@given(st.integers(0, 268_435_455))
def test_variable_byte_integers_are_as_short_as_can_be(value: int) -> None:
    encoded = encode_varint(value)
    assert sum((byte & 0x7F) << 7 * at for at, byte in enumerate(encoded)) == value
    assert len(encoded) == max(1, -(-value.bit_length() // 7))
    assert [byte >> 7 for byte in encoded] == [1] * (len(encoded) - 1) + [0]
