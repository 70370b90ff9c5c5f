"""Which readings of a register stand: docs/cleaning.md, "The story".

A story goes from reading to reading. `best[j]` is the cheapest one that ends with reading j; it is
made of the stories that end earlier, link by link, as the table has them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from recompute.leads import FEW, LeadingRuns
from recompute.rates import DAY_US, RegisterRates, Value

DETOUR_US = 45 * DAY_US
CELL_US = 180 * DAY_US
TRACKS, SHIFTED = 32, 288
ROLLOVER, REPLACED, SPIKE, BRIDGE, RESET, JUMP = (
    "rollover",
    "replaced",
    "spike",
    "bridge",
    "reset",
    "jump",
)
STUCK, REVERSED = "stuck", "reversed"
COST = {ROLLOVER: 2, REPLACED: 3, SPIKE: 4, BRIDGE: 4, RESET: 10, JUMP: 14}
ON_TRACK, HIDDEN = 14, 6
SHIFT = {BRIDGE: 5, SPIKE: 7}
UNKNOWN = frozenset({RESET, JUMP, REPLACED, REVERSED})
"""Kinds over which it is not known what passed."""
Worth = tuple[int, int, int]
"""(cost, readings left out, minus the sum of their places): the least one is the best."""
Window = tuple[int, int]


@dataclass(frozen=True)
class EventSays:
    """What a register event says beside its time [book units]; None where that is unknown."""

    cost: int | None = None
    limit: int | None = None
    """Per hour, of the UTC day on which it ends."""
    value: int | None = None
    """Of the first reading that is left out, else of the one that the link leads to."""
    energy: int | None = None


@dataclass(frozen=True)
class StoryDecision:
    """The reading at `there_us` follows that at `here_us`; what lies between is left out."""

    kind: str
    here_us: int
    there_us: int
    first_us: int
    """The first reading that is left out, else `there_us`."""
    turned: bool
    cost: int
    says: EventSays = EventSays()
    whole: Window | None = None
    """From the first to the last of falls that are told as one."""

    @property
    def told(self) -> list[tuple[str, int, int]]:
        """(kind, start, end) as register events tell it."""
        if self.kind == SPIKE:
            own = [(SPIKE, self.first_us, self.there_us)]
            return [*own, (ROLLOVER, self.here_us, self.there_us)] if self.turned else own
        start, end = self.whole or (self.here_us, self.there_us)
        own = [(self.kind, start, end)]
        turned = self.turned and self.kind != ROLLOVER
        return [*own, (ROLLOVER, start, end)] if turned else own


@dataclass
class CleanedRegister:
    """One register's usable readings in rising time, and what it can do."""

    values: Sequence[Value]
    rates: RegisterRates
    step_us: int
    modulus: int | None = None
    declared: Sequence[Window] = ()
    signed: bool = False
    """Whether it may fall in normal work."""

    def rise(self, here: Value, there: Value) -> int:
        """From one to the other; its size alone where falls are normal."""
        passed = there[1] - here[1]
        return abs(passed) if self.signed else passed

    def fits(self, here: Value, there: Value) -> bool:
        """Whether the register can have gone from one to the other."""
        cap, rise = self.rates.cap(there[0], there[0] - here[0]), self.rise(here, there)
        return rise >= 0 and (cap is None or rise <= cap)

    def made_up(self, here: Value, there: Value) -> bool:
        """Whether it can be there at its pace, of a register that stood wrong meanwhile."""
        most, rise = self.rates.made_up(there[0], there[0] - here[0]), self.rise(here, there)
        return rise >= 0 and (most is None or rise <= most)

    def turned(self, here: Value, there: Value) -> bool:
        """Whether it can have gone on past its last digit."""
        return self._turn(here, there, self.rates.cap(there[0], there[0] - here[0]))

    def made_up_turned(self, here: Value, there: Value) -> bool:
        """The same at its pace, of a register that stood wrong meanwhile."""
        return self._turn(here, there, self.rates.made_up(there[0], there[0] - here[0]))

    def _turn(self, here: Value, there: Value, most: Fraction | None) -> bool:
        if self.signed or self.modulus is None or not there[1] < here[1] < self.modulus:
            return False
        passed = there[1] - here[1] + self.modulus
        return 0 <= passed <= (self.modulus // 10 if most is None else most)


def decisions(register: CleanedRegister) -> list[StoryDecision]:
    """Everything that is decided about a register's readings, in order of time."""
    values = register.values
    seen = [n for n in range(1, len(values)) if not register.fits(values[n - 1], values[n])]
    found: list[StoryDecision] = []
    for cluster in _clusters(values, seen):
        low = values[cluster[0] - 1][0] - DETOUR_US
        high = values[cluster[-1]][0] + DETOUR_US
        near = [n for n, (at, _) in enumerate(values) if low <= at <= high]
        shift = near[0]
        own = [values[n] for n in near]
        told = _Story(register, own, [n - shift for n in cluster]).told()
        found += _falls_as_one([_decision(register, own, link) for link in told])
    return found


def _clusters(values: Sequence[Value], seen: list[int]) -> Iterator[list[int]]:
    """Seen steps that are told together, each by the place of its later reading."""
    group: list[int] = []
    for place in seen:
        if group and values[place - 1][0] - values[group[-1]][0] > DETOUR_US:
            yield from _cut(values, group)
            group = []
        group.append(place)
    if group:
        yield from _cut(values, group)


def _cut(values: Sequence[Value], group: list[int]) -> Iterator[list[int]]:
    """Cut in the longest plain stretch that begins in each 180 days, counted from 1970."""
    if values[group[-1]][0] - values[group[0] - 1][0] <= CELL_US:
        yield group
        return
    longest: dict[int, tuple[int, int]] = {}
    for n in range(len(group) - 1):
        opened, closed = values[group[n]][0], values[group[n + 1] - 1][0]
        cell, length = opened // CELL_US, closed - opened
        if cell not in longest or length > longest[cell][0]:
            longest[cell] = (length, n + 1)
    first = 0
    for end in sorted(place for _, place in longest.values()):
        yield group[first:end]
        first = end
    yield group[first:]


@dataclass(frozen=True)
class _Link:
    here: int
    there: int
    kind: str
    cost: int
    turned: bool = False


@dataclass(frozen=True)
class _Best:
    """The cheapest story that ends with a reading, and its last link that is no plain step."""

    worth: Worth
    link: _Link | None = None
    before: _Best | None = None


@dataclass
class _Story:
    register: CleanedRegister
    values: list[Value]
    seen: list[int]
    """Places of the first reading of each run but the first."""
    holes: list[int] = field(default_factory=list)
    """Places of readings after which there is a hole."""
    known: dict[tuple[int, int], bool] = field(default_factory=dict)
    leads: LeadingRuns = field(init=False)

    def __post_init__(self) -> None:
        self.first = [0, *self.seen]
        self.last = [*(n - 1 for n in self.seen), len(self.values) - 1]
        self.leads = LeadingRuns(self.values, self.first, self.last, self._fits, self._turned)
        self.holes = [n for n in range(len(self.values) - 1) if self._is_hole(n)]

    def told(self) -> list[_Link]:
        """The links of the cheapest story that are no plain steps."""
        best: dict[int, _Best] = {}
        self._run(best, 0, {0: _Best((0, 0, 0))})
        tracks = [0]
        for run in range(1, len(self.first)):
            entries: dict[int, _Best] = {}
            for track in tracks:
                if self._near(self.last[track], self.first[run]):
                    for link in self._links(track, run):
                        if link.here in best:
                            self._try(entries, best[link.here], link)
            if not entries:
                self._try(entries, best[self.last[run - 1]], self._break(run - 1, run))
            self._run(best, run, entries)
            tracks = self._open(best, [*tracks, run], run)
        links, story = [], best[len(self.values) - 1]
        while story.link is not None and story.before is not None:
            links.append(story.link)
            story = story.before
        return links[::-1]

    def _run(self, best: dict[int, _Best], run: int, entries: dict[int, _Best]) -> None:
        """Plain steps through a run: at each reading the better of going on and of entering."""
        going: _Best | None = None
        for place in range(self.first[run], self.last[run] + 1):
            entered = entries.get(place)
            if entered is not None and (going is None or entered.worth < going.worth):
                going = entered
            if going is not None:
                best[place] = going

    def _try(self, entries: dict[int, _Best], before: _Best, link: _Link) -> None:
        cost, out, places = before.worth
        dropped = range(link.here + 1, link.there)
        worth = (cost + link.cost, out + len(dropped), places - sum(dropped))
        if link.there not in entries or worth < entries[link.there].worth:
            entries[link.there] = _Best(worth, link, before)

    def _open(self, best: dict[int, _Best], tracks: list[int], run: int) -> list[int]:
        """The runs from which it may still be cheapest to go on after this one."""
        most = best[self.last[run]].worth[0] + 2 * COST[JUMP]
        ranked = []
        for track in tracks:
            cost, out, _ = best[self.last[track]].worth
            denied = sum(self.leads.left(track, n) for n in range(track + 1, run + 1))
            least = cost + COST[SPIKE] + ON_TRACK * denied
            if least <= most and self._near(self.last[track], self.last[run]):
                ranked.append((least, out + self.last[run] - self.last[track], -track))
        return sorted({-place for _, _, place in sorted(ranked)[:TRACKS]} | {run})

    def _links(self, track: int, run: int) -> Iterator[_Link]:
        """Each way from a run to a later one."""
        here, there, between = self.last[track], self.first[run], run - track - 1
        if between == 0:
            yield self._break(track, run)
        elif self._made_up(here, there):
            yield _Link(here, there, SPIKE, self._detour(track, run))
        if self._turned(here, there):
            cost = COST[ROLLOVER] + (self._detour(track, run, turned=True) if between else 0)
            if between and there - here - 1 <= FEW:
                cost = min(cost, between * HIDDEN + COST[ROLLOVER])
            yield _Link(here, there, SPIKE if between else ROLLOVER, cost, turned=True)
        if between == 0 and self.register.rise(self.values[here], self.values[there]) > 0:
            yield from self._bridges(track, run)
            yield from self._shifts(track, run, BRIDGE)
            return
        yield from self._hidden(track, run)
        if between == 0:
            yield from self._shifts(track, run, SPIKE)
            still = self._stood(track)
            turned = self.register.made_up_turned(self.values[still], self.values[there])
            if still < here and turned and self._near(still, there):
                yield _Link(still, there, BRIDGE, COST[BRIDGE] + COST[ROLLOVER], turned=True)

    def _detour(self, track: int, run: int, *, turned: bool = False) -> int:
        """What it pays for the runs under it that are known for good ones."""
        under = range(track + 1, run)
        denied = sum(self.leads.left(track, n, turned=turned) for n in under)
        denied += sum(self.leads.entered(n, run, turned=turned) for n in under)
        return COST[SPIKE] + ON_TRACK * denied

    def _break(self, track: int, run: int) -> _Link:
        here, there = self.last[track], self.first[run]
        start, end = self.values[here][0], self.values[there][0]
        if any(start < stop and end >= first for first, stop in self.register.declared):
            kind = REPLACED
        else:
            falls = self.register.rise(self.values[here], self.values[there]) < 0
            kind = RESET if falls else JUMP
        return _Link(here, there, kind, COST[kind])

    def _hidden(self, track: int, run: int) -> Iterator[_Link]:
        """Up to four readings in all; where nothing is seen, only a run of two or more goes on."""
        here, there, between = self.last[track], self.first[run], run - track - 1
        room, cost = FEW - (there - here - 1), (1 + between) * HIDDEN
        if room > 0 and self._holds_on(run):
            yield from self._tail(track, there, room, SPIKE, cost, self._fits)
        if room > 0 and self._held_on(track):
            yield from self._head(here, run, room, SPIKE, cost, self._fits)

    def _bridges(self, track: int, run: int) -> Iterator[_Link]:
        here, there = self.last[track], self.first[run]
        former = [*self._tail(track, there, FEW, BRIDGE, COST[BRIDGE], self._made_up)]
        still = self._stood(track)
        if still < here - FEW and self._near(still, there) and self._made_up(still, there):
            former.append(_Link(still, there, BRIDGE, COST[BRIDGE]))
        yield from former
        if not former or still == here:
            yield from self._head(here, run, FEW, BRIDGE, COST[BRIDGE], self._made_up)

    def _stood(self, run: int) -> int:
        """The first of the readings that stand still at the end of a run."""
        place = self.last[run]
        while place > self.first[run] and self.values[place - 1][1] == self.values[place][1]:
            place -= 1
        return place

    def _shifts(self, track: int, run: int, kind: str) -> Iterator[_Link]:
        """Readings between a hole and the seen step, which is no hole itself."""
        here, there = self.last[track], self.first[run]
        if self.values[there][0] - self.values[here][0] >= 2 * self.register.step_us:
            return
        before = max((n for n in self.holes if n < here), default=-1)
        after = min((n + 1 for n in self.holes if n >= there), default=len(self.values))
        ways = []
        if self._holds_on(run) and before >= max(self.first[track], there - 1 - SHIFTED):
            ways.append((before, there, before))
        if self._held_on(track) and after <= min(self.last[run], here + 1 + SHIFTED):
            ways.append((here, after, after - 1))
        fits = self._made_up if kind == BRIDGE else self._fits
        for start, end, hole in ways:
            if self._clock(here, there, hole) and self._near(start, end) and fits(start, end):
                yield _Link(start, end, kind, SHIFT[kind])

    def _clock(self, here: int, there: int, hole: int) -> bool:
        """Whether the step is no more than the limit lets pass in it and in a hole together."""
        (start, low), (end, high) = self.values[here], self.values[there]
        passed = end - start + self.values[hole + 1][0] - self.values[hole][0]
        most = self.register.rates.cap(end, passed)
        return most is None or abs(high - low) <= most

    def _tail(
        self,
        track: int,
        there: int,
        most: int,
        kind: str,
        cost: int,
        fits: Callable[[int, int], bool],
    ) -> Iterator[_Link]:
        """Leaves out the fewest readings at the end of a run; never a part of a standstill."""
        first, last = self.first[track], self.last[track]
        for here in range(last - 1, max(first, last - most) - 1, -1):
            amid = here > first and (
                self.values[here - 1][1] == self.values[here][1] == self.values[here + 1][1]
            )
            if not amid and fits(here, there):
                yield _Link(here, there, kind, cost)
                return

    def _head(
        self,
        here: int,
        run: int,
        most: int,
        kind: str,
        cost: int,
        fits: Callable[[int, int], bool],
    ) -> Iterator[_Link]:
        """Leaves out the fewest readings at the start of a run."""
        first, last = self.first[run], self.last[run]
        for there in range(first + 1, min(last, first + most) + 1):
            if fits(here, there):
                yield _Link(here, there, kind, cost)
                return

    def _holds_on(self, run: int) -> bool:
        return self.first[run] < self.last[run] or run == len(self.first) - 1

    def _held_on(self, track: int) -> bool:
        return self.first[track] < self.last[track] or track == 0

    def _fits(self, here: int, there: int) -> bool:
        if (here, there) not in self.known:
            fits = self.register.fits(self.values[here], self.values[there])
            self.known[here, there] = fits
        return self.known[here, there]

    def _turned(self, here: int, there: int) -> bool:
        return self.register.turned(self.values[here], self.values[there])

    def _made_up(self, here: int, there: int) -> bool:
        return self.register.made_up(self.values[here], self.values[there])

    def _near(self, here: int, there: int) -> bool:
        return self.values[there][0] - self.values[here][0] <= DETOUR_US

    def _is_hole(self, place: int) -> bool:
        """Two native steps or more, and twice as long as the steps beside it."""
        passed = self.values[place + 1][0] - self.values[place][0]
        if passed < 2 * self.register.step_us:
            return False
        beside = []
        if place > 0:
            beside.append(self.values[place][0] - self.values[place - 1][0])
        if place + 2 < len(self.values):
            beside.append(self.values[place + 2][0] - self.values[place + 1][0])
        return all(passed >= 2 * other for other in beside)


def _decision(register: CleanedRegister, values: list[Value], link: _Link) -> StoryDecision:
    here, there, kind = values[link.here], values[link.there], link.kind
    if kind == BRIDGE:
        last = values[link.there - 1]
        long = max(2 * register.step_us, DAY_US // 24)
        if last[1] == here[1] and last[0] - here[0] >= long:
            kind = STUCK
    first = values[link.here + 1]
    energy = there[1] - here[1] + (register.modulus or 0) * link.turned
    says = EventSays(
        link.cost,
        register.rates.per_hour(there[0]),
        first[1],
        None if kind in UNKNOWN else energy,
    )
    return StoryDecision(kind, here[0], there[0], first[0], link.turned, link.cost, says)


def _falls_as_one(found: list[StoryDecision]) -> list[StoryDecision]:
    """Three falls or more in a row are one register that runs backwards."""
    told: list[StoryDecision] = []
    falls: list[StoryDecision] = []
    for one in [*found, None]:
        if falls and (one is None or one.kind != RESET or one.here_us != falls[-1].there_us):
            if len(falls) >= 3:
                whole = (falls[0].here_us, falls[-1].there_us)
                says = replace(falls[0].says, cost=sum(f.cost for f in falls))
                falls = [replace(f, kind=REVERSED, says=says, whole=whole) for f in falls]
            told += falls
            falls = []
        if one is not None:
            (falls if one.kind == RESET else told).append(one)
    return told
