"""What the intake does about the clocks of gateways: it follows those that were wrong, finds
others, and moves what came before it was decided.

    messages ─▶ follow: is it still wrong?  ─▶ how messages are read
    arrivals ─▶ watch: is another wrong?    ─▶ a proposal, or a repair
    decision ─▶ moves: take out what stands at times as reported, then take in at the right ones
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from collector.intake.batch import ReceivedBatch
from collector.intake.bulk import NEVER
from collector.intake.decoding import Decoding
from collector.journal.record import Located
from metering.clock_repair import (
    DEFAULT_MODE,
    LEAST_US,
    ClockMode,
    ClockRepair,
    by_gateway,
    followed,
    found_wrong,
)
from metering.delivery import Arrived, Receipt
from metering.intake import LetterCause
from metering.ports import IntakeStore

DAY_US = 86_400_000_000
NOTED_US = 60_000_000
"""So often at most it is noted that a clock is still wrong [us]."""
_RECEIPTS = 1_000
Place = tuple[int, int]
"""(segment, offset) in the journal."""
WAITING = ("future_time", "old_time", "doubtful_clock")
"""Reasons of letters that a decision about a clock may mend."""


@dataclass(frozen=True)
class ClockMove:
    """A part of the journal to be gone through for a decision."""

    repair: ClockRepair
    writer_no: int
    place: Place
    takes_out: bool
    """What stands at other times than it should; else what should stand is taken in. All is taken
    out first: a time may be another reading's right one."""


class Clocks:
    """The clocks of gateways, as the store has them. For one thread."""

    def __init__(self, store: IntakeStore, decoding: Decoding) -> None:
        self._store = store
        self._decoding = decoding
        self._known: dict[int, ClockRepair] = {}
        """As stored."""
        self._now: dict[int, ClockRepair] = {}
        """With what was seen since."""
        self._modes: Mapping[str, ClockMode] = {}
        self._moves: list[ClockMove] = []
        self._moving: ClockRepair | None = None
        self._watched: dict[str, int] = {}
        self._loaded = False

    def load(self) -> None:
        """Ask the store anew: people decide as well."""
        self._known = {one.id: one for one in self._store.clock_repairs()}
        self._now = {id: self._later(one) for id, one in self._known.items()}
        self._modes = self._store.clock_modes()
        self._loaded = True
        self._tell()

    def _later(self, one: ClockRepair) -> ClockRepair:
        """With what was seen here and is not stored yet."""
        now = self._now.get(one.id, one)
        same = (now.from_us, now.until_us, now.state) == (one.from_us, one.until_us, one.state)
        seen_us = max(one.seen_us, now.seen_us)
        return replace(one, seen_us=seen_us) if same and not one.until_us else one

    def offsets(self, gateway: str) -> set[int]:
        """How far readings of a gateway may stand from the times reported [us]."""
        own = (one for one in self._known.values() if one.gateway == gateway)
        return {0, *(one.offset_us for one in own)}

    def follow(self, messages: ReceivedBatch) -> bool:
        """Note what messages say of clocks that were wrong; whether some of these messages are to
        be read again for it."""
        if not self._loaded:
            self.load()
        own = {one.gateway for one in self._now.values() if not one.until_us}
        if not own:
            return False
        told = _told(messages, own)
        changed = set()
        for id, one in list(self._now.items()):
            now = followed(one, told.get(one.gateway, ()))
            if now != one:
                self._now[id] = now
                changed |= {one.gateway} if one.state == "repaired" else set()
        if changed:
            self._tell()
        doubtful = {
            message.gateway
            for message in messages.by_itself()
            if any(one.reason == "doubtful_clock" for one in message.problems)
        }
        return bool(changed & doubtful)

    def note(self) -> None:
        """Keep what was seen, once messages are taken in that say so."""
        for id, now in list(self._now.items()):
            known = self._known.get(id)
            if known is None or not _tells_more(known, now):
                continue
            if (kept := self._store.keep_clock_repair(now, known)) is None:
                return self.load()
            self._known[id] = self._now[id] = kept
            if kept.state == "repaired":
                self._ask(kept.gateway, "doubtful_clock")
        return None

    def watch(self, arrived: Iterable[Arrived], now_us: int) -> None:
        """Look for clocks that are wrong, of gateways of which something came, once in a quarter
        hour of each."""
        off = {}
        for one in arrived:
            wrong = [delay.quarter for delay in one.delays if abs(delay.least_us) >= LEAST_US]
            if wrong and max(wrong) > self._watched.get(one.gateway, -1):
                off[one.gateway] = max(wrong)
        off = {gateway: at for gateway, at in off.items() if self._mode(gateway) != "off"}
        if not off:
            return
        self._watched |= off
        for gateway, state in self._store.delivery_states(frozenset(off)).items():
            known = [one for one in self._now.values() if one.gateway == gateway]
            changes = found_wrong(state, known, self._mode(gateway), now_us)
            for change in changes:
                self._store.keep_clock_repair(change, self._known.get(change.id))
            if changes:
                self.load()
                if any(one.state == "repaired" for one in changes):
                    self._ask(gateway, *WAITING)

    def move(self) -> ClockMove | None:
        """What is to be gone through next; None where nothing is."""
        if not self._moves:
            self._moving = next((one for one in self._known.values() if one.pending), None)
            if self._moving is not None:
                self._ask(self._moving.gateway, *WAITING)
                self._moves = list(self._all_moves(self._moving))
                if not self._moves:
                    self._done()
        return self._moves[0] if self._moves else None

    def moved(self, read: Sequence[Located]) -> None:
        """Those records are gone through; none: the part is done."""
        first = self._moves.pop(0)
        if read:
            place = read[-1].segment, read[-1].offset + 1
            self._moves.insert(0, replace(first, place=place))
        elif not self._moves:
            self._done()

    def forget(self) -> None:
        """Begin moves anew, and ask the store."""
        self._moves, self._loaded = [], False

    def _done(self) -> None:
        if self._moving is not None and (known := self._known.get(self._moving.id)) is not None:
            if known == self._moving:
                self._store.keep_clock_repair(replace(known, pending=False), known)
            self._moving = None
            self.load()

    def _all_moves(self, repair: ClockRepair) -> Iterator[ClockMove]:
        places = _first_places(self._store, repair)
        for takes_out in (True, False):
            for writer_no, place in sorted(places.items()):
                yield ClockMove(repair, writer_no, place, takes_out)

    def _mode(self, gateway: str) -> ClockMode:
        return self._modes.get(gateway, DEFAULT_MODE)

    def _tell(self) -> None:
        self._decoding.repair_clocks(by_gateway(self._now.values()))

    def _ask(self, gateway: str, *reasons: str) -> None:
        for reason in reasons:
            self._store.ask_again(None, LetterCause(gateway=gateway, reason=reason))


