"""Where the gateway of a way finds the platform, and as whom it is let in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from greenoffice.folder import DataFolder
from proofs.fault_ingest.edge import EdgePlace
from proofs.fault_ingest.national import NationalPlace
from proofs.fault_ingest.senders import PasswordPlace
from proofs.steps import run
from simulators import Identity

CIPHER: Final = "0123456789abcdef", "fedcba9876543210"
"""Key and vector of the national protocol, in both dialects."""


@dataclass(frozen=True)
class WayPlaces:
    """What one way's gateway is told."""

    folder: DataFolder
    user: str
    passwords: Mapping[str, str]
    ports: Mapping[str, int]
    """`mqtt`, `broker`, `http` and `national`."""
    room: Path
    """Where it may keep a folder of its own."""

    def pushing(self, port: str) -> PasswordPlace:
        """For a gateway with a password."""
        return PasswordPlace(self.ports[port], self.user, self.passwords[self.user])

    def reporting(self, dialect: str) -> NationalPlace:
        """For one of the national protocol; it is given a secret."""
        number = f"0{ord(dialect) - 64}"
        names = ("--building", "330302D110", "--number", number)
        told = run("gateway", "national", str(self.folder.root), self.user, *names, "--json")
        key = "".join(CIPHER).encode()
        secret = json.loads(told)["secret"]
        return NationalPlace(
            self.ports["national"], Identity(dialect, "330302D110", number, secret, key)
        )

    def polled(self) -> EdgePlace:
        """For an edge."""
        password, room = self.passwords[self.user], self.room / self.user.replace("/", "-")
        return EdgePlace(self.ports["mqtt"], self.user, password, self.folder, room)
