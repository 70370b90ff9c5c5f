"""When the difference between a total and its parts leaves what it has been.

    history of day d     [d-91 ........ d-35)[d-35 ........ d-7)   d
                           the weeks before      recent

A day is *out* where its difference lies beyond what the recent weeks say, on the same side as
beyond what the weeks before say, where these are known. What a history says of a day is both the
same amount and the same share of the total: whatever lies between the two is growth of everything.
Beyond that it allows three robust deviations, and what the meters may be wrong by.

A drift needs five days out, on one side, of seven known ones; so a bad day is none, and days
that are not known count nowhere. A term that comes or goes begins a new history. What lasts
for three weeks is what it has been: the days then are out no more. That it ends is no drift while
the weeks before remember, which is up to six weeks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.balances import BalanceDays
from analytics.groups import Bools, Floats, Ints
from analytics.robust import MAD_TO_SIGMA

LAG_DAYS = 7
"""The days before one that say nothing of it: a drift that creeps would hide behind itself."""
RECENT_DAYS = 28
BEFORE_DAYS = 56
REACH_DAYS = LAG_DAYS + RECENT_DAYS + BEFORE_DAYS
LEAST_DAYS = 14
"""Known days without which a history says nothing."""
LEAST_ALIKE = 5
"""Known days of rest, or of work, without which both kinds speak for a day."""
SIGMAS = 3.0
FLOOR = 0.02
"""Least drift, over the total: two meters of class 1 at their worst."""
HELD, OF = 5, 7
"""Known days out, of known days in a row."""
LONGEST_SPAN = 14
"""Local days in which these must lie."""
BACK_DAYS = 3
"""Known days on which the difference is again what it was."""


@dataclass(frozen=True, eq=False)
class Usual:
    """What a history says of days [book units]; arrays (days,)."""

    low: Floats
    high: Floats
    band: Floats
    """What a day may lie beyond them."""

    def beyond(self, difference: Floats) -> Floats:
        """How far days lie above `high`, or, negative, below `low`."""
        over, under = difference - self.high, difference - self.low
        return np.where(over > 0, over, np.where(under < 0, under, 0.0))

    def side(self, difference: Floats) -> Ints:
        """1 where a day is out above, -1 below, else 0."""
        beyond = self.beyond(difference)
        return np.where(np.abs(beyond) > self.band, np.sign(beyond), 0).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Drift:
    """A difference that left what it was."""

    side: int
    """1 where the total has more than before beyond its parts, -1 where less."""
    days: Ints
    """Days that are out: places in the series, rising."""
    history: Ints
    """Days by which the first one was judged, likewise."""
    usual: Usual
    """What those say of all days of the series."""
    back: bool
    """Whether the difference is again what it was."""


def drifts(series: BalanceDays) -> list[Drift]:
    """All drifts of a balance, earliest first."""
    known = np.flatnonzero(series.usable)
    sides = np.zeros(series.days.size, dtype=np.int64)
    for place in known.tolist():
        if series.days[place] >= series.first_judged:
            sides[place] = _side(series, place)
    return [_drift(series, side, out) for side, out in _held(series, known, sides)]


def _side(series: BalanceDays, place: int) -> int:
    """On which side a day is out: both histories must say so where there are two."""
    recent, before = _histories(series, place)
    if recent.size < LEAST_DAYS:
        return 0
    told = [_side_by(series, place, recent)]
    if before.size >= LEAST_DAYS:
        told.append(_side_by(series, place, before))
    return told[0] if len(set(told)) == 1 else 0


def _side_by(series: BalanceDays, place: int, history: Ints) -> int:
    one = np.array([place])
    return int(usual(series, history, one).side(series.difference[one].astype(np.float64))[0])


def _histories(series: BalanceDays, place: int) -> tuple[Ints, Ints]:
    """Known days of the two histories of a day that are made of the same terms."""
    age = series.days[place] - series.days
    alike = series.usable & (series.made == series.made[place])
    recent = alike & (age > LAG_DAYS) & (age <= LAG_DAYS + RECENT_DAYS)
    before = alike & (age > LAG_DAYS + RECENT_DAYS) & (age <= REACH_DAYS)
    return np.flatnonzero(recent), np.flatnonzero(before)


def usual(series: BalanceDays, history: Ints, places: Ints) -> Usual:
    """What some days say of others: working days of working ones, days of rest of days of rest."""
    low, high, band = (np.zeros(places.size) for _ in range(3))
    for kind in (True, False):
        asked = np.flatnonzero(series.working[places] == kind)
        alike = history[series.working[history] == kind]
        speaking = alike if alike.size >= LEAST_ALIKE else history
        if asked.size:
            told = _said(series, speaking, series.total[places[asked]].astype(np.float64))
            low[asked], high[asked], band[asked] = told
    return Usual(low, high, band)


def _said(series: BalanceDays, history: Ints, total: Floats) -> tuple[Floats, Floats, Floats]:
    """(low, high, band) of days with these totals."""
    then = series.total[history].astype(np.float64)
    difference = series.difference[history].astype(np.float64)
    share, share_sigma = _middle(difference[then > 0] / then[then > 0])
    amount, amount_sigma = _middle(difference)
    by_share = share * total
    sigma = np.minimum(share_sigma * np.abs(total), amount_sigma)
    size = np.maximum(np.abs(total), np.median(np.abs(then)))
    return (
        np.minimum(by_share, amount),
        np.maximum(by_share, amount),
        np.maximum(SIGMAS * sigma, FLOOR * size),
    )


def _middle(values: Floats) -> tuple[float, float]:
    """(median, robust deviation); nothing known of no values."""
    if not values.size:
        return 0.0, 0.0
    middle = float(np.median(values))
    return middle, MAD_TO_SIGMA * float(np.median(np.abs(values - middle)))


def _held(series: BalanceDays, known: Ints, sides: Ints) -> list[tuple[int, Ints]]:
    """(side, places of the days that are out) of each drift."""
    found: list[tuple[int, Ints]] = []
    for side in (1, -1):
        out = np.flatnonzero(_bears(series, known, sides, side))
        cuts = np.flatnonzero(np.diff(np.searchsorted(known, out)) > OF) + 1
        found += [(side, chain) for chain in np.split(out, cuts) if chain.size]
    return sorted(found, key=lambda one: int(one[1][0]))


def _bears(series: BalanceDays, known: Ints, sides: Ints, side: int) -> Bools:
    """Days out on a side that others near them hold."""
    bearing = np.zeros(series.days.size, dtype=np.bool_)
    for first in range(max(known.size - HELD + 1, 0)):
        window = known[first : first + OF]
        window = window[series.days[window] - series.days[window[0]] < LONGEST_SPAN]
        told = sides[window]
        if np.count_nonzero(told == side) >= HELD and not (told == -side).any():
            bearing[window[told == side]] = True
    return bearing


def _drift(series: BalanceDays, side: int, out: Ints) -> Drift:
    recent, _ = _histories(series, int(out[0]))
    said = usual(series, recent, np.arange(series.days.size))
    after = np.flatnonzero(series.usable & (np.arange(series.days.size) > out[-1]))
    after = after[series.made[after] == series.made[out[-1]]]
    inside = np.abs(said.beyond(series.difference.astype(np.float64))) <= said.band
    back = after.size >= BACK_DAYS and bool(inside[after[:BACK_DAYS]].all())
    return Drift(side, out, recent, said, back)
