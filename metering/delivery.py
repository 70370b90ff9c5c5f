"""What is missing of what a gateway sent, found from what came; and what it is asked to send again.

    numbers that came    1 2 3 . . 6 7            gap after 3, before 6: 4 and 5 are missing
    times that came      01:30 01:45 . . 05:00    gap after 01:45, before 05:00

A gap is what lies between two that came. What comes late shortens, splits or closes it, so of the
same messages the same is missing in the end, however they were cut into batches.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from metering.errors import InvalidInput
from metering.localtime import iso
from metering.quantity import I64

GapKind = Literal["sequence", "times", "hand"]
"""Numbers of a session, a stretch of time, or what a person wants to have again."""
GapState = Literal["open", "closed", "lost", "given_up"]
"""Missing; arrived after all; the gateway has it no more; asked for in vain, or never asked."""

MOST_OPEN = 64
"""Gaps of one gateway that are followed at once; of more the oldest are given up."""
OLDEST_US = 35 * 86_400_000_000
"""What was missed longer ago is not asked for: gateways keep weeks at most."""
BACK_OFF_S = (300, 900, 3_600, 21_600, 86_400)
"""Between one try to have a gap filled and the next; the last one stands for all that follow."""
_STEPS, _DISTANCES, _DELAYS = 16, 64, 8
_KNOWN_STEPS, _KNOWN_DISTANCES = 4, 8
_MS_US = 1_000
_SUMMED = ("messages", "bytes", "new", "duplicates", "corrections", "outdated", "late", "dead")
LATE_US = 3_600_000_000
QUARTER_US = 900_000_000
NEAR_US = 30_000_000
"""Delays of messages that are that close say the same of a clock."""


@dataclass(frozen=True)
class Gap:
    """What did not come of one gateway, between two that did."""

    gateway: str
    kind: GapKind
    session: int
    """Of numbers; 0 of all else."""
    after: int
    """The last that came before it: a number or a time [us UTC]. By hand: the first time asked."""
    before: int
    """The first that came behind it. By hand: the time up to which is asked, not with it."""
    least: int
    """Two that came are no gap where they are no further apart: 1 of numbers, else [us]."""
    found_us: int
    """Arrival of what it was seen by, or when a person asked."""
    changed_us: int
    """When it was found, asked for, shortened or ended last."""
    state: GapState = "open"
    tries: int = 0
    """How often it was asked for."""
    asked_us: int = 0
    asked_as: int = 0
    """The id that the gateway was told: its own, or that of the gap which it was split from."""
    next_us: int = 0
    """Not to be asked for before [us UTC]."""
    asked_by: str = ""
    """Who asked by hand; '' where the platform found it."""
    id: int = 0

    @property
    def numbers(self) -> tuple[int, int] | None:
        """(first, last) missing number of the session; None of times."""
        return (self.after + 1, self.before - 1) if self.kind == "sequence" else None

    @property
    def times_us(self) -> tuple[int, int] | None:
        """[from, until) of what is missing [us UTC]; None of numbers. Times are told in
        milliseconds, so one of them behind the last that came."""
        if self.kind == "sequence":
            return None
        return (self.after if self.kind == "hand" else self.after + _MS_US, self.before)


@dataclass(frozen=True)
class ResendAnswer:
    """What a gateway answered to a request."""

    id: int
    """As it was asked."""
    has: bool
    """False: it does not have it any more."""


@dataclass(frozen=True)
class Receipt:
    """What came of a gateway on a day of its site, by one way in."""

    gateway: str
    day: int
    """Days since 1970-01-01, of the arrival."""
    writer_no: int
    messages: int = 0
    bytes: int = 0
    """Of payloads."""
    new: int = 0
    duplicates: int = 0
    corrections: int = 0
    outdated: int = 0
    late: int = 0
    """Of those that were new or corrected another, how many came an hour after their time."""
    dead: int = 0
    first: tuple[int, int] = (0, 0)
    """(segment, offset) of the first message in the journal."""
    last: tuple[int, int] = (0, 0)

    def __add__(self, other: Receipt) -> Receipt:
        """Of both, of the same gateway, day and way in."""
        sums = {name: getattr(self, name) + getattr(other, name) for name in _SUMMED}
        first, last = min(self.first, other.first), max(self.last, other.last)
        return replace(self, **sums, first=first, last=last)


@dataclass(frozen=True)
class ClockDelay:
    """What messages of one quarter hour said of the clock of their gateway."""

    quarter: int
    """Of the arrival, quarter hours since 1970."""
    least_us: int
    """The least time from when a message was sent, as the gateway's clock says, to its arrival
    [us]."""
    near: int = 1
    """Messages that took about as long, to half a minute."""
    first_us: int = 0
    """Arrival of the first of these [us UTC]."""
    last_us: int = 0

    def __add__(self, other: ClockDelay) -> ClockDelay:
        """Of both, of the same quarter hour."""
        if abs(self.least_us - other.least_us) > NEAR_US:
            return self if self.least_us < other.least_us else other
        return ClockDelay(
            self.quarter,
            min(self.least_us, other.least_us),
            self.near + other.near,
            min(self.first_us, other.first_us),
            max(self.last_us, other.last_us),
        )


@dataclass(frozen=True, eq=False)
class Arrived:
    """What one batch brought of a gateway."""

    gateway: str
    writer_no: int
    """By which way in, as the journal counts its writers."""
    at_us: int
    """The latest arrival [us UTC]."""
    numbers: Mapping[int, I64] = field(default_factory=dict)
    """By session: numbers of its messages, ascending, each once."""
    times_us: I64 = field(default_factory=lambda: np.zeros(0, np.int64))
    """Times that the gateway gave its readings, ascending, each once [us UTC]."""
    answers: tuple[ResendAnswer, ...] = ()
    delays: tuple[ClockDelay, ...] = ()
    """One of each quarter hour in which it told its clock."""
    receipts: tuple[Receipt, ...] = ()


@dataclass(frozen=True)
class DeliveryState:
    """How far a gateway has come, and how it counts."""

    gateway: str
    writer_no: int = 0
    """By which way in it came last."""
    session: int = -1
    """The highest; -1 where it gives no numbers."""
    seq: int = 0
    """The highest number of that session."""
    steps: tuple[int, ...] = ()
    """From one number to the next, the latest ones."""
    newest_us: int = 0
    """The latest time of a reading; 0 for none."""
    distances_us: tuple[int, ...] = ()
    """From one time to the next, the latest ones [us]."""
    delays: tuple[ClockDelay, ...] = ()
    """Of the latest quarter hours in which it told its clock."""

    @property
    def clock_offset_us(self) -> int | None:
        """How far the gateway's clock is ahead of ours [us], behind where negative; None where it
        does not tell.

        The least delay counts: a message that waited at the gateway or on its way says nothing of
        the clock. Where all of them waited, a clock looks behind by that.
        """
        return -min(one.least_us for one in self.delays) if self.delays else None

    @property
    def counts_by_one(self) -> bool:
        """False where most numbers are not the one before and one: then nothing follows from a
        number that is missing."""
        known = len(self.steps) >= _KNOWN_STEPS
        return not known or 2 * self.steps.count(1) >= len(self.steps)


def usual_step(distances_us: Sequence[int]) -> int | None:
    """The step in which times follow each other [us]; None where it is not known yet, or where
    they keep none.

    The distance that nine of ten do not exceed, if a quarter of them is within a fifth of it:
    readings of several meters a minute apart leave one long pause in each round, and those of
    events keep no measure.
    """
    if len(distances_us) < _KNOWN_DISTANCES:
        return None
    ordered = np.sort(np.array(distances_us, np.int64))
    step = int(ordered[(9 * len(ordered) - 1) // 10])
    near = np.abs(ordered - step) * 5 <= step
    return step if 4 * int(near.sum()) >= len(ordered) else None


def advance(
    state: DeliveryState, gaps: Iterable[Gap], arrived: Arrived
) -> tuple[DeliveryState, list[Gap]]:
    """(how far the gateway is now, gaps that have changed or are new, without an id).

    gaps: those of the gateway that are open.
    """
    left, changed = _answered(list(gaps), arrived)
    kept: list[Gap] = []
    for gap in left:
        pieces = _pieces(gap, arrived)
        if pieces is None:
            kept.append(gap)
            continue
        fresh = _cut(gap, pieces, arrived.at_us)
        kept += [one for one in fresh if one.state == "open"]
        changed += fresh
    delays = _least(state.delays, arrived.delays)
    state = replace(state, writer_no=arrived.writer_no, delays=delays)
    state, found = _numbered(state, arrived) if arrived.numbers else (state, [])
    if not arrived.numbers and state.session < 0:
        state, found = _timed(state, arrived)
    if not state.counts_by_one:
        found, vain = [], [one for one in kept if one.kind == "sequence"]
        kept = [one for one in kept if one.kind != "sequence"]
        changed = _instead(changed, [ended(one, "given_up", arrived.at_us) for one in vain], vain)
    surplus = len(kept) + len(found) - MOST_OPEN
    if surplus > 0:
        oldest = sorted(kept, key=lambda one: one.found_us)[:surplus]
        changed = _instead(
            changed, [ended(one, "given_up", arrived.at_us) for one in oldest], oldest
        )
    return state, changed + found


def _instead(changed: list[Gap], over: list[Gap], of: list[Gap]) -> list[Gap]:
    return [one for one in changed if one not in of] + over


def ended(gap: Gap, state: GapState, at_us: int) -> Gap:
    """The gap as it is no longer followed."""
    return replace(gap, state=state, changed_us=at_us)


def asked(gap: Gap, now_us: int) -> Gap:
    """The gap once it was asked for, not to be asked for again before the pause is over."""
    pause_s = BACK_OFF_S[min(gap.tries, len(BACK_OFF_S) - 1)]
    return replace(
        gap,
        tries=gap.tries + 1,
        asked_us=now_us,
        changed_us=now_us,
        asked_as=gap.id,
        next_us=now_us + pause_s * 1_000_000,
    )


def by_hand(gateway: str, from_us: int, until_us: int, asked_by: str, now_us: int) -> Gap:
    """A request of a person for all readings of a time [from, until). InvalidInput where that is
    none, is to come, or is longer than gateways keep readings."""
    if until_us <= from_us:
        raise InvalidInput(
            "the time asked for ends before it begins",
            field="until",
            value=iso(until_us),
            fix="an instant after `from`",
        )
    if from_us > now_us:
        raise InvalidInput(
            "the time asked for is to come",
            field="from",
            value=iso(from_us),
            fix="a time of which readings are missing",
        )
    if until_us - from_us > OLDEST_US:
        raise InvalidInput(
            "the time asked for is longer than gateways keep readings",
            field="until",
            value=iso(until_us),
            fix="at most 35 days at once",
        )
    gap = Gap(gateway, "hand", 0, from_us, until_us, 0, now_us, now_us)
    return replace(gap, next_us=now_us, asked_by=asked_by)


def _least(known: Iterable[ClockDelay], more: Iterable[ClockDelay]) -> tuple[ClockDelay, ...]:
    found = {one.quarter: one for one in known}
    for one in more:
        before = found.get(one.quarter)
        found[one.quarter] = one if before is None else before + one
    return tuple(found[quarter] for quarter in sorted(found)[-_DELAYS:])


def _answered(gaps: list[Gap], arrived: Arrived) -> tuple[list[Gap], list[Gap]]:
    """(gaps that stay open, those that an answer ends): lost where the gateway has nothing; of
    those found only what comes counts, whatever it says."""
    said = {one.id: one.has for one in arrived.answers}
    left, over = [], []
    for gap in gaps:
        has = said.get(gap.asked_as) if gap.asked_as else None
        if has is None or (has and gap.kind != "hand"):
            left.append(gap)
        else:
            over.append(ended(gap, "closed" if has else "lost", arrived.at_us))
    return left, over


def _pieces(gap: Gap, arrived: Arrived) -> list[tuple[int, int]] | None:
    """What is left of a gap, as (after, before); None where nothing of it came."""
    if gap.kind == "hand":
        return None
    came = arrived.times_us
    if gap.kind == "sequence":
        came = arrived.numbers.get(gap.session, np.zeros(0, np.int64))
    inside = came[(came > gap.after) & (came < gap.before)]
    if not inside.size:
        return None
    return _between(np.concatenate([[gap.after], inside, [gap.before]]), gap.least)


def _between(edges: I64, least: int) -> list[tuple[int, int]]:
    """Neighbours that are too far apart; of too many the last ones are taken together."""
    wide = np.flatnonzero(np.diff(edges) > least)
    found = list(zip(edges[wide].tolist(), edges[wide + 1].tolist(), strict=True))
    if len(found) > MOST_OPEN:
        found[MOST_OPEN - 1 :] = [(found[MOST_OPEN - 1][0], found[-1][1])]
    return found


def _cut(gap: Gap, pieces: list[tuple[int, int]], at_us: int) -> list[Gap]:
    if not pieces:
        return [ended(gap, "closed", at_us)]
    next_us = max(gap.next_us, at_us)
    cut = [
        replace(gap, after=after, before=before, changed_us=at_us, next_us=next_us)
        for after, before in pieces
    ]
    return [cut[0], *(replace(one, id=0) for one in cut[1:])]


def _numbered(state: DeliveryState, arrived: Arrived) -> tuple[DeliveryState, list[Gap]]:
    found: list[Gap] = []
    for session in sorted(arrived.numbers):
        numbers = arrived.numbers[session]
        if session < state.session or not numbers.size:
            continue
        if session == state.session:
            numbers = np.concatenate([[state.seq], numbers[numbers > state.seq]])
        steps = np.diff(numbers[-_STEPS - 1 :]).tolist()
        state = replace(
            state,
            session=session,
            seq=int(numbers[-1]),
            steps=(*state.steps, *steps)[-_STEPS:],
        )
        found += _gaps(arrived, "sequence", session, numbers, 1)
    return state, found[-MOST_OPEN:]


def _timed(state: DeliveryState, arrived: Arrived) -> tuple[DeliveryState, list[Gap]]:
    times = arrived.times_us[arrived.times_us > state.newest_us]
    if not times.size:
        return state, []
    if state.newest_us:
        times = np.concatenate([[state.newest_us], times])
    distances = np.diff(times[-_DISTANCES - 1 :]).tolist()
    known = (*state.distances_us, *distances)[-_DISTANCES:]
    state = replace(state, newest_us=int(times[-1]), distances_us=known)
    step = usual_step(known)
    if step is None:
        return state, []
    found = _gaps(arrived, "times", 0, times, step * 3 // 2)
    return state, [one for one in found if one.before > arrived.at_us - OLDEST_US]


def _gaps(arrived: Arrived, kind: GapKind, session: int, edges: I64, least: int) -> list[Gap]:
    at_us = arrived.at_us
    return [
        Gap(arrived.gateway, kind, session, *edge, least, at_us, at_us, next_us=at_us)
        for edge in _between(edges, least)
    ]
