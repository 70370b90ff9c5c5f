"""From the readings of points to hours.

    means    of what was sent in an hour
    part on  of an hour a state was not 0; it holds until the next one is sent, or for a day
    starts   how often a state went from nothing to something within the hour

Readings are sorted by point, then time; those out of a point's range are left out. What is asked of
several points is that of all of them: the mean, or the sum of their starts.
"""

from __future__ import annotations

import numpy as np

from analytics.groups import Floats, Ints
from metering.localtime import HOUR_US
from metering.reading import Flag, ReadingColumns

MOST_HELD_US = 24 * HOUR_US


def hourly_means(seen: ReadingColumns, hours_us: Ints) -> Floats:
    """(hours,) means of what was sent in each hour; NaN without any."""
    good = (seen.flag & Flag.OUT_OF_RANGE) == 0
    hour = np.searchsorted(hours_us, seen.time_us[good], side="right") - 1
    return _means(hour, seen.value[good], np.ones(int(good.sum())), hours_us.size)


def parts_on(seen: ReadingColumns, hours_us: Ints) -> Floats:
    """(hours,) in which part of the known time of each hour the state was not 0; NaN where nothing
    is known."""
    good = (seen.flag & Flag.OUT_OF_RANGE) == 0
    point, start, on = seen.point[good], seen.time_us[good], seen.value[good] != 0
    if not start.size:
        return np.full(hours_us.size, np.nan)
    last = np.append(point[1:] != point[:-1], True)
    ends = np.where(last, int(hours_us[-1]) + HOUR_US, np.append(start[1:], 0))
    ends = np.minimum(ends, start + MOST_HELD_US)
    first = np.searchsorted(hours_us, start, side="right") - 1
    beyond = np.searchsorted(hours_us, ends, side="left")
    count = np.maximum(beyond - first, 0)
    of = np.repeat(np.arange(start.size), count)
    hour = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + first[of]
    from_us = np.maximum(start[of], hours_us[hour])
    to_us = np.minimum(ends[of], hours_us[hour] + HOUR_US)
    weight = np.maximum(to_us - from_us, 0).astype(np.float64)
    return _means(hour, on[of].astype(np.float64), weight, hours_us.size)


def starts(seen: ReadingColumns, hours_us: Ints) -> Floats:
    """(hours,) how often a state rose from 0; NaN in hours in which less than two were sent."""
    good = (seen.flag & Flag.OUT_OF_RANGE) == 0
    point, value = seen.point[good], seen.value[good]
    hour = np.searchsorted(hours_us, seen.time_us[good], side="right") - 1
    rose = np.zeros(value.size, dtype=np.bool_)
    rose[1:] = (point[1:] == point[:-1]) & (value[:-1] == 0) & (value[1:] != 0)
    sent = np.bincount(hour, minlength=hours_us.size)
    counted = np.bincount(hour[rose], minlength=hours_us.size)
    return np.where(sent >= 2, counted, np.nan)


def _means(hour: Ints, values: Floats, weights: Floats, number: int) -> Floats:
    weight = np.bincount(hour, weights=weights, minlength=number)
    total = np.bincount(hour, weights=values * weights, minlength=number)
    return np.asarray(np.divide(total, weight, out=np.full(number, np.nan), where=weight > 0))
