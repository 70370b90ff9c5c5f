"""One meter as the peers see it: its days, gaps filled, and scores on one scale for all meters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from proofs.detect.peers.given import HOURS_A_DAY, Bools, Floats, GivenArrays, Ints

LEAST_HOURS = 12
"""Hours of a day that have to be known for it to be learnt from or scored."""
LEAST_DAYS = 20
"""Days of a type that are enough to tell what is usual on it."""
MAD_TO_SIGMA = 1.4826
UPPER, UPPER_SIGMAS = 0.95, 1.645
"""A share of a normal sample, and how many standard deviations above the median it ends."""
LEAST_SPREAD = 0.005
"""Of scores: a meter that never changed shall not make everything strange."""


@dataclass(frozen=True, eq=False)
class MeterDays:
    """One meter; a share is of `size`, so that scores of meters compare."""

    share: Floats
    """Load as a share of the meter's size, (hours,); NaN where nothing came."""
    filled: Floats
    """The same, gaps filled by the median of the hour on such days, (hours,)."""
    temperature: Floats
    """[C], (hours,), gaps drawn straight; NaN where the weather is unknown."""
    off: Bools
    """Days on which nobody is expected, (days,)."""
    weekday: Ints
    """0 is Monday, (days,)."""
    known: Bools
    """Days of which enough is known, (days,)."""
    learnt: int
    """Days that may be learnt from."""
    start: np.datetime64

    @classmethod
    def of(cls, given: GivenArrays, row: int) -> MeterDays:
        """A meter of a fleet; hours beyond the last whole day are left out."""
        days = given.load.shape[1] // HOURS_A_DAY
        hours, learnt = days * HOURS_A_DAY, given.scored_from // HOURS_A_DAY
        load = given.load[row, :hours]
        past = np.abs(load[: given.scored_from])
        size = float(np.nanquantile(past, 0.9)) if np.isfinite(past).any() else 1.0
        share = load / (size or 1.0)
        off = given.off_days[given.calendar[row], :days]
        known = np.isfinite(share.reshape(days, HOURS_A_DAY)).sum(axis=1) >= LEAST_HOURS
        unknown = np.full(hours, np.nan)
        station = given.station[row]
        weather = given.temperature[station, :hours] if station >= 0 else unknown
        first = int((given.start.astype("datetime64[D]").astype(np.int64) + 3) % 7)
        return cls(
            share=share,
            filled=filled(share, off, learnt),
            temperature=drawn(weather),
            off=off,
            weekday=(first + np.arange(days)) % 7,
            known=known,
            learnt=learnt,
            start=given.start,
        )

    @property
    def profiles(self) -> Floats:
        """`filled` by the day, (days, 24)."""
        return self.filled.reshape(-1, HOURS_A_DAY)

    @property
    def past(self) -> Bools:
        """Known days that may be learnt from, (days,)."""
        return self.known & (np.arange(self.known.size) < self.learnt)

    def like(self, off: bool) -> Bools:
        """Days to learn from for days off, or for others: all where there are few, (days,)."""
        alike = self.past & (self.off == off)
        return alike if alike.sum() >= LEAST_DAYS else self.past

    def daily(self, hourly: Floats) -> Floats:
        """Mean of each day, NaN ignored, (days,); NaN on days of which little is known."""
        by_day = np.asarray(hourly).reshape(-1, HOURS_A_DAY)
        count = np.isfinite(by_day).sum(axis=1)
        total = np.nansum(by_day, axis=1)
        return np.where(self.known & (count > 0), total / np.maximum(count, 1), np.nan)


def filled(share: Floats, off: Bools, learnt: int) -> Floats:
    """Hours with gaps filled by the learnt median of that hour on such days, (hours,); by the
    median of all where such days are unknown, and by 0 where everything is."""
    by_day = share.reshape(-1, HOURS_A_DAY)
    past = by_day[:learnt]
    everywhere = float(np.nanmedian(past)) if np.isfinite(past).any() else 0.0
    usual = np.full((2, HOURS_A_DAY), everywhere)
    for kind in (0, 1):
        alike = past[off[:learnt] == bool(kind)]
        seen = np.isfinite(alike).any(axis=0)
        usual[kind, seen] = np.nanmedian(alike[:, seen], axis=0)
    return np.where(np.isfinite(by_day), by_day, usual[off.astype(np.int64)]).ravel()


def drawn(values: Floats) -> Floats:
    """Gaps drawn straight between their neighbours, (hours,); NaN where nothing is known."""
    known = np.flatnonzero(np.isfinite(values))
    if not known.size:
        return values
    return np.interp(np.arange(values.size), known, values[known])


def standardised(one: MeterDays, strange: Floats) -> Floats:
    """Scores of days, (days,), in robust standard deviations above what is usual on such days.

    `strange`, (days,), larger for stranger days, NaN where unknown. Usual is the median of the
    learnt days of the same type, NaN ignored; their spread is told by the median deviation or,
    where it is larger, by the upper twentieth. NaN before the scored part, where `strange` is,
    and where nothing could be learnt.
    """
    result = np.full(strange.shape, np.nan)
    for off in (False, True):
        usual = strange[one.like(off)]
        usual = usual[np.isfinite(usual)]
        days = (one.off == off) & one.known
        days[: one.learnt] = False
        if usual.size >= LEAST_DAYS:
            middle = np.median(usual)
            spread = max(
                MAD_TO_SIGMA * float(np.median(np.abs(usual - middle))),
                float(np.quantile(usual, UPPER) - middle) / UPPER_SIGMAS,
                LEAST_SPREAD,
            )
            result[days] = (strange[days] - middle) / spread
    return result
