"""Night flow: water, gas, heat or cooling that flows all night through a meter that used to rest.

Three nights in a row whose least hour lies above that of the earlier ones (`analytics.night_flow`)
make a finding; it ends with the first night that is as before. Judged are meters that rest: whose
earlier nights have an hour far below the mean of office hours. What never rested since it is
known, a leak from the first day on too, is no finding.

Where a meter's stretches of days are told as well, those that hold most of a run take its place.

What flows all night flows by day too: each hour of the run wastes the excess of its night's least
hour, an hour by day the lesser of the nights around it, at most what was measured. A flow without
a break points to a leak, one that comes and goes to somebody's use; both are told, with odds.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from analytics.detectors.detector import Detector, EvidenceUnit
from analytics.detectors.site import Candidate, Input, Own, Site
from analytics.detectors.stretched import told_hours
from analytics.groups import Bools, Floats, Ints, median
from analytics.media import FLOWS, demand_of
from analytics.night_flow import FlowJudged, FlowNights, judge
from metering.items import category
from metering.localtime import HOUR_US
from metering.units import BOOK_UNITS, RATE_UNITS

NAME = "night_flow"
LEAK, USE = "leak", "night_use"
CHART_HOURS = 72
Z90 = 1.64
MEDIAN_ERROR = np.pi / 2
"""Variance of a median beside that of a mean of as many nights."""


def _flows(site: Site) -> list[Candidate]:
    rows = [row for row, item in enumerate(site.items) if item[:2] in FLOWS]
    own = _part(site, rows)
    nights = FlowNights.of(own.measured, own.outdoor, site.clock)
    told = judge(nights, _least(own), site.limits.sigmas, demand_of(own.items))
    found = [
        _candidate(own, nights, told, row, places)
        for row, places in told.runs
        if _rests(own, told, row, int(places[0]))
    ]
    whole = [replace(one, meter=rows[one.meter]) for one in found if one is not None]
    return [one for one in whole if not _is_told(site, one)]


def _is_told(site: Site, one: Candidate) -> bool:
    """Whether stretches of days tell most of it already, net of what was given back."""
    hours = frozenset(one.hours.tolist())
    return 2 * len(hours & told_hours(site, one.meter)) > len(hours)


def _part(site: Site, rows: list[int]) -> Site:
    """What is read here of some of the meters, by their rows."""
    return replace(
        site,
        codes=tuple(site.codes[row] for row in rows),
        items=tuple(site.items[row] for row in rows),
        measured=site.measured[rows],
    )


def _least(site: Site) -> Floats:
    """Least effect [canonical unit per hour]: a share of the mean flow, and more than the smallest
    step that the register shows."""
    with np.errstate(invalid="ignore"):
        positive = np.where(site.measured > 0, site.measured, np.nan)
    step = np.nan_to_num(np.fmin.reduce(positive, axis=1, initial=np.nan))
    known = np.isfinite(site.measured)
    total = np.where(known, site.measured, 0.0).sum(axis=1)
    mean = total / np.maximum(known.sum(axis=1), 1)
    return np.asarray(np.maximum(site.limits.share_of_load * mean, step))


def _rests(site: Site, told: FlowJudged, row: int, night: int) -> bool:
    """Whether the nights before a run had an hour far below the mean of office hours."""
    hours = site.measured[row, site.clock.daytime & site.clock.working]
    known = hours[np.isfinite(hours)]
    return bool(known.size) and bool(
        told.base[row, night] < site.limits.schedule_share * known.mean()
    )


def _candidate(
    site: Site, nights: FlowNights, told: FlowJudged, row: int, places: Ints
) -> Candidate | None:
    excess = nights.low[row] - told.base[row]
    rate = _rate(site, nights, excess, places)
    measured = site.measured[row]
    with np.errstate(invalid="ignore"):
        inside = np.isfinite(measured) & (np.minimum(rate, measured) > 0)
    hours = np.flatnonzero(inside).astype(np.int64)
    if not hours.size:
        return None
    per = BOOK_UNITS[category(site.items[row]).unit].per_canonical
    used = np.rint(measured[hours] * per).astype(np.int64)
    wasted = np.minimum(np.rint(rate[hours] * per).astype(np.int64), used)
    odds = _steady(nights, told, row, places)
    start, end = int(site.hours_us[hours[0]]), int(site.hours_us[hours[-1]]) + HOUR_US
    own = Own(
        cause=LEAK if odds >= 0.5 else USE,
        expected=used - wasted,
        measured=used,
        detail=_detail(site, nights, told, row, places)
        | {"also": USE if odds >= 0.5 else LEAK, "odds": round(max(odds, 1 - odds), 3)},
        chart=_chart(site, row, hours, rate),
        half=_half(site, told, row, places, hours.size),
    )
    return Candidate(NAME, row, int(nights.days[places[0]]), start, end, hours, places.size, own)


def _rate(site: Site, nights: FlowNights, excess: Floats, places: Ints) -> Floats:
    """What flows too much in each hour of a run, (hours,); NaN outside it."""
    of_night = np.full(nights.days.size, np.nan)
    of_night[places] = excess[places]
    place = np.searchsorted(nights.days, site.clock.duty_day)
    before = np.where(place > 0, of_night[place - 1], np.nan)
    night: Bools = site.clock.night
    return np.where(night, of_night[place], np.minimum(of_night[place], before))


def _steady(nights: FlowNights, told: FlowJudged, row: int, places: Ints) -> float:
    """Odds of a leak: how much of what the nights have more flows without a break, by the rule of
    succession over the nights of the run."""
    before = nights.mean[row, : places[0]]
    usual = float(median(before[None, :])[0]) if before.size else 0.0
    more = nights.mean[row, places] - usual
    broken = np.divide(
        nights.low[row, places] - told.base[row, places],
        more,
        out=np.ones(places.size),
        where=more > 0,
    )
    return float((np.clip(broken, 0.0, 1.0).sum() + 1) / (places.size + 2))


def _half(site: Site, told: FlowJudged, row: int, places: Ints, hours: int) -> float:
    """Half of the 90 % interval [canonical unit]: each night varies, and the base is a median."""
    number, night = places.size, int(places[0])
    spread = max(float(told.spread[row, night]), float(_least(site)[row]) / 2)
    base = MEDIAN_ERROR * number**2 / max(int(told.history[row, night]), 1)
    return float(Z90 * spread * hours / number * np.sqrt(number + base))


def _detail(
    site: Site, nights: FlowNights, told: FlowJudged, row: int, places: Ints
) -> dict[str, str | int | float]:
    return {
        "night_low": round(float(np.median(nights.low[row, places])), 4),
        "night_base": round(float(np.median(told.base[row, places])), 4),
        "unit": RATE_UNITS[category(site.items[row]).unit],
    }


def _chart(
    site: Site, row: int, hours: Ints, rate: Floats
) -> tuple[tuple[int, float | None, float | None], ...]:
    """The end of the run, and the hours before its beginning where it is short."""
    last = int(hours[-1]) + 1
    first = max(min(int(hours[0]) - CHART_HOURS // 3, last - CHART_HOURS), 0)
    first = max(first, last - 3 * CHART_HOURS)
    charted = []
    for hour in range(first, last):
        used = float(site.measured[row, hour])
        known = np.isfinite(used)
        over = min(float(rate[hour]), used) if known and np.isfinite(rate[hour]) else 0.0
        charted.append(
            (
                int(site.hours_us[hour]),
                round(used - over, 4) if known else None,
                round(used, 4) if known else None,
            )
        )
    return tuple(charted)


DETECTOR = Detector(
    name=NAME,
    needs=frozenset({Input.FLOW}),
    candidates=_flows,
    quantity=EvidenceUnit.WASTE,
    causes=(LEAK, USE),
    action="close_valves",
)
