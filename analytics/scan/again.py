"""What was seen of a meter stands until something that it rests on changes.

print of a meter ── known ─▶ its sight ─────┐
                └── new ───▶ glimpse anew ──┴─▶ days common to all ── as before ─▶ its stretches
                                                                 └── others ────▶ looked for anew

A print is a hash of all that a meter is judged by: where it is the same, so is what is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from analytics.groups import Bools, Floats
from analytics.scan.faults import Fault
from analytics.scan.judge import DayStretch, Glimpse, MeterBlock, Sightings
from analytics.scan.special import common_days


@dataclass(frozen=True, eq=False)
class Sight:
    """What was seen of one meter, which is row 0."""

    rest: Floats
    """How far each day of rest stands out, (days,); NaN where it does not rest."""
    faults: tuple[Fault, ...]
    common: Bools
    """Days that were left out, as many meters ran on them, (days,)."""
    stretches: tuple[DayStretch, ...]
    """Of the other days."""


Sights = Mapping[bytes, Sight]
"""By print."""


@dataclass(frozen=True, eq=False)
class SiteSeen:
    """What is seen of meters, and what may be kept of it."""

    sightings: Sightings = field(default_factory=lambda: Sightings((), ()))
    sights: Sights = field(default_factory=dict)
    anew: int = 0
    """Meters that were judged anew."""


def judge_again(
    prints: Sequence[bytes],
    witnesses: Bools,
    block_of: Callable[[Sequence[int]], MeterBlock],
    before: Sights,
) -> SiteSeen:
    """What `judge` says of one block of all the meters, by their prints, of which those are judged
    that are not known `before`, or of which other days than then are common to many.

    witnesses: meters that speak for themselves, (meters,). block_of: the block of some meters, by
    their rows.
    """
    sights = {row: before[one] for row, one in enumerate(prints) if one in before}
    new = [row for row in range(len(prints)) if row not in sights]
    glimpsed = Glimpse.of(block_of(new)) if new else None
    rest = {row: one.rest for row, one in sights.items()}
    if glimpsed is not None:
        rest |= dict(zip(new, glimpsed.rest, strict=True))
    every = np.stack([rest[row] for row in range(len(prints))])
    common = common_days(every[witnesses])
    if glimpsed is not None:
        sights |= _sights(new, glimpsed, common)
    moved = [row for row, one in sights.items() if not np.array_equal(one.common, common)]
    if moved:
        sights |= _sights(moved, Glimpse.of(block_of(moved)), common)
    told = [(row, sights[row]) for row in range(len(prints))]
    stretches = [replace(one, meter=row) for row, seen in told for one in seen.stretches]
    faults = [(0, replace(one, meter=row)) for row, seen in told for one in seen.faults]
    return SiteSeen(
        Sightings(tuple(stretches), tuple(faults)),
        {prints[row]: one for row, one in told},
        len(new) + len(moved),
    )


def _sights(rows: Sequence[int], seen: Glimpse, common: Bools) -> dict[int, Sight]:
    stretches: dict[int, list[DayStretch]] = {}
    for one in seen.stretches(common):
        stretches.setdefault(one.meter, []).append(replace(one, meter=0))
    faults: dict[int, list[Fault]] = {}
    for fault in seen.faults:
        faults.setdefault(fault.meter, []).append(replace(fault, meter=0))
    return {
        row: Sight(
            seen.rest[place].copy(),
            tuple(faults.get(place, ())),
            common,
            tuple(stretches.get(place, ())),
        )
        for place, row in enumerate(rows)
    }
