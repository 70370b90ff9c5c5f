"""A simulated gateway of the national building-energy protocol, either dialect.

It builds and reads frames by itself, knowing nothing of the server's code. What is not acknowledged
stays with it and is sent again, as `continuous`, after the next log-in.

    connect ─▶ request, sequence, md5, result ─▶ heartbeat, report ─▶ acknowledged?
"""

from __future__ import annotations

import hashlib
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher as AesCipher
from cryptography.hazmat.primitives.ciphers import algorithms, modes

WAIT_S = 20.0
_TYPES = {"id_validate": 1, "heart_beat": 2, "data": 3}
_SECRET_TYPES = (3, 5, 6)


class TurnedAway(Exception):
    """The server did not let the gateway in."""


@dataclass(frozen=True)
class Identity:
    """What a gateway is set up with."""

    dialect: str
    """A or B."""
    building: str
    number: str
    secret: str
    key: bytes = b""
    """Of AES, with the vector behind it, 32 bytes; empty: documents are plain."""


@dataclass
class NationalGateway:
    """A gateway with its store of reports. `reversed_marks`: as some write those of dialect A."""

    identity: Identity
    reversed_marks: bool = False
    waiting: dict[int, str] = field(default_factory=dict)
    """Reports that are not acknowledged, by sequence: the XML inside `data`."""
    acknowledged: list[int] = field(default_factory=list)
    _line: socket.socket | None = None
    _received: bytes = b""
    _frames: int = 0
    _reports: int = 0

    def connect(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        """Connect and log in. Raises TurnedAway, or OSError where the server is away."""
        self.disconnect()
        plain = socket.create_connection((host, port), WAIT_S)
        self._line = plain if tls is None else tls.wrap_socket(plain)
        self._received = b""
        self._send("id_validate", "request", "")
        sequence = _text(self._receive(), "sequence")
        one = self.identity
        joined = sequence + one.secret if one.dialect == "A" else one.secret + sequence
        md5 = hashlib.md5(joined.encode(), usedforsecurity=False).hexdigest()
        self._send("id_validate", "md5", f"<md5>{md5}</md5>")
        if _text(self._receive(), "result") != "pass":
            self.disconnect()
            raise TurnedAway(one.building)

    def disconnect(self) -> None:
        """End the connection, where there is one."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def heartbeat(self) -> str:
        """The time that the server says, YYYYMMDDHHmmss."""
        self._send("heart_beat", "notify", "")
        return _text(self._receive(), "time")

    def measure(self, time: str, values: Mapping[tuple[str, str], str]) -> None:
        """Store a report of a time, YYYYMMDDHHmmss: values by meter and function."""
        self._reports += 1
        meters = "".join(
            f'<meter id="{meter}" conn="conn"><function id="{function}" coding="01000" error="0">'
            f"{value}</function></meter>"
            for (meter, function), value in values.items()
        )
        if self.identity.dialect == "B":
            meters = f"<meters>{meters}</meters>"
        self.waiting[self._reports] = f"<parser>yes</parser><time>{time}</time>{meters}"

    def deliver(self, *, again: bool = False) -> None:
        """Send what waits, one after another, and take it from the store as it is acknowledged;
        `again` after a disconnection. Raises OSError where the server goes."""
        for sequence, inner in list(self.waiting.items()):
            operation = "continuous" if again else "report"
            self._send("data", operation, f"<sequence>{sequence}</sequence>{inner}")
            answer = self._receive()
            if _text(answer, "ack") == "OK" and _text(answer, "sequence") == str(sequence):
                del self.waiting[sequence]
                self.acknowledged.append(sequence)

    def send_raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        assert self._line is not None
        self._line.sendall(data)

    def frame(self, document: str, kind: int) -> bytes:
        """A frame with a document; `kind` is the type of dialect B."""
        self._frames += 1
        if self.identity.dialect == "B":
            payload = self._locked(document) if kind in _SECRET_TYPES else _bytes(document)
            return b"\x1f\x1f" + bytes((kind,)) + len(payload).to_bytes(4, "big") + payload
        body = self._frames.to_bytes(4, "little") + self._locked(document)
        head, tail = bytes.fromhex("68681616"), bytes.fromhex("55aa55aa")
        if self.reversed_marks:
            head, tail = head[::-1], tail[::-1]
        check = _check(body).to_bytes(2, "little")
        return head + len(body).to_bytes(4, "little") + body + check + tail

    def _send(self, body: str, operation: str, inner: str) -> None:
        one = self.identity
        document = (
            f"<root><common><building_id>{one.building}</building_id>"
            f"<gateway_id>{one.number}</gateway_id><type>{operation}</type></common>"
            f'<{body} operation="{operation}">{inner}</{body}></root>'
        )
        self.send_raw(self.frame(document, _TYPES[body]))

    def _receive(self) -> str:
        if self.identity.dialect == "B":
            head = self._take(7)
            payload = self._take(int.from_bytes(head[3:], "big"))
            return (self._unlocked(payload) if head[2] in _SECRET_TYPES else payload).decode()
        size = int.from_bytes(self._take(8)[4:], "little")
        body, check = self._take(size), self._take(6)[:2]
        if _check(body) != int.from_bytes(check, "little"):
            raise OSError("the check of an answer is wrong")
        return self._unlocked(body[4:]).decode()

    def _take(self, size: int) -> bytes:
        if self._line is None:
            raise OSError("not connected")
        while len(self._received) < size:
            data = self._line.recv(65_536)
            if not data:
                raise OSError("the server hung up")
            self._received += data
        taken, self._received = self._received[:size], self._received[size:]
        return taken

    def _locked(self, document: str) -> bytes:
        data = _bytes(document)
        if not self.identity.key:
            return data
        pad = 16 - len(data) % 16
        worker = self._aes().encryptor()
        return worker.update(data + bytes([pad]) * pad) + worker.finalize()

    def _unlocked(self, data: bytes) -> bytes:
        if not self.identity.key:
            return data
        worker = self._aes().decryptor()
        plain = worker.update(data) + worker.finalize()
        return plain[: -plain[-1]]

    def _aes(self) -> AesCipher[modes.CBC]:
        key = self.identity.key
        return AesCipher(algorithms.AES(key[:16]), modes.CBC(key[16:]))


def _bytes(document: str) -> bytes:
    """In UTF-8; a byte that is none is a lone surrogate of the text."""
    return document.encode(errors="surrogateescape")


def _check(data: bytes) -> int:
    """CRC-16 of polynomial 0x1021 from 0, bit by bit."""
    value = 0
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1) ^ (0x1021 if value & 0x8000 else 0)
            value &= 0xFFFF
    return value


def _text(document: str, name: str) -> str:
    found = re.search(f"<{name}>([^<]*)</{name}>", document)
    return "" if found is None else found[1]
