"""What one connection may do."""

from __future__ import annotations

import msgspec


class ConnectionLimits(msgspec.Struct, frozen=True):
    """What one connection may do; told to MQTT 5 clients in CONNACK."""

    packet_bytes: int = (1 << 20) + 8_192
    """Greatest remaining length: a payload of 1 MiB with its header."""
    connect_bytes: int = 1 << 18
    """The same before the client is let in."""
    topic_bytes: int = 1_024
    receive_maximum: int = 4_000
    """Messages at QoS 1 that may wait for their acknowledgement (MQTT 5)."""
    topic_alias_maximum: int = 16
