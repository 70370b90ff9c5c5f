"""Intake and dirty marks in memory."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from metering.book import DirtyMark
from metering.clock_repair import QUARANTINED
from metering.intake import (
    DeadLetter,
    GatewayCounts,
    GatewayStatus,
    IntakeBatch,
    JudgedBatch,
    LetterCause,
    LetterGroup,
    WriteDoubt,
)
from metering.ports import DirtyMarks, IntakeStore
from metering.statement import Statement, StatementKind
from storage.intake_rules import (
    NO_WRITER,
    OPEN_STATES,
    Identity,
    added,
    again,
    check_place,
    counts_by_gateway,
    joined_groups,
    letter_not_open,
    letters_by_identity,
    no_such_letter,
)
from storage.memory.clocks import MemoryClocks
from storage.memory.deliveries import MemoryDeliveries
from storage.memory.remembered import MemoryRemembered
from storage.memory.seen_points import MemorySeenPoints


@dataclass
class _Mark:
    mark: DirtyMark
    writer_no: int
    ready: bool


@dataclass
class MemoryMarks(DirtyMarks):
    """DirtyMarks in a dict by id."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    _marks: dict[int, _Mark] = field(default_factory=dict)
    _last: int = 0

    def mark(self, marks: Sequence[DirtyMark], *, writer_no: int, ready: bool = False) -> None:
        with self.lock:
            for one in marks:
                self._last += 1
                self._marks[self._last] = _Mark(replace(one, id=self._last), writer_no, ready)

    def ready(self, limit: int = 100_000) -> list[DirtyMark]:
        with self.lock:
            return [kept.mark for kept in self._marks.values() if kept.ready][:limit]

    def waiting(self) -> int:
        with self.lock:
            return len(self._marks)

    def live(self, since_us: int, limit: int = 100_000) -> list[DirtyMark]:
        return [one for one in self.ready(2**31) if one.is_live(since_us)][:limit]

    def glance(self, limit: int = 100_000) -> tuple[list[DirtyMark], int]:
        with self.lock:
            return self.ready(limit), self.waiting()

    def all(self) -> list[DirtyMark]:
        """Every mark, ready or not."""
        with self.lock:
            return [kept.mark for kept in self._marks.values()]

    def copied(self) -> MemoryMarks:
        """The marks as they are now, for a reader at rest."""
        with self.lock:
            return MemoryMarks(_marks=dict(self._marks), _last=self._last)

    def release(self, writer_no: int) -> None:
        """Make the writer's marks ready."""
        for kept in self._marks.values():
            kept.ready = kept.ready or kept.writer_no == writer_no

    def remove(self, ids: Sequence[int]) -> None:
        """Forget marks that a commit of the books has cleared."""
        for id in ids:
            self._marks.pop(id, None)

    def clear(self) -> None:
        """Forget what the intake marked."""
        self._marks = {id: m for id, m in self._marks.items() if m.writer_no == NO_WRITER}


