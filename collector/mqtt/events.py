"""What a session tells its owner: one small value per packet that matters."""

from __future__ import annotations

import msgspec

from collector.mqtt.codes import ReasonCode
from collector.properties import Properties


class Will(msgspec.Struct, frozen=True):
    """The message a client leaves for the case that it vanishes."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    properties: Properties | None = None


class Connect(msgspec.Struct, frozen=True):
    """A client asks to be let in: answer with `ServerSession.accept` or `refuse`."""

    version: int
    """3 is MQTT 3.1, 4 is 3.1.1, 5 is MQTT 5."""
    client_id: str
    """Never empty: where the client left it to the server, the assigned one."""
    user: str | None
    password: bytes | None
    clean: bool
    keep_alive_s: int
    """0: the client promises nothing."""
    will: Will | None
    expiry_s: int = 0
    """For how long the client asks its session to be kept beyond the connection."""
    receive_maximum: int = 0xFFFF
    """Messages at QoS 1 that it takes at a time."""
    packet_bytes: int = 1 << 28
    """The largest packet that it takes."""


class Publish(msgspec.Struct, frozen=True, gc=False):
    """A message; at QoS 1 and 2 to be acknowledged by its packet id once it is durable."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    dup: bool
    packet_id: int
    """0 at QoS 0."""
    properties: Properties | None = None


class Subscribed(msgspec.Struct, frozen=True):
    """The client subscribed, and the session has answered."""

    filters: tuple[str, ...]
    """Those that were granted."""
    refused: tuple[str, ...] = ()


class Unsubscribed(msgspec.Struct, frozen=True):
    """The client gave subscriptions up, and the session has answered."""

    filters: tuple[str, ...]


class Ping(msgspec.Struct, frozen=True):
    """The client is alive; the session has answered."""


class Disconnected(msgspec.Struct, frozen=True):
    """The client said goodbye; its will counts only where it says so (MQTT 5)."""

    reason: int
    with_will: bool
    expiry_s: int | None = None
    """For how long its session is to be kept, where it changed its mind (MQTT 5)."""


class Violation(msgspec.Struct, frozen=True):
    """The client broke the protocol or a limit: send what is left, then close."""

    reason: ReasonCode
    detail: str
    user: str = ""
    """Whom it named, where it was not let in yet."""


Event = Connect | Publish | Subscribed | Unsubscribed | Ping | Disconnected | Violation
