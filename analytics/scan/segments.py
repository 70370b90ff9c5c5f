"""The stretches of days that left their expectation most surely.

For each shape and each length of a window of days, the deviation held against its noise,

    z = (sum along / sum size) / sqrt(variance)

and of all windows of a meter the one with the greatest z is an event. Its days are taken out and
the rest is looked at again, until nothing stands out. Lengths are spaced so that a stretch is never
far from one; what stands out is widened or narrowed day by day to where the deviation halves.

Method: scan statistics, after J. Glaz, J. Naus, S. Wallenstein, "Scan Statistics" (2001).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from analytics.groups import Bools, Floats, Ints

LENGTHS: Final = (1, 2, 3, 4, 5, 7, 10, 14, 21, 28, 42, 63, 91, 140, 200)
TINY, MOST_Z = 1e-18, 1e3
"""A meter that never varies is told without dividing by nothing."""
HALF, PART, LITTLE = 0.5, 0.25, 0.2
REACH = 42
"""Days within which a stretch goes on after quiet ones."""
EDGE_DAYS = 3
"""Days by which an end is judged."""
MOST_EVENTS = 12
"""Of one meter, in one window of looking."""
MOST_LOOKS = 40
"""Likewise, those that come to nothing included."""
NEXT_WEEK = 8
"""Days from the end of a segment to the beginning of one that goes on with it."""
STANDS = 3.0
"""Standard deviations by which days near an end must stand out to belong to it, where that is less
than half of its power."""
APART = 1
"""Days on either side of an event that are part of no other."""


@dataclass(frozen=True)
class DaySegment:
    """Days of one meter that left their expectation along a shape."""

    meter: int
    shape: int
    first: int
    """Day, a place in the window."""
    last: int
    """Inclusive."""
    z: float
    power: float
    """along / size [kW per unit of the shape]."""
    known: int
    """Day on which it stood out first."""


@dataclass(frozen=True, eq=False)
class Shaped:
    """Days of several meters along several shapes, and their noise."""

    along: Floats
    """(shapes, meters, days)"""
    size: Floats
    """Likewise; 0 where too little of the day is known."""
    sigma: Floats
    """(shapes, meters): of along / sqrt(size) of a day, its likeness to its neighbours counted."""
    tau: Floats
    """(shapes, meters): of along / size over a long time."""
    heavy: Floats
    """(shapes, meters): of along, what a single day out of the ordinary adds now and then."""
    least: Floats
    """(shapes, meters): power below which nothing is told."""
    season: Floats
    """(shapes, meters, days): of along / size, how far days are off at this time of every year."""
    fewest: Ints
    """(shapes, meters): days on which that must be known at least."""

    def of(self, meter: int) -> Shaped:
        """One of the meters."""
        return Shaped(*(part[:, [meter]] for part in vars(self).values()))

    @property
    def above_season(self) -> Shaped:
        """What is left beyond what the season takes as well; what it takes less excuses nothing."""
        return replace(self, along=self.along - np.maximum(self.season, 0.0) * self.size)

    def variance(self, size: Floats) -> Floats:
        """Of along / size over days whose sizes add up to `size`, (shapes, meters, ...)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            own = self.sigma[..., None] ** 2 / size + self.tau[..., None] ** 2
            own = own + (self.heavy[..., None] / size) ** 2
        return np.where(size > 0, own, np.inf)


def segments(shaped: Shaped, least_z: float) -> list[DaySegment]:
    """All that stands out beyond `least_z`, meter by meter, the surest first."""
    told = np.flatnonzero(_best(shaped).max(axis=0) > least_z)
    return [one for meter in told.tolist() for one in _of_meter(shaped.of(meter), meter, least_z)]


def _best(shaped: Shaped) -> Floats:
    """Greatest z over all windows, (shapes, meters)."""
    best = np.zeros(shaped.sigma.shape)
    for _, z in _windows(shaped):
        best = np.maximum(best, z.max(axis=2))
    return best


def _windows(shaped: Shaped) -> list[tuple[int, Floats]]:
    """Each length with the z of the windows that begin on each day."""
    days = shaped.along.shape[2]
    along, size = cumulated(shaped.along), cumulated(shaped.size)
    count = cumulated((shaped.size > 0).astype(np.float64))
    found = []
    for length in LENGTHS:
        if length <= days:
            a = along[..., length:] - along[..., :-length]
            s = size[..., length:] - size[..., :-length]
            n = count[..., length:] - count[..., :-length]
            found.append((length, _z(shaped, a, s, n)))
    return found


def cumulated(values: Floats) -> Floats:
    """Sums of all days before each, and of all, (..., days + 1)."""
    return np.cumsum(np.pad(values, ((0, 0), (0, 0), (1, 0))), axis=2)


def _z(shaped: Shaped, along: Floats, size: Floats, count: Floats) -> Floats:
    power = np.divide(along, size, out=np.zeros_like(along), where=size > 0)
    z = np.minimum(power / np.sqrt(np.maximum(shaped.variance(size), TINY)), MOST_Z)
    told = (power >= shaped.least[..., None]) & (count >= shaped.fewest[..., None])
    return np.where(told, z, 0.0)


def _of_meter(own: Shaped, meter: int, least_z: float) -> list[DaySegment]:
    found: list[DaySegment] = []
    for _ in range(MOST_LOOKS):
        z, shape, first, last = _greatest(own)
        if z <= least_z or len(found) == MOST_EVENTS:
            break
        segment = _widened(own, meter, shape, first, last, least_z)
        if segment.z > least_z:
            found.append(segment)
            own = without(own, segment.first, segment.last)
        else:
            own = _without_shape(own, shape, first, last)
    return _joined(found)


