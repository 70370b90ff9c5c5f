"""A case: what befalls the platform while gateways push, and what it asks of its scene."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from metering.errors import Unavailable
from proofs.outages.scene import OutageScene
from proofs.servers.relay import Relay

Seen = dict[str, Any]
"""What a case saw, for its line."""
Befalls = Callable[[OutageScene], Seen]
"""Does a case with a scene whose processes are not started yet, up to the moment at which all
servers and processes are there again. Unavailable where something is not as it should be."""


@dataclass(frozen=True)
class OutageCase:
    """One case by its name; the rest is what `SceneWish` has."""

    name: str
    befalls: Befalls
    relay: Callable[[str], Relay] | None = None
    broker: bool = False
    password_file: bool = False
    ports: Sequence[str] = ()


def must(true: bool, what: str, value: object = None) -> None:
    """Unavailable, with what should be and is not, unless it is true."""
    if not true:
        raise Unavailable(what, field="seen", value=value, fix="look at the logs of the case")
