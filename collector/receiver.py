"""The receiver port: whatever takes messages from gateways and makes them durable.

Two ways in have it: `collector.listener.Listener`, which gateways connect to, and
`collector.broker.BrokerClient`, which takes them from a broker. A receiver acknowledges a
message only after the journal has committed it. What both carry is `collector.reception`.
"""

from __future__ import annotations

from typing import Protocol

from collector.reception import ReceiverHealth


class Receiver(Protocol):
    """Takes messages until it is closed; its methods belong to one event loop."""

    async def start(self) -> None:
        """Begin; raises ConfigurationError where a setting is unusable."""
        ...

    async def crashed(self) -> None:
        """Wait until a thread of the receiver dies of an error of its own; raise that error."""
        ...

    async def close(self) -> None:
        """Take no more, store and acknowledge what was taken, say goodbye."""
        ...

    def health(self) -> ReceiverHealth:
        """How it is now; may be asked at any time."""
        ...

    def hears(self, gateway: str, topic: str) -> bool:
        """Whether a command for a gateway on that topic would reach it now, as far as can be known
        here."""
        ...

    def command(self, gateway: str, topic: str, payload: bytes) -> None:
        """Publish it for the gateway on the topic, at QoS 1 where the gateway takes that."""
        ...
