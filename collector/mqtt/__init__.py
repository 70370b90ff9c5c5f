"""A sans-IO MQTT 3.1, 3.1.1 and 5 endpoint: the server's side, to which clients publish and which
sends them messages of its own; and what cuts a stream into packets, for either side."""

from collector.mqtt.codes import ReasonCode
from collector.mqtt.events import (
    Connect,
    Disconnected,
    Event,
    Ping,
    Publish,
    Subscribed,
    Unsubscribed,
    Violation,
    Will,
)
from collector.mqtt.frames import Framer
from collector.mqtt.kept import KeptSession, Outward, Subscription
from collector.mqtt.limits import ConnectionLimits
from collector.mqtt.packets import BrokenPacket, encode_packet
from collector.mqtt.session import ServerSession

__all__ = [
    "BrokenPacket",
    "Connect",
    "ConnectionLimits",
    "Disconnected",
    "Event",
    "Framer",
    "KeptSession",
    "Outward",
    "Ping",
    "Publish",
    "ReasonCode",
    "ServerSession",
    "Subscribed",
    "Subscription",
    "Unsubscribed",
    "Violation",
    "Will",
    "encode_packet",
]
