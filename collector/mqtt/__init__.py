"""A sans-IO MQTT 3.1.1 and 5 endpoint: the server's side, publish only."""

from collector.mqtt.codes import ReasonCode
from collector.mqtt.events import (
    Connect,
    Disconnected,
    Event,
    Ping,
    Publish,
    SubscriptionRefused,
    Violation,
    Will,
)
from collector.mqtt.limits import ConnectionLimits
from collector.mqtt.session import ServerSession

__all__ = [
    "Connect",
    "ConnectionLimits",
    "Disconnected",
    "Event",
    "Ping",
    "Publish",
    "ReasonCode",
    "ServerSession",
    "SubscriptionRefused",
    "Violation",
    "Will",
]
