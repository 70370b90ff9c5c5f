"""Which readings of a register stand, told as the cheapest story.

    value        ┌─┐ detour: leaves the track and comes back
      ▲        ╱ │ │╱‾‾      run: readings that can each follow the one before
      │      ╱‾  └─┘
      │    ╱‾                seen: a step that the meter cannot have made
      └──────────────────▶ time

Runs are found for all readings at once; only the steps between runs are told. A story is a chain
of links from reading to reading; what lies under a link is dropped. It pays for each link by what
the link says happened (`COST`), and for each run that it leaves out. The cheapest story stands; of
equal ones that which drops fewest readings, then that which drops later ones: what came first has
been right so far.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ledger.cleaning.rates import DAY_US, F64, RiseLimits
from metering.quantity import I64

TRACKS = 32
"""How many runs stay open at a time: those from which it is cheapest to go on."""
DETOUR_US = 45 * DAY_US
"""How long a detour may last; what comes back later is a break."""
FEW = 4
"""Readings that may be wrong although nothing is seen at one end of them."""
SHIFTED = 288
"""Readings between a hole and a seen step that may bear the times of a wrong clock."""

ROLLOVER, DECLARED, SPIKE, BRIDGE = "rollover", "replaced", "spike", "bridge"
RESET, JUMP = "reset", "jump"
COST: Final = {ROLLOVER: 2, DECLARED: 3, SPIKE: 4, BRIDGE: 4, RESET: 10, JUMP: 14}
"""What a link costs."""
HIDDEN_COST, DENIAL_COST = 6, 14
"""A detour that shows nothing at one end, although it denies what the register said; each sign that
what lies under a detour is on its track."""
SHIFT_COST: Final = {BRIDGE: 5, SPIKE: 7}
"""A detour that has a hole at one end. Where the register fell, few readings beside the fall come
first."""
BREAKS = frozenset({RESET, JUMP, DECLARED})

Fits = Callable[[int, int], bool]
"""Whether one reading may follow another."""
Mask = NDArray[np.bool_]
LONG: Final = 2
"""What a long run that moves counts for where it leads on with all its readings."""
Window = tuple[int, int]
"""[start, end) within which a replacement was declared [us]."""


@dataclass(frozen=True, order=True)
class StoryPrice:
    """What stories are compared by."""

    cost: int = 0
    dropped: int = 0
    """Readings."""
    earliness: int = 0
    """Minus the sum of the places of the dropped readings."""

    def plus(self, cost: int, first: int, end: int) -> StoryPrice:
        """With a link of that cost under which the readings [first, end) are dropped."""
        places = (first + end - 1) * (end - first) // 2
        return StoryPrice(self.cost + cost, self.dropped + end - first, self.earliness - places)


@dataclass(frozen=True)
class Link:
    """One decision: the reading `there` follows the reading `here`."""

    here: int
    there: int
    kind: str
    """ROLLOVER, DECLARED, SPIKE, HIDDEN, BRIDGE, RESET or JUMP."""
    turns: bool = False
    """The register passed its last digit on the way."""
    cost: int = 0


@dataclass
class RegisterReadings:
    """One register's usable readings in rising time, and what it can do."""

    time_us: I64
    value: I64
    rates: RiseLimits
    modulus: int | None = None
    declared: Sequence[Window] = ()
    signed: bool = False
    """Whether it may fall in normal work: a step then counts by its size, and none turns."""

    def rise(self, here: int, there: int) -> int:
        """What passed from one reading to another [book units]; never below 0 where it is
        signed."""
        passed = int(self.value[there] - self.value[here])
        return abs(passed) if self.signed else passed

    def rises(self, here: I64, there: I64) -> I64:
        """`rise` of many readings."""
        passed = self.value[there] - self.value[here]
        return np.abs(passed) if self.signed else passed

    def seen(self) -> I64:
        """(s,) places of the readings that cannot follow the one before."""
        places = np.arange(len(self.value))
        rise = self.rises(places[:-1], places[1:])
        cap = self.rates.cap(self.time_us[1:], np.diff(self.time_us))
        return np.flatnonzero((rise < 0) | (rise > cap)) + 1

    def cap(self, here: int, there: int) -> float:
        """Most that can pass between two readings."""
        end = int(self.time_us[there])
        return self.rates.most(end, end - int(self.time_us[here]))

    def fits(self, here: int, there: int) -> bool:
        """Whether the register can have gone from one to the other."""
        return 0 <= self.rise(here, there) <= self.cap(here, there)

    def makes_up(self, here: int, there: int) -> bool:
        """Whether a register that stood wrong between the two can have made up for it: at a pace
        that its days know, not merely within the limit. A jump would else be energy."""
        end, rise = int(self.time_us[there]), self.rise(here, there)
        return 0 <= rise <= self.rates.made_up(end, end - int(self.time_us[here]))

    def turns(self, here: int, there: int) -> bool:
        """The same, past its last digit; at most a tenth of a turn where no limit is known."""
        return self._turned(here, there, self.cap(here, there))

    def makes_up_turned(self, here: int, there: int) -> bool:
        """The same of a register that stood wrong meanwhile."""
        end = int(self.time_us[there])
        return self._turned(here, there, self.rates.made_up(end, end - int(self.time_us[here])))

    def _turned(self, here: int, there: int, most: float) -> bool:
        modulus, before = self.modulus, int(self.value[here])
        rise = int(self.value[there]) - before
        if modulus is None or self.signed:
            return False
        if rise >= 0 or before >= modulus or rise + modulus < 0:
            return False
        return rise + modulus <= (modulus // 10 if most == np.inf else most)

    @cached_property
    def holes(self) -> I64:
        """(h,) places of readings after which there is a hole: two native steps at least, and
        twice as long as the steps beside it."""
        passed = np.diff(self.time_us)
        wide = passed >= 2 * self.rates.step_us
        wide[1:] &= passed[1:] >= 2 * passed[:-1]
        wide[:-1] &= passed[:-1] >= 2 * passed[1:]
        return np.flatnonzero(wide)

    def hole_before(self, place: int) -> int:
        """The last reading before a hole that ends at or before a reading; -1 where none is."""
        found = int(np.searchsorted(self.holes, place))
        return int(self.holes[found - 1]) if found else -1

    def hole_after(self, place: int) -> int:
        """The first reading after a hole that begins at or after a reading; n where none is."""
        found = int(np.searchsorted(self.holes, place))
        return int(self.holes[found]) + 1 if found < len(self.holes) else len(self.time_us)

    def is_declared(self, here: int, there: int) -> bool:
        """Whether a registered change of the register lies between two readings."""
        start, end = int(self.time_us[here]), int(self.time_us[there])
        return any(start < stop and end >= first for first, stop in self.declared)

    def near(self, here: int, there: int) -> bool:
        """Whether two readings are no farther apart than a detour may be long."""
        return int(self.time_us[there] - self.time_us[here]) <= DETOUR_US


class Leading(NamedTuple):
    """Which runs lead to a later one by a step that the register can make."""

    plain: Mask
    """A few readings left out of account."""
    direct: Mask
    """None left out."""
    turned: Mask
    """Past the last digit alone."""
    turned_direct: Mask


@dataclass(frozen=True)
class _Telling:
    """The best story that enters a run at some reading."""

    price: StoryPrice
    entry: int
    link: Link | None = None
    before: _Telling | None = None


def tell(readings: RegisterReadings, seen: I64 | None = None) -> list[Link]:
    """The links of the cheapest story that are not a plain step, in order of time.

    The first and the last run are part of every story. Work is seen steps x open tracks.
    """
    places = readings.seen() if seen is None else seen
    if not len(places):
        return []
    teller = _Teller(
        readings, [0, *places.tolist()], [*(places - 1).tolist(), len(readings.value) - 1]
    )
    return teller.told()


class _Teller:
    """Dynamic programming over runs: the best story that goes on from each."""

    def __init__(self, readings: RegisterReadings, firsts: list[int], lasts: list[int]) -> None:
        self.readings, self.firsts, self.lasts = readings, firsts, lasts
        self.states: list[list[_Telling]] = [[_Telling(StoryPrice(), 0)]]
        """Per run the states worth keeping: a later entry only where it is cheaper."""
        self.denied = [0] * len(firsts)
        """Per track the signs that later runs are on it (`Leading`)."""
        self.turned = [0] * len(firsts)
        """The same, past the last digit alone."""
        self.low: int
        self.leading: Leading
        self.entered: tuple[I64, I64]
        value, starts, self.lasts_of = readings.value, np.array(firsts), np.array(lasts)
        moved = np.concatenate(([0], np.flatnonzero(np.diff(value)) + 1))
        changed = moved[np.searchsorted(moved, self.lasts_of, side="right") - 1]
        self.still = np.maximum(changed, starts)
        """The first of the readings that stand still at the end of each run."""
        moves = self.still > starts
        self.rests = np.where(moves, self.still, self.lasts_of)
        """The same, but the last reading of a run that stands still as a whole."""
        self.spare = np.where(moves, np.minimum((self.lasts_of - starts) // 2, FEW), 0)
        """Readings at an end of each run that need not be of its track; of a run that stands still
        as a whole none."""
        self.rest = ~moves
        """Whether a run stands still as a whole, be it one reading."""
        self.long = self.spare == FEW
        """Whether a run is long enough, and moves, to be no coincidence."""

    def told(self) -> list[Link]:
        tracks = [0]
        for run in range(1, len(self.firsts)):
            self.states.append(self._enter(run, tracks))
            tracks = self._open([*tracks, run], run)
        return _followed(self.states[-1][-1])

    def _enter(self, run: int, tracks: Sequence[int]) -> list[_Telling]:
        found: dict[int, _Telling] = {}
        self.low = max(tracks[0] - 1, 0)
        self.leading = self._leading(self.low, run)
        self.entered = self._entered(run)
        for track in tracks:
            if not self.readings.near(self.lasts[track], self.firsts[run]):
                continue
            for link, price_cost in self._links(track, run):
                state = self._from(track, link, price_cost)
                if state is not None and _better(state, found.get(link.there)):
                    found[link.there] = state
        if not found:
            found[self.firsts[run]] = self._forced(run)
        return _worthwhile(found)

    def _from(self, track: int, link: Link, cost: int) -> _Telling | None:
        """The story through a link, after the cheapest way that has its first reading."""
        ways = [s for s in self.states[track] if s.entry <= link.here]
        if not ways:
            return None
        price = ways[-1].price.plus(cost, link.here + 1, link.there)
        return _Telling(price, link.there, replace(link, cost=cost), ways[-1])

    def _forced(self, run: int) -> _Telling:
        link = self._break(run - 1, run)
        state = self._from(run - 1, link, COST[link.kind])
        assert state is not None
        return state

    def _open(self, tracks: list[int], run: int) -> list[int]:
        """The tracks from which it may still be cheapest to go on after this run."""
        worst = self.states[run][-1].price.cost + 2 * COST[JUMP]
        ranked = []
        for track in tracks:
            price, last = self.states[track][-1].price, self.lasts[track]
            if track < run:
                on_track = self._on_track(track, run)
                self.denied[track] += on_track
                self.turned[track] += 0 if on_track else self._turned(track, run)
            least = price.cost + COST[SPIKE] + DENIAL_COST * self.denied[track]
            if least <= worst and self.readings.near(last, self.lasts[run]):
                ranked.append((least, price.dropped + self.lasts[run] - last, -track))
        if len(ranked) > TRACKS:
            ranked = sorted(ranked)[:TRACKS]
        return sorted({-place for _, _, place in ranked} | {run})

    def _detour(self, track: int, *, turns: bool = False) -> int:
        """What it costs to leave out the runs between; those on the track count most."""
        plain, turned = (int(one[track + 1 - self.low :].sum()) for one in self.entered)
        denied = self.denied[track] + plain
        if turns:
            denied += self.turned[track] + turned
        return COST[SPIKE] + turns * COST[ROLLOVER] + DENIAL_COST * denied

    def _on_track(self, track: int, run: int) -> int:
        """How surely a track leads to a later run, or, where it is but a rest that stands still and
        the other run moves, whether the run before it does."""
        leading, place = self.leading, track - self.low
        if leading.plain[place]:
            return LONG if leading.direct[place] and self.long[run] else 1
        if not track or not self.rest[track] or not self.spare[run]:
            return 0
        return int(leading.plain[place - 1])

    def _turned(self, track: int, run: int) -> int:
        """The same, past the last digit."""
        leading, place = self.leading, track - self.low
        long = leading.turned_direct[place] and self.long[run]
        return LONG if long else int(leading.turned[place])

    def _entered(self, run: int) -> tuple[I64, I64]:
        """How surely runs lead to this one, or, where it is but a rest that stands still, those
        that move to the run after it; and how surely past the last digit alone."""
        leading, under = self.leading, slice(self.low, run)
        signs = np.where(leading.direct & self.long[under], LONG, leading.plain.astype(np.int64))
        if self.rest[run] and run + 1 < len(self.firsts):
            beyond = self._leading(self.low, run + 1).plain[:-1] & (self.spare[under] > 0)
            signs = np.maximum(signs, beyond)
        turned = np.where(leading.turned_direct & self.long[under], LONG, leading.turned)
        return signs, np.where(signs == 0, turned, 0)

    def _leading(self, low: int, run: int) -> Leading:
        """(run - low,) whether each of the runs from `low` on leads to this one by a step that the
        register can make, plainly or past its last digit: from its end to the start of the other,
        or without a few readings of both, or without those that stand still at its end."""
        first, lasts, part = self.firsts[run], self.lasts_of[low:run], slice(low, run)
        spare = np.minimum(self.spare[part], self.spare[run])
        fewer = np.minimum(np.arange(FEW + 1)[:, np.newaxis], spare)
        rests = np.where(self.spare[run] > 0, self.rests[part], lasts)
        ends, starts = np.concatenate([lasts - fewer, rests[np.newaxis]]), first + fewer
        ways = [(ends, np.array(first)), (lasts, starts)]
        plain = np.logical_or.reduce([self._passes(*way).any(axis=0) for way in ways])
        direct = self._passes(lasts, np.array(first))
        if self.readings.modulus is None or self.readings.signed:
            return Leading(plain, direct, np.zeros_like(plain), np.zeros_like(plain))
        turned = np.logical_or.reduce([self._turn(*way).any(axis=0) for way in ways])
        turned_direct = self._turn(lasts, np.array(first))
        return Leading(plain, direct, turned & ~plain, turned_direct & ~plain)

    def _passes(self, here: I64, there: I64) -> Mask:
        """`fits` of many readings."""
        rise, most = self._rise(here, there)
        return np.asarray((rise >= 0) & (rise <= most), dtype=np.bool_)

    def _turn(self, here: I64, there: I64) -> Mask:
        """`turns` of many readings."""
        (rise, most), turn = self._rise(here, there), self.readings.modulus or 0
        most = np.where(np.isinf(most), float(turn // 10), most)
        low = (rise < 0) & (self.readings.value[here] < turn) & (rise + turn >= 0)
        return np.asarray(low & (rise + turn <= most), dtype=np.bool_)

    def _rise(self, here: I64, there: I64) -> tuple[I64, F64]:
        time_us = self.readings.time_us
        most = self.readings.rates.cap(time_us[there], time_us[there] - time_us[here])
        return self.readings.rises(here, there), most

    def _links(self, track: int, run: int) -> Iterator[tuple[Link, int]]:
        """Each way from one run to a later one, with its cost."""
        here, there = self.lasts[track], self.firsts[run]
        between = run - track - 1
        if between == 0:
            link = self._break(track, run)
            yield link, COST[link.kind]
        elif self.readings.makes_up(here, there):
            yield Link(here, there, SPIKE), self._detour(track)
        if self.readings.turns(here, there):
            kind = SPIKE if between else ROLLOVER
            cost = self._detour(track, turns=True) if between else COST[ROLLOVER]
            if between and there - here - 1 <= FEW:
                cost = min(cost, between * HIDDEN_COST + COST[ROLLOVER])
            yield Link(here, there, kind, turns=True), cost
        yield from self._half_seen(track, run, between)

    def _break(self, track: int, run: int) -> Link:
        here, there = self.lasts[track], self.firsts[run]
        if self.readings.is_declared(here, there):
            return Link(here, there, DECLARED)
        return Link(here, there, RESET if self.readings.rise(here, there) < 0 else JUMP)

    def _half_seen(self, track: int, run: int, between: int) -> Iterator[tuple[Link, int]]:
        """Ways that drop readings which could have followed: at one end nothing is seen."""
        here, there = self.lasts[track], self.firsts[run]
        if between == 0 and self.readings.rise(here, there) > 0:
            yield from self._bridges(track, run)
            yield from self._shifts(track, run, BRIDGE)
            return
        room = FEW - (there - here - 1)
        cost = (1 + between) * HIDDEN_COST
        fits = self.readings.fits
        if self._goes_on(run):
            yield from ((link, cost) for link in self._tails(track, there, room, SPIKE, fits))
        if self._came_on(track):
            yield from ((link, cost) for link in self._heads(here, run, room, SPIKE, fits))
        if between == 0:
            yield from self._shifts(track, run, SPIKE)
            yield from self._still_turned(track, there)

    def _bridges(self, track: int, run: int) -> Iterator[tuple[Link, int]]:
        """Over a rise too large for its step: what lies under the link denies no value."""
        here, there = self.lasts[track], self.firsts[run]
        fits = self.readings.makes_up
        links = [*self._tails(track, there, FEW, BRIDGE, fits), *self._still(track, there)]
        if not links or self.still[track] == here:
            links += self._heads(here, run, FEW, BRIDGE, fits)
        yield from ((link, COST[BRIDGE]) for link in links)

    def _shifts(self, track: int, run: int, kind: str) -> Iterator[tuple[Link, int]]:
        """Between a hole and a step that is seen: readings that bear the times of a wrong clock,
        or that came after silence. The step itself is no hole."""
        here, there = self.lasts[track], self.firsts[run]
        time_us = self.readings.time_us
        if time_us[there] - time_us[here] >= 2 * self.readings.rates.step_us:
            return
        before, after = self.readings.hole_before(here), self.readings.hole_after(there)
        ways = []
        if self._goes_on(run) and before >= max(self.firsts[track], there - 1 - SHIFTED):
            ways.append(Link(before, there, kind))
        if self._came_on(track) and after <= min(self.lasts[run], here + 1 + SHIFTED):
            ways.append(Link(here, after, kind))
        fits = self.readings.makes_up if kind == BRIDGE else self.readings.fits
        for link in ways:
            hole = after - 1 if link.there == after else before
            clock = self._clock(here, there, hole)
            if clock and fits(link.here, link.there) and self.readings.near(link.here, link.there):
                yield link, SHIFT_COST[kind]

    def _clock(self, here: int, there: int, hole: int) -> bool:
        """Whether a wrong clock can be why a step is seen: by no more than the hole is long."""
        time_us, value = self.readings.time_us, self.readings.value
        passed = int(time_us[there] - time_us[here] + time_us[hole + 1] - time_us[hole])
        return abs(int(value[there] - value[here])) <= self.readings.rates.most(
            int(time_us[there]), passed
        )

    def _goes_on(self, run: int) -> bool:
        return self.firsts[run] < self.lasts[run] or run == len(self.firsts) - 1

    def _came_on(self, track: int) -> bool:
        return self.firsts[track] < self.lasts[track] or track == 0

    def _tails(self, track: int, there: int, most: int, kind: str, fits: Fits) -> Iterator[Link]:
        """The link that drops the fewest readings at the end of a run."""
        first, last = self.firsts[track], self.lasts[track]
        for here in range(last - 1, max(first, last - most) - 1, -1):
            if self._stands(here, first) and fits(here, there):
                yield Link(here, there, kind)
                break

    def _still(self, track: int, there: int) -> Iterator[Link]:
        """The link that drops all but the first of the readings that stand still."""
        last, here = self.lasts[track], int(self.still[track])
        if (
            here < last - FEW
            and self.readings.near(here, there)
            and self.readings.makes_up(here, there)
        ):
            yield Link(here, there, BRIDGE)

    def _still_turned(self, track: int, there: int) -> Iterator[tuple[Link, int]]:
        """The same, of a register that passed its last digit while it stood wrong."""
        readings, here = self.readings, int(self.still[track])
        turned = here < self.lasts[track] and readings.makes_up_turned(here, there)
        if turned and readings.near(here, there):
            yield Link(here, there, BRIDGE, turns=True), COST[BRIDGE] + COST[ROLLOVER]

    def _stands(self, here: int, first: int) -> bool:
        """Whether the reading is not one amid others of its value: those stand or fall together."""
        value = self.readings.value
        return here == first or not value[here - 1] == value[here] == value[here + 1]

    def _heads(self, here: int, run: int, most: int, kind: str, fits: Fits) -> Iterator[Link]:
        """The link that drops the fewest readings at the start of a run."""
        first, last = self.firsts[run], self.lasts[run]
        for there in range(first + 1, min(last, first + most) + 1):
            if fits(here, there):
                yield Link(here, there, kind)
                break


def _better(one: _Telling, other: _Telling | None) -> bool:
    return other is None or one.price < other.price


def _worthwhile(found: dict[int, _Telling]) -> list[_Telling]:
    """By entry: a later entry only where it is cheaper than every earlier one."""
    kept: list[_Telling] = []
    for entry in sorted(found):
        if not kept or found[entry].price < kept[-1].price:
            kept.append(found[entry])
    return kept


def _followed(state: _Telling) -> list[Link]:
    links = []
    while state.link is not None and state.before is not None:
        links.append(state.link)
        state = state.before
    return links[::-1]
