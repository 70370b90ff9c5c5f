"""Do the readings hold what was taken in? They may not where their file was lost, or the log that
it had not yet taken in: then the checkpoint says that messages were read of which nothing is left.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from collector.intake.decoding import Decoding
from collector.intake.normalise import columns
from collector.intake.resolve import Resolver
from collector.journal.record import Located
from metering.ports import ReadingWriter
from metering.reading import Flag
from metering.registry import Registry

Place = tuple[int, int]
"""(segment, offset) in the journal."""
MOST = 20_000
"""Messages looked at: if anything is lacking, the first of them are."""
_PAGE = 1_000


class Messages(Protocol):
    """Where messages are read again."""

    def read(self, writer_no: int, segment: int, offset: int, limit: int) -> list[Located]:
        """Up to `limit` records of a writer from a place on, in order."""
        ...


def lacking(
    span: tuple[int, Place, Place],
    journal: Messages,
    readings: ReadingWriter,
    decoding: Decoding,
    registry: Registry,
) -> Place | None:
    """The first message of a span that has a reading which is not stored, neither as it came nor
    superseded; None where there is none among the first `MOST`.

    span: number of the writer, the place of the last message that a stored reading is from (offset
    -1 for none), and the checkpoint. What goes by its time of arrival is left out, because a
    redelivery of it is never stored.
    """
    writer_no, (segment, offset), checkpoint = span
    resolver, looked = Resolver(registry), 0
    place = segment, offset + 1
    while looked < MOST and place < checkpoint:
        page = [
            one
            for one in journal.read(writer_no, *place, _PAGE)
            if (one.segment, one.offset) < checkpoint
        ]
        if not page:
            return None
        rows = columns([decoding.read(*one, resolver) for one in page], resolver.table()).rows
        rows = rows.take((rows.flag & Flag.ARRIVAL_TIME) == 0)
        stored = readings.existing(rows.point, rows.time_us)
        there = set(zip(stored.point.tolist(), stored.time_us.tolist(), strict=True))
        asked = zip(rows.point.tolist(), rows.time_us.tolist(), strict=True)
        lost = np.array([one not in there for one in asked], dtype=np.bool_)
        if lost.any():
            first = int(np.flatnonzero(lost)[0])
            return int(rows.segment[first]), int(rows.offset[first])
        looked += len(page)
        place = page[-1].segment, page[-1].offset + 1
    return None
