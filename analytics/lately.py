"""What the hours of a meter were in the last 60 days, and hours far outside of that.

    day      -60 ........................................ -1 │ the day
    kind      w  w  w  w  w  S  R  w  w  w  w  w  S  R  w   │ w
              └── of alike days, hour by hour: middle, spread ──▶ band

The band of an hour is made of days before its own alone. Middles and spreads are medians, so that
days of waste among the 60 move neither far. What is given is how far each hour was from what the
frozen baseline expects of it, and so the weather and the week are in it already.

Of a day the run of hours that leaves the band farthest is held against such runs of the alike days
before: a meter whose hours often go astray has to go farther. Of special days nothing is said, nor
of a day of rest on which many meters of a site run: there the calendar is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from analytics.bins import COMPACT_OF, HourCalendar
from analytics.groups import Bools, Floats, Ints, median
from analytics.robust import MAD_TO_SIGMA
from analytics.scan.special import COMMON_METERS, COMMON_SHARE
from analytics.stretches import special_days_of

SPAN_DAYS: Final = 60
LEAST_ALIKE: Final = 5
"""Alike days of the span that must know an hour."""
HALF: Final = 2.3
"""Spreads from the middle to either end of the 90 % interval, set on generated tuning seeds."""
OUT: Final = 3.0
"""Spreads from which on an hour is part of a run."""
MOST_HOURS: Final = 12
"""A longer run is a matter of days."""
USUAL_SHARE: Final = 0.9
"""Of alike days, those whose farthest run is usual."""
FLOOR: Final = 0.02
"""Least spread as a share of the middle hour: registers count in steps."""
NOTHING: Final = 0.02
"""Of the middle hour, what is as good as nothing."""
STANDS_OUT: Final = 3.0
"""Score from which on a meter takes part in what many do at once."""
DAY_H: Final = 24


@dataclass(frozen=True, eq=False)
class LatelyBand:
    """What the hours of a day were lately, (meters, 24) each; NaN where too few are known."""

    middle: Floats
    """Of how far hours were from what is expected [kWh/h]."""
    spread: Floats
    """[kW]"""
    usual: Floats
    """What the farthest run of an alike day comes to [spreads], (2, meters): above, below."""
    level: Floats
    """The middle hour of the span before the day [kWh/h], (meters,); NaN where none is known."""

    @property
    def half(self) -> Floats:
        """From the middle to either end of the 90 % interval [kW]."""
        return HALF * self.spread


@dataclass(frozen=True)
class HourRun:
    """Hours [first, end) of a window in which a meter was far outside of what such hours were."""

    meter: int
    first: int
    end: int
    above: bool
    """More was taken; else next to nothing."""
    score: float
    """Its reach by what is usual."""
    kwh: float
    """What it took, in all [kWh]."""
    usual_kwh: float
    """What such hours took lately, in all [kWh]."""
    half_kwh: float
    """Half of the 90 % interval of that [kWh], if its hours are astray together."""

    @property
    def low_kwh(self) -> float:
        """The lower end of the interval [kWh]: not below nothing, of what takes something."""
        low = self.usual_kwh - self.half_kwh
        return max(low, 0.0) if self.usual_kwh >= 0 else low

    @property
    def high_kwh(self) -> float:
        """Its upper end [kWh]."""
        return self.usual_kwh + self.half_kwh


@dataclass(frozen=True, eq=False)
class Lately:
    """Hours of meters as days of 24."""

    away: Floats
    """[kWh/h] from what is expected, (meters, days, 24); NaN where unknown."""
    load: Floats
    """[kWh/h], likewise."""
    hours: Ints
    """Place of each hour in the window, (days, 24); -1 where the day has none."""
    days: Ints
    """Days since 1970-01-01, rising."""
    kinds: Ints
    """0 working day, 1 Saturday, 2 day of rest."""
    special: Bools
    """Days that are not judged."""

    @classmethod
    def of(cls, load: Floats, expected: Floats, clock: HourCalendar) -> Lately:
        """Of hours and what is expected of them [kWh/h], (meters, hours), NaN where unknown. Of an
        hour that a clock repeats the later one counts."""
        days, first, place = np.unique(clock.day, return_index=True, return_inverse=True)
        hours = np.full((days.size, DAY_H), -1, dtype=np.int64)
        hours[place, clock.hour] = np.arange(clock.hour.size)
        return cls(
            away=_laid(load - expected, hours),
            load=_laid(load, hours),
            hours=hours,
            days=days,
            kinds=COMPACT_OF[clock.weekday[first]],
            special=special_days_of(clock),
        )

    def band(self, place: int) -> LatelyBand:
        """Of the day at a place, by the days before it."""
        before = np.arange(np.searchsorted(self.days, self.days[place] - SPAN_DAYS), place)
        alike = before[self.kinds[before] == self.kinds[place]]
        return _band(self.away[:, alike], self._level(place))

    def _level(self, place: int) -> Floats:
        first = np.searchsorted(self.days, self.days[place] - SPAN_DAYS)
        return median(self.load[:, first:place].reshape(len(self.load), -1))

    def runs(self, place: int) -> list[HourRun]:
        """The farthest run of each meter on the day at a place, above and below; none on special
        days, and of a day of rest none that many meters have."""
        if self.special[place]:
            return []
        band = self.band(place)
        far = _spreads(self.away[:, place] - band.middle, band.spread)
        with np.errstate(invalid="ignore"):
            nothing = self.load[:, place] <= NOTHING * band.level[:, None]
        sides = (far, np.where(nothing, -far, 0.0))
        return [
            one
            for side, (usual, one_way) in enumerate(zip(band.usual, sides, strict=True))
            for one in self._told(place, band, _farthest(one_way), usual, above=side == 0)
        ]

    def _told(
        self, place: int, band: LatelyBand, runs: FarthestRuns, usual: Floats, *, above: bool
    ) -> Iterator[HourRun]:
        score = runs.reach / (OUT + usual)
        many = np.count_nonzero(score >= STANDS_OUT)
        if self.kinds[place] and many >= COMMON_METERS and many > COMMON_SHARE * len(score):
            return
        short = (runs.reach > 0) & (runs.end - runs.first <= MOST_HOURS)
        for meter in np.flatnonzero(short).tolist():
            own = slice(int(runs.first[meter]), int(runs.end[meter]))
            expected = self.load[meter, place, own] - self.away[meter, place, own]
            yield HourRun(
                meter=meter,
                first=int(self.hours[place, own][0]),
                end=int(self.hours[place, own][-1]) + 1,
                above=above,
                score=float(score[meter]),
                kwh=float(self.load[meter, place, own].sum()),
                usual_kwh=float((expected + band.middle[meter, own]).sum()),
                half_kwh=float(band.half[meter, own].sum()),
            )


def _laid(values: Floats, hours: Ints) -> Floats:
    rest = np.full((len(values), 1), np.nan)
    return np.asarray(np.concatenate([values, rest], axis=1)[:, hours])


def _band(before: Floats, level: Floats) -> LatelyBand:
    """By alike days before, (meters, days, 24) [kWh/h]; the spread is that of an hour and of those
    beside it."""
    hours = np.moveaxis(before, 1, 2)
    known = np.isfinite(hours).sum(axis=2) >= LEAST_ALIKE
    middle = np.where(known, median(hours), np.nan)
    away = hours - middle[:, :, None]
    size = np.abs(away)
    beside = np.concatenate([np.roll(size, 1, 1), size, np.roll(size, -1, 1)], axis=2)
    least = FLOOR * np.abs(np.nan_to_num(level))[:, None]
    spread = np.where(known, np.fmax(MAD_TO_SIGMA * median(beside), least), np.nan)
    return LatelyBand(middle, spread, _usual(np.moveaxis(away, 2, 1), spread), level)


def _usual(away: Floats, spread: Floats) -> Floats:
    meters, days, _ = away.shape
    if not days:
        return np.zeros((2, meters))
    far = _spreads(away, spread[:, None]).reshape(-1, DAY_H)
    reach = np.stack([_farthest(far).reach, _farthest(-far).reach]).reshape(2, meters, days)
    return np.asarray(np.quantile(reach, USUAL_SHARE, axis=2))


def _spreads(away: Floats, spread: Floats) -> Floats:
    """How far hours are from the middle [spreads]; 0 where that is unknown."""
    known = np.isfinite(away) & (spread > 0)
    return np.divide(away, spread, out=np.zeros(away.shape), where=known)


@dataclass(frozen=True, eq=False)
class FarthestRuns:
    """Of rows of 24 hours the run of hours beyond `OUT` that goes farthest, (rows,) each."""

    first: Ints
    end: Ints
    reach: Floats
    """Sum of its hours [spreads]; 0 where no hour is beyond."""


def _farthest(far: Floats) -> FarthestRuns:
    reach, current = np.zeros(len(far)), np.zeros(len(far))
    first, end, begun = (np.zeros(len(far), dtype=np.int64) for _ in range(3))
    for hour, beyond in enumerate(far.T):
        out = beyond > OUT
        begun = np.where(out & (current == 0), hour, begun)
        current = np.where(out, current + beyond, 0.0)
        better = current > reach
        reach = np.where(better, current, reach)
        first, end = np.where(better, begun, first), np.where(better, hour + 1, end)
    return FarthestRuns(first, end, reach)
