"""Decisions on readings: links of a story, by time, with what they say happened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from ledger.cleaning.story import (
    BREAKS,
    BRIDGE,
    RESET,
    ROLLOVER,
    SPIKE,
    Link,
    RegisterReadings,
    tell,
)
from metering.quantity import I64

Span = tuple[str, int, int]
"""(kind, start_us, end_us) of something found on a register."""
STUCK: Final = "stuck"
REVERSED: Final = "reversed"
LIMIT: Final = "limit"
"""A month in which the registered limit is set aside for the learned one."""
MANY_FALLS = 3
"""Resets in a row that are one register running backwards."""


@dataclass(frozen=True, order=True)
class EventFacts:
    """What a decision rests on, and what comes of it; None where that is unknown."""

    cost: int | None = None
    limit: int | None = None
    """Most per hour on its last day [book units]."""
    value: int | None = None
    """The first reading that is left out, else the one it leads to [book units]."""
    energy: int | None = None
    """What is booked over it [book units]."""


NOTHING: Final = EventFacts()


@dataclass(frozen=True, order=True)
class Decision:
    """The reading at `there_us` follows that at `here_us`; what lies between is left out."""

    here_us: int
    first_us: int
    """The first reading that is left out, else `there_us`."""
    there_us: int
    kind: str
    """rollover, replaced, spike, stuck, bridge, reset, reversed or jump."""
    turns: bool
    cost: int
    whole: tuple[int, int] | None = None
    """(start, end) of the falls in a row that it is one of [us]."""
    facts: EventFacts = field(default=NOTHING, compare=False)

    @property
    def breaks(self) -> bool:
        """Whether what passed from one to the other is unknown."""
        return self.kind in BREAKS or self.kind == REVERSED


def decide(readings: RegisterReadings, flat_us: int, seen: I64 | None = None) -> list[Decision]:
    """What the cheapest story says, in order of time.

    A bridge over readings that stood still for `flat_us` is a stuck register.
    """
    return _reversed([_decision(readings, link, flat_us) for link in tell(readings, seen)])


def _decision(readings: RegisterReadings, link: Link, flat_us: int) -> Decision:
    time_us, value, kind = readings.time_us, readings.value, link.kind
    if kind == BRIDGE:
        still = bool(value[link.here] == value[link.there - 1])
        if still and time_us[link.there - 1] - time_us[link.here] >= flat_us:
            kind = STUCK
    here, first, there = (int(time_us[n]) for n in (link.here, link.here + 1, link.there))
    facts = EventFacts(link.cost, _limit(readings, there), int(value[link.here + 1]), None)
    if kind not in BREAKS:
        turn = (readings.modulus or 0) * link.turns
        facts = replace(facts, energy=int(value[link.there] - value[link.here]) + turn)
    return Decision(here, first, there, kind, link.turns, link.cost, facts=facts)


def _limit(readings: RegisterReadings, end_us: int) -> int | None:
    most = readings.rates.per_hour(end_us)
    return None if most == np.inf else int(most)


def _reversed(decisions: Sequence[Decision]) -> list[Decision]:
    """Falls in a row are one register running backwards."""
    found: list[Decision] = []
    falls: list[Decision] = []
    for one in decisions:
        if falls and (one.kind != RESET or one.here_us != falls[-1].there_us):
            found += _falling(falls)
            falls = []
        (falls if one.kind == RESET else found).append(one)
    return found + _falling(falls)


def _falling(falls: Sequence[Decision]) -> list[Decision]:
    if len(falls) < MANY_FALLS:
        return list(falls)
    whole = (falls[0].here_us, falls[-1].there_us)
    facts = replace(falls[0].facts, cost=sum(one.cost for one in falls))
    return [replace(one, kind=REVERSED, whole=whole, facts=facts) for one in falls]


def spans_of(decisions: Iterable[Decision]) -> list[Span]:
    """What is told of decisions, each once."""
    return list(dict.fromkeys(span for one in decisions for span in _spans(one)))


def facts_of(decisions: Iterable[Decision]) -> dict[Span, EventFacts]:
    """What is told of decisions, with what each rests on."""
    return {span: one.facts for one in decisions for span in _spans(one)}


def _spans(one: Decision) -> list[Span]:
    if one.kind == SPIKE:
        spans = [(SPIKE, one.first_us, one.there_us)]
        return [*spans, (ROLLOVER, one.here_us, one.there_us)] if one.turns else spans
    if one.whole is not None:
        return [(one.kind, *one.whole)]
    spans = [(one.kind, one.here_us, one.there_us)]
    turned = one.turns and one.kind != ROLLOVER
    return [*spans, (ROLLOVER, one.here_us, one.there_us)] if turned else spans
