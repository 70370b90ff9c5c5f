"""Meters and the gateways in front of them: MQTT 3.1.1 of their own, written apart from the
collector.

A gateway keeps each message until its PUBACK and sends it again, marked as a repetition, on the
next connection. What its meters show is known: the truth that the platform must come to.
"""

from __future__ import annotations

import asyncio
import json
import struct
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

from proofs.simulation.network import End, Network
from proofs.simulation.runtime import Process, VirtualLoop, within

QUARTER_US = 900_000_000
MINUTE_US = 60_000_000
AHEAD_US = 10 * MINUTE_US
"""A reading further ahead of its arrival is refused, as docs/gateways.md says."""
WINDOW = 8
"""Messages that wait for their PUBACK at a time."""
KEEP_ALIVE_S = 8
CONNECT, CONNACK, PUBLISH, PUBACK, PINGREQ, PINGRESP, DISCONNECT = 1, 2, 3, 4, 12, 13, 14

Reading = tuple[str, int | None, float]
"""(point, time [us], value); None for the time of arrival."""


@dataclass(eq=False)
class SentMessage:
    """What a gateway publishes once, and keeps until it is acknowledged."""

    gateway: str
    number: int
    payload: bytes
    readings: tuple[Reading, ...] = ()
    """Those that are good."""
    order: tuple[int, int] | None = None
    """(session, seq), where it has them."""
    refused: str = ""
    """The reason of the dead letter that it must become, whole or in part."""
    packet_id: int = 0
    sent: int = 0
    """How often."""
    acknowledged: bool = False


@dataclass
class GatewayTruth:
    """What is to be sent, and what of it must stand in the end."""

    messages: list[SentMessage] = field(default_factory=list)
    standing: dict[tuple[str, str, int], float] = field(default_factory=dict)
    """By gateway, point and time [us]: the value of the last correction."""


