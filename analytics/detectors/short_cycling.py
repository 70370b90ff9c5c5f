"""A compressor that starts more than six times an hour, for days.

    told : in half of the hours in which it starts, four a day at least, on five days of seven

It is counted of states that are sent by change or by the minute: what is sent by the quarter of an
hour shows two starts in an hour at most, and is never told. What it costs, in wear more than
in energy, is not told.
"""

from __future__ import annotations

import numpy as np

from analytics.detectors.detector import Detector, EvidenceUnit
from analytics.detectors.site import Candidate, Input, Site
from analytics.detectors.unpriced import unpriced
from analytics.lasting import lasting_hours
from analytics.sensors import COMPRESSOR

NAME = "short_cycling"
MOST_STARTS = 6
LEAST_HOURS = 4


def _cycling(site: Site) -> list[Candidate]:
    found = [_of_meter(site, row, code) for row, code in enumerate(site.codes)]
    return [one for one in found if one is not None]


def _of_meter(site: Site, row: int, code: str) -> Candidate | None:
    counted = site.said(code, COMPRESSOR)
    most = np.where(np.isfinite(counted), counted, 0.0).max(axis=0, initial=0.0)
    hours = lasting_hours(site.clock.day, most > 0, most > MOST_STARTS, LEAST_HOURS)
    if not hours.size:
        return None
    detail: dict[str, str | int | float] = {"starts_per_hour": round(float(most[hours].mean()), 1)}
    return unpriced(site, NAME, row, hours, cause=DETECTOR.causes[0], detail=detail)


DETECTOR = Detector(
    name=NAME,
    needs=frozenset({Input.COMPRESSOR}),
    candidates=_cycling,
    quantity=EvidenceUnit.UNPRICED,
    causes=("cycles",),
    action="tune_control",
)
