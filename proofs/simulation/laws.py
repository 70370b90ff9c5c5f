"""What must hold once all is at rest, told from outside: by what gateways sent and were told, by
the journal, and by what stores and books hold."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from collector.intake import Intake
from collector.journal import JournalReader, Located, Record, RecordPlace
from ledger import Ledger
from metering.book import BookRow
from metering.bookhash import book_hash
from metering.errors import NotFound
from metering.localtime import local_day
from proofs.simulation.gateways import AHEAD_US, GatewayClient, SentMessage
from proofs.simulation.platform import WRITER, ZONE, Kept, SimulatedPlatform, WrittenTogether
from storage.memory import MemoryBooks, MemoryReadings

MOST_TOLD = 3
EVER = 2**62
LETTERS = 100_000
NOTED_S = 1.0
"""How often the note of where the journal ends is synced."""


@dataclass
class SentTruth:
    """What the gateways sent, and which of it must stand."""

    messages: list[SentMessage]
    standing: dict[tuple[str, str, int], float]


Identity = tuple[str, int, bytes]
"""What a message is known by: gateway, packet id and payload. A gateway gives no id twice here."""


def _identity(record: Record) -> Identity:
    return record.gateway, record.packet_id, record.payload


class Verdict:
    """Judges a platform at rest."""

    def __init__(
        self,
        platform: SimulatedPlatform,
        sent: SentTruth,
        gateways: list[GatewayClient],
        flipped: set[str],
    ) -> None:
        self._flipped = flipped
        self._platform, self._sent, self._gateways = platform, sent, gateways
        self._refused: set[tuple[int, int]] = set()
        """Readings that were further ahead of their arrival than is taken, at least once."""
        self._records = _all(JournalReader(platform.root))
        self._copies: dict[Identity, list[Located]] = defaultdict(list)
        for one in self._records:
            if one.record.kind == "message":
                self._copies[_identity(one.record)].append(one)

    def violations(self) -> Iterator[str]:
        """Each law that is broken, with an example or three."""
        for gateway in self._gateways:
            yield from gateway.complaints[:MOST_TOLD]
        yield from self._told("acknowledged, and not in the journal", self._unstored())
        yield from self._told("in the journal otherwise than written", self._rewritten())
        yield from self._told("no dead letter", self._without_letter())
        yield from self._told("reading", self._unlike_truth())
        yield from self._told("reported lost, and no bit flipped", self._lost_for_nothing())
        yield from self._told("counter", self._miscounted())
        yield from self._unlike_undisturbed()

    def _told(self, law: str, found: Iterator[str]) -> Iterator[str]:
        every = list(found)
        if every:
            yield f"{law}: {len(every)}, e.g. {'; '.join(every[:MOST_TOLD])}"

    def _copies_of(self, message: SentMessage) -> list[Located]:
        return self._copies.get((message.gateway, message.packet_id, message.payload), [])

    def _is_lost(self, message: SentMessage) -> bool:
        """Whether a record of it was reported lost, by file and range."""
        known = message.gateway, message.packet_id, message.payload
        return any(
            self._is_reported(written, place)
            for written in self._platform.written
            for place, record in enumerate(written.records)
            if _identity(record) == known
        )

    def _is_reported(self, written: WrittenTogether, place: int) -> bool:
        """Whether a record was reported lost, or need not be: of those that a collector wrote in
        the second before its power went, the note of the end was not yet synced."""
        at = RecordPlace(written.place.segment, written.place.offset + place)
        if any(lost.holds(at) for lost in self._platform.lost):
            return True
        if written.process not in self._platform.cut or not self._is_flipped(at.segment):
            return False
        last_s = max(o.at_s for o in self._platform.written if o.process is written.process)
        return written.at_s > last_s - NOTED_S

    def _is_flipped(self, segment: int) -> bool:
        name = f"{segment & 0xFFFFFF:08d}."
        return any(file.startswith(name) for file in self._flipped)

    def _unstored(self) -> Iterator[str]:
        for message in self._sent.messages:
            stored = not message.acknowledged or self._copies_of(message)
            if not stored and not self._is_lost(message):
                yield f"{message.gateway} {message.number}"

    def _rewritten(self) -> Iterator[str]:
        """A record that `append` took is at its place, or was reported lost."""
        found = {(one.segment, one.offset): one.record for one in self._records}
        for written in self._platform.written:
            segment, first = written.place
            for place, record in enumerate(written.records):
                at = segment, first + place
                if found.get(at) != record and not self._is_reported(written, place):
                    yield f"{at[0]}/{at[1]} {record.kind}"

    def _lost_for_nothing(self) -> Iterator[str]:
        """Only of a file in which bits flipped may anything be lost."""
        for lost in self._platform.lost:
            if not self._is_flipped(lost.segment):
                yield f"{lost.segment} from {lost.first} to {lost.after}"

    def _without_letter(self) -> Iterator[str]:
        letters = self._platform.kept.intake.dead_letters(None, limit=LETTERS)
        told = {(one.gateway, one.reason, one.preview) for one in letters}
        for message in self._sent.messages:
            wanted = message.gateway, message.refused, message.payload[:512]
            if message.refused and self._copies_of(message) and wanted not in told:
                yield f"{message.gateway} {message.number} {message.refused}"

    def _taken(self) -> list[Located]:
        """Of each message the record that counts: with times the one that arrived last, since its
        readings were least ahead; without, the first one."""
        chosen = []
        for message in self._sent.messages:
            if copies := self._copies_of(message):
                timed = all(at is not None for _, at, _ in message.readings)
                last = max(copies, key=lambda one: one.record.arrived_us)
                chosen.append(last if timed else copies[0])
        return sorted(chosen, key=lambda one: (one.segment, one.offset))

    def _wanted(self) -> dict[tuple[int, int], float]:
        """By (point, time [us]): the value that must stand, of what is in the journal."""
        registry, best = self._platform.registry, dict[tuple[int, int], tuple[object, float]]()
        taken = {_identity(one.record): one for one in self._taken()}
        for message in self._sent.messages:
            one = taken.get((message.gateway, message.packet_id, message.payload))
            if one is None:
                continue
            arrived_us = one.record.arrived_us
            order = message.order or (arrived_us, one.segment << 32 | one.offset)
            for name, at_us, value in message.readings:
                point = registry.point_of(message.gateway, name)
                assert point is not None
                if at_us is not None and at_us > arrived_us + AHEAD_US:
                    self._refused.add((point.id, at_us))
                    continue
                place = point.id, arrived_us if at_us is None else at_us
                if place not in best or best[place][0] < order:  # type: ignore[operator]
                    best[place] = order, value
        return {place: value for place, (_, value) in best.items()}

    def _unlike_truth(self) -> Iterator[str]:
        wanted, found = self._wanted(), _values(self._platform.kept.readings)
        for place in sorted(wanted.keys() | found.keys()):
            if wanted.get(place) != found.get(place):
                yield f"point, time {place}: {found.get(place)} instead of {wanted.get(place)}"
        if all(self._copies_of(message) for message in self._sent.messages):
            yield from self._untrue(found)

    def _untrue(self, found: dict[tuple[int, int], float]) -> Iterator[str]:
        """Where nothing was lost the last correction stands, but for what came while the platform's
        clock was so wrong that it was refused."""
        for (gateway, name, at_us), value in sorted(self._sent.standing.items()):
            point = self._platform.registry.point_of(gateway, name)
            assert point is not None
            place = point.id, at_us
            if place not in self._refused and found.get(place) != value:
                yield f"{gateway} {name} {at_us} is {found.get(place)}, not {value}"

    def _miscounted(self) -> Iterator[str]:
        came = Counter(one.record.gateway for one in self._records if one.record.kind == "message")
        told = {one.gateway: one.counts.messages for one in self._platform.kept.intake.gateways()}
        for gateway, count in sorted(came.items()):
            if told.get(gateway, 0) != count:
                yield f"{gateway} counts {told.get(gateway, 0)} messages of {count}"

    def _unlike_undisturbed(self) -> Iterator[str]:
        """The same messages, once each, in one go through stores and parts that nothing befell."""
        kept, clock = Kept(), self._platform.clock
        journal = _Undisturbed([one.record for one in self._taken()])
        registry = self._platform.registry
        intake = Intake(
            journal, kept.readings, kept.intake, kept.marks, lambda: registry, clock.now_us
        )
        while intake.step(WRITER).records:
            pass
        ledger = Ledger(kept.readings, kept.books, kept.marks, lambda: registry, clock.now_us)
        while ledger.step().marks:
            pass
        ours, theirs = self._platform.kept.books, kept.books
        if book_hash(ours) != book_hash(theirs):
            touched = self._days_lost()
            unlike = [row for row in _unlike(ours, theirs) if row.day not in touched]
            if unlike or not touched:
                told = [f"{row.key.kind} {row.key.code} {row.day}" for row in unlike[:MOST_TOLD]]
                yield f"books are not those of an undisturbed run: {'; '.join(told)}"

    def _days_lost(self) -> set[date]:
        """Days with readings of which a record was lost, and the days around: a row of the books
        stays as it stands where the readings behind it are not all left."""
        known = {_identity(one.record) for one in self._records}
        lost = {
            _identity(record)
            for written in self._platform.written
            for record in written.records
            if record.kind == "message" and _identity(record) not in known
        }
        days = {
            local_day(at_us, ZONE)
            for message in self._sent.messages
            if (message.gateway, message.packet_id, message.payload) in lost
            for _, at_us, _ in message.readings
            if at_us is not None
        }
        return {day + timedelta(days=around) for day in days for around in (-1, 0, 1)}


class _Undisturbed:
    """A journal in memory."""

    def __init__(self, records: list[Record]) -> None:
        self._records = [replace_dup(record) for record in records]

    def writers(self) -> list[int]:
        return [WRITER]

    def read(self, writer_no: int, segment: int, offset: int, limit: int) -> list[Located]:
        del segment
        found = self._records[offset : offset + limit]
        return [Located(writer_no << 24 | 1, at, one) for at, one in enumerate(found, offset)]

    def record(self, segment: int, offset: int) -> Record:
        del segment
        if offset >= len(self._records):
            raise NotFound("no such record", field="offset", value=offset, fix="ask for another")
        return self._records[offset]

    def segments(self) -> list[int]:
        return [WRITER << 24 | 1]


def replace_dup(record: Record) -> Record:
    """As if it had come the first time."""
    fields = {name: getattr(record, name) for name in Record.__struct_fields__}
    return Record(**(fields | {"dup": False}))


def _unlike(ours: MemoryBooks, theirs: MemoryBooks) -> Iterator[BookRow]:
    """Rows that one has and the other has not, or otherwise."""
    left = {(row.key, row.day): row for row in ours.digest_rows()}
    right = {(row.key, row.day): row for row in theirs.digest_rows()}
    for place in sorted(left.keys() | right.keys()):
        one, other = left.get(place), right.get(place)
        if one is None or other is None or not one.same_content(other):
            found = one or other
            assert found is not None
            yield found


def _all(reader: JournalReader) -> list[Located]:
    found: list[Located] = []
    segment = offset = 0
    while page := reader.read(WRITER, segment, offset, 1_000):
        found += page
        segment, offset = page[-1].segment, page[-1].offset + 1
    reader.close()
    return found


def _values(readings: MemoryReadings) -> dict[tuple[int, int], float]:
    rows = readings.scan(range(1, 1_000), -EVER, EVER)
    found = zip(rows.point.tolist(), rows.time_us.tolist(), rows.value.tolist(), strict=True)
    return {(point, time_us): value for point, time_us, value in found}
