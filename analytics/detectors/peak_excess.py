"""Peak above the year before, of an account that is billed by demand.

    highest quarter of the day > 1.05 x that of all days of the year before
    and its hour > what the weather makes one expect + 3 s, where that is known

on two days or more within a month of each other: on one day it is as often a test or a visit. The
days of a run are no past of it. What it costs is what each calendar month of it has beyond the
year before, at the price of the demand; bills of other days differ.
"""

from __future__ import annotations

import numpy as np

from analytics.billed import BilledMeter, DayPeaks, KwPrice
from analytics.detectors.detector import Detector, EvidenceUnit
from analytics.detectors.site import Candidate, Input, Site
from analytics.detectors.unpriced import unpriced
from analytics.groups import Bools, Floats, Ints
from metering.localtime import day_of_number

NAME = "peak_excess"
TOGETHER, NEW = "loads_together", "load_added"
OVER = 1.05
YEAR_DAYS = 365
LEAST_KNOWN = 300
"""Days of the year before."""
LEAST_DAYS = 2
MONTH_DAYS = 31


def _higher(site: Site) -> list[Candidate]:
    found = [
        _candidate(site, one, one.peaks, one.demanded, run, before)
        for one in site.billed
        if one.meter in site.codes and one.peaks is not None and one.demanded is not None
        for run, before in _runs(one.peaks, _unexpected(site, one))
        if run.size >= LEAST_DAYS
    ]
    return [one for one in found if one is not None]


def _unexpected(site: Site, one: BilledMeter) -> Bools:
    """Days whose peak lies in a known hour of the window that nothing expected, (days,)."""
    row, peaks = site.codes.index(one.meter), one.peaks
    if peaks is None or not site.hours_us.size:
        return np.zeros(0, dtype=np.bool_)
    hour = np.searchsorted(site.hours_us, peaks.at_us, side="right") - 1
    inside = (hour >= 0) & (peaks.days >= one.since_day) & np.isfinite(peaks.kw)
    limit = site.expected[row, hour] + site.limits.sigmas * site.sigma[row, hour]
    known = np.isfinite(site.measured[row, hour])
    beyond = ~np.isfinite(limit) | (site.measured[row, hour] > limit)
    return np.asarray(inside & known & beyond)


def _runs(peaks: DayPeaks, unexpected: Bools) -> list[tuple[Ints, float]]:
    """Runs of days as places, each with the highest of the year before it [kW]."""
    runs: list[tuple[list[int], float]] = []
    for at in np.flatnonzero(unexpected).tolist():
        if runs and at - runs[-1][0][-1] <= MONTH_DAYS:
            if peaks.kw[at] > OVER * runs[-1][1]:
                runs[-1][0].append(at)
            continue
        past = peaks.kw[max(at - YEAR_DAYS, 0) : at]
        if np.isfinite(past).sum() >= LEAST_KNOWN and peaks.kw[at] > OVER * np.nanmax(past):
            runs.append(([at], float(np.nanmax(past))))
    return [(np.array(run, dtype=np.int64), before) for run, before in runs]


def _candidate(
    site: Site, one: BilledMeter, peaks: DayPeaks, price: KwPrice, run: Ints, before: float
) -> Candidate | None:
    row = site.codes.index(one.meter)
    hours = np.searchsorted(site.hours_us, peaks.at_us[run], side="right") - 1
    highest = int(run[np.argmax(peaks.kw[run])])
    often = (run.size + 1) / (int(peaks.days.size - run[0]) + 2)
    return unpriced(
        site,
        NAME,
        row,
        np.unique(hours).astype(np.int64),
        cause=NEW if often > 0.5 else TOGETHER,
        detail={
            "before_kw": round(before, 3),
            "peak_kw": round(float(peaks.kw[highest]), 3),
            "peak_us": int(peaks.at_us[highest]),
            "demand_cost": round(price.of(_beyond(peaks, run, before)), 2),
            "currency": price.currency,
            "also": TOGETHER if often > 0.5 else NEW,
            "odds": round(max(often, 1 - often), 3),
        },
        usual=np.full(site.hours_us.size, before),
    )


def _beyond(peaks: DayPeaks, run: Ints, before: float) -> float:
    """What the calendar months of a run have beyond the year before it, together [kW]."""
    months = [day_of_number(int(day)).replace(day=1) for day in peaks.days[run]]
    above: Floats = peaks.kw[run] - before
    return sum(
        max(float(x) for own, x in zip(months, above, strict=True) if own == month)
        for month in set(months)
    )


DETECTOR = Detector(
    name=NAME,
    needs=frozenset({Input.DEMAND}),
    candidates=_higher,
    quantity=EvidenceUnit.UNPRICED,
    causes=(TOGETHER, NEW),
    action="stagger_loads",
)
"""What it costs is a line of the bill, not energy."""
