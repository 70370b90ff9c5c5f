"""What the intake would refuse of a message, told before it is taken in."""

from __future__ import annotations

from collector.intake.dead_letters import letters_of
from collector.intake.decoding import Decoding
from collector.intake.normalise import columns
from collector.intake.resolve import Resolver
from collector.journal.record import Record
from metering.intake import DeadLetter
from metering.registry import Registry


def refusals(record: Record, decoding: Decoding, registry: Registry) -> list[DeadLetter]:
    """Dead letters the record will leave, at place (0, 0), except those that only the stored
    readings can tell: conflicts."""
    resolver = Resolver(registry)
    received = decoding.read(0, 0, record, resolver)
    columns([received], resolver.table())
    return letters_of([received])
