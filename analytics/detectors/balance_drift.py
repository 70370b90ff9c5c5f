"""Drifting balance: what a total has beyond its parts left what it was, and stays away.

The rule is `analytics.drift`, the likely cause `analytics.drift_causes`. A growth of everything is
no drift, nor are days that are not wholly known; a part that is new begins a new history. The
evidence is of whole days, each spread evenly over its hours: `measured` is what the total has
beyond its parts, `expected` the nearest to it that was usual.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from analytics.balances import BalanceDays, spread
from analytics.detectors.detector import Detector, EvidenceUnit
from analytics.detectors.site import Candidate, Input, Own, Site
from analytics.drift import Drift, drifts
from analytics.drift_causes import LikelyCause, cause_of
from analytics.groups import Ints
from metering.finding import BALANCE_DRIFT
from metering.localtime import HOUR_US

CHART_DAYS = 7
"""Days before a drift that its chart shows."""


def _drifting(site: Site) -> list[Candidate]:
    found = [
        _candidate(site, one, drift)
        for one in site.balances
        if one.meter in site.codes
        for drift in drifts(one)
    ]
    return [one for one in found if one is not None]


def _candidate(site: Site, series: BalanceDays, drift: Drift) -> Candidate | None:
    """Over the days whose hours the site has; None without any."""
    held = drift.days[np.isin(series.days[drift.days], site.clock.day)]
    if not held.size:
        return None
    drift = replace(drift, days=held)
    cause = cause_of(series, drift)
    hours, expected, measured = _hours(site, series, drift, drift.days)
    start, end = int(site.hours_us[hours[0]]), int(site.hours_us[hours[-1]]) + HOUR_US
    row = site.codes.index(series.meter)
    own = Own(
        cause=cause.key,
        expected=expected,
        measured=measured,
        detail=_detail(series, drift, cause),
        chart=_chart(site, series, drift),
    )
    first = int(series.days[held[0]])
    return Candidate(BALANCE_DRIFT, row, first, start, end, hours, held.size, own)


def _hours(site: Site, series: BalanceDays, drift: Drift, places: Ints) -> tuple[Ints, Ints, Ints]:
    """(rows in `hours_us`, expected, measured [book units]) of some days, by the hour."""
    difference = series.difference
    usual = difference - np.rint(drift.usual.beyond(difference.astype(np.float64)))
    hours, expected, measured = [], [], []
    for place in places.tolist():
        own = np.flatnonzero(site.clock.day == series.days[place])
        if own.size:
            hours.append(own)
            expected += spread(int(usual[place]), own.size)
            measured += spread(int(difference[place]), own.size)
    rows = np.concatenate(hours) if hours else np.zeros(0, dtype=np.int64)
    return rows, np.array(expected, dtype=np.int64), np.array(measured, dtype=np.int64)


def _detail(series: BalanceDays, drift: Drift, cause: LikelyCause) -> dict[str, str | int | float]:
    """Size of the drift for the sentence [canonical unit a day; % of the total]."""
    difference = series.difference.astype(np.float64)
    beyond = drift.usual.beyond(difference)[drift.days]
    now = float(series.total[drift.days].sum())
    before = float(series.total[drift.history].sum())
    detail: dict[str, str | int | float] = {
        "per_day": round(float(np.median(beyond)) / series.per_canonical, 3),
        "unit": series.unit,
        "percent": _percent(float(beyond.sum()), now),
        "usual_percent": _percent(float(difference[drift.history].sum()), before),
        "now_percent": _percent(float(difference[drift.days].sum()), now),
    }
    if cause.code:
        detail["changed"] = cause.code
    if drift.back:
        detail["over"] = 1
    return detail


def _percent(part: float, whole: float) -> float:
    return round(100 * part / whole, 2) if whole else 0.0


def _chart(
    site: Site, series: BalanceDays, drift: Drift
) -> tuple[tuple[int, float | None, float | None], ...]:
    """Known days of the drift and of the week before it, by the hour [canonical unit per hour]."""
    first, last = series.days[drift.days[0]] - CHART_DAYS, series.days[drift.days[-1]]
    shown = series.usable & (series.days >= first) & (series.days <= last)
    hours, expected, measured = _hours(site, series, drift, np.flatnonzero(shown))
    per = series.per_canonical
    return tuple(
        (int(site.hours_us[hour]), round(wanted / per, 4), round(told / per, 4))
        for hour, wanted, told in zip(hours, expected.tolist(), measured.tolist(), strict=True)
    )


DETECTOR = Detector(
    name=BALANCE_DRIFT,
    needs=frozenset({Input.BALANCE}),
    candidates=_drifting,
    quantity=EvidenceUnit.FAULT,
    causes=(
        "balance_unclear",
        "load_unseen",
        "part_fell",
        "part_rose",
        "part_still",
        "total_low",
        "ratio_changed",
        "meter_replaced",
        "meter_reversed",
    ),
    action="check_balance",
)
