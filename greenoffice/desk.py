"""What people state, on its way into the journal.

    statement ─▶ known already? ─▶ journal, durable ─▶ acknowledged        the intake comes later
                   │
                   store of the intake, and what the writer's journal holds beyond its checkpoint

So a statement that is sent again is found, also after a process died between the two.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from collector import Located, Record, RecordPlace
from collector.decode.entered import TOPIC, payload_of
from collector.intake import statement_of
from metering.ports import IntakeStore
from metering.statement import Stated, Statement

PAGE = 1000


class WrittenJournal(Protocol):
    """What is asked of the journal."""

    def writers(self) -> list[int]:
        """Numbers of the writers that have a folder."""
        ...

    def read(self, writer_no: int, segment: int, offset: int, limit: int) -> list[Located]:
        """Records of a writer from a place on, in order."""
        ...


class JournalDesk:
    """The desk over one writer's journal; safe to share between threads."""

    def __init__(
        self,
        journal: WrittenJournal,
        writer_no: int,
        intake: IntakeStore,
        append: Callable[[Record], RecordPlace],
    ) -> None:
        self._journal = journal
        self._writer_no = writer_no
        self._intake = intake
        self._append = append
        self._lock = threading.RLock()
        self._waiting: dict[str, Statement] | None = None
        """Statements that the intake has not taken in yet; None until the journal was read."""
        self._last_us = 0

    def find(self, id: str) -> Statement | None:
        """The statement of that id, also one that the intake has not taken in yet."""
        with self._lock:
            waiting = self._read().get(id)
        return waiting or self._intake.statement(id)

    def about(self, subject: str) -> list[Statement]:
        """All of one subject, oldest first, those that are not taken in yet with them."""
        with self._lock:
            waiting = {one.id: one for one in self._read().values() if one.subject == subject}
        taken = {one.id: one for one in self._intake.about(subject)}
        return sorted((waiting | taken).values(), key=lambda one: one.place)

    def file(self, stated: Stated, entered_by: str, now_us: int) -> Statement:
        """Durable on return; the one that stands there already where its id is known. Two never
        have the same time, and a later one never an earlier time."""
        with self._lock:
            known = self.find(stated.statement.id)
            if known is not None:
                return known
            self._last_us = max(now_us, self._last_us + 1)
            record = Record(
                kind="entered",
                arrived_us=self._last_us,
                gateway=stated.gateway,
                client=entered_by,
                connection="",
                route=TOPIC,
                payload=payload_of(stated),
                qos=1,
            )
            place = self._append(record)
            filed = replace(
                stated.statement,
                entered_by=entered_by,
                arrived_us=record.arrived_us,
                segment=place.segment,
                offset=place.offset,
            )
            self._read()[filed.id] = filed
            return filed

    def _read(self) -> dict[str, Statement]:
        """What waits, without what was taken in since."""
        place = self._intake.checkpoint(self._writer_no)
        if self._waiting is None:
            self._waiting = self._beyond(place)
        taken = [one.id for one in self._waiting.values() if (one.segment, one.offset) < place]
        for id in taken:
            del self._waiting[id]
        return self._waiting

    def _beyond(self, place: tuple[int, int]) -> dict[str, Statement]:
        found: dict[str, Statement] = {}
        segment, offset = place
        if self._writer_no not in self._journal.writers():
            return found
        while page := self._journal.read(self._writer_no, segment, offset, PAGE):
            for one in page:
                self._last_us = max(self._last_us, one.record.arrived_us)
                if (statement := statement_of(one)) is not None:
                    found.setdefault(statement.id, statement)
            segment, offset = page[-1].segment, page[-1].offset + 1
        return found
