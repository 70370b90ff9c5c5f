"""The stretches of days that left their expectation most surely.

For each shape and each length of a window of days, the deviation held against its noise,

    z = (sum along / sum size) / sqrt(variance)

and of all windows of a meter the one with the greatest z is an event. Its days are taken out and
the rest is looked at again, until nothing stands out. Lengths are spaced so that a stretch is never
far from one; what stands out is widened or narrowed day by day to where the deviation halves.

Method: scan statistics, after J. Glaz, J. Naus, S. Wallenstein, "Scan Statistics" (2001).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from analytics.groups import Bools, Floats, Ints
from analytics.scan.noise import Noise
from analytics.scan.shapes import Days

LENGTHS: Final = (1, 2, 3, 4, 5, 7, 10, 14, 21, 28, 42, 63, 91, 140)
HALF = 0.5
EDGE_DAYS = 3
"""Days by which an end is judged."""
MOST_EVENTS = 12
"""Of one meter, in one window of looking."""


@dataclass(frozen=True)
class Segment:
    """Days of one meter that left their expectation along a shape."""

    meter: int
    shape: str
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
    """Days and noise of one shape."""

    days: Days
    noise: Noise
    least: Floats
    """Power below which nothing is told, (meters,)."""


def segments(
    shaped: Mapping[str, Shaped], least_z: float, within: Bools | None = None
) -> list[Segment]:
    """All that stands out beyond `least_z`, meter by meter, the surest first.

    `within` (meters, days) are the days to look at; all where it is left out.
    """
    best = np.stack([_best(one) for one in shaped.values()])
    told = np.flatnonzero((best > least_z).any(axis=0))
    found: list[Segment] = []
    for meter in told.tolist():
        own = {name: _row(one, meter, within) for name, one in shaped.items()}
        found += _of_meter(own, meter, least_z)
    return found


def _row(one: Shaped, meter: int, within: Bools | None) -> Shaped:
    keep = 1.0 if within is None else within[[meter]].astype(np.float64)
    noise = Noise(*(part[[meter]] for part in (one.noise.sigma, one.noise.rho, one.noise.tau)))
    days = Days(one.days.along[[meter]] * keep, one.days.size[[meter]] * keep)
    return Shaped(days, noise, one.least[[meter]])


def _best(one: Shaped) -> Floats:
    """Greatest z over all windows, (meters,)."""
    return np.stack([_of_length(one, length).max(axis=1) for length in _lengths(one)]).max(axis=0)


def _lengths(one: Shaped) -> list[int]:
    return [length for length in LENGTHS if length <= one.days.along.shape[1]] or [1]


def _of_length(one: Shaped, length: int) -> Floats:
    """z of the window that ends on each day, (meters, days - length + 1)."""
    along, size = _moving(one.days.along, length), _moving(one.days.size, length)
    with np.errstate(divide="ignore", invalid="ignore"):
        power = np.where(size > 0, along / size, 0.0)
        z = power / np.sqrt(one.noise.variance(size))
    return np.where(power >= one.least[:, None], z, 0.0)


def _moving(values: Floats, length: int) -> Floats:
    total = np.cumsum(np.pad(values, ((0, 0), (1, 0))), axis=1)
    return total[:, length:] - total[:, :-length]


def _of_meter(own: Mapping[str, Shaped], meter: int, least_z: float) -> list[Segment]:
    found: list[Segment] = []
    left = dict(own)
    for _ in range(MOST_EVENTS):
        z, name, first, last = max(_greatest(one, name) for name, one in left.items())
        if z <= least_z:
            break
        segment = _widened(left[name], meter, name, first, last, least_z)
        found.append(segment)
        left = {key: _without(one, segment) for key, one in left.items()}
    return found


def _greatest(one: Shaped, name: str) -> tuple[float, str, int, int]:
    best = (0.0, name, 0, 0)
    for length in _lengths(one):
        z = _of_length(one, length)[0]
        place = int(np.argmax(z))
        if z[place] > best[0]:
            best = (float(z[place]), name, place, place + length - 1)
    return best


def _widened(
    one: Shaped, meter: int, name: str, first: int, last: int, least_z: float
) -> Segment:
    """Moved day by day to where the deviation halves, and told how sure it is then."""
    along, size = one.days.along[0], one.days.size[0]
    power = float(along[first : last + 1].sum() / size[first : last + 1].sum())
    first = _end(along, size, power, first, -1)
    last = _end(along, size, power, last, 1)
    a, s = along[first : last + 1], size[first : last + 1]
    total = np.cumsum(a), np.cumsum(s)
    with np.errstate(divide="ignore", invalid="ignore"):
        grown = (total[0] / total[1]) / np.sqrt(one.noise.variance(total[1][None, :])[0])
    passed = np.flatnonzero(np.nan_to_num(grown) > least_z)
    known = first + int(passed[0]) if passed.size else last
    z = float(np.nanmax(np.nan_to_num(grown)))
    return Segment(meter, name, first, last, z, float(a.sum() / s.sum()), known)


def _end(along: Floats, size: Floats, power: float, place: int, step: int) -> int:
    """Where the deviation ends: inwards past days below half of it, then outwards while the next
    days keep above."""
    days: Ints = np.flatnonzero(size > 0).astype(np.int64)
    at = int(np.searchsorted(days, place, side="left" if step < 0 else "right")) - (step > 0)
    at = int(np.clip(at, 0, days.size - 1))
    while 0 <= at + step < days.size:
        ahead = days[at + step :][:EDGE_DAYS] if step > 0 else days[max(at - EDGE_DAYS, 0) : at]
        next_day = days[at + step]
        if along[next_day] < HALF * power * size[next_day] and (
            along[ahead].sum() < HALF * power * size[ahead].sum()
        ):
            break
        at += step
    while along[days[at]] < HALF * power * size[days[at]] and 0 <= at - step < days.size:
        at -= step
    return int(days[at])


def _without(one: Shaped, segment: Segment) -> Shaped:
    """The same without the segment's days and one on either side."""
    along, size = one.days.along.copy(), one.days.size.copy()
    cut = slice(max(segment.first - 1, 0), segment.last + 2)
    along[:, cut], size[:, cut] = 0.0, 0.0
    return Shaped(Days(along, size), one.noise, one.least)
