"""What the intake would make of a message, told before it is taken in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from collector.decode import Problem
from collector.intake.dead_letters import letters_of
from collector.intake.decoding import Decoding, Received
from collector.intake.normalise import columns
from collector.intake.resolve import Resolver
from collector.journal.record import Record
from metering.intake import DeadLetter
from metering.reading import ReadingColumns
from metering.registry import Registry


@dataclass(frozen=True, eq=False)
class Previewed:
    """A message as the intake would take it in."""

    rows: ReadingColumns
    """Its readings, in canonical units; the place of the message is (0, 0)."""
    problems: Sequence[Problem]
    """What stands against the others, or at index -1 against all of it."""


def preview(record: Record, decoding: Decoding, resolver: Resolver) -> Previewed:
    """What becomes of a record, but for what only the stored readings can tell: which are
    duplicates, corrections, outdated or in conflict."""
    received, rows = _read(record, decoding, resolver)
    return Previewed(rows, received.problems)


def refusals(record: Record, decoding: Decoding, registry: Registry) -> list[DeadLetter]:
    """Dead letters the record will leave, at place (0, 0), except those that only the stored
    readings can tell: conflicts."""
    received, _ = _read(record, decoding, Resolver(registry))
    return letters_of([received])


def _read(
    record: Record, decoding: Decoding, resolver: Resolver
) -> tuple[Received, ReadingColumns]:
    received = decoding.read(0, 0, record, resolver)
    return received, columns([received], resolver.table()).rows
