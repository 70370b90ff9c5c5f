"""Validation of one register: what passed between the readings that stand.

    value   ┌ spike: leaves and comes back, dropped
      ▲     │    ╱ rollover: + 10**digits
      │  ╱╲ │  ╱│      ┌ reset or jump: a break, the energy across it is unknown
      │╱    ╲╱  │  ____│
      │         │╱     │╱    flat and then more than a step can hold: stuck, apportioned
      └────────────────────▶ time

Which readings stand is told by `ledger.cleaning`. Nothing here knows a model of the load; the
register alone decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ledger.cadence import usual
from ledger.cleaning.decisions import STUCK, Decision, EventFacts, Span, decide, facts_of, spans_of
from ledger.cleaning.rates import RiseLimits
from ledger.cleaning.story import RegisterReadings
from ledger.limits import RegisterLimits
from ledger.periods import slot_ends
from metering.quality import APPORTIONED, MEASURED, MISSING
from metering.quantity import I64


@dataclass
class Cleaned:
    """Good readings of one register and the segments between them."""

    time_us: I64
    """(n,) rising."""
    energy: I64
    """(n - 1,) book units that passed in each segment; 0 across a break."""
    quality: NDArray[np.int8]
    """(n - 1,) MEASURED, APPORTIONED or MISSING."""
    spans: list[Span] = field(default_factory=list)
    facts: dict[Span, EventFacts] = field(default_factory=dict)
    """What is known of some of them."""


@dataclass(frozen=True, eq=False)
class Around:
    """What readings that are looked at alone do not say of themselves."""

    earlier_us: I64
    """Times of the usable readings before them, up to eight."""
    zone: str = "UTC"
    """Where the days of the books begin."""
    entered_us: I64 = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """Times of those that a person entered."""


NOTHING_BEFORE: Final = Around(np.zeros(0, dtype=np.int64))
"""Of readings that are all there are."""


def clean(
    time_us: I64,
    value: I64,
    limits: RegisterLimits,
    *,
    decisions: Sequence[Decision] | None = None,
    rejected_us: I64 | None = None,
    missing: tuple[int, int] | None = None,
    around: Around = NOTHING_BEFORE,
) -> Cleaned:
    """Settle one register's readings, given in rising time.

    `decisions` were made over all readings; without them these here are all, under the registered
    limit. `rejected_us` are times of readings that cannot be used. `missing` is (start,
    end) of a run at the end that stands still for longer than the meter is known to rest. `around`
    says what came before and where the days begin.
    """
    if decisions is None:
        rates = RiseLimits.fixed(limits)
        alone = RegisterReadings(time_us, value, rates, limits.modulus, (), limits.signed)
        decisions = decide(alone, limits.flat_us)
    marks = _Marks.of(time_us, decisions)
    kept = np.flatnonzero(marks.keep)
    at, now = time_us[kept], value[kept]
    energy = np.diff(now) + marks.turn[kept[1:]] * (limits.modulus or 0)
    over = marks.over[kept[1:]] | _holds(at, rejected_us)
    if len(around.entered_us):
        entered = np.isin(at, around.entered_us)
        over |= entered[:-1] | entered[1:]
    lacking, gone = _lacking(time_us, kept, limits, around)
    quality = np.where(over | lacking, APPORTIONED, MEASURED)
    broken = marks.broken[kept[1:]]
    energy[broken], quality[broken] = 0, MISSING
    told = [span for span in spans_of(decisions) if _inside(span, time_us)]
    wide = np.flatnonzero(gone & (quality == APPORTIONED) & ~marks.over[kept[1:]])
    facts = facts_of(decisions) | {
        ("gap", int(at[i]), int(at[i + 1])): EventFacts(energy=int(energy[i])) for i in wide
    }
    gaps = [("gap", int(at[i]), int(at[i + 1])) for i in wide]
    cleaned = Cleaned(at, energy, quality.astype(np.int8), told + gaps, facts)
    if missing is not None:
        _open_end(cleaned, *missing)
    cleaned.spans.sort(key=lambda span: (span[1], span[2], span[0]))
    return cleaned


@dataclass
class _Marks:
    """What decisions say of each reading."""

    keep: NDArray[np.bool_]
    turn: I64
    """Turns of the register on the way to it."""
    broken: NDArray[np.bool_]
    over: NDArray[np.bool_]
    """Readings were left out on the way to it."""

    @classmethod
    def of(cls, time_us: I64, decisions: Sequence[Decision]) -> _Marks:
        count = len(time_us)
        made = cls(
            np.ones(count, dtype=np.bool_),
            np.zeros(count, dtype=np.int64),
            np.zeros(count, dtype=np.bool_),
            np.zeros(count, dtype=np.bool_),
        )
        for one in decisions:
            here, there = np.searchsorted(time_us, (one.here_us, one.there_us)).tolist()
            if here == count or time_us[here] != one.here_us:
                here -= 1
            made.keep[here + 1 : there] = False
            if there < count:
                made.turn[there] = one.turns
                made.broken[there] = one.breaks
                made.over[there] = one.first_us < one.there_us
        return made


def _holds(at: I64, rejected_us: I64 | None) -> NDArray[np.bool_]:
    """(n - 1,) whether a reading that cannot be used lies in the segment."""
    held = np.zeros(max(len(at) - 1, 0), dtype=np.bool_)
    if rejected_us is not None and len(rejected_us) and len(held):
        place = np.searchsorted(at, rejected_us) - 1
        held[place[(place >= 0) & (place < len(held))]] = True
    return held


def _inside(span: Span, time_us: I64) -> bool:
    return bool(len(time_us)) and span[2] > int(time_us[0]) and span[1] < int(time_us[-1])


def _lacking(
    time_us: I64, kept: NDArray[np.intp], limits: RegisterLimits, around: Around
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(n - 1,) whether readings lack in a segment so that slots have no edge of their own, and
    whether that is worth telling."""
    step, passed = limits.step_us, np.diff(time_us[kept])
    every = np.concatenate((around.earlier_us, time_us))
    shortest = min(step, int(np.diff(every).min(initial=step)))
    long = np.flatnonzero(2 * passed > 3 * shortest)
    lacking, gone = np.zeros((2, len(passed)), dtype=np.bool_)
    if not len(long):
        return lacking, gone
    common = usual(every, len(around.earlier_us) + kept[long], step)
    length = passed[long]
    start_us = time_us[kept[long]]
    inside = start_us + length <= slot_ends(start_us, around.zone, step)
    lacking[long] = (2 * length > 3 * np.minimum(common, step)) & ~inside
    gone[long] = (length >= 2 * common) & (length > step)
    return lacking, gone


