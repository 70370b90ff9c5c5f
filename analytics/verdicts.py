"""Verdicts of days: what a place used, against what it should have used in that weather.

    meters that count into a place ─▶ hours that are measured and expected ─▶ sums of each day
                                          ▲
                                frozen versions of baselines

    measured, expected   over the same hours of the same meters, so that like is held against like
    half of the band     1.64 robust spreads of measured - expected on alike days (working days, or
                         others) among the 60 before; not less than 2 % of what is expected
    complete             known hours, each meter by what is expected of it
    judged               energy of the judged meters, of that of the place

Beyond the band the day is above or below; where less than nine tenths are complete, less than half
of the energy is judged, or too little is known to judge it by, it is not checked, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Final

import numpy as np

from analytics.groups import Bools, Floats, Ints
from analytics.pricing import Z90
from analytics.robust import MAD_TO_SIGMA

LEAST_COMPLETE: Final = 0.9
LEAST_JUDGED: Final = 0.5
LEAST_BAND: Final = 0.02
"""Of what is expected: no day that is so near to it is called wrong."""
SPAN_DAYS: Final = 60
LEAST_ALIKE: Final = 5
"""Alike days of the span that must be known."""


class VerdictKind(StrEnum):
    """Of a day; each has its word, `day_verdict`."""

    WITHIN = "within"
    ABOVE = "above"
    BELOW = "below"
    NOT_CHECKED = "not_checked"


class VerdictLack(StrEnum):
    """Why a day is not checked; each has its word, `verdict_lack`."""

    NOTHING_BOOKED = "nothing_booked"
    NO_BASELINE = "no_baseline"
    PARTLY_JUDGED = "partly_judged"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True)
class DayVerdict:
    """Of one local day of a place. Energies are those of the judged hours [canonical unit]; 0 where
    nothing is judged."""

    day: date
    verdict: VerdictKind
    lack: VerdictLack | None
    """None where it is checked."""
    measured: float
    expected: float
    half: float
    """From what is expected to either end of its 90 % interval; NaN where that is not known."""
    complete: float
    """Known hours of the judged meters, 0 to 1, by what is expected of each."""
    judged: float
    """Energy of the judged meters as a share of the place's, 0 to 1."""
    meters: int
    """That count into the place on the day."""
    meters_judged: int

    @property
    def low(self) -> float:
        """The lower end of what the day should have used [canonical unit]."""
        return self.expected - self.half

    @property
    def high(self) -> float:
        """The upper end [canonical unit]."""
        return self.expected + self.half


@dataclass(frozen=True, eq=False)
class CountedDays:
    """Days of several meters side by side, (meters, days) each; energies as often as the meter
    counts, below 0 where it is taken off."""

    counts: Bools
    """Whether the meter counts into the place on the day."""
    used: Floats
    """What is booked of the day [canonical unit]; NaN where nothing is."""
    measured: Floats
    """Over the hours that are measured and expected [canonical unit]."""
    expected: Floats
    """Of the same hours [canonical unit]."""
    whole: Floats
    """Of the whole day [canonical unit]; NaN where no version judges it."""
    known: Floats
    """The hours as a share of the day's."""

    def on(self, place: int) -> CountedDays:
        """Of the meters that count on a day, (meters,) each."""
        rows = self.counts[:, place]
        return CountedDays(*(getattr(self, one.name)[rows, place] for one in fields(self)))


def by_day(values: Floats, day: Ints, days: Ints) -> Floats:
    """Sums of hours over local days, (meters, days), of values (meters, hours), NaN left out; 0
    where a day has no hour. `day`, (hours,), and `days`, (days,), rise."""
    edges = np.searchsorted(day, [days, days + 1])
    told = np.concatenate([np.zeros((len(values), 1)), np.nancumsum(values, axis=1)], axis=1)
    return np.asarray(told[:, edges[1]] - told[:, edges[0]])


@dataclass(frozen=True)
class _Sums:
    """Of the meters that count on a day."""

    measured: float
    expected: float
    complete: float
    judged: float
    meters: int
    meters_judged: int
    lack: VerdictLack | None


def verdicts(
    days: Sequence[date], working: Bools, totals: Floats, told: CountedDays
) -> Iterator[DayVerdict]:
    """The verdict of each of the days, which follow each other; those of the first 60 rest on fewer
    before them. `working`, (days,), are working days; `totals`, (days,), is what the place took
    [canonical unit], NaN where nothing is booked."""
    sums = [_sums(total, told.on(place)) for place, total in enumerate(totals.tolist())]
    away = np.array([one.measured - one.expected if one.lack is None else np.nan for one in sums])
    for place, (day, one) in enumerate(zip(days, sums, strict=True)):
        before = slice(max(0, place - SPAN_DAYS), place)
        half = _half(away[before][working[before] == working[place]], one.expected)
        yield _verdict(day, one, half)


def _verdict(day: date, own: _Sums, half: float) -> DayVerdict:
    lack = own.lack
    if lack is None and np.isnan(half):
        lack = VerdictLack.NO_BASELINE
    return DayVerdict(
        day,
        VerdictKind.NOT_CHECKED if lack else _said(own.measured, own.expected, half),
        lack,
        own.measured,
        own.expected,
        half,
        own.complete,
        own.judged,
        own.meters,
        own.meters_judged,
    )


def _half(away: Floats, expected: float) -> float:
    """NaN where too few of the days before are known; `away`, (days,), is NaN on the others."""
    known = away[np.isfinite(away)]
    if known.size < LEAST_ALIKE:
        return float("nan")
    spread = MAD_TO_SIGMA * float(np.median(np.abs(known - np.median(known))))
    return max(Z90 * spread, LEAST_BAND * abs(expected))


def _sums(total: float, own: CountedDays) -> _Sums:
    """Of the meters of one day, (meters,) each."""
    judges = np.isfinite(own.whole)
    whole, used = own.whole[judges], own.used[judges]
    used = np.where(np.isfinite(used), used, whole)
    weight = np.abs(whole)
    complete = _share(float((weight * own.known[judges]).sum()), float(weight.sum()))
    judged = min(_share(float(used.sum()), total), 1.0)
    return _Sums(
        float(own.measured[judges].sum()),
        float(own.expected[judges].sum()),
        complete,
        judged,
        judges.size,
        whole.size,
        _lack(total, whole.size, judged, complete),
    )


def _said(measured: float, expected: float, half: float) -> VerdictKind:
    if abs(measured - expected) <= half:
        return VerdictKind.WITHIN
    return VerdictKind.ABOVE if measured > expected else VerdictKind.BELOW


def _lack(total: float, meters_judged: int, judged: float, complete: float) -> VerdictLack | None:
    """The first that speaks against a verdict."""
    if np.isnan(total):
        return VerdictLack.NOTHING_BOOKED
    if not meters_judged:
        return VerdictLack.NO_BASELINE
    if judged < LEAST_JUDGED:
        return VerdictLack.PARTLY_JUDGED
    return VerdictLack.INCOMPLETE if complete < LEAST_COMPLETE else None


def _share(part: float, whole: float) -> float:
    """0 where the whole is nothing, or not known."""
    return part / whole if whole > 0 else 0.0
