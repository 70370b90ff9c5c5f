"""What a series will come to by the end of a stretch of days, with a band that is kept.

A day that is still to come is taken as the lately usual day of its kind (working, rest), moved half
as much as the same stretch of the year before was moved from then:

    expected[d] = lately[kind] * (season[d - 364] / season[lately - 364]) ** 1/2

    lately     mean of the kind's days among the 28 before the first that is to come
    season     mean of the kind's days within 10 days of a day

Without a year before, the season is left out. Half the move, since a year's weather does not come
again: over 142 buildings that nobody here metered the whole move and none both erred more.

The band is what the same rule missed before: it is asked at earlier days for a stretch as long, and
the shares by which the truth lay off are its quantiles (split conformal prediction: V. Vovk,
A. Gammerman, G. Shafer, "Algorithmic Learning in a Random World", 2005). Stretches that overlap say
little more than one, so only as many count as lie beside each other; with fewer than nine there is
no band, as no promise could be kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Final

import numpy as np

from analytics.groups import Bools, Floats, Ints
from metering.errors import InvalidInput

PROMISE: Final = 0.8
"""Share of stretches whose truth lies in the band."""
LATELY: Final = 28
"""Days that the usual day is taken of."""
LEAST_LATELY: Final = 7
"""Days of them that must be known."""
YEAR: Final = 364
"""Days to the same weekday of the year before."""
NEAR: Final = 10
"""Days to each side that make a season's mean."""
MOST_MOVED: Final = 5.0
"""By no more than so many times a season moves a day."""
LEAST_STRETCHES: Final = 9
"""Beside each other, for a promise of four in five: ceil(10 * 0.8) = 8 of them may lie inside."""
LEAST_KNOWN: Final = 0.9
"""Of the days of an earlier stretch."""
ORIGINS: Final = 180
"""Earlier days at most at which the rule is asked, so that a decade costs what a year does."""

Bounds = tuple[float, float]
"""Lowest, highest."""


@dataclass(frozen=True, eq=False)
class Forecast:
    """The days to come, one after the other, and their sum between bounds."""

    days: Floats
    """(ahead,) expected amount of each day, in the unit of what is known; NaN where none of its
    kind was seen lately."""
    bounds: Bounds | None
    """The sum lies between them in four of five stretches; None where too few are known."""
    stretches: int
    """Earlier stretches beside each other that the band rests on."""

    @property
    def total(self) -> float:
        """The expected sum; NaN where a day is."""
        return float(self.days.sum())


def forecast(known: Floats, working: Bools) -> Forecast | None:
    """The days after those that are known.

    `known` is (n,) amounts of days one after the other, the last of them yesterday's, NaN where a
    day is not known whole; `working` is (n + ahead,) whether each is a working day. None where
    fewer than seven of the last 28 days are known. Raises InvalidInput for shapes that do not fit.
    """
    ahead = working.size - known.size
    if known.ndim != 1 or working.ndim != 1 or ahead < 1:
        raise InvalidInput(
            "days to come are missing",
            field="working",
            value=f"{working.size} days, {known.size} of them known",
            fix="a kind for each known day and for at least one after them",
        )
    seen = _KnownSums.of(known, working)
    now = np.array([known.size])
    if int(seen.counts(now - LATELY, now).sum()) < LEAST_LATELY:
        return None
    days = seen.expected(now, ahead)[0]
    shares, stretches = _band(seen, known, ahead)
    return Forecast(days, _times(shares, float(days.sum())), stretches)


def forecast_rest(hours: Floats, passed: int) -> Forecast | None:
    """The rest of a day of which `passed` hours are known.

    `hours` is (days, 24) amounts by hour, the last row being the running day, whose hours from
    `passed` on are not looked at; the rows before are earlier days of its kind, NaN where an hour
    is not known. The rest of them, by half as much more or less as the running day lies off their
    beginning. None where fewer than five earlier days are known, or the running one is not.
    """
    whole = hours[:-1][np.isfinite(hours[:-1]).all(axis=1)]
    begun = float(hours[-1, :passed].sum())
    if len(whole) < 5 or passed < 0 or passed >= hours.shape[1] or not np.isfinite(begun):
        return None
    first, rest = whole[:, :passed].sum(axis=1), whole[:, passed:].sum(axis=1)
    total = _rest(first, rest, begun)
    others = ~np.eye(len(whole), dtype=bool)
    expected = np.array(
        [_rest(first[own], rest[own], one) for own, one in zip(others, first.tolist(), strict=True)]
    )
    off = _shares(rest, expected)
    shares = _quantiles(off, float(len(off)))
    return Forecast(np.array([total]), _times(shares, total), len(off))


def _rest(first: Floats, rest: Floats, begun: float) -> float:
    """The rest of a day that began with so much, of days that are known whole."""
    usual = float(first.mean())
    moved = begun / usual if usual > 0 and begun >= 0 else 1.0
    return float(rest.mean() * np.clip(moved, 1 / MOST_MOVED, MOST_MOVED) ** 0.5)


