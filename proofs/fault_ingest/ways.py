"""The ways in: who sends over each, in which words, and which faults cannot befall it.

To add one, give it what makes its sender; all faults are then tried over it but those that it names
with the reason why they cannot be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from proofs.fault_ingest.edge import POLLED, EdgeNumbers
from proofs.fault_ingest.messages import JSON, WayWording
from proofs.fault_ingest.national import XML, NationalNumbers
from proofs.fault_ingest.places import WayPlaces
from proofs.fault_ingest.senders import HttpNumbers, MqttNumbers, NumberSender


@dataclass(frozen=True)
class EntryWay:
    """One way in by which numbered messages come."""

    process: str
    """Which process receives what comes by it."""
    journal: str
    """The folder of the journal that it is written to."""
    sender: Callable[[WayPlaces], NumberSender]
    wording: WayWording = JSON
    spared: Mapping[str, str] = field(default_factory=dict)
    """Faults that cannot befall it, and why."""


_WORDS: Final = "an edge words its messages itself"
_TIMES: Final = "a reading has the time at which it was polled"
_NO_BROKER: Final = dict.fromkeys(
    ("broker-killed", "broker-restarted", "broker-forgets"), "no broker stands before the platform"
)
_NO_SPOOL: Final = dict.fromkeys(
    ("edge-killed-reading", "edge-killed-kept", "edge-killed-told", "enospc-spool", "eio-spool"),
    "the gateway is this proof itself; the platform sees a lost session or line",
)
_NO_XML: Final = {"bad-xml": "its messages are JSON: bad-json"}
_MQTT: Final = {**_NO_XML, **_NO_SPOOL}
_HTTP: Final = {
    **_MQTT,
    **_NO_BROKER,
    "session-lost": "a request has no session",
    "taken-over": "a request has no connection that another could end",
}
_NATIONAL: Final = {
    **_NO_BROKER,
    **_NO_SPOOL,
    "bad-json": "its messages are XML: bad-xml",
    "unknown-unit": "a report says no unit",
    "another-kind": "a report says no kind",
    "session-lost": "each connection begins with a log-in: taken-over",
}
_EDGE: Final = {
    **_NO_BROKER,
    **dict.fromkeys(
        ("bad-json", "bad-xml", "bad-utf8", "text-for-a-number", "10-mb", "duplicates"), _WORDS
    ),
    "nan": "what is no number is not pushed",
    "unknown-unit": "a profile of an unknown unit is refused when the edge starts",
    "year-old": _TIMES,
    "out-of-order": _TIMES,
    "corrected": _TIMES,
    "store-type-conflict": _TIMES,
    "session-lost": "its packets are rows of its spool: edge-killed-told",
}
WAYS: Mapping[str, EntryWay] = {
    "listener": EntryWay(
        "collector",
        "listener",
        lambda at: MqttNumbers(at.pushing("mqtt")),
        spared=_MQTT | _NO_BROKER,
    ),
    "broker": EntryWay(
        "collector", "broker", lambda at: MqttNumbers(at.pushing("broker")), spared=_MQTT
    ),
    "http": EntryWay("api", "http", lambda at: HttpNumbers(at.pushing("http")), spared=_HTTP),
    "national-a": EntryWay(
        "collector", "national", lambda at: NationalNumbers(at.reporting("A")), XML, _NATIONAL
    ),
    "national-b": EntryWay(
        "collector", "national", lambda at: NationalNumbers(at.reporting("B")), XML, _NATIONAL
    ),
    "edge": EntryWay("collector", "listener", lambda at: EdgeNumbers(at.polled()), POLLED, _EDGE),
}
