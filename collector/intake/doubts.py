"""Upserts that may still be done: noted, and looked after until none of them can come any more.

A server, or what stands before it, may hold an upsert that was given up and do it later, over a
value that was taken in meanwhile. Which upsert that is need not be known: whatever it can put back
was taken in after it, so it lies in the journal from the checkpoints of that time on. Messages
from there are held against what is stored; where a row loses to theirs, it is put right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from collector.intake.classify import Mask
from metering.intake import WriteDoubt
from metering.ports import Doubts
from metering.reading import ReadingColumns

LOOKS_S: Final = (60, 300, 900, 3_600)
"""After the last unknown outcome [s]; what is done after the last of them is not found."""
APART_US: Final = 900_000_000
"""Unknown outcomes within this are one doubt. Under a server that fails again and again not each is
looked after on its own, nor all of them as one that never ends."""
MOST: Final = 8
"""Doubts that are open at most; the newest takes what comes beyond."""
LATE_US: Final = 300_000_000
"""A look that is late by this no longer waits until nothing new waits."""

Place = tuple[int, int]
"""(segment, offset) in the journal."""
Places = Mapping[int, Place]
"""By writer."""


def raised(known: Sequence[WriteDoubt], places: Places, writes: int, now_us: int) -> WriteDoubt:
    """The doubt to keep: a new one, or the newest of those known with this added to it."""
    newest = known[-1] if known else None
    if newest is None or (now_us - newest.since_us >= APART_US and len(known) < MOST):
        return WriteDoubt(now_us, now_us, places, writes)
    return replace(
        newest,
        last_us=now_us,
        places={n: min(newest.place(n), places[n]) for n in newest.places if n in places},
        writes=newest.writes + writes,
        looks=0,
    )


def due_us(doubt: WriteDoubt, now_us: int) -> int:
    """When the next look is due [us]: now, where the clock was put back to before the doubt."""
    return now_us if now_us < doubt.last_us else doubt.last_us + LOOKS_S[doubt.looks] * 1_000_000


def looked(doubt: WriteDoubt, began_us: int, now_us: int) -> WriteDoubt | None:
    """The doubt after a look that began then; None where that was the last one."""
    if now_us < doubt.last_us:
        return replace(doubt, last_us=now_us, looks=0)  # the clock was put back
    looks = sum(doubt.last_us + after_s * 1_000_000 <= began_us for after_s in LOOKS_S)
    return None if looks == len(LOOKS_S) else replace(doubt, looks=looks)


def reached(doubt: WriteDoubt, rows: ReadingColumns) -> WriteDoubt:
    """The doubt, from where on these rows are looked at too."""
    places = dict(doubt.places)
    for segment, offset in zip(rows.segment.tolist(), rows.offset.tolist(), strict=True):
        writer_no = segment >> 24
        if (segment, offset) < doubt.place(writer_no):
            places[writer_no] = min(places[writer_no], (segment, offset))
    return replace(doubt, places=places)


def rivals(incoming: ReadingColumns, existing: ReadingColumns) -> Mask:
    """(n,) rows in whose place another record is stored.

    All others are right. What is not stored at all was left out when it came, as redelivered or
    refused: an upsert takes nothing away.
    """
    stored = dict(zip(_identities(existing), _lineage(existing), strict=True))
    pairs = zip(_identities(incoming), _lineage(incoming), strict=True)
    found = [stored.get(identity, lineage) != lineage for identity, lineage in pairs]
    return np.array(found, dtype=np.bool_)


def _identities(rows: ReadingColumns) -> list[tuple[int, int]]:
    return list(zip(rows.point.tolist(), rows.time_us.tolist(), strict=True))


def _lineage(rows: ReadingColumns) -> list[tuple[int, int, int]]:
    columns = (rows.segment, rows.offset, rows.index)
    return list(zip(*(column.tolist() for column in columns), strict=True))


@dataclass(frozen=True)
class LookSpan:
    """What of a writer's journal is still to be looked at."""

    writer_no: int
    place: Place
    until: Place
    """The checkpoint when the look began: what came after it came after what the look is for."""


@dataclass(frozen=True)
class _LookUnderWay:
    """A look under way."""

    began_us: int
    late_us: int
    doubts: frozenset[int]
    """Which it is for, by their beginning."""
    spans: tuple[LookSpan, ...]
    """What is left of it."""


class Looking:
    """The open doubts, and the look that is under way.

    lands_late: whether an upsert of a process before this one may still be done. `checkpoints`
    gives those of all writers as they are.
    """

    def __init__(self, store: Doubts, checkpoints: Callable[[], Places], lands_late: bool) -> None:
        self._store = store
        self._checkpoints = checkpoints
        self._unnoted: int | None = 0 if lands_late else None
        self._known: tuple[WriteDoubt, ...] | None = None
        self._look: _LookUnderWay | None = None

    @property
    def writes(self) -> int:
        """Upserts whose outcome is unknown, of all doubts that are open."""
        return sum(doubt.writes for doubt in self._known or ()) + (self._unnoted or 0)

    def unknown(self) -> None:
        """The outcome of an upsert is unknown: `note` before the next one."""
        self._unnoted = (self._unnoted or 0) + 1

    def note(self, now_us: int) -> None:
        """Note what was not noted yet; the checkpoints are still those of that time."""
        if self._unnoted is not None:
            self._keep(raised(self._open(), self._checkpoints(), self._unnoted, now_us))
            self._unnoted = None

    def reach(self, rows: ReadingColumns) -> None:
        """These rows, of messages before the checkpoint, took the place of others just now."""
        for doubt in self._open() if len(rows) else ():
            if (further := reached(doubt, rows)) != doubt:
                self._keep(further)

    def next(self, now_us: int, waits: bool) -> LookSpan | None:
        """What is to be looked at now; None for nothing, or where something new waits and the look
        can wait as well."""
        look = self._look or self._begun(now_us)
        if look is None or (waits and now_us < look.late_us):
            return None
        self._look = look
        if look.spans:
            return look.spans[0]
        self._end(look, now_us)
        return None

    def done(self, place: Place | None) -> None:
        """What `next` gave is looked at up to a place; None for all of it."""
        assert self._look is not None
        first, *others = self._look.spans
        left = others if place is None else [replace(first, place=place), *others]
        self._look = replace(self._look, spans=tuple(left))

    def _begun(self, now_us: int) -> _LookUnderWay | None:
        due = [doubt for doubt in self._open() if due_us(doubt, now_us) <= now_us]
        if not due:
            return None
        spans = tuple(
            LookSpan(writer_no, min(doubt.place(writer_no) for doubt in due), until)
            for writer_no, until in sorted(self._checkpoints().items())
        )
        late_us = min(due_us(doubt, now_us) for doubt in due) + LATE_US
        return _LookUnderWay(now_us, late_us, frozenset(doubt.since_us for doubt in due), spans)

    def _end(self, look: _LookUnderWay, now_us: int) -> None:
        for doubt in self._open():
            if doubt.since_us in look.doubts:
                after = looked(doubt, look.began_us, now_us)
                if after is None:
                    self._store.end_doubt(doubt.since_us)
                else:
                    self._store.keep_doubt(after)
        self._known = tuple(self._store.doubts())
        self._look = None

    def _keep(self, doubt: WriteDoubt) -> None:
        self._store.keep_doubt(doubt)
        self._known = tuple(self._store.doubts())

    def _open(self) -> tuple[WriteDoubt, ...]:
        if self._known is None:
            self._known = tuple(self._store.doubts())
        return self._known
