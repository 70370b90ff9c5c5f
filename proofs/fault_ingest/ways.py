"""The ways in: who sends over each, or why it is not tried.

To add one, give it what makes its sender; all faults are then tried over it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from proofs.fault_ingest.senders import HttpNumbers, MqttNumbers, NumberSender


@dataclass(frozen=True)
class EntryWay:
    """One way in by which numbered messages come."""

    absent: str = ""
    """Why it cannot be tried; '' where it can."""
    process: str = "collector"
    """Which process receives what comes by it."""
    journal: str = ""
    """The folder of the journal that it is written to."""
    sender: Callable[[int, str, str], NumberSender] | None = None
    """Made of its port, its gateway and the gateway's password."""
    port: str = ""
    """Which port: `mqtt`, `broker` or `http`."""


_NATIONAL: Final = "no gateway that speaks it is entered in this table"
WAYS: Mapping[str, EntryWay] = {
    "listener": EntryWay("", "collector", "listener", MqttNumbers, "mqtt"),
    "broker": EntryWay("", "collector", "broker", MqttNumbers, "broker"),
    "http": EntryWay("", "api", "http", HttpNumbers, "http"),
    "national-a": EntryWay(f"dialect A of the national protocol: {_NATIONAL}"),
    "national-b": EntryWay(f"dialect B of the national protocol: {_NATIONAL}"),
    "edge": EntryWay("the edge: no meter that it polls is entered in this table"),
}