def _tells_more(known: ClockRepair, now: ClockRepair) -> bool:
    later = now.seen_us - known.seen_us >= NOTED_US
    return later or (now.until_us, now.rights) != (known.until_us, known.rights)


def _told(messages: ReceivedBatch, gateways: set[str]) -> dict[str, list[tuple[int, int]]]:
    """(arrival, when it was sent by the gateway's clock) of their messages, in order."""
    plain, found = messages.plain, {}
    for row in [row for row, gateway in enumerate(plain.gateway) if gateway in gateways]:
        if plain.sent_us[row] != NEVER:
            times = int(plain.arrived_us[row]), int(plain.sent_us[row])
            found[int(plain.number[row])] = (plain.gateway[row], times)
    for number, one in messages.apart.items():
        if one.gateway in gateways and one.is_sent and one.found.sent_us is not None:
            found[number] = (one.gateway, (one.record.arrived_us, one.found.sent_us))
    told: dict[str, list[tuple[int, int]]] = {}
    for _, (gateway, times) in sorted(found.items()):
        told.setdefault(gateway, []).append(times)
    return told


def _first_places(store: IntakeStore, repair: ClockRepair) -> dict[int, Place]:
    """By writer the first message of the gateway that came a day before the clock was off, or
    later."""
    day, before = repair.from_us // DAY_US - 1, None
    found: dict[int, Place] = {}
    while page := store.receipts(repair.gateway, before=before, limit=_RECEIPTS):
        for one in page:
            if one.day >= day:
                found[one.writer_no] = min(found.get(one.writer_no, one.first), one.first)
        if page[-1].day < day or len(page) < _RECEIPTS:
            break
        before = _next_before(page)
    return found


def _next_before(page: Sequence[Receipt]) -> int:
    """A day may be cut by the end of a page: it is asked for again, but where it fills the page."""
    last = page[-1].day
    return last + 1 if page[0].day > last else last
