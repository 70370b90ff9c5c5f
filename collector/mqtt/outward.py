"""PUBLISH from the platform to a client."""

from __future__ import annotations

from collections.abc import Sequence

from collector.mqtt.codes import Packet
from collector.mqtt.kept import Outward
from collector.mqtt.packets import encode_binary, encode_packet
from collector.mqtt.properties import Property, encode_properties

_DUP = 8


def encode_outward(
    message: Outward, packet_id: int, subscriptions: Sequence[int], *, v5: bool, again: bool
) -> bytes:
    """The packet: at QoS 1 with a packet id, at QoS 0 where that is 0; MQTT 5 names the
    subscriptions that took it."""
    qos = 1 if packet_id else 0
    flags = qos << 1 | (_DUP if again else 0)
    body = encode_binary(message.topic.encode()) + (packet_id.to_bytes(2) if qos else b"")
    if v5:
        body += encode_properties([(Property.SUBSCRIPTION_ID, one) for one in subscriptions])
    return encode_packet(Packet.PUBLISH << 4 | flags, body + message.payload)
