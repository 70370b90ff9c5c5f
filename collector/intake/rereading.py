"""Reading again, batch by batch, what came beyond the dead letters that are kept.

A letter that counts them says where the first one lies. From there to the end of that day the
gateway's messages are taken as if they came anew, with whatever can be read of them now: what
was taken before comes out as a duplicate of itself, and what was not is taken in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from collector.intake.dead_letters import MENDABLE
from collector.intake.decoding import Decoding, Received, only
from collector.intake.letter_bound import DAY_US, is_beyond
from collector.intake.normalise import Columns
from collector.intake.redelivery import Key, key_of
from collector.intake.resolve import Resolver
from collector.journal.record import Located
from metering.intake import DeadLetter
from metering.ports import IntakeReader
from metering.quantity import I64
from metering.reading import ReadingColumns

_LATE_US = 600_000_000
"""Records of one journal are out of the order of their arrival by less than this."""
_PAGE = 1_000
Read = Callable[[int, int, int, int], list[Located]]


@dataclass(frozen=True)
class _Scan:
    letter: DeadLetter
    place: tuple[int, int]
    keys: frozenset[Key] = frozenset()
    mended: bool = True

    @property
    def ends_us(self) -> int:
        return (self.letter.arrived_us // DAY_US + 1) * DAY_US + _LATE_US


@dataclass(frozen=True)
class Reread:
    """Messages of one batch, cut down to what is good of them now."""

    messages: Sequence[Received]
    letters: tuple[int, ...]
    """Whose reason is gone, as all that they stood for is read."""
    goes_on: _Scan | None
    """What comes after it; None where that was all."""


class Rereading:
    """What is still to be read again."""

    def __init__(self) -> None:
        self._scans: deque[_Scan] = deque()

    def begin(self, store: IntakeReader) -> None:
        """All open letters that stand for others, from their places on; the registry has changed,
        and what was under way begins anew."""
        self._scans = deque(_Scan(one, (one.segment, one.offset)) for one in _all_beyond(store))

    def add(self, letter: DeadLetter) -> None:
        """A letter that stands for others, and that a person asked for."""
        self._scans.append(_Scan(letter, (letter.segment, letter.offset)))

    def forget(self) -> None:
        """There is nothing to be read again any more."""
        self._scans.clear()

    def step(
        self, read: Read, until: tuple[int, int], decoding: Decoding, resolver: Resolver, limit: int
    ) -> Reread:
        """The next batch of `writer_no`, none of it from `until` on, where its intake stands."""
        scan = self._scans[0]
        writer_no = scan.letter.segment >> 24
        found = [
            one
            for one in read(writer_no, *scan.place, limit)
            if (one.segment, one.offset) < until and one.record.arrived_us < scan.ends_us
        ]
        if not found:
            return Reread((), (scan.letter.id,) if scan.mended else (), None)
        place = (found[-1].segment, found[-1].offset + 1)
        return _good(replace(scan, place=place), found, decoding, resolver)

    def done(self, batch: Reread) -> None:
        """The batch is taken in."""
        self._scans.popleft()
        if batch.goes_on is not None:
            self._scans.appendleft(batch.goes_on)

    @property
    def writer_no(self) -> int | None:
        """Whose journal is read next; None where nothing is to be read."""
        return self._scans[0].letter.segment >> 24 if self._scans else None


def without_known(
    messages: Sequence[Received], incoming: Columns, existing: ReadingColumns
) -> list[Received]:
    """The messages without the readings that are stored from these very messages."""
    stored = set(zip(*(column.tolist() for column in _lineage(existing)), strict=True))
    fresh: dict[int, set[int]] = {}
    for row, lineage in enumerate(zip(*(c.tolist() for c in _lineage(incoming.rows)), strict=True)):
        if lineage not in stored:
            fresh.setdefault(int(incoming.message[row]), set()).add(lineage[2])
    return [only(messages[number], frozenset(indices)) for number, indices in fresh.items()]


def _lineage(rows: ReadingColumns) -> tuple[I64, I64, I64]:
    return rows.segment, rows.offset, rows.index


def gateways_to_reread(store: IntakeReader) -> frozenset[str]:
    """Gateways of which messages beyond the dead letters that are kept may be read again."""
    return frozenset(letter.gateway for letter in _all_beyond(store))


def _all_beyond(store: IntakeReader) -> Iterable[DeadLetter]:
    for reason in MENDABLE:
        yield from _beyond(store, reason)


def _beyond(store: IntakeReader, reason: str) -> Iterable[DeadLetter]:
    before = None
    while page := store.dead_letters(
        None, state="open", reason=reason, before_id=before, limit=_PAGE
    ):
        yield from filter(is_beyond, page)
        before = page[-1].id


def _good(scan: _Scan, found: Iterable[Located], decoding: Decoding, resolver: Resolver) -> Reread:
    messages, keys, mended = [], set(scan.keys), scan.mended
    for segment, offset, record in found:
        received = decoding.read(segment, offset, record, resolver)
        if received.gateway != scan.letter.gateway or not received.is_message:
            continue
        bad = {problem.index for problem in received.problems}
        mended &= all(one.reason != scan.letter.reason for one in received.problems)
        good = frozenset(received.found.index) - bad
        if good and -1 not in bad and not _came_before(received, keys):
            messages.append(replace(only(received, good), problems=[]))
    return Reread(messages, (), replace(scan, keys=frozenset(keys), mended=mended))


def _came_before(received: Received, keys: set[Key]) -> bool:
    """Whether readings that go by their arrival were delivered earlier."""
    key = key_of(received) if received.is_untimed else None
    if key is None:
        return False
    numbered = received.found.session is not None  # else a packet id, and those come round
    before = received.record.dup or (numbered and key in keys)
    keys.add(key)
    return before
