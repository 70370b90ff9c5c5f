"""What a client's session keeps from one connection to the next (MQTT 5, 4.1).

    QoS 2      PUBLISH ─▶ pending ─durable▶ received, PUBREC ─PUBREL▶ forgotten, PUBCOMP
    outward    queued ─▶ sent, by packet id ─PUBACK▶ forgotten

A message at QoS 2 is taken once: as long as its packet id is pending or received, another PUBLISH
of it is a redelivery. What is sent outward waits here while nobody is connected.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import msgspec

from metering.topic_filter import matches

MOST_QUEUED = 100
"""Messages outward that wait for a client; of more the oldest go."""
MOST_SUBSCRIPTIONS = 64


class Outward(msgspec.Struct, frozen=True):
    """A message of the platform's for a client."""

    topic: str
    payload: bytes
    qos: int


class Subscription(msgspec.Struct, frozen=True):
    """What was granted to a topic filter."""

    qos: int
    identifier: int = 0
    """Named by the client; 0 for none."""


@dataclass(eq=False)
class KeptSession:
    """State of one client's session; its connections follow each other."""

    received: set[int] = field(default_factory=set)
    """Packet ids of messages at QoS 2 that are durable and not released yet."""
    pending: set[int] = field(default_factory=set)
    """Likewise of those that are not durable yet."""
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    queued: deque[Outward] = field(default_factory=lambda: deque(maxlen=MOST_QUEUED))
    sent: dict[int, Outward] = field(default_factory=dict)
    """At QoS 1, by packet id, oldest first."""
    _last_id: int = 0

    def grants(self, topic: str) -> tuple[int, tuple[int, ...]] | None:
        """(highest QoS, identifiers) of the subscriptions that take a topic; None where none
        does."""
        taking = [one for name, one in self.subscriptions.items() if matches(name, topic)]
        if not taking:
            return None
        named = sorted({one.identifier for one in taking if one.identifier})
        return max(one.qos for one in taking), tuple(named)

    def next_id(self) -> int:
        """A packet id of which nothing is under way."""
        while True:
            self._last_id = self._last_id % 0xFFFF + 1
            if self._last_id not in self.sent:
                return self._last_id

    def durable(self, packet_ids: list[int]) -> tuple[list[int], list[int]]:
        """Messages are on disk: (those at QoS 1, those at QoS 2, which are received now)."""
        if not self.pending:
            return packet_ids, []
        twice = [one for one in packet_ids if one in self.pending]
        self.pending.difference_update(twice)
        self.received.update(twice)
        told = set(twice)
        return [one for one in packet_ids if one not in told], twice
