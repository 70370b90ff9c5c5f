"""What decoding says now of the message of a dead letter, and which row of the registry would mend
it.

A row is a proposal: what the message does not say is guessed by its unit, or left empty for a
person to fill in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from collector.decode import DECODERS, Incoming, MessageLimits
from collector.intake.dead_letters import letters_of
from collector.intake.decoding import Decoding, Received
from collector.intake.normalise import columns
from collector.intake.resolve import Resolver
from collector.journal.record import Record
from collector.properties import NO_PROPERTIES
from metering.errors import GreenOfficeError
from metering.intake import DeadLetter, LetterVerdict
from metering.reading import Kind
from metering.registry import Registry
from metering.units import UNITS

COUNTED = frozenset({"kWh", "m3", "MJ", "kg", "kvarh"})
"""Canonical units of what registers count."""


def verdict(
    letter: DeadLetter, record: Record, decoding: Decoding, registry: Registry
) -> LetterVerdict:
    """By the registry and the routes of now; nothing is stored by asking. What only the stored
    readings can tell, conflicts, is not told."""
    resolver = Resolver(registry)
    received = decoding.read(letter.segment, letter.offset, record, resolver)
    taken = len(columns([received], resolver.table()).rows)
    standing = [
        replace(one, id=letter.id)
        for one in letters_of([received])
        if letter.index < 0 or one.index in (letter.index, -1)
    ]
    file, row = "", None
    if standing:
        file, row = _row(standing[0], received, registry)
    return LetterVerdict(received.read_by, taken, tuple(standing), file, row)


def _row(
    letter: DeadLetter, received: Received, registry: Registry
) -> tuple[str, Mapping[str, str] | None]:
    match letter.reason:
        case "unknown_point" | "bad_kind" | "bad_unit":
            return "points.csv", _point(letter, received, registry)
        case "unknown_topic":
            return "routes.csv", {
                "gateway": letter.gateway,
                "topic": letter.route,
                "decoder": _reader(received.record, letter.gateway),
            }
    return "", None


def _point(letter: DeadLetter, received: Received, registry: Registry) -> Mapping[str, str]:
    found = received.found
    place = found.index.index(letter.index) if letter.index in found.index else None
    sent_kind = None if place is None else found.kinds[place]
    sent_unit = None if place is None else found.units[place]
    known = registry.point_of(letter.gateway, letter.point)
    unit = sent_unit or ("" if known is None else known.bare_unit)
    kind = sent_kind or (_kind(unit) if known is None else known.kind)
    return {"gateway": letter.gateway, "point": letter.point, "kind": str(kind), "unit": unit}


def _kind(unit: str) -> str:
    """What a value in that unit most often is; '' of a unit that tells nothing."""
    known = UNITS.get(unit)
    if known is None:
        return ""
    return Kind.REGISTER if known.canonical in COUNTED else Kind.INSTANT


def _reader(record: Record, gateway: str) -> str:
    """The first decoder that finds readings in a message and nothing wrong; '' where none does."""
    incoming = Incoming(
        record.route,
        record.payload,
        record.arrived_us,
        gateway,
        record.properties or NO_PROPERTIES,
        "UTC",
    )
    for name, decoder in DECODERS.items():
        try:
            found = decoder.reader({})(incoming, MessageLimits())
        except (GreenOfficeError, ValueError, TypeError, KeyError):
            continue  # whatever it does with what is not its own, it does not read it
        if found.values and not found.problems:
            return name
    return ""
