"""Which stretch of time each reading of an interval speaks of: docs/cleaning.md, "Intervals and
means"."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from metering.localtime import HOUR_US, MINUTE_US, day_bounds, local_day

SECOND_US = MINUTE_US // 60
LENGTHS_US = (
    *(n * SECOND_US for n in (1, 2, 5, 10, 15, 20, 30)),
    *(n * MINUTE_US for n in (1, 2, 3, 5, 6, 10, 12, 15, 20, 30)),
    HOUR_US,
)
MOST_OFF_US = 30 * SECOND_US
FEW = 4
"""With fewer stretches a day does not say that its intervals are longer than a step."""


@dataclass(frozen=True)
class PlacedInterval:
    """The interval of a reading."""

    place: int
    """Of the reading, among those given."""
    start: int
    end: int
    length: int
    """As the day's stamps tell it; the last one of a day may end earlier."""


def intervals(
    times_us: Sequence[int], entered: Sequence[bool], zone: str, step_us: int
) -> tuple[list[PlacedInterval], list[int]]:
    """(intervals that never overlap, times of the readings that begin nowhere); times rise. What a
    person entered comes before what lies nearer to the start."""
    by_day: dict[tuple[int, int], list[int]] = defaultdict(list)
    for place, at in enumerate(times_us):
        by_day[day_bounds(local_day(at + MOST_OFF_US, zone), zone)].append(place)
    found: list[PlacedInterval] = []
    off: list[int] = []
    for (first, last), places in by_day.items():
        stamps = [times_us[place] for place in places]
        length = length_of([after - before for before, after in pairwise(stamps)], step_us)
        best: dict[int, tuple[bool, int, int]] = {}
        for place, at in zip(places, stamps, strict=True):
            start = first + (at - first + length // 2) // length * length
            away = abs(at - start)
            if away > min(length // 10, MOST_OFF_US) or start >= last:
                off.append(at)
            elif start not in best or (not entered[place], away) < best[start][:2]:
                best[start] = (not entered[place], away, place)
        found += [
            PlacedInterval(place, start, min(start + length, last), length)
            for start, (_, _, place) in sorted(best.items())
        ]
    return found, off


def length_of(stretches: Sequence[int], step_us: int) -> int:
    """How long a day's intervals are: the shortest length that a tenth of the stretches between
    its stamps are of, to a tenth of it."""
    for length in LENGTHS_US:
        near = sum(10 * abs(one - length) <= length for one in stretches)
        if 10 * near >= max(1, len(stretches)):
            return length if len(stretches) >= FEW else min(length, step_us)
    return step_us
