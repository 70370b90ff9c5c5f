"""What one connection may do."""

from __future__ import annotations

import msgspec

from collector.topics import MOST_BYTES


class ConnectionLimits(msgspec.Struct, frozen=True):
    """What one connection may do; told to MQTT 5 clients in CONNACK."""

    packet_bytes: int = (1 << 20) + 8_192
    """Greatest remaining length: a payload of 1 MiB with its header."""
    connect_bytes: int = 1 << 18
    """The same before the client is let in."""
    topic_bytes: int = MOST_BYTES
    receive_maximum: int = 4_000
    """Messages at QoS 1 and 2 that may wait for their acknowledgement (MQTT 5)."""
    topic_alias_maximum: int = 16
    session_expiry_s: int = 7 * 24 * 3600
    """For so long a session is kept for a client that is away; less where it asks for less."""
    outward_window: int = 16
    """Messages of the platform's that may wait for a client's acknowledgement."""