def _open_end(cleaned: Cleaned, start_us: int, end_us: int) -> None:
    if not len(cleaned.time_us) or cleaned.time_us[-1] <= start_us:
        return
    cleaned.quality[cleaned.time_us[:-1] >= start_us] = MISSING
    cleaned.spans = [s for s in cleaned.spans if not (s[0] == "gap" and s[1] >= start_us)]
    cleaned.spans.append((STUCK, start_us, end_us))


def open_run(cleaned: Cleaned) -> tuple[int, int, bool] | None:
    """(start, end, whether the register moved before) of the readings at the end that stand
    still; None without readings."""
    if not len(cleaned.time_us):
        return None
    moved = np.flatnonzero((cleaned.energy != 0) | (cleaned.quality == MISSING))
    first = int(moved[-1]) + 1 if moved.size else 0
    return int(cleaned.time_us[first]), int(cleaned.time_us[-1]), bool(moved.size)


def longest_rest(cleaned: Cleaned) -> int:
    """Longest closed, genuine flat run [us]: readings that stand still and then go on by a
    step the register can make. 0 where there is none."""
    still = (cleaned.energy == 0) & (cleaned.quality != MISSING)
    if not still.any():
        return 0
    edges = np.diff(np.concatenate(([0], still.astype(np.int8), [0])))
    first, last = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    closed = last < len(still)
    closed[closed] &= cleaned.quality[last[closed]] != MISSING
    lengths = cleaned.time_us[last[closed]] - cleaned.time_us[first[closed]]
    return int(lengths.max(initial=0))
