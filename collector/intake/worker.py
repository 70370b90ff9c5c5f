"""The intake: from the journal to readings, so that nothing slips between them.

    journal ─▶ decode ─▶ resolve ─▶ units, range ─▶ classify
                                                       │
        1  what they are judged to  ◀──────────────────┤   each step durable
           be, dirty marks, not ready                  │
        2  readings (upsert)        ◀──────────────────┤   before the next
        3  checkpoint, counters, dead letters,         │
           marks ready: one transaction  ◀─────────────┘

A crash or a store that is down anywhere in between leaves the checkpoint where it was, and
the same records are taken in again, to the same result; they are counted as they were judged
first. An upsert that was given up and may still be done is looked after
(`collector.intake.doubts`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import structlog

from collector.intake.batch import ReceivedBatch, receive
from collector.intake.classify import Classified, classify
from collector.intake.clock_moves import astray
from collector.intake.clocks import WAITING, ClockMove, Clocks
from collector.intake.counting import Connections, OutcomeTally, taken_again, taken_in
from collector.intake.dead_letters import letters_of, with_problems
from collector.intake.decoding import Decoding, Received, only
from collector.intake.deliveries import arrivals, counted_before
from collector.intake.doubts import Looking, LookSpan, rivals
from collector.intake.heard_nodes import node_arrivals
from collector.intake.judging import Judgements
from collector.intake.letter_bound import KEPT, LetterBound, is_beyond
from collector.intake.marks import clock_marks, dirty_marks
from collector.intake.memory import GatewayMemory
from collector.intake.metrics import IntakeMetrics
from collector.intake.normalise import batch_columns, columns
from collector.intake.notices import Refusals
from collector.intake.redelivery import mark_redelivered
from collector.intake.replay import Mended, asked_for, mended, named
from collector.intake.report import IntakeReport
from collector.intake.rereading import Rereading, without_known
from collector.intake.resolve import Resolver
from collector.intake.seen_points import sightings
from collector.journal.record import Located, Record
from metering.book import DirtyMark
from metering.errors import Conflict, InvalidInput, OutcomeUnknown
from metering.intake import IntakeBatch
from metering.ports import DirtyMarks, IntakeStore, ReadingWriter
from metering.quantity import I64
from metering.reading import ReadingColumns
from metering.registry import Registry

_log = structlog.get_logger()


class Journal(Protocol):
    """What the intake needs of the journal; `collector.journal.JournalReader` has it."""

    def writers(self) -> list[int]:
        """Numbers of the writers, ascending."""
        ...

    def read(self, writer_no: int, segment: int, offset: int, limit: int) -> list[Located]:
        """Up to `limit` records of a writer from a place on, in order; none where there is nothing
        new."""
        ...

    def record(self, segment: int, offset: int) -> Record:
        """The record at a place; NotFound where it has expired."""
        ...

    def segments(self) -> list[int]:
        """Numbers of the segments that are still there, ascending."""
        ...


_AGAIN = 1_000
"""Messages that are read again at once."""


@dataclass(frozen=True)
class BatchSize:
    """How much one step takes at most: fewer, longer batches are quicker."""

    records: int = 1_000
    readings: int = 50_000


class Intake:
    """Takes journal records in, one writer's batch at a time. Safe to share between threads."""

    def __init__(
        self,
        journal: Journal,
        readings: ReadingWriter,
        intake: IntakeStore,
        marks: DirtyMarks,
        registry: Callable[[], Registry],
        now_us: Callable[[], int],
        *,
        limit: int = BatchSize.records,
        decoding: Decoding | None = None,
        metrics: IntakeMetrics | None = None,
        kept_letters: int = KEPT,
    ) -> None:
        self._journal = journal
        self._readings = readings
        self._intake = intake
        self._marks = marks
        self._registry = registry
        self._now_us = now_us
        self._size = BatchSize(records=limit)
        self._memory = GatewayMemory(intake)
        self._decoding = (decoding or Decoding()).remembering(self._memory)
        self._named_anew: set[str] | None = None
        """Gateways that said what their aliases are; None: any may have, before the start."""
        self._metrics = metrics
        self._resolver = Resolver(registry())
        self._connections = Connections()
        self._letters = LetterBound(intake, kept_letters)
        self._rereading = Rereading()
        self._clocks = Clocks(intake, self._decoding)
        self._judgements = Judgements(intake)
        self._looking = Looking(intake, self._checkpoints, readings.lands_late)
        self.refusals = Refusals(now_us)
        """What gateways are to be told of what was refused."""
        self._places: dict[int, tuple[int, int]] = {}
        """The checkpoints, which nobody else moves; asked anew after any error."""
        self._lock = threading.Lock()

    def step(self, writer_no: int) -> IntakeReport:
        """Take one batch of a writer's records in.

        Raises Unavailable or StorageFull where a store does not answer, and Conflict where another
        intake took these records in: nothing is lost or doubled, and what was remembered of the
        store is forgotten; the same step may be tried again later.
        """
        with self._turn():
            report = self._finish(writer_no) + self._step(writer_no)
            return report + self._replay_named()

    def _finish(self, but: int | None = None) -> IntakeReport:
        """Take in what was judged and not committed: what is judged from now on counts on it."""
        report = IntakeReport()
        for writer_no in self._judgements.others(but):
            report += self._step(writer_no)
        return report

    def _step(self, writer_no: int) -> IntakeReport:
        place = self._checkpoint(writer_no)
        until = self._judgements.until(writer_no, place)
        located = self._journal.read(writer_no, *place, self._size.records)
        if until is not None:
            located = [one for one in located if (one.segment, one.offset) < until]
        if not located:
            self._judgements.done(writer_no)
            return IntakeReport()
        messages = self._receive(located)
        if self._clocks.follow(messages):
            messages = self._receive(located)
        keys = mark_redelivered(messages.by_itself(), self._intake.seen)
        last = located[len(messages) - 1]
        places = (*place, last.segment, last.offset + 1)
        return self._take(messages, IntakeBatch(writer_no, *places, seen_keys=keys))

    def replay_dead_letters(self) -> IntakeReport:
        """Take in dead letters whose reason a change of the registry or routes has removed; what
        came beyond those that are kept is left for `reread`."""
        with self._turn():
            report = self._finish()
            self._rereading.begin(self._intake)
            for group in mended(self._intake, self._journal, self._decoding, self._fresh()):
                report += self._replay(group)
            return report

    def _replay_named(self) -> IntakeReport:
        """Take in dead letters of metrics whose aliases a birth has told since."""
        report = IntakeReport()
        if self._named_anew is not None and not self._named_anew:
            return report
        gateways = None if self._named_anew is None else frozenset(self._named_anew)
        for group in named(self._intake, self._journal, self._decoding, self._fresh(), gateways):
            report += self._replay(group)
        if report.replayed:
            self._rereading.begin(self._intake)
        self._named_anew = set()
        return report

    def replay_asked(self) -> bool:
        """Try the dead letters that people asked for again, whatever their reason; whether there
        were any. What still stands against one leaves it open."""
        with self._turn():
            page = self._intake.dead_letters(None, state="asked", limit=_AGAIN)
            if not page:
                return False
            self._finish()
            done: set[int] = set()
            for group in asked_for(page, self._journal, self._decoding, self._fresh()):
                self._replay(group)
                done.update(group.letters)
            self._intake.leave_open([one.id for one in page if one.id not in done])
            for one in filter(is_beyond, page):
                self._rereading.add(one)
            return True

    def _replay(self, group: Mended) -> IntakeReport:
        writer_no = group.messages[0].segment >> 24
        place = self._checkpoint(writer_no)
        batch = IntakeBatch(writer_no, *place, *place, replayed=group.letters)
        return self._take(ReceivedBatch.of(group.messages), batch)

    def reread(self) -> bool:
        """Read one batch again of what came beyond the dead letters that are kept; False where
        there is nothing left. For when nothing new waits."""
        with self._turn():
            writer_no = self._rereading.writer_no
            if writer_no is None:
                return False
            self._finish()
            place = self._checkpoint(writer_no)
            batch = self._rereading.step(
                self._journal.read, place, self._decoding, self._fresh(), _AGAIN
            )
            incoming = columns(batch.messages, self._resolver.table())
            existing = self._readings.existing(incoming.rows.point, incoming.rows.time_us)
            fresh = without_known(batch.messages, incoming, existing)
            if fresh or batch.letters:
                same = IntakeBatch(writer_no, *place, *place, replayed=batch.letters)
                self._take(ReceivedBatch.of(fresh), same, True)
            self._rereading.done(batch)
            return True

    def look_at_clocks(self) -> None:
        """Ask the store anew what was decided of the clocks of gateways."""
        with self._turn():
            self._clocks.load()

    def move(self) -> bool:
        """Go through one batch of what came before a decision about a clock; False where there is
        nothing left. For when nothing new waits."""
        with self._turn():
            step = self._clocks.move()
            if step is None:
                return False
            self._finish()
            place = self._checkpoint(step.writer_no)
            read = self._journal.read(step.writer_no, *step.place, _AGAIN)
            located = [one for one in read if (one.segment, one.offset) < place]
            if located:
                batch = IntakeBatch(step.writer_no, *place, *place)
                (self._take_out if step.takes_out else self._take_moved)(step, located, batch)
            self._clocks.moved(located)
            return True

    def look(self, *, waits: bool) -> bool:
        """Hold one batch against the readings again, where upserts may have been done late; False
        where no look is due. `waits`: something new waits, so a look that is not late waits too."""
        with self._turn():
            span = self._looking.next(self._now_us(), waits)
            if span is None:
                return False
            self._finish()
            read = self._journal.read(span.writer_no, *span.place, _AGAIN)
            located = [one for one in read if (one.segment, one.offset) < span.until]
            if located:
                messages = self._receive(located)
                self._mend(span, messages)
                last = located[len(messages) - 1]
                self._looking.done((last.segment, last.offset + 1))
            else:
                self._release(span)  # marks of a look that broke off amid its writes
                self._looking.done(None)
            return True

    @property
    def doubtful_writes(self) -> int:
        """Upserts whose outcome is unknown and which may still be done."""
        return self._looking.writes

    def rebuild(self) -> IntakeReport:
        """Make the intake, and the readings that the journal holds, again from it. Readings of
        segments that have expired stay."""
        with self._turn():
            self._intake.clear()
            self._readings.forget(self._journal.segments())
            self._intake.forget_remembered(self._journal.segments())
            self._forget()
            self._rereading.forget()
        report = IntakeReport()
        for writer_no in self._journal.writers():
            while (done := self.step(writer_no)).records:
                report += done
        return report

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Alone, and with what is in doubt noted before anything more is written."""
        with self._lock:
            try:
                self._looking.note(self._now_us())
                yield
            except BaseException:
                self._places.clear()
                self._judgements.forget()
                self._memory.forget()
                raise

    def place(self, writer_no: int) -> tuple[int, int]:
        """(segment, offset) up to which a writer's records are taken in. Any thread may ask."""
        known = self._places.get(writer_no)
        return self._intake.checkpoint(writer_no) if known is None else known

    def _checkpoint(self, writer_no: int) -> tuple[int, int]:
        self._places[writer_no] = place = self.place(writer_no)
        return place

    def _checkpoints(self) -> Mapping[int, tuple[int, int]]:
        return {n: self._checkpoint(n) for n in self._journal.writers()}

    def _mend(self, span: LookSpan, messages: ReceivedBatch) -> None:
        """Put right what the messages say otherwise; they were counted when they came."""
        rows = batch_columns(messages, self._resolver.table()).rows
        existing = self._readings.existing(rows.point, rows.time_us)
        rows = rows.take(rivals(rows, existing))
        judged = classify(rows, existing)
        if not judged.stands.any():
            return  # as nearly always
        if marks := _marks(rows, judged):
            self._marks.mark(marks, writer_no=span.writer_no)
        refused = self._upsert(rows, np.flatnonzero(judged.stands))
        self._release(span)
        mended = int(judged.stands.sum()) - len(refused)
        _log.warning("readings put right after a late write", readings=mended)
        if self._metrics is not None:
            self._metrics.mended(mended)

    def _take_out(self, step: ClockMove, located: Sequence[Located], batch: IntakeBatch) -> None:
        """Take away readings of these messages that stand at other times than they should."""
        now = self._of_clock(step, located, as_reported=False)
        rows = columns(now, self._resolver.table()).rows
        reported = columns(
            self._of_clock(step, located, as_reported=True), self._resolver.table()
        ).rows
        stale = astray(reported, rows, self._clocks.offsets(step.repair.gateway), self._readings)
        if not len(stale):
            return
        self._marks.mark(clock_marks(stale), writer_no=batch.writer_no)
        self._readings.drop(stale)
        places = set(zip(*(c.tolist() for c in (stale.segment, stale.offset)), strict=True))
        kept = [m for m in now if (m.segment, m.offset) in places]
        letters = [one for one in letters_of(kept) if one.reason in WAITING]
        self._intake.commit(
            replace(batch, dead_letters=tuple(self._letters.bounded(letters)), at_us=self._now_us())
        )

    def _take_moved(self, step: ClockMove, located: Sequence[Located], batch: IntakeBatch) -> None:
        """Take in readings of these messages that do not stand where they should."""
        good = [
            replace(
                only(one, frozenset(one.found.index) - {p.index for p in one.problems}), problems=[]
            )
            for one in self._of_clock(step, located, as_reported=False)
        ]
        incoming = columns(good, self._resolver.table())
        existing = self._readings.existing(incoming.rows.point, incoming.rows.time_us)
        if fresh := without_known(good, incoming, existing):
            self._take(ReceivedBatch.of(fresh), batch, True)

    def _of_clock(
        self, step: ClockMove, located: Sequence[Located], *, as_reported: bool
    ) -> list[Received]:
        """The messages that the gateway of that clock sent."""
        resolver = self._fresh()
        read = (self._decoding.read(*one, resolver, as_reported=as_reported) for one in located)
        return [one for one in read if one.gateway == step.repair.gateway and one.is_sent]

    def _release(self, span: LookSpan) -> None:
        place = self._checkpoint(span.writer_no)
        self._intake.commit(IntakeBatch(span.writer_no, *place, *place, at_us=self._now_us()))

    def _forget(self) -> None:
        """What is remembered of the store is not true any more."""
        self._connections = Connections()
        self._letters.forget()
        self._places.clear()
        self._judgements.forget()
        self._memory.forget()
        self._clocks.forget()

    def _fresh(self) -> Resolver:
        """The resolver of the registry as it is now."""
        registry = self._registry()
        if registry is not self._resolver.registry:
            self._resolver = Resolver(registry)
        return self._resolver

    def _receive(self, located: Sequence[Located]) -> ReceivedBatch:
        return receive(located, self._decoding, self._fresh(), self._size.readings)

    def _take(
        self, messages: ReceivedBatch, batch: IntakeBatch, reread: bool = False
    ) -> IntakeReport:
        incoming = batch_columns(messages, self._resolver.table())
        existing = self._existing(incoming.rows.point, incoming.rows.time_us)
        judged = classify(incoming.rows, existing)
        outcome = self._judgements.outcome(batch, incoming.rows)
        if outcome is None:
            outcome = judged.outcome
            self._write_ahead(batch, incoming.rows, judged)
        refused = self._upsert(incoming.rows, np.flatnonzero(judged.stands))
        if batch.replayed or reread:
            self._looking.reach(incoming.rows.take(judged.corrects))
        outcome = with_problems(messages, incoming, outcome, refused)
        tally = OutcomeTally.of(messages, incoming, outcome)
        arrived = arrivals(tally, incoming, batch.writer_no, self._resolver.registry)
        if batch.replayed or reread:
            arrived = counted_before(arrived, again=reread)
        return self._commit(messages, replace(batch, arrived=arrived), tally, reread)

    def _with_heard(self, batch: IntakeBatch, messages: Sequence[Received]) -> IntakeBatch:
        """With what was heard of points that nobody registered, and of edge nodes."""
        registry = self._resolver.registry
        nodes = node_arrivals(messages, batch.writer_no, registry)
        return replace(batch, sightings=sightings(messages, registry), nodes=nodes)

    def _existing(self, point: I64, time_us: I64) -> ReadingColumns:
        """What is stored under these identities; new times are looked up nowhere. What a late write
        of another process put there meanwhile is found by a look."""
        held = self._readings.may_hold(point, time_us)
        return self._readings.existing(point[held], time_us[held])

    def _write_ahead(self, batch: IntakeBatch, rows: ReadingColumns, judged: Classified) -> None:
        marks = _marks(rows, judged)
        if batch.moves and judged.stands.any():
            self._judgements.keep(batch, rows, judged.outcome, marks)
        elif marks:
            self._marks.mark(marks, writer_no=batch.writer_no)

    def _upsert(self, rows: ReadingColumns, chosen: I64) -> dict[int, InvalidInput]:
        """Store the chosen rows; what the store will never take is found by halving."""
        if not chosen.size:
            return {}
        try:
            self._readings.upsert(rows.take(chosen))
        except OutcomeUnknown:
            self._looking.unknown()
            raise
        except InvalidInput as error:
            if chosen.size == 1:
                return {int(chosen[0]): error}
            first, second = np.array_split(chosen, 2)
            return self._upsert(rows, first) | self._upsert(rows, second)
        return {}

    def _commit(
        self, messages: ReceivedBatch, batch: IntakeBatch, tally: OutcomeTally, reread: bool
    ) -> IntakeReport:
        # what is read again and contradicts what stands was told when it came, or counted
        letters = () if reread else tuple(self._letters.bounded(letters_of(messages.by_itself())))
        counts = tally.counts(self._connections)
        again = bool(batch.replayed) or reread
        counts = taken_in(counts) if again else counts
        counts = taken_again(counts) if reread else counts
        now_us = self._now_us()
        try:
            stated = (message.statement for message in messages.by_itself())
            told = tuple(one for one in stated if one is not None)
            said, outlived = self._memory.changes()
            batch = replace(batch, remembered=said, outlived=outlived)
            if not again:
                batch = self._with_heard(batch, messages.by_itself())
            self._intake.commit(
                replace(batch, counts=counts, dead_letters=letters, at_us=now_us, statements=told)
            )
        except Conflict:
            self._forget()
            self._rereading.begin(self._intake)  # some of what it is at may not be open any more
            raise
        self._memory.committed()
        if self._named_anew is not None:
            self._named_anew.update(one.gateway for one in batch.remembered)
        self._places[batch.writer_no] = batch.next_segment, batch.next_offset
        self._judgements.done(batch.writer_no)
        if batch.moves:
            self._clocks.note()
            self._clocks.watch(batch.arrived, now_us)
        if not batch.replayed:  # of these it was told when they came
            self.refusals.note(letters)
        report = tally.report(dead=len(letters), replayed=len(batch.replayed))
        if self._metrics is not None and not reread:
            arrived_us = messages.last_arrived_us
            lag_us = now_us - arrived_us if arrived_us and not batch.replayed else None
            self._metrics.observe(report, tally.dead(), lag_us)
        return report


def _marks(rows: ReadingColumns, judged: Classified) -> list[DirtyMark]:
    """What the ledger has to look at."""
    corrects = judged.corrects
    return dirty_marks(rows.take(judged.changed & ~corrects), rows.take(corrects))
