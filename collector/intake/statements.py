"""What people stated, of records that the intake has not taken in yet."""

from __future__ import annotations

from dataclasses import replace

from collector.decode import DECODERS, Incoming, MessageLimits
from collector.journal.record import Located
from metering.statement import Statement


def statement_of(located: Located) -> Statement | None:
    """The statement of a record, with its place; None where it is no person's."""
    segment, offset, record = located
    if record.kind != "entered":
        return None
    incoming = Incoming(record.route, record.payload, record.arrived_us, record.gateway)
    found = DECODERS["entered"].reader({})(incoming, MessageLimits()).statement
    if found is None:
        return None
    return replace(
        found,
        entered_by=record.client,
        arrived_us=record.arrived_us,
        segment=segment,
        offset=offset,
    )
