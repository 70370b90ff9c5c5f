"""A sans-IO MQTT 3.1.1 and 5 endpoint: the server's side, publish only."""

from collector.mqtt.codes import Reason
from collector.mqtt.events import (
    Connect,
    Disconnected,
    Event,
    Ping,
    Publish,
    Refused,
    Violation,
    Will,
)
from collector.mqtt.limits import Limits
from collector.mqtt.session import ServerSession

__all__ = [
    "Connect",
    "Disconnected",
    "Event",
    "Limits",
    "Ping",
    "Publish",
    "Reason",
    "Refused",
    "ServerSession",
    "Violation",
    "Will",
]
