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
    """4 is MQTT 3.1.1, 5 is MQTT 5."""
    client_id: str
    """Never empty: where the client left it to the server, the assigned one."""
    user: str | None
    password: bytes | None
    clean: bool
    keep_alive_s: int
    """0: the client promises nothing."""
    will: Will | None


class Publish(msgspec.Struct, frozen=True, gc=False):
    """A message; at QoS 1 to be acknowledged by its packet id once it is durable."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    dup: bool
    packet_id: int
    """0 at QoS 0."""
    properties: Properties | None = None


class SubscriptionRefused(msgspec.Struct, frozen=True):
    """The session answered a subscription by itself: this is an endpoint, not a broker."""

    filters: tuple[str, ...]


class Ping(msgspec.Struct, frozen=True):
    """The client is alive; the session has answered."""


class Disconnected(msgspec.Struct, frozen=True):
    """The client said goodbye; its will counts only where it says so (MQTT 5)."""

    reason: int
    with_will: bool


class Violation(msgspec.Struct, frozen=True):
    """The client broke the protocol or a limit: send what is left, then close."""

    reason: ReasonCode
    detail: str


Event = Connect | Publish | SubscriptionRefused | Ping | Disconnected | Violation
