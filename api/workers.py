"""What is handed to a worker, and what comes back; no object of the domain but the key."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Protocol

from metering.access import ApiKey
from metering.errors import Unavailable

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Handed:
    """A request as it came, and the key that it was found to be of."""

    method: str
    path: str
    query: str
    headers: Headers
    client: str
    key: ApiKey
    body: bytes = b""


@dataclass(frozen=True)
class Answered:
    """What the application sent."""

    status: int
    headers: Headers
    route: str = ""
    """Template of the route that answered, for the counters."""
    body: bytes = field(default=b"", repr=False)


class NoWorker(Unavailable):
    """There is no process to answer in."""


class Ended(Unavailable):
    """An answer was ended that took more than one may."""


class Workers(Protocol):
    """Processes that answer what costs much."""

    @property
    def at_once(self) -> int:
        """How many requests they answer at the same time."""
        ...

    async def answer(self, request: Handed, gone: Awaitable[None]) -> Answered | None:
        """None where the client is gone first; Ended where it takes more than it may, NoWorker
        where there is none to take it."""
        ...