def _joined(found: list[DaySegment]) -> list[DaySegment]:
    """Segments of one shape that follow each other within a week are one, as sure as the surest."""
    result: list[DaySegment] = []
    for one in sorted(found, key=lambda segment: (segment.shape, segment.first)):
        before = result[-1] if result else None
        if before and before.shape == one.shape and one.first - before.last <= NEXT_WEEK:
            surer = max(before, one, key=lambda segment: segment.z)
            result[-1] = replace(
                surer, first=before.first, last=one.last, known=min(before.known, one.known)
            )
        else:
            result.append(one)
    return sorted(result, key=lambda segment: -segment.z)


def _greatest(own: Shaped) -> tuple[float, int, int, int]:
    best = (0.0, 0, 0, 0)
    for length, z in _windows(own):
        place = int(np.argmax(z[:, 0]))
        shape, first = divmod(place, z.shape[2])
        if z[shape, 0, first] > best[0]:
            best = (float(z[shape, 0, first]), shape, first, first + length - 1)
    return best


def _widened(
    own: Shaped, meter: int, shape: int, first: int, last: int, least_z: float
) -> DaySegment:
    """Moved day by day to where the deviation halves, and told how sure it is then."""
    along, size = own.along[shape, 0], own.size[shape, 0]
    power = float(along[first : last + 1].sum() / size[first : last + 1].sum())
    noise = _only(own, shape)
    first = end_of(noise, along, size, power, first, -1)
    last = max(end_of(noise, along, size, power, last, 1), first)
    first, last = (
        first - _has_part(own, first - 1, first, last),
        last + _has_part(own, last + 1, first, last),
    )
    a, s = np.cumsum(along[first : last + 1]), np.cumsum(size[first : last + 1])
    n = np.cumsum(size[first : last + 1] > 0)
    grown = _z(_only(own, shape), a[None, None], s[None, None], n[None, None])[0, 0]
    passed = np.flatnonzero(grown > least_z)
    known = first + int(passed[0]) if passed.size else last
    return DaySegment(meter, shape, first, last, float(grown.max()), float(a[-1] / s[-1]), known)


def _only(own: Shaped, shape: int) -> Shaped:
    return Shaped(*(part[[shape]] for part in vars(own).values()))


def end_of(own: Shaped, along: Floats, size: Floats, power: float, place: int, step: int) -> int:
    """Where the deviation ends: inwards past days below half of it, then outwards while the next
    days keep above that, or stand out by themselves."""
    days: Ints = np.flatnonzero(size > 0).astype(np.int64)
    above: Bools = along[days] >= HALF * power * size[days]
    at = int(np.searchsorted(days, place, side="left" if step < 0 else "right")) - (step > 0)
    at = int(np.clip(at, 0, days.size - 1))
    while not above[at] and 0 <= at - step < days.size:
        at -= step
    while 0 <= at + step < days.size:
        ahead = days[at + 1 :][:EDGE_DAYS] if step > 0 else days[max(at - EDGE_DAYS, 0) : at]
        s = size[ahead].sum()
        stands = STANDS * float(np.sqrt(own.variance(np.full((1, 1, 1), s))[0, 0, 0]))
        if not above[at + step] and along[ahead].sum() < min(HALF * power, stands) * s:
            break
        at += step
    at = _reached(along[days], size[days], days, power, at, step)
    low = along[days] >= LITTLE * power * size[days]
    while not low[at] and 0 <= at - step < days.size:
        at -= step
    return int(days[at])


def _without_shape(own: Shaped, shape: int, first: int, last: int) -> Shaped:
    """The same where days look like one shape no more: by its ends they are too few for it, and
    another may tell them."""
    along, size = own.along.copy(), own.size.copy()
    along[shape, :, first : last + 1], size[shape, :, first : last + 1] = 0.0, 0.0
    return replace(own, along=along, size=size)


def _has_part(own: Shaped, day: int, first: int, last: int) -> bool:
    """Whether a day beside days `first` to `last` has a part of what they show, along any shape:
    nights begin on one day and end on another."""
    if not 0 <= day < own.size.shape[2]:
        return False
    along, size = (part[:, 0, first : last + 1].sum(axis=1) for part in (own.along, own.size))
    power = np.divide(along, size, out=np.zeros_like(along), where=size > 0)
    here = own.size[:, 0, day]
    stands = STANDS * np.sqrt(own.variance(own.size[..., [day]])[:, 0, 0])
    reached = np.divide(own.along[:, 0, day], here, out=np.zeros_like(along), where=here > 0)
    return bool(((power > 0) & (reached >= np.maximum(PART * power, stands))).any())


def _reached(along: Floats, size: Floats, days: Ints, power: float, at: int, step: int) -> int:
    """The farthest day within `REACH`, itself above half of the power, up to which all days beyond
    `at` are so together: quiet days within a stretch do not end it."""
    beyond = slice(at + 1, None) if step > 0 else slice(at - 1 if at else None, None, -1)
    if step < 0 and not at:
        return at
    near = np.abs(days[beyond] - days[at]) <= REACH
    a, s = along[beyond][near], size[beyond][near]
    above = (np.cumsum(a) >= HALF * power * np.cumsum(s)) & (a >= HALF * power * s)
    return at + step * (int(np.flatnonzero(above)[-1]) + 1) if above.any() else at


def without(own: Shaped, first: int, last: int) -> Shaped:
    """The same without days and one on either side."""
    along, size = own.along.copy(), own.size.copy()
    cut = slice(max(first - APART, 0), last + 1 + APART)
    along[..., cut], size[..., cut] = 0.0, 0.0
    return replace(own, along=along, size=size)
