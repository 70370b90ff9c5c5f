"""Clocks of gateways that are wrong by a constant, and what becomes of the times they give.

    clock that is ahead by 1 h     from             until, put right
    instants that pass      ───────┼────────────────┼───────────────────▶
    what the clock shows    ───────┼  + 1 h ........│...┼...............▶
                                                    shown twice

A repair is a stored decision: a gateway, an offset and a stretch of time. What is made of a time
that a message gives follows from that, the time and the arrival alone, so the same journal comes
to the same readings whenever it is read. Where a time may be of either clock it is doubtful and
kept apart, never moved on a guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from metering.delivery import NEAR_US, QUARTER_US, ClockDelay, DeliveryState
from metering.errors import Conflict, InvalidInput
from metering.localtime import iso

ClockMode = Literal["off", "propose", "repair"]
"""What the platform does about the clock of a gateway by itself."""
RepairState = Literal["proposed", "repaired", "dismissed"]
TimeOf = Literal["right", "wrong", "doubtful"]
"""Of which clock a time is."""

CLOCK_MODES: tuple[ClockMode, ...] = ("off", "propose", "repair")
DEFAULT_MODE: ClockMode = "propose"
_S, _DAY_US = 1_000_000, 86_400_000_000
LEAST_US = 120 * _S
"""A clock that is off by less is left alone."""
MOST_AHEAD_US = 14 * 3_600 * _S
"""No zone differs more from UTC."""
LOST_US = 5 * 365 * _DAY_US
"""So far behind is a clock that began again after its battery was empty."""
LONGEST_US = 100 * 365 * _DAY_US
KEPT_US = 35 * _DAY_US
"""For so long gateways keep readings: what is told later was not measured by a right clock."""
_LIVE_US, _SLACK_US = 900 * _S, 60 * _S
_QUARTERS, _MESSAGES = 4, 8
_RIGHTS, _RIGHT_US = 3, 120 * _S
QUARANTINED = frozenset({"future_time", "doubtful_clock"})
"""Reasons of dead letters that wait for the clock of their gateway."""
MOST_REPAIRS = 64
"""Of one gateway that the platform decides by itself, and proposals that are kept."""


@dataclass(frozen=True)
class ClockRepair:
    """A stretch of time in which the clock of a gateway was off, and what was decided of it."""

    gateway: str
    offset_us: int
    """How far the clock is ahead [us], behind where negative."""
    from_us: int
    """When it began to be so [us UTC]."""
    until_us: int = 0
    """When it was right again [us UTC], 0 where it is not yet."""
    seen_us: int = 0
    """The latest arrival of a message by which it was so [us UTC]."""
    state: RepairState = "proposed"
    decided_by: str = ""
    """The person; '' for the platform itself."""
    decided_us: int = 0
    right_us: int = 0
    """When the first of the messages was sent by which it may be right again [us UTC]; 0 for
    none."""
    rights: int = 0
    """How many of these there were, one after the other."""
    pending: bool = False
    """What came before the decision is still to be moved."""
    id: int = 0

    @property
    def live_us(self) -> int:
        """So late at most is a message that was sent as it was made [us]."""
        return min(_LIVE_US, abs(self.offset_us) // 2)

    @property
    def slack_us(self) -> int:
        """How exactly the offset is known [us]."""
        return min(_SLACK_US, abs(self.offset_us) // 4)

    def covers(self, true_us: int) -> bool:
        """Whether the clock was off at an instant."""
        return self.from_us <= true_us and (not self.until_us or true_us < self.until_us)

    def time_of(self, clock_us: int, arrived_us: int, *, told: bool) -> TimeOf:
        """Of which clock an instant is that a message gives; `told`: it is when it was sent."""
        true_us = clock_us - self.offset_us
        if not self.covers(true_us) or true_us > arrived_us + self.slack_us:
            return "right"
        late_us, late_right_us = arrived_us - true_us, arrived_us - clock_us
        if late_right_us < -self.slack_us or late_right_us > KEPT_US or late_us <= self.live_us:
            return "wrong"  # no right clock gave it, or it fits the wrong one as it came
        if not self.covers(clock_us):  # a right clock showed it as well
            return "right" if late_right_us <= self.live_us else "doubtful"
        unseen = not self.until_us and arrived_us > self.seen_us
        return "doubtful" if unseen and (told or late_right_us <= self.live_us) else "wrong"


def time_of(
    repairs: Iterable[ClockRepair], clock_us: int, arrived_us: int, *, told: bool
) -> tuple[TimeOf, ClockRepair | None]:
    """(of which clock an instant is, the repair of a wrong one) by all repairs of a gateway; of
    several the one by which the message was the least time on its way."""
    found: TimeOf = "right"
    for one in sorted(repairs, key=lambda one: abs(arrived_us - clock_us + one.offset_us)):
        of = one.time_of(clock_us, arrived_us, told=told)
        if of == "wrong":
            return of, one
        found = "doubtful" if of == "doubtful" else found
    return found, None


def followed(one: ClockRepair, told: Iterable[tuple[int, int]]) -> ClockRepair:
    """What messages say of a clock that was off: (arrival, when they were sent by that clock) [us
    UTC], in order. It is right again from the first of several messages on that say so, a while
    apart, with none between that says otherwise: what was kept and comes at once says nothing."""
    for arrived_us, sent_us in told:
        if one.until_us or arrived_us < one.from_us:
            continue
        late_us = arrived_us - sent_us
        if abs(late_us + one.offset_us) <= one.slack_us:
            seen_us = max(one.seen_us, arrived_us)
            one = replace(one, seen_us=seen_us, rights=0, right_us=0)
        elif abs(late_us) <= one.slack_us and arrived_us > one.seen_us:
            one = replace(
                one, rights=one.rights + 1, right_us=one.right_us or min(sent_us, arrived_us)
            )
            if one.rights >= _RIGHTS and arrived_us - one.right_us >= _RIGHT_US:
                one = replace(one, until_us=one.right_us)
    return one


@dataclass(frozen=True)
class SteadyClock:
    """A clock that was off by the same for a while."""

    offset_us: int
    first_us: int
    """Arrival of the first message by which it was so [us UTC]."""
    last_us: int


def steady_clock(state: DeliveryState) -> SteadyClock | None:
    """How far a clock is off, where messages of at least four quarter hours say the same, to half
    a minute; None where they do not. A distance of whole quarter hours, as of a wrong zone, is
    taken as just that."""
    run: list[ClockDelay] = []
    for one in reversed(state.delays):
        if run and abs(one.least_us - run[0].least_us) > NEAR_US:
            break
        run.append(one)
    if len(run) < _QUARTERS or sum(one.near for one in run) < _MESSAGES:
        return None
    offset_us = -min(one.least_us for one in run)
    whole_us = round(offset_us / QUARTER_US) * QUARTER_US
    if whole_us and abs(offset_us - whole_us) <= _SLACK_US:
        offset_us = whole_us
    return SteadyClock(offset_us, run[-1].first_us, run[0].last_us)


def is_bounded(offset_us: int) -> bool:
    """Whether the platform may repair such a clock by itself. One that is ahead cannot be late
    messages; one that is behind can, unless it is a wrong zone or lost its time altogether."""
    if offset_us > 0:
        return LEAST_US <= offset_us <= MOST_AHEAD_US
    behind_us = -offset_us
    zone = behind_us <= MOST_AHEAD_US and behind_us % QUARTER_US == 0
    return (zone and behind_us > 0) or LOST_US <= behind_us <= LONGEST_US


def found_wrong(
    state: DeliveryState, known: Sequence[ClockRepair], mode: ClockMode, now_us: int
) -> list[ClockRepair]:
    """What changes by how a clock is now: a new proposal or repair, and what it ends of those
    `known` of the gateway; nothing where that is known, or the clock is right or unsteady."""
    steady = steady_clock(state)
    if mode == "off" or steady is None or not LEAST_US <= abs(steady.offset_us) <= LONGEST_US:
        return []
    if any(_tells_of(one, steady) for one in known):
        return []
    before = [one for one in known if not one.until_us]
    from_us = max((one.seen_us + 1 for one in before), default=steady.first_us - _SLACK_US)
    ends = [replace(one, until_us=from_us) for one in before]
    by_itself = mode == "repair" and is_bounded(steady.offset_us)
    by_itself &= sum(one.state == "repaired" for one in known) < MOST_REPAIRS
    fresh = ClockRepair(
        state.gateway,
        steady.offset_us,
        from_us,
        seen_us=steady.last_us,
        state="repaired" if by_itself else "proposed",
        decided_us=now_us if by_itself else 0,
        pending=by_itself,
    )
    return [*ends, fresh]


def _tells_of(one: ClockRepair, steady: SteadyClock) -> bool:
    if one.until_us:
        return steady.last_us <= one.until_us or steady.first_us < one.until_us
    return abs(one.offset_us - steady.offset_us) <= _SLACK_US or steady.last_us <= one.seen_us


def stated(
    gateway: str, offset_us: int, times_us: tuple[int, int | None], by: str, now_us: int
) -> ClockRepair:
    """A repair that a person states: the clock was `offset_us` ahead from the first instant until
    the second, or still is. InvalidInput where that cannot be."""
    from_us, until_us = times_us
    if not LEAST_US <= abs(offset_us) <= LONGEST_US:
        raise InvalidInput(
            "a clock is repaired that is off by 2 minutes to 100 years",
            field="ahead_s",
            value=offset_us / 1e6,
            fix="how far it is ahead in seconds, negative where it is behind",
        )
    if from_us > now_us or (until_us is not None and not from_us < until_us <= now_us):
        raise InvalidInput(
            "the time of the repair ends before it begins, or is to come",
            field="until",
            value="" if until_us is None else iso(until_us),
            fix="an instant after `from` and not after now; none where the clock is still wrong",
        )
    one = ClockRepair(gateway, offset_us, from_us, until_us or 0, now_us, "repaired", by, now_us)
    return replace(one, seen_us=until_us or now_us, pending=True)


def accepted(
    one: ClockRepair, times_us: tuple[int | None, int | None], by: str, now_us: int
) -> ClockRepair:
    """A proposal, or what was decided before, as a person accepts it: in the times that they give,
    else in its own. InvalidInput as `stated`."""
    from_us = one.from_us if times_us[0] is None else times_us[0]
    until_us = times_us[1] if times_us[1] is not None else one.until_us or None
    made = stated(one.gateway, one.offset_us, (from_us, until_us), by, now_us)
    return replace(made, seen_us=until_us or one.seen_us, id=one.id)


def dismissed(one: ClockRepair, by: str, now_us: int) -> ClockRepair:
    """The same, not wanted: what was moved by it goes back to the times that were reported."""
    moved = one.state == "repaired"
    return replace(one, state="dismissed", decided_by=by, decided_us=now_us, pending=moved)


def check_apart(one: ClockRepair, known: Iterable[ClockRepair]) -> None:
    """Conflict where another repair of the gateway covers a part of the same time."""
    for other in known:
        if other.id == one.id or other.state != "repaired":
            continue
        begins_in = other.covers(one.from_us) or one.covers(other.from_us)
        if begins_in:
            raise Conflict(
                "another repair of this clock covers a part of that time",
                field="from",
                value=iso(other.from_us),
                fix="end the other one first, or choose times beside it",
            )


def by_gateway(
    repairs: Iterable[ClockRepair],
) -> Mapping[str, tuple[ClockRepair, ...]]:
    """Those that times are repaired by, of each gateway, by when they began."""
    found: dict[str, list[ClockRepair]] = {}
    for one in sorted(repairs, key=lambda one: (one.from_us, one.id)):
        if one.state == "repaired":
            found.setdefault(one.gateway, []).append(one)
    return {gateway: tuple(own) for gateway, own in found.items()}


def reported_us(repairs: Iterable[ClockRepair], time_us: int) -> int:
    """What the gateway gave as the time of a reading that stands at `time_us` repaired [us UTC]."""
    offsets = [one.offset_us for one in repairs if one.state == "repaired" and one.covers(time_us)]
    return time_us + (offsets[0] if offsets else 0)
