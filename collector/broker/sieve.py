"""Messages sieved out of what a broker sends, many of them for each read of the socket.

paho reads a packet byte by byte and makes some twenty calls of each: 100 µs of CPU. The plain ones,
nearly all there are, are cut out of the stream here, and paho is given the rest of it: packets that
are no message, and messages with properties, retained, at QoS 2 or of a topic that is no text.
"""

from __future__ import annotations

from typing import Any

import msgspec
import paho.mqtt.client as paho

from collector.mqtt import BrokenPacket, Framer, encode_packet

CHUNK = 1 << 18
"""Read at once [bytes]."""
_LONGEST = (1 << 28) - 1
_TOPICS, _LONG_TOPIC = 20_000, 1_024
"""Topics that are remembered, and up to which length [bytes]."""


class PlainPublish(msgspec.Struct, gc=False):
    """A message of the stream, as paho's own has it."""

    topic: str
    payload: bytes
    qos: int
    dup: bool
    mid: int
    """0 at QoS 0."""
    retain: bool = False
    properties: None = None


class SievingClient(paho.Client):
    """paho's client; plain messages come by `take`, in order with those that paho hands out."""

    def __init__(self, *given: Any, five: bool, most: int, most_bytes: int, **named: Any) -> None:
        super().__init__(*given, **named)
        self.inbox: list[Any] = []
        """What came and was not taken yet; whoever has paho hand something out appends it."""
        self.inbox_bytes = 0
        self.bounded = True
        """False: whatever is still there is to be heard, however much it is."""
        self._five = five
        self._most = most
        self._most_bytes = most_bytes
        self._framer = Framer(_LONGEST)
        self._left = b""
        """What is left of the packet that paho reads."""
        self._whole = False
        """Whether packets that were received may wait in the framer."""
        self._topics: dict[bytes, str] = {}

    @property
    def full(self) -> bool:
        """Whether as much came as is to be taken in one turn."""
        much = len(self.inbox) >= self._most or self.inbox_bytes >= self._most_bytes
        return much and self.bounded

    @property
    def has_more(self) -> bool:
        """Whether something was received already that nobody has looked at."""
        return bool(self._left) or self._whole

    def take(self) -> list[Any]:
        """The messages that came since last asked, in order."""
        taken, self.inbox, self.inbox_bytes = self.inbox, [], 0
        return taken

    def _sock_recv(self, bufsize: int) -> bytes:
        """What paho is to read: of one packet that is not plain, or nothing yet."""
        while not self._left:
            self._sieve()
            if self._left:
                break
            if self.full:
                raise BlockingIOError
            received = super()._sock_recv(CHUNK)
            if not received:
                return b""
            self._framer.feed(received)
            self._whole = True
        given, self._left = self._left[:bufsize], self._left[bufsize:]
        return given

    def _sieve(self) -> None:
        """Take plain messages, up to a packet that is for paho, or as many as a turn takes."""
        frames = self._framer.frames()
        try:
            while not self.full:
                frame = next(frames, None)
                if frame is None:
                    self._whole = False
                    break
                header, start, end = frame
                message = self._plain(header, self._framer.data, start, end)
                if message is None:
                    self._left = encode_packet(header, self._framer.data[start:end])
                    break
                self.inbox.append(message)
                self.inbox_bytes += len(message.payload)
        except BrokenPacket as error:
            raise ConnectionError(f"the broker sent {error.detail}") from error

    def _plain(self, header: int, data: bytes, start: int, end: int) -> PlainPublish | None:
        qos = header >> 1 & 3
        if header & 0xF1 != 0x30 or qos > 1 or start + 2 > end:
            return None
        at = start + 2 + (data[start] << 8 | data[start + 1])
        raw, mid = data[start + 2 : at], 0
        if qos:
            at += 2
            mid = data[at - 2] << 8 | data[at - 1] if at <= end else 0
        if at > end or (qos and not mid):
            return None
        if self._five:
            if at == end or data[at]:
                return None  # it has properties
            at += 1
        topic = self._topics.get(raw) or self._new_topic(raw)
        if not topic:
            return None
        return PlainPublish(topic, data[at:end], qos, header & 8 == 8, mid)

    def _new_topic(self, raw: bytes) -> str:
        """The topic as text; '' where it is none."""
        try:
            topic = raw.decode()
        except UnicodeDecodeError:
            return ""
        if len(raw) > _LONG_TOPIC:
            return topic
        if len(self._topics) >= _TOPICS:
            self._topics.clear()
        self._topics[raw] = topic
        return topic
