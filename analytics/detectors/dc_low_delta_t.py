"""Chilled water comes back too cold: it warms by less than it did at such a load.

    dT      = return - supply, mean over the hours of a day at 40 % of the usual high load or more
    told    : 30 % and three robust deviations less than the earlier days say of such a load, on
              five days of seven (`overheads`)

The load is the power of the meter of the cooling. What it was built for is registered nowhere, so
that it is held against its own past alone, and one that was always low is not told. More water
than needed costs pumps, by the cube of their speed, and chillers; how much is not told, since
nobody measures it here.
"""

from __future__ import annotations

import numpy as np

from analytics.detectors.detector import Detector, EvidenceUnit
from analytics.detectors.site import Candidate, Input, Site
from analytics.detectors.unpriced import unpriced
from analytics.groups import Floats
from analytics.lasting import LEAST_DAYS
from analytics.overheads import LEAST_HISTORY, DayUse, judge
from analytics.sensors import WATER_BACK, WATER_OUT

NAME = "dc_low_delta_t"
HIGH, LEAST_LOAD = 95, 0.4
LEAST_HOURS = 6
LEAST_FALL = 0.3
"""Of what the first three weeks had."""


def _low(site: Site) -> list[Candidate]:
    found = []
    for row, code in enumerate(site.codes):
        out, back = site.said(code, WATER_OUT), site.said(code, WATER_BACK)
        if len(out) and len(back):
            rise = back.mean(axis=0) - out.mean(axis=0)
            found += _of_meter(site, row, rise)
    return [one for one in found if one is not None]


def _of_meter(site: Site, row: int, rise: Floats) -> list[Candidate | None]:
    power = site.measured[row]
    known = np.isfinite(power) & np.isfinite(rise)
    if not known.any():
        return []
    least = max(LEAST_LOAD * float(np.percentile(power[known], HIGH)), 1e-9)
    loaded = known & (np.nan_to_num(power) >= least)
    days, place = np.unique(site.clock.day, return_inverse=True)
    count = np.bincount(place[loaded], minlength=days.size)
    judged = count >= LEAST_HOURS
    if judged.sum() < LEAST_HISTORY + LEAST_DAYS:
        return []
    told, wanted = (
        np.bincount(place[loaded], one[loaded], days.size)[judged] / count[judged]
        for one in (rise, power)
    )
    use = DayUse(days[judged].astype(np.int64), -told, wanted, None)
    fall = LEAST_FALL * float(np.median(told[:LEAST_HISTORY]))
    seen = judge(use, np.full(told.size, max(fall, 0.0)), site.limits.sigmas)
    return [
        unpriced(
            site,
            NAME,
            row,
            np.flatnonzero(loaded & np.isin(site.clock.day, use.days[run])).astype(np.int64),
            cause=DETECTOR.causes[0],
            detail={
                "rise_k": round(float(told[run].mean()), 2),
                "usual_rise_k": round(float(-seen.usual[run].mean()), 2),
            },
        )
        for run in seen.runs
    ]


DETECTOR = Detector(
    name=NAME,
    needs=frozenset({Input.CHILLED_WATER}),
    candidates=_low,
    quantity=EvidenceUnit.UNPRICED,
    causes=("too_much_water",),
    action="check_water",
)
