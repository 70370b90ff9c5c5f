"""The receiver port: whatever takes messages from gateways and makes them durable.

Two ways in have it: `collector.listener.Listener`, which gateways connect to, and
`collector.client_receiver.ClientReceiver`, which takes them from a broker. A receiver
acknowledges a message only after the journal has committed it.
"""

from __future__ import annotations

from typing import Protocol


class ReceiverHealth(Protocol):
    """How a receiver is."""

    @property
    def ok(self) -> bool:
        """Whether what comes is taken and stored."""
        ...

    @property
    def connections(self) -> int:
        """Gateways connected now; of a client 1 while it is connected to its broker."""
        ...

    @property
    def waiting_records(self) -> int:
        """Records that wait for a commit."""
        ...

    @property
    def failure(self) -> str | None:
        """What is wrong, with field, value and fix; None while all is well."""
        ...


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
