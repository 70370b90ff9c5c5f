"""From what arrived to the one reading of each point and time that stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite

from metering.units import unit as unit_of
from recompute.facts import PointLine

ENTERED_ORDER = 2**62
"""What a person entered has an order from here on."""
LARGEST = 1e12
"""A value of that size in its canonical unit is no reading."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A reading as it came."""

    point: str
    time_us: int | None
    """None where the message gave no time: that of its arrival stands in."""
    value: float | None
    """In the unit that it was sent in; None takes back what a person entered."""
    unit: str
    order: tuple[int, int]
    """Of two values for one time the one with the higher key stands."""
    place: tuple[int, int, int]
    """Segment, offset and index: where it lies in the journal."""
    arrived_us: int
    delivery: str = ""
    """What the message is known by, where it has readings without a time."""
    delivered_again: bool = False
    """Whether its sender says, or may say by a number, that it came before."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A reading that was kept when its message had gone, in its canonical unit."""

    point: str
    time_us: int
    value: float
    order: tuple[int, int]
    out_of_range: bool = False


@dataclass(frozen=True, slots=True)
class StandingReading:
    """What a point says at a time."""

    time_us: int
    value: float
    """In the canonical unit."""
    out_of_range: bool = False
    entered: bool = False
    """Whether a person entered it."""


def standing(
    arrivals: Iterable[Arrival], stored: Iterable[Stored], points: dict[str, PointLine]
) -> dict[str, list[StandingReading]]:
    """The readings of each point that stand, in rising time."""
    best: dict[tuple[str, int], tuple[Arrival, float]] = {}
    for one in _once(arrivals):
        value = 0.0 if one.value is None else canonical(one.value, one.unit)
        if not isfinite(value) or abs(value) >= LARGEST:
            continue
        place = (one.point, one.arrived_us if one.time_us is None else one.time_us)
        other = best.get(place)
        if other is None or _later(one, other[0]):
            best[place] = (one, value)
    found: dict[str, dict[int, StandingReading]] = defaultdict(dict)
    for kept in stored:
        other = best.get((kept.point, kept.time_us))
        if other is None or other[0].order <= kept.order:
            best.pop((kept.point, kept.time_us), None)
            found[kept.point][kept.time_us] = StandingReading(
                kept.time_us, kept.value, kept.out_of_range, _entered(kept.order)
            )
    for (name, time_us), (one, value) in best.items():
        found[name][time_us] = StandingReading(
            time_us,
            value,
            one.value is None or _outside(points[name], value),
            _entered(one.order),
        )
    return {name: [by_time[t] for t in sorted(by_time)] for name, by_time in found.items()}


def _entered(order: tuple[int, int]) -> bool:
    return order[0] >= ENTERED_ORDER


def canonical(value: float, unit: str) -> float:
    """A value as sent in its canonical unit: value x numerator / denominator + offset, in
    doubles, in that order."""
    known = unit_of(unit)
    factor = known.factor
    return value * float(factor.numerator) / float(factor.denominator) + float(known.offset)


def _once(arrivals: Iterable[Arrival]) -> Iterable[Arrival]:
    """Without readings that have no time and came before, in another delivery of the message."""
    came: dict[str, tuple[int, int]] = {}
    for one in sorted(arrivals, key=lambda a: a.place):
        if one.delivery:
            first = came.setdefault(one.delivery, one.place[:2])
            if one.time_us is None and one.delivered_again and first != one.place[:2]:
                continue
        yield one


def _later(one: Arrival, other: Arrival) -> bool:
    """The higher key; of equal ones the one that lies earlier in the journal."""
    if one.order != other.order:
        return one.order > other.order
    return one.place < other.place


def _outside(point: PointLine, value: float) -> bool:
    low, high = point.low, point.high
    return (low is not None and value < low) or (high is not None and value > high)
