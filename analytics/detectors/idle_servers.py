"""Idle servers: for a month hardly used, and drawing as much by night as by day.

    hour   : every known use at 5 % or less
    day    : 95 % of its known hours, 20 at least
    run    : 30 such days; what is not known ends none, unless for more than three days
    told   : night at 95 % of the day's power or more

It is a candidate and no waste: a use of nothing may be a standby that has to stay, and what
switching off would save depends on what takes the work over.
"""

from __future__ import annotations

import numpy as np

from analytics.detectors.detector import Detector, EvidenceUnit
from analytics.detectors.site import Candidate, Input, Site
from analytics.detectors.unpriced import unpriced
from analytics.groups import Bools, Floats
from analytics.lasting import PAUSE_DAYS
from analytics.sensors import IT_USE

NAME = "idle_servers"
IDLE_PERCENT = 5.0
LEAST_SHARE = 0.95
LEAST_HOURS = 20
LEAST_DAYS = 30
FLAT = 0.95
SURE = 0.5
"""Nobody knows whether they may be switched off."""


def _idle(site: Site) -> list[Candidate]:
    found = []
    for row, code in enumerate(site.codes):
        uses = site.said(code, IT_USE)
        if len(uses):
            highest = uses.max(axis=0)
            found += [_candidate(site, row, highest, run) for run in _runs(site, highest)]
    return [one for one in found if one is not None]


def _runs(site: Site, use: Floats) -> list[list[int]]:
    """Runs of idle days: a day that is known and not idle ends one."""
    days, place = np.unique(site.clock.day, return_inverse=True)
    known: Bools = np.isfinite(use)
    count = np.bincount(place[known], minlength=days.size)
    idle = np.bincount(place[known & (np.nan_to_num(use) <= IDLE_PERCENT)], minlength=days.size)
    runs: list[list[int]] = [[]]
    for at in np.flatnonzero(count >= LEAST_HOURS).tolist():
        if idle[at] < LEAST_SHARE * count[at]:
            runs.append([])
            continue
        if runs[-1] and days[at] - runs[-1][-1] > PAUSE_DAYS:
            runs.append([])
        runs[-1].append(int(days[at]))
    return [run for run in runs if len(run) >= LEAST_DAYS]


def _candidate(site: Site, row: int, use: Floats, run: list[int]) -> Candidate | None:
    power = site.measured[row]
    inside = np.isin(site.clock.day, run) & np.isfinite(power) & np.isfinite(use)
    by_day, by_night = inside & site.clock.daytime, inside & ~site.clock.daytime
    if not by_day.any() or not by_night.any():
        return None
    night = float(power[by_night].mean())
    if night <= 0 or night < FLAT * float(power[by_day].mean()):
        return None
    return unpriced(
        site,
        NAME,
        row,
        np.flatnonzero(inside).astype(np.int64),
        cause=DETECTOR.causes[0],
        detail={
            "use_percent": round(float(np.mean(use[inside])), 2),
            "idle_kw": round(float(power[inside].mean()), 3),
        },
        confidence=SURE,
    )


DETECTOR = Detector(
    name=NAME,
    needs=frozenset({Input.IT_USE}),
    candidates=_idle,
    quantity=EvidenceUnit.UNPRICED,
    causes=("servers_unused",),
    action="review_servers",
)
