"""What an attack is, and what it knows of the platform that it goes at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class AttackTarget:
    """A platform that runs on loopback, and what an attacker has of it."""

    host: str
    mqtt_port: int
    http_port: int
    data: Path
    """The platform's data folder, for what an attack wants to see of its effect."""
    user: str
    """A registered gateway of the attacker's, as `site/code`."""
    password: str
    key: str
    """A key of the attacker's that reads its own institution."""

    @property
    def base(self) -> str:
        """Where the API answers."""
        return f"http://{self.host}:{self.http_port}"


@dataclass(frozen=True)
class Attack:
    """One attack, bounded in count and time."""

    name: str
    run: Callable[[AttackTarget], int]
    """Does it; how many requests, connections or messages it tried. What it leaves open it
    closes."""
