"""MQTT 3.1.1 packets for load and drain: as little as a broker needs to be told."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

PUBLISH, PUBACK = 0x30, 0x40


def text(value: str | bytes) -> bytes:
    """A string of the wire: its length, then its bytes."""
    data = value.encode() if isinstance(value, str) else value
    return len(data).to_bytes(2) + data


def packet(header: int, body: bytes) -> bytes:
    """A whole packet."""
    length, left = bytearray(), len(body)
    while True:
        left, low = left >> 7, left & 0x7F
        length.append(low | (0x80 if left else 0))
        if not left:
            return bytes((header,)) + bytes(length) + body


def publish(topic: str, packet_id: int, payload: bytes) -> bytes:
    """A message at QoS 1."""
    return packet(PUBLISH | 2, text(topic) + packet_id.to_bytes(2) + payload)


def connected(
    port: int, client: str, user: str = "", password: str = "", *, clean: bool = True
) -> socket.socket:
    """A connection that was let in; ConnectionError where it was not."""
    flags = (0x02 if clean else 0) | (0xC0 if user else 0)
    body = text("MQTT") + bytes((4, flags)) + (600).to_bytes(2) + text(client)
    body += text(user) + text(password) if user else b""
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(packet(0x10, body))
    answer = connection.recv(4)
    if answer[:1] != b"\x20" or answer[3:] != b"\0":
        raise ConnectionError(f"{client} was not let in: {answer.hex()}")
    return connection


def subscribe(connection: socket.socket, topic: str) -> None:
    """Subscribe at QoS 1, before anything is published."""
    connection.sendall(packet(0x82, (1).to_bytes(2) + text(topic) + b"\x01"))
    if connection.recv(5) != b"\x90\x03\x00\x01\x01":
        raise ConnectionError(f"not subscribed to {topic}")


@dataclass
class Cutter:
    """Cuts what was received into packets."""

    left: bytes = b""

    def packets(self, data: bytes) -> Iterator[tuple[int, bytes, int]]:
        """(header, all that was received, where the packet's body begins) of whole packets."""
        data = self.left + data
        at, size = 0, len(data)
        while True:
            length = shift = 0
            body = at + 1
            while body < size:
                byte = data[body]
                length |= (byte & 0x7F) << shift
                shift += 7
                body += 1
                if byte < 0x80:
                    break
            else:
                break
            if body + length > size:
                break
            yield data[at], data, body
            at = body + length
        self.left = data[at:]


def packet_id_of(header: int, data: bytes, body: int) -> int:
    """Of a PUBLISH at QoS 1; 0 of any other packet."""
    if header & 0xF6 != PUBLISH | 2:
        return 0
    at = body + 2 + (data[body] << 8 | data[body + 1])
    return data[at] << 8 | data[at + 1]


def acknowledgements(packet_ids: Sequence[int]) -> bytes:
    """A PUBACK for each."""
    return b"".join([b"\x40\x02" + number.to_bytes(2) for number in packet_ids])
