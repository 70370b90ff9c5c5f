"""Heating and cooling at once: both run in mild weather, for hours longer than on earlier days.

    hours of a day in which both ran > usual + max(3 s, 2 h)      on five days of seven (`opposed`)

The waste of an hour is the smaller of both above its base, told of the largest heating meter, as
far as the day has more such hours than it used to. What outdoor air cooled meanwhile no meter
shows, so it is at least as much. A valve that leaks and set points that leave no band between
heating and cooling look alike.
"""

from __future__ import annotations

import numpy as np

from analytics.detectors.detector import Detector, EvidenceUnit
from analytics.detectors.priced import half_of, priced
from analytics.detectors.site import Candidate, Input, Site
from analytics.groups import Floats, Ints
from analytics.opposed import Opposed

NAME = "heating_and_cooling"
BAND, VALVE = "no_dead_band", "valve_leaks"
LEAST_SPREAD_H = 1.0
"""Hours of a day that a count of hours is off by at least."""


def _at_once(site: Site) -> list[Candidate]:
    found = [
        _candidate(site, one, places)
        for one in site.opposed
        if one.hours.meter in site.codes
        for places in one.told.runs
    ]
    return [one for one in found if one is not None]


def _candidate(site: Site, one: Opposed, places: Ints) -> Candidate | None:
    days, hours = one.days.days[places], one.days.beside[places]
    usual = np.clip(one.told.usual[places], 0.0, hours)
    rate = _rate(site, one, days, 1 - usual / hours)
    wasted = rate[np.isfinite(rate)]
    if not wasted.size:
        return None
    spread = max(float(one.told.spread[places].mean()), LEAST_SPREAD_H)
    return priced(
        site,
        NAME,
        site.codes.index(one.hours.meter),
        rate,
        cause=BAND,
        detail={
            "together_hours": round(float(hours.mean()), 2),
            "usual_hours": round(float(usual.mean()), 2),
            "also": VALVE,
            "odds": 0.5,
        },
        place=one.hours.node,
        half=half_of(one.told, places, spread * float(wasted.mean())),
    )


def _rate(site: Site, one: Opposed, days: Ints, share: Floats) -> Floats:
    """What is wasted in each hour of the run [canonical unit per hour], (hours of the site,); NaN
    where not both ran. `share` (days,) is that of the day's hours which are more than usual."""
    place = np.minimum(np.searchsorted(days, one.day), days.size - 1)
    ran = (days[place] == one.day) & (one.overlap > 0)
    own = np.where(ran, one.overlap * share[place] / one.hours.heat_mj, np.nan)
    rate = np.full(site.hours_us.size, np.nan)
    _, here, there = np.intersect1d(site.hours_us, one.hours.hours_us, return_indices=True)
    rate[here] = own[there]
    return rate


DETECTOR = Detector(
    name=NAME,
    needs=frozenset({Input.OPPOSED}),
    candidates=_at_once,
    quantity=EvidenceUnit.WASTE,
    causes=(BAND, VALVE),
    action="part_set_points",
)