def made_up(random: Random, gateway: str, meters: int, now_us: int) -> GatewayTruth:
    """Some hours to four days of readings until now, in messages some of which are late, correct
    earlier ones, say the time of arrival or cannot be read."""
    truth, session = GatewayTruth(), random.randint(1, 9)
    steps = random.randint(12, 96)
    step_us = random.choice((1, 1, 2, 4)) * QUARTER_US
    first_us = (now_us // step_us - steps) * step_us
    offset_us = random.choice((0, 0, random.randint(-4, 8) * MINUTE_US))
    totals = [random.randint(0, 100_000) for _ in range(meters)]
    seq = 0
    wrong: deque[list[Reading]] = deque()

    def publish(readings: list[Reading], *, ordered: bool = True, bad: str = "") -> None:
        nonlocal seq
        order = (session, seq) if ordered else None
        seq += ordered
        number = len(truth.messages)
        sent_us = now_us + offset_us
        payload, refused = _payload(readings, order, sent_us, bad, number)
        good = () if bad in ("bad_json", "bad_utf8") else tuple(readings)
        truth.messages.append(SentMessage(gateway, number, payload, good, order, refused))
        if good and ordered:
            truth.standing.update(
                {(gateway, p, at): value for p, at, value in good if at is not None}
            )

    step = 0
    while step < steps:
        together, readings = random.choice((1, 1, 2, 4)), list[Reading]()
        for _ in range(min(together, steps - step)):
            at_us = first_us + step * step_us
            for meter in range(meters):
                totals[meter] += random.randint(0, 9)
                readings.append((f"m{meter}", at_us, float(totals[meter])))
            step += 1
        if random.random() < 0.15:  # what is sent first is wrong, and corrected later
            publish([(p, at, value + random.randint(1, 3)) for p, at, value in readings])
            wrong.append(readings)
        else:
            publish(readings)
        if random.random() < 0.15:
            publish([("t", None, random.randint(15, 30) / 1.0)])
        if random.random() < 0.08:
            publish([("u", None, random.randint(15, 30) / 1.0)], ordered=False)
        if random.random() < 0.06:
            bad = random.choice(("bad_json", "unknown_point", "bad_value", "bad_utf8"))
            again = [readings[0]] if bad in ("unknown_point", "bad_value") else []
            publish(again, bad=bad)
        if random.random() < 0.05:
            session, seq = session + 1, 0  # the gateway started again
        if wrong and random.random() < 0.3:
            publish(wrong.popleft())
    while wrong:
        publish(wrong.popleft())
    if offset_us > 0:  # its clock is ahead, as far as is allowed
        ahead_us = now_us + offset_us
        publish([(f"m{meter}", ahead_us, float(totals[meter])) for meter in range(meters)])
    _some_late(random, truth.messages)
    return truth


def _payload(
    readings: list[Reading], order: tuple[int, int] | None, sent_us: int, bad: str, number: int
) -> tuple[bytes, str]:
    """The bytes, and the reason for which they, or one reading of them, are refused."""
    told, old_ms = list[dict[str, object]](), sent_us // 1000 - 86_400_000
    for point, at_us, value in readings:
        one: dict[str, object] = {"point": point, "value": value}
        if at_us is not None:
            one["time"] = at_us // 1000
        told.append(one)
    if bad == "unknown_point":
        told.append({"point": f"nobody-{number}", "value": 1.0, "time": old_ms})
    if bad == "bad_value":
        told.append({"point": "m0", "value": None, "time": old_ms})
    body: dict[str, object] = {"sent": sent_us // 1000, "readings": told}
    if order is not None:
        body |= {"session": order[0], "seq": order[1]}
    text = json.dumps(body).encode()
    if bad == "bad_json":
        return text[:-1], bad
    if bad == "bad_utf8":
        return text[:-1] + b', "x": "\xff"}', bad
    return text, bad


def _some_late(random: Random, messages: list[SentMessage]) -> None:
    """What is sent is not always in the order in which it came about."""
    for place in range(len(messages) - 1):
        if random.random() < 0.1:
            other = min(len(messages) - 1, place + random.randint(1, 6))
            messages[place], messages[other] = messages[other], messages[place]


class GatewayClient(asyncio.Protocol):
    """One gateway: publishes its messages in their order, over as many connections as it takes.

    say: takes what happens, for the trace.
    """

    def __init__(
        self,
        loop: VirtualLoop,
        network: Network,
        random: Random,
        messages: list[SentMessage],
        *,
        user: str,
        address: str,
        lasts_s: float,
        faults: Counter[str],
        say: Callable[[str], None],
    ) -> None:
        self.user = user
        self.queue: deque[SentMessage] = deque()
        """Made, and not yet acknowledged."""
        self.complaints: list[str] = []
        """What the server did that no server may."""
        self.acknowledged = 0
        self._loop, self._network, self._random = loop, network, random
        self._address, self._faults, self._say = address, faults, say
        self._process = Process(user)
        self._clean = random.random() < 0.5
        self._transport: End | None = None
        self._accepted = False
        self._buffer = bytearray()
        self._heard_s = 0.0
        self._packet_id = random.randint(0, 65_000)
        self._waiting: dict[int, SentMessage] = {}
        """Sent on this connection, by packet id."""
        self._pause_s = 0.1
        at_s = _times(random, len(messages), lasts_s)
        context = within(self._process)
        for message, after_s in zip(messages, at_s, strict=True):
            loop.call_later(after_s, self._make, message, context=context)
        loop.call_later(random.random(), self._connect, context=context)
        loop.call_later(random.random(), self._mind, context=context)

    @property
    def idle(self) -> bool:
        """Whether nothing waits for its PUBACK."""
        return not self.queue

    def restart(self) -> None:
        """The gateway itself goes off and on; what it keeps stays."""
        self._leave()

    # -- called by the network

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, End)
        self._transport = transport
        self._heard_s = self._loop.time()
        user, flags = self.user.encode(), 0xC0 | (2 if self._clean else 0)
        head = _text(b"MQTT") + bytes((4, flags)) + struct.pack("!H", KEEP_ALIVE_S)
        named = _text(self._address.encode()) + _text(user) + _text(b"secret")
        transport.write(_packet(CONNECT << 4, head + named))

    def data_received(self, data: bytes) -> None:
        self._heard_s = self._loop.time()
        self._buffer += data
        for kind, body in _packets(self._buffer):
            self._take(kind, body)

    def connection_lost(self, exc: Exception | None) -> None:
        self._say(f"{self.user} lost {exc}")
        self._gone()

    # -- its own

    def _make(self, message: SentMessage) -> None:
        self._packet_id = self._packet_id % 65_535 + 1
        message.packet_id = self._packet_id
        self.queue.append(message)
        self._publish()

    def _connect(self) -> None:
        if self._transport is not None:
            return
        self._buffer.clear()
        if self._network.connect(self, self._address) is None:
            self._pause_s = min(2.0, self._pause_s * 2)
            self._later(self._pause_s, self._connect)
        else:
            self._later(4.0, self._check_begun)

    def _check_begun(self) -> None:
        if self._transport is None or not self._accepted:
            self._leave()
            if self._transport is None:
                self._connect()

    def _take(self, kind: int, body: bytes) -> None:
        if kind == CONNACK:
            if body[1] == 0:
                self._accepted, self._pause_s = True, 0.1
                self._say(f"{self.user} in")
                self._publish()
            else:
                self._leave()
        elif kind == PUBACK:
            self._acknowledged(struct.unpack("!H", body)[0])
        elif kind != PINGRESP:
            self.complaints.append(f"{self.user} was sent a packet of type {kind}")

    def _acknowledged(self, packet_id: int) -> None:
        message = self._waiting.pop(packet_id, None)
        if message is None:
            self.complaints.append(f"{self.user}: PUBACK {packet_id} of nothing that waits for it")
            return
        message.acknowledged = True
        self.acknowledged += 1
        self._say(f"{self.user} ack {message.number}")
        self.queue.remove(message)
        self._publish()
        if self.idle and self._random.random() < 0.05 and self._transport is not None:
            self._transport.write(_packet(DISCONNECT << 4, b""))
            self._transport.close()

    def _publish(self) -> None:
        transport = self._transport
        if transport is None or not self._accepted or transport.is_closing():
            return
        for message in self.queue:
            if len(self._waiting) >= WINDOW:
                return
            if message.packet_id not in self._waiting:
                again = message.sent > 0
                self._faults["repeated"] += again
                message.sent += 1
                self._waiting[message.packet_id] = message
                topic = _text(f"greenoffice/v1/{self.user}/readings".encode())
                body = topic + struct.pack("!H", message.packet_id) + message.payload
                transport.write(_packet(PUBLISH << 4 | (8 if again else 0) | 2, body))

    def _mind(self) -> None:
        """Ping, and give up a connection on which nothing comes."""
        transport = self._transport
        if transport is not None and self._accepted:
            silent_s = self._loop.time() - self._heard_s
            if silent_s > 6.0 and (self._waiting or silent_s > 2 * KEEP_ALIVE_S):
                self._say(f"{self.user} hears nothing")
                self._leave()
            else:
                transport.write(_packet(PINGREQ << 4, b""))
        self._later(self._random.uniform(2.0, 4.0), self._mind)

    def _leave(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _gone(self) -> None:
        self._transport, self._accepted = None, False
        self._waiting.clear()
        self._buffer.clear()
        self._later(self._random.uniform(0.05, 0.5), self._connect)

    def _later(self, after_s: float, call: Callable[[], None]) -> None:
        self._loop.call_later(after_s, call)


def _times(random: Random, count: int, lasts_s: float) -> list[float]:
    """When messages come about [s]: one after the other, or many at a time as after an outage."""
    if random.random() < 0.5:
        return sorted(random.uniform(0.0, lasts_s) for _ in range(count))
    bursts = [random.uniform(0.0, lasts_s) for _ in range(random.randint(1, 6))]
    return sorted(random.choice(bursts) for _ in range(count))


def _text(text: bytes) -> bytes:
    return struct.pack("!H", len(text)) + text


def _packet(header: int, body: bytes) -> bytes:
    length, out = len(body), bytearray((header,))
    while True:
        length, digit = divmod(length, 128)
        out.append(digit | (0x80 if length else 0))
        if not length:
            return bytes(out) + body


def _packets(buffer: bytearray) -> Iterator[tuple[int, bytes]]:
    """Take whole packets off a buffer: kind and body."""
    while len(buffer) >= 2:
        length = shift = 0
        for place in range(1, min(5, len(buffer))):
            length |= (buffer[place] & 0x7F) << shift
            shift += 7
            if not buffer[place] & 0x80:
                break
        else:
            return
        start, end = place + 1, place + 1 + length
        if len(buffer) < end:
            return
        kind, body = buffer[0] >> 4, bytes(buffer[start:end])
        del buffer[:end]
        yield kind, body
