"""Data centre: one air conditioner humidifies while another dehumidifies.

    on       = part of the hour in which a unit does so, 0 .. 1
    fighting = most that one humidifies + most that one dehumidifies > 1: both at once for sure
    told     : in half of the hours of five days of seven

Of which hours both are known. What both take is on no meter of its own, and is not told.
"""

from __future__ import annotations

import numpy as np

from analytics.detectors.detector import Detector, EvidenceUnit
from analytics.detectors.site import Candidate, Input, Site
from analytics.detectors.unpriced import unpriced
from analytics.groups import Floats
from analytics.lasting import lasting_hours
from analytics.sensors import DEHUMIDIFIER, HUMIDIFIER

NAME = "dc_crac_fighting"
LEAST_HOURS = 12


def _fighting(site: Site) -> list[Candidate]:
    found = []
    for row, code in enumerate(site.codes):
        wet, dry = (_most(site.said(code, role)) for role in (HUMIDIFIER, DEHUMIDIFIER))
        both = wet + dry - 1
        hours = lasting_hours(site.clock.day, np.isfinite(both), both > 0, LEAST_HOURS)
        if hours.size:
            found.append(
                unpriced(
                    site,
                    NAME,
                    row,
                    hours,
                    cause=DETECTOR.causes[0],
                    detail={"both_share": round(float(both[hours].mean()), 3)},
                )
            )
    return [one for one in found if one is not None]


def _most(on: Floats) -> Floats:
    """Of the units that are known in each hour; NaN without any."""
    highest = np.where(np.isfinite(on), on, -1.0).max(axis=0, initial=-1.0)
    return np.where(highest >= 0, highest, np.nan)


DETECTOR = Detector(
    name=NAME,
    needs=frozenset({Input.HUMIDITY_UNITS}),
    candidates=_fighting,
    quantity=EvidenceUnit.UNPRICED,
    causes=("units_fight",),
    action="widen_band",
)