@dataclass(frozen=True, eq=False)
class _KnownSums:
    """Sums of the known days up to each day, by kind: any mean of a stretch is a difference."""

    kinds: Ints
    """(n + ahead,) 0 at rest, 1 working."""
    sums: Floats
    """(2, n + 1)"""
    numbers: Ints
    """(2, n + 1)"""

    @classmethod
    def of(cls, known: Floats, working: Bools) -> _KnownSums:
        kinds = working.astype(np.int64)
        own = kinds[: known.size]
        present = np.isfinite(known)
        of_kind = np.stack([present & (own == kind) for kind in (0, 1)])
        sums, numbers = np.zeros((2, known.size + 1)), np.zeros((2, known.size + 1), np.int64)
        np.cumsum(np.where(of_kind, known, 0.0), axis=1, out=sums[:, 1:])
        np.cumsum(of_kind, axis=1, out=numbers[:, 1:])
        return cls(kinds, sums, numbers)

    def counts(self, first: Ints, after: Ints) -> Ints:
        """Known days of each kind in [first, after), (2, ...)."""
        a, b = self._inside(first), self._inside(after)
        return self.numbers[:, b] - self.numbers[:, a]

    def means(self, first: Ints, after: Ints) -> Floats:
        """Mean of each kind's known days in [first, after), (2, ...); NaN where there is none."""
        a, b = self._inside(first), self._inside(after)
        count = self.numbers[:, b] - self.numbers[:, a]
        found = np.full(count.shape, np.nan)
        np.divide(self.sums[:, b] - self.sums[:, a], count, out=found, where=count > 0)
        return found

    def _inside(self, place: Ints) -> Ints:
        return np.clip(place, 0, self.sums.shape[1] - 1)

    def expected(self, origins: Ints, ahead: int) -> Floats:
        """(origins, ahead) expected amounts of the days from each origin on, of those before it."""
        days = origins[:, np.newaxis] + np.arange(ahead)
        kinds = self.kinds[days]
        lately = self.means(origins - LATELY, origins)
        usual = np.take_along_axis(lately.T, kinds, axis=1)
        return usual * np.sqrt(self._moved(origins, days, kinds))

    def _moved(self, origins: Ints, days: Ints, kinds: Ints) -> Floats:
        """(origins, ahead) how much the year before moved; 1 where that is not known."""
        before = origins - YEAR
        then = np.take_along_axis(self.means(before - LATELY, before).T, kinds, axis=1)
        after = np.minimum(days - YEAR + NEAR + 1, origins[:, np.newaxis])
        both = self.means(days - YEAR - NEAR, after)
        season = np.where(kinds == 1, both[1], both[0])
        moved = np.ones(days.shape)
        usable = (before[:, np.newaxis] >= LATELY) & (then > 0) & (season > 0)
        np.divide(season, then, out=moved, where=usable)
        return np.clip(moved, 1 / MOST_MOVED, MOST_MOVED)


def _times(shares: Bounds | None, total: float) -> Bounds | None:
    """Bounds of a total that is expected; None where there is none of either."""
    if shares is None or not np.isfinite(total):
        return None
    return shares[0] * total, shares[1] * total


def _band(seen: _KnownSums, known: Floats, ahead: int) -> tuple[Bounds | None, int]:
    """Bounds as shares of what is expected, and the stretches they rest on."""
    last = known.size - ahead
    if last <= LATELY:
        return None, 0
    step = max(1, ahead // 5, -(-(last - LATELY) // ORIGINS))
    origins = np.arange(last, LATELY, -step)[::-1]
    expected = seen.expected(origins, ahead)
    true = known[origins[:, np.newaxis] + np.arange(ahead)]
    both = np.isfinite(true) & np.isfinite(expected)
    kept = (both.mean(axis=1) >= LEAST_KNOWN) & (
        seen.counts(origins - LATELY, origins).sum(axis=0) >= LEAST_LATELY
    )
    off = _shares(
        np.where(both, true, 0.0).sum(axis=1)[kept], np.where(both, expected, 0.0).sum(axis=1)[kept]
    )
    beside = min(float(len(off)), len(off) * step / ahead)
    return _quantiles(off, beside), int(beside)


def _shares(true: Floats, expected: Floats) -> Floats:
    """True by expected, where something was expected."""
    told = expected > 0
    return np.asarray(true[told] / expected[told])


def _quantiles(off: Floats, beside: float) -> Bounds | None:
    """Where the middle four in five lie, a little wider for the few that there are."""
    if beside < LEAST_STRETCHES:
        return None
    inside = min(1.0, ceil((beside + 1) * PROMISE) / beside)
    low, high = np.quantile(off, [(1 - inside) / 2, (1 + inside) / 2])
    return float(low), float(high)