class MemoryIntake(MemoryDeliveries, MemorySeenPoints, MemoryRemembered, MemoryClocks, IntakeStore):
    """An IntakeStore that shares the marks with the books."""

    def __init__(self, marks: MemoryMarks) -> None:
        MemoryDeliveries.__init__(self, marks.lock)
        MemorySeenPoints.__init__(self, marks.lock)
        MemoryRemembered.__init__(self, marks.lock)
        MemoryClocks.__init__(self, marks.lock)
        self._marks = marks
        self._lock = marks.lock
        self._doubts: dict[int, WriteDoubt] = {}
        self._statements: dict[str, Statement] = {}
        self._reset()

    def _reset(self) -> None:
        self._checkpoints: dict[int, tuple[int, int]] = {}
        self._counts: dict[str, GatewayCounts] = {}
        self._seen: set[tuple[str, str]] = set()
        self._letters: dict[int, DeadLetter] = {}
        self._ids: dict[Identity, int] = {}
        self._judged: dict[int, JudgedBatch] = {}

    def checkpoint(self, writer_no: int) -> tuple[int, int]:
        with self._lock:
            return self._checkpoints.get(writer_no, (0, 0))

    def judge(self, judged: JudgedBatch, marks: Sequence[DirtyMark]) -> None:
        with self._lock:
            self._judged[judged.writer_no] = judged
            self._marks.mark(marks, writer_no=judged.writer_no)

    def judged(self) -> list[JudgedBatch]:
        with self._lock:
            return [self._judged[writer_no] for writer_no in sorted(self._judged)]

    def commit(self, batch: IntakeBatch) -> None:
        with self._lock:
            check_place(batch, self.checkpoint(batch.writer_no))
            if not all(self._is_open(id) for id in batch.replayed):
                raise letter_not_open(batch)
            for gateway, counts in counts_by_gateway(batch.counts).items():
                old = self._counts.get(gateway, GatewayCounts(gateway))
                self._counts[gateway] = added(old, counts)
            self._note_arrivals(batch.arrived)
            self._note_sightings(batch.sightings)
            self._note_nodes(batch.nodes)
            self._remember(batch.remembered, batch.outlived)
            for id in batch.replayed:
                self._set_state(id, "replayed")
            for same, letter in letters_by_identity(batch.dead_letters).items():
                self._bury(same, letter)  # what is refused again is open
            self._seen.update(batch.seen_keys)
            for one in batch.statements:
                self._statements.setdefault(one.id, one)
            self._marks.release(batch.writer_no)
            self._judged.pop(batch.writer_no, None)
            self._checkpoints[batch.writer_no] = (batch.next_segment, batch.next_offset)

    def statement(self, id: str) -> Statement | None:
        with self._lock:
            return self._statements.get(id)

    def statements(
        self,
        kinds: frozenset[StatementKind],
        subjects: frozenset[str] | None = None,
        *,
        before: tuple[int, str] | None = None,
        limit: int = 1000,
    ) -> list[Statement]:
        with self._lock:
            found = [
                one
                for one in self._statements.values()
                if one.kind in kinds
                and (subjects is None or one.subject in subjects)
                and (before is None or (one.arrived_us, one.id) < before)
            ]
        return sorted(found, key=lambda one: (one.arrived_us, one.id), reverse=True)[:limit]

    def about(self, subject: str) -> list[Statement]:
        with self._lock:
            found = [one for one in self._statements.values() if one.subject == subject]
        return sorted(found, key=lambda one: one.place)

    def seen(self, keys: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        with self._lock:
            return self._seen.intersection(keys)

    def gateways(self) -> list[GatewayStatus]:
        with self._lock:
            return [GatewayStatus(name, self._counts[name]) for name in sorted(self._counts)]

    def dead_letters(
        self,
        gateways: frozenset[str] | None,
        *,
        state: str | None = None,
        reason: str | None = None,
        before_id: int | None = None,
        limit: int = 100,
    ) -> list[DeadLetter]:
        with self._lock:
            found = [
                letter
                for id, letter in sorted(self._letters.items(), reverse=True)
                if (gateways is None or letter.gateway in gateways)
                and state in (None, letter.state)
                and reason in (None, letter.reason)
                and (before_id is None or id < before_id)
            ]
        return found[:limit]

    def dead_letter(self, id: int) -> DeadLetter:
        with self._lock:
            if id not in self._letters:
                raise no_such_letter(id)
            return self._letters[id]

    def dead_letter_groups(
        self, gateways: frozenset[str] | None, *, state: str = "open", limit: int = 1000
    ) -> list[LetterGroup]:
        found = self.dead_letters(gateways, state=state, limit=len(self._letters))
        return joined_groups(map(_alone, found), limit)

    def ask_again(self, gateways: frozenset[str] | None, cause: LetterCause) -> int:
        return self._move(gateways, cause, ("open",), "asked")

    def discard(self, gateways: frozenset[str] | None, cause: LetterCause) -> int:
        return self._move(gateways, cause, ("open", "asked"), "discarded")

    def _move(
        self,
        gateways: frozenset[str] | None,
        cause: LetterCause,
        states: tuple[str, ...],
        state: str,
    ) -> int:
        """Letters of a cause in one of the states come into another one; how many."""
        wanted = {name: value for name, value in vars(cause).items() if value is not None}
        with self._lock:
            chosen = [
                one.id
                for one in self.dead_letters(gateways, limit=len(self._letters))
                if one.state in states
                and all(getattr(one, name) == value for name, value in wanted.items())
            ]
            for id in chosen:
                self._set_state(id, state)
        return len(chosen)

    def leave_open(self, ids: Sequence[int]) -> None:
        with self._lock:
            for id in ids:
                if id in self._letters and self._letters[id].state == "asked":
                    self._set_state(id, "open")

    def dead_letter_count(self, gateways: frozenset[str] | None = None) -> int:
        with self._lock:
            return sum(gateways is None or x.gateway in gateways for x in self._letters.values())

    def quarantined(self) -> dict[str, int]:
        found = self.dead_letters(None, state="open", limit=len(self._letters))
        return Counter(one.gateway for one in found if one.reason in QUARANTINED)

    def clear(self) -> None:
        with self._lock:
            self._reset()
            self._clear_receipts()
            self._empty_seen_points()
            self._marks.clear()

    def doubts(self) -> list[WriteDoubt]:
        with self._lock:
            return [self._doubts[since_us] for since_us in sorted(self._doubts)]

    def keep_doubt(self, doubt: WriteDoubt) -> None:
        with self._lock:
            self._doubts[doubt.since_us] = doubt

    def end_doubt(self, since_us: int) -> None:
        with self._lock:
            self._doubts.pop(since_us, None)

    def _is_away(self, gateway: str) -> bool:
        return gateway in self._counts and self._counts[gateway].connected is False

    def _bury(self, same: Identity, letter: DeadLetter) -> None:
        id = self._ids.setdefault(same, len(self._ids) + 1)
        known = self._letters.get(id)
        self._letters[id] = replace(letter, id=id) if known is None else again(known, letter.seen)

    def _is_open(self, id: int) -> bool:
        return id in self._letters and self._letters[id].state in OPEN_STATES

    def _set_state(self, id: int, state: str) -> None:
        if id in self._letters:
            self._letters[id] = replace(self._letters[id], state=state)


def _alone(one: DeadLetter) -> LetterGroup:
    cause = (one.gateway, one.route, one.reason, one.point, one.field)
    return LetterGroup(*cause, 1, one.seen, one.arrived_us, one.arrived_us, one.id)
