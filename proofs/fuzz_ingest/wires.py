"""What is said to each way in: conversations that are nearly right, and the one that is right.

Bytes alone; `sockets` sends them.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from proofs.fuzz_ingest.mutate import mutated
from proofs.ingest import wire

KEEP_ALIVE_S: Final = 2
_VERSIONS: Final = ((b"MQTT", 4), (b"MQTT", 5), (b"MQIsdp", 3))
_FILTERS: Final = ("#", "+/+", "$SYS/#", "$share/g/#", "a/#/b", "a+", "/", "\0", "é", "x" * 1_100)


@dataclass(frozen=True)
class Speaker:
    """Whom a conversation is of."""

    user: str
    password: str
    payloads: Sequence[bytes]
    """What its messages are made of."""


def mqtt(who: Speaker, draw: Random) -> list[bytes]:
    """A CONNECT and what follows, packet by packet: some of them changed, twice, gone, or in
    another order."""
    name, version = draw.choice(_VERSIONS)
    connect = _connect(who, name, version, draw)
    packets = [_packet(who, version == 5, draw) for _ in range(draw.randrange(1, 12))]
    how = draw.randrange(6)
    if how == 0:
        return [mutated(connect, packets, draw), *packets]
    if how == 1:
        draw.shuffle(packets)
        packets += draw.sample(packets, draw.randrange(1, len(packets) + 1))
    elif how == 2:
        return [connect, mutated(b"".join(packets), [connect, *packets], draw)]
    elif how == 3:
        packets.insert(draw.randrange(len(packets) + 1), connect)
    elif how == 4:  # a length that lies, up to what five bytes of it can say
        lie = draw.choice((b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff\x7f", b"\x80\x80\x80\0", b"\1"))
        packets.append(packets[-1][:1] + lie + packets[-1][2:])
    at = draw.randrange(len(packets))
    packets[at] = mutated(packets[at], packets, draw)
    return [connect, *packets]


def _connect(who: Speaker, name: bytes, version: int, draw: Random) -> bytes:
    """With or without the password, a will, a clean session and, of MQTT 5, properties."""
    will, right = draw.random() < 0.2, draw.random() < 0.9
    flags = 0xC0 | draw.choice((0, 2)) | (0x04 | draw.choice((0, 0x08, 0x10, 0x20)) if will else 0)
    more = draw.choice((b"\0", b"\x05\x11\0\0\0\x05", b"\x03\x21\0\1")) if version == 5 else b""
    body = wire.text(name) + bytes((version, flags)) + KEEP_ALIVE_S.to_bytes(2) + more
    body += wire.text(f"fuzz-{draw.randrange(8)}")
    if will:
        body += (b"\0" if version == 5 else b"") + wire.text(_topic(who, draw)) + wire.text(b"gone")
    body += wire.text(who.user) + wire.text(who.password if right else "guessed")
    return wire.packet(0x10, body)


def _topic(who: Speaker, draw: Random) -> bytes:
    own = f"greenoffice/v1/{who.user}/readings".encode()
    return draw.choice((own, own, own, b"", b"a/+", b"\xff\xfe", b"x" * 1_025, b"/" * 200, b"$SYS"))


def _packet(who: Speaker, is_five: bool, draw: Random) -> bytes:
    number = draw.choice((0, 1, 2, 3, 0xFFFF)).to_bytes(2)
    more = b"\0" if is_five else b""
    how = draw.randrange(10)
    if how < 5:
        qos = draw.randrange(4)
        head = 0x30 | qos << 1 | draw.randrange(2) | draw.choice((0, 0, 8))
        alias = draw.choice((more, b"\x03\x23\0\1", b"\x03\x23\0\0", b"\x02\1\1")) if more else b""
        payload = mutated(draw.choice(who.payloads), who.payloads, draw)
        body = wire.text(_topic(who, draw)) + (number if qos else b"") + alias + payload
        return wire.packet(head, body)
    if how == 5:
        body = number + more + wire.text(draw.choice(_FILTERS)) + bytes((draw.randrange(256),))
        return wire.packet(0x82, body)
    if how == 6:
        return wire.packet(0xA2, number + more + wire.text(draw.choice(_FILTERS)))
    kind = draw.choice((0xC0, 0xE0, 0x62, 0x50, 0x40, 0x70, 0xF0, 0x00, 0x20, 0x90, 0xD0))
    return wire.packet(kind, draw.choice((b"", number, number + b"\x92", number + b"\0\0")))


def http(who: Speaker, draw: Random) -> list[bytes]:
    """A push, in head and body: with headers that lie, are odd, twice or gone, in a body of
    another kind, in chunks or packed."""
    body = mutated(draw.choice(who.payloads), who.payloads, draw)
    headers = {
        "Host": "h",
        "Authorization": f"Bearer {who.password}",
        "Content-Type": draw.choice(
            ("application/json", "text/csv", "application/cbor", "", "é", "a/b", "x" * 5_000)
        ),
        "Idempotency-Key": draw.choice(("", "a", "\x7f", "ÿ", "k" * 256, str(draw.randrange(20)))),
    }
    how = draw.randrange(8)
    if how == 0:
        headers["Content-Encoding"] = "gzip"
        body = mutated(gzip.compress(body, mtime=0), [zlib.compress(body)], draw)
    elif how == 1:
        headers["Transfer-Encoding"] = draw.choice(("chunked", "gzip, chunked", "identity"))
        size = draw.choice((f"{len(body):x}", "-1", "ffffffffffffffff", "zz", "0", "1;" + "x" * 99))
        body = f"{size}\r\n".encode() + body + b"\r\n0\r\n\r\n"
    length = draw.choice((len(body),) * 6 + (0, len(body) + 9, -1, 1 << 62))
    if how != 1 or draw.random() < 0.3:
        headers["Content-Length"] = str(length)
    if draw.random() < 0.1:
        headers.pop(draw.choice(sorted(headers)))
    path = draw.choice(
        (f"/v1/ingest/{who.user}",) * 6
        + (f"/v1/ingest?gateway={who.user}", "/v1/ingest/%00/%ff", "/v1/ingest/" + "a/" * 400)
    )
    if draw.random() < 0.3:
        path += draw.choice(("?event=up", "?event=%0a", "?event=" + "e" * 100, "?" + "a=b&" * 500))
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    head = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"
    if draw.random() < 0.3:
        head = mutated(head, [body], draw)
    return [head, body]


def cut(packets: Sequence[bytes], draw: Random) -> bytes:
    """What a sender has said that stops in the middle and stays."""
    whole = b"".join(packets)
    return whole[: draw.randrange(len(whole))]


def good_mqtt(who: Speaker, draw: Random) -> list[bytes]:
    """A CONNECT and messages with nothing wrong in it."""
    body = wire.text("MQTT") + bytes((4, 0xC2)) + KEEP_ALIVE_S.to_bytes(2)
    body += wire.text(f"half-{draw.randrange(1_000_000)}")
    body += wire.text(who.user) + wire.text(who.password)
    topic = f"greenoffice/v1/{who.user}/readings"
    return [wire.packet(0x10, body), *(wire.publish(topic, 1, one) for one in who.payloads[:3])]


def good_http(who: Speaker, _draw: Random) -> list[bytes]:
    """A push with nothing wrong in it."""
    body = who.payloads[0]
    head = (
        f"POST /v1/ingest/{who.user} HTTP/1.1\r\nHost: h\r\n"
        f"Authorization: Bearer {who.password}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return [head.encode(), body]
